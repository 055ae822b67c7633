"""A rotary vacuum drum filter: a trough in which cake forms, then washing, drying by suction, discharge.

Assumptions
- a stirred trough with a weir holds the slurry; the drum dips into it with a given part of its
  circumference, and draws as long as there is slurry;
- the circumference is a row of cells that moves with the drum (donor cells, first order in their
  number), from where the cloth enters the slurry to the scraper, which takes the whole cake;
- suction at constant pressure; crystals reach the cake with the liquid that suspends them; resistance
  as in the nutsche (Kozeny and power law of pressure); porosity constant;
- wash falls evenly on its zone and mixes with the liquid of its cell; where no liquid is drawn or
  sprayed, drainage falls with the saturation (design chart);
- filtrate runs along the drum's channels; the control head parts what is sucked before the wash zone
  from what is sucked after it; the cloth holds a thin film; adiabatic.

Balances: trough (m_i, c_b, H), cell j (M, A, m_i, H), channel j; k_b = cells n_drum, o_j the part of
the cell in the slurry, r = 1/(V_liquid − (ε/(1−ε)) M_trough/ρ_c), q_j = a Δp/(μ (alpha M_j/a + R_m))
    dm_i/dt = ṁ_i,in − (k + r Σ o_j q_j) m_i,   c_b, H alike,   k over the weir as in the tank
    dM_j/dt = k_b (M_j−1 − M_j) + r o_j q_j M_trough,   A_j alike
    dm_ij/dt = k_b (m_i,j−1 − m_ij) + r o_j q_j m_i + s_j ṁ_i,wash − k_j m_ij,   H_j alike
    dm^pan_ij/dt = k_j m_ij + k_p (m^pan_i,j−1 − m^pan_ij),   k_j = q_j drainage(S_j)/V_j,   H^pan alike

References: cake_laws.py, filtration.py; Rushton, Ward & Holdich, Solid-Liquid Filtration and
Separation Technology, 2nd ed., Wiley-VCH 2000 (ISBN 978-3-527-29604-0), ch. 11.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Grid, Index, Nominal, Optional, Range
from unit_ops.separation.cake_laws import cake_resistance
from unit_ops.separation.filter_parts import (
    V,
    cell_capacity,
    column_sum,
    crystal_mass,
    crystal_surface,
    holdup,
    liquid_volume,
    nominals,
    trough_capacity,
    trough_liquid,
)
from unit_ops.separation.filtration import drainage, overlap, reduced_saturation, specific_resistance, viscosity
from unit_ops.smooth import above_zero, positive_part, reciprocal
from unit_ops.streams import T_REF, Cake, Holdup, Signal, Slurry, Solution, enthalpy_flow, total

__all__ = ["Holdup", "V", "crystal_mass", "crystal_surface", "holdup", "nominals"]

DIMS = {"cells": 24}


class State(NamedTuple):
    H_trough: Annotated[float, "J", "enthalpy of the trough above the reference temperature", Nominal(1e4)]
    m_trough: Annotated[Array, "kg", "liquid component masses in the trough", ("fluids",), Nominal(0.1)]
    crystals: Annotated[Array, "kg", "crystal mass per size class in the trough", ("bins",), Nominal(1e-3)]
    m: Annotated[Array, "kg", "liquid component masses per cell of the drum", ("fluids", "cells"), Nominal(1e-2)]
    M: Annotated[Array, "kg", "crystal mass per cell of the drum", ("cells",), Nominal(1e-2)]
    A: Annotated[Array, "m^2", "crystal surface per cell of the drum", ("cells",)]
    H: Annotated[Array, "J", "enthalpy per cell of the drum", ("cells",), Nominal(100.0)]
    m_pan: Annotated[Array, "kg", "filtrate component masses per channel cell", ("fluids", "cells"), Nominal(1e-3)]
    H_pan: Annotated[Array, "J", "enthalpy per channel cell", ("cells",), Nominal(10.0)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the trough's weir", Range(1e-2, 1e6)]
    V_weir: Annotated[float, "m^3", "slurry volume below the weir", Range(1e-8, 100.0)]
    area: Annotated[float, "m^2", "filter area of the drum", Range(1e-6, 1e3)]
    dP: Annotated[float, "Pa", "vacuum", Range(0.0, 1e6)]
    submerged: Annotated[float, "1", "part of the circumference in the slurry", Range(0.01, 0.95)]
    wash_start: Annotated[float, "1", "start of the wash zone, as a part of the circumference", Range(0.0, 1.0)]
    wash_end: Annotated[float, "1", "end of the wash zone, as a part of the circumference", Range(0.0, 1.0)]
    alpha: Annotated[float, "m/kg", "specific cake resistance at the reference size and pressure", Range(1e6, 1e14)]
    L_ref: Annotated[float, "m", "surface-mean size (L32) at which alpha holds", Range(1e-7, 1e-2)]
    R_m: Annotated[float, "1/m", "resistance of the medium", Range(1e6, 1e13)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    S_inf: Annotated[float, "1", "equilibrium saturation", Range(0.0, 0.9)]
    mu_A: Annotated[float, "1", "viscosity: constant of log10(mPa s)", Range(-100.0, 100.0)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    s: Annotated[float, "1", "compressibility: alpha grows with this power of pressure", Range(0.0, 0.95)] = 0.0
    P_ref: Annotated[float, "Pa", "pressure drop over the cake at which alpha holds", Range(1.0, 1e7)] = 1e5
    height_least: Annotated[float, "m", "cake height below which a guard reports", Range(0.0, 1.0)] = 0.0
    mu_B: Annotated[float, "K", "viscosity: coefficient of 1/T", Range(-1e4, 1e4)] = 0.0
    mu_C: Annotated[float, "1/K", "viscosity: coefficient of T", Range(-1.0, 1.0)] = 0.0
    mu_D: Annotated[float, "1/K^2", "viscosity: coefficient of T²", Range(-1e-2, 1e-2)] = 0.0
    mu_T_low: Annotated[float, "K", "viscosity: lowest temperature of its fit", Range(0.0, 1e4)] = 1.0
    mu_T_high: Annotated[float, "K", "viscosity: highest temperature of its fit", Range(0.0, 1e4)] = 1e4
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    film: Annotated[float, "m", "liquid film held by the cloth", Range(1e-7, 1e-2)] = 5e-5
    tau_pan: Annotated[float, "s", "residence time along the channels", Range(1e-2, 1e4)] = 10.0


class Inlets(NamedTuple):
    slurry: Annotated[Slurry, "slurry"]
    wash: Annotated[Solution, "wash liquid", Optional()]
    drum_speed: Annotated[Signal, "1/s", "turns of the drum per second"]


class Outlets(NamedTuple):
    cake: Annotated[Cake, "cake scraped off"]
    filtrate: Annotated[Solution, "mother liquor"]
    wash_filtrate: Annotated[Solution, "what is sucked from the wash zone on"]
    overflow: Annotated[Slurry, "slurry over the weir"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystals in the trough", ("bins",)]
    crystal_surface: Annotated[float, "m^2", "surface of the crystals in the trough", ("bins",)]
    V_flow_drawn: Annotated[float, "m^3/s", "liquid that the drum draws through its cake", ("cells",), Nominal(1e-5)]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume in the trough"]
    T: Annotated[float, "K", "temperature of the trough", Fitted("viscosity", "mu_T_low", "mu_T_high")]
    cake_height: Annotated[float, "m", "height of the cake at the scraper"]
    saturation: Annotated[float, "1", "saturation of the cake at the scraper"]
    liquid_content: Annotated[float, "1", "mass fraction of liquid in the cake at the scraper"]


class Guards(NamedTuple):
    dry: Annotated[float, "m^3", "slurry in the trough beyond what a drum can draw from"]
    thin_cake: Annotated[float, "m", "cake height beyond the least that the scraper takes off"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "liquid volume in the trough", Range(1e-9, 100.0)]
    T: Annotated[float, "K", "temperature of the trough", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid in the trough", ("fluids",), Fractions()]
    M: Annotated[Array, "kg", "crystal mass per cell of the drum", ("cells",)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in trough, on the drum, in the channels", ("3",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("8",)]


#: Trough, drum and channels as three stirred holdups.
FACES = (
    ("slurry", 0), (0, 1), ("wash", 1), (1, "cake"), (1, 2), (2, "filtrate"), (2, "wash_filtrate"), (0, "overflow"),
)  # fmt: skip


@kernel
def V_flow_drawn(x, p, out):
    for j in range(out.shape[0]):
        out[j] = dipping(x, j, p) * suction(x, j, p)


@kernel
def dipping(x, j, p):
    """Part of cell j that is in the slurry."""
    cells = x.M.shape[0]
    return overlap(j, cells, 0.0, p.submerged) * p.submerged * cells


@kernel
def cell_area(x, p):
    return p.area / x.M.shape[0]


@kernel
def film_volume(x, p):
    """Liquid that the cloth of a cell holds: the measure of an empty cell."""
    return p.film * cell_area(x, p)


@kernel
def excess_temperature(H, C, x, p):
    """T − T_REF of something of heat capacity C; falls to 0 below a hundredth of the cloth's film."""
    return H * reciprocal(C, 0.01 * film_volume(x, p) * p.rho[0] * p.cp[0])


@kernel
def cell_excess(x, j, p):
    return excess_temperature(x.H[j], cell_capacity(x, j, p), x, p)


@kernel
def pore_volume(x, j, p):
    """Pores of the cake and the film on the cloth."""
    return pores(x.M[j], p) + film_volume(x, p)


@kernel
def pores(crystals, p):
    return p.epsilon / (1.0 - p.epsilon) * crystals / p.rho_solid[p.crystal]


@kernel
def suction(x, j, p):
    """Volume flow of liquid through cake and cloth of cell j, were they full."""
    area = cell_area(x, p)
    surface = x.A[j] * reciprocal(x.M[j], 1e-3 * film_volume(x, p) * p.rho_solid[p.crystal])
    alpha = specific_resistance(surface, p.alpha, p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref))
    mu = viscosity(T_REF + cell_excess(x, j, p), p.mu_A, p.mu_B, p.mu_C, p.mu_D)
    return area * p.dP / (mu * (cake_resistance(p.dP, alpha, p.P_ref, p.s, x.M[j] / area, p.R_m) + p.R_m))


@kernel
def drained_rate(x, j, p):
    """Fraction of the liquid of cell j that is sucked through per second."""
    S = liquid_volume(x.m, j, p) / pore_volume(x, j, p)
    q = suction(x, j, p) * drainage(reduced_saturation(S, p.S_inf))
    return q * reciprocal(liquid_volume(x.m, j, p), max(p.S_inf, 0.01) * film_volume(x, p))


@kernel
def drum_rate(x, speed):
    """Fraction of a cell that the drum moves on per second."""
    return speed * x.M.shape[0]


@kernel
def per_free(x, a, p):
    """One over the trough's liquid that is no future pore liquid."""
    heel = 1e-2 * p.V_weir
    return reciprocal(above_zero(trough_liquid(x, p) - pores(a.crystal_mass, p), heel), heel)


@kernel
def overflow_rate(x, a, p):
    """Fraction of the trough leaving over the weir per second."""
    volume = V(x, a, p)
    return positive_part(volume - p.V_weir, 1e-3 * p.V_weir) / p.tau * reciprocal(volume, 0.1 * p.V_weir)


@kernel
def T(x, a, p):
    return T_REF + excess_temperature(x.H_trough, trough_capacity(x, a, p), x, p)


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
def dry(x, a, p):
    return trough_liquid(x, p) - pores(a.crystal_mass, p) - 1e-2 * p.V_weir


@kernel
def thin_cake(x, p):
    return cake_height(x, p) - p.height_least


@kernel
def cake(x, drum_speed, p, out):
    last = x.M.shape[0] - 1
    k = drum_rate(x, drum_speed.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, last]
    return Cake(T_REF + cell_excess(x, last, p), k * x.M[last], k * x.A[last], out.m_flow)


@kernel
def parted(x, j, p):
    """Whether the control head parts the channels after cell j: the last cell wholly before the wash zone."""
    cells = x.M.shape[0]
    return (j + 1.0) / cells <= p.wash_start and p.wash_start < (j + 2.0) / cells and j < cells - 1


@kernel
def channel_excess(x, j, p):
    return excess_temperature(x.H_pan[j], column_sum(x.m_pan, p.cp, j), x, p)


@kernel
def filtrate(x, p, out):
    k = x.M.shape[0] / p.tau_pan
    T_out = T_REF
    for i in range(x.m.shape[0]):
        out.m_flow[i] = 0.0
    for j in range(x.M.shape[0]):
        if parted(x, j, p):
            T_out = T_REF + channel_excess(x, j, p)
            for i in range(x.m.shape[0]):
                out.m_flow[i] = k * x.m_pan[i, j]
    return Solution(T_out, out.m_flow)


@kernel
def wash_filtrate(x, p, out):
    last = x.M.shape[0] - 1
    for i in range(x.m.shape[0]):
        out.m_flow[i] = x.M.shape[0] / p.tau_pan * x.m_pan[i, last]
    return Solution(T_REF + channel_excess(x, last, p), out.m_flow)


@kernel
def overflow(x, a, p, out):
    k = overflow_rate(x, a, p)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m_trough[i]
    for b in range(x.crystals.shape[0]):
        out.m_flow_crystals[b] = k * x.crystals[b]
    return Slurry(T(x, a, p), k * a.crystal_mass, out.m_flow, out.m_flow_crystals)


@kernel
def derivatives(x, u, a, p, dx):
    cells = x.M.shape[0]
    cp_crystal = p.cp_solid[p.crystal]
    per_V = per_free(x, a, p)
    k = overflow_rate(x, a, p) + per_V * a.V_flow_drawn
    heat = trough_capacity(x, a, p) * excess_temperature(x.H_trough, trough_capacity(x, a, p), x, p)
    for b in range(x.crystals.shape[0]):
        dx.crystals[b] = u.slurry.m_flow_crystals[b] - k * x.crystals[b]
    for i in range(x.m.shape[0]):
        dx.m_trough[i] = u.slurry.m_flow[i] - k * x.m_trough[i]
    dH = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp) - k * heat
    dH += u.slurry.m_flow_solid * cp_crystal * (u.slurry.T - T_REF)

    k_b = drum_rate(x, u.drum_speed.value)
    k_p = cells / p.tau_pan
    heat_wash = enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
    M_in = 0.0 * k_b * x.M[0]
    A_in = 0.0 * k_b * x.A[0]
    H_in = 0.0 * k_b * x.H[0]
    H_pan_in = 0.0 * k_b * x.H[0]
    for j in range(cells):
        drawn = per_V * dipping(x, j, p) * suction(x, j, p)
        drained = drained_rate(x, j, p)
        washed = overlap(j, cells, p.wash_start, p.wash_end)
        before = j > 0 and not parted(x, j - 1, p)
        for i in range(x.m.shape[0]):
            moved_in = 0.0 if j == 0 else k_b * x.m[i, j - 1]
            pan_in = k_p * x.m_pan[i, j - 1] if before else 0.0
            dx.m[i, j] = moved_in + drawn * x.m_trough[i] + washed * u.wash.m_flow[i] - (k_b + drained) * x.m[i, j]
            dx.m_pan[i, j] = pan_in + drained * x.m[i, j] - k_p * x.m_pan[i, j]
        dT = cell_excess(x, j, p)
        C_liquid = column_sum(x.m, p.cp, j)
        M_out = k_b * x.M[j]
        A_out = k_b * x.A[j]
        H_out = k_b * cell_capacity(x, j, p) * dT
        H_drained = drained * C_liquid * dT
        H_pan_out = k_p * column_sum(x.m_pan, p.cp, j) * channel_excess(x, j, p)
        dx.M[j] = M_in - M_out + drawn * a.crystal_mass
        dx.A[j] = A_in - A_out + drawn * a.crystal_surface
        dx.H[j] = H_in - H_out + drawn * heat + washed * heat_wash - H_drained
        dx.H_pan[j] = (H_pan_in if before else 0.0) + H_drained - H_pan_out
        M_in = M_out
        A_in = A_out
        H_in = H_out
        H_pan_in = H_pan_out
    return State(dH, dx.m_trough, dx.crystals, dx.m, dx.M, dx.A, dx.H, dx.m_pan, dx.H_pan)


@kernel
def transport(x, u, a, p, out):
    cells = x.M.shape[0]
    k_p = cells / p.tau_pan
    out.m[0] = total(x.m_trough) + a.crystal_mass
    out.m[1] = total(x.M)
    out.m[2] = 0.0
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = per_free(x, a, p) * a.V_flow_drawn * out.m[0]
    out.m_flow[2] = total(u.wash.m_flow)
    out.m_flow[3] = x.M[cells - 1]
    out.m_flow[4] = 0.0
    out.m_flow[5] = 0.0
    out.m_flow[6] = 0.0
    out.m_flow[7] = overflow_rate(x, a, p) * out.m[0]
    for i in range(x.m.shape[0]):
        out.m[1] += total(x.m[i])
        out.m[2] += total(x.m_pan[i])
        out.m_flow[3] += x.m[i, cells - 1]
        out.m_flow[6] += k_p * x.m_pan[i, cells - 1]
    out.m_flow[3] *= drum_rate(x, u.drum_speed.value)
    for j in range(cells):
        drained = drained_rate(x, j, p)
        for i in range(x.m.shape[0]):
            out.m_flow[4] += drained * x.m[i, j]
            if parted(x, j, p):
                out.m_flow[5] += k_p * x.m_pan[i, j]
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse zones that overlap or have no length."""
    said = {}
    if p.wash_start >= p.wash_end:
        said["wash_start"] = "'wash_start' must lie before 'wash_end'"
    elif p.wash_start < p.submerged:
        said["wash_start"] = "'wash_start' must not lie in the slurry ('submerged')"
    return said


def initial_state(initial: Initial, p: Params) -> State:
    """A trough of clear liquid, a drum with dry cake of the reference size (or bare), empty channels."""
    w = np.asarray(initial.w)
    m_trough = initial.V / float(np.sum(w / p.rho)) * w
    M = np.array(initial.M, dtype=float)
    empty = np.zeros((len(w), len(M)))
    return State(
        H_trough=float(m_trough @ p.cp) * (initial.T - T_REF),
        m_trough=m_trough,
        crystals=np.zeros(len(p.L_edges) - 1),
        m=empty,
        M=M,
        A=M * p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref),
        H=np.zeros(len(M)),
        m_pan=empty.copy(),
        H_pan=np.zeros(len(M)),
    )
