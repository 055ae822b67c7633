"""SimPy and the compiled table drive the same plant to the same bits; checkpoints continue it."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schedule.refill import SCENARIO, Watched, compiled, scenario
from twin.integrate.outcome import Outcome


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return compiled(tmp_path_factory.mktemp("plant"))


#: Enough samples that the loop's buffer fills under way.
DENSE = SCENARIO.replace("record: 20 s", "record: 1 s")


def finished(watched: Watched) -> Watched:
    assert watched.simulation.run().outcome is Outcome.FINISHED
    return watched


def same_bits(a: Watched, b: Watched) -> None:
    for name in ("time", "y", "w", "q"):
        np.testing.assert_array_equal(a.column(name), b.column(name), err_msg=name)
    assert a.events == b.events
    assert a.simulation.statistics == b.simulation.statistics
    assert len(a.sides) == len(b.sides)
    for left, right in zip(a.sides, b.sides):
        for one, other in zip(left, right):
            np.testing.assert_array_equal(one, other)


def test_table_and_simpy_alone_give_the_same_bits(plant: Any, tmp_path: Path) -> None:
    spec = scenario(tmp_path)
    table = finished(Watched(spec, plant, table=True))
    alone = finished(Watched(spec, plant, table=False))
    causes = {event.cause for event in table.events}
    # All kinds took part: clock, guards of both directions, holds on what the clock and what guards set.
    assert causes >= {"refill", "full", "pause", "pause: end of hold", "by hand", "by hand: end of hold", "while set"}
    assert [e.cause for e in table.events].count("refill") >= 5
    same_bits(table, alone)


def test_events_fire_when_and_as_written(plant: Any, tmp_path: Path) -> None:
    watched = finished(Watched(scenario(tmp_path), plant))
    by_cause: dict[str, list[Any]] = {}
    for event in watched.events:
        by_cause.setdefault(event.cause, []).append(event)
    sets = by_cause["set feeder.setpoint"]
    assert [event.time for event in sets] == [60.0 * m for m in (20, 37, 54, 71, 88)]
    assert {event.new for event in sets} == {0.006}
    (pause,), (resumed,) = by_cause["pause"], by_cause["pause: end of hold"]
    assert (pause.time, pause.old, pause.new) == (3000.0, 0.009, 0.0)
    # The pause ends at 54 min, when the repeat also sets: what ends comes first.
    assert (resumed.time, resumed.new) == (3240.0, 0.009)
    assert watched.events[watched.events.index(resumed) + 1].cause == "set feeder.setpoint"
    place = plant.parameter("feeder.setpoint")[0]
    w = next(c.offset for c in plant.columns if c.path == "feeder.setpoint")
    assert place >= 0
    setpoint = dict(zip(watched.column("time"), watched.column("w")[:, w]))
    assert setpoint[600.0] == 0.005
    # halfway through the ramp from 5 to 8 g/s: one subtraction and one product of floats
    assert setpoint[760.0] == pytest.approx(0.005 + 0.003 * 160.0 / 300.0, rel=1e-14)
    assert setpoint[900.0] == pytest.approx(0.008, rel=1e-14)


def test_both_sides_of_an_event(plant: Any, tmp_path: Path) -> None:
    watched = finished(Watched(scenario(tmp_path), plant))
    w = next(c.offset for c in plant.columns if c.path == "feeder.setpoint")
    sides = {s.time: s for s in watched.sides}
    assert len(sides) == len(watched.sides) == len({event.time for event in watched.events})
    # At 37 min a set to 6 g/s and a ramp (from there) fall together: one instant, first before to last after.
    assert sides[2220.0].w_before[w] == 0.006
    assert sides[2220.0].w_after[w] == 0.006
    assert sides[3000.0].w_before[w] == 0.009
    assert sides[3000.0].w_after[w] == 0.0


def test_levels_stay_between_the_guards(plant: Any, tmp_path: Path) -> None:
    text = SCENARIO.replace("  - {at: 70 min", "#")
    watched = finished(Watched(scenario(tmp_path, text), plant))
    m = watched.column("y")[:, next(c.offset for c in plant.columns if c.path == "feeder.m_solids")]
    # Guards are met to rounding, and samples lie between them; the feeder starts between its levels.
    assert m.min() > 1.0 - 1e-6
    assert m.max() < 4.0 + 1e-6
    assert m.min() < 1.2
    assert m.max() > 3.8


@pytest.mark.parametrize("table", [True, False])
def test_checkpoints_alter_nothing_and_continue_to_the_same_bits(plant: Any, tmp_path: Path, table: bool) -> None:
    spec = scenario(tmp_path, DENSE)
    whole = finished(Watched(spec, plant, table=table))
    kept = Watched(spec, plant, table=table, checkpoint_every=1000)
    kept.simulation.run()
    same_bits(whole, kept)
    checkpoint = kept.simulation.latest
    assert checkpoint is not None
    assert 1000.0 < checkpoint.time < 7200.0
    resumed = Watched(spec, plant, table=table)
    resumed.simulation.resume(pickle.loads(pickle.dumps(checkpoint)))
    finished(resumed)
    rows = len(resumed.column("time"))
    assert 0 < rows < len(whole.column("time"))
    for name in ("time", "y", "w", "q"):
        np.testing.assert_array_equal(resumed.column(name), whole.column(name)[-rows:], err_msg=name)
    assert resumed.simulation.statistics == whole.simulation.statistics
    assert resumed.events == whole.events[len(whole.events) - len(resumed.events) :]


@pytest.mark.parametrize("table", [True, False])
def test_interrupted_and_continued_is_uncut(plant: Any, tmp_path: Path, table: bool) -> None:
    spec = scenario(tmp_path, DENSE)
    whole = finished(Watched(spec, plant, table=table))
    watched = Watched(spec, plant, table=table)
    simulation = watched.simulation
    stopped: list[Any] = []

    def stop_once(block: Any) -> None:
        watched.blocks.append(block)
        if len(watched.column("time")) > 1000 and not stopped:
            stopped.append(block)
            simulation.interrupt()

    simulation._samples = stop_once
    assert simulation.run().outcome is Outcome.INTERRUPTED
    assert simulation.time < 7200.0
    finished(watched)
    for name in ("time", "y", "w", "q"):
        np.testing.assert_array_equal(watched.column(name), whole.column(name))
    assert watched.events == whole.events


def test_interrupt_from_another_thread(plant: Any, tmp_path: Path) -> None:
    spec = scenario(tmp_path, SCENARIO.replace("duration: 2 h", "duration: 20000 h"))
    watched = Watched(spec, plant)
    endings: list[Any] = []
    thread = threading.Thread(target=lambda: endings.append(watched.simulation.run()))
    thread.start()
    while watched.simulation.time == 0.0 and thread.is_alive():
        thread.join(0.01)
    while thread.is_alive():
        watched.simulation.interrupt()
        thread.join(0.05)
    assert endings[0].outcome is Outcome.INTERRUPTED
    assert 0.0 < endings[0].time < 20000 * 3600.0
