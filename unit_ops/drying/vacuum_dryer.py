"""An agitated vacuum contact dryer: wet cake heated through the wall, boiling under reduced pressure.

Batch (filled at the start or through the cake inlet, emptied through the discharge valve). Nothing
that leaves asks for the cake that enters: the unit cuts a loop; the vapour asks for the pressure.

Assumptions
- penetration theory: the bed rests at the wall for a contact time t_R = N_mix/speed, a drying front
  moves into it (Neumann's solution with the wall's contact resistance in series), then it is mixed
  ideally; dry layer and bed share one thermal diffusivity; below one turn per 1000 s the bed counts
  as stirred at that rate;
- the wetted wall is constant; the wall has the jacket's temperature; no heat loss to the room;
- liquid boils when its vapour pressure, lowered as a(X) = 1 − exp(−X/X_sorption) by the solids, exceeds
  the pressure; ideal activity among volatile liquids; no vapour condenses in the bed; below boiling
  nothing evaporates (there is no carrier gas);
- the dissolved solute becomes solid at discharge, where the powder cools to ambient: both are booked.

Balances
    dm_i/dt = ṁ_i,in − k m_i − e_i,   dM/dt = Ṁ_in − k M,   k = valve/τ
    dH/dt = Ḣ_in − k H + Q − Σ e_i (cp_i (T − T_REF) + Δh_i)
    Q = α A (T_jacket − T),   1/α = 1/α_wall + erf(ζ)/α_dry,   α_dry = 2/√π √(λ ρ cp/t_R)
    √π ζ exp(ζ²) (α_dry/α_wall + erf ζ) = M cp (T_jacket − T)⁺/Σ m_i Δh_i
    e_i = M_i κ A p_i (1 − P/Σ p)⁺,   p_i = a(X) x_i p_sat,i(T)

While the bed is wet, ζ is near 0 and α near α_wall; as it dries α falls towards that of a dry bed.
Vapour pressure, not the front, sets when the bed warms above boiling: at moistures about X_sorption.

References: Schlünder, Mollekopf, Chem. Eng. Process. 18 (1984) 93 (penetration theory of contact drying);
Carslaw, Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, ch. 11 (ISBN 978-0-19-853368-9).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Powder, Signal, dot, enthalpy_flow, total

SPEED_LEAST: Annotated[float, "1/s", "speed below which a bed counts as stirred at that"] = 1e-3
J_LEAST: Annotated[float, "J", "latent heat of the liquid taken for none"] = 1e-3
T_ROUND: Annotated[float, "K", "superheat of the wall below which the front is rounded off"] = 1e-3
P_LEAST: Annotated[float, "Pa", "vapour pressure taken for none"] = 1.0


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    M: Annotated[float, "kg", "crystal mass", Nominal(1.0)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",), Nominal(0.1)]


class Params(NamedTuple):
    area: Annotated[float, "m^2", "heated wall that the bed touches", Range(1e-6, 1e3)]
    alpha_wall: Annotated[float, "W/(m^2 K)", "heat transfer coefficient from wall to first particles", Range(1.0, 1e4)]
    conductivity: Annotated[float, "W/(m K)", "thermal conductivity of the dry bed", Range(1e-3, 100.0)]
    rho_bed: Annotated[float, "kg/m^3", "density of the dry bed", Range(1.0, 1e4)]
    N_mix: Annotated[float, "1", "turns of the agitator that mix the bed once", Range(0.1, 1e4)]
    permeance: Annotated[float, "mol/(m^2 s Pa)", "vapour released over the excess of its pressure", Range(0.0, 1.0)]
    X_sorption: Annotated[float, "1", "moisture at which sorption begins to hold the liquid", Range(1e-6, 1.0)]
    X_target: Annotated[float, "1", "moisture at which drying is over", Range(0.0, 1.0)]
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
    heel: Annotated[float, "kg", "content below which the dryer counts as empty", Range(1e-12, 1.0)] = 1e-6
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    cake: Annotated[Cake, "wet cake", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]
    P: Annotated[Signal, "Pa", "pressure in the dryer"]
    speed: Annotated[Signal, "1/s", "turns of the agitator per second"]
    valve: Annotated[Signal, "1", "opening of the discharge valve, 0 to 1", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Powder, "dry powder"]
    vapour: Annotated[Gas, "vapour drawn off"]


class Measurements(NamedTuple):
    T: Annotated[
        float, "K", "temperature of the bed", Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile")
    ]
    X: Annotated[float, "1", "moisture, dry basis"]
    LOD: Annotated[float, "1", "loss on drying: volatile liquid over total mass"]
    P_boil: Annotated[float, "Pa", "pressure at which the bed boils"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    evaporation: Annotated[float, "W", "latent heat taken up by the vapour, negative"]
    cooling: Annotated[float, "W", "cooling of the discharged powder to ambient, negative"]
    fluids: Annotated[Array, "kg/s", "solute that becomes solid, negative", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solute that becomes solid", ("solids",)]


class Guards(NamedTuple):
    wet: Annotated[float, "1", "moisture above that at which drying is over"]


class Initial(NamedTuple):
    M: Annotated[float, "kg", "crystal mass", Range(0.0, 1e5)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid", ("fluids",), Fractions()]
    moisture: Annotated[float, "1", "liquid over crystals", Range(0.0, 10.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in the dryer", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("cake", 0), (0, "product"), (0, "vapour"))


@empirical("1", "1", returns="1")
def front(stefan, ratio):
    """Position ζ of a drying front: √π ζ exp(ζ²)(ratio + erf ζ) = stefan, by Newton from above.

    The left side is convex and the start lies above the root, so the iteration falls to it.
    """
    z = math.sqrt(math.log1p(stefan))
    for turn in range(20):
        growth = math.sqrt(math.pi) * math.exp(z * z)
        resistance = ratio + math.erf(z)
        slope = growth * (1.0 + 2.0 * z * z) * resistance + 2.0 * z
        z -= (growth * z * resistance - stefan) / slope
    return z


@kernel
def capacity(x, p):
    return dot(x.m, p.cp) + x.M * p.cp_solid[p.crystal]


@kernel
def excess(x, p):
    """T − T_REF; falls to 0 for an empty dryer."""
    return x.H * reciprocal(capacity(x, p), p.heel * p.cp_solid[p.crystal])


@kernel
def volatile_liquid(x, p):
    s = 0.0
    for i in range(x.m.shape[0]):
        if p.volatile[i] > 0.0:
            s += x.m[i]
    return s


@kernel
def partial_pressure(x, p, i, T):
    """Pressure of component i over the bed."""
    if p.volatile[i] > 0.0:
        n = 0.0
        for k in range(x.m.shape[0]):
            if p.volatile[k] > 0.0:
                n += x.m[k] / p.molar_mass[k]
        # an empty dryer keeps solver errors of either sign; with a negative sum for an amount both laws would explode
        trace = 1e-3 * p.heel
        liquid = above_zero(volatile_liquid(x, p), trace)
        held = 1.0 - math.exp(-liquid * reciprocal(x.M, p.heel) / p.X_sorption)
        amount = above_zero(n, trace / p.molar_mass[i])
        share = x.m[i] / p.molar_mass[i] * reciprocal(amount, trace / p.molar_mass[i])
        return held * share * vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    return 0.0 * P_LEAST


@kernel
def P_boil(x, p):
    temperature = T_REF + excess(x, p)
    pressure = 0.0 * P_LEAST
    for i in range(x.m.shape[0]):
        pressure += partial_pressure(x, p, i, temperature)
    return pressure


@kernel
def release(x, p, P):
    """Vapour released over its partial pressure and molar mass: κ A (1 − P/P_boil)⁺."""
    boil = P_boil(x, p)
    return p.permeance * p.area * above_zero(1.0 - P * reciprocal(boil, P_LEAST), 1e-3)


@kernel
def wall_heat(x, p, T_jacket, speed):
    """Heat from the jacket into the bed [W]."""
    dT = T_jacket - T_REF - excess(x, p)
    latent = 0.0
    for i in range(x.m.shape[0]):
        if p.volatile[i] > 0.0:
            latent += x.m[i] * p.dH_vap[i]
    cp = p.cp_solid[p.crystal]
    turning = SPEED_LEAST * (1.0 + above_zero(speed / SPEED_LEAST - 1.0, 0.1))
    alpha_dry = 2.0 / math.sqrt(math.pi) * math.sqrt(p.conductivity * p.rho_bed * cp * turning / p.N_mix)
    superheat = T_ROUND * above_zero(dT / T_ROUND, 1.0)
    zeta = front(x.M * cp * superheat * reciprocal(latent, J_LEAST), alpha_dry / p.alpha_wall)
    return p.area * dT / (1.0 / p.alpha_wall + math.erf(zeta) / alpha_dry)


@kernel
def T(x, p):
    return T_REF + excess(x, p)


@kernel
def X(x, p):
    return volatile_liquid(x, p) * fading_reciprocal(x.M, 100.0 * p.heel)


@kernel
def LOD(x, p):
    return volatile_liquid(x, p) * fading_reciprocal(x.M + total(x.m), 100.0 * p.heel)


@kernel
def wet(x, p):
    return volatile_liquid(x, p) * reciprocal(x.M, p.heel) - p.X_target


@kernel
def product(x, valve, p, out):
    k = valve.value / p.tau
    for i in range(x.m.shape[0]):
        out.m_flow_liquid[i] = k * x.m[i]
    out.m_flow_liquid[p.solute] = 0.0
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = 0.0
    out.m_flow[p.crystal] = k * (x.M + x.m[p.solute])
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def vapour(x, P, p, out):
    temperature = T_REF + excess(x, p)
    rate = release(x, p, P.value)
    for i in range(x.m.shape[0]):
        out.m_flow[i] = p.molar_mass[i] * rate * partial_pressure(x, p, i, temperature)
    return Gas(temperature, out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    k = u.valve.value / p.tau
    dT = excess(x, p)
    rate = release(x, p, u.P.value)
    taken = 0.0
    for i in range(x.m.shape[0]):
        e = p.molar_mass[i] * rate * partial_pressure(x, p, i, T_REF + dT)
        dx.m[i] = u.cake.m_flow[i] - k * x.m[i] - e
        taken += e * (p.cp[i] * dT + p.dH_vap[i])
    H_in = enthalpy_flow(u.cake.T, u.cake.m_flow, p.cp)
    H_in += u.cake.m_flow_crystals * p.cp_solid[p.crystal] * (u.cake.T - T_REF)
    dH = H_in - k * x.H + wall_heat(x, p, u.T_jacket.value, u.speed.value) - taken
    return State(dH, u.cake.m_flow_crystals - k * x.M, dx.m)


@kernel
def quadratures(x, u, p, out):
    k = u.valve.value / p.tau
    temperature = T_REF + excess(x, p)
    rate = release(x, p, u.P.value)
    latent = 0.0
    for i in range(x.m.shape[0]):
        latent -= p.molar_mass[i] * rate * partial_pressure(x, p, i, temperature) * p.dH_vap[i]
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.fluids[p.solute] = -k * x.m[p.solute]
    out.solids[p.crystal] = k * x.m[p.solute]
    duty = wall_heat(x, p, u.T_jacket.value, u.speed.value)
    return Quadratures(duty, latent, -k * x.H, out.fluids, out.solids)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = x.M
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    temperature = T_REF + excess(x, p)
    rate = release(x, p, u.P.value)
    vapour_flow = 0.0
    for i in range(x.m.shape[0]):
        vapour_flow += p.molar_mass[i] * rate * partial_pressure(x, p, i, temperature)
    out.m[0] = x.M + total(x.m)
    out.m_flow[0] = u.cake.m_flow_crystals + total(u.cake.m_flow)
    out.m_flow[1] = u.valve.value / p.tau * out.m[0]
    out.m_flow[2] = vapour_flow
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Wet cake of one temperature, or nothing."""
    m = initial.M * initial.moisture * np.asarray(initial.w)
    C = float(m @ p.cp) + initial.M * float(p.cp_solid[p.crystal])
    return State(H=C * (initial.T - T_REF), M=initial.M, m=m)
