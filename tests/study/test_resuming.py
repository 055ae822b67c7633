"""`--resume` of `twin optimise`, `twin explore`, `twin estimate`: what was stopped ends as if it had not been."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.study.studies import drums
from twin.cli import main
from twin.study.file import open_study
from twin.study.kept import Kept
from twin.study.log import StudyLog
from twin.study.runner import Row, Runner, Whole

TANKS: dict[str, Any] = {
    "twin": 1,
    "name": "tanks",
    "scenario": "two_tanks",
    "seed": 2,
    "solver": {"rtol": 1e-4},
    "factors": {"first.tau": {"from": "30 s", "to": "300 s"}, "second.tau": {"from": "30 s", "to": "300 s"}},
    "responses": [{"tag": "second.T", "name": "T", "high": "295 K"}, {"tag": "second.V", "name": "V"}],
}
EXPERIMENT = {"name": "one", "data": "T.csv", "tags": {"second.T": {"column": "T", "uncertainty": 0.1}}}
SECTIONS: dict[str, dict[str, Any]] = {
    "optimise": {"maximise": "V", "constraints": ["first.tau <= 90 s"], "method": "both", "evaluations": 20},
    "explore": {"evaluations": 20},
    "estimate": {"experiments": [EXPERIMENT], "starts": 1, "profiles": False},
}


def written(folder: Path, command: str, **more: Any) -> str:
    """Write a file of two tanks for a command; its data, too."""
    (folder / "T.csv").write_text("time,T\n60,293.5\n300,294\n600,297\n900,300\n1200,301\n", encoding="utf-8")
    file = folder / f"{command}.yaml"
    file.write_text(json.dumps({**TANKS, command: SECTIONS[command], **more}), encoding="utf-8")
    return str(file)


class Counting:
    """Counts runs, and stops them as Ctrl-C does in the middle of one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.last = 0, -1
        turn, whole = threading.Lock(), Runner.whole

        def counted(runner: Runner, *given: Any) -> Whole:
            with turn:
                if self.count == self.last:
                    raise KeyboardInterrupt
                self.count += 1
            return whole(runner, *given)

        monkeypatch.setattr(Runner, "whole", counted)

    def stop_after(self, count: int) -> None:
        self.count, self.last = 0, count


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Counting:
    monkeypatch.chdir(tmp_path)
    return Counting(monkeypatch)


def made(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str]:
    """Give what a command answers, and what it tells beside that."""
    main([*words, "--json"])
    told = capsys.readouterr()
    return json.loads(told.out), told.err


@pytest.mark.parametrize("command", list(SECTIONS))
def test_stopped_and_gone_on_with(
    runs: Counting, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped twice; the second time the log ends in the middle of a line, and two threads finish in any order."""
    file = written(tmp_path, command)
    whole, _ = made(capsys, command, file, "--workers", "1")
    total = runs.count
    assert not list(Path("runs").iterdir())
    runs.stop_after(5)
    stopped, _ = made(capsys, command, file, "--workers", "1")
    (log,) = Path("runs").iterdir()
    assert stopped["exit_code"] == 130
    assert stopped["error"] == f"stopped: 5 runs are kept in {log}. Go on with --resume."
    runs.stop_after(4)
    stopped, told = made(capsys, command, file, "--workers", "2", "--resume")
    assert "5 runs are there" in told or "5 of 20 runs are there" in told
    kept = int(stopped["error"].split()[1])  # one of the two threads may have been in the middle of a run
    assert 8 <= kept <= 9
    data = log.read_bytes()
    log.write_bytes(data[:-7])
    runs.stop_after(-1)
    found, told = made(capsys, command, file, "--workers", "2", "--resume")
    assert f"bytes at the end of {log} were cut short: what they held is run again" in told
    assert found == whole
    assert runs.count == total - kept + 1
    assert not log.exists()


def test_all_runs_of_a_stopped_search_are_in_its_file(
    runs: Counting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log stands beside the file that is asked for, which has the hash of one that was not stopped."""
    file = written(tmp_path, "explore")
    made(capsys, "explore", file, "--runs", "whole.h5", "--quiet")
    runs.stop_after(12)
    stopped, _ = made(capsys, "explore", file, "--runs", "half.h5", "--quiet")
    assert "half.h5.runs. Go on with --resume" in stopped["error"]
    assert not Path("half.h5").exists()
    again, _ = made(capsys, "explore", file, "--runs", "half.h5")
    assert again["error"].endswith(
        "half.h5.runs holds runs of a study that was stopped: go on with --resume, or delete it"
    )
    runs.stop_after(-1)
    made(capsys, "explore", file, "--runs", "half.h5", "--resume")
    assert open_study("half.h5").content_hash == open_study("whole.h5").content_hash
    assert not Path("half.h5.runs").exists()
    again, _ = made(capsys, "explore", file, "--runs", "half.h5", "--resume")
    assert again["error"] == "half.h5 is there already: nothing of that search is missing"
    again, _ = made(capsys, "explore", file, "--resume")
    assert again["error"].startswith("there is no search tanks in ./runs to go on with")
    again, _ = made(capsys, "explore", file, "--resume", "--runs", "other.h5")
    assert again["error"] == "there is no other.h5.runs to go on with"


@pytest.mark.parametrize(
    ("command", "changed", "differs"),
    [
        ("optimise", {"seed": 3}, "seed"),
        ("optimise", {"set": {"spirit.T": "280 K"}}, "scenario"),
        ("optimise", {"responses": [{"tag": "second.V", "name": "V"}]}, "responses"),
        ("estimate", {"set": {"spirit.T": "280 K"}}, "experiment 1.1 (one): scenario"),
        ("estimate", {"estimate": {**SECTIONS["estimate"], "experiments": [{**EXPERIMENT, "lag": "1 s"}]}}, "data"),
    ],
)
def test_runs_of_something_else_are_refused(
    runs: Counting,
    command: str,
    changed: dict[str, Any],
    differs: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs.stop_after(2)
    made(capsys, command, written(tmp_path, command), "--quiet")
    (log,) = Path("runs").iterdir()
    before = log.read_bytes()
    runs.stop_after(0)
    said, _ = made(capsys, command, written(tmp_path, command, **changed), "--resume")
    assert said["exit_code"] == 2
    assert f"{log} holds runs of another study: it differs in its" in said["error"]
    assert said["error"].endswith(differs)
    assert log.read_bytes() == before


def test_how_is_searched_may_change(runs: Counting, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer evaluations end a search early: what it has run serves, and it is what a search of so many finds."""
    shorter = {"optimise": {**SECTIONS["optimise"], "method": "local", "evaluations": 14}}
    whole, _ = made(capsys, "optimise", written(tmp_path, "optimise", **shorter), "--quiet")
    runs.stop_after(12)
    longer = {"optimise": {**SECTIONS["optimise"], "method": "local", "evaluations": 25}}
    made(capsys, "optimise", written(tmp_path, "optimise", **longer), "--quiet")
    runs.stop_after(-1)
    found, _ = made(capsys, "optimise", written(tmp_path, "optimise", **shorter), "--quiet", "--resume")
    assert found == whole
    assert runs.count < 14


def test_a_failed_run_is_kept_as_what_it_was(
    runs: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Drums of which the small ones run empty: outcomes and sentences of a stopped search are those of a whole one."""
    said = drums(tmp_path, monkeypatch, [])
    del said["design"]
    said["factors"] = {
        "drum.initial.m": {"from": "0.5 kg", "to": "20 kg"},
        "drum.pump": {"from": "9 g/s", "to": "11 g/s"},
    }
    said["responses"] = [{"product": "drain", "name": "out"}]
    said["optimise"] = {"maximise": "out", "method": "global", "evaluations": 20}
    file = tmp_path / "drums.yaml"
    file.write_text(json.dumps(said), encoding="utf-8")
    made(capsys, "optimise", str(file), "--runs", "whole.h5", "--quiet")
    runs.stop_after(15)
    made(capsys, "optimise", str(file), "--runs", "half.h5", "--quiet")
    runs.stop_after(-1)
    made(capsys, "optimise", str(file), "--runs", "half.h5", "--quiet", "--resume")
    whole, half = open_study("whole.h5"), open_study("half.h5")
    assert runs.count == 5
    assert "finished" in whole.outcomes[:15]
    assert set(whole.outcomes[:15]) != {"finished"}
    assert half.messages == whole.messages
    assert half.content_hash == whole.content_hash


def test_what_was_interrupted_is_no_answer(tmp_path: Path) -> None:
    """Its run is made again; of a failure, and of values that differ in their last bit, the log keeps each."""
    path = tmp_path / "a.h5.runs"
    near = np.nextafter(0.1, 1.0)
    log = StudyLog(path, {"name": "a"}, resume=False)
    kept = Kept(log)
    row = Row("finished", "", 10.0, np.array([1.0 / 3.0]))
    stopped = Row("interrupted", "", 1.0, np.array([np.nan]))
    for x, one in ((0.1, row), (0.2, stopped), (0.3, Row("refused", "no\u00e9", 0.0, np.array([np.nan])))):
        assert kept(np.array([x]), lambda one=one: one) == (one, True)  # type: ignore[misc]
    log.close()
    log = StudyLog(path, {"name": "a"}, resume=True)
    kept = Kept(log)
    assert (kept.found, kept.failed) == (2, 1)
    again, new = kept(np.array([0.1]), lambda: stopped)
    assert not new
    assert again.y.tobytes() == row.y.tobytes()
    assert kept(np.array([0.3]), lambda: stopped)[0].message == "no\u00e9"
    assert kept(np.array([near]), lambda: row)[1]
    assert kept(np.array([0.2]), lambda: row)[1]
    assert kept(np.array([0.1]), lambda: row, "1.2")[1]
    log.close()


def test_a_page_that_is_there_is_said_before_any_run(
    runs: Counting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "optimise")
    (tmp_path / "page.html").write_text("mine", encoding="utf-8")
    said, _ = made(capsys, "optimise", file, "--out", "page.html")
    assert "page.html exists" in said["error"]
    assert runs.count == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "mine"


def test_what_is_undefined_has_one_bit_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """0/0 has a sign on some processors; a log gives none back, and hashes of files are of bits."""
    from twin.study import responses

    monkeypatch.setattr(responses, "_each", lambda *_: [-float("nan"), -0.0])
    made = responses.values(None, None, [])  # type: ignore[arg-type]
    assert made.tobytes() == np.array(json.loads(json.dumps(made.tolist()))).tobytes()
