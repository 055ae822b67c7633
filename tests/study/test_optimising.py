"""`twin optimise` on two tanks, whose answers are known; expressions; what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.errors import ConfigError
from twin.study.expression import read_expression
from twin.study.file import open_study
from twin.study.optimising import load_optimisation, run_optimisation


def test_expressions() -> None:
    values = {"filter.cake_mass": np.array([1.0, 2.0]), "m[A]": np.array([3.0, np.nan]), "a": np.array([0.0, 4.0])}
    names = list(values)
    assert read_expression("24 * filter.cake_mass / 2", names)(values) == pytest.approx([12.0, 24.0])
    assert read_expression("max(m[A], 5) - a**2", names)(values) == pytest.approx([5.0, np.nan], nan_ok=True)
    assert read_expression("1 / a", names)(values) == pytest.approx([np.nan, 0.25], nan_ok=True)
    with pytest.raises(ValueError, match="Did you mean 'filter.cake_mass'"):
        read_expression("filter.cake_mas + 1", names)
    for text in ("a.__class__", "open('x')", "[a]", "a if a else 1", "__import__('os')"):
        with pytest.raises(ValueError, match="no factor|has more"):
            read_expression(text, names)


def spec(**optimise: object) -> dict[str, object]:
    """The concentration behind two tanks, by their residence times."""
    return {
        "twin": 1,
        "scenario": "two_tanks",
        "title": "Two tanks",
        "seed": 2,
        "solver": {"rtol": 1e-6},
        "factors": {"first.tau": {"from": "30 s", "to": "300 s"}, "second.tau": {"from": "30 s", "to": "300 s"}},
        "responses": [{"tag": "second.T", "name": "T"}, {"tag": "second.V", "name": "V"}],
        "optimise": {"method": "both", "evaluations": 40, **optimise},
    }


def test_a_constrained_optimum_of_a_plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """V of a tank with outflow ∝ level grows with tau: the largest below a bound is at the bound."""
    file = tmp_path / "tanks.yaml"
    file.write_text(json.dumps(spec(maximise="V", constraints=["second.tau <= 90 s"])), encoding="utf-8")
    page = tmp_path / "tanks.html"
    assert main(["optimise", str(file), "--json", "--out", str(page), "--runs", str(tmp_path / "runs.h5")]) == 0
    found = json.loads(capsys.readouterr().out)
    runs = open_study(tmp_path / "runs.h5")  # all of them, as the file of a study
    assert len(runs.X) == found["runs"]
    assert runs.design == {"kind": "optimise"}
    assert runs.column("V")[runs.column("second.tau") <= 90.0].max() == found["best"][0]["V"]
    assert found["best"][0]["second.tau"] == pytest.approx(90.0, rel=0.02)
    assert found["evaluations"] <= 40
    assert found["failed"] == 0
    assert "<svg" in page.read_text(encoding="utf-8")


def test_constraints_between_factors_hold_in_a_search() -> None:
    """The study's own: V grows with the second tank's time, and the best is where its constraint ends."""
    made = spec(maximise="V", evaluations=40)
    made["constraints"] = ["second.tau - first.tau <= 20 s", "first.tau <= 80 s"]
    found = run_optimisation(load_optimisation(made), 1)
    assert found.found.x[0] == pytest.approx([80.0, 100.0], rel=0.02)
    assert np.all(found.found.constraints <= 0.0)


def test_the_same_whatever_the_workers() -> None:
    one = run_optimisation(load_optimisation(spec(maximise="V", method="global", evaluations=20)), 1)
    two = run_optimisation(load_optimisation(spec(maximise="V", method="global", evaluations=20)), 2)
    assert np.array_equal(one.found.runs, two.found.runs)
    assert np.array_equal(one.found.run_objectives, two.found.run_objectives)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"maximise": "W"}, "no factor or response"),
        ({"maximise": "V", "constraints": ["T >= 3 kg"]}, "T"),
        ({"maximise": "V", "constraints": ["T"]}, "A constraint reads"),
        ({"maximise": "V", "method": "best"}, "one of global"),
        ({}, "needs minimise"),
        ({"maximise": "V", "start": {"first.tau": "1 h"}}, "searched elsewhere"),
        ({"maximise": "V", "uncertain": ["third"]}, "no factor 'third'"),
    ],
)
def test_what_is_wrong_is_named_before_any_run(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_optimisation(spec(**changed))


def test_constraints_that_contradict_each_other_are_said() -> None:
    found = run_optimisation(
        load_optimisation(spec(maximise="V", method="global", evaluations=12, constraints=["V >= 1000 m^3"]))
    )
    assert not len(found.found.x)
    assert "contradict" in found.summary["message"]


def test_a_notebook_says_the_same() -> None:
    from twin.study import optimise

    said = spec(maximise="V", method="global", evaluations=12)
    whole = run_optimisation(load_optimisation(said), 1)
    del said["twin"]
    found = optimise(str(said.pop("scenario")), workers=1, **said)
    assert np.array_equal(found.found.runs, whole.found.runs)
    assert found.summary == whole.summary


def test_every_picture_is_in_twin_plot() -> None:
    from twin import plot

    figure = plot.study.indices(("a", "b"), {"alone": (np.array([0.2, 0.7]), np.array([0.1, 0.1]))})
    assert plot.study.svg(figure).startswith("<svg")


def test_the_chance_that_is_asked_for_is_that_of_the_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    from twin.study import optimising

    asked = {}

    def robust(function: object, draws: np.ndarray, how: str, **more: float) -> object:
        asked.update(how=how, draws=len(draws), **more)
        return lambda x: (x[:, :1], np.empty((len(x), 0)))

    monkeypatch.setattr(optimising, "robust", robust)
    made = spec(maximise="V", uncertain=["first.tau"], chance=0.8, draws=5, robust="quantile", evaluations=8)
    made["optimise"]["method"] = "global"  # type: ignore[index]
    run_optimisation(load_optimisation(made), 1)
    assert asked == {"how": "quantile", "draws": 5, "chance": 0.8}
