"""A continuous lubricant blender: cells in series that remember how much shear their powder has seen.

Assumptions
- cells, outflow and inlets as in blender.py;
- a turn of the blades adds V^(1/3) F_headspace to the extent of lubrication k of what is held (one length
  per blender: `shear_length`); extents mix in proportion to mass;
- what enters by `first` has seen `lubrication_in` before (a signal from the unit upstream, in the same
  instant); the lubricant and a third powder enter with none.

Balances, cell j (M_j its mass; k_j as in blender.py)
    dm_ij/dt = ṁ_i,j−1 − k_j m_ij
    dS_j/dt  = k_j−1 S_j−1 − k_j S_j + λ N M_j,   inflow of S: ṁ_first · lubrication_in
Extent of lubrication of the blend: S_n/M_n  [m]; in steady state lubrication_in + λ N M/F for one feed.

References: Kushner & Moore, Int. J. Pharm. 399 (2010) 19 (extent V^(1/3) F_headspace r; its effect on
tablets stands with the laws of compaction); Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999
(ISBN 978-0-471-25424-9); that cells of a continuous blender add up extents by mass is a working assumption.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Index, Nominal, Optional, Range
from unit_ops.powder.blender import F as F
from unit_ops.powder.blender import advance, carried, rate_of
from unit_ops.powder.blender import check_params as check_params
from unit_ops.powder.blender import product as product
from unit_ops.powder.blending import ASSAY_HEEL, cell_mass, chain, fed, held, last_content
from unit_ops.powder.blending import M as M
from unit_ops.smooth import fading_reciprocal
from unit_ops.streams import Holdup, Powder, Signal

DIMS = {"tanks": 3}


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "tanks"), Nominal(0.1)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per cell", ("fluids", "tanks"), Nominal(1e-3)]
    shear: Annotated[Array, "kg m", "mass times extent of lubrication per cell", ("tanks",), Nominal(10.0)]


class Params(NamedTuple):
    M_ss: Annotated[float, "kg", "holdup of the blender at the nominal flow", Range(1e-6, 1e4)]
    F_ss: Annotated[float, "kg/s", "nominal flow", Range(1e-9, 100.0)]
    shear_length: Annotated[float, "m", "cube root of the volume times the free share, per turn", Range(0.0, 10.0)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    exponent: Annotated[float, "1", "exponent of the holdup in the outflow", Range(0.5, 10.0)] = 1.0
    speed: Annotated[float, "1/s", "blade speed", Range(0.01, 100.0)] = 4.0
    speed_ss: Annotated[float, "1/s", "blade speed at the nominal point", Range(0.01, 100.0)] = 4.0
    speed_exponent: Annotated[float, "1", "exponent of the blade speed in the outflow", Range(-2.0, 5.0)] = 0.0
    plug_share: Annotated[float, "1", "share of the nominal holdup in plug flow", Range(0.0, 0.95)] = 0.0
    plug_cells: Annotated[int, "1", "how many of the first cells are in plug flow", Range(0, 1000)] = 0


class Inlets(NamedTuple):
    first: Annotated[Powder, "powder to be lubricated"]
    second: Annotated[Powder, "lubricant"]
    third: Annotated[Powder, "another powder", Optional()]
    lubrication_in: Annotated[Signal, "m", "extent of lubrication of the powder fed"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "blend"]


class Measurements(NamedTuple):
    api_content: Annotated[float, "1", "mass fraction of the API at the outlet"]
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]
    lubrication: Annotated[float, "m", "extent of lubrication of the blend at the outlet"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    M_tank: Annotated[Array, "kg", "holdup of each cell", ("tanks",), Range(0.0, 1e4)] = 0.0  # type: ignore[assignment]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    lubrication: Annotated[float, "m", "extent of lubrication of what is held", Range(0.0, 1e6)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("tanks",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("tanks+3",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Three inlets into the first cell, then from cell to cell and out."""
    return chain(dims["tanks"])


@kernel
def api_content(x, p):
    return last_content(x, ASSAY_HEEL * p.M_ss, p)


@kernel
def lubrication(x, p):
    last = x.shear.shape[0] - 1
    return x.shear[last] * fading_reciprocal(cell_mass(x, last), ASSAY_HEEL * p.M_ss)


@kernel
def derivatives(x, u, p, dx):
    advance(x, u, p, dx)
    n = x.shear.shape[0]
    inflow = fed(u.first) * u.lubrication_in.value
    for j in range(n):
        M_j = cell_mass(x, j)
        outflow = rate_of(M_j, j, n, p) * x.shear[j]
        dx.shear[j] = inflow - outflow + p.shear_length * p.speed * M_j
        inflow = outflow
    return State(dx.m_solids, dx.m_liquid, dx.shear)


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    carried(x, u, p, out)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a filled blender and the extent that its own blades give."""
    turns = p.speed * p.M_ss / p.F_ss
    return {
        "m_solids": 0.1 * p.M_ss,
        "m_liquid": 1e-3 * p.M_ss,
        "shear": 0.1 * p.M_ss * (1e-3 + p.shear_length * turns),
    }


def initial_state(initial: Initial, p: Params) -> State:
    """Cells filled with one blend: w shares out what is not liquid."""
    solids = (1.0 - float(np.sum(initial.w_liquid))) * initial.M_tank
    liquid = np.outer(initial.w_liquid, initial.M_tank)
    return State(np.outer(initial.w, solids), liquid, initial.lubrication * initial.M_tank)
