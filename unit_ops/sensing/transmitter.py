"""A transmitter: tells any signal by the clock, with the deviations, the delay and the failures of an instrument.

It stands in a plant's `controllers:` between a measurement and the controller that reads it (`TT-201.output`). Its
signals have the unit of what it measures, written "1" here.

Assumptions
- it reads its signal once a period and holds what it last told;
- what it tells comes after a whole number of periods; a lost answer leaves the last one standing;
- scale, bias, drift and noise are relative to the span; a calibration ends the drift;
- faults are events: `set: {TT-201.bias: 0.02}`, `hold: {TT-201.dropout: 1}` for a frozen reading.

Balances
    told = measurement with the deviations and the delay of instrument.py, in steps of the resolution

References: Doebelin, Measurement Systems, 5th ed. (2004), chapter 3 (ISBN 978-0-07-243886-4).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Nominal, Range
from unit_ops.sensing.instrument import MEMORY, check_memory, periods_late, place, reading, stepped, told
from unit_ops.streams import Signal

SCAN = "period"
ENDS = ("measurement",)
UNITS = {"measurement": "in", "output": "in", "span": "in", "last": "in", "ring": "in", "shown": "in"}


class State(NamedTuple):
    last: Annotated[float, "1", "what was last told"]
    t_calibrated: Annotated[float, "s", "time of the last calibration", Nominal(1e3)]
    ring: Annotated[Array, "1", "readings", ("20",)]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two readings", Range(1e-3, 1e5)]
    span: Annotated[float, "1", "range of the instrument", Range(0.0, 1e12)]
    resolution: Annotated[float, "1", "step of the display, per span; 0 for none", Range(0.0, 1.0)] = 0.0
    delay: Annotated[float, "s", "time after which a reading is told", Range(0.0, 1e6)] = 0.0
    scale: Annotated[float, "1", "reading per truth", Range(-10.0, 10.0)] = 1.0
    bias: Annotated[float, "1", "offset, per span", Range(-10.0, 10.0)] = 0.0
    drift: Annotated[float, "1/s", "growth of the offset since the last calibration, per span", Range(-1.0, 1.0)] = 0.0
    noise: Annotated[float, "1", "standard deviation of a reading, per span", Range(0.0, 10.0)] = 0.0
    dropout: Annotated[float, "1", "probability that an answer is lost; 1 freezes the reading", Range(0.0, 1.0)] = 0.0


class Inlets(NamedTuple):
    measurement: Annotated[Signal, "1", "what is measured"]


class Outlets(NamedTuple):
    output: Annotated[Signal, "1", "what is told"]


class Measurements(NamedTuple):
    shown: Annotated[float, "1", "what is told"]


class Impulses(NamedTuple):
    calibrate: Annotated[float, "", "the offset grown since the last calibration is taken out"]


@kernel
def output(x):
    return Signal(x.last)


@kernel
def shown(x):
    return x.last


@kernel
def derivatives(x, dx):
    for i in range(x.ring.shape[0]):
        dx.ring[i] = 0.0
    return State(0.0, 0.0, dx.ring)


@kernel
def scan(t, x, measurement, p, number, seed, new):
    now = reading(measurement.value, p.span, p, t, x.t_calibrated, number, seed)
    last = x.last
    if number == 0.0:
        # what there was before the start is what there is at the start
        for i in range(x.ring.shape[0]):
            new.ring[i] = now
        last = stepped(now, p.resolution * p.span)
    else:
        new.ring[place(number, 0)] = now
        if told(p, number, seed):
            last = stepped(new.ring[place(number, periods_late(p))], p.resolution * p.span)
    return State(last, x.t_calibrated, new.ring)


@kernel
def calibrate(t, x, new):
    return State(x.last, t, new.ring)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a delay longer than the memory."""
    return check_memory(p)


def initial_state(initial: object, p: Params) -> State:
    """The scan at the start takes the first reading."""
    return State(0.0, 0.0, np.zeros(MEMORY))
