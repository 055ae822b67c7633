"""The algebra of a Kalman filter on a factor L of its covariance P = L Lᵀ: over an interval, and by measurements.

A factor keeps the covariance symmetric and positive whatever the rounding. It has as few columns as it needs: what
wanders is a handful of numbers, and a plant forgets, so that singular values fall off fast; those below
1e-5 of the largest are left out (Verlaan & Heemink, Stoch. Hydrol. Hydraul. 11 (1997) 349, doi:10.1007/BF02427924).

Transition and noise of an interval are Van Loan's block exponential (IEEE Trans. Autom. Control 23 (1978) 395,
doi:10.1109/TAC.1978.1101743) for small systems. Over an interval that is long beside the fastest pole it overflows,
for it holds exp(-A h): it is taken over a part of the interval and doubled. Large systems are stepped with Alexander's
L-stable method of second order and one sparse factorisation, the noise by the trapezoidal rule over its steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.control.linear.needs import library
from twin.control.predictive.stepping import advanced, factorised
from twin.quantity import Array

#: Singular values of the factor this small beside the largest are left out.
SMALLEST = 1e-5
#: Largest system whose exponential is formed.
DENSE = 250
#: Steps of the interval for larger ones.
STEPS = 8


def discretised(A: Array, Q: Array, h: float) -> tuple[Array, Array]:
    """Transition Φ = exp(A h), and covariance ∫ exp(A s) Q exp(Aᵀ s) ds of white noise with intensity Q over h.

    Parameters
    ----------
    A, Q : arrays [n, n]
        Q symmetric; per second.
    h : float
        In s.
    """
    n = len(A)
    size = float(np.abs(A).sum(axis=0).max(initial=0.0)) * h
    doublings = max(0, math.ceil(math.log2(size))) if size > 1.0 else 0
    part = h / 2**doublings
    block = np.zeros((2 * n, 2 * n))
    block[:n, :n], block[:n, n:], block[n:, n:] = -A * part, Q * part, A.T * part
    whole = library("scipy.linalg").expm(block)
    phi = whole[n:, n:].T
    noise = phi @ whole[:n, n:]
    for _ in range(doublings):
        noise = noise + phi @ noise @ phi.T
        phi = phi @ phi
    return phi, 0.5 * (noise + noise.T)


def advance(A: Any, G: Array, L: Array, h: float) -> Array:
    """Factor of the covariance after an interval.

    Parameters
    ----------
    A : sparse array [n, n]
    G : array [n, k]
        White noise G w with w of intensity one.
    L : array [n, r]
        Factor before.
    h : float
        In s.
    """
    if A.shape[0] <= DENSE:
        phi, noise = discretised(A.toarray(), G @ G.T, h)
        values, vectors = np.linalg.eigh(noise)
        kept = values > 0.0
        return compressed(np.hstack([phi @ L, vectors[:, kept] * np.sqrt(values[kept])]))
    step = h / STEPS
    lu, parts, noise = factorised(A, step), [], G
    for k in range(STEPS + 1):
        weight = step * (0.5 if k in (0, STEPS) else 1.0)
        parts.append(math.sqrt(weight) * noise)
        if k < STEPS:
            noise = advanced(lu, step, noise)
            L = advanced(lu, step, L)
    return compressed(np.hstack([L, *parts]))


def compressed(L: Array) -> Array:
    """A factor of the same covariance with as many columns as it needs."""
    sizes = np.linalg.norm(L, axis=0)
    L = L[:, sizes > 0.0]
    if L.shape[1] == 0:
        return L
    u, s, _ = np.linalg.svd(L, full_matrices=False)
    kept = s > SMALLEST * s[0]
    return np.asarray(u[:, kept] * s[kept])


@dataclass(frozen=True)
class Correction:
    """What measurements did.

    Attributes
    ----------
    moves : array [n]
        Of the states.
    L : array [n, r]
        Factor of the covariance after it.
    S : array [m, m]
        Covariance that the innovations were expected to have.
    K : array [n, m]
    nis : float
        Normalised innovation squared: of χ² with m degrees of freedom if the model is right.
    """

    moves: Array
    L: Array
    S: Array
    K: Array
    nis: float


def corrected(L: Array, C: Array, variances: Array, innovation: Array) -> Correction:
    """Correct by measurements y = C x + v, with v independent.

    Parameters
    ----------
    L : array [n, r]
    C : array [m, n]
    variances : array [m]
        Of v.
    innovation : array [m]
        Measured less expected.
    """
    la = library("scipy.linalg")
    W = C @ L
    S = W @ W.T + np.diag(variances)
    factor = la.cho_factor(S, lower=True)
    K = la.cho_solve(factor, W @ L.T).T
    # (I + WᵀR⁻¹W)⁻¹ is what is left of the factor's square: positive by construction
    left = np.linalg.cholesky(np.eye(L.shape[1]) + (W.T / variances) @ W)
    after = la.solve_triangular(left, L.T, lower=True).T
    nis = float(innovation @ la.cho_solve(factor, innovation))
    return Correction(K @ innovation, after, S, K, nis)
