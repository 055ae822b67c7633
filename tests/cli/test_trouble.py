"""Plants that go wrong, as a user sees it: a drum drained dry, a reaction that runs away, numbers that cannot be."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.results.reader import open_run

DRUM = """\
twin: 1
plant:
  twin: 1
  fluids: [water]
  units:
    drum:
      model: trouble_models.drum
      params: {pump: 10 g/s, hole: %s 1/s}
      initial: {m: 1 kg}
  connections:
    - drum.product -> drain
  products: [drain]
duration: 200 s
record: 1 s
"""
KETTLE = """\
twin: 1
plant:
  twin: 1
  fluids: [water]
  units:
    kettle:
      model: trouble_models.kettle
      params: {T_0: 300 K, T_A: 12000 K, t_ad: 100 s}
duration: 200 s
record: 1 s
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with models of one's own."""
    shutil.copytree(Path(__file__).parent / "trouble", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failed(text: str, here: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, float]:
    """Run what fails; gives the message and the time. What was recorded until then is kept."""
    (here / "s.yaml").write_text(text, encoding="utf-8")
    assert main(["run", "s.yaml", "--out", "a.h5", "--quiet"]) == 1
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    assert len((shown.out + shown.err).splitlines()) < 10
    found = open_run(here / "a.h5")
    assert found.complete
    assert found.outcome in ("step_too_small", "not_finite")
    assert found.outcome_message in shown.out
    assert np.all(np.diff(found.time) == 1.0)
    reached = float(found.outcome_message.split("At ")[1].split(" s")[0])
    assert found.time[-1] == math.floor(reached)
    assert not (here / "a.h5.partial").exists()
    return found.outcome_message, reached


def test_a_drum_drained_dry_is_a_named_outcome(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message, reached = failed(DRUM % 0.02, here, capsys)
    # dm/dt = -(c + k sqrt(m)): empty at 2/k (sqrt(m) - c/k ln(1 + k sqrt(m)/c)), after which there is no root
    k, c = 0.02, 0.01
    assert reached == pytest.approx(2.0 / k * (1.0 - c / k * math.log(1.0 + k / c)), rel=1e-4)
    assert "drum" in message


def test_a_reaction_that_runs_away_is_a_named_outcome(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message, reached = failed(KETTLE, here, capsys)
    assert reached == pytest.approx(100.0, rel=1e-4)
    assert "kettle.T" in message


def test_what_no_plant_can_have_is_told_although_the_run_ends(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pump goes on when the drum is empty: the run reaches its end, but not in silence."""
    (here / "s.yaml").write_text(DRUM % 0, encoding="utf-8")
    assert main(["run", "s.yaml", "--out", "a.h5", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "warning: drum.holdup.fluids[water] is negative from 101 s on: -0.01 kg" in shown
    assert "warning: drum.level is not a number from 101 s on: nan" in shown
    alarms = open_run(here / "a.h5").alarms
    assert {(a.time, a.tag, a.kind) for a in alarms} == {
        (101.0, "drum.holdup.fluids[water]", "negative"),
        (101.0, "drum.level", "not a number"),
    }
    assert main(["report", "a.h5", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["alarms"]) == 2
    assert main(["run", "s.yaml", "--out", "b.h5", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [a.text for a in alarms]


def test_a_run_in_which_all_is_well_warns_of_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "two_tanks", "--out", "a.h5", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
