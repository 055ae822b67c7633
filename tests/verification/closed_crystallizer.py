"""CADET's closed crystallizer as a plant of one unit: published growth and nucleation, exact moments to compare with.

1 m³ of slurry, c0 = 2 and c* = 1.2 kg/m³, G = 2e-8 S m/s, nuclei of 1 um, kv 0.524, ρ 1200 kg/m³, isothermal.
Solute and crystals have one density, so that the volume stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.config import load_plant
from twin.plant import compile_plant

PRIMARY = "k1: 1e6 1/(m^3 s), b1: 5"
#: With secondary nucleation 1e5 S² M_T beside it.
BOTH = "k1: 1e6 1/(m^3 s), b1: 5, k2: 1e5 1/(m^3 s), b2: 2, j: 1"
NONE = "k1: 0 1/(m^3 s)"

#: Crystals of the growth benchmark: 1e9 per m³, median 40 um by number, so 40 exp(3 · 0.09) um by mass.
SEED = {"m_seed": 0.06033664846, "L_seed": 5.239858e-5, "sigma_seed": 0.3}

TEXT = """
twin: 1
title: Closed crystallizer
fluids: [solvent, solute]
solids: [crystal]
components:
  solvent: {{molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  solute: {{molar_mass: 100 g/mol, rho_liquid: 1200 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  crystal: {{molar_mass: 100 g/mol, rho_solid: 1200 kg/m^3, cp_solid: 4000 J/(kg K)}}
grids:
  bins: {{count: {bins}, from: 1 um, to: {top} um, spacing: geometric}}
units:
  cr:
    model: crystallization.{model}
    params:
      {{tau: 1 s, V_weir: 2 m^3, UA: 0 W/K, dH_cryst: 0 J/kg, kv: 0.524, solute: solute, solvent: solvent,
      crystal: crystal, rho_solvent: 1000 kg/m^3, solubility: polynomial, sol_a: {sol_a!r}, kg: 2e-8 m/s, g: 1,
      {more}, M_typical: 1 kg/m^3, S_width: 1e-6, T_jacket: 300 K}}
    initial: {{V: 1 m^3, T: 300 K, w: {{solvent: {w_solvent!r}, solute: {w_solute!r}}}{seed}}}
connections: [{connections}]
products: [{products}]
"""


def plant(
    folder: Path, bins: int, more: str = PRIMARY, model: str = "msmpr", top: float = 1000.0, **seed: float
) -> Any:
    """Compile the plant; the liquor holds 2 kg per m³ of slurry whatever the seed takes of the volume."""
    solvent = 1000.0 * (1.0 - (2.0 + seed.get("m_seed", 0.0)) / 1200.0)
    outlets = ("product", "fines", "vapour") if model == "stirred_crystallizer" else ("product",)
    units = {"m_seed": "kg", "L_seed": "m", "sigma_seed": ""}
    text = TEXT.format(
        bins=bins,
        top=top,
        model=model,
        more=more,
        sol_a=1.2 / solvent,
        w_solvent=solvent / (solvent + 2.0),
        w_solute=2.0 / (solvent + 2.0),
        connections=", ".join(f"cr.{name} -> {name}" for name in outlets),
        products=", ".join(outlets),
        seed="".join(f", {k}: {v!r} {units[k]}" for k, v in seed.items()),
    )
    file = folder / f"closed_{bins}.yaml"
    file.write_text(text, encoding="utf-8")
    return compile_plant(load_plant(file))
