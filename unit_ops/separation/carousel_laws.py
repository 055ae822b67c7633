"""Laws of a cake's nodes in a filter carousel: drainage and drying, and the published program's versions of them.

The published versions keep the program's quirks to the digit, so that its results can be reproduced:
gas pressure that falls by Δp/(n − 1) from node to node (over n nodes by more than Δp), van Leer limiters on
the gradient of pressure and again on the flow, full differences over half cells at both ends; the falling
rate as pieces with their jump; heat capacities of gases as cubics, that of the inlet at 273.15 K too much.

References: Wakeman & Tarleton, Filtration, Elsevier 1999 (cake_laws.py); Destro, Nagy & Barolo, Comput. Chem.
Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809 (the program: constants, laws and numbers).
"""

from __future__ import annotations

from twin.jit import empirical, kernel

#: Cubics of the published heat capacities [J/(mol K)·1e3, over the molar mass in kg/mol]: air and ethanol.
AIR = (29e-3, 0.2199e-5, 0.5723e-8, -2.871e-12)
ETHANOL = (61.34e-3, 15.72e-5, 8.749e-8, 19.83e-12)
M_AIR = 28.97e-3
M_ETHANOL = 46.07e-3


@empirical("K", returns="J/(kg K)")
def cp_air(T):
    """Published heat capacity of air."""
    return (AIR[0] + T * (AIR[1] + T * (AIR[2] + T * AIR[3]))) * 1e3 / M_AIR


@empirical("K", returns="J/(kg K^2)")
def cp_air_slope(T):
    """Its derivative."""
    return (AIR[1] + T * (2.0 * AIR[2] + T * 3.0 * AIR[3])) * 1e3 / M_AIR


@empirical("K", returns="J/(kg K)")
def cp_ethanol(T):
    """Published heat capacity of ethanol vapour."""
    return (ETHANOL[0] + T * (ETHANOL[1] + T * (ETHANOL[2] + T * ETHANOL[3]))) * 1e3 / M_ETHANOL


@empirical("1", returns="1")
def falling_rate_in_pieces(w):
    """Published drying rate over that of a wet surface, against the liquid fraction above equilibrium."""
    if w < 0.0:
        return 0.0
    f = 1.0
    if w < 0.016:
        f = 0.0086 + w * (233.6379 + w * (-3.0190e4 + w * (1.7128e6 - 3.56837e7 * w)))
    elif w < 0.11:
        f = 3.3735 * w + 0.6299
    return max(min(f, 1.0), 0.0)


@kernel
def van_leer(before, here, after):
    """Value on the face after a cell, by the limiter of van Leer on values before, here and after."""
    r = (here - before + 1e-8) / (after - here + 1e-8)
    size = abs(r)
    return here + 0.5 * (r + size) / (1.0 + size) * (after - here)
