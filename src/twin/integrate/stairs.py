"""Stairs of held outputs within a step over scans, and the cubics that stand for them."""

from __future__ import annotations

from twin.jit import kernel

#: Columns of Over.residue.
INTEGRAL, GREATEST, RIPPLE, VALUE, STAIRS, MOMENT, NORMAL, SMOOTH = 0, 1, 2, 3, 4, 5, 9, 19
COLUMNS = 20


@kernel
def smooth_integral(c, s):
    """Integral of a cubic from the step's beginning."""
    return s * (c[0] + s * (c[1] / 2.0 + s * (c[2] / 3.0 + s * c[3] / 4.0)))


@kernel
def add_stair(S, j, first, last, h):
    """Account for one stair of a held output: its moments, and how far the cubic goes astray within it.

    Stairs are told in their order: each begins where the one before has ended.
    """
    r = S.residue[j]
    u = r[VALUE]
    width = last - first
    if not width > 0.0:
        return
    r[STAIRS] += 1.0
    relative = u - S.held[j]
    a, b = first, last
    for k in range(4):
        # integral of the part to the power k; over the stair's length it is its mean
        S.mean[k] = (b - a) / (k + 1.0)
        r[MOMENT + k] += relative * S.mean[k]
        a *= first
        b *= last
    place = NORMAL
    share = 1.0 / width
    for k in range(4):
        for i in range(k + 1):
            r[place] += S.mean[k] * S.mean[i] * share
            place += 1
    begun = r[SMOOTH]
    middle = smooth_integral(S.curve[j], 0.5 * (first + last) * h)
    ended = smooth_integral(S.curve[j], last * h)
    stair = u * width * h
    half = r[INTEGRAL] + 0.5 * stair - (middle - begun)
    r[RIPPLE] = max(r[RIPPLE], abs(half - r[INTEGRAL] - 0.5 * (stair - (ended - begun))))
    r[INTEGRAL] += stair - (ended - begun)
    r[SMOOTH] = ended
    if abs(r[INTEGRAL]) > abs(r[GREATEST]):
        r[GREATEST] = r[INTEGRAL]


@kernel
def fit(S, h):
    """The cubic whose means over the stairs are nearest to the stairs just found; of few stairs, a simpler one.

    So a ramp of scans is met exactly: half a period late, as a held output is.
    """
    for j in range(S.acting.shape[0]):
        r = S.residue[j]
        n = int(min(max(r[STAIRS] - 1.0, 1.0), 4.0))
        place = NORMAL
        for k in range(n):
            for i in range(k + 1):
                S.normal[k, i] = r[place]
                S.normal[i, k] = r[place]
                place += 1
            S.normal[k, 4] = r[MOMENT + k]
        for k in range(n):
            for i in range(k + 1, n):
                factor = S.normal[i, k] / S.normal[k, k]
                for m in range(k, n):
                    S.normal[i, m] -= factor * S.normal[k, m]
                S.normal[i, 4] -= factor * S.normal[k, 4]
        scale = 1.0
        for k in range(4):
            S.smooth[j, k] = 0.0
        for back in range(n):
            k = n - 1 - back
            total = S.normal[k, 4]
            for i in range(k + 1, n):
                total -= S.normal[k, i] * S.mean[i]
            S.mean[k] = total / S.normal[k, k]
        for k in range(n):
            S.smooth[j, k] = S.mean[k] * scale
            scale /= h
        S.smooth[j, 0] += S.held[j]
