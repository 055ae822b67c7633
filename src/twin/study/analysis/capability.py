"""Process capability, and the probability of failing a limit, with their uncertainties.

Cp = (USL − LSL)/6σ, Cpk = min(USL − µ, µ − LSL)/3σ. Interval of Cp: chi-squared; of Cpk: Bissell, Appl. Statist.
39 (1990) 331. Interval of a failure probability: Clopper & Pearson, Biometrika 26 (1934) 404 (exact, so that no
failure in n runs still gives an upper bound).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.table import varies


@dataclass(frozen=True)
class Capability:
    """Capability of one response against its limits; NaN where a limit that is needed is missing."""

    n: int
    mean: float
    deviation: float
    low: float
    high: float
    cp: float
    cp_interval: tuple[float, float]
    cpk: float
    cpk_interval: tuple[float, float]
    ppm_normal: float  #: parts per million beyond the limits, were the response normal with these two
    normality_p: float  #: Shapiro and Wilk's; a small one says that `ppm_normal` means little


@dataclass(frozen=True)
class Failure:
    """Probability of failing."""

    n: int
    failures: int
    probability: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float


def capability(y: Array, low: float = np.nan, high: float = np.nan, confidence: float = 0.95) -> Capability:
    """Compare the spread of a response with its limits.

    Parameters
    ----------
    y : array, [n]
        Runs that failed (NaN) are left out here; they count in :func:`failure_probability`.
    low, high : float
        Limits; NaN for none.
    confidence : float
        Of the intervals, two-sided.
    """
    stats = need("scipy.stats")
    y = np.asarray(y, dtype=float)
    y = y[np.isfinite(y)]
    if np.isnan(low) and np.isnan(high):
        raise AnalysisError("capability is judged against limits: give low, high or both")
    if low >= high:
        raise AnalysisError(f"the limits cross: {low:.6g} to {high:.6g}")
    if len(y) < 3:
        raise AnalysisError(f"capability needs three runs at least, not {len(y)}")
    varies(y, "the response")
    n, mean, deviation = len(y), float(y.mean()), float(y.std(ddof=1))
    cp = (high - low) / (6.0 * deviation)
    cpk = float(np.nanmin([high - mean, mean - low])) / (3.0 * deviation)
    tail = 0.5 * (1.0 - confidence)
    around = [float(cp * np.sqrt(stats.chi2.ppf(q, n - 1) / (n - 1))) for q in (tail, 1.0 - tail)]
    width = float(stats.norm.ppf(1.0 - tail)) * np.sqrt(1.0 / (9.0 * n) + cpk**2 / (2.0 * (n - 1)))
    beyond = float(np.nansum([stats.norm.sf(high, mean, deviation), stats.norm.cdf(low, mean, deviation)]))
    return Capability(
        n=n,
        mean=mean,
        deviation=deviation,
        low=low,
        high=high,
        cp=cp,
        cp_interval=(around[0], around[1]),
        cpk=cpk,
        cpk_interval=(cpk - float(width), cpk + float(width)),
        ppm_normal=1e6 * beyond,
        normality_p=float(stats.shapiro(y[:5000]).pvalue),
    )


def failure_probability(failed: Array, confidence: float = 0.95) -> Failure:
    """Estimate how probable a failure is, from independent runs.

    Parameters
    ----------
    failed : array of bool, [n]
    confidence : float
        Of the interval, two-sided.
    """
    stats = need("scipy.stats")
    failed = np.asarray(failed, dtype=bool)
    n, k = len(failed), int(failed.sum())
    if not n:
        raise AnalysisError("a failure probability needs runs: there is none")
    p, tail = k / n, 0.5 * (1.0 - confidence)
    low = float(stats.beta.ppf(tail, k, n - k + 1)) if k else 0.0
    high = float(stats.beta.ppf(1.0 - tail, k + 1, n - k)) if k < n else 1.0
    return Failure(n, k, p, float(np.sqrt(p * (1.0 - p) / n)), (low, high), confidence)


def outside(y: Array, low: Array, high: Array) -> Array:
    """Say which runs miss any limit, [n] bool: y[n, m] against low[m], high[m] (NaN: none).

    A run without a value misses them.
    """
    y = np.asarray(y, dtype=float)
    bad = np.isnan(y) | (y < np.asarray(low)) | (y > np.asarray(high))
    return np.asarray(bad.any(axis=1))
