"""Reads `monitors:` of a scenario, or of a file of its own; and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twin.config.conditions import read_condition
from twin.config.context import PathError
from twin.config.differences import choice_of, difference_of, number_of, whole_of
from twin.config.document import Node, Problems
from twin.config.entries import time_of, value_of
from twin.config.monitor_keys import MONITOR, ONLY
from twin.config.monitor_spec import KINDS, PRIORITIES, MonitorSpec
from twin.config.paths import resolve_measurement
from twin.config.spec import PlantSpec
from twin.quantity import Field

_EXAMPLE = "{name: TAH-201, tag: crystallizer_1.T, high: 40 degC, deadband: 1 K, delay: 30 s}"
#: Plain numbers: attribute, what they lie between.
_NUMBERS = {
    "weight": (0.0, 1.0),
    "width": (0.0, 100.0),
    "slack": (0.0, 100.0),
    "threshold": (0.0, 1e6),
    "explained": (0.0, 1.0),
    "confidence": (0.5, 1.0 - 1e-9),
    "margin": (0.0, 1000.0),
}
_MOST_LAGS = 100


def read_monitors(problems: Problems, node: Node | None, plant: PlantSpec | None) -> tuple[MonitorSpec, ...]:
    """Read the section; what is wrong joins the problems."""
    found: list[MonitorSpec] = []
    for item in problems.sequence(node, "monitors is a list", f"[{_EXAMPLE}]") if node else []:
        if item.kind != "map" or not item.pairs:
            problems.add(item, "not a monitor", f"A monitor reads {_EXAMPLE}.")
            continue
        problems.known_keys(item, MONITOR.names, "unknown key", "a monitor")
        one = _monitor(problems, item, plant)
        if one is None:
            continue
        if any(other.name == one.name for other in found):
            place = item.get("name") or item
            problems.add(place, "twice the same name", f"There is a monitor '{one.name}' already: give it a name.")
        found.append(one)
    return tuple(found)


def _monitor(problems: Problems, item: Node, plant: PlantSpec | None) -> MonitorSpec | None:
    kind = choice_of(problems, item, "kind", KINDS, KINDS[0])
    for key, kinds in ONLY.items():
        if item.get(key) is not None and kind not in kinds:
            problems.add(item.key(key), "unknown key", f"{key}: belongs to {' and '.join(kinds)}, not to {kind}.")
    tags = _tags(problems, item, kind, plant)
    if not tags:
        return None
    (first, field), *_ = tags
    one = MonitorSpec(
        name=problems.text(item, "name", first if kind != "pca" else "pca"),
        kind=kind,
        tags=tuple(name for name, _ in tags),
        delay=time_of(problems, item, "delay") or 0.0,
        period=time_of(problems, item, "period") or 0.0,
        since=time_of(problems, item, "from") or 0.0,
        until=time_of(problems, item, "to"),
        priority=choice_of(problems, item, "priority", PRIORITIES, "medium"),
        response=time_of(problems, item, "acknowledge"),
    )
    condition = item.get("while")
    if condition is not None:
        one = replace(one, condition=read_condition(problems, condition, plant, item))
        if one.condition is not None and one.condition.kind != "tag":
            problems.add(condition, "not a condition", 'while: compares a measurement, as in "press.level > 0.1".')
    one = _numbers(problems, item, one)
    return _of_kind(problems, item, one, field)


def _of_kind(problems: Problems, item: Node, one: MonitorSpec, field: Field) -> MonitorSpec:
    """Read what only some kinds have, in the unit of the tag."""
    tag = one.tags[0]

    def value(key: str) -> float | None:
        node = item.get(key)
        return None if node is None or node.is_null else value_of(problems, node, field, tag)

    if one.kind == "limits":
        low, high = value("low"), value("high")
        one = replace(one, low=low, high=high, deadband=difference_of(problems, item, "deadband", field.unit) or 0.0)
        if low is None and high is None and item.get("low") is None and item.get("high") is None:
            problems.add(item.get("tag") or item, "not a monitor", f"{tag} needs low:, high: or both.")
        if low is not None and high is not None and low > high:
            problems.add(item.key("low"), "out of range", f"{tag}: low lies above high.")
    elif one.kind == "frozen":
        if one.delay == 0.0:
            problems.add(item, "missing delay", f"{tag} is frozen when it has not changed for how long? Give delay:.")
    elif one.kind in ("ewma", "cusum"):
        one = replace(one, target=value("target"), sigma=difference_of(problems, item, "sigma", field.unit))
        if one.sigma is not None and one.sigma <= 0.0:
            problems.add(item.key("sigma"), "out of range", "sigma must be above zero.")
    elif one.kind == "pca":
        one = replace(one, lags=whole_of(problems, item, "lags", 0, 0, _MOST_LAGS))
    return one


def _numbers(problems: Problems, item: Node, one: MonitorSpec) -> MonitorSpec:
    given = {
        key: number_of(problems, item, key, "1", low, high, closed=key == "slack")
        for key, (low, high) in _NUMBERS.items()
    }
    return replace(one, **{key: number for key, number in given.items() if number is not None})  # type: ignore[arg-type]


def _tags(problems: Problems, item: Node, kind: str, plant: PlantSpec | None) -> list[tuple[str, Field]]:
    several = item.get("tags")
    single = item.get("tag")
    if kind == "pca":
        nodes = problems.sequence(several, "tags is a list", "[press.hardness, press.tablet_mass]") if several else []
        if len(nodes) < 2:
            problems.add(several or item, "not a monitor", "pca needs tags:, two measurements at least.")
    else:
        nodes = [single] if single is not None else []
        if single is None:
            problems.add(item, "not a monitor", f"A monitor needs tag:, as in {_EXAMPLE}.")
    found: list[tuple[str, Field]] = []
    for node in nodes:
        path = problems.string(node, "not a tag")
        if plant is None or not path:
            continue
        try:
            field = resolve_measurement(plant, path)
        except PathError as error:
            problems.add(node, "unknown measurement", str(error))
            continue
        if any(name == path for name, _ in found):
            problems.add(node, "twice the same tag", f"{path} stands there twice.")
            continue
        found.append((path, field))
    return found if kind != "pca" or len(found) > 1 else []


def monitors_tree(monitors: Sequence[MonitorSpec]) -> dict[str, Any]:
    """Give the section as plain lists and mappings, in SI; nothing where there is none."""
    return {"monitors": [monitor_tree(one) for one in monitors]} if monitors else {}


def monitor_tree(one: MonitorSpec) -> dict[str, Any]:
    """Give one monitor as a plain mapping, every key that its kind has."""
    tree: dict[str, Any] = {"name": one.name, "kind": one.kind}
    tree |= {"tags": list(one.tags)} if one.kind == "pca" else {"tag": one.tags[0]}
    common = {"delay": one.delay, "period": one.period, "from": one.since, "to": one.until, "priority": one.priority}
    own = {key: getattr(one, key) for key, kinds in ONLY.items() if one.kind in kinds and key not in ("tag", "tags")}
    condition = {"while": one.condition.text} if one.condition is not None else {}
    tree |= {**common, **condition, "acknowledge": one.response, **own}
    return {key: value for key, value in tree.items() if value is not None}
