"""Residence times in closed form: what a plant's own are compared with. Times over the mean residence time.

References: Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999, ch. 13 and 14 (ISBN 978-0-471-25424-9);
Danckwerts, Chem. Eng. Sci. 2 (1953) 1, doi:10.1016/0009-2509(53)80001-1; Crump, J. ACM 23 (1976) 89,
doi:10.1145/321921.321931 (inversion by Fourier series).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

#: Terms of the inversion, and what its periodicity leaves of what comes a period later.
TERMS = 20_000
ALIASING = 1e-12


def tanks_density(theta: np.ndarray, n: float) -> np.ndarray:
    """E of n tanks in series, n any number above 0."""
    t = np.asarray(theta, dtype=float)
    with np.errstate(divide="ignore"):
        logs = n * math.log(n) + (n - 1.0) * np.log(t) - n * t - math.lgamma(n)
    if n == 1.0:
        logs = -t
    return np.asarray(np.exp(logs))


def tanks_step(theta: np.ndarray, n: int) -> np.ndarray:
    """F of n tanks in series, n whole."""
    t = np.asarray(theta, dtype=float)
    term, left = np.ones_like(t), np.ones_like(t)
    for k in range(1, n):
        term = term * n * t / k
        left = left + term
    return np.asarray(1.0 - left * np.exp(-n * t))


def tanks_share(theta: np.ndarray, n: float) -> np.ndarray:
    """F of n tanks in series, n any number above 0: the incomplete gamma function by its series and fraction.

    References: DLMF 8.11.4 and 8.9.2, https://dlmf.nist.gov/8.
    """
    return np.array([_gamma_share(n, n * float(t)) for t in np.atleast_1d(np.asarray(theta, dtype=float))])


def _gamma_share(a: float, x: float) -> float:
    if x <= 0.0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        k = a
        while term > 1e-17 * total:
            k += 1.0
            term *= x / k
            total += term
        return min(1.0, front * total)
    tiny = 1e-300  # Lentz's way to evaluate a continued fraction
    b = x + 1.0 - a
    c, d = 1.0 / tiny, 1.0 / b
    h = d
    for i in range(1, 100_000):
        an = -i * (i - a)
        b += 2.0
        d = an * d + b
        d = 1.0 / (d if d != 0.0 else tiny)
        c = b + an / c
        c = c if c != 0.0 else tiny
        h *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return 1.0 - front * h


def dispersion_variance(Pe: float) -> float:
    """Variance with axial dispersion between closed ends."""
    return 2.0 / Pe - 2.0 / Pe**2 * -math.expm1(-Pe)


def peclet_of(variance: float) -> float:
    """Give the Péclet number whose variance this is; NaN where none has it (0 < variance < 1)."""
    if not 0.0 < variance < 1.0:
        return math.nan
    low, high = 1e-6, 1e8
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if dispersion_variance(middle) > variance else (low, middle)
    return math.sqrt(low * high)


def dispersion_density(theta: float, Pe: float) -> float:
    """E with axial dispersion between closed ends."""
    return invert(lambda s: _danckwerts(s, Pe), theta)


def dispersion_step(theta: float, Pe: float) -> float:
    """F with axial dispersion between closed ends."""
    return invert(lambda s: _danckwerts(s, Pe) / s, theta)


def _danckwerts(s: np.ndarray, Pe: float) -> np.ndarray:
    """Transform of E, written so that nothing overflows."""
    q = np.sqrt(1.0 + 4.0 * s / Pe)
    return np.asarray(4.0 * q * np.exp(0.5 * Pe * (1.0 - q)) / ((1.0 + q) ** 2 - (1.0 - q) ** 2 * np.exp(-q * Pe)))


def invert(transform: Callable[[np.ndarray], np.ndarray], t: float) -> float:
    """Invert a Laplace transform at t > 0 by its Fourier series; the transforms here fall off as e^(−√s)."""
    period = 2.0 * t
    a = -0.5 * math.log(ALIASING) / period
    omega = np.arange(TERMS) * math.pi / period
    weights = np.ones(TERMS)
    weights[0] = 0.5
    values = transform(a + 1j * omega) * np.exp(1j * omega * t)
    return float(math.exp(a * t) / period * np.sum(weights * values.real))
