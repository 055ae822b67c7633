"""What-if: scenarios to start from, and what in them can be changed, as the models' annotations describe it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from dashboard.changes import slug
from dashboard.data import described
from dashboard.display import number
from twin.config import load_scenario, resolved_yaml
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import ScenarioSpec
from twin.errors import TwinError

#: What only a scenario has.
_PLANT = re.compile(r"^plant:", re.MULTILINE)


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


def scenarios(folder: Path) -> list[str]:
    """Names to choose from: those that come with Twin, and the files beside the runs."""
    shipped = sorted(f.name.removesuffix(".yaml") for f in files("scenarios").iterdir() if f.name.endswith(".yaml"))
    own = sorted(f.name for f in folder.glob("*.yaml") if f.resolve().parent == folder and _is_scenario(f))
    return [*own, *shipped]


def _is_scenario(file: Path) -> bool:
    """Whether a file names a plant to run; maps of data, rules and patches do not."""
    try:
        return _PLANT.search(file.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False


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
