"""At-line analysis of a powder: samples drawn by the clock, weighed in grams, answered after the analysis.

Assumptions
- the powder passes unchanged and without delay; the sample is too small to count in the balance;
- particles of one mass, of the key component or not: the sample holds as many of each as chance puts there, which
  for many particles is normally distributed (the fundamental error of sampling, no segregation);
- the analysis takes a whole number of periods and has deviations of its own; a lost sample leaves the last answer;
- when nothing passes, no sample is drawn, and the last answer stands.

Balances
    w_sample = w + sqrt(w (1 − w) m_particle/m_sample) N(0, 1)
    told     = w_sample with the deviations and the delay of instrument.py

References: Gy, Sampling for Analytical Purposes (1998), chapter 4 (ISBN 978-0-471-97956-2).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Index, Nominal, Range
from unit_ops.random import normal
from unit_ops.sensing.instrument import MEMORY, check_memory, periods_late, place, reading, told
from unit_ops.sensing.passage import FACES as FACES
from unit_ops.sensing.passage import Transport as Transport
from unit_ops.sensing.passage import holdup as holdup
from unit_ops.sensing.passage import product as product
from unit_ops.sensing.passage import transport as transport
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, total

SCAN = "period"


class State(NamedTuple):
    w_told: Annotated[float, "1", "mass fraction of the key component last told"]
    t_calibrated: Annotated[float, "s", "time of the last calibration", Nominal(1e3)]
    ring_w: Annotated[Array, "1", "analyses not yet told", ("20",)]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two samples", Range(1e-3, 1e6)]
    key: Annotated[int, "1", "component that is analysed", Index("solids")]
    m_sample: Annotated[float, "kg", "mass of a sample", Range(1e-9, 10.0)]
    m_particle: Annotated[float, "kg", "mass of a particle", Range(0.0, 1.0)]
    w_span: Annotated[float, "1", "range of the analysis", Range(1e-9, 1.0)] = 1.0
    delay: Annotated[float, "s", "time that the analysis takes", Range(0.0, 1e6)] = 0.0
    scale: Annotated[float, "1", "reading per truth", Range(-10.0, 10.0)] = 1.0
    bias: Annotated[float, "1", "offset, per span", Range(-10.0, 10.0)] = 0.0
    drift: Annotated[float, "1/s", "growth of the offset since the last calibration, per span", Range(-1.0, 1.0)] = 0.0
    noise: Annotated[float, "1", "standard deviation of an analysis, per span", Range(0.0, 10.0)] = 0.0
    dropout: Annotated[float, "1", "probability that an answer is lost", Range(0.0, 1.0)] = 0.0


class Inlets(NamedTuple):
    feed: Annotated[Powder, "powder that is sampled"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "the same powder"]


class Measurements(NamedTuple):
    w_measured: Annotated[float, "1", "mass fraction of the key component as told"]


class Impulses(NamedTuple):
    calibrate: Annotated[float, "", "the offset grown since the last calibration is taken out"]


class Initial(NamedTuple):
    w_told: Annotated[float, "1", "mass fraction told before the first analysis", Range(0.0, 1.0)] = 0.0


@kernel
def w_measured(x):
    return x.w_told


@kernel
def derivatives(x, dx):
    for i in range(x.ring_w.shape[0]):
        dx.ring_w[i] = 0.0
    return State(0.0, 0.0, dx.ring_w)


@kernel
def sampling_error(w, m_particle, m_sample):
    """Standard deviation of the fraction in a sample of that many particles; a solver's error may leave w below 0."""
    return math.sqrt(max(w * (1.0 - w), 0.0) * m_particle / m_sample)


@kernel
def scan(t, x, u, p, number, seed, new):
    here = place(number, 0)
    m_flow = total(u.feed.m_flow) + total(u.feed.m_flow_liquid)
    new.ring_w[here] = x.ring_w[place(number, 1)]
    if m_flow > 0.0:
        w = u.feed.m_flow[p.key] / m_flow
        drawn = w + sampling_error(w, p.m_particle, p.m_sample) * normal(seed, 2.0, number)
        new.ring_w[here] = reading(drawn, p.w_span, p, t, x.t_calibrated, number, seed)
    w_told = x.w_told
    if told(p, number, seed):
        w_told = new.ring_w[place(number, periods_late(p))]
    return State(w_told, x.t_calibrated, new.ring_w)


@kernel
def calibrate(t, x, new):
    return State(x.w_told, t, new.ring_w)


def check_params(p: Params) -> dict[str, str]:
    """Refuse an analysis longer than the memory."""
    return check_memory(p)


def initial_state(initial: Initial, p: Params) -> State:
    """The answer given stands until the first analysis is told."""
    return State(initial.w_told, 0.0, np.full(MEMORY, initial.w_told))
