"""Held outputs that give way within a step over scans: a line through what their scans do, in the step's own matrix.

A step over scans is begun with a guess of what scans read and of the outputs that belong to it. Where what they read
turns out otherwise, the outputs would be otherwise, too. How much is told by a few scans beforehand, once with what is
read now and once with each of it a little higher: what an output differs by is its gain, and what that grows by from
scan to scan its integral action. Within the step an output is the guess and this line over it, half a period late; so
the plant's step sees its loops closed, as with continuous controllers, and of a PI the guess matters little. The scans
on what comes out are what counts (`sweeps.py`): the lines only spare sweeps.
"""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.jumps import read_plant
from twin.integrate.scans import next_scan, scan_instant, show_held
from twin.jit import kernel

#: Scans of each unit by which gains are found, after the first: one half of them, and the other.
HALF = 4
#: Instants of scans for that, where periods differ.
MOST = 64
#: Later than any scan.
NEVER = 1e300
#: Part of a wire's value by which it is raised.
RAISE = 2.0**-16
#: Changes of an output that are less than this part of it are rounding.
ROUNDING = 2.0**-36
#: The two halves of an integral action differ by no more than this part.
STEADY = 0.05


@kernel
def _some_scans(P, D, M, W, S, t, row):
    """Some scans after t with the wires as they are in S.wire: outputs after the first of each, and after both halves.

    Where a unit is much slower than others its halves may be cut short.
    """
    number = int(row)
    for i in range(M.scan.shape[0]):
        for k in range(M.scan.shape[1]):
            S.clock[i, k] = M.scan[i, k]
    show_held(D, M.y, S.y_scan)
    for j in range(S.acting.shape[0]):
        S.y_scan[S.acting[j, 0]] = S.held[j]
        S.tally[j] = 0.0
    for _ in range(MOST):
        when = next_scan(D, S.clock, NEVER)
        for j in range(S.acting.shape[0]):
            if S.clock[S.acting[j, 1], at.SCAN_NEXT] <= when + at.SLACK * abs(when):
                S.tally[j] += 1.0
        scan_instant(P, D, M, W, S, when, t, 1.0, S.y_scan, S.clock)
        waiting = False
        for j in range(S.acting.shape[0]):
            # the places of those to come are filled with the last one, too
            for part in range(3):
                if S.tally[j] <= 1.0 + part * HALF:
                    S.tried[number, part, j] = S.y_scan[S.acting[j, 0]]
                    S.seen[part, j] = when
                    waiting = waiting or S.tally[j] < 1.0 + part * HALF
        if not waiting:
            return


@kernel
def look_ahead(P, D, M, W, S, t):
    """Set what a step over scans from t is to begin with: S.smooth, S.aim, S.gain, and M.y where outputs are held."""
    for j in range(S.acting.shape[0]):
        S.held[j] = M.y[S.acting[j, 0]]
        if S.spare[j] >= 0:
            S.start[j] = M.y[S.spare[j]]
    read_plant(P, D, M, W, t, M.y, W.w_aside)
    for k in range(S.wire.shape[0]):
        for m in range(4):
            S.wire[k, m] = 0.0
            S.aim[k, m] = 0.0
        S.aim[k, 0] = W.w_aside[D.wires[k]]
        S.aim[k, 1] = M.drift[k]
        S.wire[k, 0] = S.aim[k, 0]
        S.wire[k, 1] = S.aim[k, 1]
    _some_scans(P, D, M, W, S, t, 0.0)
    for j in range(S.acting.shape[0]):
        apart = S.seen[2, j] - S.seen[1, j]
        S.smooth[j, 1] = 0.0
        if apart > 0.0:
            S.smooth[j, 1] = (S.tried[0, 2, j] - S.tried[0, 1, j]) / apart
        S.smooth[j, 2] = 0.0
        S.smooth[j, 3] = 0.0
    last = -1
    for n in range(S.pair.shape[0]):
        j, k = S.pair[n, 0], S.pair[n, 1]
        raised = RAISE * abs(S.aim[k, 0])
        S.gain[n, 0] = 0.0
        S.gain[n, 1] = 0.0
        if not raised > 0.0:
            continue
        if k != last:  # pairs stand wire by wire
            S.wire[k, 0] += raised
            _some_scans(P, D, M, W, S, t, 1.0)
            S.wire[k, 0] = S.aim[k, 0]
            last = k
        first = S.tried[1, 0, j] - S.tried[0, 0, j]
        half = S.tried[1, 1, j] - S.tried[0, 1, j]
        whole = S.tried[1, 2, j] - S.tried[0, 2, j]
        if not abs(whole) > ROUNDING * abs(S.tried[0, 2, j]):
            continue
        S.gain[n, 0] = whole / raised
        apart = S.seen[2, j] - S.seen[1, j]
        steady = abs((whole - half) - (half - first)) <= STEADY * abs(whole - half)
        if steady and S.spare[j] >= 0 and apart > 0.0:
            S.gain[n, 0] = first / raised
            S.gain[n, 1] = (whole - half) / (apart * raised)
        S.smooth[j, 2] += 0.5 * S.gain[n, 1] * S.aim[k, 1]
    for j in range(S.acting.shape[0]):
        c, i = S.smooth[j], S.acting[j, 1]
        # half a period late, as a held output is: it is met in the middle of its stair
        period = M.scan[i, at.SCAN_PERIOD]
        c[1] -= c[2] * (S.seen[1, j] + S.seen[2, j] + period - 2.0 * t)
        now = M.scan[i, at.SCAN_NEXT] - 0.5 * period - t
        c[0] = S.held[j] - now * (c[1] + now * c[2])
        M.y[S.acting[j, 0]] = c[0]
        S.rate[j] = 2.0 / period
