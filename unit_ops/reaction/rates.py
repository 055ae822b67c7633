"""Rate laws that the reactors share."""

from __future__ import annotations

from twin.jit import empirical
from unit_ops.smooth import above_zero

R_GAS = 8.31446261815324


@empirical("mol/m^3", "1", returns="1")
def power(c, order):
    """(c/(1 mol/m³))^order; c may be slightly negative where a component vanishes."""
    if order == 1.0:
        return c
    if order == 2.0:
        return c * c
    return above_zero(c, 1e-3) ** order
