"""Cold and warm start: from nothing compiled to a finished demo, and again with everything in the cache.

    python -m benchmarks.cold_start [--warm 5] [--write]

Each is a process of its own, as typed at a shell: `twin demo` (a day of the flagship plant into a file, what README's
first command ends with) with an empty cache and then with a full one, `twin run two_tanks` with a full one, and what
`import twin` takes beyond an empty Python. Wall and processor seconds, those of processes that compile included; of
repeats the one of least wall time. Byte code of the packages is there, as after an installation.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import harness

DEMO, TANKS = ("-m", "twin", "demo"), ("-m", "twin", "run", "two_tanks")
#: Imports, and so writes the byte code of, what a run needs; compiles nothing.
IMPORTS = "import twin.run, twin.plant.warm, twin.integrate.integrator, twin.results.writer, numba"


def seconds(command: Sequence[str], folder: Path, cache: Path) -> dict[str, float]:
    """Wall and processor seconds of a command, its own processes included."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["TWIN_CACHE_DIR"] = str(cache)
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(part).absolute()) for part in sys.path if part)
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": round(wall, 3), "cpu_s": round(cpu, 3)}


def least(command: Sequence[str], folder: Path, cache: Path, repeats: int) -> dict[str, float]:
    """The repeat of least wall time."""
    return min((seconds(command, folder, cache) for _ in range(repeats)), key=lambda found: found["wall_s"])


def main() -> None:
    """Run and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warm", type=int, default=5, help="repeats of what is warm")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name), Path(name) / "cache"
        seconds(("-c", IMPORTS), folder, cache)
        found["demo, nothing compiled"] = seconds(DEMO, folder, cache)
        found["demo"] = least(DEMO, folder, cache, arguments.warm)
        seconds(TANKS, folder, cache)
        found["two_tanks"] = least(TANKS, folder, cache, arguments.warm)
        bare, twin = (least(("-c", text), folder, cache, arguments.warm) for text in ("pass", "import twin"))
        found["import twin"] = {key: round(twin[key] - bare[key], 3) for key in twin}
    rows = [{"name": row, "values": values} for row, values in found.items()]
    harness.show(rows)
    if arguments.write:
        notes = [__doc__.partition("\n\n    ")[2].partition("\n\n")[2].strip()]
        harness.write("cold_start", "How long until the first run is finished, and every later one?", rows, notes)


if __name__ == "__main__":
    main()
