"""Reads `estimators:` of a scenario, and writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twin.config.context import PathError
from twin.config.differences import choice_of, difference_of, number_of
from twin.config.document import Node, Problems, closest, nearest
from twin.config.entries import time_of, value_of
from twin.config.estimator_keys import ESTIMATOR, SENSED, UNCERTAIN
from twin.config.estimator_spec import HOLDS, SIZES, EstimatorSpec, SensedSpec, UncertainSpec
from twin.config.paths import resolve, resolve_measurement
from twin.config.spec import PlantSpec
from twin.plant.model import load_model
from twin.quantity import Field, fields

_EXAMPLE = "{EKF-1: {period: 1 min, measurements: {…}, disturbances: {…}}}"
_SENSED = "{crystallizer_1.T: {sd: 0.1 K}}"
_UNCERTAIN = "{crystallizer_1.UA: {sd: 4 W/K, drift: 1 W/K}}"
#: What holds without the key, in s: 30 days, and an hour.
FALSE_ALARMS, WINDOW = 30 * 86400.0, 3600.0


def read_estimators(problems: Problems, node: Node | None, plant: PlantSpec | None) -> tuple[EstimatorSpec, ...]:
    """Read the section; what is wrong joins the problems."""
    found = []
    for key, item in problems.mapping(node, "estimators is a mapping", _EXAMPLE) if node else []:
        problems.mapping(item, "not an estimator", _EXAMPLE)
        if item.kind == "map":
            problems.known_keys(item, ESTIMATOR.names, "unknown key", key.text)
            found.append(_estimator(problems, key, item, plant))
    return tuple(found)


def _estimator(problems: Problems, key: Node, item: Node, plant: PlantSpec | None) -> EstimatorSpec:
    for name in ("period", "measurements"):
        if item.get(name) is None:
            problems.add(key, f"missing {name}", f"{key.text} needs {name}:, as in {_EXAMPLE}.")
    period = time_of(problems, item, "period") or 60.0
    window, quiet = time_of(problems, item, "window") or WINDOW, time_of(problems, item, "false_alarms")
    if window < period:
        problems.add(item.key("window"), "out of range", "window: is one period at least.")
    if quiet is not None and quiet < 10.0 * max(period, window):
        problems.add(item.key("false_alarms"), "out of range", "false_alarms: is ten periods and ten windows at least.")
    given = item.get("measurements")
    measured = [
        one
        for tag, about in (problems.mapping(given, "measurements is a mapping", _SENSED) if given else [])
        for one in _sensed(problems, tag, about, plant)
    ]
    if given is not None and given.is_null:
        problems.add(given, "measurements is a mapping", f"Nothing stands there; expected {_SENSED}.")
    inputs = [path for node in _items(problems, item, "inputs") for path in _input(problems, node, plant)]
    disturbances = _uncertain(problems, item, "disturbances", plant)
    for one in disturbances:
        if one.path in inputs:
            detail = f"{one.path} is an input: the filter is told of it, and cannot be uncertain of it, too."
            problems.add(item.key("disturbances"), "told and uncertain", detail)
    states = _uncertain(problems, item, "states", plant)
    complete = plant is not None and given is not None
    if complete and not disturbances and not states and not any(one.bias_sd or one.bias_drift for one in measured):
        detail = f"{key.text} needs disturbances:, states: or a bias: without them it is sure of everything already."
        problems.add(key, "nothing uncertain", detail)
    units = []
    for node in _items(problems, item, "units"):
        name = problems.string(node, "not a unit")
        known = [unit.name for unit in plant.units] if plant else [name]
        if name not in known:
            problems.add(node, "unknown unit", f"There is no unit '{name}'.{closest(name, known)}")
        units.append(name)
    return EstimatorSpec(
        name=key.text,
        period=period,
        since=time_of(problems, item, "from") or 0.0,
        measured=tuple(measured),
        inputs=tuple(inputs),
        hold=choice_of(problems, item, "hold", HOLDS, HOLDS[0]),
        disturbances=disturbances,
        states=states,
        estimates=tuple(problems.string(node, "not a tag") for node in _items(problems, item, "estimates")),
        units=tuple(units),
        gate=number_of(problems, item, "gate", "1", 0.0, math.inf),
        window=window,
        false_alarms=FALSE_ALARMS if quiet is None else quiet,
    )


def _items(problems: Problems, item: Node, key: str) -> list[Node]:
    node = item.get(key)
    return problems.sequence(node, f"{key} is a list", "[crystallizer_1.T_jacket]") if node else []


def _sensed(problems: Problems, key: Node, item: Node, plant: PlantSpec | None) -> list[SensedSpec]:
    problems.mapping(item, "not a sensor", _SENSED)
    problems.known_keys(item, SENSED.names, "unknown key", "a sensed measurement")
    field, sensor = _tag(problems, key, plant), item.get("sensor")
    if sensor is not None:
        _tag(problems, sensor, plant)
    if field is None:
        return []
    sd, bias, drift = (difference_of(problems, item, name, field.unit) for name in ("sd", "bias", "drift"))
    if not sd:
        problems.add(key, "missing sd", f"{key.text} needs sd:, the standard deviation of a reading: 0.1 {field.unit}.")
        return []
    low, high = _limits(problems, item, field, key)
    told = key.text if sensor is None else sensor.text
    return [SensedSpec(key.text, told, sd, low, high, bias or 0.0, drift or 0.0)]


def _limits(problems: Problems, item: Node, field: Field, key: Node) -> tuple[float | None, float | None]:
    nodes = [item.get(name) for name in ("low", "high")]
    low, high = (None if n is None or n.is_null else value_of(problems, n, field, key.text) for n in nodes)
    if low is not None and high is not None and low >= high:
        problems.add(item.key("low"), "out of range", f"{key.text}: low is not below high.")
    return low, high


def _uncertain(problems: Problems, item: Node, section: str, plant: PlantSpec | None) -> tuple[UncertainSpec, ...]:
    node, found = item.get(section), []
    for key, about in problems.mapping(node, f"{section} is a mapping", _UNCERTAIN) if node else []:
        problems.mapping(about, "not an uncertain value", _UNCERTAIN)
        problems.known_keys(about, UNCERTAIN.names, "unknown key", "an uncertain value")
        field = _state(problems, key, plant) if section == "states" else _number(problems, key, plant)
        if field is None:
            continue
        relative = section == "states" and choice_of(problems, about, "of", SIZES, SIZES[0]) == SIZES[1]
        unit = "1" if relative else field.unit
        sd, drift = (difference_of(problems, about, name, unit) or 0.0 for name in ("sd", "drift"))
        if sd == 0.0 and drift == 0.0:
            problems.add(key, "nothing uncertain", f"{key.text} needs sd:, drift: or both, above zero.")
        low, high = _limits(problems, about, field, key)
        found.append(UncertainSpec(key.text, sd, drift, low, high, relative))
    return tuple(found)


def _tag(problems: Problems, node: Node, plant: PlantSpec | None) -> Field | None:
    path = problems.string(node, "unknown measurement")
    if plant is None or not path:
        return None
    try:
        return resolve_measurement(plant, path)
    except PathError as error:
        problems.add(node, "unknown measurement", str(error))
        return None


def _number(problems: Problems, node: Node, plant: PlantSpec | None) -> Field | None:
    """Find a number that nothing drives."""
    path = problems.string(node, "unknown path")
    if plant is None or not path:
        return None
    try:
        return number_field(plant, path)
    except PathError as error:
        problems.add(node, "unknown path", str(error))
        return None


def _input(problems: Problems, node: Node, plant: PlantSpec | None) -> list[str]:
    path = problems.string(node, "unknown path")
    if plant is None or not path:
        return []
    try:
        input_field(plant, path)
    except PathError as error:
        problems.add(node, "unknown path", str(error))
        return []
    return [path]


def _state(problems: Problems, node: Node, plant: PlantSpec | None) -> Field | None:
    path = problems.string(node, "unknown state")
    if plant is None or not path:
        return None
    owner, _, name = path.partition("[")[0].partition(".")
    units = {unit.name: unit for unit in plant.units}
    if owner not in units:
        detail = f"There is no unit '{owner}' in {plant.name}.{closest(owner, units)}"
        problems.add(node, "unknown state", detail)
        return None
    model = load_model(units[owner].model)
    known = {f.name: f for f in fields(model.State)}
    if name not in known:
        say = {f.name: f'[{f.unit}] "{f.meaning}"' for f in known.values()}
        detail = f"{owner} ({model.name}) has no state '{name}'.{closest(name, say, say)}"
        problems.add(node, "unknown state", detail)
        return None
    return replace(known[name], unit=units[owner].units.get(name, known[name].unit), range=None)


def number_field(plant: PlantSpec, path: str) -> Field:
    """Find a number that may be set a little. Raises PathError."""
    found = resolve(plant, path)
    if found.field.kind == "array" and found.index is None:
        raise PathError(f"'{path}' is an array: name one element of it.")
    if found.field.kind in ("int", "enum"):
        raise PathError(f"'{path}' is a choice: it cannot be moved a little.")
    return found.field


def input_field(plant: PlantSpec, path: str) -> Field:
    """Find a number that a filter can be told of, also a signal inlet that something drives. Raises PathError."""
    owner, _, name = path.partition(".")
    if any(wire.target == path for wire in plant.signals):
        unit = plant.unit(owner)
        port = load_model(unit.model).inlets[name]
        return Field(name, "float", unit.units.get(name, port.unit), port.meaning)
    try:
        return number_field(plant, path)
    except PathError as error:
        driven = [wire.target for wire in plant.signals if wire.target.partition(".")[0] == owner]
        meant = None if "Did you mean" in str(error) else nearest(path, driven)
        raise PathError(f"{error} Did you mean '{meant}'?" if meant else str(error)) from None


def estimators_tree(estimators: Sequence[EstimatorSpec]) -> dict[str, Any]:
    """Give the section as plain mappings, in SI; nothing where there is none."""
    return {"estimators": {one.name: _tree(one) for one in estimators}} if estimators else {}


def _tree(one: EstimatorSpec) -> dict[str, Any]:
    tree = {
        "period": one.period,
        "measurements": {
            m.tag: _known(
                {
                    "sensor": m.sensor,
                    "sd": m.sd,
                    "low": m.low,
                    "high": m.high,
                    "bias": m.bias_sd or None,
                    "drift": m.bias_drift or None,
                }
            )
            for m in one.measured
        },
        "inputs": list(one.inputs),
        "hold": one.hold,
        "disturbances": {u.path: _uncertain_tree(u) for u in one.disturbances},
        "states": {u.path: _uncertain_tree(u) for u in one.states},
        "estimates": list(one.estimates),
        "units": list(one.units),
        "from": one.since,
        "gate": one.gate,
        "window": one.window,
        "false_alarms": one.false_alarms,
    }
    return _known({key: value for key, value in tree.items() if value not in ([], {})})


def _uncertain_tree(one: UncertainSpec) -> dict[str, Any]:
    sizes = {"sd": one.sd or None, "drift": one.drift or None, "of": SIZES[1] if one.relative else None}
    return _known({**sizes, "low": one.low, "high": one.high})


def _known(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if value is not None}
