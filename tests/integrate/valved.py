"""A batch vessel in which the first component turns into the second while a valve to the catalyst is open: for tests.

Assumptions
- ideal mixing; nothing leaves; no heat is followed.

Balances
    dm_0/dt = m_flow_0 − r,  dm_1/dt = m_flow_1 + r,  r = valve k m_0

Reference: none; a first-order reaction, e.g. Levenspiel, ISBN 978-0-471-25424-9.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Range
from unit_ops.streams import Solution


class State(NamedTuple):
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


class Params(NamedTuple):
    valve: Annotated[float, "1", "opening of the valve", Range(0.0, 1.0)]
    k: Annotated[float, "1/s", "rate constant with the valve open", Range(0.0, 1e3)]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]


class Initial(NamedTuple):
    m: Annotated[Array, "kg", "component masses", ("fluids",)]


@kernel
def derivatives(x, u, p, dx):
    r = p.valve * p.k * x.m[0]
    for i in range(x.m.shape[0]):
        dx.m[i] = u.feed.m_flow[i]
    dx.m[0] -= r
    dx.m[1] += r
    return State(dx.m)


def initial_state(initial: Initial, p: Params) -> State:
    """Masses as given."""
    return State(initial.m)
