"""Studies and traces beside runs: verified by their own hash, by the log, and by the run that they speak of."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.evidence.folder import found, make_run
from twin.cli import main
from twin.evidence.chain import append, log_of, read
from twin.evidence.finalise import finalise
from twin.evidence.findings import Kind, UsageProblem
from twin.evidence.register import study_registered
from twin.evidence.seal import seal_path
from twin.results.content import HASH, content_hash
from twin.run import run

STUDY = """\
twin: 1
title: Three doses
scenario: two_tanks
factors:
  first.tau: {from: 50 s, to: 70 s}
design: {kind: random, runs: 3}
responses:
  - {tag: second.T, name: T}
"""


def test_a_study_and_its_runs_are_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "runs").mkdir()
    assert main(["study", "s.yaml", "--out", "runs/s.h5", "--workers", "1", "--quiet"]) == 0, capsys.readouterr().err
    started, ended = read(log_of(tmp_path / "runs")).entries[1:]
    assert (started.action, ended.action) == ("study.started", "study.ended")
    assert ended.object["outcomes"] == {"finished": 3}
    assert found(tmp_path / "runs").ok
    with h5py.File(tmp_path / "runs" / "s.h5", "r+") as file:
        file["Y"][1] += 1.0
    assert found(tmp_path / "runs" / "s.h5").kind is Kind.CONTENT
    with h5py.File(tmp_path / "runs" / "s.h5", "r+") as file:
        file.attrs[HASH] = content_hash(file)
    assert found(tmp_path / "runs" / "s.h5").kind is Kind.REGISTRY
    (tmp_path / "runs" / "s.h5").unlink()
    findings = found(tmp_path / "runs")
    assert findings.kind is Kind.REGISTRY
    assert "the study s.h5 is logged as ended and is missing" in findings.wrong[0].text


def test_a_study_that_breaks_off_is_registered(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), study_registered(tmp_path / "s.h5", {"study": "s"}):
        raise KeyboardInterrupt
    assert [entry.action for entry in read(log_of(tmp_path)).entries[1:]] == ["study.started", "study.aborted"]


def test_a_trace_is_of_the_run_beside_it(tmp_path: Path) -> None:
    path = run("two_tanks", tmp_path / "a.h5", until="1 min").path
    assert main(["trace", str(path), "--holdup", "0", "--path", "spirit -> blend"]) == 0
    trace = tmp_path / "a.trace.h5"
    assert found(trace).facts["kind"] == "trace"
    assert found(tmp_path).ok
    with pytest.raises(UsageProblem, match="only runs are made final"):
        finalise(trace)
    path.unlink()
    log_of(tmp_path).unlink()
    run("two_tanks", path, until="2 min")
    assert "another run of that name" in " ".join(f.text for f in found(trace).wrong)
    seal_path(trace).write_bytes(b"{}")
    assert "a trace is never made final" in " ".join(f.text for f in found(trace).wrong)
    seal_path(trace).unlink()
    with h5py.File(trace, "r+") as file:
        file["/rtd/mean"][0] += 1.0
    assert Kind.CONTENT in {f.kind for f in found(trace).wrong}


@pytest.mark.parametrize("name", ["../a.h5", "/etc/passwd", "a/b.h5", "\x00"])
def test_a_trace_names_no_file_elsewhere(name: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w", libver="latest") as file:
        file.attrs["trace_schema_version"] = "1.0"
        file.create_group("/provenance").attrs["run_file"] = name.replace("\x00", "?")
        file.attrs[HASH] = content_hash(file)
    assert found(tmp_path / "t.h5").ok


def test_a_run_is_not_passed_off_as_something_else(tmp_path: Path) -> None:
    """A forger calls it a study, for which no end of a run is looked up."""
    path = make_run(tmp_path / "a.h5", 20)
    with h5py.File(path, "r+") as file:
        file["/units/crystallizer/states/m"][3] = np.pi
        file.attrs["kind"] = "study"
        file.attrs[HASH] = content_hash(file)
    findings = found(path)
    assert findings.kind is Kind.REGISTRY
    assert "knows a run of this name" in findings.wrong[0].text
    append(log_of(tmp_path), "note", {})
    assert not found(tmp_path).ok
