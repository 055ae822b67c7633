"""A law used outside the range of its fit is warned of once, by name, in the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.library import names
from twin.plant.model import load_model
from twin.quantity import fields
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
