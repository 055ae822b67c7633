"""Samples on a fixed grid from the dense output: they never alter a step.

A sample at the instant of an event shows the plant before it; both sides are in the event log.
"""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.scans import show_held, show_sample, show_smooth
from twin.integrate.stepping import interpolate, move
from twin.jit import kernel
from twin.plant.evaluate import ask


@kernel
def next_sample(M, C):
    """Time of the next sample; infinite when nothing is sampled."""
    every = C.settings[at.SAMPLE_EVERY]
    if not every > 0.0:
        return float("inf")
    return C.settings[at.SAMPLE_START] + M.resume[at.NEXT_SAMPLE] * every


@kernel
def sample_due(M, C, t):
    """Whether a sample falls on t or before, or so little after that only rounding lies between.

    0.1 s three times is not the float 0.3, at which an event stands: it is before the event all the same.
    """
    return next_sample(M, C) <= t + at.SLACK * abs(t)


@kernel
def record(P, M, W, C, X, t, y, q):
    """Append one sample; gives False when the buffer is full."""
    place = C.status[at.SAMPLES_HELD]
    if place >= X.time.shape[0]:
        return False
    move(M, W, t, at.BEFORE)
    ask(P, X.calls, t, y, M.p, W.w_aside, W.dy_aside)
    C.status[at.OBSERVED] += 1
    X.time[place] = t
    for i in range(X.y_index.shape[0]):
        X.y[place, i] = y[X.y_index[i]]
    for i in range(X.w_index.shape[0]):
        X.w[place, i] = W.w_aside[X.w_index[i]]
    for i in range(q.shape[0]):
        X.q[place, i] = q[i]
    C.status[at.SAMPLES_HELD] += 1
    M.resume[at.NEXT_SAMPLE] += 1.0
    return True


@kernel
def record_step(P, D, M, W, C, X, S):
    """Append the samples inside the step that is pending; gives False when the buffer is full."""
    t = M.resume[at.T]
    end = M.resume[at.T_PENDING]
    while True:
        if not sample_due(M, C, end):
            return True
        when = min(next_sample(M, C), end)
        theta = 1.0
        if when < end:
            theta = (when - t) / M.resume[at.H_PENDING]
        interpolate(theta, M.y, W.y_new, W.dense, W.y_dense)
        interpolate(theta, M.q, W.q_new, W.dense_q, W.q_dense)
        if S is not None:
            if M.resume[at.OVER_SCANS] != 0.0:
                show_sample(P, D, M, W, C, S, when, W.y_dense)
        if not record(P, M, W, C, X, when, W.y_dense, W.q_dense):
            return False


@kernel
def keep_step(K, P, D, M, W, C, S):
    """Keep of the step that is pending what other blocks ask for; gives False when the buffer is full."""
    if K is None:
        return True
    if K.time.shape[0] == 0:
        return True
    place = C.status[at.STEPS_HELD]
    if place >= K.time.shape[0]:
        return False
    t = M.resume[at.T]
    K.time[place, 0] = t
    K.time[place, 1] = M.resume[at.T_PENDING]
    if K.index.shape[0] > 0:
        for node in range(4):
            theta = node / 3.0
            when = t + theta * M.resume[at.H_PENDING]
            interpolate(theta, M.y, W.y_new, W.dense, W.y_dense)
            if S is not None:
                if M.resume[at.OVER_SCANS] != 0.0:
                    # others are fed what the plant saw
                    show_smooth(S, when - t, W.y_dense)
            move(M, W, when, at.AFTER if node == 0 else at.BEFORE)
            ask(P, K.calls, when, W.y_dense, M.p, W.w_aside, W.dy_aside)
            for j in range(K.index.shape[0]):
                K.outlet[place, node, j] = W.w_aside[K.index[j]]
    if K.y.shape[0] > 0:
        for i in range(M.y.shape[0]):
            K.y[place, 0, i] = M.y[i]
            K.y[place, 1, i] = W.y_new[i]
            K.y[place, 2, i] = W.dense[0, i]
            K.y[place, 3, i] = W.dense[1, i]
            K.y[place, 4, i] = W.dense[2, i]
        if S is not None:
            if M.resume[at.OVER_SCANS] != 0.0:
                # units by the clock between the ends, with whose scans nobody else is concerned: along straight lines
                show_held(D, S.y_scan, K.y[place, 1])
                show_held(D, S.still, K.y[place, 2])
                show_held(D, S.still, K.y[place, 3])
                show_held(D, S.still, K.y[place, 4])
    for i in range(M.q.shape[0]):
        K.q[place, 0, i] = M.q[i]
        K.q[place, 1, i] = W.q_new[i]
        K.q[place, 2, i] = W.dense_q[0, i]
        K.q[place, 3, i] = W.dense_q[1, i]
        K.q[place, 4, i] = W.dense_q[2, i]
    C.status[at.STEPS_HELD] += 1
    return True
