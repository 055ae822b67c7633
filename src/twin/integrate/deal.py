"""Which block each latch and each row of an event table belongs to, and what it is called there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.integrate import allocate
from twin.integrate.allocate import Event, Kind, Latch
from twin.plant.blocks import cut, driven, owners


class Deal:
    """A plant cut into blocks, and what of a run's latches and events each of them gets.

    Parameters
    ----------
    plant : Plant
        The whole.
    latches : sequence of Latch
        Of the whole plant: what one watches and what it sets are in one block.
    relaxed : bool
        Whether steps go over scans: then what is held and what reads it are in one block, too.
    """

    def __init__(self, plant: Any, latches: Sequence[Latch], relaxed: bool) -> None:
        self.plant, self.latches = plant, tuple(latches)
        self._owners = owners(plant)
        ties = [
            (self._owner_of_watched(latch), self._owner_of_target(latch.kind, latch.index))
            for latch in latches
            if latch.index >= 0
        ]
        if relaxed:
            ties += driven(plant)  # what is held is smooth within a step, and that concerns one block only
        self.blocks = cut(plant, [tie for tie in ties if tie[0] != tie[1]])
        self._block_of = {unit: k for k, block in enumerate(self.blocks) for unit in block.units}
        self._latch_rows: list[list[int]] = [[] for _ in self.blocks]
        for row, latch in enumerate(latches):
            self._latch_rows[self._block_of[self._owner_of_watched(latch)]].append(row)
        self.events: list[Event] = []  #: the table, as it was split
        self.rows: list[list[int]] = [[] for _ in self.blocks]  #: of the table, by block
        self.back: int | None = None  #: row of the table that returns to Python

    def _owner_of_watched(self, latch: Latch) -> str:
        if latch.tag >= 0:
            return self._owners.w[latch.tag]
        return self.plant.guard_names[latch.guard].partition(".")[0]

    def _owner_of_target(self, kind: Kind, index: int) -> str:
        if kind == Kind.FIRE:
            return self.plant.impulses[index].partition(".")[0]
        return self._owners.p[index]

    def block_of_parameter(self, index: int) -> int:
        """Number of the block that a parameter belongs to."""
        return self._block_of[self._owners.p[index]]

    def latch_here(self, row: int) -> tuple[int, int]:
        """Number of the block that a latch belongs to, and its row there."""
        k = next(k for k, rows in enumerate(self._latch_rows) if row in rows)
        return k, self._latch_rows[k].index(row)

    def row_of(self, k: int, row: int, latch: bool) -> int:
        """Row of the whole plant's latches, or of its event table, that is this one of a block."""
        return (self._latch_rows if latch else self.rows)[k][row]

    def latches_of(self, k: int) -> list[Latch]:
        """Latches of a block, in its own numbers."""
        return [self._local_latch(k, self.latches[row]) for row in self._latch_rows[k]]

    def _local_latch(self, k: int, latch: Latch) -> Latch:
        block = self.blocks[k]
        guard = block.plant.guard_names.index(self.plant.guard_names[latch.guard]) if latch.tag < 0 else -1
        index = latch.index
        if index >= 0 and latch.kind == Kind.FIRE:
            index = block.plant.impulses.index(self.plant.impulses[index])
        elif index >= 0:
            index = block.p_here[index]
        return latch._replace(guard=guard, index=index, tag=block.w[latch.tag] if latch.tag >= 0 else -1)

    def split(self, events: Sequence[Event]) -> list[list[Event]]:
        """Take an event table; gives the rows of each block, in its own numbers.

        Raises
        ------
        ValueError
            When rows are out of order, or a return to Python is not the last.
        """
        self.events = list(events)
        allocate.event_rows(self.events)  # refuses what is out of order
        self.back = next((i for i, e in enumerate(self.events) if e.kind == Kind.RETURN), None)
        if self.back is not None and self.back != len(self.events) - 1:
            raise ValueError("a return to Python is the last row of its table")
        self.rows = [[] for _ in self.blocks]
        local: list[list[Event]] = [[] for _ in self.blocks]
        for row, event in enumerate(self.events):
            if event.kind == Kind.RETURN:
                continue
            k, mine = self._local_event(event)
            self.rows[k].append(row)
            local[k].append(mine)
        return local

    def _local_event(self, event: Event) -> tuple[int, Event]:
        """Number of the block that an event belongs to, and the event there."""
        if event.kind == Kind.ADD:
            k = self._block_of[self._owners.y[event.index]]
            book = self.blocks[k].q_here[event.book] if event.book >= 0 else -1
            return k, event._replace(index=self.blocks[k].y_here[event.index], book=book)
        if event.kind == Kind.ARM:
            k, index = self.latch_here(event.index)
            return k, event._replace(index=index)
        k = self._block_of[self._owner_of_target(event.kind, event.index)]
        if event.kind == Kind.FIRE:
            return k, event._replace(index=self.blocks[k].plant.impulses.index(self.plant.impulses[event.index]))
        if event.kind == Kind.RESTORE:
            event = event._replace(value=float(self.rows[k].index(int(event.value))))
        return k, event._replace(index=self.blocks[k].p_here[event.index])
