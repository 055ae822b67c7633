"""Hands on what a run gives: to its file, and to the log from which it can be resumed if it is killed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.results.checkpoints import RETAINED, Kept
from twin.results.events import EventRow, Snapshot
from twin.results.log import RunLog
from twin.results.past import Block, Past
from twin.results.writer import RunWriter

if TYPE_CHECKING:
    from twin.schedule.simulation import Checkpoint


class Recorder:
    """Takes samples, events and checkpoints in the order in which a simulation hands them out.

    Parameters
    ----------
    writer : RunWriter
    log : RunLog
    end : float
        Plant time at which the run ends, in s.
    do : callable
        Does a job after those given before: `Behind.do`, so that the simulation does not wait for the disk.
    past : Past, optional
        What the run brings along.
    """

    def __init__(
        self,
        writer: RunWriter,
        log: RunLog,
        end: float,
        do: Callable[[Callable[[], None]], None],
        past: Past | None = None,
    ) -> None:
        self._writer, self._log, self._do, self._past = writer, log, do, past
        self._spacing = self._mark = end / RETAINED
        self._next = time.monotonic() + log.every
        self._events = self._instants = 0
        self.retained: list[Kept] = []  #: checkpoints that the finished file is to keep
        self._differs = 0.0  #: how far rows that repeat a parent differ from its own, relative; 0: the same bits

    def bring(self, past: Past, plant: Any) -> None:
        """Take what the run brings along, before anything else."""
        for block in past.blocks(self._writer.recording, plant.n_y, plant.n_q):
            self._rows(block)
        self._take_events(past.events, past.instants)
        for kept in past.retained:
            self._retain(kept)
        if past.kept is not None:
            self._mark = (math.floor(past.kept.time / self._spacing) + 1.0) * self._spacing
            self._log.checkpoint(past.kept, retained=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What gives reason to doubt that a fork repeats its parent."""
        if self._past is None or self._past.parent is None or self._differs <= self._past.allowed:
            return ()
        return (
            f"{self._past.parent.name} is not repeated to the same bits: up to the fork its rows differ by up to"
            f" {self._differs:.1e} of their largest, as between machines or versions of packages",
        )

    def samples(self, block: Any) -> None:
        """Take a block of samples."""
        self._do(lambda: self._new_rows(tuple(block)))

    def happened(self, happened: Sequence[Any], sides: Sequence[Any]) -> None:
        """Take events, and instants that are over."""
        rows = [EventRow(*event) for event in happened]
        instants = [self._writer.snapshots.both_sides(Snapshot(*side)) for side in sides]
        self._do(lambda: self._take_events(rows, instants))

    def due(self, now: float) -> bool:
        """Whether a checkpoint is wanted at the plant's time `now` [s]."""
        return now >= self._mark or (self._log.kept and time.monotonic() >= self._next)

    def checkpoint(self, point: Checkpoint) -> None:
        """Take a checkpoint."""
        retain = point.time >= self._mark
        if retain:
            self._mark = (math.floor(point.time / self._spacing) + 1.0) * self._spacing
        self._next = time.monotonic() + self._log.every
        self._do(lambda: self._keep(point, retain))

    def stopped(self, point: Checkpoint) -> None:
        """Take the point at which a run was interrupted, all jobs done: a fork continues it."""
        self.retained.append(Kept(point, self._writer.taken, self._events, self._instants))

    def _keep(self, point: Checkpoint, retain: bool) -> None:
        kept = Kept(point, self._writer.taken, self._events, self._instants)
        if retain:
            self._retain(kept)
        else:
            self._log.checkpoint(kept, retained=False)

    def _retain(self, kept: Kept) -> None:
        self.retained.append(kept)
        self._log.checkpoint(kept, retained=True)

    def _new_rows(self, block: Block) -> None:
        if self._past is not None and len(block[0]) and block[0][0] <= self._past.at:
            self._differs = max(self._differs, self._past.differs(self._writer.recording, block))
        self._rows(block)

    def _rows(self, block: Block) -> None:
        self._writer.append(*block)
        self._log.rows(*block)

    def _take_events(self, rows: Sequence[EventRow], instants: Sequence[tuple[float, np.ndarray, np.ndarray]]) -> None:
        self._writer.instants(rows, instants)
        self._events += len(rows)
        self._instants += len(instants)
        if rows:
            self._log.events([list(row) for row in rows])
        for instant in instants:
            self._log.instant(*instant)
