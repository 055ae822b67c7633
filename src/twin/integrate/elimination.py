"""The plain Jacobian of dy/dt and dq/dt, for solvers that know no auxiliaries.

With z = [y, a], dy/dt = f(y, a) and a = g(y, a), the auxiliaries follow one another, so their rows
da/dy are found one after another, and then df/dy = f_y + f_a da/dy. Quadrature rows likewise. The
pattern and the order of operations are found once; `eliminate` fills in numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.jit import kernel
from twin.plant.evaluate import JacobianTables
from twin.quantity import Array


class Elimination(NamedTuple):
    """Rows in the order in which they are found: auxiliaries, then states, then quadratures."""

    entry: Array  #: [rows + 1] into `source` and `column`
    source: Array  #: [nnz] place in the structured values; those of quadratures follow those of J
    column: Array  #: [nnz] state, or n_y + the number of the row that an auxiliary was given
    row: Array  #: [rows + 1] into `pattern`
    pattern: Array  #: [out] states that each row depends on
    transfer: Array  #: [nnz of the result] place in the rows' numbers; -1 a diagonal that is zero


def elimination(jacobian: JacobianTables, n_y: int, n_aux: int, n_q: int) -> tuple[Elimination, Array, Array]:
    """Plan the elimination.

    Returns
    -------
    tables, indices, pointers
        The result over [y, q] in compressed columns (CSC) has these row indices and column
        pointers; its diagonal is always there.
    """
    pointers, columns = np.asarray(jacobian.pattern), np.asarray(jacobian.column)
    q_pointers, q_columns = np.asarray(jacobian.q_pattern), np.asarray(jacobian.q_column)
    order = auxiliaries_in_order(pointers, columns, n_y, n_aux)
    number = {n_y + a: n_y + k for k, a in enumerate(order)}
    jobs = [(columns, pointers[n_y + a], pointers[n_y + a + 1], 0) for a in order]
    jobs += [(columns, pointers[i], pointers[i + 1], 0) for i in range(n_y)]
    jobs += [(q_columns, q_pointers[i], q_pointers[i + 1], len(columns)) for i in range(n_q)]

    entry, source, column = [0], [], []
    patterns: list[Array] = []
    for table, first, last, shift in jobs:
        parts = [np.zeros(0, dtype=np.int64)]
        for e in range(int(first), int(last)):
            z = int(table[e])
            source.append(e + shift)
            column.append(number.get(z, z))
            parts.append(patterns[column[-1] - n_y] if z >= n_y else np.array([z]))
        patterns.append(np.unique(np.concatenate(parts)))
        entry.append(len(source))
    row = np.concatenate([[0], np.cumsum([len(p) for p in patterns])]).astype(np.int64)
    pattern = np.concatenate(patterns).astype(np.int64)

    out_row = np.repeat(np.arange(n_y + n_q), np.diff(row[n_aux:]))
    place = np.arange(row[n_aux], row[-1])
    out_column = pattern[row[n_aux] :]
    missing = np.setdiff1d(np.arange(n_y + n_q), out_row[out_row == out_column])
    rows = np.concatenate([out_row, missing])
    cols = np.concatenate([out_column, missing])
    places = np.concatenate([place, np.full(len(missing), -1)])
    by_column = np.lexsort((rows, cols))
    starts = np.concatenate([[0], np.cumsum(np.bincount(cols, minlength=n_y + n_q))])
    tables = Elimination(
        np.array(entry, dtype=np.int64),
        np.array(source, dtype=np.int64),
        np.array(column, dtype=np.int64),
        row,
        pattern,
        places[by_column].astype(np.int64),
    )
    return tables, rows[by_column].astype(np.int32), starts.astype(np.int32)


def auxiliaries_in_order(pointers: Array, columns: Array, n_y: int, n_aux: int) -> list[int]:
    """Each auxiliary after those that it depends on; itself excluded, they form no loop."""
    from graphlib import TopologicalSorter

    sorter: TopologicalSorter[int] = TopologicalSorter()
    for a in range(n_aux):
        needs = columns[pointers[n_y + a] : pointers[n_y + a + 1]]
        sorter.add(a, *(int(z) - n_y for z in needs if z >= n_y))
    return list(sorter.static_order())


@kernel
def eliminate(E, values, q_values, n_y, rows, scratch, out):
    """Fill `out` [nnz, CSC] from the structured values; `rows` [out rows], `scratch` [n_y] zero before and after."""
    n_values = values.shape[0]
    for r in range(E.row.shape[0] - 1):
        for e in range(E.entry[r], E.entry[r + 1]):
            source = E.source[e]
            if source < n_values:
                value = values[source]
            else:
                value = q_values[source - n_values]
            column = E.column[e]
            if column < n_y:
                scratch[column] += value
            else:
                for g in range(E.row[column - n_y], E.row[column - n_y + 1]):
                    scratch[E.pattern[g]] += value * rows[g]
        for g in range(E.row[r], E.row[r + 1]):
            rows[g] = scratch[E.pattern[g]]
            scratch[E.pattern[g]] = 0.0
    for k in range(out.shape[0]):
        if E.transfer[k] >= 0:
            out[k] = rows[E.transfer[k]]
        else:
            out[k] = 0.0
