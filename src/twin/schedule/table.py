"""The timed rows of a scenario, given to the compiled loop window by window.

Without processes there is one window: the whole run. With processes a window ends where one of them
wakes up, by a row that returns to Python. A hold whose end lies in a later window than its beginning
puts back the value that was found then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from twin.integrate.allocate import Event, Kind
from twin.quantity import Array
from twin.schedule.timetable import Action
from twin.schedule.timetable import Kind as Does

#: Rows of a window at most: packing all that is left at every waking would cost more than the waking.
WINDOW = 2000


class Table:
    """Rows in order of time, and how far they have been executed.

    Parameters
    ----------
    rows : sequence of (Event, Action)
        A row of kind RESTORE names by its value the row whose finding it puts back.
    whole : bool
        Whether there is only one window.
    """

    def __init__(self, rows: Sequence[tuple[Event, Action]], whole: bool) -> None:
        self.rows, self.whole = list(rows), whole
        self.first = 0  #: first row of the window
        self.length = 0  #: of the window, without the return
        self.is_open = False
        self.found: dict[int, float] = {}  #: old value by row, of holds that began in earlier windows

    def open(self, until: float) -> tuple[list[Event], list[Action | None]]:
        """Give the rows of the next window, which ends at `until` (or earlier); None stands for the return."""
        self.is_open = True
        last = self.first
        while last < len(self.rows) and self.rows[last][0].time <= until:
            if not self.whole and last - self.first >= WINDOW and self.rows[last][0].time > self.rows[last - 1][0].time:
                until = self.rows[last - 1][0].time
                break
            last += 1
        self.length = last - self.first
        events = [self._row(event) for event, _ in self.rows[self.first : last]]
        sources: list[Action | None] = [action for _, action in self.rows[self.first : last]]
        if math.isinf(until):
            return events, sources
        return [*events, Event(until, Kind.RETURN)], [*sources, None]

    def close(self, fired: int, old: Array) -> None:
        """Note that so many rows of the window have fired, and what they found."""
        for row in range(min(fired, self.length)):
            if self.rows[self.first + row][1].kind is Does.HOLD:
                self.found[self.first + row] = float(old[row])
        self.first += min(fired, self.length)
        self.length, self.is_open = 0, False

    def state(self) -> dict[str, Array]:
        """What a checkpoint must hold."""
        pairs = [[float(row), value] for row, value in self.found.items()]
        return {"table_first": np.array([float(self.first)]), "table_found": np.array(pairs).reshape(-1, 2)}

    def restore(self, state: dict[str, Array]) -> None:
        """Go back to a checkpoint."""
        self.first = int(state["table_first"][0])
        self.found = {int(row): float(value) for row, value in state["table_found"]}

    def _row(self, event: Event) -> Event:
        if event.kind is not Kind.RESTORE:
            return event
        row = int(event.value)
        if row >= self.first:
            return event._replace(value=float(row - self.first))
        return event._replace(kind=Kind.SET, value=self.found[row])
