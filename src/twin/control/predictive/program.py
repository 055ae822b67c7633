"""The quadratic program of a predictive controller, and its solver.

Unknown are moves Δu at a few instants of the horizon, ever further apart, and by how much soft limits are passed.
Minimised are, with deviations in spans, Σ w (y − setpoint)² + Σ w Δu² + Σ pull (u − target)² + ρ₁ ε + ρ₂ ε².

Where moved values have costs, a smaller program comes first: where they rest at the least cost within the limits, by
what a step of each does in the end. That is their target then.

Solved by Clarabel, an interior-point method (Goulart & Chen, arXiv:2405.12762), to its tolerances and by one thread:
the same program gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.config.predictive_spec import MeasuredSpec, MovedSpec
from twin.control.linear.needs import library
from twin.quantity import Array

#: Price of passing a soft limit by a span: large beside any weight, so that limits come first.
LINEAR_PRICE, SQUARE_PRICE = 1e3, 1e4
#: Keeps the program strictly convex where weights are zero.
LEAST = 1e-8
#: Of costs, in spans: of all points of the same cost the nearest.
CURVATURE = 1e-4


class NoSolution(Exception):
    """The program has none, or the solver did not come to it: the message says which."""


@dataclass(frozen=True)
class Plan:
    """What was decided.

    Attributes
    ----------
    planned : array [instants, moved]
        Moves, those of now first.
    excess : array [measured]
        By how much limits are passed in the prediction at most, in spans.
    predicted : array [steps, measured]
    iterations : int
    """

    planned: Array
    excess: Array
    predicted: Array
    iterations: int

    @property
    def moves(self) -> Array:
        """Those of now, array [moved]."""
        return np.asarray(self.planned[0])


def instants(moves: int, steps: int) -> tuple[int, ...]:
    """Periods at which moves are planned: 0, 1, 2, 4, 8, … within the horizon."""
    found = [0]
    gap = 1
    while len(found) < moves and found[-1] + gap < steps:
        found.append(found[-1] + gap)
        gap = max(1, found[-1])
    return tuple(found)


class Program:
    """Programs of one linear model.

    Parameters
    ----------
    measured, moved : sequence of specs
    responses : array [steps, measured, moved]
        Outputs after steps of 1.
    at : tuple of int
        Periods at which is moved.
    period : float
    iterations : int
        Of the solver, at most.
    """

    def __init__(
        self,
        measured: Sequence[MeasuredSpec],
        moved: Sequence[MovedSpec],
        responses: Array,
        at: tuple[int, ...],
        period: float,
        iterations: int,
    ) -> None:
        self.measured, self.moved, self.at, self.period = measured, moved, at, period
        self.iterations = iterations
        steps, r, m = responses.shape
        self.steps, self.r, self.m, self.blocks = steps, r, m, len(at)
        self.spans = np.array([one.span for one in moved])
        self.scales = np.array([one.span for one in measured])
        # effect of moves, in spans, on measurements, in spans: [steps, r, blocks, m]
        effect = np.zeros((steps, r, self.blocks, m))
        for b, start in enumerate(at):
            effect[start:, :, b] = responses[: steps - start]
        effect *= self.spans / self.scales[None, :, None, None]
        self.effect = effect.reshape(steps, r, self.blocks * m)
        # u after each move, in spans away from now
        #: effect of a step of each in the end, in spans: [r, m]
        self.ends = responses[-1] * self.spans / self.scales[:, None]
        self.sums = np.kron(np.tril(np.ones((self.blocks, self.blocks))), np.eye(m))
        self.soft = [k for k, one in enumerate(measured) if not one.hard and _limited(one)]

    def rest(self, free: Array, now: Array, setpoints: Array) -> Array:
        """Targets [moved]: those given, NaN for none; with costs where it is cheapest to rest within the limits.

        Parameters
        ----------
        free, now, setpoints
            As for :meth:`solve`; what the last period of the horizon shows stands for the end.

        Raises
        ------
        NoSolution
        """
        given = np.array([math.nan if one.target is None else one.target for one in self.moved])
        costs = np.array([one.cost for one in self.moved])
        if not costs.any():
            return given
        if not (np.all(np.isfinite(free)) and np.all(np.isfinite(now))):
            raise NoSolution("the prediction is not finite")
        n, count = self.m, self.m + len(self.soft)
        H, g = CURVATURE * np.eye(count), np.zeros(count)
        g[:n] = 0.5 * costs
        for k, one in enumerate(self.measured):
            if not np.isnan(setpoints[k]) and one.weight > 0.0:
                E = self.ends[k][None]
                H[:n, :n] += one.weight * E.T @ E
                g[:n] += one.weight * E[0] * (free[-1, k] - setpoints[k]) / one.span
        self._price(H, g, n)
        rows = Rows(count)
        high, low = (np.array([getattr(one, name) for one in self.moved]) for name in ("high", "low"))
        rows.add(np.eye(n), np.maximum(high - now, 0.0) / self.spans)
        rows.add(-np.eye(n), np.maximum(now - low, 0.0) / self.spans)
        self._limits(rows, self.ends[None], free[-1:], n)
        z, _ = self._solve(H, g, *rows.all())
        return np.asarray(now + z[:n] * self.spans)

    def solve(self, free: Array, now: Array, setpoints: Array, targets: Array | None = None) -> Plan:
        """Decide.

        Parameters
        ----------
        free : array [steps, measured]
            What comes if nothing is moved.
        now : array [moved]
            Values that are moved, as they are.
        setpoints : array [measured]
            NaN where there is none.
        targets : array [moved], optional
            From :meth:`rest`, in place of those given.

        Raises
        ------
        NoSolution
        """
        if targets is None:
            targets = np.array([math.nan if one.target is None else one.target for one in self.moved])
        n, count = self.blocks * self.m, self.blocks * self.m + len(self.soft)
        if not (np.all(np.isfinite(free)) and np.all(np.isfinite(now))):
            raise NoSolution("the prediction is not finite")
        H, g = LEAST * np.eye(count), np.zeros(count)
        for k, one in enumerate(self.measured):
            if not np.isnan(setpoints[k]) and one.weight > 0.0:
                E, e = self.effect[:, k], (free[:, k] - setpoints[k]) / one.span
                H[:n, :n] += one.weight * E.T @ E
                g[:n] += one.weight * E.T @ e
        for b in range(self.blocks):
            for j, moved in enumerate(self.moved):
                H[b * self.m + j, b * self.m + j] += moved.weight
                if not np.isnan(targets[j]) and moved.pull > 0.0:
                    row = self.sums[b * self.m + j]
                    away = (now[j] - targets[j]) / moved.span
                    # a planned value holds for as long as to the next one
                    lasts = ((self.at[b + 1] if b + 1 < self.blocks else self.steps) - self.at[b]) * moved.pull
                    H[:n, :n] += lasts * np.outer(row, row)
                    g[:n] += lasts * row * away
        self._price(H, g, n)
        z, iterations = self._solve(H, g, *self._constraints(free, now, n, count))
        excess = np.zeros(self.r)
        excess[self.soft] = np.maximum(z[n:], 0.0)
        predicted = free + (self.effect @ z[:n]) * self.scales
        return Plan(z[:n].reshape(self.blocks, self.m) * self.spans, excess, predicted, iterations)

    def _price(self, H: Array, g: Array, n: int) -> None:
        """Let it cost to pass soft limits."""
        g[n:] += 0.5 * LINEAR_PRICE
        H[range(n, len(g)), range(n, len(g))] += SQUARE_PRICE

    def _constraints(self, free: Array, now: Array, n: int, count: int) -> tuple[Array, Array]:
        rows = Rows(count)
        high, low = (np.array([getattr(one, name) for one in self.moved]) for name in ("high", "low"))
        # a value that somebody else has moved outside goes no further
        rows.add(self.sums, np.tile(np.maximum(high - now, 0.0) / self.spans, self.blocks))
        rows.add(-self.sums, np.tile(np.maximum(now - low, 0.0) / self.spans, self.blocks))
        for j, one in enumerate(self.moved):
            if one.rate is not None:
                picked = np.zeros((self.blocks, n))
                picked[range(self.blocks), [b * self.m + j for b in range(self.blocks)]] = 1.0
                most = np.full(self.blocks, one.rate * self.period / self.spans[j])
                rows.add(picked, most)
                rows.add(-picked, most)
        self._limits(rows, self.effect, free, n)
        return rows.all()

    def _limits(self, rows: Rows, effect: Array, free: Array, n: int) -> None:
        """Limits of measurements, of which effect [steps, r, n] says what is moved does to them."""
        for k, one in enumerate(self.measured):
            for limit, sign in ((one.high, 1.0), (one.low, -1.0)):
                if limit is None:
                    continue
                block = np.zeros((len(free), rows.count))
                block[:, :n] = sign * effect[:, k]
                if k in self.soft:
                    block[:, n + self.soft.index(k)] = -1.0
                rows.add(block, sign * (limit - free[:, k]) / one.span)
        if self.soft:
            block = np.zeros((len(self.soft), rows.count))
            block[range(len(self.soft)), range(n, rows.count)] = -1.0
            rows.add(block, np.zeros(len(self.soft)))

    def _solve(self, H: Array, g: Array, rows: Array, limits: Array) -> tuple[Array, int]:
        sparse, clarabel = library("scipy.sparse"), library("clarabel")
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.max_iter = self.iterations
        solver = clarabel.DefaultSolver(
            sparse.csc_matrix(np.triu(2.0 * H)),
            2.0 * g,
            sparse.csc_matrix(rows),
            limits,
            [clarabel.NonnegativeConeT(len(limits))],
            settings,
        )
        found = solver.solve()
        status = str(found.status)
        if status != "Solved":
            raise NoSolution(f"the solver says {status}")
        z = np.array(found.x)
        if not np.all(np.isfinite(z)):
            raise NoSolution("the solution is not finite")
        return z, int(found.iterations)


class Rows:
    """Rows and limits of rows · z ≤ limits, collected."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._rows: list[Array] = []
        self._limits: list[Array] = []

    def add(self, block: Array, limit: Array) -> None:
        """Add rows; unknown that they do not name have no part in them."""
        wide = np.zeros((len(block), self.count))
        wide[:, : block.shape[1]] = block
        self._rows.append(wide)
        self._limits.append(limit)

    def all(self) -> tuple[Array, Array]:
        """Give all rows, and their limits."""
        return np.concatenate(self._rows), np.concatenate(self._limits)


def _limited(one: MeasuredSpec) -> bool:
    return one.low is not None or one.high is not None
