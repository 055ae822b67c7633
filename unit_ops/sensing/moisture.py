"""A moisture meter in a powder: the mass fraction of liquid, averaged over what passed its window.

Assumptions
- the powder passes unchanged and without delay; what the beam sees is all of it, in proportion;
- the answer is averaged over a window: of mass if m_window is given, of time otherwise, over at most 20 readings;
- it comes after a whole number of periods, and is held until the next; a lost answer leaves the last one standing;
- when nothing passes, the last average stands;
- scale, bias, drift and noise are relative to the span; a calibration ends the drift.

Balances
    dm_seen/dt = ṁ,   dm_liquid_seen/dt = ṁ_liquid      between scans, each of which notes them and starts anew
    w_liquid = Σ m_liquid_seen / Σ m_seen over the window, then deviations and delay as in instrument.py

References: Bakeev (ed.), Process Analytical Technology, 2nd ed. (2010), chapters 5 and 7 (ISBN 978-0-470-72207-7).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Nominal, Range
from unit_ops.sensing.instrument import MEMORY, check_memory, periods_late, place, reading, stepped, told, window_sums
from unit_ops.sensing.passage import FACES as FACES
from unit_ops.sensing.passage import Transport as Transport
from unit_ops.sensing.passage import holdup as holdup
from unit_ops.sensing.passage import product as product
from unit_ops.sensing.passage import transport as transport
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, total

SCAN = "period"


class State(NamedTuple):
    w_told: Annotated[float, "1", "mass fraction of liquid last told"]
    t_calibrated: Annotated[float, "s", "time of the last calibration", Nominal(1e3)]
    m_seen: Annotated[float, "kg", "powder that passed since the last scan", Nominal(1e-2)]
    m_liquid_seen: Annotated[float, "kg", "liquid in it", Nominal(1e-2)]
    ring_m: Annotated[Array, "kg", "powder that passed before each of the last scans", ("20",)]
    ring_part: Annotated[Array, "kg", "liquid in it", ("20",)]
    ring_w: Annotated[Array, "1", "readings not yet told", ("20",)]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two readings", Range(1e-3, 1e5)]
    w_span: Annotated[float, "1", "range of the instrument", Range(1e-9, 1.0)] = 1.0
    t_window: Annotated[float, "s", "time over which is averaged", Range(0.0, 1e6)] = 0.0
    m_window: Annotated[float, "kg", "powder over which is averaged; 0 for a window of time", Range(0.0, 1e3)] = 0.0
    delay: Annotated[float, "s", "time after which a reading is told", Range(0.0, 1e6)] = 0.0
    scale: Annotated[float, "1", "reading per truth", Range(-10.0, 10.0)] = 1.0
    bias: Annotated[float, "1", "offset, per span", Range(-10.0, 10.0)] = 0.0
    drift: Annotated[float, "1/s", "growth of the offset since the last calibration, per span", Range(-1.0, 1.0)] = 0.0
    noise: Annotated[float, "1", "standard deviation of a reading, per span", Range(0.0, 10.0)] = 0.0
    dropout: Annotated[float, "1", "probability that an answer is lost; 1 freezes the reading", Range(0.0, 1.0)] = 0.0
    resolution: Annotated[float, "1", "step of the display, per span; 0 for none", Range(0.0, 1.0)] = 0.0


class Inlets(NamedTuple):
    feed: Annotated[Powder, "powder to the beam"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "the same powder"]


class Measurements(NamedTuple):
    w_measured: Annotated[float, "1", "mass fraction of liquid as told"]


class Impulses(NamedTuple):
    calibrate: Annotated[float, "", "the offset grown since the last calibration is taken out"]


class Initial(NamedTuple):
    w_told: Annotated[float, "1", "mass fraction of liquid told before the first reading", Range(0.0, 1.0)] = 0.0


@kernel
def w_measured(x):
    return x.w_told


@kernel
def derivatives(x, u, dx):
    for i in range(x.ring_m.shape[0]):
        dx.ring_m[i] = 0.0
        dx.ring_part[i] = 0.0
        dx.ring_w[i] = 0.0
    m_flow_liquid = total(u.feed.m_flow_liquid)
    dm = total(u.feed.m_flow) + m_flow_liquid
    return State(0.0, 0.0, dm, m_flow_liquid, dx.ring_m, dx.ring_part, dx.ring_w)


@kernel
def scan(t, x, p, number, seed, new):
    here = place(number, 0)
    new.ring_m[here] = x.m_seen
    new.ring_part[here] = x.m_liquid_seen
    m, part = window_sums(new.ring_m, new.ring_part, number, p)
    new.ring_w[here] = x.ring_w[place(number, 1)]
    if m > 0.0:
        new.ring_w[here] = reading(part / m, p.w_span, p, t, x.t_calibrated, number, seed)
    w_told = x.w_told
    if told(p, number, seed):
        w_told = stepped(new.ring_w[place(number, periods_late(p))], p.resolution * p.w_span)
    return State(w_told, x.t_calibrated, 0.0, 0.0, new.ring_m, new.ring_part, new.ring_w)


@kernel
def calibrate(t, x, new):
    return State(x.w_told, t, x.m_seen, x.m_liquid_seen, new.ring_m, new.ring_part, new.ring_w)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a delay or a window longer than the memory."""
    return check_memory(p, "t_window")


def initial_state(initial: Initial, p: Params) -> State:
    """Nothing has been read; the answer given stands until the first reading is told."""
    nothing = np.zeros(MEMORY)
    return State(initial.w_told, 0.0, 0.0, 0.0, nothing, nothing.copy(), np.full(MEMORY, initial.w_told))
