"""The direct-compression line through a day of refills and a diversion: balances, bounds and quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run
from unit_ops.tableting import turret

RTOL = 3e-4


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("direct_compression")
    return open_run(run("direct_compression_day", folder / "day.h5").path)


def test_material_is_kept_through_refills_rejects_and_diversion(day: Run) -> None:
    for balance in day.balances.components:
        assert balance.measures["relative"] < 1e-13, balance.name
    assert day.balances.energy.measures["relative"] < 1e-12


def test_the_day_had_its_refills(day: Run) -> None:
    m = day.get("mcc_feeder.m")
    assert np.sum(np.diff((m > 22.5).astype(int)) == 1) >= 14  # 413 kg in portions of 27 kg
    # the level is met, and passed by what flows within a step of the event's location
    assert m.min() > 9.0 - 1e-3
    assert m.max() < 36.0 + 1e-3


def test_contents_stay_within_their_bounds(day: Run) -> None:
    """Nothing is clipped, so the solver's errors show: they stay within 10 rtol of [0, 1]."""
    full = {"blender": 0.27, "lubricant_blender": 0.25, "feed_frame": 0.5, "press": 8e-3}  # kg in a cell
    for unit, nominal in full.items():
        m = day.get(f"{unit}.m_solids").reshape(len(day.time), 6, -1)
        held = m.sum(axis=1, keepdims=True)
        assert m.min() >= -10.0 * RTOL * nominal, unit
        share = (m / np.where(held > 0.01 * nominal, held, np.inf))[1:]
        assert share.min() >= -10.0 * RTOL, unit
        assert share.max() <= 1.0 + 10.0 * RTOL, unit


def test_tablets_meet_what_the_feeders_and_controllers_ask_for(day: Run) -> None:
    steady = (day.time > 3600.0) & (day.time < 22.5 * 3600.0)
    # 20 % in what is fed, by ratio to the filler's true flow, lags of the drives and refills apart
    assert np.mean(day.get("press.api_content")[steady]) == pytest.approx(0.2, abs=1e-3)
    assert np.max(np.abs(day.get("press.tablet_mass")[steady] - 300e-6)) < 1e-6
    assert np.max(np.abs(day.get("feed_frame.level")[steady] - 0.5)) < 0.1
    assert day.get("press.rate")[steady] == pytest.approx(36.0, rel=1e-6)
    assert np.max(np.abs(day.get("nir.w_measured")[steady] - 0.2)) < 6e-3  # refills overfeed for a minute of five
    assert day.get("feed_frame.level").max() < 1.0


def test_what_is_pressed_is_good_or_rejected(day: Run) -> None:
    """While diverted nothing goes to the coater; before and after, the gate's own limits decide."""
    good, rejects = day.get("gate.good.n_flow"), day.get("gate.rejects.n_flow")
    assert good + rejects == pytest.approx(day.get("press.tablets.n_flow"), rel=1e-14, abs=1e-12)
    hours = day.time / 3600.0
    assert np.all(good[(hours > 12.02) & (hours < 12.48)] == 0.0)
    assert np.all(rejects[(hours > 2.0) & (hours < 11.9)] < 1e-3)


def test_coats_are_as_thick_as_sprayed(day: Run) -> None:
    """Spray runs in proportion to the tablets from the first on, so that the mean coat is right at once."""
    hours = day.time / 3600.0
    coating = (hours > 1.0) & (hours < 22.5)
    core = 36.0 * 300e-6 * (1.0 - day.get("press.LOD")[coating])
    assert day.get("coater.weight_gain")[coating] == pytest.approx(0.95 * 0.341e-3 / core, rel=2e-3)
    assert np.max(day.get("coater.LOD")) < 1e-3
    assert np.all(np.abs(day.get("coater.T_bed")[coating] - 321.5) < 8.5)  # 40 °C sprayed, 56 °C while it waits


def test_the_line_runs_down(day: Run) -> None:
    assert day.get("press.rate")[-1] < 1e-9
    assert day.get("blender.M")[-1] < 1e-3
    assert day.get("coater.n_tablets")[-1] < 0.01 * np.max(day.get("coater.n_tablets"))


def test_single_tablets_of_the_day(day: Run) -> None:
    """The recorded press as a stream of tablets: as many as were counted, with the recorded means, uniform in dose."""
    series = turret.press_series(day)
    made = turret.made(series)[-1]
    counted = day.get("tablets.total.count")[-1] + day.get("rejects.total.count")[-1]
    counted += day.get("coater.n_tablets")[-1]
    assert made == pytest.approx(counted, rel=1e-4)  # the ramp of the start is read linearly from minute to minute
    variation = turret.Variation(36, 0.003, 0.001, 0.004, 0.01, 0.05, 9.0, 8.0)
    first = int(5.0 * 3600.0 * 36.0)
    some, rejected = turret.summarise(turret.blocks(series, variation, 1, first, 30_000), mass=(285e-6, 315e-6))
    assert rejected < 30
    # stations deviate by 0.3 % over the root of 36; records stray by less than 0.2 %
    assert some["mass"].mean == pytest.approx(300e-6, rel=0.004)
    assert some["hardness"].mean == pytest.approx(
        float(np.mean(day.get("press.hardness")[(day.time > 3600.0) & (day.time < 22.5 * 3600.0)])), rel=0.02
    )
    verdict = turret.dose_uniformity(series, variation, range(first, first + 30_000, 1000), 60e-6, 1)
    assert verdict.passed
    assert 1.0 < verdict.value < 6.0
