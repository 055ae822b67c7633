"""Dissolution of a dose: release curves, particles under a diffusion film, similarity of two profiles.

Sink conditions unless a concentration is asked for. Of a sphere of radius r under a film of thickness h
    dr/dt = −D (C_s − C)/(ρ h)
with h fixed (then r falls in a straight line), h = r (then r² does), or h = min(r, h_max), the rule of
Hintz & Johnson: a fixed film until the particle is as small as the film is thick.

References: Hintz & Johnson, Int. J. Pharm. 51 (1989) 9, doi:10.1016/0378-5173(89)90069-0; Langenbucher,
J. Pharm. Pharmacol. 24 (1972) 979 (Weibull); Moore & Flanner, Pharm. Technol. 20 (1996) 64 (f1, f2);
EMA, Guideline on the investigation of bioequivalence, CPMP/EWP/QWP/1401/98 Rev. 1 (2010), appendix I
(points compared).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from twin.jit import kernel
from unit_ops.smooth import above_zero


class Film(IntEnum):
    """Thickness of the diffusion film around a particle."""

    FIXED = 0
    RADIUS = 1
    HINTZ_JOHNSON = 2


@kernel
def weibull(t, tau, beta):
    """Fraction released by time t; tau the time of 63.2 %, beta the shape."""
    if t > 0.0:
        return 1.0 - math.exp(-((t / tau) ** beta))
    return 0.0


@kernel
def first_order(t, k):
    """Fraction released by time t at rate constant k."""
    return 1.0 - math.exp(-k * above_zero(t, 1e-12))


@kernel
def film_thickness(law, r, h):
    """Film around a particle of radius r; h the fixed or greatest thickness."""
    if law == Film.RADIUS:
        return r
    if law == Film.HINTZ_JOHNSON:
        return min(r, h)
    return h


@kernel
def shrinking_rate(law, r, h, diffusivity, rho, C_sat, C):
    """dr/dt of a particle in a medium of concentration C [m/s]; not at r = 0, where a thin film has no rate."""
    return -diffusivity * (C_sat - C) / (rho * film_thickness(law, r, h))


@kernel
def time_to_dissolve(law, r_0, h, diffusivity, rho, C_sat):
    """Time until a particle of radius r_0 is gone, in sink conditions [s]."""
    per = rho / (diffusivity * C_sat)
    if law == Film.RADIUS:
        return 0.5 * r_0 * r_0 * per
    if law == Film.HINTZ_JOHNSON:
        thin = min(r_0, h)
        return ((r_0 - thin) * h + 0.5 * thin * thin) * per
    return r_0 * h * per


@kernel
def dissolved(t, law, r_0, h, diffusivity, rho, C_sat):
    """Fraction of a particle's mass that has dissolved by time t, in sink conditions.

    Parameters are those of `shrinking_rate`; radius and film [m], diffusivity [m²/s], density and
    solubility [kg/m³].
    """
    left = time_to_dissolve(law, r_0, h, diffusivity, rho, C_sat) - t
    if left <= 0.0:
        return 1.0
    per = rho / (diffusivity * C_sat)
    thin = 0.0
    if law == Film.RADIUS:
        thin = r_0
    if law == Film.HINTZ_JOHNSON:
        thin = min(r_0, h)
    last = 0.5 * thin * thin * per
    r = math.sqrt(2.0 * left / per) if left < last else thin + (left - last) / (h * per)
    x = r / r_0
    return 1.0 - x * x * x


def _profiles(reference: Sequence[float], test: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    r, t = np.asarray(reference, dtype=float), np.asarray(test, dtype=float)
    if r.shape != t.shape or r.ndim != 1 or r.size == 0:
        raise ValueError(f"two profiles at the same times are compared, not {r.shape} with {t.shape} values")
    return r, t


def difference_factor(reference: Sequence[float], test: Sequence[float]) -> float:
    """f1: Σ|R − T| over ΣR, in percent.

    Parameters
    ----------
    reference, test : sequence of float
        Mean percent dissolved at the same times.

    Raises
    ------
    ValueError
        When the profiles differ in length, or are empty.
    """
    r, t = _profiles(reference, test)
    return float(100.0 * np.sum(np.abs(r - t)) / np.sum(r))


def similarity_factor(reference: Sequence[float], test: Sequence[float]) -> float:
    """f2: 50 lg(100/√(1 + mean (R − T)²)); 100 for equal profiles, 50 for ten percent apart throughout.

    Parameters and errors as of `difference_factor`. Values are in percent dissolved; points are taken
    as given (see `points_to_compare`).
    """
    r, t = _profiles(reference, test)
    return float(50.0 * np.log10(100.0 / np.sqrt(1.0 + np.mean((r - t) ** 2))))


def points_to_compare(reference: Sequence[float], test: Sequence[float], limit: float = 85.0) -> int:
    """How many leading points regulators compare: not more than one mean above 85 % of either product.

    Parameters
    ----------
    reference, test : sequence of float
        Mean percent dissolved at the same times, times rising, without time zero.
    limit : float
        Percent dissolved beyond which profiles no longer tell.

    Raises
    ------
    ValueError
        When the profiles differ in length, are empty, or leave fewer than three points.
    """
    r, t = _profiles(reference, test)
    over = np.maximum(np.cumsum(r > limit), np.cumsum(t > limit))
    count = int(np.sum(over <= 1))
    if count < 3:
        raise ValueError(f"f2 needs three points with at most one above {limit:g} %, here are {count}")
    return count
