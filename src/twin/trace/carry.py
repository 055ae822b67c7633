"""Carries marked material through a network: M' = A(t) M + b(t), with A from the plant's own masses and flows.

M is the mass of each mark (a lot, a tracer, an age moment) in every cell and in every product so far. What leaves a
cell takes of each mark its share of the cell. Columns of A add up to zero, so that no method of Runge and Kutta
gains or loses any of a mark, and fractions of a product add up to one by construction; how far the sum of all marks
is from the plant's own mass tells the error of it all.

Method: SDIRK of order 4, five stages, L-stable and stiffly accurate, with an embedded one of order 3 (Hairer &
Wanner, Solving ODEs II, 2nd ed., table IV.6.5). Points that hold nothing are algebraic equations of the same stages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.jit import arm
from twin.trace import kernels
from twin.trace.network import TraceError
from twin.trace.trajectory import Trajectory

C = np.array([1.0 / 4.0, 3.0 / 4.0, 11.0 / 20.0, 1.0 / 2.0, 1.0])
A = np.array(
    [
        [1.0 / 4.0, 0.0, 0.0, 0.0, 0.0],
        [1.0 / 2.0, 1.0 / 4.0, 0.0, 0.0, 0.0],
        [17.0 / 50.0, -1.0 / 25.0, 1.0 / 4.0, 0.0, 0.0],
        [371.0 / 1360.0, -137.0 / 2720.0, 15.0 / 544.0, 1.0 / 4.0, 0.0],
        [25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 1.0 / 4.0],
    ]
)
ERROR = A[4] - np.array([59.0 / 48.0, -17.0 / 96.0, 225.0 / 32.0, -85.0 / 12.0, 0.0])


@dataclass(frozen=True)
class Mark:
    """What marks material: from `start` to `end`, this share of what flows through a point gets it."""

    column: int
    point: int
    start: float = -math.inf
    end: float = math.inf
    share: float = 1.0


@dataclass(frozen=True)
class Aging:
    """`column` grows in every cell with `factor` times the mass that `of` has there: moments of age."""

    column: int
    of: int
    factor: float = 1.0


@dataclass
class Carried:
    """What has been carried.

    Attributes
    ----------
    time : array [n]
    held : array [n, cells, columns]
        Mass in every cell, in kg.
    out : array [n, sinks, columns]
        Mass in every product so far, in kg.
    rate : array [n, watched, columns]
        Flow through the points watched, in kg/s.
    """

    time: np.ndarray
    held: np.ndarray
    out: np.ndarray
    rate: np.ndarray
    steps: int = 0


class Carrier:
    """Carries marks along a trajectory.

    Parameters
    ----------
    trajectory : Trajectory
    columns : int
        How many marks.
    marks : sequence of Mark
    aging : sequence of Aging
        In an order in which each comes after what it grows with.
    tolerance : float
        Error of a step, relative to all that a column has carried.
    watch : sequence of int
        Points whose flow of each mark is kept.
    charged : int
        Column of what an impulse puts into a cell; -1 for none.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        columns: int,
        marks: Sequence[Mark] = (),
        aging: Sequence[Aging] = (),
        *,
        tolerance: float = 1e-8,
        watch: Sequence[int] = (),
        charged: int = -1,
    ) -> None:
        arm(kernels)
        net = trajectory.network
        self.trajectory, self.columns, self.marks = trajectory, columns, tuple(marks)
        self.tolerance, self.charged = tolerance, charged
        self.n_cells, self.held, self.n = len(net.cells), net.n_held, net.n
        self.watch = np.array(watch, dtype=np.int64)
        outgoing = np.bincount(net.source, minlength=self.n).astype(float)
        sizes = np.array([self.n_cells, self.held, self.n], dtype=np.int64)
        self._edges = kernels.Edges(net.source, net.target, outgoing, sizes)
        self._pieces = kernels.Pieces(*(np.ascontiguousarray(a) for a in (trajectory.m, trajectory.F, trajectory.feed)))
        self._marking = kernels.Marking(
            np.array([mark.point for mark in self.marks], dtype=np.int64),
            np.array([mark.column for mark in self.marks], dtype=np.int64),
            np.zeros(len(self.marks)),
            np.array([one.column for one in aging], dtype=np.int64),
            np.array([one.of for one in aging], dtype=np.int64),
            np.array([one.factor for one in aging], dtype=float),
        )
        n, held = self.n, self.held
        self._lent = kernels.Lent(
            np.zeros(self.n_cells),
            np.zeros(len(net.source)),
            np.zeros(len(net.pipes)),
            np.zeros(n),
            np.zeros((n, n)),
            np.zeros(n, dtype=np.int64),
            np.zeros((held, columns)),
            np.zeros((5, held, columns)),
            np.zeros((n, 1)),
            np.zeros((n, columns)),
        )

    def empty(self) -> np.ndarray:
        """Give a start with no mark anywhere [cells + sinks, columns]."""
        return np.zeros((self.held, self.columns))

    def pulse(self, X: np.ndarray, column: int, point: int, mass: float, t: float) -> None:
        """Put a mass into a point at once: a pipe's is shared out among the cells behind it."""
        if point < self.held:
            X[point, column] += mass
            return
        k, weights = self.trajectory.piece(t, after=True)
        lent, held = self._lent, self.held
        kernels.at_instant(self._pieces, k, weights, lent)
        kernels.matrix(self._edges, lent)
        b = np.zeros(self.n - held)
        b[point - held] = mass
        passing = np.linalg.solve(-lent.a[held:, held:], b)
        X[:, column] += lent.a[:held, held:] @ passing

    def run(
        self,
        start: float,
        end: float,
        X: np.ndarray,
        stops: Iterable[float] = (),
        grid: Sequence[float] | np.ndarray | None = None,
        most: int = 500_000,
    ) -> Carried:
        """Carry from `start` to `end`.

        Parameters
        ----------
        start, end : float
            In s.
        X : array [cells + sinks, columns]
            Masses at the start; not changed.
        stops : iterable of float
            Times that a step must end at.
        grid : sequence of float, optional
            Times to keep, each of them a stop; every step unless given.
        most : int
            Steps at most.

        Returns
        -------
        Carried
            At an event, the flows watched are those just after it.

        Raises
        ------
        TraceError
            When steps become too many or too small.
        """
        trajectory, held = self.trajectory, self.held
        jumps = trajectory.jumps()
        edges = [t for mark in self.marks for t in (mark.start, mark.end) if math.isfinite(t)]
        given = np.array([] if grid is None else grid, dtype=float)
        stop_at = np.unique(np.concatenate([jumps, np.array([*stops, *edges, end], dtype=float), given]))
        stop_at = stop_at[(stop_at > start) & (stop_at <= end)]
        jump_set, kept = {float(t) for t in jumps}, {float(t) for t in given}
        x, stage = np.zeros((self.n, self.columns)), np.zeros((self.n, self.columns))
        x[:held] = X
        t, h, steps = start, 0.0, 0
        times: list[float] = []
        states: list[np.ndarray] = []

        def keep() -> None:
            if grid is None or t in kept:
                times.append(t)
                states.append(x.copy())

        self._pipes(t, x)
        keep()
        for stop in stop_at.tolist():
            while t < stop:
                h = h or self._first(t, stop)
                took = stop - t if min(h, stop - t) * 1.01 >= stop - t else h
                arrives = stop if took == stop - t else t + took
                error = self._step(t, took, arrives, x, stage)
                steps += 1
                factor = min(4.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.25))
                if error <= 1.0:
                    x, stage, t = stage, x, arrives
                    h = max(h, took * factor) if took < h else took * factor
                    if t < stop:
                        keep()
                else:
                    h = took * factor
                    if h < 1e-12 * max(abs(t), 1e-3) or steps > most:
                        raise TraceError(f"tracing stopped at {t:g} s after {steps} steps: none is small enough")
            if t in jump_set and t < trajectory.end:
                self._jump(t, x)
                h = 0.0
            if t in jump_set or t in edges:
                self._pipes(t, x)
            keep()
        every = np.array(states).reshape(-1, self.n, self.columns)
        return Carried(
            np.array(times), every[:, : self.n_cells], every[:, self.n_cells : held], every[:, self.watch], steps
        )

    def _first(self, t: float, stop: float) -> float:
        k, weights = self.trajectory.piece(t, after=True)
        kernels.at_instant(self._pieces, k, weights, self._lent)
        kernels.matrix(self._edges, self._lent)
        fastest = float(np.max(np.abs(self._lent.a[: self.held, : self.held]), initial=0.0))
        return min(stop - t, 1e-3 / fastest if fastest > 0.0 else stop - t)

    def _active(self, t: float) -> None:
        for i, mark in enumerate(self.marks):
            self._marking.share[i] = mark.share if mark.start <= t < mark.end else 0.0

    def _pipes(self, t: float, x: np.ndarray) -> None:
        """Work out what flows in the pipes just after an instant."""
        self._active(t)
        k, weights = self.trajectory.piece(t, after=True)
        failed = kernels.pipes(self._edges, self._pieces, self._marking, self._lent, k, weights, x)
        self._refuse(failed, t)

    def _step(self, t: float, h: float, end: float, x: np.ndarray, stage: np.ndarray) -> float:
        """One step; gives its error over the tolerance."""
        self._active(t)
        found = [self.trajectory.piece(end if c == 1.0 else t + c * h) for c in C]
        k = np.array([piece for piece, _ in found], dtype=np.int64)
        weights = np.array([weights for _, weights in found])
        failed = kernels.step(self._edges, self._pieces, self._marking, self._lent, A, ERROR, k, weights, h, x, stage)
        self._refuse(failed, t)
        scale = np.maximum(np.abs(x[: self.held]).sum(axis=0), np.abs(stage[: self.held]).sum(axis=0))
        size = np.abs(self._lent.error[: self.n_cells]).sum(axis=0)
        relative = np.divide(size, scale, out=np.zeros_like(size), where=scale > 0.0)
        return float(np.max(relative, initial=0.0)) / self.tolerance

    def _refuse(self, row: int, t: float) -> None:
        if row >= 0:
            net = self.trajectory.network
            name = (*net.cells, *net.sinks, *net.pipes)[row]
            raise TraceError(f"at {t:g} s material goes round without being held anywhere, near {name}")

    def _jump(self, t: float, x: np.ndarray) -> None:
        """An impulse: what is taken out at once takes of each mark its share; what comes in is marked as such."""
        before, after = self.trajectory.at(t)[0], self.trajectory.at(t, after=True)[0]
        size = max(float(np.max(before, initial=0.0)), 1e-300)
        for cell in np.flatnonzero(np.abs(after - before) > 1e-9 * size):
            if after[cell] < before[cell]:
                x[cell] *= after[cell] / before[cell]
            elif self.charged >= 0:
                x[cell, self.charged] += after[cell] - before[cell]
