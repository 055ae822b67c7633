"""A rotary tablet press with its feed frame: fill, compression, weight, strength and hardness.

Assumptions
- chute and feed frame are one stirred holdup, measured by its bulk volume; below the heel the dies
  fill only partly, so that weight and flow die out with the holdup; so do, faster, thickness,
  hardness, API content and LOD as shown: of a trace they would be ratios of solver errors;
- every die is filled to the set depth, less what a fast turret loses (exp(−t_fill N));
- turret, fill cam and pressure follow their setpoints as first-order lags, so tablets are known
  from the state alone;
- bulk and true volumes of the solids add; residual liquid adds mass, not volume;
- compaction and strength constants of a blend are averages over the solids' true volumes
  (a working assumption, not a published mixing rule);
- tablets are flat cylinders; no elastic recovery, no reject gate.

Balances
    dm_i/dt = ṁ_i,in − k m_i,   k = n_flow V_die/V_b,   V_b = Σ m_i/ρ_bulk,i
    n_flow = stations N
    V_die = π D²/4 · depth · exp(−t_fill N)
    d(N, depth, P)/dt = (setpoint − value)/τ
Tablet: m_t = k m/n_flow; D = law(P); thickness = m_t,solid/(ρ_true D πD²/4); hardness = σπD·thickness/2

References: laws in compaction.py; Mendez, Muzzio & Velazquez, Powder Technol. 200 (2010) 105 (feed
frames and fill).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.smooth import fading_reciprocal, reciprocal, step
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, Signal, Tablets, total
from unit_ops.tableting.compaction import Compaction, Strength, crushing_force, relative_density
from unit_ops.tableting.compaction import tensile_strength as strength


class State(NamedTuple):
    N: Annotated[float, "1/s", "turret speed", Nominal(1.0)]
    depth: Annotated[float, "m", "fill depth", Nominal(1e-2)]
    P: Annotated[float, "Pa", "main compression pressure", Nominal(1e8)]
    m_solids: Annotated[Array, "kg", "solid component masses in the feed frame", ("solids",), Nominal(0.1)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses in the feed frame", ("fluids",), Nominal(1e-3)]


class Params(NamedTuple):
    stations: Annotated[float, "1", "dies on the turret", Range(1.0, 200.0)]
    diameter: Annotated[float, "m", "die diameter", Range(1e-3, 0.05)]
    V_frame: Annotated[float, "m^3", "bulk volume of the full chute and feed frame", Range(1e-7, 10.0)]
    V_low: Annotated[float, "m^3", "bulk volume at which the press should pause", Range(1e-8, 10.0)]
    V_heel: Annotated[float, "m^3", "bulk volume below which dies fill only partly", Range(1e-9, 1.0)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    rho_bulk: Annotated[Array, "kg/m^3", "bulk densities in the die", ("solids",)]
    rho_true: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    compaction_constant: Annotated[Array, "1", "Kawakita a, Heckel A or critical density", ("solids",)]
    compressibility: Annotated[Array, "1/Pa", "Kawakita b, Heckel K or Kuentz-Leuenberger C", ("solids",)]
    strength_max: Annotated[Array, "Pa", "strength at zero porosity, or its maximum", ("solids",)]
    bonding: Annotated[Array, "1", "porosity exponent, Leuenberger gamma times 1 MPa, or threshold", ("solids",)]
    compaction: Annotated[Compaction, "1", "compaction law"] = Compaction.KAWAKITA
    strength_law: Annotated[Strength, "1", "strength law"] = Strength.RYSHKEWITCH_DUCKWORTH
    t_fill: Annotated[float, "s", "loss of fill with turret speed", Range(0.0, 10.0)] = 0.0
    tau: Annotated[float, "s", "time constant of turret, fill cam and pressure", Range(1e-3, 1e3)] = 2.0


class Inlets(NamedTuple):
    powder: Annotated[Powder, "blend"]
    turret_speed: Annotated[Signal, "1/s", "setpoint of the turret speed"]
    fill_depth: Annotated[Signal, "m", "setpoint of the fill depth"]
    pressure: Annotated[Signal, "Pa", "setpoint of the main compression pressure"]


class Outlets(NamedTuple):
    tablets: Annotated[Tablets, "tablets"]
    demand: Annotated[Signal, "kg/s", "powder that full dies take at the present speed"]


class Measurements(NamedTuple):
    tablet_mass: Annotated[float, "kg", "mass of a tablet"]
    thickness: Annotated[float, "m", "thickness of a tablet"]
    porosity: Annotated[float, "1", "porosity of a tablet"]
    tensile_strength: Annotated[float, "Pa", "tensile strength"]
    hardness: Annotated[float, "N", "crushing force across the diameter"]
    compression_force: Annotated[float, "N", "main compression force"]
    api_content: Annotated[float, "1", "mass fraction of the API in a tablet"]
    LOD: Annotated[float, "1", "loss on drying: liquid over total mass"]
    level: Annotated[float, "1", "bulk volume in the feed frame over its capacity"]
    rate: Annotated[float, "1/s", "tablets per second"]


class Guards(NamedTuple):
    starved: Annotated[float, "m^3", "bulk volume above the level at which the press should pause"]
    flooded: Annotated[float, "m^3", "bulk volume above the capacity"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "powder in the feed frame", Range(0.0, 1e3)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    N: Annotated[float, "1/s", "turret speed", Range(0.0, 10.0)] = 0.0
    depth: Annotated[float, "m", "fill depth", Range(1e-4, 0.1)] = 8e-3
    P: Annotated[float, "Pa", "main compression pressure", Range(1e5, 1e9)] = 1e8


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("powder", 0), (0, "tablets"))


@kernel
def bulk_volume(x, p):
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        V += x.m_solids[i] / p.rho_bulk[i]
    return V


@kernel
def true_volume(x, p):
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        V += x.m_solids[i] / p.rho_true[i]
    return V


@kernel
def blend_mean(values, x, p):
    """Average of a property of the solids over their true volumes."""
    s = 0.0
    for i in range(x.m_solids.shape[0]):
        s += values[i] * x.m_solids[i] / p.rho_true[i]
    return s * reciprocal(true_volume(x, p), 0.1 * p.V_heel)


@kernel
def die_area(p):
    return 0.25 * math.pi * p.diameter * p.diameter


@kernel
def filled_share(x, p):
    """Share of the holdup that goes into one die."""
    V_die = die_area(p) * x.depth * math.exp(-p.t_fill * x.N)
    return V_die * reciprocal(bulk_volume(x, p), p.V_heel)


@kernel
def density(x, p):
    """Relative density of the tablet."""
    filled = true_volume(x, p) * reciprocal(bulk_volume(x, p), p.V_heel)
    constant = blend_mean(p.compaction_constant, x, p)
    compressibility = blend_mean(p.compressibility, x, p)
    return relative_density(p.compaction, x.P, filled, constant, compressibility)


@kernel
def tablet_mass(x, p):
    return filled_share(x, p) * (total(x.m_solids) + total(x.m_liquid))


@kernel
def thickness(x, p):
    pressed = filled_share(x, p) * true_volume(x, p) / die_area(p) * reciprocal(density(x, p), 1e-6)
    return pressed * step(bulk_volume(x, p) / p.V_heel)  # weight and density both die out: 0/0 without


@kernel
def porosity(x, p):
    return 1.0 - density(x, p)


@kernel
def tensile_strength(x, p):
    strength_max = blend_mean(p.strength_max, x, p)
    return strength(p.strength_law, x.P, density(x, p), strength_max, blend_mean(p.bonding, x, p))


@kernel
def hardness(x, p):
    return crushing_force(tensile_strength(x, p), p.diameter, thickness(x, p))


@kernel
def compression_force(x, p):
    return x.P * die_area(p)


@kernel
def api_content(x, p):
    held = total(x.m_solids) + total(x.m_liquid)
    return x.m_solids[p.api] * fading_reciprocal(held, p.V_heel * p.rho_bulk[p.api])


@kernel
def LOD(x, p):
    liquid = total(x.m_liquid)
    return liquid * fading_reciprocal(total(x.m_solids) + liquid, p.V_heel * p.rho_bulk[p.api])


@kernel
def level(x, p):
    return bulk_volume(x, p) / p.V_frame


@kernel
def rate(x, p):
    return p.stations * x.N


@kernel
def starved(x, p):
    return bulk_volume(x, p) - p.V_low


@kernel
def flooded(x, p):
    return bulk_volume(x, p) - p.V_frame


@kernel
def tablets(x, p, out):
    n_flow = rate(x, p)
    k = n_flow * filled_share(x, p)
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i]
    return Tablets(n_flow, out.m_flow, out.m_flow_liquid)


@kernel
def demand(x, p):
    return Signal(rate(x, p) * tablet_mass(x, p))


@kernel
def derivatives(x, u, p, dx):
    k = rate(x, p) * filled_share(x, p)
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = u.powder.m_flow[i] - k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i] = u.powder.m_flow_liquid[i] - k * x.m_liquid[i]
    dN = (u.turret_speed.value - x.N) / p.tau
    ddepth = (u.fill_depth.value - x.depth) / p.tau
    dP = (u.pressure.value - x.P) / p.tau
    return State(dN, ddepth, dP, dx.m_solids, dx.m_liquid)


@kernel
def transport(x, u, p, out):
    out.m[0] = total(x.m_solids) + total(x.m_liquid)
    out.m_flow[0] = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    out.m_flow[1] = rate(x, p) * filled_share(x, p) * out.m[0]
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Feed frame holding a given powder: w shares out what is not liquid."""
    m_liquid = initial.m * initial.w_liquid
    m_solids = (initial.m - float(np.sum(m_liquid))) * initial.w
    return State(initial.N, initial.depth, initial.P, m_solids, m_liquid)
