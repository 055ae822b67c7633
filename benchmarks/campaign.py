"""How long does a month of the direct-compression line take, and what do its processes wait for?

    python -m benchmarks.campaign [--quick]

`campaign_30_days`: three products, six production runs, cleaning, line clearance, shifts, one cleaning skid and two
operators; about five thousand events, written to a file. Each run is a process of its own on a warm cache, from the
command line to the finished file, as `twin run` is. The waits are a plain sum over the resource log; a log with a
double booking stops the benchmark.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import show, stores, write
from twin.results.reader import open_run
from twin.results.report import report
from twin.results.schedule import read_rows

SCENARIO = "campaign_30_days"
HOUR = 3600.0


def run_once(folder: Path, number: int) -> tuple[Path, float]:
    """Run the command; give the file and the wall seconds of all of it."""
    path = folder / f"run-{number}.h5"
    began = time.perf_counter()
    command = [sys.executable, "-m", "twin", "run", SCENARIO, "--out", str(path), "--quiet"]
    subprocess.run(command, check=True, capture_output=True)
    return path, time.perf_counter() - began


def most_held(uses: list[dict[str, Any]], resource: str) -> int:
    """Give how much of a resource was held at once, at most: counted up and down over the log."""
    steps = []
    for use in uses:
        if use["resource"] == resource and use["released"] > use["granted"]:
            steps += [(use["granted"], 1, use["amount"]), (use["released"], 0, -use["amount"])]
    held = most = 0
    for _, _, amount in sorted(steps):  # what is given back at an instant comes before what is granted then
        held += amount
        most = max(most, held)
    return int(most)


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, nothing stored")
    quick = parser.parse_args().quick
    seconds, integration = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(1 if quick else 4):
            path, wall = run_once(Path(name), number)
            if number or quick:  # the first one warms the cache
                seconds.append(wall)
                integration.append(open_run(path).provenance["session"]["integration_wall_s"])
        run = open_run(path)
        with run.opened() as file:
            uses, bars = read_rows(file, "/schedule/resources"), read_rows(file, "/schedule")
        summary = report(run)
    limits = {"cleaning_skid": 1, "operator": 2, "unit press": 1}
    rows: list[dict[str, Any]] = [
        {
            "name": "whole command",
            "values": {"min_s": min(seconds), "max_s": max(seconds), "integration_min_s": min(integration)},
        },
        {
            "name": "run",
            "values": {
                "plant_days": summary["simulated_s"] / 86400.0,
                "events": summary["events"],
                "bars": len(bars),
                "steps": summary["solver"]["steps"],
                "tablets_kg": summary["products"]["tablets"]["mass_kg"],
                "worst_balance": max(abs(row["relative"]) for row in summary["balances"]),
            },
        },
    ]
    for resource, limit in limits.items():
        mine = [use for use in uses if use["resource"] == resource]
        waits = [use["granted"] - use["requested"] for use in mine if use["granted"] > use["requested"]]
        most = most_held(uses, resource)
        if most > limit:
            raise RuntimeError(f"{most} of {limit} {resource} were held at once")
        values = {"requests": len(mine), "waited": len(waits), "waited_h": sum(waits) / HOUR, "most_held": most}
        rows.append({"name": resource, "values": {**values, "longest_wait_h": max(waits, default=0.0) / HOUR}})
    show(rows)
    if stores(quick):
        notes = ["Wall seconds, from the command line to the finished file; the cache is warm."]
        write(
            "campaign", "A month of direct compression with shared resources: time, and what is waited for", rows, notes
        )


if __name__ == "__main__":
    main()
