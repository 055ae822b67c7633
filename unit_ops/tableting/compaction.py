"""Laws of powder compaction: relative density from pressure, tensile strength, crushing force.

Pressures and strengths in Pa. Each law has two material constants, one a pure number and one per
pressure (or the strength at zero porosity), so that a press can switch laws without other inputs. Each law
has its inverse, the pressure under punches whose gap sets the density: none below the density of contact,
and none that a press can give from the greatest density on.

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
from typing import Annotated

from twin.jit import empirical, kernel
from unit_ops.smooth import above_zero

#: Pressure beyond which no law is asked: hardened steel yields. The inverse laws end at the density that it brings.
P_MOST: Annotated[float, "Pa", "pressure beyond which no law is asked"] = 2e9
#: Part of the density of contact over which the onset of pressure is rounded.
ONSET: Annotated[float, "1", "width of the onset of pressure"] = 1e-3
#: As dense as a tablet is let to be: 1 has no pressure by Heckel, and is passed without notice by Kawakita.
SOLID: Annotated[float, "1", "relative density that counts as solid"] = 1.0 - 1e-9


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
def heckel_pressure(D, A, K):
    """Pressure that brings about the relative density D < 1: the inverse of :func:`heckel`."""
    return (-math.log1p(-D) - A) / K


@kernel
def contact_density(law, D_0, constant):
    """Relative density at which the law begins: punches farther apart touch no powder."""
    if law == Compaction.HECKEL:
        return 1.0 - math.exp(-constant)
    if law == Compaction.KUENTZ_LEUENBERGER:
        return constant
    return D_0


@empirical("1", "1", "1", "1/Pa", returns="1")
def greatest_density(law, D_0, constant, compressibility):
    """Relative density that no press goes beyond: what `P_MOST` brings, or 1.

    Kawakita's volume reduction ends at a, his density at D_0/(1 − a): below 1 for some powders, beyond 1 (which
    no powder has) for others.
    """
    D = relative_density(law, P_MOST, D_0, constant, compressibility)
    if D > SOLID:
        return SOLID
    return D


@kernel
def law_pressure(law, D, D_0, constant, compressibility):
    """Pressure by the law itself, between contact and the greatest density."""
    if law == Compaction.HECKEL:
        return heckel_pressure(D, constant, compressibility)
    if law == Compaction.KUENTZ_LEUENBERGER:
        return kuentz_leuenberger_pressure(D, constant, compressibility)
    return kawakita_pressure(1.0 - D_0 / D, constant, compressibility)


@kernel
def stiffness(law, D, D_0, constant, compressibility):
    """Derivative of :func:`law_pressure` by D."""
    if law == Compaction.HECKEL:
        return 1.0 / (compressibility * (1.0 - D))
    if law == Compaction.KUENTZ_LEUENBERGER:
        return (D - constant) / (compressibility * (1.0 - D))
    left = constant - 1.0 + D_0 / D
    return constant * D_0 / (compressibility * D * D * left * left)


@empirical("1", "1", "1", "1", "1/Pa", returns="Pa")
def compaction_pressure(law, D, D_0, constant, compressibility):
    """Pressure that holds a powder at relative density D: the inverse of :func:`relative_density`.

    0 up to the density of contact, exact from a thousandth above it to :func:`greatest_density`, C1 at both.
    Beyond the latter no law answers: its tangent there leads a solver's trial points back, and a model with a
    guard on that density ends its run there.
    """
    contact = contact_density(law, D_0, constant)
    if D <= contact:
        return 0.0 * compressibility
    pressed = contact + above_zero(D - contact, ONSET * contact)
    most = greatest_density(law, D_0, constant, compressibility)
    if pressed > most:
        beyond = (pressed - most) * stiffness(law, most, D_0, constant, compressibility)
        return law_pressure(law, most, D_0, constant, compressibility) + beyond
    return law_pressure(law, pressed, D_0, constant, compressibility)


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
