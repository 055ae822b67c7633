"""The last station of a carousel: gas that passes the nodes of a cake one after another and dries them.

Per kg of gas, so that what it gives and takes up can be summed before its flow is known; `x` is the State of
carousel_profiles.py, `p` its Params. Either scheme: transfer and heat capacities as physics has them, or with the
quirks of the published program (carousel_laws.py).

References: Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809.
"""

from __future__ import annotations

import math
from typing import Annotated

from twin.jit import kernel
from unit_ops.drying.laws import falling_rate, vapour_pressure
from unit_ops.separation.carousel_laws import cp_air, cp_ethanol, falling_rate_in_pieces
from unit_ops.separation.carousel_nodes import (
    Scheme,
    cell,
    coarseness,
    least_cake,
    node_excess,
    node_pores,
    nodes_of,
    resistance,
)
from unit_ops.smooth import reciprocal
from unit_ops.streams import T_REF, total

#: Published gas constant and reference state of the gas velocity.
R_PUBLISHED: Annotated[float, "J/(mol K)", "gas constant, rounded as published"] = 8.314
T_VELOCITY: Annotated[float, "K", "temperature of the gas velocity"] = 293.15
P_ROOM: Annotated[float, "Pa", "pressure below the meshes"] = 101325.0
T_TWICE: Annotated[float, "K", "what is added to a temperature that is absolute already"] = 273.15


@kernel
def gas_velocity(G, p):
    """Superficial velocity of the drying gas in its published reference state."""
    return G / p.molar_mass[p.carrier] * R_PUBLISHED * T_VELOCITY / (P_ROOM * p.area)


@kernel
def gas_pressure(x, n, p):
    """Pressure of the gas at a node of the dryer, falling to that of the room (published: by more)."""
    j = x.M.shape[0] - 1
    nodes = nodes_of(x)
    R = resistance(x, j, p) * x.M[j] / p.area
    along = p.dP * R / (R + x.R_mesh[j])
    if p.scheme == Scheme.PUBLISHED:
        return P_ROOM + p.dP - 0.5 * along / nodes - n * p.dP / (nodes - 1.0)
    return P_ROOM + p.dP - along * (n + 0.5) / nodes


@kernel
def gas_molar_mass(w, p):
    """Molar mass of moist gas: by mass fraction of vapour; published weights masses with it."""
    if p.scheme == Scheme.PUBLISHED:
        return w * p.molar_mass[p.volatile] + (1.0 - w) * p.molar_mass[p.carrier]
    return 1.0 / (w / p.molar_mass[p.volatile] + (1.0 - w) / p.molar_mass[p.carrier])


@kernel
def gas_cp(T, w, p):
    if p.scheme == Scheme.PUBLISHED:
        return (1.0 - w) * cp_air(T) + w * cp_ethanol(T)
    return (1.0 - w) * p.cp[p.carrier] + w * p.cp[p.volatile]


@kernel
def node_units(x, p):
    """Transfer units of heat in a node of the dryer."""
    j = x.M.shape[0] - 1
    per_size = coarseness(x, j, p) / p.L_ref
    return x.M[j] / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area) * per_size / (p.zeta * nodes_of(x))


@kernel
def taken_up(x, n, p):
    """Vapour that evaporates from a node of the dryer, over the gas that passes."""
    j = x.M.shape[0] - 1
    liquid = x.m[p.volatile, cell(x, j, n)]
    w = liquid * reciprocal(liquid + x.M[j] / nodes_of(x), least_cake(p) / nodes_of(x)) - p.w_eq
    T = T_REF + node_excess(x, j, n, p)
    p_sat = vapour_pressure(T, p.psat_A[p.volatile], p.psat_B[p.volatile], p.psat_C[p.volatile], p.psat_D[p.volatile])
    p_sat *= math.exp(p.psat_E * T * T)
    pressure = gas_pressure(x, n, p)
    partial = (
        x.w_gas[cell(x, x.M.shape[0] - 1, n)]
        / p.molar_mass[p.volatile]
        * gas_molar_mass(x.w_gas[cell(x, x.M.shape[0] - 1, n)], p)
        * pressure
    )
    if p.scheme == Scheme.PUBLISHED:
        per_gas = T_VELOCITY / x.T_inlet
        return node_units(x, p) * per_gas * falling_rate_in_pieces(w) * max(p_sat - partial, 0.0) / p.P_ref
    moles = 0.0
    for i in range(x.m.shape[0]):
        moles += x.m[i, cell(x, j, n)] / p.molar_mass[i]
    moles -= x.m[p.solute, cell(x, j, n)] / p.molar_mass[p.solute]
    heel = 1e-6 * node_pores(x, j, p) * p.rho[p.volatile] / p.molar_mass[p.volatile]
    share = liquid / p.molar_mass[p.volatile] * reciprocal(moles, heel)
    return node_units(x, p) * falling_rate(w) * (share * p_sat - partial) / p.P_ref


@kernel
def heat_given(x, n, p):
    """Heat that the gas gives to a node of the dryer, over the gas that passes."""
    dT = x.T_gas[cell(x, x.M.shape[0] - 1, n)] - T_REF - node_excess(x, x.M.shape[0] - 1, n, p)
    if p.scheme == Scheme.PUBLISHED:
        return node_units(x, p) * T_VELOCITY / x.T_inlet * cp_air(x.T_inlet + T_TWICE) * dT
    return (
        node_units(x, p) * gas_cp(x.T_gas[cell(x, x.M.shape[0] - 1, n)], x.w_gas[cell(x, x.M.shape[0] - 1, n)], p) * dT
    )


@kernel
def uptake(x, p, out):
    j = x.M.shape[0] - 1
    for c in range(j * nodes_of(x)):
        out[c] = 0.0
    for n in range(nodes_of(x)):
        out[cell(x, j, n)] = taken_up(x, n, p)


@kernel
def uptake_heat(x, p, out):
    j = x.M.shape[0] - 1
    for c in range(j * nodes_of(x)):
        out[c] = 0.0
    for n in range(nodes_of(x)):
        out[cell(x, j, n)] = taken_up(x, n, p) * p.cp[p.volatile] * node_excess(x, j, n, p)


@kernel
def given(x, p, out):
    j = x.M.shape[0] - 1
    for c in range(j * nodes_of(x)):
        out[c] = 0.0
    for n in range(nodes_of(x)):
        out[cell(x, j, n)] = heat_given(x, n, p)


@kernel
def inlet_lag(x, gas, p):
    """Rate of the gas temperature above the cake."""
    lost = p.inlet_loss + p.loss_u * gas_velocity(total(gas.m_flow), p)
    return (gas.T - lost * (gas.T - p.T_room) - x.T_inlet) / p.tau_inlet
