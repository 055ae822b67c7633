"""Numeric sparse LU on a fixed pattern without pivoting, by rows, and its triangular solves.

L has a unit diagonal; the reciprocal pivots are kept. Indices are uint32, which spares numba's
test for negative indices (see :class:`twin.integrate.symbolic.Factors`).
"""

from __future__ import annotations

import math

from twin.jit import kernel

#: A pivot that lost all digits of its diagonal entry is roundoff: the matrix counts as singular.
LOST = 1e-14


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
    """Solve M out = rhs, both in the order of z; `row` [n] is scratch and left zero for `factorise`."""
    n = pivot.shape[0]
    for i in range(n):
        total = rhs[F.permutation[i]]
        for e in range(F.lower[i], F.lower[i + 1]):
            total -= lower[e] * row[F.lower_column[e]]
        row[i] = total
    for back in range(n):
        i = n - 1 - back
        total = row[i]
        for e in range(F.upper[i], F.upper[i + 1]):
            total -= upper[e] * row[F.upper_column[e]]
        row[i] = total * pivot[i]
    for i in range(n):
        out[F.permutation[i]] = row[i]
        row[i] = 0.0
