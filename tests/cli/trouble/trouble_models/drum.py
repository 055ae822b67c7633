"""A drum that a pump empties at a constant rate whatever is left in it, beside a hole in its bottom."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Range
from unit_ops.streams import T_REF, Holdup, Solution


class State(NamedTuple):
    m: Annotated[Array, "kg", "masses", ("fluids",)]


class Params(NamedTuple):
    pump: Annotated[float, "kg/s", "what the pump takes", Range(0.0, 1e3)]
    hole: Annotated[float, "1/s", "rate at which a drum of 1 kg would leak", Range(0.0, 1e3)]


class Inlets(NamedTuple):
    pass


class Outlets(NamedTuple):
    product: Annotated[Solution, "what leaves"]


class Measurements(NamedTuple):
    level: Annotated[float, "1", "what a float in the drum says: the root of what is left"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "mass", Range(0.0, 1e3)]


@kernel
def rate(m, p):
    """Torricelli's law for the hole."""
    if p.hole == 0.0:
        return p.pump
    return p.pump + p.hole * math.sqrt(m)


@kernel
def product(x, p, out):
    out.m_flow[0] = rate(x.m[0], p)
    return Solution(T_REF, out.m_flow)


@kernel
def level(x):
    return math.sqrt(x.m[0])


@kernel
def derivatives(x, p, dx):
    dx.m[0] = -rate(x.m[0], p)
    return State(dx.m)


@kernel
def holdup(x, out):
    out.fluids[0] = x.m[0]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(0.0, out.fluids, out.solids)


def initial_state(initial: Initial, p: Params) -> State:
    """One component."""
    import numpy as np

    return State(np.array([initial.m]))
