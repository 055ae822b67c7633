"""Laws of cake filtration: specific resistance, flux, drainage below saturation, viscosity, wash.

References
[1] Tien, Introduction to Cake Filtration, Elsevier 2006 (constant-pressure filtration)
[2] Wakeman & Tarleton, Filtration: Equipment Selection, Modelling and Process Simulation, Elsevier
    1999 (relative permeability S_R^(2/λ+3) with λ = 5; design chart of deliquoring)
[3] Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809,
    doi:10.1016/j.compchemeng.2022.107809 (paracetamol in ethanol: cake constants, viscosity)
"""

from __future__ import annotations

from twin.jit import empirical, kernel

#: Ratio by which drainage behind the gas front outruns Darcy's law of the whole bed: fitted here so
#: that drained beds follow the chart of [2] (within 3 % away from its own break at θ = 1.9).
FRONT = 2.6


@kernel
def filtrate_flux(dP, mu, alpha, cake, R_m):
    """Superficial velocity of the filtrate [m/s] through `cake` kg/m² of resistance alpha and a medium R_m."""
    return dP / (mu * (alpha * cake + R_m))


@kernel
def specific_resistance(specific_surface, alpha_ref, surface_ref):
    """Cake resistance per mass [m/kg], growing with the square of the surface per mass (Kozeny)."""
    ratio = specific_surface / surface_ref
    return alpha_ref * ratio * ratio


@kernel
def reduced_saturation(S, S_inf):
    """Saturation above its equilibrium, 1 for a full bed."""
    return (S - S_inf) / (1.0 - S_inf)


@kernel
def drainage(S_R):
    """Flow of liquid out of a bed of reduced saturation S_R over that out of a full one.

    1 where liquid stands on the cake, then S_R^3.4 (a − (a − 1) S_R^(3.4/(a − 1))), a = FRONT: the
    relative permeability of [2], C1 at both ends.
    """
    if S_R < 0.0:
        return 0.0
    if S_R < 1.0:
        return S_R**3.4 * (FRONT - (FRONT - 1.0) * S_R ** (3.4 / (FRONT - 1.0)))
    return 1.0


@empirical("K", "1", "K", "1/K", "1/K^2", returns="Pa s")
def viscosity(T, A, B, C, D):
    """Viscosity from log10 of its value in mPa s: A + B/T + C T + D T² (form and defaults of [3])."""
    return 1e-3 * 10.0 ** (A + B / T + C * T + D * T * T)


@kernel
def overlap(j, n, start, end):
    """Share of the zone start…end (fractions of the belt) that lies over cell j of n."""
    low = max(start, j / n)
    high = min(end, (j + 1) / n)
    return max(high - low, 0.0) / (end - start)
