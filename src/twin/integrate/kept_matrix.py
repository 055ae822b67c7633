"""The matrix that steps from scan to scan keep: its factors, what held outputs do by it, and products with it.

With A the derivative of the rates with the auxiliaries eliminated, and h the period of the scans, the factors are those
of 1 - gamma h A. A held output that jumps by du changes the rates by A e du, e being its place: h A e is kept for each,
and how fast the state follows that it moves the most.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.lu import factorise, thin
from twin.integrate.stepping import move_ramps
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates

#: That of the second-order backward difference formula.
GAMMA = 2.0 / 3.0
#: h times the rate of a state that is fast against the period.
FAST = -0.05
#: Rows of Memory.kept: point of the matrix; of the last step its beginning, change, rates at its beginning, h A times
#: the change, second-order and third-order part, and rest; of the step before that its beginning and the rates there;
#: and where the one before that began. Quadratures stand behind the states.
POINT, BEFORE, CHANGE, RATE, BENT, SECOND, THIRD, REST, OLDER, OLDER_RATE, OLDEST = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10


@kernel
def refresh(P, J, F, M, W, S, h):
    """Jacobian, factors and columns of held outputs at the point in Memory; gives whether they can be had.

    W.w is to hold the streams and integrals of that point.
    """
    jacobian(P, J, M.resume[at.KEPT_T], M.kept[POINT], M.p, W.w, W.buffers, W.values, W.q_values)
    scale = 1.0 / (GAMMA * h)
    if factorise(F, W.values, scale, W.lower, W.upper, W.pivot, W.row) >= 0:
        return False
    thin(F, W.lower, W.upper, W.pivot, S.thin)
    place, other = 0, 0
    for j in range(S.acting.shape[0]):
        place = _column(J, M, W, S, h, place, j)
        other = _ripple(J, M, W, S, h, other, j)
    return True


@kernel
def rates_at_point(P, M, W):
    """Streams and integrals of the matrix's point into W.w, to have it again (after a checkpoint); not counted."""
    n = int(M.resume[at.N_RAMPS])
    move_ramps(M.p, M.ramp, n, M.resume[at.KEPT_T])
    rates(P, M.resume[at.KEPT_T], M.kept[POINT], M.p, W.w, W.dy)


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
def _diagonal(J, W, i):
    """Entry of the matrix by which a state gives way to itself."""
    for e in range(J.pattern[i], J.pattern[i + 1]):
        if J.column[e] == i:
            return W.values[e]
    return 0.0


@kernel
def _column(J, M, W, S, h, place, j):
    """h A e of held output j into S.jump from `place` on, gives its end; and of the state that it moves the most, in
    units of the tolerance, h times its own rate into S.lag, where that is fast.
    """
    n_y = M.y.shape[0]
    for i in range(n_y):
        W.y_stage[i] = 0.0
    W.y_stage[S.acting[j, 0]] = 1.0
    bend(J, M, W, S, h, W.y_stage, S.bent)
    S.jump_start[j] = place
    most = 0.0
    S.lag[j] = 0.0
    for i in range(S.bent.shape[0]):
        if S.bent[i] != 0.0:
            S.jump_row[place] = i
            S.jump[place] = S.bent[i]
            if i < n_y:
                if abs(S.bent[i]) > most * W.atol[i]:
                    most = abs(S.bent[i]) / W.atol[i]
                    S.lead[j] = place
            place += 1
    S.jump_start[j + 1] = place
    if most > 0.0:
        z = h * _diagonal(J, W, S.jump_row[S.lead[j]])
        if z < FAST:
            S.lag[j] = z
    return place


@kernel
def _ripple(J, M, W, S, h, place, j):
    """What the jumps of held output j do by the way in which the state that it moves the most goes from scan to scan.

    Its slope jumps with the output; from z it follows how much its mean differs from the mean of both ends: 1/12 of its
    change by the jump where it is slow. By that much h A e, e now being the place of this state.
    """
    S.ripple_start[j] = place
    z = S.lag[j]
    if z != 0.0:
        gone = -math.expm1(z)
        for i in range(M.y.shape[0]):
            W.y_stage[i] = 0.0
        W.y_stage[S.jump_row[S.lead[j]]] = S.jump[S.lead[j]] * (1.0 - 0.5 * gone + gone / z) / (-z * gone)
        bend(J, M, W, S, h, W.y_stage, S.bent)
        for i in range(S.bent.shape[0]):
            if S.bent[i] != 0.0:
                S.ripple_row[place] = i
                S.ripple[place] = S.bent[i]
                place += 1
    S.ripple_start[j + 1] = place
    return place
