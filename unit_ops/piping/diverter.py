"""A diverter valve: sends the feed onward, or aside when the product is out of specification.

Assumptions
- no holdup: what enters leaves in the same instant, so a loop through a diverter needs a vessel;
- the position is a signal from 0 (all onward) to 1 (all aside); a scenario sets it at an instant or
  moves it over a stroke time, a controller may drive it. In between both outlets flow.

Balances
    ṁ_i,onward = (1 − position) ṁ_i,feed,   ṁ_i,aside = position ṁ_i,feed
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from unit_ops.streams import Signal, Solution


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]
    position: Annotated[Signal, "1", "0: all onward, 1: all aside"]


class Outlets(NamedTuple):
    onward: Annotated[Solution, "product in specification"]
    aside: Annotated[Solution, "diverted product"]


@kernel
def onward(u, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = (1.0 - u.position.value) * u.feed.m_flow[i]
    return Solution(u.feed.T, out.m_flow)


@kernel
def aside(u, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = u.position.value * u.feed.m_flow[i]
    return Solution(u.feed.T, out.m_flow)
