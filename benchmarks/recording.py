"""How large is a run file, and how fast is it written?

    python -m benchmarks.recording [--quick]

A day of the flagship and of direct compression into files, at several intervals of recording, each run beside the same
integration that records nothing. `MB_per_s` is the file's size over what recording, closing and hashing added;
`uncompressed_MB` is 8 bytes a number.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import h5py

from benchmarks.harness import quickly, show, stores, write
from twin.config import load_scenario
from twin.run import run

SCENARIOS = ("paracetamol_startup", "direct_compression_day")
#: Seconds between samples.
INTERVALS = (60.0, 10.0, 1.0)
#: A difference of times below this part of the run's own is noise, and gives no bandwidth.
NOISE = 0.3


def once(scenario: Any, folder: Path) -> tuple[Path, float]:
    """Wall seconds of a run, from the loaded scenario to the finished file."""
    began = time.perf_counter()
    done = run(scenario, folder / f"{time.monotonic_ns()}.h5", checkpoint_every=float("inf"))
    seconds = time.perf_counter() - began
    if not done.ok:
        raise RuntimeError(done.message)
    return done.path, seconds


def numbers(path: Path) -> int:
    """Numbers that the file holds."""
    found = [0]

    def count(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu":
            found[0] += item.size

    with h5py.File(path) as file:
        file.visititems(count)
    return found[0]


def main() -> None:
    """Run, print and store."""
    from dataclasses import replace

    quick = quickly(__doc__, "two hours, one interval")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for told in SCENARIOS[:1] if quick else SCENARIOS:
            scenario = load_scenario(told)
            if quick:
                scenario = replace(scenario, until=7200.0)
            bare = replace(scenario, record_every=scenario.duration)
            once(bare, folder)
            base = min(once(bare, folder)[1] for _ in range(3))
            for every in INTERVALS[:1] if quick else INTERVALS:
                found = [once(replace(scenario, record_every=every), folder) for _ in range(2)]
                path, seconds = min(found, key=lambda pair: pair[1])
                size, count = path.stat().st_size, numbers(path)
                values = {
                    "file_MB": size / 1e6,
                    "uncompressed_MB": 8e-6 * count,
                    "bytes_per_number": size / count,
                    "wall_s": seconds,
                    "wall_s_without": base,
                }
                if seconds - base > NOISE * base:
                    values["MB_per_s"] = size / 1e6 / (seconds - base)
                rows.append({"name": f"{told}, every {every:g} s", "values": values})
                show(rows[-1:])
                for made, _ in found:
                    made.unlink()
    if stores(quick):
        notes = ["Without: one sample at the end. Differences of wall times: a busy machine blurs them."]
        write("recording", "Size of run files and the bandwidth at which they are written", rows, notes)


if __name__ == "__main__":
    main()
