"""`twin run --resume`, `--from … --at`, and `twin compare A B`, as they are typed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from twin.cli import main
from twin.compare import compare
from twin.results import log
from twin.results.log import RunLog, in_use
from twin.results.reader import open_run
from twin.results.recorder import Recorder
from twin.run import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("twin.integrate.integrator.PAUSE_STEPS", 4)
    return tmp_path


class Killed(BaseException):
    """What stops a run between two samples, as far as the file sees."""


def killed(monkeypatch: pytest.MonkeyPatch, out: str | None = None, after: int = 60) -> Path:
    """Leave what a killed run leaves: a partial file and its log. (Real kills: test_kill.py.)"""
    rows = Recorder._rows

    def short(self: Recorder, block: tuple[object, ...]) -> None:
        if self._writer.taken > after:
            raise Killed
        rows(self, block)  # type: ignore[arg-type]

    monkeypatch.setattr(Recorder, "_rows", short)
    with pytest.raises(Killed):
        run("two_tanks", out, checkpoint_every=0.0)
    monkeypatch.setattr(Recorder, "_rows", rows)
    (partial,) = Path(out).parent.glob("*.partial") if out else Path("runs").glob("*.partial")
    return partial


def test_resume_by_any_name_and_without_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = run("two_tanks", here / "whole.h5")
    for words in (["a.h5.partial"], ["a.h5"], ["a.h5.partial.resume"]):
        killed(monkeypatch, "a.h5")
        assert main(["run", "--resume", *words, "--quiet", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["content_hash"] == whole.content_hash
        assert open_run("a.h5").provenance["session"]["resumed_at"] > 0.0
        assert sorted(path.name for path in here.iterdir() if path.name != "audit.jsonl") == ["a.h5", "whole.h5"]
        (here / "a.h5").unlink()
    partial = killed(monkeypatch)
    assert main(["run", "two_tanks", "--until", "1 min"]) == 0
    said = capsys.readouterr()
    assert f"twin run --resume {partial}" in said.err
    assert "a run was killed at 0:1" in said.err
    assert main(["run", "--resume", "--quiet"]) == 0
    assert partial.name.removesuffix(".partial") in capsys.readouterr().out
    assert not list(Path("runs").glob("*.partial*"))


def test_what_cannot_be_resumed_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def says(*words: str) -> str:
        assert main(["run", "--resume", *words, "--quiet"]) == 3
        return capsys.readouterr().err

    assert "no killed run in ./runs" in says()
    assert "there is no log" in says("a.h5.partial")
    (here / "a.h5.partial.resume").write_bytes(b"twin run log 1\nhead")
    assert "killed before it had begun" in says("a.h5.partial")
    (here / "a.h5.partial.resume").unlink()
    partial = killed(monkeypatch, "a.h5")
    path = log.log_path(partial)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.results.sections.version", lambda name: "0.0")
        assert "was written with" in says("a.h5.partial")
    shutil.copy(path, here / "copy.resume")
    busy = RunLog(here / "busy.h5.partial", {}, 1.0)
    assert in_use(busy.path)
    assert "goes on in another process" in says("busy.h5.partial")
    busy.close()
    assert not in_use(busy.path)
    run("two_tanks", here / "a.h5")
    assert "has been finished" in says("a.h5.partial")
    assert main(["run", "two_tanks", "--resume", "a.h5.partial", "--set", "first.tau=3 s"]) == 2
    assert "--resume goes without SCENARIO, --set" in capsys.readouterr().err


def test_a_log_that_is_cut_anywhere_is_read_up_to_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run("two_tanks", here / "whole.h5")
    partial = killed(monkeypatch, "a.h5")
    path = log.log_path(partial)
    data, left = path.read_bytes(), partial.read_bytes()
    ends = [frame.end for frame in log.frames(path)]
    cuts = {len(data) - 1, ends[0] + 3, ends[0], *(end + 5 for end in ends[len(ends) // 3 :: len(ends) // 5])}
    for cut in sorted(cuts):
        path.write_bytes(data[:cut] + b"\xff" * 40)  # as a disk leaves what it had not written
        partial.write_bytes(left[: len(left) // 2])  # what became of the HDF5 file does not matter
        assert main(["run", "--resume", "a.h5", "--quiet"]) == 0
        assert open_run("a.h5").attrs["content_hash"] == whole.content_hash, cut
        (here / "a.h5").unlink()


def test_a_run_without_room_for_its_log_goes_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = os.write

    def full(file: int, data: memoryview) -> int:
        if len(data) > 3000:
            raise OSError(28, "No space left on device")
        return put(file, data)

    monkeypatch.setattr(os, "write", full)
    assert run("two_tanks", here / "a.h5").ok
    assert sorted(path.name for path in here.iterdir() if path.name != "audit.jsonl") == ["a.h5"]


def test_fork_and_compare(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "two_tanks", "--out", "a.h5", "--quiet"]) == 0
    words = ["--from", "a.h5", "--at", "8 min", "--out", "b.h5", "--set", "first.tau=90 s", "--quiet"]
    assert main(["run", *words]) == 0
    capsys.readouterr()
    assert main(["compare", "a.h5", "b.h5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is False
    assert found["configuration"] == [
        {"path": "events", "a": [], "b": [{"at": 480.0, "set": {"first.tau": 90.0}, "name": "fork"}]}
    ]
    assert [(event["time"], event["path"]) for event in found["events"]["only_b"]] == [(480.0, "first.tau")]
    assert found["events"]["only_a"] == []
    tags = {row["tag"].partition("[")[0]: row for row in found["tags"]}
    a, b = open_run("a.h5"), open_run("b.h5")
    # the worst element, and where: looked up the long way
    change = abs(b.get("first.m") - a.get("first.m"))
    assert tags["first.m"]["largest"] == change.max()
    assert tags["first.m"]["at_s"] == a.time[change.max(axis=1).argmax()]
    assert "spirit.T" not in tags
    assert main(["compare", "a.h5", "b.h5", "--rows", "3"]) == 0
    shown = capsys.readouterr().out
    assert "forked from a.h5 at 0:08:00: first.tau=90 s" in shown
    assert "--rows 0 prints all" in shown
    assert main(["compare", "a.h5", "a.h5"]) == 0
    assert "The same content, bit for bit." in capsys.readouterr().out
    assert main(["run", "--from", "a.h5", "--at", "30 min", "--quiet"]) == 2
    assert "reached 0:20:00" in capsys.readouterr().err
    assert main(["run", "two_tanks", "--at", "3 min"]) == 2
    assert "needs --from" in capsys.readouterr().err


def test_compare_runs_of_other_times_and_parameters(here: Path) -> None:
    run("two_tanks", here / "a.h5")
    (here / "s.yaml").write_text(
        "twin: 1\nplant: two_tanks\nduration: 15 min\nrecord: 7 s\nset: {first.tau: 61 s}\n", encoding="utf-8"
    )
    run("s.yaml", here / "b.h5")
    found = compare(open_run("a.h5"), open_run("b.h5"))
    paths = {row["path"]: row for row in found["configuration"]}
    assert (paths["plant.units.first.params.tau"]["a"], paths["plant.units.first.params.tau"]["b"]) == (60.0, 61.0)
    assert (paths["duration"]["a"], paths["duration"]["b"]) == (1200.0, 900.0)
    assert len(found["events"]["only_a"]) == 6
    assert all(row["at_s"] <= 896.0 for row in found["tags"])  # as far as both reach
    figures = {row["name"] for row in found["figures"]}
    assert "spirit [kg]" in figures
