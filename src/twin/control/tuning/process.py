"""Processes of one or two time constants and a delay: their answers, and how they are found in records.

    K e^(−θs)/(T s + 1),   K e^(−θs)/((T s + 1)(T_2 s + 1)),   K e^(−θs)/s

An input that moves in steps gives a sum of delayed step responses, so that a step test, a pulse and a relay's
record are all fitted in the same way, by least squares on the exact answers.

References: Söderström & Stoica, System Identification, Prentice Hall 1989, chapter 7 (ISBN 978-0-13-881236-2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.control.linear.needs import library
from twin.errors import TwinError
from twin.quantity import Array

#: Orders: an integrator, one and two time constants.
INTEGRATOR, FIRST, SECOND = 0, 1, 2
#: Degrees of freedom below which a fit says nothing.
LEAST = 8
#: Of nine starts, the best so many are followed.
TRIED = 3


class NoFit(TwinError):
    """A record from which nothing can be identified."""


@dataclass(frozen=True)
class Process:
    """A process; times in s, gain in units of the measurement by those of the output (an integrator's: by s)."""

    order: int
    K: float
    theta: float
    T: float = 0.0
    T_2: float = 0.0

    def step(self, t: Array) -> Array:
        """Answer to a step of 1 at time zero."""
        s = np.maximum(t - self.theta, 0.0)
        if self.order == INTEGRATOR:
            return np.asarray(self.K * s)
        if self.order == FIRST:
            return np.asarray(-self.K * np.expm1(-s / self.T))
        a, b = self.T, self.T_2
        if abs(a - b) < 1e-4 * a:  # the limit of equal ones; next to it the difference of two answers has no digits
            m = 0.5 * (a + b)
            return np.asarray(self.K * (1.0 - (1.0 + s / m) * np.exp(-s / m)))
        return np.asarray(self.K * (1.0 - (a * np.exp(-s / a) - b * np.exp(-s / b)) / (a - b)))

    def answer(self, t: Array, moves: Sequence[tuple[float, float]]) -> Array:
        """Answer to steps (time, size)."""
        found = np.zeros_like(t)
        for time, size in moves:
            found += size * self.step(t - time)
        return found

    def response(self, omega: Array) -> Array:
        """G(jω)."""
        s = 1j * np.asarray(omega)
        lag = s if self.order == INTEGRATOR else (self.T * s + 1.0) * (self.T_2 * s + 1.0)
        return np.asarray(self.K * np.exp(-self.theta * s) / lag)

    @property
    def settling(self) -> float:
        """Time after which a step is over, or an integrator's delay."""
        return self.theta + 4.0 * (self.T + self.T_2)

    def first_order(self) -> Process:
        """Give the first-order process of the half rule (Skogestad 2003) for one of second order."""
        if self.order != SECOND:
            return self
        half = 0.5 * self.T_2
        return Process(FIRST, self.K, self.theta + half, self.T + half)


@dataclass(frozen=True)
class Fit:
    """A process that was found.

    Attributes
    ----------
    process : Process
    error : float
        Root mean square of what is left over.
    share : float
        The same relative to the spread of the record.
    interval : dict
        Half widths of 95 % confidence of K, T, T_2, theta, if what is left over is white noise.
    """

    process: Process
    error: float
    share: float
    interval: dict[str, float] = field(default_factory=dict)


def identify(t: Array, y: Array, moves: Sequence[tuple[float, float]], order: int = FIRST) -> Fit:
    """Fit a process to a record.

    Parameters
    ----------
    t, y : arrays
        The measurement's deviation; a constant offset is found along.
    moves : sequence of (time, size)
        Steps of the output.
    order : int

    Raises
    ------
    NoFit
        When the measurement does not answer, or nothing was moved.
    """
    optimize, stats = library("scipy.optimize"), library("scipy.stats")
    span, spread = float(t[-1] - t[0]), float(np.ptp(y))
    biggest = max((abs(size) for _, size in moves), default=0.0)
    if len(t) < LEAST + order + 3 or not span > 0.0:
        raise NoFit("the record is too short to identify a process")
    if not spread > 0.0 or not biggest > 0.0:
        raise NoFit("the measurement does not answer: nothing can be identified")
    gain = spread / biggest

    def process(v: Array) -> Process:
        theta = abs(float(v[1])) * span
        if order == INTEGRATOR:
            return Process(order, float(v[0]) * gain / span, theta)
        times = sorted((float(np.exp(x)) * span for x in v[2 : 2 + order]), reverse=True)
        return Process(order, float(v[0]) * gain, theta, *times)

    def linear(v: Array) -> tuple[Array, Array]:
        """The best gain and offset for given times, and what is left over."""
        shape = process(np.concatenate([[1.0], v])).answer(t, moves)
        base = np.column_stack([shape, np.ones_like(t)])
        best = np.linalg.lstsq(base, y, rcond=None)[0]
        return best, (base @ best - y) / spread

    lags = (0.03, 0.15, 0.6) if order else (1.0,)
    starts = [
        np.array([delay, *(np.log(T * part) for part in (1.0, 0.4)[:order])])
        for delay in (0.005, 0.05, 0.2)
        for T in lags
    ]
    starts.sort(key=lambda v: float(np.sum(linear(v)[1] ** 2)))
    best: tuple[float, Array] | None = None
    for start in starts[:TRIED]:
        found = optimize.least_squares(lambda v: linear(v)[1], start, method="trf", x_scale=1.0, max_nfev=60)
        if best is None or found.cost < best[0]:
            best = (float(found.cost), found.x)
    assert best is not None
    first, _ = linear(best[1])

    def residual(v: Array) -> Array:
        return np.asarray((process(v[:-1]).answer(t, moves) + v[-1] * spread - y) / spread)

    start = np.concatenate([[first[0]], best[1], [first[1] / spread]])
    done = optimize.least_squares(residual, start, method="trf", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=400)
    left = done.fun * spread
    freedom = len(t) - len(done.x)
    variance = float(left @ left) / freedom
    covariance = np.linalg.pinv(done.jac.T @ done.jac) * variance / spread**2
    width = stats.t.ppf(0.975, freedom) * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    model = process(done.x[:-1])
    interval = {"K": float(width[0] * abs(model.K / done.x[0])), "theta": float(width[1]) * span}
    order_of = np.argsort(-done.x[2 : 2 + order])
    for name, k in zip(("T", "T_2"), order_of.tolist(), strict=False):
        interval[name] = float(width[2 + k] * getattr(model, name))
    return Fit(model, float(np.sqrt(variance)), float(np.sqrt(variance) / spread), interval)


def best_fit(t: Array, y: Array, moves: Sequence[tuple[float, float]]) -> Fit:
    """Fit what the record supports: an integrator where it has not bent, two time constants where they tell."""
    one = identify(t, y, moves, FIRST)
    if one.process.T > 3.0 * float(t[-1] - t[0]):
        return identify(t, y, moves, INTEGRATOR)
    two = identify(t, y, moves, SECOND)
    return two if two.error < 0.7 * one.error else one
