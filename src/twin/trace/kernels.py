"""The compiled part of carrying marks: the matrix of a network, its factors, and one step."""

from __future__ import annotations

from typing import Any, NamedTuple

from twin.jit import kernel

GAMMA = 0.25
#: No cell is left faster than this [s]: one that holds next to nothing passes on what it gets.
FASTEST = 1e-3


class Edges(NamedTuple):
    """A network as arrays: cells first, then sinks, then pipes."""

    source: Any  #: [edges] int64
    target: Any  #: [edges] int64
    outgoing: Any  #: [n] edges that leave each point
    sizes: Any  #: [3] cells, cells and sinks, all points


class Pieces(NamedTuple):
    """A trajectory: cubics through four points of every step."""

    m: Any  #: [steps, 4, cells]
    F: Any  #: [steps, 4, edges]
    feed: Any  #: [steps, 4, pipes]


class Marking(NamedTuple):
    """What marks material, and what ages."""

    point: Any  #: [marks] int64
    column: Any  #: [marks] int64
    share: Any  #: [marks] now; 0 while it does not
    age_column: Any  #: [agings] int64
    age_of: Any  #: [agings] int64
    age_factor: Any  #: [agings]


class Lent(NamedTuple):
    """Scratch."""

    m: Any  #: [cells]
    F: Any  #: [edges]
    feed: Any  #: [pipes]
    leaving: Any  #: [n]
    a: Any  #: [n, n]
    pivot: Any  #: [n] int64
    start: Any  #: [held, columns]
    slope: Any  #: [5, held, columns]
    one: Any  #: [n, 1]
    error: Any  #: [n, columns]


@kernel
def at_instant(P, k, weights, L):
    """Masses, flows and what enters, from the four points of piece k."""
    for i in range(L.m.shape[0]):
        L.m[i] = 0.0
        for j in range(4):
            L.m[i] += weights[j] * P.m[k, j, i]
    for i in range(L.F.shape[0]):
        L.F[i] = 0.0
        for j in range(4):
            L.F[i] += weights[j] * P.F[k, j, i]
    for i in range(L.feed.shape[0]):
        L.feed[i] = 0.0
        for j in range(4):
            L.feed[i] += weights[j] * P.feed[k, j, i]


@kernel
def matrix(S, L):
    """The matrix of an instant into L.a: what leaves a point of what it has, and where it goes.

    Rows of pipes stand for 0 = what comes in − what is there. A flow that turns round takes from its target.
    """
    cells, held, n = S.sizes[0], S.sizes[1], S.sizes[2]
    for i in range(n):
        L.leaving[i] = 0.0
        for j in range(n):
            L.a[i, j] = 0.0
    for e in range(S.source.shape[0]):
        if L.F[e] > 0.0:
            L.leaving[S.source[e]] += L.F[e]
        elif S.target[e] < cells and S.source[e] < cells:
            L.leaving[S.target[e]] -= L.F[e]
    for e in range(S.source.shape[0]):
        u, v = S.source[e], S.target[e]
        flow = L.F[e]
        if flow < 0.0:
            if u >= cells or v >= cells:
                flow = 0.0  # rounding: nothing flows back through a port
            else:
                u, v = v, u
                flow = -flow
        if u < cells:
            if flow > 0.0:
                k = flow / max(L.m[u], FASTEST * L.leaving[u])
                L.a[v, u] += k
                L.a[u, u] -= k
        elif L.leaving[u] > 0.0:
            L.a[v, u] += flow / L.leaving[u]
        else:
            L.a[v, u] += 1.0 / S.outgoing[u]
    for i in range(held, n):
        L.a[i, i] -= 1.0


@kernel
def stage_matrix(S, L, h_gamma):
    """L.a becomes E − hγA, with rows of pipes −A."""
    held, n = S.sizes[1], S.sizes[2]
    for i in range(held):
        for j in range(n):
            L.a[i, j] = -h_gamma * L.a[i, j]
        L.a[i, i] += 1.0
    for i in range(held, n):
        for j in range(n):
            L.a[i, j] = -L.a[i, j]


@kernel
def factor(a, pivot):
    """LU in place with row exchanges; zeros, of which there are many, cost nothing. Gives the row where it fails."""
    n = a.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        if a[best, k] == 0.0:
            return k
        pivot[k] = best
        if best != k:
            for j in range(n):
                a[k, j], a[best, j] = a[best, j], a[k, j]
        for i in range(k + 1, n):
            if a[i, k] != 0.0:
                a[i, k] /= a[k, k]
                for j in range(k + 1, n):
                    a[i, j] -= a[i, k] * a[k, j]
    return -1


@kernel
def substitute(a, pivot, b):
    """Solve for every column of b, in place."""
    n, columns = b.shape
    for k in range(n):
        best = pivot[k]
        if best != k:
            for c in range(columns):
                b[k, c], b[best, c] = b[best, c], b[k, c]
    for i in range(n):
        for j in range(i):
            if a[i, j] != 0.0:
                for c in range(columns):
                    b[i, c] -= a[i, j] * b[j, c]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            if a[i, j] != 0.0:
                for c in range(columns):
                    b[i, c] -= a[i, j] * b[j, c]
        for c in range(columns):
            b[i, c] /= a[i, i]


@kernel
def mark(S, Q, L, b):
    """Add what marks bring at this instant, times what flows through their points."""
    held = S.sizes[1]
    for i in range(Q.point.shape[0]):
        if Q.share[i] != 0.0:
            flow = 0.0
            for e in range(S.source.shape[0]):
                if S.target[e] == Q.point[i]:
                    flow += L.F[e]
            if Q.point[i] >= held:
                flow += L.feed[Q.point[i] - held]
            b[Q.point[i], Q.column[i]] += Q.share[i] * flow


@kernel
def pipes(S, P, Q, L, k, weights, x):
    """What flows in the pipes for given masses: x[held:], in place. Gives the row where it fails, or -1."""
    held, n = S.sizes[1], S.sizes[2]
    at_instant(P, k, weights, L)
    matrix(S, L)
    for i in range(held):
        for j in range(n):
            L.a[i, j] = 0.0
        L.a[i, i] = 1.0
    for i in range(held, n):
        for j in range(n):
            L.a[i, j] = -L.a[i, j]
        for c in range(x.shape[1]):
            x[i, c] = 0.0
    # the rows of cells say that they stay what they are
    mark_pipes(S, Q, L, x, held)
    failed = factor(L.a, L.pivot)
    if failed >= 0:
        return failed
    substitute(L.a, L.pivot, x)
    return -1


@kernel
def mark_pipes(S, Q, L, x, held):
    """As `mark`, pipes only: what is in cells already is there."""
    for i in range(Q.point.shape[0]):
        if Q.share[i] != 0.0 and Q.point[i] >= held:
            flow = L.feed[Q.point[i] - held]
            for e in range(S.source.shape[0]):
                if S.target[e] == Q.point[i]:
                    flow += L.F[e]
            x[Q.point[i], Q.column[i]] += Q.share[i] * flow


@kernel
def step(S, P, Q, L, A, error_weights, k, weights, h, x, stage):
    """One step of x to `stage`, its error to L.error. Gives the row where a matrix is singular, or -1.

    k, weights : [5], [5, 4] piece and cubic weights of the five stages.
    """
    cells, held, n = S.sizes[0], S.sizes[1], S.sizes[2]
    columns = x.shape[1]
    for s in range(5):
        at_instant(P, k[s], weights[s], L)
        matrix(S, L)
        stage_matrix(S, L, h * GAMMA)
        failed = factor(L.a, L.pivot)
        if failed >= 0:
            return failed
        for i in range(held):
            for c in range(columns):
                value = x[i, c]
                for j in range(s):
                    value += h * A[s, j] * L.slope[j, i, c]
                L.start[i, c] = value
        for i in range(n):
            for c in range(columns):
                stage[i, c] = 0.0
        mark(S, Q, L, stage)
        for i in range(held):
            for c in range(columns):
                stage[i, c] = L.start[i, c] + h * GAMMA * stage[i, c]
        substitute(L.a, L.pivot, stage)
        for q in range(Q.age_column.shape[0]):
            for i in range(n):
                L.one[i, 0] = 0.0
            for i in range(cells):
                L.one[i, 0] = h * GAMMA * Q.age_factor[q] * stage[i, Q.age_of[q]]
            substitute(L.a, L.pivot, L.one)
            for i in range(n):
                stage[i, Q.age_column[q]] += L.one[i, 0]
        for i in range(held):
            for c in range(columns):
                L.slope[s, i, c] = (stage[i, c] - L.start[i, c]) / (h * GAMMA)
    for i in range(n):
        for c in range(columns):
            L.error[i, c] = 0.0
    for i in range(held):
        for c in range(columns):
            for s in range(5):
                L.error[i, c] += h * error_weights[s] * L.slope[s, i, c]
    substitute(L.a, L.pivot, L.error)
    return -1
