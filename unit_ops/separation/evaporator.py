"""A heated vessel that boils at a set pressure: batch still, concentration, solvent swap by a second feed.

Batch without feeds; semi-batch with feeds (constant-level distillation: the level wired to a controller
of the feed); continuous over the weir.

Assumptions
- ideal mixing; volumes and heat capacities add; the vessel's metal has the liquid's temperature;
- the vapour is in equilibrium with the liquid (ideal gas; γ of 1 or NRTL) and is drawn off at once: it
  leaves in proportion to the bubble pressure's excess over P, through the conductance of the vapour
  line; boiling sets in smoothly over the first 0.1 % of P;
- heats of evaporation follow Kirchhoff with constant heat capacities; no heat loss but by the jacket;
- below `n_heel` of liquid the pressures fade, so the last of it stays until it is superheated; a dry
  vessel has the temperature of its metal;
- liquid leaves over the weir, and through a valve that leaves V_dry in the vessel;
- nothing crystallizes: with a solubility, a guard tells when more is dissolved than would stay so.

Balances
    dm_i/dt = ṁ_i,feeds − k m_i − e_i
    dH/dt   = Σ Ḣ_feeds − k Σ m_i cp_i (T − T_ref) − Σ e_i (cp_i (T − T_ref) + Δh_i(T)) + UA (T_jacket − T) + Q
    e_i = M_i C p_i (P_bub − P)⁺/P_bub,   p_i = x_i γ_i p_sat,i(T),   P_bub = Σ p_i
    k = (V − V_weir)⁺/(τ V) + valve V_flow_max/V,   V = Σ m_i/ρ_i
    T = T_REF + H/(C_wall + Σ m_i cp_i)

References: Rayleigh, Phil. Mag. 4 (1902) 521, doi 10.1080/14786440209462876; Doherty and Malone, Conceptual
Design of Distillation Systems, McGraw-Hill 2001 (ISBN 978-0-07-248863-0); laws in ../properties.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.properties.activity import Activity
from unit_ops.properties.mixture import volume
from unit_ops.properties.solubility import Antisolvent, Solubility, antisolvent_factor, range_excess, saturation
from unit_ops.properties.vapour import (
    amount,
    bubble_pressure,
    equilibrium_pressure,
    heat_of_evaporation,
    psat_range_excess,
)
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal, step
from unit_ops.streams import T_REF, Gas, Holdup, Signal, Solution, dot, enthalpy_flow, total

#: Part of the pressure over which boiling sets in.
ONSET = 1e-3


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy of liquid and metal above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    P: Annotated[float, "Pa", "pressure", Range(10.0, 1e7)]
    conductance: Annotated[float, "mol/(s Pa)", "vapour flow per excess pressure", Range(1e-12, 0.1)]
    V_weir: Annotated[float, "m^3", "volume below the weir or the brim", Range(1e-9, 1e4)]
    V_dry: Annotated[
        float, "m^3", "least filling: what the valve leaves, and below which the vessel is dry", Range(1e-12, 1e4)
    ]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]
    C_wall: Annotated[float, "J/K", "heat capacity of the metal", Range(1.0, 1e10)]
    T_limit: Annotated[float, "K", "temperature above which an excursion is reported", Range(200.0, 2e3)]
    key: Annotated[int, "1", "component whose content is reported", Index("fluids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_gas: Annotated[Array, "J/(kg K)", "specific heat capacities of the vapours", ("fluids",), Component("cp_gas")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ]
    psat_shift: Annotated[Array, "K", "vapour pressure: Antoine's C, added to T in B/T", ("fluids",)] = 0.0  # type: ignore[assignment]
    activity_law: Annotated[Activity, "1", "activity coefficients"] = Activity.IDEAL
    nrtl_a: Annotated[Array, "1", "NRTL: constants of tau", ("fluids", "fluids")] = 0.0  # type: ignore[assignment]
    nrtl_b: Annotated[Array, "K", "NRTL: coefficients of 1/T in tau", ("fluids", "fluids")] = 0.0  # type: ignore[assignment]
    nrtl_alpha: Annotated[Array, "1", "NRTL: non-randomness", ("fluids", "fluids")] = 0.3  # type: ignore[assignment]
    solute: Annotated[int, "1", "the dissolved component whose solubility is watched", Index("fluids")] = 0
    antisolvent: Annotated[int, "1", "the component that lowers the solubility, if a law says so", Index("fluids")] = 0
    solubility: Annotated[Solubility, "1", "solubility law"] = Solubility.EXPONENTIAL
    sol_a: Annotated[float, "1", "solubility coefficient a; 0: no solubility is watched", Range(0.0, 1e30)] = 0.0
    sol_b: Annotated[float, "1/K", "solubility coefficient b", Range(-10.0, 10.0)] = 0.0
    sol_c: Annotated[float, "1/K^2", "solubility coefficient c", Range(-10.0, 10.0)] = 0.0
    sol_E: Annotated[float, "J/mol", "enthalpy of solution in the van 't Hoff law", Range(-1e6, 1e6)] = 0.0
    antisolvency: Annotated[Antisolvent, "1", "antisolvent law"] = Antisolvent.NONE
    anti_s1: Annotated[float, "1", "first coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_s2: Annotated[float, "1", "second coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_s3: Annotated[float, "1", "third coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_ratio: Annotated[float, "1", "saturation in antisolvent over that in solvent", Range(1e-12, 1e12)] = 1.0
    T_sol_low: Annotated[float, "K", "lowest temperature of the solubility's fit", Range(1.0, 1e4)] = 1.0
    T_sol_high: Annotated[float, "K", "highest temperature of the solubility's fit", Range(1.0, 1e4)] = 1e4
    n_heel: Annotated[float, "mol", "liquid below which its vapour pressures fade", Range(1e-12, 1e3)] = 1e-4
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)] = 1.0
    V_flow_max: Annotated[float, "m^3/s", "discharge through the open valve", Range(0.0, 1e3)] = 0.0


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed", Optional()]
    feed_2: Annotated[Solution, "second feed", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]
    Q_heater: Annotated[Signal, "W", "heat put into the liquid", Optional()]
    valve: Annotated[Signal, "1", "opening of the discharge valve", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Solution, "concentrate"]
    vapour: Annotated[Gas, "vapour"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume"]
    T: Annotated[
        float,
        "K",
        "temperature",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high"),
        Fitted("solubility", "T_sol_low", "T_sol_high", "sol_a"),
    ]
    P_bub: Annotated[float, "Pa", "bubble pressure"]
    w_key: Annotated[float, "1", "mass fraction of the key component"]
    x_key: Annotated[float, "1", "mole fraction of the key component"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from jacket and heater"]
    latent: Annotated[float, "W", "heat of evaporation, negative"]


class Guards(NamedTuple):
    boiling: Annotated[float, "Pa", "bubble pressure above the pressure"]
    dry: Annotated[float, "m^3", "volume missing to the least filling"]
    brimming: Annotated[float, "m^3", "volume above weir or brim"]
    excursion: Annotated[float, "K", "temperature above the limit"]
    oversaturated: Annotated[float, "kg", "solute dissolved beyond its solubility"]
    solubility_range: Annotated[float, "K^2", "positive outside the temperatures to which the solubility was fitted"]
    psat_range: Annotated[
        float, "K^2", "positive outside the temperatures to which a component's vapour pressure was fitted"
    ]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(0.0, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("feed", 0), ("feed_2", 0), (0, "product"), (0, "vapour"))


@kernel
def V(x, p):
    return volume(x.m, p.rho)


@kernel
def T(x, p):
    return T_REF + x.H / (p.C_wall + dot(x.m, p.cp))


@kernel
def P_bub(x, p):
    return bubble_pressure(x.m, T(x, p), p)


@kernel
def w_key(x, p):
    return x.m[p.key] * fading_reciprocal(total(x.m), p.n_heel * p.molar_mass[p.key])


@kernel
def x_key(x, p):
    return x.m[p.key] / p.molar_mass[p.key] * fading_reciprocal(amount(x.m, p.molar_mass), p.n_heel)


@kernel
def boiling(x, p):
    return P_bub(x, p) - p.P


@kernel
def dry(x, p):
    return p.V_dry - V(x, p)


@kernel
def brimming(x, p):
    return V(x, p) - p.V_weir


@kernel
def excursion(x, p):
    return T(x, p) - p.T_limit


@kernel
def oversaturated(x, p):
    """A mass, so that it is finite in any mixture."""
    if p.sol_a == 0.0:
        return -total(x.m)
    solvents = total(x.m) - x.m[p.solute]
    w = x.m[p.antisolvent] * reciprocal(solvents, p.n_heel * p.molar_mass[p.antisolvent])
    c_sat = saturation(p.solubility, p.sol_a, p.sol_b, p.sol_c, p.sol_E, T(x, p))
    factor = antisolvent_factor(p.antisolvency, p.anti_s1, p.anti_s2, p.anti_s3, p.anti_ratio, w, T(x, p))
    return x.m[p.solute] - c_sat * factor * solvents


@kernel
def solubility_range(x, p):
    return range_excess(T(x, p), p.T_sol_low, p.T_sol_high)


@kernel
def psat_range(x, p):
    return psat_range_excess(T(x, p), p)


@kernel
def vapour_rate(x, p):
    """Molar vapour flow over the bubble pressure: with a component's equilibrium pressure, its flow."""
    P_bubble = P_bub(x, p)
    # below P nothing boils, so that the reciprocal is exact wherever it counts
    return p.conductance * p.P * above_zero(P_bubble / p.P - 1.0, ONSET) * reciprocal(P_bubble, p.P)


@kernel
def evaporation(i, x, p, rate):
    """Mass flow of component i into the vapour."""
    return p.molar_mass[i] * rate * equilibrium_pressure(i, x.m, T(x, p), p)


@kernel
def outflow_rate(x, p, opening):
    """Fraction of the liquid leaving per second."""
    filled = V(x, p)
    over = p.V_weir * above_zero(filled / p.V_weir - 1.0, 1e-3) * reciprocal(filled, p.V_weir) / p.tau
    return over + opening * p.V_flow_max * step(filled / p.V_dry - 1.0) * reciprocal(filled, p.V_dry)


@kernel
def product(x, p, valve, out):
    k = outflow_rate(x, p, valve.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def vapour(x, p, out):
    rate = vapour_rate(x, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = evaporation(i, x, p, rate)
    return Gas(T(x, p), out.m_flow)


@kernel
def heat(x, u, p):
    """Heat into the liquid [W]."""
    return p.UA * (u.T_jacket.value - T(x, p)) + u.Q_heater.value


@kernel
def derivatives(x, u, p, dx):
    temperature = T(x, p)
    rate = vapour_rate(x, p)
    k = outflow_rate(x, p, u.valve.value)
    dH = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) + enthalpy_flow(u.feed_2.T, u.feed_2.m_flow, p.cp)
    dH += heat(x, u, p) - k * dot(x.m, p.cp) * (temperature - T_REF)
    for i in range(x.m.shape[0]):
        e = evaporation(i, x, p, rate)
        dx.m[i] = u.feed.m_flow[i] + u.feed_2.m_flow[i] - k * x.m[i] - e
        dH -= e * (
            p.cp[i] * (temperature - T_REF) + heat_of_evaporation(p.dH_vap[i], p.cp[i], p.cp_gas[i], temperature)
        )
    return State(dH, dx.m)


@kernel
def quadratures(x, u, p):
    temperature = T(x, p)
    rate = vapour_rate(x, p)
    latent = 0.0
    for i in range(x.m.shape[0]):
        latent -= evaporation(i, x, p, rate) * heat_of_evaporation(p.dH_vap[i], p.cp[i], p.cp_gas[i], temperature)
    return Quadratures(heat(x, u, p), latent)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    rate = vapour_rate(x, p)
    leaving = 0.0
    for i in range(x.m.shape[0]):
        leaving += evaporation(i, x, p, rate)
    out.m[0] = total(x.m)
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.feed_2.m_flow)
    out.m_flow[2] = outflow_rate(x, p, u.valve.value) * out.m[0]
    out.m_flow[3] = leaving
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse NRTL without its parameters, and a solubility whose range is none."""
    if p.T_sol_low >= p.T_sol_high:
        return {"T_sol_high": "'T_sol_high' must lie above 'T_sol_low'"}
    if p.activity_law == Activity.NRTL and not (np.any(p.nrtl_a) or np.any(p.nrtl_b)):
        return {"nrtl_b": "'activity_law: nrtl' needs 'nrtl_a' or 'nrtl_b'"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, 10 K from the reference temperature."""
    mass = p.V_weir * float(np.mean(p.rho))
    return {"H": 10.0 * (p.C_wall + mass * float(np.mean(p.cp))), "m": 0.1 * mass}


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpy of the given volume, temperature and composition (fractions sum to 1)."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * np.asarray(initial.w)
    return State(H=(p.C_wall + float(m @ p.cp)) * (initial.T - T_REF), m=m)
