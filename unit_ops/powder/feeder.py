"""A loss-in-weight screw feeder: a hopper on a scale, a screw whose fill follows the head of powder.

Assumptions
- the hopper is well mixed; powder and its residual liquid leave in the proportion held;
- a turn of the screw delivers the feed factor, which falls as the head of powder falls;
- below the heel mass the screw runs partly empty, so that the flow dies out with the holdup;
- the drive follows the commanded speed as a first-order lag; the screw pulsates, and delivers at random more or
  less than its feed factor where a fluctuation is wired to it;
- the scale infers the discharge as a filtered loss in weight; while material flows in, neither the
  filter nor the trim of the controller moves (the usual volumetric bridge over a refill).

Modes: VOLUMETRIC turns at setpoint/feed factor of the full hopper; INDEXED at setpoint/feed factor
stored for the present weight (the choice under a continuous inflow, where weight loss tells
nothing); GRAVIMETRIC adds a PI on the inferred discharge to the first.

Balances
    dm_i/dt = ṁ_i,in − k m_i,   k = N ff(m) (1 + z)(1 + a sin 2πft)/m      (z: the deviation wired in)
    ff(m)   = ff_max − (ff_max − ff_min) exp(−β m)
    dN/dt   = (N_set − N)/τ_drive
    dF̂/dt   = g (N ff (1 + z) − ṁ_in − F̂)/τ_filter,   g = 1/(1 + (ṁ_in/ṁ_bridge)⁴)
    N_set   = F_set/ff_ref + g K (F_set − F̂)/ff_max + I,   held within 0…N_max
    dI/dt   = [g K (F_set − F̂)/ff_max + (N_set,held − N_set)]/T_i

References: Tahir et al., Powder Technol. 364 (2020); Bascone et al., Ind. Eng. Chem. Res. 59 (2020)
6650, doi:10.1021/acs.iecr.0c00420 (feed factor); Engisch & Muzzio, J. Pharm. Innov. 10 (2015) 56
(refill).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Nominal, Optional, Range
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.powder.stirred import mass
from unit_ops.smooth import reciprocal, saturated
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, Signal, total


class Mode(IntEnum):
    """How the screw speed is found from the setpoint."""

    VOLUMETRIC = 0
    INDEXED = 1
    GRAVIMETRIC = 2


class State(NamedTuple):
    N: Annotated[float, "1/s", "screw speed", Nominal(1.0)]
    F_inferred: Annotated[float, "kg/s", "discharge inferred from the loss in weight", Nominal(1e-3)]
    trim: Annotated[float, "1/s", "integral part of the speed", Nominal(0.1)]
    m_solids: Annotated[Array, "kg", "solid component masses in the hopper", ("solids",), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses in the hopper", ("fluids",), Nominal(1e-2)]


class Params(NamedTuple):
    ff_max: Annotated[float, "kg", "feed factor of a full hopper, per turn", Range(1e-7, 10.0)]
    ff_min: Annotated[float, "kg", "feed factor of an empty hopper, per turn", Range(1e-8, 10.0)]
    ff_decay: Annotated[float, "1/kg", "decay of the feed factor with the held mass", Range(1e-4, 1e3)]
    N_max: Annotated[float, "1/s", "greatest screw speed", Range(1e-3, 100.0)]
    m_max: Annotated[float, "kg", "capacity of the hopper", Range(1e-4, 1e4)]
    m_low: Annotated[float, "kg", "level at which a refill is due", Range(1e-6, 1e4)]
    m_high: Annotated[float, "kg", "level at which a refill ends", Range(1e-6, 1e4)]
    mode: Annotated[Mode, "1", "how the speed is found"] = Mode.GRAVIMETRIC
    calibration: Annotated[float, "1", "stored feed factor over the true one", Range(0.1, 10.0)] = 1.0
    K: Annotated[float, "1", "proportional gain on the inferred discharge", Range(0.0, 100.0)] = 0.5
    T_i: Annotated[float, "s", "integral time", Range(0.1, 1e5)] = 10.0
    tau_filter: Annotated[float, "s", "time constant of the weight-loss filter", Range(0.01, 1e4)] = 10.0
    tau_drive: Annotated[float, "s", "time constant of the screw drive", Range(1e-3, 1e3)] = 1.0
    m_flow_bridge: Annotated[float, "kg/s", "inflow at which half of the control is bridged", Range(1e-9, 10.0)] = 1e-5
    heel: Annotated[float, "kg", "mass below which the screw runs partly empty", Range(1e-12, 10.0)] = 1e-2
    pulsation: Annotated[float, "1", "relative amplitude of the screw's pulsation", Range(0.0, 0.5)] = 0.0
    frequency: Annotated[float, "1/s", "frequency of the pulsation", Range(1e-3, 100.0)] = 1.0


class Inlets(NamedTuple):
    material: Annotated[Powder, "continuous inflow", Optional()]
    refill: Annotated[Powder, "refill, opened and closed by events", Optional()]
    setpoint: Annotated[Signal, "kg/s", "setpoint of the discharge"]
    deviation: Annotated[Signal, "1", "relative deviation of the delivery, of fluctuation.py", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Powder, "discharge"]


class Measurements(NamedTuple):
    m: Annotated[float, "kg", "mass in the hopper"]
    F: Annotated[float, "kg/s", "delivery of the screw, before pulsation and the deviation wired in"]
    fill: Annotated[float, "1", "mass in the hopper over its capacity"]
    speed: Annotated[float, "1/s", "screw speed"]
    F_measured: Annotated[float, "kg/s", "discharge inferred from the loss in weight"]


class Guards(NamedTuple):
    low_level: Annotated[float, "kg", "mass above the level at which a refill is due"]
    high_level: Annotated[float, "kg", "mass above the level at which a refill ends"]
    empty: Annotated[float, "kg", "mass above the heel"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "mass in the hopper", Range(0.0, 1e4)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    F: Annotated[float, "kg/s", "discharge on which the controller has settled", Range(0.0, 10.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("material", 0), ("refill", 0), (0, "product"))


@kernel
def feed_factor(m, ff_max, ff_min, beta):
    """Mass delivered by a turn of the screw at held mass m."""
    return ff_max - (ff_max - ff_min) * math.exp(-beta * m)


@kernel
def discharge_rate(x, p):
    """Fraction of the holdup leaving per second, without pulsation and fluctuation."""
    M = mass(x)
    return x.N * feed_factor(M, p.ff_max, p.ff_min, p.ff_decay) * reciprocal(M, p.heel)


@kernel
def pulsating(t, p):
    return 1.0 + p.pulsation * math.sin(2.0 * math.pi * p.frequency * t)


@kernel
def m(x):
    return mass(x)


@kernel
def F(x, p):
    return discharge_rate(x, p) * mass(x)


@kernel
def fill(x, p):
    return mass(x) / p.m_max


@kernel
def speed(x):
    return x.N


@kernel
def F_measured(x):
    return x.F_inferred


@kernel
def low_level(x, p):
    return mass(x) - p.m_low


@kernel
def high_level(x, p):
    return mass(x) - p.m_high


@kernel
def empty(x, p):
    return mass(x) - p.heel


@kernel
def product(t, x, deviation, p, out):
    k = discharge_rate(x, p) * (1.0 + deviation.value) * pulsating(t, p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(t, x, u, p, dx):
    k_mean = discharge_rate(x, p) * (1.0 + u.deviation.value)
    k = k_mean * pulsating(t, p)
    inflow = 0.0
    for i in range(x.m_solids.shape[0]):
        feed = u.material.m_flow[i] + u.refill.m_flow[i]
        inflow += feed
        dx.m_solids[i] = feed - k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        feed = u.material.m_flow_liquid[i] + u.refill.m_flow_liquid[i]
        inflow += feed
        dx.m_liquid[i] = feed - k * x.m_liquid[i]

    M = mass(x)
    ratio = inflow / p.m_flow_bridge
    weighing = 1.0 / (1.0 + ratio * ratio * ratio * ratio)
    dF = weighing * (k_mean * M - inflow - x.F_inferred) / p.tau_filter

    ff_ref = p.ff_max
    proportional = 0.0
    if p.mode == Mode.INDEXED:
        ff_ref = feed_factor(M, p.ff_max, p.ff_min, p.ff_decay)
    if p.mode == Mode.GRAVIMETRIC:
        proportional = weighing * p.K * (u.setpoint.value - x.F_inferred) / p.ff_max
    wanted = u.setpoint.value / (p.calibration * ff_ref) + proportional + x.trim
    held = saturated(wanted, 0.0, p.N_max, 1e-3 * p.N_max)
    dtrim = 0.0
    if p.mode == Mode.GRAVIMETRIC:
        dtrim = (proportional + weighing * (held - wanted)) / p.T_i
    return State((held - x.N) / p.tau_drive, dF, dtrim, dx.m_solids, dx.m_liquid)


@kernel
def transport(t, x, u, p, out):
    out.m[0] = mass(x)
    out.m_flow[0] = total(u.material.m_flow) + total(u.material.m_flow_liquid)
    out.m_flow[1] = total(u.refill.m_flow) + total(u.refill.m_flow_liquid)
    out.m_flow[2] = discharge_rate(x, p) * (1.0 + u.deviation.value) * pulsating(t, p) * mass(x)
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """A filling at rest, or settled on a discharge: speed, filter and trim then agree with it."""
    ff = p.ff_max - (p.ff_max - p.ff_min) * math.exp(-p.ff_decay * initial.m)
    N = initial.F / ff
    trim = N - initial.F / (p.calibration * p.ff_max) if p.mode == Mode.GRAVIMETRIC else 0.0
    m_solids = initial.m * (1.0 - float(np.sum(initial.w_liquid))) * initial.w
    return State(N, initial.F, trim, m_solids, initial.m * initial.w_liquid)
