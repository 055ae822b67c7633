"""Fired rows of the compiled loop, turned into events with names, causes, and both sides of an instant."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from twin.integrate import tables as at
from twin.integrate.integrator import Fired, Samples
from twin.quantity import Array
from twin.schedule.timetable import Action, Latch, latch_cause


class Happened(NamedTuple):
    """One event that fired; `old` and `new` are in SI."""

    time: float
    kind: str
    path: str
    old: float
    new: float
    cause: str


class Sides(NamedTuple):
    """The plant just before and just after the events of one instant."""

    time: float
    y_before: Array
    w_before: Array
    y_after: Array
    w_after: Array


#: Receives events and the instants that are complete.
Take = Callable[[list[Happened], list[Sides]], None]


class Journal:
    """Names what fired and hands it on; keeps what the plant showed at the last return to Python.

    Parameters
    ----------
    latches : sequence of Latch
        Guard-triggered entries, in the order of the integrator's latches.
    take : callable or None
        Receives events and instants.
    """

    def __init__(self, latches: Sequence[Latch], take: Take | None) -> None:
        self._latches = latches
        self.take = take
        self._open: Sides | None = None
        self.sources: list[Action | None] = []  #: action behind each row of the table; None: nothing to report
        self.returned: Array = np.zeros(0)  #: recorded part of w at the last return to Python
        self.timed = 0  #: events by the clock
        self.unreported = 0  #: returns to Python, which are no events of the scenario
        self.stopped: list[tuple[str, str]] = []  #: (guard, direction) that stopped the loop
        self.last: Samples | None = None  #: the plant where it did so last

    def collect(self, fired: Fired) -> None:
        """Take a block of fired rows."""
        events: list[Happened] = []
        closed: list[Sides] = []
        for i, (time, source, row, old, new) in enumerate(fired.log.tolist()):
            if source == at.FROM_LATCH:
                latch = self._latches[int(row)]
                if math.isnan(new):  # it stopped the loop for Python to act
                    self.stopped.append((latch.guard, latch.direction))
                    self.last = Samples(np.array([time]), fired.y[i, :1], fired.w[i, :1], fired.q[i, :1])
                    self.unreported += 1
                    continue
                events.append(Happened(time, latch.kind, latch.path, old, new, latch_cause(latch)))
            else:
                action = self.sources[int(row)]
                if action is None:
                    self.returned = fired.w[i, 1]
                    self.unreported += 1
                    continue
                self.timed += not action.latch
                events.append(Happened(time, action.kind.value, action.path, old, new, action.cause))
            closed += self._see(Sides(time, fired.y[i, 0], fired.w[i, 0], fired.y[i, 1], fired.w[i, 1]))
        if self.take is not None and (events or closed):
            self.take(events, closed)

    def at(self, time: float) -> Sides | None:
        """Give the instant of `time`, in which more may happen; one that is over by then is handed on."""
        if self._open is not None and self._open.time < time:
            self.close()
        return self._open

    def reopen(self, instant: Sides | None) -> None:
        """Continue from a checkpoint, with the instant that was not over then."""
        self._open = instant

    def close(self) -> None:
        """Hand on the last instant."""
        if self._open is not None and self.take is not None:
            self.take([], [self._open])
        self._open = None

    def _see(self, sides: Sides) -> list[Sides]:
        """Merge the rows of one instant: before the first, after the last."""
        if self._open is not None and self._open.time == sides.time:
            self._open = self._open._replace(y_after=sides.y_after, w_after=sides.w_after)
            return []
        closed = [] if self._open is None else [self._open]
        self._open = sides
        return closed
