"""A signal that is looked at: its integral, by which outputs enter the Jacobian.

A unit operation like any other, put by `twin linearise` behind each signal that is an output: the row of
its state in the plant's exact Jacobian is the output's row of C and D.

Balances
    d seen/dt = signal
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel


class State(NamedTuple):
    seen: Annotated[float, "s", "integral of the signal"]


class Params(NamedTuple):
    """A tap has none."""


class Inlets(NamedTuple):
    signal: Annotated[Signal, "1", "the signal"]


class Initial(NamedTuple):
    """It starts at zero."""


@kernel
def derivatives(u):
    return State(u.signal.value)


def initial_state(initial: Initial, p: Params) -> State:
    """Nothing seen yet."""
    return State(0.0)
