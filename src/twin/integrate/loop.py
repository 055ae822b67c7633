"""The integration loop, compiled once for all plants: steps, events, latches, samples.

`run` may return at any accepted point, for Python to empty a buffer or to decide, and continues
from `Memory` with the same bits as if it had not returned.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.crossing import find_crossing, foresee
from twin.integrate.firing import (
    evaluate_guards,
    finish_ramps,
    fire_event,
    fire_latches,
    guards_known,
    learn_sides,
    sign,
)
from twin.integrate.follow import look_ahead
from twin.integrate.jumps import DUE, FIRST, fire_scans, scan_due
from twin.integrate.kept import NOT_TAKEN, try_kept
from twin.integrate.kept_before import note_other
from twin.integrate.sampling import keep_step, record, record_step, sample_due
from twin.integrate.scans import (
    abandon,
    accept,
    begin,
    commit_scans,
    give_up,
    shorten,
    stop_over_scans,
    to_a_scan,
)
from twin.integrate.stepping import COMES_ALIVE, linearise, prepare_dense, shorten_dense, step
from twin.integrate.sweeps import sweep_step
from twin.jit import kernel

EPSILON = 2.0**-52
SAFETY = 0.9
#: A step changes at most so much from one to the next.
LEAST_CHANGE, MOST_CHANGE = 0.1, 6.0
#: A step that is refused until it is this part of the one before tells that something has happened in between.
BROKEN = 0.5
#: A rest so little longer than the step is taken with it.
STRETCH = 1.01
#: A step over scans that was cut by no more than this to end at a scan tells as much as one that was not.
SAME = 0.8
#: A crossing this near to the end of a step (relative to the step) is at its end.
CUT_WIDTH = 1e-10
#: What comes after a crossing this near is left out of the step; else a step is made that ends there.
SHORTEN = 1e-3
MOST_CUTS = 20
#: By how much a step that is to meet a foreseen crossing goes beyond it, as a part of its length.
BEYOND = 1e-4
#: Where such a step was refused in its turn, others go this part of the way at most,
PART = 0.8
#: until what is left of it is less than this part: the next one is to meet the crossing again.
NEARER = 0.01
#: Crossings that are nearer (relative to the clock) are left to shorter and shorter steps.
NEAREST = 1e-9


@kernel
def _first_step(M, W, C):
    """First step from the largest relative rate; one second when nothing moves."""
    rtol = C.settings[at.RTOL]
    fastest = 0.0
    for i in range(M.y.shape[0]):
        fastest = max(fastest, abs(W.f[i]) / (abs(M.y[i]) + W.atol[i] / rtol))
    if not fastest > 0.0:
        return 1.0
    return 0.5 * rtol**0.25 / fastest


@kernel
def foresee_nothing(M):
    """An event changes what was foreseen."""
    M.resume[at.FORESEEN] = 0.0
    M.resume[at.MISSED] = math.inf


@kernel
def next_jump(inlets, t, stop):
    """Where what other blocks feed jumps next, if that is before `stop`."""
    if inlets is None:
        return stop
    last = inlets.cursor.shape[0] - 1
    while inlets.jump[inlets.cursor[last]] <= t + at.SLACK * abs(t):
        inlets.cursor[last] += 1
    return min(stop, inlets.jump[inlets.cursor[last]])


@kernel
def next_stop(E, M, W, C):
    """Where the step must end: the next event, scan or jump at an inlet, the end of a ramp, or of the run."""
    stop = C.settings[at.T_END]
    row = int(M.resume[at.NEXT_ROW])
    if row < E.time.shape[0]:
        stop = min(stop, E.time[row])
    for i in range(int(M.resume[at.N_RAMPS])):
        stop = min(stop, M.ramp[i, at.RAMP_T1])
    for i in range(M.scan.shape[0]):
        stop = min(stop, M.scan[i, at.SCAN_NEXT])
    return next_jump(W.inlets, M.resume[at.T], stop)


@kernel
def _growth(M, R, h, error):
    """Gustafsson's predictive control of the step size, with what it remembers."""
    exponent = 1.0 / R.order[0]
    error = max(error, 1e-10)
    growth = SAFETY * error**-exponent
    if M.resume[at.H_LAST] > 0.0:
        trend = M.resume[at.ERROR_LAST] / (error * error)
        growth = min(growth, SAFETY * h / M.resume[at.H_LAST] * trend**exponent)
    return min(max(growth, LEAST_CHANGE), MOST_CHANGE)


@kernel
def _advance(P, J, F, R, E, G, D, M, W, C, S):
    """One accepted step from (T, M.y) to W.y_new, left pending; or a crossing at T itself.

    Returns 0, REVIVED, or the code of a failure.
    """
    over = False
    least = math.inf
    stop = next_stop(E, M, W, C)
    if S is not None:
        if C.settings[at.KEEP] != 0.0:
            kept = try_kept(P, J, F, G, D, M, W, C, S, stop)
            if kept != NOT_TAKEN:
                return at.REVIVED if kept == COMES_ALIVE else 0
        whole = next_jump(W.inlets, M.resume[at.T], stop_over_scans(E, D, M, C))
        least = begin(D, M, C, S, whole - M.resume[at.T])
        over = math.isfinite(least)
        if over:
            stop = whole
            look_ahead(P, D, M, W, S, M.resume[at.T])
    t = M.resume[at.T]
    not_finite = at.NOT_FINITE
    if M.resume[at.JUST_FIRED] == 1.0:
        not_finite = at.EVENT_BROKE
    remaining = stop - t
    fresh = False
    rejected = False
    cut = 0.0
    cuts = 0
    reason = at.TOO_SMALL
    lost = False
    foreseen = False
    while True:
        proposal = min(M.resume[at.H], C.settings[at.H_MAX])
        if proposal == 0.0:
            code = linearise(P, J, M, W, C, S, t, min(1.0, remaining))
            if code != at.DONE:
                return not_finite if code == at.NOT_FINITE else code
            fresh = True
            M.resume[at.H] = _first_step(M, W, C)
            continue
        h = proposal
        end = t + h
        if S is not None:
            if over:
                end = to_a_scan(D, M, t, min(h, M.resume[at.WINDOW]))
                h = end - t
        if cut > 0.0:
            h = cut
            end = t + h
        else:
            foreseen = False
            left = M.resume[at.FORESEEN] - t
            if NEAREST * abs(t) < left < h and not over:
                foreseen = left < NEARER * M.resume[at.MISSED]
                h = left * (1.0 + BEYOND) if foreseen else left * PART
                end = t + h
            if h * STRETCH >= remaining:
                h = remaining
                end = stop
        if S is not None:
            if over and (lost or h < least):
                # no step over scans is to be had: this one ends at the next
                give_up(M, S)
                lost = False
                over = False
                fresh = False
                cut = 0.0
                stop = next_stop(E, M, W, C)
                remaining = stop - t
                continue
        if not fresh:
            code = linearise(P, J, M, W, C, S, t, h)
            if code != at.DONE:
                return not_finite if code == at.NOT_FINITE else code
            fresh = True
        if h < 16.0 * EPSILON * abs(t) and end != stop and cut == 0.0:
            return reason
        hold = 0.0
        sweeps = 0
        if S is not None:
            if over:
                failure, error, hold, sweeps = sweep_step(P, J, F, R, D, M, W, C, S, t, h)
        if sweeps == 0:
            failure, error = step(P, J, F, R, M, W, C, S, t, h)
        if failure == COMES_ALIVE:
            return at.REVIVED
        if failure >= 0:
            reason = at.SINGULAR
            error = math.nan
        elif not math.isfinite(error):
            reason = at.NOT_FINITE
        if S is not None:
            if over and not math.isfinite(error):
                lost = True
                continue
        if not error <= 1.0:
            C.status[at.REJECTED] += 1
            rejected = True
            cut = 0.0
            shorter = h * 0.25
            if math.isfinite(error):
                reason = at.TOO_SMALL
                shorter = h * max(LEAST_CHANGE, SAFETY * error ** (-1.0 / R.order[0]))
            if foreseen:
                M.resume[at.MISSED] = h
                shorter = h
            elif G.guard.shape[0] > 0 and not over:
                met = h * foresee(P, G, M, W, C, t, h)
                if NEAREST * abs(t) < met and met * (1.0 + BEYOND) < h:
                    M.resume[at.FORESEEN] = t + met
                    shorter = h
            M.resume[at.H] = shorter
            if M.resume[at.H] < 16.0 * EPSILON * abs(t) or M.resume[at.H] < 1e-300:
                return reason
            continue
        if S is not None:
            if over and not hold <= 1.0:
                C.status[at.REJECTED] += 1
                cut = 0.0
                shorten(M, h, hold)
                continue
        crossing = -1
        if not over:
            prepare_dense(R, W)
        if G.guard.shape[0] > 0:
            theta, crossing = find_crossing(P, G, M, W, t, h)
            if crossing >= 0:
                if theta * h <= 8.0 * EPSILON * abs(t):
                    # already there: fire at this point, without a step
                    M.resume[at.CUT_GUARD] = crossing
                    return 0
                if (1.0 - theta) * h > CUT_WIDTH * h + 8.0 * EPSILON * (abs(t) + h):
                    if 1.0 - theta <= SHORTEN and not over:
                        shorten_dense(theta, M.y, W.y_new, W.dense)
                        shorten_dense(theta, M.q, W.q_new, W.dense_q)
                        h *= theta
                        end = t + h
                    elif cuts < MOST_CUTS:
                        cut = theta * h
                        cuts += 1
                        continue
        if h < (SAME * proposal if over else proposal):
            # cut short by an event: what the control knows of the undisturbed run stays
            growth = SAFETY * max(error, 1e-10) ** (-1.0 / R.order[0])
            M.resume[at.H] = max(proposal, h * min(growth, MOST_CHANGE))
            if cut > 0.0 and crossing < 0:
                # the shorter step has not the crossing that the longer one had: a guard hovers at zero, within the
                # tolerance, and would cut every such step
                M.resume[at.H] = max(h * MOST_CHANGE, proposal * LEAST_CHANGE)
        else:
            if rejected and h < BROKEN * M.resume[at.H_LAST]:
                # something has happened, of which the trend from the longer step before knows nothing: it would say to
                # go on shrinking
                M.resume[at.H_LAST] = 0.0
            growth = _growth(M, R, h, error)
            if rejected:
                growth = min(growth, 1.0)
            M.resume[at.H_LAST] = h
            M.resume[at.ERROR_LAST] = max(error, 1e-2)
            M.resume[at.H] = h * growth
        if S is not None:
            if over:
                accept(D, M, C, S, h, hold, sweeps)
            if C.settings[at.KEEP] != 0.0:
                note_other(M, W)
        M.resume[at.CUT_GUARD] = crossing
        M.resume[at.H_PENDING] = h
        M.resume[at.T_PENDING] = end
        C.status[at.STEPS] += 1
        return 0


@kernel
def _commit(P, D, M, W, C, S):
    """Make the pending step the accepted point."""
    if S is not None:
        commit_scans(P, D, M, W, C, S)
    for i in range(M.y.shape[0]):
        M.y[i] = W.y_new[i]
    for i in range(M.q.shape[0]):
        M.q[i] = W.q_new[i]
    for i in range(M.side.shape[0]):
        M.side[i] = sign(M.side[i])
    M.resume[at.T] = M.resume[at.T_PENDING]
    M.resume[at.H_PENDING] = 0.0
    finish_ramps(M, M.resume[at.T])
    C.progress[0] = M.resume[at.T]
    C.progress[1] = M.resume[at.H]


@kernel
def march(P, J, F, R, E, G, D, M, W, C, X, S):
    """Advance to settings[T_END], or to where Python must act.

    Parameters
    ----------
    P, J : PlantTables, JacobianTables
    F : Factors
    R : Method
    E, G, D : EventRows, LatchRows, Discrete
    M, W, C, X : Memory, Work, Control, Recorder
    S : Over or None
        None where no step goes over scans: what would handle such steps is not even compiled then.

    Returns
    -------
    int
        A code of `tables`: DONE, PYTHON (row in status), FLUSH, GUARD (row in status), REVIVED, or negative.
    """
    looked = False
    steps_before = C.status[at.STEPS]
    while True:
        if M.resume[at.H_PENDING] > 0.0:
            if not record_step(P, D, M, W, C, X, S):
                return at.FLUSH
            if not keep_step(X.steps, P, D, M, W, C, S):
                return at.FLUSH
            _commit(P, D, M, W, C, S)
            looked = False
            M.resume[at.JUST_FIRED] = 0.0
            continue
        t = M.resume[at.T]
        if scan_due(M, t, FIRST):
            # before the first sample, which is to show what was measured and not how the run was set up
            fire_scans(P, D, M, W, C, t, W.w_aside)
        while sample_due(M, C, t):
            if not record(P, M, W, C, X, t, M.y, M.q):
                return at.FLUSH
        row = int(M.resume[at.NEXT_ROW])
        due = row < E.time.shape[0] and E.time[row] <= t
        scan = scan_due(M, t, DUE)
        # looked at on arrival, and again when all rows and scans of an instant are done
        urgent = M.resume[at.JUST_FIRED] == 0.0 or M.resume[at.SIDES_KNOWN] == 0.0
        if G.guard.shape[0] > 0 and not looked and (urgent or not (due or scan)):
            evaluate_guards(P, G, M, W, t, M.y)
            if M.resume[at.SIDES_KNOWN] == 0.0:
                learn_sides(M, W)
            if not guards_known(G, W, C):
                return at.GUARD_NAN
            before = C.status[at.FIRINGS]
            latch = fire_latches(P, D, G, M, W, C, X, t)
            if latch == -3:
                return at.FLUSH
            if latch == -2:
                return at.CHATTERING
            looked = C.status[at.FIRINGS] == before
            if not looked:
                M.resume[at.JUST_FIRED] = 1.0
                foresee_nothing(M)
            if latch >= 0:
                C.status[at.ROW] = latch
                return at.GUARD
            continue
        if due:
            if C.status[at.EVENTS_HELD] >= X.log.shape[0]:
                return at.FLUSH
            fire_event(P, D, E, M, W, C, X, row, t)
            M.resume[at.NEXT_ROW] += 1.0
            looked = False
            M.resume[at.JUST_FIRED] = 1.0
            foresee_nothing(M)
            C.status[at.ROW] = row
            if E.kind[row] == at.RETURN:
                return at.PYTHON
            continue
        if scan:
            # after the rows of the instant: a scan sees the setpoints that they have set
            if S is not None:
                # where the rates are evaluated next, too
                fire_scans(P, D, M, W, C, t, W.w)
                S.valid[1] = 1.0
            else:
                fire_scans(P, D, M, W, C, t, W.w_aside)
            looked = False
            continue
        if t >= C.settings[at.T_END]:
            return at.DONE
        if C.status[at.INTERRUPT] != 0:
            return at.INTERRUPTED
        if C.status[at.STEPS] >= C.settings[at.MAX_STEPS]:
            return at.TOO_MANY
        if C.status[at.STEPS] - steps_before >= C.status[at.STEP_BUDGET]:
            return at.FLUSH
        looked = False
        code = _advance(P, J, F, R, E, G, D, M, W, C, S)
        if S is not None:
            if M.resume[at.H_PENDING] == 0.0:
                abandon(M, S)
        if code != at.DONE:
            return code


@kernel
def run(P, J, F, R, E, G, D, M, W, C, X):
    """`march` by steps that end at every scan."""
    return march(P, J, F, R, E, G, D, M, W, C, X, None)


def compile_engine() -> None:
    """Compile the loop, or load it from the cache: one job of the first run."""
    from twin.integrate.allocate import run_nothing

    run_nothing(run)
