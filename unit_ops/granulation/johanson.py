"""Johanson's rolling theory: nip angle, force factor, peak pressure of powder drawn between two rolls.

Angles in radian, measured from the line of centres. A powder slips on the rolls at wide angles and is
gripped below the nip angle, where the pressure gradients of slip and of no slip meet:
    slip       4 (π/2 − θ − ν) tan δ /[D/2 (1 + S/D − cos θ)(cot(A − μ) − cot(A + μ))]
    no slip    K (2 cos θ − 1 − S/D) tan θ /[D/2 (1 + S/D − cos θ) cos θ]
with A = (θ + ν + π/2)/2, ν = (π − asin(sin φ/sin δ) − φ)/2, μ = π/4 − δ/2. The common factor cancels,
and cot(A − μ) − cot(A + μ) = 2 sin 2μ/(cos 2μ + sin(θ + ν)).

References: Johanson, J. Appl. Mech. 32 (1965) 842, doi:10.1115/1.3627325; Reynolds, Ingale, Roberts,
Kothari & Gururajan, Comput. Chem. Eng. 34 (2010) 1049, doi:10.1016/j.compchemeng.2010.03.004.
"""

from __future__ import annotations

import math

from twin.jit import kernel

#: Gauss-Legendre nodes and weights of order 16 on −1…1, positive half.
NODES = (
    0.09501250983763744, 0.2816035507792589, 0.45801677765722737, 0.6178762444026438,
    0.7554044083550030, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499,
)  # fmt: skip
WEIGHTS = (
    0.1894506104550685, 0.18260341504492358, 0.16915651939500254, 0.14959598881657674,
    0.12462897125553388, 0.09515851168249279, 0.062253523938647894, 0.027152459411754096,
)  # fmt: skip


@kernel
def angle_of_nip(delta, phi, K, gap_ratio):
    """Angle below which powder sticks to the rolls [rad].

    delta: effective angle of internal friction, phi: wall friction (below delta), K: compressibility
    exponent (P ∝ ρ^K), gap_ratio: gap over roll diameter. Newton from 0, where slip exceeds no slip,
    converges within eight steps for delta 30°…50°, phi 10°…29°, K 4…20, gap ratios to 0.1.
    """
    sine = math.sin(phi) / math.sin(delta)
    nu = 0.5 * (math.pi - math.atan(sine / math.sqrt(1.0 - sine * sine)) - phi)
    mu = 0.25 * math.pi - 0.5 * delta
    slope = 2.0 * math.sin(delta) / (math.cos(delta) * math.sin(2.0 * mu))
    theta = 0.0
    for _ in range(10):
        left = 0.5 * math.pi - nu - theta
        spread = math.cos(2.0 * mu) + math.sin(theta + nu)
        cosine = math.cos(theta)
        tangent = math.sin(theta) / cosine
        closing = 2.0 - (1.0 + gap_ratio) / cosine
        f = slope * left * spread - K * closing * tangent
        df = slope * (left * math.cos(theta + nu) - spread)
        df -= K * (closing / (cosine * cosine) - (1.0 + gap_ratio) * tangent * tangent / cosine)
        theta -= f / df
    return theta


@kernel
def pressure_share(theta, K, gap_ratio):
    """Pressure at an angle over the peak pressure, times cos θ."""
    cosine = math.cos(theta)
    return (gap_ratio / ((1.0 + gap_ratio - cosine) * cosine)) ** K * cosine


@kernel
def force_factor(alpha, K, gap_ratio):
    """F = ∫₀^α (S/D /((1 + S/D − cos θ) cos θ))^K cos θ dθ; sixteen nodes, ten digits for K to 20."""
    s = 0.0
    for i in range(8):
        near = pressure_share(0.5 * alpha * (1.0 - NODES[i]), K, gap_ratio)
        s += WEIGHTS[i] * (near + pressure_share(0.5 * alpha * (1.0 + NODES[i]), K, gap_ratio))
    return 0.5 * alpha * s


@kernel
def pressure_of_rolls(force, width, D, factor):
    """Pressure in the gap that a roll force gives: P = 2 R_f/(W D F)."""
    return 2.0 * force / (width * D * factor)
