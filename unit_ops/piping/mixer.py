"""A mixing tee: what flows in flows out, mixed, in the same instant.

Assumptions
- no holdup: composition and flow pass straight through, so a loop through a mixer needs a vessel;
- ideal mixing; no heat loss;
- without flow (below 1e-9 W/K, about 1e-12 kg/s) the outlet temperature tends to T_REF.

Balances
    ṁ_i = Σ_feeds ṁ_i
    C (T − T_REF) = Σ_feeds Ḣ,  C = Σ_i ṁ_i cp_i
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Optional
from unit_ops.smooth import reciprocal
from unit_ops.streams import T_REF, Solution, dot, enthalpy_flow

#: Heat capacity flow below which the mixed temperature lets go of the feeds.
C_HEEL: Annotated[float, "W/K", "heat capacity flow taken for no flow"] = 1e-9


class Params(NamedTuple):
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]


class Inlets(NamedTuple):
    feed_1: Annotated[Solution, "first feed"]
    feed_2: Annotated[Solution, "second feed", Optional()]
    feed_3: Annotated[Solution, "third feed", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Solution, "mixture"]


@kernel
def product(u, p, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = u.feed_1.m_flow[i] + u.feed_2.m_flow[i] + u.feed_3.m_flow[i]
    H = enthalpy_flow(u.feed_1.T, u.feed_1.m_flow, p.cp)
    H += enthalpy_flow(u.feed_2.T, u.feed_2.m_flow, p.cp)
    H += enthalpy_flow(u.feed_3.T, u.feed_3.m_flow, p.cp)
    return Solution(T_REF + H * reciprocal(dot(out.m_flow, p.cp), C_HEEL), out.m_flow)
