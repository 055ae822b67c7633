"""Types commands into a process of their own, as a user's shell does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    """Environment in which this checkout is importable from any folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **changes}


def python(words: Sequence[str], folder: Path | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `words`."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=580,
        check=False,
    )


def twin(*words: str, folder: Path | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run `twin` with `words`."""
    return python(["-m", "twin", *words], folder, **changes)
