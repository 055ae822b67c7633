"""Boundary of the plant crossed by a slurry: books what passes.

Feeds and products of the plant get one of these each; the engine counts a feed's as positive and
a product's as negative. Which solid the crystals are is taken from the unit beside the boundary.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Index
from unit_ops.streams import T_REF, Slurry, enthalpy_flow


class Params(NamedTuple):
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]


class Inlets(NamedTuple):
    stream: Annotated[Slurry, "what crosses the boundary"]


class Quadratures(NamedTuple):
    H: Annotated[float, "W", "enthalpy crossing the boundary"]
    fluids: Annotated[Array, "kg/s", "liquid component masses crossing the boundary", ("fluids",)]
    solids: Annotated[Array, "kg/s", "crystal mass crossing the boundary", ("solids",)]


@kernel
def quadratures(u, p, out):
    crystals = u.stream.m_flow_solid
    for i in range(u.stream.m_flow.shape[0]):
        out.fluids[i] = u.stream.m_flow[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = crystals
    H = enthalpy_flow(u.stream.T, u.stream.m_flow, p.cp) + crystals * p.cp_solid[p.crystal] * (u.stream.T - T_REF)
    return Quadratures(H, out.fluids, out.solids)
