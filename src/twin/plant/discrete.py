"""What units do at instants: impulses that events fire, and scans by the clock; as tables for the loop."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin.plant.codes import IMPULSE, SCAN
from twin.quantity import Array

if TYPE_CHECKING:
    from twin.plant.nodes import Node


class Discrete(NamedTuple):
    """Impulses and scans of a plant; integers are int64."""

    impulse: Array  #: [n, 3] unit, what to ask of it, where in w it is told the value
    scan: Array  #: [m, 4] unit, what to ask of it, where in w it is told number and seed, place of its period in p
    seed: Array  #: [m] seed of each scanning unit, a whole number


def nothing() -> Discrete:
    """Tables of a plant without impulses and scans."""
    return Discrete(np.zeros((0, 3), dtype=np.int64), np.zeros((0, 4), dtype=np.int64), np.zeros(0))


def discrete(nodes: Sequence[Node]) -> tuple[Discrete, tuple[str, ...], tuple[str, ...]]:
    """Number the impulses and scans of a plant.

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
    for k, node in enumerate(nodes):
        for number, f in enumerate(node.model.impulses):
            impulses.append((k, IMPULSE + number, node.layout.place("given")))
            paths.append(f"{node.name}.{f.name}")
        if node.model.scan:
            scans.append((k, SCAN, node.layout.place("given"), node.layout.place("p", node.model.scan)))
            names.append(node.name)
    tables = Discrete(
        np.array(impulses, dtype=np.int64).reshape(-1, 3),
        np.array(scans, dtype=np.int64).reshape(-1, 4),
        np.array([seed_of(0, name) for name in names], dtype=float),
    )
    return tables, tuple(paths), tuple(names)


def seed_of(seed: int, name: str) -> float:
    """Seed of one unit in a run: a whole number of 52 bits, so that a float holds it.

    It depends on the run's seed and the unit's name alone: units that come or go change no other's noise.
    """
    return float(int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7], "little") >> 4)
