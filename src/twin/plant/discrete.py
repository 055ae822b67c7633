"""What units do at instants: impulses that events fire, and scans by the clock; as tables for the loop."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin.plant.calls import Call, Calls, table
from twin.plant.codes import IMPULSE, SCAN
from twin.plant.model import BOOKING
from twin.plant.scanned import scan_tables
from twin.quantity import Array

if TYPE_CHECKING:
    from twin.plant.nodes import Node


class Discrete(NamedTuple):
    """Impulses and scans of a plant; integers are int64."""

    impulse: Array  #: [n, 3] unit, what to ask of it, where in w it is told the value
    scan: Array  #: [m, 4] unit, what to ask of it, where in w it is told number and seed, place of its period in p
    asked: Array  #: [calls, 2] (unit, what): in this order they give all that impulses read
    seed: Array  #: [m] seed of each scanning unit, a whole number
    read: Array  #: [calls, 2] (unit, what): in this order they give all that scans read
    after: Array  #: [calls', 2] those of them that change when a unit has been scanned, unit by unit
    after_start: Array  #: [m + 1] into `after`
    fast: Array  #: [calls", 2] those that change when any unit by the clock has been scanned
    own: Array  #: [m, 2] where in y a unit's states begin and end
    by_clock: Array  #: [m] 1 for units that stand still between scans and read signals only (`scanned.py`)
    wires: Array  #: [k] places in w that units by the clock read of the plant
    acting: Array  #: [n, 2] states of units by the clock that the plant sees between scans: place in y, unit
    follows: Array  #: [k, 2] which of these follows which of the wires


def nothing() -> Discrete:
    """Tables of a plant without impulses and scans."""

    def i(*shape: int) -> Array:
        return np.zeros(shape, dtype=np.int64)

    return Discrete(
        i(0, 3), i(0, 4), i(0, 2), np.zeros(0), i(0, 2), i(0, 2), i(1), i(0, 2), i(0, 2), i(0), i(0), i(0, 2), i(0, 2)
    )


def discrete(
    nodes: Sequence[Node], calls: Sequence[tuple[int, int]]
) -> tuple[Discrete, tuple[str, ...], tuple[str, ...]]:
    """Number the impulses and scans of a plant; `calls` give all its streams, integrals and measurements, in order.

    Returns
    -------
    Discrete
        With seeds of the run number 0.
    tuple of str
        Paths of the impulses (`filter.rotate`), in order.
    tuple of str
        Names of the scanning units, in the plant's order.
    """
    impulses, paths, scans, names = [], [], [], []
    known, asked = Calls(nodes, calls), list[Call]()
    for k, node in enumerate(nodes):
        for number, f in enumerate(node.model.impulses):
            impulses.append((k, IMPULSE + number, node.layout.place("given")))
            paths.append(f"{node.name}.{f.name}")
            asked += known.read_by(k, (f.name, f.name + BOOKING), known.all)
        if node.model.scan:
            scans.append((k, SCAN, node.layout.place("given"), node.layout.place("p", node.model.scan)))
            names.append(node.name)
    tables = Discrete(
        np.array(impulses, dtype=np.int64).reshape(-1, 3),
        np.array(scans, dtype=np.int64).reshape(-1, 4),
        table(known.needed_for(asked)),
        np.array([seed_of(0, name) for name in names], dtype=float),
        **scan_tables(nodes, calls),
    )
    return tables, tuple(paths), tuple(names)


def seed_of(seed: int, name: str) -> float:
    """Seed of one unit in a run: a whole number of 52 bits, so that a float holds it.

    It depends on the run's seed and the unit's name alone: units that come or go change no other's noise.
    """
    return float(int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7], "little") >> 4)
