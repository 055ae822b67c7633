"""Steps that go over many scans: held outputs as smooth functions, scans replayed on the dense output.

Within such a step each held output that the plant sees is a cubic: the one whose means over the stairs of its scans are
nearest to the stairs. The step is taken, what scans read is sampled on its dense output, and the scans are replayed one
by one: exactly those of the clock, with their limits, noise and delays. They give new stairs, the next cubic, and so on
until the two agree (waveform relaxation, `sweeps.py`). What is left, the integral of stairs less cubic, acts on the
plant as an impulse of that size; its effect through the step's own matrix is measured in units of the tolerance, and
the step is refused where that is more than one. So are outputs that jump or jitter: steps then end at every scan for a
while, as they do without relaxation.

References: Lelarasmee, Ruehli & Sangiovanni-Vincentelli, IEEE Trans. CAD 1 (1982) 131,
doi:10.1109/TCAD.1982.1270004 (waveform relaxation).
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.jumps import evaluate, scan_unit
from twin.integrate.stepping import move_ramps
from twin.jit import kernel

#: A step over fewer periods than this is not worth its sweeps.
FEWEST = 3.0
#: The first step over scans goes over so many.
FIRST_WINDOW = 8.0
#: Steps that end at every scan before the next try: at first, and at most.
LEAST_PATIENCE, MOST_PATIENCE = 4.0, 64.0
#: The hold's error grows with this power of the step, or so: exponent of the step control.
HOLD_EXPONENT = 1.0 / 3.0


@kernel
def shortest_period(D, M):
    """Shortest period of the units by the clock; infinite without any."""
    shortest = float("inf")
    for i in range(M.scan.shape[0]):
        if D.by_clock[i] == 1:
            shortest = min(shortest, M.scan[i, at.SCAN_PERIOD])
    return shortest


@kernel
def stop_over_scans(E, D, M, C):
    """Where a step over scans must end: the next event, the end of a ramp or of the run, a scan of another kind."""
    stop = C.settings[at.T_END]
    row = int(M.resume[at.NEXT_ROW])
    if row < E.time.shape[0]:
        stop = min(stop, E.time[row])
    for i in range(int(M.resume[at.N_RAMPS])):
        stop = min(stop, M.ramp[i, at.RAMP_T1])
    for i in range(M.scan.shape[0]):
        if D.by_clock[i] == 0 or M.scan[i, at.SCAN_NUMBER] == 0.0:
            stop = min(stop, M.scan[i, at.SCAN_NEXT])
    return stop


@kernel
def next_scan(D, clock, before):
    """Time of the next scan of a unit by the clock; infinite when there is none before that instant."""
    found = float("inf")
    for i in range(clock.shape[0]):
        if D.by_clock[i] == 1:
            found = min(found, clock[i, at.SCAN_NEXT])
    # a scan that only rounding puts before the instant belongs to it
    if found < before - at.SLACK * abs(before):
        return found
    return float("inf")


@kernel
def to_a_scan(D, M, t, h):
    """A step from t that ends at a scan of the unit by the clock with the shortest period, no longer than h."""
    period = float("inf")
    end = t + h
    for i in range(M.scan.shape[0]):
        if D.by_clock[i] == 1 and M.scan[i, at.SCAN_PERIOD] < period:
            period = M.scan[i, at.SCAN_PERIOD]
            count = math.floor((t + h - M.scan[i, at.SCAN_FROM]) / period)
            end = M.scan[i, at.SCAN_FROM] + count * period
    if end > t:
        return end
    return t + h


@kernel
def scan_instant(P, D, M, W, S, t, t0, h, y, clock):
    """Scan all units by the clock that are due at t, within the step of length h from t0; gives how many."""
    theta = (t - t0) / h
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    for i in range(P.places[4]):
        W.w_aside[P.places[3] + i] = M.p[P.places[2] + i]
    for k in range(D.wires.shape[0]):
        c = S.wire[k]
        W.w_aside[D.wires[k]] = c[0] + theta * (c[1] + theta * (c[2] + theta * c[3]))
    evaluate(P, D.fast, D.after_start[0], D.fast.shape[0], t, y, M.p, W.w_aside, W.dy_aside)
    scanned = 0
    for i in range(clock.shape[0]):
        if D.by_clock[i] == 1 and clock[i, at.SCAN_NEXT] <= t + at.SLACK * abs(t):
            scan_unit(P, D, M, W, i, t, y, clock, W.w_aside)
            scanned += 1
    return scanned


@kernel
def replay(P, D, M, W, C, S, until):
    """For good: the scans of the pending step before `until`, on M.y and M.scan."""
    t0 = M.resume[at.T]
    while True:
        t = next_scan(D, M.scan, until)
        if math.isinf(t):
            return
        C.status[at.SCANS] += scan_instant(P, D, M, W, S, t, t0, M.resume[at.H_PENDING], M.y, M.scan)


@kernel
def show_held(D, y, out):
    """Put the states of the units by the clock into another vector of states."""
    for i in range(D.own.shape[0]):
        if D.by_clock[i] == 1:
            for k in range(D.own[i, 0], D.own[i, 1]):
                out[k] = y[k]


@kernel
def begin(D, M, C, S, remaining):
    """Begin a step over scans if one is due: gives the shortest that is worth it; infinite where none is.

    Held outputs go on as they did at the end of the last such step, half a period late.
    """
    least = FEWEST * shortest_period(D, M)
    if C.settings[at.RELAXED] == 0.0 or M.resume[at.PATIENCE] > 0.0 or not least <= remaining:
        return math.inf
    if M.resume[at.WINDOW] < least:
        M.resume[at.WINDOW] = max(FIRST_WINDOW / FEWEST * least, M.resume[at.WINDOW])
    for j in range(S.acting.shape[0]):
        u = M.y[S.acting[j, 0]]
        S.held[j] = u
        S.smooth[j, 0] = u - 0.5 * M.pace[j] * M.scan[S.acting[j, 1], at.SCAN_PERIOD]
        S.smooth[j, 1] = M.pace[j]
        S.smooth[j, 2] = 0.0
        S.smooth[j, 3] = 0.0
        M.y[S.acting[j, 0]] = S.smooth[j, 0]
    M.resume[at.OVER_SCANS] = 1.0
    return least


@kernel
def leave(M, S):
    """Put the held outputs back."""
    for j in range(S.acting.shape[0]):
        M.y[S.acting[j, 0]] = S.held[j]
        for k in range(4):
            S.smooth[j, k] = 0.0


@kernel
def abandon(M, S):
    """The step over scans that was begun, if one was, is not taken."""
    if M.resume[at.OVER_SCANS] != 0.0:
        leave(M, S)
        M.resume[at.OVER_SCANS] = 0.0


@kernel
def give_up(M, S):
    """The step over scans has become too short: the next ones end at every scan, the more the oftener it fails."""
    abandon(M, S)
    M.resume[at.WINDOW] = 0.0
    M.resume[at.PATIENCE] = min(max(LEAST_PATIENCE, 2.0 * M.resume[at.LAST_PATIENCE]), MOST_PATIENCE)
    M.resume[at.LAST_PATIENCE] = M.resume[at.PATIENCE]


@kernel
def shorten(M, h, hold):
    """The longest step over scans to be tried next, where the hold's error was too large."""
    factor = 0.5
    if math.isfinite(hold):
        factor = min(factor, max(0.1, 0.8 * hold**-HOLD_EXPONENT))
    M.resume[at.WINDOW] = h * factor


@kernel
def accept(D, M, C, S, h, hold, sweeps):
    """Remember how fast held outputs move at the end of the step, and how long the next may be."""
    for j in range(S.acting.shape[0]):
        c = S.smooth[j]
        M.pace[j] = c[1] + h * (2.0 * c[2] + h * 3.0 * c[3])
    # two sweeps are what a step over scans is to cost: what one does is too short, what needs four too long
    factor = 2.0
    if sweeps == 2:
        factor = min(1.6, 0.9 * max(hold, 1e-3) ** -HOLD_EXPONENT)
    elif sweeps > 2:
        factor = 0.9 if sweeps == 3 else 0.7
    # it was cut by less than a period to end at a scan
    whole = max(h, min(M.resume[at.WINDOW], h + shortest_period(D, M)))
    M.resume[at.WINDOW] = whole * factor
    M.resume[at.LAST_PATIENCE] *= 0.5
    C.status[at.OVER] += 1
    C.status[at.HOLD_ERROR] = max(C.status[at.HOLD_ERROR], int(1000.0 * hold))
    leave(M, S)


@kernel
def commit_scans(P, D, M, W, C, S):
    """The rest of the scans within the pending step, for good."""
    if M.resume[at.OVER_SCANS] != 0.0:
        replay(P, D, M, W, C, S, M.resume[at.T_PENDING])
        show_held(D, M.y, W.y_new)
        M.resume[at.OVER_SCANS] = 0.0
    elif M.resume[at.PATIENCE] > 0.0:
        M.resume[at.PATIENCE] -= 1.0
