"""The plan of a run before it runs: the smooth intervals between events, with their causes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.schedule.timetable import Action, Event, Kind, Latch, Timetable, latch_cause

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec


@dataclass(frozen=True)
class Segment:
    """A smooth interval of a run.

    Attributes
    ----------
    start, end : float
        In s.
    causes : tuple of str
        What happens at its start, in order.
    """

    start: float
    end: float
    causes: tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """What may happen at any time: a guard and what it triggers."""

    guard: str
    direction: str
    causes: tuple[str, ...]


#: Writes the value of a path: `say("TIC-202.setpoint", 283.15)` is "283.15 K (10 degC)".
Say = Callable[[str, float], str]


def plainly(path: str, value: float) -> str:
    """Write a value without its unit, where no plant is at hand to know it."""
    return f"{value:.6g}"


def segments(
    events: Sequence[Event],
    latches: Sequence[Latch],
    end: float,
    say: Say = plainly,
    planned: Sequence[Action] = (),
) -> list[Segment]:
    """Cut [0, end] at every instant at which the clock changes the plant, by running SimPy dry.

    Guards need the plant, so what they trigger is given by :func:`conditions` instead.

    Parameters
    ----------
    events, latches : sequence
        Of a scenario.
    end : float
        In s.
    say : callable
        How causes write values.
    planned : sequence of Action
        What processes do for certain (`twin.schedule.rehearsal`).

    Raises
    ------
    ScheduleError
        When holds of one parameter overlap without being nested.
    """
    cuts: dict[float, list[str]] = {0.0: []}

    def cut(action: Action) -> None:
        what = describe(action.kind, action.path, action.value, action.over, say)
        cuts.setdefault(action.time, []).append(f"{action.cause}: {what}")
        if action.kind is Kind.RAMP and action.time + action.over < end:
            cuts.setdefault(action.time + action.over, []).append(f"{action.cause}: ramp of {action.path} ends")

    timetable = Timetable(events, latches, end)
    while timetable.next_time() <= end:
        for action in timetable.step():
            cut(action)
            if action.kind is Kind.HOLD:
                timetable.answer(action, math.nan)
    for action in planned:
        cut(action)
    starts = sorted(cuts)
    return [Segment(start, stop, tuple(cuts[start])) for start, stop in zip(starts, [*starts[1:], end], strict=True)]


def run_end(scenario: ScenarioSpec) -> float:
    """Give the plant time at which a run of the scenario ends, in s."""
    return scenario.duration if scenario.until is None else min(scenario.until, scenario.duration)


def conditions(latches: Sequence[Latch], say: Say = plainly) -> list[Condition]:
    """Group latches by the guard that triggers them."""
    found: dict[tuple[str, str], list[str]] = {}
    for latch in latches:
        text = f"{latch_cause(latch)}: {describe(Kind(latch.kind), latch.path, latch.value, 0.0, say)}"
        found.setdefault((latch.guard, latch.direction), []).append(text)
    return [Condition(guard, direction, tuple(causes)) for (guard, direction), causes in found.items()]


def describe(kind: Kind, path: str, value: float, over: float, say: Say = plainly) -> str:
    """Say what an action does."""
    if kind is Kind.RESTORE:
        return f"{path} back to its former value" if math.isnan(value) else f"{path} back to {say(path, value)}"
    if kind is Kind.RAMP:
        return f"{path} to {say(path, value)} over {span(over)}"
    if kind is Kind.FIRE:
        given = say(path, value)
        return f"fire {path} with {given}" if given else f"fire {path}"
    if kind is Kind.HOLD:
        return f"{path} = {say(path, value)} for {span(over)}"
    return f"{path} = {say(path, value)}"


def span(seconds: float) -> str:
    """Write a duration in the largest unit in which it is a whole number."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size and seconds % size == 0.0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
