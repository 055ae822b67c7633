"""What both filter carousels are made of: parameters of machine, cake and materials, faces, guards of the trough."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Grid, Index, Range
from unit_ops.separation.filter_parts import V


class CarouselParams(NamedTuple):
    area: Annotated[float, "m^2", "filter area of a station", Range(1e-6, 1e3)]
    L_ref: Annotated[float, "m", "surface-mean size (L32) at which the constants of the cake hold", Range(1e-7, 1e-2)]
    V_trough: Annotated[float, "m^3", "volume of the trough", Range(1e-8, 100.0)]
    V_charge: Annotated[float, "m^3", "slurry that a turn takes", Range(1e-9, 10.0)]
    dP: Annotated[float, "Pa", "pressure difference", Range(0.0, 1e7)]
    alpha: Annotated[float, "m/kg", "specific cake resistance at the reference size", Range(1e6, 1e14)]
    R_m: Annotated[float, "1/m", "resistance of a clean mesh", Range(1e6, 1e13)]
    fouling: Annotated[float, "1/m", "resistance that a turn with a cake adds to the mesh", Range(0.0, 1e12)]
    epsilon: Annotated[float, "1", "porosity of the cake", Range(0.05, 0.95)]
    S_inf: Annotated[float, "1", "equilibrium saturation", Range(0.0, 0.9)]
    mu_A: Annotated[float, "1", "viscosity: constant of log10(mPa s)", Range(-100.0, 100.0)]
    w_target: Annotated[float, "1", "liquid content at which a cake counts as dry", Range(0.0, 1.0)]
    crystal: Annotated[int, "1", "solid of which the crystals are", Index("solids")]
    solute: Annotated[int, "1", "the same substance dissolved", Index("fluids")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    mu_B: Annotated[float, "K", "viscosity: coefficient of 1/T", Range(-1e4, 1e4)] = 0.0
    mu_C: Annotated[float, "1/K", "viscosity: coefficient of T", Range(-1.0, 1.0)] = 0.0
    mu_D: Annotated[float, "1/K^2", "viscosity: coefficient of T²", Range(-1e-2, 1e-2)] = 0.0
    mu_T_low: Annotated[float, "K", "viscosity: lowest temperature of its fit", Range(0.0, 1e4)] = 1.0
    mu_T_high: Annotated[float, "K", "viscosity: highest temperature of its fit", Range(0.0, 1e4)] = 1e4
    ka_kv: Annotated[float, "1", "surface over volume shape factor", Range(3.0, 100.0)] = 6.0
    P_ref: Annotated[float, "Pa", "pressure over which mass transfer is written", Range(1.0, 1e7)] = 1e5
    zeta: Annotated[float, "1", "height of a transfer unit over the crystal size", Range(1.0, 1e5)] = 199.78
    w_eq: Annotated[float, "1", "equilibrium moisture, wet basis", Range(0.0, 0.5)] = 5e-4
    tau_discharge: Annotated[float, "s", "time in which the discharge chamber empties", Range(1e-2, 1e4)] = 2.0
    tau_receiver: Annotated[float, "s", "residence time in the receiver", Range(1e-2, 1e4)] = 2.0
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0  # type: ignore[assignment]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass in the machine", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


FACES = (("slurry", 0), ("wash", 0), ("gas", 0), (0, "cake"), (0, "filtrate"), (0, "exhaust"))


@kernel
def R_first(x):
    return x.R_mesh[0]


@kernel
def short_of_slurry(x, a, p):
    return V(x, a, p) - p.V_charge


@kernel
def trough_full(x, a, p):
    return V(x, a, p) - p.V_trough


def check_params(p: Any) -> dict[str, str]:
    """Refuse a charge that the trough cannot hold."""
    if p.V_charge > p.V_trough:
        return {"V_charge": "'V_charge' must not be more than 'V_trough'"}
    return {}


@kernel
def cake_height(x, p):
    return x.M[0] / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area)
