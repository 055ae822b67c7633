"""One step of the formula of `kept.py`: the change, what is of higher order in it, the error, and the dense output.

Loops are over few vectors each, so that the compiler makes vector instructions of them.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.kept_matrix import BEFORE, BENT, CHANGE, GAMMA, RATE, REST, SECOND, THIRD
from twin.integrate.lu import solve_thin
from twin.integrate.stepping import LARGEST_SHARE
from twin.jit import kernel

#: The error is less than this part of the change of the third difference: 0.39 of h^4 y'''' where all is smooth.
ESTIMATE = 0.4
#: And so much of what the matrix tells wrongly of what held outputs move: that adds up, as they go on moving it.
JUMPED = 3.0


@kernel
def _rest(h, rates, before, bent, out):
    """What the matrix tells wrongly of the change of the rates."""
    for i in range(out.shape[0]):
        out[i] = h * (rates[i] - before[i]) - bent[i]


@kernel
def _held(M, S, rest, first):
    """Jumps of held outputs belong to S.full, the change as it would have been with those of now, and not to `rest`."""
    n = rest.shape[0]
    for j in range(S.acting.shape[0]):
        jump = M.y[S.acting[j, 0]] - M.kept[BEFORE, S.acting[j, 0]]
        if jump == 0.0:
            continue
        for k in range(S.jump_start[j], S.jump_start[j + 1]):
            i = S.jump_row[k]
            if i >= first and i < first + n:
                S.full[i] += jump * S.jump[k]
                rest[i - first] -= jump * S.jump[k]


@kernel
def _right(h, rates, rest, before, third, full, out):
    """The right side: for 1 - gamma h A. The rest goes on to grow, and the third-order part is that of before."""
    for i in range(rates.shape[0]):
        late = 2.0 * rest[i] - before[i] - third[i] / 3.0
        out[i] = GAMMA * (h * rates[i] + late) + (1.0 - GAMMA) * full[i]


@kernel
def _swing(M, S, right, right_q):
    """Between two scans, fast states that held outputs move are in the mean not what they are at the scans."""
    n_y = M.y.shape[0]
    for j in range(S.acting.shape[0]):
        jump = M.y[S.acting[j, 0]] - M.kept[BEFORE, S.acting[j, 0]]
        if jump != 0.0:
            for k in range(S.ripple_start[j], S.ripple_start[j + 1]):
                i = S.ripple_row[k]
                if i < n_y:
                    right[i] += GAMMA * jump * S.ripple[k]
                else:
                    right_q[i - n_y] += GAMMA * jump * S.ripple[k]


@kernel
def _doubt_of_moved(M, W, S, rest, out):
    """The same of what held outputs move directly: there the rest may be a jump that the matrix tells wrongly."""
    n_y = M.y.shape[0]
    for k in range(S.jump_start[S.acting.shape[0]]):
        i = S.jump_row[k]
        if i < n_y:
            out[i] = ESTIMATE * abs(W.u[0, i] - M.kept[SECOND, i] - M.kept[THIRD, i]) + JUMPED * abs(rest[i])


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
def _doubt(second, before, third, rest, rest_before, out):
    """What the error is less than: of what the formula leaves out, and of what the rest grew by."""
    for i in range(rest.shape[0]):
        out[i] = ESTIMATE * (abs(second[i] - before[i] - third[i]) + abs(rest[i] - rest_before[i]))


@kernel
def _bow(second, dense):
    """Dense output of a solution that bends by its second-order part."""
    for i in range(dense.shape[1]):
        dense[0, i] = -0.5 * second[i]
        dense[1, i] = 0.0
        dense[2, i] = 0.0


@kernel
def attempt_kept(J, F, M, W, C, S, h):
    """The step into W.y_new and W.q_new with W.f and the matrix; S.bent is h A times its change.

    Leaves the change in W.u[1], its second-order part in W.u[0], and what the error is taken of in the last row.
    """
    n_y, n_q = M.y.shape[0], M.q.shape[0]
    scale = 1.0 / (GAMMA * h)
    rest, rest_q, z = W.y_stage, W.q_dense, W.u[1]
    for i in range(S.full.shape[0]):
        S.full[i] = M.kept[CHANGE, i]
    _rest(h, W.f, M.kept[RATE], M.kept[BENT], rest)
    _rest(h, W.f_q, M.kept[RATE, n_y:], M.kept[BENT, n_y:], rest_q)
    _held(M, S, rest, 0)
    _held(M, S, rest_q, n_y)
    _right(h, W.f, rest, M.kept[REST], M.kept[THIRD], S.full, W.rhs)
    change = W.u_q[0]
    _right(h, W.f_q, rest_q, M.kept[REST, n_y:], M.kept[THIRD, n_y:], S.full[n_y:], change)
    _swing(M, S, W.rhs, change)
    _scaled(scale, W.rhs, n_y)
    for i in range(n_y, W.rhs.shape[0]):
        W.rhs[i] = 0.0
    solve_thin(F, S.thin, W.pivot, W.rhs, z)
    C.status[at.SOLVES] += 1
    _bent(z, W.rhs[:n_y], GAMMA * h, S.bent)
    _second(M.y, z, S.full, W.y_new, W.u[0])
    _doubt(W.u[0], M.kept[SECOND], M.kept[THIRD], rest, M.kept[REST], W.u[W.u.shape[0] - 1])
    _doubt_of_moved(M, W, S, rest, W.u[W.u.shape[0] - 1])
    _bow(W.u[0], W.dense)
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
def good(J, M, W, C):
    """Whether the error is within this part of the tolerance, as `error_norm` has it; False for what is no number."""
    last = W.u[W.u.shape[0] - 1]
    part = C.settings[at.KEEP]
    largest = 0.0
    for k in range(J.gather_y_start.shape[0] - 1):
        n = J.gather_y_start[k + 1] - J.gather_y_start[k]
        if n > 0:
            first = int(J.gather_y[J.gather_y_start[k], 1])
            total, most = _squares(last, M.y, W.y_new, W.atol, C.settings[at.RTOL], first, first + int(n))
            if not total <= n * (part * part):
                return False
            largest = max(largest, most)
    for i in range(W.q_new.shape[0]):
        if not math.isfinite(W.q_new[i]):
            return False
    return LARGEST_SHARE * largest <= part
