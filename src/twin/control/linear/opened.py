"""Plants with loops opened: a driven signal inlet becomes one that somebody else decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from twin.config.spec import Connection, Frozen, PlantSpec, UnitSpec
from twin.plant.model import load_model

STATION, TAP = "twin.control.linear.station", "twin.control.linear.tap"


def driver(plant: PlantSpec, inlet: str) -> str:
    """Give what drives a signal inlet ("unit.outlet"), "" for nothing."""
    return next((wire.source for wire in plant.signals if wire.target == inlet), "")


def opened(plant: PlantSpec, values: Mapping[str, float], keep: Sequence[str] = ()) -> PlantSpec:
    """Take the wires off these signal inlets, and the controllers that then drive nothing out of the plant.

    Parameters
    ----------
    plant : PlantSpec
    values : mapping of "unit.inlet" to number
        What the inlets have from now on, in SI.
    keep : sequence of str
        Units that stay, though they drive nothing.
    """
    wires = [wire for wire in plant.signals if wire.target not in values]
    drivers = {driver(plant, inlet).partition(".")[0] for inlet in values}
    gone = set[str]()
    while True:
        idle = {name for name in drivers if name and name not in keep and _only_signals(plant, name)}
        idle = {name for name in idle if not any(wire.source.partition(".")[0] == name for wire in wires)} - gone
        if not idle:
            break
        gone |= idle
        drivers |= {wire.source.partition(".")[0] for wire in wires if wire.target.partition(".")[0] in idle}
        wires = [wire for wire in wires if wire.target.partition(".")[0] not in idle]
    units = tuple(_with(unit, values) for unit in plant.units if unit.name not in gone)
    return replace(plant, units=units, signals=tuple(wires))


def _with(unit: UnitSpec, values: Mapping[str, float]) -> UnitSpec:
    mine = {path.partition(".")[2]: value for path, value in values.items() if path.partition(".")[0] == unit.name}
    return replace(unit, signals=Frozen({**unit.signals, **mine})) if mine else unit


def _only_signals(plant: PlantSpec, name: str) -> bool:
    model = load_model(plant.unit(name).model)
    return all(port.is_signal for port in (*model.inlets.values(), *model.outlets.values()))


def wired(plant: PlantSpec, inputs: Mapping[str, float], outputs: Sequence[str]) -> PlantSpec:
    """Put a station in front of each of these signal inlets, which nothing drives, and a tap behind each signal.

    Parameters
    ----------
    plant : PlantSpec
    inputs : mapping of "unit.inlet" to number
        Each with its value.
    outputs : sequence of "unit.measurement" or "unit.outlet"
    """
    units, wires = list(plant.units), list(plant.signals)
    for k, (inlet, value) in enumerate(inputs.items()):
        units.append(_unit(station_name(k), STATION, {"value": value}))
        wires.append(Connection(f"{station_name(k)}.output", inlet))
    for k, source in enumerate(outputs):
        units.append(_unit(tap_name(k), TAP, {}))
        wires.append(Connection(source, f"{tap_name(k)}.signal"))
    return replace(plant, units=tuple(units), signals=tuple(wires))


def station_name(k: int) -> str:
    """Name of the station of an input; no name in a plant begins with an underscore."""
    return f"_input_{k}"


def tap_name(k: int) -> str:
    """Name of the tap of an output."""
    return f"_output_{k}"


def _unit(name: str, model: str, initial: dict[str, float]) -> UnitSpec:
    empty = Frozen()
    return UnitSpec(
        name=name,
        model=model,
        label=name,
        position=None,
        dims=empty,  # type: ignore[arg-type]
        params=empty,  # type: ignore[arg-type]
        signals=empty,  # type: ignore[arg-type]
        initial=Frozen(initial),  # type: ignore[arg-type]
        nominal=empty,  # type: ignore[arg-type]
    )
