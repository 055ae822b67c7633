"""Reads `lots:`, `batches:` and `containers:` of a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twin.config.document import Node, Problems, closest
from twin.config.entries import time_of
from twin.config.material_spec import BatchSpec, ContainerSpec, LotSpec, Marks
from twin.config.scenario_keys import BATCH, LOT
from twin.config.spec import PlantSpec
from twin.units import UnitError, parse_quantity

_LOT = "{name: API-0417, of: api_refill, from: 0 h, supplier: ABC}"
_BATCH = "{name: B-1, from: 0 h, to: 8 h}, or {name: B, of: tablets, mass: 100 kg}"
_CONTAINER = "{name: drum, of: tablets, mass: 50 kg}, or {name: drum, of: tablets, every: 2 h}"


@dataclass(frozen=True)
class _Interval:
    name: str
    of: str
    start: float
    end: float | None
    every: float | None
    mass: float | None
    marks: Marks


def read_lots(problems: Problems, node: Node | None, plant: PlantSpec | None, duration: float) -> list[LotSpec]:
    """Read lots: of a feed from a time on, or of what a unit holds at the start."""
    found: list[LotSpec] = []
    seen: dict[tuple[str, float], Node] = {}
    for item in problems.sequence(node, "lots are a list", f"[{_LOT}]") if node else []:
        name, of = (
            _text(problems, item, "name", f"A lot reads {_LOT}"),
            _text(problems, item, "of", "A lot says of what"),
        )
        if not name or not of:
            continue
        units = [] if plant is None else [unit.name for unit in plant.units]
        feeds = [] if plant is None else [feed.name for feed in plant.feeds]
        if plant is not None and of not in units + feeds:
            _unknown(problems, item, of, "feed or unit", feeds + units, plant)
        start = time_of(problems, item, "from") or 0.0
        if of in units and start > 0.0:
            detail = f"'{of}' is a unit: a lot of its initial content is there from the start. Feeds change lots."
            problems.add(item.key("from"), "never happens", detail)
        _within(problems, item, "from", start, duration)
        if (of, start) in seen:
            first = seen[of, start].line
            problems.add(item.key("of"), "twice", f"'{of}' already has a lot from {start:g} s on (line {first}).")
        seen[of, start] = item
        found.append(LotSpec(name, of, start, _marks(problems, item, LOT.names)))
    return found


def read_batches(problems: Problems, node: Node | None, plant: PlantSpec | None, duration: float) -> list[BatchSpec]:
    """Read batches: intervals of time, or of a product's mass."""
    return [BatchSpec(**vars(x)) for x in _intervals(problems, node, plant, duration, "batch", "batches", _BATCH)]


def read_containers(
    problems: Problems, node: Node | None, plant: PlantSpec | None, duration: float
) -> list[ContainerSpec]:
    """Read containers of a product, filled by time or by mass."""
    rows = _intervals(problems, node, plant, duration, "container", "containers", _CONTAINER)
    return [ContainerSpec(**vars(x)) for x in rows]


def _intervals(
    problems: Problems,
    node: Node | None,
    plant: PlantSpec | None,
    duration: float,
    one: str,
    many: str,
    example: str,
) -> Iterable[_Interval]:
    known = [] if plant is None else [product.name for product in plant.products]
    for item in problems.sequence(node, f"{many} are a list", f"[{example}]") if node else []:
        name = _text(problems, item, "name", f"A {one} reads {example}")
        if not name:
            continue
        of_node = item.get("of")
        of = "" if of_node is None else problems.string(of_node, "not a name")
        if of and plant is not None and of not in known:
            _unknown(problems, item, of, "product", known, plant)
        start, end = time_of(problems, item, "from") or 0.0, time_of(problems, item, "to")
        every, mass = time_of(problems, item, "every"), _mass(problems, item)
        if every is not None and every <= 0.0:
            problems.add(item.key("every"), "out of range", "every must be above zero.")
        if end is not None and end <= start:
            problems.add(item.key("to"), "never happens", f"This {one} would end before it begins.")
        _within(problems, item, "from", start, duration)
        if every is not None and mass is not None:
            problems.add(item.key("mass"), "not a " + one, f"A {one} is cut by time (every:) or by mass, not by both.")
        if one == "container" and every is None and mass is None:
            problems.add(item.key("name"), "not a container", f"Containers need every: or mass:, such as {example}.")
        if one == "batch" and every is None and mass is None and end is None:
            problems.add(item.key("name"), "not a batch", f"A batch needs to:, every: or mass:, such as {example}.")
        if not of and (mass is not None or one == "container"):
            problems.add(item.key("name"), f"not a {one}", f"Of which product? Give of:, such as {example}.")
        yield _Interval(name, of, start, end, every, mass, _marks(problems, item, BATCH.names))


def _text(problems: Problems, item: Node, key: str, detail: str) -> str:
    node = item.get(key)
    if item.kind != "map" or node is None:
        problems.add(item, f"missing {key}", f"{detail}, but this has no {key}:.")
        return ""
    return problems.string(node, f"not a {key}")


def _unknown(problems: Problems, item: Node, of: str, noun: str, known: list[str], plant: PlantSpec) -> None:
    node = item.get("of")
    assert node is not None
    problems.add(node, f"unknown {noun}", f"There is no {noun} '{of}' in {plant.name}.{closest(of, known)}")


def _within(problems: Problems, item: Node, key: str, time: float, duration: float) -> None:
    if time > duration:
        problems.add(item.key(key), "never happens", f"The scenario ends at {duration:g} s, before this.")


def _mass(problems: Problems, item: Node) -> float | None:
    node = item.get("mass")
    if node is None or node.is_null:
        return None
    if node.kind != "scalar":
        problems.add(node, "not a value", f"mass is one value, but this is {node.what}.")
        return None
    try:
        mass = parse_quantity(node.value if isinstance(node.value, bool) else node.text, "kg")
    except UnitError as error:
        problems.add(node, "not such a quantity", f"mass: {error}.")
        return None
    if mass <= 0.0:
        problems.add(node, "out of range", "mass must be above zero.")
        return None
    return mass


def _marks(problems: Problems, item: Node, known: tuple[str, ...]) -> Marks:
    """Read every other key as a free field."""
    marks = []
    for key, value in item.pairs:
        if key.text not in known:
            if value.kind != "scalar":
                problems.add(value, "not a text", f"'{key.text}' is a free field: one text or number.")
            marks.append((key.text, value.text))
    return tuple(marks)
