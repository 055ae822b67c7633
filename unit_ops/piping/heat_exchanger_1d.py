"""A heat exchanger along its length: two rows of full cells with a wall between, counter- or co-current.

Where the exchanger by transfer units (heat_exchanger.py) is steady at once, this one has the fluids'
holdup and the wall's heat along the way. Flow passes straight through both sides (they are full):
each outlet asks for its own inlet, composition and temperature are delayed.

Assumptions
- plug flow in full cells of equal volume on each side; volumes of components add; the volume flow of a
  side is the same everywhere, so that every cell keeps its volume;
- constant coefficients from each side to the wall; no conduction along the wall, no loss to the room.

Balances, cell j of n of either side, numbered along its own flow; wall cell k beside hot cell j = k and
cold cell n − 1 − k (counter-current) or k (co-current)
    dm_ij/dt = Q (c_i,j−1 − c_ij)|faces,   Q = Σ ṁ_i,in/ρ_i
    dH_j/dt  = Q Σ_i (c_i cp_i ΔT)|j−1 − Q Σ_i (c_i cp_i ΔT)|j + UA_side/n (T_wall − T_j)
    dH_wall,k/dt = UA_hot/n (T_hot − T_wall) + UA_cold/n (T_cold − T_wall)

With faces of second order (`van_albada`) the steady heat converges to that of effectiveness and
transfer units, 1/UA = 1/UA_hot + 1/UA_cold, with the square of the cell size.

References: Kays, London, Compact Heat Exchangers, 3rd ed., McGraw-Hill 1984 (ISBN 978-0-07-033418-2);
advection.py.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Nominal, Range
from unit_ops.piping.advection import Scheme, carry, cell_temperature, face_contents
from unit_ops.piping.heat_exchanger import Arrangement
from unit_ops.properties.mixture import volume as mixture_volume
from unit_ops.streams import T_REF, Holdup, Solution, total

DIMS = {"cells": 20}


class State(NamedTuple):
    m_hot: Annotated[Array, "kg", "component masses per hot cell", ("fluids", "cells"), Nominal(1e-2)]
    m_cold: Annotated[Array, "kg", "component masses per cold cell", ("fluids", "cells"), Nominal(1e-2)]
    H_hot: Annotated[Array, "J", "enthalpy per hot cell above the reference temperature", ("cells",), Nominal(1e3)]
    H_cold: Annotated[Array, "J", "enthalpy per cold cell above the reference temperature", ("cells",), Nominal(1e3)]
    H_wall: Annotated[Array, "J", "enthalpy per wall cell above the reference temperature", ("cells",), Nominal(1e3)]


class Params(NamedTuple):
    arrangement: Annotated[Arrangement, "1", "how the two sides run"]
    V_hot: Annotated[float, "m^3", "volume of the hot side", Range(1e-9, 1e3)]
    V_cold: Annotated[float, "m^3", "volume of the cold side", Range(1e-9, 1e3)]
    UA_hot: Annotated[float, "W/K", "heat transfer coefficient times area, hot side to wall", Range(0.0, 1e9)]
    UA_cold: Annotated[float, "W/K", "heat transfer coefficient times area, wall to cold side", Range(0.0, 1e9)]
    C_wall: Annotated[float, "J/K", "heat capacity of the wall", Range(1e-3, 1e10)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    limiter_eps: Annotated[float, "1", "steps below this part of the density, 100 K are free", Range(1e-9, 1.0)] = 1e-4
    scheme: Annotated[Scheme, "1", "how values on faces follow from cells"] = Scheme.VAN_ALBADA


class Inlets(NamedTuple):
    hot: Annotated[Solution, "warmer feed"]
    cold: Annotated[Solution, "colder feed"]


class Outlets(NamedTuple):
    cooled: Annotated[Solution, "the warmer feed, cooled"]
    heated: Annotated[Solution, "the colder feed, heated"]


class Measurements(NamedTuple):
    T_cooled: Annotated[float, "K", "temperature of the cooled side at its outlet"]
    T_heated: Annotated[float, "K", "temperature of the heated side at its outlet"]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of each cell, hot, wall and cold", ("cells",), Range(200.0, 500.0)]
    w_hot: Annotated[Array, "1", "mass fractions on the hot side", ("fluids",), Fractions()]
    w_cold: Annotated[Array, "1", "mass fractions on the cold side", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of each side", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


class Work(NamedTuple):
    share: Annotated[Array, "kg/m^3", "component masses per volume on outer faces", ("fluids", "cells")]
    T_face: Annotated[Array, "K", "temperature on outer faces", ("cells",)]


FACES = (("hot", 0), (0, "cooled"), ("cold", 1), (1, "heated"))


@kernel
def T_cooled(x, p):
    return cell_temperature(x.m_hot, x.H_hot, p.cp, x.H_hot.shape[0] - 1)


@kernel
def T_heated(x, p):
    return cell_temperature(x.m_cold, x.H_cold, p.cp, x.H_cold.shape[0] - 1)


@kernel
def leave(feed, m, rho, m_flow):
    """Flow of what stands in the last cell of a side, as much by volume as enters."""
    last = m.shape[1] - 1
    volume = 0.0
    for i in range(m.shape[0]):
        volume += m[i, last] / rho[i]
    rate = mixture_volume(feed.m_flow, rho) / volume
    for i in range(m.shape[0]):
        m_flow[i] = rate * m[i, last]


@kernel
def cooled(x, hot, p, out):
    leave(hot, x.m_hot, p.rho, out.m_flow)
    return Solution(T_cooled(x, p), out.m_flow)


@kernel
def heated(x, cold, p, out):
    leave(cold, x.m_cold, p.rho, out.m_flow)
    return Solution(T_heated(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, w, dx):
    n = x.H_wall.shape[0]
    face_contents(x.m_hot, x.H_hot, p.cp, p.rho, p.V_hot / n, p.scheme, p.limiter_eps, w.share, w.T_face)
    carry(mixture_volume(u.hot.m_flow, p.rho), u.hot, p.cp, w.share, w.T_face, dx.m_hot, dx.H_hot)
    face_contents(x.m_cold, x.H_cold, p.cp, p.rho, p.V_cold / n, p.scheme, p.limiter_eps, w.share, w.T_face)
    carry(mixture_volume(u.cold.m_flow, p.rho), u.cold, p.cp, w.share, w.T_face, dx.m_cold, dx.H_cold)
    for k in range(n):
        j = k
        if p.arrangement == Arrangement.COUNTER_CURRENT:
            j = n - 1 - k
        T_wall = T_REF + x.H_wall[k] * n / p.C_wall
        Q_hot = p.UA_hot / n * (cell_temperature(x.m_hot, x.H_hot, p.cp, k) - T_wall)
        Q_cold = p.UA_cold / n * (cell_temperature(x.m_cold, x.H_cold, p.cp, j) - T_wall)
        dx.H_hot[k] -= Q_hot
        dx.H_cold[j] -= Q_cold
        dx.H_wall[k] = Q_hot + Q_cold
    return State(dx.m_hot, dx.m_cold, dx.H_hot, dx.H_cold, dx.H_wall)


@kernel
def holdup(x, out):
    for i in range(x.m_hot.shape[0]):
        out.fluids[i] = total(x.m_hot[i]) + total(x.m_cold[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(total(x.H_hot) + total(x.H_cold) + total(x.H_wall), out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    out.m[0] = 0.0
    out.m[1] = 0.0
    hot_volume = 0.0
    cold_volume = 0.0
    hot_leaving = 0.0
    cold_leaving = 0.0
    last = x.H_wall.shape[0] - 1
    for i in range(x.m_hot.shape[0]):
        out.m[0] += total(x.m_hot[i])
        out.m[1] += total(x.m_cold[i])
        hot_leaving += x.m_hot[i, last]
        cold_leaving += x.m_cold[i, last]
        hot_volume += x.m_hot[i, last] / p.rho[i]
        cold_volume += x.m_cold[i, last] / p.rho[i]
    out.m_flow[0] = total(u.hot.m_flow)
    out.m_flow[1] = mixture_volume(u.hot.m_flow, p.rho) * hot_leaving / hot_volume
    out.m_flow[2] = total(u.cold.m_flow)
    out.m_flow[3] = mixture_volume(u.cold.m_flow, p.rho) * cold_leaving / cold_volume
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a cell of 20, 10 K from the reference temperature."""
    rho, cp = float(np.mean(p.rho)), float(np.mean(p.cp))
    hot, cold = p.V_hot / 20.0 * rho, p.V_cold / 20.0 * rho
    return {
        "m_hot": 0.1 * hot, "m_cold": 0.1 * cold, "H_hot": 10.0 * hot * cp, "H_cold": 10.0 * cold * cp,
        "H_wall": 0.5 * p.C_wall,
    }  # fmt: skip


def initial_state(initial: Initial, p: Params) -> State:
    """Both sides full; cells along the hot side, with what lies beside them, of one temperature."""
    n, above = len(initial.T), np.asarray(initial.T) - T_REF
    sides = []
    for volume, w in ((p.V_hot, initial.w_hot), (p.V_cold, initial.w_cold)):
        sides.append(np.outer(np.asarray(w) * volume / n / float(np.sum(w / p.rho)), np.ones(n)))
    hot, cold = sides
    beside = above[::-1] if p.arrangement == Arrangement.COUNTER_CURRENT else above
    wall = p.C_wall / n * above
    return State(m_hot=hot, m_cold=cold, H_hot=(p.cp @ hot) * above, H_cold=(p.cp @ cold) * beside, H_wall=wall)
