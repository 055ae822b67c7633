"""A ratio station: its output follows a measurement in proportion.

Wired in a plant's `controllers:` between a wild stream's measurement and another stream's setpoint;
its signals have the units of what they are wired to, written "1" here.

Assumptions
- acts at once, without limits of its own.

Balances
    output = bias + K measurement

References: Åström & Hägglund, Advanced PID Control, ISA 2006, section 12.4 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Range


class State(NamedTuple):
    """A ratio station remembers nothing."""


class Params(NamedTuple):
    K: Annotated[float, "1", "ratio, output per measurement", Range(-1e12, 1e12)]
    bias: Annotated[float, "1", "output at measurement zero", Range(-1e12, 1e12)] = 0.0


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "wild variable"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "setpoint in proportion"]


@kernel
def output(measurement, p):
    return Signal(p.bias + p.K * measurement.value)
