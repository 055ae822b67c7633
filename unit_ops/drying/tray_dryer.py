"""A vacuum tray dryer: granules at rest on a heated shelf, whose liquid diffuses out of them.

Batch (filled at the start or through the cake inlet, emptied through the discharge valve). Nothing that leaves
asks for the cake that enters: the unit cuts a loop; the vapour asks for the pressure. For a bed that is stirred
and boils at the wall see vacuum_dryer.py.

Assumptions
- granules are spheres of one size that do not shrink; every liquid component diffuses in them with one
  coefficient, D(T) by Arrhenius; dissolved solute moves with it no more than the solids do: it stays;
- shells of equal thickness; what has diffused to the surface evaporates there;
- vapour leaves the bed when the pressure of the liquid at the surface, lowered as a(X) = 1 − exp(−X/X_sorption)
  by the solids, exceeds that in the chamber; ideal activity among volatile liquids; nothing condenses;
- the bed has one temperature; the shelf heats it from below through a contact and a third of its depth (the mean
  of a layer that takes up heat evenly); no heat loss to the room;
- the dissolved solute becomes solid at discharge, where the powder cools to ambient: both are booked.

Balances (shell j of n from the core, with the part s_j = ((j + 1)³ − j³)/n³ of a granule)
    dm_ij/dt = s_j ṁ_i,in − k m_ij + J_i,j − J_i,j+1 − [j surface] e_i,   dM/dt = Ṁ_in − k M,   k = valve/τ
    J_i,j+1 = 3 D n/R² ((j + 1)/n)² (m_ij/s_j − m_i,j+1/s_j+1)
    1/e_i = (1/(M_i κ A) + f s_n p_i/(m_in g))/(p_i (1 − P/Σ p)⁺),   g = 6 D n/R²,   p_i = a(X_n) x_i p_sat,i(T)
    f = z/(exp z − 1), z = X_n/X_sorption: how far p falls with X; so half a shell resists where sorption holds
    dH/dt = Ḣ_in − k H + Q − Σ e_i (cp_i (T − T_REF) + Δh_i),   Q = A (T_shelf − T)/(1/α + h/(3 λ)),  h = M/(ρ A)

References: Crank, The Mathematics of Diffusion, 2nd ed., Oxford 1975, sec. 6.3 (ISBN 978-0-19-853411-2); Mujumdar
(ed.), Handbook of Industrial Drying, 4th ed., CRC 2014, ch. on vacuum drying (ISBN 978-1-4665-9665-8).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Optional, Range
from unit_ops.properties.solubility import R_GAS
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.smooth import above_zero, fading_reciprocal, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Powder, Signal, dot, enthalpy_flow, total

DIMS = {"shells": 10}

P_LEAST: Annotated[float, "Pa", "vapour pressure taken for none"] = 1.0


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    M: Annotated[float, "kg", "solids", Nominal(1.0)]
    m: Annotated[Array, "kg", "liquid component masses in every shell", ("shells", "fluids"), Nominal(0.01)]


class Params(NamedTuple):
    area: Annotated[float, "m^2", "area of the trays", Range(1e-6, 1e3)]
    alpha_wall: Annotated[float, "W/(m^2 K)", "heat transfer coefficient from shelf to bed", Range(1.0, 1e4)]
    conductivity: Annotated[float, "W/(m K)", "thermal conductivity of the bed", Range(1e-3, 100.0)]
    rho_bed: Annotated[float, "kg/m^3", "density of the dry bed", Range(1.0, 1e4)]
    radius: Annotated[float, "m", "radius of the granules", Range(1e-7, 0.1)]
    D_inside: Annotated[float, "m^2/s", "diffusion coefficient in the granules at 298.15 K", Range(1e-25, 1e-4)]
    permeance: Annotated[float, "mol/(m^2 s Pa)", "vapour released over the excess of its pressure", Range(0.0, 1e6)]
    X_sorption: Annotated[float, "1", "moisture at which sorption begins to hold the liquid", Range(1e-6, 10.0)]
    X_target: Annotated[float, "1", "moisture at which drying is over", Range(0.0, 1.0)]
    tau: Annotated[float, "s", "time constant of emptying through the open valve", Range(1e-2, 1e5)]
    crystal: Annotated[int, "1", "solid of which the granules are", Index("solids")]
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
    E_inside: Annotated[float, "J/mol", "activation energy of diffusion", Range(0.0, 1e6)] = 0.0
    heel: Annotated[float, "kg", "content below which the dryer counts as empty", Range(1e-12, 1.0)] = 1e-6
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Inlets(NamedTuple):
    cake: Annotated[Cake, "wet cake", Optional()]
    T_shelf: Annotated[Signal, "K", "temperature of the shelves"]
    P: Annotated[Signal, "Pa", "pressure in the dryer"]
    valve: Annotated[Signal, "1", "opening of the discharge valve, 0 to 1", Optional()]


class Outlets(NamedTuple):
    product: Annotated[Powder, "dry powder"]
    vapour: Annotated[Gas, "vapour drawn off"]


class Integrals(NamedTuple):
    C_liquid: Annotated[float, "J/K", "heat capacity of the liquid", ("shells",), Nominal(1e3)]
    m_volatile: Annotated[float, "kg", "volatile liquid", ("shells",), Nominal(0.1)]
    m_solute: Annotated[float, "kg", "dissolved solute", ("shells",), Nominal(0.1)]


class Measurements(NamedTuple):
    T: Annotated[
        float, "K", "temperature of the bed", Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile")
    ]
    X: Annotated[float, "1", "moisture, dry basis"]
    X_core: Annotated[float, "1", "moisture in the core of the granules, dry basis"]
    LOD: Annotated[float, "1", "loss on drying: volatile liquid over total mass"]
    P_boil: Annotated[float, "Pa", "vapour pressure at the granules' surface"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the shelves"]
    evaporation: Annotated[float, "W", "latent heat taken up by the vapour, negative"]
    cooling: Annotated[float, "W", "cooling of the discharged powder to ambient, negative"]
    fluids: Annotated[Array, "kg/s", "solute that becomes solid, negative", ("fluids",)]
    solids: Annotated[Array, "kg/s", "solute that becomes solid", ("solids",)]


class Guards(NamedTuple):
    wet: Annotated[float, "1", "moisture above that at which drying is over"]


class Initial(NamedTuple):
    M: Annotated[float, "kg", "solids", Range(0.0, 1e5)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid", ("fluids",), Fractions()]
    X: Annotated[Array, "1", "liquid over solids, from the core to the surface", ("shells",), Range(0.0, 10.0)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in the dryer", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("3",)]


FACES = (("cake", 0), (0, "product"), (0, "vapour"))


@empirical("1", returns="1")
def sorption_slope(z):
    """z/(exp z − 1): slope of 1 − exp(−z) over its chord from 0; 1 where sorption holds, 0 on a wet surface."""
    if abs(z) < 1e-6:
        return 1.0 - 0.5 * z
    if z > 500.0:
        return 0.0
    return z / math.expm1(z)


@kernel
def share(j, n):
    """Part of a granule that is shell j of n."""
    return (3.0 * j * (j + 1.0) + 1.0) / (n * n * n)


@kernel
def volatile_in(m, p):
    s = 0.0
    for i in range(m.shape[0]):
        if p.volatile[i] > 0.0:
            s += m[i]
    return s


@kernel
def C_liquid(x, p, out):
    for j in range(out.shape[0]):
        out[j] = dot(x.m[j], p.cp)


@kernel
def m_volatile(x, p, out):
    for j in range(out.shape[0]):
        out[j] = volatile_in(x.m[j], p)


@kernel
def m_solute(x, p, out):
    for j in range(out.shape[0]):
        out[j] = x.m[j, p.solute]


@kernel
def excess(x, a, p):
    """T − T_REF; falls to 0 for an empty dryer."""
    cp = p.cp_solid[p.crystal]
    return x.H * reciprocal(a.C_liquid + x.M * cp, p.heel * cp)


@kernel
def T(x, a, p):
    return T_REF + excess(x, a, p)


@kernel
def diffusivity(x, a, p):
    return p.D_inside * math.exp(p.E_inside / R_GAS * (1.0 / T_REF - 1.0 / T(x, a, p)))


@kernel
def diffusion_rate(x, a, p):
    """3 D n/R² [1/s]."""
    return 3.0 * diffusivity(x, a, p) * x.m.shape[0] / (p.radius * p.radius)


@kernel
def surface_ratio(x, p):
    """Moisture of the outermost shell over that at which sorption holds."""
    last = x.m.shape[0] - 1
    part = share(last, last + 1.0)
    trace = 1e-3 * p.heel
    return above_zero(volatile_in(x.m[last], p), trace) * reciprocal(x.M * part, p.heel) / p.X_sorption


@kernel
def pressure_per_mass(x, p, i, T):
    """Partial pressure of a volatile component at the surface over its mass in the outermost shell [Pa/kg]."""
    last = x.m.shape[0] - 1
    n = 0.0
    for k in range(x.m.shape[1]):
        if p.volatile[k] > 0.0:
            n += x.m[last, k] / p.molar_mass[k]
    # an empty dryer keeps solver errors of either sign: a negative sum is no amount
    heel = 1e-3 * p.heel / p.molar_mass[i]
    held = 1.0 - math.exp(-surface_ratio(x, p))
    p_sat = vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    return held * p_sat / p.molar_mass[i] * reciprocal(above_zero(n, heel), heel)


@kernel
def P_boil(x, a, p):
    last = x.m.shape[0] - 1
    temperature = T(x, a, p)
    pressure = 0.0 * P_LEAST
    for i in range(x.m.shape[1]):
        if p.volatile[i] > 0.0:
            pressure += x.m[last, i] * pressure_per_mass(x, p, i, temperature)
    return pressure


@kernel
def evaporation(x, a, p, P, i):
    """Vapour of component i [kg/s]: through the outer half of the last shell and out of the bed."""
    if p.volatile[i] > 0.0:
        last = x.m.shape[0] - 1
        driven = above_zero(1.0 - P * reciprocal(P_boil(x, a, p), P_LEAST), 1e-3)
        per_mass = pressure_per_mass(x, p, i, T(x, a, p))
        bed = p.molar_mass[i] * p.permeance * p.area
        inside = sorption_slope(surface_ratio(x, p)) * share(last, last + 1.0) * per_mass
        return x.m[last, i] * per_mass * driven * bed / (1.0 + bed * inside / (2.0 * diffusion_rate(x, a, p)))
    return 0.0 * x.M / p.tau


@kernel
def shelf_heat(x, a, p, T_shelf):
    """Heat from the shelves into the bed [W]."""
    depth = x.M / (p.rho_bed * p.area)
    return p.area * (T_shelf - T(x, a, p)) / (1.0 / p.alpha_wall + depth / (3.0 * p.conductivity))


@kernel
def X(x, a, p):
    return a.m_volatile * fading_reciprocal(x.M, 100.0 * p.heel)


@kernel
def X_core(x, p):
    core = 0
    part = share(core, x.m.shape[0] * 1.0)
    return volatile_in(x.m[core], p) / part * fading_reciprocal(x.M, 100.0 * p.heel)


@kernel
def LOD(x, a, p):
    return a.m_volatile * fading_reciprocal(x.M + a.m_volatile + a.m_solute, 100.0 * p.heel)


@kernel
def wet(x, a, p):
    return a.m_volatile * reciprocal(x.M, p.heel) - p.X_target


@kernel
def column(m, i):
    """Component i in all shells."""
    s = 0.0
    for j in range(m.shape[0]):
        s += m[j, i]
    return s


@kernel
def product(x, a, valve, p, out):
    k = valve.value / p.tau
    for i in range(x.m.shape[1]):
        out.m_flow_liquid[i] = k * column(x.m, i)
    out.m_flow_liquid[p.solute] = 0.0
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = 0.0
    out.m_flow[p.crystal] = k * (x.M + a.m_solute)
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def vapour(x, a, P, p, out):
    for i in range(out.m_flow.shape[0]):
        out.m_flow[i] = evaporation(x, a, p, P.value, i)
    return Gas(T(x, a, p), out.m_flow)


@kernel
def derivatives(x, u, a, p, dx):
    n = x.m.shape[0]
    k = u.valve.value / p.tau
    rate = diffusion_rate(x, a, p)
    dT = excess(x, a, p)
    taken = 0.0 * p.alpha_wall * p.area * dT
    for i in range(x.m.shape[1]):
        J_in = 0.0 * p.heel / p.tau
        for j in range(n):
            J_out = 0.0 * p.heel / p.tau
            if j < n - 1 and p.volatile[i] > 0.0:
                face = (j + 1.0) / n
                J_out = rate * face * face * (x.m[j, i] / share(j, n * 1.0) - x.m[j + 1, i] / share(j + 1, n * 1.0))
            dx.m[j, i] = share(j, n * 1.0) * u.cake.m_flow[i] - k * x.m[j, i] + J_in - J_out
            J_in = J_out
        e = evaporation(x, a, p, u.P.value, i)
        dx.m[n - 1, i] -= e
        taken += e * (p.cp[i] * dT + p.dH_vap[i])
    H_in = enthalpy_flow(u.cake.T, u.cake.m_flow, p.cp)
    H_in += u.cake.m_flow_crystals * p.cp_solid[p.crystal] * (u.cake.T - T_REF)
    dH = H_in - k * x.H + shelf_heat(x, a, p, u.T_shelf.value) - taken
    return State(dH, u.cake.m_flow_crystals - k * x.M, dx.m)


@kernel
def quadratures(x, u, a, p, out):
    k = u.valve.value / p.tau
    latent = 0.0
    for i in range(x.m.shape[1]):
        latent -= evaporation(x, a, p, u.P.value, i) * p.dH_vap[i]
        out.fluids[i] = 0.0
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.fluids[p.solute] = -k * a.m_solute
    out.solids[p.crystal] = k * a.m_solute
    return Quadratures(shelf_heat(x, a, p, u.T_shelf.value), latent, -k * x.H, out.fluids, out.solids)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[1]):
        out.fluids[i] = column(x.m, i)
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = x.M
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    out.m[0] = x.M
    vapour_flow = 0.0
    for i in range(x.m.shape[1]):
        out.m[0] += column(x.m, i)
        vapour_flow += evaporation(x, a, p, u.P.value, i)
    out.m_flow[0] = u.cake.m_flow_crystals + total(u.cake.m_flow)
    out.m_flow[1] = u.valve.value / p.tau * out.m[0]
    out.m_flow[2] = vapour_flow
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Granules of one temperature, or nothing."""
    n = len(initial.X)
    part = np.diff((np.arange(n + 1) / n) ** 3)
    m = initial.M * (part * np.asarray(initial.X))[:, None] * np.asarray(initial.w)
    C = float(m.sum(axis=0) @ p.cp) + initial.M * float(p.cp_solid[p.crystal])
    return State(H=C * (initial.T - T_REF), M=initial.M, m=m)
