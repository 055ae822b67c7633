"""How fast is Dyssol's granulation loop here, against the 62.6 s that Dyssol itself took for it?

    python -m benchmarks.dyssol

`dyssol_granulation`, 3500 s, streams within 0.5 % of the published ones (tests/verification/test_dyssol.py). Once the
integration alone, in CPU seconds, plant compiled and loaded; once the whole command `twin run` as a user gives it, in
seconds of the clock, everything compiled before. Dyssol's time is that of its whole process on a machine of two
cores (3,646 iterations of its recycle); it was not measured again here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import measure, show, write
from twin.config import load_scenario
from twin.integrate.integrator import Integrator
from twin.plant import compile_plant

#: Seconds that Dyssol took for the whole flowsheet on a machine of two cores.
PEER = 62.6
REPEATS = 5


def integration() -> tuple[dict[str, float], dict[str, int]]:
    """CPU seconds of the integration, samples every 10 s taken, and its counts."""
    scenario = load_scenario("dyssol_granulation")
    plant = compile_plant(scenario.plant)
    made = [
        Integrator(plant, method=scenario.method, rtol=scenario.rtol, every=10.0, samples=lambda block: None)
        for _ in range(REPEATS + 1)
    ]
    ready = list(made)

    def once() -> None:
        ending = ready.pop().advance(scenario.duration)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(str(ending))

    once()
    return measure(once, REPEATS), made[0].statistics


def command() -> dict[str, float]:
    """Seconds of the clock for the whole command, start of Python and writing of results included."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(REPEATS + 1):
            began = time.perf_counter()
            arguments = ["run", "dyssol_granulation", "--out", str(Path(folder) / f"{i}.h5")]
            subprocess.run([sys.executable, "-m", "twin", *arguments], check=True, capture_output=True)
            seconds.append(time.perf_counter() - began)
    seconds = sorted(seconds[1:])
    return {"min_s": seconds[0], "median_s": seconds[len(seconds) // 2], "max_s": seconds[-1]}


def main() -> None:
    """Run, print and store."""
    times, counts = integration()
    whole = command()
    keep = ("steps", "rejected", "rhs", "jacobians", "lu", "solves")
    rows: list[dict[str, Any]] = [
        {"name": "integration", "values": {**times, **{k: counts[k] for k in keep}}},
        {"name": "whole command", "values": whole},
        {"name": "Dyssol over integration", "values": {"ratio_to_median": PEER / times["median_s"]}},
        {"name": "Dyssol over whole command", "values": {"ratio_to_median": PEER / whole["median_s"]}},
    ]
    show(rows)
    notes = [f"Dyssol: {PEER} s, whole process, on another machine of two cores; not measured again here."]
    write("dyssol", "Dyssol's granulation loop, 3500 s, against the 62.6 s of Dyssol", rows, notes)


if __name__ == "__main__":
    main()
