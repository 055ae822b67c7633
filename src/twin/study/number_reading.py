"""Reads the numbers of a study's factors: what a path leads to, quantities in its unit, ranges of its model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twin.config.context import PathError
from twin.config.document import Node, Problems, closest
from twin.config.paths import Resolved, resolve
from twin.config.scalars import label
from twin.config.spec import ScenarioSpec
from twin.plant.model import load_model
from twin.quantity import Field, fields
from twin.units import UnitError, parse_quantity


@dataclass(frozen=True)
class Number:
    """What a factor's numbers are: unit and range, and what takes them."""

    field: Field
    positive: bool = False  #: a feed's flows and temperatures
    relative: bool = False

    @property
    def unit(self) -> str:
        return "1" if self.relative else self.field.unit


def leads_to(scenario: ScenarioSpec, path: str) -> tuple[Field, bool]:
    """Field of a path, as one number; whether it must not be negative. Raises PathError."""
    owner, _, rest = path.partition(".")
    if rest.startswith("initial."):
        return _initial(scenario, owner, rest.removeprefix("initial."), path), False
    place: Resolved = resolve(scenario.plant, path)
    field = place.field
    if place.index is not None:
        field = replace(field, kind="float")
    return field, place.kind == "feed"


def _initial(scenario: ScenarioSpec, owner: str, rest: str, path: str) -> Field:
    unit = next((u for u in scenario.plant.units if u.name == owner), None)
    if unit is None:
        names = [u.name for u in scenario.plant.units]
        raise PathError(f"There is no unit '{owner}' in {scenario.plant.name}.{closest(owner, names)}")
    known = {f.name: f for f in fields(load_model(unit.model).Initial)}
    if rest not in known:
        say = {f.name: label(f) for f in known.values()}
        raise PathError(f"{owner} ({unit.model}) has no initial value '{rest}'.{closest(rest, say, say)}")
    return known[rest]


def read_weights(problems: Problems, node: Node | None, count: int) -> list[float] | None:
    if node is None or node.is_null:
        return None
    items = problems.sequence(node, "weights are a list", "[3, 1]")
    values = [float(i.value) for i in items if isinstance(i.value, (int, float)) and i.value > 0]
    if len(values) != count or len(items) != count:
        problems.add(node, "not weights", f"weights are {count} numbers above zero, one for each level.")
        return None
    return values


def read_quantity(
    problems: Problems, node: Node | None, name: str, unit: str, difference: bool = False
) -> float | None:
    if node is None or node.is_null:
        return None
    if node.kind != "scalar":
        problems.add(node, "not a value", f"{name} is one value, but this is {node.what}.")
        return None
    if difference and unit == "K" and node.text.rstrip().endswith(("degC", "°C", "degF", "°F")):
        problems.add(node, "not a difference", f"{name} is a difference of temperatures: write it in K.")
        return None
    try:
        return parse_quantity(node.value if isinstance(node.value, bool) else node.text, unit)
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{name}: {error}.")
        return None


def range_of(what: Number) -> tuple[float, float]:
    """Between which values the model takes a number."""
    field = what.field
    if what.relative:
        return 0.0, np.inf
    least, most = (field.range.low, field.range.high) if field.range else (-np.inf, np.inf)
    if field.fractions:
        least, most = max(least, 0.0), min(most, 1.0)
    if what.positive:
        least = max(least, 1.0 if field.unit == "K" else 0.0)
    return least, most


def check_range(problems: Problems, node: Node, name: str, what: Number, low: float, high: float) -> None:
    """Name values that the model would refuse, before any run."""
    field = what.field
    if what.relative:
        if low <= 0.0 and np.isfinite(low):
            problems.add(node, "out of range", f"{name}: a relative factor is above zero.")
        return
    least, most = range_of(what)
    cut = [
        side
        for side, bad in (("low", np.isfinite(low) and low < least), ("high", np.isfinite(high) and high > most))
        if bad
    ]
    if cut:
        unit = "" if field.unit == "1" else f" {field.unit}"
        limits = f"at least {least:g}{unit}" if most == np.inf else f"between {least:g} and {most:g}{unit}"
        worst = low if cut[0] == "low" else high
        problems.add(node, "out of range", f"{name} {label(field)} must be {limits}, but goes to {worst:g}{unit}.")


def read_flag(problems: Problems, node: Node, key: str) -> bool:
    given = node.get(key)
    if given is None or given.is_null:
        return False
    if isinstance(given.value, bool):
        return given.value
    problems.add(given, "not true or false", f"{key} is true or false, not {given.what}.")
    return False
