"""Which states stay zero for good: components that never come to where they could be.

Streams carry the plant's whole list of components, so nitrogen has a state in every cell of a reactor
that it never enters. Such states need no row or column of the Newton matrix. They are found by
probing: everything present takes several sizes, and what then gets a rate is present, too. This only
suggests; the integrator looks at every accepted point and at every stage of a step whether they are
still zero and at rest. When one of them is not (a feed that changed, a valve that no probe opened), it
drops the step, takes that state for present and probes anew from the last accepted point. Balances stay
exact through that: a step is only ever taken in which the rates left out were zero throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twin.jit import call, kernel
from twin.plant.evaluate import rates
from twin.plant.handles import handed
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.plant.evaluate import PlantTables
    from twin.plant.nodes import Node

#: Sizes of the probes, in nominal values: empty vessels, working ones, overflowing ones.
SIZES = (0.0, 1e-3, 0.1, 1.0, 5.0)
#: Rounds in which what is present may spread from cell to cell, or class to class; then it goes to the end of its row.
ROUNDS = 2
#: Mark of what was not there from the start.
COME = 2


class Probe(NamedTuple):
    """What a probe works on."""

    y0: Any  #: [n_y]
    p: Any  #: [n_p]
    nominal: Any  #: [n_y]
    weight: Any  #: [n_y] of each state in a probe
    sizes: Any  #: [probes]
    row: Any  #: [n_y, 2] ends of the row that each state stands in
    rounds: Any  #: [1] after which presence spreads to the ends of rows
    present: Any  #: [n_y] uint8, found: 0 absent, 1 there from the start, or COME
    y: Any  #: [n_y] lent, as are the others
    w: Any
    dy: Any


@kernel
def probe(T, S):
    """Mark what gets a rate while only what is present has a size; repeated until nothing is new.

    A round brings what is present some places further along a row, so that many rounds would cost the square of the
    number of places. After `rounds` of them what has come to a place from a neighbour to which it had come, too, is
    taken for present in all places that follow in this direction.
    """
    n = S.y.shape[0]
    more = True
    done = 0
    while more:
        more = False
        done += 1
        for k in range(S.sizes.shape[0]):
            for i in range(n):
                S.y[i] = 0.0
                if S.present[i] != 0:
                    S.y[i] = S.y0[i] + S.sizes[k] * S.nominal[i] * S.weight[i]
            rates(T, 0.0, S.y, S.p, S.w, S.dy)
            for i in range(n):
                if S.present[i] == 0 and not S.dy[i] == 0.0:
                    S.present[i] = COME
                    more = True
                    if done > S.rounds[0]:
                        before = i > S.row[i, 0] and S.present[i - 1] == COME
                        behind = i + 1 < S.row[i, 1] and S.present[i + 1] == COME
                        if before and not behind:
                            for j in range(i + 1, S.row[i, 1]):
                                S.present[j] = COME
                        if behind and not before:
                            for j in range(S.row[i, 0], i):
                                S.present[j] = COME
    return 0


def rows_of(nodes: list[Node], n: int) -> np.ndarray:
    """Ends of the row that each state stands in, [n, 2]: one component's places along cells, tanks or classes."""
    row = np.stack([np.arange(n), np.arange(1, n + 1)], axis=1)
    for node in nodes:
        for f in fields(node.model.State):
            lengths = node.layout.shapes["x", f.name]
            size, first = node.layout.size("x", f.name), node.layout.place("x", f.name)
            if size and f.dims and f.dims[-1] not in ("fluids", "solids"):
                starts = first + np.arange(size) // lengths[-1] * lengths[-1]
                row[first : first + size] = np.stack([starts, starts + lengths[-1]], axis=1)
    return row


def find_absent(
    nodes: list[Node],
    tables: PlantTables,
    y: np.ndarray,
    p: np.ndarray,
    nominal: np.ndarray,
    among: np.ndarray,
    rounds: int = ROUNDS,
    row: np.ndarray | None = None,
) -> np.ndarray:
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
    among : [n_y] bool
        Where to look: what is present stays so.
    rounds : int
        After which presence spreads to the ends of rows.
    row : [n_y, 2] of int, optional
        What `rows_of` gives, where it is known.

    Returns
    -------
    array [n_y] of bool
    """
    present = ~among | (y != 0.0)
    for node in nodes:
        if node.model.impulses or node.model.scan:
            for f in fields(node.model.State):
                first = node.layout.place("x", f.name)
                present[first : first + node.layout.size("x", f.name)] = True
    weight = 0.5 + np.random.default_rng(0).random(len(y))
    row = rows_of(nodes, len(y)) if row is None else row
    found = Probe(
        y0=y.copy(),
        p=p.copy(),
        nominal=nominal.copy(),
        weight=weight,
        sizes=np.array(SIZES),
        row=row,
        rounds=np.array([rounds]),
        present=present.astype(np.uint8),
        y=np.zeros(len(y)),
        w=np.zeros(int(tables.sizes[2])),
        dy=np.zeros(len(y)),
    )
    call(probe, *handed((tables, found)))
    return found.present == 0


def compile_probe() -> None:
    """Compile the probe, or load it from the cache: one job of the first run."""
    from twin.plant.evaluate import no_plant

    find_absent([], no_plant(), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
