"""A bin with an outlet: discharge as asked for, up to what the opening lets through; plug flow, then mixing.

Assumptions
- powder sinks through the bin as a row of cells, each a fixed share of what is held: the last, in the
  converging part, mixes the share `mixed`; the others divide the rest and sink as a plug (a row of
  cells disperses by itself: variance of the residence time (1 − mixed)²/(cells − 1) + mixed², over τ²);
- powder flows freely: no bridge, no rathole; the opening passes no more than Beverloo's limit, with
  the bulk density of what lies above it;
- below its share of the heel mass a cell hands on less, so that the discharge fades with the holdup; so does
  the API content as shown, there a ratio of solver errors.

Balances, cell j of n, φ_j the share held in cells 1…j (φ_0 = 0, φ_n = 1)
    dm_ij/dt = G_j−1 w_i,j−1 − G_j w_ij,   G_0 w_i0 = ṁ_i,in
    G_j = (1 − φ_j) ṁ_in + φ_j F                   (keeps every cell's share as the bin fills or empties)
    F   = min(F_set, W),   W = C ρ_b √g (D − k d)^2.5

References: Beverloo, Leniger & van de Velde, Chem. Eng. Sci. 15 (1961) 260,
doi:10.1016/0009-2509(61)85030-6; Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999
(ISBN 978-0-471-25424-9).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Index, Nominal, Optional, Range
from unit_ops.powder.blending import cell_mass
from unit_ops.powder.blending import held as all_cells
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal, saturated
from unit_ops.streams import Holdup, Powder, Signal, total

DIMS = {"cells": 10}

GRAVITY: Annotated[float, "m/s^2", "acceleration of free fall"] = 9.81


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "cells"), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per cell", ("fluids", "cells"), Nominal(1e-2)]


class Params(NamedTuple):
    opening: Annotated[float, "m", "diameter of the opening", Range(1e-3, 1.0)]
    particle: Annotated[float, "m", "diameter of a particle", Range(1e-6, 1e-2)]
    rho_bulk: Annotated[Array, "kg/m^3", "bulk densities in the bin", ("solids",)]
    m_max: Annotated[float, "kg", "capacity of the bin", Range(1e-4, 1e6)]
    m_low: Annotated[float, "kg", "level at which a refill is due", Range(1e-6, 1e6)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    mixed: Annotated[float, "1", "share of the holdup that mixes, above the opening", Range(0.01, 0.95)] = 0.2
    coefficient: Annotated[float, "1", "discharge coefficient (0.55 to 0.65)", Range(0.1, 1.0)] = 0.58
    k: Annotated[float, "1", "particle diameters lost at the rim (1.2 to 1.6)", Range(0.0, 5.0)] = 1.4
    heel: Annotated[float, "kg", "mass below which the discharge fades", Range(1e-12, 100.0)] = 1e-2


class Inlets(NamedTuple):
    material: Annotated[Powder, "powder filled in"]
    refill: Annotated[Powder, "second filling, opened and closed by events", Optional()]
    setpoint: Annotated[Signal, "kg/s", "setpoint of the discharge"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "discharge"]


class Integrals(NamedTuple):
    held: Annotated[float, "kg", "mass in the bin", ("cells",)]


class Measurements(NamedTuple):
    m: Annotated[float, "kg", "mass in the bin"]
    fill: Annotated[float, "1", "mass in the bin over its capacity"]
    F_limit: Annotated[float, "kg/s", "greatest discharge that the opening passes"]
    api_content: Annotated[float, "1", "mass fraction of the API at the outlet"]


class Guards(NamedTuple):
    low_level: Annotated[float, "kg", "mass above the level at which a refill is due"]
    overfull: Annotated[float, "kg", "mass above the capacity"]
    empty: Annotated[float, "kg", "mass above the heel"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "mass in the bin", Range(0.0, 1e6)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    layers: Annotated[Array, "1", "mass of each cell over its share of the mass", ("cells",), Range(0.0, 10.0)] = 1.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("cells+2",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Two inlets into the first cell, then from cell to cell and out."""
    n = dims["cells"]
    return (("material", 0), ("refill", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


@kernel
def beverloo(C, rho_bulk, D, k, d):
    """Discharge through a round opening of diameter D, particles of diameter d [kg/s]; 0 when they do not fit."""
    free = above_zero(D - k * d, 1e-3 * D)
    return C * rho_bulk * math.sqrt(GRAVITY) * free * free * math.sqrt(free)


@kernel
def above(j, n, p):
    """Share held in cells 0…j: the last cell mixes, the others are equal."""
    if j < n - 1:
        return (1.0 - p.mixed) * (j + 1.0) / (n - 1.0)
    return 1.0


@kernel
def share(j, n, p):
    """Share held in cell j."""
    if j < n - 1:
        return (1.0 - p.mixed) / (n - 1.0)
    return p.mixed


@kernel
def held(x, out):
    for j in range(out.shape[0]):
        out[j] = cell_mass(x, j)


@kernel
def outlet_density(x, p):
    """Bulk density of what lies above the opening; liquid adds mass, not volume."""
    last = x.m_solids.shape[1] - 1
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        V += x.m_solids[i, last] / p.rho_bulk[i]
    return cell_mass(x, last) * reciprocal(V, p.mixed * p.heel / p.rho_bulk[0])


@kernel
def F_limit(x, p):
    return beverloo(p.coefficient, outlet_density(x, p), p.opening, p.k, p.particle)


@kernel
def outflow(x, asked, p):
    """Discharge of a bin that is not yet empty [kg/s]."""
    limit = F_limit(x, p)
    return saturated(asked, 0.0, limit, 1e-3 * limit)


@kernel
def sinking_rate(x, j, inflow, F, p):
    """Share of cell j leaving downwards per second."""
    n = x.m_solids.shape[1]
    part = above(j, n, p)
    return ((1.0 - part) * inflow + part * F) * reciprocal(cell_mass(x, j), share(j, n, p) * p.heel)


@kernel
def m(a):
    return a.held


@kernel
def fill(a, p):
    return a.held / p.m_max


@kernel
def api_content(x, p):
    last = x.m_solids.shape[1] - 1
    return x.m_solids[p.api, last] * fading_reciprocal(cell_mass(x, last), p.mixed * p.heel)


@kernel
def low_level(a, p):
    return a.held - p.m_low


@kernel
def overfull(a, p):
    return a.held - p.m_max


@kernel
def empty(a, p):
    return a.held - p.heel


@kernel
def fed(u):
    """Everything filled in [kg/s]."""
    solids = total(u.material.m_flow) + total(u.refill.m_flow)
    return solids + total(u.material.m_flow_liquid) + total(u.refill.m_flow_liquid)


@kernel
def product(x, setpoint, p, out):
    last = x.m_solids.shape[1] - 1
    rate = sinking_rate(x, last, 0.0, outflow(x, setpoint.value, p), p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = rate * x.m_solids[i, last]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = rate * x.m_liquid[i, last]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(x, u, p, dx):
    inflow = fed(u)
    F = outflow(x, u.setpoint.value, p)
    rate_before = 0.0
    for j in range(x.m_solids.shape[1]):
        rate = sinking_rate(x, j, inflow, F, p)
        for i in range(x.m_solids.shape[0]):
            if j == 0:
                gain = u.material.m_flow[i] + u.refill.m_flow[i]
            else:
                gain = rate_before * x.m_solids[i, j - 1]
            dx.m_solids[i, j] = gain - rate * x.m_solids[i, j]
        for i in range(x.m_liquid.shape[0]):
            if j == 0:
                gain = u.material.m_flow_liquid[i] + u.refill.m_flow_liquid[i]
            else:
                gain = rate_before * x.m_liquid[i, j - 1]
            dx.m_liquid[i, j] = gain - rate * x.m_liquid[i, j]
        rate_before = rate
    return State(dx.m_solids, dx.m_liquid)


@kernel
def holdup(x, out):
    all_cells(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    inflow = fed(u)
    F = outflow(x, u.setpoint.value, p)
    out.m_flow[0] = total(u.material.m_flow) + total(u.material.m_flow_liquid)
    out.m_flow[1] = total(u.refill.m_flow) + total(u.refill.m_flow_liquid)
    for j in range(x.m_solids.shape[1]):
        out.m[j] = cell_mass(x, j)
        out.m_flow[2 + j] = sinking_rate(x, j, inflow, F, p) * out.m[j]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a cell of a bin filled to capacity, of ten cells unless configured."""
    return {"m_solids": 0.1 * p.m_max, "m_liquid": 1e-3 * p.m_max}


def initial_state(initial: Initial, p: Params) -> State:
    """A filling of one blend, each cell with its share of the mass."""
    n = len(initial.layers)
    shares = np.append(np.full(n - 1, (1.0 - p.mixed) / (n - 1)), p.mixed) * initial.layers
    solids = initial.m * (1.0 - float(np.sum(initial.w_liquid))) * shares
    return State(np.outer(initial.w, solids), np.outer(initial.w_liquid, initial.m * shares))
