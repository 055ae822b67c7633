"""Steps that go over many scans: held outputs as smooth functions, scans replayed on the dense output.

Within such a step each held output that the plant sees is a cubic and a line: where it goes by itself, and how it
answers to what its controller reads, as some scans beforehand tell (`follow.py`). The step is taken, what scans read is
sampled on its dense output, and the scans are replayed one by one: exactly those of the clock, with their limits, noise
and delays. They give stairs. The integral of these less what the plant saw acts on it as an impulse of that size, whose
effect through the step's own matrix is measured in units of the tolerance. Mostly it is below one, and the step is
done; else it is repeated with the cubic whose means over the stairs are nearest to them, until the two agree (waveform
relaxation, `sweeps.py`), and refused where they do not. So are outputs that jump or jitter: steps then end at every
scan for a while.

References: Lelarasmee, Ruehli & Sangiovanni-Vincentelli, IEEE Trans. CAD 1 (1982) 131,
doi:10.1109/TCAD.1982.1270004 (waveform relaxation).
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.jumps import evaluate, scan_unit
from twin.integrate.stepping import move_ramps, piece
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
def move_signals(P, S, inlets, M, w, t):
    """Set what scans read of other blocks to its values at t, in p and where units read it."""
    if inlets is None:
        return
    for i in range(S.signal.shape[0]):
        source, j = S.signal[i, 0], S.signal[i, 1]
        c = piece(inlets, source, t, at.AFTER)
        start = inlets.time[inlets.time_start[source] + c]
        part = (t - start) / (inlets.time[inlets.time_start[source] + c + 1] - start)
        first = inlets.place_start[source]
        v = inlets.value[inlets.value_start[source] + c * (inlets.place_start[source + 1] - first) + j - first]
        place = inlets.place[j]
        M.p[place] = v[0] + part * (v[1] + part * (v[2] + part * v[3]))
        if 0 <= place - P.places[2] < P.places[4]:
            w[P.places[3] + place - P.places[2]] = M.p[place]


@kernel
def scan_instant(P, D, M, W, S, t, t0, h, y, clock):
    """Scan all units by the clock that are due at t, within the step of length h from t0; gives how many."""
    theta = (t - t0) / h
    n_ramps = int(M.resume[at.N_RAMPS])
    move_signals(P, S, W.inlets, M, W.w_aside, t)
    if n_ramps > 0:
        move_ramps(M.p, M.ramp, n_ramps, t)
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
def keep_shown(D, S, number):
    """Keep the states of the units by the clock at a sample of the step that is tried."""
    row = int(number - S.told[0])
    if row >= S.shown.shape[0]:
        S.told[1] = 0.0
        return
    place = 0
    for i in range(D.own.shape[0]):
        if D.by_clock[i] == 1:
            for k in range(D.own[i, 0], D.own[i, 1]):
                S.shown[row, place] = S.y_scan[k]
                place += 1


@kernel
def show_sample(P, D, M, W, C, S, t, out):
    """States of the units by the clock at the next sample of the pending step, at t."""
    if S.told[1] == 0.0:
        replay(P, D, M, W, C, S, t)
        show_held(D, M.y, out)
        return
    row = int(M.resume[at.NEXT_SAMPLE] - S.told[0])
    place = 0
    for i in range(D.own.shape[0]):
        if D.by_clock[i] == 1:
            for k in range(D.own[i, 0], D.own[i, 1]):
                out[k] = S.shown[row, place]
                place += 1


@kernel
def show_smooth(S, s, out):
    """Put the cubics that stand for held outputs, s seconds into the pending step, into a vector of states."""
    for j in range(S.acting.shape[0]):
        c = S.curve[j]
        out[S.acting[j, 0]] = c[0] + s * (c[1] + s * (c[2] + s * c[3]))


@kernel
def begin(D, M, C, S, remaining):
    """Whether a step over scans is due: gives the shortest that is worth it; infinite where none is."""
    least = FEWEST * shortest_period(D, M)
    if C.settings[at.RELAXED] == 0.0 or M.resume[at.PATIENCE] > 0.0 or not least <= remaining:
        return math.inf
    if M.resume[at.WINDOW] < least:
        M.resume[at.WINDOW] = max(FIRST_WINDOW / FEWEST * least, M.resume[at.WINDOW])
    M.resume[at.OVER_SCANS] = 1.0
    return least


@kernel
def leave(M, S):
    """Put the held outputs back."""
    for j in range(S.acting.shape[0]):
        S.rate[j] = 0.0
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
    """Remember how what scans read moves at the end of the step, and how long the next may be."""
    for k in range(S.wire.shape[0]):
        c = S.wire[k]
        M.drift[k] = (c[1] + 2.0 * c[2] + 3.0 * c[3]) / h
    # one sweep is usual, and the next step may be longer; two are what one may cost, and more say that it is too long
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
    """The scans within the pending step, for good: as they were replayed when the step was tried."""
    if M.resume[at.OVER_SCANS] != 0.0:
        if S.told[1] == 0.0:
            replay(P, D, M, W, C, S, M.resume[at.T_PENDING])
            show_held(D, M.y, W.y_new)
        else:
            for i in range(M.scan.shape[0]):
                C.status[at.SCANS] += int(S.clock[i, at.SCAN_NUMBER] - M.scan[i, at.SCAN_NUMBER])
                for k in range(M.scan.shape[1]):
                    M.scan[i, k] = S.clock[i, k]
            show_held(D, S.y_scan, W.y_new)
        M.resume[at.OVER_SCANS] = 0.0
    elif M.resume[at.PATIENCE] > 0.0:
        M.resume[at.PATIENCE] -= 1.0
