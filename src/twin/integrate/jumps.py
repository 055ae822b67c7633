"""Units that give their states anew: impulses, fired by events and latches, and scans, due by the clock."""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.sampling import SLACK
from twin.integrate.stepping import move_ramps
from twin.jit import kernel
from twin.plant.evaluate import call_entry, observe, rates

#: Scans asked for: those that are due, and the very first of each unit; floats, as all literals given to kernels.
DUE, FIRST = 0.0, 1.0


@kernel
def _jump(P, M, W, t, unit, what, place, given, seed):
    """Let a unit give its states anew: W.w_aside holds all of this instant. What it books is added to M.q."""
    first_q = P.places[0]
    for i in range(M.y.shape[0]):
        W.dy_aside[i] = M.y[i]
    for i in range(M.q.shape[0]):
        W.w_aside[first_q + i] = 0.0
    W.w_aside[place] = given
    W.w_aside[place + 1] = seed
    call_entry(P.address[unit], what, t, M.y, M.p, W.w_aside, W.dy_aside, P.offsets, P.start[unit])
    for i in range(M.y.shape[0]):
        M.y[i] = W.dy_aside[i]
    for i in range(M.q.shape[0]):
        M.q[i] += W.w_aside[first_q + i]


@kernel
def fire_impulse(P, D, M, W, t, index, value):
    """Fire an impulse, right after a snapshot of this instant."""
    _jump(P, M, W, t, D.impulse[index, 0], D.impulse[index, 1], D.impulse[index, 2], value, 0.0)


@kernel
def scan_due(M, t, which):
    """Whether a unit is to be scanned at t (DUE), or for the first time (FIRST).

    A scan that only rounding puts after t is of that instant: 0.1 s three times is not the float 0.3.
    """
    for i in range(M.scan.shape[0]):
        if M.scan[i, at.SCAN_NEXT] <= t + SLACK * abs(t) and (which == DUE or M.scan[i, at.SCAN_NUMBER] == 0.0):
            return True
    return False


@kernel
def fire_scans(P, D, M, W, C, t):
    """Scan what is due, in the plant's order: each unit sees what those before it have just done.

    Instants are counted from where the period was last changed, so that they do not drift.
    """
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    for i in range(M.scan.shape[0]):
        if M.scan[i, at.SCAN_NEXT] > t + SLACK * abs(t):
            continue
        rates(P, t, M.y, M.p, W.w_aside, W.dy_aside)
        observe(P, t, M.y, M.p, W.w_aside, W.dy_aside)
        number = M.scan[i, at.SCAN_NUMBER]
        _jump(P, M, W, t, D.scan[i, 0], D.scan[i, 1], D.scan[i, 2], number, D.seed[i])
        period = M.p[D.scan[i, 3]]
        if M.scan[i, at.SCAN_PERIOD] != period:
            M.scan[i, at.SCAN_PERIOD] = period
            M.scan[i, at.SCAN_FROM] = t
            M.scan[i, at.SCAN_COUNT] = 0.0
        M.scan[i, at.SCAN_COUNT] += 1.0
        M.scan[i, at.SCAN_NEXT] = M.scan[i, at.SCAN_FROM] + M.scan[i, at.SCAN_COUNT] * period
        M.scan[i, at.SCAN_NUMBER] = number + 1.0
        C.status[at.SCANS] += 1
    if M.resume[at.JUST_FIRED] == 0.0:
        M.resume[at.JUST_FIRED] = 2.0
