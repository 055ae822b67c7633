"""Sizes of granules: distributions put on classes, and means and percentiles read from classes.

Classes are those of `streams.Granules`: volumes of solids by the size that the solids would have as one
sphere without pores. A granule of void ratio e (pores over solids) is (1 + e)^(1/3) times as wide.

Reference: ISO 9276-2:2014 (moments and means of particle size distributions); Allen, Particle Size
Measurement, vol. 1, 5th ed., Chapman & Hall 1997 (ISBN 978-0-412-72950-8), log-normal distribution.
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel


@kernel
def lognormal_below(size, median, sigma):
    """Volume fraction below a size; sigma the standard deviation of ln size."""
    return 0.5 * (1.0 + math.erf(math.log(size / median) / (math.sqrt(2.0) * sigma)))


@kernel
def lognormal_share(i, L, median, sigma):
    """Volume fraction in class i of edges L; what is beyond the grid belongs to its first and last class."""
    low = 0.0
    high = 1.0
    if i > 0:
        low = lognormal_below(L[i], median, sigma)
    if i < L.shape[0] - 2:
        high = lognormal_below(L[i + 1], median, sigma)
    return high - low


@empirical("1", returns="1")
def swelling(void_ratio):
    """Width of a granule over that of its solids."""
    return (1.0 + void_ratio) ** (1.0 / 3.0)


@kernel
def inverse_size(i, L):
    """Mean of 1/L over class i [1/m], volumes spread evenly over it."""
    return math.log(L[i + 1] / L[i]) / (L[i + 1] - L[i])


@kernel
def sauter(V, L):
    """Sauter mean size of the solids of classes V [m]: volume over Σ volume/size; of nothing the first edge."""
    volume = 0.0
    per_size = 0.0
    for i in range(V.shape[0]):
        volume += V[i]
        per_size += V[i] * inverse_size(i, L)
    if per_size > 0.0 and volume > 0.0:
        return volume / per_size
    return L[0]


@kernel
def percentile(V, L, part):
    """Size below which `part` of the volume lies [m], volumes spread evenly over each class."""
    volume = 0.0
    for i in range(V.shape[0]):
        volume += V[i]
    below = 0.0
    size = L[0]
    for i in range(V.shape[0]):
        wanted = part * volume - below
        if V[i] > 0.0 and wanted > 0.0:
            size = L[i] + (L[i + 1] - L[i]) * min(wanted / V[i], 1.0)
        below += V[i]
    return size
