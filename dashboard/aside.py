"""Long looks at large files, in a process of their own: `python -m dashboard.aside hash|report FILE`.

Reading a gigabyte holds the lock of the HDF5 library again and again; whoever zooms meanwhile would wait.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from twin.results.content import verify
from twin.results.files import FileProblem
from twin.results.reader import open_run
from twin.results.report import report

#: Files from this size on are looked at aside [bytes].
LARGE = 64 << 20


def ask(what: str, path: Path) -> dict[str, Any]:
    """Have a file looked at; `what` is "hash" or "report". Raises FileProblem when that fails."""
    command = [sys.executable, "-m", "dashboard.aside", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise FileProblem(f"{path.name} cannot be read: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Look, and print what was found."""
    what, path = sys.argv[1], Path(sys.argv[2])
    if what == "hash":
        found = verify(path)
        answer = {"ok": found.ok, "stored": found.stored, "computed": found.computed, "reason": found.reason}
    else:
        answer = report(open_run(path))
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
