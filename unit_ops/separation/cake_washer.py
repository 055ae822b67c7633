"""Washing of a flooded filter cake: displacement with axial dispersion and adsorption on the crystals.

The coarse stand-in is a row of mixed cells (`nutsche.py`, belt and drum filter), or the closed form
`wash_effluent` of `cake_laws.py`.

Assumptions
- a cake of given mass whose pores stay full; plug flow at the wash flow's volume rate (densities of
  wash and mother liquor alike, or wash of about the same volume);
- dispersion in proportion to velocity, or by the published correlation with Re Sc;
- linear, instant adsorption on the crystals, which do not dissolve: retardation;
- crystals and liquid of a place have one temperature; no conduction along the cake; adiabatic.

Balances: cell j of n, liquid concentration c_ij = m_ij/(R_i V_pore/n), R_i = 1 + K_i (1−ε)/ε
    dm_ij/dt = F_i,j − F_i,j+1,   F_i,0 = ṁ_i,wash,   F_i,n = Q c_i,n−1
    F_i,j = Q ĉ_i,j − area ε D (c_ij − c_i,j−1)/Δz,   D = 0.7071 D_mol + a v  or  D_mol f(v x/D_mol)
    dH_j/dt = Ḣ_j − Ḣ_j+1,   Ḣ_j = Σ F_i,j cp_i (T_j−1 − T_ref),   v = Q/(area ε),   Q = Σ ṁ_i,wash/ρ_i
ĉ: second order, limited smoothly (van Albada). Closed inlet, no gradient at the outlet.

References: cake_laws.py; Lapidus & Amundson, J. Phys. Chem. 56 (1952) 984, doi:10.1021/j150500a014;
Danckwerts, Chem. Eng. Sci. 2 (1953) 1, doi:10.1016/0009-2509(53)80001-1.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.separation.cake_laws import dispersion_ratio, retardation
from unit_ops.smooth import reciprocal, van_albada
from unit_ops.streams import T_REF, Holdup, Solution, enthalpy_flow, total

DIMS = {"cells": 50}


class Dispersion(IntEnum):
    """Where the dispersion coefficient comes from."""

    LENGTH = 0  #: a length times the velocity, and diffusion
    CORRELATION = 1  #: Re Sc of the crystals


class State(NamedTuple):
    V_wash: Annotated[float, "m^3", "wash liquid passed", Nominal(1e-3)]
    m: Annotated[Array, "kg", "component masses per cell, in the liquid and adsorbed", ("fluids", "cells")]
    H: Annotated[Array, "J", "enthalpy per cell", ("cells",), Nominal(100.0)]


class Params(NamedTuple):
    area: Annotated[float, "m^2", "filter area", Range(1e-6, 1e3)]
    M_cake: Annotated[float, "kg", "crystals in the cake", Range(1e-9, 1e5)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    dispersion: Annotated[Dispersion, "1", "where the dispersion coefficient comes from"]
    D_mol: Annotated[float, "m^2/s", "molecular diffusion coefficient", Range(0.0, 1e-6)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    key: Annotated[int, "1", "component whose content is reported", Index("fluids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    K_ads: Annotated[Array, "1", "adsorbed over dissolved, per volume", ("fluids",), Range(0.0, 1e6)] = 0.0  # type: ignore[assignment]
    dispersivity: Annotated[float, "m", "dispersion over velocity, with `dispersion: length`", Range(0.0, 1.0)] = 0.0
    L_crystal: Annotated[float, "m", "crystal size, with `dispersion: correlation`", Range(0.0, 1e-2)] = 0.0
    limiter_eps: Annotated[float, "1", "steps below this part of 1000 kg/m3 are free", Range(1e-9, 1.0)] = 1e-4


#: What limiter_eps is a part of.
C_SCALE: Annotated[float, "kg/m^3", "scale of concentrations"] = 1000.0


class Inlets(NamedTuple):
    wash: Annotated[Solution, "wash liquid"]


class Outlets(NamedTuple):
    filtrate: Annotated[Solution, "displaced liquor and wash"]


class Measurements(NamedTuple):
    wash_ratio: Annotated[float, "1", "wash liquid passed over pore volume"]
    w_key: Annotated[float, "1", "mass fraction of the key component in the filtrate"]
    key_content: Annotated[float, "1", "key component in the cake, dissolved and adsorbed, over crystals"]
    T_out: Annotated[float, "K", "temperature of the filtrate"]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature along the cake", ("cells",), Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the mother liquor", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of the wet cake", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("wash", 0), (0, "filtrate"))


@kernel
def V_pore(p):
    return p.epsilon / (1.0 - p.epsilon) * p.M_cake / p.rho_solid[p.crystal]


@kernel
def c(x, i, j, p):
    """Concentration of component i in the liquid of cell j."""
    return x.m[i, j] * x.m.shape[1] / (retardation(p.K_ads[i], p.epsilon) * V_pore(p))


@kernel
def excess_temperature(x, j, p):
    C = p.M_cake / x.H.shape[0] * p.cp_solid[p.crystal]
    for i in range(x.m.shape[0]):
        C += x.m[i, j] * p.cp[i]
    return x.H[j] / C


@kernel
def V_flow(wash, p):
    """Volume flow of wash liquid."""
    flow = 0.0
    for i in range(wash.m_flow.shape[0]):
        flow += wash.m_flow[i] / p.rho[i]
    return flow


@kernel
def dispersion_coefficient(v, p):
    """Axial dispersion [m²/s] at velocity v in the pores."""
    if p.dispersion == Dispersion.CORRELATION:
        return p.D_mol * dispersion_ratio(v * p.L_crystal / p.D_mol)
    return 0.7071 * p.D_mol + p.dispersivity * v


@kernel
def face_flow(x, i, j, Q, exchange, p):
    """Mass flow of component i from cell j − 1 to cell j, 0 < j ≤ n."""
    here = c(x, i, j - 1, p)
    if j == x.m.shape[1]:
        return Q * here
    after = c(x, i, j, p)
    step = 0.0 * here
    if j > 1:
        eps = C_SCALE * p.limiter_eps
        step = van_albada(here - c(x, i, j - 2, p), after - here, eps * eps)
    return Q * (here + 0.5 * step) - exchange * (after - here)


@kernel
def exchange_flow(x, Q, p):
    """Volume flow that dispersion exchanges between neighbouring cells."""
    dz = p.M_cake / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area * x.m.shape[1])
    return p.area * p.epsilon * dispersion_coefficient(Q / (p.area * p.epsilon), p) / dz


@kernel
def wash_ratio(x, p):
    return x.V_wash / V_pore(p)


@kernel
def w_key(x, p):
    last = x.m.shape[1] - 1
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += c(x, i, last, p)
    return c(x, p.key, last, p) * reciprocal(liquid, 1e-6 * C_SCALE)


@kernel
def key_content(x, p):
    return total(x.m[p.key]) / p.M_cake


@kernel
def T_out(x, p):
    return T_REF + excess_temperature(x, x.H.shape[0] - 1, p)


@kernel
def filtrate(x, p, wash, out):
    n = x.H.shape[0]
    Q = V_flow(wash, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = face_flow(x, i, n, Q, 0.0 * Q, p)
    return Solution(T_out(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    n = x.H.shape[0]
    Q = V_flow(u.wash, p)
    exchange = exchange_flow(x, Q, p)
    for i in range(x.m.shape[0]):
        flow_in = u.wash.m_flow[i]
        for j in range(n):
            flow_out = face_flow(x, i, j + 1, Q, exchange, p)
            dx.m[i, j] = flow_in - flow_out
            flow_in = flow_out
    heat_in = enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
    for j in range(n):
        C_flow = 0.0
        for i in range(x.m.shape[0]):
            C_flow += face_flow(x, i, j + 1, Q, exchange, p) * p.cp[i]
        heat_out = C_flow * excess_temperature(x, j, p)
        dx.H[j] = heat_in - heat_out
        heat_in = heat_out
    return State(Q, dx.m, dx.H)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = total(x.m[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = p.M_cake
    return Holdup(total(x.H), out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    n = x.H.shape[0]
    Q = V_flow(u.wash, p)
    out.m[0] = p.M_cake
    out.m_flow[0] = total(u.wash.m_flow)
    out.m_flow[1] = 0.0
    for i in range(x.m.shape[0]):
        out.m[0] += total(x.m[i])
        out.m_flow[1] += face_flow(x, i, n, Q, 0.0 * Q, p)
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a correlation without what it correlates."""
    if p.dispersion != Dispersion.CORRELATION:
        return {}
    needed = {"D_mol": p.D_mol, "L_crystal": p.L_crystal}
    return {n: f"'{n}' must be positive with 'dispersion: correlation'" for n, v in needed.items() if v <= 0.0}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: pores full of liquid, in some fifty cells."""
    volume = p.epsilon / (1.0 - p.epsilon) * p.M_cake / float(p.rho_solid[p.crystal])
    mass = volume * float(np.mean(p.rho)) / 50.0
    return {"V_wash": volume, "m": 0.1 * mass, "H": 1e4 * mass}


def initial_state(initial: Initial, p: Params) -> State:
    """Pores full of mother liquor, and the crystals' surfaces in equilibrium with it."""
    w, T = np.asarray(initial.w), np.asarray(initial.T)
    volume = p.epsilon / (1.0 - p.epsilon) * p.M_cake / float(p.rho_solid[p.crystal])
    liquid = volume / float(np.sum(w / p.rho)) * w
    held = liquid * (1.0 + np.asarray(p.K_ads) * (1.0 - p.epsilon) / p.epsilon)
    m = np.outer(held, np.full(len(T), 1.0 / len(T)))
    C = p.cp @ m + p.M_cake / len(T) * p.cp_solid[p.crystal]
    return State(0.0, m, C * (T - T_REF))
