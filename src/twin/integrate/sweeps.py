"""Sweeps of a step over scans: the step with smooth held outputs, the scans on what came out, a better guess.

References: Lelarasmee, Ruehli & Sangiovanni-Vincentelli, IEEE Trans. CAD 1 (1982) 131,
doi:10.1109/TCAD.1982.1270004 (waveform relaxation).
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.jumps import read_plant
from twin.integrate.lu import solve
from twin.integrate.pace import pace_slopes
from twin.integrate.sampling import next_sample
from twin.integrate.scans import keep_shown, next_scan, scan_instant, show_held
from twin.integrate.stairs import GREATEST, RIPPLE, VALUE, add_stair, fit
from twin.integrate.stepping import (
    attempt,
    error_norm,
    inlet_error,
    interpolate,
    look_at_inlets,
    matrix,
    move,
    prepare_dense,
    rates_here,
)
from twin.jit import kernel
from twin.plant.evaluate import rates

#: Sweeps of a step, each with its own stages but the same matrix.
MOST_SWEEPS = 4
#: A sweep that leaves more than this of the error of the one before does not converge: a shorter step does.
LEAST_GAIN = 0.5
#: Largest ripple that the hold itself makes, in units of the tolerance; it has no mean, and adds up to nothing.
LARGEST_RIPPLE = 1.0


@kernel
def _sample_wires(P, D, M, W, S, t, h):
    """What scans read of the plant during the step, as cubics through four points of the dense output."""
    for n in range(4):
        theta = n / 3.0
        interpolate(theta, M.y, W.y_new, W.dense, W.y_dense)
        read_plant(P, D, M, W, t + theta * h, W.y_dense, W.w_aside)
        for k in range(D.wires.shape[0]):
            S.wire[k, n] = W.w_aside[D.wires[k]]
    for k in range(D.wires.shape[0]):
        a, b, c, d = S.wire[k, 0], S.wire[k, 1], S.wire[k, 2], S.wire[k, 3]
        S.wire[k, 1] = -5.5 * a + 9.0 * b - 4.5 * c + d
        S.wire[k, 2] = 9.0 * a - 22.5 * b + 18.0 * c - 4.5 * d
        S.wire[k, 3] = -4.5 * a + 13.5 * b - 13.5 * c + 4.5 * d


@kernel
def _try_scans(P, D, M, W, C, S, t, h):
    """Replay the scans of the step on copies; S.residue says how far the staircase is from the cubic.

    What samples within the step are to show is kept.
    """
    for i in range(M.scan.shape[0]):
        for k in range(M.scan.shape[1]):
            S.clock[i, k] = M.scan[i, k]
        S.since[i] = 0.0
    show_held(D, M.y, S.y_scan)
    for j in range(S.acting.shape[0]):
        S.y_scan[S.acting[j, 0]] = S.held[j]
        for k in range(S.residue.shape[1]):
            S.residue[j, k] = 0.0
        S.residue[j, VALUE] = S.held[j]
    end = t + h
    every = C.settings[at.SAMPLE_EVERY]
    number = M.resume[at.NEXT_SAMPLE]
    sample = next_sample(M, C)
    S.told[0] = number
    S.told[1] = 1.0
    while True:
        when = next_scan(D, S.clock, end)
        # a sample at the instant of a scan shows the plant before it
        while sample <= end + at.SLACK * abs(end) and not when < min(sample, end) - at.SLACK * abs(min(sample, end)):
            keep_shown(D, S, number)
            number += 1.0
            sample = C.settings[at.SAMPLE_START] + number * every
        if math.isinf(when):
            break
        theta = (when - t) / h
        for j in range(S.acting.shape[0]):
            i = S.acting[j, 1]
            if S.clock[i, at.SCAN_NEXT] <= when + at.SLACK * abs(when):
                add_stair(S, j, S.since[i], theta, h)
        for i in range(M.scan.shape[0]):
            if D.by_clock[i] == 1 and S.clock[i, at.SCAN_NEXT] <= when + at.SLACK * abs(when):
                S.since[i] = theta
        scan_instant(P, D, M, W, S, when, t, h, S.y_scan, S.clock)
        for j in range(S.acting.shape[0]):
            S.residue[j, VALUE] = S.y_scan[S.acting[j, 0]]
    for j in range(S.acting.shape[0]):
        add_stair(S, j, S.since[S.acting[j, 1]], 1.0, h)


@kernel
def aim(P, M, W, C, S, t):
    """Begin the step anew with the cubics in S.smooth and S.aim; gives whether the rates are finite.

    The matrix stays.
    """
    for j in range(S.acting.shape[0]):
        M.y[S.acting[j, 0]] = S.smooth[j, 0]
    finite = rates_here(P, M, W, C, S, t)
    pace_slopes(S, W)
    return finite


@kernel
def _draw_curves(M, W, S, h):
    """Held outputs as the step has moved them: its dense output; of a quartic the cubic through its thirds."""
    for j in range(S.acting.shape[0]):
        i = S.acting[j, 0]
        first, second, third = W.dense[0, i], W.dense[1, i], W.dense[2, i]
        S.curve[j, 0] = M.y[i]
        S.curve[j, 1] = (W.y_new[i] - M.y[i] + first - third * (2.0 / 9.0)) / h
        S.curve[j, 2] = (second - first + third * (11.0 / 9.0)) / (h * h)
        S.curve[j, 3] = -(second + third) / (h * h * h)


@kernel
def _aim_at_wires(S, h):
    """The scans just replayed have read these wires."""
    for k in range(S.wire.shape[0]):
        scale = 1.0
        for m in range(4):
            S.aim[k, m] = S.wire[k, m] * scale
            scale /= h


@kernel
def _handed_error(P, W, C, S):
    """How much a change just evaluated is of what other blocks are fed, in units of the tolerance."""
    worst = 0.0
    first_q = P.places[0]
    for k in range(S.handed_start.shape[0] - 1):
        change = 0.0
        size = 0.0
        for i in range(S.handed_start[k], S.handed_start[k + 1]):
            q = S.handed[i]
            change = max(change, abs(W.w[first_q + q] - W.f_q[q]))
            size = max(size, abs(W.f_q[q]))
        if change > 0.0:
            worst = max(worst, change / (C.settings[at.RTOL] * max(change, size)))
    return worst


@kernel
def _effect(P, J, F, R, M, W, C, S, t, h, which):
    """Effect on the plant of a column of S.residue, in units of the tolerance.

    Of GREATEST, what cubics do not follow, over the whole step; of RIPPLE within a period, as if nothing gave way.
    What is fed to other blocks is to be right by its mean over the step.
    """
    n_y = M.y.shape[0]
    last = R.c.shape[0] - 1
    column = int(which)
    time = 1.0
    if column == GREATEST:
        time = h
    for i in range(n_y):
        W.y_stage[i] = M.y[i]
    for j in range(S.acting.shape[0]):
        W.y_stage[S.acting[j, 0]] += S.residue[j, column] / time
    move(M, W, t, at.AFTER)
    rates(P, t, W.y_stage, M.p, W.w, W.dy)
    C.status[at.RHS] += 1
    for i in range(W.rhs.shape[0]):
        W.rhs[i] = 0.0
    for i in range(n_y):
        W.rhs[i] = W.dy[i] - W.f[i]
    for j in range(S.acting.shape[0]):
        W.rhs[S.acting[j, 0]] = 0.0
        if S.spare[j] >= 0:
            W.rhs[S.spare[j]] = 0.0
    handed = 0.0
    # the stages are not needed any more; here is where `error_norm` looks
    if column == RIPPLE:
        for i in range(n_y):
            W.u[last, i] = W.rhs[i]
    else:
        handed = _handed_error(P, W, C, S)
        for i in range(n_y):
            W.rhs[i] /= R.gamma[0]
        solve(W.packed, W.lower, W.upper, W.pivot, W.rhs, W.u[last], W.row)
        C.status[at.SOLVES] += 1
    return max(error_norm(J, W, C, M.y), handed)


@kernel
def sweep_step(P, J, F, R, D, M, W, C, S, t, h):
    """A step over scans from the linearised point, with sweeps until held outputs and their cubics agree.

    Returns
    -------
    int, float, float, int
        What `matrix` or `attempt` return; the error of the step, NaN where no step over scans is to be had; the error
        of the hold; and the sweeps made.
    """
    hold = 0.0
    sweep = 0
    look_at_inlets(W.inlets, R, t, h)
    missed = inlet_error(W.inlets, R, C, t, h)
    if not missed <= 1.0:
        return -1, missed, hold, 1
    failure = matrix(F, R, M, W, C, h)
    if failure >= 0:
        return failure, math.nan, hold, 1
    while True:
        failure = attempt(P, J, F, R, M, W, C, S, t, h)
        sweep += 1
        if failure != -1:
            return failure, math.nan, hold, sweep
        error = error_norm(J, W, C, M.y)
        if math.isfinite(error):
            error = max(error, missed)
        if not error <= 1.0:
            return -1, error, hold, sweep
        C.status[at.SWEEPS] += 1
        prepare_dense(R, W)
        _draw_curves(M, W, S, h)
        _sample_wires(P, D, M, W, S, t, h)
        _try_scans(P, D, M, W, C, S, t, h)
        last = hold
        hold = _effect(P, J, F, R, M, W, C, S, t, h, 1.0)
        if hold <= 1.0:
            ripple = _effect(P, J, F, R, M, W, C, S, t, h, 2.0)
            if not ripple <= LARGEST_RIPPLE:
                return -1, math.nan, hold, sweep
            C.status[at.RIPPLE] = max(C.status[at.RIPPLE], int(1000.0 * ripple))
            return -1, error, hold, sweep
        fit(S, h)
        _aim_at_wires(S, h)
        if not aim(P, M, W, C, S, t):
            return -1, math.nan, hold, sweep
        if sweep == MOST_SWEEPS or (sweep > 1 and not hold <= LEAST_GAIN * last):
            return -1, error, hold, sweep
