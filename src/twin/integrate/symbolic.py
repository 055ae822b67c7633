"""Symbolic part of the sparse LU, once per plant: ordering, fill, and indices for `lu`.

The matrix is M = D - J over the states followed by the auxiliaries, D = 1/(h gamma) in the rows of
states and 1 in the rows of auxiliaries. Pivots stay on the diagonal, so one symmetric permutation
found by minimum degree on the pattern of M + M^T serves the whole run.
"""

from __future__ import annotations

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


def minimum_degree(pointers: Array, columns: Array) -> Array:
    """Fill-reducing permutation for pivots on the diagonal.

    Parameters
    ----------
    pointers, columns : arrays of int
        Pattern of a square matrix by rows (CSR).

    Returns
    -------
    array of int
        Place in the given matrix of each row of the permuted one.
    """
    from scipy.sparse import csc_array, csr_array, eye_array
    from scipy.sparse.linalg import splu

    n = len(pointers) - 1
    pattern = csr_array((np.ones(len(columns)), columns, pointers), shape=(n, n))
    symmetric = pattern + pattern.T
    # values matter not: a dominant diagonal keeps SuperLU's own pivoting away
    matrix = csc_array(symmetric + (float(symmetric.sum()) + 1.0) * eye_array(n))
    factored = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.argsort(factored.perm_c)


def factors(pointers: Array, columns: Array, n_states: int) -> Factors:
    """Order and factorise symbolically.

    Parameters
    ----------
    pointers, columns : arrays of int
        Pattern of J by rows (CSR) over states, then auxiliaries; the diagonal may be missing.
    n_states : int
        Number of rows that are states.
    """
    n = len(pointers) - 1
    order = minimum_degree(pointers, columns) if n > 1 else np.arange(n)
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)

    row = [0]
    source: list[int] = []
    column: list[int] = []
    lower_rows: list[list[int]] = []
    upper_rows: list[list[int]] = []
    for i in range(n):
        first, last = int(pointers[order[i]]), int(pointers[order[i] + 1])
        entries = sorted((int(place[columns[e]]), e) for e in range(first, last))
        column += [c for c, _ in entries]
        source += [e for _, e in entries]
        row.append(len(source))
        lower, upper = _fill(i, {c for c, _ in entries}, upper_rows)
        lower_rows.append(lower)
        upper_rows.append(upper)

    def packed(rows: list[list[int]]) -> tuple[Array, Array]:
        starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
        flat = np.array([c for r in rows for c in r], dtype=np.uint32)
        return starts.astype(np.uint32), flat

    return Factors(
        order.astype(np.uint32),
        (order < n_states).astype(np.float64),
        np.array(row, dtype=np.uint32),
        np.array(source, dtype=np.uint32),
        np.array(column, dtype=np.uint32),
        *packed(lower_rows),
        *packed(upper_rows),
    )


def _fill(i: int, pattern: set[int], upper_rows: list[list[int]]) -> tuple[list[int], list[int]]:
    """Pattern of row i of L and U: eliminating with row k < i adds the pattern of U's row k."""
    from heapq import heapify, heappop, heappush

    heap = [c for c in pattern if c < i]
    heapify(heap)
    lower = []
    while heap:
        k = heappop(heap)
        lower.append(k)
        for c in upper_rows[k]:
            if c not in pattern:
                pattern.add(c)
                if c < i:
                    heappush(heap, c)
    return lower, sorted(c for c in pattern if c > i)
