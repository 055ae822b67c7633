"""The matrix that steps from scan to scan keep: its factors, what held outputs do by it, and products with it.

With A the derivative of the rates with the auxiliaries eliminated, and h the period of the scans, the factors are those
of 1 - gamma h A. A held output that jumps by du changes the rates by A e du, e being its place: h A e is kept for each,
and how much of it is left when fast states have followed.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.lu import factorise, solve_thin, thin
from twin.integrate.stepping import move_ramps
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates

#: That of the second-order backward difference formula.
GAMMA = 2.0 / 3.0
#: Rows of Memory.kept: point of the matrix; and of the last step its beginning, change, rates at its beginning, h A
#: times the change, and second-order part. Quadratures stand behind the states.
POINT, BEFORE, CHANGE, RATE, BENT, SECOND = 0, 1, 2, 3, 4, 5


@kernel
def refresh(P, J, F, M, W, C, S, h):
    """Jacobian, factors and columns of held outputs at the point in Memory; gives whether they can be had.

    W.w is to hold the streams and integrals of that point.
    """
    jacobian(P, J, M.resume[at.KEPT_T], M.kept[POINT], M.p, W.w, W.buffers, W.values, W.q_values)
    C.status[at.JACOBIANS] += 1
    C.status[at.LU] += 1
    scale = 1.0 / (GAMMA * h)
    if factorise(F, W.values, scale, W.lower, W.upper, W.pivot, W.row) >= 0:
        return False
    thin(F, W.lower, W.upper, W.pivot, S.thin)
    place = 0
    for j in range(S.acting.shape[0]):
        place = _column(J, F, M, W, C, S, h, scale, place, j)
    return True


@kernel
def rates_at_point(P, M, W, C):
    """Streams and integrals of the matrix's point into W.w, where the step itself is another one's."""
    n = int(M.resume[at.N_RAMPS])
    move_ramps(M.p, M.ramp, n, M.resume[at.KEPT_T])
    rates(P, M.resume[at.KEPT_T], M.kept[POINT], M.p, W.w, W.dy)
    C.status[at.RHS] += 1


@kernel
def _auxiliaries(J, W, S, z):
    """Complete z, which holds changes of states, with those of the auxiliaries."""
    first = z.shape[0] - S.order.shape[0]
    for k in range(S.order.shape[0]):
        a = first + S.order[k]
        total = 0.0
        for e in range(J.pattern[a], J.pattern[a + 1]):
            total += W.values[e] * z[J.column[e]]
        z[a] = total


@kernel
def bend(J, M, W, S, h, change, out):
    """h A times a change of the states, rows of the quadratures behind those of the states."""
    z = W.rhs
    n_y = M.y.shape[0]
    for i in range(n_y):
        z[i] = change[i]
    _auxiliaries(J, W, S, z)
    for i in range(n_y):
        total = 0.0
        for e in range(J.pattern[i], J.pattern[i + 1]):
            total += W.values[e] * z[J.column[e]]
        out[i] = h * total
    for i in range(M.q.shape[0]):
        total = 0.0
        for e in range(J.q_pattern[i], J.q_pattern[i + 1]):
            total += W.q_values[e] * z[J.q_column[e]]
        out[n_y + i] = h * total


@kernel
def _column(J, F, M, W, C, S, h, scale, place, j):
    """h A e of held output j into S.jump from `place` on, gives its end; and S.share.

    How fast what it moves directly gives way is told by |(1 - gamma h A)^-1 h A e| / |h A e| in units of the tolerance.
    """
    n_y = M.y.shape[0]
    last = W.u[W.u.shape[0] - 1]
    for i in range(n_y):
        W.y_stage[i] = 0.0
    W.y_stage[S.acting[j, 0]] = 1.0
    bend(J, M, W, S, h, W.y_stage, S.bent)
    S.jump_start[j] = place
    whole = 0.0
    for i in range(S.bent.shape[0]):
        if S.bent[i] != 0.0:
            S.jump_row[place] = i
            S.jump[place] = S.bent[i]
            place += 1
            if i < n_y:
                whole += (S.bent[i] / W.atol[i]) ** 2
    S.jump_start[j + 1] = place
    for i in range(W.rhs.shape[0]):
        W.rhs[i] = 0.0
    W.rhs[S.acting[j, 0]] = scale
    solve_thin(F, S.thin, W.pivot, W.rhs, last)
    C.status[at.SOLVES] += 1
    left = 0.0
    for k in range(S.jump_start[j], place):
        i = S.jump_row[k]
        if i < n_y:
            left += (last[i] / (GAMMA * W.atol[i])) ** 2
    S.share[j] = _share(1.0 if left >= whole else (left / whole) ** 0.5)
    return place


@kernel
def _share(left):
    """Part of a jump's effect that the change of the step before is to be given, so that a single mode follows exactly.

    With z = h times its rate, `left` is 1/(1 - gamma z), and its exact answer to a jump of 1 is 1 - exp(z).
    """
    z = (1.0 - 1.0 / left) / GAMMA if left > 0.0 else -math.inf
    if z > -1e-6:
        return 1.0
    if z < -1e6:
        return 0.0
    return ((GAMMA * z - 1.0) * math.expm1(z) + GAMMA * z) / ((GAMMA - 1.0) * z)
