"""How fast is a day of the direct-compression line, refills included, and how exact?

    python -m benchmarks.direct_compression [--quick]

`direct_compression_day`, 24 h from start-up to shutdown with some fifty refills, pulsation and noise off: the whole
schedule is run with the native Rodas4P at several tolerances, without writing a file; then with a near-infrared
probe that reads every minute instead of every five, and with one that never does. Errors are
max |y − ref|/(|ref| + nominal) over states, at each minute, against a run at rtol 1e-8; those at refills show that
their instants move. Loading and compiling come before the clock starts.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import numpy as np

from benchmarks.harness import measure, show, stores, write
from twin.config import load_scenario
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation

REFERENCE = 1e-8


#: How often the near-infrared probe reads, and what the row is called.
PROBES: tuple[tuple[str, dict[str, float]], ...] = (
    ("", {}),
    (", NIR each minute", {"nir.period": 60.0, "nir.t_window": 60.0}),
    (", NIR not read", {"nir.period": 1e5, "nir.t_window": 1e5}),
)


def simulate(scenario: Any, plant: Any, rtol: float, repeats: int) -> tuple[np.ndarray, dict[str, int], dict[str, Any]]:
    """Run once to warm up, then for the clock; gives samples, counts and times."""
    chosen = dataclasses.replace(scenario, rtol=rtol)
    blocks: list[np.ndarray] = []
    made: list[Simulation] = []

    def once() -> None:
        blocks.clear()
        simulation = Simulation(chosen, plant, samples=lambda block: blocks.append(block.y.copy()))
        made.append(simulation)
        ending = simulation.run()
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(f"rtol {rtol:g}: {ending}")

    once()
    seconds = measure(once, repeats)
    return np.concatenate(blocks), made[-1].statistics, seconds


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, nothing stored")
    quick = parser.parse_args().quick
    rows: list[dict[str, Any]] = []
    for probe, settings in PROBES:
        scenario = load_scenario("direct_compression_day", settings)
        plant = compile_plant(scenario.plant)
        reference, *_ = simulate(scenario, plant, REFERENCE, 1)
        if not rows:
            size = {"states": plant.n_y, "auxiliaries": plant.n_aux, "quadratures": plant.n_q}
            rows.append({"name": "size", "values": size})
        for rtol in (scenario.rtol,) if probe else (scenario.rtol, 1e-4, 1e-5, 1e-6):
            samples, counts, seconds = simulate(scenario, plant, rtol, 1 if quick else 9)
            errors = np.max(np.abs(samples - reference) / (np.abs(reference) + plant.nominal), axis=1)
            keep = ("steps", "rejected", "rhs", "jacobians", "lu", "firings", "scans")
            values = {**seconds, "error_median": float(np.median(errors)), "error_max": float(np.max(errors))}
            rows.append({"name": f"rodas4p rtol {rtol:g}{probe}", "values": {**values, **{k: counts[k] for k in keep}}})
    show(rows)
    if stores(quick):
        notes = [
            "CPU seconds of the process; minima of repeats; loading, compiling and writing excluded.",
            "The worst samples lie at refills, whose instants move with the tolerance.",
        ]
        write("direct_compression", "A day of direct compression with refills: time and error", rows, notes)


if __name__ == "__main__":
    main()
