"""Blocks of a plant integrated one after another, each with steps of its own.

Between two instants at which the plant must be known as a whole (the windows), each block (`twin.plant.blocks`)
is advanced by the same compiled loop as a plant of its own. Of each of its steps it leaves what later blocks read, at
four points; these take it as cubics. A step of theirs ends where something jumps, and is refused where the means of
what its stages saw differ from the true means by more than the tolerance, so that nothing that comes and goes between
two stages is lost. Where a block stops early, those before it go back to the beginning of the window and stop there,
too.

A block's own balances close to rounding, as ever. What leaves one block and what enters the next agree to the
tolerance only: `mismatch` tells by how much.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from twin.config.spec import SCANS
from twin.integrate import allocate
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Latch
from twin.integrate.deal import Deal
from twin.integrate.integrator import Fired, Samples, interruptible
from twin.integrate.outcome import Ending, Outcome
from twin.integrate.part import Part
from twin.integrate.telling import Telling
from twin.integrate.whole import Whole, put
from twin.quantity import Array

#: First window and longest one, in s: what a window leaves is held in memory; checkpoints are taken between windows.
WINDOW, LONGEST = 12.0 * 3600.0, 48.0 * 3600.0
#: With more steps of a block in a window the next is half as long; with less than a quarter of them, twice as long.
MANY = 4096
#: Statistics of which the greatest of all blocks counts.
GREATEST = ("observed", "hold_error", "ripple")


class Multirate:
    """One run of a plant, block by block; stands for an :class:`Integrator`, whose parameters it takes.

    The method "multirate" is Rodas4P; those of an integrator are taken by their names, too.
    """

    #: whether what fired shows the whole plant on both sides, for which all steps of a window are kept
    sides = True

    def __init__(self, plant: Any, **settings: Any) -> None:
        self.parts: list[Part] = []
        self.begin(plant, **settings)

    def begin(
        self,
        plant: Any,
        *,
        method: str = "multirate",
        rtol: float = 1e-6,
        events: Sequence[Event] = (),
        latches: Sequence[Latch] = (),
        record: Array | Sequence[int] = (),
        states: Array | Sequence[int] | None = None,
        every: float = 0.0,
        start: float = 0.0,
        max_step: float = np.inf,
        max_steps: int = 10_000_000,
        seed: int = 0,
        scans: str = "exact",
        foreseen: Sequence[tuple[int, float]] | None = None,
        samples: Callable[[Samples], None] | None = None,
        fired: Callable[[Fired], None] | None = None,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Begin a run, as a new one with these parameters would; see :meth:`Integrator.begin`."""
        self.plant, self.samples, self._pause = plant, samples, pause
        self.wall = 0.0
        self._deal = Deal(plant, latches, relaxed=scans == SCANS[1])
        self.blocks = self._deal.blocks
        if foreseen is None:
            foreseen = allocate.foreseen_by(events, latches)
        absent = plant.absent(foreseen)
        self._time, self._stopping = start, False
        self._length = WINDOW
        if scans == SCANS[0] and len(plant.discrete.scan):  # steps end at each
            self._length = min(WINDOW, MANY * float(np.min(plant.p0[plant.discrete.scan[:, 3]])))
        self._samples: list[list[Samples]] = [[] for _ in self.blocks]
        states = np.arange(plant.n_y) if states is None else np.asarray(states, dtype=np.int64)
        self._whole = Whole(plant, self.blocks, states, np.asarray(record, dtype=np.int64))
        self._telling = None if fired is None else Telling(self._whole, self._deal, fired, self.sides)
        settings: dict[str, Any] = {
            "method": "rodas4p" if method == "multirate" else method,
            "rtol": rtol,
            "every": every,
            "start": start,
            "max_step": max_step,
            "max_steps": max_steps,
            "seed": seed,
            "scans": scans,
        }
        before = self.parts
        rows = self._split(events)
        self.parts = [self._part(k, before, absent, rows[k], settings) for k in range(len(self.blocks))]

    def _part(
        self, k: int, before: Sequence[Part], absent: Array, events: list[Event], settings: dict[str, Any]
    ) -> Part:
        """Integrator of a block: that of the run before, if there is one."""
        block, whole = self.blocks[k], self.plant
        p0 = block.plant.p0.copy()
        p0[block.p[:, 0]] = whole.p0[block.p[:, 1]]
        plant = replace(block.plant, y0=whole.y0[block.y], p0=p0, nominal=whole.nominal[block.y])
        here: dict[str, Any] = {
            **settings,
            "events": events,
            "latches": self._deal.latches_of(k),
            "record": self._whole.recorded[k].w_here,
            "states": self._whole.recorded[k].y_here,
            "absent": absent[block.y],
            "samples": self._samples[k].append,
            "fired": self._telling.heard[k].append if self._telling is not None else None,
        }
        if k < len(before) and before[k].block is block:
            before[k].begin(plant, **here)
            return before[k]
        return Part(plant, block, self._booked_of(k), **here)

    def _booked_of(self, k: int) -> list[Array]:
        """Quadratures of a block by which what it feeds to others is booked, stream by stream and field by field."""
        flows = [flow for block in self.blocks for flow in block.flows if flow.source == k and len(flow.booked)]
        return [
            np.unique(flow.booked[flow.group[flow.booked[:, 0]] == field, 1])
            for flow in flows
            for field in np.unique(flow.group[flow.booked[:, 0]])
        ]

    # --- an Integrator for others

    @property
    def time(self) -> float:
        """Plant time that all blocks have reached, in s."""
        return self._time

    @property
    def progress(self) -> tuple[float, int]:
        """Plant time and steps so far: may be read from another thread while the run goes on."""
        return self._time, sum(part.progress[1] for part in self.parts)

    @property
    def y(self) -> Array:
        """States at the last accepted point; a copy."""
        return self._all("y")

    @property
    def q(self) -> Array:
        """Quadratures at the last accepted point; a copy."""
        return self._all("q")

    @property
    def p(self) -> Array:
        """Parameters as events left them; a copy (see `set`)."""
        return self._all("p")

    def _all(self, vector: str) -> Array:
        whole = {"y": self.plant.n_y, "q": self.plant.n_q, "p": self.plant.n_p}[vector]
        result = self.plant.p0.copy() if vector == "p" else np.zeros(whole)
        for part in self.parts:
            put(result, part.block, vector, getattr(part, vector))
        return result

    @property
    def statistics(self) -> dict[str, int]:
        """Counts so far, of all blocks together."""
        counts = [part.statistics for part in self.parts]
        total = {name: sum(one[name] for one in counts) for name in counts[0]}
        greatest = {name: max(one[name] for one in counts) for name in GREATEST if name in total}
        return {**total, **greatest, "blocks": len(self.parts)}

    @property
    def mismatch(self) -> dict[str, float]:
        """Greatest difference between what left one block and what entered the next, in kg or J, by stream."""
        found = {}
        for part in self.parts:
            for flow in part.block.flows:
                there = self.parts[flow.source]
                for product, feed in flow.crossing:
                    left, entered = _booked(there, product), _booked(part, feed)
                    for name in left.keys() & entered.keys():
                        apart = float(np.max(np.abs(left[name] - entered[name]), initial=0.0))
                        found[f"{product.partition(':')[2].replace(':', '.')} {name}"] = apart
        return found

    def set(self, index: int, value: float) -> None:
        """Set a parameter between two calls; a ramp of it under way ends."""
        k = self._deal.block_of_parameter(index)
        self.parts[k].set(self.blocks[k].p_here[index], value)
        self._whole.set(index, value)

    def schedule(self, events: Sequence[Event]) -> None:
        """Put a new event table in place of the old one; rows before the present time fire at once."""
        for part, rows in zip(self.parts, self._split(events), strict=True):
            part.schedule(rows)

    def _split(self, events: Sequence[Event]) -> list[list[Event]]:
        """Take an event table; gives the rows of each block."""
        self._returned = 0
        return self._deal.split(events)

    @property
    def fired_rows(self) -> int:
        """Rows of the event table that have fired."""
        return sum(part.fired_rows for part in self.parts) + self._returned

    @property
    def olds(self) -> Array:
        """What each row of the event table found that has fired."""
        found = np.zeros(len(self._deal.events))
        for rows, part in zip(self._deal.rows, self.parts, strict=True):
            found[rows] = part.olds
        return found

    def old(self, row: int) -> float:
        """What a row of the event table found."""
        return float(self.olds[row])

    def arm(self, row: int, armed: bool) -> None:
        """Let a latch fire from now on, or not."""
        k, here = self._deal.latch_here(row)
        self.parts[k].arm(here, armed)

    def interrupt(self) -> None:
        """Ask a run in another thread to stop; it goes back to the last instant that all blocks have reached."""
        self._stopping = True
        for part in self.parts:
            part.interrupt()

    def advance(self, until: float, *, progress: Callable[[float], None] | None = None, step_budget: int = 0) -> Ending:
        """Integrate to `until`, or to where Python must decide.

        Parameters
        ----------
        until : float
            Plant time to reach, in s.
        progress : callable
            Called now and then with the plant time reached.
        step_budget : int
            As for :class:`Integrator`: changes no bit.
        """
        began = time.perf_counter()
        self._stopping = False
        look = None if progress is None else lambda: progress(self._time)
        try:
            while True:
                back = self._deal.back
                due = self._deal.events[back].time if back is not None and not self._returned else np.inf
                end = max(min(until, due, self._time + self._length), self._time)
                ending = interruptible(partial(self._window, end, step_budget), self.interrupt, look)
                if ending.outcome is not Outcome.FINISHED:
                    return ending
                if back is not None and due <= self._time:
                    return self._come_back(back)
                if self._time >= until:
                    return ending
                if self._pause is not None:
                    self._pause()
        finally:
            self.wall += time.perf_counter() - began

    def _window(self, end: float, step_budget: int) -> Ending:
        """Advance all blocks to `end`, or to where the first of them stops."""
        saved, whole = [part.state() for part in self.parts], self._time + self._length
        endings: list[Ending | None] = [None] * len(self.parts)
        deal, asked = self._deal, self.sides and self._telling is not None
        history = asked and bool(deal.events or deal.latches)  # something may fire
        for part in self.parts:
            part.open_window(history)
        k = 0
        while k < len(self.parts):
            ending = self._advance_part(k, end, step_budget)
            if ending.outcome is Outcome.INTERRUPTED or self._stopping:
                for i in range(len(self.parts)):
                    self._go_back(i, saved[i])
                return Ending(Outcome.INTERRUPTED, self._time)
            endings[k] = ending
            if ending.time < end:
                end = ending.time
                for i in range(k):
                    self._go_back(i, saved[i])
                for i in range(k):
                    endings[i] = self._advance_part(i, end, step_budget)
            k += 1
        self._time = end
        self._hand_out()
        stopped = [(ending, k) for k, ending in enumerate(endings) if ending and ending.outcome is not Outcome.FINISHED]
        if not stopped:
            if end == whole:
                self._set_length([int(state["status"][at.STEPS]) for state in saved])
            return Ending(Outcome.FINISHED, end)
        ending, k = next((one for one in stopped if one[0].outcome.failed), stopped[0])
        latch = ending.outcome in (Outcome.GUARD, Outcome.CHATTERING)
        return replace(ending, row=deal.row_of(k, ending.row, latch)) if latch or ending.row >= 0 else ending

    def _set_length(self, before: Sequence[int]) -> None:
        """Set the next window's length by the steps of the one that is over; `before` tells how many there were."""
        most = max(part.progress[1] - steps for part, steps in zip(self.parts, before, strict=True))
        if most > MANY:
            self._length *= 0.5
        elif most < MANY // 4:
            self._length = min(2.0 * self._length, LONGEST)

    def _advance_part(self, k: int, end: float, step_budget: int) -> Ending:
        part = self.parts[k]
        part.feed([other.track for other in self.parts])
        return part.advance(end, step_budget=step_budget)

    def _go_back(self, k: int, state: dict[str, Array]) -> None:
        """Back to the beginning of the window."""
        self.parts[k].restore(state)
        self.parts[k].open_window(self.parts[k].past is not None)
        self._samples[k].clear()
        if self._telling is not None:
            self._telling.heard[k].clear()

    def _come_back(self, row: int) -> Ending:
        """Return to Python at the last row of the table."""
        self._returned = 1
        if self._telling is not None:
            self._telling.tell_return(self._time, row, self.y, self.q)
        return Ending(Outcome.EVENT, self._time, row)

    def _hand_out(self) -> None:
        """Put samples and events of the blocks together, and hand them on."""
        taken = self._whole.joined(self._samples)
        for blocks in self._samples:
            blocks.clear()
        if self.samples is not None and taken is not None:
            self.samples(taken)
        if self._telling is not None:
            self._telling.tell(self.parts, self._time)

    # --- checkpoints

    def state(self) -> dict[str, Array]:
        """Everything that a checkpoint must hold, copied; `restore` continues it to the same bits."""
        resume = np.zeros(at.RESUME_SIZE)
        resume[at.T], resume[at.NEXT_ROW] = self._time, self.fired_rows
        held = {"resume": resume, "old": self.olds, "window": np.array([self._length]), **self._whole.state()}
        for k, part in enumerate(self.parts):
            held |= {f"{k}/{name}": array for name, array in part.state().items()}
            held |= {f"{k}/scale{i}": scale.copy() for i, scale in enumerate(part.scales)}
        return held

    def restore(self, state: dict[str, Array]) -> None:
        """Continue from a checkpoint of a run with the same plant, events, latches and settings.

        Raises
        ------
        ValueError
            When an array of the checkpoint has another length than this run's.
        """
        fired = int(state["resume"][at.NEXT_ROW])
        for k, part in enumerate(self.parts):
            held = {name.partition("/")[2]: array for name, array in state.items() if name.startswith(f"{k}/")}
            rows = self._deal.rows[k]
            held["old"] = np.array([state["old"][row] if row < len(state["old"]) else 0.0 for row in rows])
            held["resume"] = held["resume"].copy()
            held["resume"][at.NEXT_ROW] = sum(row < fired for row in rows)
            for i, scale in enumerate(part.scales):
                scale[:] = held.pop(f"scale{i}")
            part.restore(held)
        self._time, self._length = float(state["resume"][at.T]), float(state["window"][0])
        self._whole.restore(state)
        self._returned = int(self._deal.back is not None and fired > self._deal.back)


class WithoutSides(Multirate):
    """One for who asks what fired and when only: the plant around it is NaN, but where all blocks stand."""

    sides = False


def _booked(part: Part, boundary: str) -> dict[str, Array]:
    """What has gone through a boundary, by quadrature."""
    return {
        column.field.name: part.q[column.offset : column.offset + int(np.prod(column.shape))]
        for column in part.plant.columns
        if column.kind == "quadrature" and column.owner == boundary
    }
