"""Constitutive laws of crystallization: solubility, driving force, growth, nucleation, flux limiters.

Every choice is an integer enum dispatched here, so that another law recompiles nothing.

References
[1] Mitchell, Ó'Ciardhá, Frawley, J. Cryst. Growth 328 (2011) 39, doi 10.1016/j.jcrysgro.2011.06.016
[2] van Albada, van Leer, Roberts, Astron. Astrophys. 108 (1982) 76 (smooth average of slopes)
[3] van Leer, J. Comput. Phys. 14 (1974) 361, doi 10.1016/0021-9991(74)90019-9
[4] Koren, in Vreugdenhil and Koren (eds.), Numerical Methods for Advection-Diffusion Problems,
    Vieweg 1993, p. 117
[5] Mullin, Crystallization, 4th ed., Butterworth-Heinemann 2001, ch. 5 (classical nucleation)
[6] LeVeque, Finite Volume Methods for Hyperbolic Problems, Cambridge 2002, sec. 6.9-6.11,
    doi 10.1017/CBO9780511791253
[7] Abegg, Stevens, Larson, AIChE J. 14 (1968) 118, doi 10.1002/aic.690140121
[8] Mydlarz, Jones, Chem. Eng. Commun. 90 (1990) 47
[9] Kubota, Mullin, J. Cryst. Growth 152 (1995) 203, doi 10.1016/0022-0248(95)00128-X
"""

from __future__ import annotations

import math
from enum import IntEnum

from twin.jit import empirical, kernel
from unit_ops.properties.solubility import R_GAS as R_GAS
from unit_ops.properties.solubility import Solubility as Solubility
from unit_ops.properties.solubility import saturation as saturation
from unit_ops.smooth import above_zero, van_albada


class DrivingForce(IntEnum):
    """What the powers of growth, dissolution and nucleation laws are taken of."""

    RELATIVE = 0  #: S = (c − c*)/c*
    MASS = 1  #: (c − c*) ρ_solvent in kg/m³
    MOLAR = 2  #: (c − c*) ρ_solvent / M in kmol/m³
    MASS_FRACTION = 3  #: w − w*, the mass fractions of the solute in the solution


class Nucleation(IntEnum):
    """Primary nucleation."""

    POWER = 0  #: k exp(−E/(R T)) σ^b
    CLASSICAL = 1  #: k exp(−E/(R T)) exp(−β / ln²(1 + S))


class Basis(IntEnum):
    """The volume to which nucleation rates refer."""

    SLURRY = 0
    SOLVENT = 1


class SizeLaw(IntEnum):
    """How growth depends on the size."""

    MCCABE = 0  #: not at all
    ASL = 1  #: (1 + γ L)^power [7]
    EXPONENTIAL = 2  #: 1 − exp(−γ L − power) [8]


class Removal(IntEnum):
    """What part of the crystals goes with the liquor, by size."""

    MIXED = 0  #: all
    COARSE = 1  #: r/(1 + r), r = (L/L_cut)^sharpness: a classified product
    FINE = 2  #: 1/(1 + r)


class Impurity(IntEnum):
    """How a dissolved impurity slows growth: the factor follows its coverage θ = K c/(1 + K c) of the steps."""

    NONE = 0
    KUBOTA_MULLIN = 1  #: 1 − α θ, 0 beyond α θ = 1 [9]


class Limiter(IntEnum):
    """How a slope within a size class is chosen from the slopes to both neighbours."""

    UPWIND = 0  #: none: first order
    VAN_ALBADA = 1  #: smooth: the default, cheapest to integrate
    VAN_LEER = 2
    KOREN = 3
    MC = 4  #: monotonized central
    SUPERBEE = 5  #: sharpest on fronts; makes fronts of what is smooth
    MINMOD = 6


@kernel
def force_per_S(law: int, c: float, c_sat: float, rho_solvent: float, M_solute: float) -> float:
    """Driving force σ over S [1, kg/m³ or kmol/m³]; of c only by mass fractions, (c − c*)/((1 + c)(1 + c*))."""
    if law == DrivingForce.MASS:
        return c_sat * rho_solvent
    if law == DrivingForce.MOLAR:
        return 1e-3 * c_sat * rho_solvent / M_solute  # mol to kmol
    if law == DrivingForce.MASS_FRACTION:
        return c_sat / ((1.0 + c) * (1.0 + c_sat))
    return 1.0


@empirical("any", "J/mol", "1", "any", "K", returns="as k")
def power_rate(k: float, E: float, exponent: float, sigma: float, T: float) -> float:
    """k exp(−E/(R T)) σ^exponent, in the unit of k; σ >= 0."""
    return k * math.exp(-E / (R_GAS * T)) * sigma**exponent


@empirical("1", "1/(m^3 s)", "J/mol", "1", "1", "any", "1", "K", returns="1/(m^3 s)")
def primary_nucleation(law: int, k: float, E: float, b: float, beta: float, sigma: float, S: float, T: float) -> float:
    """Primary nuclei per volume and time [1/(m³ s)]; σ, S >= 0."""
    if law == Nucleation.CLASSICAL:
        log_ratio = math.log(1.0 + S)
        # below S = 1e-4 the rate is exp(−1e8 β): zero, without dividing by zero
        if log_ratio < 1e-4:
            return 0.0
        return k * math.exp(-E / (R_GAS * T) - beta / (log_ratio * log_ratio))
    return power_rate(k, E, b, sigma, T)


@empirical("1", "m/s", "1/m", "1", "m", returns="m/s")
def growth_on_face(law: int, G: float, gamma: float, power: float, L: float) -> float:
    """Growth rate of crystals of size L, G being that which the supersaturation sets."""
    if law == SizeLaw.ASL:
        return G * (1.0 + gamma * L) ** power
    if law == SizeLaw.EXPONENTIAL:
        return G * (1.0 - math.exp(-gamma * L - power))
    return G


@empirical("1", "m", "m", "1", returns="1")
def removal_factor(law: int, L: float, L_cut: float, sharpness: float) -> float:
    """Part of the crystals of size L that leaves with the liquor they are in."""
    if law == Removal.COARSE:
        return 1.0 / (1.0 + (L_cut / L) ** sharpness)
    if law == Removal.FINE:
        return 1.0 / (1.0 + (L / L_cut) ** sharpness)
    return 1.0


@kernel
def impurity_factor(law: int, alpha: float, K: float, c: float) -> float:
    """Growth with over growth without an impurity of c [kg/kg solvent]; rounded within 0.01 of a full stop."""
    if law == Impurity.KUBOTA_MULLIN:
        return above_zero(1.0 - alpha * K * c / (1.0 + K * c), 0.01)
    return 1.0


@empirical("1", "1", returns="1")
def stirring_factor(speed: float, exponent: float) -> float:
    """speed^exponent: secondary nucleation at a stirrer speed relative to that at which k2 was fitted."""
    return speed**exponent


@empirical("kg/m^3", "1", returns="1")
def content_factor(M_T: float, j: float) -> float:
    """(M_T/(1 kg/m³))^j: how secondary nucleation follows the crystal content M_T >= 0."""
    return M_T**j


@empirical("1", "any", "any", "any", returns="as upwind")
def limited_slope(law: int, upwind: float, downwind: float, eps: float) -> float:
    """Slope within a cell from the slopes to its upwind and downwind neighbours.

    `eps` > 0 [slope²] smooths the van Albada average: slopes well below its root are averaged
    without limiting, so that the flux is C∞ everywhere.
    """
    if law == Limiter.VAN_ALBADA:
        return van_albada(upwind, downwind, eps)
    if law == Limiter.VAN_LEER:
        if upwind * downwind > 0.0:
            return 2.0 * upwind * downwind / (upwind + downwind)
        return 0.0
    if law == Limiter.KOREN:
        third = (upwind + 2.0 * downwind) / 3.0
        if upwind > 0.0:
            return max(0.0, min(2.0 * downwind, min(third, 2.0 * upwind)))
        return min(0.0, max(2.0 * downwind, max(third, 2.0 * upwind)))
    return classic_slope(law, upwind, downwind)


@empirical("1", "any", "any", returns="as upwind")
def classic_slope(law: int, upwind: float, downwind: float) -> float:
    """Limiters of one slope and its double [6]: the part for rising slopes, and its mirror for falling ones."""
    u2 = 2.0 * upwind
    d2 = 2.0 * downwind
    if law == Limiter.MC:
        mean = 0.5 * (upwind + downwind)
        return max(0.0, min(mean, min(u2, d2))) + min(0.0, max(mean, max(u2, d2)))
    if law == Limiter.SUPERBEE:
        rising = max(min(u2, downwind), min(upwind, d2))
        return max(0.0, rising) + min(0.0, min(max(u2, downwind), max(upwind, d2)))
    if law == Limiter.MINMOD:
        return max(0.0, min(upwind, downwind)) + min(0.0, max(upwind, downwind))
    return 0.0
