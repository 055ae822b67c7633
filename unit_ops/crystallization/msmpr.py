"""A stirred, jacketed crystallizer with a full crystal-size distribution: batch, fed or continuous (MSMPR).

Assumptions
- ideally mixed liquid and crystals (mixed suspension), unclassified overflow (mixed product removal);
- volumes of liquid components and crystals add; one crystallizing solute, one solvent that sets c*;
- size-independent growth, dissolution and nucleation; no agglomeration, no breakage;
- growth and dissolution vanish smoothly within |S| < S_width; the laws are exact outside;
- slurry leaves over a weir: what flows out is proportional to the volume above it;
- heat of crystallization at T_REF; no evaporation, no heat loss but through the jacket.

Balances
    dH/dt   = Ḣ_feed + Ḣ_slurry − k H + UA (T_jacket − T) − ΔH_c deposition
    dm_i/dt = ṁ_i,feed + ṁ_i,slurry − k m_i − [i is the solute] deposition
    dm_j/dt = ṁ_j,slurry − k m_j + gain_j            (size class j)
    gain_j  = ρ_c kv L̄_j³ (F_j − F_j+1),   deposition = Σ gain_j
    k = (V − V_weir)⁺/(τ V),  V = Σ m_i/ρ_i + m_crystals/ρ_c
    T = T_REF + H/(Σ m_i cp_i + m_crystals cp_c),  c = m_solute/m_solvent,  S = (c − c*)/c*
    G = kg e^(−Eg/RT) σ^g,  D = kd e^(−Ed/RT) (−σ)^d
    B = k1 e^(−E1/RT) σ^b1 + k2 e^(−E2/RT) σ^b2 (M_T/(1 kg/m³))^j

References: Randolph and Larson, Theory of Particulate Processes, 2nd ed., Academic Press 1988
(ISBN 978-0-12-579652-1); Mitchell, Ó'Ciardhá, Frawley, J. Cryst. Growth 328 (2011) 39,
doi 10.1016/j.jcrysgro.2011.06.016; numerics in population.py, laws in laws.py.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Nominal, Optional
from unit_ops.crystallization.laws import (
    Basis,
    content_factor,
    force_per_S,
    power_rate,
    primary_nucleation,
    saturation,
)
from unit_ops.crystallization.parameters import (
    ClassesParams,
    DissolutionParams,
    GrowthParams,
    NucleationParams,
    PhaseParams,
    SolubilityParams,
    VesselParams,
    joined,
)
from unit_ops.crystallization.population import growth_gain
from unit_ops.crystallization.vessel import (
    HEEL,
    L32,
    L43,
    Initial,
    Measurements,
    T,
    V,
    crystal_mass,
    filling,
    heel_mass,
    mass_per_size,
    mass_size,
    mu_0,
    nominals,
    number,
    w_crystals,
)
from unit_ops.smooth import above_zero, kept
from unit_ops.streams import T_REF, Holdup, Signal, Slurry, Solution, enthalpy_flow, total

__all__ = [
    "L32", "L43", "Initial", "Measurements", "V", "crystal_mass", "mass_per_size", "mass_size", "mu_0",
    "nominals", "number", "w_crystals",
]  # fmt: skip


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",)]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",), Nominal(1e-3)]


Params = joined(
    __name__,
    VesselParams,
    PhaseParams,
    SolubilityParams,
    GrowthParams,
    DissolutionParams,
    NucleationParams,
    ClassesParams,
)


class Inlets(NamedTuple):
    feed: Annotated[Solution, "clear feed", Optional()]
    slurry: Annotated[Slurry, "slurry, from a stage before", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "overflow"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystal mass", ("bins",)]
    mass_size: Annotated[float, "kg m", "crystal mass times size", ("bins",), Nominal(1e-4)]
    mass_per_size: Annotated[float, "kg/m", "crystal mass over size", ("bins",), Nominal(1e4)]
    number: Annotated[float, "1", "number of crystals", ("bins",), Nominal(1e9)]
    # numbers that all size classes share stand here, so that a class depends on them and not on every state
    outflow: Annotated[float, "1/s", "part of the holdup leaving per second", ("1",), Nominal(1e-4)]
    growth: Annotated[float, "m/s", "growth rate", ("1",), Nominal(1e-8)]
    dissolution: Annotated[float, "m/s", "dissolution rate", ("1",), Nominal(1e-8)]
    nuclei_flow: Annotated[float, "1/s", "nuclei formed in the vessel", ("1",), Nominal(1e3)]
    deposition: Annotated[float, "kg/s", "mass that crystallizes, less what dissolves", ("bins",), Nominal(1e-5)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("bins",)]


class Guards(NamedTuple):
    saturation_crossed: Annotated[float, "1", "relative supersaturation"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_crystallization: Annotated[float, "W", "heat released by crystallization"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("feed", 0), ("slurry", 0), (0, "product"))


@kernel
def c(x, p):
    return x.m[p.solute] / kept(x.m[p.solvent], heel_mass(p))


@kernel
def c_sat(x, a, p):
    return saturation(p.solubility, p.sol_a, p.sol_b, p.sol_c, p.sol_E, T(x, a, p))


@kernel
def S(x, a, p):
    return c(x, p) / c_sat(x, a, p) - 1.0


@kernel
def outflow(x, a, p, out):
    """Fraction of the holdup leaving per second."""
    volume = V(x, a, p)
    out[0] = p.V_weir * above_zero(volume / p.V_weir - 1.0, 1e-3) / (p.tau * kept(volume, HEEL * p.V_weir))


@kernel
def driving_force(x, a, p, direction):
    """Supersaturation (direction 1) or undersaturation (-1) in the unit of the laws."""
    c_star = c_sat(x, a, p)
    c_now = c(x, p)
    force = above_zero(direction * (c_now / c_star - 1.0), p.S_width)
    return force_per_S(p.force, c_now, c_star, p.rho_solvent, p.molar_mass[p.solute]) * force


@kernel
def growth(x, a, p, out):
    out[0] = power_rate(p.kg, p.Eg, p.g, driving_force(x, a, p, 1.0), T(x, a, p))


@kernel
def dissolution(x, a, p, out):
    out[0] = power_rate(p.kd, p.Ed, p.d, driving_force(x, a, p, -1.0), T(x, a, p))


@kernel
def nuclei_flow(x, a, p, out):
    """Nuclei per second in the whole vessel."""
    temperature = T(x, a, p)
    sigma = driving_force(x, a, p, 1.0)
    S_up = above_zero(S(x, a, p), p.S_width)
    volume = V(x, a, p)
    # a class may be slightly negative while there are no crystals yet
    content = p.M_typical * above_zero(a.crystal_mass / (kept(volume, HEEL * p.V_weir) * p.M_typical), 1e-9)
    primary = primary_nucleation(p.nucleation, p.k1, p.E1, p.b1, p.beta, sigma, S_up, temperature)
    secondary = power_rate(p.k2, p.E2, p.b2, sigma, temperature) * content_factor(content, p.j)
    if p.basis == Basis.SOLVENT:
        volume = x.m[p.solvent] / p.rho_solvent
    out[0] = volume * (primary + secondary)


@kernel
def deposition(x, a, p, w, out):
    """The gains, kept for the balances: what the liquor loses is bit for bit what the crystals gain."""
    typical = p.M_typical * p.V_weir / x.crystals.shape[0]
    rho_kv = p.rho_solid[p.crystal] * p.kv
    growth_gain(
        x.crystals,
        p.L_edges,
        rho_kv,
        a.growth,
        a.dissolution,
        a.nuclei_flow,
        p.limiter,
        p.limiter_eps * typical,
        out,
        w.gain,
    )
    for i in range(out.shape[0]):
        out[i] = w.gain[i]


@kernel
def saturation_crossed(x, a, p):
    return S(x, a, p)


@kernel
def product(x, a, p, out):
    k = a.outflow
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    for i in range(x.crystals.shape[0]):
        out.m_flow_crystals[i] = k * x.crystals[i]
    return Slurry(T(x, a, p), k * a.crystal_mass, out.m_flow, out.m_flow_crystals)


@kernel
def derivatives(x, u, a, p, w, dx):
    k = a.outflow
    for i in range(x.crystals.shape[0]):
        dx.crystals[i] = w.gain[i] + u.slurry.m_flow_crystals[i] - k * x.crystals[i]
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] + u.slurry.m_flow[i] - k * x.m[i]
    dx.m[p.solute] -= a.deposition
    H_feed = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    H_slurry = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    H_crystals = u.slurry.m_flow_solid * p.cp_solid[p.crystal] * (u.slurry.T - T_REF)
    duty = p.UA * (u.T_jacket.value - T(x, a, p))
    dH = H_feed + H_slurry + H_crystals - k * x.H + duty - p.dH_cryst * a.deposition
    return State(dH, dx.m, dx.crystals)


@kernel
def quadratures(x, u, a, p, out):
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.crystallized.shape[0]):
        out.crystallized[i] = 0.0
    out.dissolved[p.solute] = -a.deposition
    out.crystallized[p.crystal] = a.deposition
    duty = p.UA * (u.T_jacket.value - T(x, a, p))
    return Quadratures(duty, -p.dH_cryst * a.deposition, out.dissolved, out.crystallized)


@kernel
def holdup(x, a, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = a.crystal_mass
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = total(x.m) + a.crystal_mass
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[2] = a.outflow * out.m[0]
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Any) -> State:
    """Liquid and log-normal seed filling the given slurry volume (mass fractions sum to 1)."""
    return State(*filling(initial, p))
