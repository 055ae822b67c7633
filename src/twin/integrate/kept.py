"""Steps from scan to scan whose matrix is kept over many of them (`solver: {scans: kept}`).

Where controllers are executed every second, nothing else in the plant may need steps that short. Each such step costs
one evaluation of the rates and one solution with a matrix that serves some hundreds of them: the second-order backward
difference formula, with the rates of its end by a Newton step from those of its beginning f,

    (1 - gamma h A) d = gamma (h f + r) + (1 - gamma) d',    y_new = y + d,    gamma = 2/3,

d' being the change of y in the step before, and r = h (f - f') - h A d' what A tells wrongly of it, so that the order
stays with whatever A. That is a formula for smooth solutions, and held outputs jump at every scan. What a jump does to
the rates is known, h A e du: it is no part of r, and d' is what it would have been with the outputs of now. A mode that
is fast against the period follows a jump within the step: to it, that part of d' is not added (`share` of
`kept_matrix`). So a step over a jump is of second order, too, and one to a new steady state ends there.

The first step, one after events, and one that is no good with a matrix of its own either are those of `stepping`; so
are those of which the end is no whole period away. What is kept follows from `Memory`.

References: Hairer & Wanner, Solving Ordinary Differential Equations II, V.1 and IV.7 (the formula; matrices that are
not exact); Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797 (order with an explicit rest); Steihaug &
Wolfbrandt, Math. Comput. 33 (1979) 521.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.crossing import find_crossing
from twin.integrate.jumps import evaluate
from twin.integrate.kept_matrix import (
    BEFORE,
    BENT,
    CHANGE,
    GAMMA,
    POINT,
    RATE,
    SECOND,
    bend,
    rates_at_point,
    refresh,
)
from twin.integrate.lu import solve_thin
from twin.integrate.scans import shortest_period
from twin.integrate.stepping import COMES_ALIVE, LARGEST_SHARE, move_ramps, rates_here, revived
from twin.jit import kernel

#: Steps that one matrix serves at most.
MOST_STEPS = 400.0
#: The error is less than this part of the change of the second-order part, h^3 y''': 2/9 of it where all is smooth.
ESTIMATE = 0.25
#: Other steps before the next try: at first, and at most; a try in vain costs as much as one or two of them.
LEAST_PATIENCE, MOST_PATIENCE = 4.0, 16.0
#: Periods so little apart (relative) are equal.
EQUAL = 1e-9
#: What `try_kept` returns, beside 0 for a step that is pending and COMES_ALIVE.
NOT_TAKEN = 1


@kernel
def _rates(P, M, W, C, S, t):
    """Rates at the accepted point, where what scans have just read of it is not evaluated again."""
    if S.valid[1] == 0.0:
        return rates_here(P, M, W, C, S, t)
    evaluate(P, S.rest, 0, S.rest.shape[0], t, M.y, M.p, W.w, W.dy)
    C.status[at.RHS] += 1
    first_q = P.places[0]
    finite = True
    for i in range(M.y.shape[0]):
        W.f[i] = W.dy[i]
        if not math.isfinite(W.dy[i]):
            C.status[at.WORST] = i
            finite = False
    for i in range(M.q.shape[0]):
        W.f_q[i] = W.w[first_q + i]
        if not math.isfinite(W.f_q[i]):
            C.status[at.WORST] = -1
            finite = False
    return finite


@kernel
def _note_start(M, t):
    """This point begins a step of some method: the change that it makes may be the first one known."""
    n_y = M.y.shape[0]
    for i in range(n_y):
        M.kept[BEFORE, i] = M.y[i]
    for i in range(M.q.shape[0]):
        M.kept[BEFORE, n_y + i] = M.q[i]
    M.resume[at.KEPT_FROM] = t


@kernel
def forget(M):
    """The matrix is of another plant, and the step before of another solution."""
    M.resume[at.KEPT_H] = 0.0
    M.resume[at.KEPT_FROM] = -math.inf
    M.resume[at.KEPT_SECOND] = 0.0


@kernel
def give_up_kept(M):
    """Other steps have to do for a while, the longer the oftener this happens."""
    M.resume[at.PATIENCE] = min(max(LEAST_PATIENCE, 2.0 * M.resume[at.LAST_PATIENCE]), MOST_PATIENCE)
    M.resume[at.LAST_PATIENCE] = M.resume[at.PATIENCE]


@kernel
def _other_step(D, M, t):
    """The step from here is one of `stepping`, whose factors take the place of those that were kept."""
    forget(M)
    _note_start(M, t)
    return NOT_TAKEN


@kernel
def _first_change(D, M):
    """The change of the step before, which was one of `stepping`; what scans have set since is none."""
    n_y = M.y.shape[0]
    for i in range(n_y):
        M.kept[CHANGE, i] = M.y[i] - M.kept[BEFORE, i]
    for i in range(M.q.shape[0]):
        M.kept[CHANGE, n_y + i] = M.q[i] - M.kept[BEFORE, n_y + i]
    for k in range(D.own.shape[0]):
        for i in range(D.own[k, 0], D.own[k, 1]):
            M.kept[CHANGE, i] = 0.0


@kernel
def _rest(h, rates, before, bent, out):
    """What the matrix tells wrongly of the change of the rates."""
    for i in range(out.shape[0]):
        out[i] = h * (rates[i] - before[i]) - bent[i]


@kernel
def _held(M, S, rest, first, known):
    """Jumps of held outputs belong to S.full, the change as it would have been with those of now, and not to `rest`."""
    n = rest.shape[0]
    for j in range(S.acting.shape[0]):
        jump = M.y[S.acting[j, 0]] - M.kept[BEFORE, S.acting[j, 0]]
        if jump == 0.0:
            continue
        for k in range(S.jump_start[j], S.jump_start[j + 1]):
            i = S.jump_row[k]
            if i >= first and i < first + n:
                S.full[i] += S.share[j] * jump * S.jump[k]
                rest[i - first] -= known * jump * S.jump[k]


@kernel
def _right(h, rates, rest, full, out):
    """The right side: for 1 - gamma h A."""
    for i in range(rates.shape[0]):
        out[i] = GAMMA * (h * rates[i] + rest[i]) + (1.0 - GAMMA) * full[i]


@kernel
def _scaled(factor, vector, n):
    for i in range(n):
        vector[i] *= factor


@kernel
def _bent(z, right, scale, out):
    """h A times the change z, from the system of which it is the solution."""
    for i in range(right.shape[0]):
        out[i] = (z[i] - right[i] * scale) * (1.0 / GAMMA)


@kernel
def _second(y, z, full, y_new, second):
    """The end of the step, and what is of second order in it: h^2 y''."""
    for i in range(y.shape[0]):
        y_new[i] = y[i] + z[i]
        second[i] = z[i] - full[i]


@kernel
def _doubt(second, before, rest, known, out):
    """What the error of the step is less than."""
    for i in range(before.shape[0]):
        out[i] = ESTIMATE * (abs(second[i] - known * before[i]) + abs(rest[i]))


@kernel
def _bow(second, dense):
    """Dense output of a solution that bends by its second-order part."""
    for i in range(dense.shape[1]):
        dense[0, i] = -0.5 * second[i]
        dense[1, i] = 0.0


@kernel
def _attempt(J, F, M, W, C, S, h):
    """The step into W.y_new and W.q_new with W.f and the matrix; S.bent is h A times its change.

    Leaves the change in W.u[1], its second-order part in W.u[0], and what the error is taken of in the last row.
    """
    n_y, n_q = M.y.shape[0], M.q.shape[0]
    known = M.resume[at.KEPT_SECOND]
    scale = 1.0 / (GAMMA * h)
    rest, rest_q, z = W.y_stage, W.q_dense, W.u[1]
    for i in range(S.full.shape[0]):
        S.full[i] = M.kept[CHANGE, i]
    if known != 0.0:
        _rest(h, W.f, M.kept[RATE], M.kept[BENT], rest)
        _rest(h, W.f_q, M.kept[RATE, n_y:], M.kept[BENT, n_y:], rest_q)
    else:
        for i in range(n_y):
            rest[i] = 0.0
        for i in range(n_q):
            rest_q[i] = 0.0
    _held(M, S, rest, 0, known)
    _held(M, S, rest_q, n_y, known)
    _right(h, W.f, rest, S.full, W.rhs)
    _scaled(scale, W.rhs, n_y)
    for i in range(n_y, W.rhs.shape[0]):
        W.rhs[i] = 0.0
    solve_thin(F, S.thin, W.pivot, W.rhs, z)
    C.status[at.SOLVES] += 1
    _bent(z, W.rhs[:n_y], GAMMA * h, S.bent)
    _second(M.y, z, S.full, W.y_new, W.u[0])
    _doubt(W.u[0], M.kept[SECOND, :n_y], rest, known, W.u[W.u.shape[0] - 1])
    _bow(W.u[0], W.dense)
    change = W.u_q[0]
    _right(h, W.f_q, rest_q, S.full[n_y:], change)
    for i in range(n_q):
        total = 0.0
        for e in range(J.q_pattern[i], J.q_pattern[i + 1]):
            total += W.q_values[e] * z[J.q_column[e]]
        S.bent[n_y + i] = h * total
        change[i] += GAMMA * S.bent[n_y + i]
    _second(M.q, change, S.full[n_y:], W.q_new, W.u_q[1])
    _bow(W.u_q[1], W.dense_q)


@kernel
def _squares(last, y, y_new, atol, rtol, first, end):
    """Sum of the squares of the weighted errors, and the greatest of them; four sums beside one another."""
    total, other, third, fourth = 0.0, 0.0, 0.0, 0.0
    largest = 0.0
    i = first
    while i + 3 < end:
        a = last[i] / (rtol * max(abs(y[i]), abs(y_new[i])) + atol[i])
        b = last[i + 1] / (rtol * max(abs(y[i + 1]), abs(y_new[i + 1])) + atol[i + 1])
        c = last[i + 2] / (rtol * max(abs(y[i + 2]), abs(y_new[i + 2])) + atol[i + 2])
        d = last[i + 3] / (rtol * max(abs(y[i + 3]), abs(y_new[i + 3])) + atol[i + 3])
        total += a * a
        other += b * b
        third += c * c
        fourth += d * d
        largest = max(largest, max(max(a, b), max(c, d)))
        i += 4
    while i < end:
        a = last[i] / (rtol * max(abs(y[i]), abs(y_new[i])) + atol[i])
        total += a * a
        largest = max(largest, a)
        i += 1
    return (total + other) + (third + fourth), largest


@kernel
def _good(J, M, W, C):
    """Whether the error is within the tolerance, as `error_norm` has it; False for what is no number."""
    last = W.u[W.u.shape[0] - 1]
    largest = 0.0
    for k in range(J.gather_y_start.shape[0] - 1):
        n = J.gather_y_start[k + 1] - J.gather_y_start[k]
        if n > 0:
            first = int(J.gather_y[J.gather_y_start[k], 1])
            total, most = _squares(last, M.y, W.y_new, W.atol, C.settings[at.RTOL], first, first + int(n))
            if not total <= n:
                return False
            largest = max(largest, most)
    for i in range(W.q_new.shape[0]):
        if not math.isfinite(W.q_new[i]):
            return False
    return LARGEST_SHARE * largest <= 1.0


@kernel
def _accept(M, W, C, S, h, stop):
    """The step is pending; what the next one has to know of it."""
    n_y = M.y.shape[0]
    z = W.u[1]
    for i in range(n_y):
        M.kept[BEFORE, i] = M.y[i]
        M.kept[CHANGE, i] = z[i]
        M.kept[RATE, i] = W.f[i]
        M.kept[BENT, i] = S.bent[i]
        M.kept[SECOND, i] = W.u[0, i]
    for i in range(M.q.shape[0]):
        M.kept[CHANGE, n_y + i] = W.u_q[0, i]
        M.kept[RATE, n_y + i] = W.f_q[i]
        M.kept[BENT, n_y + i] = S.bent[n_y + i]
    M.resume[at.KEPT_FROM] = M.resume[at.T]
    M.resume[at.KEPT_SECOND] = 1.0
    M.resume[at.KEPT_STEP] = 1.0
    M.resume[at.KEPT_AGE] += 1.0
    M.resume[at.LAST_PATIENCE] *= 0.9
    M.resume[at.CUT_GUARD] = -1.0
    M.resume[at.H_PENDING] = h
    M.resume[at.T_PENDING] = stop
    C.status[at.STEPS] += 1
    C.status[at.KEPT] += 1


@kernel
def try_kept(P, J, F, G, D, M, W, C, S, stop):
    """A step to the next scan with the matrix that is kept.

    Returns 0 with the step pending, COMES_ALIVE, or NOT_TAKEN.
    """
    t = M.resume[at.T]
    h = stop - t
    period = shortest_period(D, M)
    # events, and scans of units that are not by the clock, change what is no held output
    if M.resume[at.JUST_FIRED] % 2.0 == 1.0 or M.resume[at.N_RAMPS] != M.resume[at.KEPT_RAMPS]:
        forget(M)
    M.resume[at.KEPT_RAMPS] = M.resume[at.N_RAMPS]
    whole = abs(h - period) <= EQUAL * period and abs(t - M.resume[at.KEPT_FROM] - period) <= EQUAL * period
    if M.resume[at.PATIENCE] > 0.0 or not whole or M.resume[at.H] < h:
        return _other_step(D, M, t)
    if not _rates(P, M, W, C, S, t):
        return _other_step(D, M, t)
    if revived(J, M, M.y, W.f):
        return COMES_ALIVE
    if M.resume[at.KEPT_SECOND] == 0.0:
        _first_change(D, M)
    while True:
        fresh = M.resume[at.KEPT_H] == 0.0 or M.resume[at.KEPT_AGE] >= MOST_STEPS
        if fresh:
            for i in range(M.y.shape[0]):
                M.kept[POINT, i] = M.y[i]
            M.resume[at.KEPT_T] = t
            M.resume[at.KEPT_H] = h
            M.resume[at.KEPT_AGE] = 0.0
        elif S.valid[0] == 0.0:
            rates_at_point(P, M, W, C)
        if fresh or S.valid[0] == 0.0:
            if not refresh(P, J, F, M, W, C, S, M.resume[at.KEPT_H]):
                break
            move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
            S.valid[0] = 1.0
        if fresh and M.resume[at.KEPT_SECOND] != 0.0:
            bend(J, M, W, S, M.resume[at.KEPT_H], M.kept[CHANGE], M.kept[BENT])
        _attempt(J, F, M, W, C, S, M.resume[at.KEPT_H])
        if _good(J, M, W, C):
            theta, crossing = 1.0, -1
            if G.guard.shape[0] > 0:
                theta, crossing = find_crossing(P, G, M, W, t, h)
            if crossing >= 0:
                break
            _accept(M, W, C, S, h, stop)
            return 0
        C.status[at.REJECTED] += 1
        if fresh:
            break
        M.resume[at.KEPT_H] = 0.0
    give_up_kept(M)
    return _other_step(D, M, t)
