"""A diverter for powder: sends the stream onward, or aside when the blend is out of specification.

Assumptions
- no holdup: what enters leaves in the same instant, so a loop through a diverter needs a vessel;
- the position is a signal from 0 (all onward) to 1 (all aside); a scenario sets it at an instant or moves it
  over a stroke time, a controller may drive it. In between both outlets flow, of the same composition.

Balances
    ṁ_i,onward = ṁ_i,feed − ṁ_i,aside,   ṁ_i,aside = position ṁ_i,feed
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from unit_ops.streams import Powder, Signal


class Inlets(NamedTuple):
    feed: Annotated[Powder, "feed"]
    position: Annotated[Signal, "1", "0: all onward, 1: all aside"]


class Outlets(NamedTuple):
    onward: Annotated[Powder, "powder in specification"]
    aside: Annotated[Powder, "diverted powder"]


@kernel
def onward(u, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = u.feed.m_flow[i] - u.position.value * u.feed.m_flow[i]
    for i in range(out.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = u.feed.m_flow_liquid[i] - u.position.value * u.feed.m_flow_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def aside(u, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = u.position.value * u.feed.m_flow[i]
    for i in range(out.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = u.position.value * u.feed.m_flow_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)
