"""A screen that parts granules by a grade efficiency: the part of each size class that goes over.

Assumptions
- the deck holds one stirred layer, which leaves it in `tau` on average, whatever the size (`sieve.py` has
  a partition that follows from rates of passing);
- all classes of the layer have one composition, moisture and porosity; nothing breaks;
- the size of a class is the mean of its edges.

Grade efficiency G(d), by `law`, with r = d/cut
    plitt               1 − exp(−0.693 r^α)
    molerus_hoffmann    1/(1 + r⁻² exp(α (1 − r²)))
    probability         Φ((d − mean)/sd): the cumulated normal distribution
    teipel_hennig       (1 − (1 + 3 r^((r + α) β))^(−1/2)) (1 − offset) + offset

Balances, class i
    dV_i/dt = V̇_i,in − V_i/τ,   V̇_i,coarse = G(d_i) V_i/τ,   V̇_i,fines = (1 − G(d_i)) V_i/τ
    dm_k/dt = ṁ_k,in − m_k/τ,   ṁ_k,coarse = (ΣG V_i/ΣV_i) m_k/τ   (each solid, each liquid, and the pores)

References: Plitt, CIM Bull. 64 (1971) 42; Molerus, Hoffmann, Chem. Ing. Tech. 41 (1969) 340; Radichkov,
Müller, Kienle, Heinrich, Peglow, Mörl, Chem. Eng. Process. 45 (2006) 826, doi:10.1016/j.cep.2006.02.003;
Hennig, Teipel, Chem. Ing. Tech. 88 (2016) 911, doi:10.1002/cite.201500037; laws and their names as in Skorych,
Dosta, Heinrich, SoftwareX 12 (2020) 100572, doi:10.1016/j.softx.2020.100572, whose probability is a sum over classes.
"""

from __future__ import annotations

import math
from enum import IntEnum
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
from unit_ops.powder.stirred import mass as M
from unit_ops.smooth import fading_reciprocal, reciprocal
from unit_ops.streams import Granules, total
from unit_ops.streams import Holdup as Holdup


class Law(IntEnum):
    """Grade efficiencies."""

    PLITT = 0  #: sharpness
    MOLERUS_HOFFMANN = 1  #: sharpness
    PROBABILITY = 2  #: normal distribution of mean and sd
    TEIPEL_HENNIG = 3  #: sharpness, beta, offset


class Params(NamedTuple):
    law: Annotated[Law, "1", "grade efficiency"]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    V_max: Annotated[float, "m^3", "capacity of the deck, solids and pores", Range(1e-9, 1e3)]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    tau: Annotated[float, "s", "mean time on the deck", Range(1e-2, 1e4)] = 1.0
    cut: Annotated[float, "m", "cut size", Range(1e-6, 0.1)] = 1e-3
    sharpness: Annotated[float, "1", "how steep the grade efficiency is at the cut", Range(0.0, 100.0)] = 4.0
    beta: Annotated[float, "1", "second sharpness, with `law: teipel_hennig`", Range(0.0, 100.0)] = 0.5
    offset: Annotated[float, "1", "part of the finest that goes over, with `law: teipel_hennig`", Range(0.0, 1.0)] = 0.0
    mean: Annotated[float, "m", "mean, with `law: probability`", Range(1e-6, 0.1)] = 1e-3
    sd: Annotated[float, "m", "standard deviation, with `law: probability`", Range(1e-7, 0.1)] = 1e-4


class Inlets(NamedTuple):
    granules: Annotated[Granules, "granules"]


class Outlets(NamedTuple):
    coarse: Annotated[Granules, "what goes over"]
    fines: Annotated[Granules, "what passes the holes"]


class Integrals(NamedTuple):
    V_held: Annotated[float, "m^3", "solids on the deck", ("bins",)]
    V_over: Annotated[float, "m^3", "solids on the deck that will go over", ("bins",)]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup of the deck"]
    oversize: Annotated[float, "1", "part of the solids leaving that goes over"]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("granules", 0), (0, "coarse"), (0, "fines"))


@empirical("m", "1", "m", "1", "1", "1", "m", "m", returns="1")
def grade(d, law, cut, alpha, beta, offset, mean, sd):
    """Part of the granules of size d that goes over."""
    r = d / cut
    if law == Law.PLITT:
        return 1.0 - math.exp(-0.693 * r**alpha)
    if law == Law.MOLERUS_HOFFMANN:
        return r * r / (r * r + math.exp(alpha * (1.0 - r * r)))
    if law == Law.PROBABILITY:
        return 0.5 * (1.0 + math.erf((d - mean) / (math.sqrt(2.0) * sd)))
    return (1.0 - 1.0 / math.sqrt(1.0 + 3.0 * r ** ((r + alpha) * beta))) * (1.0 - offset) + offset


@kernel
def over(i, p):
    """Part of class i that goes over."""
    d = 0.5 * (p.L_edges[i] + p.L_edges[i + 1])
    return grade(d, p.law, p.cut, p.sharpness, p.beta, p.offset, p.mean, p.sd)


@kernel
def V_over(x, p, out):
    for i in range(x.V.shape[0]):
        out[i] = over(i, p) * x.V[i]


@kernel
def over_share(a, p):
    """Part of what is held, whatever it is, that goes over."""
    return a.V_over * reciprocal(a.V_held, HEEL * p.V_max)


@kernel
def oversize(a, p):
    return a.V_over * fading_reciprocal(a.V_held, HEEL * p.V_max)


@kernel
def coarse(x, a, p, out):
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = over(i, p) / p.tau * x.V[i]
    return leaving(x, over_share(a, p) / p.tau, a.V_over / p.tau, out)


@kernel
def fines(x, a, p, out):
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = (1.0 - over(i, p)) / p.tau * x.V[i]
    return leaving(x, (1.0 - over_share(a, p)) / p.tau, (a.V_held - a.V_over) / p.tau, out)


@kernel
def derivatives(x, granules, p, dx):
    dpores = masses_change(x, granules, 1.0 / p.tau, dx)
    for i in range(x.V.shape[0]):
        dx.V[i] = granules.V_flow_classes[i] - x.V[i] / p.tau
    return State(dpores, dx.m_solids, dx.m_liquid, dx.V)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = over_share(a, p) / p.tau * out.m[0]
    out.m_flow[2] = (1.0 - over_share(a, p)) / p.tau * out.m[0]
    return Transport(out.m, out.m_flow)
