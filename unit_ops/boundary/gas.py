"""Boundary of the plant crossed by a gas: books what passes.

Feeds and products of the plant get one of these each; the engine counts a feed's as positive and
a product's as negative. By the library's convention vapours carry the sensible heat of their
liquids; heats of evaporation are booked where they evaporate.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component
from unit_ops.streams import Gas, enthalpy_flow


class Params(NamedTuple):
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]


class Inlets(NamedTuple):
    stream: Annotated[Gas, "what crosses the boundary"]


class Quadratures(NamedTuple):
    H: Annotated[float, "W", "enthalpy crossing the boundary"]
    fluids: Annotated[Array, "kg/s", "component masses crossing the boundary", ("fluids",)]


@kernel
def quadratures(u, p, out):
    for i in range(u.stream.m_flow.shape[0]):
        out.fluids[i] = u.stream.m_flow[i]
    return Quadratures(enthalpy_flow(u.stream.T, u.stream.m_flow, p.cp), out.fluids)
