"""A law used outside the range of its fit is warned of once, by name, in the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.library import names
from twin.plant.model import load_model
from twin.quantity import Fitted, fields
from twin.results.reader import open_run
from twin.run import RunResult, run

PLANT = """
twin: 1
title: A still warming up
fluids: [water, acetic_acid]
solids: []
components:
  acetic_acid: {{psat_T_low: {{value: 290 K, source: "narrowed, so that the still leaves it"}}}}
units:
  still:
    model: separation.evaporator
    params:
      {{P: 1 atm, conductance: 1 mmol/(s Pa), V_weir: 10 L, V_dry: 50 mL, UA: 20 W/K, C_wall: 5 kJ/K, T_limit: 150 degC,
       key: acetic_acid, solute: acetic_acid, sol_a: {sol_a}, T_sol_low: 10 degC, T_sol_high: 40 degC,
       T_jacket: 80 degC}}
    initial: {{V: 5 L, T: 25 degC, w: {{water: 0.9, acetic_acid: 0.1}}}}
connections:
  - still.vapour -> vapour
  - still.product -> residue
products: [vapour, residue]
"""
SCENARIO = """
twin: 1
plant: plant.yaml
title: Warmer than the fits
duration: 2 h
record: 60 s
events:
  - {at: 1 h, set: {still.T_jacket: 5 degC}, name: cooled}
"""


def warmed(folder: Path, sol_a: float) -> RunResult:
    (folder / "plant.yaml").write_text(PLANT.format(sol_a=sol_a), encoding="utf-8")
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    return run(scenario, folder / "run.h5")


def test_each_law_warns_once_by_name_and_time(tmp_path: Path) -> None:
    """Acetic acid is said to be fitted from 290 K; the still passes 40 °C twice and ends below 17 °C."""
    result = warmed(tmp_path, 1e3)
    made = open_run(result.path)
    T, time = np.asarray(made.get("still.T")), np.asarray(made.time)
    assert T.max() > 320.0
    assert T[-1] < 290.0
    alarms = {a.text.split(" is used")[0]: a for a in made.alarms}
    assert list(alarms) == ["still: solubility", "still: vapour pressure of acetic_acid"]
    assert [a.text for a in made.alarms] == list(result.warnings)
    hot, cold = made.alarms
    assert (hot.tag, hot.kind, hot.limit) == ("still.T", "outside its range", pytest.approx(313.15))
    assert hot.time == time[np.argmax(T > 313.15)]
    assert hot.value == T[np.argmax(T > 313.15)]
    assert cold.time == time[np.argmax((T < 290.0) & (time > 3600.0))]
    assert cold.text.endswith("the fit holds from 290 to 420 K")


def test_a_law_that_is_not_used_does_not_warn(tmp_path: Path) -> None:
    """`sol_a: 0` watches no solubility."""
    assert not [text for text in warmed(tmp_path, 0.0).warnings if "solubility" in text]


def test_ranges_are_parameters_of_their_unit() -> None:
    found = 0
    for name in names():
        model = load_model(name)
        parameters = {f.name: f for f in fields(model.Params)}
        for measurement in fields(model.Measurements):
            for fit in measurement.fitted:
                found += 1
                ends = [parameters[fit.low], parameters[fit.high]]
                assert {f.unit for f in ends} == {measurement.unit}
                assert ends[0].dims == ends[1].dims
                assert not fit.used or parameters[fit.used].dims in ((), ends[0].dims)
    assert found > 10


VISCOSITY = Fitted("viscosity", "mu_T_low", "mu_T_high")
SOLUBILITY = Fitted("solubility", "T_sol_low", "T_sol_high")


@pytest.mark.parametrize(
    ("model", "measurement", "fitted"),
    [
        ("separation.nutsche", "T", (VISCOSITY,)),
        ("separation.belt_filter", "T", (VISCOSITY,)),
        ("separation.drum_filter", "T", (VISCOSITY,)),
        ("separation.carousel", "T", (VISCOSITY,)),
        ("separation.carousel_profiles", "T", (VISCOSITY,)),
        ("separation.deliquoring", "T_out", (VISCOSITY,)),
        ("separation.settler", "T", (Fitted("viscosity", "mu_T_low", "mu_T_high", "viscosity_law"),)),
        *[
            (f"crystallization.{name}", "T", (SOLUBILITY, Fitted("vapour pressure", "psat_T_low", "psat_T_high", used)))
            for name, used in (("stirred_crystallizer", "k_vent"), ("agglomerating", "k_vent"))
        ],
    ],
)
def test_filters_and_boiling_crystallizers_watch_their_fits(
    model: str, measurement: str, fitted: tuple[Fitted, ...]
) -> None:
    """Whoever has constants of a fit has its range beside them, without bounds unless given."""
    made = load_model(model)
    assert {f.name: f.fitted for f in fields(made.Measurements)}[measurement] == fitted
    if fitted[0].law == "viscosity":
        defaults = {f.name: f.default for f in fields(made.Params)}
        assert (defaults["mu_T_low"], defaults["mu_T_high"]) == (1.0, 1e4)


def test_every_viscosity_fit_has_a_range() -> None:
    for name in names():
        model = load_model(name)
        if {"mu_A", "E_mu"} & {f.name for f in fields(model.Params)}:
            laws = [fit.law for f in fields(model.Measurements) for fit in f.fitted]
            assert "viscosity" in laws, name


BOILING = """
twin: 1
title: A crystallizer that is heated
fluids: [solvent, solute]
solids: [crystal]
components:
  solvent: {{molar_mass: 46 g/mol, rho_liquid: 800 kg/m^3, cp_liquid: 2500 J/(kg K), dH_vap: 846 kJ/kg,
            psat_A: 25.2, psat_B: -4834 K, psat_C: 0, psat_D: 0 1/K, psat_T_low: 273 K, psat_T_high: 310 K}}
  solute: {{molar_mass: 151 g/mol, rho_liquid: 1200 kg/m^3, cp_liquid: 2000 J/(kg K), dH_vap: 0 kJ/kg,
           psat_A: -100, psat_B: 0 K, psat_C: 0, psat_D: 0 1/K}}
  crystal: {{molar_mass: 151 g/mol, rho_solid: 1200 kg/m^3, cp_solid: 1300 J/(kg K)}}
grids:
  bins: {{count: 10, from: 1 um, to: 1000 um, spacing: geometric}}
units:
  cr:
    model: crystallization.stirred_crystallizer
    params:
      {{tau: 1 s, V_weir: 2 L, UA: 20 W/K, dH_cryst: 0 J/kg, kv: 0.524, solute: solute, solvent: solvent,
      crystal: crystal, rho_solvent: 800 kg/m^3, solubility: polynomial, sol_a: 0.2, kg: 1e-8 m/s, g: 1,
      k1: 0 1/(m^3 s), M_typical: 1 kg/m^3, S_width: 1e-6, P: 20 kPa, k_vent: {k_vent}, T_jacket: 330 K}}
    initial: {{V: 1 L, T: 300 K, w: {{solvent: 0.9, solute: 0.1}}}}
connections: [cr.product -> product, cr.fines -> fines, cr.vapour -> vapour]
products: [product, fines, vapour]
"""


@pytest.mark.slow
@pytest.mark.parametrize("k_vent", ["1 g/s", "0 g/s"])
def test_a_boiling_crystallizer_warns_of_its_vapour_pressures(tmp_path: Path, k_vent: str) -> None:
    """Where nothing can leave, no vapour pressure is used, and nothing is said."""
    (tmp_path / "plant.yaml").write_text(BOILING.format(k_vent=k_vent), encoding="utf-8")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("twin: 1\nplant: plant.yaml\ntitle: Heated\nduration: 1 h\nrecord: 60 s\n", encoding="utf-8")
    result = run(scenario, tmp_path / "run.h5")
    T = np.asarray(open_run(result.path).get("cr.T"))
    assert T[0] < 310.0 < T[-1]
    told = [text.split(" is used")[0] for text in result.warnings]
    assert told == (["cr: vapour pressure of solvent"] if k_vent == "1 g/s" else [])
