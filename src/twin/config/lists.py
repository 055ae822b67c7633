"""Reads the lists on which arrays run: `fluids:`, `solids:` and `grids:`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.plant_keys import GRID
from twin.config.spec import Frozen, frozen_array
from twin.units import UnitError, parse_quantity

_MOST_CLASSES = 100_000


def read_list(ctx: Context, root: Node, key: str) -> list[Node]:
    """Read `fluids:` or `solids:` into the context; give the nodes of the names."""
    node = root.get(key)
    items = ctx.problems.sequence(node, f"{key} is a list", "[ethanol, water]") if node else []
    good: dict[str, Node] = {}
    for item in items:
        name = ctx.problems.string(item, "not a component")
        if name in good:
            ctx.problems.add(item, "twice the same component", f"'{name}' is already in {key}.")
        elif name and not re.fullmatch(r"[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*", name):
            ctx.problems.add(
                item, "not a component", f"'{name[:60]}' cannot name a component; use letters, digits and _."
            )
        elif name:
            good[name] = item
    setattr(ctx, key, tuple(good))
    return list(good.values())


def read_grids(ctx: Context, node: Node | None) -> dict[str, np.ndarray]:
    """Read `grids:` into the context; give the edges by name."""
    grids: dict[str, np.ndarray] = {}
    example = "{bins: {count: 200, from: 1 um, to: 1 mm, spacing: geometric}}"
    for key, grid in ctx.problems.mapping(node, "grids are a mapping", example) if node else []:
        ctx.problems.mapping(grid, "not a grid", "{count: 200, from: 1 um, to: 1 mm}")
        ctx.problems.known_keys(grid, GRID.names, "unknown key", f"grid {key.text}")
        before = len(ctx.problems.found)
        edges = _edges(ctx, key, grid)
        if edges is None:
            if len(ctx.problems.found) == before:
                ctx.problems.add(key, "not a grid", f"A grid is {key.text}: {{count: 200, from: 1 um, to: 1 mm}}.")
            edges = [1e-6, 1e-3]  # stands in, so that what uses the grid can be checked as well
        grids[key.text] = frozen_array(edges)
        ctx.dims[key.text] = len(edges) - 1
    ctx.grids = dict(grids)
    return Frozen(grids)


def count_of(node: Node) -> Any:
    """Value of a whole number in a file, or given as text from outside of it; as it is where it is none."""
    value = node.value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value


def _edges(ctx: Context, key: Node, grid: Node) -> list[float] | None:
    listed = grid.get("edges")
    if listed is not None:
        edges = [_length(ctx, item) for item in ctx.problems.sequence(listed, "edges are a list", "[1 um, 2 um]")]
        known = [edge for edge in edges if edge is not None]
        if (
            len(known) < 2
            or len(known) != len(edges)
            or any(b <= a for a, b in zip(known, known[1:]))
            or known[0] < 0.0
        ):
            ctx.problems.add(listed, "not a grid", f"The edges of {key.text} are at least two increasing lengths.")
            return None
        return known
    count = ctx.overrides.take(f"{key.text}.count") or grid.get("count")
    low, high = grid.get("from"), grid.get("to")
    if count is None or low is None or high is None:
        return None
    n, a, b = count_of(count), _length(ctx, low), _length(ctx, high)
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _MOST_CLASSES:
        ctx.problems.add(count, "not a whole number", f"A grid has 1 to {_MOST_CLASSES} classes, not {count.what}.")
        return None
    if a is None or b is None:
        return None
    spacing = ctx.problems.text(grid, "spacing", "geometric")
    if not 0.0 <= a < b or (spacing == "geometric" and a == 0.0):
        ctx.problems.add(high, "not a grid", f"{key.text} runs from a length above zero to a greater one.")
        return None
    if spacing == "geometric":
        return [a, *(a * (b / a) ** (i / n) for i in range(1, n)), b]
    if spacing == "uniform":
        return [a, *(a + (b - a) * (i / n) for i in range(1, n)), b]
    hint = closest(spacing, ["geometric", "uniform"])
    ctx.problems.add(grid.get("spacing") or grid, "unknown spacing", f"There is no spacing '{spacing[:40]}'.{hint}")
    return None


def _length(ctx: Context, node: Node) -> float | None:
    try:
        return parse_quantity(node.value if isinstance(node.value, bool) else node.text or "?", "m")
    except UnitError as error:
        ctx.problems.add(node, "not such a quantity", f"An edge of a grid: {error}.")
        return None
