"""What a schedule leaves in the run file: Gantt data, resources, faults, material; and balances that close."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine.test_impulses import PLANT as WHEEL
from tests.schedule.checker import double_bookings
from tests.schedule.processes import EVERYTHING, HEAD, load
from twin.config import load_scenario
from twin.errors import TwinError
from twin.results.reader import open_run
from twin.results.report import report
from twin.results.schedule import read_rows
from twin.run import run

MATERIAL = """\
lots: [{name: M-1, of: feeder}, {name: M-2, of: hopper, from: 0 h, 追溯码: '0042', supplier: é}]
batches: [{name: B, of: powder, mass: 10 kg}, {name: first hour, from: 0 h, to: 1 h}]
containers: [{name: drum, of: powder, every: 30 min, from: 10 min}]
"""
#: Faults of every kind: of holds, of what is cleared, of what nobody clears, of guards.
FAULTS = """\
events:
  - {at: 10 min, hold: {feeder.setpoint: 1 g/s}, for: 5 min, every: 1 h, fault: {label: drift, where: feeder}}
  - {at: 30 min, set: {feeder.setpoint: 2 g/s}, fault: {label: stuck, where: feeder}}
  - {at: 40 min, set: {feeder.setpoint: 5 g/s}, fault: {clears: stuck}}
  - {at: 50 min, set: {feeder.setpoint: 4 g/s}, fault: {label: worn}}
  - {when: feeder.low_level falls, set: {hopper.m_flow.mcc: 100 g/s}, fault: {label: overfeed, where: hopper}}
  - {when: feeder.high_level rises, set: {hopper.m_flow.mcc: 0 g/s}, fault: {clears: overfeed}}
"""


def rows_of(path: Path, group: str) -> list[dict[str, Any]]:
    with open_run(path).opened() as file:
        return read_rows(file, group)


def test_schedule_and_material_are_in_the_file(tmp_path: Path) -> None:
    result = run(load(tmp_path, EVERYTHING + MATERIAL), tmp_path / "run.h5")
    assert result.ok
    bars, uses = rows_of(result.path, "/schedule"), rows_of(result.path, "/schedule/resources")
    assert {"recipe", "procedure", "operation", "phase", "wait", "hold"} <= {bar["level"] for bar in bars}
    wash = next(bar for bar in bars if bar["path"] == "cleaning / wash")
    assert (wash["start"], wash["end"], wash["outcome"]) == (600.0, 1080.0, "done")
    assert bars[int(wash["parent"])]["path"] == "cleaning"
    spec = load(tmp_path, EVERYTHING)
    assert double_bookings([SimpleNamespace(**use) for use in uses], spec.resources) == []
    faults = rows_of(result.path, "/faults")
    assert {(fault["label"], fault["where"]) for fault in faults} == {("overfilled", "feeder")}
    filled = [event.time for event in open_run(result.path).events if event.cause == "full"]
    assert [fault["start"] for fault in faults] == filled
    assert faults[0]["end"] == filled[0] + 90.0
    first, second = rows_of(result.path, "/lots")
    assert (first["name"], first["of"], second["marks"]) == ("M-1", "feeder", '{"追溯码": "0042", "supplier": "é"}')
    assert [batch["mass"] for batch in rows_of(result.path, "/batches")][0] == 10.0
    assert rows_of(result.path, "/containers")[0]["every"] == 1800.0
    for row in report(open_run(result.path))["balances"]:
        assert abs(row["relative"]) < 1e-12, row


def test_faults_are_the_truth(tmp_path: Path) -> None:
    result = run(load(tmp_path, HEAD + FAULTS), tmp_path / "run.h5")
    faults = [(f["label"], f["where"], f["start"], f["end"]) for f in rows_of(result.path, "/faults")]
    events = open_run(result.path).events
    low = [e.time for e in events if e.cause == "feeder.low_level falls"]
    high = [e.time for e in events if e.cause == "feeder.high_level rises"]
    overfeeds = [("overfeed", "hopper", a, b) for a, b in zip(low, high, strict=True)]
    assert len(overfeeds) >= 2
    planned = [
        ("drift", "feeder", 600.0, 900.0),
        ("drift", "feeder", 4200.0, 4500.0),
        ("stuck", "feeder", 1800.0, 2400.0),
        ("worn", "", 3000.0, 7200.0),
    ]
    assert sorted(faults) == sorted([*planned, *overfeeds])


def test_impulses_fired_by_a_process_are_in_the_balance(tmp_path: Path) -> None:
    (tmp_path / "plant.yaml").write_text(WHEEL, encoding="utf-8")
    text = """\
twin: 1
plant: plant.yaml
duration: 30 min
record: 10 s
resources: {crane: 1}
processes:
  - name: turning
    steps:
      - repeat: 5
        steps:
          - {wait: 5 min}
          - {with: [crane], steps: [{fire: wheel.empty, value: 50 %}, {fire: wheel.rotate}, {wait: 10 s}]}
  - name: charging
    at: 5 min
    steps: [{with: [crane], steps: [{fire: wheel.charge, value: 300 g, name: by hand}]}]
"""
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    result = run(tmp_path / "scenario.yaml", tmp_path / "run.h5")
    events = open_run(result.path).events
    assert [e.path for e in events if e.time == 300.0] == ["wheel.empty", "wheel.rotate"]
    charged = next(e for e in events if e.path == "wheel.charge")
    assert (charged.time, charged.cause) == (310.0, "charging: by hand"), "when the crane is free"
    assert sum(e.path == "wheel.rotate" for e in events) == 5
    for row in report(open_run(result.path))["balances"]:
        assert abs(row["relative"]) < 1e-12, row  # booked: sums of a few thousand terms
    source = {row["name"]: row["source"] for row in report(open_run(result.path))["balances"]}
    assert source["water"] < -0.1, "what was taken out outweighs the charge, and neither is small"


def test_what_no_plant_could_prevent_is_refused_before_the_run(tmp_path: Path) -> None:
    text = """\
resources: {skid: 1}
processes:
  - {name: a, steps: [{with: [skid], steps: [{parallel: [[{wait: 1 s}], [{run: wash}]]}]}]}
recipes: {wash: [{hold: {feeder.setpoint: 1 g/s}, for: 1 min}, {with: [skid], timeout: 1 min, steps: [{wait: 1 s}]}]}
"""
    with pytest.raises(TwinError) as error:
        run(load(tmp_path, HEAD + text), tmp_path / "run.h5")
    assert "no 'skid' within 60 s" in str(error.value) or "would wait for itself" in str(error.value)
    assert not list(tmp_path.glob("*.h5*"))


def test_a_run_from_python_takes_processes(tmp_path: Path) -> None:
    def night_shift(me: Any) -> Any:
        yield from me.wait_till(3600.0)
        with me.block("operation", "slow"):
            yield from me.hold({"feeder.setpoint": 0.001}, 600.0)

    spec = load(tmp_path, HEAD)
    result = run(spec, tmp_path / "run.h5", processes=[night_shift])
    assert result.ok
    assert [bar["path"] for bar in rows_of(result.path, "/schedule")] == ["night_shift", "night_shift / slow"]
    events = open_run(result.path).events
    assert [(e.time, e.new) for e in events] == [(3600.0, 0.001), (4200.0, 0.005)]


def campaign(**changes: Any) -> Any:
    return dataclasses.replace(load_scenario("campaign_30_days"), **changes)


def judge_campaign(path: Path, spec: Any) -> None:
    uses = [SimpleNamespace(**use) for use in rows_of(path, "/schedule/resources")]
    assert double_bookings(uses, spec.resources) == []
    worst = max(abs(row["relative"]) for row in report(open_run(path))["balances"])
    assert worst < 1e-9


@pytest.mark.slow
def test_the_month_is_run_without_double_booking(tmp_path: Path) -> None:
    spec = campaign()
    result = run(spec, tmp_path / "run.h5")
    assert result.ok
    judge_campaign(result.path, spec)
    uses = rows_of(result.path, "/schedule/resources")
    waited = {use["resource"] for use in uses if use["granted"] > use["requested"]}
    assert waited == {"operator", "cleaning_skid"}, "both are contended"
    bars = rows_of(result.path, "/schedule")
    assert sum(bar["path"] == "campaign / production run" for bar in bars) == 6
    assert sum(bar["path"] == "campaign / changeover" for bar in bars) == 3
    (fault,) = rows_of(result.path, "/faults")
    assert fault["end"] - fault["start"] == 14 * 3600.0
    # each product is made within the days of its own batch, and of no other's
    made = [(bar["start"], bar["end"]) for bar in bars if bar["path"] == "campaign / production run"]
    batches = [(batch["start"], batch["end"]) for batch in rows_of(result.path, "/batches")]
    of_run = [[i for i, (a, b) in enumerate(batches) if a < end and start < b] for start, end in made]
    assert of_run == [[0], [0], [1], [1], [2], [2]]
