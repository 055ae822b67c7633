"""The structure of a unit on a large grid, from what it is on two small ones.

Tracing costs the square of a grid's length. On a grid, though, an element depends on its neighbours, on
scalars, and perhaps on elements at either end; so the unit is traced with a few dozen elements, what was found
is read as such a rule, and the rule has to foretell what is found with a few elements more. Where it does not
(everything depends on everything, or the length means something else), nothing is stretched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from twin.plant.adapter import Key, base_dim, groups
from twin.plant.layout import Cursor, UnitLayout, lay_out_alone
from twin.plant.layout import shape as shape_of
from twin.plant.model import Model

#: Lengths that are traced, and the length from which on that pays.
SMALL, LARGER, WORTH_IT = 30, 33, 81
#: Elements so near to an end may have rules of their own; a neighbour is at most so far away.
EDGE, NEAR = 6, 5

#: Results, inputs and readers, as of `twin.plant.structure.Dependence`.
Found = tuple[np.ndarray, np.ndarray, np.ndarray]
Rule = dict[str, Any]


def stretched(
    model: Model, sizes: dict[str, int], params: np.ndarray, trace: Callable[[dict[str, int], np.ndarray], Found]
) -> Found | None:
    """Dependences at `sizes`, or None where they do not follow from small ones.

    Parameters
    ----------
    trace : callable
        Gives the dependences at other sizes, with parameters of these sizes.
    """
    dim = max(sizes, key=lambda name: sizes[name], default="")
    if not dim or sizes[dim] < WORTH_IT or dim in getattr(model.module, "DENSE", ()):
        return None
    small, larger = ({**sizes, dim: n} for n in (SMALL, LARGER))
    rules = _rules(_Places(model, small, dim), trace(small, _cut(model, sizes, small, params, dim)))
    if rules is None:
        return None
    check = _applied(_Places(model, larger, dim), rules)
    seen = trace(larger, _cut(model, sizes, larger, params, dim))
    if not all(np.array_equal(a, b) for a, b in zip(check, seen, strict=True)):
        return None
    return _applied(_Places(model, sizes, dim), rules)


def _cut(model: Model, sizes: dict[str, int], small: dict[str, int], params: np.ndarray, dim: str) -> np.ndarray:
    """Parameters with fewer elements along a dimension: the first of them."""
    parts, at = [np.zeros(0)], 0
    for _, f in groups(model)["p"]:
        lengths = shape_of(f, sizes)
        n = int(np.prod(lengths, dtype=int))
        values = params[at : at + n].reshape(lengths)
        at += n
        for axis, length in enumerate(shape_of(f, small)):
            values = values.take(range(length), axis=axis)
        parts.append(values.ravel())
    return np.concatenate(parts)


class _Places:
    """Elements of results and inputs by field, place along the dimension (-1 without it), and all other indices."""

    def __init__(self, model: Model, sizes: dict[str, int], dim: str) -> None:
        self.length = sizes[dim]
        p = Cursor()
        unit, n_y, _ = lay_out_alone(model, sizes, lambda key, count: p.take(count))
        listed = groups(model)
        dims = {key: f.dims for kind in "xuaoqm" for key, f in listed[kind] if kind != "a"}
        dims |= {("b", f.name): f.dims for _, f in listed["a"]} | {key: () for key, _ in listed["a"]}
        states = [key for key, _ in listed["x"]]
        index = unit.slots.index
        self.results = [*states, *(key for key in index if key[0] in ("b", "o", "q", "m"))]
        self.inputs = [*states, *(key for key in index if key[0] in ("u", "a"))]
        self._box = {key: self._boxed(unit, key, dims[key], dim) for key in {*self.results, *self.inputs}}

    @staticmethod
    def _boxed(unit: UnitLayout, key: Key, dims: tuple[str, ...], dim: str) -> tuple[int, int, int, int, int]:
        """Vector, first place, how many, elements along the dimension (0 without it), and how many after each."""
        lengths = unit.shapes[key]
        axis = next((i for i, d in enumerate(dims) if base_dim(d)[0] == dim), None)
        along = 0 if axis is None else lengths[axis]
        after = 1 if axis is None else int(np.prod(lengths[axis + 1 :], dtype=int))
        return 0 if key[0] == "x" else 1, unit.place(*key), int(np.prod(lengths, dtype=int)), along, after

    def along(self, key: Key) -> int:
        return self._box[key][3] if key in self._box else 0

    def locate(self, table: np.ndarray, keys: list[Key]) -> list[tuple[Key, int, int]]:
        """Field, other indices, place along the dimension, of (vector, place) rows."""
        number = np.full(len(table), -1)
        for k, key in enumerate(keys):
            vector, first, n, _, _ = self._box[key]
            number[(table[:, 0] == vector) & (table[:, 1] >= first) & (table[:, 1] < first + n)] = k
        found = []
        for k, place in zip(number.tolist(), table[:, 1].tolist(), strict=True):
            _, first, _, along, after = self._box[keys[k]]
            flat = place - first
            if not along:
                found.append((keys[k], flat, -1))
            else:
                before, rest = divmod(flat, along * after)
                found.append((keys[k], before * after + rest % after, rest // after))
        return found

    def table(self, key: Key, other: int, places: np.ndarray) -> np.ndarray:
        """(vector, place) rows of a field's elements."""
        vector, first, _, along, after = self._box[key]
        flat = np.full(len(places), other) if not along else (other // after * along + places) * after + other % after
        return np.stack([np.full(len(places), vector), first + flat], axis=1)

    def rank(self, table: np.ndarray, keys: list[Key]) -> np.ndarray:
        """Number of each row in the order in which a trace lists them."""
        rank, at = np.zeros(len(table), dtype=np.int64), 0
        for key in keys:
            vector, first, n, _, _ = self._box[key]
            mine = (table[:, 0] == vector) & (table[:, 1] >= first) & (table[:, 1] < first + n)
            rank[mine] = at + table[mine, 1] - first
            at += n
        return rank


def _rules(places: _Places, found: Found) -> dict[tuple[Any, ...], Rule] | None:
    """What every two fields have to do with one another, whatever the length."""
    results, inputs, readers = found
    pairs: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for (rk, ro, r), (ik, io, i) in zip(
        places.locate(results, places.results), places.locate(inputs, places.inputs), strict=True
    ):
        pairs[(rk, ro, ik, io)].append((r, i))
    for (rk, ro, r), call in zip(places.locate(readers[:, :2], places.results), readers[:, 2].tolist(), strict=True):
        pairs[(rk, ro, ("call",), call)].append((r, -1))
    rules = {}
    for group, members in pairs.items():
        rule = _rule(np.array(members), places.along(group[0]), places.along(group[2]))
        if rule is None:
            return None
        rules[group] = rule
    return rules


def _rule(members: np.ndarray, rows: int, columns: int) -> Rule | None:
    """Rows near the ends one by one, all others alike: offsets to neighbours, and elements near the ends."""
    matrix = np.zeros((max(rows, 1), max(columns, 1)), dtype=bool)
    matrix[np.maximum(members[:, 0], 0), np.maximum(members[:, 1], 0)] = True
    if not rows:
        return {"row": _ends(matrix[0], columns)}
    middle = rows // 2
    rule: Rule = {
        "low": [_ends(matrix[r], columns) for r in range(EDGE)],
        "high": [_ends(matrix[rows - EDGE + r], columns) for r in range(EDGE)],
    }
    if not columns:
        return rule | {"offsets": [], "ends": _ends(matrix[middle], 0)}
    near = [o for o in range(-NEAR, NEAR + 1) if matrix[middle, middle + o]]
    rest = matrix[middle].copy()
    rest[middle - NEAR : middle + NEAR + 1] = False
    ends = _ends(rest, columns)
    if ends["all"]:
        return None
    return rule | {"offsets": near, "ends": ends}


def _ends(row: np.ndarray, columns: int) -> Rule:
    """A row as elements counted from either end, and whether all in between are there."""
    if not columns:
        return {"low": np.flatnonzero(row), "high": np.zeros(0, dtype=np.int64), "all": False}
    between = row[2 * EDGE : columns - 2 * EDGE]
    low, high = np.flatnonzero(row[: 2 * EDGE]), np.flatnonzero(row[columns - 2 * EDGE :])
    return {"low": low, "high": high - 2 * EDGE, "all": bool(between.all())}


def _spread(row: Rule, columns: int) -> np.ndarray:
    """Columns of a row at a length."""
    if not columns:
        return np.asarray(row["low"])
    between = np.arange(2 * EDGE, columns - 2 * EDGE) if row["all"] else np.zeros(0, dtype=np.int64)
    return np.concatenate([row["low"], between, row["high"] + columns])


def _applied(places: _Places, rules: dict[tuple[Any, ...], Rule]) -> Found:
    """Dependences at a length, in the order of a trace."""
    results, inputs, readers = [np.zeros((0, 2), int)], [np.zeros((0, 2), int)], [np.zeros((0, 3), int)]
    for (rk, ro, ik, io), rule in rules.items():
        rows, columns = places.along(rk), places.along(ik)
        r, i = _pairs(rule, rows, columns)
        made = places.table(rk, ro, r)
        if ik == ("call",):
            readers.append(np.column_stack([made, np.full(len(r), io)]))
        else:
            results.append(made)
            inputs.append(places.table(ik, io, i))
    to, of, read = np.concatenate(results), np.concatenate(inputs), np.concatenate(readers)
    order = np.lexsort((places.rank(of, places.inputs), places.rank(to, places.results)))
    order_read = np.lexsort((np.arange(len(read)), places.rank(read[:, :2], places.results)))
    return to[order], of[order], read[order_read]


def _pairs(rule: Rule, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    if not rows:
        i = _spread(rule["row"], columns)
        return np.zeros(len(i), dtype=np.int64), i
    parts_r, parts_i = [], []
    for first, kept in ((0, rule["low"]), (rows - EDGE, rule["high"])):
        for n, row in enumerate(kept):
            i = _spread(row, columns)
            parts_r.append(np.full(len(i), first + n))
            parts_i.append(i)
    inner = np.arange(EDGE, rows - EDGE)
    for offset in rule["offsets"]:
        parts_r.append(inner)
        parts_i.append(inner + offset)
    fixed = _spread(rule["ends"], columns)
    parts_r.append(np.repeat(inner, len(fixed)))
    parts_i.append(np.tile(fixed, len(inner)))
    return np.concatenate(parts_r), np.concatenate(parts_i)
