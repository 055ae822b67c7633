"""Accepted steps of a window with their dense output: what a block was at any instant of it."""

from __future__ import annotations

import numpy as np

from twin.integrate import stepping
from twin.quantity import Array


class Past:
    """Steps in order of time."""

    def __init__(self) -> None:
        self._time: list[Array] = []
        self._y: list[Array] = []
        self._q: list[Array] = []

    def clear(self) -> None:
        """Forget all."""
        self._time, self._y, self._q = [], [], []

    def add(self, time: Array, y: Array, q: Array) -> None:
        """Append n steps: [n, 2] ends, [n, 4, n_y] and [n, 4, n_q] values at both ends and dense output."""
        self._time.append(time.copy())
        self._y.append(y.copy())
        self._q.append(q.copy())

    def at(self, t: float) -> tuple[Array, Array] | None:
        """States and quadratures at t; None where no step has been taken. What jumps at t has not yet."""
        if not self._time:
            return None
        if len(self._time) > 1:
            self._time, self._y, self._q = ([np.concatenate(a)] for a in (self._time, self._y, self._q))
        ends = self._time[0]
        row = max(int(np.searchsorted(ends[:, 1], t)), 0)
        row = min(row, len(ends) - 1)
        theta = min(max((t - ends[row, 0]) / (ends[row, 1] - ends[row, 0]), 0.0), 1.0)
        result = []
        for values in (self._y[0][row], self._q[0][row]):
            out = np.empty(values.shape[1])
            stepping.interpolate(theta, values[0], values[1], values[2:], out)
            result.append(out)
        return result[0], result[1]
