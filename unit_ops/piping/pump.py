"""A pump with its suction vessel: delivers what it is asked for, with a lag, while there is liquid.

Streams carry flows, not pressures: the head that the pump works against is a parameter, and all its
shaft work ends as heat in the liquid (in the pump at once, the rest behind it where the pressure is
throttled; booked as a whole where the product leaves). The discharge does not ask for the feed: the
unit cuts a loop, for flow, composition and temperature.

Assumptions
- ideal mixing in the vessel; volumes add; constant cross-section; no heat loss;
- a positive-displacement or flow-controlled pump: flow follows its setpoint as a first-order lag,
  within 0 and F_max, and does not depend on the head; constant efficiency;
- below the heel the pump draws less and less: it runs dry without a jump;
- net positive suction head from the vessel's pressure, depth, elevation and a loss that is quadratic
  in the flow, with Raoult's law for the vapour pressure; when it falls below what the pump needs, the
  guard `cavitation` is crossed: it is reported and can be acted upon, the flow itself goes on.

Balances
    dF/dt = (F_set − F)/τ_drive,   ṁ = F fade(Σ m_i)
    dm_i/dt = ṁ_i,in − ṁ w_i,   dH/dt = Ḣ_in − ṁ H/Σ m_i,   V = Σ m_i/ρ_i
    T_out = T + P_shaft/(ṁ cp),   P_shaft = dP ṁ/(ρ η)
    NPSH = (P − p_sat)/(ρ g) + V/A + elevation − loss ṁ²

Reference: Perry's Chemical Engineers' Handbook, 8th ed., McGraw-Hill 2008, section 10
(ISBN 978-0-07-142294-9).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Nominal, Optional, Range
from unit_ops.piping.liquid import GRAVITY, boiling_pressure, running_dry
from unit_ops.properties.mixture import volume as mixture_volume
from unit_ops.smooth import kept, saturated
from unit_ops.streams import T_REF, Holdup, Signal, Solution, dot, enthalpy_flow, total


class State(NamedTuple):
    F: Annotated[float, "kg/s", "flow that the pump would deliver", Nominal(1e-2)]
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    F_max: Annotated[float, "kg/s", "greatest flow", Range(1e-9, 1e4)]
    tau_drive: Annotated[float, "s", "lag of the drive", Range(1e-3, 1e4)]
    head: Annotated[float, "Pa", "pressure that the pump adds", Range(0.0, 1e9)]
    efficiency: Annotated[float, "1", "hydraulic power over shaft power", Range(1e-3, 1.0)]
    NPSH_required: Annotated[float, "m", "net positive suction head that the pump needs", Range(0.0, 100.0)]
    area: Annotated[float, "m^2", "cross-section of the vessel", Range(1e-6, 1e4)]
    V_max: Annotated[float, "m^3", "volume at which the vessel is full", Range(1e-9, 1e4)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    elevation: Annotated[float, "m", "bottom of the vessel above the pump", Range(-20.0, 100.0)] = 0.0
    suction_loss: Annotated[float, "m s^2/kg^2", "head lost in the suction line over flow squared"] = 0.0
    heel: Annotated[float, "kg", "mass below which the pump runs dry", Range(1e-9, 1e4)] = 1e-3
    P: Annotated[float, "Pa", "pressure over the liquid", Range(1.0, 1e7)] = 101325.0
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed of the suction vessel", Optional()]
    setpoint: Annotated[Signal, "kg/s", "flow asked for"]


class Outlets(NamedTuple):
    product: Annotated[Solution, "pumped liquid"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume in the suction vessel"]
    T: Annotated[
        float, "K", "temperature in the suction vessel", Fitted("vapour pressure", "psat_T_low", "psat_T_high")
    ]
    F_delivered: Annotated[float, "kg/s", "flow delivered"]
    NPSH: Annotated[float, "m", "net positive suction head at hand"]
    power: Annotated[float, "W", "shaft power"]


class Quadratures(NamedTuple):
    shaft: Annotated[float, "W", "shaft work, all of which becomes heat"]


class Guards(NamedTuple):
    empty: Annotated[float, "kg", "mass above the heel"]
    cavitation: Annotated[float, "m", "net positive suction head above what the pump needs"]
    brimming: Annotated[float, "m^3", "volume above that of the full vessel"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(1e-9, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]
    F: Annotated[float, "kg/s", "flow at the start", Range(0.0, 1e4)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("feed", 0), (0, "product"))


@kernel
def F_delivered(x, p):
    return x.F * running_dry(total(x.m), p.heel)


@kernel
def trace(p):
    """Mass that no longer counts beside the heel."""
    return 1e-6 * p.heel


@kernel
def V(x, p):
    return mixture_volume(x.m, p.rho)


@kernel
def T(x, p):
    return T_REF + x.H / kept(dot(x.m, p.cp), trace(p) * p.cp[0])


@kernel
def warming(x, p):
    """Rise of temperature by the shaft work: that of the liquid does not depend on the flow."""
    return p.head / p.efficiency * mixture_volume(x.m, p.rho) / kept(dot(x.m, p.cp), trace(p) * p.cp[0])


@kernel
def power(x, p):
    return p.head / p.efficiency * F_delivered(x, p) * mixture_volume(x.m, p.rho) / kept(total(x.m), trace(p))


@kernel
def NPSH(x, p):
    volume = mixture_volume(x.m, p.rho)
    F = F_delivered(x, p)
    pressure = p.P - boiling_pressure(T(x, p), x.m, p)
    return (
        pressure * volume / (kept(total(x.m), trace(p)) * GRAVITY)
        + volume / p.area
        + p.elevation
        - p.suction_loss * F * F
    )


@kernel
def empty(x, p):
    return total(x.m) - p.heel


@kernel
def cavitation(x, p):
    return NPSH(x, p) - p.NPSH_required


@kernel
def brimming(x, p):
    return mixture_volume(x.m, p.rho) - p.V_max


@kernel
def product(x, p, out):
    k = F_delivered(x, p) / kept(total(x.m), trace(p))
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p) + warming(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    k = F_delivered(x, p) / kept(total(x.m), trace(p))
    asked = saturated(u.setpoint.value, 0.0, p.F_max, 1e-3 * p.F_max)
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] - k * x.m[i]
    dH = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) - k * x.H
    return State((asked - x.F) / p.tau_drive, dH, dx.m)


@kernel
def quadratures(x, p):
    return Quadratures(power(x, p))


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = total(x.m)
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = F_delivered(x, p)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, 10 K from the reference temperature."""
    mass = p.V_max * float(np.mean(p.rho))
    return {"F": 0.1 * p.F_max, "m": 0.1 * mass, "H": 10.0 * mass * float(np.mean(p.cp))}


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpy of the given volume, temperature and composition (fractions sum to 1)."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * initial.w
    return State(F=initial.F, H=float(m @ p.cp) * (initial.T - T_REF), m=m)
