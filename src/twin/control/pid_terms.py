"""What the sampled and the continuous PID controller share: parameters, forms and gains.

Forms, with the names of Åström & Hägglund and of most control systems (e = setpoint − measurement):

    standard (ISA)  u = K (e + ∫e dt / T_i + T_d de/dt)
    parallel        u = K_p e + K_i ∫e dt + K_d de/dt
    series          u = K (1 + 1/(T_i s)) (1 + T_d s) e

All are computed as the parallel one. A positive gain raises the output when the measurement is low (reverse
acting); the sign of the gain is the controller's action. T_i = 0 stands for no integral action.

References: Åström & Hägglund, Advanced PID Control, ISA 2006, chapter 3 (ISBN 978-1-55617-942-6).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Optional, Range


class Form(IntEnum):
    """How the gains are given."""

    STANDARD = 0
    PARALLEL = 1
    SERIES = 2


class Mode(IntEnum):
    """What decides the output: the operator, the controller's own setpoint, or another's."""

    MANUAL = 0
    AUTO = 1
    CASCADE = 2


class Follow(IntEnum):
    """Whether the setpoint in use follows the measurement while the operator has the output."""

    NO = 0
    YES = 1


class Params(NamedTuple):
    low: Annotated[float, "1", "least output", Range(-1e12, 1e12)]
    high: Annotated[float, "1", "greatest output", Range(-1e12, 1e12)]
    form: Annotated[Form, "1", "form in which the gains are given"] = Form.STANDARD
    mode: Annotated[Mode, "1", "manual, auto or cascade (remote setpoint)"] = Mode.AUTO
    K: Annotated[float, "1", "gain, standard and series form", Range(-1e12, 1e12)] = 0.0
    T_i: Annotated[float, "s", "integral time, standard and series form; 0 for none", Range(0.0, 1e9)] = 0.0
    T_d: Annotated[float, "s", "derivative time, standard and series form", Range(0.0, 1e7)] = 0.0
    K_p: Annotated[float, "1", "proportional gain, parallel form", Range(-1e12, 1e12)] = 0.0
    K_i: Annotated[float, "1/s", "integral gain, parallel form", Range(-1e12, 1e12)] = 0.0
    K_d: Annotated[float, "s", "derivative gain, parallel form", Range(-1e12, 1e12)] = 0.0
    N: Annotated[float, "1", "the derivative's filter has T_d/N", Range(1.0, 1e4)] = 10.0
    b: Annotated[float, "1", "weight of the setpoint in the proportional part", Range(0.0, 1.0)] = 1.0
    c: Annotated[float, "1", "weight of the setpoint in the derivative part", Range(0.0, 1.0)] = 0.0
    bias: Annotated[float, "1", "output at zero error and integral", Range(-1e12, 1e12)] = 0.0
    T_t: Annotated[float, "s", "tracking time of the anti-windup; 0 for at once", Range(0.0, 1e9)] = 60.0
    T_f: Annotated[float, "s", "time constant of the filter of the measurement", Range(0.0, 1e7)] = 0.0
    T_sp: Annotated[float, "s", "time constant of the filter of the setpoint", Range(0.0, 1e7)] = 0.0
    manual: Annotated[float, "1", "output set by the operator in manual", Range(-1e12, 1e12)] = 0.0
    period: Annotated[float, "s", "time between two scans", Range(1e-3, 1e6)] = 1.0
    deadband: Annotated[float, "1", "error that counts as none", Range(0.0, 1e12)] = 0.0
    rate: Annotated[float, "1/s", "greatest change of the output; 0 for any", Range(0.0, 1e12)] = 0.0
    setpoint_rate: Annotated[float, "1/s", "greatest change of the setpoint in use; 0 for any", Range(0.0, 1e12)] = 0.0
    follow: Annotated[Follow, "1", "whether the setpoint in use follows the measurement in manual"] = Follow.NO
    restart: Annotated[float, "s", "continuous: time after which the filters begin anew", Range(1.0, 1e12)] = 1e12


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "controlled variable"]
    setpoint: Annotated[Signal, "1", "its setpoint in auto"]
    remote: Annotated[Signal, "1", "its setpoint in cascade", Optional()]
    feedforward: Annotated[Signal, "1", "added to the output", Optional()]
    gain: Annotated[Signal, "1", "factor on all gains, from a schedule", Optional()]
    back: Annotated[Signal, "1", "what is made of the output, told by what it drives", Optional()]
    back_state: Annotated[Signal, "1", "0 taken, 1 not taken, 2 to be followed over T_t", Optional()]


class Initial(NamedTuple):
    I: Annotated[float, "1", "integral part of the output", Range(-1e12, 1e12)] = 0.0  # noqa: E741


#: What the units of generic fields follow: what is measured, what is moved, the gain from one to the other.
UNITS = {
    "measurement": "in",
    "setpoint": "in",
    "remote": "in",
    "y": "in",
    "z": "in",
    "r": "in",
    "PV": "in",
    "SP": "in",
    "back_setpoint": "in",
    "deadband": "in",
    "setpoint_rate": "in/s",
    "output": "out",
    "feedforward": "out",
    "back": "out",
    "low": "out",
    "high": "out",
    "bias": "out",
    "manual": "out",
    "manual_seen": "out",
    "held": "out",
    "I": "out",
    "D": "out",
    "integral": "out",
    "rate": "out/s",
    "K": "gain",
    "K_p": "gain",
    "gain_used": "gain",
    "K_i": "gain/s",
    "K_d": "gain s",
}
#: What tells a master whose output drives an inlet what is made of it: its value, and how the master is to take it.
BACK = {"remote": ("back_setpoint", "taken")}
#: Values of signal inlets that nothing drives, where not zero.
SIGNALS = {"gain": 1.0}


@kernel
def proportional_gain(p, factor):
    """K_p of the parallel form."""
    if p.form == 1:
        return factor * p.K_p
    if p.form == 2 and p.T_i > 0.0:
        return factor * p.K * (1.0 + p.T_d / p.T_i)
    return factor * p.K


@kernel
def integral_gain(p, factor):
    """K_i of the parallel form."""
    if p.form == 1:
        return factor * p.K_i
    if p.T_i > 0.0:
        return factor * p.K / p.T_i
    return factor * 0.0 / p.period


@kernel
def derivative_gain(p, factor):
    """K_d of the parallel form."""
    if p.form == 1:
        return factor * p.K_d
    return factor * p.K * p.T_d


@kernel
def derivative_filter(p):
    """Time constant of the derivative's filter."""
    if p.form != 1:
        return p.T_d / p.N
    if abs(p.K_p) > 0.0:
        return abs(p.K_d / p.K_p) / p.N
    return 0.0 * p.period


def check_gains(p: Params) -> dict[str, str]:
    """Refuse limits that leave the output nowhere to go, and gains of another form than the one chosen."""
    found = {} if p.low < p.high else {"low": "'low' must lie below 'high'"}
    parallel = p.form == Form.PARALLEL
    for name in ("K", "T_i", "T_d") if parallel else ("K_p", "K_i", "K_d"):
        if getattr(p, name) != 0.0:
            own = "K_p, K_i and K_d" if parallel else "K, T_i and T_d"
            found[name] = f"'{name}' has no effect: the {Form(p.form).name.lower()} form has {own}"
    gains = (p.K_p, p.K_i, p.K_d) if parallel else (p.K,)
    if all(gain == 0.0 for gain in gains):
        found["K_p" if parallel else "K"] = "every gain is zero, so that nothing is controlled"
    return found
