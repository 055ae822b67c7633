"""A horizontal vacuum belt filter with its feed trough: filtration, displacement wash, deliquoring.

Assumptions
- a stirred trough with a weir holds the slurry; it hands crystals on by mass and surface;
- the belt is a row of cells, each mixed; crystals and liquid move on with the belt (donor cells), so
  the number of cells sets the axial dispersion, and n wash cells wash like n stirred tanks;
- vacuum acts all along; liquid drains at constant pressure difference through the cake deposited so
  far; when no liquid stands on the cake any more, the drainage falls with the saturation;
- the cake's resistance grows with the square of its specific surface (Kozeny); porosity is constant;
- wash liquid falls evenly on the wash zone and mixes with the liquid of its cell;
- the cloth holds a thin film, which keeps an empty cell regular; no crystals pass; adiabatic;
- filtrate of all cells runs along a pan below the belt to one outlet.

Balances: trough (m liquid components, c crystals by size), cell j (crystals M, deposited part D,
surface A), pan j; k_b = v cells/length, k_j = q_j/V_j, h sensible enthalpy of what flows
    dm_i/dt = ṁ_i,in − k m_i,   dc_b/dt = ṁ_b,in − k c_b,   dH/dt = Ḣ_in − k H
    dm_ij/dt = k_b (m_i,j−1 − m_ij) + s_j ṁ_i,wash − k_j m_ij
    dM_j/dt = k_b (M_j−1 − M_j),   dA_j/dt = k_b (A_j−1 − A_j)
    dD_j/dt = k_b (D_j−1 − D_j) + q_j (M_j − D_j)/V_standing,j
    dH_j/dt = k_b (h_j−1 − h_j) + s_j Ḣ_wash − k_j h_liquid,j
    dm^pan_ij/dt = k_j m_ij + k_p (m^pan_i,j−1 − m^pan_ij),   H^pan alike
    q_j = a Δp/(μ (α D_j/a + R_m)) drainage(S_j),   a = width length/cells

References: see filtration.py; Levenspiel, Chemical Reaction Engineering, Wiley 1999, ch. 14.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Grid, Index, Nominal, Optional, Range
from unit_ops.separation.filter_parts import (
    cell_capacity,
    column_sum,
    crystal_mass,
    crystal_surface,
    holdup,
    liquid_volume,
    nominals,
    trough_capacity,
)
from unit_ops.separation.filtration import (
    drainage,
    filtrate_flux,
    overlap,
    reduced_saturation,
    specific_resistance,
    viscosity,
)
from unit_ops.smooth import above_zero, positive_part, reciprocal
from unit_ops.streams import T_REF, Cake, Holdup, Signal, Slurry, Solution, enthalpy_flow, total

__all__ = ["Holdup", "crystal_mass", "crystal_surface", "holdup", "nominals"]

DIMS = {"cells": 12}


class State(NamedTuple):
    H_trough: Annotated[float, "J", "enthalpy of the trough above the reference temperature", Nominal(1e4)]
    m_trough: Annotated[Array, "kg", "liquid component masses in the trough", ("fluids",), Nominal(0.1)]
    crystals: Annotated[Array, "kg", "crystal mass per size class in the trough", ("bins",), Nominal(1e-3)]
    m: Annotated[Array, "kg", "liquid component masses per belt cell", ("fluids", "cells"), Nominal(1e-2)]
    M: Annotated[Array, "kg", "crystal mass per belt cell", ("cells",), Nominal(1e-2)]
    D: Annotated[Array, "kg", "deposited crystal mass per belt cell", ("cells",), Nominal(1e-2)]
    A: Annotated[Array, "m^2", "crystal surface per belt cell", ("cells",)]
    H: Annotated[Array, "J", "enthalpy per belt cell", ("cells",), Nominal(100.0)]
    m_pan: Annotated[Array, "kg", "filtrate component masses per pan cell", ("fluids", "cells"), Nominal(1e-3)]
    H_pan: Annotated[Array, "J", "enthalpy per pan cell", ("cells",), Nominal(10.0)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the trough's weir", Range(1e-2, 1e6)]
    V_weir: Annotated[float, "m^3", "slurry volume below the weir", Range(1e-8, 100.0)]
    width: Annotated[float, "m", "width of the belt", Range(1e-3, 10.0)]
    length: Annotated[float, "m", "length of the belt under vacuum", Range(1e-2, 100.0)]
    dP: Annotated[float, "Pa", "vacuum", Range(0.0, 1e6)]
    wash_start: Annotated[float, "1", "start of the wash zone, as a fraction of the length", Range(0.0, 1.0)]
    wash_end: Annotated[float, "1", "end of the wash zone, as a fraction of the length", Range(0.0, 1.0)]
    alpha: Annotated[float, "m/kg", "specific cake resistance at the reference size", Range(1e6, 1e14)]
    L_ref: Annotated[float, "m", "surface-mean size (L32) at which alpha holds", Range(1e-7, 1e-2)]
    R_m: Annotated[float, "1/m", "resistance of the medium", Range(1e6, 1e13)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    S_inf: Annotated[float, "1", "equilibrium saturation", Range(0.0, 0.9)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    mu_A: Annotated[float, "1", "viscosity: constant of log10(mPa s)", Range(-100.0, 100.0)] = -3.197
    mu_B: Annotated[float, "K", "viscosity: coefficient of 1/T", Range(-1e4, 1e4)] = 740.84
    mu_C: Annotated[float, "1/K", "viscosity: coefficient of T", Range(-1.0, 1.0)] = 4.6291e-3
    mu_D: Annotated[float, "1/K^2", "viscosity: coefficient of T²", Range(-1e-2, 1e-2)] = -7.1715e-6
    mu_T_low: Annotated[float, "K", "viscosity: lowest temperature of its fit", Range(0.0, 1e4)] = 1.0
    mu_T_high: Annotated[float, "K", "viscosity: highest temperature of its fit", Range(0.0, 1e4)] = 1e4
    film: Annotated[float, "m", "liquid film held by the cloth", Range(1e-6, 1e-2)] = 5e-5
    tau_pan: Annotated[float, "s", "residence time along the filtrate pan", Range(1e-2, 1e4)] = 10.0


class Inlets(NamedTuple):
    slurry: Annotated[Slurry, "slurry"]
    wash: Annotated[Solution, "wash liquid", Optional()]
    belt_speed: Annotated[Signal, "m/s", "speed of the belt"]


class Outlets(NamedTuple):
    cake: Annotated[Cake, "washed and deliquored cake"]
    filtrate: Annotated[Solution, "mother liquor and wash filtrate"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystals in the trough", ("bins",)]
    crystal_surface: Annotated[float, "m^2", "surface of the crystals in the trough", ("bins",)]
    # shared by all size classes: each depends on it, and not on every component of the trough
    outflow: Annotated[float, "1/s", "part of the trough leaving over the weir per second", ("1",), Nominal(1e-3)]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume in the trough"]
    T: Annotated[float, "K", "temperature of the trough", Fitted("viscosity", "mu_T_low", "mu_T_high")]
    L32: Annotated[float, "m", "surface-mean crystal size in the trough"]
    cake_height: Annotated[float, "m", "height of the cake at the end of the belt"]
    saturation: Annotated[float, "1", "saturation of the cake at the end of the belt"]
    liquid_content: Annotated[float, "1", "mass fraction of liquid in the cake leaving"]


class Guards(NamedTuple):
    flooded: Annotated[float, "m^3", "liquid standing on the cake at the end of the belt"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "liquid volume in the trough", Range(1e-9, 100.0)]
    T: Annotated[float, "K", "temperature of the trough", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid in the trough", ("fluids",), Fractions()]
    M: Annotated[Array, "kg", "crystal mass per belt cell", ("cells",)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in trough, on the belt, in the pan", ("3",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


#: Trough, belt and pan as three stirred holdups.
FACES = (("slurry", 0), (0, 1), ("wash", 1), (1, "cake"), (1, 2), (2, "filtrate"))


@kernel
def cell_area(x, p):
    return p.width * p.length / x.M.shape[0]


@kernel
def film_volume(x, p):
    """Liquid that the cloth of a cell holds: the measure of an empty cell."""
    return p.film * cell_area(x, p)


@kernel
def excess_temperature(H, C, x, p):
    """T − T_REF of something of heat capacity C; falls to 0 below a hundredth of the cloth's film."""
    return H * reciprocal(C, 0.01 * film_volume(x, p) * p.rho[0] * p.cp[0])


@kernel
def pore_volume(x, j, p):
    """Pores of the cake and the film on the cloth."""
    pores = p.epsilon / (1.0 - p.epsilon) * x.M[j] / p.rho_solid[p.crystal]
    return pores + film_volume(x, p)


@kernel
def standing_volume(x, j, p):
    """Liquid standing on the cake, suspending what is not deposited yet."""
    return above_zero(liquid_volume(x.m, j, p) - pore_volume(x, j, p), film_volume(x, p))


@kernel
def filtrate_flow(x, j, p):
    """Volume flow of liquid through the cloth of cell j."""
    area = cell_area(x, p)
    surface = x.A[j] * reciprocal(x.M[j], 1e-3 * film_volume(x, p) * p.rho_solid[p.crystal])
    surface_ref = p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref)
    alpha = specific_resistance(surface, p.alpha, surface_ref)
    T = T_REF + excess_temperature(x.H[j], cell_capacity(x, j, p), x, p)
    mu = viscosity(T, p.mu_A, p.mu_B, p.mu_C, p.mu_D)
    S = liquid_volume(x.m, j, p) / pore_volume(x, j, p)
    return area * filtrate_flux(p.dP, mu, alpha, x.D[j] / area, p.R_m) * drainage(reduced_saturation(S, p.S_inf))


@kernel
def drained_rate(q, x, j, p):
    """Fraction of the liquid of cell j that a filtrate flow q takes per second."""
    return q * reciprocal(liquid_volume(x.m, j, p), max(p.S_inf, 0.01) * film_volume(x, p))


@kernel
def belt_rate(x, speed, p):
    """Fraction of a cell that the belt moves on per second."""
    return speed * x.M.shape[0] / p.length


@kernel
def outflow(x, a, p, out):
    volume = V(x, a, p)
    out[0] = positive_part(volume - p.V_weir, 1e-3 * p.V_weir) / p.tau * reciprocal(volume, 0.1 * p.V_weir)


@kernel
def V(x, a, p):
    volume = a.crystal_mass / p.rho_solid[p.crystal]
    for i in range(x.m_trough.shape[0]):
        volume += x.m_trough[i] / p.rho[i]
    return volume


@kernel
def T(x, a, p):
    return T_REF + excess_temperature(x.H_trough, trough_capacity(x, a, p), x, p)


@kernel
def L32(a, p):
    return p.ka_kv * a.crystal_mass / p.rho_solid[p.crystal] * reciprocal(a.crystal_surface, 1e-9 * p.V_weir / p.L_ref)


@kernel
def cake_height(x, p):
    last = x.M.shape[0] - 1
    return x.M[last] / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * cell_area(x, p))


@kernel
def saturation(x, p):
    last = x.M.shape[0] - 1
    return liquid_volume(x.m, last, p) / pore_volume(x, last, p)


@kernel
def liquid_content(x, p):
    last = x.M.shape[0] - 1
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += x.m[i, last]
    return liquid * reciprocal(liquid + x.M[last], 1e-3 * film_volume(x, p) * p.rho[0])


@kernel
def flooded(x, p):
    last = x.M.shape[0] - 1
    return liquid_volume(x.m, last, p) - pore_volume(x, last, p)


@kernel
def cake(x, belt_speed, p, out):
    last = x.M.shape[0] - 1
    k = belt_rate(x, belt_speed.value, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, last]
    T_cake = T_REF + excess_temperature(x.H[last], cell_capacity(x, last, p), x, p)
    return Cake(T_cake, k * x.M[last], k * x.A[last], out.m_flow)


@kernel
def filtrate(x, p, out):
    cells = x.M.shape[0]
    k = cells / p.tau_pan
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m_pan[i, cells - 1]
    C = column_sum(x.m_pan, p.cp, cells - 1)
    return Solution(T_REF + excess_temperature(x.H_pan[cells - 1], C, x, p), out.m_flow)


@kernel
def derivatives(x, u, a, p, dx):
    k = a.outflow
    for b in range(x.crystals.shape[0]):
        dx.crystals[b] = u.slurry.m_flow_crystals[b] - k * x.crystals[b]
    for i in range(x.m.shape[0]):
        dx.m_trough[i] = u.slurry.m_flow[i] - k * x.m_trough[i]
    cp_crystal = p.cp_solid[p.crystal]
    heat_out = k * trough_capacity(x, a, p) * excess_temperature(x.H_trough, trough_capacity(x, a, p), x, p)
    heat_in = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    heat_in += u.slurry.m_flow_solid * cp_crystal * (u.slurry.T - T_REF)

    cells = x.M.shape[0]
    k_b = belt_rate(x, u.belt_speed.value, p)
    k_p = cells / p.tau_pan
    heat_wash = enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
    M_in = k * a.crystal_mass
    D_in = 0.0
    A_in = k * a.crystal_surface
    H_in = heat_out
    H_pan_in = 0.0
    for j in range(cells):
        q = filtrate_flow(x, j, p)
        drained = drained_rate(q, x, j, p)
        washed = overlap(j, cells, p.wash_start, p.wash_end)
        for i in range(x.m.shape[0]):
            moved_in = k * x.m_trough[i] if j == 0 else k_b * x.m[i, j - 1]
            pan_in = 0.0 if j == 0 else k_p * x.m_pan[i, j - 1]
            dx.m[i, j] = moved_in + washed * u.wash.m_flow[i] - (k_b + drained) * x.m[i, j]
            dx.m_pan[i, j] = pan_in + drained * x.m[i, j] - k_p * x.m_pan[i, j]
        settling = q * (x.M[j] - x.D[j]) * reciprocal(standing_volume(x, j, p), film_volume(x, p))
        M_out = k_b * x.M[j]
        D_out = k_b * x.D[j]
        A_out = k_b * x.A[j]
        dx.M[j] = M_in - M_out
        dx.D[j] = D_in - D_out + settling
        dx.A[j] = A_in - A_out
        C_liquid = column_sum(x.m, p.cp, j)
        C = C_liquid + x.M[j] * cp_crystal
        dT = excess_temperature(x.H[j], C, x, p)
        H_out = k_b * C * dT
        H_drained = drained * C_liquid * dT
        C_pan = column_sum(x.m_pan, p.cp, j)
        H_pan_out = k_p * C_pan * excess_temperature(x.H_pan[j], C_pan, x, p)
        dx.H[j] = H_in + washed * heat_wash - H_out - H_drained
        dx.H_pan[j] = H_pan_in + H_drained - H_pan_out
        M_in = M_out
        D_in = D_out
        A_in = A_out
        H_in = H_out
        H_pan_in = H_pan_out
    return State(heat_in - heat_out, dx.m_trough, dx.crystals, dx.m, dx.M, dx.D, dx.A, dx.H, dx.m_pan, dx.H_pan)


@kernel
def transport(x, u, a, p, out):
    cells = x.M.shape[0]
    k_b = belt_rate(x, u.belt_speed.value, p)
    belt = total(x.M)
    pan = 0.0
    last = x.M[cells - 1]
    last_pan = 0.0
    drained = 0.0
    for i in range(x.m.shape[0]):
        belt += total(x.m[i])
        pan += total(x.m_pan[i])
        last += x.m[i, cells - 1]
        last_pan += x.m_pan[i, cells - 1]
    for j in range(cells):
        k_j = drained_rate(filtrate_flow(x, j, p), x, j, p)
        for i in range(x.m.shape[0]):
            drained += k_j * x.m[i, j]
    out.m[0] = total(x.m_trough) + a.crystal_mass
    out.m[1] = belt
    out.m[2] = pan
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = a.outflow * out.m[0]
    out.m_flow[2] = total(u.wash.m_flow)
    out.m_flow[3] = k_b * last
    out.m_flow[4] = drained
    out.m_flow[5] = cells / p.tau_pan * last_pan
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a wash zone without length: its liquid would reach no cell."""
    return {} if p.wash_start < p.wash_end else {"wash_start": "'wash_start' must lie before 'wash_end'"}


def initial_state(initial: Initial, p: Params) -> State:
    """A trough of clear liquid, a belt with dry cake of the reference size (or bare), an empty pan."""
    w = np.asarray(initial.w)
    m_trough = initial.V / float(np.sum(w / p.rho)) * w
    M = np.array(initial.M, dtype=float)
    A = M * p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref)
    empty = np.zeros((len(w), len(M)))
    return State(
        H_trough=float(m_trough @ p.cp) * (initial.T - T_REF),
        m_trough=m_trough,
        crystals=np.zeros(len(p.L_edges) - 1),
        m=empty,
        M=M,
        D=M.copy(),
        A=A,
        H=np.zeros(len(M)),
        m_pan=empty.copy(),
        H_pan=np.zeros(len(M)),
    )
