"""A first-order lag: a filter of a signal, or a process of first order; it passes nothing on at once.

Its signals have the units of what they are wired to, written "1" here.

Assumptions
- continuous; what it starts from is given.

Balances
    dz/dt  = (measurement − z)/T_lag
    output = bias + K z

References: Åström & Hägglund, Advanced PID Control, ISA 2006, chapter 2 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Range

#: May stand between two others that name it.
ENDS = ()
UNITS = {"measurement": "in", "z": "in", "lagged": "in", "output": "out", "bias": "out", "K": "gain"}


class State(NamedTuple):
    z: Annotated[float, "1", "measurement with the lag"]


class Params(NamedTuple):
    T_lag: Annotated[float, "s", "time constant of the lag", Range(1e-3, 1e9)]
    K: Annotated[float, "1", "gain, output per measurement", Range(-1e12, 1e12)] = 1.0
    bias: Annotated[float, "1", "output at measurement zero", Range(-1e12, 1e12)] = 0.0


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "what goes in"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "what comes out"]


class Measurements(NamedTuple):
    lagged: Annotated[float, "1", "measurement with the lag"]


class Initial(NamedTuple):
    z: Annotated[float, "1", "measurement with the lag", Range(-1e12, 1e12)] = 0.0


@kernel
def lagged(x):
    return x.z


@kernel
def output(x, p):
    return Signal(p.bias + p.K * x.z)


@kernel
def derivatives(x, measurement, p):
    return State((measurement.value - x.z) / p.T_lag)


def initial_state(initial: Initial, p: Params) -> State:
    """As given."""
    return State(initial.z)
