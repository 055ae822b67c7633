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
from twin.integrate.kept_matrix import BEFORE, BENT, CHANGE, POINT, RATE, SECOND, bend, rates_at_point, refresh
from twin.integrate.kept_step import attempt_kept, good
from twin.integrate.scans import shortest_period
from twin.integrate.stepping import COMES_ALIVE, move_ramps, note_rates, rates_here, revived
from twin.jit import kernel

#: Steps that one matrix serves at most.
MOST_STEPS = 400.0
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
    return note_rates(P, M, W, C)


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
        attempt_kept(J, F, M, W, C, S, M.resume[at.KEPT_H])
        if good(J, M, W, C):
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
