"""A lead-lag block: gain, lead and lag, for feed-forward.

Its signals have the units of what they are wired to, written "1" here.

Assumptions
- continuous; starts settled at its first measurement.

Balances
    dz/dt  = (measurement − z)/T_lag
    output = bias + K (z + (T_lead/T_lag) (measurement − z))      as K (T_lead s + 1)/(T_lag s + 1)

References: Åström & Hägglund, Advanced PID Control, ISA 2006, chapter 5 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Range

SCAN = "restart"
#: May stand between two others that name it.
ENDS = ()
UNITS = {"measurement": "in", "z": "in", "lagged": "in", "output": "out", "bias": "out", "K": "gain"}


class State(NamedTuple):
    z: Annotated[float, "1", "measurement with the lag"]


class Params(NamedTuple):
    K: Annotated[float, "1", "gain, output per measurement", Range(-1e12, 1e12)]
    T_lag: Annotated[float, "s", "time constant of the lag", Range(1e-3, 1e9)]
    T_lead: Annotated[float, "s", "time constant of the lead", Range(0.0, 1e9)] = 0.0
    bias: Annotated[float, "1", "output at measurement zero", Range(-1e12, 1e12)] = 0.0
    restart: Annotated[float, "s", "time after which it settles anew at its measurement", Range(1.0, 1e12)] = 1e12


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "what goes in"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "what comes out"]


class Measurements(NamedTuple):
    lagged: Annotated[float, "1", "measurement with the lag"]


@kernel
def lagged(x):
    return x.z


@kernel
def output(x, measurement, p):
    return Signal(p.bias + p.K * (x.z + p.T_lead / p.T_lag * (measurement.value - x.z)))


@kernel
def derivatives(x, measurement, p):
    return State((measurement.value - x.z) / p.T_lag)


@kernel
def scan(measurement):
    return State(measurement.value)


def initial_state(initial: object, p: Params) -> State:
    """Settled by the scan at the start."""
    return State(0.0)
