"""Sections that follow the material: residence times and lots, diversion, state of control; and the calibration."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evidence.test_dossier import numbers_without_origin
from twin.errors import ConfigError
from twin.evidence.chain import append, log_of
from twin.evidence.dossier.build import build
from twin.evidence.dossier.bundle import data_of
from twin.evidence.dossier.commands import ALIKE, apart
from twin.evidence.dossier.diverted import diversion
from twin.evidence.dossier.flow import residence
from twin.evidence.dossier.gates import NO, NOT, PARTLY, YES
from twin.evidence.dossier.given import plant
from twin.evidence.dossier.page import render
from twin.evidence.dossier.plan import PlanProblem, parse_plan, read_plan
from twin.evidence.dossier.refine import with_event
from twin.evidence.dossier.work import Work
from twin.evidence.dossier.world import calibration
from twin.results.reader import open_run
from twin.run import run

SCENARIO = """\
twin: 1
plant: two_tanks
title: Lots, containers and a limit
duration: 25 min
record: 2 s
lots: [{name: S-1, of: spirit}, {name: S-2, of: spirit, from: 10 min}]
containers: [{name: can, of: blend, every: 5 min}]
quality: [{tag: second.T, low: 285 K, high: 297.6 K, average: 1 min}]
"""
PLAN = """\
dossier: 1
id: 6f2f4f0c-93c4-4f5e-9f5f-0c2f3f0f8b12
title: Lots and a limit
question: Does anything warmer than 297.6 K leave?
context: {role: the only source, users: readers, other_evidence: none, envelope: [{tag: first.T, low: 290, high: 320}]}
quantities: [{name: last temperature, tag: second.T, statistic: final, relevance: asked for}]
risk: {influence: medium, consequence: medium, rationale: a test}
diversion:
  rule:
    {signal: first.T, tag: second.T, low: 285, high: 297.6, alarm_low: 286, alarm_high: 297.45, worst: 20,
     path: first.product -> second.product, period: 2 s, margin: 5 s, frozen: 10 min, price: 2}
  disturbances:
    {runs: 3, seed: 4, from: 5 min, to: 8 min, shortest: 60 s, longest: 3 min,
     inputs: [{path: spirit.T, low: 320, high: 350}]}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    append(log_of(folder), "plan.registered", {"plan_hash": read_plan(folder / "plan.yaml").hash})
    return run(str(folder / "scenario.yaml"), folder / "a.h5").path


@pytest.fixture(scope="module")
def dossier(made: Path) -> dict[str, Any]:
    return built(PLAN, made)


def built(text: str, path: Path) -> dict[str, Any]:
    """A dossier without its refinements and repetition: those have tests of their own."""
    from twin.evidence.dossier import build as module

    def calculation(w: Work) -> None:
        w.section("D10")

    (path.parent / "plan.yaml").write_text(text, encoding="utf-8")
    kept = [section for section in module.SECTIONS if section.__name__ != "calculation"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SECTIONS", (*kept, calculation))
        patch.setattr("twin.evidence.dossier.kept.rerun", lambda *_: None)
        return build(read_plan(path.parent / "plan.yaml"), path)


def section_of(text: str, path: Path, *functions: Callable[[Work], None]) -> dict[str, Any]:
    """One section alone; the last function makes it."""
    (path.parent / "plan.yaml").write_text(text, encoding="utf-8")
    work = Work(read_plan(path.parent / "plan.yaml"), path, lambda _: None)
    for function in functions:
        function(work)
    return list(work.sections.values())[-1].as_dict()


def table(section: dict[str, Any], title: str) -> list[dict[str, Any]]:
    (found,) = (t for t in section["tables"] if t["title"] == title)
    return [
        {c: cell.get("v", cell.get("k")) if isinstance(cell, dict) else cell for c, cell in zip(found["columns"], row)}
        for row in found["rows"]
    ]


def facts(section: dict[str, Any]) -> dict[str, Any]:
    return {
        label: value.get("v", value.get("k")) if isinstance(value, dict) else value for label, value in section["facts"]
    }


def reasons(section: dict[str, Any]) -> list[str]:
    return [why["key"] for why in section["why"]]


def test_every_number_of_these_sections_has_an_origin(dossier: dict[str, Any]) -> None:
    for name in ("D15", "D16", "D17"):
        assert not numbers_without_origin(dossier["sections"][name]), name


def test_residence_times_and_lots_are_those_of_the_trace(dossier: dict[str, Any], made: Path) -> None:
    from twin.trace.tracing import trace

    section, found = dossier["sections"]["D15"], trace(made, write=False)
    assert section["state"] == YES, section["why"]
    rows = table(section, "residence_times")
    curves = [c for c in found.residences if c.arrived > 0.0]
    assert [row["mean_s"] for row in rows] == [c.mean for c in curves]
    assert [row["tanks"] for row in rows] == [c.tanks for c in curves]
    # one stirred tank is one tank in series
    first = next(row for row in rows if row["target_place"] == "first.product")
    assert first["apart"] < 1e-6
    assert facts(section)["arrived_gap"] < 1e-6
    assert facts(section)["sums"] < 1e-9
    assert facts(section)["lost"] < 1e-9
    share = {(row["container"], row["lot"]): row["share"] for row in table(section, "genealogy")}
    g = found.genealogy
    assert share["can-004", "S-2"] == g.fractions[3, g.lots.index("S-2")] > 0.1
    way = table(section, "over_flows")[0]
    assert way["least_s"] <= way["greatest_s"]
    origins = " ".join(origin["formula"] for origin in dossier["origins"])
    assert "share of S-2 in can-004, 900 to 1200 s" in origins


def test_a_rule_is_judged_on_the_run_and_on_disturbances(dossier: dict[str, Any], made: Path) -> None:
    section = dossier["sections"]["D16"]
    assert section["state"] == YES, section["why"]
    assert reasons(section) == ["nothing_missed"]
    rows = table(section, "disturbances")
    assert len(rows) == 3
    for row in rows:
        assert 300.0 <= row["at"] <= 480.0
        assert 60.0 <= row["length"] <= 180.0
        assert 320.0 <= row["value"] <= 350.0
        assert row["missed"] == 0.0
        assert row["diverted_kg"] > 0.0
        assert row["cost"] == pytest.approx(2.0 * row["falsely"])
        assert row["accepted"] + row["diverted_kg"] == pytest.approx(row["made"])
    told = facts(section)
    assert told["without"] > 0.0
    assert told["in_time"] == "yes"
    assert 0.0 < told["yield_loss"] < 1.0
    funnel = [row["part_seen"] for row in table(section, "funnel")]
    assert funnel == sorted(funnel)


@pytest.mark.parametrize(
    ("old", "new", "key", "state"),
    [
        ("margin: 5 s", "margin: 0 s", "missed_some", NO),
        ("frozen: 10 min, ", "", "no_contingency", PARTLY),
        ("period: 2 s", "period: 5 min", "rule_late", PARTLY),
        ("worst: 20", "worst: 1", "worse_than_worst", PARTLY),
        ("low: 320, high: 350", "low: 298, high: 298.1", "harmless", PARTLY),
    ],
    ids=["opens too late", "no contingency", "late", "worse than designed for", "harmless"],
)
def test_a_rule_that_does_not_hold_is_told(old: str, new: str, key: str, state: str, made: Path) -> None:
    text = PLAN.replace(old, new).replace("runs: 3", "runs: 1")
    if key == "missed_some":  # as if a half of what is seen did not matter
        text = text.replace("worst: 20", "worst: 0.01")
    assert text.count(new) >= 1
    section = section_of(text, made, plant, diversion)
    assert key in reasons(section), section["why"]
    assert section["state"] == state


def test_a_rule_of_what_is_not_there_is_told_and_the_rest_stands(made: Path) -> None:
    section = section_of(PLAN.replace("signal: first.T", "signal: first.TT"), made, plant, residence, diversion)
    assert (section["state"], reasons(section)) == (NO, ["rule_unjudged"])
    section = section_of(PLAN.replace("signal: first.T", "signal: first.TT"), made, residence)
    assert section["state"] == YES


def test_without_a_rule_a_continuous_plant_is_refused(made: Path) -> None:
    section = section_of(PLAN[: PLAN.index("diversion:")], made, plant, diversion)
    assert (section["state"], reasons(section)) == (NO, ["no_diversion"])
    text = PLAN[: PLAN.index("  disturbances:")]
    section = section_of(text, made, plant, diversion)
    assert (section["state"], reasons(section)) == (PARTLY, ["undisturbed"])


def test_the_state_of_control_has_charts_and_records(dossier: dict[str, Any]) -> None:
    section = dossier["sections"]["D17"]
    (row,) = table(section, "charts")
    assert row["tag"] == "second.T"
    assert row["justified"] > 60.0
    assert row["intervals"] >= 2.0
    assert "Cpk" in row


def test_both_languages_show_these_sections(dossier: dict[str, Any]) -> None:
    english, chinese = render(dossier, "en"), render(dossier, "zh")
    assert re.search(r'nothing out of specification is accepted in <a href="#o\d+">4</a> runs', english)
    assert "停留时间" in chinese
    for name in ("D11", "D15", "D16", "D17"):
        for language in (english, chinese):
            assert f'<h2 id="{name}">' in language


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("margin: 5 s", "marginn: 5 s"), "Did you mean 'margin'"),
        (("path: first.product -> second.product", "path: first.product"), "SENSOR -> GATE"),
        (("runs: 3, ", ""), "some runs with some inputs"),
        (("shortest: 60 s, ", ""), "disturbances need"),
        (("diversion:", "trace: {off: total}\ndiversion:"), "no key 'off'"),
        (("diversion:", "calibration: {study: fit.yaml}\ndiversion:"), "names a study"),
    ],
)
def test_a_wrong_plan_is_refused(change: tuple[str, str], says: str) -> None:
    with pytest.raises((PlanProblem, ConfigError)) as raised:
        parse_plan(PLAN.replace(*change), "plan.yaml")
    assert says in str(raised.value)


def test_an_event_more_is_an_event_more(made: Path) -> None:
    from twin.config.reading import read_text
    from twin.config.scenario import build_scenario

    text = open_run(made).resolved_yaml
    more = with_event(text, {"at": 60.0, "hold": {"spirit.T": 300.0}, "for": 5.0, "name": "x"})
    events = [build_scenario(read_text(t, "t"), None, "run").events for t in (text, more)]
    assert len(events[1]) == len(events[0]) + 1
    assert (events[1][0].at, events[1][0].value) == (60.0, 300.0)


FIT = """\
twin: 1
title: Residence times
scenario: two_tanks
factors: {first.tau: {from: 20 s, to: 200 s}}
estimate:
  experiments: [{name: a dose, data: %s, time: {column: t, unit: s}, tags: {second.T: {column: T, unit: K}}}]
"""
RESULT = {
    "parameters": [
        {"parameter": "first.tau", "unit": "s", "estimate": 60.1, "standard error": 0.2, "95 %": [59.7, 60.5]}
    ],
    "n": 14, "squares": 12.5, "collinearity": 1.5, "identifiability": ["Every parameter is determined by these data."],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "state", "key"),
    [
        ({}, YES, "calibrated"),
        (
            {"identifiability": ["first.tau is not bounded below by these data, within its range."]},
            PARTLY,
            "undetermined",
        ),
        ({"parameters": [{**RESULT["parameters"][0], "95 %": [61.0, 62.0]}]}, NO, "not_used"),
        ({"n": None}, NO, "calibration_unread"),
    ],
    ids=["good", "undetermined", "not used", "no result"],
)
def test_a_calibration_is_told_with_its_data(
    change: dict[str, Any], state: str, key: str, made: Path, tmp_path: Path
) -> None:
    shutil.copytree(made.parent, tmp_path / "runs")
    folder = tmp_path / "runs"
    (folder / "fit.csv").write_text("t,T\n1,293.2\n", encoding="utf-8")
    (folder / "fit.yaml").write_text(FIT % "fit.csv", encoding="utf-8")
    (folder / "fit.json").write_text(json.dumps({**RESULT, **change}), encoding="utf-8")
    text = PLAN[: PLAN.index("diversion:")] + "calibration: {study: fit.yaml, result: fit.json}\n"
    section = section_of(text, folder / "a.h5", calibration)
    assert section["state"] == state, section["why"]
    assert key in reasons(section)
    if key == "calibrated":
        assert table(section, "estimates")[0]["in_run"] == 60.0
        assert table(section, "data")[0]["hash"].startswith("sha256:")
        plan = read_plan(folder / "plan.yaml")
        names = {path.name for path in data_of(plan)}
        assert names == {"fit.yaml", "fit.json", "fit.csv"}, "what goes into the bundle"


def test_what_was_fitted_to_does_not_validate(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made.parent, tmp_path / "runs")
    folder = tmp_path / "runs"
    source = open_run(folder / "a.h5")
    rows = [f"{t:g},{T:.6f}" for t, T in zip(source.time, source.get("second.T"), strict=True)]
    (folder / "fit.csv").write_text("t,T\n" + "\n".join(rows), encoding="utf-8")
    shutil.copy(folder / "fit.csv", folder / "again.csv")
    (folder / "fit.yaml").write_text(FIT % "fit.csv", encoding="utf-8")
    (folder / "fit.json").write_text(json.dumps(RESULT), encoding="utf-8")
    (folder / "map.yaml").write_text(
        "time: {column: t, unit: s}\ntags:\n  second.T: {column: T, unit: K}\n", encoding="utf-8"
    )
    text = PLAN[: PLAN.index("diversion:")] + "calibration: {study: fit.yaml, result: fit.json}\n"
    text += "validation: {data: again.csv, map: map.yaml, source: a test, rmse: {second.T: 1}}\n"
    section = section_of(text, folder / "a.h5", calibration)
    assert section["state"] == NO
    assert "fitted_and_validated" in reasons(section)


def test_a_batch_plant_needs_no_diversion(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.evidence.dossier.given._continuous", lambda _: False)
    section = section_of(PLAN, made, plant, diversion)
    assert (section["state"], reasons(section)) == (NOT, ["not_continuous"])


def test_a_number_that_was_not_computed_is_found_by_computing_again(dossier: dict[str, Any]) -> None:
    """What `twin dossier verify --rerun` compares: every cell of every section."""
    section = dossier["sections"]["D15"]
    assert apart(section, json.loads(json.dumps(section))) == (0.0, "")
    other = json.loads(json.dumps(section))
    cell = next(c for row in other["tables"][0]["rows"] for c in row if isinstance(c, dict) and "v" in c)
    cell["v"] *= 1.0 + 1e-5
    gap, where = apart(section, other)
    assert gap == pytest.approx(1e-5, rel=1e-3)
    assert gap > ALIKE
    assert "residence_times" in where
    other["tables"][0]["rows"].pop()
    assert apart(section, other)[0] == np.inf
