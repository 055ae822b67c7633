"""What fired in the blocks of a plant, told in order of time, with the whole plant on both sides of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from twin.integrate import tables as at
from twin.integrate.deal import Deal
from twin.integrate.integrator import Fired
from twin.integrate.part import Part
from twin.integrate.whole import Whole, put
from twin.quantity import Array


class Telling:
    """Gathers what fires in the blocks within a window, and hands it on.

    Parameters
    ----------
    whole : Whole
        The whole plant's view, which follows the parameters through what is told.
    deal : Deal
        Whose latches and events the blocks' are.
    fired : callable
        Receives blocks of :class:`Fired`.
    sides : bool
        Whether the blocks keep their steps, so that the whole plant is known at any instant of a window.
    """

    def __init__(self, whole: Whole, deal: Deal, fired: Callable[[Fired], None], sides: bool) -> None:
        self._whole, self._deal, self._fired, self._sides = whole, deal, fired, sides
        self.heard: list[list[Fired]] = [[] for _ in deal.blocks]  #: since the last `tell`, by block

    def tell(self, parts: Sequence[Part], end: float) -> None:
        """Hand on what has fired in the window until `end`, where all blocks stand."""
        rows = []
        for k, blocks in enumerate(self.heard):
            for fired in blocks:
                rows += [(float(fired.log[i, at.LOG_TIME]), k, fired, i) for i in range(len(fired.log))]
            blocks.clear()
        if not rows:
            return
        rows.sort(key=lambda row: row[:2])  # stable: within a block as they fired
        plant, n = self._whole.plant, len(rows)
        log = np.zeros((n, 5))
        y, q, w = (np.full((n, 2, size), np.nan) for size in (plant.n_y, plant.n_q, len(self._whole.record)))
        instant = np.nan
        for r, (t, k, fired, i) in enumerate(rows):
            block, latch = parts[k].block, fired.log[i, at.LOG_SOURCE] == at.FROM_LATCH
            log[r] = fired.log[i]
            log[r, at.LOG_ROW] = self._deal.row_of(k, int(fired.log[i, at.LOG_ROW]), latch)
            known = self._sides or t == end  # where the window ends, all blocks stand as they were
            if known:
                if t != instant:
                    instant = t
                    y[r, 0], q[r, 0] = self._around(parts, t, rows[r:])
                else:
                    y[r, 0], q[r, 0] = y[r - 1, 1], q[r - 1, 1]
                y[r, 1], q[r, 1] = y[r, 0], q[r, 0]
                put(y[r, 1], block, "y", fired.y[i, 1])
                put(q[r, 1], block, "q", fired.q[i, 1])
                w[r, 0] = self._whole.seen(t, y[r, 0])
            self._follow(t, latch, int(log[r, at.LOG_ROW]), float(log[r, at.LOG_OLD]), float(log[r, at.LOG_NEW]))
            if known:
                w[r, 1] = self._whole.seen(t, y[r, 1])
        self._fired(Fired(log, y, w, q))

    def tell_return(self, t: float, row: int, y: Array, q: Array) -> None:
        """Hand on a return to Python, which changes nothing."""
        w = self._whole.seen(t, y)
        log = np.array([[t, at.FROM_TABLE, row, 0.0, 0.0]])
        self._fired(Fired(log, *(np.stack([one, one])[None] for one in (y, w, q))))

    def _around(
        self, parts: Sequence[Part], t: float, rows: Sequence[tuple[float, int, Fired, int]]
    ) -> tuple[Array, Array]:
        """The whole plant just before t: blocks that fire then as they saw themselves, others from their steps."""
        y, q = np.zeros(self._whole.plant.n_y), np.zeros(self._whole.plant.n_q)
        own: dict[int, tuple[Array, Array]] = {}
        for when, k, fired, i in rows:
            if when != t:
                break
            own.setdefault(k, (fired.y[i, 0], fired.q[i, 0]))
        for k, part in enumerate(parts):
            kept = None if part.past is None else part.past.at(t)
            here = own.get(k) or kept or (part.y, part.q)
            put(y, part.block, "y", here[0])
            put(q, part.block, "q", here[1])
        return y, q

    def _follow(self, t: float, latch: bool, row: int, old: float, new: float) -> None:
        """Follow the parameters through what has fired."""
        duration = 0.0
        if latch:
            kind, index = self._deal.latches[row].kind, self._deal.latches[row].index
        else:
            event = self._deal.events[row]
            kind, index, duration = event.kind, event.index, event.duration
        self._whole.follow(t, kind, index, duration, old, new)
