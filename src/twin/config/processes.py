"""Reads `resources:`, `recipes:` and `processes:` of a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from twin.config.document import Node, Problems
from twin.config.entries import time_of
from twin.config.faults import read_fault
from twin.config.foresight import foresee
from twin.config.process_keys import PROCESS, RESOURCE, SHIFT
from twin.config.process_spec import PRIORITY, ProcessSpec, RecipeSpec, ResourceSpec, ShiftSpec
from twin.config.spec import PlantSpec
from twin.config.steps import StepReader

_PROCESS = "{name: cleaning, at: 8 h, steps: [{wait: 1 h}]}"
_RESOURCE = "{operator: 2}, or {operator: {capacity: 2, shifts: [{at: 22 h, every: 24 h, capacity: 1}]}}"


@dataclass(frozen=True)
class Processes:
    """What the three sections say together."""

    resources: tuple[ResourceSpec, ...] = ()
    recipes: tuple[RecipeSpec, ...] = ()
    processes: tuple[ProcessSpec, ...] = ()


def read_processes(problems: Problems, root: Node, plant: PlantSpec | None, duration: float) -> Processes:
    """Read the sections, and refuse what can be seen to go wrong before anything runs."""
    before = len(problems.found)
    resources = _resources(problems, root.get("resources"), duration)
    node = root.get("recipes")
    named = problems.mapping(node, "recipes are named", "{cleaning: [{wait: 1 h}]}") if node else []
    reader = StepReader(
        problems, plant, {resource.name: most(resource) for resource in resources}, [key.text for key, _ in named]
    )
    recipes = [RecipeSpec(key.text, reader.steps(value, key)) for key, value in named]
    node = root.get("processes")
    found: list[ProcessSpec] = []
    places: list[Node] = []
    for item in problems.sequence(node, "processes are a list", f"[{_PROCESS}]") if node else []:
        if item.kind != "map" or item.get("name") is None:
            problems.add(item, "not a process", f"A process reads {_PROCESS}, but this is {item.what}.")
            continue
        process = _process(problems, item, reader, duration)
        if process.name in [other.name for other in found]:
            problems.add(item.key("name"), "twice the same name", f"There is another process '{process.name}'.")
        found.append(process)
        places.append(item)
    result = Processes(tuple(resources), tuple(recipes), tuple(found))
    if len(problems.found) == before:
        foresee(problems, result.recipes, list(zip(result.processes, places, strict=True)), reader, duration)
    return result


def most(resource: ResourceSpec) -> int:
    """Give how much of a resource there is at best."""
    return max(resource.capacity, *(shift.capacity for shift in resource.shifts), 0)


def _resources(problems: Problems, node: Node | None, duration: float) -> list[ResourceSpec]:
    found = []
    for key, value in problems.mapping(node, "resources are named", _RESOURCE) if node else []:
        shifts: list[ShiftSpec] = []
        count: Node | None = value
        if value.kind == "map":
            problems.known_keys(value, RESOURCE.names, "unknown key", "a resource")
            count = value.get("capacity")
            plan = value.get("shifts")
            for item in problems.sequence(plan, "shifts are a list", "[{at: 6 h, capacity: 2}]") if plan else []:
                shifts += _shift(problems, item, duration)
        capacity = None if count is None else _count(count, 1 if not shifts else 0)
        if capacity is None:
            problems.add(key, "not a resource", f"A resource has a whole number of places: {_RESOURCE}.")
            continue
        found.append(ResourceSpec(key.text, capacity, tuple(shifts)))
    return found


def _count(node: Node, least: int) -> int | None:
    good = isinstance(node.value, int) and not isinstance(node.value, bool) and least <= node.value <= 10**6
    return int(node.value) if good else None


def _shift(problems: Problems, item: Node, duration: float) -> list[ShiftSpec]:
    example = "{at: 22 h, every: 24 h, capacity: 1}"
    if item.kind != "map" or item.get("at") is None or item.get("capacity") is None:
        problems.add(item, "not a shift", f"A shift reads {example}.")
        return []
    problems.known_keys(item, SHIFT.names, "unknown key", "a shift")
    at, every = time_of(problems, item, "at"), time_of(problems, item, "every")
    node = item.get("capacity")
    count = None if node is None else _count(node, 0)
    if count is None:
        problems.add(item.key("capacity"), "not a whole number", f"A shift reads {example}.")
    if every is not None and every < duration / 1e5:
        problems.add(item.key("every"), "out of range", "every is too short: more than 100 000 shifts.")
    return [] if at is None or count is None else [ShiftSpec(at, count, every)]


def _process(problems: Problems, item: Node, reader: StepReader, duration: float) -> ProcessSpec:
    problems.known_keys(item, PROCESS.names, "unknown key", "a process")
    at, every, until = (time_of(problems, item, key) for key in ("at", "every", "until"))
    when = None
    if item.get("when") is not None:
        when = reader.condition(item, "when", only_guards=True)
        for key in ("at", "every", "until"):
            if item.get(key) is not None:
                problems.add(
                    item.key(key), "unknown key", f"A process with when: starts by a guard and has no '{key}'."
                )
    if at is not None and at > duration:
        problems.add(item.key("at"), "never happens", f"The scenario ends at {duration:g} s, before this begins.")
    if when is None and every is not None and every < duration / 1e5:
        problems.add(item.key("every"), "too many repeats", "This would begin more than 100 000 times.")
    if until is not None and every is None:
        problems.add(item.key("until"), "nothing to repeat", "until ends a repetition: give every: as well.")
    if until is not None and until < (at or 0.0):
        problems.add(item.key("until"), "never happens", "until lies before at.")
    return ProcessSpec(
        problems.text(item, "name", ""),
        reader.steps(item.get("steps"), item.key("name")),
        at or 0.0,
        every if when is None else None,
        until if when is None else None,
        when,
        reader.priority(item) or PRIORITY,
        read_fault(problems, item.get("fault"), reader.plant, clears=False),
    )
