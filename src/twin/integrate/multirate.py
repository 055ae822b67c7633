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
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Fired, Samples, interruptible
from twin.integrate.outcome import Ending, Outcome
from twin.integrate.part import Part
from twin.integrate.whole import Whole, put
from twin.plant.blocks import cut, driven, owners
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
        self.plant, self.samples, self.fired, self._pause = plant, samples, fired, pause
        self._sides = self.sides and fired is not None
        self.wall = 0.0
        self._latches = tuple(latches)
        self._owners = owners(plant)
        ties = [
            (self._owner_of_watched(latch), self._owner_of_target(latch.kind, latch.index))
            for latch in latches
            if latch.index >= 0
        ]
        relaxed = scans == SCANS[1]
        if relaxed:
            ties += driven(plant)  # what is held is smooth within a step, and that concerns one block only
        self.blocks = cut(plant, [tie for tie in ties if tie[0] != tie[1]])
        self._block_of = {unit: k for k, block in enumerate(self.blocks) for unit in block.units}
        if foreseen is None:
            foreseen = allocate.foreseen_by(events, latches)
        absent = plant.absent(foreseen)
        self._time, self._stopping = start, False
        self._length = WINDOW
        if scans == SCANS[0] and len(plant.discrete.scan):  # steps end at each
            self._length = min(WINDOW, MANY * float(np.min(plant.p0[plant.discrete.scan[:, 3]])))
        self._samples: list[list[Samples]] = [[] for _ in self.blocks]
        self._fired: list[list[Fired]] = [[] for _ in self.blocks]
        self._rows: list[list[int]] = [[] for _ in self.blocks]
        self._latch_rows: list[list[int]] = [[] for _ in self.blocks]
        for row, latch in enumerate(latches):
            self._latch_rows[self._block_of[self._owner_of_watched(latch)]].append(row)
        states = np.arange(plant.n_y) if states is None else np.asarray(states, dtype=np.int64)
        self._whole = Whole(plant, self.blocks, states, np.asarray(record, dtype=np.int64))
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

    # --- what stands where

    def _owner_of_watched(self, latch: Latch) -> str:
        if latch.tag >= 0:
            return self._owners.w[latch.tag]
        return self.plant.guard_names[latch.guard].partition(".")[0]

    def _owner_of_target(self, kind: Kind, index: int) -> str:
        if kind == Kind.FIRE:
            return self.plant.impulses[index].partition(".")[0]
        return self._owners.p[index]

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
            "latches": [self._local_latch(k, self._latches[row]) for row in self._latch_rows[k]],
            "record": self._whole.recorded[k].w_here,
            "states": self._whole.recorded[k].y_here,
            "absent": absent[block.y],
            "samples": self._samples[k].append,
            "fired": self._fired[k].append if self.fired is not None else None,
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

    def _local_latch(self, k: int, latch: Latch) -> Latch:
        block = self.blocks[k]
        guard = block.plant.guard_names.index(self.plant.guard_names[latch.guard]) if latch.tag < 0 else -1
        index = latch.index
        if index >= 0 and latch.kind == Kind.FIRE:
            index = block.plant.impulses.index(self.plant.impulses[index])
        elif index >= 0:
            index = self.blocks[k].p_here[index]
        return latch._replace(guard=guard, index=index, tag=block.w[latch.tag] if latch.tag >= 0 else -1)

    def _local_event(self, row: int, event: Event) -> tuple[int, Event]:
        """Number of the block that an event belongs to, and the event there."""
        if event.kind == Kind.ADD:
            k = self._block_of[self._owners.y[event.index]]
            book = self.blocks[k].q_here[event.book] if event.book >= 0 else -1
            return k, event._replace(index=self.blocks[k].y_here[event.index], book=book)
        if event.kind == Kind.ARM:
            k = next(k for k, rows in enumerate(self._latch_rows) if event.index in rows)
            return k, event._replace(index=self._latch_rows[k].index(event.index))
        k = self._block_of[self._owner_of_target(event.kind, event.index)]
        if event.kind == Kind.FIRE:
            return k, event._replace(index=self.blocks[k].plant.impulses.index(self.plant.impulses[event.index]))
        if event.kind == Kind.RESTORE:
            event = event._replace(value=float(self._rows[k].index(int(event.value))))
        return k, event._replace(index=self.blocks[k].p_here[event.index])

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
        k = self._block_of[self._owners.p[index]]
        self.parts[k].set(self.blocks[k].p_here[index], value)
        self._whole.set(index, value)

    def schedule(self, events: Sequence[Event]) -> None:
        """Put a new event table in place of the old one; rows before the present time fire at once."""
        for part, rows in zip(self.parts, self._split(events), strict=True):
            part.schedule(rows)

    def _split(self, events: Sequence[Event]) -> list[list[Event]]:
        """Take an event table; gives the rows of each block."""
        self._events = list(events)
        allocate.event_rows(self._events)  # refuses what is out of order
        self._returned = 0
        self._return = next((i for i, e in enumerate(self._events) if e.kind == Kind.RETURN), None)
        if self._return is not None and self._return != len(self._events) - 1:
            raise ValueError("a return to Python is the last row of its table")
        self._rows = [[] for _ in self.blocks]
        local: list[list[Event]] = [[] for _ in self.blocks]
        for row, event in enumerate(self._events):
            if event.kind == Kind.RETURN:
                continue
            k, mine = self._local_event(row, event)
            self._rows[k].append(row)
            local[k].append(mine)
        return local

    @property
    def fired_rows(self) -> int:
        """Rows of the event table that have fired."""
        return sum(part.fired_rows for part in self.parts) + self._returned

    @property
    def olds(self) -> Array:
        """What each row of the event table found that has fired."""
        found = np.zeros(len(self._events))
        for rows, part in zip(self._rows, self.parts, strict=True):
            found[rows] = part.olds
        return found

    def old(self, row: int) -> float:
        """What a row of the event table found."""
        return float(self.olds[row])

    def arm(self, row: int, armed: bool) -> None:
        """Let a latch fire from now on, or not."""
        k = next(k for k, rows in enumerate(self._latch_rows) if row in rows)
        self.parts[k].arm(self._latch_rows[k].index(row), armed)

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
                due = self._events[self._return].time if self._return is not None and not self._returned else np.inf
                end = max(min(until, due, self._time + self._length), self._time)
                ending = interruptible(partial(self._window, end, step_budget), self.interrupt, look)
                if ending.outcome is not Outcome.FINISHED:
                    return ending
                if due <= self._time:
                    return self._come_back()
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
        history = self._sides and bool(self._events or self._latches)  # something may fire
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
        row = ending.row
        if ending.outcome in (Outcome.GUARD, Outcome.CHATTERING):
            row = self._latch_rows[k][row]
        elif row >= 0:
            row = self._rows[k][row]
        return replace(ending, row=row)

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
        self._fired[k].clear()

    def _come_back(self) -> Ending:
        """Return to Python at the last row of the table."""
        assert self._return is not None
        self._returned = 1
        if self.fired is not None:
            y, q = self.y, self.q
            w = self._whole.seen(self._time, y)
            log = np.array([[self._time, at.FROM_TABLE, self._return, 0.0, 0.0]])
            self.fired(Fired(log, *(np.stack([one, one])[None] for one in (y, w, q))))
        return Ending(Outcome.EVENT, self._time, self._return)

    # --- what is recorded

    def _hand_out(self) -> None:
        """Put samples and events of the blocks together, and hand them on."""
        taken = self._whole.joined(self._samples)
        for blocks in self._samples:
            blocks.clear()
        if self.samples is not None and taken is not None:
            self.samples(taken)
        self._tell()

    def _tell(self) -> None:
        """Hand on what fired in the window, in order of time, with the whole plant on both sides of each."""
        rows = []
        for k, blocks in enumerate(self._fired):
            for fired in blocks:
                rows += [(float(fired.log[i, at.LOG_TIME]), k, fired, i) for i in range(len(fired.log))]
            blocks.clear()
        if not rows or self.fired is None:
            return
        rows.sort(key=lambda row: row[:2])  # stable: within a block as they fired
        n, record = len(rows), len(self._whole.record)
        log = np.zeros((n, 5))
        y, q, w = (np.full((n, 2, size), np.nan) for size in (self.plant.n_y, self.plant.n_q, record))
        instant = np.nan
        for r, (t, k, fired, i) in enumerate(rows):
            block, latch = self.blocks[k], fired.log[i, at.LOG_SOURCE] == at.FROM_LATCH
            log[r] = fired.log[i]
            log[r, at.LOG_ROW] = (self._latch_rows if latch else self._rows)[k][int(fired.log[i, at.LOG_ROW])]
            known = self._sides or t == self._time  # where the window ends, all blocks stand as they were
            if known:
                if t != instant:
                    instant = t
                    y[r, 0], q[r, 0] = self._around(t, rows[r:])
                else:
                    y[r, 0], q[r, 0] = y[r - 1, 1], q[r - 1, 1]
                y[r, 1], q[r, 1] = y[r, 0], q[r, 0]
                put(y[r, 1], block, "y", fired.y[i, 1])
                put(q[r, 1], block, "q", fired.q[i, 1])
                w[r, 0] = self._whole.seen(t, y[r, 0])
            self._note(t, latch, int(log[r, at.LOG_ROW]), float(log[r, at.LOG_OLD]), float(log[r, at.LOG_NEW]))
            if known:
                w[r, 1] = self._whole.seen(t, y[r, 1])
        self.fired(Fired(log, y, w, q))

    def _around(self, t: float, rows: Sequence[tuple[float, int, Fired, int]]) -> tuple[Array, Array]:
        """The whole plant just before t: blocks that fire then as they saw themselves, others from their steps."""
        y, q = np.zeros(self.plant.n_y), np.zeros(self.plant.n_q)
        own: dict[int, tuple[Array, Array]] = {}
        for when, k, fired, i in rows:
            if when != t:
                break
            own.setdefault(k, (fired.y[i, 0], fired.q[i, 0]))
        for k, part in enumerate(self.parts):
            kept = None if part.past is None else part.past.at(t)
            here = own.get(k) or kept or (part.y, part.q)
            put(y, part.block, "y", here[0])
            put(q, part.block, "q", here[1])
        return y, q

    def _note(self, t: float, latch: bool, row: int, old: float, new: float) -> None:
        """Follow the parameters through what has fired."""
        duration = 0.0
        if latch:
            kind, index = self._latches[row].kind, self._latches[row].index
        else:
            event = self._events[row]
            kind, index, duration = event.kind, event.index, event.duration
        self._whole.follow(t, kind, index, duration, old, new)

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
            rows = self._rows[k]
            held["old"] = np.array([state["old"][row] if row < len(state["old"]) else 0.0 for row in rows])
            held["resume"] = held["resume"].copy()
            held["resume"][at.NEXT_ROW] = sum(row < fired for row in rows)
            for i, scale in enumerate(part.scales):
                scale[:] = held.pop(f"scale{i}")
            part.restore(held)
        self._time, self._length = float(state["resume"][at.T]), float(state["window"][0])
        self._whole.restore(state)
        self._returned = int(self._return is not None and fired > self._return)


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
