"""A dissolver: wet cake is stirred into hot solvent, and what has dissolved overflows through a strainer.

Assumptions
- ideal mixing of liquid and crystals; volumes of liquid components and crystals add;
- crystals dissolve at a rate in proportion to their mass and to what the liquor lacks to saturation; nothing
  crystallizes here: above saturation they rest;
- crystals stay in the vessel until they have dissolved: liquid alone passes the strainer in front of the weir;
- the surface that the cake brings along is not followed; heat of crystallization at T_REF; no heat loss but through
  the jacket.

Balances
    dM/dt   = Ṁ_cake − r
    dm_i/dt = ṁ_i,cake + ṁ_i,solvent + ṁ_i,solvent_2 − k m_i + [i is the solute] r
    dH/dt   = Ḣ_cake + Ḣ_solvent + Ḣ_solvent_2 − k Σ m_i cp_i (T − T_REF) + UA (T_jacket − T) + ΔH_c r
    r = rate M (1 − c/c*(T))⁺,   c = m_solute/m_solvent
    k = (V − V_weir)⁺/(τ V_liquid),   V = V_liquid + M/ρ_c,   V_liquid = Σ m_i/ρ_i

Reference: Mullin, Crystallization, 4th ed., Butterworth-Heinemann 2001, ch. 6 (dissolution in proportion to the
undersaturation; ISBN 978-0-7506-4833-2).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.properties.mixture import volume
from unit_ops.properties.solubility import Solubility, saturation
from unit_ops.smooth import above_zero, kept
from unit_ops.streams import T_REF, Cake, Holdup, Signal, Solution, dot, enthalpy_flow, total

#: Part of V_weir below which the vessel counts as empty.
HEEL = 1e-6


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    M: Annotated[float, "kg", "crystal mass", Nominal(0.01)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)]
    V_weir: Annotated[float, "m^3", "volume below the weir", Range(1e-9, 1e4)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]
    dH_cryst: Annotated[float, "J/kg", "heat of crystallization (negative: heat is released)", Range(-1e7, 1e7)]
    rate: Annotated[float, "1/s", "part of the crystals that dissolves per second in pure solvent", Range(0.0, 1e3)]
    solute: Annotated[int, "1", "the same substance dissolved", Index("fluids")]
    solvent: Annotated[int, "1", "the liquid component to which concentrations refer", Index("fluids")]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    sol_a: Annotated[float, "1", "solubility coefficient a", Range(-1e6, 1e30)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    sol_b: Annotated[float, "1/K", "solubility coefficient b", Range(-10.0, 10.0)] = 0.0
    sol_c: Annotated[float, "1/K^2", "solubility coefficient c", Range(-10.0, 10.0)] = 0.0
    sol_E: Annotated[float, "J/mol", "enthalpy of solution in the van 't Hoff law", Range(-1e6, 1e6)] = 0.0
    T_sol_low: Annotated[float, "K", "lowest temperature of the solubility's fit", Range(1.0, 1e4)] = 1.0
    T_sol_high: Annotated[float, "K", "highest temperature of the solubility's fit", Range(1.0, 1e4)] = 1e4
    solubility: Annotated[Solubility, "1", "solubility law"] = Solubility.EXPONENTIAL
    part_limit: Annotated[float, "1", "volume fraction of crystals above which it is clogged", Range(1e-3, 0.6)] = 0.3


class Inlets(NamedTuple):
    cake: Annotated[Cake, "wet cake"]
    solvent: Annotated[Solution, "solvent", Optional()]
    solvent_2: Annotated[Solution, "second solvent, back from a recovery for instance", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    product: Annotated[Solution, "clear overflow"]


class Measurements(NamedTuple):
    T: Annotated[float, "K", "temperature", Fitted("solubility", "T_sol_low", "T_sol_high")]
    V: Annotated[float, "m^3", "slurry volume"]
    c: Annotated[float, "1", "concentration: solute per solvent mass"]
    S: Annotated[float, "1", "relative supersaturation"]
    undissolved: Annotated[float, "kg", "crystals not yet dissolved"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_dissolution: Annotated[float, "W", "heat released by dissolution, mostly negative"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Guards(NamedTuple):
    clogged: Annotated[float, "1", "volume fraction of crystals above the limit"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(1e-9, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions in the liquid", ("fluids",), Fractions()]
    M: Annotated[float, "kg", "crystal mass", Range(0.0, 1e5)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("cake", 0), ("solvent", 0), ("solvent_2", 0), (0, "product"))


@kernel
def liquid_volume(x, p):
    return volume(x.m, p.rho)


@kernel
def V(x, p):
    return liquid_volume(x, p) + x.M / p.rho_solid[p.crystal]


@kernel
def T(x, p):
    C = dot(x.m, p.cp) + x.M * p.cp_solid[p.crystal]
    return T_REF + x.H / kept(C, HEEL * p.V_weir * p.rho[p.solvent] * p.cp[p.solvent])


@kernel
def c(x, p):
    return x.m[p.solute] / kept(x.m[p.solvent], HEEL * p.V_weir * p.rho[p.solvent])


@kernel
def S(x, p):
    return c(x, p) / saturation(p.solubility, p.sol_a, p.sol_b, p.sol_c, p.sol_E, T(x, p)) - 1.0


@kernel
def undissolved(x):
    return x.M


@kernel
def clogged(x, p):
    return x.M / p.rho_solid[p.crystal] / kept(V(x, p), HEEL * p.V_weir) - p.part_limit


@kernel
def dissolution_flow(x, p):
    """Crystals that dissolve per second [kg/s]."""
    return p.rate * x.M * above_zero(-S(x, p), 0.01)


@kernel
def outflow_rate(x, p):
    """Fraction of the liquid leaving per second."""
    return p.V_weir * above_zero(V(x, p) / p.V_weir - 1.0, 1e-3) / (p.tau * kept(liquid_volume(x, p), HEEL * p.V_weir))


@kernel
def product(x, p, out):
    k = outflow_rate(x, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    k = outflow_rate(x, p)
    r = dissolution_flow(x, p)
    for i in range(x.m.shape[0]):
        dx.m[i] = u.cake.m_flow[i] + u.solvent.m_flow[i] + u.solvent_2.m_flow[i] - k * x.m[i]
    dx.m[p.solute] += r
    dM = u.cake.m_flow_crystals - r
    temperature = T(x, p)
    # flow
    dH = enthalpy_flow(u.cake.T, u.cake.m_flow, p.cp)
    dH += u.cake.m_flow_crystals * p.cp_solid[p.crystal] * (u.cake.T - T_REF)
    dH += enthalpy_flow(u.solvent.T, u.solvent.m_flow, p.cp) + enthalpy_flow(u.solvent_2.T, u.solvent_2.m_flow, p.cp)
    dH -= k * dot(x.m, p.cp) * (temperature - T_REF)
    # jacket and dissolution
    dH += p.UA * (u.T_jacket.value - temperature) + p.dH_cryst * r
    return State(dH, dM, dx.m)


@kernel
def quadratures(x, u, p, out):
    r = dissolution_flow(x, p)
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.crystallized.shape[0]):
        out.crystallized[i] = 0.0
    out.dissolved[p.solute] = r
    out.crystallized[p.crystal] = -r
    duty = p.UA * (u.T_jacket.value - T(x, p))
    return Quadratures(duty, p.dH_cryst * r, out.dissolved, out.crystallized)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = x.M
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = total(x.m) + x.M
    out.m_flow[0] = u.cake.m_flow_crystals + total(u.cake.m_flow)
    out.m_flow[1] = total(u.solvent.m_flow)
    out.m_flow[2] = total(u.solvent_2.m_flow)
    out.m_flow[3] = outflow_rate(x, p) * total(x.m)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, 10 K, a hundredth of it crystals."""
    mass = p.V_weir * float(p.rho.mean())
    return {"H": 10.0 * mass * float(p.cp.mean()), "M": 0.01 * mass, "m": 0.1 * mass}


def initial_state(initial: Initial, p: Params) -> State:
    """Liquid and crystals of one temperature that fill the given volume."""
    liquid = initial.V - initial.M / float(p.rho_solid[p.crystal])
    m = liquid / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * initial.w
    C = float(m @ p.cp) + initial.M * float(p.cp_solid[p.crystal])
    return State(H=C * (initial.T - T_REF), M=initial.M, m=m)
