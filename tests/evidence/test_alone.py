"""The verifier as one file, on a machine that has no Twin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evidence.folder import PASSPHRASE, make_run
from twin.cli import main
from twin.evidence.commands import PASSPHRASE as VARIABLE
from twin.evidence.zipapp import MODULES, build

#: Runs a program with all packages out of reach but those that it may need.
BLOCKED = """
import runpy, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numba", "scipy", "simpy", "ruamel", "rich", "unit_ops", "platformdirs", "llvmlite"):
            raise ModuleNotFoundError(f"{name} is not on a clean machine", name=name)
sys.meta_path.insert(0, Nothing())
program = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_path(program, run_name="__main__")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("alone") / "twin-verify.pyz")


def alone(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program without this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-I", "-c", BLOCKED, str(program), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


def test_it_verifies_and_refuses_without_twin(program: Path, genuine: Path, runs: Path) -> None:
    done = alone(program, str(genuine / "a.h5"))
    assert done.returncode == 0, done.stderr
    assert "approver: Ana Cruz" in done.stdout
    (runs / "b.h5").unlink()
    done = alone(program, str(runs), "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["class"], answer["exit_code"]) == (17, "REGISTRY", 17)


def test_the_same_sources_give_the_same_program(program: Path, tmp_path: Path) -> None:
    assert build(tmp_path / "again.pyz").read_bytes() == program.read_bytes()
    assert len(program.read_bytes()) < 200_000
    assert "twin.run" not in MODULES


def test_the_commands_as_they_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    make_run(tmp_path / "a.h5", 20)
    assert main(["finalise", "a.h5"]) == 0
    assert main(["evidence", "key", "--name", "Li Wei", "--out", "li.key", "--roles", "author"]) == 0
    assert main(["evidence", "key", "--name", "Ana Cruz", "--out", "ana.key"]) == 0
    assert main(["sign", "a.h5", "--key", "li.key", "--as", "author"]) == 0
    capsys.readouterr()
    assert main(["sign", "a.h5", "--key", "li.key", "--as", "approver"]) == 14
    assert "Li Wei is the author and cannot be approver" in capsys.readouterr().err
    assert main(["sign", "a.h5", "--key", "ana.key", "--as", "approver", "--reason", "released"]) == 0
    keys = ["--trusted-keys", "li.key.public.json", "--trusted-keys", "ana.key.public.json"]
    assert main(["verify", "a.h5", *keys, "--strict"]) == 0
    shown = capsys.readouterr().out
    assert "author: Li Wei" in shown
    assert "approver: Ana Cruz" in shown
    assert main(["evidence", "note", "checked by eye", "."]) == 0
    assert main(["evidence", "log", "."]) == 0
    assert "checked by eye" in capsys.readouterr().out
    monkeypatch.setenv(VARIABLE, "another passphrase")
    assert main(["sign", "a.h5", "--key", "ana.key", "--as", "reviewer"]) == 2
    assert "another passphrase" in capsys.readouterr().err


def test_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    text = capsys.readouterr().out
    for code in range(10, 26):
        assert f"\n  {code}   " in text
