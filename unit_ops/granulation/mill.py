"""A screen mill: granules break until they pass the holes of the screen.

Assumptions
- the chamber is one stirred holdup in size classes, each `ratio` times as coarse as the one before;
- streams of powder carry no size: the feed has the size distribution `feed_share`, and that of the
  product is measured here;
- all solids break alike, residual liquid stays with what it wets; the last class breaks no further;
- the screen lets a class pass the faster the smaller it is against the holes, and not at all from
  their width up.

Balances, component k, class i (b_ij of grinding.py; φ_i feed share)
    dm_ki/dt = φ_i ṁ_k,in + Σ_j<i b_ij S_j m_kj − (S_i + o_i) m_ki
    S_i = S_0 (N/N_ref)^p (x_i/x_0)^q, 0 for the last,   o_i = k_screen (1 − (x_i √ratio/d)^a)⁺

References: Reynolds, Chem. Eng. J. 164 (2010) 383, doi:10.1016/j.cej.2010.03.041 (screen mill); see
also grinding.py.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Index, Nominal, Range
from unit_ops.granulation.grinding import daughters, selection
from unit_ops.smooth import above_zero, fading_reciprocal
from unit_ops.streams import Holdup, Powder, total

DIMS = {"classes": 6}


#: Flow, as a share of that of a full mill whose granules all pass, below which size, fines and API content of the
#: product, there ratios of solver errors, fade to 0.
SHOWN = 1e-3


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per class", ("solids", "classes"), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per class", ("fluids", "classes"), Nominal(1e-4)]


class Params(NamedTuple):
    x_top: Annotated[float, "m", "upper size of the coarsest class", Range(1e-6, 0.1)]
    screen: Annotated[float, "m", "width of the holes", Range(1e-6, 0.1)]
    breakage_rate: Annotated[float, "1/s", "share of the coarsest class broken per second", Range(0.0, 1e3)]
    screen_rate: Annotated[float, "1/s", "share of fines passing the screen per second", Range(1e-4, 1e3)]
    m_max: Annotated[float, "kg", "capacity of the chamber", Range(1e-4, 1e4)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    feed_share: Annotated[Array, "1", "parts of the feed in each class, coarsest first", ("classes",), Range(0.0, 1e3)]
    ratio: Annotated[float, "1", "size of a class over that of the next coarser", Range(0.1, 0.95)] = 0.5
    speed: Annotated[float, "1/s", "impeller speed", Range(0.0, 1e3)] = 10.0
    speed_ref: Annotated[float, "1/s", "impeller speed of the breakage rate", Range(0.1, 1e3)] = 10.0
    speed_exponent: Annotated[float, "1", "exponent of the impeller speed in breakage", Range(0.0, 5.0)] = 2.0
    size_exponent: Annotated[float, "1", "exponent of the size in breakage", Range(0.0, 5.0)] = 1.2
    sharpness: Annotated[float, "1", "exponent of the size over the holes in passing", Range(0.5, 20.0)] = 2.0
    phi: Annotated[float, "1", "share of daughters from chipping", Range(0.0, 1.0)] = 0.5
    gamma: Annotated[float, "1", "size exponent of the fine daughters", Range(0.1, 5.0)] = 0.8
    beta: Annotated[float, "1", "size exponent of the coarse daughters", Range(0.5, 10.0)] = 4.0


class Inlets(NamedTuple):
    granules: Annotated[Powder, "granules or crushed ribbon"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "what passes the screen"]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]
    d_32: Annotated[float, "m", "Sauter mean size of the product"]
    fines: Annotated[float, "1", "share of the last class in the product"]
    api_content: Annotated[float, "1", "mass fraction of the API at the outlet"]


class Guards(NamedTuple):
    overfull: Annotated[float, "kg", "mass above the capacity"]


class Initial(NamedTuple):
    m_class: Annotated[Array, "kg", "mass in each class, coarsest first", ("classes",), Range(0.0, 1e4)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("granules", 0), (0, "product"))


@kernel
def class_size(i, p):
    """Geometric mean size of class i."""
    return p.x_top * p.ratio ** (i + 0.5)


@kernel
def breaking(i, n, p):
    """Share of class i of n that breaks per second."""
    if i < n - 1:
        speed = (p.speed / p.speed_ref) ** p.speed_exponent
        return speed * selection(p.breakage_rate, p.ratio**i, 1.0, p.size_exponent)
    return 0.0


@kernel
def passing(i, p):
    """Share of class i that passes the screen per second."""
    return p.screen_rate * above_zero(1.0 - (class_size(i, p) / p.screen) ** p.sharpness, 1e-6)


@kernel
def class_mass(x, i):
    M = 0.0
    for k in range(x.m_solids.shape[0]):
        M += x.m_solids[k, i]
    for k in range(x.m_liquid.shape[0]):
        M += x.m_liquid[k, i]
    return M


@kernel
def M(x):
    s = 0.0
    for i in range(x.m_solids.shape[1]):
        s += class_mass(x, i)
    return s


@kernel
def F(x, p):
    s = 0.0
    for i in range(x.m_solids.shape[1]):
        s += passing(i, p) * class_mass(x, i)
    return s


@kernel
def d_32(x, p):
    surface = 0.0
    for i in range(x.m_solids.shape[1]):
        surface += passing(i, p) * class_mass(x, i) / class_size(i, p)
    return F(x, p) * fading_reciprocal(surface, SHOWN * p.screen_rate * p.m_max / p.x_top)


@kernel
def fines(x, p):
    last = x.m_solids.shape[1] - 1
    return passing(last, p) * class_mass(x, last) * fading_reciprocal(F(x, p), SHOWN * p.screen_rate * p.m_max)


@kernel
def api_content(x, p):
    s = 0.0
    for i in range(x.m_solids.shape[1]):
        s += passing(i, p) * x.m_solids[p.api, i]
    return s * fading_reciprocal(F(x, p), SHOWN * p.screen_rate * p.m_max)


@kernel
def overfull(x, p):
    return M(x) - p.m_max


@kernel
def passed(m, k, p):
    """Flow of component k through the screen [kg/s]."""
    s = 0.0
    for i in range(m.shape[1]):
        s += passing(i, p) * m[k, i]
    return s


@kernel
def product(x, p, out):
    for k in range(x.m_solids.shape[0]):
        out.m_flow[k] = passed(x.m_solids, k, p)
    for k in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[k] = passed(x.m_liquid, k, p)
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def grind(m, m_flow, p, dm):
    """Rates of all classes of all components in `m`, fed with m_flow."""
    n = m.shape[1]
    per_share = 1.0 / total(p.feed_share)
    for i in range(n):
        leaving = breaking(i, n, p) + passing(i, p)
        for k in range(m.shape[0]):
            dm[k, i] = p.feed_share[i] * per_share * m_flow[k] - leaving * m[k, i]
        for j in range(i):
            share = daughters(i - j, i == n - 1, p.ratio, p.phi, p.gamma, p.beta) * breaking(j, n, p)
            for k in range(m.shape[0]):
                dm[k, i] += share * m[k, j]


@kernel
def derivatives(x, u, p, dx):
    grind(x.m_solids, u.granules.m_flow, p, dx.m_solids)
    grind(x.m_liquid, u.granules.m_flow_liquid, p, dx.m_liquid)
    return State(dx.m_solids, dx.m_liquid)


@kernel
def holdup(x, out):
    for k in range(x.m_liquid.shape[0]):
        out.fluids[k] = total(x.m_liquid[k])
    for k in range(x.m_solids.shape[0]):
        out.solids[k] = total(x.m_solids[k])
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = F(x, p)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a class of a full chamber."""
    return {"m_solids": p.m_max / 6.0, "m_liquid": 1e-2 * p.m_max / 6.0}


def initial_state(initial: Initial, p: Params) -> State:
    """A filling of one blend, sized as said: w shares out what is not liquid."""
    solids = (1.0 - float(np.sum(initial.w_liquid))) * initial.m_class
    return State(np.outer(initial.w, solids), np.outer(initial.w_liquid, initial.m_class))
