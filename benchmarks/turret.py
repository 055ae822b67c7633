"""How fast are single tablets drawn from a recorded press, and in how much memory?

    python -m benchmarks.turret

36 stations at 60 rpm for 24 h: 3.1 million tablets with mass, force, thickness, hardness and API content, judged by
a reject gate and summed up. Compiling comes before the clock starts.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

from benchmarks.harness import measure, show, write
from unit_ops.tableting import turret

VARIATION = turret.Variation(36, 0.005, 0.002, 0.006, 0.01, 0.05, 9.0, 8.0)


def day(hours: float) -> turret.Series:
    """A press at one working point, recorded every minute."""
    t = np.arange(0.0, 3600.0 * hours + 1.0, 60.0)
    return turret.Series(t, *(np.full(t.size, v) for v in (36.0, 300e-6, 11.8e3, 3e-3, 120.0, 0.83, 0.2)))


def main() -> None:
    """Run, print and store."""
    series = day(24.0)
    limits = ((10e3, 14e3), (285e-6, 315e-6))
    found, rejected = turret.summarise(turret.blocks(series, VARIATION, 1), *limits)
    seconds = measure(lambda: turret.summarise(turret.blocks(series, VARIATION, 1), *limits), 5)
    tracemalloc.start()
    turret.summarise(turret.blocks(day(2.0), VARIATION, 1), *limits)
    two_hours = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    turret.summarise(turret.blocks(series, VARIATION, 1), *limits)
    whole = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    values = {**seconds, "tablets": found["mass"].count + rejected, "rejected": rejected}
    rows: list[dict[str, Any]] = [
        {"name": "24 h of tablets", "values": values},
        {"name": "peak memory, MB", "values": {"2 h": two_hours / 1e6, "24 h": whole / 1e6}},
    ]
    show(rows)
    write("turret", "Single tablets of a day: time and memory", rows, ["CPU seconds of the process."])


if __name__ == "__main__":
    main()
