"""A stirred, open tank that overflows over a weir: level, composition and temperature.

Assumptions
- ideal mixing; density of the mixture from additive volumes;
- outflow proportional to the volume above the weir, so that a recycle through the tank is broken
  for flow as well as for composition;
- no heat loss, no evaporation; an empty tank has the reference temperature.

Balances
    dm_i/dt = ṁ_i,in − k m_i
    dH/dt   = Ḣ_in − k H
    k = V_out/(τ V),  V_out = smooth positive part of (V − V_weir),  V = Σ m_i/ρ_i

References: the stirred tank is textbook material, e.g. Levenspiel, Chemical Reaction Engineering,
3rd ed., Wiley 1999, ch. 11 (ISBN 978-0-471-25424-9).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Nominal, Range
from unit_ops.properties.mixture import volume
from unit_ops.smooth import kept, positive_part
from unit_ops.streams import T_REF, Holdup, Solution, dot, enthalpy_flow

#: Part of the volume below the weir below which the tank counts as empty.
HEEL = 1e-6


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)]
    V_weir: Annotated[float, "m^3", "volume below the weir", Range(1e-9, 1e4)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]


class Outlets(NamedTuple):
    product: Annotated[Solution, "overflow"]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume"]
    T: Annotated[float, "K", "temperature"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume", Range(0.0, 1e4)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


#: (from, to) of each face of Transport.m_flow: a port's name or a cell's number.
FACES = (("feed", 0), (0, "product"))


@kernel
def outflow_rate(m, p):
    """Fraction of the holdup leaving per second."""
    V = volume(m, p.rho)
    return positive_part(V - p.V_weir, 1e-3 * p.V_weir) / (p.tau * kept(V, HEEL * p.V_weir))


@kernel
def V(x, p):
    return volume(x.m, p.rho)


@kernel
def T(x, p):
    return T_REF + x.H / kept(dot(x.m, p.cp), HEEL * p.V_weir * p.rho[0] * p.cp[0])


@kernel
def product(x, p, out):
    k = outflow_rate(x.m, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    k = outflow_rate(x.m, p)
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i] - k * x.m[i]
    dH = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp) - k * x.H
    return State(dH, dx.m)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    k = outflow_rate(x.m, p)
    m = 0.0
    inflow = 0.0
    for i in range(x.m.shape[0]):
        m += x.m[i]
        inflow += u.feed.m_flow[i]
    out.m[0] = m
    out.m_flow[0] = inflow
    out.m_flow[1] = k * m
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Masses and enthalpy of the given volume, temperature and composition (fractions sum to 1)."""
    mass = initial.V / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = mass * initial.w
    return State(H=float(m @ p.cp) * (initial.T - T_REF), m=m)
