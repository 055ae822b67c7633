"""Reads `units:` and `controllers:`: models, sizes, parameters, initial states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twin.config.context import Context
from twin.config.document import Node
from twin.config.forces import with_forces
from twin.config.lists import count_of
from twin.config.models import controllers, find_model
from twin.config.names import TAG, UNIT_NAME, claim
from twin.config.plant_keys import CONTROLLER, UNIT
from twin.config.scalars import Table, read_scalar
from twin.config.spec import Frozen, UnitSpec, Value
from twin.config.values import read_table
from twin.plant.model import Model
from twin.quantity import Field, fields

#: Keys of a unit beside its model's own dimensions and settings.
KEYS = UNIT.names
#: Keys of a controller beside its model's parameters.
CONTROLLER_KEYS = CONTROLLER.names
_MOST_PLACES = 100_000


@dataclass(eq=False)
class Head:
    """A unit before its numbers are read: enough to check connections against."""

    name: Node
    node: Node
    model: Model
    is_controller: bool = False
    units: dict[str, str] = field(default_factory=dict)
    driven: set[str] = field(default_factory=set)  #: signal inlets that a wire drives
    broken: bool = False  #: a controller whose ends are unknown: its numbers have no units to be read in

    @property
    def title(self) -> str:
        return f"{self.name.text} ({self.model.name})"

    def unit_of(self, name: str, unit: str) -> str:
        """Give the unit of a field or port of this unit: generic ones follow what is controlled."""
        return self.units.get(name, unit)


def read_heads(ctx: Context, node: Node | None, taken: dict[str, Node]) -> list[Head]:
    """Read names and models of the units."""
    heads = []
    for key, value in ctx.problems.mapping(node, "units are a mapping", "{tank: {model: piping.tank}}") if node else []:
        if not claim(ctx, key, UNIT_NAME, taken, "unit", "lower_snake names such as wet_mill"):
            continue
        if value.kind != "map":
            ctx.problems.add(value if not value.is_null else key, "not a unit", f"{key.text} needs model: and params:.")
            continue
        named = value.get("model")
        if named is None:
            ctx.problems.add(key, "missing model", f"{key.text} needs model:, for example model: piping.tank.")
            continue
        model = find_model(ctx, named, ctx.problems.string(named, "not a model"), key.text)
        if model is not None:
            heads.append(Head(key, value, model))
    return heads


def read_controller_heads(ctx: Context, node: Node | None, taken: dict[str, Node]) -> list[Head]:
    """Read tags and models of the controllers; `model: pi` is the engine's `twin.control.pi`."""
    heads = []
    example = "{TIC-101: {model: pi, measurement: reactor.T_out, output: reactor.T_jacket, setpoint: 65 degC}}"
    for key, value in ctx.problems.mapping(node, "controllers are a mapping", example) if node else []:
        if not claim(ctx, key, TAG, taken, "controller", "tags such as TIC-101"):
            continue
        named = value.get("model") if value.kind == "map" else None
        if named is None:
            ctx.problems.add(key, "missing model", f"{key.text} needs model:, for example model: pi.")
            continue
        name = ctx.problems.string(named, "not a model")
        full = f"twin.control.{name}" if name in controllers() else name
        if "." not in full:
            known = ", ".join(controllers()) or "none"
            ctx.problems.add(
                named, "unknown model", f"{key.text}: there is no controller '{name[:60]}'. Known: {known}."
            )
            continue
        model = find_model(ctx, named, full, key.text)
        if model is not None:
            heads.append(Head(key, value, model, is_controller=True))
    return heads


def read_unit(ctx: Context, head: Head) -> UnitSpec:
    """Read everything of a unit but its connections."""
    model, node, name = head.model, head.node, head.name.text
    dims = _dims(ctx, head)
    settings, (more_dims, computed) = _configured(ctx, head)
    dims.update(more_dims)
    sizes = {**ctx.dims, **dims}
    position = _position(ctx, node)
    if head.is_controller:
        own = [k for k in (*(f.name for f in fields(model.Params)), *model.inlets) if k not in CONTROLLER_KEYS]
        ctx.problems.known_keys(node, [*CONTROLLER_KEYS, *own, *model.dims], "unknown key", head.title)
        pairs = [(k, v) for k, v in node.pairs if k.text in own and k.text not in head.driven]
        given: Node | None = Node(node.source, "map", head.name.line, head.name.col, head.name.length, pairs=pairs)
    else:
        _unknown_keys(ctx, head)
        given = node.get("params")
    signals = {port.name: port for port in model.inlets.values() if port.is_signal}
    at_rest = getattr(model.module, "SIGNALS", {})
    ports = tuple(
        Field(
            s.name,
            "float",
            head.unit_of(s.name, s.unit),
            s.meaning,
            default=at_rest.get(s.name, 0.0),
            has_default=s.optional,
        )
        for s in signals.values()
        if s.name not in head.driven
    )
    if not head.is_controller:
        given = _without_driven(ctx, head, given, set(signals))
    params = tuple(replace(f, unit=head.unit_of(f.name, f.unit)) for f in fields(model.Params))
    params = with_forces(params, given)
    both = Table(head.title, "parameter", name, (*params, *ports), sizes, computed)
    values = read_table(ctx, both, given, head.name)
    _agree(ctx, head, given, values)
    initial_fields = tuple(replace(f, unit=head.unit_of(f.name, f.unit)) for f in fields(model.Initial))
    start = Table(f"{head.title} initial", "initial value", f"{name}.initial", initial_fields, sizes, {})
    text = node.get("label")
    return UnitSpec(
        name=name,
        model=model.name,
        label=ctx.problems.string(text, "not a label") if text else name,
        position=position,
        dims=Frozen(dims),
        params=Frozen({k: v for k, v in values.items() if k not in signals}),
        signals=Frozen({k: v for k, v in values.items() if k in signals}),
        initial=read_table(ctx, start, node.get("initial"), head.name),
        nominal=_nominal(ctx, head, node.get("nominal"), sizes),
        units=Frozen(head.units),
        settings=Frozen(settings),
    )


def _agree(ctx: Context, head: Head, given: Node | None, values: Mapping[str, Value]) -> None:
    """Report parameters, each good on its own, that contradict each other, as the model's `check_params` says."""
    hook = getattr(head.model.module, "check_params", None)
    names = [f.name for f in fields(head.model.Params)]
    if hook is None or not all(name in values for name in names):
        return
    for name, said in hook(head.model.Params(**{name: values[name] for name in names})).items():
        written = ctx.overrides.take(f"{head.name.text}.{name}") or (given.get(name) if given else None)
        ctx.problems.add(written or head.name, "parameters contradict", f"{head.title}: {said}.")


def _unknown_keys(ctx: Context, head: Head) -> None:
    """Report unknown keys of a unit; a parameter written one level too high gets its own answer."""
    known = [*KEYS, *head.model.dims, *head.model.settings]
    inner = {f.name for f in fields(head.model.Params)} | set(head.model.inlets)
    for key, _ in head.node.pairs:
        if key.text in inner and key.text not in known:
            ctx.problems.add(
                key, "misplaced parameter", f"'{key.text}' is a parameter of {head.title}: write it under params:."
            )
    pairs = [pair for pair in head.node.pairs if pair[0].text not in inner]
    rest = Node(head.node.source, "map", head.node.line, head.node.col, pairs=pairs)
    ctx.problems.known_keys(rest, known, "unknown key", head.title)


def _without_driven(ctx: Context, head: Head, given: Node | None, signals: set[str]) -> Node | None:
    """Report values of signal inlets that a wire drives: they would have no effect."""
    if given is None or given.kind != "map":
        return given
    for key, _ in given.pairs:
        if key.text in head.driven and key.text in signals:
            detail = f"{head.title}: '{key.text}' is driven by a signal; a value here has no effect: remove one."
            ctx.problems.add(key, "driven and given", detail)
    pairs = [pair for pair in given.pairs if pair[0].text not in head.driven]
    return Node(given.source, "map", given.line, given.col, given.length, pairs=pairs)


def _dims(ctx: Context, head: Head) -> dict[str, int]:
    dims = dict(head.model.dims)
    for dim in dims:
        if dim in head.model.settings:
            continue  # configure() counts it
        node = ctx.overrides.take(f"{head.name.text}.{dim}") or head.node.get(dim)
        if node is None:
            continue
        value = count_of(node)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_PLACES:
            dims[dim] = value
        else:
            detail = f"{head.title}: {dim} is a whole number from 1 to {_MOST_PLACES}, not {node.what}."
            ctx.problems.add(node, "not a whole number", detail)
    return dims


def _configured(ctx: Context, head: Head) -> tuple[dict[str, Any], tuple[dict[str, int], Mapping[str, Any]]]:
    """Give the settings as written, and the dimensions and parameters that the model makes of them."""
    settings = {key.text: value.plain() for key, value in head.node.pairs if key.text in head.model.settings}
    if head.model.configure is None:
        return settings, ({}, {})
    place = next((key for key, _ in head.node.pairs if key.text in head.model.settings), head.name)
    try:
        dims, params = head.model.configure(settings, ctx.fluids, ctx.solids, ctx.components)
        return settings, ({str(k): int(v) for k, v in dims.items()}, dict(params))
    except (
        Exception
    ) as error:  # the model reads what a user wrote in any shape: what it cannot read is said with its words
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        ctx.problems.add(place, "cannot be configured", f"{head.title}: {said.rstrip('.')}.")
        return settings, ({}, {})


def _position(ctx: Context, node: Node) -> tuple[float, float] | None:
    given = node.get("position")
    if given is None or given.is_null:
        return None
    values = [item.value for item in given.items]
    if len(values) == 2 and all(
        isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < 1e9 for v in values
    ):
        return float(values[0]), float(values[1])
    ctx.problems.add(given, "not a position", "A position is two numbers, as in position: [120, 40].")
    return None


def _nominal(ctx: Context, head: Head, node: Node | None, sizes: dict[str, int]) -> dict[str, float]:
    """Read scales of states; an array's scale is one number."""
    states = {
        f.name: replace(f, kind="float", dims=(), range=None, unit=head.unit_of(f.name, f.unit))
        for f in fields(head.model.State)
    }
    table = Table(head.title, "state", f"{head.name.text}.nominal", (), sizes, {}, positive=True)
    values: dict[str, Value] = {}
    if node is None:
        return Frozen()
    ctx.problems.known_keys(node, states, "unknown state", f"{head.title} nominal")
    for key, item in ctx.problems.mapping(node, "nominal values are a mapping", "{T: 300 K}"):
        if key.text in states:
            value = read_scalar(ctx, table, states[key.text], item)
            if value == 0.0:
                ctx.problems.add(
                    item, "out of range", f"{head.title}: the typical size of {key.text} must be above zero."
                )
            elif value is not None:
                values[key.text] = value
    return Frozen(values)
