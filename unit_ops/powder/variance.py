"""How much of a feeder's fluctuation a blender takes out: the variance reduction ratio from residence times.

Composition fed fluctuates about its mean with a correlation that dies out as exp(−|t|/T); it passes a blender at
constant flow, which is linear. The variance at the outlet over that at the inlet is then an integral over
frequencies of |E(iω)|², E being the transform of the residence time distribution (Danckwerts' double integral
of E(t) E(t + r) R(r), in the frequency domain):

    1/VRR = σ_out²/σ_in² = (2/π) ∫₀^(π/2) |E(i tan φ/T)|² dφ

For one tank VRR = 1 + τ/T.

References: Danckwerts, Chem. Eng. Sci. 2 (1953) 1, doi:10.1016/0009-2509(53)80001-1; Gao, Muzzio & Ierapetritou,
Chem. Eng. Sci. 80 (2012) 70 (continuous blenders of powder).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: Midpoints: the integrand is smooth and periodic, so their error falls as exp(−2 NODES T/τ) or exp(−2 NODES τ/T).
NODES = 20_000

Response = Callable[[np.ndarray], np.ndarray]


def tanks_in_series(tau: float, n: float) -> Response:
    """|E(iω)|² of n tanks (n may be real) with mean residence time tau [s]; ω in 1/s."""
    return lambda omega: (1.0 + (omega * tau / n) ** 2) ** -n


def axial_dispersion(tau: float, Pe: float) -> Response:
    """|E(iω)|² of a tube with closed ends and Péclet number Pe."""

    def response(omega: np.ndarray) -> np.ndarray:
        q = np.sqrt(1.0 + 4j * omega * tau / Pe)
        decay = np.exp(-q * Pe)  # of the wave sent back at the outlet
        E = 4.0 * q * np.exp(0.5 * Pe * (1.0 - q)) / ((1.0 + q) ** 2 - (1.0 - q) ** 2 * decay)
        return np.asarray(np.abs(E) ** 2)

    return response


def in_series(*responses: Response) -> Response:
    """Blenders one after another, each at constant flow."""
    return lambda omega: np.prod([response(omega) for response in responses], axis=0)


def variance_reduction(response: Response, T: float) -> float:
    """Variance of the composition fed over that at the outlet.

    Parameters
    ----------
    response : callable
        |E(iω)|² at frequencies ω [1/s], see :func:`tanks_in_series` and :func:`axial_dispersion`.
    T : float
        Correlation time of what is fed [s].

    Raises
    ------
    ValueError
        When the correlation time is not above zero: white noise has no variance to compare with.
    """
    if not T > 0.0:
        raise ValueError(f"the correlation time must be above 0 s, not {T:g}")
    phi = 0.5 * np.pi * (np.arange(NODES) + 0.5) / NODES
    return 1.0 / float(np.mean(response(np.tan(phi) / T)))
