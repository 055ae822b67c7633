"""Deliquoring of a filter cake by gas: two-phase flow of liquid in the pores, with capillary pressure.

The coarse stand-in is the drainage law of `filtration.py` (belt filter, nutsche), fitted to the
design chart `chart_saturation` of `cake_laws.py`.

Assumptions
- a cake of given mass; gas pressure falls linearly along it; the medium takes its share of the
  pressure difference as it does of a liquid's flow;
- relative permeability and capillary pressure of Wakeman: k_rl = S_R^((2+3λ)/λ), p_c = P_b S_R^(−1/λ);
- liquid leaves freely: no gradient of capillary pressure at the outlet; none enters at the top;
- the gas neither evaporates liquid nor carries heat; crystals and liquid have one temperature.

Balances: cell j of n, V_j = Σ m_ij/ρ_i, S_R = (S − S_inf)/(1 − S_inf), S = V_j n/V_pore
    dm_ij/dt = F_i,j − F_i,j+1,   F_i,j = Q⁺_j m_i,j−1/V_j−1 − Q⁻_j m_ij/V_j,   Q_j = Q⁺_j − Q⁻_j
    Q_j = (area k/μ) (k_rl(Ŝ_R) Δp/L − P_b (Φ_j − Φ_j−1)/Δz),   Φ = S_R^((1+3λ)/λ)/(1+3λ)
    Q_0 = 0,   Q_n = (area k/μ) k_rl(Ŝ_R) Δp/L,   dH_j/dt alike with F_i cp_i (T − T_ref)
Φ is k_rl integrated over the capillary pressure: the degenerate diffusion without its infinite
pressure. Ŝ_R: second order, limited smoothly (van Albada), extrapolated at the outlet.

References: cake_laws.py; Wakeman, Filtr. Sep. 16 (1979) 655; Destro, Nagy & Barolo, Comput. Chem. Eng.
163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Range
from unit_ops.separation.cake_laws import capillary_potential, permeability, relative_permeability
from unit_ops.separation.filtration import reduced_saturation, viscosity
from unit_ops.smooth import positive_part, reciprocal, van_albada
from unit_ops.streams import T_REF, Holdup, Signal, Solution, total

DIMS = {"cells": 30}

#: A pressure difference as filters have it: what is small beside it smooths directions of flow.
PRESSURE_SCALE: Annotated[float, "Pa", "scale of pressure differences"] = 1e4


class State(NamedTuple):
    m: Annotated[Array, "kg", "liquid component masses per cell", ("fluids", "cells"), Nominal(1e-3)]
    H: Annotated[Array, "J", "enthalpy per cell", ("cells",), Nominal(100.0)]


class Params(NamedTuple):
    area: Annotated[float, "m^2", "filter area", Range(1e-6, 1e3)]
    M_cake: Annotated[float, "kg", "crystals in the cake", Range(1e-9, 1e5)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    alpha: Annotated[float, "m/kg", "specific cake resistance", Range(1e6, 1e14)]
    R_m: Annotated[float, "1/m", "resistance of the medium", Range(0.0, 1e13)]
    P_b: Annotated[float, "Pa", "threshold pressure", Range(0.0, 1e7)]
    S_inf: Annotated[float, "1", "equilibrium saturation", Range(0.0, 0.9)]
    mu_A: Annotated[float, "1", "viscosity: constant of log10(mPa s)", Range(-100.0, 100.0)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    lam: Annotated[float, "1", "pore size index λ", Range(0.2, 50.0)] = 5.0
    mu_B: Annotated[float, "K", "viscosity: coefficient of 1/T", Range(-1e4, 1e4)] = 0.0
    mu_C: Annotated[float, "1/K", "viscosity: coefficient of T", Range(-1.0, 1.0)] = 0.0
    mu_D: Annotated[float, "1/K^2", "viscosity: coefficient of T²", Range(-1e-2, 1e-2)] = 0.0
    mu_T_low: Annotated[float, "K", "viscosity: lowest temperature of its fit", Range(0.0, 1e4)] = 1.0
    mu_T_high: Annotated[float, "K", "viscosity: highest temperature of its fit", Range(0.0, 1e4)] = 1e4
    limiter_eps: Annotated[float, "1", "steps of saturation below this are free", Range(1e-9, 1.0)] = 1e-4


class Inlets(NamedTuple):
    dP: Annotated[Signal, "Pa", "pressure difference of the gas"]


class Outlets(NamedTuple):
    filtrate: Annotated[Solution, "liquid drained"]


class Measurements(NamedTuple):
    saturation: Annotated[float, "1", "mean saturation of the cake"]
    saturation_top: Annotated[float, "1", "saturation of the uppermost cell"]
    liquid_content: Annotated[float, "1", "mass fraction of liquid in the cake"]
    cake_height: Annotated[float, "m", "height of the cake"]
    T_out: Annotated[float, "K", "temperature of the lowest cell", Fitted("viscosity", "mu_T_low", "mu_T_high")]


class Initial(NamedTuple):
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid", ("fluids",), Fractions()]
    S: Annotated[Array, "1", "saturation along the cake", ("cells",), Range(0.0, 1.0)] = 1.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of the wet cake per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "liquid flow down to the next cell", ("cells",)]


def FACES(dims: Mapping[str, int]) -> tuple[tuple[int, int | str], ...]:
    """Down from cell to cell and out."""
    n = dims["cells"]
    return (*((j, j + 1) for j in range(n - 1)), (n - 1, "filtrate"))


@kernel
def V_pore(p):
    return p.epsilon / (1.0 - p.epsilon) * p.M_cake / p.rho_solid[p.crystal]


@kernel
def cell_volume(x, j, p):
    volume = 0.0
    for i in range(x.m.shape[0]):
        volume += x.m[i, j] / p.rho[i]
    return volume


@kernel
def S_R(x, j, p):
    """Reduced saturation of cell j."""
    return reduced_saturation(cell_volume(x, j, p) * x.H.shape[0] / V_pore(p), p.S_inf)


@kernel
def excess_temperature(x, j, p):
    C = p.M_cake / x.H.shape[0] * p.cp_solid[p.crystal]
    for i in range(x.m.shape[0]):
        C += x.m[i, j] * p.cp[i]
    return x.H[j] / C


@kernel
def cake_height(x, p):
    return p.M_cake / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area)


@kernel
def conductance(x, j, p):
    """Volume flow per gradient of pressure of a full cake, with the liquid of cell j: area k/μ."""
    mu = viscosity(T_REF + excess_temperature(x, j, p), p.mu_A, p.mu_B, p.mu_C, p.mu_D)
    return p.area * permeability(p.alpha, p.rho_solid[p.crystal], p.epsilon) / mu


@kernel
def gas_gradient(x, dP, p):
    """Fall of the gas pressure along the cake, after the medium's share."""
    R = p.alpha * p.M_cake / p.area
    return dP * R / ((R + p.R_m) * cake_height(x, p))


@kernel
def liquid_flow(x, j, gradient, p):
    """Volume flow from cell j − 1 to cell j, 0 < j ≤ n [m³/s]."""
    n = x.H.shape[0]
    here = S_R(x, j - 1, p)
    left = 0.0 * here
    if j > 1:
        left = here - S_R(x, j - 2, p)
    if j == n:
        return conductance(x, j - 1, p) * gradient * relative_permeability(here + 0.5 * left, p.lam)
    after = S_R(x, j, p)
    step = 0.0 * here
    if j > 1:
        step = van_albada(left, after - here, p.limiter_eps * p.limiter_eps)
    capillary = p.P_b * (capillary_potential(after, p.lam) - capillary_potential(here, p.lam))
    advective = gradient * relative_permeability(here + 0.5 * step, p.lam)
    return conductance(x, j - 1, p) * (advective - capillary * n / cake_height(x, p))


@kernel
def drained_rate(Q, x, j, p):
    """Fraction of the liquid of cell j that a flow takes along per second."""
    return Q * reciprocal(cell_volume(x, j, p), 1e-3 * V_pore(p) / x.H.shape[0])


@kernel
def smoothing(x, j, p):
    """Volume flow between cells j − 1 and j below which its direction is smoothed."""
    return 1e-9 * conductance(x, j - 1, p) * (p.P_b + PRESSURE_SCALE) / cake_height(x, p)


@kernel
def downward(x, j, Q, p):
    """Part of the liquid of cell j − 1 that flows to cell j per second."""
    return drained_rate(positive_part(Q, smoothing(x, j, p)), x, j - 1, p)


@kernel
def upward(x, j, Q, p):
    """Part of the liquid of cell j that flows back to cell j − 1 per second."""
    return drained_rate(positive_part(-Q, smoothing(x, j, p)), x, j, p)


@kernel
def saturation(x, p):
    volume = 0.0
    for j in range(x.H.shape[0]):
        volume += cell_volume(x, j, p)
    return volume / V_pore(p)


@kernel
def saturation_top(x, p):
    return cell_volume(x, 0, p) * x.H.shape[0] / V_pore(p)


@kernel
def liquid_content(x, p):
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += total(x.m[i])
    return liquid / (liquid + p.M_cake)


@kernel
def T_out(x, p):
    return T_REF + excess_temperature(x, x.H.shape[0] - 1, p)


@kernel
def filtrate(x, p, dP, out):
    n = x.H.shape[0]
    k = drained_rate(liquid_flow(x, n, gas_gradient(x, dP.value, p), p), x, n - 1, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, n - 1]
    return Solution(T_out(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    n = x.H.shape[0]
    gradient = gas_gradient(x, u.dP.value, p)
    for j in range(n):
        dx.H[j] = 0.0
        for i in range(x.m.shape[0]):
            dx.m[i, j] = 0.0
    for j in range(1, n + 1):
        Q = liquid_flow(x, j, gradient, p)
        down = drained_rate(Q, x, n - 1, p)
        up = 0.0 * down
        if j < n:
            down = downward(x, j, Q, p)
            up = upward(x, j, Q, p)
        C_down = 0.0
        C_up = 0.0
        for i in range(x.m.shape[0]):
            flow = down * x.m[i, j - 1]
            C_down += flow * p.cp[i]
            if j < n:
                back = up * x.m[i, j]
                C_up += back * p.cp[i]
                flow -= back
                dx.m[i, j] += flow
            dx.m[i, j - 1] -= flow
        heat = C_down * excess_temperature(x, j - 1, p)
        if j < n:
            heat -= C_up * excess_temperature(x, j, p)
            dx.H[j] += heat
        dx.H[j - 1] -= heat
    return State(dx.m, dx.H)


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
    """Net flows: what capillarity draws up is taken off what runs down."""
    n = x.H.shape[0]
    gradient = gas_gradient(x, u.dP.value, p)
    for j in range(n):
        out.m[j] = p.M_cake / n
        out.m_flow[j] = 0.0
        Q = liquid_flow(x, j + 1, gradient, p)
        for i in range(x.m.shape[0]):
            out.m[j] += x.m[i, j]
            if j < n - 1:
                out.m_flow[j] += downward(x, j + 1, Q, p) * x.m[i, j] - upward(x, j + 1, Q, p) * x.m[i, j + 1]
            else:
                out.m_flow[j] += drained_rate(Q, x, j, p) * x.m[i, j]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: pores full of liquid, in some thirty cells."""
    volume = p.epsilon / (1.0 - p.epsilon) * p.M_cake / float(p.rho_solid[p.crystal])
    mass = volume * float(np.mean(p.rho)) / 30.0
    return {"m": 0.1 * mass, "H": 1e4 * mass}


def initial_state(initial: Initial, p: Params) -> State:
    """A cake of the given saturation and one composition."""
    w, S = np.asarray(initial.w), np.asarray(initial.S)
    volume = p.epsilon / (1.0 - p.epsilon) * p.M_cake / float(p.rho_solid[p.crystal])
    m = np.outer(volume / float(np.sum(w / p.rho)) * w, S / len(S))
    C = p.cp @ m + p.M_cake / len(S) * p.cp_solid[p.crystal]
    return State(m, C * (initial.T - T_REF))
