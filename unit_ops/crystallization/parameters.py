"""Parameters of crystallizers by theme; a model joins the tables that it needs into its Params.

    Params = joined(__name__, VesselParams, SolubilityParams, GrowthParams, …)

What has no default comes first, in the order of the tables. Every number keeps the unit in which kinetics
are published: a driving force σ by `force` (relative, kg/m³, kmol/m³, mass fractions), rates per m³ of slurry or
solvent by `basis`. A coefficient may be written over its driving force's unit to its power,
`kg: 9.979 m/(s (kmol/m^3)^1.602)`: with another force than the unit's that is an error.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.quantity import Array, Component, Grid, Index, Per, Range
from unit_ops.crystallization.laws import (
    Basis,
    DrivingForce,
    Impurity,
    Limiter,
    Nucleation,
    Removal,
    SizeLaw,
    Solubility,
)
from unit_ops.joining import joined as joined
from unit_ops.properties.solubility import Antisolvent

#: Units of the driving forces that have one.
FORCES = (("MASS", "kg/m^3"), ("MOLAR", "kmol/m^3"))


class PhaseParams(NamedTuple):
    """What crystallizes out of what, with the components' data."""

    dH_cryst: Annotated[float, "J/kg", "heat of crystallization (negative: heat is released)", Range(-1e7, 1e7)]
    kv: Annotated[float, "1", "volume shape factor of the crystals", Range(1e-3, 10.0)]
    solute: Annotated[int, "1", "the crystallizing liquid component", Index("fluids")]
    solvent: Annotated[int, "1", "the liquid component to which concentrations refer", Index("fluids")]
    crystal: Annotated[int, "1", "the solid that crystallizes", Index("solids")]
    rho_solvent: Annotated[float, "kg/m^3", "solvent density by which driving forces are converted", Range(100.0, 5e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities, liquid", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities, liquid or dissolved", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities, solid", ("solids",), Component("cp_solid")]
    rho_solid: Annotated[Array, "kg/m^3", "densities, solid", ("solids",), Component("rho_solid")]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    M_typical: Annotated[float, "kg/m^3", "typical crystal content, for scaling only", Range(1e-6, 2e3)] = 50.0
    L_typical: Annotated[float, "m", "typical crystal size, for scaling only", Range(1e-7, 1.0)] = 1e-4


class VesselParams(NamedTuple):
    """A jacketed vessel with a weir; with `V_weir` above all that is ever filled in, a batch vessel."""

    tau: Annotated[float, "s", "time constant of the outflow over the weir", Range(1e-3, 1e7)]
    V_weir: Annotated[float, "m^3", "volume below the weir", Range(1e-9, 1e4)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]


class PumpParams(NamedTuple):
    """What else may move slurry and heat."""

    V_flow_out: Annotated[float, "m^3/s", "slurry pumped out, beside what overflows", Range(0.0, 1e3)] = 0.0
    Q_heat: Annotated[float, "W", "heat put in beside the jacket's", Range(-1e9, 1e9)] = 0.0


class SolubilityParams(NamedTuple):
    """Saturation by temperature and, with a law for it, by antisolvent."""

    sol_a: Annotated[float, "1", "solubility coefficient a", Range(-1e6, 1e30)]
    sol_b: Annotated[float, "1/K", "solubility coefficient b", Range(-10.0, 10.0)] = 0.0
    sol_c: Annotated[float, "1/K^2", "solubility coefficient c", Range(-10.0, 10.0)] = 0.0
    sol_E: Annotated[float, "J/mol", "enthalpy of solution in the van 't Hoff law", Range(-1e6, 1e6)] = 0.0
    T_sol_low: Annotated[float, "K", "lowest temperature of the solubility's fit", Range(1.0, 1e4)] = 1.0
    T_sol_high: Annotated[float, "K", "highest temperature of the solubility's fit", Range(1.0, 1e4)] = 1e4
    solubility: Annotated[Solubility, "1", "solubility law"] = Solubility.EXPONENTIAL
    force: Annotated[DrivingForce, "1", "driving force of growth, dissolution and nucleation"] = DrivingForce.RELATIVE


class AntisolventParams(NamedTuple):
    antisolvent: Annotated[int, "1", "the component that lowers the solubility, if a law says so", Index("fluids")] = 0
    anti_s1: Annotated[float, "1", "first coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_s2: Annotated[float, "1", "second coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_s3: Annotated[float, "1", "third coefficient of the antisolvent law", Range(-1e4, 1e4)] = 0.0
    anti_ratio: Annotated[float, "1", "saturation in antisolvent over that in solvent", Range(1e-12, 1e12)] = 1.0
    antisolvency: Annotated[Antisolvent, "1", "antisolvent law"] = Antisolvent.NONE


class GrowthParams(NamedTuple):
    kg: Annotated[float, "m/s", "growth rate coefficient", Range(0.0, 1e30), Per("force", FORCES, "g")]
    g: Annotated[float, "1", "growth exponent", Range(0.5, 10.0)]
    Eg: Annotated[float, "J/mol", "activation energy of growth", Range(0.0, 1e6)] = 0.0
    S_width: Annotated[float, "1", "smoothing width between growth and dissolution", Range(1e-9, 1.0)] = 0.01


class DissolutionParams(NamedTuple):
    kd: Annotated[float, "m/s", "dissolution rate coefficient", Range(0.0, 1e30), Per("force", FORCES, "d")] = 0.0
    Ed: Annotated[float, "J/mol", "activation energy of dissolution", Range(0.0, 1e6)] = 0.0
    d: Annotated[float, "1", "dissolution exponent", Range(0.5, 10.0)] = 1.0


class ClassesParams(NamedTuple):
    """Numerics of growth on size classes."""

    limiter_eps: Annotated[float, "1", "fraction of a typical class below which limiting ends", Range(1e-9, 1.0)] = 1e-3
    limiter: Annotated[Limiter, "1", "flux limiter"] = Limiter.VAN_ALBADA


class HabitParams(NamedTuple):
    """Growth by size and impurity, nucleation by stirring."""

    gamma_size: Annotated[float, "1/m", "coefficient of the size in growth", Range(0.0, 1e9)] = 0.0
    power_size: Annotated[
        float, "1", "exponent (ASL) or shift (exponential) in size-dependent growth", Range(0.0, 3.0)
    ] = 0.5
    impurity: Annotated[int, "1", "the component that slows growth, if a law says so", Index("fluids")] = 0
    K_impurity: Annotated[float, "1", "adsorption constant of the impurity, kg solvent/kg", Range(0.0, 1e9)] = 0.0
    alpha_impurity: Annotated[float, "1", "effectiveness of the adsorbed impurity", Range(0.0, 100.0)] = 1.0
    stirring: Annotated[float, "1", "stirrer speed over that at which k2 was fitted", Range(0.0, 100.0)] = 1.0
    l_stirring: Annotated[float, "1", "exponent of the stirrer speed in secondary nucleation", Range(0.0, 10.0)] = 0.0
    size_law: Annotated[SizeLaw, "1", "how growth depends on the size"] = SizeLaw.MCCABE
    poisoning: Annotated[Impurity, "1", "how an impurity slows growth"] = Impurity.NONE


class NucleationParams(NamedTuple):
    k1: Annotated[
        float, "1/(m^3 s)", "primary nucleation coefficient", Range(0.0, 1e40), Per("force", FORCES, "b1")
    ] = 0.0
    E1: Annotated[float, "J/mol", "activation energy of primary nucleation", Range(0.0, 1e6)] = 0.0
    b1: Annotated[float, "1", "primary nucleation exponent", Range(0.5, 30.0)] = 2.0
    beta: Annotated[float, "1", "barrier of classical nucleation", Range(0.0, 1e6)] = 1.0
    k2: Annotated[
        float, "1/(m^3 s)", "secondary nucleation coefficient", Range(0.0, 1e40), Per("force", FORCES, "b2")
    ] = 0.0
    E2: Annotated[float, "J/mol", "activation energy of secondary nucleation", Range(0.0, 1e6)] = 0.0
    b2: Annotated[float, "1", "secondary nucleation exponent", Range(0.5, 30.0)] = 2.0
    j: Annotated[float, "1", "exponent of the crystal content in secondary nucleation", Range(0.0, 10.0)] = 1.0
    nucleation: Annotated[Nucleation, "1", "primary nucleation law"] = Nucleation.POWER
    basis: Annotated[Basis, "1", "volume to which nucleation refers"] = Basis.SLURRY


class RemovalParams(NamedTuple):
    """By size: what goes with the product, and what with a stream of fines."""

    L_cut: Annotated[float, "m", "size of which half goes with the product", Range(1e-7, 1.0)] = 1e-4
    sharpness: Annotated[float, "1", "sharpness of both cuts", Range(0.1, 50.0)] = 4.0
    V_flow_fines: Annotated[float, "m^3/s", "liquor drawn off with fines", Range(0.0, 1e3)] = 0.0
    L_fines: Annotated[float, "m", "size of which half goes with the fines", Range(1e-7, 1.0)] = 5e-5
    removal_law: Annotated[Removal, "1", "what of the crystals goes with the product"] = Removal.MIXED


class BoilingParams(NamedTuple):
    """A vent at a pressure: vapour leaves in proportion to what the liquor's vapour pressure exceeds it by.

    Without data (the defaults: 1e-43 Pa, as components.yaml has it for what never evaporates) nothing boils.
    """

    dH_vap: Annotated[Array, "J/kg", "heats of evaporation", ("fluids",), Component("dH_vap")] = 0.0
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")] = -100.0
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")] = 0.0
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")] = 0.0
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")] = 0.0
    P: Annotated[float, "Pa", "pressure above the liquor", Range(1.0, 1e7)] = 101325.0
    k_vent: Annotated[float, "kg/s", "vapour flow at twice this pressure; 0: no evaporation", Range(0.0, 1e3)] = 0.0
    T_freeze: Annotated[float, "K", "freezing point of the liquor", Range(1.0, 1e3)] = 1.0
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ] = 1.0
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ] = 1e4
