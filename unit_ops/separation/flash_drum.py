"""A flash drum: liquid and vapour space with one temperature, pressure from what the vapour space holds.

Fed with liquid and heated, a flash; fed with vapour and cooled, a condenser; with gas blown in, a stripper.

Assumptions
- liquid and vapour are each mixed and share the temperature of the drum's metal; the vapour is ideal;
- the phases exchange each component in proportion to the distance from equilibrium (γ of 1 or NRTL): a
  conductance far above the flows gives the equilibrium flash, and no phase has to appear or vanish;
- vapour leaves through a valve in proportion to the pressure drop and never flows back; liquid leaves over
  a weir, and through a valve that leaves V_dry in the drum;
- vapours carry the sensible heat of their liquids (the convention of streams), heats of evaporation follow
  Kirchhoff; the work of compressing the vapour is neglected; no heat loss but by the jacket;
- below `n_heel` of liquid its pressures fade, so a dry drum holds a trace of condensate.

Balances
    dm_i/dt  = ṁ_i,feed − k m_i − e_i
    dmᵛ_i/dt = ṁ_i,gas + e_i − kᵛ mᵛ_i
    dH/dt    = Ḣ_feed + Ḣ_gas − (k Σ m_i cp_i + kᵛ Σ mᵛ_i cp_i)(T − T_ref) − Σ e_i Δh_i(T) + UA (T_jacket − T) + Q
    e_i = M_i C (x_i γ_i p_sat,i(T) − p_i),   p_i = mᵛ_i/M_i R T/V_gas,   P = Σ p_i
    kᵛ = C_valve vent (P − P_back)⁺ R T/(P V_gas),   V_gas = (V_weir + V_head − V)⁺,   V = Σ m_i/ρ_i
    k = (V − V_weir)⁺/(τ V) + valve V_flow_max/V
    T = T_REF + H/(C_wall + Σ (m_i + mᵛ_i) cp_i)

References: Rachford and Rice, J. Petrol. Technol. 4 (1952) 327, doi 10.2118/952327-G (the steady state);
laws in ../properties.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.properties.activity import Activity
from unit_ops.properties.mixture import R_GAS, volume
from unit_ops.properties.vapour import amount, equilibrium_pressure, heat_of_evaporation, psat_range_excess
from unit_ops.smooth import above_zero, fading_reciprocal, positive_part, reciprocal, step
from unit_ops.streams import T_REF, Gas, Holdup, Signal, Solution, dot, enthalpy_flow, total

#: Part of the pressure behind the vapour valve over which flow through it sets in.
ONSET = 1e-3
P_LEAST: Annotated[float, "Pa", "pressure below which there is no vapour to speak of"] = 1.0


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy of liquid, vapour and metal above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]
    m_vapour: Annotated[Array, "kg", "component masses in the vapour space", ("fluids",), Nominal(1e-3)]


class Params(NamedTuple):
    V_head: Annotated[float, "m^3", "volume of the drum above the weir", Range(1e-9, 1e4)]
    conductance: Annotated[float, "mol/(s Pa)", "exchange between the phases per pressure", Range(1e-12, 0.1)]
    vapour_valve: Annotated[float, "mol/(s Pa)", "flow through the open vapour valve per pressure", Range(1e-12, 0.1)]
    P_limit: Annotated[float, "Pa", "pressure above which an overpressure is reported", Range(10.0, 1e8)]
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
    n_heel: Annotated[float, "mol", "liquid below which its vapour pressures fade", Range(1e-12, 1e3)] = 1e-4
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)] = 1.0
    V_flow_max: Annotated[float, "m^3/s", "discharge through the open valve", Range(0.0, 1e3)] = 0.0


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed", Optional()]
    gas: Annotated[Gas, "gas or vapour fed", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]
    Q_heater: Annotated[Signal, "W", "heat put into the liquid", Optional()]
    P_back: Annotated[Signal, "Pa", "pressure behind the vapour valve"]
    vent: Annotated[Signal, "1", "opening of the vapour valve"]
    valve: Annotated[Signal, "1", "opening of the discharge valve", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Solution, "liquid"]
    vapour: Annotated[Gas, "vapour"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume"]
    T: Annotated[float, "K", "temperature", Fitted("vapour pressure", "psat_T_low", "psat_T_high")]
    P: Annotated[float, "Pa", "pressure"]
    w_key: Annotated[float, "1", "mass fraction of the key component"]
    x_key: Annotated[float, "1", "mole fraction of the key component"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from jacket and heater"]
    latent: Annotated[float, "W", "heat of evaporation, negative"]


class Guards(NamedTuple):
    overpressure: Annotated[float, "Pa", "pressure above the limit"]
    dry: Annotated[float, "m^3", "volume missing to the least filling"]
    brimming: Annotated[float, "m^3", "volume above weir or brim"]
    excursion: Annotated[float, "K", "temperature above the limit"]
    psat_range: Annotated[
        float, "K^2", "positive outside the temperatures to which a component's vapour pressure was fitted"
    ]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(0.0, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    P: Annotated[float, "Pa", "pressure", Range(0.0, 1e7)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]
    w_gas: Annotated[Array, "1", "mass fractions of the vapour", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of liquid and of vapour", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("5",)]


FACES = (("feed", 0), ("gas", 1), (0, 1), (0, "product"), (1, "vapour"))


@kernel
def V(x, p):
    return volume(x.m, p.rho)


@kernel
def T(x, p):
    return T_REF + x.H / (p.C_wall + dot(x.m, p.cp) + dot(x.m_vapour, p.cp))


@kernel
def free_volume(filled, p):
    """What a liquid volume leaves to the vapour: smoothly above zero when it fills the drum."""
    return positive_part(p.V_weir + p.V_head - filled, 1e-3 * (p.V_weir + p.V_head))


@kernel
def pressure_per_amount(x, p):
    """R T/V_gas."""
    return R_GAS * T(x, p) / free_volume(V(x, p), p)


@kernel
def P(x, p):
    return amount(x.m_vapour, p.molar_mass) * pressure_per_amount(x, p)


@kernel
def w_key(x, p):
    return x.m[p.key] * fading_reciprocal(total(x.m), p.n_heel * p.molar_mass[p.key])


@kernel
def x_key(x, p):
    return x.m[p.key] / p.molar_mass[p.key] * fading_reciprocal(amount(x.m, p.molar_mass), p.n_heel)


@kernel
def overpressure(x, p):
    return P(x, p) - p.P_limit


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
def psat_range(x, p):
    return psat_range_excess(T(x, p), p)


@kernel
def evaporation(i, x, p, temperature, per_amount):
    """Mass flow of component i from liquid to vapour; negative: it condenses."""
    p_gas = x.m_vapour[i] / p.molar_mass[i] * per_amount
    return p.molar_mass[i] * p.conductance * (equilibrium_pressure(i, x.m, temperature, p) - p_gas)


@kernel
def outflow_rate(x, p, valve):
    """Fraction of the liquid leaving per second."""
    filled = V(x, p)
    over = p.V_weir * above_zero(filled / p.V_weir - 1.0, 1e-3) * reciprocal(filled, p.V_weir) / p.tau
    return over + valve * p.V_flow_max * step(filled / p.V_dry - 1.0) * reciprocal(filled, p.V_dry)


@kernel
def vapour_rate(x, p, vent, P_back):
    """Fraction of the vapour leaving per second."""
    pressure = P(x, p)
    base = P_back + P_LEAST
    drop = base * above_zero((pressure - P_back) / base, ONSET)
    return vent * p.vapour_valve * drop * pressure_per_amount(x, p) * reciprocal(pressure, P_LEAST)


@kernel
def product(x, p, valve, out):
    k = outflow_rate(x, p, valve.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def vapour(x, p, vent, P_back, out):
    k = vapour_rate(x, p, vent.value, P_back.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m_vapour[i]
    return Gas(T(x, p), out.m_flow)


@kernel
def heat(x, u, p):
    """Heat from jacket and heater [W]."""
    return p.UA * (u.T_jacket.value - T(x, p)) + u.Q_heater.value


@kernel
def derivatives(x, u, p, dx):
    temperature = T(x, p)
    per_amount = pressure_per_amount(x, p)
    k = outflow_rate(x, p, u.valve.value)
    k_vapour = vapour_rate(x, p, u.vent.value, u.P_back.value)
    dH = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) + enthalpy_flow(u.gas.T, u.gas.m_flow, p.cp)
    dH -= (k * dot(x.m, p.cp) + k_vapour * dot(x.m_vapour, p.cp)) * (temperature - T_REF)
    dH += heat(x, u, p)
    for i in range(x.m.shape[0]):
        e = evaporation(i, x, p, temperature, per_amount)
        dx.m[i] = u.feed.m_flow[i] - k * x.m[i] - e
        dx.m_vapour[i] = u.gas.m_flow[i] + e - k_vapour * x.m_vapour[i]
        dH -= e * heat_of_evaporation(p.dH_vap[i], p.cp[i], p.cp_gas[i], temperature)
    return State(dH, dx.m, dx.m_vapour)


@kernel
def quadratures(x, u, p):
    temperature = T(x, p)
    per_amount = pressure_per_amount(x, p)
    latent = 0.0
    for i in range(x.m.shape[0]):
        e = evaporation(i, x, p, temperature, per_amount)
        latent -= e * heat_of_evaporation(p.dH_vap[i], p.cp[i], p.cp_gas[i], temperature)
    return Quadratures(heat(x, u, p), latent)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i] + x.m_vapour[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    temperature = T(x, p)
    per_amount = pressure_per_amount(x, p)
    evaporated = 0.0
    for i in range(x.m.shape[0]):
        evaporated += evaporation(i, x, p, temperature, per_amount)
    out.m[0] = total(x.m)
    out.m[1] = total(x.m_vapour)
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.gas.m_flow)
    out.m_flow[2] = evaporated
    out.m_flow[3] = outflow_rate(x, p, u.valve.value) * out.m[0]
    out.m_flow[4] = vapour_rate(x, p, u.vent.value, u.P_back.value) * out.m[1]
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse NRTL without its parameters."""
    if p.activity_law == Activity.NRTL and not (np.any(p.nrtl_a) or np.any(p.nrtl_b)):
        return {"nrtl_b": "'activity_law: nrtl' needs 'nrtl_a' or 'nrtl_b'"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: liquid up to the weir, 10 K from the reference temperature; vapour at 1 bar."""
    mass = p.V_weir * float(np.mean(p.rho))
    gas = 1e5 * (p.V_weir + p.V_head) / (R_GAS * 300.0) * float(np.mean(p.molar_mass))
    return {"H": 10.0 * (p.C_wall + mass * float(np.mean(p.cp))), "m": 0.1 * mass, "m_vapour": 0.1 * gas}


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpy of the given liquid, and of the vapour that fills the rest at the given pressure."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * np.asarray(initial.w)
    w_gas = np.asarray(initial.w_gas)
    room = p.V_weir + p.V_head
    free = 0.5 * (room - initial.V + math.hypot(room - initial.V, 1e-3 * room))  # as free_volume
    n = initial.P * free / (R_GAS * initial.T)
    m_vapour = n / float(np.sum(w_gas / p.molar_mass)) * w_gas
    return State(H=(p.C_wall + float((m + m_vapour) @ p.cp)) * (initial.T - T_REF), m=m, m_vapour=m_vapour)
