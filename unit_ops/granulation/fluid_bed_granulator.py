"""A fluid-bed granulator: a sprayed solution dries on the granules and makes them grow.

Assumptions
- one stirred bed of compact granules, fed with nuclei through a zone of `tau_feed` that they leave at a
  constant rate; discharge over a weir: what lies above its mass leaves with `tau_weir`;
- the solutes of what is sprayed become solid at once: a constant part `overspray` leaves as dust, the rest
  is laid down over the granules' surface, so that all grow at one rate; no attrition, no nuclei of spray;
- granules leave, and are held, with a constant moisture; all other liquid evaporates at once; bed and
  exhaust have the temperature of the bed, and the heat that this takes is booked;
- first order upwind in numbers: the grid's classes set the spread (as published). Growth is such that what
  is laid down is what was sprayed, and the classes leave as they are held.

With `scheme: published` the classes follow the published program to its quirks: growth 2 ṁ_e/(ρ A) of the
continuous equation, which on the grid lays down some per cent more than is sprayed; classes that are not
led back to the mass, but shared out to what leaves; and nuclei of the last second added to what leaves,
not taken from the bed. Masses by component are kept all the same.

Balances, class i (V_i solids in the bed, E_i in the feed zone, d_i mean size, Δ_i width)
    dE_i/dt = V̇_i,in − E_i/τ_feed
    dV_i/dt = E_i/τ_feed − (G/Δ_i) V_i + (G/Δ_i−1) V_i−1 (d_i/d_i−1)³ − F V_i/M
    dm_k/dt = ṁ_k,in + [k sprayed] ṁ_e − F m_k/M,   M = Σm_k,   F = (M − M_weir)⁺/τ_weir,   ṁ_e = (1 − K_os) ṁ_s
    G = ṁ_e/(ρ Σ (V_i/Δ_i) ((d_i+1/d_i)³ − 1)),   published: G = 2 ṁ_e/(ρ Σ 6 V_i/d_i)
    ṁ_exhaust = ṁ_gas + ṁ_liquid,in − X (F + dM/dt)

References: Heinrich, Peglow, Ihlow, Henneberg, Mörl, Chem. Eng. Sci. 57 (2002) 4369,
doi:10.1016/S0009-2509(02)00352-4; Skorych, Dosta, Heinrich, SoftwareX 12 (2020) 100572,
doi:10.1016/j.softx.2020.100572 (the published program).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Grid, Index, Nominal, Range
from unit_ops.smooth import above_zero, reciprocal
from unit_ops.streams import T_REF, Gas, Granules, Holdup, Powder, Solution, dot, enthalpy_flow, total

#: Part of the weir's mass below which ratios of masses lead to their limits.
HEEL = 1e-6


class Scheme(IntEnum):
    """How the size classes are followed."""

    PHYSICAL = 0  #: classes and masses agree
    PUBLISHED = 1  #: as the published program


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses, bed and feed zone", ("solids",), Nominal(10.0)]
    V: Annotated[Array, "m^3", "solids in the bed by size class", ("bins",), Nominal(1e-4)]
    V_feed: Annotated[Array, "m^3", "solids in the feed zone by size class", ("bins",), Nominal(1e-6)]


class Params(NamedTuple):
    M_weir: Annotated[float, "kg", "solids that the weir holds back", Range(1e-3, 1e5)]
    T_bed: Annotated[float, "K", "temperature of the bed", Range(250.0, 500.0)]
    X: Annotated[float, "1", "moisture of the granules, dry basis", Range(0.0, 0.5)]
    solute: Annotated[int, "1", "sprayed component that becomes solid", Index("fluids")]
    solid: Annotated[int, "1", "the solid that it becomes", Index("solids")]
    moisture: Annotated[int, "1", "liquid that stays in the granules", Index("fluids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    overspray: Annotated[float, "1", "part of the sprayed solids that leaves as dust", Range(0.0, 1.0)] = 0.0
    tau_weir: Annotated[float, "s", "time in which what lies above the weir leaves", Range(1e-2, 1e4)] = 1.0
    tau_feed: Annotated[float, "s", "residence time of nuclei in the feed zone", Range(1e-2, 1e4)] = 1.0
    scheme: Annotated[Scheme, "1", "how the size classes are followed"] = Scheme.PHYSICAL


class Inlets(NamedTuple):
    spray: Annotated[Solution, "suspension or solution sprayed"]
    nuclei: Annotated[Granules, "nuclei"]
    gas: Annotated[Gas, "fluidization gas"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "granules over the weir"]
    exhaust: Annotated[Gas, "moist gas"]
    dust: Annotated[Powder, "overspray"]


class Integrals(NamedTuple):
    V_bed: Annotated[float, "m^3", "solids in the bed, all classes", ("bins",)]
    V_zone: Annotated[float, "m^3", "solids in the feed zone, all classes", ("bins",)]
    A_granules: Annotated[float, "m^2", "surface of the granules in the bed", ("bins",)]
    laid_down: Annotated[float, "m^2", "volume laid down by unit growth of all granules", ("bins",)]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "solids held"]
    F: Annotated[float, "kg/s", "solids leaving over the weir"]
    d_32: Annotated[float, "m", "Sauter mean size of the bed"]


class Quadratures(NamedTuple):
    heat: Annotated[float, "W", "heat taken up: drying, and gas and spray led to the bed's temperature"]
    fluids: Annotated[Array, "kg/s", "liquid and dissolved masses made, negative: become solid", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solid component masses made from what was sprayed", ("solids",)]


class Initial(NamedTuple):
    M: Annotated[float, "kg", "solids in the bed", Range(1e-6, 1e5)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    L_mean: Annotated[float, "m", "mean of the sizes, normal by volume", Range(1e-6, 0.1)]
    L_sd: Annotated[float, "m", "standard deviation of the sizes", Range(1e-7, 0.1)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of bed and feed zone", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


FACES = (("spray", 0), ("nuclei", 0), ("gas", 0), (0, "product"), (0, "exhaust"), (0, "dust"))


@kernel
def centre(i, p):
    return 0.5 * (p.L_edges[i] + p.L_edges[i + 1])


@kernel
def leaving(i, p):
    """Part of class i that unit growth takes on to the next per length: nothing leaves the last."""
    if i == p.L_edges.shape[0] - 2:
        return 0.0 / p.L_edges[i + 1]
    return 1.0 / (p.L_edges[i + 1] - p.L_edges[i])


@kernel
def gained(i, p):
    """Volume in class i + 1 over that in class i of the same granules."""
    if i == p.L_edges.shape[0] - 2:
        return 1.0
    ratio = centre(i + 1, p) / centre(i, p)
    return ratio * ratio * ratio


@kernel
def V_bed(x, out):
    for i in range(x.V.shape[0]):
        out[i] = x.V[i]


@kernel
def V_zone(x, out):
    for i in range(x.V_feed.shape[0]):
        out[i] = x.V_feed[i]


@kernel
def A_granules(x, p, out):
    for i in range(x.V.shape[0]):
        out[i] = 6.0 * x.V[i] / centre(i, p)


@kernel
def laid_down(x, p, out):
    for i in range(x.V.shape[0]):
        out[i] = leaving(i, p) * (gained(i, p) - 1.0) * x.V[i]


@kernel
def M(x):
    return total(x.m_solids)


@kernel
def F(x, p):
    return above_zero(M(x) - p.M_weir, HEEL * p.M_weir) / p.tau_weir


@kernel
def d_32(a, p):
    return 6.0 * a.V_bed * reciprocal(a.A_granules, HEEL * p.M_weir / (p.rho_solid[p.solid] * p.L_edges[1]))


@kernel
def V_heel(p):
    return HEEL * p.M_weir / p.rho_solid[p.solid]


@kernel
def per_mass(x, p):
    return reciprocal(M(x), HEEL * p.M_weir)


@kernel
def volume(x, p):
    """Volume of all solids held, from their masses."""
    V = 0.0
    for k in range(x.m_solids.shape[0]):
        V += x.m_solids[k] / p.rho_solid[k]
    return V


@kernel
def drawn(x, a, p):
    """Part of each class of the bed that leaves per second."""
    if p.scheme == Scheme.PUBLISHED:
        return F(x, p) * per_mass(x, p)
    return F(x, p) * per_mass(x, p) * volume(x, p) * reciprocal(a.V_bed, V_heel(p))


@kernel
def sprayed(spray, nuclei, p):
    """Flow of solutes that become solid, those that nuclei bring along included."""
    return spray.m_flow[p.solute] + nuclei.m_flow_liquid[p.solute]


@kernel
def growth(spray, nuclei, a, p):
    """Growth rate of all granules [m/s]."""
    V_flow = (1.0 - p.overspray) * sprayed(spray, nuclei, p) / p.rho_solid[p.solid]
    if p.scheme == Scheme.PUBLISHED:
        return 2.0 * V_flow * reciprocal(a.A_granules, V_heel(p) / p.L_edges[p.L_edges.shape[0] - 1])
    return V_flow * reciprocal(a.laid_down, V_heel(p) / p.L_edges[p.L_edges.shape[0] - 1])


@kernel
def product(x, a, p, out):
    flow = F(x, p)
    part = flow * per_mass(x, p)
    for k in range(x.m_solids.shape[0]):
        out.m_flow[k] = part * x.m_solids[k]
    for k in range(out.m_flow_liquid.shape[0]):
        out.m_flow_liquid[k] = 0.0
    out.m_flow_liquid[p.moisture] = p.X * part * M(x)
    V = part * volume(x, p)
    added = 0.0
    if p.scheme == Scheme.PUBLISHED:
        added = 1.0
    share = V * reciprocal(a.V_bed + added * a.V_zone, V_heel(p))
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = share * (x.V[i] + added * x.V_feed[i])
    return Granules(V, 0.0 * V, out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def evaporated(x, spray, nuclei, p):
    """Liquid that does not stay in the granules, the solute aside, of the component that keeps them moist."""
    held = total(nuclei.m_flow) + (1.0 - p.overspray) * sprayed(spray, nuclei, p)
    return spray.m_flow[p.moisture] + nuclei.m_flow_liquid[p.moisture] - p.X * held


@kernel
def exhaust(x, spray, nuclei, gas, p, out):
    for k in range(out.m_flow.shape[0]):
        out.m_flow[k] = gas.m_flow[k] + spray.m_flow[k] + nuclei.m_flow_liquid[k]
    out.m_flow[p.solute] = gas.m_flow[p.solute]
    out.m_flow[p.moisture] = gas.m_flow[p.moisture] + evaporated(x, spray, nuclei, p)
    return Gas(p.T_bed, out.m_flow)


@kernel
def dust(spray, nuclei, p, out):
    for k in range(out.m_flow.shape[0]):
        out.m_flow[k] = 0.0
    for k in range(out.m_flow_liquid.shape[0]):
        out.m_flow_liquid[k] = 0.0
    out.m_flow[p.solid] = p.overspray * sprayed(spray, nuclei, p)
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(x, u, a, p, dx):
    part = F(x, p) * per_mass(x, p)
    for k in range(x.m_solids.shape[0]):
        dx.m_solids[k] = u.nuclei.m_flow[k] - part * x.m_solids[k]
    dx.m_solids[p.solid] += (1.0 - p.overspray) * sprayed(u.spray, u.nuclei, p)
    G = growth(u.spray, u.nuclei, a, p)
    k_out = drawn(x, a, p)
    grown = 0.0
    for i in range(x.V.shape[0]):
        on = G * leaving(i, p) * x.V[i]
        dx.V_feed[i] = u.nuclei.V_flow_classes[i] - x.V_feed[i] / p.tau_feed
        dx.V[i] = x.V_feed[i] / p.tau_feed + grown - on - k_out * x.V[i]
        grown = gained(i, p) * on
    return State(dx.m_solids, dx.V, dx.V_feed)


@kernel
def quadratures(x, u, p, out):
    for k in range(out.fluids.shape[0]):
        out.fluids[k] = 0.0
    for k in range(out.solids.shape[0]):
        out.solids[k] = 0.0
    out.fluids[p.solute] = -sprayed(u.spray, u.nuclei, p)
    out.solids[p.solid] = sprayed(u.spray, u.nuclei, p)
    C = evaporated(x, u.spray, u.nuclei, p) * p.cp[p.moisture] + dot(u.gas.m_flow, p.cp)
    for k in range(out.fluids.shape[0]):
        if k != p.solute and k != p.moisture:
            C += (u.spray.m_flow[k] + u.nuclei.m_flow_liquid[k]) * p.cp[k]
    heat = C * (p.T_bed - T_REF)
    heat -= enthalpy_flow(u.gas.T, u.gas.m_flow, p.cp) + enthalpy_flow(u.spray.T, u.spray.m_flow, p.cp)
    return Quadratures(heat, out.fluids, out.solids)


@kernel
def holdup(x, p, out):
    for k in range(out.fluids.shape[0]):
        out.fluids[k] = 0.0
    out.fluids[p.moisture] = p.X * M(x)
    for k in range(x.m_solids.shape[0]):
        out.solids[k] = x.m_solids[k]
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = (1.0 + p.X) * M(x)
    out.m_flow[0] = total(u.spray.m_flow)
    out.m_flow[1] = total(u.nuclei.m_flow) + total(u.nuclei.m_flow_liquid)
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = (1.0 + p.X) * F(x, p) * per_mass(x, p) * M(x)
    out.m_flow[4] = total(u.gas.m_flow) + evaporated(x, u.spray, u.nuclei, p)
    for k in range(u.spray.m_flow.shape[0]):
        if k != p.solute and k != p.moisture:
            out.m_flow[4] += u.spray.m_flow[k] + u.nuclei.m_flow_liquid[k]
    out.m_flow[5] = p.overspray * sprayed(u.spray, u.nuclei, p)
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse moisture that is the solute."""
    if p.solute == p.moisture:
        return {"moisture": "'moisture' must be another component than 'solute'"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full bed, in some tens of classes."""
    V = p.M_weir / float(np.mean(p.rho_solid))
    return {"m_solids": p.M_weir, "V": 0.05 * V, "V_feed": 5e-4 * V}


def initial_state(initial: Initial, p: Params) -> State:
    """A bed of granules of normal sizes; nothing in the feed zone."""
    centres = 0.5 * (p.L_edges[:-1] + p.L_edges[1:])
    shares = np.exp(-0.5 * ((centres - initial.L_mean) / initial.L_sd) ** 2) * np.diff(p.L_edges)
    m = initial.M * np.asarray(initial.w)
    V = float(np.sum(m / p.rho_solid))
    return State(m, V * shares / shares.sum(), np.zeros(len(centres)))
