"""Reads the values of a table of fields (parameters, initial state, a feed): units, ranges, arrays, defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from twin.config.context import MOST_ELEMENTS, Context, PathError, flat_index, size_of
from twin.config.document import Node, closest
from twin.config.spec import Frozen, Value, frozen_array
from twin.quantity import Field
from twin.units import UnitError, example, parse_quantity


@dataclass(frozen=True, eq=False)
class Table:
    """One table to be read.

    Parameters
    ----------
    owner : str
        As messages name it: `blender (powder.blender)`.
    noun : str
        What a field is called: "parameter".
    path : str
        Dotted path of the table, by which overrides name its fields.
    fields : sequence of Field
    sizes : mapping
        Lengths of all dimensions.
    filled : mapping
        Values that stand in for fields that are not given (grids, components, what `configure` computed).
    zeros : bool
        Whether an array that is not given is zero (a feed) or a problem.
    positive : bool
        Whether negative numbers are refused (a feed's flows and temperature).
    extras : str
        What else a user might have meant, added to the answer to an unknown name.
    """

    owner: str
    noun: str
    path: str
    fields: Sequence[Field]
    sizes: dict[str, int]
    filled: Mapping[str, Any]
    zeros: bool = False
    positive: bool = False


def label(field: Field) -> str:
    """Say unit and meaning: `[s] "mean residence time"`."""
    return f'[{field.unit}] "{field.meaning}"'


def read_table(ctx: Context, table: Table, node: Node | None, place: Node) -> dict[str, Value]:
    """Read every field of a table.

    Parameters
    ----------
    node : Node or None
        The mapping of the file, if it has one.
    place : Node
        Where to point at when something is missing.
    """
    given = {f.name: None for f in table.fields}
    known = {f.name: label(f) for f in table.fields}
    title = f"unknown {table.noun}"
    if node is not None:
        for key, value in ctx.problems.mapping(node, f"{table.noun}s are a mapping", "{name: value}"):
            if key.text in given:
                given[key.text] = value
            else:
                hint = closest(key.text, known, known)
                ctx.problems.add(key, title, f"{table.owner} has no {table.noun} '{key.text}'.{hint}")
    values: dict[str, Value] = {}
    for f in table.fields:
        override = ctx.overrides.take(f"{table.path}.{f.name}")
        value = _field(ctx, table, f, override if override is not None else given[f.name], node or place)
        if value is not None:
            values[f.name] = value
    return Frozen(values)


def _field(ctx: Context, table: Table, f: Field, node: Node | None, place: Node) -> Value | None:
    if f.kind == "array":
        return _array(ctx, table, f, node, place)
    if node is not None and not node.is_null:
        return read_scalar(ctx, table, f, node)
    if f.name in table.filled:
        return _number(f, table.filled[f.name])
    if f.has_default and f.default is not None:
        return _number(f, f.default)
    _missing(ctx, table, f, node or place)
    return None


def _missing(ctx: Context, table: Table, f: Field, place: Node) -> None:
    wanted = example(f.unit) if f.kind in ("float", "array") else _choices(ctx, f)
    detail = f"{table.owner} needs {table.noun} '{f.name}' {label(f)}, for example {f.name}: {wanted}"
    ctx.problems.add(place, f"missing {table.noun}", detail + ".")


def _choices(ctx: Context, f: Field) -> str:
    if f.enum is not None:
        return " or ".join(member.name.lower() for member in f.enum)
    names = ctx.names(f.index) if f.index else ()
    return " or ".join(names[:6]) or "1"


def _number(f: Field, value: Any) -> Value:
    return float(value) if f.kind == "float" else int(value)


def read_scalar(ctx: Context, table: Table, f: Field, node: Node) -> float | int | None:
    """Read one number into the field's unit; an integer or a choice by name where the field is one."""
    if node.kind != "scalar" or node.value is None:
        ctx.problems.add(node, "not a value", f"{table.owner}: {f.name} {label(f)} is one value, but this is {node.what}.")
        return None
    if f.kind == "enum":
        return _choice(ctx, table, f, node)
    if f.kind == "int":
        return _integer(ctx, table, f, node)
    try:
        value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, f.unit)
    except UnitError as error:
        ctx.problems.add(node, "not such a quantity", f"{table.owner}: {f.name} \"{f.meaning}\": {error}.")
        return None
    return value if _in_range(ctx, table, f, value, node) else None


def _in_range(ctx: Context, table: Table, f: Field, value: float, node: Node) -> bool:
    low, high = (f.range.low, f.range.high) if f.range else (-np.inf, np.inf)
    if table.positive and f.unit == "K":
        low = max(low, 1.0)
    elif table.positive:
        low = max(low, 0.0)
    if low <= value <= high:
        return True
    said = f" ({value!r} {f.unit})" if f.unit != "1" and repr(value) != node.text else ""
    if high == np.inf:
        limits = f"at least {low:g} {f.unit}"
    else:
        limits = f"between {low:g} and {high:g} {f.unit}"
    ctx.problems.add(node, "out of range", f"{table.owner}: {f.name} {label(f)} must be {limits}, not {node.text}{said}.")
    return False


def _choice(ctx: Context, table: Table, f: Field, node: Node) -> int | None:
    assert f.enum is not None
    members = {member.name.casefold(): member for member in f.enum}
    found = members.get(node.text.casefold().replace("-", "_").replace(" ", "_"))
    if found is not None:
        return int(found)
    hint = closest(node.text, [member.name.lower() for member in f.enum])
    ctx.problems.add(node, "unknown choice", f"{table.owner}: {f.name} \"{f.meaning}\" has no choice {node.what}.{hint}")
    return None


def _integer(ctx: Context, table: Table, f: Field, node: Node) -> int | None:
    if f.index:
        names = ctx.names(f.index)
        if node.text in names:
            return names.index(node.text)
        hint = closest(node.text, names)
        ctx.problems.add(
            node,
            "unknown component",
            f"{table.owner}: {f.name} \"{f.meaning}\" names one of the plant's {f.index}; {node.what} is none of them.{hint}",
        )
        return None
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value if _in_range(ctx, table, f, node.value, node) else None
    ctx.problems.add(node, "not a whole number", f"{table.owner}: {f.name} \"{f.meaning}\" is a whole number, not {node.what}.")
    return None


def _array(ctx: Context, table: Table, f: Field, node: Node | None, place: Node) -> Value | None:
    shape = shape_of(ctx, table, f, place)
    if shape is None:
        return None
    array = _start(ctx, table, f, shape)
    given = node is not None and not node.is_null
    if given:
        assert node is not None
        array = np.zeros(shape)
        _fill(ctx, table, f, node, array, f.dims)
    elements = ctx.overrides.elements(f"{table.path}.{f.name}")
    if array is None:
        if not table.zeros:
            _component_missing(ctx, table, f, place) or _missing(ctx, table, f, node or place)
            return None
        array = np.zeros(shape)
    if array.shape != shape:
        detail = f"{table.owner}: {f.name} {label(f)} has {array.shape} values where {shape} are expected ({', '.join(f.dims)})."
        ctx.problems.add(place, "wrong length", detail)
        return None
    for path, parts, value in elements:
        _element(ctx, table, f, array, path, parts, value)
    return frozen_array(array)


def _start(ctx: Context, table: Table, f: Field, shape: tuple[int, ...]) -> np.ndarray | None:
    """Give what an array holds when the file says nothing about it."""
    if f.name in table.filled:
        return np.array(table.filled[f.name], dtype=np.float64)
    if f.grid and f.grid in ctx.grids:
        return np.array(ctx.grids[f.grid], dtype=np.float64)
    if f.component:
        names = ctx.names(f.dims[0])
        found = [ctx.components.get(name, {}).get(f.component) for name in names]
        if None not in found:
            return np.array(found, dtype=np.float64)
    if f.has_default and f.default is not None:
        default = np.asarray(f.default, dtype=np.float64)
        return np.full(shape, float(default)) if default.ndim == 0 else default.copy()
    return None


def _component_missing(ctx: Context, table: Table, f: Field, place: Node) -> bool:
    if not f.component:
        return False
    lacking = [n for n in ctx.names(f.dims[0]) if n in ctx.components and f.component not in ctx.components[n]]
    for name in lacking:
        detail = f"{table.owner} needs '{f.component}' {label(f)} of {name}; give it under components: {{{name}: {{{f.component}: {example(f.unit)}}}}}."
        ctx.problems.add(place, "missing component property", detail)
    return True  # components that are not known at all were reported where they are named


def shape_of(ctx: Context, table: Table, f: Field, place: Node) -> tuple[int, ...] | None:
    """Give the shape of an array field, or note what is missing to know it."""
    shape = []
    for dim in f.dims:
        size = size_of(dim, table.sizes)
        if size is None:
            base = dim.partition("+")[0]
            detail = f"{table.owner}: {f.name} {label(f)} runs over {base}; give the plant grids: {{{base}: {{count: 100, from: 1 um, to: 1 mm}}}}."
            ctx.problems.add(place, "missing grid", detail)
            return None
        shape.append(size)
    if prod(shape) > MOST_ELEMENTS:
        ctx.problems.add(place, "too large", f"{table.owner}: {f.name} {label(f)} would have {prod(shape)} elements.")
        return None
    return tuple(shape)


def _fill(ctx: Context, table: Table, f: Field, node: Node, array: np.ndarray, dims: tuple[str, ...]) -> None:
    """Put a number, a list or a mapping by name into an array or a row of it."""
    scalar = replace(f, kind="float", dims=())
    if node.kind == "scalar":
        value = read_scalar(ctx, table, scalar, node)
        if value is not None:
            array[...] = value
        return
    if not dims:
        read_scalar(ctx, table, scalar, node)  # says that one value is expected
        return
    if node.kind == "list":
        if len(node.items) != array.shape[0]:
            detail = f"{table.owner}: {f.name} {label(f)} has {array.shape[0]} {dims[0]}, but this list has {len(node.items)} items."
            ctx.problems.add(node, "wrong length", detail)
            return
        entries = list(enumerate(node.items))
    else:
        entries = []
        for key, value in node.pairs:
            try:
                entries.append((flat_index([key.text], dims[:1], array.shape[:1], {dims[0]: ctx.names(dims[0])}), value))
            except PathError as error:
                kind = "unknown component" if ctx.names(dims[0]) else "unknown place"
                ctx.problems.add(key, kind, f"{table.owner}: {f.name} {label(f)} {error}")
    for index, item in entries:
        if len(dims) == 1:
            value = read_scalar(ctx, table, scalar, item)
            if value is not None:
                array[index] = value
        else:
            _fill(ctx, table, f, item, array[index], dims[1:])


def _element(ctx: Context, table: Table, f: Field, array: np.ndarray, path: Node, parts: list[str], node: Node) -> None:
    names = {dim: ctx.names(dim) for dim in f.dims}
    try:
        index = flat_index(parts, f.dims, array.shape, names)
    except PathError as error:
        ctx.problems.add(path, "unknown path", f"{table.owner}: {f.name} {label(f)} {error}")
        return
    value = read_scalar(ctx, table, replace(f, kind="float", dims=()), node)
    if value is not None:
        array.reshape(-1)[index] = value
