"""Sweeps of a step over scans: the step with held outputs as cubics, the scans on what came out, better cubics.

References: Lelarasmee, Ruehli & Sangiovanni-Vincentelli, IEEE Trans. CAD 1 (1982) 131,
doi:10.1109/TCAD.1982.1270004 (waveform relaxation).
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.jumps import read_plant
from twin.integrate.lu import solve
from twin.integrate.scans import next_scan, scan_instant, show_held
from twin.integrate.stepping import attempt, error_norm, interpolate, matrix, move_ramps, prepare_dense, rates_here
from twin.jit import kernel
from twin.plant.evaluate import rates

#: Sweeps of a step, each with its own stages but the same matrix.
MOST_SWEEPS = 4
#: A sweep that leaves more than this of the error of the one before does not converge: a shorter step does.
LEAST_GAIN = 0.5
#: Largest ripple that the hold itself makes, in units of the tolerance; it has no mean, and adds up to nothing.
LARGEST_RIPPLE = 1.0
#: Columns of Work.residue.
INTEGRAL, GREATEST, RIPPLE, VALUE, STAIRS, MOMENT, NORMAL = 0, 1, 2, 3, 4, 5, 9


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
def _smooth_integral(c, s):
    """Integral of a cubic from the step's beginning."""
    return s * (c[0] + s * (c[1] / 2.0 + s * (c[2] / 3.0 + s * c[3] / 4.0)))


@kernel
def _piece(S, j, first, last, h):
    """Account for one stair of a held output: its moments, and how far the cubic goes astray within it."""
    r = S.residue[j]
    u = r[VALUE]
    if not last > first:
        return
    r[STAIRS] += 1.0
    relative = u - S.held[j]
    a, b = first, last
    for k in range(4):
        # integral of the part to the power k; over the stair's length it is its mean
        S.mean[k] = (b - a) / (k + 1.0)
        r[MOMENT + k] += relative * S.mean[k]
        a *= first
        b *= last
    place = NORMAL
    for k in range(4):
        for i in range(k + 1):
            r[place] += S.mean[k] * S.mean[i] / (last - first)
            place += 1
    begun = _smooth_integral(S.smooth[j], first * h)
    middle = _smooth_integral(S.smooth[j], 0.5 * (first + last) * h)
    ended = _smooth_integral(S.smooth[j], last * h)
    half = r[INTEGRAL] + 0.5 * u * (last - first) * h - (middle - begun)
    r[RIPPLE] = max(r[RIPPLE], abs(half - r[INTEGRAL] - 0.5 * (u * (last - first) * h - (ended - begun))))
    r[INTEGRAL] += u * (last - first) * h - (ended - begun)
    if abs(r[INTEGRAL]) > abs(r[GREATEST]):
        r[GREATEST] = r[INTEGRAL]


@kernel
def _try_scans(P, D, M, W, S, t, h):
    """Replay the scans of the step on copies; S.residue says how far the staircase is from the cubic."""
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
    while True:
        when = next_scan(D, S.clock, end)
        if math.isinf(when):
            break
        theta = (when - t) / h
        for j in range(S.acting.shape[0]):
            i = S.acting[j, 1]
            if S.clock[i, at.SCAN_NEXT] <= when + at.SLACK * abs(when):
                _piece(S, j, S.since[i], theta, h)
        for i in range(M.scan.shape[0]):
            if D.by_clock[i] == 1 and S.clock[i, at.SCAN_NEXT] <= when + at.SLACK * abs(when):
                S.since[i] = theta
        scan_instant(P, D, M, W, S, when, t, h, S.y_scan, S.clock)
        for j in range(S.acting.shape[0]):
            S.residue[j, VALUE] = S.y_scan[S.acting[j, 0]]
    for j in range(S.acting.shape[0]):
        _piece(S, j, S.since[S.acting[j, 1]], 1.0, h)


@kernel
def _fit(S, h):
    """The cubic whose means over the stairs are nearest to the stairs just found; of few stairs, a simpler one.

    So a ramp of scans is met exactly: half a period late, as a held output is.
    """
    for j in range(S.acting.shape[0]):
        r = S.residue[j]
        n = int(min(max(r[STAIRS] - 1.0, 1.0), 4.0))
        place = NORMAL
        for k in range(n):
            for i in range(k + 1):
                S.normal[k, i] = r[place]
                S.normal[i, k] = r[place]
                place += 1
            S.normal[k, 4] = r[MOMENT + k]
        for k in range(n):
            for i in range(k + 1, n):
                factor = S.normal[i, k] / S.normal[k, k]
                for m in range(k, n):
                    S.normal[i, m] -= factor * S.normal[k, m]
                S.normal[i, 4] -= factor * S.normal[k, 4]
        scale = 1.0
        for k in range(4):
            S.smooth[j, k] = 0.0
        for back in range(n):
            k = n - 1 - back
            total = S.normal[k, 4]
            for i in range(k + 1, n):
                total -= S.normal[k, i] * S.mean[i]
            S.mean[k] = total / S.normal[k, k]
        for k in range(n):
            S.smooth[j, k] = S.mean[k] * scale
            scale /= h
        S.smooth[j, 0] += S.held[j]


@kernel
def aim(P, M, W, C, S, t):
    """Begin the step anew with the cubics in S.smooth; gives whether the rates are finite. The matrix stays."""
    for j in range(S.acting.shape[0]):
        M.y[S.acting[j, 0]] = S.smooth[j, 0]
    finite = rates_here(P, M, W, C, S, t)
    for j in range(S.acting.shape[0]):
        W.f_t[S.acting[j, 0]] = 2.0 * S.smooth[j, 2]
    return finite


@kernel
def _effect(P, J, F, R, M, W, C, S, t, h, which):
    """Effect on the plant of a column of S.residue, in units of the tolerance.

    Of GREATEST, what cubics do not follow, over the whole step; of RIPPLE within a period, as if nothing gave way.
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
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    rates(P, t, W.y_stage, M.p, W.w, W.dy)
    C.status[at.RHS] += 1
    for i in range(W.rhs.shape[0]):
        W.rhs[i] = 0.0
    for i in range(n_y):
        W.rhs[i] = W.dy[i] - W.f[i]
    for j in range(S.acting.shape[0]):
        W.rhs[S.acting[j, 0]] = 0.0
    # the stages are not needed any more; here is where `error_norm` looks
    if column == RIPPLE:
        for i in range(n_y):
            W.u[last, i] = W.rhs[i]
    else:
        for i in range(n_y):
            W.rhs[i] /= R.gamma[0]
        solve(F, W.lower, W.upper, W.pivot, W.rhs, W.u[last], W.row)
        C.status[at.SOLVES] += 1
    return error_norm(J, W, C, M.y)


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
    failure = matrix(F, R, W, C, h)
    if failure >= 0:
        return failure, math.nan, hold, 1
    while True:
        failure = attempt(P, J, F, R, M, W, C, S, t, h)
        sweep += 1
        if failure != -1:
            return failure, math.nan, hold, sweep
        error = error_norm(J, W, C, M.y)
        if not error <= 1.0:
            return -1, error, hold, sweep
        C.status[at.SWEEPS] += 1
        prepare_dense(R, W)
        _sample_wires(P, D, M, W, S, t, h)
        _try_scans(P, D, M, W, S, t, h)
        last = hold
        hold = _effect(P, J, F, R, M, W, C, S, t, h, 1.0)
        if hold <= 1.0:
            ripple = _effect(P, J, F, R, M, W, C, S, t, h, 2.0)
            if not ripple <= LARGEST_RIPPLE:
                return -1, math.nan, hold, sweep
            C.status[at.RIPPLE] = max(C.status[at.RIPPLE], int(1000.0 * ripple))
            return -1, error, hold, sweep
        _fit(S, h)
        if not aim(P, M, W, C, S, t):
            return -1, math.nan, hold, sweep
        if sweep == MOST_SWEEPS or (sweep > 1 and not hold <= LEAST_GAIN * last):
            return -1, error, hold, sweep
