"""Runs of a study: the numbers of `twin run`, whoever makes them and in whatever order."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.study.studies import doses, drums
from twin.config import load_scenario
from twin.results.kpi import Flows
from twin.results.reader import open_run
from twin.run import run
from twin.study import Study, open_study
from twin.study.engines import Threads, plan_of
from twin.study.execute import AllFail, Stopped, execute, identity
from twin.study.file import FINISHED, Response
from twin.study.log import OtherStudy, StudyLog, log_path
from twin.study.progress import Lines
from twin.study.reading import load_study
from twin.study.responses import _flow, values
from twin.study.runner import Row, values_into
from twin.study.spec import Wanted

ROOT = Path(__file__).parents[2]


def _hash(path, workers=1, study=None, **more):
    return execute(
        study or load_study(doses()), path, Threads(study or load_study(doses()), workers), **more
    ).content_hash


def test_a_row_has_the_numbers_of_a_run_with_its_values(tmp_path):
    study = load_study(
        doses(
            factors={
                "first.tau": {"from": "30 s", "to": "90 s"},
                "spirit.m_flow.ethanol": {"from": "10 g/s", "to": "30 g/s"},
                "first.initial.T": {"from": "15 degC", "to": "25 degC"},
            },
            responses=[
                {"tag": "second.T", "of": "mean"},
                {"tag": "second.T"},
                {"product": "blend"},
                {"product": "blend", "of": "rate"},
                {"tag": "second.T", "of": "mean", "from": "102 s", "to": "305 s", "name": "part"},
                {"tag": "second.T", "of": "max", "to": "8 min", "name": "warmest"},
            ],
            design={"kind": "random", "runs": 2},
        )
    )
    found = execute(study, tmp_path / "a.h5", Threads(study, 1))
    table = open_study(tmp_path / "a.h5")
    assert found.outcomes == {FINISHED: 2}
    x = table.X[1]
    values = {"first.tau": x[0], "spirit.m_flow.ethanol": x[1], "first.initial.T": x[2]}
    scenario = load_scenario("two_tanks", values)
    single = run(scenario, tmp_path / "run.h5")
    read = open_run(single.path)
    time_, T = read.time, read.get("second.T")
    assert table.column("second.T")[1] == T[-1]  # the same bits
    assert table.column("second.T.mean")[1] == np.trapezoid(T, time_) / (time_[-1] - time_[0])
    inner = time_[(time_ > 102.0) & (time_ < 305.0)]
    t = np.concatenate([[102.0], inner, [305.0]])
    part = np.trapezoid(np.interp(t, time_, T), t) / 203.0
    assert table.column("part")[1] == pytest.approx(part, rel=1e-14)
    assert table.column("warmest")[1] == T[time_ <= 480.0].max() < T.max()
    assert table.column("blend.mass")[1] == Flows(read).total("blend")
    assert table.column("blend.rate")[1] == pytest.approx(Flows(read).total("blend") / 1200.0, rel=1e-15)


def test_events_and_faults_are_factors(tmp_path):
    study = load_study(doses())
    _, scenario = values_into(study, np.array([0.05, 200.0, 60.0]), 9)
    moved = [event for event in scenario.events if event.name == "more ethanol"]
    assert [(event.at, event.value) for event in moved] == [(200.0, 0.05)]
    assert scenario.seed == 9
    said = doses(
        scenario="direct_compression_bridging",
        factors={"bridging": {"fault": "bridging"}},
        responses=[{"kpi": "pmi"}],
        design="full_factorial",
    )
    study = load_study(said)
    labels = [
        [event.fault.label for event in (*there.events, *there.latches) if event.fault]
        for _, there in (values_into(study, np.array([level]), 0) for level in (0.0, 1.0))
    ]
    assert labels[0] == ["blockage"]
    assert "bridging" in labels[1]


def test_scenarios_are_levels(tmp_path):
    (tmp_path / "cold.yaml").write_text(
        (ROOT / "scenarios" / "two_tanks.yaml").read_text() + "set: {spirit.T: 5 degC}\n"
    )
    said = doses(
        factors={"case": {"scenarios": ["two_tanks", "cold.yaml"]}, "first.tau": {"from": "30 s", "to": "60 s"}},
        design="full_factorial",
    )
    del said["scenario"]
    study = load_study(said, tmp_path)
    _hash(tmp_path / "a.h5", 2, study)
    found = open_study(tmp_path / "a.h5")
    assert found.factors[0].levels == ("two_tanks", "cold.yaml")
    warm, cold = (found.column("second.T@10 min")[found.column("case") == level] for level in (0.0, 1.0))
    assert warm.min() > cold.max()


def test_relative_factors_scale_what_events_set():
    study = load_study(doses(factors={"spirit.m_flow.ethanol": {"relative": True, "mean": 1, "sd": 0.02}}))
    _, scenario = values_into(study, np.array([1.1]), 0)
    assert scenario.plant.feed("spirit").values["m_flow"][0] == pytest.approx(0.022)
    assert [event.value for event in scenario.events if event.name == "more ethanol"] == [pytest.approx(0.044)]


def test_what_conditions_set_is_scaled_too_and_goes_with_its_fault():
    """A refill that a condition starts brings 10 % more; one that carries a fault is left out with it."""
    path = "api_refill.m_flow.paracetamol"
    said: dict[str, Any] = {
        "scenario": "direct_compression_bridging",
        "responses": [{"kpi": "pmi"}],
        "design": {"kind": "random", "runs": 2},
    }
    study = load_study(doses(**said, factors={path: {"relative": True, "mean": 1, "sd": 0.02}}))
    _, scenario = values_into(study, np.array([1.1]), 0)
    assert sorted(latch.value for latch in scenario.latches if latch.path == path) == pytest.approx([0.0, 0.10978])
    said["design"] = "full_factorial"
    study = load_study(doses(**said, factors={"bridging": {"fault": "bridging"}}))
    (scenario,) = study.scenarios
    fault = next(event.fault for event in scenario.events if event.fault and event.fault.label == "bridging")
    first, *others = scenario.latches
    study = replace(study, scenarios=(replace(scenario, latches=(replace(first, fault=fault), *others)),))
    counts = [len(values_into(study, np.array([level]), 0)[1].latches) for level in (0.0, 1.0)]
    assert counts == [len(others), len(others) + 1]


def test_how_long_a_change_takes_is_a_factor():
    study = load_study(doses(factors={"slow": {"event": "warmer feed", "key": "over", "from": "1 min", "to": "4 min"}}))
    _, scenario = values_into(study, np.array([100.0]), 0)
    assert [event.over for event in scenario.events if event.name == "warmer feed"] == [100.0]


def test_results_are_the_same_whatever_the_number_of_workers_or_the_order(tmp_path):
    first = _hash(tmp_path / "one.h5", 1)
    assert _hash(tmp_path / "three.h5", 3) == first

    class Backwards(Threads):
        def rows(self, numbers, plan):
            return super().rows(list(numbers)[::-1], plan)

    study = load_study(doses())
    assert execute(study, tmp_path / "back.h5", Backwards(study, 2)).content_hash == first


def test_a_stopped_study_goes_on_to_the_same_file(tmp_path):
    whole = _hash(tmp_path / "whole.h5")
    study = load_study(doses())

    class CtrlC(Threads):
        def rows(self, numbers, plan):
            for count, row in enumerate(super().rows(numbers, plan)):
                if count == 3:
                    raise KeyboardInterrupt
                yield row

    path = tmp_path / "half.h5"
    with pytest.raises(Stopped, match=r"3 of 8 runs are kept.*--resume"):
        execute(study, path, CtrlC(study, 1))
    assert not path.exists()
    with log_path(path).open("ab") as log:
        log.write(b'12345678 {"run": 7, "outc')  # cut short by a kill in the middle of a line
    done = execute(study, path, Threads(study, 2), resume=True)
    assert (done.ran, done.resumed) == (5, 3)
    assert done.content_hash == whole
    assert not log_path(path).exists()


def test_a_log_of_another_study_is_refused(tmp_path):
    study, other = load_study(doses()), load_study(doses(seed=4))
    path = tmp_path / "a.h5"

    class CtrlC(Threads):
        def rows(self, numbers, plan):
            yield next(iter(super().rows(numbers, plan)))
            raise KeyboardInterrupt

    with pytest.raises(Stopped):
        execute(study, path, CtrlC(study, 1))
    with pytest.raises(OtherStudy, match="differs in its design"):
        execute(other, path, Threads(other, 1), resume=True)


def _identity(**more):
    study = load_study(doses(**more))
    return identity(study, plan_of(study), ["the models"])


def test_what_makes_runs_of_the_same_values_others_makes_another_study():
    """The same rows and names: what follows from them, what a level stands for, and what is kept of them."""
    factors = {"pause": {"unit": "min", "from": "1 min", "to": "3 min"}}
    link = {"event": "more ethanol", "key": "at"}
    first = _identity(factors=factors, linked=[{**link, "is": "2 min + pause"}])
    assert _identity(factors=factors, linked=[{**link, "is": "2 min + pause"}]) == first
    assert _identity(factors=factors, linked=[{**link, "is": "3 min + pause"}])["factors"] != first["factors"]
    assert _identity(factors=factors, linked=[{**link, "key": "over", "is": "2 min + pause"}]) != first
    fraction = {"path": "split.fraction", "from": 0.8, "to": 1}
    plain, scaled = ({"part": {**fraction, "relative": relative}} for relative in (False, True))
    assert _identity(factors=plain)["design"] == _identity(factors=scaled)["design"]
    assert _identity(factors=plain)["factors"] != _identity(factors=scaled)["factors"]
    kept = [[{"product": "blend", "component": name, "name": "mass"}] for name in ("ethanol", "water")]
    assert _identity(responses=kept[0])["responses"] != _identity(responses=kept[1])["responses"]


def test_an_error_of_the_program_is_a_row(tmp_path, monkeypatch):
    """One run of eight meets an error: it says which, and the others are as they would have been."""
    from twin.schedule.simulation import Simulation

    study, run_of = load_study(doses()), Simulation.run
    whole = execute(study, tmp_path / "whole.h5", Threads(study, 1))
    count = iter(range(100))

    def now_and_then(self, until=None):
        if next(count) == 3:
            raise RuntimeError("no\nsuch luck")
        return run_of(self, until)

    monkeypatch.setattr(Simulation, "run", now_and_then)
    done = execute(study, tmp_path / "a.h5", Threads(study, 1))
    assert done.outcomes == {FINISHED: 7, "broken": 1}
    assert whole.outcomes == {FINISHED: 8}
    found, same = open_study(tmp_path / "a.h5"), open_study(tmp_path / "whole.h5")
    assert found.messages[3] == "RuntimeError: no such luck"
    assert np.array_equal(found.Y[found.finished], same.Y[found.finished])


def test_a_failed_run_is_a_row(tmp_path, monkeypatch):
    study = load_study(drums(tmp_path, monkeypatch, ["100 kg", "1 kg"]), tmp_path)
    done = execute(study, tmp_path / "a.h5", Threads(study, 2))
    found = open_study(tmp_path / "a.h5")
    assert done.outcomes[FINISHED] == 2
    bad = ~found.finished
    assert bad.sum() == 2
    assert np.all(np.isnan(found.Y[bad]))
    assert all(found.messages[i] for i in np.flatnonzero(bad))


@pytest.mark.slow
def test_runs_that_fail_side_by_side_first_of_all_say_why(tmp_path, monkeypatch):
    """In a process in which nothing has been diagnosed yet: what two threads then import at once is imported whole."""
    said = drums(tmp_path, monkeypatch, ["1 kg", "0.9 kg"], design={"kind": "random", "runs": 20})
    (tmp_path / "drums.yaml").write_text(json.dumps(said), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(p) for p in (ROOT / "src", ROOT))}
    words = ["study", "drums.yaml", "--keep-going", "--quiet", "--json", "--workers"]
    hashes = []
    for workers in ("2", "1"):
        command = [sys.executable, "-m", "twin", *words, workers, "--out", f"{workers}.h5"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        told = json.loads(done.stdout)
        assert "broken" not in told["outcomes"]
        hashes.append(told["content_hash"])
    assert hashes[0] == hashes[1]


def test_a_study_of_which_nothing_works_stops_early(tmp_path, monkeypatch):
    said = drums(tmp_path, monkeypatch, ["1 kg", "0.9 kg"], design={"kind": "random", "runs": 200})
    study = load_study(said, tmp_path)
    with pytest.raises(AllFail, match="all of the first 10 runs fail"):
        execute(study, tmp_path / "a.h5", Threads(study, 2))


@pytest.mark.slow
def test_killed_and_resumed_by_the_command(tmp_path):
    # far more runs than can end between a look at the log and the kill, on a machine that does other things too
    (tmp_path / "doses.yaml").write_text(json.dumps(doses(design={"kind": "random", "runs": 400})))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "twin", "study", "doses.yaml", "--workers", "2", "--quiet", "--json", "--out"]
    process = subprocess.Popen([*command, "b.h5"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    log = tmp_path / "b.h5.runs"
    while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < 20):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert log.exists()
    assert not (tmp_path / "b.h5").exists()
    done = subprocess.run(
        [*command, "b.h5", "--resume"], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    resumed = json.loads(done.stdout)
    assert resumed["resumed"] >= 19
    assert _hash(tmp_path / "a.h5", 2, load_study(tmp_path / "doses.yaml")) == resumed["content_hash"]


def test_the_notebook_reads_as_the_yaml_does(tmp_path):
    said = doses()
    scenario = said.pop("scenario")
    del said["twin"]
    study = Study(scenario, **said)
    found = study.run(tmp_path / "a.h5", workers=2)
    assert found.content_hash == _hash(tmp_path / "b.h5")
    rows = study.evaluate(found.X[:2], found.seeds[:2])
    np.testing.assert_array_equal([row.y for row in rows], found.Y[:2])
    again = study.evaluate(found.X[2:4], found.seeds[2:4], workers=2)
    np.testing.assert_array_equal([row.y for row in again], found.Y[2:4])


def test_the_file_makes_the_same_study_again(tmp_path):
    first = _hash(tmp_path / "a.h5")
    found = open_study(tmp_path / "a.h5")
    assert _hash(tmp_path / "b.h5", 2, load_study(dict(found.resolved))) == first


def test_a_damaged_line_of_the_log_ends_what_is_believed(tmp_path):
    """A digit that changed on the disk: its run and those behind it are made again."""
    path = tmp_path / "s.h5.runs"
    log = StudyLog(path, {"study": "a"}, resume=False)
    for number in range(3):
        log.add(number, Row("finished", "", 1.0, np.array([0.25 + number])))
    log.close()
    data = path.read_bytes()
    assert data.count(b"1.25") == 1
    path.write_bytes(data.replace(b"1.25", b"1.26"))
    log = StudyLog(path, {"study": "a"}, resume=True)
    assert list(log.rows) == [0]
    log.close()


def test_rates_of_the_last_hour_and_duties():
    """Of a mass that grows with the square of time in two hours; of what a duty added and removed."""
    time_ = np.linspace(0.0, 7200.0, 721)
    memory = SimpleNamespace(time=time_, rows=len(time_))
    flows = SimpleNamespace(mass={"blend": time_**2}, components={})
    column = Response("x", "kg/s", "")
    asked = {of: _flow(memory, Wanted(column, "product", "blend", of), flows) for of in ("mass", "rate", "last_rate")}
    assert asked == {"mass": 7200.0**2, "rate": 7200.0, "last_rate": (7200.0**2 - 3600.0**2) / 3600.0}


@pytest.mark.parametrize(("of", "expected"), [("net", 1.0), ("added", 4.0), ("removed", 3.0)])
def test_a_duty_is_what_it_asks_for(monkeypatch, of, expected):
    duties = {"tank": {"duty": {"net": 1.0, "added": 4.0, "removed": 3.0}}}
    monkeypatch.setattr("twin.study.responses.duties_of", lambda run: duties)
    wanted = [Wanted(Response("x", "J", ""), "duty", "tank.duty", of)]
    assert values(SimpleNamespace(rows=2), None, wanted).tolist() == [expected]


def test_progress_says_what_is_left(monkeypatch, capsys):
    """Two of ten runs were there; four more took 12 s: the last four will take as long."""
    clock = iter([0.0, 11.0, 11.5, 11.8, 12.0])
    monkeypatch.setattr("twin.study.progress.time.monotonic", lambda: next(clock))
    lines = Lines()
    lines.begin(10, 2, 1)
    for ok in (True, True, False, True):
        lines._last = -10.0
        lines.one(ok)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "2 of 10 runs are there already"
    assert told[-1] == "6 of 10 runs, 2 failed, 0.333 runs/s, 0:00:12 left"
