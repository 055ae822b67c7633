"""Scenarios of the paracetamol line: faults leave their marks where they should, and scale-up leaves none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scenarios
from twin.config import check
from twin.results.reader import Run, open_run
from twin.run import run

SHIPPED = sorted(path.stem for path in Path(scenarios.__path__[0]).glob("paracetamol_*.yaml"))

SMALL = """
twin: 1
plant: paracetamol_tablets
duration: 24 h
record: 60 s
solver: {method: rodas4p, rtol: 1e-5}
events:
  - {when: mcc_feeder.low_level falls, set: {mcc_refill.m_flow.mcc: 40 g/s}}
  - {when: mcc_feeder.high_level rises, set: {mcc_refill.m_flow.mcc: 0 g/s}}
"""
#: What does not depend on the scale, and what is no difference: solver's tolerances are absolute below these.
INTENSIVE = {
    "reactor.T_max": 0.1, "reactor.w_key": 1e-3, "crystallizer_1.T": 0.1, "crystallizer_1.S": 1e-2,
    "crystallizer_1.L43": 1e-6, "crystallizer_2.w_crystals": 1e-3, "crystallizer_2.L43": 1e-6,
    "filter.cake_height": 1e-5, "filter.saturation": 1e-3, "dryer.LOD": 1e-4, "dryer.T_cake": 0.1,
    "press.tablet_mass": 1e-6, "press.api_content": 1e-3, "press.hardness": 0.5, "api_feeder.fill": 1e-3,
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_of_the_line_is_without_problems(name: str) -> None:
    assert check(name) == []


def closes(made: Run) -> None:
    for balance in made.balances.all:
        assert balance.measures["relative"] < 1e-9, balance.name
        if made.time[-1] > 80_000.0:  # a start-up alone is recorded too coarsely
            assert balance.measures["relative_streams"] < 1e-4, balance.name


def difference(small: Run, large: Run, tag: str) -> float:
    return float(np.max(np.abs(small.get(tag) - large.get(tag))))


def test_scaled_up_by_ten_at_constant_residence_times_the_line_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    until = "5 h"  # the first tablets are pressed after four
    small = open_run(run(tmp_path / "small.yaml", tmp_path / "small.h5", until=until).path)
    large = open_run(run("paracetamol_scale_up", tmp_path / "large.h5", until=until).path)
    for made in (small, large):
        closes(made)
    for tag, noise in INTENSIVE.items():
        assert difference(small, large, tag) < noise, tag
    made_small, made_large = (made.get("dryer.product.m_flow")[-1, 0] for made in (small, large))
    assert made_large == pytest.approx(10.0 * made_small, rel=1e-4)
    # one tube of ten times the volume has 4.6 times the jacket: its hot spot is another
    jackets = ("reactor.UA=278 W/K", "crystallizer_1.UA=186 W/K", "crystallizer_2.UA=186 W/K")
    single = open_run(run("paracetamol_scale_up", tmp_path / "single.h5", set=jackets, until="2 h").path)
    rows = len(single.time)
    hotter = single.get("reactor.T_max") - small.get("reactor.T_max")[:rows]
    assert hotter[-1] > 10.0 * INTENSIVE["reactor.T_max"]


def test_without_cooling_water_the_tube_comes_to_its_adiabatic_temperature(tmp_path: Path) -> None:
    made = open_run(run("paracetamol_cooling_loss", tmp_path / "hot.h5", until="11 h").path)
    closes(made)
    time, hottest = made.time / 3600.0, made.get("reactor.T_max") - 273.15
    assert hottest[(time > 5.0) & (time < 10.0)].max() < 91.0
    # feed at 40 degC; 2.75 mmol/s of 85 kJ/mol in 3.95 W/K of feed: 59 K, less what a twentieth of the cooling takes
    assert 97.0 < hottest.max() < 100.0
    assert made.get("crystallizer_1.T").max() - 273.15 > 35.0
    assert hottest[-1] < 82.0  # reagents are off, the water is back
    with made.opened() as file:
        faults = file["faults"]
        assert list(faults["label"].asstr()[:]) == ["cooling loss"] * 2
        assert set(faults["where"].asstr()[:]) == {"reactor", "crystallizer_1"}
        assert faults["start"][:] == pytest.approx([36000.0] * 2)
        assert faults["end"][:] == pytest.approx([37800.0] * 2)


@pytest.mark.slow
def test_a_drifting_feed_costs_more_product_than_it_lacks_and_the_tablets_stay_right(tmp_path: Path) -> None:
    made = open_run(run("paracetamol_feed_drift", tmp_path / "drift.h5").path)
    closes(made)
    time, powder = made.time / 3600.0, made.get("dryer.product.m_flow")[:, 0]
    before, lowest = np.interp(9.0, time, powder), powder[time > 10.0].min()
    assert 0.55 < lowest / before < 0.7  # for a fifth less amine
    content = made.get("press.api_content")[time > 6.0]
    assert content.min() > 0.58
    assert content.max() < 0.61
    assert powder[-1] == pytest.approx(before, rel=0.05)


@pytest.mark.slow
def test_a_blinded_cloth_is_told_by_moisture_and_cleaning_brings_it_back(tmp_path: Path) -> None:
    made = open_run(run("paracetamol_filter_fouling", tmp_path / "cloth.h5").path)
    closes(made)
    time, moisture = made.time / 3600.0, made.get("press.LOD")
    assert np.interp(8.0, time, moisture) < 0.005
    assert moisture[(time > 13.0) & (time < 16.0)].max() > 0.02
    assert moisture[-1] < 0.005
    assert made.get("filter.saturation")[-1] == pytest.approx(
        np.interp(8.0, time, made.get("filter.saturation")), abs=5e-3
    )


@pytest.mark.slow
def test_everything_stands_still_after_an_emergency_stop_and_comes_back(tmp_path: Path) -> None:
    made = open_run(run("paracetamol_emergency_stop", tmp_path / "stop.h5").path)
    closes(made)
    time = made.time / 3600.0
    stopped = (time > 10.02) & (time < 10.74)
    assert made.get("press.rate")[stopped].max() < 1e-4
    assert made.get("api_feeder.F")[stopped].max() < 1e-8
    assert np.ptp(made.get("dryer.M")[stopped].sum(axis=-1)) < 1e-9  # the belts hold what they held
    crystals = made.get("crystallizer_2.w_crystals")
    assert np.interp(10.7, time, crystals) > np.interp(10.0, time, crystals)  # growth goes on
    assert made.get("press.rate")[-1] == pytest.approx(np.interp(9.9, time, made.get("press.rate")), rel=0.02)
    assert made.get("press.api_content")[time > 6.0].min() > 0.57
