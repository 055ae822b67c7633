"""A splitting tee: a fixed fraction of the feed to one side, the rest to the other, in the same instant.

Assumptions
- no holdup: composition and flow pass straight through, so a loop through a splitter needs a vessel;
- both outlets have the composition and temperature of the feed;
- the fraction is given, and events change it; what a controller moves is a piping.diverter.

Balances
    ṁ_i,first = fraction ṁ_i,feed,   ṁ_i,second = (1 − fraction) ṁ_i,feed
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Range
from unit_ops.streams import Solution


class Params(NamedTuple):
    fraction: Annotated[float, "1", "part of the feed that goes to `first`", Range(0.0, 1.0)]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]


class Outlets(NamedTuple):
    first: Annotated[Solution, "the given fraction, a recycle for instance"]
    second: Annotated[Solution, "the rest"]


@kernel
def share(part, m_flow, m_flow_out):
    for i in range(m_flow.shape[0]):
        m_flow_out[i] = part * m_flow[i]


@kernel
def first(u, p, out):
    share(p.fraction, u.feed.m_flow, out.m_flow)
    return Solution(u.feed.T, out.m_flow)


@kernel
def second(u, p, out):
    share(1.0 - p.fraction, u.feed.m_flow, out.m_flow)
    return Solution(u.feed.T, out.m_flow)
