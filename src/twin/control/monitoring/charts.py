"""What monitors compute from samples: a statistic beside its limit, and how far each tag has to do with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.quantity import Array


@dataclass(frozen=True)
class Chart:
    """A statistic over time, of one monitor and one kind of alarm.

    Attributes
    ----------
    kind : str
        "high", "low", "frozen", "EWMA high", "CUSUM low", "T2", "SPE", …
    time, value : array [n]
        Seconds; in the unit of the tag, or the statistic's own.
    limit : array [n]
    outside : array [n] of bool
        Beyond the limit, or no number.
    inside : array [n] of bool
        So far back that an alarm ends.
    shares : callable
        Of a place: tags with their shares in what is seen there, largest first.
    """

    kind: str
    time: Array
    value: Array
    limit: Array
    outside: Array
    inside: Array
    shares: Callable[[int], tuple[tuple[str, float], ...]]


def whole(tag: str) -> Callable[[int], tuple[tuple[str, float], ...]]:
    """Give the shares of a chart that sees one tag."""
    return lambda place: ((tag, 1.0),)


def limits(
    tag: str, time: Array, x: Array, low: float | None, high: float | None, deadband: float = 0.0
) -> list[Chart]:
    """Limits of a measurement, each with its deadband. A value that is no number is outside."""
    found = []
    for kind, limit, sign in (("high", high, 1.0), ("low", low, -1.0)):
        if limit is not None:
            outside = ~(sign * (x - limit) <= 0.0)
            inside = sign * (x - limit) <= -deadband
            found.append(Chart(kind, time, x, np.full(len(x), limit), outside, inside, whole(tag)))
    return found


def frozen(tag: str, time: Array, x: Array) -> list[Chart]:
    """How long a measurement has not changed by a single bit."""
    since = np.zeros(len(x))
    for k in range(1, len(x)):
        same = x[k] == x[k - 1]
        since[k] = since[k - 1] + time[k] - time[k - 1] if same else 0.0
    still = since > 0.0
    return [Chart("frozen", time, since, np.zeros(len(x)), still, ~still, whole(tag))]


def averaged(x: Array, target: float, weight: float) -> Array:
    """Exponentially weighted moving average, from the target on (Roberts 1959)."""
    z = np.empty(len(x))
    last = target
    for k, value in enumerate(x):
        last = weight * value + (1.0 - weight) * last if math.isfinite(value) else last
        z[k] = last
    return z


def spread(count: int, weight: float) -> Array:
    """Standard deviation of the average after 1, 2, … values, per that of the values if they are independent."""
    k = np.arange(1, count + 1)
    return np.asarray(np.sqrt(weight / (2.0 - weight) * (1.0 - (1.0 - weight) ** (2 * k))))


def ewma(
    tag: str,
    time: Array,
    x: Array,
    target: float,
    sigma: float,
    weight: float,
    width: float,
    greatest: float | None = None,
) -> list[Chart]:
    """Chart of the exponentially weighted moving average, of the whole of it for both sides.

    Parameters
    ----------
    greatest : float, optional
        Largest distance from the target that is no alarm, in place of `width` standard deviations.
    """
    z = averaged(x, target, weight)
    reach = width * sigma * spread(len(x), weight) if greatest is None else np.full(len(x), greatest)
    lost = ~np.isfinite(x)
    over, under = (z - target > reach) | lost, (target - z > reach) | lost
    high = Chart("EWMA high", time, z, target + reach, over, ~over, whole(tag))
    low = Chart("EWMA low", time, z, target - reach, under, ~under, whole(tag))
    return [high, low]


def summed(x: Array, target: float, sigma: float, slack: float) -> tuple[Array, Array]:
    """Sums of deviations upwards and downwards beyond the slack, in standard deviations (Page 1954)."""
    up, down = np.zeros(len(x)), np.zeros(len(x))
    high = low = 0.0
    for k, value in enumerate(x):
        z = (value - target) / sigma
        if math.isfinite(z):
            high, low = max(0.0, high + z - slack), max(0.0, low - z - slack)
        up[k], down[k] = high, low
    return up, down


def cusum(tag: str, time: Array, x: Array, target: float, sigma: float, slack: float, threshold: float) -> list[Chart]:
    """Chart of cumulative sums, one for each side."""
    found = []
    lost = ~np.isfinite(x)
    for kind, total in zip(("CUSUM high", "CUSUM low"), summed(x, target, sigma, slack), strict=True):
        outside = (total > threshold) | lost
        found.append(Chart(kind, time, total, np.full(len(x), threshold), outside, ~outside, whole(tag)))
    return found
