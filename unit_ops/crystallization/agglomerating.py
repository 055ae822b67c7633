"""The crystallizer of stirred_crystallizer.py with aggregation and breakage of its crystals.

Ports, states, measurements, kinetics and options are those of stirred_crystallizer.py. Every size class
now gains from pairs of all others, so that the unit's block of the Jacobian is full: the cost of a step
grows with the square and that of its linear algebra with the cube of the classes; some hundred are
practical.

Assumptions
- those of stirred_crystallizer.py;
- crystals meet at a rate β of their sizes alone, whatever the supersaturation and the stirring;
- an aggregate is a crystal of the sum of the masses and of the same shape; so is a fragment.

Balances: as in stirred_crystallizer.py, with
    gain_j = growth and nuclei + aggregation + breakage,   deposition = Σ gain_j
    aggregation by β_ref/V (aggregation.py), breakage by S_ref (L/L_ref)^q (breakage.py): both sum to zero

References: Randolph and Larson, Theory of Particulate Processes, 2nd ed., Academic Press 1988
(ISBN 978-0-12-579652-1); those of aggregation.py and breakage.py.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Range
from unit_ops.crystallization.aggregation import Aggregation, aggregation_gain
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.crystallization.parameters import (
    AntisolventParams,
    BoilingParams,
    ClassesParams,
    DissolutionParams,
    GrowthParams,
    HabitParams,
    NucleationParams,
    PhaseParams,
    PumpParams,
    RemovalParams,
    SolubilityParams,
    VesselParams,
    joined,
)
from unit_ops.crystallization.stirred_crystallizer import (
    FACES,
    Guards,
    Inlets,
    Integrals,
    Quadratures,
    State,
    Transport,
    boils,
    check_params,
    derivatives,
    empties,
    fines,
    fines_solid,
    freezes,
    holdup,
    initial_state,
    overflows,
    packs,
    product,
    product_solid,
    quadratures,
    saturation_crossed,
    transport,
    vapour,
)
from unit_ops.crystallization.vessel import (
    HEEL,
    L32,
    L43,
    Initial,
    S,
    T,
    V,
    c,
    c_sat,
    crystal_mass,
    dissolution,
    fines_outflow,
    grow,
    growth,
    mass_per_size,
    mass_size,
    mu_0,
    nominals,
    nuclei_flow,
    number,
    outflow,
    w_crystals,
)
from unit_ops.crystallization.vessel import BoilingMeasurements as Measurements
from unit_ops.smooth import reciprocal
from unit_ops.streams import Gas, Holdup, Slurry

__all__ = [
    "FACES", "Guards", "Holdup", "Initial", "Inlets", "Integrals", "L32", "L43", "Measurements", "Quadratures", "S",
    "State", "T", "Transport", "V", "boils", "c", "c_sat", "check_params", "crystal_mass", "derivatives",
    "dissolution", "empties", "fines", "fines_outflow", "fines_solid", "freezes", "growth", "holdup", "initial_state",
    "mass_per_size", "mass_size", "mu_0", "nominals", "nuclei_flow", "number", "outflow", "overflows", "packs",
    "product", "product_solid", "quadratures", "saturation_crossed", "transport", "vapour", "w_crystals",
]  # fmt: skip

#: Dimensions along which everything depends on everything.
DENSE = ("bins",)


class AggregationParams(NamedTuple):
    beta_ref: Annotated[float, "m^3/s", "rate coefficient of aggregation at the size L_ref", Range(0.0, 1e3)] = 0.0
    S_ref: Annotated[float, "1/s", "breakage rate at the size L_ref", Range(0.0, 1e6)] = 0.0
    L_ref: Annotated[float, "m", "size to which both rates refer", Range(1e-7, 1e-1)] = 1e-4
    q: Annotated[float, "1", "power of the size in the breakage rate", Range(0.0, 10.0)] = 1.0
    phi: Annotated[float, "1", "share of the fine fragments in Austin's law", Range(0.0, 1.0)] = 0.5
    gamma_fine: Annotated[float, "1", "exponent of the fine fragments in Austin's law", Range(0.1, 10.0)] = 1.0
    gamma_coarse: Annotated[float, "1", "exponent of the coarse fragments in Austin's law", Range(0.1, 20.0)] = 4.0
    aggregation: Annotated[Aggregation, "1", "how aggregation follows the sizes"] = Aggregation.CONSTANT
    daughters: Annotated[Daughters, "1", "what a crystal breaks into"] = Daughters.UNIFORM


Params = joined(
    __name__,
    VesselParams,
    PumpParams,
    PhaseParams,
    SolubilityParams,
    AntisolventParams,
    GrowthParams,
    DissolutionParams,
    ClassesParams,
    HabitParams,
    NucleationParams,
    RemovalParams,
    BoilingParams,
    AggregationParams,
)


class Outlets(NamedTuple):
    product: Annotated[Slurry, "overflow and what is pumped out"]
    fines: Annotated[Slurry, "liquor with fine crystals"]
    vapour: Annotated[Gas, "vapour"]


class Work(NamedTuple):
    with_product: Annotated[Array, "kg/s", "crystals leaving with the product", ("bins",)]
    with_fines: Annotated[Array, "kg/s", "crystals leaving with the fines", ("bins",)]
    boiled: Annotated[Array, "kg/s", "vapour of every component", ("fluids",)]
    dissolution_rate: Annotated[Array, "m/s", "dissolution rate, on its way to its integral", ("1",)]
    nucleation_flow: Annotated[Array, "1/s", "nuclei formed in the vessel, on their way to their integral", ("1",)]
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
    grow(x, a.growth, a.dissolution, a.nuclei_flow, p, out, w.gain)
    rho_kv = p.rho_solid[p.crystal] * p.kv
    aggregation_gain(
        x.crystals,
        p.L_edges,
        rho_kv,
        p.aggregation,
        p.beta_ref * reciprocal(V(x, a, p), HEEL * p.V_weir),
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
