"""Extraction, settling, evaporation and flash through the whole pipeline, with a still that runs dry and is cooled."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

PLANT = """
twin: 1
title: Acetic acid into toluene, toluene distilled off (partition and equipment invented)
fluids: [water, acetic_acid, toluene]
solids: []
components:
  toluene: {molar_mass: 92.14 g/mol, rho_liquid: 862 kg/m^3, cp_liquid: 1.705 kJ/(kg K), cp_gas: 1.13 kJ/(kg K),
            dH_vap: 413 kJ/kg, psat_A: 22.99, psat_B: -4400 K, psat_C: 0, psat_D: 0 1/K,
            psat_T_low: 10 degC, psat_T_high: 145 degC}
units:
  wash:
    model: separation.extractor
    params:
      {V_raffinate: 2 L, V_extract: 2 L, distribution: ratio, carrier_raffinate: water, carrier_extract: toluene,
       key: acetic_acid, K: {acetic_acid: 0.6, water: 1, toluene: 1}, ka: {acetic_acid: 0.1 1/s},
       T_K_low: 10 degC, T_K_high: 60 degC, entrainment: 1 %, T_jacket: 25 degC}
    initial: {T: 25 degC, w_raffinate: {water: 1}, w_extract: {toluene: 1}}
  settler:
    model: separation.settler
    params:
      {V_continuous: 5 L, V_coalesced: 1 L, area: 500 cm^2, coalescence_flux: 0.5 mm/s, coalescence_depth: 2 cm,
       depth_limit: 10 cm, d_63: 500 um, drop_spread: 2, mu_continuous: 1 mPa s, d_rho: 135 kg/m^3, T_room: 20 degC}
    initial: {T: 25 degC, w_continuous: {water: 1}, w_coalesced: {toluene: 1}}
  still:
    model: separation.evaporator
    params:
      {P: 1 atm, conductance: 1 mmol/(s Pa), V_weir: 10 L, V_dry: 50 mL, UA: 200 W/K, C_wall: 5 kJ/K, T_limit: 150 degC,
       key: acetic_acid, T_jacket: 140 degC}
    initial: {V: 5 L, T: 25 degC, w: {toluene: 1}}
  drum:
    model: separation.flash_drum
    params:
      {V_weir: 5 L, V_head: 5 L, conductance: 1 mmol/(s Pa), vapour_valve: 0.1 mmol/(s Pa), P_limit: 2 bar,
       V_dry: 50 mL, UA: 500 W/K, C_wall: 5 kJ/K, T_limit: 150 degC,
       key: toluene, T_jacket: 90 degC, P_back: 0.5 bar, vent: 1}
    initial: {V: 5 L, T: 25 degC, P: 0.5 bar, w: {water: 1}, w_gas: {water: 1}}
  condenser:
    model: separation.flash_drum
    params:
      {V_weir: 2 L, V_head: 8 L, conductance: 1 mmol/(s Pa), vapour_valve: 0.1 mmol/(s Pa), P_limit: 2 bar,
       V_dry: 50 mL, UA: 1 kW/K, C_wall: 5 kJ/K, T_limit: 150 degC,
       key: toluene, T_jacket: 15 degC, P_back: 1 bar, vent: 1}
    initial: {V: 2 L, T: 15 degC, P: 0.05 bar, w: {toluene: 1}, w_gas: {toluene: 1}}
feeds:
  liquor: {T: 25 degC, m_flow: {water: 10 g/s, acetic_acid: 1 g/s}}
  solvent: {T: 25 degC, m_flow: {toluene: 20 g/s}}
  drops: {T: 25 degC, m_flow: {toluene: 1 g/s}}
connections:
  - liquor -> wash.feed
  - solvent -> wash.solvent
  - wash.extract -> still.feed
  - wash.raffinate -> settler.continuous
  - drops -> settler.dispersed
  - settler.layer -> drum.feed
  - settler.coalesced -> oil
  - still.vapour -> condenser.gas
  - condenser.product -> distillate
  - condenser.vapour -> vent
  - still.product -> residue
  - drum.vapour -> steam
  - drum.product -> water
products: [oil, distillate, vent, residue, steam, water]
"""

SCENARIO = """
twin: 1
plant: plant.yaml
title: Two hours, then the feeds stop and the still boils dry
duration: 4 h
record: 20 s
events:
  - {at: 2 h, set: {liquor.m_flow: {water: 0 g/s, acetic_acid: 0 g/s}, solvent.m_flow.toluene: 0 g/s}, name: end}
  - {when: still.dry rises, set: {still.T_jacket: 20 degC}, name: still dry}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("line")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / "line.h5").path)


def test_material_and_heat_are_kept(line: Run) -> None:
    for balance in line.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name
    assert line.balances.energy.measures["relative"] < 1e-12, line.balances.energy.measures


def test_it_works_as_its_parts_do(line: Run) -> None:
    two_hours = 360
    # 4 stages, E = 0.6 * 20/10 = 1.2: Kremser leaves (E - 1)/(E^5 - 1) = 13.4 % of the acid; stages and
    # separation are not perfect
    left = line.get("wash.w_raffinate")[two_hours] * 10.0
    assert 0.134 < left < 0.25
    # toluene boils at 110.6 degC, a little higher with acid in it (ideal)
    assert 380.0 < line.get("still.T")[two_hours] < 390.0
    assert line.get("drum.P")[two_hours] == pytest.approx(0.5e5, rel=0.05)
    assert line.get("settler.depth")[two_hours] < 0.1
    # without inert gas the condenser comes to the vapour pressure of what it holds, a few kPa
    assert line.get("condenser.T")[two_hours] < 310.0
    assert line.get("condenser.P")[two_hours] < 10e3


def test_a_dry_still_is_an_event_that_cools_it(line: Run) -> None:
    fired = [event for event in line.events if "still dry" in event.cause]
    assert len(fired) == 1
    assert fired[0].time > 7200.0
    assert line.get("still.T")[-1] < 310.0
    assert 0.0 <= line.get("still.V")[-1] < 5e-5
