"""The schedule alone: what SimPy's processes emit, when, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from twin.errors import TwinError
from twin.schedule.segments import conditions, segments, span
from twin.schedule.timetable import Action, Kind, Timetable


@dataclass(frozen=True)
class Entry:
    at: float
    kind: str
    path: str
    value: float
    over: float = 0.0
    name: str = ""
    every: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Trigger:
    guard: str
    direction: str
    path: str
    value: float
    name: str = ""
    kind: str = "set"


def run(events: list[Entry], end: float, held: float = -1.0) -> list[Action]:
    """Live through a timetable, answering every hold with `held`."""
    timetable, actions = Timetable(events, (), end), []
    while timetable.next_time() <= end:
        for action in timetable.step():
            actions.append(action)
            if action.kind is Kind.HOLD:
                timetable.answer(action, held)
    return actions


def test_repeats_fall_on_the_nearest_float_of_their_multiple() -> None:
    actions = run([Entry(0.3, "set", "a.b", 1.0, every=0.1)], 100.0)
    # Adding 0.1 a thousand times would drift by about 1e-12.
    from fractions import Fraction

    exact = [float(Fraction(0.3) + k * Fraction(0.1)) for k in range(len(actions))]
    assert [action.time for action in actions] == exact
    assert len(actions) == 998, "0.3 to 100.0, the end itself, which the sum of fractions misses by 6e-15"


def test_what_stands_at_the_end_happens() -> None:
    events = [Entry(100.0, "set", "a.b", 1.0), Entry(40.0, "hold", "c.d", 1.0, over=60.0)]
    assert [(a.time, a.path) for a in run(events, 100.0)] == [(40.0, "c.d"), (100.0, "c.d"), (100.0, "a.b")]
    assert segments(events, (), 100.0)[-1].start == segments(events, (), 100.0)[-1].end == 100.0


def test_until_is_the_last_repeat() -> None:
    actions = run([Entry(60.0, "set", "a.b", 1.0, every=60.0, until=180.0)], 1000.0)
    assert [action.time for action in actions] == [60.0, 120.0, 180.0]


def test_ties_keep_the_order_of_the_file() -> None:
    # The first entry wakes at 60 s and again at 120 s: SimPy alone would let the second go first there.
    actions = run([Entry(60.0, "set", "first", 1.0, every=60.0), Entry(120.0, "set", "second", 2.0)], 130.0)
    assert [action.path for action in actions] == ["first", "first", "second"]


def test_hold_restores_what_was_there() -> None:
    actions = run([Entry(10.0, "hold", "a.b", 5.0, over=20.0, every=50.0)], 90.0, held=3.0)
    assert [(a.time, a.kind, a.value) for a in actions] == [
        (10.0, Kind.HOLD, 5.0),
        (30.0, Kind.RESTORE, 3.0),
        (60.0, Kind.HOLD, 5.0),
        (80.0, Kind.RESTORE, 3.0),
    ]


def test_a_hold_ends_before_what_begins_at_that_instant() -> None:
    events = [Entry(30.0, "hold", "a.b", 7.0, over=5.0), Entry(10.0, "hold", "a.b", 5.0, over=20.0)]
    kinds = [(a.time, a.kind, a.order) for a in run(events, 90.0)]
    assert kinds[1:3] == [(30.0, Kind.RESTORE, 1), (30.0, Kind.HOLD, 0)]


def test_nested_holds_end_from_the_inside() -> None:
    events = [Entry(10.0, "hold", "a.b", 5.0, over=20.0), Entry(15.0, "hold", "a.b", 7.0, over=15.0)]
    assert [a.order for a in run(events, 90.0) if a.kind is Kind.RESTORE] == [1, 0]


def test_overlapping_holds_are_refused_by_name() -> None:
    events = [
        Entry(10.0, "hold", "a.b", 5.0, over=20.0, name="outer"),
        Entry(15.0, "hold", "a.b", 7.0, over=30.0, name="late"),
    ]
    with pytest.raises(TwinError, match=r"holds of a\.b overlap: 'late'"):
        run(events, 90.0)


def test_hold_longer_than_its_repeat_is_refused() -> None:
    with pytest.raises(TwinError, match="cannot repeat"):
        run([Entry(10.0, "hold", "a.b", 5.0, over=20.0, every=15.0)], 90.0)


def test_guards_wake_their_latches_each_time() -> None:
    refill = Trigger("feeder.low", "falls", "refill.m_flow", 0.1, "refill")
    stop = Trigger("feeder.high", "rises", "refill.m_flow", 0.0)
    timetable = Timetable([Entry(50.0, "set", "a.b", 1.0)], [refill, stop], 100.0)
    assert timetable.step() == []
    first = timetable.crossed([("feeder.low", "falls")], 12.5)
    assert [(a.time, a.path, a.value, a.cause, a.latch) for a in first] == [
        (12.5, "refill.m_flow", 0.1, "refill", True)
    ]
    assert [a.cause for a in timetable.crossed([("feeder.high", "rises")], 20.0)] == ["feeder.high rises"]
    assert timetable.next_time() == 50.0
    assert [a.path for a in timetable.step()] == ["a.b"]
    assert [a.time for a in timetable.crossed([("feeder.low", "falls")], 60.0)] == [60.0]
    assert timetable.crossed([("other.guard", "falls")], 61.0) == []


def test_segments_cut_at_events_ramp_ends_and_restores() -> None:
    events = [
        Entry(100.0, "set", "feed.T", 300.0, name="warm"),
        Entry(200.0, "ramp", "feed.T", 310.0, over=50.0),
        Entry(220.0, "hold", "a.b", 5.0, over=30.0),
    ]
    plan = segments(events, (), 400.0)
    assert [(s.start, s.end) for s in plan] == [(0, 100), (100, 200), (200, 220), (220, 250), (250, 400)]
    assert plan[1].causes == ("warm: feed.T = 300",)
    assert plan[2].causes == ("ramp feed.T: feed.T to 310 over 50 s",)
    assert set(plan[4].causes) == {
        "ramp feed.T: ramp of feed.T ends",
        "hold a.b: end of hold: a.b back to its former value",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7200.0, "2 h"), (1800.0, "30 min"), (5400.0, "90 min"), (90.0, "90 s"), (0.5, "0.5 s"), (3600.5, "3600.5 s")],
)
def test_durations_are_written_in_whole_numbers(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_conditions_group_what_one_guard_triggers() -> None:
    latches = [Trigger("f.low", "falls", "r.m_flow", 0.1), Trigger("f.low", "falls", "r.T", 300.0)]
    (row,) = conditions(latches)
    assert (row.guard, row.direction, len(row.causes)) == ("f.low", "falls", 2)
