"""One stirred content of solids and residual liquids, in the states m_solids and m_liquid: what many units hold."""

from __future__ import annotations

from twin.jit import kernel
from unit_ops.streams import Holdup, total


@kernel
def mass(x):
    """Everything held [kg]."""
    return total(x.m_solids) + total(x.m_liquid)


@kernel
def holdup(x, out):
    for i in range(x.m_liquid.shape[0]):
        out.fluids[i] = x.m_liquid[i]
    for i in range(x.m_solids.shape[0]):
        out.solids[i] = x.m_solids[i]
    return Holdup(0.0, out.fluids, out.solids)
