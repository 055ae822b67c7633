"""Reads `events:` (timed and triggered changes) and `quality:` of a scenario."""

from __future__ import annotations

from twin.config.conditions import read_condition
from twin.config.context import PathError
from twin.config.document import Node, Problems
from twin.config.entries import time_of, value_of
from twin.config.faults import read_fault
from twin.config.paths import resolve, resolve_impulse, resolve_measurement
from twin.config.scenario_keys import EVENT, QUALITY
from twin.config.spec import EventSpec, LatchSpec, PlantSpec, QualitySpec
from twin.config.spread import spread
from twin.quantity import Field

ACTIONS = ("set", "ramp", "hold", "fire")
#: More repeats than this are a slip of a unit.
MOST_REPEATS = 1_000_000
_EXAMPLE = "{at: 2 h, set: {reactor.UA: 500 W/K}}"


def read_events(
    problems: Problems, node: Node | None, plant: PlantSpec | None, duration: float
) -> tuple[list[EventSpec], list[LatchSpec]]:
    """Read all events; without a plant (it has problems of its own) paths are not checked."""
    events: list[EventSpec] = []
    latches: list[LatchSpec] = []
    for item in problems.sequence(node, "events are a list", f"[{_EXAMPLE}]") if node else []:
        if item.kind != "map" or not item.pairs:
            problems.add(item, "not an event", f"An event reads {_EXAMPLE}, but this is {item.what}.")
            continue
        problems.known_keys(item, EVENT.names, "unknown key", "an event")
        present = [key for key in ACTIONS if item.get(key) is not None]
        if len(present) != 1 or (item.get("at") is None) == (item.get("when") is None):
            detail = f"An event has at: or when:, and one of set, ramp, hold, fire: {_EXAMPLE}."
            problems.add(item.pairs[0][0], "not an event", detail)
        elif item.get("when") is not None:
            latches.extend(_latches(problems, item, present[0], plant))
        else:
            events.extend(_timed(problems, item, present[0], plant, duration))
    return events, latches


def _timed(problems: Problems, item: Node, kind: str, plant: PlantSpec | None, duration: float) -> list[EventSpec]:
    at = time_of(problems, item, "at", required=True)
    every, until = time_of(problems, item, "every"), time_of(problems, item, "until")
    span = {"ramp": "over", "hold": "for"}.get(kind)
    over = time_of(problems, item, span, required=True) if span else 0.0
    if span and over == 0.0:
        problems.add(item.key(span), "out of range", f"{span} must be above zero; to change at once, use set.")
    for key in ("over", "for"):
        if key != span and item.get(key) is not None:
            problems.add(item.key(key), "unknown key", f"A {kind} has no '{key}'; {_SPANS}.")
    if every is not None and every <= 0.0:
        problems.add(item.key("every"), "out of range", "every must be above zero.")
        every = None
    if until is not None and item.get("every") is None:
        problems.add(item.key("until"), "nothing to repeat", "until ends a repetition: give every: as well.")
    if at is not None and at > duration:
        problems.add(item.key("at"), "never happens", f"The scenario ends at {duration:g} s, before this event.")
    if at is not None and until is not None and until < at:
        problems.add(item.key("until"), "never happens", "until lies before at.")
    if every is not None and duration / every > MOST_REPEATS:
        problems.add(item.key("every"), "too many repeats", f"This would happen more than {MOST_REPEATS} times.")
    if every is not None and over is not None and over > every:
        problems.add(item.key("every"), "overlapping repeats", f"Each {kind} takes {over:g} s, longer than every.")
    found = []
    fault = read_fault(problems, item.get("fault"), plant, clears=True)
    for path, value in changes(problems, item, kind, plant):
        if at is not None and over is not None and value is not None:
            found.append(EventSpec(at, kind, path, value, over, _name(problems, item), every, until, fault))
    return found


_SPANS = "ramp takes over:, hold takes for:"


def _latches(problems: Problems, item: Node, kind: str, plant: PlantSpec | None) -> list[LatchSpec]:
    when = item.get("when")
    assert when is not None
    refused = [key for key in ("every", "until", "over", "for") if item.get(key) is not None]
    for key in refused:
        problems.add(item.key(key), "unknown key", f"An event with when: has no '{key}'.")
    if "every" in refused:
        return []
    if kind not in ("set", "fire"):
        detail = (
            f"An event with when: sets or fires; a process does more: processes: [{{name: help, when:"
            f" {when.text}, steps: [{{{kind}: …}}]}}]."
        )
        problems.add(item.key(kind), "not an event", detail)
        return []
    condition = read_condition(problems, when, plant, item)
    if condition is None:
        return []
    guard, direction = condition.key
    name, fault = _name(problems, item), read_fault(problems, item.get("fault"), plant, clears=True)
    return [
        LatchSpec(guard, direction, path, value, name, kind, fault)
        for path, value in changes(problems, item, kind, plant)
        if value is not None
    ]


def _name(problems: Problems, item: Node) -> str:
    node = item.get("name")
    return "" if node is None else problems.string(node, "not a name")


def changes(problems: Problems, item: Node, kind: str, plant: PlantSpec | None) -> list[tuple[str, float | None]]:
    """Read {path: value}; below the path of an array stands a mapping that names elements, a list, or one number."""
    node = item.get(kind)
    assert node is not None
    if kind == "fire":
        return _impulse(problems, item, node, plant)
    if item.get("value") is not None:
        problems.add(item.key("value"), "unknown key", f"Only fire: takes value:; a {kind} names its values itself.")
    pairs = problems.mapping(node, f"{kind} is a mapping", "{reactor.UA: 500 W/K}")
    if not pairs and (node.kind == "map" or node.is_null):
        problems.add(item.key(kind), "nothing to change", f"{kind} needs a path and a value: {_EXAMPLE}.")
    flat: list[tuple[Node, str, Node]] = []
    for key, value in pairs:
        if value.kind == "map":
            flat.extend((inner, f"{key.text}.{inner.text}", below) for inner, below in value.pairs)
        else:
            flat.append((key, key.text, value))
    found: list[tuple[str, float | None]] = []
    for key, path, value in flat:
        for element, item in spread(problems, key, path, value, plant):
            found.append((element, _change(problems, key, element, item, plant, kind)))
    return found


def _impulse(problems: Problems, item: Node, node: Node, plant: PlantSpec | None) -> list[tuple[str, float | None]]:
    """Read `fire: unit.impulse` with its `value:`; 1 stands for the amount of an impulse that takes none."""
    path = problems.string(node, "not an impulse")
    if plant is None or not path:
        return []
    try:
        field = resolve_impulse(plant, path)
    except PathError as error:
        problems.add(node, "unknown impulse", str(error))
        return []
    given = item.get("value")
    if not field.unit:
        if given is not None and given.value not in (1, 1.0):  # as the resolved configuration writes it
            problems.add(item.key("value"), "takes no value", f'{path} "{field.meaning}" takes no amount.')
        return [(path, 1.0)]
    if given is None:
        detail = f'{path} [{field.unit}] "{field.meaning}" needs an amount, for example value: 1 {field.unit}.'
        problems.add(node, "missing value", detail)
        return []
    return [(path, value_of(problems, given, field, path))]


def _change(problems: Problems, key: Node, path: str, value: Node, plant: PlantSpec | None, kind: str) -> float | None:
    if plant is None:
        return None
    try:
        found = resolve(plant, path)
    except PathError as error:
        problems.add(key, "unknown path", str(error))
        return None
    if kind == "ramp" and found.field.kind == "enum":
        problems.add(key, "not a number", f"'{path}' is a choice: it can be set or held, but not ramped.")
        return None
    return value_of(problems, value, found.field, path, feed=found.kind == "feed")


def read_quality(problems: Problems, node: Node | None, plant: PlantSpec | None) -> list[QualitySpec]:
    """Read limits of measurements."""
    found = []
    example = "{tag: press.hardness, low: 60 N, high: 120 N, average: 10 min}"
    for item in problems.sequence(node, "quality is a list", f"[{example}]") if node else []:
        if item.kind != "map" or item.get("tag") is None:
            problems.add(item, "not a quality limit", f"A limit reads {example}.")
            continue
        problems.known_keys(item, QUALITY.names, "unknown key", "a quality limit")
        tag = item.get("tag")
        assert tag is not None
        path = problems.string(tag, "not a tag")
        if plant is None or not path:
            continue
        try:
            field = resolve_measurement(plant, path)
        except PathError as error:
            problems.add(tag, "unknown measurement", str(error))
            continue
        limits = [_limit(problems, item.get(key), field, path) for key in ("low", "high")]
        low, high = limits
        if low is not None and high is not None and low > high:
            problems.add(item.key("low"), "out of range", f"{path}: low lies above high.")
        if low is None and high is None:
            problems.add(tag, "not a quality limit", f"{path} needs low:, high: or both.")
        found.append(QualitySpec(path, low, high, time_of(problems, item, "average") or 0.0))
    return found


def _limit(problems: Problems, node: Node | None, field: Field, path: str) -> float | None:
    return None if node is None or node.is_null else value_of(problems, node, field, path)
