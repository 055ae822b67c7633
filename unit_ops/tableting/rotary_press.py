"""A rotary tablet press below a feed frame: filling, pre- and main compression, ejection, tablet quality.

The detailed press: it pulls a bulk volume from a feed frame (`V_flow_dies`). press.py is the simple one, with
the frame inside; gap_press.py is this one with rolls that are set by the gap between the punches, so that force
tells of weight: here pressure is what the rolls are set to, and a loop on force would measure its own output.

Assumptions
- every die takes the volume of its set depth, less what a fast turret loses (exp(−t_fill N)), at most what
  the frame gives; what is in the dies is mixed over the part `phase` of a turn from filling to ejection;
- turret, fill cam and rolls follow their setpoints as first-order lags;
- bulk and true volumes of the solids add; residual liquid adds mass, not volume;
- Kawakita's volume reductions count from the density of his fit, not from that in the die;
- constants of compaction, strength and recovery of a blend are averages over the solids' true volumes (a
  working assumption, not a published mixing rule);
- the greater of both pressures compacts, longer dwell counts as more pressure (exponent 0: it does not);
  strength follows solid fraction whatever the speed; the height recovers in proportion to pressure;
- lubrication (brought in by a signal beside the powder) weakens tablets (Kushner & Moore, taken at every
  solid fraction) and lowers friction; a fixed share of the pressure stays as radial pressure at ejection;
- tablets are flat cylinders. Below V_heel (of powder in all dies) qualities as shown fade to 0.

Balances
    dm_i/dt = ṁ_i,in − (N/phase) m_i,   dS/dt = ṁ_in · lubrication_in − (N/phase) S,   n_flow = stations N
    d(N, depth, P_pre, P)/dt = (setpoint − value)/τ
    V_flow_dies = stations N π D²/4 · depth · exp(−t_fill N)
Tablet: mass m/(stations phase); D = law(P_eff)/(1 + recovery P); thickness = m_solid/(ρ_true D πD²/4);
hardness = σπD·thickness/2

References: laws in compaction.py and punches.py; Mendez, Muzzio & Velazquez, Powder Technol. 200 (2010) 105
(fill).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.powder.stirred import mass as held
from unit_ops.smooth import fading_reciprocal, reciprocal, step
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, Signal, Tablets, total
from unit_ops.tableting.compaction import Compaction, Strength, crushing_force, relative_density
from unit_ops.tableting.compaction import tensile_strength as strength
from unit_ops.tableting.press import blend_mean, bulk_volume, die_area, true_volume
from unit_ops.tableting.punches import effective_pressure, lubricated, recovered_density, wall_friction
from unit_ops.tableting.punches import ejection_force as force_along_wall


class State(NamedTuple):
    N: Annotated[float, "1/s", "turret speed", Nominal(1.0)]
    depth: Annotated[float, "m", "fill depth", Nominal(1e-2)]
    P_pre: Annotated[float, "Pa", "precompression pressure", Nominal(1e7)]
    P: Annotated[float, "Pa", "main compression pressure", Nominal(1e8)]
    shear: Annotated[float, "kg m", "mass in the dies times its extent of lubrication", Nominal(0.1)]
    m_solids: Annotated[Array, "kg", "solid component masses in the dies", ("solids",), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "residual liquid masses in the dies", ("fluids",), Nominal(1e-4)]


class Params(NamedTuple):
    stations: Annotated[float, "1", "dies on the turret", Range(1.0, 200.0)]
    diameter: Annotated[float, "m", "die diameter", Range(1e-3, 0.05)]
    pitch_diameter: Annotated[float, "m", "pitch circle diameter of the turret", Range(0.02, 2.0)]
    flat: Annotated[float, "m", "diameter of the flat of a punch head", Range(1e-3, 0.1)]
    V_heel: Annotated[float, "m^3", "bulk volume in all dies below which qualities fade", Range(1e-12, 1e-2)]
    api: Annotated[int, "1", "solid whose content is measured", Index("solids")]
    rho_bulk: Annotated[Array, "kg/m^3", "bulk densities in the die", ("solids",), Component("rho_bulk")]
    rho_true: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    strength_max: Annotated[Array, "Pa", "strength at no porosity, or greatest", ("solids",), Component("strength_max")]
    recovery: Annotated[Array, "1/Pa", "elastic growth of height per pressure", ("solids",), Component("recovery")]
    compaction: Annotated[Compaction, "1", "compaction law"]
    strength_law: Annotated[Strength, "1", "strength law"]
    strength_loss: Annotated[float, "1", "greatest share of strength lost to lubrication", Range(0.0, 1.0)]
    lubrication_rate: Annotated[float, "1/m", "loss of strength and friction with lubrication", Range(0.0, 1e3)]
    friction: Annotated[float, "1", "friction at the die wall, not lubricated", Range(0.0, 2.0)]
    friction_min: Annotated[float, "1", "friction at the die wall, well lubricated", Range(0.0, 2.0)]
    radial: Annotated[float, "1", "radial pressure left at ejection over main pressure", Range(0.0, 1.0)]
    speed_exponent: Annotated[float, "1", "power of dwell that counts as pressure", Range(0.0, 1.0)] = 0.0
    N_ref: Annotated[float, "1/s", "turret speed for which the constants hold", Range(1e-3, 10.0)] = 1.0
    roll_ratio: Annotated[float, "1", "dwell under the precompression roll over the main one", Range(0.0, 5.0)] = 1.0
    t_fill: Annotated[float, "s", "loss of fill with turret speed", Range(0.0, 10.0)] = 0.0
    phase: Annotated[float, "1", "part of a turn from filling to ejection", Range(0.05, 1.0)] = 0.75
    tau: Annotated[float, "s", "time constant of turret, fill cam and rolls", Range(1e-3, 1e3)] = 2.0
    # constants of the chosen laws; 0: not given, which check_params answers
    kawakita_density: Annotated[Array, "1", "filled density", ("solids",), Component("kawakita_density")] = 0.0  # type: ignore
    kawakita_a: Annotated[Array, "1", "Kawakita constant a", ("solids",), Component("kawakita_a")] = 0.0  # type: ignore
    kawakita_b: Annotated[Array, "1/Pa", "Kawakita b", ("solids",), Component("kawakita_b")] = 0.0  # type: ignore
    heckel_A: Annotated[Array, "1", "Heckel intercept", ("solids",), Component("heckel_A")] = 0.0  # type: ignore
    heckel_K: Annotated[Array, "1/Pa", "Heckel slope", ("solids",), Component("heckel_K")] = 0.0  # type: ignore
    kl_density: Annotated[Array, "1", "critical density, compaction", ("solids",), Component("kl_density")] = 0.0  # type: ignore
    kl_C: Annotated[Array, "1/Pa", "Kuentz-Leuenberger C", ("solids",), Component("kl_C")] = 0.0  # type: ignore
    porosity_exponent: Annotated[Array, "1", "Ryshkewitch k", ("solids",), Component("porosity_exponent")] = 0.0  # type: ignore
    bonding: Annotated[Array, "1", "Leuenberger gamma times 1 MPa, or threshold of strength", ("solids",)] = 0.0  # type: ignore


class Inlets(NamedTuple):
    powder: Annotated[Powder, "powder drawn into the dies"]
    turret_speed: Annotated[Signal, "1/s", "setpoint of the turret speed"]
    fill_depth: Annotated[Signal, "m", "setpoint of the fill depth"]
    pre_pressure: Annotated[Signal, "Pa", "setpoint of the precompression pressure"]
    pressure: Annotated[Signal, "Pa", "setpoint of the main compression pressure"]
    lubrication_in: Annotated[Signal, "m", "extent of lubrication of the powder"]


class Outlets(NamedTuple):
    tablets: Annotated[Tablets, "tablets"]
    V_flow_dies: Annotated[Signal, "m^3/s", "bulk volume that the dies take"]


class Measurements(NamedTuple):
    tablet_mass: Annotated[float, "kg", "mass of a tablet"]
    thickness: Annotated[float, "m", "thickness of a tablet"]
    porosity: Annotated[float, "1", "porosity of a tablet"]
    tensile_strength: Annotated[float, "Pa", "tensile strength"]
    hardness: Annotated[float, "N", "crushing force across the diameter"]
    pre_force: Annotated[float, "N", "precompression force"]
    compression_force: Annotated[float, "N", "main compression force"]
    ejection_force: Annotated[float, "N", "force that ejects a tablet"]
    dwell: Annotated[float, "s", "dwell under the main compression roll"]
    lubrication: Annotated[float, "m", "extent of lubrication of what is pressed"]
    api_content: Annotated[float, "1", "mass fraction of the API in a tablet"]
    LOD: Annotated[float, "1", "loss on drying: liquid over total mass"]
    rate: Annotated[float, "1/s", "tablets per second"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "powder in the dies", Range(0.0, 10.0)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    lubrication: Annotated[float, "m", "extent of lubrication of what is held", Range(0.0, 1e6)] = 0.0
    N: Annotated[float, "1/s", "turret speed", Range(0.0, 10.0)] = 0.0
    depth: Annotated[float, "m", "fill depth", Range(1e-4, 0.1)] = 8e-3
    P_pre: Annotated[float, "Pa", "precompression pressure", Range(0.0, 1e9)] = 0.0
    P: Annotated[float, "Pa", "main compression pressure", Range(1e5, 1e9)] = 1e8


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("powder", 0), (0, "tablets"))


@kernel
def per_mass(amount, x, p):
    return amount * fading_reciprocal(held(x), p.V_heel * p.rho_bulk[p.api])


@kernel
def pressure_felt(x, p):
    """Pressure that compacts as much at the reference speed."""
    return effective_pressure(x.P_pre, x.P, x.N, p.N_ref, p.roll_ratio, p.speed_exponent)


@kernel
def law_constant(x, p):
    """Kawakita a, Heckel A or critical density of the blend."""
    if p.compaction == Compaction.HECKEL:
        return blend_mean(p.heckel_A, x, p)
    if p.compaction == Compaction.KUENTZ_LEUENBERGER:
        return blend_mean(p.kl_density, x, p)
    return blend_mean(p.kawakita_a, x, p)


@kernel
def law_compressibility(x, p):
    """Kawakita b, Heckel K or Kuentz-Leuenberger C of the blend."""
    if p.compaction == Compaction.HECKEL:
        return blend_mean(p.heckel_K, x, p)
    if p.compaction == Compaction.KUENTZ_LEUENBERGER:
        return blend_mean(p.kl_C, x, p)
    return blend_mean(p.kawakita_b, x, p)


@kernel
def density(x, p):
    """Relative density of the tablet after ejection."""
    before = blend_mean(p.kawakita_density, x, p)
    pressed = relative_density(p.compaction, pressure_felt(x, p), before, law_constant(x, p), law_compressibility(x, p))
    return recovered_density(pressed, x.P, blend_mean(p.recovery, x, p))


@kernel
def tablet_mass(x, p):
    return held(x) / (p.stations * p.phase)


@kernel
def thickness(x, p):
    height = true_volume(x, p) / (p.stations * p.phase * die_area(p)) * reciprocal(density(x, p), 1e-6)
    return height * step(bulk_volume(x, p) / p.V_heel)


@kernel
def porosity(x, p):
    return 1.0 - density(x, p)


@kernel
def lubrication(x, p):
    return per_mass(x.shear, x, p)


@kernel
def strength_at(felt, D, x, p):
    """Tensile strength of what the pressure felt brought to relative density D, lubricated as it is."""
    bonds = blend_mean(p.bonding, x, p)
    if p.strength_law == Strength.RYSHKEWITCH_DUCKWORTH:
        bonds = blend_mean(p.porosity_exponent, x, p)
    whole = strength(p.strength_law, felt, D, blend_mean(p.strength_max, x, p), bonds)
    return whole * lubricated(lubrication(x, p), p.strength_loss, p.lubrication_rate)


@kernel
def tensile_strength(x, p):
    return strength_at(pressure_felt(x, p), density(x, p), x, p)


@kernel
def hardness(x, p):
    return crushing_force(tensile_strength(x, p), p.diameter, thickness(x, p))


@kernel
def pre_force(x, p):
    return x.P_pre * die_area(p)


@kernel
def compression_force(x, p):
    return x.P * die_area(p)


@kernel
def force_to_eject(P, height, x, p):
    """Force that ejects a tablet of a height, pressed with P."""
    friction = wall_friction(lubrication(x, p), p.friction, p.friction_min, p.lubrication_rate)
    return force_along_wall(friction, p.radial * P, p.diameter, height)


@kernel
def ejection_force(x, p):
    return force_to_eject(x.P, thickness(x, p), x, p)


@kernel
def dwell(x, p):
    return p.flat / (math.pi * p.pitch_diameter) * fading_reciprocal(x.N, 1e-2 * p.N_ref)


@kernel
def api_content(x, p):
    return per_mass(x.m_solids[p.api], x, p)


@kernel
def LOD(x, p):
    return per_mass(total(x.m_liquid), x, p)


@kernel
def rate(x, p):
    return p.stations * x.N


@kernel
def tablets(x, p, out):
    k = x.N / p.phase
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i]
    return Tablets(rate(x, p), out.m_flow, out.m_flow_liquid)


@kernel
def V_flow_dies(x, p):
    return Signal(rate(x, p) * die_area(p) * x.depth * math.exp(-p.t_fill * x.N))


@kernel
def derivatives(x, u, p, dx):
    k = x.N / p.phase
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = u.powder.m_flow[i] - k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i] = u.powder.m_flow_liquid[i] - k * x.m_liquid[i]
    fed = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    return State(
        (u.turret_speed.value - x.N) / p.tau,
        (u.fill_depth.value - x.depth) / p.tau,
        (u.pre_pressure.value - x.P_pre) / p.tau,
        (u.pressure.value - x.P) / p.tau,
        fed * u.lubrication_in.value - k * x.shear,
        dx.m_solids,
        dx.m_liquid,
    )


@kernel
def transport(x, u, p, out):
    out.m[0] = held(x)
    out.m_flow[0] = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    out.m_flow[1] = x.N / p.phase * out.m[0]
    return Transport(out.m, out.m_flow)


def constants_missing(p: Any) -> dict[str, str]:
    """Ask for the constants of the chosen laws, which the component database may lack, of either press's parameters."""
    needed = {
        Compaction.KAWAKITA: ("kawakita_density", "kawakita_a", "kawakita_b"),
        Compaction.HECKEL: ("heckel_A", "heckel_K"),
        Compaction.KUENTZ_LEUENBERGER: ("kl_density", "kl_C"),
    }[Compaction(p.compaction)]
    needed += ("porosity_exponent",) if p.strength_law == Strength.RYSHKEWITCH_DUCKWORTH else ("bonding",)
    laws = f"{Compaction(p.compaction).name.lower()} and {Strength(p.strength_law).name.lower()}"
    missing = [name for name in needed if not np.all(np.asarray(getattr(p, name)) > 0.0)]
    return {name: f"the laws {laws} need '{name}' above 0 for every solid" for name in missing}


def check_params(p: Params) -> dict[str, str]:
    """Refuse laws without their constants."""
    return constants_missing(p)


def initial_state(initial: Initial, p: Params) -> State:
    """Dies holding a given powder: w shares out what is not liquid."""
    m_liquid = initial.m * initial.w_liquid
    m_solids = (initial.m - float(np.sum(m_liquid))) * initial.w
    shear = initial.lubrication * initial.m
    return State(initial.N, initial.depth, initial.P_pre, initial.P, shear, m_solids, m_liquid)
