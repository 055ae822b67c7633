"""Whole arrays in `set`, `ramp` and `hold`: one change for each element."""

from __future__ import annotations

from twin.config.context import PathError
from twin.config.document import Node, Problems
from twin.config.paths import elements
from twin.config.spec import PlantSpec

#: Values that one line may change.
MOST_CHANGED = 1000


def spread(problems: Problems, key: Node, path: str, value: Node, plant: PlantSpec | None) -> list[tuple[str, Node]]:
    """Give the elements that a path to a whole array changes: a list has one value each, one number is for all."""
    if plant is None:
        return []
    try:
        found = elements(plant, path)
    except PathError as error:
        problems.add(key, "unknown path", str(error))
        return []
    if found is None:
        return [(path, value)]
    if len(found) > MOST_CHANGED:
        detail = f"'{path}' is an array of {len(found)} values: an event changes up to {MOST_CHANGED}; name elements."
        problems.add(key, "not one value", detail)
        return []
    if value.kind == "scalar":
        return [(element, value) for element in found]
    items = _flattened(value)
    if len(items) != len(found):
        detail = (
            f"'{path}' is an array of {len(found)} values, but this list has {len(items)}. Give one number for all, "
            f"a list with one for each, or name an element, for example {found[0]}."
        )
        problems.add(value, "wrong length", detail)
        return []
    return list(zip(found, items, strict=True))


def _flattened(node: Node) -> list[Node]:
    """Values of a list, rows of a table one after another."""
    return [below for item in node.items for below in (_flattened(item) if item.kind == "list" else [item])]
