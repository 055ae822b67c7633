"""Smooth stand-ins (C1) for kinks, each with its width as an argument; nothing here clips a state.

`positive_part` is smooth everywhere at the price of a small bias. The others equal the plain
expression beyond a stated width, so that published digits come out unchanged.
"""

from __future__ import annotations

import math

from twin.jit import kernel


@kernel
def positive_part(x: float, width: float) -> float:
    """Smooth max(x, 0): exact to width²/(4|x|) away from zero, width/2 at zero, always positive."""
    return 0.5 * (x + math.sqrt(x * x + width * width))


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
def kept(x: float, heel: float) -> float:
    """x, led below `heel` > 0 to heel/2 at x = 0: a divisor that does not vanish, 1/reciprocal(x, heel)."""
    if x < heel:
        return heel / (2.0 - x / heel)
    return x


@kernel
def fading_reciprocal(x: float, heel: float) -> float:
    """1/x, led below `heel` to 0 at x = 0 (C1): for qualities that are shown, not for what flows.

    A quality a·fading_reciprocal(b, heel) is a/b exactly from the heel on and (a/b)(3z² − 2z³) at
    z = b/heel below it, so that errors of a solver, far below the heel, do not pass for a quality.
    """
    if x < heel:
        z = x / heel
        return z * (3.0 - 2.0 * z) / heel
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


@kernel
def van_albada(left: float, right: float, eps_squared: float) -> float:
    """Difference across a cell from those to its neighbours: their mean, weighted by one another's square (C∞).

    Near 0 at an extremum; differences well below √eps_squared, a number > 0, are averaged without limiting.

    Reference: van Albada, van Leer, Roberts, Astron. Astrophys. 108 (1982) 76.
    """
    left2 = left * left + eps_squared
    right2 = right * right + eps_squared
    return (left2 * right + right2 * left) / (left2 + right2)
