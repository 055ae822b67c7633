"""What `twin loops` does."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.control.findings import after, before, loops, table

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec
    from twin.results.reader import Run

#: Columns of the table for people.
HEADS = {
    "tag": "loop",
    "meaning": "",
    "measures": "measures",
    "moves": "moves",
    "period_s": "period [s]",
    "mean_error": "mean |error|",
    "largest_error": "largest",
    "part_at_limits": "at limits",
    "unit": "unit",
}


def run_loops(arguments: Namespace) -> int:
    """`twin loops NAME`"""
    from twin.results.reader import open_run

    run: Run | None = open_run(arguments.name) if arguments.name.endswith(".h5") else None
    plant = plant_of(run) if run is not None else plant_named(arguments.name)
    rows = table(plant, run)
    found = before(plant) + (after(plant, run) if run is not None else [])
    differs = _differences(plant, run, open_run(arguments.beside)) if run is not None and arguments.beside else {}
    if arguments.json:
        told = {"ok": True, "exit_code": 0, "loops": rows, "findings": found, "differences": differs}
        sys.stdout.write(f"{json.dumps(told, allow_nan=False)}\n")
        return 0
    _print(rows)
    for tag, value in differs.items():
        sys.stdout.write(f"differs from the other run by at most {value:.4g}: {tag}\n")
    for text in found:
        sys.stdout.write(f"warning: {text}\n")
    return 0


def plant_named(name: str) -> PlantSpec:
    """Load a plant, or the plant of a scenario. Raises ConfigError."""
    from twin.config import ConfigError, load_plant, load_scenario

    try:
        return load_scenario(name).plant
    except ConfigError as error:
        try:
            return load_plant(name)
        except ConfigError:
            raise error from None


def plant_of(run: Run) -> PlantSpec:
    """Give the plant that a run file says was run."""
    from twin.config import load_scenario

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resolved.yaml"
        path.write_text(run.resolved_yaml, encoding="utf-8")
        return load_scenario(path).plant


def _differences(plant: PlantSpec, run: Run, other: Run) -> dict[str, float]:
    """Greatest difference of what each loop measures and moves, at the samples that both have."""
    _, mine, its = np.intersect1d(run.time, other.time, return_indices=True)
    found = {}
    for loop in loops(plant):
        for tag in (loop.truth, f"{loop.name}.output"):
            if tag in run.tags and tag in other.tags:
                a, b = np.asarray(run.get(tag), dtype=float)[mine], np.asarray(other.get(tag), dtype=float)[its]
                found[tag] = float(np.max(np.abs(a - b))) if len(mine) else 0.0
    return found


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = [key for key in HEADS if any(key in row for row in rows)]
    grid = Table(box=None, pad_edge=False)
    for key in shown:
        grid.add_column(HEADS[key], justify="right" if key.endswith(("_s", "_error", "limits")) else "left")
    for row in rows:
        grid.add_row(*(_text(key, row.get(key, "")) for key in shown))
    Console(width=160 if not sys.stdout.isatty() else None).print(grid)


def _text(key: str, value: Any) -> str:
    if key == "period_s":
        return f"{value:g}" if value else "continuous"
    if key == "part_at_limits":
        return f"{100.0 * value:.1f} %"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
