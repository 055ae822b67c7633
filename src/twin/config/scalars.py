"""Reads one value of a table of fields: a quantity in its unit and range, a whole number, a choice by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.forces import in_published_unit
from twin.quantity import Field
from twin.units import UnitError, example, parse_quantity

_WHOLE = re.compile(r"[-+]?[0-9]{1,15}")


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


def missing(ctx: Context, table: Table, lacking: Sequence[Field], place: Node) -> None:
    """Note which values are not given; one problem for all of a table, so that it fits a screen."""
    if len(lacking) == 1:
        f = lacking[0]
        wanted = example(f.unit) if f.kind in ("float", "array") else _choices(ctx, f)
        detail = f"{table.owner} needs {table.noun} '{f.name}' {label(f)}, for example {f.name}: {wanted}."
        ctx.problems.add(place, f"missing {table.noun}", detail)
    elif lacking:
        listed = "".join(f"\n    {f.name} {label(f)}" for f in lacking)
        ctx.problems.add(place, f"missing {table.noun}s", f"{table.owner} needs {len(lacking)} {table.noun}s:{listed}")


def _choices(ctx: Context, f: Field) -> str:
    if f.enum is not None:
        return " or ".join(member.name.lower() for member in f.enum)
    names = ctx.names(f.index) if f.index else ()
    return " or ".join(names[:6]) or "1"


def read_scalar(ctx: Context, table: Table, f: Field, node: Node) -> float | int | None:
    """Read one number into the field's unit; an integer or a choice by name where the field is one."""
    if node.kind != "scalar" or node.value is None:
        ctx.problems.add(
            node, "not a value", f"{table.owner}: {f.name} {label(f)} is one value, but this is {node.what}."
        )
        return None
    if f.kind == "enum":
        return _choice(ctx, table, f, node)
    if f.kind == "int":
        return _integer(ctx, table, f, node)
    try:
        value = in_published_unit(node.text, f)
        if value is None:
            value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, f.unit)
    except UnitError as error:
        ctx.problems.add(node, "not such a quantity", f'{table.owner}: {f.name} "{f.meaning}": {error}.')
        return None
    return value if _in_range(ctx, table, f, value, node) else None


def _in_range(ctx: Context, table: Table, f: Field, value: float, node: Node) -> bool:
    low, high = (f.range.low, f.range.high) if f.range else (-np.inf, np.inf)
    if f.fractions:
        low, high = max(low, 0.0), min(high, 1.0)
    if table.positive and f.unit == "K":
        low = max(low, 1.0)
    elif table.positive:
        low = max(low, 0.0)
    if low <= value <= high:
        return True
    said = f" ({value!r} {f.unit})" if f.unit != "1" and repr(value) != node.text else ""
    limits = f"at least {low:g}" if high == np.inf else f"between {low:g} and {high:g}"
    limits += "" if f.unit == "1" else f" {f.unit}"
    ctx.problems.add(
        node, "out of range", f"{table.owner}: {f.name} {label(f)} must be {limits}, not {node.text}{said}."
    )
    return False


def _choice(ctx: Context, table: Table, f: Field, node: Node) -> int | None:
    assert f.enum is not None
    members = {member.name.casefold(): member for member in f.enum}
    found = members.get(node.text.casefold().replace("-", "_").replace(" ", "_"))
    if found is not None:
        return int(found)
    hint = closest(node.text, [member.name.lower() for member in f.enum])
    ctx.problems.add(node, "unknown choice", f'{table.owner}: {f.name} "{f.meaning}" has no choice {node.what}.{hint}')
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
            f'{table.owner}: {f.name} "{f.meaning}" is one of the {f.index} of the plant, not {node.what}.{hint}',
        )
        return None
    if _WHOLE.fullmatch(node.text):
        value = int(node.text)
        return value if _in_range(ctx, table, f, value, node) else None
    ctx.problems.add(
        node, "not a whole number", f'{table.owner}: {f.name} "{f.meaning}" is a whole number, not {node.what}.'
    )
    return None
