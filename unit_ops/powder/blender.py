"""A continuous tubular blender: a delay and mixed cells in series, each discharging as its holdup allows.

Assumptions
- each cell is ideally mixed, no back-mixing between cells (mean residence time M_ss/F_ss and
  variance 1/tanks at the nominal point);
- for a delay before them the first `plug_cells` of the cells are taken smaller than the others, sharing
  `plug_share` of the holdup: variance plug_share²/plug_cells + (1 − plug_share)²/(tanks − plug_cells);
- the flow out of a cell follows a power of its holdup and of the blade speed (Fout ∝ M^p N^q), so
  that the blender fills from empty and empties again.

Balances, cell j (M_j its mass, M_ss,j its share of M_ss, M_ss/tanks without a delay)
    dm_ij/dt = ṁ_i,j−1 − k_j m_ij
    k_j = F_ss/M_ss,j (M_j/M_ss,j)^(p−1) (N/N_ss)^q

References: Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999, ch. 14 (tanks in
series; ISBN 978-0-471-25424-9);
Engisch & Muzzio, J. Pharm. Innov. 11 (2016) 64 (residence times of continuous lines); the power law
is a common empirical form.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Index, Nominal, Range
from unit_ops.powder.blending import (
    ASSAY_HEEL,
    Feeds,
    Watched,
    cell_mass,
    chain,
    discharged,
    fed,
    held,
    last_content,
    outflow_rate,
)
from unit_ops.powder.blending import M as M
from unit_ops.streams import Holdup, Powder

DIMS = {"tanks": 3}

Inlets, Measurements = Feeds, Watched


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "tanks"), Nominal(0.1)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per cell", ("fluids", "tanks"), Nominal(1e-3)]


class Params(NamedTuple):
    M_ss: Annotated[float, "kg", "holdup of the blender at the nominal flow", Range(1e-6, 1e4)]
    F_ss: Annotated[float, "kg/s", "nominal flow", Range(1e-9, 100.0)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    exponent: Annotated[float, "1", "exponent of the holdup in the outflow", Range(0.5, 10.0)] = 1.0
    speed: Annotated[float, "1/s", "blade speed", Range(0.01, 100.0)] = 4.0
    speed_ss: Annotated[float, "1/s", "blade speed at the nominal point", Range(0.01, 100.0)] = 4.0
    speed_exponent: Annotated[float, "1", "exponent of the blade speed in the outflow", Range(-2.0, 5.0)] = 0.0
    plug_share: Annotated[float, "1", "share of the nominal holdup in plug flow", Range(0.0, 0.95)] = 0.0
    plug_cells: Annotated[int, "1", "how many of the first cells are in plug flow", Range(0, 1000)] = 0


class Outlets(NamedTuple):
    product: Annotated[Powder, "blend"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    M_tank: Annotated[Array, "kg", "holdup of each cell", ("tanks",), Range(0.0, 1e4)] = 0.0  # type: ignore[assignment]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("tanks",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("tanks+3",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Three inlets into the first cell, then from cell to cell and out."""
    return chain(dims["tanks"])


@kernel
def cells_like(j, n, p):
    """How many cells such as cell j of n would hold what all hold: n, unless some of them are in plug flow."""
    if p.plug_cells < 1 or p.plug_cells >= n:
        return 1.0 * n
    if j < p.plug_cells:
        return p.plug_cells / p.plug_share
    return (n - p.plug_cells) / (1.0 - p.plug_share)


@kernel
def rate_of(M, j, n, p):
    """Fraction of the holdup M of cell j of n leaving forward per second."""
    return outflow_rate(M, cells_like(j, n, p), p)


@kernel
def F(x, p):
    n = x.m_solids.shape[1]
    M_last = cell_mass(x, n - 1)
    return rate_of(M_last, n - 1, n, p) * M_last


@kernel
def product(x, p, out):
    n = x.m_solids.shape[1]
    return discharged(x, rate_of(cell_mass(x, n - 1), n - 1, n, p), out)


@kernel
def api_content(x, p):
    return last_content(x, ASSAY_HEEL * p.M_ss, p)


@kernel
def advance(x, u, p, dx):
    """Rates of the component masses, into dx: what is fed enters the first cell, each cell feeds the next."""
    n = x.m_solids.shape[1]
    k_in = 0.0
    for j in range(n):
        k = rate_of(cell_mass(x, j), j, n, p)
        for i in range(x.m_solids.shape[0]):
            if j == 0:
                inflow = u.first.m_flow[i] + u.second.m_flow[i] + u.third.m_flow[i]
            else:
                inflow = k_in * x.m_solids[i, j - 1]
            dx.m_solids[i, j] = inflow - k * x.m_solids[i, j]
        for i in range(x.m_liquid.shape[0]):
            if j == 0:
                inflow = u.first.m_flow_liquid[i] + u.second.m_flow_liquid[i] + u.third.m_flow_liquid[i]
            else:
                inflow = k_in * x.m_liquid[i, j - 1]
            dx.m_liquid[i, j] = inflow - k * x.m_liquid[i, j]
        k_in = k


@kernel
def derivatives(x, u, p, dx):
    advance(x, u, p, dx)
    return State(dx.m_solids, dx.m_liquid)


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def carried(x, u, p, out):
    """Masses of the cells and flows across their faces, into a transport's arrays."""
    n = x.m_solids.shape[1]
    out.m_flow[0] = fed(u.first)
    out.m_flow[1] = fed(u.second)
    out.m_flow[2] = fed(u.third)
    for j in range(n):
        out.m[j] = cell_mass(x, j)
        out.m_flow[3 + j] = rate_of(out.m[j], j, n, p) * out.m[j]


@kernel
def transport(x, u, p, out):
    carried(x, u, p, out)
    return Transport(out.m, out.m_flow)


def check_params(p: Any) -> dict[str, str]:
    """Refuse a plug without cells, and cells without a plug."""
    if (p.plug_cells > 0) != (p.plug_share > 0.0):
        return {"plug_cells": "'plug_cells' and 'plug_share' go together: both above 0, or both 0"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a filled blender."""
    return {"m_solids": 0.1 * p.M_ss, "m_liquid": 1e-3 * p.M_ss}


def initial_state(initial: Initial, p: Params) -> State:
    """Cells filled with one blend: w shares out what is not liquid."""
    solids = (1.0 - float(np.sum(initial.w_liquid))) * initial.M_tank
    return State(np.outer(initial.w, solids), np.outer(initial.w_liquid, initial.M_tank))
