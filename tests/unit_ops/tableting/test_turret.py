"""Turret: tablets drawn by number, the same in any blocks; their means, spreads and connections; statistics exact."""

from __future__ import annotations

import math
import time
import tracemalloc

import numpy as np
import pytest

from tests.registry.carriers import plain_kernels
from unit_ops.tableting import turret
from unit_ops.tableting.compaction import Compaction, heckel

SEED = 20260
STILL = turret.Variation(36, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 8.0)
USUAL = turret.Variation(36, 0.005, 0.002, 0.006, 0.01, 0.05, 9.0, 8.0)


def steady(seconds: float = 3600.0) -> turret.Series:
    """60 rpm of 36 stations at one working point."""
    t = np.array([0.0, seconds])
    values = (36.0, 300e-6, 11.8e3, 3e-3, 120.0, 0.83, 0.2)
    return turret.Series(t, *(np.full(2, v) for v in values))


def all_of(series: turret.Series, variation: turret.Variation) -> turret.Tablets:
    drawn = list(turret.blocks(series, variation, SEED))
    return turret.Tablets(*(np.concatenate(parts) for parts in zip(*drawn, strict=True)))


def test_without_variation_tablets_are_what_was_recorded() -> None:
    """Rate rising from rest, mass linear in time: tablet i is made at t with ∫rate = i + 1/2."""
    t = np.array([0.0, 10.0, 30.0])
    series = turret.Series(
        t, np.array([0.0, 5.0, 15.0]), 3e-4 + 1e-6 * t, *(np.full(3, v) for v in (1e4, 3e-3, 100.0, 0.8, 0.2))
    )
    tablets = all_of(series, STILL)
    assert tablets.mass.size == 225  # ∫ t/2 dt over 30 s
    instants = np.sqrt(4.0 * (np.arange(225) + 0.5))
    assert tablets.mass == pytest.approx(3e-4 + 1e-6 * instants, rel=1e-13)
    assert tablets.force == pytest.approx(1e4, rel=1e-14)
    assert tablets.api == pytest.approx(0.2 * tablets.mass, rel=1e-14)


def test_a_tablet_is_the_same_however_it_is_drawn() -> None:
    series = steady()
    tablets = all_of(series, USUAL)
    picked = [0, 17, turret.BLOCK - 1, turret.BLOCK, 100_000]
    for name, values in turret.tablets_of(series, USUAL, picked, SEED)._asdict().items():
        assert np.array_equal(values, getattr(tablets, name)[picked]), name
    other = turret.tablets_of(series, USUAL, picked, SEED + 1)
    assert not np.any(other.mass == tablets.mass[picked])


def test_compiled_and_interpreted_draw_the_same() -> None:
    series, numbers = steady(60.0), np.arange(3, 40)
    plain = plain_kernels(turret)
    out = turret.Tablets(*(np.empty(numbers.size) for _ in turret.Tablets._fields))
    plain.draw(numbers, SEED, series, turret.made(series), USUAL, np.empty(4), out)
    for name, values in turret.tablets_of(series, USUAL, numbers, SEED)._asdict().items():
        assert values == pytest.approx(getattr(out, name), rel=1e-14), name


def test_spreads_and_connections_are_those_asked_for() -> None:
    """129 600 tablets: standard errors are 0.2 % of a deviation; stations are 36, so theirs is taken as drawn."""
    series = steady()
    tablets = all_of(series, USUAL)
    station = np.arange(tablets.mass.size) % 36
    means = np.bincount(station, tablets.mass) / np.bincount(station) / 300e-6
    within = tablets.mass / 300e-6 - means[station]
    assert np.std(within) == pytest.approx(0.006, rel=0.01)
    assert 0.003 < np.std(means) < 0.007  # 0.005 from 36 normal numbers: ± 0.0006
    # heavier is denser, denser is pressed harder and is stronger
    denser = (tablets.mass / 300e-6) / (tablets.thickness / 3e-3)
    assert tablets.force / 11.8e3 == pytest.approx(denser**9.0, rel=1e-12)
    expected = 120.0 * (tablets.thickness / 3e-3) * np.exp(8.0 * 0.83 * (denser - 1.0))
    assert np.std(tablets.hardness / expected) == pytest.approx(0.05, rel=0.01)
    assert np.mean(tablets.hardness / expected) == pytest.approx(1.0, abs=4.0 * 0.05 / math.sqrt(129600))
    content = tablets.api / tablets.mass / 0.2
    assert np.std(content) == pytest.approx(0.01, rel=0.01)
    assert abs(np.corrcoef(content, within)[0, 1]) < 4.0 / math.sqrt(129600)


def test_statistics_are_those_of_the_tablets_drawn() -> None:
    series = steady()
    tablets = all_of(series, USUAL)
    force, mass = (10.5e3, 13e3), (294e-6, 305e-6)
    found, rejected = turret.summarise(turret.blocks(series, USUAL, SEED), force, mass)
    keep = (tablets.force >= force[0]) & (tablets.force <= force[1])
    keep &= (tablets.mass >= mass[0]) & (tablets.mass <= mass[1])
    assert 0 < rejected == np.sum(~keep)
    for name in turret.Tablets._fields:
        values, said = getattr(tablets, name)[keep], found[name]
        assert said.count == values.size
        assert said.mean == pytest.approx(np.mean(values), rel=1e-12)
        assert said.s == pytest.approx(np.std(values, ddof=1), rel=1e-10)
        assert (said.least, said.greatest) == (values.min(), values.max())


def test_dose_uniformity_of_sampled_tablets() -> None:
    """Without variation the acceptance value is 0; 5 % of content give k s of about 2.4 x 5 (USP <905>)."""
    series, numbers = steady(), np.arange(100, 100_000, 10_000)
    assert turret.dose_uniformity(series, STILL, numbers, 60e-6, SEED).value == pytest.approx(0.0, abs=1e-9)
    wide = turret.dose_uniformity(series, STILL._replace(content=0.05), numbers, 60e-6, SEED)
    assert wide.value == pytest.approx(2.4 * wide.s + max(0.0, abs(wide.mean - 100.0) - 1.5), rel=1e-12)
    assert 5.0 < wide.value < 20.0
    off = turret.dose_uniformity(series, STILL, numbers, 75e-6, SEED)  # 80 % of the label
    assert off.value == pytest.approx(18.5, rel=1e-12)
    assert not off.passed


def test_the_slope_of_pressure_is_that_of_the_law() -> None:
    """Heckel: d ln P/d ln D = D/((1 − D) K P)."""
    D = heckel(150e6, 0.7, 0.012e-6)
    found = turret.pressure_slope(Compaction.HECKEL, 150e6, 0.3, 0.7, 0.012e-6)
    assert found == pytest.approx(D / ((1.0 - D) * 0.012e-6 * 150e6), rel=1e-8)


def test_only_tablets_that_were_made_are_drawn() -> None:
    with pytest.raises(ValueError, match="the press made 2160 tablets; 2100 to 2160 were asked for"):
        turret.tablets_of(steady(60.0), STILL, range(2100, 2161), SEED)
    with pytest.raises(ValueError, match="ascend"):
        turret.tablets_of(steady(60.0), STILL, [5, 4], SEED)


@pytest.mark.slow
def test_a_day_of_tablets_takes_seconds_and_little_memory() -> None:
    """3.1 million tablets in less than 2 s of CPU; memory is that of a block, 1.3 MB, some times over."""
    series = steady(86400.0)
    turret.summarise(turret.blocks(steady(60.0), USUAL, SEED))  # compiles
    tracemalloc.start()
    start = time.process_time()
    found, _ = turret.summarise(turret.blocks(series, USUAL, SEED))
    seconds = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["mass"].count == 3_110_400
    assert seconds < 2.0
    assert peak < 10e6
