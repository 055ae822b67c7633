"""The stirred crystallizer of msmpr.py with aggregation and breakage of its crystals.

Ports, states, measurements and kinetics are those of msmpr.py. Every size class now gains from pairs of
all others, so that the unit's block of the Jacobian is full: the cost of a step grows with the square
and that of its linear algebra with the cube of the classes; some hundred are practical.

Assumptions
- those of msmpr.py, agglomeration and breakage excepted;
- crystals meet at a rate β of their sizes alone, whatever the supersaturation and the stirring;
- an aggregate is a crystal of the sum of the masses and of the same shape; so is a fragment.

Balances: as in msmpr.py, with
    gain_j = growth and nuclei + aggregation + breakage,   deposition = Σ gain_j
    aggregation by β_ref/V (aggregation.py), breakage by S_ref (L/L_ref)^q (breakage.py): both sum to zero

References: Randolph and Larson, Theory of Particulate Processes, 2nd ed., Academic Press 1988
(ISBN 978-0-12-579652-1); those of aggregation.py and breakage.py.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Component, Grid, Index, Range
from unit_ops.crystallization.aggregation import Aggregation, aggregation_gain
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.crystallization.laws import Basis, DrivingForce, Limiter, Nucleation, Solubility
from unit_ops.crystallization.msmpr import (
    FACES,
    L32,
    L43,
    Guards,
    Initial,
    Inlets,
    Integrals,
    Measurements,
    Quadratures,
    S,
    State,
    T,
    Transport,
    V,
    c,
    c_sat,
    crystal_mass,
    derivatives,
    gain,
    holdup,
    initial_state,
    mass_per_size,
    mass_size,
    mu_0,
    nominals,
    number,
    product,
    quadratures,
    saturation_crossed,
    transport,
    w_crystals,
)
from unit_ops.streams import Holdup, Slurry

__all__ = [
    "FACES",
    "Guards",
    "Holdup",
    "Initial",
    "Inlets",
    "Integrals",
    "L32",
    "L43",
    "Measurements",
    "Quadratures",
    "S",
    "State",
    "T",
    "Transport",
    "V",
    "c",
    "c_sat",
    "crystal_mass",
    "derivatives",
    "holdup",
    "initial_state",
    "mass_per_size",
    "mass_size",
    "mu_0",
    "nominals",
    "number",
    "product",
    "quadratures",
    "saturation_crossed",
    "transport",
    "w_crystals",
]

#: Dimensions along which everything depends on everything.
DENSE = ("bins",)


class Params(NamedTuple):
    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)]
    V_weir: Annotated[float, "m^3", "volume below the weir", Range(1e-9, 1e4)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]
    dH_cryst: Annotated[float, "J/kg", "heat of crystallization (negative: heat is released)", Range(-1e7, 1e7)]
    kv: Annotated[float, "1", "volume shape factor of the crystals", Range(1e-3, 10.0)]
    solute: Annotated[int, "1", "the crystallizing liquid component", Index("fluids")]
    solvent: Annotated[int, "1", "the liquid component to which concentrations refer", Index("fluids")]
    crystal: Annotated[int, "1", "the solid that crystallizes", Index("solids")]
    sol_a: Annotated[float, "1", "solubility coefficient a", Range(-1e6, 1e30)]
    kg: Annotated[float, "m/s", "growth rate coefficient", Range(0.0, 1e30)]
    g: Annotated[float, "1", "growth exponent", Range(0.5, 10.0)]
    rho_solvent: Annotated[float, "kg/m^3", "solvent density by which driving forces are converted", Range(100.0, 5e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities, liquid", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities, liquid or dissolved", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    sol_b: Annotated[float, "1/K", "solubility coefficient b", Range(-10.0, 10.0)] = 0.0
    sol_c: Annotated[float, "1/K^2", "solubility coefficient c", Range(-10.0, 10.0)] = 0.0
    sol_E: Annotated[float, "J/mol", "enthalpy of solution in the van 't Hoff law", Range(-1e6, 1e6)] = 0.0
    Eg: Annotated[float, "J/mol", "activation energy of growth", Range(0.0, 1e6)] = 0.0
    kd: Annotated[float, "m/s", "dissolution rate coefficient", Range(0.0, 1e30)] = 0.0
    Ed: Annotated[float, "J/mol", "activation energy of dissolution", Range(0.0, 1e6)] = 0.0
    d: Annotated[float, "1", "dissolution exponent", Range(0.5, 10.0)] = 1.0
    k1: Annotated[float, "1/(m^3 s)", "primary nucleation coefficient", Range(0.0, 1e40)] = 0.0
    E1: Annotated[float, "J/mol", "activation energy of primary nucleation", Range(0.0, 1e6)] = 0.0
    b1: Annotated[float, "1", "primary nucleation exponent", Range(0.5, 30.0)] = 2.0
    beta: Annotated[float, "1", "barrier of classical nucleation", Range(0.0, 1e6)] = 1.0
    k2: Annotated[float, "1/(m^3 s)", "secondary nucleation coefficient", Range(0.0, 1e40)] = 0.0
    E2: Annotated[float, "J/mol", "activation energy of secondary nucleation", Range(0.0, 1e6)] = 0.0
    b2: Annotated[float, "1", "secondary nucleation exponent", Range(0.5, 30.0)] = 2.0
    j: Annotated[float, "1", "exponent of the crystal content in secondary nucleation", Range(0.0, 10.0)] = 1.0
    S_width: Annotated[float, "1", "smoothing width between growth and dissolution", Range(1e-9, 1.0)] = 0.01
    limiter_eps: Annotated[float, "1", "fraction of a typical class below which limiting ends", Range(1e-9, 1.0)] = 1e-3
    M_typical: Annotated[float, "kg/m^3", "typical crystal content, for scaling only", Range(1e-6, 2e3)] = 50.0
    L_typical: Annotated[float, "m", "typical crystal size, for scaling only", Range(1e-7, 1.0)] = 1e-4
    beta_ref: Annotated[float, "m^3/s", "rate coefficient of aggregation at the size L_ref", Range(0.0, 1e3)] = 0.0
    S_ref: Annotated[float, "1/s", "breakage rate at the size L_ref", Range(0.0, 1e6)] = 0.0
    L_ref: Annotated[float, "m", "size to which both rates refer", Range(1e-7, 1e-1)] = 1e-4
    q: Annotated[float, "1", "power of the size in the breakage rate", Range(0.0, 10.0)] = 1.0
    phi: Annotated[float, "1", "share of the fine fragments in Austin's law", Range(0.0, 1.0)] = 0.5
    gamma_fine: Annotated[float, "1", "exponent of the fine fragments in Austin's law", Range(0.1, 10.0)] = 1.0
    gamma_coarse: Annotated[float, "1", "exponent of the coarse fragments in Austin's law", Range(0.1, 20.0)] = 4.0
    solubility: Annotated[Solubility, "1", "solubility law"] = Solubility.EXPONENTIAL
    force: Annotated[DrivingForce, "1", "driving force of growth, dissolution and nucleation"] = DrivingForce.RELATIVE
    nucleation: Annotated[Nucleation, "1", "primary nucleation law"] = Nucleation.POWER
    basis: Annotated[Basis, "1", "volume to which nucleation refers"] = Basis.SLURRY
    limiter: Annotated[Limiter, "1", "flux limiter"] = Limiter.VAN_ALBADA
    aggregation: Annotated[Aggregation, "1", "how aggregation follows the sizes"] = Aggregation.CONSTANT
    daughters: Annotated[Daughters, "1", "what a crystal breaks into"] = Daughters.UNIFORM


class Outlets(NamedTuple):
    product: Annotated[Slurry, "overflow"]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("bins",)]
    part: Annotated[Array, "kg/s", "gain by one of the processes", ("bins",)]
    x: Annotated[Array, "kg", "mass per crystal", ("bins",)]
    size: Annotated[Array, "1", "size relative to L_ref", ("bins",)]
    births: Annotated[Array, "1/s", "aggregates formed", ("bins",)]
    masses: Annotated[Array, "kg/s", "mass of the aggregates formed", ("bins",)]
    broken: Annotated[Array, "kg/s", "scratch of breakage", ("bins",)]


@kernel
def deposition(x, a, p, w, out):
    """Gains of the classes by all processes, kept for the balances; their sum is what crystallizes."""
    gain(x, a, p, w.gain)
    rho_kv = p.rho_solid[p.crystal] * p.kv
    aggregation_gain(
        x.crystals,
        p.L_edges,
        rho_kv,
        p.aggregation,
        p.beta_ref / V(x, a, p),
        p.L_ref,
        w.x,
        w.size,
        w.births,
        w.masses,
        w.part,
    )
    for i in range(out.shape[0]):
        w.gain[i] += w.part[i]
    breakage_gain(
        x.crystals,
        p.L_edges,
        rho_kv,
        p.S_ref,
        p.L_ref,
        p.q,
        p.daughters,
        p.phi,
        p.gamma_fine,
        p.gamma_coarse,
        w.broken,
        w.part,
    )
    for i in range(out.shape[0]):
        w.gain[i] += w.part[i]
        out[i] = w.gain[i]
