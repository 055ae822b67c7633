"""A continuous fluid-bed dryer: moist powder well mixed in hot gas, over a weir; or several such in a row.

One cell is a well-mixed bed; more cells in a row are a long bed with plug-like flow of solids, each with
its share of the gas. Powder leaves by what the bed holds, so the unit cuts a loop of solids; the gas
passes without holdup, so the exhaust asks for the gas.

Assumptions
- solids ideally mixed in each cell; what a cell holds above its share of the weir's mass passes on
  within τ; gas shared evenly, quasi-steady (see bed.py);
- rate falls linearly from the critical moisture to equilibrium, rounded at both ends by 2 %; ideal
  activity among volatile liquids; dissolved solutes stay and count as residual liquid;
- sensible heats are those of liquids; powder is handled at ambient temperature: its cooling at the
  outlet is booked; no heat loss; no fines carried over; no attrition.

Balances, cell j (k_j = (M_j − m_weir/n)⁺/(τ M_j), M_j all mass in the cell)
    dm_ij/dt = k_j−1 m_i,j−1 − k_j m_ij − e_ij        (solids alike, without e; feed into cell 1)
    dH_j/dt  = k_j−1 H_j−1 − k_j H_j + Q_j − Σ e_ij (cp_i (T_j − T_REF) + Δh_i)
    Q_j = Ċ (T_gas − T_j)(1 − exp(−N_j)),   N_j = α a M_solids,j/Ċ
    e_ij = M_i ṅ (x_i p_sat,i − p_i)/P (1 − exp(−N_j f(X_j))),   f = (X − X_eq)/(X_crit − X_eq) in 0…1

References: see bed.py and laws.py; Mujumdar (ed.), Handbook of Industrial Drying, 4th ed., CRC 2014
(ISBN 978-1-4665-9665-8).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Nominal, Range
from unit_ops.drying.bed import (
    bed_capacity,
    bed_evaporation,
    bed_excess,
    bed_units,
    check_params,
    column,
    gas_above,
    gas_capacity,
    gas_moles,
    heating,
    holdup,
    moisture,
    volatile_mass,
    volatile_moles,
    wet_units,
)
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Gas, Holdup, Powder, total

__all__ = ["Holdup", "check_params", "holdup"]

DIMS = {"cells": 1}


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses per cell", ("solids", "cells"), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "liquid component masses per cell", ("fluids", "cells"), Nominal(0.1)]
    H: Annotated[Array, "J", "enthalpy per cell above the reference temperature", ("cells",), Nominal(1e4)]


class Params(NamedTuple):
    m_weir: Annotated[float, "kg", "mass below the weir, all cells", Range(1e-6, 1e5)]
    X_crit: Annotated[float, "1", "critical moisture, dry basis", Range(1e-6, 5.0)]
    X_eq: Annotated[float, "1", "equilibrium moisture, dry basis", Range(0.0, 5.0)]
    X_limit: Annotated[float, "1", "moisture of a cell above which it is reported as too wet to move", Range(0.0, 5.0)]
    alpha_gas: Annotated[float, "W/(m^2 K)", "heat transfer coefficient from gas to particles", Range(0.0, 1e5)]
    surface: Annotated[float, "m^2/kg", "surface of the particles over the mass of their solids", Range(0.0, 1e5)]
    volatile: Annotated[Array, "1", "1 for components that evaporate, else 0", ("fluids",), Range(0.0, 1.0)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    P: Annotated[float, "Pa", "pressure", Range(1e3, 1e7)] = 101325.0
    tau: Annotated[float, "s", "time constant of the flow over the weir", Range(1e-2, 1e5)] = 10.0
    heel: Annotated[float, "kg", "mass below which a cell counts as bare", Range(1e-12, 1.0)] = 1e-6
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    material: Annotated[Powder, "moist powder"]
    gas: Annotated[Gas, "drying gas"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "dried powder"]
    exhaust: Annotated[Gas, "moist gas"]


class Measurements(NamedTuple):
    T_bed: Annotated[
        float, "K", "temperature of the last cell", Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile")
    ]
    X_out: Annotated[float, "1", "moisture of the product, dry basis"]
    LOD: Annotated[float, "1", "loss on drying: volatile liquid over total mass"]
    held: Annotated[float, "kg", "mass in the bed"]


class Quadratures(NamedTuple):
    evaporation: Annotated[float, "W", "latent heat taken up by the vapour, negative"]
    cooling: Annotated[float, "W", "cooling of the product to ambient, negative"]


class Guards(NamedTuple):
    overwet: Annotated[float, "1", "moisture of the first cell above the limit"]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of each cell", ("cells",), Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    m: Annotated[float, "kg", "mass of solids in the bed", Range(0.0, 1e5)] = 0.0
    w_liquid: Annotated[Array, "1", "mass fractions of liquid, of all", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in the bed", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("material", 0), (0, "product"), ("gas", 0), (0, "exhaust"))


@kernel
def cell_mass(x, j):
    return column(x.m_solids, j) + column(x.m_liquid, j)


@kernel
def passing_rate(x, p, j):
    """Part of cell j that passes on per second."""
    mass = cell_mass(x, j)
    share = p.m_weir / x.H.shape[0]
    return share * above_zero(mass / share - 1.0, 1e-2) * reciprocal(mass, p.heel) / p.tau


@kernel
def T_bed(x, p):
    last = x.H.shape[0] - 1
    return T_REF + bed_excess(x.H[last], bed_capacity(x.m_liquid, x.m_solids, p, last), p)


@kernel
def X_out(x, p):
    last = x.H.shape[0] - 1
    return volatile_mass(x.m_liquid, p, last) * fading_reciprocal(column(x.m_solids, last), 100.0 * p.heel)


@kernel
def LOD(x, p):
    last = x.H.shape[0] - 1
    return volatile_mass(x.m_liquid, p, last) * fading_reciprocal(cell_mass(x, last), 100.0 * p.heel)


@kernel
def held(x):
    mass = 0.0
    for j in range(x.H.shape[0]):
        mass += cell_mass(x, j)
    return mass


@kernel
def overwet(x, p):
    return moisture(x.m_liquid, x.m_solids, p, 0) - p.X_limit


@kernel
def product(x, p, out):
    last = x.H.shape[0] - 1
    k = passing_rate(x, p, last)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i, last]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i, last]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def exhaust(x, gas, p, out):
    return gas_above(x, gas, p, out)


@kernel
def derivatives(x, u, p, dx):
    cells = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, cells)
    n_gas = gas_moles(u.gas, p, cells)
    k_in = 0.0
    H_in = 0.0
    for j in range(cells):
        k = passing_rate(x, p, j)
        C = bed_capacity(x.m_liquid, x.m_solids, p, j)
        dT = bed_excess(x.H[j], C, p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(x.m_solids.shape[0]):
            m_in = u.material.m_flow[i] if j == 0 else k_in * x.m_solids[i, j - 1]
            dx.m_solids[i, j] = m_in - k * x.m_solids[i, j]
        taken = 0.0
        for i in range(x.m_liquid.shape[0]):
            m_in = u.material.m_flow_liquid[i] if j == 0 else k_in * x.m_liquid[i, j - 1]
            e = bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, cells)
            dx.m_liquid[i, j] = m_in - k * x.m_liquid[i, j] - e
            taken += e * (p.cp[i] * dT + p.dH_vap[i])
        H_out = k * C * dT
        heat = heating(C_gas, u.gas.T, dT, bed_units(x.m_solids, C_gas, p, j))
        dx.H[j] = H_in - H_out + heat - taken
        k_in = k
        H_in = H_out
    return State(dx.m_solids, dx.m_liquid, dx.H)


@kernel
def quadratures(x, u, p):
    cells = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, cells)
    n_gas = gas_moles(u.gas, p, cells)
    latent = 0.0
    cooling = 0.0
    for j in range(cells):
        C = bed_capacity(x.m_liquid, x.m_solids, p, j)
        dT = bed_excess(x.H[j], C, p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(x.m_liquid.shape[0]):
            e = bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, cells)
            latent -= e * p.dH_vap[i]
        if j == cells - 1:
            cooling = -passing_rate(x, p, j) * C * dT
    return Quadratures(latent, cooling)


@kernel
def transport(x, u, p, out):
    cells = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, cells)
    n_gas = gas_moles(u.gas, p, cells)
    out.m[0] = held(x)
    out.m_flow[0] = total(u.material.m_flow) + total(u.material.m_flow_liquid)
    out.m_flow[1] = passing_rate(x, p, cells - 1) * cell_mass(x, cells - 1)
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = out.m_flow[2]
    for j in range(cells):
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(x.m_liquid.shape[0]):
            out.m_flow[3] += bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, cells)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a bed filled to the weir, 10 K from the reference temperature."""
    return {"m_solids": p.m_weir, "m_liquid": 0.1 * p.m_weir, "H": 10.0 * p.m_weir * float(np.mean(p.cp_solid))}


def initial_state(initial: Initial, p: Params) -> State:
    """A bed of one composition, empty unless filled."""
    n = len(initial.T)
    share = initial.m / n
    solids = np.outer(share * np.asarray(initial.w), np.ones(n))
    wet = np.asarray(initial.w_liquid)
    liquid = np.outer(share * wet / (1.0 - float(np.sum(wet))), np.ones(n))
    H = (p.cp_solid @ solids + p.cp @ liquid) * (np.asarray(initial.T) - T_REF)
    return State(m_solids=solids, m_liquid=liquid, H=H)
