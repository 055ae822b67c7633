"""A rotary tablet press whose rolls are set by the gap between the punches: force follows from what is in the die.

rotary_press.py with rolls as machines have them. A die that holds more powder is pressed harder at the same gap, so
that force tells of weight from tablet to tablet: the ground of both ways to control a press by force, by the gap
(more depth of punches for more force) and by the fill depth (force at a fixed gap stands for weight, and a slow loop
on weighed tablets sets the force).

Assumptions
- filling, turret, lubrication, strength, ejection and mixing rules as in rotary_press.py;
- rolls, punches and frame are rigid: under a roll the powder is as high as the gap that is set, which follows its
  setpoint as a first-order lag;
- pressure is what the law of compaction asks for at the relative density there: its inverse. It is 0 where the
  gap is wider than the powder is high (no tablet forms: qualities are those of loose powder of that height);
- the law is that of the first compression: the main gap is the lesser of the two (guard `pre_deeper` tells when not:
  the lesser then makes the tablet, and the main force shown is too high);
- a shorter dwell asks for more pressure, by the same exponent as in rotary_press.py; at the precompression roll
  the dwell of the main roll stands for its own;
- no law reaches a relative density of 1, and Kawakita's ends at D_0/(1 − a): a gap that asks for more than 2 GPa
  brings about, or for a solid, ends the run by name (`unpressable`).

Balances
    dm_i/dt = ṁ_i,in − (N/phase) m_i,   dS/dt = ṁ_in · lubrication_in − (N/phase) S,   n_flow = stations N
    d(N, depth, gap_pre, gap)/dt = (setpoint − value)/τ
    V_flow_dies = stations N π D²/4 · depth · exp(−t_fill N)
Tablet: mass m/(stations phase); at a roll D = m_solid/(stations phase ρ_true πD²/4 · gap);
    Kawakita            P = C/(b (a − C)),   C = 1 − D_0/D
    Heckel              P = (ln 1/(1 − D) − A)/K
    Kuentz-Leuenberger  P = [ρ_c − D − (1 − ρ_c) ln((1 − D)/(1 − ρ_c))]/C
    thickness = gap (1 + recovery P),   hardness = σπD·thickness/2

References: laws in compaction.py and punches.py; Su et al., Comput. Chem. Eng. 125 (2019) 216,
doi:10.1016/j.compchemeng.2019.03.001 (force from weight and in-die thickness by Kawakita, and its control); Nunes de
Barros, Bhaskar & Singh, Processes 5 (2017) 76, doi:10.3390/pr5040076 (which loops: weight, force, hardness); Ridgway
Watt & Armstrong, Tablet and Capsule Machine Instrumentation (2008), ISBN 978-0-85369-657-5 (weight by force).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Limit, Nominal, Range
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.smooth import above_zero, reciprocal, step
from unit_ops.streams import Holdup as Holdup
from unit_ops.streams import Powder, Signal, Tablets, total
from unit_ops.tableting.compaction import Compaction, Strength, compaction_pressure, crushing_force, greatest_density
from unit_ops.tableting.press import blend_mean, bulk_volume, die_area, true_volume
from unit_ops.tableting.punches import recovered_density, roll_pressure
from unit_ops.tableting.rotary_press import FACES as FACES
from unit_ops.tableting.rotary_press import LOD as LOD
from unit_ops.tableting.rotary_press import Transport as Transport
from unit_ops.tableting.rotary_press import V_flow_dies as V_flow_dies
from unit_ops.tableting.rotary_press import api_content as api_content
from unit_ops.tableting.rotary_press import (
    constants_missing,
    force_to_eject,
    law_compressibility,
    law_constant,
    strength_at,
)
from unit_ops.tableting.rotary_press import dwell as dwell
from unit_ops.tableting.rotary_press import lubrication as lubrication
from unit_ops.tableting.rotary_press import rate as rate
from unit_ops.tableting.rotary_press import tablet_mass as tablet_mass
from unit_ops.tableting.rotary_press import tablets as tablets
from unit_ops.tableting.rotary_press import transport as transport

#: Least gap: below, punches would touch. Dies that hold less than their share of the heel are lower by far.
GAP_LEAST: Annotated[float, "m", "least gap"] = 1e-4
#: Part of V_heel below which dies are empty to a roll, whatever the errors of a solver leave in them.
EMPTY: Annotated[float, "1", "part of V_heel that counts as empty dies"] = 1e-2


class State(NamedTuple):
    N: Annotated[float, "1/s", "turret speed", Nominal(1.0)]
    depth: Annotated[float, "m", "fill depth", Nominal(1e-2)]
    gap_pre: Annotated[float, "m", "gap between the punches under the precompression roll", Nominal(1e-2)]
    gap: Annotated[float, "m", "gap between the punches under the main roll", Nominal(1e-2)]
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
    speed_exponent: Annotated[float, "1", "power of dwell that counts as pressure", Range(0.0, 0.5)] = 0.0
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
    pre_gap: Annotated[Signal, "m", "setpoint of the gap under the precompression roll"]
    main_gap: Annotated[Signal, "m", "setpoint of the gap under the main roll"]
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
    density_in_die: Annotated[float, "1", "relative density under the roll of the lesser gap"]
    dwell: Annotated[float, "s", "dwell under the main compression roll"]
    lubrication: Annotated[float, "m", "extent of lubrication of what is pressed"]
    api_content: Annotated[float, "1", "mass fraction of the API in a tablet"]
    LOD: Annotated[float, "1", "loss on drying: liquid over total mass"]
    rate: Annotated[float, "1/s", "tablets per second"]


class Guards(NamedTuple):
    unpressable: Annotated[
        float, "1", "relative density that the gap asks for above what 2 GPa give by the law, or a solid has", Limit()
    ]
    pre_deeper: Annotated[float, "m", "gap under the main roll above that under the precompression roll"]


class Initial(NamedTuple):
    m: Annotated[float, "kg", "powder in the dies", Range(0.0, 10.0), Nominal(5e-3)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    gap_pre: Annotated[float, "m", "gap under the precompression roll", Range(GAP_LEAST, 0.05)]
    gap: Annotated[float, "m", "gap under the main roll", Range(GAP_LEAST, 0.05)]
    w_liquid: Annotated[Array, "1", "mass fractions of liquid", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    lubrication: Annotated[float, "m", "extent of lubrication of what is held", Range(0.0, 1e6)] = 0.0
    N: Annotated[float, "1/s", "turret speed", Range(0.0, 10.0)] = 0.0
    depth: Annotated[float, "m", "fill depth", Range(1e-4, 0.1)] = 8e-3


@kernel
def density_at(gap, x, p):
    """Relative density of what is in a die, as high as a gap."""
    return true_volume(x, p) / (p.stations * p.phase * die_area(p)) * reciprocal(gap, 0.1 * GAP_LEAST)


@kernel
def pressure_at(gap, x, p):
    """Pressure that the law asks for at a gap, at the reference speed."""
    if bulk_volume(x, p) < EMPTY * p.V_heel:
        return 0.0 * blend_mean(p.strength_max, x, p)
    filled = blend_mean(p.kawakita_density, x, p)
    return compaction_pressure(
        p.compaction, density_at(gap, x, p), filled, law_constant(x, p), law_compressibility(x, p)
    )


@kernel
def pre_pressure(x, p):
    """Pressure under the precompression roll."""
    return roll_pressure(pressure_at(x.gap_pre, x, p), 0.0 * p.strength_max[0], x.N, p.N_ref, 0.0, p.speed_exponent)


@kernel
def pressure(x, p):
    """Pressure under the main roll."""
    felt = pressure_at(x.gap, x, p)
    return roll_pressure(felt, pre_pressure(x, p), x.N, p.N_ref, p.roll_ratio, p.speed_exponent)


@kernel
def least_gap(x):
    """Lesser of the two gaps: exact where the main one is."""
    return x.gap - above_zero(x.gap - x.gap_pre, 1e-3 * x.gap)


@kernel
def density_in_die(x, p):
    return density_at(least_gap(x), x, p)


@kernel
def density(x, p):
    """Relative density of the tablet after ejection."""
    return recovered_density(density_in_die(x, p), pressure(x, p), blend_mean(p.recovery, x, p))


@kernel
def thickness(x, p):
    recovered = least_gap(x) * (1.0 + blend_mean(p.recovery, x, p) * pressure(x, p))
    return recovered * step(bulk_volume(x, p) / p.V_heel)


@kernel
def porosity(x, p):
    return 1.0 - density(x, p)


@kernel
def tensile_strength(x, p):
    return strength_at(pressure_at(least_gap(x), x, p), density(x, p), x, p)


@kernel
def hardness(x, p):
    return crushing_force(tensile_strength(x, p), p.diameter, thickness(x, p))


@kernel
def pre_force(x, p):
    return pre_pressure(x, p) * die_area(p)


@kernel
def compression_force(x, p):
    return pressure(x, p) * die_area(p)


@kernel
def ejection_force(x, p):
    return force_to_eject(pressure(x, p), thickness(x, p), x, p)


@kernel
def unpressable(x, p):
    if bulk_volume(x, p) < EMPTY * p.V_heel:
        return -1.0
    filled = blend_mean(p.kawakita_density, x, p)
    return density_in_die(x, p) - greatest_density(p.compaction, filled, law_constant(x, p), law_compressibility(x, p))


@kernel
def pre_deeper(x):
    return x.gap - x.gap_pre


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
        (u.pre_gap.value - x.gap_pre) / p.tau,
        (u.main_gap.value - x.gap) / p.tau,
        fed * u.lubrication_in.value - k * x.shear,
        dx.m_solids,
        dx.m_liquid,
    )


def check_params(p: Params) -> dict[str, str]:
    """Ask for the constants of the chosen laws, and for a heel that no roll touches."""
    found = constants_missing(p)
    height = p.V_heel / (p.stations * p.phase * 0.25 * math.pi * p.diameter**2)
    if height > GAP_LEAST:
        found["V_heel"] = f"'V_heel' stands {height:.3g} m high in the dies: less than {GAP_LEAST:g} m is needed"
    return found


def initial_state(initial: Initial, p: Params) -> State:
    """Dies holding a given powder (w shares out what is not liquid), which the gaps can press. Raises ValueError."""
    m_liquid = initial.m * initial.w_liquid
    m_solids = (initial.m - float(np.sum(m_liquid))) * initial.w
    shear = initial.lubrication * initial.m
    x = State(initial.N, initial.depth, initial.gap_pre, initial.gap, shear, m_solids, m_liquid)
    beyond = float(unpressable(x, p))
    if beyond >= 0.0:
        asked, law = float(density_in_die(x, p)), Compaction(p.compaction).name.lower()
        raise ValueError(
            f"a gap of {float(least_gap(x)):.4g} m asks for a relative density of {asked:.4g}, and the"
            f" {law} law gives no more than {asked - beyond:.4g}: widen the gap, or fill less"
        )
    return x
