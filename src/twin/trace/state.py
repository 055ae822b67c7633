"""State of control: steady or not, control charts and capability at an averaging interval that can be justified,
excursions, and the record of each from alarm to disposition.

References: Montgomery, Introduction to Statistical Quality Control, 8th ed., Wiley 2019 (ISBN 978-1-119-39930-8):
charts and rules; Bissell, Appl. Statist. 39 (1990) 331, doi:10.2307/2347383 (interval of Cpk).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.trace.diversion import spans
from twin.trace.rtd import Residence

#: Mean of the range of two normal numbers, in standard deviations.
D2 = 1.128379167
#: Two-sided 95 % of a normal distribution.
Z = 1.959963985


def averaging_interval(curve: Residence) -> float:
    """Longest interval whose mean hides no more than the equipment behind the sensor mixes away anyway, in s.

    The mean over T has the variance T²/12 of residence time; the way from sensor to product has `curve.variance`.
    """
    return math.sqrt(12.0 * curve.variance)


def steady(t: np.ndarray, x: np.ndarray, window: float, tolerance: float) -> np.ndarray:
    """Whether a signal has come to rest, at each sample: equivalence, not absence of evidence.

    Steady is what, over the window before, surely (95 %) drifts by less than `tolerance`, by regression on time.
    Noise makes it harder to call a signal steady, never easier.

    Parameters
    ----------
    t, x : array
    window : float
        In s.
    tolerance : float
        Drift over the window that does not matter, in the signal's unit.
    """
    found = np.zeros(len(t), dtype=bool)
    for i in range(len(t)):
        if t[i] - t[0] < window:
            continue
        k = int(np.searchsorted(t, t[i] - window))
        s, y = t[k : i + 1], x[k : i + 1]
        if len(s) < 4 or not np.all(np.isfinite(y)):
            continue
        d = s - s.mean()
        whole = float(d @ d)
        slope = float(d @ y) / whole
        rest = y - y.mean() - slope * d
        error = math.sqrt(float(rest @ rest) / (len(s) - 2) / whole)
        found[i] = (abs(slope) + Z * error) * window < tolerance
    return found


@dataclass(frozen=True)
class Chart:
    """Means over an interval with the limits of an individuals chart, and the rules that each point breaks."""

    time: np.ndarray  #: end of each interval, in s
    mean: np.ndarray
    centre: float
    sigma: float  #: from moving ranges
    broken: tuple[tuple[int, ...], ...]  #: rules of Western Electric, 1 to 4, by point


def means(
    t: np.ndarray, x: np.ndarray, interval: float, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Means over intervals one after another, weighted with a flow; NaN where nothing flowed."""
    edges = np.arange(t[0], t[-1] + 1e-9 * interval, interval)
    w = np.ones(len(t)) if weight is None else weight
    part = 0.5 * np.diff(t) * (w[1:] + w[:-1])
    value = 0.5 * np.diff(t) * (w[1:] * x[1:] + w[:-1] * x[:-1])
    place = np.searchsorted(edges, 0.5 * (t[1:] + t[:-1]), side="right") - 1
    n = len(edges) - 1
    inside = place < n
    amount = np.bincount(place[inside], part[inside], n)
    total = np.bincount(place[inside], value[inside], n)
    return edges[1:], np.divide(total, amount, out=np.full(n, np.nan), where=amount > 0.0)


def chart(time: np.ndarray, mean: np.ndarray, base: slice = slice(None)) -> Chart:
    """Make an individuals chart; centre and spread are those of `base`, where the process was in control."""
    known = mean[base]
    known = known[np.isfinite(known)]
    centre = float(known.mean()) if len(known) else math.nan
    sigma = float(np.mean(np.abs(np.diff(known)))) / D2 if len(known) > 1 else math.nan
    z = np.divide(mean - centre, sigma, out=np.zeros(len(mean)), where=sigma > 0.0)
    z = np.where(np.isfinite(z), z, 0.0)
    found: list[tuple[int, ...]] = []
    for i in range(len(z)):
        hits = [1] if abs(z[i]) > 3.0 else []
        for rule, count, of, limit in ((2, 2, 3, 2.0), (3, 4, 5, 1.0), (4, 8, 8, 0.0)):
            last = z[max(i - of + 1, 0) : i + 1]
            if len(last) == of and max(np.sum(last > limit), np.sum(last < -limit)) >= count:
                hits.append(rule)
        found.append(tuple(hits))
    return Chart(time, mean, centre, sigma, tuple(found))


@dataclass(frozen=True)
class Capability:
    """Capability indices with their 95 % intervals; NaN where there is no spread to speak of."""

    n: int
    mean: float
    within: float  #: standard deviation from moving ranges
    overall: float
    Cp: float
    Cpk: float
    Cpk_interval: tuple[float, float]
    Pp: float
    Ppk: float


def capability(mean: np.ndarray, low: float, high: float) -> Capability:
    """Capability of interval means against limits, either of which may be infinite."""
    x = mean[np.isfinite(mean)]
    n = len(x)
    if n < 2:
        nan = math.nan
        return Capability(n, nan, nan, nan, nan, nan, (nan, nan), nan, nan)
    centre, overall = float(x.mean()), float(x.std(ddof=1))
    within = float(np.mean(np.abs(np.diff(x)))) / D2

    def index(sigma: float) -> tuple[float, float]:
        if not sigma > 0.0:
            return math.nan, math.nan
        near = min(high - centre, centre - low)
        return (high - low) / (6.0 * sigma), near / (3.0 * sigma)

    (Cp, Cpk), (Pp, Ppk) = index(within), index(overall)
    half = Z * math.sqrt(1.0 / (9.0 * n) + Cpk**2 / (2.0 * (n - 1))) if math.isfinite(Cpk) else math.nan
    return Capability(n, centre, within, overall, Cp, Cpk, (Cpk - half, Cpk + half), Pp, Ppk)


@dataclass(frozen=True)
class Deviation:
    """An excursion from alarm to disposition."""

    number: int
    tag: str
    start: float  #: of the first interval out of limits
    end: float
    peak: float  #: mean furthest from the limits
    alarm: float  #: when it could be told: the end of its first interval
    mass: float  #: made meanwhile, in kg
    diverted: float  #: of it, in kg
    disposition: str  #: diverted, accepted, partly diverted, or nothing made


def deviations(
    tag: str,
    time: np.ndarray,
    mean: np.ndarray,
    interval: float,
    low: float,
    high: float,
    t: np.ndarray,
    flow: np.ndarray,
    gate: np.ndarray,
) -> list[Deviation]:
    """Find excursions of interval means, and what became of what was made then.

    Parameters
    ----------
    time, mean, interval
        As :func:`means` gives them.
    low, high : float
        Limits.
    t, flow, gate : array
        Samples of what passes the gate, in kg/s, and whether it is diverted.
    """
    with np.errstate(invalid="ignore"):
        out = (mean < low) | (mean > high)
    mass = 0.5 * (flow[1:] + flow[:-1]) * np.diff(t)
    middle = 0.5 * (t[1:] + t[:-1])
    away = gate[1:] & gate[:-1]
    found = []
    for number, (first, last) in enumerate(spans(time, out), start=1):
        start = first - interval
        there = (middle >= start) & (middle <= last)
        values = mean[(time >= first) & (time <= last)]
        over = np.maximum(values - high, low - values)
        made, diverted = float(mass[there].sum()), float(mass[there & away].sum())
        how = (
            "diverted"
            if diverted >= made * (1.0 - 1e-9)
            else "accepted"
            if diverted <= 1e-9 * made
            else "partly diverted"
        )
        how = how if made > 0.0 else "nothing made"
        found.append(Deviation(number, tag, start, last, float(values[np.argmax(over)]), first, made, diverted, how))
    return found


def chosen(curves: Sequence[Residence], target: str) -> Residence | None:
    """Give the widest curve, at flows held, that ends at a place: what an averaging interval is justified by."""
    found = [curve for curve in curves if curve.target == target and curve.steady and curve.arrived > 0.5]
    return max(found, key=lambda curve: curve.variance, default=None)
