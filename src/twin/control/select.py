"""An override: passes on the lower or the higher of two signals, and tells both which it was.

Its signals have the unit of what it drives, written "1" here.

Assumptions
- acts at once, without memory: fed by sampled controllers, its output is held as theirs are;
- a controller that is not chosen follows the chosen output over its T_t, and so is ready to take over.

Balances
    output = min(first, second) or max(first, second)

References: Åström & Hägglund, Advanced PID Control, ISA 2006, section 12.5 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel

ENDS = ("output",)
UNITS = {"first": "out", "second": "out", "output": "out"}
#: What tells a controller that drives an inlet what is made of it.
BACK = {"first": ("output", "tracking"), "second": ("output", "tracking")}


class Take(IntEnum):
    """Which of the two is passed on."""

    LOWER = 0
    HIGHER = 1


class State(NamedTuple):
    """It remembers nothing."""


class Params(NamedTuple):
    take: Annotated[Take, "1", "lower or higher"]


class Inlets(NamedTuple):
    first: Annotated[Signal, "1", "one signal"]
    second: Annotated[Signal, "1", "the other"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "the one that is chosen"]
    tracking: Annotated[Signal, "1", "2: who is not chosen follows over T_t"]


@kernel
def output(first, second, p):
    if p.take == 1:
        return Signal(max(first.value, second.value))
    return Signal(min(first.value, second.value))


@kernel
def tracking():
    return Signal(2.0)
