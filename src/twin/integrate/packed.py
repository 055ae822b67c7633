"""The pattern of the step's matrix without what stays zero.

A valve that is shut, a unit that stands still and a scheme of first order leave most of what the pattern has room for
empty, fill included. What is left is found anew whenever an entry of the Jacobian comes that was not there, and when
many have gone; a few that come and go (of a limiter, say) stay. What counts as there is part of a run's memory: a run
that is resumed has the same bits.
"""

from __future__ import annotations

from twin.jit import kernel

#: Entries are let go when they are more than this part of those that count as there.
GONE = 0.3


@kernel
def outgrown(values, there):
    """Bring up to date what counts as there; gives whether that has changed."""
    came = 0
    gone = 0
    count = 0
    for e in range(values.shape[0]):
        now = int(values[e] != 0.0)
        before = int(there[e])
        came += now & (1 - before)
        gone += before & (1 - now)
        count += before
    if gone > GONE * count:
        for e in range(values.shape[0]):
            there[e] = int(values[e] != 0.0)
        return True
    if came > 0:
        for e in range(values.shape[0]):
            there[e] |= int(values[e] != 0.0)
        return True
    return False


@kernel
def pack(F, there, K, row):
    """Make K what F is to `factorise` and `solve`, less what stays zero with the entries that are not there.

    `row` is scratch that is zero on entry and on return. What happens to vanish by subtraction counts as there.
    """
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
