"""A continuous tubular blender with axial dispersion: plug flow and back-mixing along one coordinate.

Assumptions
- flat profiles across the tube; one dispersion coefficient for all components, constant along it, so
  that the Péclet number Pe = uL/D is met at the nominal flow and holdup and follows u = FL/M elsewhere;
- closed ends (Danckwerts): what is fed enters whole, nothing disperses across the outlet;
- the flow out of a cell follows a power of its holdup and of the blade speed (Fout ∝ M^p N^q), as in
  blender.py, so that the blender fills from empty and empties again; powder moves forward only.

Balances, cell j of n (M_j its mass, M_n = M_ss/n, w_ij = m_ij/M_j)
    dm_ij/dt = J_ij − J_i,j+1,   J_i1 = ṁ_i,in,   J_i,n+1 = k_n m_in
    J_i,j+1 = k_j m_ij + X B(k_j M_j/X) (w_ij − w_i,j+1)
    X   = F_ss n/Pe · 2 M_j M_j+1/(M_j + M_j+1)/M_n      (mass exchanged across the face)
    k_j = F_ss/M_n (M_j/M_n)^(p−1) (N/N_ss)^q,   B(q) = q/(e^q − 1)

The face flux is that of a steady profile between two cells (exponential fitting): second order in 1/n,
and with it contents stay between those fed and held at any Pe, without a limiter; linear in w, so that
fractions go on adding up to one. Beyond Pe ≈ 2n the cells themselves disperse more than D.

References: Danckwerts, Chem. Eng. Sci. 2 (1953) 1, doi:10.1016/0009-2509(53)80001-1; Scharfetter &
Gummel, IEEE Trans. Electron Devices 16 (1969) 64, doi:10.1109/T-ED.1969.16566 (the flux);
Escotet-Espinoza et al., Powder Technol. 344 (2019), doi:10.1016/j.powtec.2018.12.051 (blenders).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Index, Nominal, Range
from unit_ops.powder.blending import (
    ASSAY_HEEL,
    HEEL,
    Feeds,
    Watched,
    cell_mass,
    chain,
    fed,
    held,
    last_content,
    outflow_rate,
)
from unit_ops.powder.blending import F as F
from unit_ops.powder.blending import M as M
from unit_ops.powder.blending import product as product
from unit_ops.smooth import reciprocal
from unit_ops.streams import Holdup, Powder

DIMS = {"cells": 30}

Inlets, Measurements = Feeds, Watched


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "cells"), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per cell", ("fluids", "cells"), Nominal(1e-4)]


class Params(NamedTuple):
    M_ss: Annotated[float, "kg", "holdup of the blender at the nominal flow", Range(1e-6, 1e4)]
    F_ss: Annotated[float, "kg/s", "nominal flow", Range(1e-9, 100.0)]
    Pe: Annotated[float, "1", "Péclet number at the nominal flow and holdup", Range(1e-2, 1e4)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    exponent: Annotated[float, "1", "exponent of the holdup in the outflow", Range(0.5, 10.0)] = 1.0
    speed: Annotated[float, "1/s", "blade speed", Range(0.01, 100.0)] = 4.0
    speed_ss: Annotated[float, "1/s", "blade speed at the nominal point", Range(0.01, 100.0)] = 4.0
    speed_exponent: Annotated[float, "1", "exponent of the blade speed in the outflow", Range(-2.0, 5.0)] = 0.0


class Outlets(NamedTuple):
    product: Annotated[Powder, "blend"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    M_cell: Annotated[Array, "kg", "holdup of each cell", ("cells",), Range(0.0, 1e4)] = 0.0  # type: ignore[assignment]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "net mass flow across faces", ("cells+3",)]
    m_exchange: Annotated[Array, "kg/s", "mass that crosses faces both ways beside it", ("cells+3",)]


class Work(NamedTuple):
    M: Annotated[Array, "kg", "holdup of a cell", ("cells",)]
    ahead: Annotated[Array, "1/s", "share of a cell going forward per second", ("cells",)]
    back: Annotated[Array, "1/s", "share of the next cell coming back per second", ("cells",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Three inlets into the first cell, then from cell to cell and out."""
    return chain(dims["cells"])


@kernel
def bernoulli(q):
    """q/(e^q − 1) for q ≥ 0; below 0.1 its series, whose next term is q⁸/1209600."""
    if q < 0.1:
        s = q * q
        return 1.0 - 0.5 * q + s * (1.0 / 12.0 - s * (1.0 / 720.0 - s / 30240.0))
    return q * math.exp(-q) / (1.0 - math.exp(-q))


@kernel
def prepare(x, p, w):
    """Shares that cross the face behind each cell, forward and back; nothing comes back at the outlet."""
    n = w.M.shape[0]
    for j in range(n):
        w.M[j] = cell_mass(x, j)
        w.ahead[j] = outflow_rate(w.M[j], n, p)
        w.back[j] = 0.0
    heel = HEEL * p.M_ss / n
    per_second = 2.0 * p.F_ss * n * n / (p.Pe * p.M_ss)
    for j in range(n - 1):
        pair = reciprocal(w.M[j] + w.M[j + 1], heel)
        q = w.ahead[j] / per_second * (w.M[j] + w.M[j + 1]) * reciprocal(w.M[j + 1], heel)
        mixed = per_second * bernoulli(q) * pair
        w.ahead[j] += mixed * w.M[j + 1]
        w.back[j] = mixed * w.M[j]


@kernel
def api_content(x, p):
    return last_content(x, ASSAY_HEEL * p.M_ss / x.m_solids.shape[1], p)


@kernel
def outward(m, i, w, j):
    """Net flow of component i across the face behind cell j [kg/s], after `prepare`."""
    flow = w.ahead[j] * m[i, j]
    if j + 1 < m.shape[1]:
        flow -= w.back[j] * m[i, j + 1]
    return flow


@kernel
def derivatives(x, u, p, w, dx):
    prepare(x, p, w)
    n = x.m_solids.shape[1]
    for i in range(x.m_solids.shape[0]):
        inflow = u.first.m_flow[i] + u.second.m_flow[i] + u.third.m_flow[i]
        for j in range(n):
            outflow = outward(x.m_solids, i, w, j)
            dx.m_solids[i, j] = inflow - outflow
            inflow = outflow
    for i in range(x.m_liquid.shape[0]):
        inflow = u.first.m_flow_liquid[i] + u.second.m_flow_liquid[i] + u.third.m_flow_liquid[i]
        for j in range(n):
            outflow = outward(x.m_liquid, i, w, j)
            dx.m_liquid[i, j] = inflow - outflow
            inflow = outflow
    return State(dx.m_solids, dx.m_liquid)


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, w, out):
    n = x.m_solids.shape[1]
    prepare(x, p, w)
    out.m_flow[0] = fed(u.first)
    out.m_flow[1] = fed(u.second)
    out.m_flow[2] = fed(u.third)
    for k in range(3):
        out.m_exchange[k] = 0.0
    for j in range(n):
        out.m[j] = w.M[j]
        out.m_exchange[3 + j] = 0.0
        if j + 1 < n:
            out.m_exchange[3 + j] = w.back[j] * w.M[j + 1]
        out.m_flow[3 + j] = 0.0
        for i in range(x.m_solids.shape[0]):
            out.m_flow[3 + j] += outward(x.m_solids, i, w, j)
        for i in range(x.m_liquid.shape[0]):
            out.m_flow[3 + j] += outward(x.m_liquid, i, w, j)
    return Transport(out.m, out.m_flow, out.m_exchange)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a cell of a filled blender, of 30 cells unless configured."""
    return {"m_solids": p.M_ss / 30.0, "m_liquid": 1e-2 * p.M_ss / 30.0}


def initial_state(initial: Initial, p: Params) -> State:
    """Cells filled with one blend: w shares out what is not liquid."""
    solids = (1.0 - float(np.sum(initial.w_liquid))) * initial.M_cell
    return State(np.outer(initial.w, solids), np.outer(initial.w_liquid, initial.M_cell))
