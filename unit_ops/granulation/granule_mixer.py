"""A junction of granules: what flows in flows out, mixed, in the same instant.

Assumptions
- no holdup: flow, composition and sizes pass straight through, so a loop through a junction needs a vessel;
- granules of all feeds have one composition, moisture and porosity after it, as `Granules` carries them.

Balances
    V̇_i = Σ_feeds V̇_i,   ṁ_k = Σ_feeds ṁ_k   (each class; each solid, each liquid, and the pores)

Reference: Skorych, Dosta, Heinrich, SoftwareX 12 (2020) 100572, doi:10.1016/j.softx.2020.100572 (mixer).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Optional
from unit_ops.streams import Granules


class Inlets(NamedTuple):
    feed_1: Annotated[Granules, "first feed"]
    feed_2: Annotated[Granules, "second feed", Optional()]
    feed_3: Annotated[Granules, "third feed", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Granules, "mixture"]


@kernel
def product(u, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = u.feed_1.m_flow[i] + u.feed_2.m_flow[i] + u.feed_3.m_flow[i]
    for i in range(out.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = u.feed_1.m_flow_liquid[i] + u.feed_2.m_flow_liquid[i] + u.feed_3.m_flow_liquid[i]
    for i in range(out.V_flow_classes.shape[0]):
        out.V_flow_classes[i] = u.feed_1.V_flow_classes[i] + u.feed_2.V_flow_classes[i] + u.feed_3.V_flow_classes[i]
    V = u.feed_1.V_flow_solid + u.feed_2.V_flow_solid + u.feed_3.V_flow_solid
    pores = u.feed_1.V_flow_pores + u.feed_2.V_flow_pores + u.feed_3.V_flow_pores
    return Granules(V, pores, out.m_flow, out.m_flow_liquid, out.V_flow_classes)
