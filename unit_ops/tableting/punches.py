"""Laws of a tablet's way through a rotary press beside compaction: dwell, speed, recovery, lubrication, ejection.

References: dwell of flat-headed punches is geometry; Roberts & Rowe, J. Pharm. Pharmacol. 37 (1985) 377 (yield
pressure rises with punch speed); Tye, Sun & Amidon, J. Pharm. Sci. 94 (2005) 465, doi:10.1002/jps.20262
(strength at a given solid fraction does not depend on speed); Armstrong & Haines-Nutt, Powder Technol. 9 (1974)
287 (elastic recovery); Kushner & Moore, Int. J. Pharm. 399 (2010) 19 (lubrication and strength).
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel
from unit_ops.smooth import above_zero


@kernel
def dwell_time(flat, pitch_diameter, N):
    """Time for which the flat part of a punch head rests under the roll [s]."""
    return flat / (math.pi * pitch_diameter * N)


@empirical("Pa", "Pa", "1/s", "1/s", "1", "1", returns="Pa")
def effective_pressure(P_pre, P, N, N_ref, roll_ratio, exponent):
    """Pressure at N_ref that compacts as much as pre- and main compression do at turret speed N.

    The greater of the two pressures counts (laws of compaction know no time), times the dwell over
    that at N_ref to the power `exponent` (0: no effect of speed). Precompression adds its own dwell
    (`roll_ratio` times that of the main roll) weighted by P_pre/P, never more than in full. The
    power is a working form, N below a hundredth of N_ref counts as that: a turret at rest presses
    no tablets.
    """
    greater = P + above_zero(P_pre - P, 1e-3 * P)
    slow = math.sqrt(N * N + 1e-4 * N_ref * N_ref)
    dwell = N_ref / slow * (1.0 + roll_ratio * P_pre / greater)
    return greater * dwell**exponent


@empirical("Pa", "Pa", "1/s", "1/s", "1", "1", returns="Pa")
def roll_pressure(felt, P_pre, N, N_ref, roll_ratio, exponent):
    """Main pressure P whose :func:`effective_pressure` is `felt`, for P_pre < P and an exponent of at most a half.

    With z = ln P: z + e ln(1 + roll_ratio P_pre/P) = ln felt − e ln(N_ref/N). The left side is convex and rises
    with slopes 1 − e to 1: Newton from z = the right side comes down on the root without passing it.
    """
    if felt <= 0.0 or exponent == 0.0:
        return felt
    slow = math.sqrt(N * N + 1e-4 * N_ref * N_ref)
    wanted = math.log(felt) - exponent * math.log(N_ref / slow)
    z = wanted
    for _ in range(10):
        P = math.exp(z)
        over = z + exponent * math.log1p(roll_ratio * P_pre / P) - wanted
        z -= over / (1.0 - exponent + exponent * P / (P + roll_ratio * P_pre))
    return math.exp(z)


@kernel
def recovered_density(D, P, recovery):
    """Relative density after ejection: the height grows by the share recovery × P of itself."""
    return D / (1.0 + recovery * P)


@kernel
def lubricated(extent, loss, rate):
    """Strength over that without lubrication: (1 − β) + β exp(−γk), β = loss, γ = rate, k = extent."""
    return 1.0 - loss + loss * math.exp(-rate * extent)


@kernel
def wall_friction(extent, bare, lubricated_friction, rate):
    """Coefficient of friction at the die wall: from bare to well lubricated, as the strength falls."""
    return lubricated_friction + (bare - lubricated_friction) * math.exp(-rate * extent)


@kernel
def ejection_force(friction, P_radial, diameter, height):
    """Force that starts a tablet along the die wall against the radial pressure left in it."""
    return friction * P_radial * math.pi * diameter * height
