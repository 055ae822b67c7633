"""A characteriser: a function of a signal given by points, linear between them, constant beyond.

Gives a gain schedule (`gain: FY-201.output` in a PID), a split range, or an equal-percentage valve. Its signals have
the units of what they are wired to, written "1" here.

Assumptions
- acts at once; points are in ascending order.

Balances
    output = at_y[i] + (at_y[i+1] − at_y[i]) (measurement − at_x[i])/(at_x[i+1] − at_x[i])

References: Åström & Hägglund, Advanced PID Control, ISA 2006, section 9.3 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Array

DIMS = {"points": 2}
UNITS = {"measurement": "in", "at_x": "in", "output": "out", "at_y": "out"}


class State(NamedTuple):
    """It remembers nothing."""


class Params(NamedTuple):
    at_x: Annotated[Array, "1", "measurement at the points, ascending", ("points",)]
    at_y: Annotated[Array, "1", "output at the points", ("points",)]


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "what goes in"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "what comes out"]


@kernel
def output(measurement, p):
    value = p.at_y[0]
    for i in range(p.at_x.shape[0] - 1):
        wide = p.at_x[i + 1] - p.at_x[i]
        part = min(max((measurement.value - p.at_x[i]) / wide, 0.0), 1.0)
        value += part * (p.at_y[i + 1] - p.at_y[i])
    return Signal(value)


def check_params(p: Params) -> dict[str, str]:
    """Refuse points that are not in ascending order."""
    ascending = all(low < high for low, high in zip(p.at_x[:-1], p.at_x[1:], strict=True))
    return {} if ascending else {"at_x": "'at_x' must ascend"}
