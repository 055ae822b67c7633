"""Accepted steps of a window with their dense output: what a block was at any instant of it."""

from __future__ import annotations

import numpy as np

from twin.integrate.growing import Growing
from twin.quantity import Array


class Past:
    """Steps in order of time."""

    def __init__(self) -> None:
        self._time, self._y, self._q = Growing(), Growing(), Growing()

    def clear(self) -> None:
        """Forget all."""
        for one in (self._time, self._y, self._q):
            one.clear()

    def add(self, time: Array, y: Array, q: Array) -> None:
        """Append n steps: [n, 2] ends, [n, 5, n_y] and [n, 5, n_q] values at both ends and dense output."""
        self._time.add(time)
        self._y.add(y)
        self._q.add(q)

    def at(self, t: float) -> tuple[Array, Array] | None:
        """States and quadratures at t; None where no step has been taken. What jumps at t has not yet."""
        if not len(self._time):
            return None
        ends = self._time.rows
        row = max(int(np.searchsorted(ends[:, 1], t)), 0)
        row = min(row, len(ends) - 1)
        theta = min(max((t - ends[row, 0]) / (ends[row, 1] - ends[row, 0]), 0.0), 1.0)
        return _between(theta, self._y.rows[row]), _between(theta, self._q.rows[row])


def _between(theta: float, values: Array) -> Array:
    """`stepping.interpolate` of whole arrays: the same operations in the same order, so the same bits."""
    start, end, first, second, third = values
    if theta >= 1.0:
        return np.array(end)
    rest = 1.0 - theta
    return np.asarray(rest * start + theta * (end + rest * (first + theta * (second + theta * third))))
