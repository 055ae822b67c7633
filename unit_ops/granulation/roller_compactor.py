"""A roller compactor: powder drawn between two rolls under a hydraulic force comes out as ribbon.

Assumptions
- rolling theory of johanson.py, quasi-steady: the ribbon leaves with the density that the peak
  pressure gives, and as fast as the rolls turn; no leakage at the sides, no elastic recovery;
- the feed chamber above the rolls is one stirred holdup (its screw keeps it full or lets it run
  down); below the heel the rolls grip less, so that ribbon dies out with the holdup, and what is shown
  of it (API content, solid fraction), there ratios of solver errors, fades to 0;
- roll speed, gap and force follow their setpoints as first-order lags;
- true volumes of the solids add; residual liquid adds mass, not volume.

The ribbon leaves as a powder of the same composition; its density and solid fraction are measured.

Balances
    dm_i/dt = ṁ_i,in − k m_i,   k = π D N W S ρ_gap/M
    d(N, S, R_f)/dt = (setpoint − value)/τ
Rolls: α(δ, φ, K, S/D), F(α, K, S/D), P = 2 R_f/(W D F), ρ_gap = ρ_0 (P/P_0)^(1/K)

References: see johanson.py.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.granulation.johanson import angle_of_nip, force_factor, pressure_of_rolls
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.powder.stirred import mass
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, Signal, total


class State(NamedTuple):
    N: Annotated[float, "1/s", "roll speed", Nominal(0.1)]
    gap: Annotated[float, "m", "gap between the rolls", Nominal(1e-3)]
    F_roll: Annotated[float, "N", "roll force", Nominal(1e4)]
    m_solids: Annotated[Array, "kg", "solid component masses in the feed chamber", ("solids",), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses in the feed chamber", ("fluids",), Nominal(1e-2)]


class Params(NamedTuple):
    diameter: Annotated[float, "m", "roll diameter", Range(0.02, 2.0)]
    width: Annotated[float, "m", "roll width", Range(1e-3, 2.0)]
    friction: Annotated[float, "1", "effective angle of internal friction, radian", Range(0.55, 1.2)]
    wall_friction: Annotated[float, "1", "angle of wall friction, radian", Range(0.05, 0.54)]
    K: Annotated[float, "1", "compressibility exponent, pressure over density", Range(2.0, 30.0)]
    rho_0: Annotated[float, "kg/m^3", "density at the reference pressure", Range(10.0, 1e4)]
    m_max: Annotated[float, "kg", "capacity of the feed chamber", Range(1e-4, 1e4)]
    m_low: Annotated[float, "kg", "level at which the rolls should pause", Range(1e-6, 1e4)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    rho_true: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    P_0: Annotated[float, "Pa", "reference pressure", Range(1.0, 1e9)] = 1e5
    tau: Annotated[float, "s", "time constant of rolls, gap and hydraulics", Range(1e-3, 1e3)] = 2.0
    heel: Annotated[float, "kg", "mass below which the rolls grip less", Range(1e-12, 10.0)] = 1e-2


class Inlets(NamedTuple):
    powder: Annotated[Powder, "powder to be compacted"]
    roll_speed: Annotated[Signal, "1/s", "setpoint of the roll speed"]
    roll_gap: Annotated[Signal, "m", "setpoint of the gap"]
    roll_force: Annotated[Signal, "N", "setpoint of the roll force"]


class Outlets(NamedTuple):
    ribbon: Annotated[Powder, "ribbon"]
    demand: Annotated[Signal, "kg/s", "powder that a full feed chamber gives to the rolls"]


class Measurements(NamedTuple):
    nip_angle: Annotated[float, "1", "nip angle, radian"]
    peak_pressure: Annotated[float, "Pa", "peak pressure in the gap"]
    rho_ribbon: Annotated[float, "kg/m^3", "density in the gap"]
    solid_fraction: Annotated[float, "1", "density in the gap over the true density"]
    throughput: Annotated[float, "kg/s", "ribbon"]
    level: Annotated[float, "1", "mass in the feed chamber over its capacity"]
    api_content: Annotated[float, "1", "mass fraction of the API in the feed chamber"]


class Guards(NamedTuple):
    low_level: Annotated[float, "kg", "mass above the level at which the rolls should pause"]
    overfull: Annotated[float, "kg", "mass above the capacity"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "powder in the feed chamber", Range(0.0, 1e4)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    N: Annotated[float, "1/s", "roll speed", Range(0.0, 10.0)] = 0.0
    gap: Annotated[float, "m", "gap between the rolls", Range(1e-5, 0.1)] = 2e-3
    F_roll: Annotated[float, "N", "roll force", Range(0.0, 1e7)] = 1e4


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("powder", 0), (0, "ribbon"))


@kernel
def nip_angle(x, p):
    return angle_of_nip(p.friction, p.wall_friction, p.K, x.gap / p.diameter)


@kernel
def peak_pressure(x, p):
    factor = force_factor(nip_angle(x, p), p.K, x.gap / p.diameter)
    return pressure_of_rolls(x.F_roll, p.width, p.diameter, factor)


@kernel
def rho_ribbon(x, p):
    """Density in the gap; rolls without force leave none, and a force below zero is none."""
    return p.rho_0 * above_zero(peak_pressure(x, p) / p.P_0, 1e-9) ** (1.0 / p.K)


@kernel
def full_throughput(x, p):
    """Ribbon from a full feed chamber [kg/s]: the gap's area, moving with the rolls, at its density."""
    return math.pi * p.diameter * x.N * p.width * x.gap * rho_ribbon(x, p)


@kernel
def withdrawal(x, p):
    """Share of the feed chamber drawn in per second."""
    return full_throughput(x, p) * reciprocal(mass(x), p.heel)


@kernel
def solid_fraction(x, p):
    """True density of the blend, liquid pores left out, found from what the chamber holds."""
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        V += x.m_solids[i] / p.rho_true[i]
    return rho_ribbon(x, p) * V * fading_reciprocal(total(x.m_solids), p.heel)


@kernel
def throughput(x, p):
    return withdrawal(x, p) * mass(x)


@kernel
def level(x, p):
    return mass(x) / p.m_max


@kernel
def api_content(x, p):
    return x.m_solids[p.api] * fading_reciprocal(mass(x), p.heel)


@kernel
def low_level(x, p):
    return mass(x) - p.m_low


@kernel
def overfull(x, p):
    return mass(x) - p.m_max


@kernel
def demand(x, p):
    return Signal(full_throughput(x, p))


@kernel
def ribbon(x, p, out):
    k = withdrawal(x, p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(x, u, p, dx):
    k = withdrawal(x, p)
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = u.powder.m_flow[i] - k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i] = u.powder.m_flow_liquid[i] - k * x.m_liquid[i]
    dN = (u.roll_speed.value - x.N) / p.tau
    dgap = (u.roll_gap.value - x.gap) / p.tau
    dF_roll = (u.roll_force.value - x.F_roll) / p.tau
    return State(dN, dgap, dF_roll, dx.m_solids, dx.m_liquid)


@kernel
def transport(x, u, p, out):
    out.m[0] = mass(x)
    out.m_flow[0] = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    out.m_flow[1] = throughput(x, p)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full feed chamber."""
    return {"m_solids": p.m_max, "m_liquid": 1e-2 * p.m_max}


def initial_state(initial: Initial, p: Params) -> State:
    """A filling; rolls, gap and hydraulics where they are said to be."""
    m_solids = initial.m * (1.0 - float(np.sum(initial.w_liquid))) * initial.w
    return State(initial.N, initial.gap, initial.F_roll, m_solids, initial.m * initial.w_liquid)
