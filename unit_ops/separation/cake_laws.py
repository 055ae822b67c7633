"""Laws of a filter cake: compressible resistance, deliquoring, dispersion and washing, in closed form.

References
[1] Tien, Introduction to Cake Filtration, Elsevier 2006 (power law of compressible cakes)
[2] Wakeman & Tarleton, Filtration: Equipment Selection, Modelling and Process Simulation, Elsevier
    1999 (design chart of deliquoring; capillary pressure and relative permeability of drained cakes;
    threshold pressure; dispersion in washing)
[3] Lapidus & Amundson, J. Phys. Chem. 56 (1952) 984, doi:10.1021/j150500a014 (advection and
    dispersion in a semi-infinite bed); Kreft & Zuber, Chem. Eng. Sci. 33 (1978) 1471,
    doi:10.1016/0009-2509(78)85196-3 (with a closed inlet it is the concentration of the flux)
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel
from unit_ops.smooth import above_zero

#: Newton steps that solve the power law of a compressible cake: from below, each at least squares
#: what is left; eight reach rounding for s = 0.95, whatever the resistances.
NEWTON = 12


@kernel
def cake_pressure_drop(dP, part, s):
    """Pressure drop over a compressible cake [Pa] of `dP` over cake and medium together.

    With alpha = alpha_ref (dP_c/P_ref)^s the flux is the same through both:
    dP_c + part P_ref (dP_c/P_ref)^(1−s) = dP, part = R_m/(alpha_ref cake). Here in units of P_ref;
    `part` may be infinite (no cake). The left side is concave: Newton rises from below.
    """
    if dP <= 0.0:
        return 0.0
    y = 0.5 * dP
    if part * y ** (1.0 - s) > y:
        y = (y / part) ** (1.0 / (1.0 - s))
    if y < 1e-250:  # next to no cake
        return y
    for _ in range(NEWTON):
        term = part * y ** (1.0 - s)
        y += (dP - y - term) / (1.0 + (1.0 - s) * term / y)
    return y


@kernel
def cake_resistance(dP, alpha_ref, P_ref, s, cake, R_m):
    """Resistance of `cake` kg/m² [1/m] when `dP` drives liquid through it and the medium R_m."""
    if cake <= 0.0:
        return 0.0
    if s <= 0.0:
        return alpha_ref * cake
    y = cake_pressure_drop(dP / P_ref, R_m / (alpha_ref * cake), s)
    return alpha_ref * cake * y**s


@kernel
def resistance_at_rate(flux, mu, alpha_ref, P_ref, s, cake):
    """Resistance of `cake` kg/m² [1/m] when liquid is driven through it at a flux [m/s]."""
    if s <= 0.0:
        return alpha_ref * cake
    if cake <= 0.0 or flux <= 0.0:
        return 0.0
    y = (mu * flux * alpha_ref * cake / P_ref) ** (1.0 / (1.0 - s))
    return alpha_ref * cake * y**s


@kernel
def kozeny_resistance(epsilon, rho, x):
    """Specific resistance [m/kg] of a packing of spheres of size x: 180 (1 − ε)/(ρ ε³ x²) [2]."""
    return 180.0 * (1.0 - epsilon) / (rho * epsilon * epsilon * epsilon * x * x)


@kernel
def permeability(alpha, rho, epsilon):
    """Permeability [m²] of a cake of specific resistance alpha."""
    return 1.0 / (alpha * rho * (1.0 - epsilon))


@kernel
def threshold_pressure(epsilon, sigma, x):
    """Pressure [Pa] at which gas enters a cake of size x: 4.6 (1 − ε) σ/(ε x) [2]."""
    return 4.6 * (1.0 - epsilon) * sigma / (epsilon * x)


@empirical("1", returns="1")
def chart_saturation(theta):
    """Reduced saturation after a dimensionless time, from the chart of [2]: jumps by 4 % at 1.915."""
    if theta <= 1.915:
        return 1.0 / (1.0 + 1.08 * theta**0.88)
    return 1.0 / (1.0 + 1.46 * theta**0.48)


@kernel
def chart_time(t, k, dP, epsilon, mu, L, S_inf):
    """Dimensionless time of the chart: k Δp t/(ε μ L² (1 − S_inf))."""
    return k * dP * t / (epsilon * mu * L * L * (1.0 - S_inf))


@empirical("1", returns="1")
def equilibrium_saturation(N_cap):
    """Saturation that stays in a cake, of the capillary number: 0.155 (1 + 0.031 N^−0.49) [2]."""
    return 0.155 * (1.0 + 0.031 * N_cap**-0.49)


@kernel
def capillary_number(epsilon, x, rho, g, dP, L, sigma):
    """ε³ x² (ρ g L + Δp)/((1 − ε)² L σ): pressure drop along the cake over what holds the liquid."""
    pores = epsilon * epsilon * epsilon * x * x / ((1.0 - epsilon) * (1.0 - epsilon))
    return pores * (rho * g * L + dP) / (L * sigma)


@kernel
def relative_permeability(S_R, lam):
    """k_rl = S_R^((2+3λ)/λ) [2], 0 for a drained cake."""
    if S_R <= 0.0:
        return 0.0
    return S_R ** ((2.0 + 3.0 * lam) / lam)


@kernel
def capillary_potential(S_R, lam):
    """∫ k_rl d(−S_R^(−1/λ)) = S_R^((1+3λ)/λ)/(1+3λ): its gradient times P_b is the capillary flow.

    Regular where the capillary pressure P_b S_R^(−1/λ) itself is infinite.
    """
    if S_R <= 0.0:
        return 0.0
    return S_R ** ((1.0 + 3.0 * lam) / lam) / (1.0 + 3.0 * lam)


@empirical("1", returns="1")
def dispersion_ratio(ReSc):
    """Axial dispersion over molecular diffusion: 0.7071 + 55.5 (Re Sc)^0.96 [2].

    Published for Re Sc > 1, with 0.7071 alone below, which jumps; this one runs on and meets it at 0.
    """
    return 0.7071 + 55.5 * above_zero(ReSc, 1e-9) ** 0.96


@kernel
def retardation(K, epsilon):
    """Content of a wet cake over that of its liquid, for K (solid over liquid, by volume) adsorbed."""
    return 1.0 + K * (1.0 - epsilon) / epsilon


@kernel
def exp_erfc(a):
    """exp(a²) erfc(a) for a ≥ 0; beyond 6 by its continued fraction (14 digits)."""
    if a < 6.0:
        return math.exp(a * a) * math.erfc(a)
    f = a
    for n in range(24, 0, -1):
        f = a + 0.5 * n / f
    return 1.0 / (math.sqrt(math.pi) * f)


@kernel
def wash_effluent(W, Pe):
    """Concentration of a washed cake's effluent over that before, after W pore volumes [3].

    1 − ½ (erfc((1−W)/(2√(W/Pe))) + e^Pe erfc((1+W)/(2√(W/Pe)))), with Pe = u L/D.
    """
    if W <= 0.0:
        return 1.0
    root = 2.0 * math.sqrt(W / Pe)
    away = (1.0 - W) / root
    return 1.0 - 0.5 * (math.erfc(away) + math.exp(-away * away) * exp_erfc((1.0 + W) / root))


@kernel
def washed_out(W, Pe):
    """Part of the solute removed after W pore volumes: the integral of `wash_effluent` over W."""
    if W <= 0.0:
        return 0.0
    root = 2.0 * math.sqrt(W / Pe)
    away = (1.0 - W) / root
    tail = math.exp(-away * away) * exp_erfc((1.0 + W) / root)
    return W - 0.5 * ((W - 1.0) * math.erfc(away) + (W + 1.0) * tail)
