"""Dotted paths: what `reactor.UA`, `reagents.m_flow.ethanol` or `TIC-101.setpoint` means in a plant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from twin.config.context import PathError, flat_index, size_of
from twin.config.document import closest
from twin.config.spec import PlantSpec, UnitSpec
from twin.plant.model import Model, load_model
from twin.quantity import Field, fields


@dataclass(frozen=True)
class Resolved:
    """Where a path leads.

    `kind` is "param", "signal" or "feed"; `index` is the flat place in an array, None for a number
    (or for an array as a whole).
    """

    path: str
    kind: str
    owner: str  #: the unit's or the feed's name
    field: Field  #: with the unit in which values of this path stand
    index: int | None = None


def _say(items: list[Field]) -> dict[str, str]:
    return {f.name: f'[{f.unit}] "{f.meaning}"' for f in items}


def _settable(plant: PlantSpec, unit: UnitSpec, model: Model) -> tuple[list[Field], list[Field]]:
    """Give the parameters and the signal inlets that nothing drives."""
    params = [replace(f, unit=unit.units.get(f.name, f.unit)) for f in fields(model.Params)]
    signals = [
        Field(p.name, "float", unit.units.get(p.name, p.unit), p.meaning)
        for p in model.inlets.values()
        if p.name in unit.signals
    ]
    return params, signals


def resolve(plant: PlantSpec, path: str) -> Resolved:
    """Find a value that an event or an override may set.

    Parameters
    ----------
    plant : PlantSpec
    path : str
        `unit.param`, `unit.array.component` (or number), `unit.signal_inlet`, `feed.T`,
        `feed.m_flow.component`.

    Returns
    -------
    Resolved

    Raises
    ------
    PathError
        With the closest match and its unit and meaning.
    """
    owner, dot, rest = path.partition(".")
    name, *parts = rest.split(".")
    for feed in plant.feeds:
        if feed.name == owner:
            unit_name, _, port = feed.target.partition(".")
            stream = load_model(plant.unit(unit_name).model).inlets[port].stream
            return _field(
                plant, {}, f"feed {owner} ({feed.stream})", path, "feed", owner, list(fields(stream)), name, parts
            )
    for unit in plant.units:
        if unit.name == owner:
            model = load_model(unit.model)
            params, signals = _settable(plant, unit, model)
            title = f"{owner} ({unit.model})"
            if name in [f.name for f in signals]:
                return _field(plant, unit.dims, title, path, "signal", owner, signals, name, parts)
            wire = next((w.source for w in plant.signals if w.target == f"{owner}.{name}"), None)
            if wire is not None:
                raise PathError(f"'{path}' is driven by {wire}: setting it would have no effect.")
            return _field(plant, unit.dims, title, path, "param", owner, [*params, *signals], name, parts)
    names = [*(u.name for u in plant.units), *(f.name for f in plant.feeds)]
    raise PathError(f"There is no unit or feed '{owner}' in {plant.name}.{closest(owner, names)}")


def _field(
    plant: PlantSpec,
    own: dict[str, int],
    title: str,
    path: str,
    kind: str,
    owner: str,
    known: list[Field],
    name: str,
    parts: list[str],
) -> Resolved:
    found = {f.name: f for f in known}.get(name)
    if found is None:
        noun = "value" if kind == "feed" else "parameter"
        say = _say(known)
        raise PathError(f"{title} has no {noun} '{name}'.{closest(name, say, say)}")
    if not parts:
        return Resolved(path, kind, owner, found)
    if found.kind != "array":
        raise PathError(f"'{owner}.{name}' is one number: '.{'.'.join(parts)}' leads nowhere.")
    sizes = {**plant.dims, **own}
    shape = tuple(size_of(dim, sizes) or 0 for dim in found.dims)
    names = {"fluids": plant.fluids, "solids": plant.solids}
    try:
        return Resolved(path, kind, owner, found, flat_index(parts, found.dims, shape, names))
    except PathError as error:
        raise PathError(f"'{owner}.{name}' {error}") from None


def elements(plant: PlantSpec, path: str) -> list[str] | None:
    """Give the paths of all elements of an array, in C order; None for a path that leads to one value.

    Raises PathError.
    """
    found = resolve(plant, path)
    if found.field.kind != "array" or found.index is not None:
        return None
    own = {} if found.kind == "feed" else plant.unit(found.owner).dims
    sizes = {**plant.dims, **own}
    names = {"fluids": plant.fluids, "solids": plant.solids}
    labels = [names.get(d) or tuple(str(k) for k in range(size_of(d, sizes) or 0)) for d in found.field.dims]
    return [".".join((path, *parts)) for parts in product(*labels)]


def written(plant: PlantSpec, path: str, value: float) -> str:
    """Write the value of a path with its unit, as a schedule shows it: "283.15 K (10 degC)", "indexed".

    Raises PathError.
    """
    try:
        field = resolve_impulse(plant, path)
    except PathError:
        field = resolve(plant, path).field
    else:
        return f"{value:.6g} {field.unit}".removesuffix(" 1") if field.unit else ""
    if field.enum is not None:
        return field.enum(int(value)).name.lower()
    text = f"{value:.6g}" if field.unit == "1" else f"{value:.6g} {field.unit}"
    return f"{text} ({value - 273.15:.6g} degC)" if field.unit == "K" else text


def resolve_measurement(plant: PlantSpec, path: str) -> Field:
    """Find a measurement (or signal outlet) `unit.name`. Raises PathError."""
    owner, _, name = path.partition(".")
    unit, model = _model(plant, owner)
    known = [replace(f, unit=unit.units.get(f.name, f.unit)) for f in model.measurements]
    known += [
        Field(p.name, "float", unit.units.get(p.name, p.unit), p.meaning) for p in model.outlets.values() if p.is_signal
    ]
    return _named(known, name, owner, model, "measurement")


def resolve_guard(plant: PlantSpec, path: str) -> Field:
    """Find a guard `unit.name`. Raises PathError."""
    owner, _, name = path.partition(".")
    _, model = _model(plant, owner)
    return _named(list(model.guards), name, owner, model, "guard")


def resolve_impulse(plant: PlantSpec, path: str) -> Field:
    """Find an impulse `unit.name`; its unit is that of the amount it takes, "" for none. Raises PathError."""
    owner, _, name = path.partition(".")
    _, model = _model(plant, owner)
    return _named(list(model.impulses), name, owner, model, "impulse")


def _model(plant: PlantSpec, owner: str) -> tuple[UnitSpec, Model]:
    for unit in plant.units:
        if unit.name == owner:
            return unit, load_model(unit.model)
    raise PathError(f"There is no unit '{owner}' in {plant.name}.{closest(owner, [u.name for u in plant.units])}")


def _named(known: list[Field], name: str, owner: str, model: Model, noun: str) -> Field:
    found = {f.name: f for f in known}.get(name)
    if found is None:
        say = _say(known)
        hint = closest(name, say, say) or f" It has no {noun}s."
        raise PathError(f"{owner} ({model.name}) has no {noun} '{name}'.{hint}")
    return found
