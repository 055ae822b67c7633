"""Steps from scan to scan whose matrix is kept over many of them (`solver: {scans: kept}`).

Where controllers are executed every second, nothing else in the plant may need steps that short. Each such step has two
stages of an L-stable method of order 2, which keeps its order with whatever matrix it is given (a W-method), so that
Jacobian and factors of one scan serve the next some hundreds. Its estimate is the change of the second-order part of
the solution from one step to the next. Where a step is no good with a matrix of its own either, a guard is crossed, or
scans do not follow each other at equal distances, `stepping` takes over for a while.

What is kept follows from `Memory`: the point of the matrix and the last second-order part.

References: Verwer, Spee, Blom & Hundsdorfer, SIAM J. Sci. Comput. 20 (1999) 1456 (ROS2); Steihaug & Wolfbrandt, Math.
Comput. 33 (1979) 521 (W-methods); Lang, arXiv:2002.12028 (both).
"""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.crossing import find_crossing
from twin.integrate.lu import factorise, solve
from twin.integrate.scans import LEAST_PATIENCE, MOST_PATIENCE, shortest_period
from twin.integrate.stepping import COMES_ALIVE, error_norm, move_ramps, rates_here, revived
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates

#: 1 - 1/sqrt(2): L-stable, and the smaller of the two such error constants.
GAMMA = 0.2928932188134524
#: Steps that one matrix serves at most.
MOST_STEPS = 400.0
#: The error is less than this part of the change of the second-order part, h^3 y'''/2: 0.08 of it with an exact matrix.
ESTIMATE = 0.25
#: Periods so little apart (relative) are equal.
EQUAL = 1e-9
#: What `try_kept` returns, beside 0 for a step that is pending and COMES_ALIVE.
NOT_TAKEN = 1


@kernel
def _matrix(P, J, F, M, W, C):
    """Jacobian and factors at the point that Memory holds; gives whether they can be had."""
    t = M.resume[at.KEPT_T]
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    rates(P, t, M.kept[0], M.p, W.w, W.dy)
    jacobian(P, J, t, M.kept[0], M.p, W.w, W.buffers, W.values, W.q_values)
    C.status[at.RHS] += 1
    C.status[at.JACOBIANS] += 1
    C.status[at.LU] += 1
    scale = 1.0 / (GAMMA * M.resume[at.KEPT_H])
    return factorise(F, W.values, scale, W.lower, W.upper, W.pivot, W.row) < 0


@kernel
def _stage(J, F, M, W, C, dy, f_q, k, h, before):
    """k = (I - gamma h A)^-1 (h f - 2 k_before), with the rows of the quadratures; `before` is 0 for the first."""
    stage = int(k)
    for i in range(M.y.shape[0]):
        W.rhs[i] = (dy[i] - before / h * W.u[0, i]) / GAMMA
    for i in range(M.y.shape[0], W.rhs.shape[0]):
        W.rhs[i] = 0.0
    solve(F, W.lower, W.upper, W.pivot, W.rhs, W.u[stage], W.row)
    C.status[at.SOLVES] += 1
    for i in range(M.q.shape[0]):
        total = 0.0
        for e in range(J.q_pattern[i], J.q_pattern[i + 1]):
            total += W.q_values[e] * W.u[stage, J.q_column[e]]
        W.u_q[stage, i] = h * f_q[i] - before * W.u_q[0, i] + GAMMA * h * total


@kernel
def _attempt(P, J, F, M, W, C, t, h):
    """Both stages into W.y_new and W.q_new, and the dense output; gives 0, COMES_ALIVE, or NOT_TAKEN."""
    n_y, n_q, first_q = M.y.shape[0], M.q.shape[0], P.places[0]
    _stage(J, F, M, W, C, W.f, W.f_q, 0.0, h, 0.0)
    for i in range(n_y):
        W.y_stage[i] = M.y[i] + W.u[0, i]
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t + h)
    rates(P, t + h, W.y_stage, M.p, W.w, W.dy)
    C.status[at.RHS] += 1
    if revived(J, M, W.y_stage, W.dy):
        return COMES_ALIVE
    for i in range(n_q):
        W.q_dense[i] = W.w[first_q + i]
    _stage(J, F, M, W, C, W.dy, W.q_dense, 1.0, h, 2.0)
    # what is of second order: half the sum of the stages, (1/2 - gamma) h^2 y''
    bend = 1.0 / (1.0 - 2.0 * GAMMA)
    for i in range(n_y):
        second = 0.5 * (W.u[0, i] + W.u[1, i])
        W.y_new[i] = M.y[i] + W.u[0, i] + second
        W.u[1, i] = second
        W.dense[0, i] = -bend * second
        W.dense[1, i] = 0.0
    for i in range(n_q):
        second = 0.5 * (W.u_q[0, i] + W.u_q[1, i])
        W.q_new[i] = M.q[i] + W.u_q[0, i] + second
        W.dense_q[0, i] = -bend * second
        W.dense_q[1, i] = 0.0
    return 0


@kernel
def _error(J, M, W, C):
    """Error of the step in units of the tolerance."""
    last = W.u[W.u.shape[0] - 1]
    for i in range(M.y.shape[0]):
        last[i] = W.u[1, i]
        if M.resume[at.KEPT_SECOND] != 0.0:
            last[i] = ESTIMATE * (W.u[1, i] - M.kept[1, i])
    return error_norm(J, W, C, M.y)


@kernel
def forget(M):
    """The matrix and the second-order part are of another plant, or of other steps."""
    M.resume[at.KEPT_H] = 0.0
    M.resume[at.KEPT_SECOND] = 0.0


@kernel
def give_up_kept(M):
    """Other steps have to do for a while, the longer the oftener this happens."""
    forget(M)
    M.resume[at.PATIENCE] = min(max(LEAST_PATIENCE, 2.0 * M.resume[at.LAST_PATIENCE]), MOST_PATIENCE)
    M.resume[at.LAST_PATIENCE] = M.resume[at.PATIENCE]


@kernel
def try_kept(P, J, F, G, D, M, W, C, S, stop):
    """A step to the next scan with the matrix that is kept.

    Returns 0 with the step pending, COMES_ALIVE, or NOT_TAKEN.
    """
    t = M.resume[at.T]
    h = stop - t
    period = shortest_period(D, M)
    if M.resume[at.JUST_FIRED] == 1.0 or M.resume[at.N_RAMPS] != M.resume[at.KEPT_RAMPS]:
        forget(M)
    if M.resume[at.PATIENCE] > 0.0 or not abs(h - period) <= EQUAL * period or M.resume[at.H] < h:
        M.resume[at.KEPT_SECOND] = 0.0
        return NOT_TAKEN
    if not rates_here(P, M, W, C, S, t):
        return NOT_TAKEN
    if revived(J, M, M.y, W.f):
        return COMES_ALIVE
    while True:
        fresh = M.resume[at.KEPT_H] == 0.0 or M.resume[at.KEPT_AGE] >= MOST_STEPS
        if fresh:
            for i in range(M.y.shape[0]):
                M.kept[0, i] = M.y[i]
            M.resume[at.KEPT_T] = t
            M.resume[at.KEPT_H] = h
            M.resume[at.KEPT_AGE] = 0.0
            M.resume[at.KEPT_RAMPS] = M.resume[at.N_RAMPS]
        if fresh or S.matrix[0] == 0.0:
            if not _matrix(P, J, F, M, W, C):
                break
            S.matrix[0] = 1.0
        failure = _attempt(P, J, F, M, W, C, t, h)
        if failure == COMES_ALIVE:
            return COMES_ALIVE
        error = _error(J, M, W, C)
        if error <= 1.0:
            theta, crossing = 1.0, -1
            if G.guard.shape[0] > 0:
                theta, crossing = find_crossing(P, G, M, W, t, h)
            if crossing >= 0:
                break
            for i in range(M.y.shape[0]):
                M.kept[1, i] = W.u[1, i]
            M.resume[at.KEPT_SECOND] = 1.0
            M.resume[at.KEPT_STEP] = 1.0
            M.resume[at.KEPT_AGE] += 1.0
            M.resume[at.LAST_PATIENCE] *= 0.9
            M.resume[at.CUT_GUARD] = -1.0
            M.resume[at.H_PENDING] = h
            M.resume[at.T_PENDING] = stop
            C.status[at.STEPS] += 1
            C.status[at.KEPT] += 1
            return 0
        C.status[at.REJECTED] += 1
        if fresh:
            break
        M.resume[at.KEPT_H] = 0.0
    give_up_kept(M)
    return NOT_TAKEN
