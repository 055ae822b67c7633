"""Every start and end of a run stands in the log of its folder, however the run ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import environment
from twin.evidence.chain import Entry, LogProblem, read
from twin.results.files import FileProblem
from twin.results.reader import open_run
from twin.results.recorder import Recorder
from twin.run import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entries(here: Path) -> list[Entry]:
    chain = read(here / "audit.jsonl")
    assert chain.broken == ""
    return chain.entries[1:]


def test_a_run_is_entered_with_all_that_it_was_made_of(here: Path) -> None:
    result = run("two_tanks", here / "a.h5", until="1 min")
    started, ended = entries(here)
    assert (started.action, ended.action) == ("run.started", "run.ended")
    assert started.object["file"] == ended.object["file"] == "a.h5"
    assert started.object["run_id"] == ended.object["run_id"]
    assert started.object["run_id"] == open_run("a.h5").provenance["session"]["run_id"]
    assert ended.object["content_hash"] == result.content_hash
    assert ended.object["outcome"] == "finished"
    assert started.object["models"] == open_run("a.h5").provenance["model_fingerprint"]
    assert started.object["software"].startswith("sha256:")
    again = run("two_tanks", here / "b.h5", until="1 min")
    assert again.content_hash == result.content_hash, "two runs, one content: the id is not hashed"
    assert len({entry.object["run_id"] for entry in entries(here)}) == 2


def test_a_run_that_fails_is_entered(here: Path) -> None:
    shutil.copytree(Path(__file__).parents[1] / "cli" / "burst", here, dirs_exist_ok=True)
    sys.path.append(str(here))
    try:
        result = run("burst.yaml", here / "a.h5")
    finally:
        sys.path.remove(str(here))
    assert entries(here)[-1].object["outcome"] == result.outcome != "finished"


def test_a_run_that_breaks_is_entered_as_aborted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise FileProblem("the disk went away")

    monkeypatch.setattr(Recorder, "_rows", broken)
    with pytest.raises(FileProblem):
        run("two_tanks", here / "a.h5")
    started, aborted = entries(here)
    assert (started.action, aborted.action) == ("run.started", "run.aborted")
    assert aborted.object["why"] == "FileProblem: the disk went away"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's")
def test_a_killed_run_has_a_start_and_no_end(here: Path) -> None:
    words = (
        "import os, signal\nfrom twin.results.recorder import Recorder\nfrom twin.run import run\n"
        "Recorder._rows = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\nrun('two_tanks', 'a.h5')\n"
    )
    assert subprocess.run([sys.executable, "-c", words], env=environment(), check=False).returncode == -9
    assert [entry.action for entry in entries(here)] == ["run.started"]


def test_where_nothing_can_be_entered_nothing_runs(here: Path) -> None:
    (here / "audit.jsonl").write_bytes(b"nonsense\n")
    with pytest.raises(LogProblem, match="damaged"):
        run("two_tanks", here / "a.h5")
    assert not list(here.glob("a.h5*"))
