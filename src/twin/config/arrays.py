"""Reads arrays over components, size classes or cells."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from twin.config.context import MOST_ELEMENTS, Context, PathError, flat_index, size_of
from twin.config.document import Node
from twin.config.scalars import Table, label, read_scalar
from twin.config.spec import Value, frozen_array
from twin.quantity import Field
from twin.units import example

#: Ends of the names of properties that say where a fit holds.
RANGE_ENDS = ("_T_low", "_T_high")
#: Fractions written with six digits pass.
_SUM_TOLERANCE = 1e-6


def read_array(
    ctx: Context, table: Table, f: Field, node: Node | None, place: Node, lacking: list[Field]
) -> Value | None:
    """Read an array: a mapping by component or place, a list, or one number; then the elements set from outside."""
    before = len(ctx.problems.found)
    shape = _shape(ctx, table, f, place)
    if shape is None:
        return None
    array = _start(ctx, table, f, shape)
    if node is not None and not node.is_null:
        array = np.zeros(shape)
        _fill(ctx, table, f, node, array, f.dims)
    elements = ctx.overrides.elements(f"{table.path}.{f.name}")
    if array is None:
        if not table.zeros:
            if f.component:
                component_missing(ctx, table.owner, f, place)
            else:
                lacking.append(f)
            return None
        array = np.zeros(shape)
    if array.shape != shape:
        expected = " x ".join(f"{size} {dim}" for size, dim in zip(shape, f.dims, strict=True))
        detail = f"{table.owner}: {f.name} {label(f)} has {array.size} values where {expected} are expected."
        ctx.problems.add(place, "wrong length", detail)
        return None
    for path, parts, value in elements:
        _element(ctx, table, f, array, path, parts, value)
    if f.fractions and abs(array.sum() - 1.0) > _SUM_TOLERANCE and len(ctx.problems.found) == before:
        detail = f"{table.owner}: {f.name} {label(f)} must sum to 1, not {array.sum():.9g}."
        ctx.problems.add(node or place, "fractions do not sum to 1", detail)
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
        if f.component.endswith(RANGE_ENDS):  # what never evaporates has no fit: the others keep the range of theirs
            found = [f.default if value is None else value for value in found]
        if None not in found:
            return np.array(found, dtype=np.float64)
    if f.has_default and f.default is not None:
        default = np.asarray(f.default, dtype=np.float64)
        return np.full(shape, float(default)) if default.ndim == 0 else default.copy()
    return None


def component_missing(ctx: Context, owner: str, f: Field, place: Node) -> None:
    """Note the components that lack a property; those not known at all were reported where they are listed."""
    for name in ctx.names(f.dims[0]):
        if name in ctx.components and f.component not in ctx.components[name]:
            cure = f"components: {{{name}: {{{f.component}: {example(f.unit)}}}}}"
            detail = f"{owner} needs '{f.component}' {label(f)} of {name}; give it under {cure}."
            ctx.problems.add(place, "missing component property", detail)


def _shape(ctx: Context, table: Table, f: Field, place: Node) -> tuple[int, ...] | None:
    """Give the shape of an array field, or note what is missing to know it."""
    shape = []
    for dim in f.dims:
        size = size_of(dim, table.sizes)
        if size is None:
            base = dim.partition("+")[0]
            cure = f"grids: {{{base}: {{count: 100, from: 1 um, to: 1 mm}}}}"
            detail = f"{table.owner}: {f.name} {label(f)} runs over {base}; give the plant {cure}."
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
    entries: list[tuple[int, Node]]
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
            sizes = f"has {array.shape[0]} {dims[0]}, but this list has {len(node.items)} items"
            detail = f"{table.owner}: {f.name} {label(f)} {sizes}."
            ctx.problems.add(node, "wrong length", detail)
            return
        entries = list(enumerate(node.items))
    else:
        entries = []
        for key, item in node.pairs:
            try:
                at = flat_index([key.text], dims[:1], array.shape[:1], {dims[0]: ctx.names(dims[0])})
                entries.append((at, item))
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
