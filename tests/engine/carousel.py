"""A carousel of stirred chambers that turns, is charged and emptied, and is weighed by a noisy balance: for tests.

Assumptions
- the first chamber takes the feed; nothing flows between chambers but when the carousel turns;
- the balance is read once a period, and holds what it read.

Balances
    dm/dt = m_flow_feed (first chamber),   dH/dt = enthalpy of the feed (first chamber)

Reference: none; a model of this kind is a filter carousel, ISBN 978-3-527-30600-8.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Nominal, Range
from unit_ops.random import normal
from unit_ops.streams import T_REF, Holdup, Solution, dot, enthalpy_flow, total

DIMS = {"cells": 3}
SCAN = "period"


class State(NamedTuple):
    reading: Annotated[float, "kg", "mass that was read"]
    count: Annotated[float, "1", "readings so far"]
    H: Annotated[Array, "J", "enthalpy of each chamber", ("cells",), Nominal(1e4)]
    m: Annotated[Array, "kg", "masses in each chamber", ("fluids", "cells")]


class Params(NamedTuple):
    period: Annotated[float, "s", "time between two readings", Range(0.1, 1e4)]
    noise: Annotated[float, "kg", "standard deviation of a reading", Range(0.0, 1e3)]
    full: Annotated[float, "kg", "mass at which the first chamber is full", Range(0.0, 1e3)]
    T_charge: Annotated[float, "K", "temperature of what is charged", Range(200.0, 400.0)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]


class Measurements(NamedTuple):
    seen: Annotated[float, "kg", "mass that was read"]


class Quadratures(NamedTuple):
    heat: Annotated[float, "W", "heat of what was charged or taken out by hand"]
    hand: Annotated[Array, "kg/s", "charged or taken out by hand", ("fluids",)]


class Impulses(NamedTuple):
    rotate: Annotated[float, "", "every chamber moves on by one place"]
    empty: Annotated[float, "1", "part of the last chamber that is taken out"]
    charge: Annotated[float, "kg", "mass of the first component, put into the first chamber"]


class Guards(NamedTuple):
    room: Annotated[float, "kg", "mass that the first chamber has room for"]


class Initial(NamedTuple):
    m: Annotated[Array, "kg", "masses in each chamber", ("fluids", "cells")]


@kernel
def seen(x):
    return x.reading


@kernel
def room(x, p):
    held = 0.0
    for i in range(x.m.shape[0]):
        held += x.m[i, 0]
    return p.full - held


@kernel
def derivatives(x, u, p, dx):
    for c in range(x.H.shape[0]):
        dx.H[c] = 0.0
        for i in range(x.m.shape[0]):
            dx.m[i, c] = 0.0
    dx.H[0] = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    for i in range(x.m.shape[0]):
        dx.m[i, 0] = u.feed.m_flow[i]
    return State(0.0, 0.0, dx.H, dx.m)


@kernel
def quadratures(out):
    for i in range(out.hand.shape[0]):
        out.hand[i] = 0.0
    return Quadratures(0.0, out.hand)


@kernel
def rotate(x, new):
    last = x.H.shape[0] - 1
    new.H[0] = x.H[last]
    for c in range(last):
        new.H[c + 1] = x.H[c]
    for i in range(x.m.shape[0]):
        new.m[i, 0] = x.m[i, last]
        for c in range(last):
            new.m[i, c + 1] = x.m[i, c]
    return State(x.reading, x.count, new.H, new.m)


@kernel
def empty(x, value, new):
    last = x.H.shape[0] - 1
    new.H[last] = (1.0 - value) * x.H[last]
    for i in range(x.m.shape[0]):
        new.m[i, last] = (1.0 - value) * x.m[i, last]
    return State(x.reading, x.count, new.H, new.m)


@kernel
def empty_booking(x, new, out):
    last = x.H.shape[0] - 1
    for i in range(x.m.shape[0]):
        out.hand[i] = new.m[i, last] - x.m[i, last]
    return Quadratures(new.H[last] - x.H[last], out.hand)


@kernel
def charge(x, value, p, new):
    new.m[0, 0] = x.m[0, 0] + value
    new.H[0] = x.H[0] + value * p.cp[0] * (p.T_charge - T_REF)
    return State(x.reading, x.count, new.H, new.m)


@kernel
def charge_booking(value, p, out):
    for i in range(out.hand.shape[0]):
        out.hand[i] = 0.0
    out.hand[0] = value
    return Quadratures(value * p.cp[0] * (p.T_charge - T_REF), out.hand)


@kernel
def scan(x, p, number, seed, new):
    held = 0.0
    for i in range(x.m.shape[0]):
        for c in range(x.m.shape[1]):
            held += x.m[i, c]
    return State(held + p.noise * normal(seed, 1.0, number), number + 1.0, new.H, new.m)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = 0.0
        for c in range(x.m.shape[1]):
            out.fluids[i] += x.m[i, c]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(total(x.H), out.fluids, out.solids)


def initial_state(initial: Initial, p: Params) -> State:
    """Chambers as given, at the reference temperature; nothing has been read."""
    return State(0.0, 0.0, 0.0 * initial.m[0], initial.m)


def nominals(p: Params) -> dict[str, float]:
    """Enthalpy of a chamber, 10 K warm."""
    return {"H": 10.0 * dot(p.cp, p.cp) / p.cp[0]}
