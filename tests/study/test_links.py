"""Values and event times that follow from factors; runs that end where all is known."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.study.studies import doses
from twin.cli import main
from twin.config import load_scenario
from twin.errors import ConfigError
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation
from twin.study.reading import load_study
from twin.study.runner import Runner, values_into
from twin.units import UnitError, si_unit


def linked(**more: Any) -> dict[str, Any]:
    """One length that moves a time and a dose of the two tanks, and a path beside them."""
    factors = {"pause": {"unit": "min", "from": "1 min", "to": "3 min"}, "first.tau": {"from": "30 s", "to": "60 s"}}
    links = [
        {"event": "more ethanol", "key": "at", "is": "2 min + pause"},
        {"event": "more ethanol", "is": "40 g/s * pause / 2 min"},
        {"path": "second.tau", "is": "2 * first.tau - 10 s"},
    ]
    return doses(**{"factors": factors, "linked": links, **more})


def test_what_links_give_is_what_a_run_has() -> None:
    study = load_study(linked())
    x = np.array([120.0, 40.0])
    _, scenario = values_into(study, x, 0)
    event = next(e for e in scenario.events if e.name == "more ethanol")
    assert event.at == pytest.approx(240.0, rel=1e-12)
    assert event.value == pytest.approx(0.04, rel=1e-12)
    assert next(u for u in scenario.plant.units if u.name == "second").params["tau"] == pytest.approx(70.0, rel=1e-12)
    plain = doses(
        factors={
            "value": {"event": "more ethanol", "from": "10 g/s", "to": "90 g/s"},
            "at": {"event": "more ethanol", "key": "at", "from": "1 min", "to": "8 min"},
            "first.tau": {"from": "30 s", "to": "60 s"},
            "second.tau": {"from": "30 s", "to": "90 s"},
        }
    )
    same = Runner(load_study(plain)).run(np.array([0.04, 240.0, 40.0, 70.0]))
    assert np.array_equal(Runner(study).run(x).y, same.y)  # to the bit: the same numbers in the same places


def test_a_study_with_links_travels() -> None:
    """A cluster's workers get the study as bytes; an expression is read where it arrives."""
    study = load_study(linked())
    there = pickle.loads(pickle.dumps(study))
    x = np.array([90.0, 55.0])
    assert values_into(there, x, 0)[1].events == values_into(study, x, 0)[1].events


BAD = [
    ({"event": "more ethanol", "key": "at", "is": "2 min + puase"}, "not an expression", "Did you mean 'pause'"),
    ({"event": "more ethanol", "key": "at", "is": "2 kg + pause"}, "not an expression", "A mass and a time are no"),
    ({"event": "more ethanol", "key": "at", "is": "2 + pause"}, "not an expression", "A plain number and a time"),
    ({"event": "more ethanol", "key": "at", "is": "pause * pause"}, "another unit", "takes is a time, as 10 min is"),
    ({"event": "more ethanol", "key": "at", "is": "2 mni + pause"}, "not such a quantity", "mni"),
    ({"event": "more ethanol", "key": "at", "is": "pause - 2 min"}, "out of range", "no time is below zero"),
    ({"event": "more ethanol", "key": "at", "is": "20 * pause"}, "never happens", "a run ends at 1200 s"),
    ({"event": "more ethanol", "key": "at", "is": "sqrt(pause - 2 min) * 1 s / 1 s"}, "another unit", "a time"),
    ({"event": "more ethanol", "key": "at", "is": "1 s * log(pause / 2 min - 1)"}, "not a number", "in 4 of 8 rows"),
    ({"event": "more methanol", "key": "at", "is": "pause"}, "unknown event", "Did you mean 'more ethanol'"),
    ({"path": "second.tua", "is": "pause"}, "unknown path", "Did you mean 'tau'"),
    ({"path": "second.tau", "is": "pause - 10 min"}, "out of range", "second.tau"),
    ({"path": "first.tau", "is": "pause"}, "given twice", "'first.tau' twice"),
    ({"path": "second.tau", "event": "more ethanol", "is": "pause"}, "not a link", "either path: or event:"),
    ({"path": "second.tau"}, "missing is", "says what its value is"),
    ({"path": "second.tau", "is": "first.tau"}, "zero variance", "pause leads nowhere"),
    ({"path": "second.tau", "is": "pause", "of": "x"}, "unknown key", "a link has no 'of'"),
]


@pytest.mark.parametrize(("link", "title", "detail"), BAD)
def test_bad_links_are_named(link: dict[str, str], title: str, detail: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_study(linked(linked=[link]))
    text = str(error.value)
    assert title in text
    assert detail in text


@pytest.mark.parametrize(
    ("factor", "title"),
    [
        ({"unit": "mni", "from": "1 min", "to": "2 min"}, "no such unit"),
        ({"unit": "min", "path": "first.tau", "from": "1 min", "to": "2 min"}, "key without a use"),
        ({"unit": "min", "from": "1 kg", "to": "2 min"}, "not such a quantity"),
    ],
)
def test_bad_numbers_of_their_own_are_named(factor: dict[str, str], title: str) -> None:
    with pytest.raises(ConfigError, match=title):
        load_study(linked(factors={"pause": factor, "first.tau": {"from": "30 s", "to": "60 s"}}))


def test_names_that_cannot_stand_in_expressions_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot stand in an expression"):
        load_study(linked(factors={"max": {"unit": "min", "from": "1 min", "to": "2 min"}}, linked=[]))


def test_two_factors_on_one_value_and_an_event_after_the_end_are_named() -> None:
    twice = {"a": {"path": "first.tau", "from": "30 s", "to": "60 s"}, "first.tau": {"from": "30 s", "to": "60 s"}}
    with pytest.raises(ConfigError, match="given twice"):
        load_study(doses(factors=twice))
    late = {"when": {"event": "more ethanol", "key": "at", "from": "3 min", "to": "60 min"}}
    with pytest.raises(ConfigError, match="a run ends at 1200 s"):
        load_study(doses(factors=late))


def test_units_of_si() -> None:
    assert (si_unit("min"), si_unit("mL/min"), si_unit("%")) == ("s", "m^3 s^-1", "1")
    with pytest.raises(UnitError):
        si_unit("mni")


def test_a_run_ends_where_its_condition_comes_true() -> None:
    """The second tank warms towards 40 degC behind the first; the end is located, and the last sample is there."""
    study = load_study(doses(ends="second.T > 300 K", responses=[{"run": "length"}, {"tag": "second.T"}]))
    row = Runner(study).run(np.array([0.04, 240.0, 60.0]))
    assert row.outcome == "finished"
    assert row.y[0] == row.reached
    assert 0.0 < row.reached < 1200.0
    assert row.y[1] == pytest.approx(300.0, abs=1e-6)
    never = load_study(doses(ends="second.T > 500 K", responses=[{"run": "length"}]))
    assert Runner(never).run(np.array([0.04, 240.0, 60.0])).y[0] == 1200.0


def test_ends_stands_in_a_scenario_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "twin: 1\nplant: two_tanks\nduration: 20 min\nrecord: 5 min\nends: second.V > 1 L\n"
    path = tmp_path / "short.yaml"
    path.write_text(text.replace("> 1 L", "> 1 kg"), encoding="utf-8")
    assert main(["check", str(path)]) == 2
    assert "is a mass" in capsys.readouterr().err
    path.write_text(text.replace("second.V", "second.VV"), encoding="utf-8")
    assert main(["check", str(path)]) == 2
    assert "unknown measurement" in capsys.readouterr().err
    path.write_text(text.replace("second.V > 1 L", "second.T > 294 K"), encoding="utf-8")
    scenario = load_scenario(path)
    plant = compile_plant(scenario.plant)
    ends = []
    for table in (True, False):
        blocks: list[Any] = []
        simulation = Simulation(scenario, plant, table=table, samples=blocks.append)
        ending = simulation.run()
        assert ending.outcome is Outcome.FINISHED
        ends.append((ending.time, blocks[-1].time[-1]))
    assert ends[0] == ends[1]
    assert ends[0][0] == ends[0][1] < 1200.0


def test_the_shipped_optimisation_is_a_plain_file() -> None:
    """Six factors move seventeen numbers of the recipe; nothing but YAML says how."""
    from twin.study.optimising import load_optimisation

    path = Path(__file__).parents[2] / "benchmarks" / "pharmapy_demo" / "optimise.yaml"
    spec = load_optimisation(path)
    assert len(spec.study.factors) == 6
    published = np.array([1.0, 308.0, 295.0, 278.15, 14400.0, 101325.0])
    _, scenario = values_into(spec.study, published, 0)
    assert dict(scenario.plant.dims)["bins"] == 35
    shipped = load_scenario("pharmapy_demo_batch")
    for name, there in (("third ramp", "cooling to 5 degC"), ("filtration", "filtration")):
        mine = next(e for e in scenario.events if e.name == name)
        theirs = next(e for e in shipped.events if e.name == there)
        assert (mine.at, mine.over, mine.value) == pytest.approx((theirs.at, theirs.over, theirs.value), rel=1e-12)


def test_a_search_is_looked_at_in_its_corners() -> None:
    """Only at one end of the range is the event after the end: no row of a design need be there."""
    from twin.study.optimising import load_optimisation

    late = {"event": "more ethanol", "key": "at", "is": "14 min + 2.05 * pause"}
    said = linked(linked=[late, {"path": "second.tau", "is": "first.tau"}], optimise={"minimise": "second.T@10 min"})
    del said["design"]
    with pytest.raises(ConfigError, match="never happens"):
        load_optimisation(said)
    assert load_optimisation({**said, "constraints": ["pause <= 2.9 min"]}).study.links


def test_a_link_that_cannot_be_taken_is_a_row() -> None:
    """A design's rows are looked at before; a search may ask for others."""
    study = load_study(linked())
    assert Runner(study).run(np.array([120.0, 40.0])).outcome == "finished"
    row = Runner(study).run(np.array([-180.0, 40.0]))
    assert (row.outcome, row.reached) == ("refused", 0.0)
    assert row.message.startswith("more ethanol.at would be -60 s")
    assert np.all(np.isnan(row.y))
    assert Runner(study).run(np.array([120.0, 3.0])).message.startswith("second.tau would be -4 s")


def test_an_estimation_with_links(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One length that two residence times follow from, of data that such a plant gave; the second loses its link."""
    probe = load_study(
        doses(
            factors={"first.tau": {"from": "20 s", "to": "200 s"}, "second.tau": {"from": "20 s", "to": "200 s"}},
            responses=[{"tag": "second.T", "at": [f"{t} min" for t in range(1, 20)]}],
        )
    )
    data = Runner(probe).run(np.array([80.0, 150.0])).y
    rows = "".join(f"{t},{value:.9f}\n" for t, value in enumerate(data, start=1))
    (tmp_path / "made.csv").write_text(f"t [min],T [K]\n{rows}", encoding="utf-8")
    said = {
        "twin": 1,
        "scenario": "two_tanks",
        "factors": {"length": {"unit": "s", "from": "20 s", "to": "90 s"}, "much": {"unit": "1", "from": 1, "to": 2}},
        "linked": [
            {"path": "first.tau", "is": "length"},
            {"path": "second.tau", "is": "much * length + 30 s"},
        ],
        "estimate": {
            "experiments": [
                {"data": "made.csv", "time": {"column": "t"}, "tags": {"second.T": {"column": "T"}}},
            ],
            "starts": 2,
        },
    }
    (tmp_path / "fit.yaml").write_text(json.dumps(said), encoding="utf-8")
    assert main(["estimate", str(tmp_path / "fit.yaml"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    estimates = {row["parameter"]: row for row in found["parameters"]}
    assert estimates["length"]["estimate"] == pytest.approx(80.0, rel=1e-3)
    assert estimates["much"]["estimate"] == pytest.approx(1.5, rel=1e-3)
    assert estimates["length"]["unit"] == "s"


def test_a_model_without_a_factor_that_a_link_needs_is_named(tmp_path: Path) -> None:
    from twin.study.estimate_reading import load_estimation

    (tmp_path / "made.csv").write_text("t,T\n60,294\n120,295\n180,296\n240,297\n", encoding="utf-8")
    said = linked(
        estimate={
            "experiments": [{"data": "made.csv", "time": {"column": "t"}, "tags": {"second.T": {"column": "T"}}}],
            "models": [{"name": "both"}, {"name": "no pause", "factors": ["first.tau"]}],
        }
    )
    with pytest.raises(ConfigError, match="no pause leaves out 'pause', which linked uses"):
        load_estimation(said, tmp_path)


def test_json_of_a_study_keeps_its_links(tmp_path: Path) -> None:
    study = load_study(linked())
    again = load_study(json.loads(json.dumps(dict(study.plain))), tmp_path)
    assert again.links == study.links
