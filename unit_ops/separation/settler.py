"""A gravity settler: two liquids separate into layers, and each overflows its own weir.

Assumptions
- one liquid arrives as drops in the other; drops finer than those that settle against the overflow of the
  continuous layer are carried along with it (Stokes and Rosin, Rammler), the others gather in a layer of
  dispersion between the two and coalesce there: at the capacity of the area when it is deep, in proportion
  to its depth when it is shallow. What a settler cannot coalesce fills it: the depth is a guard;
- dispersion and both layers are each mixed; no component passes between the liquids;
- volumes add; densities at 298.15 K; viscosity as given, or that of the mixture at its temperature;
  one temperature, heat loss to the room.

Balances (c continuous layer, w dispersion, d layer of the former drops; entrained part F)
    dm_c/dt = ṁ_continuous + F ṁ_dispersed − k_c m_c
    dm_w/dt = (1 − F) ṁ_dispersed − k_w m_w
    dm_d/dt = k_w m_w − k_d m_d
    dH/dt   = Σ Ḣ_in − Σ Ḣ_out + UA (T_room − T)
    k_c = (V_c − V_c,weir)⁺/(τ V_c),   k_d alike,   k_w = u/h₀ (1 − exp(−z))/z,  z = V_w/(A h₀)
    F = 1 − exp(−(d_cut/d_63)^n),   d_cut² = 18 μ (k_c V_c/A)/(g Δρ)

References: see settling.py; Treybal, Mass-Transfer Operations, McGraw-Hill 1980 (ISBN 978-0-07-065176-0).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Nominal, Range
from unit_ops.properties.mixture import Viscosity, viscosity, volume
from unit_ops.separation.settling import carried, coalescence, cut_size, overflow
from unit_ops.smooth import reciprocal
from unit_ops.streams import T_REF, Holdup, Signal, Solution, dot, enthalpy_flow, total

#: Part of the weir's volume below which a layer counts as absent.
HEEL = 1e-3
U_LEAST: Annotated[float, "m/s", "overflow velocity below which no drop is carried along"] = 1e-12


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m_continuous: Annotated[Array, "kg", "component masses in the continuous layer", ("fluids",)]
    m_dispersion: Annotated[Array, "kg", "component masses of the drops not yet coalesced", ("fluids",), Nominal(0.1)]
    m_coalesced: Annotated[Array, "kg", "component masses in the layer of coalesced drops", ("fluids",)]


class Params(NamedTuple):
    V_continuous: Annotated[float, "m^3", "continuous layer below its weir", Range(1e-9, 1e3)]
    V_coalesced: Annotated[float, "m^3", "layer of coalesced drops below its weir", Range(1e-9, 1e3)]
    area: Annotated[float, "m^2", "horizontal area", Range(1e-6, 1e4)]
    coalescence_flux: Annotated[float, "m/s", "coalescence capacity: drops per area, by volume", Range(1e-9, 1.0)]
    coalescence_depth: Annotated[float, "m", "depth of dispersion that uses 63 % of the capacity", Range(1e-6, 10.0)]
    depth_limit: Annotated[float, "m", "depth of dispersion at which the settler floods", Range(1e-6, 10.0)]
    d_63: Annotated[float, "m", "drop size: 63.2 % of the volume are smaller", Range(1e-7, 1e-1)]
    drop_spread: Annotated[float, "1", "exponent of the drop-size distribution", Range(0.5, 10.0)]
    mu_continuous: Annotated[float, "Pa s", "viscosity of the continuous liquid, if given", Range(1e-6, 1e3)]
    d_rho: Annotated[float, "kg/m^3", "difference of the liquids' densities", Range(1e-3, 5e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area to the room", Range(0.0, 1e7)] = 0.0
    tau: Annotated[float, "s", "time constant of the outflow over the weirs", Range(1e-3, 1e7)] = 1.0
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")] = 0.1  # type: ignore[assignment]
    mu_pure: Annotated[Array, "Pa s", "viscosities of the components at 298.15 K", ("fluids",), Range(1e-12, 1e3)] = (
        1e-12  # type: ignore[assignment]
    )
    E_mu: Annotated[Array, "J/mol", "activation energies of their flow", ("fluids",), Range(0.0, 1e6)] = 0.0  # type: ignore[assignment]
    viscosity_law: Annotated[Viscosity, "1", "where the viscosity of the continuous liquid is from"] = Viscosity.GIVEN


class Inlets(NamedTuple):
    continuous: Annotated[Solution, "the liquid that surrounds the drops"]
    dispersed: Annotated[Solution, "the liquid that arrives as drops"]
    T_room: Annotated[Signal, "K", "room temperature"]


class Outlets(NamedTuple):
    layer: Annotated[Solution, "continuous liquid, with the drops carried along"]
    coalesced: Annotated[Solution, "liquid of the coalesced drops"]


class Measurements(NamedTuple):
    T: Annotated[float, "K", "temperature"]
    depth: Annotated[float, "m", "depth of the dispersion"]
    part_carried: Annotated[float, "1", "part of the drops carried along with the continuous liquid"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the room"]


class Guards(NamedTuple):
    flooding: Annotated[float, "m", "depth of the dispersion above the limit"]
    layer_missing: Annotated[float, "m^3", "volume that the continuous layer lacks to half its weir's"]


class Initial(NamedTuple):
    T: Annotated[float, "K", "temperature", Range(200.0, 500.0)]
    w_continuous: Annotated[Array, "1", "mass fractions of the continuous layer", ("fluids",), Fractions()]
    w_coalesced: Annotated[Array, "1", "mass fractions of the layer of coalesced drops", ("fluids",), Fractions()]
    filled: Annotated[float, "1", "part of the weirs' volumes that is filled", Range(0.0, 1.0)] = 1.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of continuous layer, dispersion and coalesced layer", ("3",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


FACES = (("continuous", 0), ("dispersed", 0), ("dispersed", 1), (1, 2), (0, "layer"), (2, "coalesced"))


@kernel
def heat_capacity(x, p):
    return dot(x.m_continuous, p.cp) + dot(x.m_dispersion, p.cp) + dot(x.m_coalesced, p.cp)


@kernel
def T(x, p):
    least = HEEL * p.V_continuous * p.rho[0] * p.cp[0]
    return T_REF + x.H * reciprocal(heat_capacity(x, p), least)


@kernel
def depth(x, p):
    return volume(x.m_dispersion, p.rho) / p.area


@kernel
def mu(x, p):
    """Viscosity of the continuous liquid."""
    if p.viscosity_law == Viscosity.MIXTURE:
        return viscosity(x.m_continuous, p.molar_mass, p.mu_pure, p.E_mu, T(x, p))
    return p.mu_continuous


@kernel
def part_carried(x, p):
    velocity = overflow(volume(x.m_continuous, p.rho), p.V_continuous, p.tau) / p.area
    return carried(cut_size(velocity + U_LEAST, mu(x, p), p.d_rho), p.d_63, p.drop_spread)


@kernel
def flooding(x, p):
    return depth(x, p) - p.depth_limit


@kernel
def layer_missing(x, p):
    return 0.5 * p.V_continuous - volume(x.m_continuous, p.rho)


@kernel
def layer_rate(m, V_weir, p):
    """Fraction of a layer that flows over its weir per second."""
    V = volume(m, p.rho)
    return overflow(V, V_weir, p.tau) * reciprocal(V, HEEL * V_weir)


@kernel
def breaking_rate(x, p):
    """Fraction of the drops that coalesce per second."""
    return coalescence(volume(x.m_dispersion, p.rho), p.area, p.coalescence_depth, p.coalescence_flux)


@kernel
def layer(x, p, out):
    k = layer_rate(x.m_continuous, p.V_continuous, p)
    for i in range(x.m_continuous.shape[0]):
        out.m_flow[i] = k * x.m_continuous[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def coalesced(x, p, out):
    k = layer_rate(x.m_coalesced, p.V_coalesced, p)
    for i in range(x.m_coalesced.shape[0]):
        out.m_flow[i] = k * x.m_coalesced[i]
    return Solution(T(x, p), out.m_flow)


@kernel
def derivatives(x, u, p, dx):
    F = part_carried(x, p)
    k_c = layer_rate(x.m_continuous, p.V_continuous, p)
    k_w = breaking_rate(x, p)
    k_d = layer_rate(x.m_coalesced, p.V_coalesced, p)
    for i in range(x.m_continuous.shape[0]):
        dx.m_continuous[i] = u.continuous.m_flow[i] + F * u.dispersed.m_flow[i] - k_c * x.m_continuous[i]
        dx.m_dispersion[i] = (1.0 - F) * u.dispersed.m_flow[i] - k_w * x.m_dispersion[i]
        dx.m_coalesced[i] = k_w * x.m_dispersion[i] - k_d * x.m_coalesced[i]
    dH = enthalpy_flow(u.continuous.T, u.continuous.m_flow, p.cp)
    dH += enthalpy_flow(u.dispersed.T, u.dispersed.m_flow, p.cp) + p.UA * (u.T_room.value - T(x, p))
    dH -= (k_c * dot(x.m_continuous, p.cp) + k_d * dot(x.m_coalesced, p.cp)) * (T(x, p) - T_REF)
    return State(dH, dx.m_continuous, dx.m_dispersion, dx.m_coalesced)


@kernel
def quadratures(x, u, p):
    return Quadratures(p.UA * (u.T_room.value - T(x, p)))


@kernel
def holdup(x, out):
    for i in range(x.m_continuous.shape[0]):
        out.fluids[i] = x.m_continuous[i] + x.m_dispersion[i] + x.m_coalesced[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    F = part_carried(x, p)
    drops = total(u.dispersed.m_flow)
    out.m[0] = total(x.m_continuous)
    out.m[1] = total(x.m_dispersion)
    out.m[2] = total(x.m_coalesced)
    out.m_flow[0] = total(u.continuous.m_flow)
    out.m_flow[1] = F * drops
    out.m_flow[2] = (1.0 - F) * drops
    out.m_flow[3] = breaking_rate(x, p) * out.m[1]
    out.m_flow[4] = layer_rate(x.m_continuous, p.V_continuous, p) * out.m[0]
    out.m_flow[5] = layer_rate(x.m_coalesced, p.V_coalesced, p) * out.m[2]
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a mixture of components whose viscosities are not given."""
    if p.viscosity_law == Viscosity.MIXTURE and np.min(p.mu_pure) <= 1e-12:
        return {"mu_pure": "'mu_pure' must be given for every component with 'viscosity_law: mixture'"}
    return {}


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: full layers, 10 K from the reference temperature."""
    rho, cp = float(np.mean(p.rho)), float(np.mean(p.cp))
    return {
        "H": 10.0 * rho * cp * (p.V_continuous + p.V_coalesced),
        "m_continuous": 0.1 * rho * p.V_continuous,
        "m_dispersion": 0.1 * rho * p.area * p.coalescence_depth,
        "m_coalesced": 0.1 * rho * p.V_coalesced,
    }


def initial_state(initial: Initial, p: Params) -> State:
    """Clear layers at the given temperature, no dispersion (fractions sum to 1)."""

    def filling(w: np.ndarray, V: float) -> np.ndarray:
        return initial.filled * V / float(np.sum(np.asarray(w) / p.rho)) * np.asarray(w)

    m_c, m_d = filling(initial.w_continuous, p.V_continuous), filling(initial.w_coalesced, p.V_coalesced)
    return State(float((m_c + m_d) @ p.cp) * (initial.T - T_REF), m_c, np.zeros(len(m_c)), m_d)
