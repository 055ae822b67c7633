"""Plants whose steady states are known: an exothermic vessel with three, and a crystallizer in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.config import load_plant
from twin.plant import compile_plant
from unit_ops.reaction.rates import R_GAS

#: Seborg's vessel: 100 L at 100 L/min, feed 1 mol/L at 350 K, jacket at 300 K.
EXOTHERMIC = """
twin: 1
title: Exothermic vessel
fluids: [S, A, B]
components:
  S: {{molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 239 J/(kg K)}}
  A: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 239 J/(kg K)}}
  B: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 239 J/(kg K)}}
units:
  vessel:
    model: reaction.stirred_vessel
    reactions: [{{equation: A -> B, k0: 7.2e10 1/min, E: {E!r} J/mol, dH: -50 kJ/mol}}]
    params: {{discharge: weir, jacket: constant, UA: {UA!r} W/K, tau: 6 s, V_weir: 90 L, T_limit: 500 K, key: A,
      T_jacket: 300 K}}
    initial: {{V: 100 L, T: {T!r} K, w: {{S: {w_S!r}, A: {w_A!r}, B: {w_B!r}}}}}
feeds:
  supply: {{T: 350 K, m_flow: {{S: {S!r} kg/s, A: {A!r} kg/s}}}}
connections: [supply -> vessel.feed, vessel.product -> out]
products: [out]
"""


def exothermic_text(T: float, c_A: float) -> str:
    """The vessel's plant, starting at T [K] and c_A [mol/L]."""
    flow = 100.0 / 60.0  # kg/s
    return EXOTHERMIC.format(
        E=8750.0 * R_GAS, UA=5e4 / 60.0, T=T, w_S=0.9, w_A=0.1 * c_A, w_B=0.1 * (1.0 - c_A), S=0.9 * flow, A=0.1 * flow
    )


def exothermic(folder: Path, T: float, c_A: float) -> Any:
    """Compile it."""
    file = folder / "exothermic.yaml"
    file.write_text(exothermic_text(T, c_A), encoding="utf-8")
    return compile_plant(load_plant(file))


#: 1800 s residence, feed 2 kg/m³, c* = 1.2 kg/m³; solute and crystals of one density.
MSMPR = """
twin: 1
title: Continuous crystallizer
fluids: [solvent, solute]
solids: [crystal]
components:
  solvent: {{molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  solute: {{molar_mass: 100 g/mol, rho_liquid: 1200 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  crystal: {{molar_mass: 100 g/mol, rho_solid: 1200 kg/m^3, cp_solid: 4000 J/(kg K)}}
grids:
  bins: {{count: {bins}, from: 0.001 um, to: 600 um, spacing: uniform}}
units:
  cr:
    model: crystallization.msmpr
    params: {{tau: 20 s, V_weir: 1 m^3, UA: 0 W/K, dH_cryst: 0 J/kg, kv: 0.524, solute: solute, solvent: solvent,
      crystal: crystal, rho_solvent: 1000 kg/m^3, solubility: polynomial, sol_a: {sol_a!r}, kg: 1e-7 m/s, g: 1,
      k2: 5e8 1/(m^3 s), b2: 2, j: 1, M_typical: 0.6 kg/m^3, T_jacket: 300 K}}
    initial: {{V: {V!r} m^3, T: 300 K, w: {{solvent: {w!r}, solute: {u!r}}}, m_seed: 10 g, L_seed: 100 um,
      sigma_seed: 0.5}}
feeds:
  supply: {{T: 300 K, m_flow: {{solvent: {solvent!r} kg/s, solute: {solute!r} kg/s}}}}
connections: [supply -> cr.feed, cr.product -> out]
products: [out]
"""


def msmpr(folder: Path, bins: int) -> Any:
    """Compile the crystallizer, seeded a little: without crystals none are born by attrition."""
    V = 1.0 / (1.0 - 20.0 / 1800.0)
    solvent = 1000.0 * (1.0 - 2.0 / 1200.0)
    w = solvent / (solvent + 2.0)
    text = MSMPR.format(
        bins=bins, V=V, sol_a=1.2 / solvent, w=w, u=1.0 - w, solvent=solvent * V / 1800.0, solute=2.0 * V / 1800.0
    )
    file = folder / f"msmpr_{bins}.yaml"
    file.write_text(text, encoding="utf-8")
    return compile_plant(load_plant(file))


def measured(plant: Any, y: Any, path: str) -> float:
    """A measurement at the states y."""
    from twin.steady.view import View

    view = View(plant, plant.p0)
    view.observe(y)
    column = next(c for c in plant.columns if c.path == path and c.kind == "measurement")
    return float(view.w[column.offset])
