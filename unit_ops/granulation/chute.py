"""A chute from a unit that follows the sizes of granules to one that takes powder.

Assumptions
- no holdup: what leaves is what comes in, at once; sizes and pores are not followed further.

Balances
    ṁ_i = ṁ_i,granules      (each solid, each liquid)
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from unit_ops.streams import Granules, Powder


class Inlets(NamedTuple):
    granules: Annotated[Granules, "granules"]


class Outlets(NamedTuple):
    powder: Annotated[Powder, "the same, as a powder"]


@kernel
def powder(u, out):
    for i in range(u.granules.m_flow.shape[0]):
        out.m_flow[i] = u.granules.m_flow[i]
    for i in range(u.granules.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = u.granules.m_flow_liquid[i]
    return Powder(out.m_flow, out.m_flow_liquid)
