"""A screen mill for granules: what is wider than the holes is broken until it passes.

`mill.py` grinds powders, whose streams carry no size; this one takes and gives granules by size class.
What it holds is layer.py's, its screen that of sieve.py, with nothing running off; fragments are those of the
crystallizers' breakage.

Assumptions
- one stirred holdup of one composition, moisture and porosity; fragments have the porosity of the granule;
- the screen lets a class pass the faster the narrower it is against the holes, and not at all from their
  width up; passing does not depend on the speed;
- a class breaks at the rate S = S_ref (N/N_ref)^p (L/L_ref)^q, into what Austin's law or two fragments say;
  the first class does not break.

Balances, class i (T_i as in sieve.py)
    dV_i/dt = V̇_i,in − T_i V_i + Σ_j b_ij S_j V_j − S_i V_i
    dm_k/dt = ṁ_k,in − m_k Σ T_i V_i/ΣV   (each solid, each liquid, and the pores)

References: Reynolds, Chem. Eng. J. 164 (2010) 383, doi:10.1016/j.cej.2010.03.041 (screen mill); Austin, Powder
Technol. 5 (1971) 1, doi:10.1016/0032-5910(71)80064-5.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Grid, Range
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.granulation.layer import (
    Guards,
    Initial,
    V_held,
    holdup,
    initial_state,
    masses_change,
    nominals,
    overflowing,
)
from unit_ops.granulation.layer import Layer as State
from unit_ops.granulation.sieve import SHOWN, A_passing, Integrals, V_flow_passing, d_32, passing, passing_share, width
from unit_ops.granulation.sieve import fines as product
from unit_ops.powder.stirred import mass as M
from unit_ops.smooth import fading_reciprocal
from unit_ops.streams import Granules, Holdup, total

__all__ = [
    "A_passing", "Guards", "Holdup", "Initial", "Integrals", "M", "State", "V_flow_passing", "V_held", "d_32", "holdup",
    "initial_state", "nominals", "overflowing", "product",
]  # fmt: skip

DENSE = ("bins",)

#: Granules are spheres: volumes by π/6.
KV = 0.5235987755982988


class Params(NamedTuple):
    aperture: Annotated[float, "m", "width of the holes", Range(1e-6, 0.1)]
    passing_rate: Annotated[float, "1/s", "part of the finest passing per second", Range(1e-6, 1e4)]
    S_ref: Annotated[float, "1/s", "breakage rate at the size L_ref and the speed speed_ref", Range(0.0, 1e6)]
    V_max: Annotated[float, "m^3", "capacity of the chamber, solids and pores", Range(1e-9, 1e3)]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    sharpness: Annotated[float, "1", "exponent of the size over the holes in passing", Range(0.5, 20.0)] = 2.0
    L_ref: Annotated[float, "m", "size to which the breakage rate refers", Range(1e-6, 0.1)] = 1e-3
    q: Annotated[float, "1", "power of the size in the breakage rate", Range(0.0, 10.0)] = 1.2
    speed: Annotated[float, "1/s", "impeller speed", Range(0.0, 1e3)] = 10.0
    speed_ref: Annotated[float, "1/s", "impeller speed of the breakage rate", Range(0.1, 1e3)] = 10.0
    speed_exponent: Annotated[float, "1", "exponent of the impeller speed in breakage", Range(0.0, 5.0)] = 2.0
    daughters: Annotated[Daughters, "1", "what a granule breaks into"] = Daughters.AUSTIN
    phi: Annotated[float, "1", "share of the fine fragments in Austin's law", Range(0.0, 1.0)] = 0.5
    gamma_fine: Annotated[float, "1", "exponent of the fine fragments in Austin's law", Range(0.1, 10.0)] = 0.8
    gamma_coarse: Annotated[float, "1", "exponent of the coarse fragments in Austin's law", Range(0.1, 20.0)] = 4.0


class Inlets(NamedTuple):
    granules: Annotated[Granules, "granules"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "what passes the screen"]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]
    d_32: Annotated[float, "m", "Sauter mean size of the product"]
    fines: Annotated[float, "1", "share of the first class in the product"]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


class Work(NamedTuple):
    gain_rate: Annotated[Array, "m^3/s", "gain by breakage", ("bins",)]
    breaking: Annotated[Array, "m^3/s", "scratch of breakage", ("bins",)]


FACES = (("granules", 0), (0, "product"))


@kernel
def F(x, a, p):
    return passing_share(a, p) * M(x)


@kernel
def fines(x, a, p):
    finest = passing(0, width(x, a, p), p) * x.V[0]
    return finest * fading_reciprocal(a.V_flow_passing, SHOWN * p.V_max * p.passing_rate)


@kernel
def derivatives(x, u, a, p, w, dx):
    swollen = width(x, a, p)
    S = p.S_ref * (p.speed / p.speed_ref) ** p.speed_exponent
    breakage_gain(
        x.V, p.L_edges, KV, S, p.L_ref, p.q, p.daughters, p.phi, p.gamma_fine, p.gamma_coarse, w.breaking, w.gain_rate
    )
    dpores = masses_change(x, u.granules, passing_share(a, p), dx)
    for i in range(x.V.shape[0]):
        dx.V[i] = u.granules.V_flow_classes[i] - passing(i, swollen, p) * x.V[i] + w.gain_rate[i]
    return State(dpores, dx.m_solids, dx.m_liquid, dx.V)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = passing_share(a, p) * out.m[0]
    return Transport(out.m, out.m_flow)
