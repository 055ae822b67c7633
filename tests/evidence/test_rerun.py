"""`twin verify --rerun`: the same bits here, and how far apart where they are not the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from twin.again import fork
from twin.cli import main
from twin.evidence.chain import append, log_of, read
from twin.evidence.findings import Kind
from twin.results.content import HASH, content_hash
from twin.results.reader import open_run
from twin.run import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verified(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    code = main(["verify", *words, "--json"])
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    assert result["exit_code"] == code
    return result


def test_t19_the_same_run_again_has_the_same_bits(capsys: pytest.CaptureFixture[str]) -> None:
    """With values set, a shorter end, Python's driver, CVODE's stepper and a fork."""
    run("two_tanks", "a.h5", set=["first.tau=50 s"], until="8 min")
    run("two_tanks", "b.h5", table=False, rtol=1e-5)
    fork("a.h5", "4 min", "c.h5", set=["spirit.T=300 K"])
    for name in ("a.h5", "b.h5", "c.h5"):
        result = verified(capsys, name, "--rerun")
        assert result["ok"], result
        assert "the same bits" in str(result["rerun"])


def test_t19_numbers_that_no_run_gave(capsys: pytest.CaptureFixture[str]) -> None:
    """A forger recomputes the hash and enters the run in the log: the numbers themselves speak."""
    run("two_tanks", "a.h5", until="5 min")
    with h5py.File("a.h5", "r+") as file:
        values = file["/units/first/measurements/T"] if "/units/first/measurements/T" in file else None
        node = values if values is not None else file[_some_state(file)]
        node[2] = node[2] * (1.0 + 1e-9)
        file.attrs[HASH] = content_hash(file)
        forged = str(file.attrs[HASH])
    log_of(Path()).unlink()
    run_id = open_run("a.h5").provenance["session"]["run_id"]
    append(log_of(Path()), "run.started", {"run_id": run_id, "file": "a.h5"})
    append(log_of(Path()), "run.ended", {"run_id": run_id, "outcome": "finished", "content_hash": forged})
    assert verified(capsys, "a.h5")["ok"]
    result = verified(capsys, "a.h5", "--rerun")
    assert result["exit_code"] == Kind.REPRODUCTION == 24
    text = str(result["findings"])
    assert "units in the last place" in text
    assert "e-09 of its largest value" in text or "e-10 of its largest value" in text


def _some_state(file: h5py.File) -> str:
    names: list[str] = []
    file["/units"].visititems(lambda name, node: names.append(name) if isinstance(node, h5py.Dataset) else None)
    return f"/units/{next(name for name in names if '/states/' in name)}"


def test_t17_another_program_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run("two_tanks", "a.h5", until="1 min")
    (started,) = read(log_of(Path())).of("run.started")
    entries = read(log_of(Path())).entries[1:]
    log_of(Path()).unlink()
    for entry in entries:
        about = {**entry.object}
        if entry.action == started.action:
            about["software"] = "sha256:" + "0" * 64
        append(log_of(Path()), entry.action, about)
    result = verified(capsys, "a.h5", "--rerun")
    assert result["ok"]
    assert "not the one that made the run" in str(result["remarks"])
    assert verified(capsys, "a.h5", "--rerun", "--strict")["exit_code"] == Kind.SOFTWARE == 23


@pytest.mark.slow
def test_t17_a_kernel_is_patched_after_the_run(root: Path, tmp_path: Path) -> None:
    """One line of one kernel: it is compiled anew, however full the cache, and numbers and program both tell."""
    run("two_tanks", "a.h5", until="1 min")
    shutil.copytree(root / "unit_ops", tmp_path / "unit_ops", ignore=shutil.ignore_patterns("__pycache__"))
    kernel = tmp_path / "unit_ops" / "piping" / "tank.py"
    text = kernel.read_text(encoding="utf-8")
    assert text.count("/ (p.tau * kept(V") == 1
    kernel.write_text(text.replace("/ (p.tau * kept(V", "* 1.0001 / (p.tau * kept(V"), encoding="utf-8")
    for words, code in ((["--rerun"], Kind.REPRODUCTION), (["--rerun", "--strict"], Kind.SOFTWARE)):
        command = (
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
            f"import unit_ops; assert unit_ops.__file__.startswith({str(tmp_path)!r})\n"
            f"from twin.cli import main; raise SystemExit(main(['verify', 'a.h5', '--json', *{words!r}]))\n"
        )
        done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        told = json.loads(done.stdout)
        assert "not the one that made the run" in str([*told["remarks"], *told["findings"]])
        assert "units in the last place" in str(told["findings"])


def test_a_damaged_file_is_not_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    run("two_tanks", "a.h5", until="1 min")
    with h5py.File("a.h5", "r+") as file:
        file.attrs["title"] = "another"
    result = verified(capsys, "a.h5", "--rerun")
    assert result["exit_code"] == Kind.CONTENT
    assert "rerun" not in result
