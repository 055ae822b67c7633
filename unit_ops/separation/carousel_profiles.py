"""A filter carousel resolved along its cakes: stations that filter, drain and dry, and turn.

The coarse stand-in is `carousel.py`, one layer a port. `rotate` moves every cake on by one station, charges
the first from the slurry trough and drops the last into the discharge chamber; `clean` washes the meshes.

Assumptions
- every cake has as many nodes, `cells` over `stations` (what is over is left out);
- a stirred trough from which each turn takes one charge, or what there is; no overflow: a guard says so;
- the cake's pores are full from the charge on, liquid that stands on it runs through them, crystals settle
  with it (their resistance grows as filtrate runs), gas follows when none stands any more;
- drainage of each node as in `deliquoring.py`; the mesh, which belongs to the station, takes its share of the
  pressure difference, and each turn with a cake on it adds a resistance;
- the last station is the dryer: gas passes its nodes one after another, with published transfer coefficients
  (those of the cake dryer); one component evaporates, ideal activity, dissolved solute left out of the mole fractions;
- the gas comes through a pipe that loses heat and lags; its holdup in the pores is left out of the balances;
- filtrate runs to one stirred receiver; no heat is lost elsewhere.

`scheme: published` follows the published program to its quirks (carousel_laws.py): the whole pressure difference
acts along the cake, on its grid; viscosity at 298 K below the standing liquid; no drainage in the dryer;
evaporation without the vapour's sensible heat in the gas, and never back; the inlet pipe starts anew with
every cake. Masses close all the same; energy is only reported: what leaves follows from what was exchanged.

Balances: station j, node n from the top; Q_n volume flow into node n, V_n its liquid, pond m_p
    dm_p/dt = [washed] ṁ_wash − q m_p/V_p,   dD/dt = q (M − D)/V_p,   q = a Δp/(μ (α D/a + R)) (V_p > 0)
    dm_in/dt = F_i,n − F_i,n+1 − [dryer, volatile] e_n,   F = Q⁺ c_above − Q⁻ c_below,   dH_n/dt alike + heat
    Q_0 = q,   Q_n = q [V_p > 0] + drainage [V_p = 0]
    e_n = G L_n/(ζ d P_ref) f(w_n) (x p_sat − y P),   heat_n = G cp L_n/(ζ d) (T_gas,n − T_n)
    ρ V_gas cp dT_gas/dt = G cp (T_gas,n−1 − T_gas,n) − heat_n,   ρ V_gas dw/dt = G (w_n−1 − w_n) + e_n (1 − w_n)
    dT_inlet/dt = (T_feed − (a + b u)(T_feed − T_room) − T_inlet)/τ_inlet
    trough, receiver, discharge chamber, rotate as in `carousel.py`

References: Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809;
Wakeman & Tarleton, Filtration, Elsevier 1999; cake_laws.py, filtration.py, carousel_laws.py.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.joining import joined
from unit_ops.separation.carousel_dryer import (
    R_PUBLISHED,
    gas_cp,
    gas_molar_mass,
    gas_pressure,
    given,
    heat_given,
    inlet_lag,
    taken_up,
    uptake,
    uptake_heat,
)
from unit_ops.separation.carousel_laws import cp_air_slope
from unit_ops.separation.carousel_nodes import (
    Scheme,
    cell,
    conductance,
    excess_temperature,
    face_flow,
    film_volume,
    height,
    least_cake,
    node_excess,
    node_pores,
    node_volume,
    nodes_of,
    part_of,
    pond_excess,
    pond_rate,
    pond_volume,
)
from unit_ops.separation.carousel_wheel import (
    FACES,
    CarouselParams,
    R_first,
    Transport,
    cake_height,
    check_params,
    short_of_slurry,
    trough_full,
)
from unit_ops.separation.filter_parts import V, crystal_mass, crystal_surface, trough_liquid
from unit_ops.smooth import positive_part, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total

__all__ = [
    "FACES", "R_first", "V", "cake_height", "check_params", "crystal_mass", "crystal_surface", "given",
    "short_of_slurry", "trough_full", "uptake", "uptake_heat",
]  # fmt: skip

DIMS = {"stations": 4, "cells": 40}
#: Along the cake gas passes node after node, and liquid what is above: many nodes are near.
DENSE = ("cells",)

GAS_LEAST: Annotated[float, "W/K", "heat capacity flow of a gas that stands still"] = 1e-9
PRESSURE_SCALE: Annotated[float, "Pa", "scale of pressure differences"] = 1e4


class State(NamedTuple):
    H_trough: Annotated[float, "J", "enthalpy of the trough above the reference temperature", Nominal(1e4)]
    H_receiver: Annotated[float, "J", "enthalpy of the receiver above the reference temperature", Nominal(10.0)]
    T_inlet: Annotated[float, "K", "temperature of the gas above the cake in the dryer", Nominal(300.0)]
    M_last: Annotated[float, "kg", "crystals in the discharge chamber", Nominal(1e-3)]
    A_last: Annotated[float, "m^2", "crystal surface in the discharge chamber"]
    H_last: Annotated[float, "J", "enthalpy of the discharge chamber", Nominal(10.0)]
    w_dropped: Annotated[float, "1", "liquid content of the last cake that was dropped", Nominal(0.01)]
    m_trough: Annotated[Array, "kg", "liquid component masses in the trough", ("fluids",), Nominal(0.1)]
    crystals: Annotated[Array, "kg", "crystal mass per size class in the trough", ("bins",), Nominal(1e-3)]
    m_last: Annotated[Array, "kg", "liquid component masses in the discharge chamber", ("fluids",), Nominal(1e-3)]
    m_receiver: Annotated[Array, "kg", "component masses in the receiver", ("fluids",), Nominal(1e-3)]
    M: Annotated[Array, "kg", "crystal mass per station", ("stations",), Nominal(1e-3)]
    D: Annotated[Array, "kg", "deposited crystal mass per station", ("stations",), Nominal(1e-3)]
    A: Annotated[Array, "m^2", "crystal surface per station", ("stations",)]
    R_mesh: Annotated[Array, "1/m", "resistance of the mesh of each station", ("stations",), Nominal(1e9)]
    m_pond: Annotated[
        Array, "kg", "masses of the liquid that stands on the cake", ("fluids", "stations"), Nominal(1e-3)
    ]
    H_pond: Annotated[Array, "J", "enthalpy of the liquid that stands on the cake", ("stations",), Nominal(10.0)]
    m: Annotated[Array, "kg", "liquid component masses in the cake", ("fluids", "cells"), Nominal(1e-4)]
    H: Annotated[Array, "J", "enthalpy of the cake", ("cells",), Nominal(1.0)]
    T_gas: Annotated[Array, "K", "temperature of the gas in the dryer", ("cells",), Nominal(300.0)]
    w_gas: Annotated[Array, "1", "mass fraction of vapour in the gas in the dryer", ("cells",), Nominal(0.01)]


class OwnParams(NamedTuple):
    P_b: Annotated[float, "Pa", "threshold pressure at the reference size", Range(1.0, 1e7)]
    volatile: Annotated[int, "1", "the component that evaporates", Index("fluids")]
    carrier: Annotated[int, "1", "the drying gas", Index("fluids")]
    psat_E: Annotated[float, "1/K^2", "vapour pressure: coefficient of T²", Range(-1e-2, 1e-2)] = 0.0
    lam: Annotated[float, "1", "pore size index λ", Range(0.2, 50.0)] = 5.0
    inlet_loss: Annotated[float, "1", "heat loss of the inlet pipe over the gas's excess", Range(0.0, 1.0)] = 0.0
    loss_u: Annotated[float, "s/m", "its change with the gas velocity", Range(-10.0, 10.0)] = 0.0
    T_room: Annotated[float, "K", "temperature around the inlet pipe", Range(200.0, 400.0)] = 295.0
    tau_inlet: Annotated[float, "s", "lag of the inlet pipe", Range(1e-2, 1e4)] = 68.885
    charged: Annotated[
        float, "1", "part of the charge that a turn takes: 0 lets the stations run empty", Range(0.0, 1.0)
    ] = 1.0
    film: Annotated[float, "m", "liquid film that counts as standing", Range(1e-13, 1e-2)] = 1e-6
    washed: Annotated[int, "1", "station that is washed, from 0", Range(0.0, 100.0)] = 1
    limiter_eps: Annotated[float, "1", "steps of saturation below this are free", Range(1e-9, 1.0)] = 1e-4
    scheme: Annotated[Scheme, "1", "how drainage and drying are followed"] = Scheme.PHYSICAL


Params = joined(__name__, CarouselParams, OwnParams)


class Inlets(NamedTuple):
    slurry: Annotated[Slurry, "slurry, to the trough", Optional()]
    wash: Annotated[Solution, "wash liquid", Optional()]
    gas: Annotated[Gas, "drying gas", Optional()]
    vacuum: Annotated[Signal, "1", "opening of the vacuum: 1 open, 0 shut"]


class Outlets(NamedTuple):
    cake: Annotated[Cake, "cakes from the discharge chamber"]
    filtrate: Annotated[Solution, "mother liquor and wash"]
    exhaust: Annotated[Gas, "moist gas"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystals in the trough", ("bins",)]
    crystal_surface: Annotated[float, "m^2", "surface of the crystals in the trough", ("bins",)]
    uptake: Annotated[float, "1", "vapour taken up in the dryer over the gas", ("cells",)]
    uptake_heat: Annotated[float, "J/kg", "sensible heat that the vapour takes along, over the gas", ("cells",)]
    given: Annotated[float, "J/kg", "heat that the gas gives in the dryer, over the gas", ("cells",)]


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume in the trough"]
    T: Annotated[float, "K", "temperature of the trough", Fitted("viscosity", "mu_T_low", "mu_T_high")]
    concentration: Annotated[float, "kg/m^3", "crystals in the slurry"]
    cake_height: Annotated[float, "m", "height of the cake in the first station"]
    saturation_first: Annotated[float, "1", "mean saturation of the cake in the first station"]
    saturation: Annotated[float, "1", "mean saturation of the cake before the dryer"]
    saturation_second: Annotated[float, "1", "mean saturation of the cake in the second station"]
    liquid_content: Annotated[float, "1", "mean mass fraction of liquid along the cake in the dryer"]
    LOD: Annotated[float, "1", "mass fraction of liquid in the last cake that was dropped"]
    T_cake: Annotated[
        float,
        "K",
        "temperature of the lowest node of the cake in the dryer",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high"),
    ]
    T_gas_out: Annotated[float, "K", "temperature of the gas below the cake in the dryer"]
    T_gas_in: Annotated[float, "K", "temperature of the gas above the cake in the dryer"]
    R_first: Annotated[float, "1/m", "resistance of the mesh of the first station"]


class Quadratures(NamedTuple):
    latent: Annotated[float, "W", "latent heat of what evaporates, negative"]
    pipe: Annotated[float, "W", "heat that the gas gives to its inlet pipe, negative"]


class Impulses(NamedTuple):
    rotate: Annotated[float, "", "every cake moves on by one station, the first is charged"]
    clean: Annotated[float, "", "the meshes are clean again"]


class Guards(NamedTuple):
    short_of_slurry: Annotated[float, "m^3", "slurry in the trough beyond one charge"]
    trough_full: Annotated[float, "m^3", "slurry beyond the trough's volume"]
    ponded: Annotated[float, "m^3", "liquid standing in the first station, beyond a film"]
    wet: Annotated[float, "1", "liquid content of the cake in the dryer beyond the target"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "liquid volume in the trough", Range(1e-9, 100.0)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid in the trough", ("fluids",), Fractions()]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",)] = 0.0  # type: ignore[assignment]
    M: Annotated[Array, "kg", "dry cake per station, of the reference size", ("stations",)] = 0.0  # type: ignore[assignment]
    T_gas: Annotated[Array, "K", "temperature of the gas in the dryer", ("cells",), Range(200.0, 500.0)] = 298.15  # type: ignore[assignment]


@kernel
def T(x, a, p):
    C = dot(x.m_trough, p.cp) + a.crystal_mass * p.cp_solid[p.crystal]
    return T_REF + excess_temperature(x.H_trough, C, p)


@kernel
def concentration(x, a, p):
    return a.crystal_mass * reciprocal(V(x, a, p), 1e-3 * p.V_charge)


@kernel
def mean_saturation(x, j, p):
    volume = 0.0
    for n in range(nodes_of(x)):
        volume += node_volume(x, j, n, p)
    return volume / (node_pores(x, j, p) * nodes_of(x))


@kernel
def saturation_first(x, p):
    first = 0
    return mean_saturation(x, first, p)


@kernel
def saturation_second(x, p):
    second = 1
    return mean_saturation(x, second, p)


@kernel
def saturation(x, p):
    return mean_saturation(x, x.M.shape[0] - 2, p)


@kernel
def liquid_content(x, p):
    j = x.M.shape[0] - 1
    nodes = nodes_of(x)
    content = 0.0
    for n in range(nodes):
        liquid = 0.0
        for i in range(x.m.shape[0]):
            liquid += x.m[i, cell(x, j, n)]
        content += liquid * reciprocal(liquid + x.M[j] / nodes, least_cake(p) / nodes) / nodes
    return content


@kernel
def LOD(x):
    return x.w_dropped


@kernel
def T_cake(x, p):
    return T_REF + node_excess(x, x.M.shape[0] - 1, nodes_of(x) - 1, p)


@kernel
def T_gas_out(x):
    return x.T_gas[x.M.shape[0] * nodes_of(x) - 1]


@kernel
def T_gas_in(x):
    return x.T_inlet


@kernel
def ponded(x, p):
    return pond_volume(x, 0, p) - film_volume(p)


@kernel
def wet(x, p):
    return liquid_content(x, p) - p.w_target


@kernel
def last_excess(x, p):
    return excess_temperature(x.H_last, dot(x.m_last, p.cp) + x.M_last * p.cp_solid[p.crystal], p)


@kernel
def cake(x, p, out):
    k = 1.0 / p.tau_discharge
    for i in range(x.m_last.shape[0]):
        out.m_flow[i] = k * x.m_last[i]
    return Cake(T_REF + last_excess(x, p), k * x.M_last, k * x.A_last, out.m_flow)


@kernel
def receiver_excess(x, p):
    return excess_temperature(x.H_receiver, dot(x.m_receiver, p.cp), p)


@kernel
def filtrate(x, p, out):
    for i in range(x.m_receiver.shape[0]):
        out.m_flow[i] = x.m_receiver[i] / p.tau_receiver
    return Solution(T_REF + receiver_excess(x, p), out.m_flow)


@kernel
def exhaust(x, a, gas, p, out):
    """What the gas exchanged with the dryer, whatever is on its way through the pores."""
    G = total(gas.m_flow)
    heat = dot(gas.m_flow, p.cp) * (x.T_inlet - T_REF) + G * (a.uptake_heat - a.given)
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = gas.m_flow[i]
    out.m_flow[p.volatile] += G * a.uptake
    return Gas(T_REF + heat * reciprocal(dot(out.m_flow, p.cp), GAS_LEAST), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    stations = x.M.shape[0]
    nodes = nodes_of(x)
    fluids = x.m.shape[0]
    cp_crystal = p.cp_solid[p.crystal]
    k_d = 1.0 / p.tau_discharge
    # trough, discharge chamber, and receiver as it empties
    for b in range(x.crystals.shape[0]):
        dx.crystals[b] = u.slurry.m_flow_crystals[b]
    dH_trough = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    dH_trough += u.slurry.m_flow_solid * cp_crystal * (u.slurry.T - T_REF)
    dH_receiver = -dot(x.m_receiver, p.cp) * receiver_excess(x, p) / p.tau_receiver
    dH_last = -k_d * (dot(x.m_last, p.cp) + x.M_last * cp_crystal) * last_excess(x, p)
    for i in range(fluids):
        dx.m_trough[i] = u.slurry.m_flow[i]
        dx.m_last[i] = -k_d * x.m_last[i]
        dx.m_receiver[i] = -x.m_receiver[i] / p.tau_receiver
    # cakes
    for j in range(stations):
        dx.M[j] = 0.0
        dx.A[j] = 0.0
        dx.R_mesh[j] = 0.0
        part = pond_rate(x, j, u.vacuum.value, p)
        q = part * pond_volume(x, j, p)
        dx.D[j] = part * (x.M[j] - x.D[j])
        heat = 0.0
        for i in range(fluids):
            dx.m_pond[i, j] = -part * x.m_pond[i, j]
            dx.m[i, cell(x, j, 0)] = part * x.m_pond[i, j]
            heat += part * x.m_pond[i, j] * p.cp[i]
        heat *= pond_excess(x, j, p)
        dx.H_pond[j] = -heat
        dx.H[cell(x, j, 0)] = heat
        if j == p.washed:
            dx.H_pond[j] += enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
            for i in range(fluids):
                dx.m_pond[i, j] += u.wash.m_flow[i]
        for n in range(1, nodes + 1):
            Q = 0.0 * q
            if x.M[j] > least_cake(p):
                Q = face_flow(x, j, n, q, u.vacuum.value, p)
            heel = 1e-3 * node_pores(x, j, p)
            width = 1e-9 * conductance(x, j, n - 1, p) * (p.P_b + PRESSURE_SCALE) / height(x, j, p)
            down = part_of(Q, node_volume(x, j, n - 1, p), heel)
            up = 0.0 * down
            if n < nodes:
                down = part_of(positive_part(Q, width), node_volume(x, j, n - 1, p), heel)
                up = part_of(positive_part(-Q, width), node_volume(x, j, n, p), heel)
            C_down = 0.0
            C_up = 0.0
            for i in range(fluids):
                flow = down * x.m[i, cell(x, j, n - 1)]
                C_down += flow * p.cp[i]
                if n < nodes:
                    back = up * x.m[i, cell(x, j, n)]
                    C_up += back * p.cp[i]
                    flow -= back
                    dx.m[i, cell(x, j, n)] = flow
                else:
                    dx.m_receiver[i] += flow
                dx.m[i, cell(x, j, n - 1)] -= flow
            heat = C_down * node_excess(x, j, n - 1, p)
            if n < nodes:
                heat -= C_up * node_excess(x, j, n, p)
                dx.H[cell(x, j, n)] = heat
            else:
                dH_receiver += heat
            dx.H[cell(x, j, n - 1)] -= heat
    # dryer
    for c in range(x.H.shape[0]):
        dx.T_gas[c] = 0.0
        dx.w_gas[c] = 0.0
    j = stations - 1
    v = p.volatile
    G = total(u.gas.m_flow)
    T_before = x.T_inlet
    w_before = u.gas.m_flow[v] * reciprocal(G, GAS_LEAST / p.cp[p.carrier])
    for n in range(nodes):
        e = G * taken_up(x, n, p)
        heat = G * heat_given(x, n, p)
        dx.m[v, cell(x, j, n)] -= e
        dx.H[cell(x, j, n)] += heat - e * (p.cp[v] * node_excess(x, j, n, p) + p.dH_vap[v])
        T_here = x.T_gas[cell(x, x.M.shape[0] - 1, n)]
        w_here = x.w_gas[cell(x, x.M.shape[0] - 1, n)]
        cp_gas = gas_cp(T_here, w_here, p)
        room = max(node_pores(x, j, p) - node_volume(x, j, n, p), 1e-2 * node_pores(x, j, p))
        mass = gas_pressure(x, n, p) / (R_PUBLISHED * T_here) * gas_molar_mass(w_here, p) * room
        through = G
        held = mass * cp_gas
        if p.scheme == Scheme.PUBLISHED:
            through = G * gas_molar_mass(w_here, p) / p.molar_mass[p.carrier]
            held = mass * (cp_gas + T_here * cp_air_slope(T_here))
        dx.T_gas[cell(x, x.M.shape[0] - 1, n)] = (through * cp_gas * (T_before - T_here) - heat) / held
        dx.w_gas[cell(x, x.M.shape[0] - 1, n)] = (through * (w_before - w_here) + e * (1.0 - w_here)) / mass
        T_before = T_here
        w_before = w_here
    return State(
        dH_trough, dH_receiver, inlet_lag(x, u.gas, p), -k_d * x.M_last, -k_d * x.A_last, dH_last, 0.0,
        dx.m_trough, dx.crystals, dx.m_last, dx.m_receiver, dx.M, dx.D, dx.A, dx.R_mesh, dx.m_pond, dx.H_pond, dx.m,
        dx.H, dx.T_gas, dx.w_gas,
    )  # fmt: skip


@kernel
def quadratures(x, a, gas, p):
    G = total(gas.m_flow)
    pipe = dot(gas.m_flow, p.cp) * (x.T_inlet - gas.T)
    return Quadratures(-G * a.uptake * p.dH_vap[p.volatile], pipe)


@kernel
def rotate(x, a, p, new):
    last = x.M.shape[0] - 1
    nodes = nodes_of(x)
    part = p.charged * p.V_charge / max(V(x, a, p), p.V_charge)
    M_new = part * a.crystal_mass
    # the cake of the dryer falls into the discharge chamber
    H_last = x.H_last + x.H_pond[last]
    liquid = 0.0
    for n in range(nodes):
        H_last += x.H[cell(x, last, n)]
    for i in range(x.m.shape[0]):
        dropped = x.m_pond[i, last]
        for n in range(nodes):
            dropped += x.m[i, cell(x, last, n)]
        new.m_last[i] = x.m_last[i] + dropped
        liquid += dropped
    w_dropped = x.w_dropped
    if x.M[last] > least_cake(p):
        w_dropped = liquid / (liquid + x.M[last])
    # the others move on
    for j in range(1, last + 1):
        new.M[j] = x.M[j - 1]
        new.D[j] = x.D[j - 1]
        new.A[j] = x.A[j - 1]
        new.H_pond[j] = x.H_pond[j - 1]
        for i in range(x.m.shape[0]):
            new.m_pond[i, j] = x.m_pond[i, j - 1]
        for n in range(nodes):
            new.H[cell(x, j, n)] = x.H[cell(x, j - 1, n)]
            for i in range(x.m.shape[0]):
                new.m[i, cell(x, j, n)] = x.m[i, cell(x, j - 1, n)]
    # the first is charged: pores full, the rest of the liquid stands
    H_charge = part * x.H_trough
    C_liquid = dot(x.m_trough, p.cp) * part
    excess = excess_temperature(H_charge, C_liquid + M_new * p.cp_solid[p.crystal], p)
    volume = part * trough_liquid(x, p)
    pores = min(p.epsilon / (1.0 - p.epsilon) * M_new / p.rho_solid[p.crystal], volume)
    inside = pores * reciprocal(volume, film_volume(p))
    new.M[0] = M_new
    new.D[0] = 0.0
    new.A[0] = part * a.crystal_surface
    for i in range(x.m.shape[0]):
        charged = part * x.m_trough[i]
        new.m_trough[i] = x.m_trough[i] - charged
        new.m_pond[i, 0] = charged * (1.0 - inside)
        for n in range(nodes):
            new.m[i, n] = charged * inside / nodes
    in_pores = (inside * C_liquid + M_new * p.cp_solid[p.crystal]) * excess
    new.H_pond[0] = H_charge - in_pores
    for n in range(nodes):
        new.H[n] = in_pores / nodes
    for b in range(x.crystals.shape[0]):
        new.crystals[b] = (1.0 - part) * x.crystals[b]
    for j in range(last + 1):
        if x.M[j] > least_cake(p):
            new.R_mesh[j] = x.R_mesh[j] + p.fouling
    T_inlet = x.T_inlet
    if p.scheme == Scheme.PUBLISHED:
        T_inlet = T_REF + node_excess(x, last - 1, 0, p)
        for n in range(nodes):
            new.T_gas[cell(x, last, n)] = T_inlet
            new.w_gas[cell(x, last, n)] = 0.0
    return State(
        x.H_trough - H_charge, x.H_receiver, T_inlet, x.M_last + x.M[last], x.A_last + x.A[last], H_last,
        w_dropped, new.m_trough, new.crystals, new.m_last, new.m_receiver, new.M, new.D, new.A, new.R_mesh, new.m_pond,
        new.H_pond, new.m, new.H, new.T_gas, new.w_gas,
    )  # fmt: skip


@kernel
def clean(x, p, new):
    for j in range(x.M.shape[0]):
        new.R_mesh[j] = p.R_m
    return State(
        x.H_trough, x.H_receiver, x.T_inlet, x.M_last, x.A_last, x.H_last, x.w_dropped, new.m_trough, new.crystals,
        new.m_last, new.m_receiver, new.M, new.D, new.A, new.R_mesh, new.m_pond, new.H_pond, new.m, new.H, new.T_gas,
        new.w_gas,
    )  # fmt: skip


@kernel
def liquid_held(x, i):
    return x.m_trough[i] + x.m_last[i] + x.m_receiver[i] + total(x.m_pond[i]) + total(x.m[i])


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = liquid_held(x, i)
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = total(x.crystals) + total(x.M) + x.M_last
    H = x.H_trough + x.H_receiver + x.H_last + total(x.H_pond) + total(x.H)
    return Holdup(H, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = a.crystal_mass + total(x.M) + x.M_last
    for i in range(x.m.shape[0]):
        out.m[0] += liquid_held(x, i)
    G = total(u.gas.m_flow)
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = total(u.wash.m_flow)
    out.m_flow[2] = G
    out.m_flow[3] = (x.M_last + total(x.m_last)) / p.tau_discharge
    out.m_flow[4] = total(x.m_receiver) / p.tau_receiver
    out.m_flow[5] = G * (1.0 + a.uptake)
    return Transport(out.m, out.m_flow)


def nominals(p: Any) -> dict[str, float]:
    """Scales of the states: a full trough, and charges, with a tenth of crystals, in some ten nodes."""
    rho = float(np.mean(p.rho))
    trough, charge = p.V_trough * rho, p.V_charge * rho
    surface = 0.1 * charge * p.ka_kv / (float(p.rho_solid[p.crystal]) * p.L_ref)
    scales = {"H_trough": 1e4 * trough, "m_trough": 0.1 * trough, "crystals": 0.1 * trough / (len(p.L_edges) - 1)}
    scales |= dict.fromkeys(("M_last", "m_last", "m_receiver", "M", "D", "m_pond"), 0.1 * charge)
    scales |= dict.fromkeys(("H_receiver", "H_last", "H_pond"), 1e3 * charge)
    return scales | {"A_last": surface, "A": surface, "m": 1e-3 * charge, "H": 1e2 * charge}


def initial_state(initial: Initial, p: Any) -> State:
    """A trough of slurry; stations empty, or with dry cake; clean meshes; no filtrate yet."""
    w = np.asarray(initial.w)
    m = initial.V / float(np.sum(w / p.rho)) * w
    crystals = np.array(initial.crystals, dtype=float)
    M, T_gas = np.array(initial.M, dtype=float), np.array(initial.T_gas, dtype=float)
    cp_crystal = float(p.cp_solid[p.crystal])
    above = initial.T - T_REF
    fluids, stations, cells = len(w), len(M), len(T_gas)
    nodes = cells // stations
    heat = np.zeros(cells)
    heat[: stations * nodes] = np.repeat(M * cp_crystal * above / nodes, nodes)
    return State(
        H_trough=(float(m @ p.cp) + float(crystals.sum()) * cp_crystal) * above,
        H_receiver=0.0,
        T_inlet=float(T_gas[0]),
        M_last=0.0,
        A_last=0.0,
        H_last=0.0,
        w_dropped=0.0,
        m_trough=m,
        crystals=crystals,
        m_last=np.zeros(fluids),
        m_receiver=np.zeros(fluids),
        M=M,
        D=M.copy(),
        A=M * p.ka_kv / (float(p.rho_solid[p.crystal]) * p.L_ref),
        R_mesh=np.full(stations, p.R_m),
        m_pond=np.zeros((fluids, stations)),
        H_pond=np.zeros(stations),
        m=np.zeros((fluids, cells)),
        H=heat,
        T_gas=T_gas,
        w_gas=np.zeros(cells),
    )
