"""A dissolution test as a plant: one dose in 900 mL, and a second one that falls in later, through the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

PLANT = """
twin: 1
title: Dissolution test
fluids: [water, dissolved_api]
solids: [api, mcc]
components:  # invented
  dissolved_api: {rho_liquid: 1200 kg/m^3, cp_liquid: 1500 J/(kg K)}
  api: {rho_solid: 1300 kg/m^3}
units:
  vessel:
    model: quality.dissolution_vessel
    sizes: 24
    params:
      {disintegration: 0.01 1/s, L_median: 40 um, L_sigma: 0.4, L_top: 150 um, diffusivity: 7e-10 m^2/s,
       concentration_sat: 10 kg/m^3, film_max: 30 um, dose: 100 mg, T_bath: 37 degC, active: api,
       solute: dissolved_api, porosity: 0.15}
    initial: {V: 900 mL, w: {water: 1}, w_solids: {api: 0.25, mcc: 0.75}, m_dose: 400 mg}
feeds:
  second: {n_flow: 0 1/s}
connections:
  - second -> vessel.tablets
products: []
"""

SCENARIO = """
twin: 1
plant: plant.yaml
title: Two tablets
duration: 2 h
record: 60 s
events:
  - {at: 60 min, set: {second.m_flow.api: 100 mg/s, second.m_flow.mcc: 300 mg/s}, name: tablet falls}
  - {at: 3601 s, set: {second.m_flow.api: 0 kg/s, second.m_flow.mcc: 0 kg/s}, name: tablet has fallen}
"""


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("vessel")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / "run.h5").path)


def test_every_dose_ends_dissolved(tested: Run) -> None:
    released = tested.get("vessel.released")
    assert released[0] == 0.0
    assert 0.5 < released[5] < 1.0
    assert released[59] == pytest.approx(1.0, abs=1e-4)  # an hour is thirty-six times the disintegration's
    assert released[-1] == pytest.approx(2.0, abs=1e-4)


def test_material_and_heat_are_kept(tested: Run) -> None:
    for balance in tested.balances.components:
        # a tablet falls in within a second, a hundred times as fast as it disintegrates
        assert balance.measures["relative"] < 1e-12, balance.name
    assert tested.balances.energy.measures["relative"] < 1e-12
