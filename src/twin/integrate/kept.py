"""Steps from scan to scan whose matrix is kept over many of them, where the plant is slow against the scans.

Where controllers are executed every second, nothing else in the plant may need steps that short. Each such step costs
one evaluation of the rates and one solution with a matrix that serves some hundreds of them: a backward difference
formula, of second order in what is implicit and of third by what the step before tells,

    (1 - gamma h A) d = gamma (h f + r - t/3) + (1 - gamma) d',    y_new = y + d,    gamma = 2/3,

d' and t being the change of y in the step before and the third difference there, and r what the matrix tells wrongly of
the change of the rates: h (f - f') - h A d' of the step before, and as much more as it grew by. So the order stays with
whatever A. That is a formula for smooth solutions, and held outputs jump at every scan:

- what a jump does to the rates is known, h A e du: it is no part of r, and d' is what it would have been with it;
- a state that is fast against the period and that an output moves directly (a drive, a valve) is in the mean between
  two scans more than in the mean of both: that much is given to what it moves in its turn (`kept_matrix._ripple`).

Such a step is taken from one scan of the shortest period to the next, where its error is a small part of the tolerance
(`kept_step.good`, `Integrator.keeps`). The others are those of `stepping`, with a matrix and an order of their own: the
first three over whole periods, also after events; those of which the end is no whole period away; and those for a while
after one that was no good with a fresh matrix either. What is kept follows from `Memory`.

References: Hairer & Wanner, Solving Ordinary Differential Equations II, V.1 and IV.7 (the formula; matrices that are
not exact); Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32 (1995) 797 (order with an explicit rest); Steihaug &
Wolfbrandt, Math. Comput. 33 (1979) 521.
"""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.crossing import find_crossing
from twin.integrate.jumps import evaluate
from twin.integrate.kept_before import begin_kept, forget, look_back, note_start
from twin.integrate.kept_matrix import BEFORE, BENT, CHANGE, POINT, REST, SECOND, THIRD, rates_at_point, refresh
from twin.integrate.kept_step import attempt_kept, good
from twin.integrate.scans import shortest_period
from twin.integrate.stepping import COMES_ALIVE, move_ramps, note_rates, rates_here, revived
from twin.jit import kernel

#: Steps that one matrix serves at most.
MOST_STEPS = 400.0
#: And at least, before another one is asked what an output does.
LEAST_STEPS = 8.0
#: Other steps before the next try: at first, and at most; a try in vain costs as much as one of them.
LEAST_PATIENCE, MOST_PATIENCE = 4.0, 32.0
#: Periods so little apart (relative) are equal.
EQUAL = 1e-9
#: What `try_kept` returns, beside 0 for a step that is pending and COMES_ALIVE.
NOT_TAKEN = 1


@kernel
def _rates(P, M, W, C, S, t):
    """Rates at the accepted point, where what scans have just read of it is not evaluated again.

    Such a step begins a period after the one before, hence at a scan; only one that was restored has not read there.
    """
    if S.valid[1] == 0.0:
        return rates_here(P, M, W, C, S, t)
    evaluate(P, S.rest, 0, S.rest.shape[0], t, M.y, M.p, W.w, W.dy)
    return note_rates(P, M, W, C)


@kernel
def _moves_unknown(M, S):
    """Whether a held output has jumped of which the matrix knows no effect: one that was at a limit of the plant.

    What it does may be far below the tolerance, and yet all that there is.
    """
    if M.resume[at.KEPT_AGE] < LEAST_STEPS:
        return False
    for j in range(S.acting.shape[0]):
        if S.jump_start[j + 1] == S.jump_start[j] and M.y[S.acting[j, 0]] != M.kept[BEFORE, S.acting[j, 0]]:
            return True
    return False


@kernel
def give_up_kept(M):
    """Other steps have to do for a while, the longer the oftener this happens."""
    M.resume[at.PATIENCE] = min(max(LEAST_PATIENCE, 2.0 * M.resume[at.LAST_PATIENCE]), MOST_PATIENCE)
    M.resume[at.LAST_PATIENCE] = M.resume[at.PATIENCE]


@kernel
def _accept(M, W, C, S, h, stop):
    """The step is pending; what the next one has to know of it."""
    note_start(M, W)
    n_y = M.y.shape[0]
    for i in range(n_y):
        M.kept[CHANGE, i] = W.u[1, i]
        M.kept[BENT, i] = S.bent[i]
        M.kept[THIRD, i] = W.u[0, i] - M.kept[SECOND, i]
        M.kept[SECOND, i] = W.u[0, i]
        M.kept[REST, i] = W.y_stage[i]
    for i in range(M.q.shape[0]):
        k = n_y + i
        M.kept[CHANGE, k] = W.u_q[0, i]
        M.kept[BENT, k] = S.bent[k]
        M.kept[THIRD, k] = W.u_q[1, i] - M.kept[SECOND, k]
        M.kept[SECOND, k] = W.u_q[1, i]
        M.kept[REST, k] = W.q_dense[i]
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
    if M.resume[at.KEPT_SECOND] == 0.0:
        # the first one: the change, and how it changes, are those of three others
        older = M.resume[at.OLDER_FROM]
        whole = whole and abs(M.resume[at.KEPT_FROM] - older - period) <= EQUAL * period
        whole = whole and abs(older - M.resume[at.OLDEST_FROM] - period) <= EQUAL * period
    if M.resume[at.PATIENCE] > 0.0 or not whole:
        return NOT_TAKEN
    if not _rates(P, M, W, C, S, t):
        return NOT_TAKEN
    if revived(J, M, M.y, W.f):
        return COMES_ALIVE
    if M.resume[at.KEPT_SECOND] == 0.0:
        begin_kept(D, M)
    while True:
        fresh = M.resume[at.KEPT_H] == 0.0 or M.resume[at.KEPT_AGE] >= MOST_STEPS
        if fresh:
            for i in range(M.y.shape[0]):
                M.kept[POINT, i] = M.y[i]
            M.resume[at.KEPT_T] = t
            M.resume[at.KEPT_H] = h
            M.resume[at.KEPT_AGE] = 0.0
            C.status[at.JACOBIANS] += 1
            C.status[at.LU] += 1
        elif S.valid[0] == 0.0:
            rates_at_point(P, M, W)
        if fresh or S.valid[0] == 0.0:
            if not refresh(P, J, F, M, W, S, M.resume[at.KEPT_H]):
                break
            move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
            S.valid[0] = 1.0
        if fresh:
            look_back(J, D, M, W, S, h)
        attempt_kept(J, F, M, W, C, S, M.resume[at.KEPT_H])
        if not _moves_unknown(M, S) and good(J, M, W, C):
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
    return NOT_TAKEN
