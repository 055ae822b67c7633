"""Whether a filter's model still is the plant: tests of its innovations with a stated rate of false alarms.

If the model is right, innovations ν are white with the covariance S that the filter gives. So are

- windows: the sum of ν' S⁻¹ ν over a window is of χ² with as many degrees of freedom as there were readings;
- of each sensor, ν divided by its standard deviation;
- of each disturbance, the filter's own correction of it, (K ν)ⱼ, divided by its standard deviation √(K S K')ⱼⱼ.

The last two are summed as they come (Page's CUSUM, two-sided), once with a slack of 1/2 and once with 0.15: a number
that sensors tell little of is corrected by a little at each look, and for long. Limits follow from the mean time
between false alarms that was asked for: the average run length of standard normal numbers, by Page's integral
equation. A parameter that goes on being corrected the same way is one that drifts more than the filter was told.

One that drifts as the filter was told of is corrected without any such sign. Whether it still is what it was at the
start says its estimate: had it stayed there, the estimate would lie about it with no more than the standard deviation
that the filter gives, for a filter that allows for more noise than there is has errors that are smaller than it says.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from twin.control.linear.needs import library
from twin.quantity import Array

#: Deviations that are not summed, in standard deviations: half of the shift that is found fastest.
SLACK, SLACKS = 0.5, (0.5, 0.15)
#: Nodes of the integral equation.
NODES = 128


@functools.cache
def _nodes() -> tuple[Array, Array]:
    x, weights = np.polynomial.legendre.leggauss(NODES)
    return np.asarray(x), np.asarray(weights)


def run_length(limit: float, slack: float = SLACK) -> float:
    """Average run length of a two-sided CUSUM on white standard normal numbers, from zero on.

    Of one side L(z) = 1 + L(0) Φ(k - z) + ∫ L(x) φ(x + k - z) dx over 0 … limit (Page, Biometrika 41 (1954) 100,
    doi:10.1093/biomet/41.1-2.100), at Gauss's nodes. Both sides together: half of it.
    """
    x, weights = _nodes()
    x, weights = 0.5 * limit * (x + 1.0), 0.5 * limit * weights
    z = np.append(x, 0.0)  # the last unknown is L(0)
    cdf = library("scipy.special").ndtr
    A = np.eye(len(z))
    A[:, :-1] -= weights * np.exp(-0.5 * (x[None] + slack - z[:, None]) ** 2) / math.sqrt(2.0 * math.pi)
    A[:, -1] -= cdf(slack - z)
    return 0.5 * float(np.linalg.solve(A, np.ones(len(z)))[-1])


@functools.cache
def limit_for(length: float, slack: float = SLACK) -> float:
    """Limit of a CUSUM whose average run length, with nothing wrong, is so many values."""
    low = high = 0.1
    while run_length(high, slack) < length:  # no further than it has to: run lengths grow as an exponential
        low, high = high, 1.2 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if run_length(middle, slack) < length else (low, middle)
    return 0.5 * (low + high)


def window_limit(readings: int, chance: float) -> float:
    """What the sum of normalised innovations squared of a window passes with this chance, with nothing wrong."""
    return float(library("scipy.stats").chi2.isf(chance, readings))


class Cusum:
    """Two-sided CUSUMs of several rows of white standard normal numbers, each with one or several slacks.

    Parameters
    ----------
    count : int
        Rows.
    length : float
        Average run length with nothing wrong, of each row with all its slacks.
    slacks : sequence of float, optional
    """

    def __init__(self, count: int, length: float, slacks: Sequence[float] = SLACKS) -> None:
        self.slacks = np.array(slacks)
        self.limits = np.array([limit_for(length * len(slacks), slack) for slack in slacks])
        self.sums, self.since = np.zeros((count, 2, len(slacks))), np.full((count, 2, len(slacks)), math.nan)

    def see(self, time: float, z: Array) -> list[tuple[int, int, float]]:
        """Add values (NaN: none); give (row, direction, since when) of those that pass, whose sums begin anew."""
        passed = []
        for row in np.flatnonzero(np.isfinite(z)).tolist():
            for side, sign in enumerate((1.0, -1.0)):
                before, since = self.sums[row, side], self.since[row, side]
                total = np.maximum(before + sign * z[row] - self.slacks, 0.0)
                since[(before == 0.0) & (total > 0.0)] = time
                over = np.flatnonzero(total > self.limits)
                if len(over):
                    passed.append((row, int(sign), float(since[over[0]])))
                    total[:] = 0.0
                since[total == 0.0] = math.nan
                self.sums[row, side] = total
        return passed


class Change:
    """Whether numbers are still what they were, by estimates of them with standard deviations.

    Parameters
    ----------
    start : array [rows]
        What they were.
    length : float
        Looks between two false alarms of each, at the least: estimates of following looks are alike.
    """

    def __init__(self, start: Array, length: float) -> None:
        self.start = start
        self.limit = float(library("scipy.special").ndtri(1.0 - 0.5 / length))
        self.outside = np.zeros(len(start), dtype=bool)
        self.since = np.full(len(start), math.nan)  #: when the estimate was last within its standard deviation

    def see(self, time: float, values: Array, sds: Array) -> list[tuple[int, int, float]]:
        """Take estimates; give (row, direction, since when) of those that have just passed.

        One that comes back to half of the limit can pass again.
        """
        sure = sds > 0.0
        z = np.where(sure, values - self.start, 0.0) / np.where(sure, sds, 1.0)
        self.since = np.where((np.abs(z) <= 1.0) | np.isnan(self.since), time, self.since)
        passed = (np.abs(z) > self.limit) & ~self.outside
        self.outside = (self.outside | passed) & (np.abs(z) > 0.5 * self.limit)
        return [(row, int(np.sign(z[row])), float(self.since[row])) for row in np.flatnonzero(passed).tolist()]
