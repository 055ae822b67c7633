"""A load cell: the mass on it, felt with a lag, averaged over its last readings, tared and stepped.

Assumptions
- the cell and its amplifier are of first order;
- the display averages the last n readings, shows whole steps, and holds what it shows until the next reading;
- a lost answer leaves the last one standing; the shocks of machines nearby are part of the noise;
- scale, bias, drift and noise are relative to the span; a calibration ends the drift, taring zeroes the display.

Balances
    dm_felt/dt = (load − m_felt)/τ
    m_shown = mean of the last n readings − m_tare, each with the deviations and the delay of instrument.py

References: Doebelin, Measurement Systems, 5th ed. (2004), chapters 3 and 5 (ISBN 978-0-07-243886-4).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Nominal, Range
from unit_ops.sensing.instrument import MEMORY, check_memory, periods_late, place, reading, stepped, told
from unit_ops.streams import Signal

SCAN = "period"


class State(NamedTuple):
    m_told: Annotated[float, "kg", "mass last told"]
    m_tare: Annotated[float, "kg", "mass that is taken off"]
    t_calibrated: Annotated[float, "s", "time of the last calibration", Nominal(1e3)]
    m_felt: Annotated[float, "kg", "mass that the cell feels"]
    ring_m: Annotated[Array, "kg", "readings", ("20",)]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two readings", Range(1e-3, 1e5)]
    m_span: Annotated[float, "kg", "range of the instrument", Range(1e-6, 1e6)]
    tau: Annotated[float, "s", "time constant of cell and amplifier", Range(1e-3, 1e4)] = 0.1
    n_average: Annotated[int, "1", "readings that are averaged", Range(1, 20)] = 1
    resolution: Annotated[float, "1", "step of the display, per span; 0 for none", Range(0.0, 1.0)] = 0.0
    delay: Annotated[float, "s", "time after which a reading is told", Range(0.0, 1e6)] = 0.0
    scale: Annotated[float, "1", "reading per truth", Range(-10.0, 10.0)] = 1.0
    bias: Annotated[float, "1", "offset, per span", Range(-10.0, 10.0)] = 0.0
    drift: Annotated[float, "1/s", "growth of the offset since the last calibration, per span", Range(-1.0, 1.0)] = 0.0
    noise: Annotated[float, "1", "standard deviation of a reading, per span", Range(0.0, 10.0)] = 0.0
    dropout: Annotated[float, "1", "probability that an answer is lost; 1 freezes the reading", Range(0.0, 1.0)] = 0.0


class Inlets(NamedTuple):
    load: Annotated[Signal, "kg", "mass on the cell"]


class Outlets(NamedTuple):
    pass


class Measurements(NamedTuple):
    m_measured: Annotated[float, "kg", "mass as told"]


class Impulses(NamedTuple):
    calibrate: Annotated[float, "", "the offset grown since the last calibration is taken out"]
    tare: Annotated[float, "", "what is on the cell is taken off from now on"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "mass on the cell, felt and told", Range(0.0, 1e6)] = 0.0


@kernel
def m_measured(x):
    return x.m_told


@kernel
def derivatives(x, u, p, dx):
    for i in range(x.ring_m.shape[0]):
        dx.ring_m[i] = 0.0
    return State(0.0, 0.0, 0.0, (u.load.value - x.m_felt) / p.tau, dx.ring_m)


@kernel
def average(ring_m, number, p):
    """Mean of the last readings that may be told by now, or of as many as there are."""
    m = 0.0
    count = 0
    late = periods_late(p)
    for back in range(late, min(late + p.n_average, MEMORY)):
        if back <= number:
            m += ring_m[place(number, back)]
            count += 1
    return m / max(count, 1)


@kernel
def scan(t, x, p, number, seed, new):
    new.ring_m[place(number, 0)] = reading(x.m_felt, p.m_span, p, t, x.t_calibrated, number, seed)
    m_told = x.m_told
    if told(p, number, seed):
        m_told = stepped(average(new.ring_m, number, p) - x.m_tare, p.resolution * p.m_span)
    return State(m_told, x.m_tare, x.t_calibrated, x.m_felt, new.ring_m)


@kernel
def calibrate(t, x, new):
    return State(x.m_told, x.m_tare, t, x.m_felt, new.ring_m)


@kernel
def tare(x, new):
    return State(0.0, x.m_tare + x.m_told, x.t_calibrated, x.m_felt, new.ring_m)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a delay that, with the averaging, is longer than the memory."""
    found = check_memory(p)
    if not found and p.delay / p.period + p.n_average > MEMORY:
        found["n_average"] = f"'n_average' and the delay together reach back further than {MEMORY} readings"
    return found


def initial_state(initial: Initial, p: Params) -> State:
    """The load has been on the cell for long."""
    return State(initial.m, 0.0, 0.0, initial.m, np.full(MEMORY, initial.m))
