"""A junction of powders: what flows in flows out, mixed, in the same instant.

For lines with more feeders than a blender has inlets: their chutes join above it.

Assumptions
- no holdup: flow and composition pass straight through, so a loop through a junction needs a vessel;
- nothing segregates and nothing is left on the walls.

Balances
    ṁ_i = Σ_feeds ṁ_i      (each solid, each liquid)
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Optional
from unit_ops.streams import Powder


class Inlets(NamedTuple):
    feed_1: Annotated[Powder, "first feed"]
    feed_2: Annotated[Powder, "second feed", Optional()]
    feed_3: Annotated[Powder, "third feed", Optional()]
    feed_4: Annotated[Powder, "fourth feed", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Powder, "mixture"]


@kernel
def product(u, out):
    for i in range(out.m_flow.shape[0]):
        first = u.feed_1.m_flow[i] + u.feed_2.m_flow[i]
        out.m_flow[i] = first + u.feed_3.m_flow[i] + u.feed_4.m_flow[i]
    for i in range(out.m_flow_liquid.shape[0]):
        first = u.feed_1.m_flow_liquid[i] + u.feed_2.m_flow_liquid[i]
        out.m_flow_liquid[i] = first + u.feed_3.m_flow_liquid[i] + u.feed_4.m_flow_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)
