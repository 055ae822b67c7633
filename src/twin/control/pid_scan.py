"""A PID controller executed by the clock: its output is held between two scans.

Its signals have the units of what they are wired to, written "1" here; forms and parameters stand in pid_terms.py.

Assumptions
- it reads, computes and sets its output in no time, at each scan;
- the derivative acts on the filtered measurement, and on the part c of the setpoint.

Balances (h: period; at each scan, with y filtered over T_f and r the setpoint filtered over T_sp, in steps of at
most setpoint_rate h)
    e      = r − y, less the deadband
    D      = (T_D D − K_d ((y − y_last) − c (r − r_last)))/(T_D + h)
    wanted = bias + K_p (e + (b − 1) r) + I + D + feedforward
    output = wanted within low…high and within rate h of the last
    I     += K_i e h + (output − wanted) min(1, h/T_t)        (back-calculation)
A change of mode is bumpless: in manual the output stays until `manual` changes, and I is what makes wanted equal to
it. So it is when a slave tells that it does not take this output (back_state 1), while a slave at its limit or a
selector that has chosen another (back_state 2) draw I to what they tell over T_t. When the gain changes, I takes up
what the proportional part would jump by.

References: Åström & Hägglund, Advanced PID Control, ISA 2006, chapters 3 and 13 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from twin.control.pi import Signal
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

SCAN = "period"


class State(NamedTuple):
    held: Annotated[float, "1", "output until the next scan"]
    I: Annotated[float, "1", "integral part of the output"]  # noqa: E741 (the usual letter)
    D: Annotated[float, "1", "derivative part of the output"]
    y: Annotated[float, "1", "filtered measurement"]
    r: Annotated[float, "1", "setpoint in use"]
    gain_used: Annotated[float, "1", "proportional gain of the last scan"]
    manual_seen: Annotated[float, "1", "what the operator had set at the last scan"]
    state_told: Annotated[float, "1", "what a master is told: 0 taken, 1 not taken, 2 at a limit"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "manipulated variable"]
    back_setpoint: Annotated[Signal, "1", "setpoint in use, or the measurement at a limit: for a master"]
    taken: Annotated[Signal, "1", "what a master is told: 0 taken, 1 not taken, 2 at a limit"]


class Measurements(NamedTuple):
    PV: Annotated[float, "1", "filtered measurement"]
    SP: Annotated[float, "1", "setpoint in use"]
    integral: Annotated[float, "1", "integral part of the output"]


@kernel
def output(x):
    return Signal(x.held)


@kernel
def back_setpoint(x):
    if x.state_told > 1.5:
        return Signal(x.y)
    return Signal(x.r)


@kernel
def taken(x):
    return Signal(x.state_told)


@kernel
def PV(x):
    return x.y


@kernel
def SP(x):
    return x.r


@kernel
def integral(x):
    return x.I


@kernel
def derivatives(x):
    return State(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@kernel
def share(period, time):
    """Part of the way that a first-order lag goes in a period."""
    if time > 0.0:
        return 1.0 - math.exp(-period / time)
    return 1.0


@kernel
def moved(value, target, part, most):
    """From a value so far towards its target, by at most so much (0: any)."""
    step = part * (target - value)
    if most > 0.0:
        return value + min(max(step, -most), most)
    return value + step


@kernel
def outside(e, deadband):
    """The error beyond the deadband."""
    if e > deadband:
        return e - deadband
    if e < -deadband:
        return e + deadband
    return 0.0 * e


@kernel
def setpoint_wanted(u, p, y):
    """Where the setpoint in use is to go."""
    if p.mode == 2:
        return u.remote.value
    if p.mode == 0 and p.follow == 1:
        return y
    return u.setpoint.value


@kernel
def scan(x, u, p, number):
    h = p.period
    y = u.measurement.value
    r = setpoint_wanted(u, p, y)
    if number > 0.0:
        y = moved(x.y, y, share(h, p.T_f), 0.0 * y)
        r = moved(x.r, setpoint_wanted(u, p, y), share(h, p.T_sp), p.setpoint_rate * h)
    e = outside(r - y, p.deadband)
    gain = proportional_gain(p, u.gain.value)
    gain_i = integral_gain(p, u.gain.value)
    gain_d = derivative_gain(p, u.gain.value)
    weighted = e + (p.b - 1.0) * r
    part_i = x.I
    part_d = x.D
    if number > 0.0:
        filter_d = derivative_filter(p)
        part_d = (filter_d * x.D - gain_d * ((y - x.y) - p.c * (r - x.r))) / (filter_d + h)
        if abs(gain_i) > 0.0:
            part_i += (x.gain_used - gain) * weighted
    else:
        part_i += gain * (1.0 - p.b) * r
    others = p.bias + gain * weighted + part_d + u.feedforward.value
    wanted = others + part_i
    held = wanted
    if p.mode == 0:
        # the operator's: what was there stays until something else is set
        held = x.held
        if number == 0.0 or p.manual != x.manual_seen:
            held = p.manual
    elif u.back_state.value == 1.0:
        held = u.back.value
    most = p.rate * h
    if number == 0.0:
        most = 0.0 * most
    held = min(max(held, p.low), p.high)
    if most > 0.0:
        held = x.held + min(max(held - x.held, -most), most)
    tracking = 1.0
    if p.T_t > 0.0:
        tracking = min(1.0, h / p.T_t)
    if p.mode == 0 or u.back_state.value == 1.0:
        part_i = held - others
    elif abs(gain_i) > 0.0:
        part_i += gain_i * e * h + (held - wanted) * tracking
        if u.back_state.value == 2.0:
            part_i += (u.back.value - held) * tracking
    told = 0.0
    if p.mode != 2:
        told = 1.0
    elif wanted >= p.high or wanted <= p.low:
        told = 2.0
    return State(held, part_i, part_d, y, r, gain, p.manual, told)


def check_params(p: Params) -> dict[str, str]:
    """Refuse what contradicts itself."""
    return check_gains(p)


def initial_state(initial: Initial, p: Params) -> State:
    """Before the first scan; it sets all but the integral part anew."""
    return State(p.manual, initial.I, 0.0, 0.0, 0.0, 0.0, p.manual, 0.0)


def nominals(p: Params) -> dict[str, float]:
    """Outputs move over their range."""
    return dict.fromkeys(("held", "I", "D", "manual_seen"), max(abs(p.high - p.low), 1e-12))
