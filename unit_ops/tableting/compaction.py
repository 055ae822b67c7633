"""Laws of powder compaction: relative density from pressure, tensile strength, crushing force.

Pressures and strengths in Pa. Each law has two material constants, one a pure number and one per
pressure (or the strength at zero porosity), so that a press can switch laws without other inputs.

References: Kawakita & Lüdde, Powder Technol. 4 (1971) 61,
doi:10.1016/0032-5910(71)80001-3; Heckel, Trans. Metall. Soc. AIME 221
(1961) 671; Kuentz & Leuenberger, J. Pharm. Sci. 88 (1999) 174,
doi:10.1021/js980369a; Ryshkewitch, J. Am. Ceram. Soc. 36
(1953) 65; Leuenberger, Int. J. Pharm. 12 (1982) 41; Fell & Newton, J. Pharm. Sci. 59 (1970) 688;
Kuentz & Leuenberger, Powder Technol. 111 (2000) 145 (percolation of strength, exponent 2.7; hardness that
goes with the modified Heckel law).
"""

from __future__ import annotations

import math
from enum import IntEnum

from twin.jit import empirical, kernel
from unit_ops.smooth import above_zero


class Compaction(IntEnum):
    """Relative density of the tablet as a function of the compression pressure."""

    KAWAKITA = 0
    HECKEL = 1
    KUENTZ_LEUENBERGER = 2


class Strength(IntEnum):
    """Tensile strength of the tablet."""

    RYSHKEWITCH_DUCKWORTH = 0
    LEUENBERGER = 1
    PERCOLATION = 2
    KUENTZ_LEUENBERGER = 3


@kernel
def kawakita(P, a, b):
    """Volume reduction (V₀ − V)/V₀ = abP/(1 + bP)."""
    return a * b * P / (1.0 + b * P)


@kernel
def kawakita_pressure(C, a, b):
    """Pressure that brings about the volume reduction C < a."""
    return C / (b * (a - C))


@kernel
def heckel(P, A, K):
    """Relative density D from ln 1/(1 − D) = KP + A."""
    return 1.0 - math.exp(-(K * P + A))


@kernel
def kuentz_leuenberger_pressure(D, rho_c, C):
    """Pressure that brings a powder of critical relative density rho_c to relative density D."""
    y = (1.0 - D) / (1.0 - rho_c)
    return (rho_c - D - (1.0 - rho_c) * math.log(y)) / C


@kernel
def kuentz_leuenberger(P, rho_c, C):
    """Relative density at pressure P: the inverse of :func:`kuentz_leuenberger_pressure`.

    With z = ln((1 − D)/(1 − rho_c)) the law reads e^z − z − 1 = q, q = CP/(1 − rho_c). Newton from
    z = −(q + √2q), which lies on the convex side of the root, converges monotonically; eight steps
    reach rounding for every q. The 1e-14 keeps the slope e^z − 1 from vanishing at P = 0.
    """
    q = above_zero(C * P / (1.0 - rho_c), 1e-9) + 1e-14
    z = -(q + math.sqrt(2.0 * q))
    for _ in range(8):
        z -= (math.exp(z) - z - 1.0 - q) / (math.exp(z) - 1.0)
    return 1.0 - (1.0 - rho_c) * math.exp(z)


@kernel
def relative_density(law, P, D_0, constant, compressibility):
    """Solid fraction of the tablet.

    law: `Compaction`; P [Pa]; D_0 solid fraction of the filled die (bulk over true density);
    constant [1]: Kawakita a, Heckel A or critical density; compressibility [1/Pa]: Kawakita b,
    Heckel K or Kuentz-Leuenberger C.
    """
    if law == Compaction.HECKEL:
        return heckel(P, constant, compressibility)
    if law == Compaction.KUENTZ_LEUENBERGER:
        return kuentz_leuenberger(P, constant, compressibility)
    return D_0 / (1.0 - kawakita(P, constant, compressibility))


@kernel
def ryshkewitch_duckworth(porosity, strength_0, k):
    """Strength falling exponentially with porosity."""
    return strength_0 * math.exp(-k * porosity)


@kernel
def leuenberger(P, D, strength_max, gamma):
    """Strength approaching its maximum with the product of pressure and relative density."""
    return strength_max * (1.0 - math.exp(-gamma * P * D))


@kernel
def percolation(D, strength_0, rho_c):
    """Strength above the percolation threshold rho_c; none below."""
    return strength_0 * above_zero((D - rho_c) / (1.0 - rho_c), 1e-6) ** 2.7


@kernel
def kuentz_leuenberger_strength(D, strength_max, rho_c):
    """Strength that starts at the critical relative density rho_c, as (D − rho_c)², and ends at its maximum."""
    above = above_zero((D - rho_c) / (1.0 - rho_c), 1e-6)
    return strength_max * (1.0 - math.exp((1.0 - rho_c) * above + math.log1p(-above)))


@empirical("1", "Pa", "1", "Pa", "1", returns="Pa")
def tensile_strength(law, P, D, strength_max, bonding):
    """Tensile strength.

    law: `Strength`; strength_max [Pa]: value at zero porosity (or at infinite pressure); bonding
    [1]: exponent k of Ryshkewitch-Duckworth, gamma of Leuenberger times 1 MPa, or the threshold
    (percolation, Kuentz-Leuenberger).
    """
    if law == Strength.LEUENBERGER:
        return leuenberger(P, D, strength_max, 1e-6 * bonding)
    if law == Strength.PERCOLATION:
        return percolation(D, strength_max, bonding)
    if law == Strength.KUENTZ_LEUENBERGER:
        return kuentz_leuenberger_strength(D, strength_max, bonding)
    return ryshkewitch_duckworth(1.0 - D, strength_max, bonding)


@kernel
def crushing_force(strength, D, thickness):
    """Force that splits a flat round tablet of diameter D across its diameter: σ = 2F/(πDh)."""
    return 0.5 * math.pi * strength * D * thickness


@kernel
def diametral_strength(F, D, thickness):
    """Tensile strength from the crushing force (Fell & Newton)."""
    return 2.0 * F / (math.pi * D * thickness)
