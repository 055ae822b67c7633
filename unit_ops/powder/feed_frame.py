"""A feed frame with its chute: paddles mix and shear the powder that the dies of the press above it take.

Assumptions
- the press pulls: it asks for a bulk volume per second (`V_flow_dies`), which the frame gives as long as
  its last cell holds more than its share of V_heel; below, dies fill only partly and the flow fades;
- chute and frame are mixed cells of equal share of what is held, however full they are;
- bulk volumes of the solids add; residual liquid adds mass, not volume;
- a turn of the paddles adds `shear_length` to the extent of lubrication of what is held; what enters has
  seen `lubrication_in` before. Extents mix in proportion to mass.

Balances, cell j of n (V_j bulk volume, φ_j = j/n the share held in cells 1…j)
    dm_ij/dt = k_j−1 m_i,j−1 − k_j m_ij,   k_0 m_i0 = ṁ_i,in
    k_j = [(1 − φ_j) V̇_in + φ_j V̇_dies]/V_j,   V_j = Σ_i m_ij/ρ_bulk,i,   V̇_in = Σ_i ṁ_i,in/ρ_bulk,i
    dS_j/dt = k_j−1 S_j−1 − k_j S_j + λ N M_j,   inflow of S: ṁ_in · lubrication_in

References: Mendez, Muzzio & Velazquez, Powder Technol. 200 (2010) 105 (paddles, shear and fill); Puckhaber
et al., Pharmaceutics 12 (2020) 283 (residence times: one or two tanks); Kushner & Moore, Int. J. Pharm. 399
(2010) 19 (extent of lubrication); Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999
(ISBN 978-0-471-25424-9, tanks in series).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.powder.blending import cell_mass, fed, held
from unit_ops.smooth import fading_reciprocal, reciprocal
from unit_ops.streams import Holdup, Powder, Signal

DIMS = {"tanks": 2}


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "tanks"), Nominal(0.1)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses per cell", ("fluids", "tanks"), Nominal(1e-3)]
    shear: Annotated[Array, "kg m", "mass times extent of lubrication per cell", ("tanks",), Nominal(1.0)]


class Params(NamedTuple):
    V_frame: Annotated[float, "m^3", "bulk volume of the full chute and feed frame", Range(1e-7, 10.0)]
    V_low: Annotated[float, "m^3", "bulk volume at which the press should pause", Range(1e-8, 10.0)]
    V_heel: Annotated[float, "m^3", "bulk volume below which dies fill only partly", Range(1e-9, 1.0)]
    shear_length: Annotated[float, "m", "cube root of the volume times the free share, per turn", Range(0.0, 10.0)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    rho_bulk: Annotated[Array, "kg/m^3", "bulk densities", ("solids",), Component("rho_bulk")]
    speed: Annotated[float, "1/s", "paddle speed", Range(0.0, 100.0)] = 0.5


class Inlets(NamedTuple):
    powder: Annotated[Powder, "blend"]
    V_flow_dies: Annotated[Signal, "m^3/s", "bulk volume that the dies take"]
    lubrication_in: Annotated[Signal, "m", "extent of lubrication of the powder fed"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "powder drawn into the dies"]


class Measurements(NamedTuple):
    level: Annotated[float, "1", "bulk volume in chute and feed frame over its capacity"]
    m: Annotated[float, "kg", "mass in chute and feed frame"]
    api_content: Annotated[float, "1", "mass fraction of the API at the dies"]
    lubrication: Annotated[float, "m", "extent of lubrication of the powder at the dies"]


class Guards(NamedTuple):
    starved: Annotated[float, "m^3", "bulk volume above the level at which the press should pause"]
    flooded: Annotated[float, "m^3", "bulk volume above the capacity"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "powder in chute and feed frame", Range(0.0, 1e3)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    lubrication: Annotated[float, "m", "extent of lubrication of what is held", Range(0.0, 1e6)] = 0.0
    shares: Annotated[Array, "1", "filling of each cell over the mean", ("tanks",), Range(0.0, 100.0)] = 1.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("tanks",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("tanks+1",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """In, from cell to cell, and out to the dies."""
    n = dims["tanks"]
    return (("powder", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


@kernel
def cell_volume(x, j, p):
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        V += x.m_solids[i, j] / p.rho_bulk[i]
    return V


@kernel
def V_held(x, p):
    V = 0.0
    for j in range(x.m_solids.shape[1]):
        V += cell_volume(x, j, p)
    return V


@kernel
def V_flow_fed(powder, p):
    V = 0.0
    for i in range(powder.m_flow.shape[0]):
        V += powder.m_flow[i] / p.rho_bulk[i]
    return V


@kernel
def leaving_rate(x, j, V_flow_in, V_flow_out, p):
    """Share of cell j handed on per second."""
    n = x.m_solids.shape[1]
    part = (j + 1.0) / n
    if j == n - 1:
        part = 1.0
    return ((1.0 - part) * V_flow_in + part * V_flow_out) * reciprocal(cell_volume(x, j, p), p.V_heel / n)


@kernel
def m(x):
    s = 0.0
    for j in range(x.m_solids.shape[1]):
        s += cell_mass(x, j)
    return s


@kernel
def level(x, p):
    return V_held(x, p) / p.V_frame


@kernel
def per_mass(amount, x, p):
    """An amount in the last cell over its mass; fades below its share of the heel."""
    n = x.m_solids.shape[1]
    return amount * fading_reciprocal(cell_mass(x, n - 1), p.V_heel * p.rho_bulk[p.api] / n)


@kernel
def api_content(x, p):
    return per_mass(x.m_solids[p.api, x.m_solids.shape[1] - 1], x, p)


@kernel
def lubrication(x, p):
    return per_mass(x.shear[x.shear.shape[0] - 1], x, p)


@kernel
def starved(x, p):
    return V_held(x, p) - p.V_low


@kernel
def flooded(x, p):
    return V_held(x, p) - p.V_frame


@kernel
def product(x, V_flow_dies, p, out):
    last = x.m_solids.shape[1] - 1
    k = leaving_rate(x, last, 0.0, V_flow_dies.value, p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i, last]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i, last]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(x, u, p, dx):
    n = x.shear.shape[0]
    V_flow_in = V_flow_fed(u.powder, p)
    k_in = 0.0
    for j in range(n):
        k = leaving_rate(x, j, V_flow_in, u.V_flow_dies.value, p)
        for i in range(x.m_solids.shape[0]):
            if j == 0:
                gain = u.powder.m_flow[i]
            else:
                gain = k_in * x.m_solids[i, j - 1]
            dx.m_solids[i, j] = gain - k * x.m_solids[i, j]
        for i in range(x.m_liquid.shape[0]):
            if j == 0:
                gain = u.powder.m_flow_liquid[i]
            else:
                gain = k_in * x.m_liquid[i, j - 1]
            dx.m_liquid[i, j] = gain - k * x.m_liquid[i, j]
        if j == 0:
            sheared = fed(u.powder) * u.lubrication_in.value
        else:
            sheared = k_in * x.shear[j - 1]
        dx.shear[j] = sheared - k * x.shear[j] + p.shear_length * p.speed * cell_mass(x, j)
        k_in = k
    return State(dx.m_solids, dx.m_liquid, dx.shear)


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    V_flow_in = V_flow_fed(u.powder, p)
    out.m_flow[0] = fed(u.powder)
    for j in range(x.shear.shape[0]):
        out.m[j] = cell_mass(x, j)
        out.m_flow[1 + j] = leaving_rate(x, j, V_flow_in, u.V_flow_dies.value, p) * out.m[j]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a cell of a full frame, and a minute of its own paddles."""
    m = 0.3 * p.V_frame * float(np.mean(p.rho_bulk))
    return {"m_solids": m, "m_liquid": 1e-2 * m, "shear": m * (1e-3 + 60.0 * p.shear_length * p.speed)}


def initial_state(initial: Initial, p: Params) -> State:
    """Cells of one blend, equally full unless told otherwise: w shares out what is not liquid."""
    per_cell = initial.m * initial.shares / len(initial.shares)
    solids = (1.0 - float(np.sum(initial.w_liquid))) * per_cell
    return State(np.outer(initial.w, solids), np.outer(initial.w_liquid, per_cell), initial.lubrication * per_cell)
