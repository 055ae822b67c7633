"""An in-line wet mill: a small full chamber through which a slurry passes and in which its crystals break.

Put in a loop with a crystallizer it shifts the size distribution down; a pass of seconds beside the hours of
the vessel is nearly a map from the inlet's distribution to the outlet's.

Assumptions
- ideally mixed chamber, always full: what comes in pushes out as much, with the time constant tau;
- breakage at a rate that follows size and tip speed, S = S_ref (L/L_ref)^q N^s; fragments by a law
  (breakage.py); nothing grows or dissolves within a pass;
- volumes add; no heat loss, the shaft's power is given.

Balances
    dH/dt = Ḣ_in − k H + P_shaft,   dm_i/dt = ṁ_i,in − k m_i,   k = V_mill/τ (V/V_mill − 1)⁺/V
    dm_j/dt = ṁ_j,in − k m_j + breakage_j   (size class j; breakage sums to zero)

References: Austin, Powder Technol. 5 (1971) 1, doi 10.1016/0032-5910(71)80064-5; Kumar, Saha, Tsotsas,
SIAM J. Numer. Anal. 53 (2015) 1672, doi 10.1137/140980247; numerics in breakage.py.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Grid, Index, Nominal, Range
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.crystallization.laws import stirring_factor
from unit_ops.crystallization.vessel import V, crystal_mass, mass_size
from unit_ops.smooth import above_zero, fading_reciprocal
from unit_ops.streams import T_REF, Holdup, Signal, Slurry, dot, enthalpy_flow, total

__all__ = ["V", "crystal_mass", "mass_size"]

#: Fragments come from all classes above.
DENSE = ("bins",)


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e3)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",), Nominal(1e-2)]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",), Nominal(1e-4)]


class Params(NamedTuple):
    V_mill: Annotated[float, "m^3", "volume of the chamber", Range(1e-9, 10.0)]
    kv: Annotated[float, "1", "volume shape factor of the crystals", Range(1e-3, 10.0)]
    crystal: Annotated[int, "1", "the solid that the crystals are of", Index("solids")]
    S_ref: Annotated[float, "1/s", "breakage rate at the size L_ref and the speed 1", Range(0.0, 1e6)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities, liquid", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities, liquid or dissolved", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    tau: Annotated[float, "s", "time for a flow step to pass the chamber", Range(1e-3, 1e4)] = 1.0
    L_ref: Annotated[float, "m", "size to which the rate refers", Range(1e-7, 1e-1)] = 1e-4
    q: Annotated[float, "1", "power of the size in the breakage rate", Range(0.0, 10.0)] = 1.0
    power_speed: Annotated[float, "1", "exponent of the speed in the breakage rate", Range(0.0, 10.0)] = 2.0
    phi: Annotated[float, "1", "share of the fine fragments in Austin's law", Range(0.0, 1.0)] = 0.5
    gamma_fine: Annotated[float, "1", "exponent of the fine fragments in Austin's law", Range(0.1, 10.0)] = 1.0
    gamma_coarse: Annotated[float, "1", "exponent of the coarse fragments in Austin's law", Range(0.1, 20.0)] = 4.0
    shaft_power: Annotated[float, "W", "power that ends as heat in the slurry", Range(0.0, 1e7)] = 0.0
    daughters: Annotated[Daughters, "1", "what a crystal breaks into"] = Daughters.UNIFORM


class Inlets(NamedTuple):
    slurry: Annotated[Slurry, "slurry to be milled"]
    relative_speed: Annotated[Signal, "1", "rotor speed over that to which S_ref refers; 0 at rest"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "milled slurry"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystal mass", ("bins",), Nominal(1e-3)]
    mass_size: Annotated[float, "kg m", "crystal mass times size", ("bins",), Nominal(1e-7)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("bins",)]
    broken: Annotated[Array, "kg/s", "scratch of breakage", ("bins",)]


class Measurements(NamedTuple):
    T: Annotated[float, "K", "temperature"]
    V: Annotated[float, "m^3", "slurry volume"]
    L43: Annotated[float, "m", "mass mean crystal size; 0 without crystals"]


class Quadratures(NamedTuple):
    shaft: Annotated[float, "W", "heat from the shaft"]


class Initial(NamedTuple):
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions in the liquid, no crystals", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("slurry", 0), (0, "product"))


@kernel
def T(x, a, p):
    return T_REF + x.H / (dot(x.m, p.cp) + a.crystal_mass * p.cp_solid[p.crystal])


@kernel
def L43(a, p):
    return a.mass_size * fading_reciprocal(a.crystal_mass, 1e-9 * p.V_mill * p.rho_solid[p.crystal])


@kernel
def outflow_rate(x, a, p):
    """Fraction of the holdup leaving per second."""
    volume = V(x, a, p)
    return p.V_mill * above_zero(volume / p.V_mill - 1.0, 1e-3) / (p.tau * volume)


@kernel
def product(x, a, p, out):
    k = outflow_rate(x, a, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    for i in range(x.crystals.shape[0]):
        out.m_flow_crystals[i] = k * x.crystals[i]
    return Slurry(T(x, a, p), k * a.crystal_mass, out.m_flow, out.m_flow_crystals)


@kernel
def derivatives(x, u, a, p, w, dx):
    k = outflow_rate(x, a, p)
    rate = p.S_ref * stirring_factor(u.relative_speed.value, p.power_speed)
    rho_kv = p.rho_solid[p.crystal] * p.kv
    breakage_gain(
        x.crystals, p.L_edges, rho_kv, rate, p.L_ref, p.q, p.daughters, p.phi, p.gamma_fine, p.gamma_coarse, w.broken,
        w.gain,
    )  # fmt: skip
    for i in range(x.crystals.shape[0]):
        dx.crystals[i] = u.slurry.m_flow_crystals[i] - k * x.crystals[i] + w.gain[i]
    for i in range(x.m.shape[0]):
        dx.m[i] = u.slurry.m_flow[i] - k * x.m[i]
    H_in = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    H_in += u.slurry.m_flow_solid * p.cp_solid[p.crystal] * (u.slurry.T - T_REF)
    return State(H_in - k * x.H + p.shaft_power, dx.m, dx.crystals)


@kernel
def quadratures(p):
    return Quadratures(p.shaft_power)


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
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = outflow_rate(x, a, p) * out.m[0]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, Any]:
    """Scales of the states: a full chamber, 10 K from the reference, a tenth of it crystals."""
    mass = p.V_mill * float(np.mean(p.rho))
    bins = len(p.L_edges) - 1
    return {"H": 10.0 * mass * float(np.mean(p.cp)), "m": 0.1 * mass, "crystals": 0.1 * mass / bins}


def initial_state(initial: Initial, p: Params) -> State:
    """A chamber full of liquor (mass fractions sum to 1)."""
    m = p.V_mill / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * np.asarray(initial.w)
    return State(float(m @ p.cp) * (initial.T - T_REF), m, np.zeros(len(p.L_edges) - 1))
