"""What stirred crystallizers with size classes have in common: sums over classes, measurements, what leaves.

Written for models whose State is H, m (fluids) and crystals (bins) and whose parameters come from
parameters.py. An empty vessel has finite temperature and concentrations: below half of HEEL of the working volume
what is divided by is led to a quarter of it (`kept`); above, every expression is the plain one, so that a vessel can be
emptied down to HEEL without any of them bending.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fitted, Fractions, Range
from unit_ops.crystallization.laws import (
    Basis,
    content_factor,
    force_per_S,
    impurity_factor,
    power_rate,
    primary_nucleation,
    saturation,
    stirring_factor,
)
from unit_ops.crystallization.parameters import joined
from unit_ops.crystallization.population import cubed_size, sized_growth_gain
from unit_ops.properties.solubility import Antisolvent, antisolvent_factor
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.smooth import above_zero, fading_reciprocal, kept, reciprocal
from unit_ops.streams import T_REF, dot, total

#: Part of the working volume below which the vessel counts as empty.
HEEL = 1e-4
#: Part of a full vessel's typical crystal mass below which mean sizes fade to 0.
SHOWN = 1e-3


class Temperature(NamedTuple):
    T: Annotated[float, "K", "temperature", Fitted("solubility", "T_sol_low", "T_sol_high")]


class TemperatureBoiling(NamedTuple):
    """The same where vapour may leave."""

    T: Annotated[
        float,
        "K",
        "temperature",
        Fitted("solubility", "T_sol_low", "T_sol_high"),
        Fitted("vapour pressure", "psat_T_low", "psat_T_high", "k_vent"),
    ]


class SlurryMeasurements(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume"]
    c: Annotated[float, "1", "concentration: solute per solvent mass"]
    c_sat: Annotated[float, "1", "saturation concentration: solute per solvent mass"]
    S: Annotated[float, "1", "relative supersaturation"]
    w_crystals: Annotated[float, "1", "mass fraction of crystals in the slurry"]
    L43: Annotated[float, "m", "mass mean crystal size; fades to 0 without crystals"]
    L32: Annotated[float, "m", "surface mean crystal size; fades to 0 without crystals"]
    mu_0: Annotated[float, "1/m^3", "crystals per slurry volume"]


Measurements = joined(__name__, Temperature, SlurryMeasurements, name="Measurements")
BoilingMeasurements = joined(__name__, TemperatureBoiling, SlurryMeasurements, name="Measurements")


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume", Range(0.0, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions in the liquid", ("fluids",), Fractions()]
    m_seed: Annotated[float, "kg", "seed crystals", Range(0.0, 1e6)] = 0.0
    L_seed: Annotated[float, "m", "mass median size of the seed", Range(1e-9, 1.0)] = 1e-4
    sigma_seed: Annotated[float, "1", "standard deviation of ln(size) of the seed by mass", Range(1e-3, 3.0)] = 0.3


class Rates(NamedTuple):
    """Growth and dissolution [m/s], both >= 0, and nuclei [1/s] of the whole vessel."""

    up: float
    down: float
    nuclei: float


# Sums over the classes


@kernel
def crystal_mass(x, out):
    for i in range(out.shape[0]):
        out[i] = x.crystals[i]


@kernel
def mass_size(x, p, out):
    crystals, L = x.crystals, p.L_edges
    for i in range(out.shape[0]):
        out[i] = crystals[i] * 0.5 * (L[i] + L[i + 1])


@kernel
def mass_per_size(x, p, out):
    crystals, L = x.crystals, p.L_edges
    for i in range(out.shape[0]):
        out[i] = crystals[i] * 2.0 / (L[i] + L[i + 1])


@kernel
def number(x, p, out):
    crystals, L, rho_kv = x.crystals, p.L_edges, p.rho_solid[p.crystal] * p.kv
    for i in range(out.shape[0]):
        out[i] = crystals[i] / (rho_kv * cubed_size(L[i], L[i + 1]))


# What instruments see


@kernel
def heel_mass(p):
    """Mass below which what is divided by is kept from vanishing."""
    return 0.5 * HEEL * p.V_weir * p.rho_solvent


@kernel
def T(x, a, p):
    C = dot(x.m, p.cp) + a.crystal_mass * p.cp_solid[p.crystal]
    return T_REF + x.H / kept(C, heel_mass(p) * p.cp[p.solvent])


@kernel
def V(x, a, p):
    volume = a.crystal_mass / p.rho_solid[p.crystal]
    for i in range(x.m.shape[0]):
        volume += x.m[i] / p.rho[i]
    return volume


@kernel
def solvents(x, p):
    """Mass to which concentrations refer: solvent and, where a law knows it, antisolvent."""
    m = x.m[p.solvent]
    if p.antisolvency != Antisolvent.NONE:
        m = m + x.m[p.antisolvent]
    return kept(m, heel_mass(p))


@kernel
def c(x, p):
    return x.m[p.solute] / solvents(x, p)


@kernel
def c_sat(x, a, p):
    temperature = T(x, a, p)
    c_star = saturation(p.solubility, p.sol_a, p.sol_b, p.sol_c, p.sol_E, temperature)
    if p.antisolvency != Antisolvent.NONE:
        w = x.m[p.antisolvent] / solvents(x, p)
        c_star = c_star * antisolvent_factor(
            p.antisolvency, p.anti_s1, p.anti_s2, p.anti_s3, p.anti_ratio, w, temperature
        )
    return c_star


@kernel
def S(x, a, p):
    return c(x, p) / c_sat(x, a, p) - 1.0


@kernel
def w_crystals(x, a, p):
    return a.crystal_mass / kept(total(x.m) + a.crystal_mass, heel_mass(p))


@kernel
def trace(p):
    """A billionth of a typical crystal mass."""
    return 1e-9 * p.M_typical * p.V_weir


@kernel
def shown(p):
    """Crystal mass from which on mean sizes are shown in full: far above a solver's errors."""
    return SHOWN * p.M_typical * p.V_weir


@kernel
def L43(a, p):
    return a.mass_size * fading_reciprocal(a.crystal_mass, shown(p))


@kernel
def L32(a, p):
    # errors of the smallest classes weigh much in the sum under the line: the mass decides whether there are crystals
    there = a.crystal_mass * fading_reciprocal(a.crystal_mass, shown(p))
    return there * a.crystal_mass * fading_reciprocal(a.mass_per_size, shown(p) / p.L_typical)


@kernel
def mu_0(x, a, p):
    return a.number / kept(V(x, a, p), HEEL * p.V_weir)


# Kinetics


@kernel
def kinetics(x, a, p):
    """Rates at the present temperature and composition."""
    temperature = T(x, a, p)
    c_star = c_sat(x, a, p)
    c_now = c(x, p)
    S_now = c_now / c_star - 1.0
    S_up = above_zero(S_now, p.S_width)
    S_down = above_zero(-S_now, p.S_width)
    per_S = force_per_S(p.force, c_now, c_star, p.rho_solvent, p.molar_mass[p.solute])
    sigma = per_S * S_up
    c_impurity = x.m[p.impurity] / solvents(x, p)
    slowed = impurity_factor(p.poisoning, p.alpha_impurity, p.K_impurity, c_impurity)
    up = power_rate(p.kg, p.Eg, p.g, sigma, temperature) * slowed
    down = power_rate(p.kd, p.Ed, p.d, per_S * S_down, temperature)
    volume = V(x, a, p)
    # a class may be slightly negative while there are no crystals yet
    per_volume = reciprocal(volume, HEEL * p.V_weir)
    content = p.M_typical * above_zero(a.crystal_mass * per_volume / p.M_typical, 1e-9)
    primary = primary_nucleation(p.nucleation, p.k1, p.E1, p.b1, p.beta, sigma, S_up, temperature)
    secondary = power_rate(p.k2, p.E2, p.b2, sigma, temperature) * content_factor(content, p.j)
    secondary = secondary * stirring_factor(p.stirring, p.l_stirring)
    if p.basis == Basis.SOLVENT:
        volume = solvents(x, p) / p.rho_solvent
    return Rates(up, down, volume * (primary + secondary))


@kernel
def gain(x, a, p, scratch, out):
    """Mass gain of every size class by growth, dissolution and nuclei [kg/s]; `scratch` is as long."""
    rates = kinetics(x, a, p)
    grow(x, rates.up, rates.down, rates.nuclei, p, scratch, out)


@kernel
def grow(x, up, down, nuclei, p, scratch, out):
    """The same at given rates: growth and dissolution [m/s], nuclei of the vessel [1/s]."""
    eps = p.limiter_eps * p.M_typical * p.V_weir / x.crystals.shape[0]
    rho_kv = p.rho_solid[p.crystal] * p.kv
    sized_growth_gain(
        x.crystals,
        p.L_edges,
        rho_kv,
        up,
        p.size_law,
        p.gamma_size,
        p.power_size,
        down,
        nuclei,
        p.limiter,
        eps,
        scratch,
        out,
    )


@kernel
def growth(x, a, p, w, out):
    """Growth rate; what else all classes share is kept for the integrals that follow, vapour for the balances."""
    boil(x, a, p, w.boiled)
    rates = kinetics(x, a, p)
    out[0] = rates.up
    w.dissolution_rate[0] = rates.down
    w.nucleation_flow[0] = rates.nuclei


@kernel
def dissolution(w, out):
    out[0] = w.dissolution_rate[0]


@kernel
def nuclei_flow(w, out):
    out[0] = w.nucleation_flow[0]


# What leaves


@kernel
def outflow(x, a, p, out):
    out[0] = outflow_rate(x, a, p)


@kernel
def fines_outflow(x, a, p, out):
    out[0] = fines_rate(x, a, p)


@kernel
def outflow_rate(x, a, p):
    """Fraction of the liquid leaving with the product per second: over the weir, and pumped until it is empty."""
    volume = V(x, a, p)
    per_volume = reciprocal(volume, HEEL * p.V_weir)
    over_weir = p.V_weir * above_zero(volume / p.V_weir - 1.0, 1e-3) / p.tau
    return (over_weir + p.V_flow_out * above_zero(volume * per_volume, 0.5)) * per_volume


@kernel
def fines_rate(x, a, p):
    """Fraction of the liquid leaving with the fines per second."""
    per_volume = reciprocal(V(x, a, p), HEEL * p.V_weir)
    return p.V_flow_fines * per_volume


@kernel
def partial_excess(x, T, p, i):
    """Vapour pressure of component i over that above the liquor (ideal mixture)."""
    amount = 0.0
    for k in range(x.m.shape[0]):
        amount += x.m[k] / p.molar_mass[k]
    per_amount = reciprocal(amount, heel_mass(p) / p.molar_mass[p.solvent])
    p_sat = vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    return x.m[i] / p.molar_mass[i] * per_amount * p_sat / p.P


@kernel
def vapour_excess(x, a, p):
    """Vapour pressure of the liquor over that above it, less 1."""
    temperature = T(x, a, p)
    pressure = 0.0
    for i in range(x.m.shape[0]):
        pressure += partial_excess(x, temperature, p, i)
    return pressure - 1.0


@kernel
def boil(x, a, p, out):
    """Vapour of every component [kg/s]: by the excess of the liquor's vapour pressure (ideal mixture) over P."""
    for i in range(out.shape[0]):
        out[i] = 0.0 * p.k_vent
    if p.k_vent > 0.0:
        temperature = T(x, a, p)
        pressure = 0.0
        weight = 0.0
        for i in range(out.shape[0]):
            partial = partial_excess(x, temperature, p, i)
            pressure += partial
            weight += partial * p.molar_mass[i]
            out[i] = partial * p.molar_mass[i]
        flow = p.k_vent * above_zero(pressure - 1.0, 0.01) / kept(weight, 1e-6 * p.molar_mass[p.solvent])
        for i in range(out.shape[0]):
            out[i] = flow * out[i]


# Plain Python


def nominals(p: Any) -> dict[str, Any]:
    """Scales of the states for a full vessel with the typical crystal content.

    Small classes matter by the number of their crystals, not by their mass: below the typical size
    their scale falls with the mass of a crystal. Otherwise a loose tolerance would not see nuclei,
    and the onset of crystallization would come late in silence.
    """
    mass = p.V_weir * float(np.mean(p.rho))
    sizes = 0.5 * (np.asarray(p.L_edges[1:]) + np.asarray(p.L_edges[:-1]))
    share = np.minimum((sizes / p.L_typical) ** 3, 1.0)
    return {
        "H": 10.0 * mass * float(np.mean(p.cp)),  # 10 K
        "m": 0.1 * mass,
        "crystals": p.M_typical * p.V_weir / (len(p.L_edges) - 1) * share,
    }


def _part_below(size: float, median: float, spread: float) -> float:
    """Part of log-normal seed below a size, by mass; none below 0, where a grid may begin."""
    if size <= 0.0:
        return 0.0
    return 0.5 * (1.0 + math.erf(math.log(size / median) / (math.sqrt(2.0) * spread)))


def check_filling(initial: Any, p: Any) -> None:
    """Refuse a charge so small that the vessel would count as empty and its concentrations fade."""
    if 0.0 < initial.V < HEEL * p.V_weir:
        raise ValueError(
            f"V of {initial.V:.3g} m^3 is less than {HEEL:g} of V_weir ({p.V_weir:.3g} m^3), below which the vessel"
            " counts as empty: give the V_weir of the vessel that holds this charge, or V of 0"
        )


def filling(initial: Any, p: Any) -> tuple[float, np.ndarray, np.ndarray]:
    """H, m and crystals of liquid and log-normal seed filling the given slurry volume. Raises ValueError."""
    check_filling(initial, p)
    below = [_part_below(float(edge), initial.L_seed, initial.sigma_seed) for edge in p.L_edges]
    share = np.diff(below)
    crystals = initial.m_seed * share / share.sum()
    liquid = initial.V - initial.m_seed / p.rho_solid[p.crystal]
    m = liquid / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * np.asarray(initial.w)
    heat_capacity = float(m @ p.cp) + initial.m_seed * float(p.cp_solid[p.crystal])
    return heat_capacity * (initial.T - T_REF), m, crystals
