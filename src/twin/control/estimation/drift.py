"""Whether a filter's model still is the plant: tests of its innovations with a stated rate of false alarms.

If the model is right, innovations ν are white with the covariance S that the filter gives. So are

- windows: the sum of ν' S⁻¹ ν over a window is of χ² with as many degrees of freedom as there were readings;
- of each sensor, ν divided by its standard deviation;
- of each disturbance, the filter's own correction of it, (K ν)ⱼ, divided by its standard deviation √(K S K')ⱼⱼ.

The last two are summed as they come (Page's CUSUM, two-sided, slack 1/2). Its limit follows from the mean time
between false alarms that was asked for: the average run length of standard normal numbers, by Page's integral
equation. A parameter that goes on being corrected the same way is one that drifts.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from twin.control.linear.needs import library
from twin.quantity import Array

#: Deviation that is not summed, in standard deviations: half of the shift that is found fastest.
SLACK = 0.5
#: Nodes of the integral equation.
NODES = 64
#: Greatest limit that is looked for.
HIGHEST = 40.0


def run_length(limit: float, slack: float = SLACK) -> float:
    """Average run length of a two-sided CUSUM on white standard normal numbers, from zero on.

    Of one side L(z) = 1 + L(0) Φ(k - z) + ∫ L(x) φ(x + k - z) dx over 0 … limit (Page, Biometrika 41 (1954) 100,
    doi:10.1093/biomet/41.1-2.100), at Gauss's nodes. Both sides together: half of it.
    """
    x, weights = np.polynomial.legendre.leggauss(NODES)
    x, weights = 0.5 * limit * (x + 1.0), 0.5 * limit * weights
    z = np.append(x, 0.0)  # the last unknown is L(0)
    cdf = library("scipy.special").ndtr
    A = np.eye(len(z))
    A[:, :-1] -= weights * np.exp(-0.5 * (x[None] + slack - z[:, None]) ** 2) / math.sqrt(2.0 * math.pi)
    A[:, -1] -= cdf(slack - z)
    return 0.5 * float(np.linalg.solve(A, np.ones(len(z)))[-1])


@functools.cache
def limit_for(length: float) -> float:
    """Limit of a CUSUM whose average run length, with nothing wrong, is so many values."""
    low, high = 0.1, HIGHEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if run_length(middle) < length else (low, middle)
    return 0.5 * (low + high)


def window_limit(readings: int, chance: float) -> float:
    """What the sum of normalised innovations squared of a window passes with this chance, with nothing wrong."""
    return float(library("scipy.stats").chi2.isf(chance, readings))


class Cusum:
    """Two-sided CUSUMs of several rows of white standard normal numbers.

    Parameters
    ----------
    count : int
        Rows.
    length : float
        Average run length with nothing wrong, of each row.
    """

    def __init__(self, count: int, length: float) -> None:
        self.limit = limit_for(length)
        self.sums, self.since = np.zeros((count, 2)), np.full((count, 2), math.nan)

    def see(self, time: float, z: Array) -> list[tuple[int, int, float]]:
        """Add values (NaN: none); give (row, direction, since when) of those that pass, whose sum begins anew."""
        passed = []
        for row in np.flatnonzero(np.isfinite(z)).tolist():
            for side, sign in enumerate((1.0, -1.0)):
                total = self.sums[row, side] + sign * z[row] - SLACK
                if total <= 0.0:
                    self.sums[row, side], self.since[row, side] = 0.0, math.nan
                    continue
                if self.sums[row, side] == 0.0:
                    self.since[row, side] = time
                self.sums[row, side] = total
                if total > self.limit:
                    passed.append((row, int(sign), float(self.since[row, side])))
                    self.sums[row, side], self.since[row, side] = 0.0, math.nan
        return passed
