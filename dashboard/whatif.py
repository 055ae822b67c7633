"""What-if: a scenario's text with other values and events; pure functions of texts."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dashboard.data import described
from dashboard.display import number
from twin.config import load_scenario, resolved_yaml
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import ScenarioSpec
from twin.errors import TwinError


class WhatIfError(TwinError):
    """A change that cannot be made."""


@dataclass(frozen=True)
class Base:
    """A scenario to start from."""

    name: str
    file: Path
    text: str


@dataclass(frozen=True)
class Parameter:
    """One value that can be changed, as the annotations describe it."""

    path: str
    unit: str
    meaning: str
    now: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Happening:
    """One event of a scenario: when, and what it changes."""

    number: int
    at: str
    what: str
    values: tuple[tuple[str, str], ...]


def scenarios(folder: Path) -> list[str]:
    """Names to choose from: those that come with Twin, and the files beside the runs."""
    shipped = sorted(f.name.removesuffix(".yaml") for f in files("scenarios").iterdir() if f.name.endswith(".yaml"))
    own = sorted(f.name for f in folder.glob("*.yaml") if f.is_file() and f.resolve().parent == folder)
    return [*own, *shipped]


def base_of(name: str, folder: Path) -> Base:
    """Read a scenario by one of its names. Raises WhatIfError for any other."""
    if name not in scenarios(folder):
        raise WhatIfError("there is no scenario of that name here")
    file = folder / name if name.endswith(".yaml") else Path(str(files("scenarios") / f"{name}.yaml"))
    return Base(name, file, file.read_text(encoding="utf-8"))


def spec_of(base: Base, text: str | None = None) -> ScenarioSpec:
    """Read a scenario's text, as if it stood in the base's file. Raises ConfigError with every problem."""
    if text is None:
        return load_scenario(base.file)
    return build_scenario(read_text(text, base.file.name), base.file, base.file.stem)


def plain_of(base: Base) -> dict[str, Any]:
    """The resolved configuration as plain data, in SI."""
    found = read_text(resolved_yaml(spec_of(base)), "resolved").plain()
    return found if isinstance(found, dict) else {}


def owners(resolved: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of what has values to change: units, controllers, feeds."""
    plant = resolved.get("plant", {})
    return {key: list(plant.get(key) or {}) for key in ("units", "controllers", "feeds")}


def parameters(resolved: Mapping[str, Any], owner: str) -> list[Parameter]:
    """Values of a unit, controller or feed that can be changed, with unit, meaning, range and present value."""
    plant = resolved["plant"]
    for section in ("units", "controllers"):
        part = (plant.get(section) or {}).get(owner)
        if part is None:
            continue
        model = str(part.get("model", ""))
        full = f"twin.control.{model}" if section == "controllers" and "." not in model else model
        now = part.get("params") or part
        rows = described(full).get("tables", {}).get("parameters", ())
        found = [_parameter(owner, row, now.get(row["name"]), plant) for row in rows]
        rest = [row for row in _inlets(full) if row["name"] in now and not any(r["name"] == row["name"] for r in rows)]
        found += [_parameter(owner, row, now.get(row["name"]), plant) for row in rest]
        return [one for group in found for one in group]
    feed = (plant.get("feeds") or {}).get(owner) or {}
    found_feed: list[Parameter] = []
    for key, value in feed.items():
        unit = "K" if key == "T" else "kg/s"
        if isinstance(value, list):
            lists = [plant.get(dim) or [] for dim in ("solids", "fluids")]
            names = next((one for one in lists if key != "m_flow_liquid" and len(one) == len(value)), lists[1])
            pairs = list(zip(names, value, strict=False)) if len(names) == len(value) else []
            found_feed += [Parameter(f"{owner}.{key}.{n}", unit, str(n), _text(v, unit)) for n, v in pairs]
        elif isinstance(value, (int, float)):
            found_feed.append(
                Parameter(f"{owner}.{key}", unit, "temperature" if key == "T" else key, _text(value, unit))
            )
    return found_feed


def _inlets(model: str) -> list[dict[str, Any]]:
    """Signal inlets: values where nothing is connected."""
    return [row for row in described(model).get("ports", ()) if row["direction"] == "in" and row["carries"] == "Signal"]


def _parameter(owner: str, row: Mapping[str, Any], value: Any, plant: Mapping[str, Any]) -> list[Parameter]:
    unit, meaning = str(row.get("unit", "")), str(row.get("meaning", ""))
    low, high = row.get("range", (None, None))
    path = f"{owner}.{row['name']}"
    if row.get("choices"):
        return [Parameter(path, "", meaning, str(value), tuple(str(c).lower() for c in row["choices"]))]
    if isinstance(value, bool) or value is None or isinstance(value, (str, dict)):
        return []
    if isinstance(value, list):
        dims = row.get("dimensions", ())
        names = plant.get(dims[0]) if len(dims) == 1 else None
        if not isinstance(names, list) or len(names) != len(value):
            return []
        return [
            Parameter(f"{path}.{name}", unit, f"{meaning}: {name}", _text(v, unit), (), low, high)
            for name, v in zip(names, value, strict=True)
            if isinstance(v, (int, float))
        ]
    return [Parameter(path, unit, meaning, _text(value, unit), (), low, high)]


def _text(value: float, unit: str) -> str:
    """A value with its unit, as YAML takes it."""
    if unit == "K" and 200.0 < value < 800.0:
        return f"{value - 273.15:.6g} degC"
    return f"{value:.6g}" if unit in ("", "1") else f"{value:.6g} {unit}"


def range_text(low: float | None, high: float | None, unit: str) -> str:
    """The range of a parameter in words; empty without."""
    if low is None and high is None:
        return ""
    ends = [number(v) if v is not None and abs(v) < 1e30 else "∞" for v in (low, high)]
    return f"{ends[0]} … {ends[1]} {unit if unit != '1' else ''}".strip()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(tree: Any) -> str:
    out = io.StringIO()
    _yaml().dump(tree, out)
    return out.getvalue()


def normal(text: str) -> str:
    """A text as it is written again unchanged: what a changed one is set against."""
    return _dumped(_yaml().load(text))


def happenings(text: str) -> list[Happening]:
    """Timed events of a scenario's text."""
    rows = _yaml().load(text).get("events") or []
    found = []
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or "at" not in row:
            continue
        kind = next((k for k in ("set", "ramp", "hold", "add") if isinstance(row.get(k), dict)), "")
        values = (
            tuple((f"{kind}.{key}", str(v)) for key, v in row[kind].items() if not isinstance(v, dict)) if kind else ()
        )
        found.append(Happening(i, str(row["at"]), str(row.get("name") or kind), values))
    return found


def changed(
    text: str,
    values: Mapping[str, str],
    events: Mapping[str, str] | None = None,
    removed: Sequence[int] = (),
    added: Sequence[Mapping[str, str]] = (),
) -> str:
    """Give a scenario's text with changes.

    Parameters
    ----------
    text : str
    values : mapping
        Dotted path → value, for the scenario's `set:`.
    events : mapping, optional
        "3.at" or "3.set.path" → value, of the event of that number.
    removed : sequence of int
        Numbers of events to leave out.
    added : sequence of mapping
        New events: `at`, `path`, `value`.
    """
    tree = _yaml().load(text)
    if values:
        given = tree.setdefault("set", {})
        for path, value in values.items():
            given[path] = _scalar(value)
    rows = tree.get("events") or []
    for key, value in (events or {}).items():
        place, _, rest = key.partition(".")
        kind, _, path = rest.partition(".")
        row = rows[int(place)]
        if rest == "at":
            row["at"] = _scalar(value)
        elif path in row.get(kind, {}):
            row[kind][path] = _scalar(value)
    for place_ in sorted(set(removed), reverse=True):
        del rows[place_]
    if added:
        if "events" not in tree or tree["events"] is None:
            tree["events"] = []
        for row in added:
            tree["events"].append(
                {"at": _scalar(row["at"]), "set": {row["path"]: _scalar(row["value"])}, "name": "what if"}
            )
    return _dumped(tree)


def shortened(text: str, until: str | None) -> str:
    """Give a scenario's text that stops earlier; as it is without a time."""
    if not until or not str(until).strip():
        return text
    tree = _yaml().load(text)
    tree["until"] = _scalar(str(until))
    return _dumped(tree)


def _scalar(text: str) -> Any:
    """A number where the text is one, else the text."""
    text = text.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def diff(before: str, after: str) -> list[str]:
    """Lines of the difference of two texts, as `diff -u` gives them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "base", "what-if", lineterm="", n=2)
    return list(lines)


def slug(text: str) -> str:
    """A file's name from what someone typed; `what_if` where nothing is left of it."""
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:60] or "what_if"


def save(base: Base, text: str, name: str, folder: Path) -> Path:
    """Write a scenario beside the runs; nothing is overwritten. Raises WhatIfError when the name is taken."""
    path = folder / f"{slug(name)}.yaml"
    spec_of(base, text)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise WhatIfError(f"{path.name} exists; give another name") from error
    except OSError as error:
        raise WhatIfError(f"{path.name} cannot be written: {error.strerror}") from error
    return path
