"""A pressure or suction filter (nutsche) in batch: cake filtration, displacement wash, drainage, discharge.

Driven by a pressure difference or, with `drive: rate`, by a pump; change over when the guard
`pressure_limit` rises, with an event that sets `drive`.

Assumptions
- what stands on the cake is mixed; crystals reach the cake with the liquid that suspends them, take
  their pore liquid along, and none passes the medium;
- compressible cake: alpha = alpha_ref (Δp_cake/P_ref)^s, resistance growing with the square of the
  crystals' specific surface (Kozeny); porosity constant;
- the pore liquid is a row of cells of equal volume: n cells wash like n stirred tanks (Pe ≈ 2 n);
- when no liquid stands on the cake any more, drainage falls with its saturation (design chart);
- the medium holds a thin film, which keeps an empty filter regular; one temperature; adiabatic.

Balances: standing m_i, c_b (by size), cake D (mass), A (surface), m_ij (pore liquid); k = Q r,
r = 1/V_free above the film, V_free = V_standing − (ε/(1−ε)) M/ρ_c of the suspended crystals M
    dm_i/dt = ṁ_i,slurry + ṁ_i,wash − k m_i,   dc_b/dt = ṁ_b − k c_b
    dD/dt = k M − k_d D,   dA/dt = k A_suspended − k_d A,   dV_filtrate/dt = Q_out
    dm_ij/dt = Q_j m_i,j−1/V_j−1 − Q_j+1 m_ij/V_j − k_d m_ij  (Q_0 m_i,−1/V_−1 = k m_i)
    Q_j = k V_standing + (Q_out − k V_standing) j/n,   Q_out = Q drainage(S)
    Q = area Δp/(μ (alpha D/area + R_m)) or given;   dH/dt = Ḣ_slurry + Ḣ_wash − Ḣ_filtrate − Ḣ_cake

References: cake_laws.py, filtration.py; Ruth, Ind. Eng. Chem. 27 (1935) 708, doi:10.1021/ie50306a024.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Grid, Index, Nominal, Optional, Range
from unit_ops.properties.mixture import volume
from unit_ops.separation.cake_laws import cake_resistance, resistance_at_rate
from unit_ops.separation.filter_parts import crystal_mass, crystal_surface
from unit_ops.separation.filtration import drainage, reduced_saturation, specific_resistance, viscosity
from unit_ops.smooth import above_zero, reciprocal
from unit_ops.streams import T_REF, Cake, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total

__all__ = ["crystal_mass", "crystal_surface"]

DIMS = {"cells": 5}


class Drive(IntEnum):
    """What drives the liquid."""

    PRESSURE = 0  #: a constant pressure difference
    RATE = 1  #: a pump of constant flow


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    D: Annotated[float, "kg", "crystals in the cake"]
    A: Annotated[float, "m^2", "surface of the crystals in the cake", Nominal(10.0)]
    V_filtrate: Annotated[float, "m^3", "filtrate collected since the start", Nominal(1e-3)]
    m: Annotated[Array, "kg", "liquid component masses standing on the cake", ("fluids",)]
    crystals: Annotated[Array, "kg", "suspended crystal mass per size class", ("bins",), Nominal(1e-2)]
    m_cake: Annotated[Array, "kg", "liquid component masses per cell of the cake", ("fluids", "cells"), Nominal(0.1)]


class Params(NamedTuple):
    drive: Annotated[Drive, "1", "what drives the liquid"]
    area: Annotated[float, "m^2", "filter area", Range(1e-6, 1e3)]
    V_vessel: Annotated[float, "m^3", "volume above the medium", Range(1e-9, 1e3)]
    dP: Annotated[float, "Pa", "pressure difference, when driven by pressure", Range(0.0, 1e8)]
    alpha: Annotated[float, "m/kg", "specific cake resistance at the reference size and pressure", Range(1e6, 1e14)]
    L_ref: Annotated[float, "m", "surface-mean size (L32) at which alpha holds", Range(1e-7, 1e-2)]
    R_m: Annotated[float, "1/m", "resistance of the medium", Range(1e6, 1e13)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    S_inf: Annotated[float, "1", "equilibrium saturation", Range(0.0, 0.9)]
    mu_A: Annotated[float, "1", "viscosity: constant of log10(mPa s)", Range(-100.0, 100.0)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    key: Annotated[int, "1", "liquid component whose content is reported", Index("fluids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    V_flow_pump: Annotated[float, "m^3/s", "filtrate flow, when driven by rate", Range(0.0, 1e3)] = 0.0
    dP_limit: Annotated[float, "Pa", "pressure difference above which a guard reports", Range(0.0, 1e9)] = 1e9
    s: Annotated[float, "1", "compressibility: alpha grows with this power of pressure", Range(0.0, 0.95)] = 0.0
    P_ref: Annotated[float, "Pa", "pressure drop over the cake at which alpha holds", Range(1.0, 1e7)] = 1e5
    mu_B: Annotated[float, "K", "viscosity: coefficient of 1/T", Range(-1e4, 1e4)] = 0.0
    mu_C: Annotated[float, "1/K", "viscosity: coefficient of T", Range(-1.0, 1.0)] = 0.0
    mu_D: Annotated[float, "1/K^2", "viscosity: coefficient of T²", Range(-1e-2, 1e-2)] = 0.0
    mu_T_low: Annotated[float, "K", "viscosity: lowest temperature of its fit", Range(0.0, 1e4)] = 1.0
    mu_T_high: Annotated[float, "K", "viscosity: highest temperature of its fit", Range(0.0, 1e4)] = 1e4
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    film: Annotated[float, "m", "liquid film held by the medium", Range(1e-8, 1e-2)] = 1e-5


class Inlets(NamedTuple):
    slurry: Annotated[Slurry, "slurry", Optional()]
    wash: Annotated[Solution, "wash liquid", Optional()]
    discharge_rate: Annotated[Signal, "1/s", "fraction of the cake that is dug out per second", Optional()]


class Outlets(NamedTuple):
    filtrate: Annotated[Solution, "mother liquor and wash filtrate"]
    cake: Annotated[Cake, "cake dug out"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "suspended crystals", ("bins",)]
    crystal_surface: Annotated[float, "m^2", "surface of the suspended crystals", ("bins",), Nominal(10.0)]
    V_pore_liquid: Annotated[float, "m^3", "liquid in the cake", ("cells",), Nominal(1e-4)]
    C_pore_liquid: Annotated[float, "J/K", "heat capacity of the liquid in the cake", ("cells",), Nominal(1e3)]
    settling: Annotated[float, "kg/s", "crystals that reach the cake", ("bins",), Nominal(1e-3)]


class Work(NamedTuple):
    settled: Annotated[Array, "kg/s", "crystals that reach the cake, per size class", ("bins",)]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "volume above the medium"]
    T: Annotated[float, "K", "temperature", Fitted("viscosity", "mu_T_low", "mu_T_high")]
    dP_total: Annotated[float, "Pa", "pressure difference over cake and medium"]
    V_flow_filtrate: Annotated[float, "m^3/s", "flow of filtrate"]
    R_cake: Annotated[float, "1/m", "resistance of the cake"]
    cake_mass: Annotated[float, "kg", "crystals in the cake"]
    cake_height: Annotated[float, "m", "height of the cake"]
    saturation: Annotated[float, "1", "saturation of the cake"]
    liquid_content: Annotated[float, "1", "mass fraction of liquid in the cake"]
    w_key: Annotated[float, "1", "mass fraction of the key component in the filtrate"]


class Guards(NamedTuple):
    dewatered: Annotated[float, "m^3", "free liquid standing on the cake above the film that the medium holds"]
    overflow: Annotated[float, "m^3", "contents beyond the vessel's volume"]
    pressure_limit: Annotated[float, "Pa", "pressure difference beyond the limit"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "liquid standing in the filter", Range(0.0, 1e3)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid", ("fluids",), Fractions()]
    crystals: Annotated[Array, "kg", "suspended crystal mass per size class", ("bins",)] = 0.0  # type: ignore[assignment]
    S: Annotated[Array, "1", "saturation of the medium's film, per cell", ("cells",)] = 1.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in the filter", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("slurry", 0), ("wash", 0), (0, "filtrate"), (0, "cake"))


@kernel
def V_pore_liquid(x, p, out):
    for j in range(out.shape[0]):
        out[j] = cell_volume(x, j, p)


@kernel
def C_pore_liquid(x, p, out):
    for j in range(out.shape[0]):
        out[j] = 0.0
        for i in range(x.m.shape[0]):
            out[j] += x.m_cake[i, j] * p.cp[i]


@kernel
def settling(x, a, p, w, out):
    """Kept for the balances: what the liquid loses is bit for bit what the cake gains."""
    k = settling_rate(x, a, p)
    for b in range(out.shape[0]):
        w.settled[b] = k * x.crystals[b]
        out[b] = w.settled[b]


@kernel
def cell_volume(x, j, p):
    """Liquid in cell j of the cake."""
    volume = 0.0
    for i in range(x.m.shape[0]):
        volume += x.m_cake[i, j] / p.rho[i]
    return volume


@kernel
def film_volume(p):
    """Liquid that the medium holds: the measure of an empty filter."""
    return p.film * p.area


@kernel
def pores(crystals, p):
    """Pore volume of a mass of crystals, packed."""
    return p.epsilon / (1.0 - p.epsilon) * crystals / p.rho_solid[p.crystal]


@kernel
def standing_volume(x, p):
    return volume(x.m, p.rho)


@kernel
def free_volume(x, a, p):
    """Standing liquid that is no future pore liquid: what can still be filtered."""
    return standing_volume(x, p) - pores(a.crystal_mass, p)


@kernel
def dewatered(x, a, p):
    """Less the film, below which the flow fades: the last of it never quite goes."""
    return free_volume(x, a, p) - film_volume(p)


@kernel
def heat_capacity(x, a, p):
    return dot(x.m, p.cp) + a.C_pore_liquid + (a.crystal_mass + x.D) * p.cp_solid[p.crystal]


@kernel
def excess_temperature(x, a, p):
    """T − T_REF; falls to 0 below a hundredth of the film."""
    return x.H * reciprocal(heat_capacity(x, a, p), 0.01 * film_volume(p) * p.rho[0] * p.cp[0])


@kernel
def T(x, a, p):
    return T_REF + excess_temperature(x, a, p)


@kernel
def V(x, a, p):
    crystals = (a.crystal_mass + x.D) / p.rho_solid[p.crystal]
    return standing_volume(x, p) + a.V_pore_liquid + crystals


@kernel
def mu(x, a, p):
    return viscosity(T(x, a, p), p.mu_A, p.mu_B, p.mu_C, p.mu_D)


@kernel
def alpha_now(x, p):
    """Specific resistance at the reference pressure of crystals as fine as the cake's."""
    surface = x.A * reciprocal(x.D, 1e-3 * film_volume(p) * p.rho_solid[p.crystal])
    return specific_resistance(surface, p.alpha, p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref))


@kernel
def R_cake(x, a, p):
    if p.drive == Drive.RATE:
        flux = p.V_flow_pump / p.area
        return resistance_at_rate(flux, mu(x, a, p), alpha_now(x, p), p.P_ref, p.s, x.D / p.area)
    return cake_resistance(p.dP, alpha_now(x, p), p.P_ref, p.s, x.D / p.area, p.R_m)


@kernel
def flow(x, a, p):
    """Flow of liquid through cake and medium while the cake is full [m³/s]."""
    if p.drive == Drive.RATE:
        return p.V_flow_pump
    return p.area * p.dP / (mu(x, a, p) * (R_cake(x, a, p) + p.R_m))


@kernel
def dP_total(x, a, p):
    return flow(x, a, p) / p.area * mu(x, a, p) * (R_cake(x, a, p) + p.R_m)


@kernel
def saturation(x, a, p):
    return a.V_pore_liquid / (pores(x.D, p) + film_volume(p))


@kernel
def V_flow_filtrate(x, a, p):
    return flow(x, a, p) * drainage(reduced_saturation(saturation(x, a, p), p.S_inf))


@kernel
def settling_rate(x, a, p):
    """Fraction of what stands on the cake that goes into it per second."""
    film = film_volume(p)
    return flow(x, a, p) * reciprocal(above_zero(free_volume(x, a, p), film), film)


@kernel
def drained_rate(V_flow, x, j, p):
    """Fraction of the liquid of cell j that a flow takes along per second."""
    heel = max(p.S_inf, 0.01) * film_volume(p) / x.m_cake.shape[1]
    return V_flow * reciprocal(cell_volume(x, j, p), heel)


@kernel
def cake_mass(x):
    return x.D


@kernel
def cake_height(x, p):
    return x.D / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area)


@kernel
def liquid_content(x, p):
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += total(x.m_cake[i])
    return liquid * reciprocal(liquid + x.D, 1e-3 * film_volume(p) * p.rho[0])


@kernel
def w_key(x, p):
    last = x.m_cake.shape[1] - 1
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += x.m_cake[i, last]
    return x.m_cake[p.key, last] * reciprocal(liquid, 1e-3 * film_volume(p) * p.rho[0])


@kernel
def overflow(x, a, p):
    return V(x, a, p) - p.V_vessel


@kernel
def pressure_limit(x, a, p):
    return dP_total(x, a, p) - p.dP_limit


@kernel
def filtrate(x, a, p, out):
    last = x.m_cake.shape[1] - 1
    k = drained_rate(V_flow_filtrate(x, a, p), x, last, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m_cake[i, last]
    return Solution(T(x, a, p), out.m_flow)


@kernel
def cake(x, a, p, discharge_rate, out):
    k = discharge_rate.value
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * total(x.m_cake[i])
    return Cake(T(x, a, p), k * x.D, k * x.A, out.m_flow)


@kernel
def derivatives(x, u, a, p, w, dx):
    cells = x.m_cake.shape[1]
    k = settling_rate(x, a, p)
    k_d = u.discharge_rate.value
    V_flow_in = k * standing_volume(x, p)
    V_flow_out = V_flow_filtrate(x, a, p)
    for b in range(x.crystals.shape[0]):
        dx.crystals[b] = u.slurry.m_flow_crystals[b] - w.settled[b]
    for i in range(x.m.shape[0]):
        dx.m[i] = u.slurry.m_flow[i] + u.wash.m_flow[i] - k * x.m[i]
        flow_in = k * x.m[i]
        for j in range(cells):
            passed = V_flow_in + (V_flow_out - V_flow_in) * (j + 1.0) / cells
            flow_out = drained_rate(passed, x, j, p) * x.m_cake[i, j]
            dx.m_cake[i, j] = flow_in - flow_out - k_d * x.m_cake[i, j]
            flow_in = flow_out
    cp_crystal = p.cp_solid[p.crystal]
    dT = excess_temperature(x, a, p)
    C_filtrate = 0.0
    for i in range(x.m.shape[0]):
        C_filtrate += drained_rate(V_flow_out, x, cells - 1, p) * x.m_cake[i, cells - 1] * p.cp[i]
    dH = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp) + enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
    dH += u.slurry.m_flow_solid * cp_crystal * (u.slurry.T - T_REF)
    dH -= (C_filtrate + k_d * (a.C_pore_liquid + x.D * cp_crystal)) * dT
    dD = a.settling - k_d * x.D
    dA = k * a.crystal_surface - k_d * x.A
    return State(dH, dD, dA, V_flow_out, dx.m, dx.crystals, dx.m_cake)


@kernel
def holdup(x, a, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i] + total(x.m_cake[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = a.crystal_mass + x.D
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    last = x.m_cake.shape[1] - 1
    leaving = 0.0
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += total(x.m_cake[i])
        leaving += x.m_cake[i, last]
    out.m[0] = total(x.m) + a.crystal_mass + x.D + liquid
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = total(u.wash.m_flow)
    out.m_flow[2] = drained_rate(V_flow_filtrate(x, a, p), x, last, p) * leaving
    out.m_flow[3] = u.discharge_rate.value * (x.D + liquid)
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a pump that does not pump."""
    if p.drive == Drive.RATE and p.V_flow_pump <= 0.0:
        return {"V_flow_pump": "'V_flow_pump' must be positive with 'drive: rate'"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a full vessel, a tenth of it crystals."""
    mass = p.V_vessel * float(np.mean(p.rho))
    surface = p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref)
    return {
        "H": 1e4 * mass,
        "D": 0.1 * mass,
        "A": 0.1 * mass * surface,
        "V_filtrate": p.V_vessel,
        "m": 0.1 * mass,
        "crystals": 0.1 * mass / (len(p.L_edges) - 1),
        "m_cake": 0.01 * mass,
    }


def initial_state(initial: Initial, p: Params) -> State:
    """Slurry or clear liquid on a bare medium, whose film has the same composition."""
    w = np.asarray(initial.w)
    rho = 1.0 / float(np.sum(w / p.rho))
    m = initial.V * rho * w
    crystals = np.array(initial.crystals, dtype=float)
    film = np.outer(film_volume(p) * rho * w, np.asarray(initial.S) / len(initial.S))
    C = float((m + film.sum(axis=1)) @ p.cp) + float(crystals.sum()) * p.cp_solid[p.crystal]
    return State(C * (initial.T - T_REF), 0.0, 0.0, 0.0, m, crystals, film)
