"""Small plants to trace: one blender between a feed and a product, its scenario to be completed."""

from __future__ import annotations

from pathlib import Path

from twin.config import load_scenario
from twin.config.spec import ScenarioSpec

#: Holdup [kg], flow [kg/s]; mean residence time 60 s.
M, F = 0.6, 0.01
TAU = M / F

PLANT = """\
twin: 1
title: One blender
fluids: [water]
solids: [paracetamol, mcc]
units:
  blender:
    model: powder.{model}
    {dim}: {n}
    params: {{M_ss: 0.6 kg, F_ss: 10 g/s, api: paracetamol{params}}}
    initial: {{{held}: {share} kg, w: {{mcc: 1}}}}
feeds:
  powder: {{m_flow: {{mcc: 10 g/s}}}}
connections:
  - powder -> blender.first
  - blender.product -> blend
products: [blend]
"""


def blender(
    folder: Path, n: int, scenario: str, *, Pe: float = 0.0, exponent: float = 1.0, full: bool = True
) -> ScenarioSpec:
    """A blender of n cells; with a Péclet number, one with dispersion."""
    folder.mkdir(parents=True, exist_ok=True)
    dispersed = Pe > 0.0
    (folder / "one_blender.yaml").write_text(
        PLANT.format(
            model="dispersion_blender" if dispersed else "blender",
            dim="cells" if dispersed else "tanks",
            held="M_cell" if dispersed else "M_tank",
            n=n,
            share=repr(M / n if full else 0.0),
            params=(f", Pe: {Pe!r}" if dispersed else "") + f", exponent: {exponent!r}",
        ),
        encoding="utf-8",
    )
    path = folder / "scenario.yaml"
    path.write_text(f"twin: 1\nplant: {(folder / 'one_blender.yaml').as_posix()}\n{scenario}", encoding="utf-8")
    return load_scenario(path)


REACTING = """\
twin: 1
title: A reactor and a filter
fluids: [ethanol, A, B]
solids: []
components:
  A: {molar_mass: 0.1 kg/mol, cp_liquid: 2000 J/(kg K), rho_liquid: 1000 kg/m^3}
  B: {molar_mass: 0.1 kg/mol, cp_liquid: 2000 J/(kg K), rho_liquid: 1000 kg/m^3}
units:
  reactor:
    model: reaction.stirred_vessel
    reactions: [{equation: A -> B, k0: 0.01 1/s, E: 0 J/mol, dH: 0 J/mol}]
    params: {discharge: weir, jacket: adiabatic, V_weir: 6 L, tau: 1 s, T_limit: 400 K, key: B, T_jacket: 300 K}
    initial: {V: 6 L, T: 300 K, w: {ethanol: 0.9, A: 0.1}}
feeds:
  fresh: {T: 300 K, m_flow: {ethanol: 90 g/s, A: 10 g/s}}
  more: {T: 300 K, m_flow: {ethanol: 10 g/s}}
connections:
  - fresh -> reactor.feed
  - more -> reactor.feed_2
  - reactor.product -> out
products: [out]
"""


def reactor(folder: Path, scenario: str) -> ScenarioSpec:
    """A stirred vessel in which A becomes B, one to one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reactor.yaml").write_text(REACTING, encoding="utf-8")
    path = folder / "scenario.yaml"
    path.write_text(f"twin: 1\nplant: {(folder / 'reactor.yaml').as_posix()}\n{scenario}", encoding="utf-8")
    return load_scenario(path)
