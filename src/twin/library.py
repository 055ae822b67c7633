"""The library of unit operations as tables: what `twin models` prints and documentation is made from."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from twin.errors import TwinError
from twin.quantity import Field, fields

#: What tells a model from a helper file.
DECLARES_PORTS = re.compile(r"^class (Inlets|Outlets)\b", re.MULTILINE)

#: Likeness of two names from which one may be meant for the other.
SIMILAR = 0.6
#: Tables of a model in the order in which they are shown, with their headings.
TABLES = {
    "Params": "parameters",
    "State": "states",
    "Measurements": "measurements",
    "Integrals": "integrals over a distribution",
    "Quadratures": "booked sources",
    "Guards": "guards",
    "Impulses": "impulses",
    "Initial": "initial state",
}


class UnknownModelError(TwinError):
    """No such model; the message names the closest ones."""

    exit_code = 2


def names() -> list[str]:
    """Names of all models of the library, in order; the plant's boundaries place themselves and are left out."""
    library = files("unit_ops")
    found = []
    for folder in library.iterdir():
        if not folder.is_dir() or folder.name.startswith("_") or folder.name == "boundary":
            continue
        for file in folder.iterdir():
            # Read, not imported: a file with a slip in it is listed, and `describe` says what is wrong.
            if file.name.endswith(".py") and DECLARES_PORTS.search(file.read_text(encoding="utf-8")):
                found.append(f"{folder.name}.{file.name.removesuffix('.py')}")
    return sorted(found)


def summaries() -> list[dict[str, Any]]:
    """Tables of all models; one that cannot be read says why in place of its summary."""
    rows = []
    for name in names():
        try:
            rows.append(describe(name))
        except UnknownModelError as error:
            rows.append({"name": name, "summary": str(error), "ports": [], "tables": {}, "broken": True})
    return rows


def _closest(name: str) -> list[str]:
    """Give the models of similar name, with or without the folder; where none is similar, the one least unlike."""
    from difflib import SequenceMatcher

    def likeness(known: str) -> float:
        return max(SequenceMatcher(None, part, name).ratio() for part in (known, known.partition(".")[2]))

    ranked = sorted(names(), key=likeness, reverse=True)
    return [known for known in ranked[:3] if likeness(known) >= SIMILAR] or ranked[:1]


def describe(name: str) -> dict[str, Any]:
    """Tables of one model: every quantity and port with unit and meaning.

    Parameters
    ----------
    name : str
        As in YAML: `piping.tank`, or the dotted path of a model of one's own.
    """
    from twin.plant.model import ModelError, load_model

    try:
        model = load_model(name)
    except ModuleNotFoundError as error:
        hint = f"Did you mean {' or '.join(_closest(name))}? `twin models` lists the library."
        raise UnknownModelError(f"there is no model '{name}' ({error}). {hint}") from None
    except (ModelError, SyntaxError, TypeError) as error:
        raise UnknownModelError(f"{name}: {error}") from error
    tables = {}
    for table, heading in TABLES.items():
        rows = [_row(field) for field in fields(getattr(model, table))]
        if rows:
            tables[heading] = rows
    ports = [
        {
            "name": port.name,
            "direction": direction,
            "carries": port.stream.__name__,
            "unit": port.unit,
            "meaning": port.meaning,
            "optional": port.optional,
        }
        for direction, group in (("in", model.inlets), ("out", model.outlets))
        for port in group.values()
    ]
    return {
        "name": name,
        "summary": model.doc.split("\n")[0],
        "description": model.doc,
        "dimensions": dict(model.dims),
        "ports": ports,
        "tables": tables,
    }


def _row(field: Field) -> dict[str, Any]:
    row: dict[str, Any] = {"name": field.name, "unit": field.unit, "meaning": field.meaning}
    if field.dims:
        row["dimensions"] = list(field.dims)
    if field.enum is not None:
        row["choices"] = [member.name for member in field.enum]
    if field.range is not None:
        row["range"] = [field.range.low, field.range.high]
    if field.has_default:
        default = field.default
        row["default"] = default.name if field.enum is not None else default
    if field.component or field.grid:
        row["filled_from"] = f"component {field.component}" if field.component else f"grid {field.grid}"
    if field.limit:
        row["ends_the_run"] = True
    return row
