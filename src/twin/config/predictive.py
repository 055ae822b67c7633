"""Reads `predictive:` of a scenario, and writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from twin.config.context import PathError
from twin.config.differences import choice_of, difference_of, number_of, whole_of
from twin.config.document import Node, Problems
from twin.config.entries import time_of, value_of
from twin.config.estimator_spec import EstimatorSpec
from twin.config.paths import resolve, resolve_measurement
from twin.config.predictive_keys import MOVED, PREDICTED, PREDICTIVE
from twin.config.predictive_spec import STATES, MeasuredSpec, MovedSpec, PredictiveSpec
from twin.config.spec import PlantSpec
from twin.quantity import Field

_EXAMPLE = "{MPC-1: {period: 1 min, horizon: 2 h, measurements: {…}, outputs: {…}}}"
_MEASURED = "{dryer.LOD: {high: 0.01, span: 0.01}}"
_MOVED = "{TIC-202.setpoint: {low: 0 degC, high: 15 degC}}"
#: Longest horizon in periods, most moves, most iterations: far beyond what helps.
_MOST_STEPS, _MOST_MOVES, _MOST_ITERATIONS = 1000, 50, 10_000


def read_predictive(
    problems: Problems, node: Node | None, plant: PlantSpec | None, estimators: Sequence[EstimatorSpec] = ()
) -> tuple[PredictiveSpec, ...]:
    """Read the section; what is wrong joins the problems."""
    found = []
    moved: dict[str, str] = {}
    for key, item in problems.mapping(node, "predictive is a mapping", _EXAMPLE) if node else []:
        problems.mapping(item, "not a predictive controller", _EXAMPLE)
        if item.kind != "map":
            continue
        problems.known_keys(item, PREDICTIVE.names, "unknown key", key.text)
        one = _controller(problems, key, item, plant, estimators)
        for other in one.moved:
            if other.path in moved:
                detail = f"{other.path} is moved by {moved[other.path]} already: one value has one master."
                problems.add(item.key("outputs"), "moved twice", detail)
            moved[other.path] = one.name
        found.append(one)
    return tuple(found)


def _controller(
    problems: Problems, key: Node, item: Node, plant: PlantSpec | None, estimators: Sequence[EstimatorSpec]
) -> PredictiveSpec:
    for name in ("period", "horizon", "measurements", "outputs"):
        if item.get(name) is None:
            problems.add(key, f"missing {name}", f"{key.text} needs {name}:, as in {_EXAMPLE}.")
    period, horizon = time_of(problems, item, "period") or 60.0, time_of(problems, item, "horizon") or 3600.0
    steps = horizon / period
    if not 1.0 <= steps <= _MOST_STEPS:
        detail = f"{key.text} looks {steps:.3g} periods ahead: horizon: is 1 to {_MOST_STEPS} periods."
        problems.add(item.key("horizon"), "out of range", detail)
    since, again = time_of(problems, item, "from") or 0.0, time_of(problems, item, "relinearise")
    if again is not None and again < period:
        problems.add(item.key("relinearise"), "out of range", "relinearise: is one period at least.")
    measured = [
        one
        for tag, about in _pairs(problems, item.get("measurements"), "measurements is a mapping", _MEASURED)
        for one in _measured(problems, tag, about, plant)
    ]
    moved = [
        one
        for path, about in _pairs(problems, item.get("outputs"), "outputs is a mapping", _MOVED)
        for one in _moved(problems, path, about, plant)
    ]
    disturbances = []
    listed = item.get("disturbances")
    example = "[reagents.m_flow.p_aminophenol]"
    for node in problems.sequence(listed, "disturbances is a list", example) if listed else []:
        path = problems.string(node, "not a path")
        if path and _number(problems, node, path, plant) is not None:
            disturbances.append(path)
    trust = number_of(problems, item, "trust", "1", 0.0, 1.0)
    names = tuple(one.name for one in estimators)
    state = choice_of(problems, item, "state", (*STATES, *names), STATES[0])
    if state in names:
        source = estimators[names.index(state)]
        looks = [period / source.period, since / source.period]
        if any(abs(count - round(count)) > 1e-9 for count in looks):
            detail = f"{key.text} takes the state of {state}: it has to look at instants at which {state} does."
            problems.add(item.key("state"), "looks at other times", detail)
    return PredictiveSpec(
        name=key.text,
        period=period,
        horizon=horizon,
        moves=whole_of(problems, item, "moves", 6, 1, _MOST_MOVES),
        since=since,
        relinearise=again,
        state=state,
        trust=1.0 if trust is None else trust,
        failures=whole_of(problems, item, "failures", 3, 1, 1000),
        iterations=whole_of(problems, item, "iterations", 100, 1, _MOST_ITERATIONS),
        measured=tuple(measured),
        moved=tuple(moved),
        disturbances=tuple(disturbances),
    )


def _pairs(problems: Problems, node: Node | None, title: str, example: str) -> list[tuple[Node, Node]]:
    if node is None:
        return []
    pairs = problems.mapping(node, title, example)
    if not pairs:
        problems.add(node, title, f"Nothing stands there; expected {example}.")
    return [(key, about) for key, about in pairs if problems.mapping(about, title, example)]


def _measured(problems: Problems, key: Node, item: Node, plant: PlantSpec | None) -> list[MeasuredSpec]:
    problems.known_keys(item, PREDICTED.names, "unknown key", "a predicted measurement")
    field = _tag(problems, key, plant)
    sensor = item.get("sensor")
    if sensor is not None:
        _tag(problems, sensor, plant)
    if field is None:
        return []
    setpoint, low, high = _values(problems, item, field, key.text, ("setpoint", "low", "high"))
    if setpoint is None and low is None and high is None:
        problems.add(key, "nothing to do", f"{key.text} needs setpoint:, low:, high: or several of them.")
    if low is not None and high is not None and low >= high:
        problems.add(item.key("low"), "out of range", f"{key.text}: low is not below high.")
    span = difference_of(problems, item, "span", field.unit)
    if span is None and low is not None and high is not None:
        span = high - low
    if not span:
        problems.add(key, "missing span", f"{key.text} needs span:, by which deviations are measured: 10 {field.unit}.")
        return []
    weight = number_of(problems, item, "weight", "1", 0.0, 1e9, closed=True)
    hard = choice_of(problems, item, "limits", ("soft", "hard"), "soft") == "hard"
    told = key.text if sensor is None else sensor.text
    return [MeasuredSpec(key.text, told, setpoint, low, high, 1.0 if weight is None else weight, span, hard)]


def _moved(problems: Problems, key: Node, item: Node, plant: PlantSpec | None) -> list[MovedSpec]:
    problems.known_keys(item, MOVED.names, "unknown key", "a moved value")
    field = _number(problems, key, key.text, plant)
    if field is None:
        return []
    for name in ("low", "high"):
        if item.get(name) is None:
            problems.add(key, f"missing {name}", f"{key.text} needs low: and high:, between which it may be moved.")
    low, high, target, safe = _values(problems, item, field, key.text, ("low", "high", "target", "safe"))
    if low is None or high is None:
        return []
    if low >= high:
        problems.add(item.key("low"), "out of range", f"{key.text}: low is not below high.")
        return []
    for name, value in (("target", target), ("safe", safe)):
        if value is not None and not low <= value <= high:
            problems.add(item.key(name), "out of range", f"{key.text}: {name} lies outside low and high.")
    per_time = f"{field.unit}/s" if field.unit != "1" else "1/s"
    if "/" in field.unit:
        per_time = field.unit.replace("/s", "/s^2") if field.unit.endswith("/s") else f"{field.unit}/s"
    rate = number_of(problems, item, "rate", per_time, 0.0, math.inf)
    weight, pull = (number_of(problems, item, name, "1", 0.0, 1e9, closed=True) for name in ("weight", "pull"))
    span = difference_of(problems, item, "span", field.unit) or high - low
    return [
        MovedSpec(
            key.text,
            low,
            high,
            rate,
            1.0 if weight is None else weight,
            target,
            0.01 if pull is None else pull,
            span,
            safe,
            number_of(problems, item, "cost", "1", -1e6, 1e6) or 0.0,
        )
    ]


def _values(problems: Problems, item: Node, field: Field, path: str, keys: Sequence[str]) -> list[float | None]:
    def value(key: str) -> float | None:
        node = item.get(key)
        return None if node is None or node.is_null else value_of(problems, node, field, path)

    return [value(key) for key in keys]


def _tag(problems: Problems, node: Node, plant: PlantSpec | None) -> Field | None:
    return _found(problems, node, plant, resolve_measurement, "unknown measurement")


def _number(problems: Problems, node: Node, path: str, plant: PlantSpec | None) -> Field | None:
    """Find a number that may be set while a run goes on."""

    def found(plant: PlantSpec, path: str) -> Field:
        what = resolve(plant, path)
        if what.field.kind == "array" and what.index is None:
            raise PathError(f"'{path}' is an array: name one element of it.")
        if what.field.kind in ("int", "enum"):
            raise PathError(f"'{path}' is a choice: it cannot be moved a little.")
        return what.field

    return _found(problems, node, plant, found, "unknown path")


def _found(
    problems: Problems, node: Node, plant: PlantSpec | None, find: Callable[[PlantSpec, str], Field], title: str
) -> Field | None:
    path = problems.string(node, title)
    if plant is None or not path:
        return None
    try:
        return find(plant, path)
    except PathError as error:
        problems.add(node, title, str(error))
        return None


def predictive_tree(controllers: Sequence[PredictiveSpec]) -> dict[str, Any]:
    """Give the section as plain mappings, in SI; nothing where there is none."""
    return {"predictive": {one.name: _tree(one) for one in controllers}} if controllers else {}


def _tree(one: PredictiveSpec) -> dict[str, Any]:
    return _known(
        {
            "period": one.period,
            "horizon": one.horizon,
            "measurements": {
                m.tag: _known(
                    {
                        "sensor": m.sensor,
                        "setpoint": m.setpoint,
                        "low": m.low,
                        "high": m.high,
                        "weight": m.weight,
                        "span": m.span,
                        "limits": "hard" if m.hard else "soft",
                    }
                )
                for m in one.measured
            },
            "outputs": {
                m.path: _known(
                    {
                        "low": m.low,
                        "high": m.high,
                        "rate": m.rate,
                        "weight": m.weight,
                        "target": m.target,
                        "pull": m.pull,
                        "span": m.span,
                        "safe": m.safe,
                        "cost": m.cost,
                    }
                )
                for m in one.moved
            },
            "disturbances": list(one.disturbances),
            "moves": one.moves,
            "from": one.since,
            "relinearise": one.relinearise,
            "state": one.state,
            "trust": one.trust,
            "failures": one.failures,
            "iterations": one.iterations,
        }
    )


def _known(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if value is not None}
