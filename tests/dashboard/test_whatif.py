"""What-if without a browser: forms from the annotations, changed texts, a run in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard import changes, whatif
from dashboard.jobs import OVER, BusyError, Job, Jobs
from twin.errors import TwinError
from twin.results.reader import open_run


@pytest.fixture
def base(tmp_path: Path) -> whatif.Base:
    return whatif.base_of("two_tanks", tmp_path)


def wait(job: Job, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while job.state["phase"] not in OVER:
        assert time.monotonic() < end, job.state
        time.sleep(0.05)


def test_forms_say_unit_meaning_range_and_present_value(base: whatif.Base) -> None:
    found = {one.path: one for one in whatif.parameters(whatif.plain_of(base), "first")}
    weir = found["first.V_weir"]
    assert (weir.unit, weir.meaning, weir.now) == ("m^3", "volume below the weir", "0.01 m^3")
    assert weir.low == pytest.approx(1e-9)
    assert whatif.range_text(weir.low, weir.high, weir.unit).endswith("m^3")
    feed = {one.path: one.now for one in whatif.parameters(whatif.plain_of(base), "spirit")}
    assert feed["spirit.T"] == "25 degC"
    assert feed["spirit.m_flow.ethanol"] == "0.02 kg/s"


def test_a_law_is_chosen_from_a_list(tmp_path: Path) -> None:
    resolved = whatif.plain_of(whatif.base_of("direct_compression_day", tmp_path))
    law = next(one for one in whatif.parameters(resolved, "press") if one.path == "press.compaction")
    assert "kawakita" in law.choices
    assert law.now == "kawakita"


def test_changes_stand_in_the_text_and_nothing_else_does(base: whatif.Base) -> None:
    text = changes.changed(
        base.text,
        {"first.V_weir": "15 L"},
        {"0.at": "6 min", "1.ramp.spirit.T": "50 degC"},
        removed=[2],
        added=[{"at": "3 min", "path": "spirit.T", "value": "30 degC"}],
    )
    spec = whatif.spec_of(base, text)
    assert {event.at for event in spec.events} == {180.0, 360.0, 600.0}
    lines = changes.diff(changes.normal(base.text), text)
    assert any(line.startswith("+") and "first.V_weir: 15 L" in line for line in lines)
    assert any(line.startswith("-") and "pump stopped" in line for line in lines)
    assert changes.diff(changes.normal(base.text), changes.changed(base.text, {})) == []


def test_a_wrong_value_is_answered_with_what_is_wrong(base: whatif.Base) -> None:
    with pytest.raises(TwinError, match="V_weir"):
        whatif.spec_of(base, changes.changed(base.text, {"first.V_weir": "15 degC"}))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "two_tanks.yaml", ""])
def test_only_scenarios_of_the_list_are_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(whatif.WhatIfError):
        whatif.base_of(name, tmp_path)


def test_a_saved_scenario_is_one_of_the_list_and_overwrites_nothing(base: whatif.Base, tmp_path: Path) -> None:
    text = changes.changed(base.text, {"first.V_weir": "15 L"})
    path = whatif.save(base, text, "../Wide weir!", tmp_path)
    assert path == tmp_path / "wide_weir.yaml"
    assert "wide_weir.yaml" in whatif.scenarios(tmp_path)
    again = whatif.base_of("wide_weir.yaml", tmp_path)
    assert "V_weir: 0.015" in str(whatif.plain_of(again)["plant"]["units"]["first"]["params"]).replace("'", "")
    with pytest.raises(whatif.WhatIfError, match="exists"):
        whatif.save(base, text, "wide weir", tmp_path)


def step(base: whatif.Base, text: str, out: Path) -> dict[str, str]:
    return {"step": "what-if", "text": text, "file": str(base.file), "stem": "two_tanks", "out": str(out)}


def test_a_run_in_the_background_tells_its_progress_and_ends_in_a_file(base: whatif.Base, tmp_path: Path) -> None:
    jobs = Jobs()
    text = changes.changed(base.text, {"first.V_weir": "15 L"})
    key = jobs.start([step(base, text, tmp_path / "new.h5")])
    job = jobs.job(key)
    assert job is not None
    wait(job)
    assert job.state["phase"] == "done", job.state
    assert job.runs == {"what-if": "new.h5"}
    run = open_run(tmp_path / "new.h5")
    assert run.outcome == "finished"
    assert "first.V_weir: 15 L" in run.scenario_yaml
    assert jobs.job("another viewer's guess") is None


def test_a_cancelled_run_keeps_what_there_is(base: whatif.Base, tmp_path: Path) -> None:
    jobs = Jobs()
    text = base.text.replace("duration: 20 min", "duration: 40000 h")
    key = jobs.start([step(base, text, tmp_path / "long.h5")])
    job = jobs.job(key)
    assert job is not None
    end = time.monotonic() + 200.0
    while job.state.get("t", 0.0) <= 0.0 and job.state["phase"] not in OVER:
        assert time.monotonic() < end
        time.sleep(0.05)
    jobs.cancel(key)
    wait(job)
    assert job.state["phase"] == "cancelled", job.state
    assert open_run(tmp_path / "long.h5").outcome == "interrupted"


def test_too_many_runs_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.jobs.MOST_RUNNING", 0)
    with pytest.raises(BusyError):
        Jobs().start([])
