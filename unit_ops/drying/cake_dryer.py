"""A belt dryer: hot gas blown through a moving cake, shared evenly along the belt.

Assumptions
- the cake moves through a row of mixed cells (donor cells: their number sets the axial dispersion);
- in each cell the gas passes a thin layer of uniform temperature and moisture, quasi-steadily: it
  leaves nearer to the layer by a factor exp(−NTU), in temperature and in each vapour pressure;
- volatile components evaporate (or condense) with ideal activity in the liquid, the dissolved solute
  left out of the mole fractions because it crystallizes as its solvent goes; the gas's molar flow is
  taken at the inlet;
- sensible heats are those of liquids; vapour in the gas is held with its latent heat, which is booked
  as a source where gas enters and leaves;
- the equilibrium moisture of the published falling-rate law stays in the cake;
- at discharge the cake cools to ambient (booked) and the solute still dissolved becomes solid;
- the gas passes a mixed plenum before the cake and a duct of mixed cells after it.

Balances: plenum (k_g = 1/τ_gas), belt cell j (k_b = v cells/length), duct cell j (k_d = cells/τ_duct)
    dm^gas_i/dt = ṁ_i,in − k_g m^gas_i,   dH^gas/dt = Ḣ_in − k_g H^gas
    dm_ij/dt = k_b (m_i,j−1 − m_ij) − e_ij,   dM_j/dt = k_b (M_j−1 − M_j),   dA_j/dt alike
    dH_j/dt = k_b (H_j−1 − H_j) + Q_j − Σ e_ij (cp_i (T_j − T_ref) + Δh_i)
    dm^duct_ij/dt = k_g m^gas_i/cells + e_ij + k_d (m^duct_i,j−1 − m^duct_ij),   H^duct alike
    Q_j = Ċ_gas (T_gas − T_j)(1 − exp(−NTU)),   e_ij = M_i ṅ_gas (x_i p_sat,i − p_i)/P (1 − exp(−NTU_i))

References: see laws.py; Mujumdar (ed.), Handbook of Industrial Drying, 4th ed., CRC 2014.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Range
from unit_ops.drying.bed import volatile_mass
from unit_ops.drying.laws import (
    evaporation_flow,
    falling_rate,
    transfer_units,
    vapour_pressure,
)
from unit_ops.separation.filter_parts import column_sum
from unit_ops.smooth import fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Powder, Signal, dot, enthalpy_flow, total

DIMS = {"cells": 20}

#: Content of the last belt cell, in heels, below which LOD, there a ratio of solver errors, fades to
#: 0: some 1e-2 of a covered cell's content by default. What flows and dries is untouched by it.
LOD_HEELS = 100.0


class State(NamedTuple):
    H_gas: Annotated[float, "J", "enthalpy of the gas plenum above the reference temperature", Nominal(1e3)]
    m_gas: Annotated[Array, "kg", "component masses in the gas plenum", ("fluids",), Nominal(1e-2)]
    m: Annotated[Array, "kg", "liquid component masses per belt cell", ("fluids", "cells"), Nominal(1e-3)]
    M: Annotated[Array, "kg", "crystal mass per belt cell", ("cells",), Nominal(1e-2)]
    A: Annotated[Array, "m^2", "crystal surface per belt cell", ("cells",)]
    H: Annotated[Array, "J", "enthalpy per belt cell", ("cells",), Nominal(100.0)]
    m_duct: Annotated[Array, "kg", "component masses per exhaust duct cell", ("fluids", "cells"), Nominal(1e-3)]
    H_duct: Annotated[Array, "J", "enthalpy per exhaust duct cell", ("cells",), Nominal(10.0)]


class Params(NamedTuple):
    width: Annotated[float, "m", "width of the belt", Range(1e-3, 10.0)]
    length: Annotated[float, "m", "length of the belt", Range(1e-2, 100.0)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
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
    heel: Annotated[float, "kg", "content below which a cell counts as bare", Range(1e-12, 1.0)] = 1e-6
    P: Annotated[float, "Pa", "pressure", Range(1e3, 1e7)] = 101325.0
    zeta: Annotated[float, "1", "height of a transfer unit over the crystal size", Range(1.0, 1e5)] = 199.78
    w_eq: Annotated[float, "1", "equilibrium moisture, wet basis", Range(0.0, 0.5)] = 5e-4
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    tau_gas: Annotated[float, "s", "residence time in the gas plenum", Range(1e-2, 1e4)] = 10.0
    tau_duct: Annotated[float, "s", "residence time along the exhaust duct", Range(1e-2, 1e4)] = 10.0
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    cake: Annotated[Cake, "wet cake"]
    gas: Annotated[Gas, "drying gas"]
    belt_speed: Annotated[Signal, "m/s", "speed of the belt"]


class Outlets(NamedTuple):
    product: Annotated[Powder, "dry powder"]
    exhaust: Annotated[Gas, "moist gas"]


class Quadratures(NamedTuple):
    latent: Annotated[float, "W", "latent heat of the vapour entering less leaving"]
    cooling: Annotated[float, "W", "cooling of the discharged powder to ambient, negative"]
    fluids: Annotated[Array, "kg/s", "solute that becomes solid, negative", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solute that becomes solid", ("solids",)]


class Measurements(NamedTuple):
    T_gas: Annotated[float, "K", "gas temperature before the cake"]
    T_cake: Annotated[
        float,
        "K",
        "cake temperature at the end of the belt",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile"),
    ]
    T_exhaust: Annotated[float, "K", "exhaust temperature"]
    LOD: Annotated[float, "1", "loss on drying: liquid over total mass"]


class Initial(NamedTuple):
    T: Annotated[float, "K", "temperature of gas and duct", Range(200.0, 500.0)]
    w_gas: Annotated[Array, "1", "mass fractions of the gas", ("fluids",), Fractions()]
    m_gas: Annotated[float, "kg", "gas in the plenum", Range(0.0, 100.0)] = 0.1
    M: Annotated[Array, "kg", "crystal mass per belt cell", ("cells",)] = 0.0  # type: ignore[assignment]
    A: Annotated[Array, "m^2", "crystal surface per belt cell", ("cells",)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass on the belt, and in plenum and duct", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("5",)]


#: Cake and gas as two stirred holdups.
FACES = (("cake", 0), (0, "product"), ("gas", 1), (0, 1), (1, "exhaust"))


@kernel
def excess_temperature(H, C, p):
    """T − T_REF of something of heat capacity C; falls to 0 for a bare cell."""
    return H * reciprocal(C, p.heel * p.cp_solid[p.crystal])


@kernel
def heat_capacity(x, j, p):
    return column_sum(x.m, p.cp, j) + x.M[j] * p.cp_solid[p.crystal]


@kernel
def cake_excess(x, j, p):
    return excess_temperature(x.H[j], heat_capacity(x, j, p), p)


@kernel
def dry_units(x, j, p):
    """Transfer units of the gas through the layer, for heat."""
    area = p.width * p.length / x.M.shape[0]
    return transfer_units(x.A[j], area, p.ka_kv, p.epsilon, p.zeta)


@kernel
def wet_units(x, j, p):
    """Transfer units for a vapour with the gas's molar mass at 1 bar."""
    liquid = volatile_mass(x.m, p, j)
    w = liquid * reciprocal(liquid + x.M[j], p.heel) - p.w_eq
    return dry_units(x, j, p) * falling_rate(w)


@kernel
def liquid_moles(x, j, p):
    """Amount of liquid without the solute."""
    n = 0.0
    for i in range(x.m.shape[0]):
        n += x.m[i, j] / p.molar_mass[i]
    return n - x.m[p.solute, j] / p.molar_mass[p.solute]


@kernel
def mole_reciprocal(x, j, p):
    return reciprocal(liquid_moles(x, j, p), 1e-2 * p.heel / p.molar_mass[p.solute])


@kernel
def gas_moles(x, p):
    """Molar flow of gas to each cell."""
    n = 0.0
    for i in range(x.m_gas.shape[0]):
        n += x.m_gas[i] / p.molar_mass[i]
    return n / (p.tau_gas * x.M.shape[0])


@kernel
def mean_gas_mass(x, p, n_gas):
    """Mean molar mass of the gas."""
    flow = total(x.m_gas) / (p.tau_gas * x.M.shape[0])
    return flow * reciprocal(n_gas, least_gas(p))


@kernel
def least_gas(p):
    """Molar flow of gas below which there is none to speak of."""
    return 1e-3 * p.heel / (p.molar_mass[p.solute] * p.tau_gas)


@kernel
def latent_heat(m, p):
    """Latent heat of vapour masses (or their flow)."""
    heat = 0.0
    for i in range(m.shape[0]):
        if p.volatile[i] > 0.0:
            heat += p.dH_vap[i] * m[i]
    return heat


@kernel
def evaporation(i, j, x, p, T, per_mole, units, n_gas, per_gas, mean_mass):
    """Mass flow of component i from cell j into its gas, at temperature T of the cake."""
    share = 1.0 / (p.tau_gas * x.M.shape[0])
    p_gas = p.P * share * x.m_gas[i] / p.molar_mass[i] * per_gas
    p_sat = vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    p_surface = x.m[i, j] / p.molar_mass[i] * per_mole * p_sat
    units_i = units * p.P / p.P_ref * mean_mass / p.molar_mass[i]
    return evaporation_flow(n_gas, p.molar_mass[i], p.P, p_surface, p_gas, units_i)


@kernel
def belt_rate(x, speed, p):
    """Fraction of a cell that the belt moves on per second."""
    return speed * x.M.shape[0] / p.length


@kernel
def T_gas(x, p):
    return T_REF + excess_temperature(x.H_gas, dot(x.m_gas, p.cp), p)


@kernel
def T_cake(x, p):
    return T_REF + cake_excess(x, x.M.shape[0] - 1, p)


@kernel
def T_exhaust(x, p):
    last = x.M.shape[0] - 1
    return T_REF + excess_temperature(x.H_duct[last], column_sum(x.m_duct, p.cp, last), p)


@kernel
def LOD(x, p):
    last = x.M.shape[0] - 1
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += x.m[i, last]
    dissolved = x.m[p.solute, last]
    return (liquid - dissolved) * fading_reciprocal(liquid + x.M[last], LOD_HEELS * p.heel)


@kernel
def product(x, belt_speed, p, out):
    last = x.M.shape[0] - 1
    k = belt_rate(x, belt_speed.value, p)
    for i in range(x.m.shape[0]):
        out.m_flow_liquid[i] = k * x.m[i, last]
    out.m_flow_liquid[p.solute] = 0.0
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = 0.0
    out.m_flow[p.crystal] = k * (x.M[last] + x.m[p.solute, last])
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def exhaust(x, p, out):
    cells = x.M.shape[0]
    k = cells / p.tau_duct
    for i in range(x.m_duct.shape[0]):
        out.m_flow[i] = k * x.m_duct[i, cells - 1]
    return Gas(T_exhaust(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    cells = x.M.shape[0]
    k_g = 1.0 / p.tau_gas
    k_b = belt_rate(x, u.belt_speed.value, p)
    k_d = cells / p.tau_duct
    C_gas = dot(x.m_gas, p.cp) * k_g
    dT_gas = excess_temperature(x.H_gas, dot(x.m_gas, p.cp), p)
    for i in range(x.m_gas.shape[0]):
        dx.m_gas[i] = u.gas.m_flow[i] - k_g * x.m_gas[i]
    dH_gas = enthalpy_flow(u.gas.T, u.gas.m_flow, p.cp) - C_gas * dT_gas

    n_gas = gas_moles(x, p)
    per_gas = reciprocal(n_gas, least_gas(p))
    mean_mass = mean_gas_mass(x, p, n_gas)
    M_in = u.cake.m_flow_crystals
    A_in = u.cake.A_flow
    cp_crystal = p.cp_solid[p.crystal]
    H_in = enthalpy_flow(u.cake.T, u.cake.m_flow, p.cp) + M_in * cp_crystal * (u.cake.T - T_REF)
    H_duct_in = 0.0
    for j in range(cells):
        C = heat_capacity(x, j, p)
        dT = excess_temperature(x.H[j], C, p)
        per_mole = mole_reciprocal(x, j, p)
        units = wet_units(x, j, p)
        heating = C_gas / cells * (dT_gas - dT) * (1.0 - math.exp(-dry_units(x, j, p)))
        latent = 0.0
        vapour = 0.0
        for i in range(x.m.shape[0]):
            moved_in = u.cake.m_flow[i] if j == 0 else k_b * x.m[i, j - 1]
            duct_in = 0.0 if j == 0 else k_d * x.m_duct[i, j - 1]
            e = 0.0
            if p.volatile[i] > 0.0:
                e = evaporation(i, j, x, p, T_REF + dT, per_mole, units, n_gas, per_gas, mean_mass)
            latent += e * p.dH_vap[i]
            vapour += e * p.cp[i] * dT
            dx.m[i, j] = moved_in - k_b * x.m[i, j] - e
            dx.m_duct[i, j] = duct_in + k_g * x.m_gas[i] / cells + e - k_d * x.m_duct[i, j]
        M_out = k_b * x.M[j]
        A_out = k_b * x.A[j]
        H_out = k_b * C * dT
        C_duct = column_sum(x.m_duct, p.cp, j)
        H_duct_out = k_d * C_duct * excess_temperature(x.H_duct[j], C_duct, p)
        dx.M[j] = M_in - M_out
        dx.A[j] = A_in - A_out
        dx.H[j] = H_in - H_out + heating - vapour - latent
        dx.H_duct[j] = H_duct_in - H_duct_out + C_gas / cells * dT_gas - heating + vapour
        M_in = M_out
        A_in = A_out
        H_in = H_out
        H_duct_in = H_duct_out
    return State(dH_gas, dx.m_gas, dx.m, dx.M, dx.A, dx.H, dx.m_duct, dx.H_duct)


@kernel
def quadratures(x, u, p, out):
    last = x.M.shape[0] - 1
    latent = latent_heat(u.gas.m_flow, p)
    for i in range(x.m.shape[0]):
        if p.volatile[i] > 0.0:
            latent -= p.dH_vap[i] * x.m_duct[i, last] * (last + 1.0) / p.tau_duct
    k = belt_rate(x, u.belt_speed.value, p)
    for i in range(out.fluids.shape[0]):
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    dried = k * x.m[p.solute, last]
    out.fluids[p.solute] = -dried
    out.solids[p.crystal] = dried
    cooling = -k * heat_capacity(x, last, p) * cake_excess(x, last, p)
    return Quadratures(latent, cooling, out.fluids, out.solids)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m_gas[i] + total(x.m[i]) + total(x.m_duct[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = total(x.M)
    vapour = latent_heat(x.m_gas, p)
    for i in range(x.m.shape[0]):
        if p.volatile[i] > 0.0:
            vapour += p.dH_vap[i] * total(x.m_duct[i])
    return Holdup(x.H_gas + total(x.H) + total(x.H_duct) + vapour, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    cells = x.M.shape[0]
    n_gas = gas_moles(x, p)
    per_gas = reciprocal(n_gas, least_gas(p))
    mean_mass = mean_gas_mass(x, p, n_gas)
    belt = total(x.M)
    gas = total(x.m_gas)
    leaving = x.M[cells - 1]
    leaving_gas = 0.0
    for i in range(x.m.shape[0]):
        belt += total(x.m[i])
        gas += total(x.m_duct[i])
        leaving += x.m[i, cells - 1]
        leaving_gas += x.m_duct[i, cells - 1]
    evaporated = 0.0
    for j in range(cells):
        T = T_REF + cake_excess(x, j, p)
        per_mole = mole_reciprocal(x, j, p)
        units = wet_units(x, j, p)
        for i in range(x.m.shape[0]):
            if p.volatile[i] > 0.0:
                evaporated += evaporation(i, j, x, p, T, per_mole, units, n_gas, per_gas, mean_mass)
    out.m[0] = belt
    out.m[1] = gas
    out.m_flow[0] = u.cake.m_flow_crystals + total(u.cake.m_flow)
    out.m_flow[1] = belt_rate(x, u.belt_speed.value, p) * leaving
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = evaporated
    out.m_flow[4] = cells / p.tau_duct * leaving_gas
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Gas in plenum and duct; the belt bare, or with dry cake at the reference temperature."""
    M, w = np.array(initial.M, dtype=float), np.asarray(initial.w_gas)
    duct = np.outer(w, np.full(len(M), initial.m_gas * p.tau_duct / p.tau_gas / len(M) ** 2))
    duct *= np.arange(1, len(M) + 1)  # what steady flow of the plenum's gas leaves along the duct
    excess = initial.T - T_REF
    return State(
        H_gas=float(initial.m_gas * w @ p.cp) * excess,
        m_gas=initial.m_gas * w,
        m=np.zeros((len(w), len(M))),
        M=M,
        A=np.array(initial.A, dtype=float),
        H=np.zeros(len(M)),
        m_duct=duct,
        H_duct=(p.cp @ duct) * excess,
    )
