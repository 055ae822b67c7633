"""A powder passes an instrument: unchanged, at once, and nothing of it is held."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array
from unit_ops.streams import Holdup, Powder, total

FACES = (("feed", 0), (0, "product"))


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


@kernel
def product(feed, out):
    for i in range(feed.m_flow.shape[0]):
        out.m_flow[i] = feed.m_flow[i]
    for i in range(feed.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = feed.m_flow_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def holdup(out):
    for i in range(out.fluids.shape[0]):
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(u, out):
    out.m[0] = 0.0
    out.m_flow[0] = total(u.feed.m_flow) + total(u.feed.m_flow_liquid)
    out.m_flow[1] = out.m_flow[0]
    return Transport(out.m, out.m_flow)
