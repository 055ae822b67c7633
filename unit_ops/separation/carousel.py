"""A filter carousel: ports that turn from charging and filtration through deliquoring to drying and discharge.

`rotate` moves every port on by one place and fills the first from the slurry trough; the cake in the
last but one drops into the discharge chamber. `clean` washes the meshes.

Assumptions
- a stirred trough from which each turn takes one charge, or what there is; no overflow: a guard says so;
- the same pressure difference over all working places; the mesh belongs to the place, and each turn
  with a cake on it adds a resistance;
- a port is one layer: crystals settle with the liquid that suspends them, drainage falls with the
  saturation (design chart), wash mixes with the liquid of its port;
- the last working place is the dryer: gas passes its layer quasi-steadily and leaves nearer to it by
  exp(−NTU), in temperature and in each vapour pressure (as in the cake dryer); ideal activity,
  the dissolved solute left out of the mole fractions; the gas that passes elsewhere carries nothing;
- filtrate runs to one stirred receiver; a thin film keeps an empty port regular; no heat is lost.

Balances: trough m_i, c_b, H; port j (crystals M, deposited D, surface A, liquid m_i, H), receiver
    dm_i/dt = ṁ_i,slurry,   dc_b/dt = ṁ_b,   dH/dt = Ḣ_slurry                              (trough)
    dm_ij/dt = [j washed] ṁ_i,wash − k_j m_ij − [j dryer] e_i − [j last] m_ij/τ_d
    dD_j/dt = q_j (M_j − D_j)/V_standing,j,   dM_j/dt = −[j last] M_j/τ_d,   A_j alike,   dR_j/dt = 0
    dH_j/dt = [washed] Ḣ_wash − k_j h_liquid,j + [dryer] (Q − Σ e_i (cp_i (T_j − T_ref) + Δh_i)) − [last] H_j/τ_d
    dm^r_i/dt = Σ_j k_j m_ij − m^r_i/τ_r,   H^r alike
    q_j = a Δp/(μ (α D_j/a + R_j)) drainage(S_j),   k_j = q_j/V_j,   Q = Ċ_gas (T_gas − T_j)(1 − exp(−NTU))
    rotate: port j → j + 1; trough part V_charge/V → port 0; R_j → R_j + fouling where there is cake

References: filtration.py; Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809,
doi:10.1016/j.compchemeng.2022.107809 (the machine, its cake constants and its fouling).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fitted, Fractions, Nominal, Optional, Range
from unit_ops.drying.laws import evaporation_flow, falling_rate, transfer_units, vapour_pressure
from unit_ops.joining import joined
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
from unit_ops.separation.filter_parts import V, column_sum, crystal_mass, crystal_surface, liquid_volume
from unit_ops.separation.filtration import (
    drainage,
    filtrate_flux,
    reduced_saturation,
    specific_resistance,
    viscosity,
)
from unit_ops.smooth import above_zero, reciprocal
from unit_ops.streams import T_REF, Cake, Gas, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total

__all__ = [
    "FACES", "R_first", "V", "cake_height", "check_params", "crystal_mass", "crystal_surface", "short_of_slurry",
    "trough_full",
]  # fmt: skip

DIMS = {"ports": 5}

#: Heat capacity flow and molar flow below which a gas stands still.
GAS_LEAST: Annotated[float, "W/K", "heat capacity flow of a gas that stands still"] = 1e-9
MOLES_LEAST: Annotated[float, "mol/s", "molar flow of a gas that stands still"] = 1e-9


class State(NamedTuple):
    H_trough: Annotated[float, "J", "enthalpy of the trough above the reference temperature", Nominal(1e4)]
    H_receiver: Annotated[float, "J", "enthalpy of the receiver above the reference temperature", Nominal(10.0)]
    m_trough: Annotated[Array, "kg", "liquid component masses in the trough", ("fluids",), Nominal(0.1)]
    crystals: Annotated[Array, "kg", "crystal mass per size class in the trough", ("bins",), Nominal(1e-3)]
    m: Annotated[Array, "kg", "liquid component masses per port", ("fluids", "ports"), Nominal(1e-3)]
    M: Annotated[Array, "kg", "crystal mass per port", ("ports",), Nominal(1e-3)]
    D: Annotated[Array, "kg", "deposited crystal mass per port", ("ports",), Nominal(1e-3)]
    A: Annotated[Array, "m^2", "crystal surface per port", ("ports",)]
    H: Annotated[Array, "J", "enthalpy per port", ("ports",), Nominal(10.0)]
    R_mesh: Annotated[Array, "1/m", "resistance of the mesh of each place", ("ports",), Nominal(1e9)]
    m_receiver: Annotated[Array, "kg", "component masses in the receiver", ("fluids",), Nominal(1e-3)]


class OwnParams(NamedTuple):
    volatile: Annotated[Array, "1", "1 for components that evaporate, else 0", ("fluids",), Range(0.0, 1.0)]
    P: Annotated[float, "Pa", "pressure of the drying gas", Range(1e3, 1e7)] = 101325.0
    film: Annotated[float, "m", "liquid film held by a mesh", Range(1e-8, 1e-2)] = 1e-6
    washed_port: Annotated[int, "1", "place of the port that is washed, from 0", Range(0.0, 100.0)] = 1


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


class Measurements(NamedTuple):
    V: Annotated[float, "m^3", "slurry volume in the trough"]
    T: Annotated[float, "K", "temperature of the trough", Fitted("viscosity", "mu_T_low", "mu_T_high")]
    cake_height: Annotated[float, "m", "height of the cake in the first port"]
    saturation: Annotated[float, "1", "saturation of the cake before the dryer"]
    liquid_content: Annotated[float, "1", "mass fraction of liquid in the cake in the dryer"]
    T_cake: Annotated[
        float,
        "K",
        "temperature of the cake in the dryer",
        Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile"),
    ]
    R_first: Annotated[float, "1/m", "resistance of the mesh of the first place"]


class Quadratures(NamedTuple):
    latent: Annotated[float, "W", "latent heat of what evaporates, negative"]


class Impulses(NamedTuple):
    rotate: Annotated[float, "", "every port moves on by one place, the first is charged"]
    clean: Annotated[float, "", "the meshes are clean again"]


class Guards(NamedTuple):
    short_of_slurry: Annotated[float, "m^3", "slurry in the trough beyond one charge"]
    trough_full: Annotated[float, "m^3", "slurry beyond the trough's volume"]
    ponded: Annotated[float, "m^3", "liquid standing in the first port"]
    wet: Annotated[float, "1", "liquid content of the cake in the dryer beyond the target"]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "liquid volume in the trough", Range(1e-9, 100.0)]
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions of the liquid in the trough", ("fluids",), Fractions()]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",)] = 0.0  # type: ignore[assignment]
    M: Annotated[Array, "kg", "dry cake per port, of the reference size", ("ports",)] = 0.0  # type: ignore[assignment]


@kernel
def film_volume(p):
    """Liquid that a mesh holds: the measure of an empty port."""
    return p.film * p.area


@kernel
def excess_temperature(H, C, p):
    """T − T_REF of something of heat capacity C; falls to 0 below a hundredth of a film."""
    return H * reciprocal(C, 0.01 * film_volume(p) * p.rho[0] * p.cp[0])


@kernel
def port_excess(x, j, p):
    return excess_temperature(x.H[j], column_sum(x.m, p.cp, j) + x.M[j] * p.cp_solid[p.crystal], p)


@kernel
def pore_volume(x, j, p):
    """Pores of the cake and the film on the mesh."""
    return p.epsilon / (1.0 - p.epsilon) * x.M[j] / p.rho_solid[p.crystal] + film_volume(p)


@kernel
def filtrate_flow(x, j, vacuum, p):
    """Volume flow of liquid through the mesh of place j."""
    surface = x.A[j] * reciprocal(x.M[j], 1e-3 * film_volume(p) * p.rho_solid[p.crystal])
    alpha = specific_resistance(surface, p.alpha, p.ka_kv / (p.rho_solid[p.crystal] * p.L_ref))
    mu = viscosity(T_REF + port_excess(x, j, p), p.mu_A, p.mu_B, p.mu_C, p.mu_D)
    S = liquid_volume(x.m, j, p) / pore_volume(x, j, p)
    q = filtrate_flux(p.dP * vacuum, mu, alpha, x.D[j] / p.area, x.R_mesh[j])
    return p.area * q * drainage(reduced_saturation(S, p.S_inf))


@kernel
def drained_rate(q, x, j, p):
    """Fraction of the liquid of port j that a filtrate flow q takes per second."""
    return q * reciprocal(liquid_volume(x.m, j, p), max(p.S_inf, 0.01) * film_volume(p))


@kernel
def gas_moles(gas, p):
    n = 0.0
    for i in range(gas.m_flow.shape[0]):
        n += gas.m_flow[i] / p.molar_mass[i]
    return n


@kernel
def dry_units(x, p):
    """Transfer units of the gas through the layer in the dryer, for heat."""
    return transfer_units(x.A[x.M.shape[0] - 2], p.area, p.ka_kv, p.epsilon, p.zeta)


@kernel
def evaporation(i, x, gas, p):
    """Mass flow of component i from the cake in the dryer into the gas."""
    if p.volatile[i] <= 0.0:
        return 0.0
    j = x.M.shape[0] - 2
    liquid = 0.0
    moles = 0.0
    for k in range(x.m.shape[0]):
        if p.volatile[k] > 0.0:
            liquid += x.m[k, j]
        moles += x.m[k, j] / p.molar_mass[k]
    moles -= x.m[p.solute, j] / p.molar_mass[p.solute]
    heel = film_volume(p) * p.rho[0]
    w = liquid * reciprocal(liquid + x.M[j], heel) - p.w_eq
    n_gas = gas_moles(gas, p)
    mean_mass = total(gas.m_flow) * reciprocal(n_gas, MOLES_LEAST)
    units = dry_units(x, p) * falling_rate(w) * p.P / p.P_ref * mean_mass / p.molar_mass[i]
    T_cake = T_REF + port_excess(x, j, p)
    p_sat = vapour_pressure(T_cake, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    p_surface = x.m[i, j] / p.molar_mass[i] * reciprocal(moles, 1e-2 * heel / p.molar_mass[p.solute]) * p_sat
    p_gas = p.P * gas.m_flow[i] / p.molar_mass[i] * reciprocal(n_gas, MOLES_LEAST)
    return evaporation_flow(n_gas, p.molar_mass[i], p.P, p_surface, p_gas, units)


@kernel
def heating(x, gas, p):
    """Heat that the gas gives to the cake in the dryer."""
    dT = gas.T - T_REF - port_excess(x, x.M.shape[0] - 2, p)
    return dot(gas.m_flow, p.cp) * dT * (1.0 - math.exp(-dry_units(x, p)))


@kernel
def T(x, a, p):
    C = dot(x.m_trough, p.cp) + a.crystal_mass * p.cp_solid[p.crystal]
    return T_REF + excess_temperature(x.H_trough, C, p)


@kernel
def saturation(x, p):
    j = x.M.shape[0] - 3
    return liquid_volume(x.m, j, p) / pore_volume(x, j, p)


@kernel
def liquid_content(x, p):
    j = x.M.shape[0] - 2
    liquid = 0.0
    for i in range(x.m.shape[0]):
        liquid += x.m[i, j]
    return liquid * reciprocal(liquid + x.M[j], film_volume(p) * p.rho[0])


@kernel
def T_cake(x, p):
    return T_REF + port_excess(x, x.M.shape[0] - 2, p)


@kernel
def ponded(x, p):
    return liquid_volume(x.m, 0, p) - pore_volume(x, 0, p)


@kernel
def wet(x, p):
    return liquid_content(x, p) - p.w_target


@kernel
def cake(x, p, out):
    last = x.M.shape[0] - 1
    k = 1.0 / p.tau_discharge
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, last]
    return Cake(T_REF + port_excess(x, last, p), k * x.M[last], k * x.A[last], out.m_flow)


@kernel
def receiver_excess(x, p):
    return excess_temperature(x.H_receiver, dot(x.m_receiver, p.cp), p)


@kernel
def filtrate(x, p, out):
    for i in range(x.m_receiver.shape[0]):
        out.m_flow[i] = x.m_receiver[i] / p.tau_receiver
    return Solution(T_REF + receiver_excess(x, p), out.m_flow)


@kernel
def exhaust(x, gas, p, out):
    dT = port_excess(x, x.M.shape[0] - 2, p)
    heat = enthalpy_flow(gas.T, gas.m_flow, p.cp) - heating(x, gas, p)
    for i in range(x.m.shape[0]):
        e = evaporation(i, x, gas, p)
        heat += e * p.cp[i] * dT
        out.m_flow[i] = gas.m_flow[i] + e
    return Gas(T_REF + heat * reciprocal(dot(out.m_flow, p.cp), GAS_LEAST), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    last = x.M.shape[0] - 1
    cp_crystal = p.cp_solid[p.crystal]
    # trough
    for b in range(x.crystals.shape[0]):
        dx.crystals[b] = u.slurry.m_flow_crystals[b]
    dH_trough = enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    dH_trough += u.slurry.m_flow_solid * cp_crystal * (u.slurry.T - T_REF)
    # receiver, as it empties
    dH_receiver = -dot(x.m_receiver, p.cp) * receiver_excess(x, p) / p.tau_receiver
    for i in range(x.m.shape[0]):
        dx.m_trough[i] = u.slurry.m_flow[i]
        dx.m_receiver[i] = -x.m_receiver[i] / p.tau_receiver
    # ports
    for j in range(last + 1):
        q = filtrate_flow(x, j, u.vacuum.value, p)
        drained = drained_rate(q, x, j, p)
        k_d = 0.0 / p.tau_discharge
        if j == last:
            drained = 0.0 * drained
            q = 0.0 * q
            k_d = 1.0 / p.tau_discharge
        dT = port_excess(x, j, p)
        C_liquid = column_sum(x.m, p.cp, j)
        standing = above_zero(liquid_volume(x.m, j, p) - pore_volume(x, j, p), film_volume(p))
        dx.M[j] = -k_d * x.M[j]
        dx.D[j] = q * (x.M[j] - x.D[j]) * reciprocal(standing, film_volume(p)) - k_d * x.D[j]
        dx.A[j] = -k_d * x.A[j]
        dx.R_mesh[j] = 0.0
        dx.H[j] = -drained * C_liquid * dT - k_d * (C_liquid + x.M[j] * cp_crystal) * dT
        dH_receiver += drained * C_liquid * dT
        for i in range(x.m.shape[0]):
            dx.m[i, j] = -(drained + k_d) * x.m[i, j]
            dx.m_receiver[i] += drained * x.m[i, j]
        if j == p.washed_port:
            dx.H[j] += enthalpy_flow(u.wash.T, u.wash.m_flow, p.cp)
            for i in range(x.m.shape[0]):
                dx.m[i, j] += u.wash.m_flow[i]
        if j == last - 1:
            dx.H[j] += heating(x, u.gas, p)
            for i in range(x.m.shape[0]):
                e = evaporation(i, x, u.gas, p)
                dx.m[i, j] -= e
                dx.H[j] -= e * (p.cp[i] * dT + p.dH_vap[i])
    return State(
        dH_trough, dH_receiver, dx.m_trough, dx.crystals, dx.m, dx.M, dx.D, dx.A, dx.H, dx.R_mesh, dx.m_receiver
    )


@kernel
def quadratures(x, gas, p):
    latent = 0.0
    for i in range(x.m.shape[0]):
        latent -= evaporation(i, x, gas, p) * p.dH_vap[i]
    return Quadratures(latent)


@kernel
def rotate(x, a, p, new):
    last = x.M.shape[0] - 1
    part = p.V_charge / max(V(x, a, p), p.V_charge)
    for i in range(x.m.shape[0]):
        new.m[i, last] = x.m[i, last] + x.m[i, last - 1]
        for j in range(1, last):
            new.m[i, j] = x.m[i, j - 1]
        new.m[i, 0] = part * x.m_trough[i]
        new.m_trough[i] = x.m_trough[i] - new.m[i, 0]
    for b in range(x.crystals.shape[0]):
        new.crystals[b] = (1.0 - part) * x.crystals[b]
    new.M[last] = x.M[last] + x.M[last - 1]
    new.D[last] = x.D[last] + x.D[last - 1]
    new.A[last] = x.A[last] + x.A[last - 1]
    new.H[last] = x.H[last] + x.H[last - 1]
    for j in range(1, last):
        new.M[j] = x.M[j - 1]
        new.D[j] = x.D[j - 1]
        new.A[j] = x.A[j - 1]
        new.H[j] = x.H[j - 1]
    new.M[0] = part * a.crystal_mass
    new.D[0] = 0.0
    new.A[0] = part * a.crystal_surface
    new.H[0] = part * x.H_trough
    for j in range(last):
        if x.M[j] > film_volume(p) * p.rho_solid[p.crystal]:
            new.R_mesh[j] = x.R_mesh[j] + p.fouling
    return State(
        x.H_trough - new.H[0], x.H_receiver, new.m_trough, new.crystals, new.m, new.M, new.D, new.A, new.H,
        new.R_mesh, new.m_receiver,
    )  # fmt: skip


@kernel
def clean(x, p, new):
    for j in range(x.M.shape[0]):
        new.R_mesh[j] = p.R_m
    return State(
        x.H_trough, x.H_receiver, new.m_trough, new.crystals, new.m, new.M, new.D, new.A, new.H, new.R_mesh,
        new.m_receiver,
    )  # fmt: skip


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m_trough[i] + total(x.m[i]) + x.m_receiver[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = total(x.crystals) + total(x.M)
    return Holdup(x.H_trough + total(x.H) + x.H_receiver, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, out):
    last = x.M.shape[0] - 1
    out.m[0] = total(x.m_trough) + a.crystal_mass + total(x.M) + total(x.m_receiver)
    out.m_flow[0] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[1] = total(u.wash.m_flow)
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = x.M[last] / p.tau_discharge
    out.m_flow[4] = total(x.m_receiver) / p.tau_receiver
    out.m_flow[5] = total(u.gas.m_flow)
    for i in range(x.m.shape[0]):
        out.m[0] += total(x.m[i])
        out.m_flow[3] += x.m[i, last] / p.tau_discharge
        out.m_flow[5] += evaporation(i, x, u.gas, p)
    return Transport(out.m, out.m_flow)


def nominals(p: Any) -> dict[str, float]:
    """Scales of the states: a full trough, and charges, with a tenth of crystals."""
    rho = float(np.mean(p.rho))
    trough, charge = p.V_trough * rho, p.V_charge * rho
    return {
        "H_trough": 1e4 * trough,
        "H_receiver": 1e3 * charge,
        "m_trough": 0.1 * trough,
        "crystals": 0.1 * trough / (len(p.L_edges) - 1),
        "m": 0.1 * charge,
        "M": 0.1 * charge,
        "D": 0.1 * charge,
        "A": 0.1 * charge * p.ka_kv / (float(p.rho_solid[p.crystal]) * p.L_ref),
        "H": 1e3 * charge,
        "m_receiver": 0.1 * charge,
    }


def initial_state(initial: Initial, p: Any) -> State:
    """A trough of slurry; ports bare, or with dry cake of the reference size; clean meshes; no filtrate yet."""
    w = np.asarray(initial.w)
    m = initial.V / float(np.sum(w / p.rho)) * w
    crystals = np.array(initial.crystals, dtype=float)
    M = np.array(initial.M, dtype=float)
    cp_crystal = float(p.cp_solid[p.crystal])
    above = initial.T - T_REF
    return State(
        H_trough=(float(m @ p.cp) + float(crystals.sum()) * cp_crystal) * above,
        H_receiver=0.0,
        m_trough=m,
        crystals=crystals,
        m=np.zeros((len(w), len(M))),
        M=M,
        D=M.copy(),
        A=M * p.ka_kv / (float(p.rho_solid[p.crystal]) * p.L_ref),
        H=M * cp_crystal * above,
        R_mesh=np.full(len(M), p.R_m),
        m_receiver=np.zeros(len(w)),
    )
