"""Continuations (C1) past a limit that are exact inside it; nothing here clips a state.

Where :mod:`unit_ops.smooth` is smooth everywhere at the price of a small bias, these equal the plain
expression beyond a stated width, so that published digits come out unchanged.
"""

from __future__ import annotations

from twin.jit import kernel


@kernel
def reciprocal(x: float, heel: float) -> float:
    """1/x, continued below `heel` by its tangent: finite (2/heel) at x = 0.

    A flow F drawn from a holdup m by F·m·reciprocal(m, heel) is F until the heel is reached and
    dies out in proportion to m below it; a ratio a·reciprocal(b, heel) is a/b, and 0 for an empty
    holdup.
    """
    if x < heel:
        return (2.0 - x / heel) / heel
    return 1.0 / x


@kernel
def above_zero(x: float, width: float) -> float:
    """max(x, 0), rounded by a cubic on 0 < x < width: exactly 0 below and exactly x above."""
    if x < 0.0:
        return 0.0
    if x < width:
        return x * x * (2.0 * width - x) / (width * width)
    return x


@kernel
def saturated(x: float, low: float, high: float, width: float) -> float:
    """x held between low and high, rounded within `width` of each and exact in between."""
    return high - above_zero(high - low - above_zero(x - low, width), width)


@kernel
def step(x: float) -> float:
    """0 below x = 0, 1 above x = 1, 3x² − 2x³ in between."""
    if x < 0.0:
        return 0.0
    if x < 1.0:
        return x * x * (3.0 - 2.0 * x)
    return 1.0
