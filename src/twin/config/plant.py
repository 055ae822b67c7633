"""Reads a plant: YAML to `PlantSpec`, with all problems of the file together."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.components import check_names, read_components
from twin.config.context import Context, Override, Overrides, PathError
from twin.config.document import Node, Problems, Source, closest
from twin.config.equipment import Head, read_controller_heads, read_heads, read_unit
from twin.config.flowsheet import read_feeds, read_flowsheet
from twin.config.kpi import read_kpi
from twin.config.lists import read_grids, read_list
from twin.config.paths import resolve
from twin.config.plant_keys import PLANT
from twin.config.reading import read_file
from twin.config.scalars import label
from twin.config.spec import Frozen, PlantSpec
from twin.errors import ConfigError, Problem
from twin.plant.model import load_model
from twin.plant.order import AlgebraicLoop, check_order
from twin.quantity import fields

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def find(name: str | Path, package: str, beside: Path | None = None) -> tuple[Path, str]:
    """Find a configuration by path or by its name in a package; give the path and how to show it.

    A file that exists is taken first (relative to `beside`, then to the working folder). A name
    that leads nowhere raises ConfigError with the closest shipped one.
    """
    text = str(name)
    candidates = [beside / text] if beside is not None else []
    candidates.append(Path(text))
    names: list[str] = []
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        names.extend(sorted(file.stem for file in Path(folder).glob("*.yaml")))
        if "/" not in text and "\\" not in text and not text.endswith((".yaml", ".yml")):
            candidates.append(Path(folder) / f"{text}.yaml")
    for path in candidates:
        if "\0" not in text and len(text) < 4000 and path.is_file():
            return path, shown(path)
    hint = closest(text, names)
    raise ConfigError(
        [Problem(text[:200], 0, 0, 0, "no such file", f"There is no such file, nor a name in {package}.{hint}")]
    )


def shown(path: Path) -> str:
    """Give the path as messages show it: relative to the working folder where it lies below."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return os.fspath(path)


def load_plant(path: str | Path, overrides: Mapping[str, Any] | Sequence[str] = ()) -> PlantSpec:
    """Load a plant.

    Parameters
    ----------
    path : str or Path
        A file, or a name in plant_configs.
    overrides : mapping or sequence of "path=value"
        Values that replace those of the file, by dotted path (`reactor.UA`, `reagents.m_flow.ethanol`).

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    file, name = find(path, "plant_configs")
    problems = Problems()
    given = parse_overrides(problems, overrides)
    return build_plant(problems, read_file(file, name, problems), given, file, file.stem)


def parse_overrides(problems: Problems, overrides: Mapping[str, Any] | Sequence[str]) -> list[Override]:
    """Read "path=value" texts, or a mapping of paths to values, as if they stood in a file named --set."""
    if isinstance(overrides, Mapping):
        texts = [f"{path}={_plain(value)}" for path, value in overrides.items()]
    else:
        texts = list(overrides)
    found = []
    for text in texts:
        source = Source("--set", (text,))
        path, equals, value = text.partition("=")
        at = len(path) + 1
        key = Node(source, "scalar", 1, 1, max(1, len(path)), path.strip(), path.strip())
        if not equals or not path.strip() or not value.strip():
            problems.add(
                key,
                "not a setting",
                f"A setting reads path=value, for example reactor.UA=\"500 W/K\", but this is '{text[:60]}'.",
            )
            continue
        stripped = value.strip()
        item = Node(source, "scalar", 1, at + 1, max(1, len(value)), stripped, stripped)
        found.append(Override(key, item))
    return found


def _plain(value: Any) -> str:
    return repr(float(value)) if isinstance(value, (float, np.floating)) else str(value)


def check_version(problems: Problems, root: Node) -> None:
    """Note a file that is of no known format."""
    node = root.get("twin")
    if node is None:
        first = root.pairs[0][0] if root.pairs else root
        problems.add(first, "no format version", 'A configuration begins with the line "twin: 1".')
    elif node.value != 1 or isinstance(node.value, bool):
        problems.add(node, "unknown format version", f"This version of Twin reads twin: 1, not {node.what}.")


def name_of(problems: Problems, root: Node, default: str) -> str:
    """Give the name of a plant or scenario: its own, or that of its file."""
    name = problems.text(root, "name", default)
    if root.get("name") is not None and not _NAME.fullmatch(name):
        problems.add(root.get("name") or root, "not a name", "A name has letters, digits, _ and - only.")
    return name


def build_plant(problems: Problems, root: Node, given: list[Override], path: Path | None, stem: str) -> PlantSpec:
    """Read a plant's tree. Raises ConfigError with every problem found."""
    ctx = Context(problems, Overrides(given))
    check_version(problems, root)
    problems.known_keys(root, PLANT.names, "unknown key", "a plant")
    listed = [*read_list(ctx, root, "fluids"), *read_list(ctx, root, "solids")]
    check_names(ctx, listed, root.get("components"))
    ctx.dims = {"fluids": len(ctx.fluids), "solids": len(ctx.solids)}
    grids = read_grids(ctx, root.get("grids"))
    ctx.components = read_components(ctx, root.get("components"))

    taken: dict[str, Node] = {}
    listed_heads = [
        *read_heads(ctx, root.get("units"), taken),
        *read_controller_heads(ctx, root.get("controllers"), taken),
    ]
    heads: dict[str, Head] = {head.name.text: head for head in listed_heads}
    units = root.get("units")
    if units is None or (units.kind == "map" and not units.pairs) or units.is_null:
        problems.add(
            root.key("units"), "no units", "A plant has at least one unit: add units: {tank: {model: piping.tank, …}}."
        )
    complete = not any(p.title in _HEADS for p in problems.found)
    sheet = read_flowsheet(ctx, root, heads, taken)
    if not complete:  # a unit whose model is unknown has ports that are unknown: do not report them as well
        problems.found = [p for p in problems.found if p.title not in _FOLLOWING]
    plant = PlantSpec(
        name=name_of(problems, root, stem),
        title=problems.text(root, "title", stem.replace("_", " ")),
        description=problems.text(root, "description", ""),
        fluids=ctx.fluids,
        solids=ctx.solids,
        dims=Frozen(ctx.dims),
        grids=grids,
        components=ctx.components,
        units=tuple(read_unit(ctx, head) for head in listed_heads if not head.broken),
        feeds=tuple(read_feeds(ctx, root, sheet)),
        products=tuple(sheet.products),
        connections=tuple(sheet.connections),
        signals=tuple(sheet.signals),
        kpi=read_kpi(ctx, root.get("kpi"), root.get("products")),
        source_text=root.source.text,
        path=path,
    )
    if not problems.found:
        for override in ctx.overrides.unused():
            _explain(ctx, plant, override)
    if not problems.found:
        _loops(problems, root, plant)
    problems.stop()
    return plant


#: Problems of a unit as a whole, and those that only follow from them.
_HEADS = (
    "unknown model",
    "missing model",
    "broken model",
    "not a unit",
    "not a unit's name",
    "name used twice",
    "not a feed's name",
)
_FOLLOWING = ("unknown unit", "unconnected feed", "unconnected product")


def _loops(problems: Problems, root: Node, plant: PlantSpec) -> None:
    """Note a loop without holdup at the first of its connections."""
    try:
        check_order(plant)
    except AlgebraicLoop as loop:
        listed = root.get("connections")
        starts = (f"{port} " for port in loop.ports)
        around = (item for port in starts for item in (listed.items if listed else []) if item.text.startswith(port))
        problems.add(next(around, root.key("connections")), "algebraic loop", f"{loop.path}\n{loop.cure}")


def _explain(ctx: Context, plant: PlantSpec, override: Override) -> None:
    """Say why nothing takes an override."""
    owner, _, rest = override.path.text.partition(".")
    unit = next((unit for unit in plant.units if unit.name == owner), None)
    if unit is not None and rest.startswith("initial."):
        known = {f.name: label(f) for f in fields(load_model(unit.model).Initial)}
        name = rest.split(".")[1]
        detail = f"{owner} ({unit.model}) has no initial value '{name}'.{closest(name, known, known)}"
        ctx.problems.add(override.path, "unknown initial value", detail)
        return
    try:
        resolve(plant, override.path.text)
        detail = f"'{override.path.text}' cannot be set: it is driven or computed."
    except PathError as error:
        detail = str(error)
    ctx.problems.add(override.path, "unknown path", detail)
