"""One Rosenbrock step of any tableau: stages, error, dense output, ramps inside the stages."""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.cubic import cubic, mean_of_cubic
from twin.integrate.lu import factorise, solve
from twin.integrate.pace import pace, pace_matrix, pace_slopes
from twin.integrate.packed import outgrown, pack
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates

#: The error norm is the greatest root mean square over a unit's states of the weighted errors, so that
#: a controller of one state counts as much as a crystallizer of hundreds and a unit is solved as well in
#: a large plant as alone; but never less than this part of the largest single error.
LARGEST_SHARE = 0.25

#: Part of the tolerance that the mean of what comes from another block may be off by: at 1 the error of the whole plant
#: is some four times that of one block, and the balance between blocks ten times worse; below 0.1 steps get short.
INLET_SHARE = 0.1

#: What `attempt` returns when a state without row and column gets a rate within the step.
COMES_ALIVE = -2

#: Relative size of the difference for the time derivative of the rates: its error is then far
#: below the local error of a step, its roundoff far below any tolerance in use.
TIME_DIFFERENCE = 2.0**-20


@kernel
def move_ramps(p, ramp, n, t):
    """Set ramped parameters to their values at t; exact at and after the end."""
    for i in range(n):
        index = int(ramp[i, at.RAMP_INDEX])
        if t >= ramp[i, at.RAMP_T1]:
            p[index] = ramp[i, at.RAMP_V1]
        else:
            part = (t - ramp[i, at.RAMP_T0]) / (ramp[i, at.RAMP_T1] - ramp[i, at.RAMP_T0])
            p[index] = ramp[i, at.RAMP_V0] + (ramp[i, at.RAMP_V1] - ramp[i, at.RAMP_V0]) * part


@kernel
def piece(inlets, source, t, side):
    """Number of the piece of a source in which t is; between two, the one before or after it."""
    base = inlets.time_start[source]
    count = inlets.time_start[source + 1] - base - 1
    c = inlets.cursor[source]
    near = at.SLACK * abs(t)
    if side == at.AFTER:
        while c + 1 < count and inlets.time[base + c + 1] <= t + near:
            c += 1
        while c > 0 and inlets.time[base + c] > t + near:
            c -= 1
    else:
        while c + 1 < count and inlets.time[base + c + 1] < t - near:
            c += 1
        while c > 0 and inlets.time[base + c] >= t - near:
            c -= 1
    inlets.cursor[source] = c
    return c


@kernel
def place_in_piece(inlets, source, t, side):
    """Where the cubics of a source stand at t (to which a place is added), and the part of the piece that has gone."""
    c = piece(inlets, source, t, side)
    start = inlets.time[inlets.time_start[source] + c]
    part = (t - start) / (inlets.time[inlets.time_start[source] + c + 1] - start)
    first = inlets.place_start[source]
    return inlets.value_start[source] + c * (inlets.place_start[source + 1] - first) - first, part


@kernel
def move_inlets(inlets, M, t, side):
    """Set what other blocks feed to its values at t; where it jumps, to those before or after."""
    if inlets is None:
        return
    for source in range(inlets.place_start.shape[0] - 1):
        row, part = place_in_piece(inlets, source, t, side)
        for j in range(inlets.place_start[source], inlets.place_start[source + 1]):
            M.p[inlets.place[j]] = cubic(inlets.value[row + j], part)


@kernel
def move(M, W, t, side):
    """Set all that moves with time: ramped parameters, and what other blocks feed."""
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    move_inlets(W.inlets, M, t, side)


@kernel
def revived(J, M, y, dy):
    """Whether a state without row and column is no longer zero and at rest; such are marked in M.absent.

    What is no number stands for nothing: the step is refused for that.
    """
    found = False
    for i in range(J.absent.shape[0]):
        k = J.absent[i]
        if abs(y[k]) > 0.0 or abs(dy[k]) > 0.0:
            M.absent[k] = 0.0
            found = True
    return found


@kernel
def see_inlets(inlets, M):
    """Note what the first stage sees of the inlets."""
    if inlets is None:
        return
    for j in range(inlets.place.shape[0]):
        inlets.stage[0, j] = M.p[inlets.place[j]]


@kernel
def look_at_inlets(inlets, R, t, h):
    """Note what the other stages of a step will see of the inlets."""
    if inlets is None:
        return
    for s in range(1, R.c.shape[0]):
        if R.c[s] == R.c[s - 1]:
            for j in range(inlets.place.shape[0]):
                inlets.stage[s, j] = inlets.stage[s - 1, j]
            continue
        when = t + R.c[s] * h
        for source in range(inlets.place_start.shape[0] - 1):
            row, part = place_in_piece(inlets, source, when, at.BEFORE)
            for j in range(inlets.place_start[source], inlets.place_start[source + 1]):
                inlets.stage[s, j] = cubic(inlets.value[row + j], part)


@kernel
def take_inlets(inlets, M, s):
    """Set what other blocks feed to what stage s sees."""
    if inlets is None:
        return
    for j in range(inlets.place.shape[0]):
        M.p[inlets.place[j]] = inlets.stage[s, j]


@kernel
def see_slopes(inlets, M, after):
    """Note how the inlets move, a time after the first stage."""
    if inlets is None:
        return
    for j in range(inlets.place.shape[0]):
        inlets.slope[j] = (M.p[inlets.place[j]] - inlets.stage[0, j]) / after


@kernel
def note_rates(P, M, W, C):
    """Keep the rates just evaluated as those of the accepted point; gives whether they are finite."""
    first_q = P.places[0]
    C.status[at.RHS] += 1
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
def rates_here(P, M, W, C, S, t):
    """Rates at the accepted point; gives whether they are finite."""
    move(M, W, t, at.AFTER)
    see_inlets(W.inlets, M)
    rates(P, t, M.y, M.p, W.w, W.dy)
    if S is not None:
        pace(S, W, M.y, 0.0)
    return note_rates(P, M, W, C)


@kernel
def linearise(P, J, M, W, C, S, t, h):
    """Rates, Jacobian and time derivative at the accepted point.

    Returns DONE, NOT_FINITE, or REVIVED where a state without row and column is no longer zero and at rest.
    """
    n_y = M.y.shape[0]
    n_q = M.q.shape[0]
    first_q = P.places[0]
    n_ramps = int(M.resume[at.N_RAMPS])
    if not rates_here(P, M, W, C, S, t):
        return at.NOT_FINITE
    if revived(J, M, M.y, W.f):
        return at.REVIVED
    jacobian(P, J, t, M.y, M.p, W.w, W.buffers, W.values, W.q_values)
    if S is not None:
        for k in range(S.place.shape[0]):
            S.now[k] = W.w[S.place[k]]
            S.slip[k] = 0.0
    C.status[at.JACOBIANS] += 1
    if n_ramps > 0 or C.settings[at.TIME_DEPENDENT] != 0.0:
        later = t + max(h * TIME_DIFFERENCE, abs(t) * 2.0**-38)
        move(M, W, later, at.AFTER)
        see_slopes(W.inlets, M, later - t)
        rates(P, later, M.y, M.p, W.w, W.dy)
        C.status[at.RHS] += 1
        for i in range(n_y):
            W.f_t[i] = (W.dy[i] - W.f[i]) / (later - t)
        for i in range(n_q):
            W.f_qt[i] = (W.w[first_q + i] - W.f_q[i]) / (later - t)
        if S is not None:
            for k in range(S.place.shape[0]):
                S.slip[k] = (W.w[S.place[k]] - S.now[k]) / (later - t)
    else:
        for i in range(n_y):
            W.f_t[i] = 0.0
        for i in range(n_q):
            W.f_qt[i] = 0.0
    if S is not None:
        pace_slopes(S, W)
        pace_matrix(S, W)
    return at.DONE


@kernel
def _combine(out, n, coefficients, vectors, count, scale):
    """out[:n] += scale * sum_j coefficients[j] * vectors[j, :n]."""
    for j in range(count):
        a = coefficients[j] * scale
        if a != 0.0:
            for i in range(n):
                out[i] += a * vectors[j, i]


@kernel
def matrix(F, R, M, W, C, h):
    """Factorise the matrix of a step of size h; gives -1, or the place in z of a singular row."""
    C.status[at.LU] += 1
    if outgrown(W.values, M.there) or W.is_packed[0] == 0.0:
        pack(F, M.there, W.packed, W.row)
        W.is_packed[0] = 1.0
    return factorise(W.packed, W.values, 1.0 / (h * R.gamma[0]), W.lower, W.upper, W.pivot, W.row)


@kernel
def attempt(P, J, F, R, M, W, C, S, t, h):
    """All stages of a step of size h from the linearised point (t, M.y) into W.y_new, W.q_new, by `matrix`.

    What they see of the inlets is there already (`look_at_inlets`).

    Returns -1, or COMES_ALIVE: a slope that the matrix lacks moves a state in this step already, and what leaves
    another state by it would be lost.
    """
    n_y = M.y.shape[0]
    n_q = M.q.shape[0]
    n_z = W.rhs.shape[0]
    first_q = P.places[0]
    h_gamma = h * R.gamma[0]
    count = R.c.shape[0]
    for s in range(count):
        if s == 0:
            for i in range(n_y):
                W.rhs[i] = W.f[i]
            for i in range(n_q):
                W.q_new[i] = W.f_q[i]
        else:
            for i in range(n_y):
                W.y_stage[i] = M.y[i]
            _combine(W.y_stage, n_y, R.A[s], W.u, s, 1.0)
            move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t + R.c[s] * h)
            take_inlets(W.inlets, M, s)
            rates(P, t + R.c[s] * h, W.y_stage, M.p, W.w, W.dy)
            if S is not None:
                pace(S, W, W.y_stage, R.c[s] * h)
            C.status[at.RHS] += 1
            if revived(J, M, W.y_stage, W.dy):
                return COMES_ALIVE
            for i in range(n_y):
                W.rhs[i] = W.dy[i]
            for i in range(n_q):
                W.q_new[i] = W.w[first_q + i]
        for i in range(n_y, n_z):
            W.rhs[i] = 0.0
        _combine(W.rhs, n_y, R.C[s], W.u, s, 1.0 / h)
        _combine(W.q_new, n_q, R.C[s], W.u_q, s, 1.0 / h)
        if R.d[s] != 0.0:
            for i in range(n_y):
                W.rhs[i] += R.d[s] * h * W.f_t[i]
            for i in range(n_q):
                W.q_new[i] += R.d[s] * h * W.f_qt[i]
        u = W.u[s]
        solve(W.packed, W.lower, W.upper, W.pivot, W.rhs, u, W.row)
        C.status[at.SOLVES] += 1
        # quadratures: rows without a diagonal block, outside the matrix
        for i in range(n_q):
            total = W.q_new[i]
            for e in range(J.q_pattern[i], J.q_pattern[i + 1]):
                total += W.q_values[e] * u[J.q_column[e]]
            W.u_q[s, i] = h_gamma * total
    for i in range(n_y):
        W.y_new[i] = W.y_stage[i] + W.u[count - 1, i]
    for i in range(n_q):
        W.q_new[i] = M.q[i] + W.u_q[count - 1, i]
    _combine(W.q_new, n_q, R.A[count - 1], W.u_q, count - 1, 1.0)
    return -1


@kernel
def error_norm(J, W, C, y):
    """Norm of the last stage in units of the tolerance; notes the worst state; NaN where not finite.

    Weights are rtol max(|y0|, |y1|) + atol over the states; quadratures are outside.
    """
    last = W.u[W.u.shape[0] - 1]
    rtol = C.settings[at.RTOL]
    largest = 0.0
    worst = 0
    norm = 0.0
    for k in range(J.gather_y_start.shape[0] - 1):
        n = J.gather_y_start[k + 1] - J.gather_y_start[k]
        if n == 0:
            continue
        first = J.gather_y[J.gather_y_start[k], 1]
        total = 0.0
        for i in range(first, first + n):
            e = abs(last[i]) / (rtol * max(abs(y[i]), abs(W.y_new[i])) + W.atol[i])
            total += e * e
            if not e <= largest:
                largest = e
                worst = i
                if not math.isfinite(e):
                    break
        if not math.isfinite(largest):
            break
        norm = max(norm, math.sqrt(total / n))
    C.status[at.WORST] = worst
    if not math.isfinite(largest):
        return math.nan
    for i in range(W.q_new.shape[0]):
        if not math.isfinite(W.q_new[i]):  # outside the norm, yet a balance must not end as NaN
            C.status[at.WORST] = -1
            return math.nan
    return max(norm, LARGEST_SHARE * largest)


@kernel
def inlet_error(inlets, R, C, t, h):
    """How far the inlets' means as the stages saw them are from the true ones, in units of the tolerance.

    A step over several pieces could else leap over what came and went between its stages.
    """
    worst = 0.0
    if inlets is None:
        return worst
    for source in range(inlets.place_start.shape[0] - 1):
        last = piece(inlets, source, t + h, at.BEFORE)
        c = piece(inlets, source, t, at.AFTER)
        if last <= c:
            continue  # of a cubic, the stages give the mean exactly
        base = inlets.time_start[source]
        first_end = inlets.time[base + c + 1]
        a = (t - inlets.time[base + c]) / (first_end - inlets.time[base + c])
        last_start = inlets.time[base + last]
        b = (t + h - last_start) / (inlets.time[base + last + 1] - last_start)
        first = inlets.place_start[source]
        count = inlets.place_start[source + 1] - first
        for j in range(count):
            row = inlets.value_start[source] + j
            # weighted by what the pieces' widths add up to: h itself differs by the clock's rounding
            width = first_end - t
            total = width * mean_of_cubic(inlets.value[row + c * count], a, 1.0)
            for k in range(c + 1, last):
                part = inlets.time[base + k + 1] - inlets.time[base + k]
                total += part * inlets.mean[row + k * count]
                width += part
            part = t + h - last_start
            total += part * mean_of_cubic(inlets.value[row + last * count], 0.0, b)
            mean = total / (width + part)
            seen = R.b_t[0] * h * inlets.slope[first + j]
            for s in range(R.b.shape[0]):
                seen += R.b[s] * inlets.stage[s, first + j]
            worst = max(worst, abs(seen - mean) / (INLET_SHARE * C.settings[at.RTOL] * inlets.scale[first + j]))
    return worst


@kernel
def step(P, J, F, R, M, W, C, S, t, h):
    """A step from the linearised point: what `matrix` or `attempt` return, and its error.

    A step that does not see its inlets as they are is refused before anything is spent on it.
    """
    look_at_inlets(W.inlets, R, t, h)
    missed = inlet_error(W.inlets, R, C, t, h)
    if not missed <= 1.0:
        return -1, missed
    failure = matrix(F, R, M, W, C, h)
    if failure == -1:
        failure = attempt(P, J, F, R, M, W, C, S, t, h)
    if failure != -1:
        return failure, math.nan
    error = error_norm(J, W, C, M.y)
    if math.isfinite(error):
        error = max(error, missed)
    return failure, error


@kernel
def prepare_dense(R, W):
    """Coefficients of the dense output of the step just made."""
    n_y = W.y_new.shape[0]
    n_q = W.q_new.shape[0]
    for k in range(R.H.shape[0]):
        for i in range(n_y):
            W.dense[k, i] = 0.0
        for i in range(n_q):
            W.dense_q[k, i] = 0.0
        _combine(W.dense[k], n_y, R.H[k], W.u, R.c.shape[0], 1.0)
        _combine(W.dense_q[k], n_q, R.H[k], W.u_q, R.c.shape[0], 1.0)


@kernel
def shorten_dense(theta, start, end, dense):
    """Leave out of a step what comes after its part theta: `end` and `dense` are then those of what is left.

    The dense output in powers of the part of a step, each of which is that power of theta times one of what is left.
    The new end is that of `interpolate`, whose rounding is of the state, where a sum of powers has that of the curve.
    """
    interpolate(theta, start, end, dense, end)
    for i in range(start.shape[0]):
        second = (dense[1, i] - dense[0, i]) * theta * theta
        third = (dense[2, i] - dense[1, i]) * theta * theta * theta
        fourth = -dense[2, i] * theta * theta * theta * theta
        dense[2, i] = -fourth
        dense[1, i] = dense[2, i] - third
        dense[0, i] = dense[1, i] - second


@kernel
def interpolate(theta, start, end, dense, out):
    """State at the part theta of the step; exact at both ends."""
    if theta >= 1.0:
        for i in range(out.shape[0]):
            out[i] = end[i]
        return
    rest = 1.0 - theta
    for i in range(out.shape[0]):
        bow = dense[0, i] + theta * (dense[1, i] + theta * dense[2, i])
        out[i] = rest * start[i] + theta * (end[i] + rest * bow)
