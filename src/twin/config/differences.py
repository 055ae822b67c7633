"""Reads differences: 2 K between two temperatures, which is not the temperature 2 K."""

from __future__ import annotations

import math

from twin.config.document import Node, Problems
from twin.units import UnitError, parse_quantity


def difference_of(problems: Problems, item: Node, key: str, unit: str) -> float | None:
    """Read a difference in a unit, from zero on; None where there is none, or it is wrong."""
    node = item.get(key)
    if node is None or node.is_null:
        return None
    if node.kind == "scalar" and "deg" in node.text:
        detail = f"{key} is a difference: give it in K, not in {node.text.split()[-1]}."
        problems.add(node, "not a difference", detail)
        return None
    return number_of(problems, item, key, unit, 0.0, math.inf, closed=True)


def number_of(
    problems: Problems, item: Node, key: str, unit: str, low: float, high: float, closed: bool = False
) -> float | None:
    """Read a number above `low` (or from it on: `closed`) and up to `high`."""
    node = item.get(key)
    if node is None or node.is_null:
        return None
    if node.kind != "scalar":
        problems.add(node, "not a value", f"{key} is one value, but this is {node.what}.")
        return None
    try:
        number = parse_quantity(node.value if isinstance(node.value, bool) else node.text, unit)
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{key} [{unit}]: {error}.")
        return None
    if low < number <= high or (closed and number == low):
        return number
    least = "lies above" if not closed else "is at least"
    most = f" and is at most {high:g}" if math.isfinite(high) else ""
    problems.add(node, "out of range", f"{key} {least} {low:g}{most}, not {node.text}.")
    return None


def whole_of(problems: Problems, item: Node, key: str, default: int, low: int, high: int) -> int:
    """Read a whole number."""
    node = item.get(key)
    if node is None or node.is_null:
        return default
    if isinstance(node.value, int) and not isinstance(node.value, bool) and low <= node.value <= high:
        return node.value
    problems.add(node, "not a whole number", f"{key} is a whole number from {low} to {high}, not {node.what}.")
    return default


def choice_of(problems: Problems, item: Node, key: str, known: tuple[str, ...], default: str) -> str:
    """Read one of a few words."""
    node = item.get(key)
    if node is None or node.is_null:
        return default
    name = problems.string(node, f"not a {key}")
    if name in known:
        return name
    if name:
        problems.add(node, f"unknown {key}", f"There is no {key} '{name[:40]}'. Known: {', '.join(known)}.")
    return default
