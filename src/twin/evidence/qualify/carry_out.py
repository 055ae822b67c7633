"""Carries out a qualification: every check of its requirements, and a report of texts that can be signed."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.evidence import software
from twin.evidence.qualify import installation, operation
from twin.evidence.qualify.installation import Failed
from twin.evidence.qualify.report import SCHEMA, judged
from twin.evidence.qualify.requirements import STAGES, SUITES
from twin.packages import folders
from twin.results.sections import versions

#: Longest that a part of the test suite may take, in s.
PATIENCE = 3600
_INSTALLATION = ("versions", "files", "arithmetic", "storage", "compiler", "clock")


class NotRun(Exception):
    """A check that could not be made here; the message says why."""


def qualify(
    stage: str,
    say: Callable[[str], None],
    *,
    suite: bool = True,
    scenarios: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make all checks of a stage.

    Parameters
    ----------
    stage : str
        iq or oq.
    say : callable
        Told of each check as it begins.
    suite : bool
        Whether the test suite is run, where there is one; without it its requirements are not tested.
    scenarios : mapping, optional
        Shipped scenarios to run, and how far; fewer than all leave their requirements open.

    Returns
    -------
    dict
        The report: texts, lists and objects only, so that it has one spelling.
    """
    requirements = STAGES[stage]
    names = list(dict.fromkeys(name for requirement in requirements for name in requirement.checks))
    chosen = dict(operation.SCENARIOS if scenarios is None else scenarios)
    started = datetime.now(UTC)
    checks: dict[str, dict[str, str]] = {}
    with operation.workshop(chosen) as work:
        for name in names:
            say(name.replace("_", " "))
            begun = time.perf_counter()
            state, told = _made(name, work, suite)
            if state == "passed" and name in ("balances", "references") and set(chosen) != set(operation.SCENARIOS):
                state, told = "not run", f"only in part: {told}"
            checks[name] = {"state": state, "told": told, "seconds": f"{time.perf_counter() - begun:.1f}"}
    commit, dirty = software.commit()
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "stage": stage,
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": {
            "software": software.fingerprint(),
            "commit": commit,
            "changed": "yes" if dirty else "no",
            **{name: str(version) for name, version in sorted(versions().items())},
        },
        "machine": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "cpus": str(os.cpu_count()),
        },
        "requirements": [{"id": r.id, "text": r.text, "checks": list(r.checks)} for r in requirements],
        "checks": checks,
    }
    return judged(report)


def _made(name: str, work: operation.Workshop, suite: bool) -> tuple[str, str]:
    try:
        if name in SUITES:
            if not suite:
                raise NotRun("left out")
            return "passed", _suite(SUITES[name])
        if name in _INSTALLATION:
            return "passed", str(getattr(installation, name)())
        return "passed", str(getattr(operation, name)(work))
    except NotRun as error:
        return "not run", str(error)
    except Failed as error:
        return "failed", str(error)
    except TwinError as error:
        return "failed", " ".join(str(error).split())[:500]
    except Exception as error:  # a defect may break anything: whatever it is, the requirement is not met
        return "failed", f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


def _suite(part: str) -> str:
    """Run a part of the test suite in a process of its own."""
    root = _root()
    if root is None or not (root / part).exists():
        raise NotRun("the test suite is not here: it comes with a clone, not with a wheel")
    if importlib.util.find_spec("pytest") is None:
        raise NotRun("pytest is not installed: pip install 'continuous-twin[dev]'")
    with tempfile.TemporaryDirectory(prefix="twin-suite-") as folder:
        result = Path(folder) / "result.xml"
        options = ["-q", "-p", "no:dash", "-n", "0", f"--junitxml={result}"]
        command = [sys.executable, "-m", "pytest", *options, part]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if not result.is_file():
            raise Failed(f"pytest did not come to an end: {done.stdout[-300:]} {done.stderr[-300:]}")
        counted = ElementTree.parse(result).getroot().find("testsuite")
    assert counted is not None
    tests, bad = int(counted.get("tests", 0)), int(counted.get("failures", 0)) + int(counted.get("errors", 0))
    skipped = int(counted.get("skipped", 0))
    if bad or done.returncode:
        names = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        raise Failed(f"{bad} of {tests} tests failed: {'; '.join(names)[:400]}")
    if tests - skipped < 1:
        raise NotRun("no test was found")
    return f"{tests - skipped} tests passed, {skipped} skipped"


def _root() -> Path | None:
    """Root of the clone that the program is run from."""
    found = folders("twin")
    root = found[0].parent.parent if found else None
    return root if root is not None and (root / "tests").is_dir() else None
