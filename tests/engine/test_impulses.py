"""Impulses and scans from end to end: fired by clock and guards, booked, recorded, and the same bits either way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schedule.refill import Watched
from twin.config import load_scenario
from twin.config.resolved import resolved_yaml
from twin.config.spec import same
from twin.errors import ConfigError
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from twin.results.reader import open_run
from twin.run import run

PLANT = """\
twin: 1
fluids: [water, ethanol]
units:
  wheel:
    model: tests.engine.carousel
    params: {period: 7 s, noise: 10 g, full: 2 kg, T_charge: 35 degC}
    initial: {m: [[0.1, 0.2, 0.3], [0.2, 0.0, 0.1]]}
feeds:
  supply: {T: 40 degC, m_flow: {water: 3 g/s, ethanol: 1 g/s}}
connections:
  - supply -> wheel.feed
"""

SCENARIO = """\
twin: 1
plant: plant.yaml
duration: 30 min
record: 10 s
seed: 5
events:
  - {at: 5 min, every: 5 min, fire: wheel.rotate}
  - {at: 6 min, fire: wheel.empty, value: 25 %, name: sample}
  - {at: 12 min, fire: wheel.charge, value: 300 g}
  - {at: 15 min, set: {wheel.period: 11 s}}
  - {when: wheel.room falls, fire: wheel.empty, value: 0.5, name: too full}
  - {when: wheel.room falls, fire: wheel.rotate}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    return folder


def spec_of(folder: Path, text: str = SCENARIO) -> Any:
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "scenario.yaml")


@pytest.fixture(scope="module")
def plant(folder: Path) -> Any:
    return compile_plant(spec_of(folder).plant)


def ran(spec: Any, plant: Any, **options: Any) -> Watched:
    watched = Watched(spec, plant, **options)
    assert watched.simulation.run().outcome is Outcome.FINISHED
    return watched


def column(plant: Any, watched: Watched, path: str) -> np.ndarray:
    place = next(c for c in plant.columns if c.path == path)
    count = int(np.prod(place.shape))
    whole = watched.column({"y": "y", "w": "w", "q": "q"}[place.vector])
    return whole[:, place.offset : place.offset + count].reshape(-1, *place.shape)


def test_impulses_and_scans_give_the_same_bits_with_and_without_the_table(folder: Path, plant: Any) -> None:
    spec = spec_of(folder)
    table, alone = ran(spec, plant, table=True), ran(spec, plant, table=False)
    for name in ("time", "y", "w", "q"):
        np.testing.assert_array_equal(table.column(name), alone.column(name), err_msg=name)
    # an impulse finds no old value: NaN, which no comparison but that of texts takes for itself
    assert repr(table.events) == repr(alone.events)
    assert table.simulation.statistics == alone.simulation.statistics
    fired = [(e.path, e.cause) for e in table.events if e.kind == "fire"]
    assert fired.count(("wheel.rotate", "fire wheel.rotate")) == 6, "5, 10, … 30 min: the last at the very end"
    assert ("wheel.empty", "too full") in fired
    assert ("wheel.rotate", "wheel.room falls") in fired


def test_every_impulse_is_in_the_balance(folder: Path, plant: Any) -> None:
    """The holdup of each component and the enthalpy, against feeds and what was booked."""
    spec = spec_of(folder)
    watched = ran(spec, plant)
    for holdup, fed, booked in (("fluids", "supply.total.fluids", "hand"), ("H", "supply.total.H", "heat")):
        held = column(plant, watched, f"wheel.holdup.{holdup}")
        entered = column(plant, watched, fed)
        by_hand = column(plant, watched, f"wheel.total.{booked}")
        change = held - held[0] - entered - by_hand
        # sums of a few thousand terms of the size of the holdup
        assert np.max(np.abs(change)) < 1e-12 * np.max(np.abs(held)), holdup
        assert np.max(np.abs(by_hand)) > 0.1 * np.max(np.abs(held)), "what was booked matters here"


def test_what_an_impulse_does_to_the_states(folder: Path, plant: Any) -> None:
    watched = ran(spec_of(folder), plant)
    m = next(c for c in plant.columns if c.path == "wheel.m")
    sides = {s.time: s for s in watched.sides}

    def around(time: float) -> tuple[np.ndarray, np.ndarray]:
        part = slice(m.offset, m.offset + 6)
        return sides[time].y_before[part].reshape(2, 3), sides[time].y_after[part].reshape(2, 3)

    before, after = around(300.0)
    np.testing.assert_array_equal(after, before[:, [2, 0, 1]], err_msg="moved to the bit")
    assert before[0, 0] == pytest.approx(0.1 + 0.9, rel=1e-12)
    before, after = around(360.0)
    np.testing.assert_array_equal(after[:, 2], 0.75 * before[:, 2])
    before, after = around(720.0)
    assert after[0, 0] - before[0, 0] == pytest.approx(0.3, rel=1e-12)


def test_readings_are_taken_at_their_instants_and_held(folder: Path, plant: Any) -> None:
    quiet = SCENARIO.replace("seed: 5", "set: {wheel.noise: 0 kg}").replace("record: 10 s", "record: 0.5 s")
    spec = spec_of(folder, quiet)
    watched = ran(spec, compile_plant(spec.plant))
    time = watched.column("time")
    count = column(plant, watched, "wheel.count")
    # read at 0, 7, 14, …; a sample at the instant of a reading shows the one before, but for the very first
    early = time <= 900.0
    expected = np.where(time > 0.0, np.ceil(time / 7.0), 1.0)
    # samples are interpolated: an ulp or two off what is held
    np.testing.assert_allclose(count[early], expected[early], rtol=1e-14)
    # 15 min lies between readings at 896 and 903 s; from the latter on they are 11 s apart
    late = time > 903.0
    np.testing.assert_allclose(count[late], 129.0 + np.ceil((time[late] - 903.0) / 11.0), rtol=1e-14)
    held = column(plant, watched, "wheel.reading")
    fluids = column(plant, watched, "wheel.holdup.fluids").sum(axis=1)
    at = int(np.flatnonzero(time == 70.0)[0])
    np.testing.assert_allclose(held[at + 1 : at + 13], held[at + 1], rtol=1e-14)
    assert held[at + 1] == pytest.approx(fluids[at], rel=1e-12)


def test_noise_is_that_of_the_seed_and_the_steps_do_not_matter(folder: Path, plant: Any) -> None:
    first, again = ran(spec_of(folder), plant), ran(spec_of(folder), plant)
    np.testing.assert_array_equal(first.column("y"), again.column("y"))
    other = ran(spec_of(folder, SCENARIO.replace("seed: 5", "seed: 6")), plant)
    reading = "wheel.reading"
    assert np.all(column(plant, first, reading) != column(plant, other, reading))
    spec = spec_of(folder, SCENARIO + "set: {wheel.noise: 0 kg}\n")
    quiet = ran(spec, compile_plant(spec.plant))
    noise = column(plant, first, reading) - column(plant, quiet, reading)
    # about 200 readings, of standard deviation 10 g: 5 % of it by chance
    assert np.std(noise) == pytest.approx(0.01, rel=0.25)


def test_scans_leave_the_step_control_alone(folder: Path, plant: Any) -> None:
    """The step proposed grows on through scans: it is cut, not forgotten."""
    watched = ran(spec_of(folder, SCENARIO), plant)
    assert watched.simulation.statistics["scans"] == 130 + 81  # to 903 s, then 11 s apart
    assert watched.simulation.statistics["rejected"] == 0


@pytest.mark.slow
def test_cvode_fires_and_scans_at_the_same_instants(folder: Path, plant: Any) -> None:
    pytest.importorskip("sksundae")
    spec = spec_of(folder)
    other = spec_of(folder, SCENARIO + "solver: {method: cvode}\n")
    native, cvode = ran(spec, plant), ran(other, plant)
    assert [(e.kind, e.path) for e in native.events] == [(e.kind, e.path) for e in cvode.events]
    # linear in time between events, so that both are exact to their tolerances of 1e-6
    np.testing.assert_allclose(native.column("y"), cvode.column("y"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("table", [True, False])
def test_a_checkpoint_holds_the_scans(folder: Path, plant: Any, table: bool) -> None:
    spec = spec_of(folder, SCENARIO.replace("record: 10 s", "record: 0.1 s"))
    whole = ran(spec, plant, table=table)
    kept = ran(spec, plant, table=table, checkpoint_every=1000)
    checkpoint = kept.simulation.latest
    assert checkpoint is not None
    resumed = Watched(spec, plant, table=table)
    resumed.simulation.resume(checkpoint)
    assert resumed.simulation.run().outcome is Outcome.FINISHED
    rows = len(resumed.column("time"))
    assert 0 < rows < len(whole.column("time"))
    np.testing.assert_array_equal(resumed.column("y"), whole.column("y")[-rows:])


def test_the_resolved_scenario_says_the_same(folder: Path) -> None:
    spec = spec_of(folder)
    (folder / "resolved.yaml").write_text(resolved_yaml(spec), encoding="utf-8")
    again = load_scenario(folder / "resolved.yaml")
    assert same(spec.events, again.events)
    assert same(spec.latches, again.latches)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("fire: wheel.rotat", r"Did you mean 'rotate'"),
        ("fire: wheel.charge", r"needs an amount"),
        ("fire: wheel.charge, value: 3 s", r"charge \[kg\]"),
        ("fire: wheel.rotate, value: 3", r"takes no amount"),
        ("fire: wheel.rotate, over: 3 s", r"A fire has no 'over'"),
        ("set: {wheel.full: 1 kg}, value: 3", r"Only fire: takes value:"),
        ("fire: nowhere.rotate", r"no unit 'nowhere'"),
    ],
)
def test_a_slip_is_named(folder: Path, event: str, message: str) -> None:
    text = SCENARIO.split("events:")[0] + f"events:\n  - {{at: 1 min, {event}}}\n"
    with pytest.raises(ConfigError, match=message):
        spec_of(folder, text)


def test_the_balances_of_a_run_file_count_impulses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec_of(folder)
    monkeypatch.chdir(folder)
    table = run("scenario.yaml", "a.h5")
    assert table.content_hash == run("scenario.yaml", "b.h5", table=False).content_hash
    found = open_run(table.path)
    for balance in found.balances.all:
        assert balance.measures["relative"] < 1e-12, balance.name
        # the feed is constant, so that its recorded stream adds up as exactly
        assert balance.measures["relative_streams"] < 1e-12, balance.name
    assert abs(found.balances.components[0].measures["source"]) > 0.1
    assert ("fire", "wheel.charge", 0.3) in [(e.kind, e.path, e.new) for e in found.events]
    assert found.alarms == []
