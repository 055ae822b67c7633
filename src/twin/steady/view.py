"""A compiled plant evaluated at one point: rates, streams, holdups, and solutions with its matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.integrate.elimination import Elimination, elimination
from twin.integrate.symbolic import factors
from twin.jit import arm
from twin.plant.evaluate import buffers
from twin.quantity import Array


class View:
    """One thread's buffers for a plant whose parameters stay as they are.

    Parameters
    ----------
    plant : Plant
    p : array [n_p]
        Its parameters.
    fixed : array [n_y] of bool
        States without row and column: absent ones, and those that are held.
    """

    def __init__(self, plant: Any, p: Array, fixed: Array | None = None) -> None:
        from twin.integrate import steady_kernels

        arm(steady_kernels)
        self._kernels: Any = steady_kernels
        self.plant, self.p = plant, np.ascontiguousarray(p, dtype=float)
        self.w = np.zeros(plant.n_w)
        self._dy = np.zeros(plant.n_y)
        if fixed is not None:
            self.fix(fixed)

    def fix(self, fixed: Array) -> None:
        """Take rows and columns of these states out of the matrix."""
        plant = self.plant
        self.fixed = fixed.copy()
        self.jacobian = plant.jacobian_without(fixed)
        self._factors = factors(self.jacobian.pattern, self.jacobian.column, plant.n_y)
        n_z = plant.n_y + plant.n_aux
        self._values, self._q_values = np.zeros(len(self.jacobian.column)), np.zeros(len(self.jacobian.q_column))
        self._lower = np.zeros(len(self._factors.lower_column))
        self._upper = np.zeros(len(self._factors.upper_column))
        self._pivot, self._row = np.zeros(n_z), np.zeros(n_z)
        self._rhs, self._out = np.zeros(n_z), np.zeros(n_z)
        self._buffers = buffers(self.jacobian)
        self._plan: tuple[Elimination, Array, Array] | None = None

    def rates(self, y: Array) -> Array:
        """dy/dt [n_y], those of fixed states too; `w` then holds the streams."""
        self._kernels.rates_at(self.plant.tables, y, self.p, self.w, self._dy)
        return self._dy.copy()

    def observe(self, y: Array) -> Array:
        """The same; `w` then holds measurements and holdups as well."""
        self._kernels.observe_at(self.plant.tables, y, self.p, self.w, self._dy)
        return self._dy.copy()

    def linearise(self, y: Array) -> Array:
        """The same as `rates`, and the matrix of `factorise` is that of this point."""
        arguments = (self.w, self._dy, self._buffers, self._values, self._q_values)
        self._kernels.linearise(self.plant.tables, self.jacobian, y, self.p, *arguments)
        return self._dy.copy()

    def factorise(self, scale: float) -> bool:
        """Factorise scale·I − J; False when that cannot be done."""
        matrix = (self._values, scale, self._lower, self._upper, self._pivot, self._row)
        good = int(self._kernels.factorise(self._factors, *matrix)) < 0
        if not good:
            self._row[:] = 0.0
        return good

    def solve(self, f: Array) -> Array:
        """Solve (scale·I − J) d = f for the free states; d is 0 for the fixed ones."""
        n = self.plant.n_y
        self._rhs[:n] = np.where(self.fixed, 0.0, f)
        self._kernels.solve(self._factors, self._lower, self._upper, self._pivot, self._rhs, self._out, self._row)
        return self._out[:n].copy()

    def matrix(self) -> tuple[Array, Array, Array]:
        """J = df/dy at the point last linearised: rows, columns and values of what is not zero."""
        n = self.plant.n_y
        if self._plan is None:  # found once: it takes as long as hundreds of evaluations
            self._plan = elimination(self.jacobian, n, self.plant.n_aux, self.plant.n_q)
        plan, rows, pointers = self._plan
        numbers, scratch, out = np.zeros(len(plan.pattern)), np.zeros(n), np.zeros(len(rows))
        self._kernels.eliminate(plan, self._values, self._q_values, n, numbers, scratch, out)
        columns = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
        kept = (out != 0.0) & (rows < n) & (columns < n)
        return rows[kept].astype(np.int64), columns[kept].astype(np.int64), out[kept]
