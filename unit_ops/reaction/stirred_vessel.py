"""A stirred vessel for any reaction network: batch, semi-batch or continuous, with a choice of jackets.

Batch without feeds, semi-batch with `discharge: closed`, continuous over a weir or through a valve.
A cascade is several of these, connected in YAML.

Assumptions
- ideal mixing; volumes of components add, also when they react;
- discharge over a weir in proportion to the volume above it; through a valve at its opening times
  V_flow_max, fading between twice the heel and the heel, which stays in the vessel;
- the jacket wets a constant area; its contents are mixed; no heat loss, no evaporation;
- heats of reaction do not depend on temperature.

Balances
    dm_i/dt = Σ ṁ_i,feeds − k m_i + V Σ_k ν_ki r_k                      (ν_ki in kg/mol)
    dH/dt   = Σ Ḣ_feeds − k H − V Σ_k ΔH_k r_k + Q
    closed: k = 0;  weir: k = (V − V_weir)⁺/(τ V);  valve: k = valve V_flow_max/V (above the heel)
    adiabatic:     Q = 0
    constant:      Q = UA (T_jacket − T)
    flow-limited:  Q = F (1 − exp(−UA/F)) (T_jacket − T),  F = ṁ_coolant cp_coolant
    dynamic:       Q = UA (T_shell − T),  dH_jacket/dt = F (T_jacket − T_shell) + Q_jacket − Q
    wall:          Q = UA (T_wall − T),   dH_wall/dt = Q_wall − Q,  Q_wall = UA_wall (T_shell − T_wall)
                   dH_jacket/dt = F (T_jacket − T_shell) + Q_jacket − Q_wall
    r_k = k0_k exp(−E_k/R (1/T − 1/T_ref,k)) Π (c_i/M_i)^order_ki,  c_i = m_i/V,  V = Σ m_i/ρ_i
    T = T_REF + H/Σ m_i cp_i,  T_shell = T_REF + H_jacket/C_jacket,  T_wall = T_REF + H_wall/C_wall

A reactant of order zero is used up smoothly: its rate fades below 0.01 mol/m³. `T_jacket` is where
the coolant enters, and the whole jacket when constant. `cp_coolant` defaults to that of water at
25 °C (IAPWS-95, doi 10.1063/1.1461829).

References: Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999 (ISBN 978-0-471-25424-9);
Klatt, Engell, Comput. Chem. Eng. 22 (1998) 491, doi 10.1016/S0098-1354(97)00261-5 (dynamic jacket).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Optional, Range
from unit_ops.piping.liquid import boiling_pressure
from unit_ops.properties.mixture import volume
from unit_ops.reaction.network import configure_reactions
from unit_ops.reaction.rates import R_GAS, power
from unit_ops.smooth import above_zero, kept, reciprocal, step
from unit_ops.streams import T_REF, Holdup, Signal, Solution, dot, enthalpy_flow, total

DIMS = {"reactions": 0}
SETTINGS = ("reactions",)

#: Part of V_weir below which the vessel counts as empty.
HEEL = 1e-9
#: Where laws that divide by a number that may be zero go over into their limit.
F_LEAST: Annotated[float, "W/K", "heat capacity flow below which a coolant counts as standing"] = 1e-3
C_LEAST: Annotated[float, "J/K", "heat capacity below which a jacket counts as having none"] = 1e-3
C_GONE: Annotated[float, "mol/m^3", "concentration below which a reaction of order zero fades"] = 1e-2


class Discharge(IntEnum):
    """How liquid leaves."""

    CLOSED = 0  #: it does not: batch, semi-batch
    WEIR = 1  #: what is above V_weir overflows
    VALVE = 2  #: through a valve in the bottom


class Jacket(IntEnum):
    """Where heat goes."""

    ADIABATIC = 0
    CONSTANT = 1  #: one given temperature
    FLOW_LIMITED = 2  #: coolant in quasi-steady plug flow past contents of one temperature
    DYNAMIC = 3  #: mixed contents with an energy balance of their own
    WALL = 4  #: the same, behind a wall that stores heat


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy of the liquid above the reference temperature", Nominal(1e4)]
    H_wall: Annotated[float, "J", "enthalpy of the wall above the reference temperature", Nominal(1e4)]
    H_jacket: Annotated[float, "J", "enthalpy of the jacket above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    discharge: Annotated[Discharge, "1", "how liquid leaves"]
    jacket: Annotated[Jacket, "1", "where heat goes"]
    V_weir: Annotated[float, "m^3", "volume below the weir or the brim", Range(1e-9, 1e4)]
    T_limit: Annotated[float, "K", "temperature above which an excursion is reported", Range(200.0, 2e3)]
    key: Annotated[int, "1", "component whose content is reported", Index("fluids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    nu_mass: Annotated[Array, "kg/mol", "mass formed per mole of reaction", ("reactions", "fluids")]
    orders: Annotated[Array, "1", "reaction orders", ("reactions", "fluids")]
    k0: Annotated[Array, "mol/(m^3 s)", "rates with every reactant at 1 mol/m^3", ("reactions",)]
    E: Annotated[Array, "J/mol", "activation energies", ("reactions",)]
    inv_T_ref: Annotated[Array, "1/K", "inverse of the temperature to which k0 refers", ("reactions",)]
    dH: Annotated[Array, "J/mol", "heats of reaction (negative: heat is released)", ("reactions",)]
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)] = 1.0
    V_flow_max: Annotated[float, "m^3/s", "discharge through the open valve", Range(0.0, 1e3)] = 0.0
    heel_part: Annotated[float, "1", "part of V_weir that the valve leaves in the vessel", Range(1e-9, 1.0)] = 1e-3
    UA: Annotated[float, "W/K", "heat transfer coefficient times area, liquid to jacket or wall", Range(0.0, 1e7)] = 0.0
    UA_wall: Annotated[float, "W/K", "heat transfer coefficient times area, wall to jacket", Range(0.0, 1e7)] = 0.0
    C_wall: Annotated[float, "J/K", "heat capacity of the wall", Range(0.0, 1e10)] = 0.0
    C_jacket: Annotated[float, "J/K", "heat capacity of the jacket's contents", Range(0.0, 1e10)] = 0.0
    cp_coolant: Annotated[float, "J/(kg K)", "specific heat capacity of the coolant", Range(100.0, 2e4)] = 4181.3
    P: Annotated[float, "Pa", "pressure above the liquid", Range(1.0, 1e8)] = 101325.0
    T_freeze: Annotated[float, "K", "freezing point of the liquid", Range(1.0, 1e3)] = 1.0
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")] = -100.0  # type: ignore[assignment]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")] = 0.0  # type: ignore[assignment]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")] = 0.0  # type: ignore[assignment]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")] = 0.0  # type: ignore[assignment]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed", Optional()]
    feed_2: Annotated[Solution, "second feed", Optional()]
    T_jacket: Annotated[Signal, "K", "temperature of the jacket, or at which its coolant enters"]
    m_flow_coolant: Annotated[Signal, "kg/s", "coolant flow", Optional()]
    Q_jacket: Annotated[Signal, "W", "heat put into a jacket with an energy balance", Optional()]
    valve: Annotated[Signal, "1", "opening of the discharge valve", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Solution, "discharge"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume"]
    T: Annotated[float, "K", "temperature"]
    T_shell: Annotated[float, "K", "contents of the jacket; the liquid's temperature if it has no energy balance"]
    T_wall: Annotated[float, "K", "wall of the vessel; the liquid's temperature if it stores no heat"]
    w_key: Annotated[float, "1", "mass fraction of the key component"]
    n_key: Annotated[float, "mol/m^3", "molar concentration of the key component"]
    Q_reaction: Annotated[float, "W", "heat that the reactions release"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket, or its coolant and heater"]
    heat_of_reaction: Annotated[float, "W", "heat released by reaction"]
    reacted: Annotated[Array, "kg/s", "components formed by reaction", ("fluids",)]


class Guards(NamedTuple):
    excursion: Annotated[float, "K", "temperature above the limit"]
    boils: Annotated[float, "Pa", "vapour pressure of the liquid (ideal mixture) beyond the pressure above it"]
    freezes: Annotated[float, "K", "how far the liquid is below its freezing point"]
    brimming: Annotated[float, "m^3", "volume above weir or brim"]
    empties: Annotated[float, "m^3", "liquid above twice what a valve leaves in the vessel, from where its flow fades"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(1e-9, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]
    T_excess: Annotated[float, "K", "temperature of wall and jacket above the liquid's", Range(-300.0, 300.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("feed", 0), ("feed_2", 0), (0, "product"))


@kernel
def V(x, p):
    return volume(x.m, p.rho)


@kernel
def T(x, p):
    return T_REF + x.H / kept(dot(x.m, p.cp), HEEL * p.V_weir * p.rho[0] * p.cp[0])


@kernel
def T_shell(x, p):
    if p.jacket == Jacket.DYNAMIC or p.jacket == Jacket.WALL:
        return T_REF + x.H_jacket * reciprocal(p.C_jacket, C_LEAST)
    return T(x, p)


@kernel
def T_wall(x, p):
    if p.jacket == Jacket.WALL:
        return T_REF + x.H_wall * reciprocal(p.C_wall, C_LEAST)
    return T(x, p)


@kernel
def w_key(x, p):
    return x.m[p.key] / kept(total(x.m), HEEL * p.V_weir * p.rho[0])


@kernel
def n_key(x, p):
    return x.m[p.key] / (kept(V(x, p), HEEL * p.V_weir) * p.molar_mass[p.key])


@kernel
def extent(x, p, k, volume, temperature):
    """Moles per second that reaction k converts."""
    r = p.k0[k] * math.exp(-p.E[k] / R_GAS * (1.0 / temperature - p.inv_T_ref[k])) * volume
    for i in range(x.m.shape[0]):
        c = x.m[i] / (kept(volume, HEEL * p.V_weir) * p.molar_mass[i])
        if p.orders[k, i] != 0.0:
            r *= power(c, p.orders[k, i])
        elif p.nu_mass[k, i] < 0.0:
            r *= step(c / C_GONE)
    return r


@kernel
def Q_reaction(x, p):
    volume = V(x, p)
    temperature = T(x, p)
    heat = 0.0
    for k in range(p.k0.shape[0]):
        heat -= p.dH[k] * extent(x, p, k, volume, temperature)
    return heat


@kernel
def excursion(x, p):
    return T(x, p) - p.T_limit


@kernel
def boils(x, p):
    return boiling_pressure(T(x, p), x.m, p) - p.P


@kernel
def freezes(x, p):
    return p.T_freeze - T(x, p)


@kernel
def brimming(x, p):
    return V(x, p) - p.V_weir


@kernel
def empties(x, p):
    return V(x, p) - 2.0 * p.heel_part * p.V_weir


@kernel
def outflow_rate(x, p, opening):
    """Fraction of the holdup leaving per second."""
    volume = V(x, p)
    if p.discharge == Discharge.WEIR:
        return p.V_weir * above_zero(volume / p.V_weir - 1.0, 1e-3) / (p.tau * kept(volume, HEEL * p.V_weir))
    if p.discharge == Discharge.VALVE:
        heel = p.heel_part * p.V_weir
        return opening * p.V_flow_max * step((volume - heel) / heel) / kept(volume, HEEL * p.V_weir)
    return 0.0 / p.tau


@kernel
def jacket_heat(x, u, p):
    """Heat into the liquid [W]."""
    dT = u.T_jacket.value - T(x, p)
    if p.jacket == Jacket.CONSTANT:
        return p.UA * dT
    if p.jacket == Jacket.FLOW_LIMITED:
        F = u.m_flow_coolant.value * p.cp_coolant
        return F * (1.0 - math.exp(-p.UA * reciprocal(F, F_LEAST))) * dT
    if p.jacket == Jacket.DYNAMIC:
        return p.UA * (T_shell(x, p) - T(x, p))
    if p.jacket == Jacket.WALL:
        return p.UA * (T_wall(x, p) - T(x, p))
    return 0.0


@kernel
def wall_heat(x, p):
    """Heat from the jacket's contents into a wall that stores heat [W]."""
    return p.UA_wall * (T_shell(x, p) - T_wall(x, p))


@kernel
def supplied_heat(x, u, p):
    """Heat that coolant and heater bring into a jacket with an energy balance [W]."""
    return u.m_flow_coolant.value * p.cp_coolant * (u.T_jacket.value - T_shell(x, p)) + u.Q_jacket.value


@kernel
def product(x, p, valve, out):
    k = outflow_rate(x, p, valve.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    volume = V(x, p)
    temperature = T(x, p)
    k = outflow_rate(x, p, u.valve.value)
    Q = jacket_heat(x, u, p)
    # flow
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] + u.feed_2.m_flow[i] - k * x.m[i]
    dH = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) + enthalpy_flow(u.feed_2.T, u.feed_2.m_flow, p.cp) - k * x.H + Q
    # reaction
    for j in range(p.k0.shape[0]):
        r = extent(x, p, j, volume, temperature)
        dH -= p.dH[j] * r
        for i in range(x.m.shape[0]):
            dx.m[i] += p.nu_mass[j, i] * r
    # wall and jacket
    dH_wall = 0.0
    dH_jacket = 0.0
    if p.jacket == Jacket.DYNAMIC:
        dH_jacket = supplied_heat(x, u, p) - Q
    elif p.jacket == Jacket.WALL:
        dH_wall = wall_heat(x, p) - Q
        dH_jacket = supplied_heat(x, u, p) - wall_heat(x, p)
    return State(dH, dH_wall, dH_jacket, dx.m)


@kernel
def quadratures(x, u, p, out):
    volume = V(x, p)
    temperature = T(x, p)
    duty = jacket_heat(x, u, p)
    if p.jacket == Jacket.DYNAMIC or p.jacket == Jacket.WALL:
        duty = supplied_heat(x, u, p)
    for i in range(out.reacted.shape[0]):
        out.reacted[i] = 0.0
    for j in range(p.k0.shape[0]):
        r = extent(x, p, j, volume, temperature)
        for i in range(out.reacted.shape[0]):
            out.reacted[i] += p.nu_mass[j, i] * r
    return Quadratures(duty, Q_reaction(x, p), out.reacted)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H + x.H_wall + x.H_jacket, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = total(x.m)
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.feed_2.m_flow)
    out.m_flow[2] = outflow_rate(x, p, u.valve.value) * out.m[0]
    return Transport(out.m, out.m_flow)


def configure(
    settings: Mapping[str, Any],
    fluids: Sequence[str],
    solids: Sequence[str],
    components: Mapping[str, Mapping[str, float]],
) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """Read the reaction network, of any size; see `unit_ops.reaction.network`."""
    return configure_reactions(settings.get("reactions", []), fluids, components, most=None)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a jacket or a valve that lacks what its law divides by or rests on."""
    needed = {
        Jacket.CONSTANT: ("UA",),
        Jacket.FLOW_LIMITED: ("UA",),
        Jacket.DYNAMIC: ("UA", "C_jacket"),
        Jacket.WALL: ("UA", "UA_wall", "C_wall", "C_jacket"),
    }.get(Jacket(p.jacket), ())
    name = Jacket(p.jacket).name.lower()
    said = {n: f"'{n}' must be positive with 'jacket: {name}'" for n in needed if getattr(p, n) <= 0.0}
    if p.discharge == Discharge.VALVE and p.V_flow_max <= 0.0:
        said["V_flow_max"] = "'V_flow_max' must be positive with 'discharge: valve'"
    return said


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, 10 K from the reference temperature."""
    mass = p.V_weir * float(np.mean(p.rho))
    C = mass * float(np.mean(p.cp))
    return {"H": 10.0 * C, "m": 0.1 * mass, "H_wall": 10.0 * (p.C_wall or C), "H_jacket": 10.0 * (p.C_jacket or C)}


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpies of the given volume, temperatures and composition (fractions sum to 1)."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * np.asarray(initial.w)
    above = initial.T - T_REF
    outside = above + initial.T_excess
    return State(H=float(m @ p.cp) * above, H_wall=p.C_wall * outside, H_jacket=p.C_jacket * outside, m=m)
