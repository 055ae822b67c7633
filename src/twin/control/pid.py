"""A PID controller executed continuously, for speed: no scans cut the integrator's steps.

Its signals have the units of what they are wired to, written "1" here; forms and parameters stand in pid_terms.py
and are those of pid_scan.py, which does the same by the clock: its limit for short periods.

Assumptions
- no scans but the one at the start, from which the filters begin: `period` has no effect, and what exists at scans
  only (deadband, rate, setpoint_rate, follow) is refused;
- the derivative acts on the filtered measurement, and on the part c of the setpoint;
- in manual the output is `manual`, and the integral part follows over T_t, so that the way back is bumpless a few
  T_t later.

Balances (y: measurement filtered over T_f, r: setpoint filtered over T_sp, T_D: filter of the derivative)
    D      = K_d (c r − y − z)/T_D,   dz/dt = (c r − y − z)/T_D
    wanted = bias + K_p (b r − y) + I + D + feedforward
    output = wanted held within low…high, rounded (C1) over a thousandth of the range
    dI/dt  = K_i (r − y) + (output − wanted)/T_t                                (back-calculation)
    dI/dt  = (back − output)/T_t where a slave does not take the output (back_state 1), added for back_state 2

References: Åström & Hägglund, Advanced PID Control, ISA 2006, chapter 3 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.control.pi import Signal, limited
from twin.control.pid_terms import BACK as BACK
from twin.control.pid_terms import SIGNALS as SIGNALS
from twin.control.pid_terms import UNITS as UNITS
from twin.control.pid_terms import (
    Initial,
    Params,
    check_gains,
    derivative_filter,
    derivative_gain,
    integral_gain,
    proportional_gain,
)
from twin.control.pid_terms import Inlets as Inlets
from twin.jit import kernel

SCAN = "restart"

#: What is continuous cannot jump: the tracking time that stands for "at once", and the lag of filters not in use.
FASTEST: Annotated[float, "s", "time that stands for 'at once'"] = 1.0


class State(NamedTuple):
    I: Annotated[float, "1", "integral part of the output"]  # noqa: E741 (the usual letter)
    y: Annotated[float, "1", "filtered measurement, where there is a filter"]
    r: Annotated[float, "1", "filtered setpoint, where there is a filter"]
    z: Annotated[float, "1", "what the derivative acts on, with its lag"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "manipulated variable"]
    back_setpoint: Annotated[Signal, "1", "setpoint in use, for a master"]
    taken: Annotated[Signal, "1", "what a master is told: 0 taken, 1 not taken"]


class Measurements(NamedTuple):
    integral: Annotated[float, "1", "integral part of the output"]


@kernel
def lag(time):
    """Time constant of a filter, in use or not."""
    if time > 0.0:
        return time
    return FASTEST


@kernel
def measured(x, measurement, p):
    """Measurement in use."""
    if p.T_f > 0.0:
        return x.y
    return measurement.value


@kernel
def chosen(setpoint, remote, p):
    """Setpoint before its filter."""
    if p.mode == 2:
        return remote.value
    return setpoint.value


@kernel
def aimed(x, setpoint, remote, p):
    """Setpoint in use."""
    if p.T_sp > 0.0:
        return x.r
    return chosen(setpoint, remote, p)


@kernel
def derivative_part(x, y, r, p, factor):
    """Filtered derivative of c r − y, times the gain."""
    time = derivative_filter(p)
    if time > 0.0:
        return derivative_gain(p, factor) * (p.c * r - y - x.z) / time
    return 0.0 * y


@kernel
def unlimited(x, measurement, setpoint, remote, feedforward, gain, p):
    """Output before the limits."""
    y = measured(x, measurement, p)
    r = aimed(x, setpoint, remote, p)
    gain_p = proportional_gain(p, gain.value)
    return p.bias + gain_p * (p.b * r - y) + x.I + derivative_part(x, y, r, p, gain.value) + feedforward.value


@kernel
def output(x, measurement, setpoint, remote, feedforward, gain, p):
    given = unlimited(x, measurement, setpoint, remote, feedforward, gain, p)
    if p.mode == 0:
        given = p.manual
    return Signal(limited(given, p.low, p.high))


@kernel
def back_setpoint(x, setpoint, remote, p):
    return Signal(aimed(x, setpoint, remote, p))


@kernel
def taken(p):
    value = 1.0
    if p.mode == 2:
        value = 0.0
    return Signal(value)


@kernel
def integral(x):
    return x.I


@kernel
def derivatives(x, u, p):
    y = measured(x, u.measurement, p)
    r = aimed(x, u.setpoint, u.remote, p)
    wanted = unlimited(x, u.measurement, u.setpoint, u.remote, u.feedforward, u.gain, p)
    given = p.manual
    if p.mode != 0:
        given = wanted
    held = limited(given, p.low, p.high)
    time = lag(p.T_t)
    slope = integral_gain(p, u.gain.value)
    dI = (held - wanted) / time
    if p.mode != 0 and u.back_state.value == 1.0:
        dI = (u.back.value - wanted) / time
    elif p.mode != 0:
        if abs(slope) > 0.0:
            dI += slope * (r - y)
            if u.back_state.value == 2.0:
                dI += (u.back.value - held) / time
        else:
            dI = 0.0 * dI
    dy = (u.measurement.value - x.y) / lag(p.T_f)
    dr = (chosen(u.setpoint, u.remote, p) - x.r) / lag(p.T_sp)
    dz = (p.c * r - y - x.z) / lag(derivative_filter(p))
    return State(dI, dy, dr, dz)


@kernel
def scan(x, u, p, number):
    y = u.measurement.value
    r = chosen(u.setpoint, u.remote, p)
    part_i = x.I
    if number == 0.0:
        # so that the first output is bias + K_p (r - y), whatever the weight of the setpoint
        part_i += proportional_gain(p, u.gain.value) * (1.0 - p.b) * r
    return State(part_i, y, r, p.c * r - y)


def check_params(p: Params) -> dict[str, str]:
    """Refuse what contradicts itself, and what there is at scans only."""
    found = check_gains(p)
    for name in ("deadband", "rate", "setpoint_rate", "follow"):
        if getattr(p, name) != 0:
            found[name] = f"'{name}' needs scans: write model: pid_scan, or leave it out"
    return found


def initial_state(initial: Initial, p: Params) -> State:
    """The scan at the start fills the filters."""
    return State(initial.I, 0.0, 0.0, 0.0)


def nominals(p: Params) -> dict[str, float]:
    """The integral moves over the range of the output."""
    return {"I": max(abs(p.high - p.low), 1e-12)}
