"""Where the lines of held outputs stand in the Newton matrix of steps over scans (`follow.py`): tables for a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.plant.discrete import Discrete
from twin.plant.evaluate import JacobianTables
from twin.quantity import Array


class Coupling(NamedTuple):
    """Fields of `tables.Over`."""

    pair: Array  #: [k, 2] held output, and wire that it follows; wire by wire
    spare: Array  #: [acting] state that carries the integral action of a held output; -1 none
    entry: Array  #: [k, 2] places in the matrix: of the output's row, of its spare's; -1 none
    own: Array  #: [acting, 2] of the output itself, and of its spare, in the output's row


def no_coupling(acting: int) -> Coupling:
    """Of runs without steps over scans."""

    def whole(*shape: int) -> Array:
        return np.zeros(shape, dtype=np.int64)

    return Coupling(whole(0, 2), whole(acting) - 1, whole(0, 2), whole(acting, 2))


def couple(
    jacobian: JacobianTables, scanned: Discrete, aux: dict[int, int], nominal: Array
) -> tuple[JacobianTables, Coupling]:
    """Give room in the matrix to what held outputs follow.

    Parameters
    ----------
    jacobian : JacobianTables
    scanned : Discrete
    aux : dict
        Number of each auxiliary, by its place in w.
    nominal : array [n_y]
        Of the states: what carries an integral action is a state of the controller of the size of its output.
    """
    n_y, n_z = len(nominal), len(jacobian.pattern) - 1
    acting = {int(place) for place, _ in scanned.acting}
    spare = np.full(len(scanned.acting), -1, dtype=np.int64)
    for j, (place, unit) in enumerate(scanned.acting.tolist()):
        free = set(range(*scanned.own[unit].tolist())) - acting - set(spare.tolist())
        alike = [i for i in sorted(free) if nominal[i] == nominal[place]]
        if alike:
            spare[j] = alike[0]
    pairs = [(j, k) for k, j in sorted((k, j) for j, k in scanned.follows.tolist()) if int(scanned.wires[k]) in aux]
    wanted: list[tuple[int, int]] = []
    for j, k in pairs:
        column = n_y + aux[int(scanned.wires[k])]
        wanted += [(int(scanned.acting[j, 0]), column), (int(spare[j]), column)]
    for j, (place, _) in enumerate(scanned.acting.tolist()):
        wanted += [(place, place), (place, int(spare[j]))]
    rows = np.repeat(np.arange(n_z), np.diff(jacobian.pattern))
    old = rows * n_z + jacobian.column
    asked = np.array([-1 if min(pair) < 0 else pair[0] * n_z + pair[1] for pair in wanted], dtype=np.int64)
    every = np.union1d(old, asked[asked >= 0])
    new = np.searchsorted(every, old)
    found = np.where(asked >= 0, np.searchsorted(every, asked), -1).reshape(-1, 2)
    of_matrix = np.zeros(len(jacobian.destination) + 1, dtype=np.int64)
    np.add.at(of_matrix, jacobian.entries[:, 0], 1)
    np.add.at(of_matrix, jacobian.entries[:, 2], -1)
    inside = np.cumsum(of_matrix[:-1]) > 0
    destination = jacobian.destination.copy()
    destination[inside] = new[destination[inside]]
    tables = jacobian._replace(
        pattern=np.searchsorted(every, np.arange(n_z + 1) * n_z).astype(np.int64),
        column=(every % n_z).astype(np.int64),
        destination=destination,
    )
    pair = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return tables, Coupling(pair, spare, found[: len(pairs)].copy(), found[len(pairs) :].copy())
