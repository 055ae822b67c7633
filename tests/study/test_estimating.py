"""`twin estimate`: pyrolysis of oil shale from its published data, through a plant; what is wrong is named."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.validation.test_oil_shale import DATA
from twin.cli import main
from twin.errors import ConfigError
from twin.study.estimate_reading import load_estimation

PLANT = """
twin: 1
title: Oil shale in a closed vessel
description: Kerogen A to bitumen B and oil C, bitumen to oil and residue D, all of first order.
fluids: [A, B, C, D]
components:
  A: {molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2000 J/(kg K)}
  B: {molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2000 J/(kg K)}
  C: {molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2000 J/(kg K)}
  D: {molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2000 J/(kg K)}
units:
  vessel:
    model: reaction.stirred_vessel
    reactions:
      - {equation: A -> B, k0: 0.01 1/min, E: 0 J/mol, dH: 0 J/mol}
      - {equation: A -> C, k0: 0.01 1/min, E: 0 J/mol, dH: 0 J/mol}
      - {equation: B -> C, k0: 0.01 1/min, E: 0 J/mol, dH: 0 J/mol}
      - {equation: B -> D, k0: 0.01 1/min, E: 0 J/mol, dH: 0 J/mol}
    params: {discharge: closed, jacket: adiabatic, V_weir: 1 L, T_limit: 900 K, key: A, T_jacket: 400 K}
    initial: {V: 0.1 L, T: 400 K, w: {A: 1}}    # without effect: no rate depends on temperature
connections: [vessel.product -> out]
products: [out]
"""
SCENARIO = "twin: 1\nplant: shale.yaml\nduration: 150 min\nsolver: {rtol: 1e-8}\n"
# percent of the kerogen are grams: there are 100 g
ESTIMATION = """
twin: 1
title: Oil shale at 673 K
scenario: run.yaml
seed: 1
factors:
  AB: {path: vessel.k0.0, from: 2e-6 mol/(m^3 s), to: 2e-2 mol/(m^3 s)}
  AC: {path: vessel.k0.1, from: 2e-6 mol/(m^3 s), to: 2e-2 mol/(m^3 s)}
  BC: {path: vessel.k0.2, from: 2e-6 mol/(m^3 s), to: 2e-2 mol/(m^3 s)}
  BD: {path: vessel.k0.3, from: 2e-6 mol/(m^3 s), to: 2e-2 mol/(m^3 s)}
estimate:
  experiments:
    - name: 673 K
      data: bitumen_oil_673K.csv
      time: {column: time, unit: min}
      lag: 5 min
      tags:
        "vessel.m[B]": {column: CB, unit: g, uncertainty: 100}
        "vessel.m[C]": {column: CC, unit: g, uncertainty: 100}
  log: [AB, AC, BC, BD]
  starts: 2
  profiles: false
"""


def files(folder: Path, estimation: str = ESTIMATION) -> Path:
    (folder / "shale.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "run.yaml").write_text(SCENARIO, encoding="utf-8")
    shutil.copy(DATA / "bitumen_oil_673K.csv", folder)
    (folder / "fit.yaml").write_text(estimation, encoding="utf-8")
    return folder / "fit.yaml"


def test_oil_shale_at_673_K(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The published fit: ln k [1/min] -4.165410, -4.724128, -4.597336, -4.001564, sum of squares 0.00990033."""
    page = tmp_path / "fit.html"
    assert main(["estimate", str(files(tmp_path)), "--json", "--out", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    ln_k = [math.log(60.0 * row["estimate"]) for row in found["parameters"]]
    assert ln_k == pytest.approx([-4.165410, -4.724128, -4.597336, -4.001564], abs=2e-3)  # rtol of runs, samples
    assert found["squares"] == pytest.approx(0.00990033, rel=1e-4)
    assert found["n"] == 28
    for row in found["parameters"]:
        low, high = row["95 %"]
        assert low < row["estimate"] < high
    assert "Data and model" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_profiles_and_bootstrap_through_a_plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All intervals of an oil-shale constant that is well determined agree within a fifth of their width."""
    text = ESTIMATION.replace("starts: 2", "starts: 1").replace("profiles: false", "profiles: true\n  bootstrap: 40")
    assert main(["estimate", str(files(tmp_path, text)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    row = found["parameters"][3]
    width = row["95 %"][1] - row["95 %"][0]
    assert row["profile 95 %"] == pytest.approx(row["95 %"], abs=0.2 * width)
    assert row["bootstrap 95 %"] == pytest.approx(row["95 %"], abs=0.35 * width)


def test_a_lag_and_missing_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data made by the closed form with a lag of 4 min, two of them missing: lag and constants come back."""
    from tests.validation.test_oil_shale import closed_form

    true = np.array([-3.0, -4.0, -3.5, -3.8])
    t = np.linspace(2.0, 80.0, 27)
    values = 100.0 * closed_form(true, np.maximum(t - 4.0, 0.0))
    rows = [f"{a:.6g},{b:.8g},{c:.8g}" for a, b, c in zip(t, *values)]
    rows[3], rows[9] = f"{t[3]:.6g},NA,{values[1, 3]:.8g}", f"{t[9]:.6g},{values[0, 9]:.8g},"
    text = ESTIMATION.replace("lag: 5 min", "lag: {from: 0 min, to: 10 min}")
    file = files(tmp_path, text.replace("673K.csv", "made.csv"))
    (tmp_path / "bitumen_oil_made.csv").write_text("time,CB,CC\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["estimate", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 52
    estimates = {row["parameter"]: row["estimate"] for row in found["parameters"]}
    assert estimates["673 K: lag"] == pytest.approx(240.0, abs=1.0)
    assert [math.log(60.0 * estimates[n]) for n in ("AB", "AC", "BC", "BD")] == pytest.approx(true, abs=0.01)


RIVALS = """  models:
    - {name: four ways}
    - {name: no residue, set: {vessel.k0.3: 0 mol/(m^3 s)}, factors: [AB, AC, BC]}
"""


@pytest.mark.slow
def test_models_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bitumen that leaves only as oil misses the data by far: 28 values, AICc from the sum of squares."""
    page = tmp_path / "rivals.html"
    text = ESTIMATION.replace("starts: 2", "starts: 1") + RIVALS
    assert main(["estimate", str(files(tmp_path, text)), "--json", "--out", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    best, worse = found["ranks"]
    assert [best["model"], worse["model"]] == ["four ways", "no residue"]
    assert [best["parameters"], worse["parameters"]] == [4, 3]
    assert best["squares"] == pytest.approx(0.00990033, rel=1e-4)
    k = 5  # with the variance
    assert best["AICc"] == pytest.approx(28 * math.log(best["squares"] / 28) + 2 * k + 2 * k * (k + 1) / (28 - k - 1))
    assert best["weight"] + worse["weight"] == pytest.approx(1.0)
    assert worse["left out"] > 1.5 * best["left out"] > 0.0
    assert [[row["parameter"] for row in one["parameters"]] for one in found["models"]] == [
        ["AB", "AC", "BC", "BD"],
        ["AB", "AC", "BC"],
    ]
    assert found["parameters"] == found["models"][0]["parameters"]
    assert "Model: no residue" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("factors: [AB, AC, BC]", "factors: [AB, AC, CB]", "no factor 'CB'"),
        ("name: no residue", "name: four ways", "Another model is called"),
        ("set: {vessel.k0.3", "set: {vessel.k0.4", "no place '4'"),
        ("    - {name: four ways}\n", "", "at least two"),
        ("name: four ways", "named: four ways", "A model reads"),
    ],
)
def test_what_is_wrong_with_rivals_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RIVALS
    with pytest.raises(ConfigError, match=said):
        load_estimation(files(tmp_path, ESTIMATION + RIVALS.replace(old, new)))


ALL_TEMPERATURES = """
twin: 1
title: Oil shale at all temperatures
scenario: run.yaml
seed: 1
factors:
{factors}estimate:
  experiments:
{experiments}  log: [AB, AC, BC, BD]
  start: {start}
  starts: 1
  profiles: false
"""


@pytest.mark.slow
def test_oil_shale_at_all_temperatures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight Arrhenius constants and five dead times from 104 values: the closed form's fit, through a plant.

    Published: ln A [1/min] and E/R. All lie within the 95 % intervals of what is found, as in `tests/validation`.
    A vessel takes 500 K at most: with half of T and half of E every rate is the same.
    """
    from tests.validation.test_oil_shale import E_OVER_R, FITTED, LN_A, R_GAS, T_REF, fitted_at_all

    names = ("AB", "AC", "BC", "BD")
    factors = [
        f"  {n}: {{path: vessel.k0.{i}, from: 2e-4 mol/(m^3 s), to: 0.03 mol/(m^3 s)}}\n" for i, n in enumerate(names)
    ]
    factors += [f"  E_{n}: {{path: vessel.E.{i}, from: 40 kJ/mol, to: 100 kJ/mol}}\n" for i, n in enumerate(names)]
    experiments = []
    for T, late in zip(FITTED, (9.8, 9.8, 9.8, 5.0, 4.0), strict=True):  # a search begins in the middle of these
        shutil.copy(DATA / f"bitumen_oil_{T}K.csv", tmp_path)
        experiments.append(
            f"    - {{name: {T} K, data: bitumen_oil_{T}K.csv, set: {{vessel.initial.T: {0.5 * T} K}}, "
            f"time: {{column: time, unit: min}}, lag: {{from: 0 min, to: {late} min}}, tags: "
            '{"vessel.m[B]": {column: CB, unit: g, uncertainty: 100}, '
            '"vessel.m[C]": {column: CC, unit: g, uncertainty: 100}}}\n'
        )
    start = {n: f"{math.exp(ln_k) / 60.0:.6g} mol/(m^3 s)" for n, ln_k in zip(names, FITTED[723][1], strict=True)}
    start |= {f"E_{n}": "70.5 kJ/mol" for n in names}
    text = ALL_TEMPERATURES.format(factors="".join(factors), experiments="".join(experiments), start=json.dumps(start))
    file = files(tmp_path, text)
    (tmp_path / "shale.yaml").write_text(
        PLANT.replace("E: 0 J/mol", f"E: 70 kJ/mol, T_ref: {0.5 * T_REF!r} K"), encoding="utf-8"
    )
    assert main(["estimate", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    closed = fitted_at_all()
    assert found["n"] == 104
    assert found["squares"] == pytest.approx(closed.squares, rel=1e-4)
    rows = found["parameters"]
    got = [math.log(60.0 * row["estimate"]) for row in rows[:4]] + [2.0 * row["estimate"] / R_GAS for row in rows[4:8]]
    # where the sum of squares is within 1e-4 of its least: a part of a standard error
    error = closed.standard_error[:8] / np.r_[closed.theta[:4], np.full(4, 1.0)]
    wanted = np.r_[np.log(closed.theta[:4]), closed.theta[4:8]]
    assert np.all(np.abs(np.array(got) - wanted) < 0.05 * error)
    for row, ln_A, E in zip(rows[:4], LN_A, E_OVER_R, strict=True):
        assert row["95 %"][0] < math.exp(ln_A - E / T_REF) / 60.0 < row["95 %"][1]
    for row, E in zip(rows[4:8], E_OVER_R, strict=True):
        assert row["95 %"][0] < 0.5 * E * R_GAS < row["95 %"][1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{column: CB, unit: g", "{column: CB, unit: K", "measures something else"),
        ("vessel.k0.3", "vessel.k0.4", "no place '4'"),
        ("column: CC", "column: CD", "no column 'CD'"),
        ("column: time, unit: min", "column: time, unit: h", "go on to"),
        ("log: [AB,", "log: [ABC,", "no factor 'ABC'"),
        ("bitumen_oil_673K.csv", "bitumen.csv", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_before_any_run(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ESTIMATION
    with pytest.raises(ConfigError, match=said):
        load_estimation(files(tmp_path, ESTIMATION.replace(old, new)))


def test_units_and_weights_stand_in_the_file(tmp_path: Path) -> None:
    """Headings say the units; a column has the standard deviation of each value, in the unit of what it is of."""
    heads = {"time": "time [min]", "CB": "CB [g]", "CC": "CC [kg]"}
    text = ESTIMATION.replace("{column: time, unit: min}", "{column: time}").replace("CB, unit: g, un", "CB, un")
    text = text.replace("uncertainty: 100", "uncertainty: {column: sd}", 1).replace("CC, unit: g, un", "CC, un")
    file = files(tmp_path, text.replace("uncertainty: 100", "uncertainty: {column: sd of oil}"))
    lines = (tmp_path / "bitumen_oil_673K.csv").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    names = lines[0].split(",")
    assert set(heads) == set(names)
    head = ",".join([*(heads[name] for name in names), "sd", "sd of oil [g]"])
    rows = [f"{line},{2 + i},{5 + i}" for i, line in enumerate(lines[1:])]
    made = "\n".join([head, *rows]) + "\n"
    (tmp_path / "bitumen_oil_673K.csv").write_text(made, encoding="utf-8")
    (experiment,) = load_estimation(file).experiments
    plain = [dict(zip(names, map(float, line.split(",")), strict=True)) for line in lines[1:]]
    bitumen, oil = experiment.series
    assert experiment.time == pytest.approx([60.0 * row["time"] for row in plain])
    assert bitumen.values == pytest.approx([1e-3 * row["CB"] for row in plain])
    assert oil.values == pytest.approx([row["CC"] for row in plain])
    assert bitumen.sigma == pytest.approx([1e-3 * (2 + i) for i in range(len(rows))])
    assert oil.sigma == pytest.approx([1e-3 * (5 + i) for i in range(len(rows))])
    for old, new, said in (
        ("CB [g]", "CB [K]", r"CB is in \[K\], but vessel.m\[B\] is in kg"),
        ("CB [g]", "CB [gramm]", "heads CB with"),
        (",2,", ",0,", "sd is not above 0 for every value of CB"),
        ("time [min]", "time [g]", r"time is in \[g\], but time is in s"),
    ):
        (tmp_path / "bitumen_oil_673K.csv").write_text(made.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ConfigError, match=said):
            load_estimation(file)
    (tmp_path / "bitumen_oil_673K.csv").write_text(made.replace("CB [g]", "CB [kg]"), encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("column: CB, un", "column: CB, unit: g, un"))
    with pytest.raises(ConfigError, match="say it in one place"):
        load_estimation(file)


def test_data_that_a_run_cannot_reach_are_said(tmp_path: Path) -> None:
    """A lag beyond all data is named before any run; a run that its own end cuts short is a failure, not a guess."""
    from twin.study.estimating import Model

    with pytest.raises(ConfigError, match="no value is later than the lag"):
        load_estimation(files(tmp_path, ESTIMATION.replace("lag: 5 min", "lag: 100 h")))
    (tmp_path / "T.csv").write_text("time,T\n60,293.5\n300,294\n900,300\n1200,301\n", encoding="utf-8")
    experiment = {"name": "short", "data": "T.csv", "tags": {"second.T": {"column": "T"}}}
    said = {
        "twin": 1,
        "scenario": "two_tanks",
        "ends": "second.T > 296 K",
        "factors": {"first.tau": {"from": "20 s", "to": "200 s"}},
        "estimate": {"experiments": [experiment]},
    }
    for ends, finite in ((said["ends"], False), ("second.T > 400 K", True)):
        model = Model(load_estimation({**said, "ends": ends}, tmp_path), 1)
        values = model(np.array([[60.0]]))
        model.close()
        assert np.isfinite(values).all() == finite
        assert ("before the last of its data (1200 s)" in model.last) != finite


def test_uncertainties_in_per_cent_are_of_each_value(tmp_path: Path) -> None:
    """2 % of each value, in SI; a measured zero has some error as well; a plain one is in the column's unit."""
    text = ESTIMATION.replace("column: CB, unit: g, uncertainty: 100", "column: CB, unit: g, uncertainty: 2 %")
    (experiment,) = load_estimation(files(tmp_path, text)).experiments
    bitumen, oil = experiment.series
    there = bitumen.values > 0.0
    assert bitumen.sigma[there] == pytest.approx(0.02 * bitumen.values[there])
    assert np.all(bitumen.sigma > 0.0)
    assert oil.sigma == pytest.approx(np.full(len(oil.values), 0.1))  # 100 g
