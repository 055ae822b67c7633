"""Rows appended one after another to memory that is kept when they are forgotten."""

from __future__ import annotations

import numpy as np

from twin.quantity import Array


class Growing:
    """An array [n, …] that grows by its first axis; of what shape a row is, the first rows tell."""

    def __init__(self) -> None:
        self._memory: Array | None = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def rows(self) -> Array:
        """All rows: a view, good until rows are added or forgotten."""
        assert self._memory is not None
        return self._memory[: self._length]

    def clear(self) -> None:
        """Forget all rows."""
        self._length = 0

    def add(self, rows: Array) -> None:
        """Append rows [m, …], which are copied."""
        needed = self._length + len(rows)
        if self._memory is None or self._memory.shape[1:] != rows.shape[1:] or needed > len(self._memory):
            memory = np.empty((max(needed, 2 * self._length), *rows.shape[1:]))
            if self._length:
                memory[: self._length] = self.rows
            self._memory = memory
        self._memory[self._length : needed] = rows
        self._length = needed
