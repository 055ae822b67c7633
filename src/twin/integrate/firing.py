"""Events and latches in the compiled loop: rows fired, both sides of the instant recorded.

A guard's side is its last sign other than zero. A latch fires when its guard changes side in its
direction, during a step or across an event. At the start the side is what it is: a guard already
beyond fires nothing, and one that starts at exactly zero takes the side to which it departs. A
located crossing may lie before its zero by rounding; the side is then +2 or -2, which stands for +1
or -1 and holds against the sign until the next step.
"""

from __future__ import annotations

import math

from twin.integrate import tables as at
from twin.integrate.jumps import fire_impulse
from twin.integrate.stepping import move, move_inlets, move_ramps
from twin.jit import kernel
from twin.plant.evaluate import ask, guards

#: More latch firings than this within one second of plant time are chattering.
MOST_FIRINGS = 1000


@kernel
def snapshot(P, M, W, C, X, place, side, t):
    """Record the accepted point before or after an event in the event buffers."""
    after = int(side)
    move_inlets(W.inlets, M, t, side)
    ask(P, X.calls, t, M.y, M.p, W.w_aside, W.dy_aside)
    C.status[at.OBSERVED] += 1
    for i in range(M.y.shape[0]):
        X.event_y[place, after, i] = M.y[i]
    for i in range(X.w_index.shape[0]):
        X.event_w[place, after, i] = W.w_aside[X.w_index[i]]
    for i in range(M.q.shape[0]):
        X.event_q[place, after, i] = M.q[i]


@kernel
def _drop_ramp(M, index):
    """Forget the ramp of a parameter, if it has one."""
    n = int(M.resume[at.N_RAMPS])
    kept = 0
    for i in range(n):
        if int(M.ramp[i, at.RAMP_INDEX]) != index:
            for c in range(M.ramp.shape[1]):
                M.ramp[kept, c] = M.ramp[i, c]
            kept += 1
    M.resume[at.N_RAMPS] = kept


@kernel
def finish_ramps(M, t):
    """Drop ramps that have arrived; their parameters stand at the end value exactly."""
    n = int(M.resume[at.N_RAMPS])
    move_ramps(M.p, M.ramp, n, t)
    kept = 0
    for i in range(n):
        if t < M.ramp[i, at.RAMP_T1]:
            for c in range(M.ramp.shape[1]):
                M.ramp[kept, c] = M.ramp[i, c]
            kept += 1
    M.resume[at.N_RAMPS] = kept


@kernel
def _log(C, X, t, source, row, old, new):
    place = C.status[at.EVENTS_HELD]
    X.log[place, at.LOG_TIME] = t
    X.log[place, at.LOG_SOURCE] = source
    X.log[place, at.LOG_ROW] = row
    X.log[place, at.LOG_OLD] = old
    X.log[place, at.LOG_NEW] = new
    C.status[at.EVENTS_HELD] += 1


@kernel
def fire_event(P, D, E, M, W, C, X, row, t):
    """Fire one row of the event table. The caller has made sure that a place in the log is free."""
    place = C.status[at.EVENTS_HELD]
    snapshot(P, M, W, C, X, place, at.BEFORE, t)
    kind = E.kind[row]
    index = E.index[row]
    value = E.value[row]
    old = 0.0
    new = value
    if kind == at.SET:
        old = M.p[index]
        _drop_ramp(M, index)
        M.p[index] = value
    elif kind == at.RAMP:
        old = M.p[index]
        _drop_ramp(M, index)
        n = int(M.resume[at.N_RAMPS])
        M.ramp[n, at.RAMP_INDEX] = index
        M.ramp[n, at.RAMP_T0] = t
        M.ramp[n, at.RAMP_V0] = old
        M.ramp[n, at.RAMP_T1] = t + E.duration[row]
        M.ramp[n, at.RAMP_V1] = value
        M.resume[at.N_RAMPS] = n + 1
    elif kind == at.ADD:
        old = M.y[index]
        M.y[index] += value
        new = M.y[index]
        if E.book[row] >= 0:
            M.q[E.book[row]] += value
    elif kind == at.ARM:
        old = M.armed[index]
        M.armed[index] = value
    elif kind == at.RESTORE:
        old = M.p[index]
        new = M.old[int(value)]
        _drop_ramp(M, index)
        M.p[index] = new
    elif kind == at.FIRE:
        old = math.nan
        fire_impulse(P, D, M, W, t, index, value)
    M.old[row] = old
    snapshot(P, M, W, C, X, place, at.AFTER, t)
    _log(C, X, t, at.FROM_TABLE, row, old, new)
    C.status[at.EVENTS] += 1


@kernel
def evaluate_guards(P, G, M, W, t, y):
    """Guards at (t, y), and tags that are waited for, into W.guard; ramped parameters are moved to t."""
    move(M, W, t, at.AFTER)
    guards(P, t, y, M.p, W.w_aside, W.dy_aside)
    n = W.guard.shape[0] - G.tag.shape[0]
    for i in range(n):
        W.guard[i] = W.w_aside[P.places[1] + i]
    wanted = False
    for i in range(G.tag.shape[0]):
        W.guard[n + i] = 0.0
    for row in range(G.guard.shape[0]):
        if G.guard[row] >= n and M.armed[row] != 0.0:
            wanted = True
    if not wanted:
        return
    ask(P, G.calls, t, y, M.p, W.w_aside, W.dy_aside)
    for row in range(G.guard.shape[0]):
        if G.guard[row] >= n and M.armed[row] != 0.0:
            i = G.guard[row] - n
            W.guard[n + i] = W.w_aside[G.tag[i]] - G.limit[i]


@kernel
def guards_known(G, W, C):
    """Whether every guard that a latch waits for is a number; notes the first that is none.

    A tag may be none for a time, as the composition of what does not flow: its limit is not passed then.
    """
    n = W.guard.shape[0] - G.tag.shape[0]
    for row in range(G.guard.shape[0]):
        if G.guard[row] < n and math.isnan(W.guard[G.guard[row]]):
            C.status[at.WORST] = G.guard[row]
            return False
    return True


@kernel
def sign(value):
    if value > 0.0:
        return 1.0
    if value < 0.0:
        return -1.0
    return 0.0


@kernel
def watched(G, M, guard, direction):
    """Whether an armed latch waits for the guard to cross in the direction."""
    for row in range(G.guard.shape[0]):
        if G.guard[row] == guard and G.direction[row] == direction and M.armed[row] != 0.0:
            return True
    return False


@kernel
def learn_sides(M, W):
    """Take the guards' signs as their sides; a tag that is waited for has one already."""
    for i in range(W.guard.shape[0]):
        if M.side[i] == 0.0:
            M.side[i] = sign(W.guard[i])
    M.resume[at.SIDES_KNOWN] = 1.0


@kernel
def fire_latches(P, D, G, M, W, C, X, t):
    """Fire what crossed at the accepted point: guards in W.guard, the located one in CUT_GUARD.

    Returns the place of a latch that stops the loop, -1 when none does, -2 when chattering, -3 when
    the log lacks room (nothing was done then). The count fired is added to FIRINGS.
    """
    if C.status[at.EVENTS_HELD] + G.guard.shape[0] > X.log.shape[0]:
        return -3
    stopping = -1
    cut = int(M.resume[at.CUT_GUARD])
    for i in range(W.guard.shape[0]):
        W.side_trial[i] = sign(W.guard[i])
        # the located guard may lie on zero, or before it by rounding: it has crossed all the same
        if i == cut:
            if W.side_trial[i] * M.side[i] >= 0.0:
                W.side_trial[i] = -2.0 * sign(M.side[i])
        elif abs(M.side[i]) == 2.0 and W.side_trial[i] * M.side[i] <= 0.0:
            W.side_trial[i] = M.side[i]
    M.resume[at.CUT_GUARD] = -1.0
    for row in range(G.guard.shape[0]):
        guard = G.guard[row]
        crossed = W.side_trial[guard] * M.side[guard] < 0.0
        if not crossed or M.armed[row] == 0.0 or G.direction[row] != sign(W.side_trial[guard]):
            continue
        place = C.status[at.EVENTS_HELD]
        snapshot(P, M, W, C, X, place, at.BEFORE, t)
        index = G.index[row]
        old = 0.0
        if index >= 0 and G.kind[row] == at.FIRE:
            old = math.nan
            fire_impulse(P, D, M, W, t, index, G.value[row])
        elif index >= 0:
            old = M.p[index]
            _drop_ramp(M, index)
            M.p[index] = G.value[row]
        elif stopping < 0:
            stopping = row
        snapshot(P, M, W, C, X, place, at.AFTER, t)
        _log(C, X, t, at.FROM_LATCH, row, old, G.value[row])
        C.status[at.FIRINGS] += 1
        if not t - M.resume[at.WINDOW_START] <= 1.0:
            M.resume[at.WINDOW_START] = t
            M.resume[at.WINDOW_FIRINGS] = 0.0
        M.resume[at.WINDOW_FIRINGS] += 1.0
        C.status[at.ROW] = row
    for i in range(W.guard.shape[0]):
        if W.side_trial[i] != 0.0:
            M.side[i] = W.side_trial[i]
    if M.resume[at.WINDOW_FIRINGS] > MOST_FIRINGS:
        return -2
    return stopping


@kernel
def finite(values):
    for i in range(values.shape[0]):
        if not math.isfinite(values[i]):
            return False
    return True
