"""Does every shipped scenario run to its end, and do its balances close?

    python -m benchmarks.scenarios [--stale] [NAME…]

Runs the named scenarios, all unless given (with --stale those whose files have changed since they ran), in full,
and stores outcome, balances, key figures, events and times, one row a scenario: rows of scenarios that are not run
stay as they are. Figures are drawn beside the pages of the plants (`docs/plants/<scenario>.png`);
`python -m twin.plant_pages` then writes the pages.
Times are wall seconds of one integration, recording included, compilation excluded.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import COMMITTED, RESULTS, write
from benchmarks.scenario_figures import draw
from twin.config import load_scenario
from twin.errors import TwinError
from twin.plant import compile_plant
from twin.plant_pages import FOLDER
from twin.results.reader import Run, open_run
from twin.results.report import report
from twin.results.schedule import read_rows
from twin.run import run
from twin.scenario_pages import SCENARIOS, fingerprint

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = "scenarios"


def happened(found: Run) -> list[dict[str, Any]]:
    """What fired, by cause, in the order of first firing."""
    rows: dict[str, dict[str, Any]] = {}
    instants: set[tuple[str, float]] = set()
    for event in found.events:
        cause = event.cause or f"{event.kind} {event.path}"
        row = rows.setdefault(cause, {"cause": cause, "count": 0, "first_s": event.time, "last_s": event.time})
        if (cause, event.time) not in instants:  # one event may change several values
            instants.add((cause, event.time))
            row["count"] += 1
        row["last_s"] = event.time
    return list(rows.values())


def faults(found: Run) -> list[dict[str, Any]]:
    """Ground truth of faults by label and place: how often, from when, for how long."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    with found.opened() as file:
        for fault in read_rows(file, "/faults"):
            key = (fault["label"], fault["where"])
            fresh = {"label": key[0], "where": key[1], "count": 0, "first_s": fault["start"], "total_s": 0.0}
            row = rows.setdefault(key, fresh)
            row["count"] += 1
            row["total_s"] += fault["end"] - fault["start"]
    return list(rows.values())


def resources(found: Run) -> list[dict[str, Any]]:
    """What was asked for, how often, and how long it was waited for."""
    rows: dict[str, dict[str, Any]] = {}
    with found.opened() as file:
        for use in read_rows(file, "/schedule/resources"):
            fresh = {
                "resource": use["resource"],
                "requests": 0,
                "never": 0,
                "waited_s": 0.0,
                "longest_s": 0.0,
                "held_s": 0.0,
            }
            row = rows.setdefault(use["resource"], fresh)
            row["requests"] += 1
            if use["granted"] != use["granted"]:
                row["never"] += 1
                continue
            waited = use["granted"] - use["requested"]
            row["waited_s"] += waited
            row["longest_s"] = max(row["longest_s"], waited)
            row["held_s"] += use["amount"] * (use["released"] - use["granted"])
    return list(rows.values())


def values(name: str, found: Run, warnings: tuple[str, ...], wall: float, states: int) -> dict[str, Any]:
    """What is stored of a run."""
    summary = report(found)
    counts, made = summary["solver"], summary["yield"]
    quality = [{**row, "meaning": found.tags[row["tag"].partition("[")[0]].meaning} for row in summary["quality"]]
    keep = ("name", "relative", "relative_streams", "closes")
    return {
        "fingerprint": fingerprint(ROOT, name),
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "outcome": summary["outcome"],
        "message": summary["outcome_message"],
        "plant_s": summary["simulated_s"],
        "integration_s": wall,
        "states": states,
        **{key: counts.get(key, 0) for key in ("steps", "rejected", "rhs", "lu", "firings", "scans")},
        "warnings": sorted({*warnings, *summary["alarms"]}),
        "balances": [{key: row[key] for key in keep} for row in summary["balances"]],
        "feed": {owner: row["mass_kg"] for owner, row in summary["feeds"].items()},
        "product": {owner: row["mass_kg"] for owner, row in summary["products"].items()},
        "api": made["api"] if made else None,
        "yield": made["yield"] if made else None,
        "pmi": summary["pmi"],
        "quality": quality,
        "happened": happened(found),
        "faults": faults(found),
        "resources": resources(found),
    }


def measure(name: str) -> dict[str, Any]:
    """Run a scenario in full, draw its figure, give its row."""
    scenario = load_scenario(name)
    states = compile_plant(scenario.plant).n_y
    # a first minute compiles what the integrator needs for this plant
    with tempfile.TemporaryDirectory() as folder:
        run(dataclasses.replace(scenario, until=min(60.0, scenario.duration)), Path(folder) / "first.h5")
        result = run(scenario, Path(folder) / "run.h5")
        found = open_run(result.path)
        row = values(name, found, result.warnings, result.wall, states)
        try:
            if RESULTS == COMMITTED:
                draw(found, scenario, row["happened"], ROOT / FOLDER / f"{name}.png")
        except (ValueError, TwinError) as error:
            sys.stdout.write(f"{name}: no figure: {error}\n")
    return {"name": name, "values": row}


def stored() -> dict[str, dict[str, Any]]:
    """Rows of earlier runs."""
    path = RESULTS / f"{BENCHMARK}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    return {row["name"]: row for row in rows}


def main() -> int:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="scenarios; all unless given")
    known = sorted(path.stem for path in (ROOT / SCENARIOS).glob("*.yaml"))
    parser.add_argument("--stale", action="store_true", help="leave out those whose results are current")
    failed = 0
    given = parser.parse_args()
    for name in given.names or known:
        if given.stale and stored().get(name, {}).get("values", {}).get("fingerprint") == fingerprint(ROOT, name):
            continue
        try:
            row = measure(name)
        except TwinError as error:
            sys.stdout.write(f"{name}: {error}\n")
            failed += 1
            continue
        done = row["values"]
        worst = max(done["balances"], key=lambda balance: balance["relative"])
        sys.stdout.write(
            f"{name:<36s} {done['outcome']:<10s} {done['plant_s'] / 3600.0:8.2f} h in {done['integration_s']:7.2f} s, "
            f"{done['steps']:7d} steps, balances {worst['relative']:.1e} ({worst['name']})\n"
        )
        for warning in done["warnings"]:
            sys.stdout.write(f"    {warning}\n")
        sys.stdout.flush()
        failed += done["outcome"] != "finished" or not worst["closes"]
        rows = {**stored(), name: row}
        notes = [
            "One run each, in full, with its own settings; wall seconds of the integration, recording included: an "
            "upper bound where other work shared the machine, as on 2026-11-22.",
            "Environment and date above are those of the last rerun; each row has its own date.",
        ]
        kept = [rows[key] for key in sorted(rows) if key in known]
        write(BENCHMARK, "Every shipped scenario in full: outcome, balances, key figures, time", kept, notes)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
