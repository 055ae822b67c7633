"""A quantity that grows with its own square: dx/dt = x² bursts at t = 1/x_0."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel


class State(NamedTuple):
    x: Annotated[float, "1/s", "what grows"]


class Initial(NamedTuple):
    x: Annotated[float, "1/s", "what it starts from"]


class Inlets(NamedTuple):
    pass


@kernel
def derivatives(x):
    return State(x.x * x.x)


def initial_state(initial: Initial, p: object) -> State:
    return State(initial.x)
