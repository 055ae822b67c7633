"""Boundary of the plant crossed by granules: books what passes (granules carry no enthalpy)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array
from unit_ops.streams import Granules


class Inlets(NamedTuple):
    stream: Annotated[Granules, "what crosses the boundary"]


class Quadratures(NamedTuple):
    fluids: Annotated[Array, "kg/s", "residual liquid masses crossing the boundary", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solid component masses crossing the boundary", ("solids",)]


@kernel
def quadratures(u, out):
    for i in range(u.stream.m_flow_liquid.shape[0]):
        out.fluids[i] = u.stream.m_flow_liquid[i]
    for i in range(u.stream.m_flow.shape[0]):
        out.solids[i] = u.stream.m_flow[i]
    return Quadratures(out.fluids, out.solids)
