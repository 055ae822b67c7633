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

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Grid, Index, Nominal, Optional, Range
from unit_ops.crystallization.laws import (
    Basis,
    DrivingForce,
    Limiter,
    Nucleation,
    Solubility,
    content_factor,
    force_per_S,
    power_rate,
    primary_nucleation,
    saturation,
)
from unit_ops.crystallization.population import cubed_size, growth_gain
from unit_ops.smooth import above_zero
from unit_ops.streams import T_REF, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",)]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",), Nominal(1e-3)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)]
    V_weir: Annotated[float, "m^3", "volume below the weir", Range(1e-9, 1e4)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]
    dH_cryst: Annotated[float, "J/kg", "heat of crystallization (negative: heat is released)", Range(-1e7, 1e7)]
    kv: Annotated[float, "1", "volume shape factor of the crystals", Range(1e-3, 10.0)]
    solute: Annotated[int, "1", "the crystallizing liquid component", Index("fluids")]
    solvent: Annotated[int, "1", "the liquid component to which concentrations refer", Index("fluids")]
    crystal: Annotated[int, "1", "the solid that crystallizes", Index("solids")]
    sol_a: Annotated[float, "1", "solubility coefficient a", Range(-1e6, 1e30)]
    kg: Annotated[float, "m/s", "growth rate coefficient", Range(0.0, 1e30)]
    g: Annotated[float, "1", "growth exponent", Range(0.5, 10.0)]
    rho_solvent: Annotated[float, "kg/m^3", "solvent density by which driving forces are converted", Range(100.0, 5e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities, liquid", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities, liquid or dissolved", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    sol_b: Annotated[float, "1/K", "solubility coefficient b", Range(-10.0, 10.0)] = 0.0
    sol_c: Annotated[float, "1/K^2", "solubility coefficient c", Range(-10.0, 10.0)] = 0.0
    sol_E: Annotated[float, "J/mol", "enthalpy of solution in the van 't Hoff law", Range(-1e6, 1e6)] = 0.0
    Eg: Annotated[float, "J/mol", "activation energy of growth", Range(0.0, 1e6)] = 0.0
    kd: Annotated[float, "m/s", "dissolution rate coefficient", Range(0.0, 1e30)] = 0.0
    Ed: Annotated[float, "J/mol", "activation energy of dissolution", Range(0.0, 1e6)] = 0.0
    d: Annotated[float, "1", "dissolution exponent", Range(0.5, 10.0)] = 1.0
    k1: Annotated[float, "1/(m^3 s)", "primary nucleation coefficient", Range(0.0, 1e40)] = 0.0
    E1: Annotated[float, "J/mol", "activation energy of primary nucleation", Range(0.0, 1e6)] = 0.0
    b1: Annotated[float, "1", "primary nucleation exponent", Range(0.5, 30.0)] = 2.0
    beta: Annotated[float, "1", "barrier of classical nucleation", Range(0.0, 1e6)] = 1.0
    k2: Annotated[float, "1/(m^3 s)", "secondary nucleation coefficient", Range(0.0, 1e40)] = 0.0
    E2: Annotated[float, "J/mol", "activation energy of secondary nucleation", Range(0.0, 1e6)] = 0.0
    b2: Annotated[float, "1", "secondary nucleation exponent", Range(0.5, 30.0)] = 2.0
    j: Annotated[float, "1", "exponent of the crystal content in secondary nucleation", Range(0.0, 10.0)] = 1.0
    S_width: Annotated[float, "1", "smoothing width between growth and dissolution", Range(1e-9, 1.0)] = 0.01
    limiter_eps: Annotated[float, "1", "fraction of a typical class below which limiting ends", Range(1e-9, 1.0)] = 1e-3
    M_typical: Annotated[float, "kg/m^3", "typical crystal content, for scaling only", Range(1e-6, 2e3)] = 50.0
    L_typical: Annotated[float, "m", "typical crystal size, for scaling only", Range(1e-7, 1.0)] = 1e-4
    solubility: Annotated[Solubility, "1", "solubility law"] = Solubility.EXPONENTIAL
    force: Annotated[DrivingForce, "1", "driving force of growth, dissolution and nucleation"] = DrivingForce.RELATIVE
    nucleation: Annotated[Nucleation, "1", "primary nucleation law"] = Nucleation.POWER
    basis: Annotated[Basis, "1", "volume to which nucleation refers"] = Basis.SLURRY
    limiter: Annotated[Limiter, "1", "flux limiter"] = Limiter.VAN_ALBADA


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
    nucleation: Annotated[float, "1/s", "nuclei formed in the vessel", ("1",), Nominal(1e3)]
    deposition: Annotated[float, "kg/s", "mass that crystallizes, less what dissolves", ("bins",), Nominal(1e-5)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("bins",)]


class Measurements(NamedTuple):
    T: Annotated[float, "K", "temperature"]
    V: Annotated[float, "m^3", "slurry volume"]
    c: Annotated[float, "1", "concentration: solute per solvent mass"]
    c_sat: Annotated[float, "1", "saturation concentration: solute per solvent mass"]
    S: Annotated[float, "1", "relative supersaturation"]
    w_crystals: Annotated[float, "1", "mass fraction of crystals in the slurry"]
    L43: Annotated[float, "m", "mass mean crystal size; 0 without crystals"]
    L32: Annotated[float, "m", "surface mean crystal size; 0 without crystals"]
    mu_0: Annotated[float, "1/m^3", "crystals per slurry volume"]


class Guards(NamedTuple):
    saturation_crossed: Annotated[float, "1", "relative supersaturation"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_crystallization: Annotated[float, "W", "heat released by crystallization"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume", Range(1e-9, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions in the liquid", ("fluids",), Fractions()]
    m_seed: Annotated[float, "kg", "seed crystals", Range(0.0, 1e6)] = 0.0
    L_seed: Annotated[float, "m", "mass median size of the seed", Range(1e-9, 1.0)] = 1e-4
    sigma_seed: Annotated[float, "1", "standard deviation of ln(size) of the seed by mass", Range(1e-3, 3.0)] = 0.3


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("feed", 0), ("slurry", 0), (0, "product"))


@kernel
def T(x, a, p):
    return T_REF + x.H / (dot(x.m, p.cp) + a.crystal_mass * p.cp_solid[p.crystal])


@kernel
def V(x, a, p):
    volume = a.crystal_mass / p.rho_solid[p.crystal]
    for i in range(x.m.shape[0]):
        volume += x.m[i] / p.rho[i]
    return volume


@kernel
def c(x, p):
    return x.m[p.solute] / x.m[p.solvent]


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
    out[0] = p.V_weir * above_zero(volume / p.V_weir - 1.0, 1e-3) / (p.tau * volume)


@kernel
def driving_force(x, a, p, direction):
    """Supersaturation (direction 1) or undersaturation (-1) in the unit of the laws."""
    c_star = c_sat(x, a, p)
    force = above_zero(direction * (c(x, p) / c_star - 1.0), p.S_width)
    return force_per_S(p.force, c_star, p.rho_solvent, p.molar_mass[p.solute]) * force


@kernel
def growth(x, a, p, out):
    out[0] = power_rate(p.kg, p.Eg, p.g, driving_force(x, a, p, 1.0), T(x, a, p))


@kernel
def dissolution(x, a, p, out):
    out[0] = power_rate(p.kd, p.Ed, p.d, driving_force(x, a, p, -1.0), T(x, a, p))


@kernel
def nucleation(x, a, p, out):
    """Nuclei per second in the whole vessel."""
    temperature = T(x, a, p)
    sigma = driving_force(x, a, p, 1.0)
    S_up = above_zero(S(x, a, p), p.S_width)
    volume = V(x, a, p)
    # a class may be slightly negative while there are no crystals yet
    content = p.M_typical * above_zero(a.crystal_mass / (volume * p.M_typical), 1e-9)
    primary = primary_nucleation(p.nucleation, p.k1, p.E1, p.b1, p.beta, sigma, S_up, temperature)
    secondary = power_rate(p.k2, p.E2, p.b2, sigma, temperature) * content_factor(content, p.j)
    if p.basis == Basis.SOLVENT:
        volume = x.m[p.solvent] / p.rho_solvent
    out[0] = volume * (primary + secondary)


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


@kernel
def deposition(x, a, p, w, out):
    """The gains, kept for the balances: what the liquor loses is bit for bit what the crystals gain."""
    typical = p.M_typical * p.V_weir / x.crystals.shape[0]
    rho_kv = p.rho_solid[p.crystal] * p.kv
    growth_gain(
        x.crystals, p.L_edges, rho_kv, a.growth, a.dissolution, a.nucleation, p.limiter, p.limiter_eps * typical, w.gain
    )
    for i in range(out.shape[0]):
        out[i] = w.gain[i]


@kernel
def w_crystals(x, a):
    return a.crystal_mass / (total(x.m) + a.crystal_mass)


@kernel
def trace(p):
    """A billionth of a typical crystal mass: makes mean sizes 0, not 0/0, without crystals."""
    return 1e-9 * p.M_typical * p.V_weir


@kernel
def L43(a, p):
    return a.mass_size / (a.crystal_mass + trace(p))


@kernel
def L32(a, p):
    return a.crystal_mass / (a.mass_per_size + trace(p) / p.L_edges[p.L_edges.shape[0] - 1])


@kernel
def mu_0(x, a, p):
    return a.number / V(x, a, p)


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


def nominals(p: Params) -> dict[str, Any]:
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


def initial_state(initial: Initial, p: Params) -> State:
    """Liquid and log-normal seed filling the given slurry volume (mass fractions sum to 1)."""
    z = np.log(np.asarray(p.L_edges) / initial.L_seed) / (math.sqrt(2.0) * initial.sigma_seed)
    share = np.diff([math.erf(v) for v in z])
    crystals = initial.m_seed * share / share.sum()
    liquid = initial.V - initial.m_seed / p.rho_solid[p.crystal]
    m = liquid / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * np.asarray(initial.w)
    heat_capacity = float(m @ p.cp) + initial.m_seed * float(p.cp_solid[p.crystal])
    return State(H=heat_capacity * (initial.T - T_REF), m=m, crystals=crystals)
