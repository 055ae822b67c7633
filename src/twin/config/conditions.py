"""Reads what a process waits for: "feeder.low_level falls", "press.tablet_mass > 290 mg"."""

from __future__ import annotations

import math
import re

from twin.config.context import PathError
from twin.config.document import Node, Problems
from twin.config.entries import time_of, value_of
from twin.config.paths import resolve_guard, resolve_measurement
from twin.config.process_spec import ConditionSpec
from twin.config.spec import PlantSpec

_TAG = re.compile(r"(\S+)\s*(<=|>=|<|>)\s*(.+)")
_EXAMPLE = '"unit.guard falls", "unit.guard rises" or "unit.measurement > 5 g/s"'


def read_condition(
    problems: Problems, node: Node, plant: PlantSpec | None, owner: Node, only_guards: bool = False
) -> ConditionSpec | None:
    """Read a condition; `every` stands beside it in `owner`. Problems give None."""
    text = problems.string(node, "not a condition")
    every = time_of(problems, owner, "every")
    if not text:
        return None
    words = " ".join(text.split())
    found = _TAG.fullmatch(words)
    if found is not None and not only_guards:
        if every is not None and every <= 0.0:
            problems.add(owner.key("every"), "out of range", "every must be above zero.")
        return _tag(problems, node, plant, (found[1], found[2], found[3]), every)
    guard, _, how = words.partition(" ")
    if how not in ("falls", "rises"):
        said = '"unit.guard falls" or "unit.guard rises"' if only_guards else _EXAMPLE
        problems.add(node, "not a condition", f"A condition reads {said}, but this is {node.what}.")
        return None
    if every is not None and not only_guards:
        problems.add(owner.key("every"), "unknown key", "A guard is watched all the time: every: is for tags.")
    if plant is not None:
        try:
            resolve_guard(plant, guard)
        except PathError as error:
            problems.add(node.part(guard), "unknown guard", str(error))
            return None
    return ConditionSpec("guard", guard, how, text=words)


def _tag(
    problems: Problems, node: Node, plant: PlantSpec | None, parts: tuple[str, str, str], every: float | None
) -> ConditionSpec | None:
    path, how, value = parts
    if plant is None:
        return None
    try:
        field = resolve_measurement(plant, path)
    except PathError as error:
        problems.add(node.part(path), "unknown measurement", str(error))
        return None
    place = node.part(value)
    limit = value_of(
        problems, Node(place.source, "scalar", place.line, place.col, place.length, value, value), field, path
    )
    if limit is None:
        return None
    low, high = (field.range.low, field.range.high) if field.range else (-math.inf, math.inf)
    if (how == ">" and limit >= high) or (how == "<" and limit <= low):
        detail = f"{path} lies between {low:g} and {high:g} {field.unit}: '{node.text}' never comes true."
        problems.add(node, "never happens", detail)
    return ConditionSpec("tag", path, how, limit, every, " ".join(node.text.split()))
