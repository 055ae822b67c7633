"""Bad studies are named before any run, at the line and with what was probably meant."""

import numpy as np
import pytest

from tests.cli.shell import twin
from twin.config import check
from twin.errors import ConfigError
from twin.study.optimising import load_optimisation
from twin.study.reading import load_study

GOOD = """\
twin: 1
scenario: two_tanks
design: {kind: latin_hypercube, runs: 6}
factors:
  first.tau: {from: 30 s, to: 60 s}
  dose: {event: more ethanol, from: 30 g/s, to: 60 g/s}
  second.tau: {mean: 60 s, sd: 5 s}
responses:
  - {tag: second.T, at: [5 min, 10 min]}
"""
BAD = [
    ("scenario: two_tanks", "scenario: two_tnaks", "no such scenario", "Did you mean 'two_tanks'"),
    ("  first.tau:", "  frist.tau:", "unknown path", "no unit or feed 'frist' in two_tanks. Did you mean 'first'"),
    ("  first.tau:", "  first.tua:", "unknown path", "Did you mean 'tau' [s]"),
    ("from: 30 s", "from: 30 kg", "not such a quantity", "expected a time [s], but '30 kg' is a mass"),
    ("from: 30 s, to: 60 s", "from: 30 s, to: 30 s", "zero variance", "to must be greater than from"),
    ("from: 30 s, to: 60 s", "from: 60 s, to: 30 s", "empty range", "to must be greater than from"),
    ("from: 30 s, to: 60 s", "levels: [30 s]", "zero variance", "one level only"),
    ("from: 30 s, to: 60 s", "from: -30 s, to: 60 s", "out of range", "but goes to -30 s"),
    ("from: 30 s, to: 60 s", "from: 30 s", "missing to", "from needs to"),
    ("from: 30 s, to: 60 s", "from: 30 s, to: 60 s, sd: 1 s", "key without a use", "sd means nothing beside from"),
    ("from: 30 s, to: 60 s", "form: 30 s, to: 60 s", "unknown key", "Did you mean 'from'"),
    ("sd: 5 s", "sd: 0 s", "zero variance", "sd must be above zero"),
    ("sd: 5 s", "sd: 500 s", "out of range", "but goes to -"),
    ("event: more ethanol", "event: more methanol", "unknown event", "Did you mean 'more ethanol'"),
    ("event: more ethanol", "fault: bridging", "not a factor", "a factor has one of"),
    ("kind: latin_hypercube", "kind: latin_hypercub", "unknown design", "Did you mean 'latin_hypercube'"),
    (", runs: 6", "", "missing runs", "needs runs:"),
    (", runs: 6", ", runs: 6, levels: 3", "unknown key", "a latin_hypercube design has no 'levels'"),
    ("kind: latin_hypercube, runs: 6", "kind: full_factorial", "no ends", "second.tau: a full_factorial design needs"),
    ("tag: second.T", "tag: second.TT", "unknown tag", "Did you mean 'second.T'"),
    ("tag: second.T", "tag: second.product.m_flow", "unknown tag", "name one, as in second.product.m_flow[ethanol]"),
    ("tag: second.T,", "kpi: yeild,", "unknown choice", "Did you mean 'yield'"),
    ("tag: second.T,", "kpi: yield,", "not defined", "does not say in kpi: what its API and product are"),
    ("5 min, 10 min", "5 min, 10 h", "out of range", "a run goes from 0 s to 1200 s"),
    (
        "responses:",
        'constraints: ["first.tau + second.tau >= 10 min"]\nresponses:',
        "infeasible",
        "They are infeasible: none of 6000",
    ),
    ("responses:", 'constraints: ["first.tau*second.tau >= 10 s"]\nresponses:', "not a constraint", "linear"),
    ("responses:", 'constraints: ["first.tau + dose >= 10 s"]\nresponses:', "another unit", "kg/s, s"),
    ("responses:", 'constraints: ["first.tau >= 10 kg"]\nresponses:', "not such a quantity", "is a mass"),
    ("responses:", "correlations: [{between: [first.tau, dosis], r: 0.5}]\nresponses:", "unknown factor", "'dose'"),
    ("responses:", "correlations: [{between: [first.tau, dose], r: 2}]\nresponses:", "out of range", "-1 and 1"),
    ("responses:", "correlations: [{between: [dose, dose], r: 0.5}]\nresponses:", "not a correlation", "beside itself"),
    ("responses:", "solver: {scans: sometimes}\nresponses:", "unknown choice", "scans: is one of"),
    ("responses:", "solver: {method: cvode, scans: relaxed}\nresponses:", "not with this method", "leave scans: out"),
    ("responses:", "replicates: 0\nresponses:", "not a whole number", "from 1 on"),
    ("responses:", "analysis: {responses: [yeild]}\nresponses:", "unknown response", "no response 'yeild'"),
    ("responses:", "analysis: {surrogate: {}}\nresponses:", "unknown key", "analysis has no 'surrogate'"),
    ("responses:", "analysis: {level: 1.5}\nresponses:", "not a probability", "below 1"),
    ("responses:", "solver: {rtol: 3}\nresponses:", "out of range", "rtol must be above"),
]


def test_a_good_one_has_no_problem(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    assert check(tmp_path / "good.yaml") == []


@pytest.mark.parametrize(("right", "wrong", "title", "detail"), BAD, ids=[f"{b[2]}: {b[1][:30]}" for b in BAD])
def test_what_is_wrong_is_said(tmp_path, right, wrong, title, detail):
    text = GOOD.replace(right, wrong, 1)
    assert text != GOOD
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "bad.yaml")
    told = str(caught.value)
    assert title in told
    assert detail in told
    problem = caught.value.problems[0]
    assert problem.file.endswith("bad.yaml")
    assert problem.line > 0
    assert "^" in told


def test_constraints_with_factors_on_both_sides_and_searches_in_a_corner():
    """A part of 1/7200 of the ranges is searched; a design of which so few rows are let through is refused."""
    said = {"twin": 1, "scenario": "two_tanks", "responses": [{"tag": "second.T", "name": "T"}]}
    said["factors"] = {name: {"from": "30 s", "to": "90 s"} for name in ("first.tau", "second.tau")}
    drawn = {"design": {"kind": "random", "runs": 16}}
    study = load_study({**said, **drawn, "constraints": ["first.tau >= 0.5 * second.tau + second.tau / 4"]})
    (constraint,) = study.constraints
    assert constraint.met(study.names, np.array([[46.0, 60.0], [44.0, 60.0]])).tolist() == [True, False]
    corner = {"constraints": ["first.tau - second.tau >= 59 s"]}
    with pytest.raises(ConfigError, match="infeasible"):
        load_study({**said, **drawn, **corner})
    assert load_optimisation({**said, **corner, "optimise": {"minimise": "T"}}).study.constraints
    nowhere = {"constraints": ["first.tau - second.tau >= 61 s"]}
    with pytest.raises(ConfigError, match="They are infeasible"):
        load_optimisation({**said, **nowhere, "optimise": {"minimise": "T"}})


def test_the_solver_of_a_study_is_that_of_its_runs():
    said = {
        "twin": 1,
        "scenario": "two_tanks",
        "design": {"kind": "random", "runs": 2},
        "responses": [{"tag": "second.T"}],
    }
    said["factors"] = {"first.tau": {"from": "30 s", "to": "60 s"}}
    given = {"method": "rodas4p", "rtol": 1e-3, "scans": "relaxed"}
    (scenario,) = load_study({**said, "solver": given}).scenarios
    assert (scenario.method, scenario.rtol, scenario.scans) == tuple(given.values())


def test_a_value_that_an_event_replaces_is_noted():
    study = load_study(
        {
            "twin": 1,
            "scenario": "two_tanks",
            "design": {"kind": "random", "runs": 3},
            "factors": {"spirit.T": {"from": "20 degC", "to": "30 degC"}},
            "responses": [{"tag": "second.T"}],
        }
    )
    assert study.notes == (
        "spirit.T holds until an event of two_tanks sets it at 600 s; relative: true would change what events set, too",
    )


def test_a_differences_unit_is_not_a_temperatures(tmp_path):
    (tmp_path / "a.yaml").write_text(
        GOOD.replace("first.tau: {from: 30 s, to: 60 s}", "spirit.T: {mean: 25 degC, sd: 2 degC}")
    )
    with pytest.raises(ConfigError, match="a difference of temperatures: write it in K"):
        load_study(tmp_path / "a.yaml")


def test_the_command_says_it_and_exits_with_2(tmp_path):
    (tmp_path / "bad.yaml").write_text(GOOD.replace("second.T,", "secnod.T,"))
    done = twin("study", "bad.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("bad.yaml:9:11: unknown tag")
    assert not list(tmp_path.glob("runs/*"))
