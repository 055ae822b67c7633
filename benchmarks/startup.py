"""How long until the first result, cold and warm, and in how much memory?

    python -m benchmarks.startup [--quick]

Each command in a process of its own, as a user types it: seconds of the clock, CPU seconds of it and its children,
and the most memory that one process of it held. Cold: an empty kernel cache, as after installing. Warm: everything
compiled before; least and median of five, of three where one takes longer than `LONG`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Skipped, quickly, show, stores, write

TWIN = (sys.executable, "-m", "twin")
#: What is typed -> arguments; `FILE` is replaced by a new file's name.
WARM: dict[str, tuple[str, ...]] = {
    "twin --help": (*TWIN, "--help"),
    "twin check paracetamol_startup": (*TWIN, "check", "paracetamol_startup"),
    "twin run two_tanks": (*TWIN, "run", "two_tanks", "--quiet", "--out", "FILE"),
    "twin run paracetamol_smooth": (*TWIN, "run", "paracetamol_smooth", "--quiet", "--out", "FILE"),
    "twin demo (paracetamol_startup)": (*TWIN, "run", "paracetamol_startup", "--quiet", "--out", "FILE"),
    "twin run direct_compression_day": (*TWIN, "run", "direct_compression_day", "--quiet", "--out", "FILE"),
    "twin run campaign_30_days": (*TWIN, "run", "campaign_30_days", "--quiet", "--out", "FILE"),
}
IMPORTS = {
    "an empty Python": (sys.executable, "-c", "pass"),
    "import twin": (sys.executable, "-c", "import twin"),
    "import twin.run": (sys.executable, "-c", "import twin.run"),
}
COLD = ("twin run two_tanks", "twin demo (paracetamol_startup)")
#: Seconds.
LONG = 4.0
SHORT = ("twin --help", "twin check paracetamol_startup", "twin run two_tanks")


def typed(words: Sequence[str], folder: Path, cache: Path | None = None) -> dict[str, float]:
    """Run one command to its end."""
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed as by pip, Twin comes with its byte code
    if cache is not None:
        environment["TWIN_CACHE_DIR"] = str(cache)
    new = folder / f"{time.monotonic_ns()}.h5"
    words = [str(new) if word == "FILE" else word for word in words]
    began = time.perf_counter()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}")
    new.unlink(missing_ok=True)
    # kilobytes, but bytes on macOS
    megabytes = used.ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)
    return {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_MB": megabytes}


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "warm only, three commands")
    if not hasattr(os, "wait4"):
        raise Skipped("the memory of a child process is asked for by wait4, which this system does not have")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = {**IMPORTS, **{k: v for k, v in WARM.items() if not quick or k in SHORT}}
        for command, words in told.items():
            first = typed(words, folder)["wall_s"]
            runs = [typed(words, folder) for _ in range(2 if quick else 3 if first > LONG else 5)]
            values: dict[str, Any] = {
                "min_wall_s": min(run["wall_s"] for run in runs),
                "median_wall_s": statistics.median(run["wall_s"] for run in runs),
                "min_cpu_s": min(run["cpu_s"] for run in runs),
                "peak_MB": max(run["peak_MB"] for run in runs),
            }
            rows.append({"name": f"warm: {command}", "values": values})
            show(rows[-1:])
        for command in () if quick else COLD:
            with tempfile.TemporaryDirectory() as cache:
                rows.append({"name": f"cold: {command}", "values": typed(WARM[command], folder, Path(cache))})
            show(rows[-1:])
    if stores(quick):
        write("startup", "Time to the first result, cold and warm, and memory", rows, ["Cold: an empty kernel cache."])


if __name__ == "__main__":
    main()
