"""Where every number of a unit stands: offset tables into y, p and w.

The same code lays out a unit in the plant's vectors and in the small buffers in which it is
differentiated alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np

from twin.plant.adapter import Key, Slots, base_dim, groups, slots
from twin.plant.model import Model
from twin.quantity import Field


class Cursor:
    """Hands out consecutive places of one vector."""

    def __init__(self, at: int = 0) -> None:
        self.at = at

    def take(self, n: int) -> int:
        place = self.at
        self.at += n
        return place


@dataclass
class UnitLayout:
    """Offsets of one unit."""

    model: Model
    sizes: dict[str, int]
    slots: Slots
    offsets: np.ndarray
    shapes: dict[Key, tuple[int, ...]] = field(default_factory=dict)

    def place(self, *key: str) -> int:
        """Offset of a field in its vector."""
        return int(self.offsets[self.slots.index[key]])

    def set(self, key: Key, place: int) -> None:
        self.offsets[self.slots.index[key]] = place

    def size(self, *key: str) -> int:
        return prod(self.shapes[key])


def shape(f: Field, sizes: dict[str, int]) -> tuple[int, ...]:
    """Lengths of a field's dimensions."""
    lengths = []
    for dim in f.dims:
        name, extra = base_dim(dim)
        lengths.append((sizes[name] if name else 0) + extra)
    return tuple(lengths)


def lay_out(model: Model, sizes: dict[str, int], take: Callable[[str, Key, int], int]) -> UnitLayout:
    """Give every field a place.

    Parameters
    ----------
    model : Model
        The unit operation.
    sizes : dict
        Length of every dimension that the model uses.
    take : callable
        take(kind, key, count) gives the place of `count` numbers of that kind (x p u a b o w q m g h t).
    """
    table = slots(model)
    unit = UnitLayout(model, sizes, table, np.zeros(len(table.index), dtype=np.int64))
    for key, number in table.index.items():
        if key[0] == "dim":
            unit.offsets[number] = sizes[key[1]]
    for kind, entries in groups(model).items():
        for key, f in entries:
            lengths = shape(f, sizes)
            if kind == "a":
                unit.shapes[key] = ()
                unit.set(key, take("a", key, 1))
                buffer = ("b", f.name)
                unit.shapes[buffer] = lengths
                unit.set(buffer, take("b", buffer, prod(lengths)))
            else:
                unit.shapes[key] = lengths
                unit.set(key, take(kind, key, prod(lengths)))
    if ("given",) in table.index:  # what an impulse or a scan is told: value or number, and a seed
        unit.set(("given",), take("w", ("given",), 2))
    return unit


def lay_out_alone(
    model: Model, sizes: dict[str, int], p_offsets: Callable[[Key, int], int]
) -> tuple[UnitLayout, int, int]:
    """Lay a unit out in buffers of its own; gives the layout and the lengths of y and w there."""
    y, w = Cursor(), Cursor()

    def take(kind: str, key: Key, count: int) -> int:
        if kind == "x":
            return y.take(count)
        if kind == "p":
            return p_offsets(key, count)
        if kind in ("g", "h", "t"):
            return 0
        return w.take(count)

    unit = lay_out(model, sizes, take)
    unit.set(("n_y",), y.at)
    unit.set(("n_w",), w.at)
    return unit, y.at, w.at
