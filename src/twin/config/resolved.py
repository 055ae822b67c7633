"""Writes a scenario with everything explicit, in SI: a file that gives the same specification, bit for bit.

Floats are written by `repr`, the shortest text that reads back to the same bits.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from twin.config.equipment import CONTROLLER_KEYS
from twin.config.estimators import estimators_tree
from twin.config.monitors import monitors_tree
from twin.config.predictive import predictive_tree
from twin.config.process_tree import fault_tree, material_tree, process_tree
from twin.config.spec import SCANS, EventSpec, KpiSpec, LatchSpec, PlantSpec, ScenarioSpec, UnitSpec, Value
from twin.plant.model import load_model
from twin.quantity import fields

_CONTROL = "twin.control."
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def resolved_yaml(scenario: ScenarioSpec) -> str:
    """Write a scenario, its plant inline, as YAML."""
    tree = {
        "twin": 1,
        "name": scenario.name,
        "title": scenario.title,
        "duration": scenario.duration,
        "record": scenario.record_every,
        "solver": {
            "method": scenario.method,
            "rtol": scenario.rtol,
            **({"scans": scenario.scans} if scenario.scans != SCANS[0] else {}),
        },
        "seed": scenario.seed,
        **({} if scenario.until is None else {"until": scenario.until}),
        **({} if scenario.ends is None else {"ends": scenario.ends.text}),
        **({} if scenario.start == "initial" else {"start": scenario.start}),
        "events": [*_events(scenario.events), *_latches(scenario.latches)],
        "quality": [
            {
                "tag": q.tag,
                **{k: v for k, v in (("low", q.low), ("high", q.high)) if v is not None},
                "average": q.average,
            }
            for q in scenario.quality
        ],
        **process_tree(scenario),
        **material_tree(scenario),
        **monitors_tree(scenario.monitors),
        **predictive_tree(scenario.predictive),
        **estimators_tree(scenario.estimators),
        **({"figure": [list(panel) for panel in scenario.figure]} if scenario.figure else {}),
        "plant": plant_tree(scenario.plant),
    }
    lines: list[str] = []
    _write(tree, 0, lines)
    return "\n".join(lines) + "\n"


def _named(event: Any) -> dict[str, str]:
    return {"name": event.name} if event.name else {}


def _latches(latches: tuple[LatchSpec, ...]) -> list[dict[str, Any]]:
    return [{"when": f"{e.guard} {e.direction}", **_does(e), **_named(e), **fault_tree(e.fault)} for e in latches]


def _does(event: EventSpec | LatchSpec) -> dict[str, Any]:
    if event.kind == "fire":
        return {"fire": event.path, "value": event.value}
    return {event.kind: {event.path: event.value}}


def _events(events: tuple[EventSpec, ...]) -> list[dict[str, Any]]:
    out = []
    for e in events:
        item: dict[str, Any] = {"at": e.at, **_does(e)}
        if e.kind in ("ramp", "hold"):
            item["over" if e.kind == "ramp" else "for"] = e.over
        if e.every is not None:
            item["every"] = e.every
        if e.until is not None:
            item["until"] = e.until
        out.append({**item, **_named(e), **fault_tree(e.fault)})
    return out


def plant_tree(plant: PlantSpec) -> dict[str, Any]:
    """Give a plant as plain mappings and lists, as `units:` and the other keys of its YAML."""
    # what has units of its own by what it is wired to stands under `controllers:`
    tags = {unit.name: unit for unit in plant.units if unit.model.startswith(_CONTROL) or unit.units}
    outputs = _outputs(plant, tags)
    wires = [w for w in plant.signals if w.target.partition(".")[0] not in tags and w.target not in outputs.values()]
    return {
        "twin": 1,
        "name": plant.name,
        "title": plant.title,
        "description": plant.description,
        "fluids": list(plant.fluids),
        "solids": list(plant.solids),
        "grids": {name: {"edges": _value(edges)} for name, edges in plant.grids.items()},
        "components": {name: dict(values) for name, values in plant.components.items()},
        "units": {unit.name: _unit(unit, plant) for unit in plant.units if unit.name not in tags},
        "controllers": {name: _controller(unit, plant, outputs) for name, unit in tags.items()},
        "feeds": {feed.name: {k: _value(v) for k, v in feed.values.items()} for feed in plant.feeds},
        "connections": [
            *(f"{feed.name} -> {feed.target}" for feed in plant.feeds),
            *(f"{c.source} -> {c.target}" for c in plant.connections),
            *(f"{product.source} -> {product.name}" for product in plant.products),
        ],
        "products": [product.name for product in plant.products],
        "signals": [f"{w.source} -> {w.target}" for w in wires],
        **({} if plant.kpi is None else {"kpi": _kpi(plant.kpi)}),
    }


def _kpi(kpi: KpiSpec) -> dict[str, Any]:
    """Give what is named; the ratio belongs to the limiting reactant."""
    names = {"api": kpi.api, "product": kpi.product, "limiting": kpi.limiting}
    ratio = {"ratio": kpi.ratio} if kpi.limiting else {}
    return {**{key: name for key, name in names.items() if name}, **ratio}


def _outputs(plant: PlantSpec, tags: dict[str, UnitSpec]) -> dict[str, str]:
    """What each controller names as its output: an inlet of a unit, or where it must name one, another's.

    Others that read it name it themselves, and so must whoever needs a measurement.
    """

    def needs(name: str, end: str) -> bool:
        return end in getattr(load_model(tags[name].model).module, "ENDS", ("measurement", "output"))

    ranked: dict[str, tuple[int, str]] = {}
    for wire in plant.signals:
        owner, _, port = wire.source.partition(".")
        target, _, inlet = wire.target.partition(".")
        if owner not in tags or port != "output" or (target in tags and not needs(owner, "output")):
            continue
        reads = target in tags and inlet == "measurement" and needs(target, "measurement")
        rank = (target in tags) + reads + 2 * (inlet == "back")  # what a slave tells back, its master finds by itself
        if owner not in ranked or rank < ranked[owner][0]:
            ranked[owner] = (rank, wire.target)
    return {owner: target for owner, (_, target) in ranked.items()}


def _head(unit: UnitSpec) -> dict[str, Any]:
    out: dict[str, Any] = {"label": unit.label}
    if unit.position is not None:
        out["position"] = list(unit.position)
    out["initial"] = {k: _value(v) for k, v in unit.initial.items()}
    if unit.nominal:
        out["nominal"] = dict(unit.nominal)
    return out


def _unit(unit: UnitSpec, plant: PlantSpec) -> dict[str, Any]:
    model = load_model(unit.model)
    sizes = {dim: size for dim, size in unit.dims.items() if dim in model.dims and dim not in model.settings}
    return {"model": unit.model, **_head(unit), **sizes, **unit.settings, "params": _numbers(unit, plant)}


def _numbers(unit: UnitSpec, plant: PlantSpec) -> dict[str, Any]:
    """Give parameters and undriven signals; choices and components by name, so that the file reads well."""
    out: dict[str, Any] = {}
    known = {f.name: f for f in fields(load_model(unit.model).Params)}
    for name, value in {**unit.params, **unit.signals}.items():
        field = known.get(name)
        if field is not None and field.enum is not None:
            out[name] = field.enum(int(value)).name.lower()
        elif field is not None and field.index is not None:
            out[name] = (plant.fluids if field.index == "fluids" else plant.solids)[int(value)]
        else:
            out[name] = _value(value)
    return out


def _controller(unit: UnitSpec, plant: PlantSpec, outputs: dict[str, str]) -> dict[str, Any]:
    """Give a controller with its wires: its output, and what leads to it but is no other's output."""
    out: dict[str, Any] = {"model": unit.model.removeprefix(_CONTROL), **_head(unit)}
    model = load_model(unit.model)
    out |= {dim: size for dim, size in unit.dims.items() if dim in model.dims}
    if unit.name in outputs:
        out["output"] = outputs[unit.name]
    for wire in plant.signals:
        owner, _, port = wire.target.partition(".")
        if owner == unit.name and outputs.get(wire.source.partition(".")[0]) != wire.target:
            out[port] = wire.source
    return {**out, **{k: v for k, v in _numbers(unit, plant).items() if k not in CONTROLLER_KEYS}}


def _value(value: Value) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    # a JSON string is a YAML string but for what YAML takes for line breaks or does not allow
    return _HIDDEN.sub(lambda m: f"\\u{ord(m.group()):04x}", json.dumps(value, ensure_ascii=False))


def _write(value: Any, depth: int, lines: list[str]) -> None:
    """Write a mapping or list in block style down to what fits on a line, then in flow style."""
    pad = "  " * depth
    for key, item in value.items():
        name = key if key.replace("_", "").isalnum() and not key[0].isdigit() else _scalar(key)
        if isinstance(item, dict) and item and (depth < 2 or len(_flow(item)) > 90) and depth < 5:
            lines.append(f"{pad}{name}:")
            _write(item, depth + 1, lines)
        elif isinstance(item, list) and item and (isinstance(item[0], (dict, str)) and len(_flow(item)) > 90):
            lines.append(f"{pad}{name}:")
            lines.extend(f"{pad}  - {_flow(entry)}" for entry in item)
        else:
            lines.append(f"{pad}{name}: {_flow(item)}")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(value)
