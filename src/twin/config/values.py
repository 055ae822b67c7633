"""Reads the values of a table of fields (parameters, initial state, a feed): given, set from outside, or default."""

from __future__ import annotations

from typing import Any

from twin.config.arrays import read_array
from twin.config.context import Context
from twin.config.document import Node, closest, nearest
from twin.config.scalars import Table, label, missing, read_scalar
from twin.config.spec import Frozen, Value
from twin.quantity import Field


def read_table(ctx: Context, table: Table, node: Node | None, place: Node) -> dict[str, Value]:
    """Read every field of a table.

    Parameters
    ----------
    node : Node or None
        The mapping of the file, if it has one.
    place : Node
        Where to point at when something is missing.
    """
    given: dict[str, Node | None] = {f.name: None for f in table.fields}
    known = {f.name: label(f) for f in table.fields}
    title = f"unknown {table.noun}"
    lacking: list[Field] = []
    meant: set[str | None] = set()
    if node is not None:
        for key, item in ctx.problems.mapping(node, f"{table.noun}s are a mapping", "{name: value}"):
            if key.text in given:
                given[key.text] = item
            else:
                hint = closest(key.text, known, known)
                meant.add(nearest(key.text, known))
                ctx.problems.add(key, title, f"{table.owner} has no {table.noun} '{key.text}'.{hint}")
    values: dict[str, Value] = {}
    for f in table.fields:
        override = ctx.overrides.take(f"{table.path}.{f.name}")
        value = _field(ctx, table, f, override if override is not None else given[f.name], node or place, lacking)
        if value is not None:
            values[f.name] = value
    missing(ctx, table, [f for f in lacking if f.name not in meant], node or place)
    return Frozen(values)


def _field(ctx: Context, table: Table, f: Field, node: Node | None, place: Node, lacking: list[Field]) -> Value | None:
    if f.kind == "array":
        return read_array(ctx, table, f, node, place, lacking)
    if node is not None and not node.is_null:
        return read_scalar(ctx, table, f, node)
    if f.name in table.filled:
        return _number(f, table.filled[f.name])
    if f.has_default and f.default is not None:
        return _number(f, f.default)
    lacking.append(f)
    return None


def _number(f: Field, value: Any) -> Value:
    return float(value) if f.kind == "float" else int(value)
