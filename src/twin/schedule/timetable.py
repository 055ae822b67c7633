"""SimPy processes of a scenario: one an entry, emitting what happens to the plant and when.

SimPy's clock runs in exact fractions, so that the thousandth repeat of an event falls on the
nearest float of `at + 1000 every` and two entries written for one instant meet at one instant.
At a tie, holds that end come first and the rest follows in the order of the file, whatever the
order in which SimPy's processes woke up.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Protocol

import simpy

from twin.schedule.errors import ScheduleError


class Kind(Enum):
    """What an action does to a parameter or, fired, to states; the values are the words shown."""

    SET = "set"
    RAMP = "ramp"
    HOLD = "hold"
    RESTORE = "restore"
    FIRE = "fire"


@dataclass(frozen=True)
class Action:
    """One change of one parameter, or one impulse fired.

    Attributes
    ----------
    time : float
        When, in s.
    kind : Kind
    path : str
        Dotted path of the parameter or impulse.
    value : float
        New value in SI; for a ramp the value reached after `over`; for an impulse what it is given.
    over : float
        Duration of a ramp or hold, in s; 0 otherwise.
    cause : str
        Why, in the scenario's words.
    order : int
        Place of its entry in the scenario, which decides ties.
    latch : bool
        Whether a guard caused it, rather than the clock.
    """

    time: float
    kind: Kind
    path: str
    value: float
    over: float = 0.0
    cause: str = ""
    order: int = 0
    latch: bool = False


class Event(Protocol):
    """A scenario's entry as the schedule reads it (`twin.config.spec.EventSpec`)."""

    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def over(self) -> float: ...
    @property
    def name(self) -> str: ...
    @property
    def every(self) -> float | None: ...
    @property
    def until(self) -> float | None: ...


class Latch(Protocol):
    """A change triggered by a guard (`twin.config.spec.LatchSpec`); its kind is "set" or "fire"."""

    @property
    def kind(self) -> str: ...

    @property
    def guard(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def name(self) -> str: ...


class Timetable:
    """What happens when, as SimPy processes; driven instant by instant.

    Parameters
    ----------
    events : sequence of Event
        Timed entries in the order of the file.
    latches : sequence of Latch
        Guard-triggered entries; they act only when :meth:`crossed` reports their guard.
    end : float
        End of the run, in s; nothing happens after it.
    """

    def __init__(self, events: Sequence[Event], latches: Sequence[Latch], end: float) -> None:
        self.end = end
        self._clock = simpy.Environment(initial_time=Fraction(0))  # type: ignore[arg-type]
        self._emitted: list[Action] = []
        self._answers: dict[Action, simpy.Event] = {}
        self._held: dict[str, list[Action]] = {}
        for order, event in enumerate(events):
            self._clock.process(self._entry(event, order))
        self._crossings: dict[tuple[str, str], simpy.Event] = {}
        for order, latch in enumerate(latches):
            self._crossings.setdefault((latch.guard, latch.direction), self._clock.event())
            self._clock.process(self._latched(latch, len(events) + order))

    def next_time(self) -> float:
        """Give the next instant at which a process wakes up, in s; infinite when none is left."""
        return float(self._clock.peek())  # no comparison first: of fractions and floats it costs more than the rest

    def step(self) -> list[Action]:
        """Let SimPy live through the next instant; give its actions in order."""
        time = self.next_time()
        while self.next_time() == time:
            self._clock.step()
        return self._take()

    def answer(self, action: Action, value: float) -> None:
        """Tell a hold which value it has to restore (SI)."""
        self._answers.pop(action).succeed(value)

    def crossed(self, guards: Iterable[tuple[str, str]], time: float) -> list[Action]:
        """Report (guard, direction) crossings at one instant; give the actions of their latches."""
        self._wait(time)
        for key in guards:
            waiting = self._crossings.get(key)
            if waiting is not None:
                self._crossings[key] = self._clock.event()
                waiting.succeed(time)
        while self.next_time() <= time:
            self._clock.step()
        # What the clock brings at this very instant comes after: the loop looks at guards on arrival.
        return sorted(self._take(), key=lambda action: not action.latch)

    def _wait(self, time: float) -> None:
        """Move SimPy's clock to `time`, which comes before any process wakes up."""
        if Fraction(time) > self._clock.now:
            reached = self._until(Fraction(time))
            while not reached.processed:
                self._clock.step()

    def _take(self) -> list[Action]:
        ends = [action for action in self._emitted if action.kind is Kind.RESTORE]
        # Of nested holds that end together the inner one, begun last, ends first.
        ends.sort(key=lambda end: -max(i for i, hold in enumerate(self._held[end.path]) if hold.order == end.order))
        others = [action for action in self._emitted if action.kind is not Kind.RESTORE]
        self._emitted.clear()
        for end in ends:
            inner = self._held[end.path].pop()
            if inner.order != end.order:
                raise ScheduleError(
                    f"holds of {end.path} overlap: '{inner.cause}' (from {inner.time:g} s) outlives the hold during"
                    f" which it began ('{end.cause}' at {end.time:g} s); let one end before the other, or nest them"
                )
        others.sort(key=lambda action: action.order)
        for action in others:
            if action.kind is Kind.HOLD:
                self._held.setdefault(action.path, []).append(action)
        return ends + others

    def _until(self, time: Fraction) -> simpy.Event:
        return self._clock.timeout(time - self._clock.now)  # type: ignore[arg-type]

    def _entry(self, event: Event, order: int) -> Generator[simpy.Event, Any, None]:
        """Live through one entry of `events:`, with its repeats."""
        start = Fraction(event.at)
        every = Fraction(event.every) if event.every else None
        last = self.end if event.until is None else event.until
        if event.kind == "hold" and every is not None and event.over > every:
            raise ScheduleError(f"{_cause(event)}: a hold of {event.over:g} s cannot repeat every {event.every:g} s")
        count = 0
        # compared as floats: 0.1 s a thousand times is more than 100 s by less than a float can tell
        while float(time := start + count * (every or 0)) <= min(self.end, last):
            yield self._until(time)
            action = Action(float(time), Kind(event.kind), event.path, event.value, event.over, _cause(event), order)
            if action.kind is Kind.HOLD:
                yield from self._hold(action, time + Fraction(event.over))
            else:
                self._emitted.append(action)
            if every is None:
                return
            count += 1

    def _hold(self, action: Action, end: Fraction) -> Generator[simpy.Event, Any, None]:
        """Set a value, and put back afterwards what was there before."""
        answer = self._answers[action] = self._clock.event()
        self._emitted.append(action)
        value = yield answer
        yield self._until(end)
        cause = f"{action.cause}: end of hold"
        self._emitted.append(Action(float(end), Kind.RESTORE, action.path, value, 0.0, cause, action.order))

    def _latched(self, latch: Latch, order: int) -> Generator[simpy.Event, Any, None]:
        """Act whenever the latch's guard is reported crossed."""
        while True:
            time = yield self._crossings[latch.guard, latch.direction]
            cause = latch_cause(latch)
            kind = Kind(latch.kind)
            self._emitted.append(Action(time, kind, latch.path, latch.value, 0.0, cause, order, latch=True))


def _cause(event: Event) -> str:
    return event.name or f"{event.kind} {event.path}"


def latch_cause(latch: Latch) -> str:
    """Why a latch acts, in the scenario's words."""
    return latch.name or f"{latch.guard} {latch.direction}"
