"""Boundary of the plant crossed by tablets: books what passes, and counts it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Utility
from unit_ops.streams import Tablets


class Inlets(NamedTuple):
    stream: Annotated[Tablets, "what crosses the boundary"]


class Quadratures(NamedTuple):
    count: Annotated[float, "1/s", "tablets crossing the boundary", Utility()]
    fluids: Annotated[Array, "kg/s", "residual liquid masses crossing the boundary", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solid component masses crossing the boundary", ("solids",)]


@kernel
def quadratures(u, out):
    for i in range(u.stream.m_flow_liquid.shape[0]):
        out.fluids[i] = u.stream.m_flow_liquid[i]
    for i in range(u.stream.m_flow.shape[0]):
        out.solids[i] = u.stream.m_flow[i]
    return Quadratures(u.stream.n_flow, out.fluids, out.solids)
