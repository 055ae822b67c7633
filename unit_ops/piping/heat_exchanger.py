"""A heat exchanger by effectiveness and transfer units: steady at once, but for the heat in its wall.

Flow and composition pass straight through: each outlet asks for its own inlet's flow, so a loop of
liquid through one side needs a vessel. It does not ask for the other side: a feed that is heated by
what it becomes needs no vessel for that.

Assumptions
- constant overall coefficient; the fouling resistance adds to it; no loss to the surroundings;
- no liquid holdup; heat passes as in the steady state of the present flows and inlet temperatures;
- half of the wall's heat capacity is swept by each side and has the temperature of what leaves there,
  so the outlets lag behind the steady state with C_wall/(2 C) and stay between the two inlets; a side
  at rest keeps its temperature.

Balances (C the heat capacity flows Σ ṁ_i cp_i)
    dH_hot/dt  = C_hot (T_hot,in − T_cooled) − Q,    H_hot  = C_wall/2 (T_cooled − T_REF)
    dH_cold/dt = C_cold (T_cold,in − T_heated) + Q,  H_cold = C_wall/2 (T_heated − T_REF)
    Q = G (T_hot,in − T_cold,in),   N = UA/C_min,   1/UA = 1/UA_clean + R_fouling
    counter-current: G = C_min/(1 + φ(a)/N),   a = N (1 − C_min/C_max),   φ(a) = a/(e^a − 1)
    co-current:      G = (1 − exp(−N (1 + C_min/C_max)))/(1/C_min + 1/C_max)

The counter-current form is ε C_min with ε = (1 − e^−a)/(1 − C_min/C_max e^−a), written so that it
holds for equal flows too.

Reference: Kays, London, Compact Heat Exchangers, 3rd ed., McGraw-Hill 1984 (ISBN 978-0-07-033418-2).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Nominal, Range
from unit_ops.smooth import reciprocal
from unit_ops.streams import T_REF, Holdup, Solution, dot, total

#: Heat capacity flow below which a side counts as standing.
F_LEAST: Annotated[float, "W/K", "heat capacity flow of a side that stands"] = 1e-6


class Arrangement(IntEnum):
    """How the two sides run."""

    COUNTER_CURRENT = 0
    CO_CURRENT = 1


class State(NamedTuple):
    H_hot: Annotated[float, "J", "enthalpy of the hot side's wall above the reference temperature", Nominal(1e4)]
    H_cold: Annotated[float, "J", "enthalpy of the cold side's wall above the reference temperature", Nominal(1e4)]


class Params(NamedTuple):
    arrangement: Annotated[Arrangement, "1", "how the two sides run"]
    UA: Annotated[float, "W/K", "overall heat transfer coefficient times area, clean", Range(1e-6, 1e9)]
    C_wall: Annotated[float, "J/K", "heat capacity of the wall", Range(1e-3, 1e10)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    R_fouling: Annotated[float, "K/W", "thermal resistance of fouling", Range(0.0, 1e6)] = 0.0


class Inlets(NamedTuple):
    hot: Annotated[Solution, "warmer feed"]
    cold: Annotated[Solution, "colder feed"]


class Outlets(NamedTuple):
    cooled: Annotated[Solution, "the warmer feed, cooled"]
    heated: Annotated[Solution, "the colder feed, heated"]


class Measurements(NamedTuple):
    T_cooled: Annotated[float, "K", "temperature of the cooled side at its outlet"]
    T_heated: Annotated[float, "K", "temperature of the heated side at its outlet"]


class Initial(NamedTuple):
    T: Annotated[float, "K", "temperature of the wall", Range(200.0, 500.0)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of each side: none", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("hot", 0), (0, "cooled"), ("cold", 1), (1, "heated"))


@kernel
def bernoulli(a):
    """a/(exp(a) − 1), from 1 at zero down."""
    if a < 1e-3:
        return 1.0 - 0.5 * a + a * a / 12.0
    return a * math.exp(-a) / (1.0 - math.exp(-a))


@kernel
def conductance(arrangement, UA, C_a, C_b):
    """Heat exchanged over the difference of the inlet temperatures [W/K]."""
    low = min(C_a, C_b)
    high = max(C_a, C_b)
    per_product = reciprocal(low, F_LEAST) * reciprocal(high, F_LEAST)
    if arrangement == Arrangement.COUNTER_CURRENT:
        a = UA * (high - low) * per_product
        return low * UA / (UA + low * bernoulli(a))
    both = C_a + C_b
    return C_a * C_b * reciprocal(both, F_LEAST) * (1.0 - math.exp(-UA * both * per_product))


@kernel
def heat(u, p):
    """Heat passing from hot to cold in the steady state of the present flows [W]."""
    UA = p.UA / (1.0 + p.UA * p.R_fouling)
    G = conductance(p.arrangement, UA, dot(u.hot.m_flow, p.cp), dot(u.cold.m_flow, p.cp))
    return G * (u.hot.T - u.cold.T)


@kernel
def T_cooled(x, p):
    return T_REF + 2.0 * x.H_hot / p.C_wall


@kernel
def T_heated(x, p):
    return T_REF + 2.0 * x.H_cold / p.C_wall


@kernel
def cooled(x, hot, p, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = hot.m_flow[i]
    return Solution(T_cooled(x, p), out.m_flow)


@kernel
def heated(x, cold, p, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = cold.m_flow[i]
    return Solution(T_heated(x, p), out.m_flow)


@kernel
def derivatives(x, u, p):
    Q = heat(u, p)
    dH_hot = dot(u.hot.m_flow, p.cp) * (u.hot.T - T_cooled(x, p)) - Q
    dH_cold = dot(u.cold.m_flow, p.cp) * (u.cold.T - T_heated(x, p)) + Q
    return State(dH_hot, dH_cold)


@kernel
def holdup(x, out):
    for i in range(out.fluids.shape[0]):
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H_hot + x.H_cold, out.fluids, out.solids)


@kernel
def transport(u, out):
    out.m[0] = 0.0
    out.m[1] = 0.0
    out.m_flow[0] = total(u.hot.m_flow)
    out.m_flow[1] = out.m_flow[0]
    out.m_flow[2] = total(u.cold.m_flow)
    out.m_flow[3] = out.m_flow[2]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a wall 10 K from the reference temperature."""
    return {"H_hot": 5.0 * p.C_wall, "H_cold": 5.0 * p.C_wall}


def initial_state(initial: Initial, p: Params) -> State:
    """A wall of one temperature."""
    H = 0.5 * p.C_wall * (initial.T - T_REF)
    return State(H_hot=H, H_cold=H)
