"""Laws of through-flow drying of a thin cake: transfer units, falling rate, vapour pressure.

The published closure (calibrated on paracetamol wet with ethanol) takes heat and mass transfer
coefficients proportional to the gas velocity, so the gas passes the same number of transfer units at
any flow: for heat NTU = L/(ζ d), d the surface-mean crystal size; for the vapour of component i,
driven by the difference of partial pressures over 1 bar, (P/1 bar)(M_gas/M_i) NTU f(w).

References: Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809,
doi:10.1016/j.compchemeng.2022.107809 (ζ = 199.78, f(w), w_eq = 5e-4, w_crit = 0.11).
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel
from unit_ops.properties.vapour import vapour_pressure as vapour_pressure
from unit_ops.smooth import above_zero, step


@empirical("1", returns="1")
def falling_rate(w):
    """Drying rate over that of a wet surface, against the liquid fraction above equilibrium.

    The published pieces (a quartic below 0.016, then a line, 1 above 0.11) with their jump and kink
    rounded over 0.014…0.018 and 0.02; towards w = 0 the rate ends at zero over 5e-4, so that the cake
    dries to its equilibrium moisture and not below.
    """
    below = 0.0086 + w * (233.6379 + w * (-3.0190e4 + w * (1.7128e6 - 3.56837e7 * w)))
    above = 1.0 - above_zero(1.0 - (3.3735 * w + 0.6299), 0.02)
    part = step((w - 0.014) / 0.004)
    return step(w / 5e-4) * ((1.0 - part) * below + part * above)


@kernel
def transfer_units(surface, area, ka_kv, epsilon, zeta):
    """L/(ζ d) of a cake: height L and size d expressed by the crystals' surface on the filter area."""
    return surface / (area * ka_kv * (1.0 - epsilon) * zeta)


@kernel
def evaporation_flow(n_gas, molar_mass, P, p_surface, p_gas, units):
    """Vapour taken up by a molar gas flow that approaches the surface's partial pressure [kg/s]."""
    return molar_mass * n_gas * (p_surface - p_gas) / P * (1.0 - math.exp(-units))
