"""The control loops of a plant: what a controller measures, what it moves, and its parameters."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from twin.config.spec import PlantSpec, UnitSpec
from twin.control.linear.linearise import NotLinear
from twin.plant.model import load_model
from twin.quantity import fields


@dataclass(frozen=True)
class Loop:
    """A feedback controller of a plant and its wires."""

    name: str
    measurement: str  #: "unit.measurement"
    output: str  #: "unit.inlet"
    setpoint: str  #: path of its setpoint
    unit_in: str
    unit_out: str


def loops(plant: PlantSpec) -> tuple[Loop, ...]:
    """All controllers with gain, setpoint, measurement and output whose setpoint nothing drives."""
    return tuple(loop for unit in plant.units for loop in [_loop(plant, unit)] if loop is not None)


def find_loop(plant: PlantSpec, name: str) -> Loop:
    """Give a loop by its controller's name. Raises NotLinear."""
    known = {loop.name: loop for loop in loops(plant)}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else f" There are {', '.join(known) or 'none'}."
        raise NotLinear(f"{plant.name} has no feedback loop '{name}'.{hint}")
    return known[name]


def _loop(plant: PlantSpec, unit: UnitSpec) -> Loop | None:
    model = load_model(unit.model)
    if not {"measurement", "setpoint"} <= model.inlets.keys() or "output" not in model.outlets:
        return None
    if "K" not in [f.name for f in fields(model.Params)] or "setpoint" not in unit.signals:
        return None
    measured = next((w.source for w in plant.signals if w.target == f"{unit.name}.measurement"), "")
    moved = next((w.target for w in plant.signals if w.source == f"{unit.name}.output"), "")
    if not measured or not moved:
        return None
    return Loop(
        unit.name,
        measured,
        moved,
        f"{unit.name}.setpoint",
        unit.units.get("measurement", unit.units.get("setpoint", "1")),
        unit.units.get("output", unit.units.get("low", "1")),
    )
