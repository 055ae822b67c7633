"""A valve's actuator between a controller and what it moves: limits, speed, stiction, bias, or stuck.

Its signals have the unit of what it drives, written "1" here.

Assumptions
- by the clock: it sees its signal, and moves, at each scan;
- stiction in two numbers: the stem stays until its signal has gone `stick` away from where it rests, then it slips,
  and comes to rest `slip` short of the signal; `slip` equals `stick` in the usual dead band, is less where it jumps;
- faults are events: `set: {TV-201.condition: stuck}`, `hold: {TV-201.stick: 4 %}`, `set: {TV-201.bias: 2 K}`.

Balances (at each scan)
    f = input + bias − output;  |f| ≤ stick: stays;  else output = input + bias − sign(f) slip
    within low…high and rate h of where it was

References: He, Wang, Pottmann & Qin, Ind. Eng. Chem. Res. 46 (2007) 4549, doi:10.1021/ie061219a (f_S: stick,
f_D: slip).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

from twin.control.pi import Signal
from twin.jit import kernel
from twin.quantity import Range

SCAN = "period"
ENDS = ("output",)
UNITS = dict.fromkeys(("input", "output", "position", "at", "low", "high", "bias", "stick", "slip"), "out")
UNITS |= {"rate": "out/s"}


class Condition(IntEnum):
    """Whether it moves at all."""

    OK = 0
    STUCK = 1


class State(NamedTuple):
    at: Annotated[float, "1", "where the stem stands"]


class Params(NamedTuple):
    low: Annotated[float, "1", "least position", Range(-1e12, 1e12)]
    high: Annotated[float, "1", "greatest position", Range(-1e12, 1e12)]
    period: Annotated[float, "s", "time between two scans", Range(1e-3, 1e6)] = 1.0
    rate: Annotated[float, "1/s", "greatest speed; 0 for any", Range(0.0, 1e12)] = 0.0
    stick: Annotated[float, "1", "change of the signal that moves it", Range(0.0, 1e12)] = 0.0
    slip: Annotated[float, "1", "what it stays short of the signal when it moves", Range(0.0, 1e12)] = 0.0
    bias: Annotated[float, "1", "position less signal", Range(-1e12, 1e12)] = 0.0
    condition: Annotated[Condition, "1", "ok, or stuck where it is"] = Condition.OK


class Inlets(NamedTuple):
    input: Annotated[Signal, "1", "position asked for"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "where the stem stands"]


class Measurements(NamedTuple):
    position: Annotated[float, "1", "where the stem stands"]


@kernel
def output(x):
    return Signal(x.at)


@kernel
def position(x):
    return x.at


@kernel
def derivatives(x):
    return State(0.0)


@kernel
def scan(x, input, p, number):
    wanted = input.value + p.bias
    at = x.at
    if number == 0.0:
        at = min(max(wanted, p.low), p.high)
    elif p.condition == 0 and abs(wanted - x.at) > p.stick:
        short = p.slip
        if wanted < x.at:
            short = -p.slip
        at = min(max(wanted - short, p.low), p.high)
        if p.rate > 0.0:
            most = p.rate * p.period
            at = x.at + min(max(at - x.at, -most), most)
    return State(at)


def check_params(p: Params) -> dict[str, str]:
    """Refuse what contradicts itself."""
    found = {} if p.low < p.high else {"low": "'low' must lie below 'high'"}
    if p.slip > p.stick:
        found["slip"] = "'slip' is more than 'stick': it would move away from its signal"
    return found


def initial_state(initial: object, p: Params) -> State:
    """The scan at the start puts it where its signal is."""
    return State(p.low)


def nominals(p: Params) -> dict[str, float]:
    """It moves over its range."""
    return {"at": max(abs(p.high - p.low), 1e-12)}
