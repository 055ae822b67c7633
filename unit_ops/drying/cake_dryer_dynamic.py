"""A layer of cake dried by gas blown through it, along its depth and with the gas's own dynamics.

Where the belt dryer (cake_dryer.py) takes the gas as quasi-steady through a thin uniform layer, here a
drying front moves through the depth, and gas and vapour in the pores have holdup. Batch (filled at the
start or through the cake inlet, evenly over the depth; emptied through the discharge valve), as one
port of a carousel or a filter dryer. Exhaust and product ask for what the dryer holds: it cuts loops.

Assumptions
- one space coordinate, down the depth with the gas; mixed cells (donor cells: their number sets the
  dispersion of gas and front); no conduction, no diffusion;
- published transfer coefficients, proportional to the gas velocity at the inlet, referred to the
  vapour pressure over P_ref (laws.py); ideal activity in the liquid without the solute, which
  crystallizes as its solvent goes; equilibrium moisture stays;
- gas space V_pores does not change as liquid goes; a cell passes on what exceeds it at pressure P,
  with the time constant τ_flow/n: holdup is above that at P by flow × τ_flow;
- sensible heats are those of liquids; at discharge the powder cools to ambient (booked) and the solute
  still dissolved becomes solid.

Balances, cell j of n; G the mass flow of gas entering, N_j = surface_j/(area ka/kv (1 − ε) ζ)
    dm^gas_ij/dt = g_j−1 m^gas_i,j−1 − g_j m^gas_ij + e_ij,   g_j = (V_j n/V_pores − 1)⁺ V_pores/(τ_flow V_j)
    dH^gas_j/dt  = g_j−1 H^gas_j−1 − g_j H^gas_j − Q_j + Σ e_ij cp_i (T_j − T_REF),   V_j = R T^gas_j Σ m^gas_ij/M_i /P
    dm_ij/dt = ṁ_i,in/n − k m_ij − e_ij,   dM_j, dA_j alike,   k = valve/τ
    dH_j/dt  = Ḣ_in/n − k H_j + Q_j − Σ e_ij (cp_i (T_j − T_REF) + Δh_i)
    Q_j = G cp^gas_j N_j (T^gas_j − T_j),   e_ij = G N_j f(w_j) (x_i p_sat,i − P y_ij)/P_ref

Against the published run of one cake (17 nodes, evenly wet at the start, pressure in the middle of
the cake) moisture lies within 4 % from 0.038 down to 0.006, within 5 % below.

References: see laws.py (Destro, Nagy, Barolo 2022, doi 10.1016/j.compchemeng.2022.107809).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.drying.bed import volatile_mass
from unit_ops.drying.laws import falling_rate, transfer_units
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.reaction.rates import R_GAS
from unit_ops.separation.filter_parts import column_sum
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Powder, Signal, enthalpy_flow, total

DIMS = {"cells": 12}


class State(NamedTuple):
    m_gas: Annotated[Array, "kg", "component masses in the gas per cell", ("fluids", "cells"), Nominal(1e-6)]
    H_gas: Annotated[Array, "J", "enthalpy of the gas per cell", ("cells",), Nominal(1e-2)]
    m: Annotated[Array, "kg", "liquid component masses per cell", ("fluids", "cells"), Nominal(1e-4)]
    M: Annotated[Array, "kg", "crystal mass per cell", ("cells",), Nominal(1e-3)]
    A: Annotated[Array, "m^2", "crystal surface per cell", ("cells",)]
    H: Annotated[Array, "J", "enthalpy of the cake per cell", ("cells",), Nominal(10.0)]


class Params(NamedTuple):
    area: Annotated[float, "m^2", "cross-section of the cake", Range(1e-6, 1e3)]
    V_pores: Annotated[float, "m^3", "gas space in the dry cake", Range(1e-12, 1e2)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    tau: Annotated[float, "s", "time constant of emptying through the open valve", Range(1e-2, 1e5)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    solute: Annotated[int, "1", "the same substance dissolved", Index("fluids")]
    volatile: Annotated[Array, "1", "1 for components that evaporate, else 0", ("fluids",), Range(0.0, 1.0)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    P_ref: Annotated[float, "Pa", "pressure over which mass transfer is written", Range(1.0, 1e7)] = 1e5
    P: Annotated[float, "Pa", "pressure", Range(1e3, 1e7)] = 101325.0
    zeta: Annotated[float, "1", "height of a transfer unit over the crystal size", Range(1.0, 1e5)] = 199.78
    w_eq: Annotated[float, "1", "equilibrium moisture, wet basis", Range(0.0, 0.5)] = 5e-4
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    tau_flow: Annotated[float, "s", "time for a step of the gas flow to pass the cake", Range(1e-6, 10.0)] = 1e-3
    heel: Annotated[float, "kg", "content below which a cell counts as bare", Range(1e-15, 1.0)] = 1e-8
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    cake: Annotated[Cake, "wet cake", Optional()]
    gas: Annotated[Gas, "drying gas"]
    valve: Annotated[Signal, "1", "opening of the discharge, 0 to 1", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Powder, "dry powder"]
    exhaust: Annotated[Gas, "moist gas"]


class Integrals(NamedTuple):
    liquid: Annotated[float, "kg", "volatile liquid in the cake", ("cells",)]
    crystals: Annotated[float, "kg", "crystals in the cake", ("cells",)]


class Measurements(NamedTuple):
    T_cake: Annotated[
        float,
        "K",
        "cake temperature where the gas leaves",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile"),
    ]
    T_exhaust: Annotated[float, "K", "exhaust temperature"]
    LOD: Annotated[float, "1", "loss on drying of the whole cake: volatile liquid over total mass"]


class Quadratures(NamedTuple):
    evaporation: Annotated[float, "W", "latent heat taken up by the vapour, negative"]
    cooling: Annotated[float, "W", "cooling of the discharged powder to ambient, negative"]
    fluids: Annotated[Array, "kg/s", "solute that becomes solid, negative", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solute that becomes solid", ("solids",)]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of gas and cake per cell", ("cells",), Range(200.0, 500.0)]
    w_gas: Annotated[Array, "1", "mass fractions of the gas", ("fluids",), Fractions()]
    w: Annotated[Array, "1", "mass fractions of the liquid", ("fluids",), Fractions()]
    M: Annotated[float, "kg", "crystal mass", Range(0.0, 1e4)] = 0.0
    A: Annotated[float, "m^2", "crystal surface", Range(0.0, 1e9)] = 0.0
    moisture: Annotated[Array, "1", "liquid over crystals per cell", ("cells",), Range(0.0, 10.0)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in cake and gas", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("5",)]


#: Cake and gas as two holdups.
FACES = (("cake", 0), (0, "product"), ("gas", 1), (0, 1), (1, "exhaust"))


@kernel
def cake_capacity(x, p, j):
    return column_sum(x.m, p.cp, j) + x.M[j] * p.cp_solid[p.crystal]


@kernel
def cake_excess(x, p, j):
    """T − T_REF; falls to 0 for a bare cell."""
    return x.H[j] * reciprocal(cake_capacity(x, p, j), p.heel * p.cp_solid[p.crystal])


@kernel
def gas_excess(x, p, j):
    return x.H_gas[j] / column_sum(x.m_gas, p.cp, j)


@kernel
def gas_amount(x, p, j):
    """Moles of gas in cell j."""
    n = 0.0
    for i in range(x.m_gas.shape[0]):
        n += x.m_gas[i, j] / p.molar_mass[i]
    return n


@kernel
def gas_rate(x, p, j):
    """Part of the gas of cell j that moves on per second."""
    cells = x.M.shape[0]
    volume = R_GAS * (T_REF + gas_excess(x, p, j)) * gas_amount(x, p, j) / p.P
    return p.V_pores / p.tau_flow * above_zero(volume * cells / p.V_pores - 1.0, 1e-3) / volume


@kernel
def layer_units(x, p, j):
    """Transfer units of the gas in cell j, for heat."""
    return transfer_units(x.A[j], p.area, p.ka_kv, p.epsilon, p.zeta)


@kernel
def vapour_rate(x, p, j, G):
    """Vapour taken up over its driving pressure [kg/(s Pa)]."""
    wet = volatile_mass(x.m, p, j)
    w = wet * reciprocal(wet + x.M[j], p.heel) - p.w_eq
    return G * layer_units(x, p, j) * falling_rate(w) / p.P_ref


@kernel
def per_liquid_mole(x, p, j):
    """Inverse of the moles of liquid without the solute."""
    n = 0.0
    for i in range(x.m.shape[0]):
        if i != p.solute:
            n += x.m[i, j] / p.molar_mass[i]
    return reciprocal(n, 1e-2 * p.heel / p.molar_mass[p.solute])


@kernel
def evaporated(x, p, i, j, rate, per_mole, n_gas, T):
    """Flow of component i from the cake of cell j into its gas [kg/s]."""
    p_sat = vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    return rate * (x.m[i, j] / p.molar_mass[i] * per_mole * p_sat - p.P * x.m_gas[i, j] / (p.molar_mass[i] * n_gas))


@kernel
def liquid(x, p, out):
    for j in range(out.shape[0]):
        out[j] = volatile_mass(x.m, p, j)


@kernel
def crystals(x, out):
    for j in range(out.shape[0]):
        out[j] = x.M[j]


@kernel
def T_cake(x, p):
    return T_REF + cake_excess(x, p, x.M.shape[0] - 1)


@kernel
def T_exhaust(x, p):
    return T_REF + gas_excess(x, p, x.M.shape[0] - 1)


@kernel
def LOD(a, p):
    return a.liquid * fading_reciprocal(a.liquid + a.crystals, 100.0 * p.heel)


@kernel
def product(x, valve, p, out):
    k = valve.value / p.tau
    for i in range(x.m.shape[0]):
        out.m_flow_liquid[i] = k * total(x.m[i])
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = 0.0
    out.m_flow[p.crystal] = k * total(x.M) + out.m_flow_liquid[p.solute]
    out.m_flow_liquid[p.solute] = 0.0
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def exhaust(x, p, out):
    last = x.M.shape[0] - 1
    g = gas_rate(x, p, last)
    for i in range(x.m_gas.shape[0]):
        out.m_flow[i] = g * x.m_gas[i, last]
    return Gas(T_exhaust(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    cells = x.M.shape[0]
    k = u.valve.value / p.tau
    G = total(u.gas.m_flow)
    M_in = u.cake.m_flow_crystals / cells
    H_in = enthalpy_flow(u.cake.T, u.cake.m_flow, p.cp) / cells
    H_in += M_in * p.cp_solid[p.crystal] * (u.cake.T - T_REF)
    H_gas_in = enthalpy_flow(u.gas.T, u.gas.m_flow, p.cp)
    g_before = 0.0
    for j in range(cells):
        g = gas_rate(x, p, j)
        dT = cake_excess(x, p, j)
        dT_gas = gas_excess(x, p, j)
        n_gas = gas_amount(x, p, j)
        rate = vapour_rate(x, p, j, G)
        per_mole = per_liquid_mole(x, p, j)
        gas_mass = 0.0
        warmth = 0.0
        latent = 0.0
        for i in range(x.m.shape[0]):
            gas_mass += x.m_gas[i, j]
            gas_in = u.gas.m_flow[i] if j == 0 else g_before * x.m_gas[i, j - 1]
            e = 0.0
            if p.volatile[i] > 0.0:
                e = evaporated(x, p, i, j, rate, per_mole, n_gas, T_REF + dT)
            dx.m_gas[i, j] = gas_in - g * x.m_gas[i, j] + e
            dx.m[i, j] = u.cake.m_flow[i] / cells - k * x.m[i, j] - e
            warmth += e * p.cp[i] * dT
            latent += e * p.dH_vap[i]
        cp_gas = column_sum(x.m_gas, p.cp, j) / gas_mass
        heating = G * cp_gas * layer_units(x, p, j) * (dT_gas - dT)
        dx.H_gas[j] = H_gas_in - g * x.H_gas[j] - heating + warmth
        dx.M[j] = M_in - k * x.M[j]
        dx.A[j] = u.cake.A_flow / cells - k * x.A[j]
        dx.H[j] = H_in - k * x.H[j] + heating - warmth - latent
        H_gas_in = g * x.H_gas[j]
        g_before = g
    return State(dx.m_gas, dx.H_gas, dx.m, dx.M, dx.A, dx.H)


@kernel
def quadratures(x, u, p, out):
    cells = x.M.shape[0]
    k = u.valve.value / p.tau
    G = total(u.gas.m_flow)
    latent = 0.0
    for j in range(cells):
        T = T_REF + cake_excess(x, p, j)
        n_gas = gas_amount(x, p, j)
        rate = vapour_rate(x, p, j, G)
        per_mole = per_liquid_mole(x, p, j)
        for i in range(x.m.shape[0]):
            if p.volatile[i] > 0.0:
                latent -= evaporated(x, p, i, j, rate, per_mole, n_gas, T) * p.dH_vap[i]
    for i in range(out.fluids.shape[0]):
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    dried = k * total(x.m[p.solute])
    out.fluids[p.solute] = -dried
    out.solids[p.crystal] = dried
    return Quadratures(latent, -k * total(x.H), out.fluids, out.solids)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = total(x.m_gas[i]) + total(x.m[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = total(x.M)
    return Holdup(total(x.H_gas) + total(x.H), out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    cells = x.M.shape[0]
    G = total(u.gas.m_flow)
    cake_mass = total(x.M)
    gas_mass = 0.0
    leaving = 0.0
    for i in range(x.m.shape[0]):
        cake_mass += total(x.m[i])
        gas_mass += total(x.m_gas[i])
        leaving += x.m_gas[i, cells - 1]
    taken_up = 0.0
    for j in range(cells):
        T = T_REF + cake_excess(x, p, j)
        n_gas = gas_amount(x, p, j)
        rate = vapour_rate(x, p, j, G)
        per_mole = per_liquid_mole(x, p, j)
        for i in range(x.m.shape[0]):
            if p.volatile[i] > 0.0:
                taken_up += evaporated(x, p, i, j, rate, per_mole, n_gas, T)
    out.m[0] = cake_mass
    out.m[1] = gas_mass
    out.m_flow[0] = u.cake.m_flow_crystals + total(u.cake.m_flow)
    out.m_flow[1] = u.valve.value / p.tau * cake_mass
    out.m_flow[2] = G
    out.m_flow[3] = taken_up
    out.m_flow[4] = gas_rate(x, p, cells - 1) * leaving
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: gas and cake of a cell of 12."""
    gas = p.P * p.V_pores / (12.0 * R_GAS * 300.0) * 0.03
    cake = p.V_pores / p.epsilon / 12.0 * 1000.0
    return {"m_gas": 0.1 * gas, "H_gas": 1e4 * gas, "m": 0.01 * cake, "M": cake, "H": 1e4 * cake}


def initial_state(initial: Initial, p: Params) -> State:
    """Gas at rest in the pores; a cake of even thickness, wet as given, or none."""
    T, w_gas = np.asarray(initial.T, dtype=float), np.asarray(initial.w_gas)
    n = len(T)
    moles = p.P * p.V_pores / (n * R_GAS * T)
    gas = np.outer(w_gas / float(np.sum(w_gas / p.molar_mass)), moles)
    crystals_here = np.full(n, initial.M / n)
    m = np.outer(np.asarray(initial.w), crystals_here * np.asarray(initial.moisture))
    H = (p.cp @ m + crystals_here * p.cp_solid[p.crystal]) * (T - T_REF)
    return State(gas, (p.cp @ gas) * (T - T_REF), m, crystals_here, np.full(n, initial.A / n), H)
