"""Processes on a plant: every kind of step, the same bits with either driver, records, checkpoints, outcomes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schedule.checker import double_bookings
from tests.schedule.processes import EVERYTHING, HEAD, load, ran
from tests.schedule.refill import Watched, compiled
from tests.schedule.test_simulation import same_bits
from twin.config import load_scenario
from twin.config.resolved import resolved_yaml
from twin.config.spec import same
from twin.integrate.outcome import Outcome


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return compiled(tmp_path_factory.mktemp("plant"))


def steps(text: str, extra: str = "") -> str:
    """A scenario with one process."""
    body = "".join(f"      - {line}\n" for line in text.strip().splitlines())
    return f"{HEAD}{extra}processes:\n  - name: job\n    steps:\n{body}"


def test_the_same_bits_with_and_without_the_table(plant: Any, tmp_path: Path) -> None:
    spec = load(tmp_path, EVERYTHING)
    table, ending = ran(spec, plant)
    assert ending.outcome is Outcome.FINISHED
    alone, _ = ran(spec, plant, table=False)
    causes = {event.cause for event in table.events}
    mass = next(c.offset for c in plant.columns if c.path == "feeder.m")
    low = {event.time for event in table.events if event.cause == "nearly empty"}
    assert len(low) >= 2
    for side in table.sides:
        if side.time in low:
            assert side.w_before[mass] == pytest.approx(1.5, rel=1e-9), "an event waits for a tag to the instant, too"
    # clock, guards and processes took part, a hold that outlasts several of the processes' instants among them
    assert causes >= {"refill", "slow: end of hold", "campaign / make / faster", "campaign / make: refilling"}
    assert causes >= {"campaign / make / pause: end of hold", "campaign: set feeder.setpoint", "set feeder.setpoint"}
    same_bits(table, alone)
    assert repr(table.simulation.records()) == repr(alone.simulation.records())


def test_resolved_text_says_the_same(tmp_path: Path) -> None:
    spec = load(tmp_path, EVERYTHING)
    (tmp_path / "again.yaml").write_text(resolved_yaml(spec), encoding="utf-8")
    assert same(load_scenario(tmp_path / "again.yaml"), spec)


def test_gantt_and_resources_are_recorded(plant: Any, tmp_path: Path) -> None:
    spec = load(tmp_path, EVERYTHING)
    watched, _ = ran(spec, plant)
    records = watched.simulation.records()
    bars = {bar.path: bar for bar in records.bars}
    make = bars["campaign / make"]
    assert (make.level, make.unit, make.start, make.outcome) == ("procedure", "feeder", 300.0, "done")
    refill = next(e for e in watched.events if e.cause == "campaign / make: refilling")
    assert bars["campaign / make / feeder.low_level falls"].end == refill.time
    # the pause lasts two minutes from there, and puts back what it found
    restored = next(e for e in watched.events if e.cause == "campaign / make / pause: end of hold")
    assert restored.time == pytest.approx(refill.time + 120.0, abs=1e-9)
    assert (restored.old, restored.new) == (0.003, 0.005)
    for i, bar in enumerate(records.bars):
        parent = records.bars[bar.parent] if bar.parent >= 0 else None
        assert parent is None or (parent.start <= bar.start and bar.end <= parent.end), bar
        assert bar.parent < i
    # the second cleaning asks while the campaign washes: it waits for the skid, and not for an operator
    wait = [use for use in records.uses if use.resource == "skid" and use.granted > use.requested]
    assert [(use.holder, use.granted) for use in wait] == [("campaign / wash", 1080.0)]
    gave_up = [use.requested for use in records.uses if use.outcome == "gave up"]
    assert gave_up == [1080.0, 2580.0], "two operators: one is away, and then there is one at all, for four minutes"
    assert double_bookings(records.uses, spec.resources) == []


def test_checkpoints_continue_to_the_same_bits(plant: Any, tmp_path: Path) -> None:
    spec = load(tmp_path, EVERYTHING.replace("record: 20 s", "record: 1 s"))
    for table in (True, False):
        whole, _ = ran(spec, plant, table=table)
        kept = Watched(spec, plant, table=table)
        points: list[Any] = []
        marks = iter([700.0, 830.0, 1000.0, 3100.0, 5000.0, 1e9])  # within a pause, a wash, a hold of the clock's
        mark = [next(marks)]

        def due(now: float, mark: list[float] = mark, marks: Any = marks) -> bool:
            if now < mark[0]:
                return False
            mark[0] = next(marks)
            return True

        kept.simulation.keep(due, points.append)
        kept.simulation.run()
        same_bits(whole, kept)
        assert len(points) == 5
        for point in points:
            resumed = Watched(spec, plant, table=table)
            resumed.simulation.resume(pickle.loads(pickle.dumps(point)))
            assert resumed.simulation.run().outcome is Outcome.FINISHED
            rows = len(resumed.column("time"))
            for name in ("time", "y", "w", "q"):
                np.testing.assert_array_equal(resumed.column(name), whole.column(name)[-rows:], err_msg=name)
            assert resumed.events == whole.events[-len(resumed.events) :]
            assert repr(resumed.simulation.records()) == repr(whole.simulation.records())


def test_interrupted_and_continued_is_uncut(plant: Any, tmp_path: Path) -> None:
    spec = load(tmp_path, EVERYTHING)
    whole, _ = ran(spec, plant)
    cut = Watched(spec, plant)
    # `until` cuts steps; instants at which steps end anyway cut nothing
    for time in (600.0, 1080.0, 4800.0, None):
        cut.simulation.run(time)
    assert cut.events == whole.events
    np.testing.assert_array_equal(cut.column("y"), whole.column("y"))


def test_a_handler_leaves_restarts_or_continues(plant: Any, tmp_path: Path) -> None:
    for then, outcomes in (("leave", ["left"]), ("continue", ["done"])):
        text = (
            "phase: run\n  steps: [{hold: {feeder.setpoint: 20 g/s}, for: 20 min}]\n"
            "  on: [{when: feeder.low_level falls, steps: [{set: {hopper.m_flow.mcc: 50 g/s}, name: help}],"
            f" then: {then}}}]"
        )
        spec = load(tmp_path, steps(text).replace("      -   ", "        "))
        watched, ending = ran(spec, plant)
        assert ending.outcome is Outcome.FINISHED
        records = watched.simulation.records()
        assert [bar.outcome for bar in records.bars if bar.name == "run"] == outcomes
        helped = next(e for e in watched.events if e.cause.endswith("help"))
        restored = next(e for e in watched.events if e.kind == "restore")
        # cut short the hold ends with the phase, else when it was to end
        assert restored.time == (helped.time if then == "leave" else 1200.0)
        assert restored.new == 0.005


def test_restart_begins_the_block_again(plant: Any, tmp_path: Path) -> None:
    text = (
        "phase: run\n  steps: [{set: {feeder.setpoint: 20 g/s}}, {wait: 20 min}]\n"
        "  on: [{when: feeder.low_level falls, steps: [{set: {feeder.setpoint: 0 g/s}},"
        " {hold: {hopper.m_flow.mcc: 50 g/s}, for: 1 min}], then: restart}]"
    )
    spec = load(tmp_path, steps(text).replace("      -   ", "        "))
    records = ran(spec, plant)[0].simulation.records()
    runs = [bar for bar in records.bars if bar.name == "run"]
    assert [bar.outcome for bar in runs][:2] == ["restarted", "restarted"]
    assert runs[-1].outcome in ("done", "unfinished")


def test_a_tag_is_waited_for_to_the_instant(plant: Any, tmp_path: Path) -> None:
    """Not to the next look: what follows begins where the solver finds the limit, and costs one return to Python."""
    text = (
        "{set: {feeder.setpoint: 8 g/s}}\n{wait_until: feeder.F > 7 g/s}\n{set: {feeder.setpoint: 2 g/s}, name: seen}"
    )
    watched, _ = ran(load(tmp_path, steps(text)), plant)
    seen = next(event for event in watched.events if event.cause == "job: seen")
    flow = next(c.offset for c in plant.columns if c.path == "feeder.F")
    side = next(side for side in watched.sides if side.time == seen.time)
    assert side.w_before[flow] == pytest.approx(7e-3, rel=1e-9)
    assert 0.0 < seen.time < 60.0
    assert watched.simulation.statistics["firings"] == 1
    every = ran(load(tmp_path, steps(text.replace("7 g/s}", "7 g/s, every: 7 s}"))), plant)[0]
    looked = next(event for event in every.events if event.cause == "job: seen").time
    assert looked >= seen.time
    assert looked % 7.0 == 0.0


@pytest.mark.parametrize(
    ("text", "extra", "outcome", "words"),
    [
        (
            "{wait_until: feeder.high_level rises, timeout: 5 min}",
            "",
            Outcome.SCHEDULE_TIMEOUT,
            "feeder.high_level rises",
        ),
        ("{stop: enough}", "", Outcome.SCHEDULE_STOPPED, "enough"),
    ],
)
def test_named_outcomes(plant: Any, tmp_path: Path, text: str, extra: str, outcome: Outcome, words: str) -> None:
    watched, ending = ran(load(tmp_path, steps(text, extra)), plant)
    assert ending.outcome is outcome
    assert words in str(ending)
    assert watched.simulation.records().bars[0].outcome in ("done", "unfinished")


DEADLOCK = """\
resources: {skid: 1, operator: 1}
processes:
  - name: one
    steps:
      - {wait_until: feeder.F < 1 kg/s}
      - {with: [skid], steps: [{wait: 5 min}, {with: [operator], steps: [{wait: 1 min}]}]}
  - name: two
    steps: [{with: [operator], steps: [{wait: 5 min}, {with: [skid], steps: [{wait: 1 min}]}]}]
"""


def test_a_deadlock_ends_the_run_by_name(plant: Any, tmp_path: Path) -> None:
    _, ending = ran(load(tmp_path, HEAD + DEADLOCK), plant)
    assert ending.outcome is Outcome.DEADLOCK
    assert ending.time == 300.0
    assert "one waits for operator" in str(ending)
    assert "two waits for skid" in str(ending)


def test_overlapping_holds_end_the_run_by_name(plant: Any, tmp_path: Path) -> None:
    text = """\
processes:
  - name: one
    steps: [{wait_until: feeder.F < 1 kg/s}, {hold: {feeder.setpoint: 1 g/s}, for: 10 min}]
  - name: two
    at: 5 min
    steps: [{hold: {feeder.setpoint: 2 g/s}, for: 10 min}]
"""
    _, ending = ran(load(tmp_path, HEAD + text), plant)
    assert ending.outcome is Outcome.SCHEDULE_CONFLICT
    assert "'two / hold feeder.setpoint' outlives 'one / hold feeder.setpoint'" in str(ending)


@pytest.mark.parametrize(("at", "length", "fine"), [(5, 10, False), (12, 10, False), (11, 3, True), (5, 20, True)])
def test_holds_of_clock_and_processes_nest_or_end_the_run(
    plant: Any, tmp_path: Path, at: int, length: int, fine: bool
) -> None:
    """A hold of the clock from 10 to 18 min, and one of a process before, into, within and around it."""
    text = f"""\
events: [{{at: 10 min, hold: {{feeder.setpoint: 1 g/s}}, for: 8 min, name: clock}}]
processes:
  - name: one
    at: {at} min
    steps: [{{wait_until: feeder.F < 1 kg/s}}, {{hold: {{feeder.setpoint: 2 g/s}}, for: {length} min}}]
"""
    watched, ending = ran(load(tmp_path, HEAD + text), plant)
    assert (ending.outcome is Outcome.FINISHED) == fine
    if fine:
        assert [event.new for event in watched.events][-1] == 0.005, "all is as it was"
    else:
        assert ending.outcome is Outcome.SCHEDULE_CONFLICT
        assert "outlives" in str(ending)


def test_python_processes_act_as_those_of_yaml(plant: Any, tmp_path: Path) -> None:
    seen: list[float] = []

    def dosing(me: Any) -> Any:
        yield from me.wait(300.0)
        with (yield from me.request(["skid"])), me.block("phase", "dose"):
            me.set("feeder.setpoint", 0.008, "more")
            seen.append((yield from me.read("feeder.setpoint")))
            crossed = yield from me.wait_until("feeder.low_level falls", timeout=600.0)
            assert crossed
            yield from me.hold({"hopper.m_flow.mcc": 0.1}, 20.0)

    spec = load(tmp_path, HEAD + "resources: {skid: 1}\n")
    table, ending = ran(spec, plant, processes=[dosing])
    assert ending.outcome is Outcome.FINISHED
    alone, _ = ran(spec, plant, table=False, processes=[dosing])
    same_bits(table, alone)
    assert seen == [0.008, 0.008]
    assert [bar.path for bar in table.simulation.records().bars] == ["dosing", "dosing / dose"]
    assert [e.kind for e in table.events] == ["set", "hold", "restore"]
    assert table.events[0].cause == "dosing / dose: more"
