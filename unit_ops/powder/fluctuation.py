"""A random fluctuation of a screw's delivery: a signal that a feeder multiplies its discharge with.

Assumptions
- flights of the screw fill more or less as powder bridges and breaks in; the relative deviation of the delivery is
  normal with mean zero and forgets itself exponentially, over `tau`;
- it is drawn once a period and held until the next draw; the period sets no pace of its own as long as it is short
  beside tau (a tau far below the period gives independent draws).

Balances
    z_j+1 = φ z_j + s √(1 − φ²) N(0, 1),   φ = exp(−period/τ)      (standard deviation s, correlation e^(−t/τ))

Numbers are drawn by counting, so that a run repeats. Wire `- noise.deviation -> feeder.deviation`.

References: Boukouvala, Niotis, Ramachandran, Muzzio & Ierapetritou, Comput. Chem. Eng. 42 (2012) 30 (feeders with
noise in continuous lines); Gillespie, Phys. Rev. E 54 (1996) 2084, doi:10.1103/PhysRevE.54.2084 (exact update).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Range
from unit_ops.random import normal
from unit_ops.streams import Signal

SCAN = "period"


class State(NamedTuple):
    z: Annotated[float, "1", "relative deviation, held between draws"]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two draws", Range(1e-3, 1e5)]
    s: Annotated[float, "1", "standard deviation of the delivery over its mean", Range(0.0, 0.1)]
    tau: Annotated[float, "s", "time over which a deviation is forgotten", Range(1e-3, 1e5)] = 1.0


class Inlets(NamedTuple):
    pass


class Outlets(NamedTuple):
    deviation: Annotated[Signal, "1", "relative deviation"]


class Initial(NamedTuple):
    z: Annotated[float, "1", "relative deviation before the first draw", Range(-0.5, 0.5)] = 0.0


@kernel
def deviation(x):
    return Signal(x.z)


@kernel
def derivatives(x):
    return State(0.0)


@kernel
def scan(x, p, number, seed):
    kept = math.exp(-p.period / p.tau)
    return State(kept * x.z + p.s * math.sqrt(1.0 - kept * kept) * normal(seed, 0.0, number))


def initial_state(initial: Initial, p: Params) -> State:
    """Nothing has been drawn yet."""
    return State(initial.z)
