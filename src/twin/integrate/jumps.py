"""Units that give their states anew: impulses, fired by events and latches, and scans, due by the clock."""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.stepping import move
from twin.jit import kernel
from twin.plant.evaluate import ask
from twin.plant.interpreted import call_entry

#: Scans asked for: those that are due, and the very first of each unit; floats, as all literals given to kernels.
DUE, FIRST = 0.0, 1.0


@kernel
def fire_impulse(P, D, M, W, t, index, value):
    """Fire an impulse, with parameters as they are at this instant. What it books is added to M.q."""
    unit = D.impulse[index, 0]
    place = D.impulse[index, 2]
    first_q = P.places[0]
    ask(P, D.asked, t, M.y, M.p, W.w_aside, W.dy_aside)
    for i in range(M.y.shape[0]):
        W.dy_aside[i] = M.y[i]
    for i in range(M.q.shape[0]):
        W.w_aside[first_q + i] = 0.0
    W.w_aside[place] = value
    W.w_aside[place + 1] = 0.0
    call_entry(P.address[unit], D.impulse[index, 1], t, M.y, M.p, W.w_aside, W.dy_aside, P.offsets, P.start[unit])
    for i in range(M.y.shape[0]):
        M.y[i] = W.dy_aside[i]
    for i in range(M.q.shape[0]):
        M.q[i] += W.w_aside[first_q + i]


@kernel
def scan_due(M, t, which):
    """Whether a unit is to be scanned at t (DUE), or for the first time (FIRST).

    A scan that only rounding puts after t is of that instant: 0.1 s three times is not the float 0.3.
    """
    for i in range(M.scan.shape[0]):
        if M.scan[i, at.SCAN_NEXT] <= t + at.SLACK * abs(t) and (which == DUE or M.scan[i, at.SCAN_NUMBER] == 0.0):
            return True
    return False


@kernel
def evaluate(P, calls, first, end, t, y, p, w, dy):
    """Some of the plant's calls, in order."""
    for i in range(first, end):
        k = calls[i, 0]
        call_entry(P.address[k], calls[i, 1], t, y, p, w, dy, P.offsets, P.start[k])


@kernel
def read_plant(P, D, M, W, t, y, w):
    """What scans read of the plant at (t, y) into w; ramped parameters are moved to t."""
    move(M, W, t, at.AFTER)
    for i in range(P.places[4]):
        w[P.places[3] + i] = M.p[P.places[2] + i]
    evaluate(P, D.read, 0, D.read.shape[0], t, y, M.p, w, W.dy_aside)


@kernel
def scan_unit(P, D, M, W, i, t, y, clock, w):
    """Scan unit i, having in w what it reads: its states in y, its next scan in `clock` [units, 5].

    Instants are counted from where the period was last changed, so that they do not drift.
    """
    first, end = D.own[i, 0], D.own[i, 1]
    for k in range(first, end):
        W.dy_aside[k] = y[k]
    place = D.scan[i, 2]
    number = clock[i, at.SCAN_NUMBER]
    w[place] = number
    w[place + 1] = D.seed[i]
    unit = D.scan[i, 0]
    call_entry(P.address[unit], D.scan[i, 1], t, y, M.p, w, W.dy_aside, P.offsets, P.start[unit])
    for k in range(first, end):
        y[k] = W.dy_aside[k]
    period = M.p[D.scan[i, 3]]
    if clock[i, at.SCAN_PERIOD] != period:
        clock[i, at.SCAN_PERIOD] = period
        clock[i, at.SCAN_FROM] = t
        clock[i, at.SCAN_COUNT] = 0.0
    clock[i, at.SCAN_COUNT] += 1.0
    clock[i, at.SCAN_NEXT] = clock[i, at.SCAN_FROM] + clock[i, at.SCAN_COUNT] * period
    clock[i, at.SCAN_NUMBER] = number + 1.0
    evaluate(P, D.after, D.after_start[i], D.after_start[i + 1], t, y, M.p, w, W.dy_aside)


@kernel
def fire_scans(P, D, M, W, C, t, w):
    """Scan what is due, in the plant's order: each unit sees what those before it have just done.

    What they read is left in w.
    """
    read_plant(P, D, M, W, t, M.y, w)
    for i in range(M.scan.shape[0]):
        if M.scan[i, at.SCAN_NEXT] > t + at.SLACK * abs(t):
            continue
        scan_unit(P, D, M, W, i, t, M.y, M.scan, w)
        C.status[at.SCANS] += 1
        if D.by_clock[i] == 0 and M.resume[at.JUST_FIRED] != 1.0:
            M.resume[at.JUST_FIRED] = 3.0
    if M.resume[at.JUST_FIRED] == 0.0:
        M.resume[at.JUST_FIRED] = 2.0
