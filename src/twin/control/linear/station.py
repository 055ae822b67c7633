"""A signal that somebody else decides: a state that nothing changes, by which inputs enter the Jacobian.

A unit operation like any other, put by `twin linearise` in front of each signal inlet that is an input:
the column of its state in the plant's exact Jacobian is the input's column of B and D.

Balances
    d value/dt = 0
    output = value
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Range


class State(NamedTuple):
    value: Annotated[float, "1", "the signal"]


class Params(NamedTuple):
    """A station has none."""


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "the signal"]


class Initial(NamedTuple):
    value: Annotated[float, "1", "the signal", Range(-1e300, 1e300)] = 0.0


@kernel
def output(x):
    return Signal(x.value)


@kernel
def derivatives(x):
    return State(0.0)


def initial_state(initial: Initial, p: Params) -> State:
    """As given."""
    return State(initial.value)
