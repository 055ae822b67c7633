"""Studies in blocks with steps of their own: runs that end by a condition, and follow each other in one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integrate.test_multirate import CHAIN
from twin.study.engines import Threads, plan_of
from twin.study.reading import load_study
from twin.study.runner import Runner
from twin.study.spec import StudySpec

DAY = """
twin: 1
plant: chain.yaml
title: Warmer water comes into three tanks in a row
duration: 2 h
record: 60 s
events:
  - {at: 10 min, set: {inflow.T: 40 degC}, name: warmer}
"""


def study_of(folder: Path, method: str = "multirate", **more: Any) -> StudySpec:
    (folder / "chain.yaml").write_text(CHAIN, encoding="utf-8")
    (folder / "day.yaml").write_text(DAY, encoding="utf-8")
    said = {
        "twin": 1,
        "scenario": "day.yaml",
        "solver": {"method": method, "rtol": 1e-5},
        "seed": 2,
        "design": {"kind": "latin_hypercube", "runs": 6},
        "factors": {
            "warmth": {"event": "warmer", "from": "25 degC", "to": "60 degC"},
            "when": {"event": "warmer", "key": "at", "from": "1 min", "to": "30 min"},
            "second.tau": {"from": "2 s", "to": "60 s"},
        },
        "responses": [
            {"run": "length"},
            *({"tag": f"{unit}.T"} for unit in ("first", "second", "third")),
            {"product": "outflow"},
        ],
        **more,
    }
    return load_study(said, folder)


@pytest.mark.parametrize(("unit", "limit"), [("first", 312.0), ("second", 310.0), ("third", 295.0)])
def test_a_run_in_blocks_ends_where_its_condition_comes_true(tmp_path: Path, unit: str, limit: float) -> None:
    """In the first block, one in the middle, the last: all stand at that instant, and the last samples are of it."""
    condition = {"ends": f"{unit}.T > {limit} K"}
    blocks, whole = Runner(study_of(tmp_path, **condition)), Runner(study_of(tmp_path, "rodas4p", **condition))
    plan = plan_of(blocks.study)
    ended = 0
    for x in plan.X:
        row, other = blocks.run(x), whole.run(x)
        assert row.outcome == other.outcome == "finished"
        assert row.y[0] == row.reached
        if row.reached < 7200.0:
            ended += 1
            temperature = row.y[1 + ("first", "second", "third").index(unit)]
            assert temperature == pytest.approx(limit, abs=1e-6)
        # ten times the tolerance over the run; a slow rise passes its limit so much earlier or later
        assert row.y == pytest.approx(other.y, rel=1e-4)
    assert 0 < ended < len(plan.X)  # the factors decide whether


def test_rows_in_blocks_are_the_same_whoever_made_which_before(tmp_path: Path) -> None:
    """A thread goes on with the integrator of its last run: nothing of that run is left in it."""
    study = study_of(tmp_path, ends="second.T > 310 K")
    plan = plan_of(study)
    alone = {i: Runner(study).run(plan.X[i], int(plan.seeds[i])) for i in range(len(plan.X))}
    assert len({row.reached for row in alone.values()}) > 2
    for workers in (1, 3):
        made = dict(Threads(study, workers).rows(range(len(plan.X)), plan))
        assert {i: row.y.tobytes() for i, row in made.items()} == {i: row.y.tobytes() for i, row in alone.items()}
    backwards = Runner(study)
    for i in reversed(range(len(plan.X))):
        assert backwards.run(plan.X[i], int(plan.seeds[i])).y.tobytes() == alone[i].y.tobytes()
    # nobody asks for both sides of events: no block has kept its steps
    assert all(part.past is None for part in backwards._own.integrator.parts)


def test_a_run_that_fails_leaves_nothing_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(tmp_path)
    x = plan_of(study).X[0]
    fresh, runner = Runner(study).run(x), Runner(study)
    from twin.integrate.multirate import Multirate

    begin = Multirate.begin

    def short(self: Multirate, plant: Any, **settings: Any) -> None:
        begin(self, plant, **{**settings, "max_steps": 4})

    monkeypatch.setattr(Multirate, "begin", short)
    failed = runner.run(x)
    assert failed.outcome == "too_many_steps"
    assert np.isnan(failed.y).all()
    monkeypatch.setattr(Multirate, "begin", begin)
    assert runner.run(x).y.tobytes() == fresh.y.tobytes()


@pytest.mark.parametrize(("method", "scans"), [("rodas4p", "exact"), ("rodas4p", "relaxed"), ("multirate", "relaxed")])
def test_controllers_by_the_clock_begin_anew_in_every_run(method: str, scans: str) -> None:
    study = load_study(
        {
            "twin": 1,
            "scenario": "tablet_press_force_control",
            "solver": {"method": method, "scans": scans, "rtol": 1e-4},
            "until": "10 min",
            "seed": 4,
            "design": {"kind": "latin_hypercube", "runs": 3},
            "factors": {"press.diameter": {"mean": "12 mm", "sd": "0.02 mm"}},
        }
    )
    plan = plan_of(study)
    alone = [Runner(study).run(x, int(seed)) for x, seed in zip(plan.X, plan.seeds, strict=True)]
    assert all(row.outcome == "finished" for row in alone)
    runner = Runner(study)
    for i in (2, 0, 1, 0):
        assert runner.run(plan.X[i], int(plan.seeds[i])).y.tobytes() == alone[i].y.tobytes()
