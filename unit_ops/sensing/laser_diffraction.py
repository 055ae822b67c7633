"""A laser diffraction probe in a slurry: d10, d50 and d90 of the crystals by volume.

Assumptions
- the slurry passes unchanged and without delay; what the beam sees is like all of it;
- crystals of one density, so that volume is mass; within a class the mass is spread evenly over its width;
- the answer comes after a whole number of periods, and is held until the next; a lost one leaves the last standing;
- deviations are relative to the size itself and common to all three sizes, as those of an alignment are;
- when no crystals pass, the last reading stands.

Balances
    Q(d) = Σ ṁ_j of classes below d / Σ ṁ_j;   Q(d10) = 0.1, Q(d50) = 0.5, Q(d90) = 0.9
    told = d (scale + bias + drift (t − t_calibrated) + noise N(0, 1))

References: Merkus, Particle Size Measurements (2009), chapter 10, doi:10.1007/978-1-4020-9016-5; ISO 13320:2020.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Grid, Index, Nominal, Range
from unit_ops.sensing.instrument import MEMORY, check_memory, periods_late, place, reading, told
from unit_ops.sensing.passage import FACES as FACES
from unit_ops.sensing.passage import Transport as Transport
from unit_ops.sensing.passage import holdup as holdup
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Slurry, total

SCAN = "period"


class State(NamedTuple):
    t_calibrated: Annotated[float, "s", "time of the last calibration", Nominal(1e3)]
    d_told: Annotated[Array, "m", "d10, d50 and d90 last told", ("3",), Nominal(1e-4)]
    ring_d: Annotated[Array, "m", "readings not yet told", ("3", "20"), Nominal(1e-4)]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two readings", Range(1e-3, 1e5)]
    crystal: Annotated[int, "1", "solid component of the crystals", Index("solids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    delay: Annotated[float, "s", "time after which a reading is told", Range(0.0, 1e6)] = 0.0
    scale: Annotated[float, "1", "reading per truth", Range(-10.0, 10.0)] = 1.0
    bias: Annotated[float, "1", "offset, per size", Range(-10.0, 10.0)] = 0.0
    drift: Annotated[float, "1/s", "growth of the offset since the last calibration, per size", Range(-1.0, 1.0)] = 0.0
    noise: Annotated[float, "1", "standard deviation of a reading, per size", Range(0.0, 10.0)] = 0.0
    dropout: Annotated[float, "1", "probability that an answer is lost; 1 freezes the reading", Range(0.0, 1.0)] = 0.0


class Inlets(NamedTuple):
    feed: Annotated[Slurry, "slurry to the beam"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "the same slurry"]


class Measurements(NamedTuple):
    d10_measured: Annotated[float, "m", "size below which lies a tenth of the volume, as told"]
    d50_measured: Annotated[float, "m", "size below which lies half of the volume, as told"]
    d90_measured: Annotated[float, "m", "size below which lie nine tenths of the volume, as told"]


class Impulses(NamedTuple):
    calibrate: Annotated[float, "", "the offset grown since the last calibration is taken out"]


class Initial(NamedTuple):
    d_told: Annotated[float, "m", "size told before the first reading", Range(0.0, 1.0)] = 0.0


@kernel
def product(feed, out):
    for i in range(feed.m_flow.shape[0]):
        out.m_flow[i] = feed.m_flow[i]
    for j in range(feed.m_flow_crystals.shape[0]):
        out.m_flow_crystals[j] = feed.m_flow_crystals[j]
    return Slurry(feed.T, feed.m_flow_solid, out.m_flow, out.m_flow_crystals)


@kernel
def d10_measured(x):
    return x.d_told[0]


@kernel
def d50_measured(x):
    return x.d_told[1]


@kernel
def d90_measured(x):
    return x.d_told[2]


@kernel
def derivatives(x, dx):
    for k in range(x.d_told.shape[0]):
        dx.d_told[k] = 0.0
        for i in range(x.ring_d.shape[1]):
            dx.ring_d[k, i] = 0.0
    return State(0.0, dx.d_told, dx.ring_d)


@kernel
def size_below(part, m_flow, whole, edges):
    """Size below which lies a part of the whole flow."""
    below = 0.0
    for j in range(m_flow.shape[0]):
        if below + m_flow[j] >= part * whole and m_flow[j] > 0.0:
            return edges[j] + (edges[j + 1] - edges[j]) * max(part * whole - below, 0.0) / m_flow[j]
        below += m_flow[j]
    return edges[m_flow.shape[0]]


@kernel
def scan(t, x, u, p, number, seed, new):
    here = place(number, 0)
    whole = total(u.feed.m_flow_crystals)
    arrived = told(p, number, seed)
    for k in range(x.d_told.shape[0]):
        new.ring_d[k, here] = x.ring_d[k, place(number, 1)]
        if whole > 0.0:
            d = size_below(0.1 + 0.4 * k, u.feed.m_flow_crystals, whole, p.L_edges)
            new.ring_d[k, here] = reading(d, d, p, t, x.t_calibrated, number, seed)
        if arrived:
            new.d_told[k] = new.ring_d[k, place(number, periods_late(p))]
    return State(x.t_calibrated, new.d_told, new.ring_d)


@kernel
def calibrate(t, new):
    return State(t, new.d_told, new.ring_d)


@kernel
def transport(u, out):
    out.m[0] = 0.0
    out.m_flow[0] = total(u.feed.m_flow) + u.feed.m_flow_solid
    out.m_flow[1] = out.m_flow[0]
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a delay longer than the memory."""
    return check_memory(p)


def initial_state(initial: Initial, p: Params) -> State:
    """The size given is told until the first reading is."""
    return State(0.0, np.full(3, initial.d_told), np.full((3, MEMORY), initial.d_told))
