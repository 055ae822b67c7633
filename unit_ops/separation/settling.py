"""Laws of two liquids in one vessel: weirs, cut size, what is carried along, coalescence.

References
[1] Treybal, Mass-Transfer Operations, 3rd ed., McGraw-Hill 1980, ch. 10 (ISBN 978-0-07-065176-0)
[2] Rosin, Rammler, J. Inst. Fuel 7 (1933) 29 (drop sizes by volume)
[3] Barnea, Mizrahi, Trans. Inst. Chem. Eng. 53 (1975) 61 (wedge of dispersion and its throughput)
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel
from unit_ops.smooth import above_zero

G: float = 9.80665


@kernel
def overflow(V, V_weir, tau):
    """Volume flow of a phase over its weir."""
    return V_weir * above_zero(V / V_weir - 1.0, 1e-3) / tau


@empirical("m/s", "Pa s", "kg/m^3", returns="m")
def cut_size(velocity, mu, d_rho):
    """Drop that a flow just carries along: Stokes' law at drop Reynolds numbers below 1 or so."""
    return math.sqrt(18.0 * mu * velocity / (G * d_rho))


@empirical("m", "m", "1", returns="1")
def carried(d_cut, d_63, spread):
    """Volume fraction of drops finer than the cut size: Rosin, Rammler with 63.2 % below `d_63`."""
    return 1.0 - math.exp(-((d_cut / d_63) ** spread))


@kernel
def coalescence(V, area, depth, flux):
    """Volume of dispersion that breaks per second per volume of it.

    A deep layer breaks at the area's capacity, a shallow one in proportion: flux (1 − exp(−h/depth)),
    h = V/area. Smooth and finite for V = 0.
    """
    z = V / (area * depth)
    if abs(z) < 1e-6:
        return flux / depth * (1.0 - 0.5 * z)
    return flux / depth * (1.0 - math.exp(-z)) / z
