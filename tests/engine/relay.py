"""A relay that passes on, once a period, what it is given, and counts: for tests of what is scanned when.

Assumptions
- what is passed on is held until the next scan; a flow that follows it fills a counter.

Balances
    dtotal/dt = what is passed on

Reference: none; ISBN 978-0-13-361320-8 has zero-order holds.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Range

SCAN = "period"


class Signal(NamedTuple):
    """One number."""

    value: float


class State(NamedTuple):
    held: Annotated[float, "1", "what was last passed on"]
    total: Annotated[float, "s", "its integral over time"]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two scans", Range(1e-3, 1e5)]
    threshold: Annotated[float, "1", "what the guard waits for", Range(-1e6, 1e6)] = 0.0


class Inlets(NamedTuple):
    given: Annotated[Signal, "1", "what is passed on"]


class Measurements(NamedTuple):
    shown: Annotated[float, "1", "what was last passed on"]


class Guards(NamedTuple):
    beyond: Annotated[float, "1", "what is passed on, above the threshold"]


class Initial(NamedTuple):
    held: Annotated[float, "1", "what was passed on before the start", Range(-1e6, 1e6)] = 0.0


@kernel
def shown(x):
    return x.held


@kernel
def beyond(x, p):
    return x.held - p.threshold


@kernel
def derivatives(x):
    return State(0.0, x.held)


@kernel
def scan(x, given):
    return State(given.value, x.total)


def initial_state(initial: Initial, p: Params) -> State:
    """As given."""
    return State(initial.held, 0.0)
