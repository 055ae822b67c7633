"""Symbolic part of the sparse LU, once per plant: ordering, fill, and indices for `lu`.

The matrix is M = D - J over the states followed by the auxiliaries, D = 1/(h gamma) in the rows of
states and 1 in the rows of auxiliaries. Pivots stay on the diagonal, so one symmetric permutation
serves the whole run.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np

from twin.quantity import Array


class Factors(NamedTuple):
    """Indices of a fixed-pattern LU. Rows and columns are permuted; indices are uint32."""

    permutation: Array  #: [n] place in z of each permuted row
    is_state: Array  #: [n] 1.0 where D is 1/(h gamma), 0.0 where it is 1
    row: Array  #: [n + 1] row pointers into `source` and `column`
    source: Array  #: [nnz] place in the values of J
    column: Array  #: [nnz] permuted column
    lower: Array  #: [n + 1] row pointers of L (unit diagonal not stored)
    lower_column: Array  #: [nnz L] ascending in each row
    upper: Array  #: [n + 1] row pointers of U (diagonal not stored)
    upper_column: Array  #: [nnz U] ascending in each row


def factors(pointers: Array, columns: Array, n_states: int) -> Factors:
    """Order and factorise symbolically.

    Pivots are taken from the diagonal by Markowitz' rule: next comes the row and column of which
    the product of their numbers of entries is least. It works on the unsymmetric pattern, and so
    does better than minimum degree on M + M^T where integrals make dense rows without dense columns.

    Parameters
    ----------
    pointers, columns : arrays of int
        Pattern of J by rows (CSR) over states, then auxiliaries; the diagonal may be missing.
    n_states : int
        Number of rows that are states.
    """
    n = len(pointers) - 1
    order, right, below = _eliminate(pointers, columns)
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)

    row, source, column = [0], [], []
    lower: list[list[int]] = [[] for _ in range(n)]
    upper: list[list[int]] = []
    for k, i in enumerate(order):
        entries = sorted((int(place[columns[e]]), e) for e in range(int(pointers[i]), int(pointers[i + 1])))
        column += [c for c, _ in entries]
        source += [e for _, e in entries]
        row.append(len(source))
        upper.append(sorted(int(place[j]) for j in right[i]))
        for j in below[i]:
            lower[place[j]].append(k)

    def packed(rows: list[list[int]]) -> tuple[Array, Array]:
        starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
        return starts.astype(np.uint32), np.array([c for r in rows for c in r], dtype=np.uint32)

    return Factors(
        np.array(order, dtype=np.uint32),
        (np.array(order) < n_states).astype(np.float64),
        np.array(row, dtype=np.uint32),
        np.array(source, dtype=np.uint32),
        np.array(column, dtype=np.uint32),
        *packed(lower),
        *packed(upper),
    )


def _eliminate(pointers: Array, columns: Array) -> tuple[list[int], list[set[int]], list[set[int]]]:
    """Pivots in order, and for each what stood to its right and below it when its turn came."""
    n = len(pointers) - 1
    right = [set(columns[pointers[i] : pointers[i + 1]].tolist()) - {i} for i in range(n)]
    below: list[set[int]] = [set() for _ in range(n)]
    for i in range(n):
        for j in right[i]:
            below[j].add(i)
    cost = [(len(right[i]) * len(below[i]), len(right[i]) + len(below[i])) for i in range(n)]
    heap = [(cost[i], i) for i in range(n)]
    heapify(heap)
    order: list[int] = []
    done = [False] * n
    while heap:
        estimate, pivot = heappop(heap)
        if done[pivot] or estimate != cost[pivot]:
            continue
        done[pivot] = True
        order.append(pivot)
        for j in right[pivot]:
            below[j].discard(pivot)
            below[j] |= below[pivot]
            below[j].discard(j)
        for i in below[pivot]:
            right[i].discard(pivot)
            right[i] |= right[pivot]
            right[i].discard(i)
        for i in right[pivot] | below[pivot]:
            new = (len(right[i]) * len(below[i]), len(right[i]) + len(below[i]))
            if new != cost[i]:
                cost[i] = new
                heappush(heap, (new, i))
    return order, right, below
