"""Numeric sparse LU on a fixed pattern without pivoting, by rows, and its triangular solves.

L has a unit diagonal; the reciprocal pivots are kept. Indices are uint32, which spares numba's
test for negative indices (see :class:`twin.integrate.symbolic.Factors`).
"""

from __future__ import annotations

import math

from twin.jit import kernel

#: A pivot that lost all digits of its diagonal entry is roundoff: the matrix counts as singular.
LOST = 1e-14
#: Entries of factors below this tell nothing, whatever units their states are in.
NOTHING = 1e-30
#: From so many entries on, the sum of a row has parts for the processor to add beside one another.
LONG = 16


@kernel
def factorise(F, values, scale, lower, upper, pivot, row):
    """Factorise M = D - J with D = scale for states, 1 for auxiliaries.

    `lower`, `upper`, `pivot` receive L, U and the reciprocal diagonal; `row` is scratch that is zero
    on entry and on return. Returns -1, or the place in z of the row without a usable pivot.
    """
    n = pivot.shape[0]
    for i in range(n):
        for e in range(F.row[i], F.row[i + 1]):
            row[F.column[e]] = -values[F.source[e]]
        diagonal = row[i] + F.is_state[i] * scale + (1.0 - F.is_state[i])
        row[i] = diagonal
        for e in range(F.lower[i], F.lower[i + 1]):
            k = F.lower_column[e]
            factor = row[k] * pivot[k]
            row[k] = 0.0
            lower[e] = factor
            for g in range(F.upper[k], F.upper[k + 1]):
                row[F.upper_column[g]] -= factor * upper[g]
        last = row[i]
        row[i] = 0.0
        for e in range(F.upper[i], F.upper[i + 1]):
            column = F.upper_column[e]
            upper[e] = row[column]
            row[column] = 0.0
        if not (abs(last) > LOST * abs(diagonal)) or not math.isfinite(last):
            return int(F.permutation[i])
        pivot[i] = 1.0 / last
    return -1


@kernel
def solve(F, lower, upper, pivot, rhs, out, row):
    """Solve M out = rhs, both in the order of z; `row` [n] is scratch and left zero for `factorise`.

    What was found last comes last into the sum of a row, and from a register: where rows wait for one another, as along
    the classes of a population, that wait is the time. Long rows, sums over classes, are added in four parts.
    """
    n = pivot.shape[0]
    found = 0.0
    for i in range(n):
        total = rhs[F.permutation[i]]
        e = int(F.lower[i])
        last = int(F.lower[i + 1])
        if last - e >= LONG:
            second = third = fourth = 0.0
            while e + 4 <= last:
                total -= lower[e] * row[F.lower_column[e]]
                second += lower[e + 1] * row[F.lower_column[e + 1]]
                third += lower[e + 2] * row[F.lower_column[e + 2]]
                fourth += lower[e + 3] * row[F.lower_column[e + 3]]
                e += 4
            total = (total - second) - (third + fourth)
        while e + 1 < last:
            total -= lower[e] * row[F.lower_column[e]]
            e += 1
        if e < last:
            k = int(F.lower_column[e])
            if k == i - 1:
                total -= lower[e] * found
            else:
                total -= lower[e] * row[k]
        found = total
        row[i] = found
    for back in range(n):
        i = n - 1 - back
        total = row[i]
        first = int(F.upper[i])
        last = int(F.upper[i + 1])
        if first < last:
            for e in range(first + 1, last):
                total -= upper[e] * row[F.upper_column[e]]
            k = int(F.upper_column[first])
            if k == i + 1:
                total -= upper[first] * found
            else:
                total -= upper[first] * row[k]
        found = total * pivot[i]
        row[i] = found
    for i in range(n):
        out[F.permutation[i]] = row[i]
        row[i] = 0.0


@kernel
def thin(F, lower, upper, pivot, T):
    """Copy factors for many solutions, without the entries that the numbers of this matrix leave empty.

    Rows of U are scaled by their pivots and stand in reverse: what a row waits for comes last.
    """
    n = pivot.shape[0]
    place = 0
    for i in range(n):
        for e in range(F.lower[i], F.lower[i + 1]):
            if abs(lower[e]) > NOTHING:
                T.lower_column[place] = F.lower_column[e]
                T.lower[place] = lower[e]
                place += 1
        T.lower_start[i + 1] = place
    place = 0
    for i in range(n):
        first = F.upper[i]
        last = F.upper[i + 1]
        for back in range(last - first):
            e = last - 1 - back
            factor = upper[e] * pivot[i]
            if abs(factor) > NOTHING:
                T.upper_column[place] = F.upper_column[e]
                T.upper[place] = factor
                place += 1
        T.upper_start[i + 1] = place


@kernel
def solve_thin(F, T, pivot, rhs, out):
    """`solve` with the factors in T: sums are of two parts each, for the processor to add beside one another."""
    n = pivot.shape[0]
    row = T.row
    for i in range(n):
        total = rhs[F.permutation[i]]
        other = 0.0
        e = T.lower_start[i]
        last = T.lower_start[i + 1]
        while e + 1 < last:
            other += T.lower[e] * row[T.lower_column[e]]
            total -= T.lower[e + 1] * row[T.lower_column[e + 1]]
            e += 2
        if e < last:
            total -= T.lower[e] * row[T.lower_column[e]]
        row[i] = total - other
    for back in range(n):
        i = n - 1 - back
        total = row[i] * pivot[i]
        other = 0.0
        e = T.upper_start[i]
        last = T.upper_start[i + 1]
        while e + 1 < last:
            other += T.upper[e] * row[T.upper_column[e]]
            total -= T.upper[e + 1] * row[T.upper_column[e + 1]]
            e += 2
        if e < last:
            total -= T.upper[e] * row[T.upper_column[e]]
        total -= other
        row[i] = total
        out[F.permutation[i]] = total
