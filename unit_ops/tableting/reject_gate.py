"""A reject gate below a press: tablets outside limits of force or weight leave by themselves.

Assumptions
- no holdup: a tablet is judged as it passes, and its place in the stream decides nothing;
- force and weight of the tablets scatter normally about the press's means (signals), independently of
  each other, by given relative standard deviations; so the share that passes is smooth in the means;
- `divert` sends a share of all tablets aside whatever they are: 1 while the line starts or is out of
  specification;
- rejected tablets have the composition of the stream.

Balances
    good = (1 − divert) a_F a_m · all,   rejects = all − good
    a_F  = Φ((F_high − F)/s_F) − Φ((F_low − F)/s_F),   a_m alike; Φ the standard normal distribution

References: normal distribution, Abramowitz & Stegun, Handbook of Mathematical Functions, ISBN 978-0-486-61272-0.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Range
from unit_ops.streams import Signal, Tablets


class Params(NamedTuple):
    F_low: Annotated[float, "N", "least main compression force", Range(0.0, 1e6)]
    F_high: Annotated[float, "N", "greatest main compression force", Range(0.0, 1e6)]
    m_least: Annotated[float, "kg", "least tablet mass", Range(0.0, 0.1)]
    m_greatest: Annotated[float, "kg", "greatest tablet mass", Range(0.0, 0.1)]
    s_force: Annotated[float, "N", "standard deviation of the force from tablet to tablet", Range(1e-6, 1e6)]
    s_mass: Annotated[float, "kg", "standard deviation of the mass from tablet to tablet", Range(1e-12, 0.1)]


class Inlets(NamedTuple):
    tablets: Annotated[Tablets, "tablets"]
    compression_force: Annotated[Signal, "N", "main compression force"]
    tablet_mass: Annotated[Signal, "kg", "mass of a tablet"]
    divert: Annotated[Signal, "1", "share of all tablets that goes aside"]


class Outlets(NamedTuple):
    good: Annotated[Tablets, "tablets within limits"]
    rejects: Annotated[Tablets, "tablets outside limits, and those diverted"]


@kernel
def below(z):
    """Share of a standard normal distribution below z."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@kernel
def within(mean, low, high, s):
    """Share of tablets between two limits."""
    return below((high - mean) / s) - below((low - mean) / s)


@kernel
def passed(u, p):
    """Share of the tablets that passes."""
    force = within(u.compression_force.value, p.F_low, p.F_high, p.s_force)
    mass = within(u.tablet_mass.value, p.m_least, p.m_greatest, p.s_mass)
    return (1.0 - u.divert.value) * force * mass


@kernel
def share(part, tablets, out):
    for i in range(tablets.m_flow.shape[0]):
        out.m_flow[i] = part * tablets.m_flow[i]
    for i in range(tablets.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = part * tablets.m_flow_liquid[i]
    return Tablets(part * tablets.n_flow, out.m_flow, out.m_flow_liquid)


@kernel
def good(u, p, out):
    return share(passed(u, p), u.tablets, out)


@kernel
def rejects(u, p, out):
    return share(1.0 - passed(u, p), u.tablets, out)


def check_params(p: Params) -> dict[str, str]:
    """Refuse limits between which nothing fits."""
    found = {}
    if not p.F_low < p.F_high:
        found["F_low"] = "'F_low' must lie below 'F_high'"
    if not p.m_least < p.m_greatest:
        found["m_least"] = "'m_least' must lie below 'm_greatest'"
    return found
