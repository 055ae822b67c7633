"""A continuous proportional-integral controller with limits and anti-windup.

A unit operation like any other: in a plant's `controllers:` it is wired between a measurement and a
signal inlet. Its signals have the units of what they are wired to, written "1" here.

Balances
    wanted = bias + K (setpoint − measurement) + I
    output = wanted held within low…high, rounded (C1) over a thousandth of the range
    dI/dt  = K (setpoint − measurement)/T_i + (output − wanted)/T_t        (back-calculation)

A positive K raises the output when the measurement is low; the sign of K is the controller's action.

References: Åström & Hägglund, Advanced PID Control, ISA 2006, sections 3.5 (back-calculation) and
2.2 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Range


class Signal(NamedTuple):
    """One number, as in the library's streams (which the engine does not import)."""

    value: float


class State(NamedTuple):
    I: Annotated[float, "1", "integral part of the output"]  # noqa: E741 (the usual letter)


class Params(NamedTuple):
    K: Annotated[float, "1", "gain, output per measurement", Range(-1e12, 1e12)]
    T_i: Annotated[float, "s", "integral time", Range(1e-3, 1e7)]
    bias: Annotated[float, "1", "output at zero error and integral", Range(-1e12, 1e12)]
    low: Annotated[float, "1", "least output", Range(-1e12, 1e12)]
    high: Annotated[float, "1", "greatest output", Range(-1e12, 1e12)]
    T_t: Annotated[float, "s", "tracking time of the anti-windup", Range(1e-3, 1e7)] = 60.0


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "controlled variable"]
    setpoint: Annotated[Signal, "1", "its setpoint"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "manipulated variable"]


class Measurements(NamedTuple):
    integral: Annotated[float, "1", "integral part of the output"]


class Initial(NamedTuple):
    I: Annotated[float, "1", "integral part of the output", Range(-1e12, 1e12)] = 0.0  # noqa: E741


@kernel
def above_zero(x, width):
    """max(x, 0) rounded by a cubic on 0 < x < width; exact outside (see unit_ops/smooth.py)."""
    if x < 0.0:
        return 0.0
    if x < width:
        return x * x * (2.0 * width - x) / (width * width)
    return x


@kernel
def limited(x, low, high):
    """x held within low…high; exact except within a thousandth of the range of each."""
    width = 1e-3 * (high - low)
    return high - above_zero(high - low - above_zero(x - low, width), width)


@kernel
def wanted(x, measurement, setpoint, p):
    """Output before the limits."""
    return p.bias + p.K * (setpoint.value - measurement.value) + x.I


@kernel
def output(x, measurement, setpoint, p):
    return Signal(limited(wanted(x, measurement, setpoint, p), p.low, p.high))


@kernel
def integral(x):
    return x.I


@kernel
def derivatives(x, u, p):
    unlimited = wanted(x, u.measurement, u.setpoint, p)
    correction = limited(unlimited, p.low, p.high) - unlimited
    dI = p.K * (u.setpoint.value - u.measurement.value) / p.T_i + correction / p.T_t
    return State(dI)


def check_params(p: Params) -> dict[str, str]:
    """Refuse limits that leave the output nowhere to go: the rounding at each needs a range."""
    return {} if p.low < p.high else {"low": "'low' must lie below 'high'"}


def initial_state(initial: Initial, p: Params) -> State:
    """Integral part as given."""
    return State(initial.I)


def nominals(p: Params) -> dict[str, float]:
    """The integral moves over the range of the output."""
    return {"I": max(abs(p.high - p.low), 1e-12)}
