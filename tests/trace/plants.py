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
