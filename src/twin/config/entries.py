"""Reads the values and times that entries of a schedule give: those of events, conditions, monitors, processes."""

from __future__ import annotations

from typing import Any

from twin.config.document import Node, Problems
from twin.quantity import Field
from twin.units import UnitError, parse_quantity


def value_of(problems: Problems, node: Node, field: Field, path: str, feed: bool = False) -> float | None:
    """Read a value in the unit of a field, within its range."""
    meant = f'{path} [{field.unit}] "{field.meaning}"'
    if node.kind != "scalar" or node.value is None:
        problems.add(node, "not a value", f"{meant} takes one value, but this is {node.what}.")
        return None
    if field.index is not None or field.kind == "int":
        what = "names a component" if field.index is not None else "is a count that shapes the equations"
        problems.add(node, "fixed", f"{meant} {what} and cannot change during a run.")
        return None
    if field.enum is not None:
        members: dict[str, Any] = {member.name.casefold(): member for member in field.enum}
        if node.text.casefold() in members:
            return float(members[node.text.casefold()])
        problems.add(node, "unknown choice", f"{meant} has no choice {node.what}. Known: {', '.join(members)}.")
        return None
    try:
        value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, field.unit)
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{meant}: {error}.")
        return None
    low, high = (field.range.low, field.range.high) if field.range else (0.0 if feed else -float("inf"), float("inf"))
    if low <= value <= high:
        return value
    problems.add(node, "out of range", f"{meant} must be between {low:g} and {high:g} {field.unit}, not {node.text}.")
    return None


def time_of(problems: Problems, item: Node, key: str, required: bool = False) -> float | None:
    """Read a time of an entry, from zero on; None where it has none."""
    node = item.get(key)
    if node is None:
        if required:
            problems.add(item.pairs[0][0], "not an event", f"This event needs {key}:, for example {key}: 10 min.")
        return None
    if node.kind != "scalar" or node.value is None:
        problems.add(node, "not a value", f"{key} is a time, but this is {node.what}.")
        return None
    try:
        value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, "s")
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{key}: {error}.")
        return None
    if value < 0.0:
        problems.add(node, "out of range", f"{key} cannot be negative.")
        return None
    return value
