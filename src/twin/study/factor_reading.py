"""Reads `factors:` of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.config.context import PathError
from twin.config.document import Node, Problems, closest
from twin.config.spec import EventSpec, ScenarioSpec
from twin.config.study_keys import FACTOR
from twin.quantity import Field
from twin.study.distributions import ends
from twin.study.expression import FUNCTIONS
from twin.study.file import Factor
from twin.study.number_reading import Number, check_range, leads_to, read_flag, read_quantity, read_weights
from twin.study.spec import FactorSpec
from twin.units import UnitError, si_unit

#: What takes a value: what it is, its paths, and how a `FactorSpec` says it.
Target = tuple[Number, tuple[str, ...], dict[str, Any]]
_EXAMPLE = "{reactor.UA: {from: 400 W/K, to: 600 W/K}}"
#: Ways to say which values there are; exactly one of them.
WAYS = ("from", "levels", "mean", "median", "scenarios", "fault")
_NEEDS = {"from": "to", "mean": "sd", "median": "gsd"}
_ONLY = {
    "from": ("to", "mode"),
    "levels": ("weights",),
    "mean": ("sd", "low", "high"),
    "median": ("gsd", "low", "high"),
    "scenarios": ("weights",),
    "fault": ("weights",),
}


def read_factors(problems: Problems, node: Node | None, scenarios: Sequence[ScenarioSpec]) -> list[FactorSpec]:
    """Read all factors; `scenarios` are those that runs choose among, all of which have to know every path."""
    found = []
    if node is None or node.is_null or (node.kind == "map" and not node.pairs):
        return []
    for key, item in problems.mapping(node, "factors are a mapping", _EXAMPLE):
        factor = _factor(problems, key, item, scenarios)
        if factor is not None:
            found.append(factor)
    return found


def _factor(problems: Problems, key: Node, node: Node, scenarios: Sequence[ScenarioSpec]) -> FactorSpec | None:
    if node.kind != "map" or not node.pairs:
        problems.add(node, "not a factor", f"A factor reads {_EXAMPLE}, but this is {node.what}.")
        return None
    problems.known_keys(node, FACTOR.names, "unknown key", "a factor")
    ways = [way for way in WAYS if node.get(way) is not None]
    if len(ways) != 1:
        said = "from and to, levels, mean and sd, median and gsd, scenarios, or fault"
        problems.add(key, "not a factor", f"{key.text}: a factor has one of {said}.")
        return None
    way = ways[0]
    needed = _NEEDS.get(way)
    if needed and node.get(needed) is None:
        problems.add(node.key(way), f"missing {needed}", f"{key.text}: {way} needs {needed}.")
        return None
    stray = {name for names in _ONLY.values() for name in names} - set(_ONLY[way])
    for name in sorted(stray):
        if node.get(name) is not None:
            problems.add(node.key(name), "key without a use", f"{key.text}: {name} means nothing beside {way}.")
    if way == "scenarios":
        return _scenarios(problems, key, node, scenarios)
    if way == "fault":
        return _fault(problems, key, node, scenarios)
    return _value(problems, key, node, way, scenarios)


def _choice(
    problems: Problems, key: Node, node: Node, way: str, targets: tuple[str, ...], meaning: str, levels: Sequence[str]
) -> Factor | None:
    if len(set(levels)) < 2:
        problems.add(node.key(way), "zero variance", f"{key.text} has one level only: it cannot make a difference.")
        return None
    numbers = [float(i) for i in range(len(levels))]
    weights = read_weights(problems, node.get("weights"), len(levels))
    told = {"kind": "levels", "values": numbers, **({"weights": weights} if weights else {})}
    return Factor(key.text, "1", meaning, targets, "choice", 0.0, numbers[-1], told, tuple(levels))


def _scenarios(problems: Problems, key: Node, node: Node, scenarios: Sequence[ScenarioSpec]) -> FactorSpec | None:
    given = node.get("scenarios")
    assert given is not None
    names = [problems.string(item, "not a scenario") for item in problems.sequence(given, "scenarios", "[day, night]")]
    column = _choice(problems, key, node, "scenarios", ("scenario",), "scenario", names)
    return None if column is None else FactorSpec(column, "scenario")


def _fault(problems: Problems, key: Node, node: Node, scenarios: Sequence[ScenarioSpec]) -> FactorSpec | None:
    given = node.get("fault")
    assert given is not None
    name = problems.string(given, "not a label")
    for scenario in scenarios:
        carried = [*(e.fault for e in scenario.events), *(latch.fault for latch in scenario.latches)]
        labels = {fault.label for fault in carried if fault is not None}
        if name not in labels:
            hint = closest(name, labels) or " It has no events with a fault."
            problems.add(given, "unknown fault", f"{scenario.name} has no event with the fault '{name}'.{hint}")
            return None
    column = _choice(problems, key, node, "fault", (f"fault.{name}",), f"fault: {name}", ("absent", "present"))
    return None if column is None else FactorSpec(column, "fault", event=name)


def _value(problems: Problems, key: Node, node: Node, way: str, scenarios: Sequence[ScenarioSpec]) -> FactorSpec | None:
    read = _own(problems, key, node) if node.get("unit") is not None else read_target(problems, key, node, scenarios)
    if read is None:
        return None
    what, targets, how = read
    relative = what.relative
    meaning = f"{what.field.meaning}, relative" if relative else what.field.meaning
    if way == "levels" and what.field.enum is not None:
        return _enumerated(problems, key, node, targets, what, how)
    if what.field.kind not in ("float", "array") and not relative:
        problems.add(
            node.key(way), "not a continuous value", f"{key.text} is a choice or whole number: give its levels."
        ) if way != "levels" else None
        if way != "levels":
            return None
    told = _distribution(problems, key, node, way, what)
    if told is None:
        return None
    low, high = ends(told)
    least = low if told["kind"] == "levels" or told.get("low") is not None else -np.inf  # none was written
    check_range(problems, node.key(way), key.text, what, least, high)
    return FactorSpec(Factor(key.text, what.unit, meaning, targets, "number", low, high, told), **how)


def _own(problems: Problems, key: Node, node: Node) -> Target | None:
    """Read a number that leads nowhere by itself: `linked` uses it."""
    for name in ("path", "event", "key", "relative"):
        if node.get(name) is not None:
            problems.add(
                node.key(name), "key without a use", f"{key.text} is a number of its own (unit): {name} means nothing."
            )
            return None
    given = node.get("unit")
    assert given is not None
    try:
        unit = si_unit(given.text)
    except UnitError as error:
        problems.add(given, "no such unit", f"{key.text}: {error}.")
        return None
    if not key.text.isidentifier() or key.text in FUNCTIONS:
        detail = f"'{key.text}' cannot stand in an expression: use letters, digits and _, and no name of a function."
        problems.add(key, "not a name", detail)
        return None
    return Number(Field(key.text, "float", unit, key.text)), (), {"how": "free"}


def read_target(problems: Problems, key: Node, node: Node, scenarios: Sequence[ScenarioSpec]) -> Target | None:
    """Read what takes a value: a path (that of `key` unless given), or an event.

    Returns
    -------
    Number, tuple of str, dict
        What it is; the paths; how a `FactorSpec` says it.
    """
    relative = read_flag(problems, node, "relative")
    event = node.get("event")
    if event is None:
        targets = tuple(item.text for item in _paths(problems, key, node))
        place = _path(problems, key, node, scenarios)
        return (
            None if place is None else (Number(place.field, place.positive, relative), targets, {"relative": relative})
        )
    place, target = _event(problems, node, event, scenarios)
    if place is None:
        return None
    at = node.get("key")
    how = {"relative": relative, "how": "event", "event": event.text, "key": "value" if at is None else at.text}
    return Number(place.field, place.positive, relative), (target,), how


def _paths(problems: Problems, key: Node, node: Node) -> list[Node]:
    given = node.get("path")
    if given is None:
        return [key]
    return given.items if given.kind == "list" and given.items else [given]


def _path(problems: Problems, key: Node, node: Node, scenarios: Sequence[ScenarioSpec]) -> Number | None:
    """Find what a factor's paths lead to, in the plant of every scenario."""
    found: list[tuple[Node, Field, bool]] = []
    for item in _paths(problems, key, node):
        for scenario in scenarios:
            try:
                field, positive = leads_to(scenario, item.text)
            except PathError as error:
                problems.add(item, "unknown path", str(error))
                return None
            if field.kind == "array":
                problems.add(
                    item, "an array", f"'{item.text}' has several elements: name one of them, as in {item.text}.0."
                )
                return None
            found.append((item, field, positive))
    if not found:  # no scenario could be read, which is said already
        return None
    first = found[0][1]
    for item, field, _ in found[1:]:
        if field.unit != first.unit:
            detail = (
                f"'{item.text}' is in {field.unit}, '{found[0][0].text}' in {first.unit}: they cannot share a value."
            )
            problems.add(item, "another unit", detail)
            return None
    return Number(first, found[0][2])


def _event(problems: Problems, node: Node, name: Node, scenarios: Sequence[ScenarioSpec]) -> tuple[Number | None, str]:
    """Find the events of a name: what the factor changes of them, and the path that they set."""
    at = node.get("key")
    key = "value" if at is None else at.text
    if key not in FACTOR.keys["key"].choices:
        problems.add(at or node, "unknown key", f"key is at, value or over, not {key}.")
        return None, ""
    found: tuple[Number | None, str] = None, ""
    for scenario in scenarios:
        events: list[EventSpec] = [e for e in scenario.events if e.name == name.text]
        if not events:
            hint = closest(name.text, sorted({e.name for e in scenario.events if e.name}))
            problems.add(name, "unknown event", f"{scenario.name} has no timed event named '{name.text}'.{hint}")
            return None, ""
        if key != "value":
            found = Number(Field("time", "float", "s", f"{key} of {name.text}"), True), f"{name.text}.{key}"
            continue
        own = node.get("path")
        paths = sorted({e.path for e in events if own is None or e.path == own.text})
        if len(paths) != 1:
            detail = f"'{name.text}' sets {', '.join(sorted({e.path for e in events}))}: path says which of them."
            problems.add(own or name, "unknown path" if own else "several values", detail)
            return None, ""
        found = Number(*leads_to(scenario, paths[0])), paths[0]
    return found


def _enumerated(
    problems: Problems, key: Node, node: Node, targets: tuple[str, ...], what: Number, how: dict[str, Any]
) -> FactorSpec | None:
    """Levels of a model's choice, by name."""
    members = {member.name.lower(): float(member) for member in what.field.enum or ()}
    given = node.get("levels")
    assert given is not None
    names = []
    for item in problems.sequence(given, "levels are a list", "[volmer, power]"):
        if item.text.lower() not in members:
            detail = f"{key.text} has no choice {item.what}.{closest(item.text, members)}"
            problems.add(item, "unknown choice", detail)
            return None
        names.append(item.text.lower())
    column = _choice(problems, key, node, "levels", targets, what.field.meaning, names)
    return None if column is None else FactorSpec(column, values=tuple(members[name] for name in names), **how)


def _distribution(problems: Problems, key: Node, node: Node, way: str, what: Number) -> dict[str, Any] | None:
    """Read a factor's numbers in its unit."""
    before = len(problems.found)

    def number(name: str, difference: bool = False) -> float | None:
        return read_quantity(problems, node.get(name), f"{key.text}: {name}", what.unit, difference)

    told: dict[str, Any]
    if way == "from":
        low, mode, high = number("from"), number("mode"), number("to")
        if low is None or high is None or len(problems.found) > before:
            return None
        if not low < high:
            flat = "zero variance" if low == high else "empty range"
            problems.add(node.key("to"), flat, f"{key.text}: to must be greater than from.")
            return None
        if mode is None:
            return {"kind": "uniform", "low": low, "high": high}
        if not low <= mode <= high:
            problems.add(node.key("mode"), "out of range", f"{key.text}: mode lies between from and to.")
        told = {"kind": "triangular", "low": low, "mode": mode, "high": high}
    elif way == "levels":
        given = node.get("levels")
        assert given is not None
        listed = problems.sequence(given, "levels are a list", "[60 s, 90 s]")
        values = [read_quantity(problems, item, f"{key.text}: a level", what.unit) for item in listed]
        if len(problems.found) == before and len(set(values)) < 2:
            problems.add(
                node.key("levels"), "zero variance", f"{key.text} has one level only: it cannot make a difference."
            )
        weights = read_weights(problems, node.get("weights"), len(values))
        told = {"kind": "levels", "values": values, **({"weights": weights} if weights else {})}
    else:
        centre, spread = (
            number(way),
            number(_NEEDS[way], difference=True) if way == "mean" else _ratio(problems, key, node),
        )
        if centre is None or spread is None:
            return None
        if way == "mean" and spread <= 0.0:
            problems.add(node.key("sd"), "zero variance", f"{key.text}: sd must be above zero.")
        if way == "median" and centre <= 0.0:
            problems.add(node.key("median"), "out of range", f"{key.text}: a lognormal's median is above zero.")
        told = {"kind": "normal" if way == "mean" else "lognormal", way: centre, _NEEDS[way]: spread}
        cuts = {name: number(name) for name in ("low", "high")}
        told |= {name: value for name, value in cuts.items() if value is not None}
        if len(cuts) == 2 and not told.get("low", -np.inf) < told.get("high", np.inf):
            problems.add(node.key("high"), "empty range", f"{key.text}: high must be greater than low.")
    return told if len(problems.found) == before else None


def _ratio(problems: Problems, key: Node, node: Node) -> float | None:
    given = node.get("gsd")
    assert given is not None
    value = read_quantity(problems, given, f"{key.text}: gsd", "1")
    if value is not None and value <= 1.0:
        problems.add(given, "zero variance", f"{key.text}: a geometric standard deviation is above 1.")
        return None
    return value
