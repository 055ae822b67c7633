"""A carousel through nine turns and a cleaning, and a nutsche pumped up to its pressure limit, in one plant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

# the carousel's numbers: Destro, Nagy & Barolo 2022, doi:10.1016/j.compchemeng.2022.107809; the nutsche's are those
# of verification 3.9 (1 mPa s, alpha 1e11 m/kg, 100 kg of crystals per m3 of filtrate); feeds are invented
PLANT = """
twin: 1
title: Two filters
fluids: [solvent, solute, nitrogen]
solids: [crystal]
components:
  solvent: {molar_mass: 46 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2.5 kJ/(kg K), dH_vap: 846 kJ/kg,
            psat_A: 25.2, psat_B: -4834 K, psat_C: 0, psat_D: 0 1/K}
  solute: {molar_mass: 151 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2 kJ/(kg K), dH_vap: 0 kJ/kg,
           psat_A: -100, psat_B: 0 K, psat_C: 0, psat_D: 0 1/K}
  crystal: {molar_mass: 151 g/mol, rho_solid: 1300 kg/m^3, cp_solid: 1.3 kJ/(kg K)}
grids:
  bins: {count: 3, from: 30 um, to: 100 um, spacing: geometric}
units:
  carousel:
    model: separation.carousel
    params:
      {V_trough: 1 L, V_charge: 3 mL, area: 1.8146e-4 m^2, dP: 1 bar, alpha: 2.7e9 m/kg, L_ref: 47.2 um, R_m: 3e9 1/m,
       fouling: 2e9 1/m, epsilon: 0.35, S_inf: 0.085, mu_A: 0, w_target: 0.005, crystal: crystal, solute: solute,
       volatile: {solvent: 1}, film: 0.5 um, vacuum: 1, mu_T_low: 15 degC, mu_T_high: 20 degC}
    initial: {V: 14.5385 mL, T: 22 degC, w: {solvent: 0.95, solute: 0.05}, crystals: [0 g, 4.5 g, 0 g]}
  nutsche:
    model: separation.nutsche
    params:
      {drive: rate, V_flow_pump: 10 mL/s, area: 0.02 m^2, V_vessel: 5 L, dP: 1.3 bar, dP_limit: 1.3 bar,
       alpha: 1e11 m/kg, L_ref: 57.32044368058443 um, R_m: 1e10 1/m, epsilon: 0.35, S_inf: 0.1, mu_A: 0,
       crystal: crystal, key: solute, mu_T_low: 20 degC, mu_T_high: 30 degC}
    initial: {V: 2.08284 L, T: 25 degC, w: {solvent: 0.9, solute: 0.1}, crystals: [0 g, 200 g, 0 g]}
feeds:
  drying_gas: {T: 35 degC, m_flow: {nitrogen: 85 mg/s}}
  water: {T: 25 degC, m_flow: {solvent: 0 g/s}}
connections:
  - drying_gas -> carousel.gas
  - carousel.cake -> cakes
  - carousel.filtrate -> liquor
  - carousel.exhaust -> air
  - water -> nutsche.wash
  - nutsche.filtrate -> filtrate
  - nutsche.cake -> wet_cake
products: [cakes, liquor, air, filtrate, wet_cake]
"""

SCENARIO = """
twin: 1
plant: plant.yaml
title: Nine turns, a cleaning; filtration, a wash, discharge
duration: 12 min
record: 2 s
solver: {rtol: 1e-6}
events:
  - {at: 1 s, every: 30 s, until: 242 s, fire: carousel.rotate}
  - {at: 270 s, fire: carousel.clean}
  - {when: nutsche.pressure_limit rises, set: {nutsche.drive: pressure}, name: pressure limit}
  - {at: 6 min, set: {water.m_flow.solvent: 4 g/s}, name: wash}
  - {at: 8 min, set: {water.m_flow.solvent: 0 g/s}, name: wash ends}
  - {at: 11 min, set: {nutsche.discharge_rate: 0.2 1/s}, name: cake out}
"""


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("filters")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / "run.h5").path)


def test_material_and_heat_are_kept(filters: Run) -> None:
    for balance in filters.balances.components:
        assert balance.measures["relative"] < 1e-12, (balance.name, balance.measures)
    assert filters.balances.energy.measures["relative"] < 1e-12, filters.balances.energy.measures


def test_rate_gives_way_to_pressure_at_the_limit(filters: Run) -> None:
    """dP = 5 kPa + 2.5 kPa/s t reaches 1.3 bar at 50 s and 0.5 L; then the parabola from there."""
    t, dP = np.asarray(filters.time), np.asarray(filters.get("nutsche.dP_total"))
    V = np.asarray(filters.get("nutsche.V_filtrate"))
    assert np.interp(40.0, t, dP) == pytest.approx(105e3, rel=1e-4)
    assert np.interp(40.0, t, V) == pytest.approx(4e-4, rel=1e-6)
    # mu alpha c/(2 A² dP) (V² - V0²) + mu R_m/(A dP) (V - V0) = t - 50 s
    a, b = 1e-3 * 1e11 * 100.0 / (2.0 * 4e-4 * 1.3e5), 1e-3 * 1e10 / (0.02 * 1.3e5)
    at = 100.0
    expected = (-b + np.sqrt(b * b + 4.0 * a * (a * 25e-8 + b * 5e-4 + at - 50.0))) / (2.0 * a)
    assert np.interp(at, t, V) == pytest.approx(expected, rel=1e-4)
    assert np.interp(at, t, dP) == pytest.approx(1.3e5, rel=1e-9)


def test_meshes_foul_turn_by_turn_and_are_cleaned(filters: Run) -> None:
    """Six charges: the first place is fouled by six cakes, once each turn; then three empty turns, then cleaned."""
    t, R = np.asarray(filters.time), np.asarray(filters.get("carousel.R_mesh"))
    before = R[np.searchsorted(t, 268.0)]
    assert before[:4] == pytest.approx(3e9 + 2e9 * np.array([6.0, 6.0, 6.0, 5.0]), rel=1e-9)
    assert R[-1] == pytest.approx(np.full(5, 3e9), rel=1e-9)


def test_cakes_come_out_dry(filters: Run) -> None:
    w = np.asarray(filters.get("carousel.liquid_content"))
    t = np.asarray(filters.time)
    entered, left = np.interp([92.0, 119.0], t, w)
    assert left < 0.3 * entered
    solids = np.asarray(filters.get("carousel.holdup.solids"))
    assert solids[0, 0] == pytest.approx(4.5e-3, rel=1e-9)
    assert solids[-1, 0] < 0.25 * solids[0, 0]  # the last cakes wait in the machine


def test_the_nutsche_is_washed_and_emptied(filters: Run) -> None:
    t, w = np.asarray(filters.time), np.asarray(filters.get("nutsche.w_key"))
    assert np.interp(300.0, t, w) == pytest.approx(0.1, rel=1e-3)
    assert np.interp(650.0, t, w) < 0.02
    assert np.asarray(filters.get("nutsche.D"))[-1] < 1e-4


def test_a_viscosity_outside_its_fit_is_warned_of_once(filters: Run) -> None:
    """The carousel's trough is at 22 °C, its fit said to end at 20 °C; the nutsche stays within its own."""
    (told,) = [a for a in filters.alarms if "viscosity" in a.text]
    assert (told.tag, told.kind, told.time) == ("carousel.T", "outside its range", 0.0)
    assert told.limit == pytest.approx(293.15)
