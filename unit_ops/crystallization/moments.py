"""A stirred, jacketed crystallizer by the moments of its size distribution: batch, fed or continuous (MSMPR).

The same vessel, laws and names as msmpr.py at a hundredth of its states, and exact within these limits.

Assumptions
- ideally mixed liquid and crystals (mixed suspension), unclassified overflow (mixed product removal);
- volumes of liquid components and crystals add; one crystallizing solute, one solvent that sets c*;
- size-independent growth, nuclei of one size; no agglomeration, no breakage;
- no dissolution: below saturation crystals rest (moments do not know when the smallest have gone);
- growth sets in smoothly within S_width above saturation; the laws are exact beyond;
- slurry leaves over a weir: what flows out is proportional to the volume above it;
- heat of crystallization at T_REF; no evaporation, no heat loss but through the jacket.

Crystals arrive with no feed: a slurry's size classes would have to be summed over a whole grid. The
product has them: the log-normal distribution with the vessel's moments 3, 4 and 5, its tails in the
first and the last class, so that its mass is exact. Its numbers are then what a log-normal
distribution of this mass has, which differs from moment_0 as far as the true distribution does.

Balances
    dH/dt   = Ḣ_feed − k H + UA (T_jacket − T) − ΔH_c deposition
    dm_i/dt = ṁ_i,feed − k m_i − [i is the solute] deposition
    dM_0/dt = B − k M_0,   dM_n/dt = n G M_n−1 + B L_nucleus^n − k M_n,   M_3 = m_crystals/(ρ_c kv)
    deposition = ρ_c kv (3 G M_2 + B L_nucleus³)
    k = (V − V_weir)⁺/(τ V),  V = Σ m_i/ρ_i + m_crystals/ρ_c
    T = T_REF + H/(Σ m_i cp_i + m_crystals cp_c),  c = m_solute/m_solvent,  S = (c − c*)/c*
    G = kg e^(−Eg/RT) σ^g,  B = V (k1 e^(−E1/RT) σ^b1 + k2 e^(−E2/RT) σ^b2 (M_T/(1 kg/m³))^j)

References: Randolph and Larson, Theory of Particulate Processes, 2nd ed., Academic Press 1988
(ISBN 978-0-12-579652-1); Hulburt and Katz, Chem. Eng. Sci. 19 (1964) 555,
doi 10.1016/0009-2509(64)85047-8 (moments); laws in laws.py.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Nominal, Optional, Range
from unit_ops.crystallization.laws import (
    Basis,
    content_factor,
    force_per_S,
    power_rate,
    primary_nucleation,
    saturation,
)
from unit_ops.crystallization.parameters import (
    GrowthParams,
    NucleationParams,
    PhaseParams,
    SolubilityParams,
    VesselParams,
    joined,
)
from unit_ops.crystallization.vessel import HEEL, Initial, Measurements, check_filling, heel_mass, shown, trace
from unit_ops.smooth import above_zero, fading_reciprocal, kept, positive_part
from unit_ops.streams import T_REF, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total

__all__ = ["Initial", "Measurements"]


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    moment_0: Annotated[float, "1", "number of crystals", Nominal(1e9)]
    moment_1: Annotated[float, "m", "sum of the crystals' sizes", Nominal(1e5)]
    moment_2: Annotated[float, "m^2", "sum of the squares of the crystals' sizes", Nominal(10.0)]
    m_crystals: Annotated[float, "kg", "crystal mass", Nominal(0.05)]
    moment_4: Annotated[float, "m^4", "sum of the fourth powers of the crystals' sizes", Nominal(1e-7)]
    moment_5: Annotated[float, "m^5", "sum of the fifth powers of the crystals' sizes", Nominal(1e-11)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",)]


class NucleusParams(NamedTuple):
    L_nucleus: Annotated[float, "m", "size of nuclei", Range(0.0, 1e-3)] = 0.0


Params = joined(
    __name__,
    VesselParams,
    PhaseParams,
    SolubilityParams,
    GrowthParams,
    NucleationParams,
    NucleusParams,
)


class Inlets(NamedTuple):
    feed: Annotated[Solution, "clear feed", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "overflow"]


class Guards(NamedTuple):
    saturation_crossed: Annotated[float, "1", "relative supersaturation"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_crystallization: Annotated[float, "W", "heat released by crystallization"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("feed", 0), (0, "product"))


class Rates(NamedTuple):
    """Growth [m/s], nuclei [1/s] of the whole vessel, and what both deposit [kg/s]."""

    up: float
    nuclei: float
    deposition: float


@kernel
def T(x, p):
    C = dot(x.m, p.cp) + x.m_crystals * p.cp_solid[p.crystal]
    return T_REF + x.H / kept(C, heel_mass(p) * p.cp[p.solvent])


@kernel
def V(x, p):
    volume = x.m_crystals / p.rho_solid[p.crystal]
    for i in range(x.m.shape[0]):
        volume += x.m[i] / p.rho[i]
    return volume


@kernel
def c(x, p):
    return x.m[p.solute] / kept(x.m[p.solvent], heel_mass(p))


@kernel
def c_sat(x, p):
    return saturation(p.solubility, p.sol_a, p.sol_b, p.sol_c, p.sol_E, T(x, p))


@kernel
def S(x, p):
    return c(x, p) / c_sat(x, p) - 1.0


@kernel
def rho_kv(p):
    return p.rho_solid[p.crystal] * p.kv


@kernel
def kinetics(x, p):
    """Rates at the present temperature and composition."""
    temperature = T(x, p)
    c_star = c_sat(x, p)
    c_now = c(x, p)
    S_up = above_zero(c_now / c_star - 1.0, p.S_width)
    sigma = force_per_S(p.force, c_now, c_star, p.rho_solvent, p.molar_mass[p.solute]) * S_up
    up = power_rate(p.kg, p.Eg, p.g, sigma, temperature)
    volume = V(x, p)
    content = p.M_typical * above_zero(x.m_crystals / (kept(volume, HEEL * p.V_weir) * p.M_typical), 1e-9)
    primary = primary_nucleation(p.nucleation, p.k1, p.E1, p.b1, p.beta, sigma, S_up, temperature)
    secondary = power_rate(p.k2, p.E2, p.b2, sigma, temperature) * content_factor(content, p.j)
    if p.basis == Basis.SOLVENT:
        volume = x.m[p.solvent] / p.rho_solvent
    nuclei = volume * (primary + secondary)
    cube = p.L_nucleus * p.L_nucleus * p.L_nucleus
    return Rates(up, nuclei, rho_kv(p) * (3.0 * up * x.moment_2 + nuclei * cube))


@kernel
def w_crystals(x, p):
    return x.m_crystals / kept(total(x.m) + x.m_crystals, heel_mass(p))


@kernel
def L43(x, p):
    return rho_kv(p) * x.moment_4 * fading_reciprocal(x.m_crystals, shown(p))


@kernel
def L32(x, p):
    there = x.m_crystals * fading_reciprocal(x.m_crystals, shown(p))
    return there * x.m_crystals * fading_reciprocal(rho_kv(p) * x.moment_2, shown(p) / p.L_typical)


@kernel
def mu_0(x, p):
    return x.moment_0 / kept(V(x, p), HEEL * p.V_weir)


@kernel
def saturation_crossed(x, p):
    return S(x, p)


@kernel
def outflow_rate(x, p):
    """Fraction of the holdup leaving per second."""
    volume = V(x, p)
    return p.V_weir * above_zero(volume / p.V_weir - 1.0, 1e-3) / (p.tau * kept(volume, HEEL * p.V_weir))


@kernel
def share_below(L, L_median, spread):
    """Mass fraction of a log-normal distribution below a size."""
    return 0.5 + 0.5 * math.erf(math.log(L / L_median) / (math.sqrt(2.0) * spread))


@kernel
def product(x, p, out):
    k = outflow_rate(x, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    # by mass, <L> = L_median e^(s²/2) and <L²>/<L>² = e^(s²); without crystals, a narrow one of L_typical
    tiny = trace(p)
    third = positive_part(x.m_crystals, tiny)
    fourth = positive_part(rho_kv(p) * x.moment_4, tiny * p.L_typical)
    fifth = positive_part(rho_kv(p) * x.moment_5, tiny * p.L_typical * p.L_typical)
    variance = positive_part(math.log(fifth * third / (fourth * fourth)), 1e-4)
    L_median = fourth / third * math.exp(-0.5 * variance)
    spread = math.sqrt(variance)
    below = 0.0
    last = out.m_flow_crystals.shape[0] - 1
    for i in range(last + 1):
        below_after = 1.0
        if i < last:
            below_after = share_below(p.L_edges[i + 1], L_median, spread)
        out.m_flow_crystals[i] = k * x.m_crystals * (below_after - below)
        below = below_after
    return Slurry(T(x, p), k * x.m_crystals, out.m_flow, out.m_flow_crystals)


@kernel
def derivatives(x, u, p, dx):
    k = outflow_rate(x, p)
    rates = kinetics(x, p)
    G, B, L = rates.up, rates.nuclei, p.L_nucleus
    third = x.m_crystals / rho_kv(p)
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] - k * x.m[i]
    dx.m[p.solute] -= rates.deposition
    H_feed = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    duty = p.UA * (u.T_jacket.value - T(x, p))
    dH = H_feed - k * x.H + duty - p.dH_cryst * rates.deposition
    d0 = B - k * x.moment_0
    d1 = G * x.moment_0 + B * L - k * x.moment_1
    d2 = 2.0 * G * x.moment_1 + B * L * L - k * x.moment_2
    dm = rates.deposition - k * x.m_crystals
    d4 = 4.0 * G * third + B * L * L * L * L - k * x.moment_4
    d5 = 5.0 * G * x.moment_4 + B * L * L * L * L * L - k * x.moment_5
    return State(dH, d0, d1, d2, dm, d4, d5, dx.m)


@kernel
def quadratures(x, u, p, out):
    deposition = kinetics(x, p).deposition
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.crystallized.shape[0]):
        out.crystallized[i] = 0.0
    out.dissolved[p.solute] = -deposition
    out.crystallized[p.crystal] = deposition
    duty = p.UA * (u.T_jacket.value - T(x, p))
    return Quadratures(duty, -p.dH_cryst * deposition, out.dissolved, out.crystallized)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = x.m_crystals
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = total(x.m) + x.m_crystals
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = outflow_rate(x, p) * out.m[0]
    return Transport(out.m, out.m_flow)


def nominals(p: Any) -> dict[str, float]:
    """Scales of the states for a full vessel with the typical crystal content and size."""
    mass = p.V_weir * float(np.mean(p.rho))
    crystals = p.M_typical * p.V_weir
    third = crystals / (float(p.rho_solid[p.crystal]) * p.kv)
    moments = {f"moment_{n}": third * p.L_typical ** (n - 3) for n in (0, 1, 2, 4, 5)}
    return {"H": 10.0 * mass * float(np.mean(p.cp)), "m": 0.1 * mass, "m_crystals": crystals, **moments}


def initial_state(initial: Initial, p: Any) -> State:
    """Liquid and log-normal seed filling the given slurry volume (mass fractions sum to 1)."""
    check_filling(initial, p)
    third = initial.m_seed / (float(p.rho_solid[p.crystal]) * p.kv)
    M = [third * initial.L_seed ** (n - 3) * math.exp(0.5 * ((n - 3) * initial.sigma_seed) ** 2) for n in range(6)]
    liquid = initial.V - initial.m_seed / p.rho_solid[p.crystal]
    m = liquid / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * np.asarray(initial.w)
    heat_capacity = float(m @ p.cp) + initial.m_seed * float(p.cp_solid[p.crystal])
    H = heat_capacity * (initial.T - T_REF)
    return State(H, M[0], M[1], M[2], initial.m_seed, M[4], M[5], m)
