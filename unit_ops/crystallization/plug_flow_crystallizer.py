"""A tubular, jacketed crystallizer: cells along the tube, each with a full crystal-size distribution.

Kinetics, solubility and growth on size classes are those of stirred_crystallizer.py, cell by cell. A cell's
classes depend on its crystal mass, and that on all of them, so that the unit's Jacobian has full blocks of
the size of the classes: some thousand cells × classes are practical.

Assumptions
- one space coordinate, equal cells, each ideally mixed; crystals travel with the liquor;
- first order in space: n cells without dispersion are n tanks in series (variance 1/n of the residence
  time), which adds u Δz/2 to the axial dispersion coefficient; closed ends (Danckwerts);
- the tube stays full: a cell passes on what exceeds its volume V_weir, with the time constant tau;
- volumes of liquid components and crystals add; heat of crystallization at T_REF;
- jacket temperature linear along the tube; no heat capacity of the wall.

Balances (cell j, inlets enter cell 0; for X of liquid components, size classes and H)
    dX_j/dt = k_j−1 X_j−1 − k_j X_j + E (X_j−1/V_j−1 − 2 X_j/V_j + X_j+1/V_j+1) + sources
    k_j = V_weir/τ (V_j/V_weir − 1)⁺/V_j,   E = D V_weir/Δz²,   Δz = length/n
    sources: gain_ji for class i; −Σ_i gain_ji for the solute; UA/n (T_jacket,j − T_j) − ΔH_c Σ_i gain_ji for H

References: Alvarez, Myerson, Cryst. Growth Des. 10 (2010) 2219, doi 10.1021/cg901496s; Randolph and Larson,
Theory of Particulate Processes, 2nd ed., Academic Press 1988 (ISBN 978-0-12-579652-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fitted, Fractions, Nominal, Optional, Range
from unit_ops.crystallization.parameters import (
    AntisolventParams,
    ClassesParams,
    DissolutionParams,
    GrowthParams,
    HabitParams,
    NucleationParams,
    PhaseParams,
    SolubilityParams,
    joined,
)
from unit_ops.crystallization.population import cubed_size
from unit_ops.crystallization.vessel import HEEL, trace
from unit_ops.crystallization.vessel import S as cell_S
from unit_ops.crystallization.vessel import T as cell_T
from unit_ops.crystallization.vessel import V as cell_V
from unit_ops.crystallization.vessel import gain as cell_gain
from unit_ops.crystallization.vessel import nominals as cell_nominals
from unit_ops.crystallization.vessel import w_crystals as cell_w_crystals
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Holdup, Signal, Slurry, Solution, enthalpy_flow, total

DIMS = {"cells": 10}
#: Within a cell everything depends on everything.
DENSE = ("bins", "cells")


class State(NamedTuple):
    H: Annotated[Array, "J", "enthalpy above the reference temperature", ("cells",), Nominal(1e3)]
    m: Annotated[Array, "kg", "liquid component masses", ("cells", "fluids")]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("cells", "bins"), Nominal(1e-4)]


class TubeParams(NamedTuple):
    tau: Annotated[float, "s", "time constant of the flow out of a cell", Range(1e-3, 1e5)]
    V_weir: Annotated[float, "m^3", "volume of one cell", Range(1e-12, 1e3)]
    length: Annotated[float, "m", "length of the tube", Range(1e-3, 1e5)]
    D_ax: Annotated[float, "m^2/s", "axial dispersion coefficient, beside that of the cells", Range(0.0, 1e3)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]


Params = joined(
    __name__,
    TubeParams,
    PhaseParams,
    SolubilityParams,
    AntisolventParams,
    GrowthParams,
    DissolutionParams,
    ClassesParams,
    HabitParams,
    NucleationParams,
)


class Inlets(NamedTuple):
    feed: Annotated[Solution, "clear feed", Optional()]
    antisolvent_feed: Annotated[Solution, "second clear feed, as antisolvent", Optional()]
    slurry: Annotated[Slurry, "slurry, as of seed", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature at the inlet"]
    T_jacket_out: Annotated[Signal, "K", "jacket temperature at the outlet"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "outlet"]


class Integrals(NamedTuple):
    warmth: Annotated[float, "K", "cell temperatures above the reference, each with its part of the tube", ("cells",)]
    deposition: Annotated[float, "kg/s", "mass that crystallizes, less what dissolves", ("cells",), Nominal(1e-5)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("cells", "bins")]
    density: Annotated[Array, "1/m", "scratch: number densities of a cell", ("bins",)]
    deposited: Annotated[Array, "kg/s", "mass that crystallizes in a cell", ("cells",)]
    crystal_mass: Annotated[Array, "kg", "crystals in a cell", ("cells",)]
    V: Annotated[Array, "m^3", "slurry volume of a cell", ("cells",)]
    T: Annotated[Array, "K", "temperature of a cell", ("cells",)]


class Measurements(NamedTuple):
    T_out: Annotated[float, "K", "temperature at the outlet", Fitted("solubility", "T_sol_low", "T_sol_high")]
    S: Annotated[float, "1", "relative supersaturation at the outlet"]
    w_crystals: Annotated[float, "1", "mass fraction of crystals at the outlet"]
    L43: Annotated[float, "m", "mass mean crystal size at the outlet; 0 without crystals"]
    mu_0: Annotated[float, "1/m^3", "crystals per slurry volume at the outlet"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_crystallization: Annotated[float, "W", "heat released by crystallization"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of each cell", ("cells",), Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions in the liquid", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "net mass flow across faces", ("cells+3",)]


def faces(dims: Mapping[str, int]) -> tuple[tuple[object, object], ...]:
    """Three inlets, inner faces, product."""
    n = dims["cells"]
    inlets = (("feed", 0), ("antisolvent_feed", 0), ("slurry", 0))
    return (*inlets, *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


FACES = faces


class Cell(NamedTuple):
    """One cell as the kernels of a vessel know it."""

    H: float
    m: Array
    crystals: Array


class Sums(NamedTuple):
    crystal_mass: float


@kernel
def cell_of(x, j):
    return Cell(x.H[j], x.m[j], x.crystals[j])


@kernel
def sums_of(x, j):
    return Sums(total(x.crystals[j]))


@kernel
def fill(x, p, w):
    """Volumes, temperatures and gains of all cells; the gains add up to what is deposited."""
    for j in range(w.V.shape[0]):
        cell, sums = cell_of(x, j), sums_of(x, j)
        w.crystal_mass[j] = sums.crystal_mass
        w.V[j] = cell_V(cell, sums, p)
        w.T[j] = cell_T(cell, sums, p)
        cell_gain(cell, sums, p, w.density, w.gain[j])
        w.deposited[j] = total(w.gain[j])


@kernel
def warmth(x, p, w, out):
    fill(x, p, w)
    n = out.shape[0]
    for j in range(n):
        out[j] = (w.T[j] - T_REF) / n


@kernel
def deposition(w, out):
    for j in range(out.shape[0]):
        out[j] = w.deposited[j]


@kernel
def T_out(x, p):
    last = x.H.shape[0] - 1
    return cell_T(cell_of(x, last), sums_of(x, last), p)


@kernel
def S(x, p):
    last = x.H.shape[0] - 1
    return cell_S(cell_of(x, last), sums_of(x, last), p)


@kernel
def w_crystals(x, p):
    last = x.H.shape[0] - 1
    return cell_w_crystals(cell_of(x, last), sums_of(x, last), p)


@kernel
def L43(x, p):
    last = x.H.shape[0] - 1
    weighed = 0.0
    for i in range(x.crystals.shape[1]):
        weighed += x.crystals[last, i] * 0.5 * (p.L_edges[i] + p.L_edges[i + 1])
    return weighed * fading_reciprocal(total(x.crystals[last]), trace(p))


@kernel
def mu_0(x, p):
    last = x.H.shape[0] - 1
    rho_kv = p.rho_solid[p.crystal] * p.kv
    number = 0.0
    for i in range(x.crystals.shape[1]):
        number += x.crystals[last, i] / (rho_kv * cubed_size(p.L_edges[i], p.L_edges[i + 1]))
    volume = cell_V(cell_of(x, last), sums_of(x, last), p)
    return number * reciprocal(volume, HEEL * p.V_weir)


@kernel
def passed_on(V, p):
    """Fraction of a cell of volume V leaving per second."""
    flow = p.V_weir * above_zero(V / p.V_weir - 1.0, 1e-3) / p.tau
    return flow * reciprocal(V, HEEL * p.V_weir)


@kernel
def exchange(n, p):
    """D A/Δz: volume exchanged across an inner face by dispersion [m³/s]."""
    return p.D_ax * p.V_weir * n * n / (p.length * p.length)


@kernel
def leaving(X, w, p, j):
    """Flow of X, one number per cell, from cell j to the next or out."""
    flow = passed_on(w.V[j], p) * X[j]
    n = w.V.shape[0]
    if j < n - 1:
        empty = HEEL * p.V_weir
        flow += exchange(n, p) * (X[j] * reciprocal(w.V[j], empty) - X[j + 1] * reciprocal(w.V[j + 1], empty))
    return flow


@kernel
def leaving_column(X, w, p, j, i):
    """Flow of column i of X from cell j to the next or out."""
    flow = passed_on(w.V[j], p) * X[j, i]
    n = w.V.shape[0]
    if j < n - 1:
        empty = HEEL * p.V_weir
        flow += exchange(n, p) * (X[j, i] * reciprocal(w.V[j], empty) - X[j + 1, i] * reciprocal(w.V[j + 1], empty))
    return flow


@kernel
def derivatives(x, u, a, p, w, dx):
    n = w.V.shape[0]
    fluids, bins = x.m.shape[1], x.crystals.shape[1]
    cp_c = p.cp_solid[p.crystal]
    warm_in = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    warm_in += enthalpy_flow(u.antisolvent_feed.T, u.antisolvent_feed.m_flow, p.cp)
    warm_in += enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    warm_in += u.slurry.m_flow_solid * cp_c * (u.slurry.T - T_REF)
    for j in range(n):
        jacket = u.T_jacket.value + (u.T_jacket_out.value - u.T_jacket.value) * (j + 0.5) / n
        dx.H[j] = p.UA / n * (jacket - w.T[j]) - p.dH_cryst * w.deposited[j] + warm_in
        warm_in = leaving(x.H, w, p, j)
        dx.H[j] -= warm_in
    for i in range(fluids):
        m_in = u.feed.m_flow[i] + u.antisolvent_feed.m_flow[i] + u.slurry.m_flow[i]
        for j in range(n):
            m_out = leaving_column(x.m, w, p, j, i)
            dx.m[j, i] = m_in - m_out
            m_in = m_out
    for j in range(n):
        dx.m[j, p.solute] -= w.deposited[j]
    for i in range(bins):
        m_in = u.slurry.m_flow_crystals[i]
        for j in range(n):
            m_out = leaving_column(x.crystals, w, p, j, i)
            dx.crystals[j, i] = m_in - m_out + w.gain[j, i]
            m_in = m_out
    return State(dx.H, dx.m, dx.crystals)


@kernel
def product(x, p, w, out):
    last = w.V.shape[0] - 1
    k = passed_on(w.V[last], p)
    for i in range(x.m.shape[1]):
        out.m_flow[i] = k * x.m[last, i]
    for i in range(x.crystals.shape[1]):
        out.m_flow_crystals[i] = k * x.crystals[last, i]
    return Slurry(w.T[last], k * w.crystal_mass[last], out.m_flow, out.m_flow_crystals)


@kernel
def quadratures(x, u, a, p, out):
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.crystallized.shape[0]):
        out.crystallized[i] = 0.0
    out.dissolved[p.solute] = -a.deposition
    out.crystallized[p.crystal] = a.deposition
    jacket = 0.5 * (u.T_jacket.value + u.T_jacket_out.value)
    duty = p.UA * (jacket - T_REF - a.warmth)
    return Quadratures(duty, -p.dH_cryst * a.deposition, out.dissolved, out.crystallized)


@kernel
def holdup(x, p, out):
    H = 0.0
    for i in range(out.fluids.shape[0]):
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    for j in range(x.H.shape[0]):
        H += x.H[j]
        for i in range(out.fluids.shape[0]):
            out.fluids[i] += x.m[j, i]
        out.solids[p.crystal] += total(x.crystals[j])
    return Holdup(H, out.fluids, out.solids)


@kernel
def transport(x, u, p, w, out):
    n = w.V.shape[0]
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.antisolvent_feed.m_flow)
    out.m_flow[2] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    for j in range(n):
        out.m[j] = total(x.m[j]) + w.crystal_mass[j]
    for j in range(n):
        out.m_flow[j + 3] = leaving(out.m, w, p, j)
    return Transport(out.m, out.m_flow)


def nominals(p: Any) -> dict[str, Any]:
    """Scales of the states: those of a stirred vessel of a cell's volume."""
    return cell_nominals(p)


def initial_state(initial: Initial, p: Any) -> State:
    """A tube full of one liquor (mass fractions sum to 1), without crystals."""
    n = len(initial.T)
    m = p.V_weir / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True)) * np.asarray(initial.w)
    H = float(m @ p.cp) * (np.asarray(initial.T) - T_REF)
    return State(H, np.tile(m, (n, 1)), np.zeros((n, len(p.L_edges) - 1)))
