"""A full pipe: a transport delay that follows the flow, with heat lost to the room.

What enters leaves one pipe volume later, whatever the flow does in between. Flow passes straight
through (the pipe is full): the outlet asks for the feed, so a loop through a pipe alone needs a
vessel, while composition and temperature are delayed.

Assumptions
- plug flow in a row of full cells of equal volume; volumes of components add; no heat in the wall;
- heat to the room with a constant coefficient, from each cell.

Balances, cell j of n, Q = Σ ṁ_i,in/ρ_i (the same everywhere, so that every cell keeps its volume)
    dm_ij/dt = Q (c_i,j−1 − c_ij)|faces,   dH_j/dt = Σ_i Q (c_i cp_i ΔT)|j−1 − (…)|j + UA/n (T_room − T_j)

What the cells disperse. `upwind`: n cells are n tanks in series exactly, variance of the residence
time τ²/n and F(t) = 1 − e^−nθ Σ_k<n (nθ)^k/k!. `van_albada`: second order; the variance of a step
front measured in the tests is 0.0127 τ² at 20 cells, 0.00312 τ² at 50, 0.00110 τ² at 100 and 0.00039 τ²
at 200, that of 79, 320, 907 and 2540 tanks: a front's width falls with n^−0.75. It overshoots by less
than 2e-4 of the step (limiter_eps). The mean residence time is V/Q in both.

References: Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999, ch. 14
(ISBN 978-0-471-25424-9); advection.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Nominal, Range
from unit_ops.piping.advection import Scheme, carry, cell_temperature, face_contents
from unit_ops.properties.mixture import volume as mixture_volume
from unit_ops.streams import T_REF, Holdup, Solution, total

DIMS = {"cells": 50}


class State(NamedTuple):
    m: Annotated[Array, "kg", "component masses per cell", ("fluids", "cells"), Nominal(1e-3)]
    H: Annotated[Array, "J", "enthalpy per cell above the reference temperature", ("cells",), Nominal(1e2)]


class Params(NamedTuple):
    V: Annotated[float, "m^3", "volume of the pipe", Range(1e-9, 1e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the whole pipe", Range(0.0, 1e7)] = 0.0
    T_room: Annotated[float, "K", "temperature around the pipe", Range(200.0, 500.0)] = T_REF
    limiter_eps: Annotated[float, "1", "steps below this part of the density, 100 K are free", Range(1e-9, 1.0)] = 1e-4
    scheme: Annotated[Scheme, "1", "how values on faces follow from cells"] = Scheme.VAN_ALBADA


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]


class Outlets(NamedTuple):
    product: Annotated[Solution, "what entered one pipe volume ago"]


class Measurements(NamedTuple):
    T_out: Annotated[float, "K", "outlet temperature"]


class Quadratures(NamedTuple):
    loss: Annotated[float, "W", "heat from the room, negative when it is lost"]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of each cell", ("cells",), Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("cells+1",)]


class Work(NamedTuple):
    share: Annotated[Array, "kg/m^3", "component masses per volume on outer faces", ("fluids", "cells")]
    T_face: Annotated[Array, "K", "temperature on outer faces", ("cells",)]


def faces(dims: Mapping[str, int]) -> tuple[tuple[object, object], ...]:
    """Feed, inner faces, product."""
    n = dims["cells"]
    return (("feed", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


FACES = faces


@kernel
def fill_faces(x, p, w):
    V_cell = p.V / x.H.shape[0]
    face_contents(x.m, x.H, p.cp, p.rho, V_cell, p.scheme, p.limiter_eps, w.share, w.T_face)


@kernel
def T_out(x, p):
    return cell_temperature(x.m, x.H, p.cp, x.H.shape[0] - 1)


@kernel
def product(x, feed, p, out):
    last = x.H.shape[0] - 1
    volume = 0.0
    for i in range(x.m.shape[0]):
        volume += x.m[i, last] / p.rho[i]
    rate = mixture_volume(feed.m_flow, p.rho) / volume
    for i in range(x.m.shape[0]):
        out.m_flow[i] = rate * x.m[i, last]
    return Solution(T_out(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, w, dx):
    fill_faces(x, p, w)
    carry(mixture_volume(u.feed.m_flow, p.rho), u.feed, p.cp, w.share, w.T_face, dx.m, dx.H)
    n = x.H.shape[0]
    for j in range(n):
        dx.H[j] += p.UA / n * (p.T_room - cell_temperature(x.m, x.H, p.cp, j))
    return State(dx.m, dx.H)


@kernel
def quadratures(x, p):
    n = x.H.shape[0]
    loss = 0.0
    for j in range(n):
        loss += p.UA / n * (p.T_room - cell_temperature(x.m, x.H, p.cp, j))
    return Quadratures(loss)


@kernel
def holdup(x, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = total(x.m[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(total(x.H), out.fluids, out.solids)


@kernel
def transport(x, u, p, w, out):
    fill_faces(x, p, w)
    Q = mixture_volume(u.feed.m_flow, p.rho)
    out.m_flow[0] = total(u.feed.m_flow)
    for j in range(x.H.shape[0]):
        mass = 0.0
        flow = 0.0
        for i in range(x.m.shape[0]):
            mass += x.m[i, j]
            flow += Q * w.share[i, j]
        out.m[j] = mass
        out.m_flow[j + 1] = flow
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a cell of a pipe of 50 cells, 10 K from the reference temperature."""
    mass = p.V / 50.0 * float(np.mean(p.rho))
    return {"m": 0.1 * mass, "H": 10.0 * mass * float(np.mean(p.cp))}


def initial_state(initial: Initial, p: Params) -> State:
    """A full pipe of one composition (fractions sum to 1)."""
    w, n = np.asarray(initial.w), len(initial.T)
    mass = p.V / n / float(np.sum(w / p.rho))
    m = np.outer(mass * w, np.ones(n))
    return State(m=m, H=(p.cp @ m) * (np.asarray(initial.T) - T_REF))
