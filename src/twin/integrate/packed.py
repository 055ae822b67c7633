"""The pattern of the step's matrix without its zeros.

A valve that is shut, a unit that stands still and a scheme of first order leave most of what the pattern has room for
empty, fill included. What is left is found anew whenever an entry of the Jacobian comes or goes, and depends on the
present entries only: a run that is resumed has the same bits.
"""

from __future__ import annotations

from twin.jit import kernel


@kernel
def same_entries(values, there):
    """Whether the same entries are other than zero as when the pattern was last packed."""
    changed = 0
    for e in range(values.shape[0]):
        changed |= int(values[e] != 0.0) ^ there[e]
    return changed == 0


@kernel
def pack(F, values, K, there, row):
    """Make K what F is to `factorise` and `solve`, less what stays zero with the zeros among `values`.

    `there` notes which are none, `row` is scratch that is zero on entry and on return. What happens to vanish by
    subtraction counts as there.
    """
    for e in range(values.shape[0]):
        there[e] = int(values[e] != 0.0)
    place = 0
    low = 0
    up = 0
    for i in range(row.shape[0]):
        for e in range(F.row[i], F.row[i + 1]):
            if there[F.source[e]] != 0:
                K.source[place] = F.source[e]
                K.column[place] = F.column[e]
                place += 1
                row[F.column[e]] = 1.0
        K.row[i + 1] = place
        for e in range(F.lower[i], F.lower[i + 1]):
            k = F.lower_column[e]
            if row[k] != 0.0:
                row[k] = 0.0
                K.lower_column[low] = k
                low += 1
                for g in range(K.upper[k], K.upper[k + 1]):
                    row[K.upper_column[g]] = 1.0
        K.lower[i + 1] = low
        row[i] = 0.0
        for e in range(F.upper[i], F.upper[i + 1]):
            column = F.upper_column[e]
            if row[column] != 0.0:
                row[column] = 0.0
                K.upper_column[up] = column
                up += 1
        K.upper[i + 1] = up
