"""A sieve with one deck: granules pass its holes at a rate that falls with their size, or run off the deck.

Assumptions
- the deck holds one stirred layer; all classes of it have one composition, moisture and porosity;
- a granule tries its luck at a rate `passing_rate` (1 − (d/aperture)^sharpness), and not at all from the
  width of the holes up; whatever its size it runs off the deck at `running_rate`;
- so a class of size d goes over in the part 1/(1 + passing/running): the partition curve, sharper the
  longer the deck (passing over running); undersize goes over, oversize never passes;
- nothing breaks, nothing dries; d is the width of the granule with its pores.

Balances, class i (V volume of solids; T_i passing, r running rate)
    dV_i/dt = V̇_i,in − (T_i + r) V_i,   T_i = passing_rate (1 − (d_i/aperture)^sharpness)⁺
    dm_k/dt = ṁ_k,in − m_k Σ (T_i + r) V_i/ΣV   (each solid, each liquid, and the pores)

References: Jansen, Glastonbury, Powder Technol. 1 (1968) 334 (screening as chance); Allen, Particle Size
Measurement, vol. 1, 5th ed., Chapman & Hall 1997 (ISBN 978-0-412-72950-8; partition, rate of sieving).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Fractions, Grid, Nominal, Range
from unit_ops.granulation.sizes import inverse_size, swelling
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import Granules, Holdup, total

#: Part of the capacity below which ratios of volumes lead to their limits.
HEEL = 1e-6

#: Part of the capacity below which qualities as shown, there ratios of solver errors, fade to 0.
SHOWN = 1e-5


class State(NamedTuple):
    pores: Annotated[float, "m^3", "pores of the granules on the deck, filled or not", Nominal(1e-5)]
    m_solids: Annotated[Array, "kg", "solid component masses on the deck", ("solids",), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "liquid component masses on the deck", ("fluids",), Nominal(1e-3)]
    V: Annotated[Array, "m^3", "solids on the deck by size class", ("bins",), Nominal(1e-6)]


class Params(NamedTuple):
    aperture: Annotated[float, "m", "width of the holes", Range(1e-6, 0.1)]
    passing_rate: Annotated[float, "1/s", "part of the finest passing per second", Range(1e-6, 1e4)]
    running_rate: Annotated[float, "1/s", "part of the layer running off the deck per second", Range(1e-6, 1e4)]
    V_max: Annotated[float, "m^3", "capacity of the deck, solids and pores", Range(1e-9, 1e3)]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    sharpness: Annotated[float, "1", "exponent of the size over the holes in passing", Range(0.5, 20.0)] = 2.0


class Inlets(NamedTuple):
    granules: Annotated[Granules, "granules"]


class Outlets(NamedTuple):
    fines: Annotated[Granules, "what passes the holes"]
    coarse: Annotated[Granules, "what runs off the deck"]


class Integrals(NamedTuple):
    V_held: Annotated[float, "m^3", "solids on the deck", ("bins",)]
    V_flow_passing: Annotated[float, "m^3/s", "solids passing the holes", ("bins",)]
    A_passing: Annotated[float, "m^2/s", "volume over size of the solids passing the holes", ("bins",)]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup of the deck"]
    undersize: Annotated[float, "1", "part of the solids leaving that passes the holes"]
    d_32: Annotated[float, "m", "Sauter mean size of what passes the holes"]


class Guards(NamedTuple):
    overflowing: Annotated[float, "m^3", "volume on the deck above its capacity"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    V_class: Annotated[Array, "m^3", "solids on the deck by size class", ("bins",), Range(0.0, 1e3)] = 0.0  # type: ignore
    w_liquid: Annotated[Array, "1", "liquids over the solids", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    void_ratio: Annotated[float, "1", "pores over solids", Range(0.0, 10.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("granules", 0), (0, "fines"), (0, "coarse"))


@empirical("1", "1", returns="1")
def luck(ratio, sharpness):
    """Chance that a granule of relative size `ratio` passes a hole when it tries."""
    return above_zero(1.0 - ratio**sharpness, 1e-6)


@kernel
def width(x, a, p):
    """Width of the granules over that of their solids."""
    return swelling(x.pores * reciprocal(a.V_held, HEEL * p.V_max))


@kernel
def passing(i, swollen, p):
    """Part of class i that passes the holes per second."""
    d = swollen * math.sqrt(p.L_edges[i] * p.L_edges[i + 1])
    return p.passing_rate * luck(d / p.aperture, p.sharpness)


@kernel
def V_held(x, out):
    for i in range(x.V.shape[0]):
        out[i] = x.V[i]


@kernel
def V_flow_passing(x, a, p, out):
    swollen = width(x, a, p)
    for i in range(x.V.shape[0]):
        out[i] = passing(i, swollen, p) * x.V[i]


@kernel
def A_passing(x, a, p, out):
    swollen = width(x, a, p)
    for i in range(x.V.shape[0]):
        out[i] = passing(i, swollen, p) * x.V[i] * inverse_size(i, p.L_edges) / swollen


@kernel
def passing_share(a, p):
    """Part of what is held, whatever it is, that passes the holes per second."""
    return a.V_flow_passing * reciprocal(a.V_held, HEEL * p.V_max)


@kernel
def M(x):
    return total(x.m_solids) + total(x.m_liquid)


@kernel
def undersize(a, p):
    leaving = a.V_flow_passing + p.running_rate * a.V_held
    return a.V_flow_passing * fading_reciprocal(leaving, SHOWN * p.V_max * p.running_rate)


@kernel
def d_32(a, p):
    return a.V_flow_passing * fading_reciprocal(a.A_passing, SHOWN * p.V_max * p.passing_rate / p.aperture)


@kernel
def overflowing(x, a, p):
    return a.V_held + x.pores - p.V_max


@kernel
def fines(x, a, p, out):
    share = passing_share(a, p)
    swollen = width(x, a, p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = share * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = share * x.m_liquid[i]
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = passing(i, swollen, p) * x.V[i]
    return Granules(a.V_flow_passing, share * x.pores, out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def coarse(x, a, p, out):
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = p.running_rate * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = p.running_rate * x.m_liquid[i]
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = p.running_rate * x.V[i]
    pores = p.running_rate * x.pores
    return Granules(p.running_rate * a.V_held, pores, out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def derivatives(x, u, a, p, dx):
    leaving = passing_share(a, p) + p.running_rate
    swollen = width(x, a, p)
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = u.granules.m_flow[i] - leaving * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i] = u.granules.m_flow_liquid[i] - leaving * x.m_liquid[i]
    for i in range(x.V.shape[0]):
        dx.V[i] = u.granules.V_flow_classes[i] - (passing(i, swollen, p) + p.running_rate) * x.V[i]
    return State(u.granules.V_flow_pores - leaving * x.pores, dx.m_solids, dx.m_liquid, dx.V)


@kernel
def holdup(x, out):
    for i in range(x.m_liquid.shape[0]):
        out.fluids[i] = x.m_liquid[i]
    for i in range(x.m_solids.shape[0]):
        out.solids[i] = x.m_solids[i]
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = passing_share(a, p) * out.m[0]
    out.m_flow[2] = p.running_rate * out.m[0]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a half full deck."""
    V = 0.25 * p.V_max
    mass = V * float(np.mean(p.rho_solid))
    return {"pores": V, "m_solids": mass, "m_liquid": 0.1 * mass, "V": 0.1 * V}


def initial_state(initial: Initial, p: Params) -> State:
    """The given classes, all of one composition; empty unless said otherwise."""
    V = np.array(initial.V_class)
    m = float(V.sum()) * initial.w / float(np.sum(initial.w / p.rho_solid))
    return State(initial.void_ratio * float(V.sum()), m, float(m.sum()) * np.asarray(initial.w_liquid), V)
