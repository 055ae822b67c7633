"""What the next step with a kept matrix has to know of the steps before (`kept.py`): rows of Memory.kept."""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.kept_matrix import BEFORE, BENT, CHANGE, OLDER, OLDER_RATE, OLDEST, RATE, REST, SECOND, THIRD, bend
from twin.jit import kernel


@kernel
def forget(M):
    """The matrix is of another plant, and the steps before of another solution: three others have to be made first."""
    M.resume[at.KEPT_FROM] = -math.inf


@kernel
def note_start(M, W):
    """This point begins a step; those before began where the last ones to be noted did."""
    n_y = M.y.shape[0]
    for i in range(M.kept.shape[1]):
        M.kept[OLDEST, i] = M.kept[OLDER, i]
        M.kept[OLDER, i] = M.kept[BEFORE, i]
        M.kept[OLDER_RATE, i] = M.kept[RATE, i]
    for i in range(n_y):
        M.kept[BEFORE, i] = M.y[i]
        M.kept[RATE, i] = W.f[i]
    for i in range(M.q.shape[0]):
        M.kept[BEFORE, n_y + i] = M.q[i]
        M.kept[RATE, n_y + i] = W.f_q[i]
    M.resume[at.OLDEST_FROM] = M.resume[at.OLDER_FROM]
    M.resume[at.OLDER_FROM] = M.resume[at.KEPT_FROM]
    M.resume[at.KEPT_FROM] = M.resume[at.T]


@kernel
def note_other(M, W):
    """The pending step is one of `stepping`, whose factors take the place of those that were kept.

    The changes that it and the one before make are what the next one with a kept matrix begins with.
    """
    note_start(M, W)
    M.resume[at.KEPT_H] = 0.0
    M.resume[at.KEPT_SECOND] = 0.0


@kernel
def _set_by_scans(D, change):
    """What scans have set is no change. (Units that are not by the clock change between scans, too.)"""
    for k in range(D.own.shape[0]):
        if D.by_clock[k] == 1:
            for i in range(D.own[k, 0], D.own[k, 1]):
                change[i] = 0.0


@kernel
def begin_kept(D, M):
    """The change of the step before, which was one of `stepping`."""
    n_y = M.y.shape[0]
    for i in range(n_y):
        M.kept[CHANGE, i] = M.y[i] - M.kept[BEFORE, i]
    for i in range(M.q.shape[0]):
        M.kept[CHANGE, n_y + i] = M.q[i] - M.kept[BEFORE, n_y + i]
    _set_by_scans(D, M.kept[CHANGE])


@kernel
def _less_jump(M, S, factor, first, second, out):
    """Take from `out` what the jump of held outputs between two points did by the matrix."""
    for j in range(S.acting.shape[0]):
        jump = factor * (M.kept[second, S.acting[j, 0]] - M.kept[first, S.acting[j, 0]])
        if jump != 0.0:
            for k in range(S.jump_start[j], S.jump_start[j + 1]):
                out[S.jump_row[k]] -= jump * S.jump[k]


@kernel
def look_back(J, D, M, W, S, h):
    """What a new matrix tells of the step before: h A times its change, its rest; and, if it was one of `stepping`, its
    second-order and third-order part.
    """
    older = S.full
    for i in range(older.shape[0]):
        older[i] = M.kept[BEFORE, i] - M.kept[OLDER, i]
    _set_by_scans(D, older)
    bend(J, M, W, S, h, older, S.bent)
    for i in range(older.shape[0]):
        M.kept[REST, i] = h * (M.kept[RATE, i] - M.kept[OLDER_RATE, i]) - S.bent[i]
    _less_jump(M, S, 1.0, OLDER, BEFORE, M.kept[REST])
    if M.resume[at.KEPT_SECOND] == 0.0:
        for i in range(older.shape[0]):
            M.kept[SECOND, i] = M.kept[CHANGE, i] - older[i]
            M.kept[THIRD, i] = M.kept[SECOND, i] - (older[i] - (M.kept[OLDER, i] - M.kept[OLDEST, i]))
        _set_by_scans(D, M.kept[THIRD])
        _less_jump(M, S, 1.0, OLDER, BEFORE, M.kept[SECOND])
        _less_jump(M, S, 1.0, OLDER, BEFORE, M.kept[THIRD])
        _less_jump(M, S, -1.0, OLDEST, OLDER, M.kept[THIRD])
        M.resume[at.KEPT_SECOND] = 1.0
    bend(J, M, W, S, h, M.kept[CHANGE], M.kept[BENT])
