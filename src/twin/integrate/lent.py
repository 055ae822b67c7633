"""Arrays lent again: a run that follows another finds memory where the one before had it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.quantity import Array


class Lent:
    """Lends arrays; after `back` the same ones again, to whoever asks for the same in the same order.

    What is lent again cannot be told from what is new, so that a run has the same bits either way.
    """

    def __init__(self) -> None:
        self._arrays: list[Array] = []
        self._next = 0

    def back(self) -> None:
        """Take all back: nobody uses them any more."""
        self._next = 0

    def zeros(self, shape: int | tuple[int, ...], dtype: Any = float) -> Array:
        """Lend an array of zeros."""
        array, again = self._lend(shape, dtype)
        if again:
            array.fill(0)
        return array

    def room(self, shape: int | tuple[int, ...], dtype: Any = float) -> Array:
        """Lend a buffer, of which only what has been written to it is ever read."""
        return self._lend(shape, dtype)[0]

    def holding(self, values: Sequence[float] | Array, dtype: Any = float) -> Array:
        """Lend an array that holds these."""
        array, _ = self._lend(len(values), dtype)
        array[:] = values
        return array

    def _lend(self, shape: int | tuple[int, ...], dtype: Any) -> tuple[Array, bool]:
        place = self._next
        self._next += 1
        lengths = shape if isinstance(shape, tuple) else (shape,)
        if place < len(self._arrays):
            array = self._arrays[place]
            if array.shape == lengths and array.dtype == dtype:
                return array, True
        array = np.zeros(lengths, dtype=dtype)
        self._arrays[place : place + 1] = [array]
        return array, False
