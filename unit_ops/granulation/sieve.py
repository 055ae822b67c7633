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

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Grid, Range
from unit_ops.granulation.layer import HEEL, leaving, masses_change
from unit_ops.granulation.layer import Guards as Guards
from unit_ops.granulation.layer import Initial as Initial
from unit_ops.granulation.layer import Layer as State
from unit_ops.granulation.layer import V_held as V_held
from unit_ops.granulation.layer import holdup as holdup
from unit_ops.granulation.layer import initial_state as initial_state
from unit_ops.granulation.layer import nominals as nominals
from unit_ops.granulation.layer import overflowing as overflowing
from unit_ops.granulation.sizes import inverse_size, swelling
from unit_ops.powder.stirred import mass as M
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import Granules, total
from unit_ops.streams import Holdup as Holdup

#: Part of the capacity below which qualities as shown, there ratios of solver errors, fade to 0.
SHOWN = 1e-5


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
def undersize(a, p):
    leaving = a.V_flow_passing + p.running_rate * a.V_held
    return a.V_flow_passing * fading_reciprocal(leaving, SHOWN * p.V_max * p.running_rate)


@kernel
def d_32(a, p):
    return a.V_flow_passing * fading_reciprocal(a.A_passing, SHOWN * p.V_max * p.passing_rate / p.aperture)


@kernel
def fines(x, a, p, out):
    swollen = width(x, a, p)
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = passing(i, swollen, p) * x.V[i]
    return leaving(x, passing_share(a, p), a.V_flow_passing, out)


@kernel
def coarse(x, a, p, out):
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = p.running_rate * x.V[i]
    return leaving(x, p.running_rate, p.running_rate * a.V_held, out)


@kernel
def derivatives(x, u, a, p, dx):
    dpores = masses_change(x, u.granules, passing_share(a, p) + p.running_rate, dx)
    swollen = width(x, a, p)
    for i in range(x.V.shape[0]):
        dx.V[i] = u.granules.V_flow_classes[i] - (passing(i, swollen, p) + p.running_rate) * x.V[i]
    return State(dpores, dx.m_solids, dx.m_liquid, dx.V)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = passing_share(a, p) * out.m[0]
    out.m_flow[2] = p.running_rate * out.m[0]
    return Transport(out.m, out.m_flow)
