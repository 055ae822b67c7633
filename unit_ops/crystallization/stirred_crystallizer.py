"""A stirred crystallizer with every option: batch, semi-batch or continuous; cooled, evaporating, by antisolvent.

What is not asked for is off: without a feed and with the weir above the filling it is a batch vessel; a
feed (the antisolvent is one of its own port) makes it semi-batch; weir or pump make it continuous. Each
law is chosen by name. msmpr.py is the cheaper model for cooling alone; agglomerating.py adds aggregation
and breakage to this one.

Assumptions
- ideally mixed liquid and crystals; volumes of liquid components and crystals add;
- one crystallizing solute; concentrations are per solvent, antisolvent included where a law knows it;
- growth by the supersaturation times a law of the size [1-3], slowed by an impurity; dissolution and
  nuclei of one size; growth and dissolution vanish smoothly within |S| < S_width;
- primary nucleation, and secondary by crystal content and stirrer speed;
- product over a weir and by a pump; of the crystals goes what a cut by size lets pass; a stream of
  fines is drawn off as the other side of a cut of its own;
- vapour (ideal mixture, Raoult) leaves through a vent at P: heat put in boils it off, since the liquor's
  vapour pressure stays near P; its heat of evaporation is that at T_REF;
- heat of crystallization at T_REF; no heat loss but through the jacket.

Balances
    dH/dt   = Σ Ḣ_in − Ḣ_product − Ḣ_fines − Ḣ_vapour + duty + Q_heat − ΔH_c deposition − Σ ΔH_v,i v_i
    dm_i/dt = Σ ṁ_i,in − (k + k_f) m_i − v_i − [i is the solute] deposition
    dm_j/dt = ṁ_j,slurry − (k h_j + k_f f_j) m_j + gain_j            (size class j)
    gain_j  = ρ_c kv L̄_j³ (F_j − F_j+1),   deposition = Σ gain_j,   growth on face j G φ(L_j)
    k = [(V − V_weir)⁺/τ + V_out]/V,  k_f = V_fines/V,  V = Σ m_i/ρ_i + m_crystals/ρ_c
    c = m_solute/(m_solvent [+ m_antisolvent]),  S = c/c*(T, w) − 1
    G = kg e^(−Eg/RT) σ^g (1 − α θ)⁺,  D = kd e^(−Ed/RT) (−σ)^d
    B = k1 e^(−E1/RT) σ^b1 + k2 e^(−E2/RT) σ^b2 (M_T/(1 kg/m³))^j N^l
    v_i ∝ k_vent (Σ p_i/P − 1)⁺,  p_i = x_i p_sat,i(T)

References
[1] Randolph and Larson, Theory of Particulate Processes, 2nd ed., Academic Press 1988
    (ISBN 978-0-12-579652-1): removal of fines and classified product in ch. 9
[2] Abegg, Stevens, Larson, AIChE J. 14 (1968) 118, doi 10.1002/aic.690140121
[3] Mydlarz, Jones, Chem. Eng. Commun. 90 (1990) 47
Numerics in population.py, laws in laws.py and vessel.py, parameters in parameters.py.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Nominal, Optional
from unit_ops.crystallization.laws import Removal, removal_factor
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
    filling,
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
    vapour_excess,
    w_crystals,
)
from unit_ops.crystallization.vessel import BoilingMeasurements as Measurements
from unit_ops.properties.solubility import Antisolvent
from unit_ops.streams import T_REF, Gas, Holdup, Signal, Slurry, Solution, dot, enthalpy_flow, total

__all__ = [
    "L32", "L43", "Initial", "Measurements", "c", "c_sat", "crystal_mass", "dissolution", "fines_outflow", "growth",
    "mass_per_size", "mass_size", "mu_0", "nominals", "nuclei_flow", "number", "outflow", "w_crystals",
]  # fmt: skip

#: Solids fraction of a random packing: above it there is no suspension to stir.
PACKING = 0.6


class State(NamedTuple):
    H: Annotated[float, "J", "enthalpy above the reference temperature", Nominal(1e4)]
    m: Annotated[Array, "kg", "liquid component masses", ("fluids",)]
    crystals: Annotated[Array, "kg", "crystal mass per size class", ("bins",), Nominal(1e-3)]


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
)


class Inlets(NamedTuple):
    feed: Annotated[Solution, "clear feed", Optional()]
    antisolvent_feed: Annotated[Solution, "second clear feed, as antisolvent", Optional()]
    slurry: Annotated[Slurry, "slurry, from a stage before or back from a loop", Optional()]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    product: Annotated[Slurry, "overflow and what is pumped out"]
    fines: Annotated[Slurry, "liquor with fine crystals"]
    vapour: Annotated[Gas, "vapour"]


class Integrals(NamedTuple):
    crystal_mass: Annotated[float, "kg", "crystal mass", ("bins",)]
    mass_size: Annotated[float, "kg m", "crystal mass times size", ("bins",), Nominal(1e-4)]
    mass_per_size: Annotated[float, "kg/m", "crystal mass over size", ("bins",), Nominal(1e4)]
    number: Annotated[float, "1", "number of crystals", ("bins",), Nominal(1e9)]
    # numbers that all size classes share stand here, so that a class depends on them and not on every state
    growth: Annotated[float, "m/s", "growth rate", ("1",), Nominal(1e-8)]
    dissolution: Annotated[float, "m/s", "dissolution rate", ("1",), Nominal(1e-8)]
    nuclei_flow: Annotated[float, "1/s", "nuclei formed in the vessel", ("1",), Nominal(1e3)]
    outflow: Annotated[float, "1/s", "part of the liquid leaving with the product per second", ("1",), Nominal(1e-4)]
    fines_outflow: Annotated[
        float, "1/s", "part of the liquid leaving with the fines per second", ("1",), Nominal(1e-4)
    ]
    product_solid: Annotated[float, "kg/s", "crystals leaving with the product", ("bins",), Nominal(1e-5)]
    fines_solid: Annotated[float, "kg/s", "crystals leaving with the fines", ("bins",), Nominal(1e-6)]
    deposition: Annotated[float, "kg/s", "mass that crystallizes, less what dissolves", ("bins",), Nominal(1e-5)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size class", ("bins",)]
    with_product: Annotated[Array, "kg/s", "crystals leaving with the product", ("bins",)]
    with_fines: Annotated[Array, "kg/s", "crystals leaving with the fines", ("bins",)]
    boiled: Annotated[Array, "kg/s", "vapour of every component", ("fluids",)]
    dissolution_rate: Annotated[Array, "m/s", "dissolution rate, on its way to its integral", ("1",)]
    nucleation_flow: Annotated[Array, "1/s", "nuclei formed in the vessel, on their way to their integral", ("1",)]


class Guards(NamedTuple):
    saturation_crossed: Annotated[float, "1", "relative supersaturation"]
    empties: Annotated[float, "m^3", "slurry above the heel below which the vessel counts as empty"]
    overflows: Annotated[float, "m^3", "slurry above the weir"]
    boils: Annotated[float, "Pa", "vapour pressure of the liquor (ideal mixture) beyond the pressure above it"]
    freezes: Annotated[float, "K", "how far the liquor is below its freezing point"]
    packs: Annotated[float, "1", "volume fraction of crystals above that of a random packing"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heating: Annotated[float, "W", "heat put in beside the jacket's"]
    heat_of_crystallization: Annotated[float, "W", "heat released by crystallization"]
    heat_of_evaporation: Annotated[float, "W", "heat taken by evaporation, negative"]
    dissolved: Annotated[Array, "kg/s", "liquid components gained from crystals", ("fluids",)]
    crystallized: Annotated[Array, "kg/s", "solids gained from the liquor", ("solids",)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


FACES = (("feed", 0), ("antisolvent_feed", 0), ("slurry", 0), (0, "product"), (0, "fines"), (0, "vapour"))


@kernel
def product_solid(x, a, p, w, out):
    """What the cut lets pass of every class, kept for the balances."""
    k, L = a.outflow, p.L_edges
    for i in range(out.shape[0]):
        out[i] = k * removal_factor(p.removal_law, 0.5 * (L[i] + L[i + 1]), p.L_cut, p.sharpness) * x.crystals[i]
        w.with_product[i] = out[i]


@kernel
def fines_solid(x, a, p, w, out):
    k, L = a.fines_outflow, p.L_edges
    for i in range(out.shape[0]):
        w.with_fines[i] = 0.0
        if p.V_flow_fines > 0.0:  # a cut costs a power per class
            w.with_fines[i] = (
                k * removal_factor(Removal.FINE, 0.5 * (L[i] + L[i + 1]), p.L_fines, p.sharpness) * x.crystals[i]
            )
        out[i] = w.with_fines[i]


@kernel
def deposition(x, a, p, w, out):
    """The gains, kept for the balances: what the liquor loses is bit for bit what the crystals gain."""
    grow(x, a.growth, a.dissolution, a.nuclei_flow, p, out, w.gain)
    for i in range(out.shape[0]):
        out[i] = w.gain[i]


@kernel
def saturation_crossed(x, a, p):
    return S(x, a, p)


@kernel
def empties(x, a, p):
    return V(x, a, p) - HEEL * p.V_weir


@kernel
def overflows(x, a, p):
    return V(x, a, p) - p.V_weir


@kernel
def boils(x, a, p):
    return p.P * vapour_excess(x, a, p)


@kernel
def freezes(x, a, p):
    return p.T_freeze - T(x, a, p)


@kernel
def packs(x, a, p):
    return a.crystal_mass / (p.rho_solid[p.crystal] * (V(x, a, p) + HEEL * p.V_weir)) - PACKING


@kernel
def product(x, a, p, w, out):
    k = a.outflow
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    for i in range(x.crystals.shape[0]):
        out.m_flow_crystals[i] = w.with_product[i]
    return Slurry(T(x, a, p), a.product_solid, out.m_flow, out.m_flow_crystals)


@kernel
def fines(x, a, p, w, out):
    k = a.fines_outflow
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i]
    for i in range(x.crystals.shape[0]):
        out.m_flow_crystals[i] = w.with_fines[i]
    return Slurry(T(x, a, p), a.fines_solid, out.m_flow, out.m_flow_crystals)


@kernel
def vapour(x, a, p, w, out):
    for i in range(x.m.shape[0]):
        out.m_flow[i] = w.boiled[i]
    return Gas(T(x, a, p), out.m_flow)


@kernel
def duty(x, u, a, p):
    return p.UA * (u.T_jacket.value - T(x, a, p))


@kernel
def derivatives(x, u, a, p, w, dx):
    k = a.outflow + a.fines_outflow
    for i in range(x.crystals.shape[0]):
        dx.crystals[i] = w.gain[i] + u.slurry.m_flow_crystals[i] - w.with_product[i] - w.with_fines[i]
    for i in range(x.m.shape[0]):
        fed = u.feed.m_flow[i] + u.antisolvent_feed.m_flow[i] + u.slurry.m_flow[i]
        dx.m[i] = fed - k * x.m[i] - w.boiled[i]
    dx.m[p.solute] -= a.deposition
    above = T(x, a, p) - T_REF
    cp_c = p.cp_solid[p.crystal]
    H_in = enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    H_in += enthalpy_flow(u.antisolvent_feed.T, u.antisolvent_feed.m_flow, p.cp)
    H_in += enthalpy_flow(u.slurry.T, u.slurry.m_flow, p.cp)
    H_in += u.slurry.m_flow_solid * cp_c * (u.slurry.T - T_REF)
    H_out = (k * dot(x.m, p.cp) + (a.product_solid + a.fines_solid) * cp_c + dot(w.boiled, p.cp)) * above
    heat = duty(x, u, a, p) + p.Q_heat - p.dH_cryst * a.deposition - dot(w.boiled, p.dH_vap)
    return State(H_in - H_out + heat, dx.m, dx.crystals)


@kernel
def quadratures(x, u, a, p, w, out):
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.crystallized.shape[0]):
        out.crystallized[i] = 0.0
    out.dissolved[p.solute] = -a.deposition
    out.crystallized[p.crystal] = a.deposition
    cold = -dot(w.boiled, p.dH_vap)
    return Quadratures(duty(x, u, a, p), p.Q_heat, -p.dH_cryst * a.deposition, cold, out.dissolved, out.crystallized)


@kernel
def holdup(x, a, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = a.crystal_mass
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, a, p, w, out):
    out.m[0] = total(x.m) + a.crystal_mass
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.antisolvent_feed.m_flow)
    out.m_flow[2] = total(u.slurry.m_flow) + u.slurry.m_flow_solid
    out.m_flow[3] = a.outflow * total(x.m) + a.product_solid
    out.m_flow[4] = a.fines_outflow * total(x.m) + a.fines_solid
    out.m_flow[5] = total(w.boiled)
    return Transport(out.m, out.m_flow)


def check_params(p: Any) -> dict[str, str]:
    """Refuse laws that lack the component that they rest on."""
    said = {}
    if p.antisolvency != Antisolvent.NONE and p.antisolvent in (p.solvent, p.solute):
        said["antisolvent"] = "'antisolvent' must be a component of its own where 'antisolvency' names a law"
    if p.poisoning and p.impurity in (p.solvent, p.solute):
        said["impurity"] = "'impurity' must be a component of its own where 'poisoning' names a law"
    if p.k_vent > 0.0 and max(p.psat_A) == -100.0:
        said["k_vent"] = "'k_vent' is positive, but vapour pressures are not known of every component"
    return said


def initial_state(initial: Initial, p: Any) -> State:
    """Liquid and log-normal seed filling the given slurry volume (mass fractions sum to 1)."""
    return State(*filling(initial, p))
