"""Is every check of the verifier held by a test? Each place that notes a finding is muted in turn: a test must fail.

First the tests of the evidence are run once, to see which of them reach which place. Then, for each place, those tests
alone are run again with its findings dropped.

    python -m benchmarks.verifier        writes benchmarks/results/verifier.json
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import show, write
from twin.evidence.findings import Findings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src" / "twin" / "evidence"
FILES = ("verify.py", "structure.py", "signing.py", "dossier/check.py", "qualify/report.py", "rerun.py")
TESTS = ("threats", "hostile", "chain", "beside", "classes", "dossier", "qualify", "rerun", "register")
MUTED, REACHED = "TWIN_MUTED_FINDING", "TWIN_REACHED_FINDINGS"


def places() -> list[str]:
    """Calls that note a finding or a remark, as file:line."""
    found = []
    for name in FILES:
        tree = ast.parse((FOLDER / name).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("add", "remark")
            ):
                if isinstance(node.func.value, ast.Name) and node.func.value.id in ("findings", "found"):
                    found.append(f"{name}:{node.lineno}")
    return sorted(set(found))


class Plugin:
    """Drops the findings of one place, or writes down which test reaches which place."""

    def __init__(self) -> None:
        self.muted, self.reached = os.environ.get(MUTED, ""), os.environ.get(REACHED, "")
        self.test, self.seen = "", {}  # type: tuple[str, dict[str, set[str]]]
        for name in ("add", "remark"):
            setattr(Findings, name, self.wrapped(getattr(Findings, name)))

    def wrapped(self, real: Any) -> Any:
        def noted(findings: Findings, *words: Any, **more: Any) -> None:
            frame = sys._getframe(1)
            path = Path(frame.f_code.co_filename)
            place = f"{path.relative_to(FOLDER).as_posix()}:{frame.f_lineno}" if path.is_relative_to(FOLDER) else ""
            self.seen.setdefault(place, set()).add(self.test)
            if place != self.muted or not place:
                real(findings, *words, **more)

        return noted

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self.test = item.nodeid
        return (yield)

    def pytest_sessionfinish(self) -> None:
        if self.reached:
            told = {place: sorted(tests - {""}) for place, tests in self.seen.items() if place}
            Path(self.reached).write_text(json.dumps(told), encoding="utf-8")


def tested(names: list[str], **environment: str) -> int:
    """Run tests in a process of their own; give its exit code."""
    code = "import sys, pytest; from benchmarks.verifier import Plugin; sys.exit(pytest.main(sys.argv[1:], [Plugin()]))"
    words = [sys.executable, "-c", code, "-n", "0", "-p", "no:dash", "-p", "no:randomly", "-q", "-x", *names]
    inherited = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.run(
        words, cwd=ROOT, env={**inherited, **environment}, capture_output=True, check=False
    ).returncode


def main() -> list[dict[str, Any]]:
    """Mute each place in turn."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "reached.json"
        files = [f"tests/evidence/test_{name}.py" for name in TESTS]
        if tested(files, **{REACHED: str(record)}) != 0:
            raise RuntimeError("the tests of the evidence fail as they are")
        reached: dict[str, list[str]] = json.loads(record.read_text(encoding="utf-8"))
    rows = []
    for place in places():
        tests = reached.get(place, [])
        # those that reach few places say most; a handful is enough to ask
        found = bool(tests) and tested(tests[:40], **{MUTED: place}) == 1
        rows.append({"name": place, "values": {"reached_by": len(tests), "found": found}})
        show(rows[-1:])
    return rows


if __name__ == "__main__":
    told = main()
    held = sum(row["values"]["found"] for row in told)
    write(
        "verifier",
        "Is every check of the verifier held by a test that fails without it?",
        told,
        [f"{held} of {len(told)} places are held."],
    )
