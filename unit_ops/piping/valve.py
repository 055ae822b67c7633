"""A stirred vessel that drains through a control valve: flow from opening, depth and pressure drop.

Streams carry flows, not pressures: what drives a valve is the liquid standing over it and the given
pressure of the vessel over that behind the valve. So valve and vessel are one unit. Its discharge
does not ask for its feed: it cuts a loop, for flow, composition and temperature.

Assumptions
- ideal mixing; volumes add; upright vessel of constant cross-section; no heat loss;
- turbulent, non-flashing flow; a check valve: nothing flows back when the pressure drop is negative
  (rounded within 1 Pa; the square root is linear below some 10 Pa, within 0.5 % from 100 Pa on);
- the characteristic is exact above 2 % opening and closes tightly below; the discharge fades below
  the heel.

Balances
    dm_i/dt = ṁ_i,in − k m_i,   dH/dt = Ḣ_in − k H,   k = V̇/V · fade(Σ m_i)
    V̇ = A_v f(opening) √(Δp/ρ),   Δp = dP + ρ g V/A,   V = Σ m_i/ρ_i
    linear: f = s;  equal percentage: f = R^(s−1);  quick opening: f = √s

A_v is the flow coefficient of IEC 60534-1 in m²: K_v in m³/h over 36 000; C_v over 41 600.

References: IEC 60534-2-1:2011; Perry's Chemical Engineers' Handbook, 8th ed., McGraw-Hill 2008,
section 8 (ISBN 978-0-07-142294-9).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Nominal, Optional, Range
from unit_ops.piping.liquid import GRAVITY, running_dry
from unit_ops.properties.mixture import density
from unit_ops.properties.mixture import volume as mixture_volume
from unit_ops.smooth import above_zero, kept, saturated, step
from unit_ops.streams import T_REF, Holdup, Signal, Solution, dot, enthalpy_flow, total

P_SMALL: Annotated[float, "Pa", "pressure drop about which the square root turns linear"] = 10.0
P_ROUND: Annotated[float, "Pa", "width over which a check valve closes"] = 1.0
#: Opening below which a valve closes tightly.
SHUT = 0.02


class Characteristic(IntEnum):
    """Inherent characteristic: part of A_v at an opening s."""

    LINEAR = 0  #: s
    EQUAL_PERCENTAGE = 1  #: rangeability^(s − 1)
    QUICK_OPENING = 2  #: square root of s


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    A_v: Annotated[float, "m^2", "flow coefficient of the open valve (K_v in m3/h over 36000)", Range(0.0, 10.0)]
    area: Annotated[float, "m^2", "cross-section of the vessel", Range(1e-6, 1e4)]
    V_max: Annotated[float, "m^3", "volume at which the vessel is full", Range(1e-9, 1e4)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    characteristic: Annotated[Characteristic, "1", "characteristic of the valve"] = Characteristic.LINEAR
    rangeability: Annotated[float, "1", "largest over smallest controlled flow", Range(2.0, 1e3)] = 50.0
    heel: Annotated[float, "kg", "mass below which the discharge fades", Range(1e-9, 1e4)] = 1e-3


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed", Optional()]
    valve: Annotated[Signal, "1", "opening of the valve, 0 to 1"]
    dP: Annotated[Signal, "Pa", "pressure over the liquid less that behind the valve", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Solution, "discharge"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume"]
    T: Annotated[float, "K", "temperature"]
    depth: Annotated[float, "m", "depth of the liquid"]


class Guards(NamedTuple):
    empty: Annotated[float, "kg", "mass above the heel"]
    brimming: Annotated[float, "m^3", "volume above that of the full vessel"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(1e-9, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("feed", 0), (0, "product"))


@kernel
def valve_share(law, s, rangeability):
    """Part of A_v that is open; tight below 2 %."""
    opening = saturated(s, 0.0, 1.0, 1e-3)
    tight = step(opening / SHUT)
    if law == Characteristic.EQUAL_PERCENTAGE:
        return tight * math.exp((opening - 1.0) * math.log(rangeability))
    if law == Characteristic.QUICK_OPENING:
        return math.sqrt(opening + SHUT * (1.0 - tight)) * tight
    return opening * tight


@kernel
def turbulent(dp):
    """Square root of a pressure drop, linear about zero: none flows back."""
    forward = above_zero(dp, P_ROUND)
    return forward / math.sqrt(math.sqrt(forward * forward + P_SMALL * P_SMALL))


@kernel
def outflow_rate(x, opening, dP, p):
    """Fraction of the holdup leaving per second."""
    volume = kept(mixture_volume(x.m, p.rho), trace(p) / p.rho[0])
    rho = density(x.m, p.rho)
    dp = dP + rho * GRAVITY * volume / p.area
    V_flow = p.A_v * valve_share(p.characteristic, opening, p.rangeability) * turbulent(dp) / math.sqrt(rho)
    return V_flow / volume * running_dry(total(x.m), p.heel)


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
def depth(x, p):
    return mixture_volume(x.m, p.rho) / p.area


@kernel
def empty(x, p):
    return total(x.m) - p.heel


@kernel
def brimming(x, p):
    return mixture_volume(x.m, p.rho) - p.V_max


@kernel
def product(x, valve, dP, p, out):
    k = outflow_rate(x, valve.value, dP.value, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    k = outflow_rate(x, u.valve.value, u.dP.value, p)
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] - k * x.m[i]
    return State(enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) - k * x.H, dx.m)


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
    out.m_flow[1] = outflow_rate(x, u.valve.value, u.dP.value, p) * out.m[0]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, 10 K from the reference temperature."""
    mass = p.V_max * float(np.mean(p.rho))
    return {"m": 0.1 * mass, "H": 10.0 * mass * float(np.mean(p.cp))}


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpy of the given volume, temperature and composition (fractions sum to 1)."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * initial.w
    return State(H=float(m @ p.cp) * (initial.T - T_REF), m=m)
