"""Rates of held outputs within a step over scans (`follow.py`), their time derivatives and their part of the matrix."""

from __future__ import annotations

from twin.jit import kernel


@kernel
def pace(S, W, y, s):
    """Rates of held outputs, s seconds into a step over scans: nothing in other steps. The rates at y are in W."""
    for j in range(S.acting.shape[0]):
        if not S.rate[j] > 0.0:
            return
        c = S.smooth[j]
        away = c[0] + s * (c[1] + s * (c[2] + s * c[3])) - y[S.acting[j, 0]]
        if S.spare[j] >= 0:
            away += y[S.spare[j]] - S.start[j]
        W.dy[S.acting[j, 0]] += c[1] + s * (2.0 * c[2] + s * 3.0 * c[3]) + S.rate[j] * away
    for n in range(S.pair.shape[0]):
        j, k = S.pair[n, 0], S.pair[n, 1]
        c = S.aim[k]
        away = W.w[S.place[k]] - (c[0] + s * (c[1] + s * (c[2] + s * c[3])))
        W.dy[S.acting[j, 0]] += S.rate[j] * S.gain[n, 0] * away
        if S.spare[j] >= 0:
            W.dy[S.spare[j]] += S.gain[n, 1] * away


@kernel
def pace_slopes(S, W):
    """Put the time derivatives of these rates at the beginning of the step in place of what stands there."""
    for j in range(S.acting.shape[0]):
        c = S.smooth[j]
        W.f_t[S.acting[j, 0]] = 2.0 * c[2] + S.rate[j] * c[1]
        if S.spare[j] >= 0:
            W.f_t[S.spare[j]] = 0.0
    for n in range(S.pair.shape[0]):
        j, k = S.pair[n, 0], S.pair[n, 1]
        if S.rate[j] > 0.0:
            away = S.slip[k] - S.aim[k, 1]
            W.f_t[S.acting[j, 0]] += S.rate[j] * S.gain[n, 0] * away
            if S.spare[j] >= 0:
                W.f_t[S.spare[j]] += S.gain[n, 1] * away


@kernel
def pace_matrix(S, W):
    """Put their derivatives into the matrix."""
    for j in range(S.acting.shape[0]):
        if not S.rate[j] > 0.0:
            return
        W.values[S.own[j, 0]] = -S.rate[j]
        if S.own[j, 1] >= 0:
            W.values[S.own[j, 1]] = S.rate[j]
    for n in range(S.pair.shape[0]):
        W.values[S.entry[n, 0]] = S.rate[S.pair[n, 0]] * S.gain[n, 0]
        if S.entry[n, 1] >= 0:
            W.values[S.entry[n, 1]] = S.gain[n, 1]
