"""The component database and the plant's own values, by component and property, in SI."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from twin.cache import digest, stored_text
from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.plant_keys import COMPONENT, PROPERTY
from twin.config.reading import read_file
from twin.config.spec import Frozen
from twin.jit import cache_root
from twin.packages import folders
from twin.quantity import Field
from twin.units import UnitError, parse_quantity

#: Keys of a component that are texts, and of a value that tell where it comes from.
TEXTS, PROVENANCE = COMPONENT.names, PROPERTY.names


@dataclass(frozen=True, eq=False)
class Database:
    """Components with their properties, and the properties with unit and meaning."""

    properties: dict[str, Field]
    values: dict[str, dict[str, float]]


@lru_cache(maxsize=1)
def database() -> Database:
    """Read the library's components. Raises ConfigError when the file is broken."""
    path = next(folder for folder in folders("unit_ops")) / "properties" / "components.yaml"
    # the file is ours and long: read once, then kept as plain numbers
    engine = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(Path(__file__).parent.parent.glob("*.py"))]
    name = digest(*(file.read_bytes() for file in (path, *engine)))
    kept = stored_text(cache_root() / "components" / f"{name}.json", lambda: _plain(read_database(path)))
    return Database({key: Field(**said) for key, said in kept["properties"].items()}, kept["values"])


def _plain(base: Database) -> dict[str, Any]:
    told = ("name", "kind", "unit", "meaning")
    said = {key: {name: getattr(f, name) for name in told} for key, f in base.properties.items()}
    return {"properties": said, "values": base.values}


def read_database(path: Path) -> Database:
    """Read a file of components: `properties:` (unit, meaning) and `components:`."""
    root = read_file(path, path.name)
    properties = {}
    declared = root.get("properties")
    for key, node in declared.pairs if declared else []:
        said = node.plain()
        properties[key.text] = Field(name=key.text, kind="float", unit=str(said["unit"]), meaning=said["meaning"])
    empty = Database(properties, {})
    ctx = _bare_context()
    values = {}
    listed = root.get("components")
    for key, node in listed.pairs if listed else []:
        values[key.text] = _component(ctx, empty, key.text, node)
    ctx.problems.stop()
    return Database(properties, values)


def _bare_context() -> Context:
    from twin.config.context import Overrides
    from twin.config.document import Problems

    return Context(Problems(), Overrides([]))


def read_components(ctx: Context, node: Node | None) -> dict[str, dict[str, float]]:
    """Give the plant's fluids and solids with their properties: the database, then the plant's own values.

    A name that neither knows is a problem at the place where the plant lists it (see `unknown`).
    """
    base = database()
    own: dict[str, dict[str, float]] = {}
    pairs = (
        ctx.problems.mapping(node, "components are a mapping", "{ethanol: {cp_liquid: 2.4 kJ/(kg K)}}") if node else []
    )
    for key, value in pairs:
        if key.text not in ctx.fluids and key.text not in ctx.solids:
            hint = closest(key.text, [*ctx.fluids, *ctx.solids])
            ctx.problems.add(
                key, "unknown component", f"'{key.text}' is in neither fluids nor solids of this plant.{hint}"
            )
            continue
        own[key.text] = _component(ctx, base, key.text, value)
    names = dict.fromkeys([*ctx.fluids, *ctx.solids])
    return Frozen(
        {n: Frozen({**base.values.get(n, {}), **own.get(n, {})}) for n in names if n in base.values or n in own}
    )


def check_names(ctx: Context, listed: list[Node], own: Node | None) -> None:
    """Note the listed components that neither the database nor the plant's `components:` knows."""
    base = database()
    mine = {key.text for key, _ in own.pairs} if own is not None and own.kind == "map" else set()
    for item in listed:
        if item.text not in base.values and item.text not in mine:
            hint = closest(item.text, base.values)
            detail = f"'{item.text}' is not in the component database.{hint} Or describe it under components:."
            ctx.problems.add(item, "unknown component", detail)


def _component(ctx: Context, base: Database, name: str, node: Node) -> dict[str, float]:
    values: dict[str, float] = {}
    known = {p: f'[{f.unit}] "{f.meaning}"' for p, f in base.properties.items()}
    for key, item in ctx.problems.mapping(node, "not a component", "{molar_mass: 46.07 g/mol}"):
        if key.text in TEXTS:
            ctx.problems.string(item, "not a text")
            continue
        if key.text not in base.properties:
            hint = closest(key.text, [*known, *TEXTS], known)
            ctx.problems.add(key, "unknown property", f"component {name} has no property '{key.text}'.{hint}")
            continue
        given: Node | None = item
        if item.kind == "map":
            ctx.problems.known_keys(item, PROVENANCE, "unknown key", f"{key.text} of {name}")
            given = item.get("value")
        field = base.properties[key.text]
        value = _value(ctx, field, name, given, item)
        if value is not None:
            values[key.text] = value
    return Frozen(values)


def _value(ctx: Context, field: Field, name: str, node: Node | None, place: Node) -> float | None:
    if node is None or node.kind != "scalar" or node.value is None:
        ctx.problems.add(place, "not a value", f"{field.name} of {name} needs a value in {field.unit}.")
        return None
    try:
        return parse_quantity(node.value if isinstance(node.value, bool) else node.text, field.unit)
    except UnitError as error:
        ctx.problems.add(node, "not such a quantity", f'{field.name} of {name} "{field.meaning}": {error}.')
        return None
