"""A segmented fluid-bed dryer: granules are filled into one segment after another, dried there, discharged.

A filling valve turns over the segments of a round dryer. Each is filled for one share of the turn,
fluidised all the time, and emptied through its own valve shortly before it is filled again. The turn is
a state, driven by the speed of the valve: so speed may change, or stop, and no event is needed. Both
valves open and close smoothly (the filling valve shares the feed among neighbours by exp(κ cos), which
adds up to one; at the default κ = 100 it changes over within about 4 % of a filling time and leaks
2e-22 to each neighbour in the middle). Product leaves by what the segments hold: the unit cuts a loop
of solids; the exhaust asks for the gas.

Assumptions
- each segment well mixed; gas shared evenly among all segments, also the empty one, and quasi-steady;
- moisture, composition and pores the same in all granules of a segment; size classes keep their place:
  neither attrition nor carry-over; one specific surface for all;
- the discharge valve empties a segment with a time constant while it is open, a part of one filling
  time, ending a tenth of a filling time before filling starts again: what is left, a part
  exp(−0.7 part t_fill/τ) or so, stays for the next batch;
- rate falls linearly from the critical moisture to equilibrium; granules are handled at ambient
  temperature: cooling at discharge is booked; no heat loss.

Balances, segment j of n (a_j share of the feed, k_j discharge), φ turns since the start
    dφ/dt = speed
    dm_ij/dt = a_j ṁ_i,in − k_j m_ij − e_ij     (solids, pores, classes alike, without e)
    dH_j/dt  = Q_j − Σ e_ij (cp_i (T_j − T_REF) + Δh_i) − k_j H_j
    a_j = exp(κ cos 2π(φ − (j + ½)/n))/Σ,   k_j = open(φ − (j − part/2 − 0.1)/n)/τ
    Q_j, e_ij as in fluid_bed.py

References: Mortier et al., Eur. J. Pharm. Biopharm. 79 (2011) 205, doi 10.1016/j.ejpb.2011.05.013
(drying of wet granules in fluidised beds, a review) and 80 (2012) 682; see bed.py and laws.py.
"""

from __future__ import annotations

import math
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
    volatile_mass,
    volatile_moles,
    wet_units,
)
from unit_ops.smooth import fading_reciprocal, step
from unit_ops.streams import T_REF, Gas, Granules, Holdup, Signal, total

__all__ = ["Holdup", "check_params", "holdup"]

DIMS = {"segments": 6}

#: Part of a filling time between the end of a segment's discharge and the start of its filling.
PAUSE = 0.1


class State(NamedTuple):
    turn: Annotated[float, "1", "turns of the filling valve since the start"]
    m_solids: Annotated[Array, "kg", "solid component masses per segment", ("solids", "segments"), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "liquid component masses per segment", ("fluids", "segments"), Nominal(0.1)]
    H: Annotated[Array, "J", "enthalpy per segment above the reference temperature", ("segments",), Nominal(1e4)]
    V_solid: Annotated[Array, "m^3", "volume of the solids per segment", ("segments",), Nominal(1e-3)]
    V_pores: Annotated[Array, "m^3", "volume of the pores per segment", ("segments",), Nominal(1e-4)]
    V_classes: Annotated[Array, "m^3", "solids by size class and segment", ("bins", "segments"), Nominal(1e-4)]


class Params(NamedTuple):
    X_crit: Annotated[float, "1", "critical moisture, dry basis", Range(1e-6, 5.0)]
    X_eq: Annotated[float, "1", "equilibrium moisture, dry basis", Range(0.0, 5.0)]
    alpha_gas: Annotated[float, "W/(m^2 K)", "heat transfer coefficient from gas to granules", Range(0.0, 1e5)]
    surface: Annotated[float, "m^2/kg", "surface of the granules over the mass of their solids", Range(0.0, 1e5)]
    volatile: Annotated[Array, "1", "1 for components that evaporate, else 0", ("fluids",), Range(0.0, 1.0)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    X_limit: Annotated[float, "1", "moisture above which a discharge is reported as wet", Range(0.0, 5.0)]
    discharge_part: Annotated[float, "1", "time that a discharge valve is open over a filling time", Range(0.05, 0.8)]
    tau: Annotated[float, "s", "time constant of emptying a segment", Range(1e-2, 1e4)]
    kappa: Annotated[float, "1", "sharpness of the filling valve's change-over", Range(5.0, 1e3)] = 100.0
    P: Annotated[float, "Pa", "pressure", Range(1e3, 1e7)] = 101325.0
    heel: Annotated[float, "kg", "mass below which a segment counts as bare", Range(1e-12, 1.0)] = 1e-6
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    material: Annotated[Granules, "moist granules"]
    gas: Annotated[Gas, "drying gas"]
    speed: Annotated[Signal, "1/s", "turns of the filling valve per second"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "dried granules"]
    exhaust: Annotated[Gas, "moist gas"]


class Measurements(NamedTuple):
    X_out: Annotated[float, "1", "moisture of what is being discharged, dry basis; 0 between discharges"]
    T_out: Annotated[
        float,
        "K",
        "temperature of what is being discharged; the reference between discharges",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile"),
    ]
    position: Annotated[float, "1", "turns of the filling valve since the start"]
    held: Annotated[float, "kg", "mass in all segments"]


class Quadratures(NamedTuple):
    evaporation: Annotated[float, "W", "latent heat taken up by the vapour, negative"]
    cooling: Annotated[float, "W", "cooling of the discharged granules to ambient, negative"]


class Guards(NamedTuple):
    overwet: Annotated[float, "1", "moisture of what is being discharged above the limit"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    m_solids: Annotated[Array, "kg", "solids in each segment", ("segments",), Range(0.0, 1e4)] = 0.0  # type: ignore[assignment]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid, of all", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore[assignment]
    size: Annotated[Array, "1", "volume fractions of the size classes", ("bins",), Range(0.0, 1.0)] = 0.0  # type: ignore[assignment]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)] = T_REF
    position: Annotated[float, "1", "position of the filling valve, in turns", Range(0.0, 1.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in all segments", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("4",)]


FACES = (("material", 0), (0, "product"), ("gas", 0), (0, "exhaust"))


@kernel
def feed_weight(turn, kappa, n, j):
    """Share of the feed that segment j would take, over that at its middle."""
    return math.exp(kappa * (math.cos(2.0 * math.pi * (turn - (j + 0.5) / n)) - 1.0))


@kernel
def feed_weights(turn, kappa, n):
    s = 0.0
    for j in range(n):
        s += feed_weight(turn, kappa, n, j)
    return s


@kernel
def discharge_rate(turn, p, n, j):
    """Part of segment j that leaves per second."""
    centre = (j - 0.5 * p.discharge_part - PAUSE) / n
    edge = math.cos(math.pi * p.discharge_part / n)
    z = (math.cos(2.0 * math.pi * (turn - centre)) - edge) / (1.0 - edge)
    return step(2.0 * z) / p.tau


@kernel
def discharged_solids(x, p):
    n = x.H.shape[0]
    flow = 0.0
    for j in range(n):
        flow += discharge_rate(x.turn, p, n, j) * column(x.m_solids, j)
    return flow


@kernel
def X_out(x, p):
    n = x.H.shape[0]
    flow = 0.0
    for j in range(n):
        flow += discharge_rate(x.turn, p, n, j) * volatile_mass(x.m_liquid, p, j)
    return flow * fading_reciprocal(discharged_solids(x, p), 100.0 * p.heel / p.tau)


@kernel
def T_out(x, p):
    n = x.H.shape[0]
    flow = 0.0
    for j in range(n):
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        flow += discharge_rate(x.turn, p, n, j) * column(x.m_solids, j) * dT
    return T_REF + flow * fading_reciprocal(discharged_solids(x, p), 100.0 * p.heel / p.tau)


@kernel
def position(x):
    return x.turn


@kernel
def held(x):
    mass = 0.0
    for j in range(x.H.shape[0]):
        mass += column(x.m_solids, j) + column(x.m_liquid, j)
    return mass


@kernel
def overwet(x, p):
    return X_out(x, p) - p.X_limit


@kernel
def product(x, p, out):
    n = x.H.shape[0]
    V_solid = 0.0
    V_pores = 0.0
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = 0.0
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = 0.0
    for b in range(x.V_classes.shape[0]):
        out.V_flow_classes[b] = 0.0
    for j in range(n):
        k = discharge_rate(x.turn, p, n, j)
        V_solid += k * x.V_solid[j]
        V_pores += k * x.V_pores[j]
        for i in range(x.m_solids.shape[0]):
            out.m_flow[i] += k * x.m_solids[i, j]
        for i in range(x.m_liquid.shape[0]):
            out.m_flow_liquid[i] += k * x.m_liquid[i, j]
        for b in range(x.V_classes.shape[0]):
            out.V_flow_classes[b] += k * x.V_classes[b, j]
    return Granules(V_solid, V_pores, out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def exhaust(x, gas, p, out):
    return gas_above(x, gas, p, out)


@kernel
def derivatives(x, u, p, dx):
    n = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, n)
    n_gas = gas_moles(u.gas, p, n)
    weights = feed_weights(x.turn, p.kappa, n)
    for j in range(n):
        k = discharge_rate(x.turn, p, n, j)
        share = feed_weight(x.turn, p.kappa, n, j) / weights
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(x.m_solids.shape[0]):
            dx.m_solids[i, j] = share * u.material.m_flow[i] - k * x.m_solids[i, j]
        taken = 0.0
        for i in range(x.m_liquid.shape[0]):
            e = bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, n)
            dx.m_liquid[i, j] = share * u.material.m_flow_liquid[i] - k * x.m_liquid[i, j] - e
            taken += e * (p.cp[i] * dT + p.dH_vap[i])
        dx.H[j] = heating(C_gas, u.gas.T, dT, bed_units(x.m_solids, C_gas, p, j)) - taken - k * x.H[j]
        dx.V_solid[j] = share * u.material.V_flow_solid - k * x.V_solid[j]
        dx.V_pores[j] = share * u.material.V_flow_pores - k * x.V_pores[j]
        for b in range(x.V_classes.shape[0]):
            dx.V_classes[b, j] = share * u.material.V_flow_classes[b] - k * x.V_classes[b, j]
    return State(u.speed.value, dx.m_solids, dx.m_liquid, dx.H, dx.V_solid, dx.V_pores, dx.V_classes)


@kernel
def quadratures(x, u, p):
    n = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, n)
    n_gas = gas_moles(u.gas, p, n)
    latent = 0.0
    cooling = 0.0
    for j in range(n):
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        cooling -= discharge_rate(x.turn, p, n, j) * x.H[j]
        for i in range(x.m_liquid.shape[0]):
            e = bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, n)
            latent -= e * p.dH_vap[i]
    return Quadratures(latent, cooling)


@kernel
def transport(x, u, p, out):
    n = x.H.shape[0]
    C_gas = gas_capacity(u.gas, p, n)
    n_gas = gas_moles(u.gas, p, n)
    out.m[0] = held(x)
    out.m_flow[0] = total(u.material.m_flow) + total(u.material.m_flow_liquid)
    out.m_flow[1] = 0.0
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = out.m_flow[2]
    for j in range(n):
        out.m_flow[1] += discharge_rate(x.turn, p, n, j) * (column(x.m_solids, j) + column(x.m_liquid, j))
        dT = bed_excess(x.H[j], bed_capacity(x.m_liquid, x.m_solids, p, j), p)
        units = wet_units(x, C_gas, p, j)
        per_mole = volatile_moles(x.m_liquid, p, j)
        for i in range(x.m_liquid.shape[0]):
            out.m_flow[3] += bed_evaporation(i, x.m_liquid, u.gas, p, j, T_REF + dT, per_mole, units, n_gas, n)
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Segments empty, or with granules without pores."""
    M, w, wet = np.asarray(initial.m_solids), np.asarray(initial.w), np.asarray(initial.w_liquid)
    solids = np.outer(w, M)
    liquid = np.outer(wet / (1.0 - float(np.sum(wet))), M)
    volume = M * float(np.sum(w / p.rho_solid))
    H = (p.cp_solid @ solids + p.cp @ liquid) * (initial.T - T_REF)
    classes = np.outer(np.asarray(initial.size), volume)
    return State(initial.position, solids, liquid, H, volume, np.zeros_like(M), classes)
