"""Cubics by which what one part of a plant does is told to another."""

from __future__ import annotations

from twin.jit import kernel


@kernel
def cubic(v, x):
    """Value at x of the cubic with coefficients v, lowest power first."""
    return v[0] + x * (v[1] + x * (v[2] + x * v[3]))


@kernel
def mean_of_cubic(v, a, b):
    """Mean of a cubic from a to b, by Simpson's rule, which is exact for it."""
    return (cubic(v, a) + 4.0 * cubic(v, a + 0.5 * (b - a)) + cubic(v, a + (b - a))) / 6.0
