"""Processes, resources, recipes and material as plain mappings and lists, as their YAML has them, in SI."""

from __future__ import annotations

from typing import Any

from twin.config.material_spec import BatchSpec, ContainerSpec, LotSpec
from twin.config.process_spec import (
    LEVELS,
    ConditionSpec,
    FaultSpec,
    HandlerSpec,
    ProcessSpec,
    ResourceSpec,
    StepSpec,
)
from twin.config.spec import ScenarioSpec


def process_tree(scenario: ScenarioSpec) -> dict[str, Any]:
    """Give `resources:`, `recipes:`, `processes:` and `factors:`, where there are any."""
    tree: dict[str, Any] = {}
    if scenario.resources:
        tree["resources"] = {resource.name: _resource(resource) for resource in scenario.resources}
    if scenario.recipes:
        tree["recipes"] = {recipe.name: [_step(step) for step in recipe.steps] for recipe in scenario.recipes}
    if scenario.processes:
        tree["processes"] = [_process(process) for process in scenario.processes]
    if scenario.factors is not None:
        served: dict[str, list[str]] = {}
        for item in scenario.factors.utilities:
            served.setdefault(item.duty, []).append(item.utility)
        tree["factors"] = {"utilities": served, "uncounted": list(scenario.factors.uncounted)}
    return tree


def material_tree(scenario: ScenarioSpec) -> dict[str, Any]:
    """Give `batches:`, `lots:` and `containers:`."""
    return {
        "batches": [_interval(batch) for batch in scenario.batches],
        "lots": [_lot(lot) for lot in scenario.lots],
        "containers": [_interval(container) for container in scenario.containers],
    }


def fault_tree(fault: FaultSpec | None) -> dict[str, Any]:
    """Give `fault:`, where there is one."""
    if fault is None:
        return {}
    if fault.clears:
        return {"fault": {"clears": fault.label}}
    return {"fault": _some(label=fault.label, where=fault.where or None)}


def _some(**fields: Any) -> dict[str, Any]:
    return {key.rstrip("_"): value for key, value in fields.items() if value is not None}


def _lot(lot: LotSpec) -> dict[str, Any]:
    return {"name": lot.name, "of": lot.of, "from": lot.start, **dict(lot.marks)}


def _interval(item: BatchSpec | ContainerSpec) -> dict[str, Any]:
    limits = _some(to=item.end, every=item.every, mass=item.mass)
    return {"name": item.name, **_some(of=item.of or None), "from": item.start, **limits, **dict(item.marks)}


def _resource(resource: ResourceSpec) -> Any:
    if not resource.shifts:
        return resource.capacity
    shifts = [_some(at=s.at, every=s.every, capacity=s.capacity) for s in resource.shifts]
    return {"capacity": resource.capacity, "shifts": shifts}


def _process(process: ProcessSpec) -> dict[str, Any]:
    begin = {"when": process.when.text} if process.when else _some(at=process.at, every=process.every)
    last = _some(until=process.until, priority=process.priority)
    steps = [_step(step) for step in process.steps]
    return {"name": process.name, **begin, **last, **fault_tree(process.fault), "steps": steps}


def _condition(key: str, condition: ConditionSpec) -> dict[str, Any]:
    if condition.kind == "guard":
        return {key: condition.text}
    return {key: condition.text, **_some(every=condition.every)}


def _step(step: StepSpec) -> Any:
    name = {"name": step.name} if step.name else {}
    if step.kind == "steps":
        return [_step(inner) for inner in step.steps]
    if step.kind in ("run", "stop"):
        return {step.kind: step.name}
    if step.kind == "fire":
        ((path, value),) = step.changes
        return {"fire": path, "value": value, **name}
    if step.kind in ("set", "ramp", "hold"):
        span = {"ramp": {"over": step.seconds}, "hold": {"for": step.seconds}}.get(step.kind, {})
        return {step.kind: dict(step.changes), **span, **name, **fault_tree(step.fault)}
    if step.kind in ("wait", "at"):
        return {step.kind: step.seconds, **name, **fault_tree(step.fault)}
    if step.kind in LEVELS:
        return _block(step)
    inner = [_step(item) for item in step.steps]
    if step.kind == "wait_until":
        assert step.condition is not None
        return {**_condition("wait_until", step.condition), **_limit(step), **name}
    if step.kind == "parallel":
        return {"parallel": inner, **name}
    if step.kind == "with":
        ranked = _some(priority=step.priority)
        return {"with": dict(step.resources), **ranked, **_limit(step), "steps": inner, **name}
    if step.condition is not None:
        return {**_condition("repeat_until", step.condition), **_some(at_most=step.times), "steps": inner, **name}
    return {"repeat": "forever" if step.times is None else step.times, "steps": inner, **name}


def _limit(step: StepSpec) -> dict[str, Any]:
    if step.timeout is None:
        return {}
    otherwise: Any = [_step(item) for item in step.instead] if step.otherwise == "steps" else step.otherwise
    return {"timeout": step.timeout, "otherwise": otherwise}


def _block(step: StepSpec) -> dict[str, Any]:
    shared = dict(step.resources) or None
    head = {step.kind: step.name, **_some(unit=step.unit or None, with_=shared, priority=step.priority)}
    handlers = [_handler(handler) for handler in step.handlers]
    return {
        **head,
        **fault_tree(step.fault),
        "steps": [_step(inner) for inner in step.steps],
        **({"on": handlers} if handlers else {}),
    }


def _handler(handler: HandlerSpec) -> dict[str, Any]:
    steps = {"steps": [_step(step) for step in handler.steps]} if handler.steps else {}
    return {**_condition("when", handler.when), **steps, "then": handler.then}
