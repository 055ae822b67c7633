"""What `twin steady` says: for people, for scripts and as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config import load_scenario
from twin.config.plant import find, load_plant
from twin.config.reading import read_file
from twin.errors import ConfigError
from twin.results.files import FileProblem
from twin.steady.state import Steady

if TYPE_CHECKING:
    from rich.console import Group

    from twin.config.spec import PlantSpec

HOUR = 3600.0
#: Fields of held states named on the screen.
MOST_HELD = 12


def load(name: str, settings: Sequence[str]) -> PlantSpec:
    """Load a plant, or the plant of a scenario with the scenario's own values.

    Raises
    ------
    ConfigError
    """
    try:
        file, seen = find(name, "plant_configs")
    except ConfigError:
        return load_scenario(name, settings).plant
    root = read_file(file, seen)
    if root.get("plant") is not None:
        return load_scenario(name, settings).plant
    return load_plant(name, settings)


def held_fields(plant: Any, found: Steady) -> list[dict[str, Any]]:
    """Fields of states that are held, why, and in how many places, in the plant's order."""
    rows: dict[tuple[str, str], int] = {}
    for place, why in sorted(found.held.why.items()):
        key = plant.label(place).partition("[")[0], why
        rows[key] = rows.get(key, 0) + 1
    return [{"state": state, "why": why, "places": count} for (state, why), count in rows.items()]


def as_dict(plant: Any, found: Steady) -> dict[str, Any]:
    """All of it as plain data; eigenvalues in 1/h, time constants in h (null where a mode is neutral)."""
    modes = found.stability.modes if found.stability else ()
    return {
        "ok": found.ok,
        "exit_code": 0 if found.ok else 1,
        "plant": plant.spec.name,
        "outcome": found.outcome.name.lower(),
        "message": found.message,
        "steps": found.steps,
        "stable": None if found.stability is None else found.stability.stable,
        "neutral": None if found.stability is None else found.stability.neutral,
        "all_modes_known": None if found.stability is None else found.stability.complete,
        "modes": [
            {
                "real_per_h": mode.value.real * HOUR,
                "imaginary_per_h": mode.value.imag * HOUR,
                "time_constant_h": mode.time_constant / HOUR if np.isfinite(mode.time_constant) else None,
                "kind": mode.kind,
                "states": [{"state": name, "part": part} for name, part in mode.states],
            }
            for mode in modes
        ],
        "held": held_fields(plant, found),
        "residuals": [{"unit": r.unit, "per_h": r.rate * HOUR, "state": r.state} for r in found.residuals],
        "balances": [
            {
                "name": c.name,
                "unit": c.unit,
                "in": c.inflow,
                "out": c.outflow,
                "source": c.source,
                "held": c.held,
                "closure": c.relative,
            }
            for c in found.closures
        ],
        "notes": list(found.notes),
        "states": _states(plant, found.y),
    }


def _states(plant: Any, y: np.ndarray) -> dict[str, Any]:
    """States by their paths, in SI; arrays as nested lists."""
    return {
        c.path: y[c.offset : c.offset + int(np.prod(c.shape))].reshape(c.shape).tolist()
        for c in plant.columns
        if c.kind == "state" and c.vector == "y"
    }


def write(path: Path, data: dict[str, Any]) -> None:
    """Write it as a JSON file that must not exist. Raises FileProblem."""
    if not path.parent.is_dir():
        raise FileProblem(f"there is no folder {path.parent}, so {path.name} cannot be written there. Make it first.")
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten. Give another name with --out.")
    path.write_text(json.dumps(data, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def render(plant: Any, found: Steady) -> Group:
    """Tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(found.message)]  # not a str: [water] in a state's name would be taken for markup
    if found.stability is not None:
        parts.append(_verdict(found))
        parts.append(_modes(found))
    rows = held_fields(plant, found)
    if rows:
        shown = [f"  {row['state']}: {row['why']}" for row in rows[:MOST_HELD]]
        more = [f"  and {len(rows) - MOST_HELD} more fields"] if len(rows) > MOST_HELD else []
        parts.append("\n".join(["\nHeld at what they start from", *shown, *more]))
    parts += [_residuals(found), _balances(found)]
    parts += [f"note: {note}" for note in found.notes]
    return Group(*parts)


def _verdict(found: Steady) -> str:
    assert found.stability is not None
    if not found.stability.stable:
        return "It is unstable: the plant does not stay there."
    known = "" if found.stability.complete else ", as far as the modes near zero tell"
    if found.stability.neutral:
        return f"It is stable but for what neither grows nor decays{known}."
    return f"It is stable{known}."


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    from twin.tables import title_of

    table = Table(title=title_of(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("unit", "state", "balance", "moves") else "right")
    return table


def _modes(found: Steady) -> Any:
    assert found.stability is not None
    table = _table("Slowest modes", "eigenvalue [1/h]", "time constant [h]", "", "moves")
    for mode in found.stability.modes:
        value = mode.value * HOUR
        turn = f" ± {value.imag:.4g}i" if value.imag else ""
        constant = f"{mode.time_constant / HOUR:.4g}" if np.isfinite(mode.time_constant) else "-"
        moves = ", ".join(f"{name} {100 * part:.0f} %" for name, part in mode.states)
        table.add_row(f"{value.real:.5g}{turn}", constant, mode.kind, moves)
    return table


def _residuals(found: Steady) -> Any:
    from rich.markup import escape

    table = _table("Residuals: largest rate of a state relative to its size", "unit", "per hour", "state")
    for residual in found.residuals:
        table.add_row(residual.unit, f"{residual.rate * HOUR:.1e}", escape(residual.state))
    return table


def _balances(found: Steady) -> Any:
    table = _table("Balances, kg/h and kW", "balance", "in", "out", "source", "from what is held", "closure")
    for c in found.closures:
        factor = HOUR if c.unit == "kg/s" else 1e-3
        numbers = [f"{factor * x + 0.0:.5g}" for x in (c.inflow, c.outflow, c.source, -c.held)]
        table.add_row(c.name, *numbers, f"{c.relative:.1e}")
    return table
