"""Guard crossings within a step: searched at interior points, located on the dense output."""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.firing import evaluate_guards, sign, watched
from twin.integrate.stepping import interpolate, move
from twin.jit import kernel
from twin.plant.evaluate import rates

#: Points in a step at which guards are looked at, so that a double crossing is rarely missed.
LOOKS = 4
#: Part of a step over which the change of the rates is looked at, to foresee a crossing.
AHEAD = 2.0**-10


@kernel
def _guard_at(P, G, M, W, t, h, theta, guard):
    interpolate(theta, M.y, W.y_new, W.dense, W.y_dense)
    evaluate_guards(P, G, M, W, t + theta * h, W.y_dense)
    return W.guard[guard]


@kernel
def find_crossing(P, G, M, W, t, h):
    """First watched crossing in the step from (t, M.y) to W.y_new.

    Returns (part of the step, guard): the end of a bracket of rounding width that lies beyond the
    crossing; (2.0, -1) when there is none. Needs the dense output prepared.
    """
    for i in range(M.side.shape[0]):
        W.side_trial[i] = M.side[i]
    before = 0.0
    for look in range(1, LOOKS + 1):
        theta = look / LOOKS
        interpolate(theta, M.y, W.y_new, W.dense, W.y_dense)
        evaluate_guards(P, G, M, W, t + theta * h, W.y_dense)
        found = -1
        first = 2.0
        for i in range(M.side.shape[0]):
            s = sign(W.guard[i])
            if s * W.side_trial[i] < 0.0 and watched(G, M, i, s):
                # marked by 3: located below, since locating overwrites W.guard
                W.side_trial[i] = 3.0 * s
                found = i
            elif s != 0.0:
                W.side_trial[i] = s
        if found >= 0:
            guard = -1
            for i in range(M.side.shape[0]):
                if abs(W.side_trial[i]) == 3.0:
                    root = _locate(P, G, M, W, t, h, before, theta, i, sign(W.side_trial[i]))
                    if root < first:
                        first = root
                        guard = i
            return first, guard
        before = theta
    return 2.0, -1


@kernel
def foresee(P, G, M, W, C, t, h):
    """Part of a refused step after which a watched guard crosses, by the rates at its beginning; 2.0 where none does.

    A law often bends where its guard crosses (a vessel runs empty), and that is why the step was refused. The state
    is led on by its rates and their change in time, as if nothing bent; `W.f` holds the rates.
    """
    n = M.y.shape[0]
    ahead = h * AHEAD
    for i in range(n):
        W.y_stage[i] = M.y[i] + ahead * W.f[i]
    move(M, W, t + ahead, at.BEFORE)
    rates(P, t + ahead, W.y_stage, M.p, W.w, W.dy)
    C.status[at.RHS] += 1
    for i in range(n):
        bent = 0.5 * h * h * (W.dy[i] - W.f[i]) / ahead
        W.y_new[i] = M.y[i] + h * W.f[i] + bent
        W.dense[0, i] = -bent
        W.dense[1, i] = 0.0
        W.dense[2, i] = 0.0
    theta, _ = find_crossing(P, G, M, W, t, h)
    return theta


@kernel
def _locate(P, G, M, W, t, h, low, high, guard, beyond):
    """Illinois' regula falsi for a guard that has sign `beyond` at `high`; gives the far end of the bracket."""
    g_low = _guard_at(P, G, M, W, t, h, low, guard)
    g_high = _guard_at(P, G, M, W, t, h, high, guard)
    if sign(g_low) == beyond:
        return low
    width = (4.0 * 2.0**-52 * (abs(t) + h)) / h + 1e-13
    retained = 0
    for _ in range(100):
        if high - low <= width:
            break
        theta = high - g_high * (high - low) / (g_high - g_low)
        # keep off the ends: a point outside the bracket, or NaN, falls back on bisection
        if not (theta > low and theta < high):
            theta = 0.5 * (low + high)
        theta = min(max(theta, low + 0.25 * width), high - 0.25 * width)
        g = _guard_at(P, G, M, W, t, h, theta, guard)
        if sign(g) == beyond or g == 0.0:
            high = theta
            g_high = g
            if g == 0.0:
                break
            if retained == 1:
                g_low *= 0.5
            retained = 1
        else:
            low = theta
            g_low = g
            if retained == -1:
                g_high *= 0.5
            retained = -1
    return high
