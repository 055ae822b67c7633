"""Which states stay zero for good: components that never come to where they could be.

Streams carry the plant's whole list of components, so nitrogen has a state in every cell of a reactor
that it never enters. Such states need no row or column of the Newton matrix. They are found by
probing: everything present takes several sizes, and what then gets a rate is present, too. This only
suggests; the integrator looks at every accepted point whether they are still zero and at rest, and
takes the full matrix when one of them is not (a feed that changed, a valve that no probe opened).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin.jit import arm, kernel
from twin.plant.evaluate import rates
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.plant.evaluate import PlantTables
    from twin.plant.nodes import Node

#: Sizes of the probes, in nominal values: empty vessels, working ones, overflowing ones.
SIZES = (0.0, 1e-3, 0.1, 1.0, 5.0)


class Absent(NamedTuple):
    """Places that are zero for good."""

    y: np.ndarray  #: [n_y] bool
    w: np.ndarray  #: [n_w] bool


def everything(n_y: int, n_w: int) -> Absent:
    """All places."""
    return Absent(np.ones(n_y, dtype=bool), np.ones(n_w, dtype=bool))


def nothing(n_y: int, n_w: int) -> Absent:
    """No place at all."""
    return Absent(np.zeros(n_y, dtype=bool), np.zeros(n_w, dtype=bool))


@kernel
def probe(T, y0, p, nominal, weight, sizes, present, present_w, y, w, dy):
    """Mark what gets a rate while only what is present has a size; repeated until nothing is new."""
    n = y.shape[0]
    more = True
    while more:
        more = False
        for k in range(sizes.shape[0]):
            for i in range(n):
                y[i] = 0.0
                if present[i]:
                    y[i] = y0[i] + sizes[k] * nominal[i] * weight[i]
            rates(T, 0.0, y, p, w, dy)
            for i in range(n):
                if not present[i] and not dy[i] == 0.0:
                    present[i] = True
                    more = True
            for i in range(w.shape[0]):
                if not w[i] == 0.0:
                    present_w[i] = True


def find_absent(
    nodes: list[Node], tables: PlantTables, y: np.ndarray, p: np.ndarray, nominal: np.ndarray, known: Absent
) -> Absent:
    """Probe a plant.

    Parameters
    ----------
    nodes : list of Node
        Units that change at instants (impulses, scans) count as present with all their states.
    tables : PlantTables
    y, nominal : [n_y]
        State, and the states' scales.
    p : [n_p]
        Parameters: a component counts as absent only as long as no feed that holds it is changed in.
    known : Absent
        Where to look: what is present stays so.
    """
    arm(__name__)
    n_y, n_w = len(y), int(tables.sizes[2])
    present, present_w = ~known.y | (y != 0.0), ~known.w
    for node in nodes:
        if node.model.impulses or node.model.scan:
            for f in fields(node.model.State):
                first = node.layout.place("x", f.name)
                present[first : first + node.layout.size("x", f.name)] = True
    weight = 0.5 + np.random.default_rng(0).random(n_y)
    work = np.zeros(n_y), np.zeros(n_w), np.zeros(n_y)
    probe(tables, y, p, nominal, weight, np.array(SIZES), present, present_w, *work)
    return Absent(~present, ~present_w)
