"""Long looks at large files, in a process of their own: `python -m dashboard.aside hash|report|evidence FILE`.

Reading a gigabyte holds the lock of the HDF5 library again and again; whoever zooms meanwhile would wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from twin.results.content import verify
from twin.results.files import FileProblem
from twin.results.reader import open_run
from twin.results.report import report

#: One at a time: whoever zooms meanwhile needs the rest of the machine.
_TURN = threading.Lock()
#: Files from this size on are looked at aside [bytes].
LARGE = 64 << 20


def is_large(path: Path) -> bool:
    """Whether a file is looked at aside."""
    return path.is_file() and path.stat().st_size > LARGE


def ask(what: str, path: Path) -> dict[str, Any]:
    """Have a file looked at; `what` is "hash", "report" or "evidence". Raises FileProblem when that fails."""
    command = [sys.executable, "-m", "dashboard.aside", what, str(path)]
    behind = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    with _TURN:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", check=False, creationflags=behind
        )
    if done.returncode != 0:
        raise FileProblem(f"{path.name} cannot be read: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def evidence(path: Path) -> dict[str, Any]:
    """Check a run, or a dossier, and everything beside it; a large one aside.

    Returns
    -------
    dict
        `ok`, `kind` (a number of :class:`twin.evidence.findings.Kind`, or None), `wrong` (kinds and texts), `remarks`,
        `facts`.
    """
    return ask("evidence", path) if is_large(path) else checked(path)


def checked(path: Path) -> dict[str, Any]:
    """Check here."""
    from twin.evidence.verify import verify as check

    found = check(path)
    return {
        "ok": found.ok,
        "kind": None if found.kind is None else int(found.kind),
        "wrong": [(int(row.kind), row.text) for row in found.wrong],
        "remarks": [row.text for row in found.remarks],
        "facts": found.facts,
    }


def main() -> int:
    """Look, and print what was found, after those who wait for a picture."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    what, path = sys.argv[1], Path(sys.argv[2])
    if what == "evidence":
        answer = checked(path)
    elif what == "hash":
        found = verify(path)
        answer = {"ok": found.ok, "stored": found.stored, "computed": found.computed, "reason": found.reason}
    else:
        answer = report(open_run(path))
    sys.stdout.write(json.dumps(answer, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
