"""Aggregation of crystals on size classes, by the cell average technique; numbers and mass are kept.

Two crystals of the classes j <= k meet at the rate β_jk N_j N_k / V (half of it for j = k) and make
one of mass x_j + x_k. It is born evenly over a class's width about that mass, the width of class k,
and so mostly in two classes, among which cell_average.py settles number and mass:

    dm_i/dt = births in i − x_i N_i Σ_k β_ik N_k / V,     N_i = m_i/x_i,  x_i = ρ kv v_i

Births at one point instead would come and go with the edges as j and k are counted through, an error
of first order in the density (in the moments both are of second order).

where v_i is the mean of L³ over the class, as in population.py. β is the rate β_ref at which two
crystals of the size L_ref meet, times a law of their sizes. Aggregates beyond the grid join its last
class by their mass. The cost is that of all pairs, and every class depends on every other.

References: Kumar, Peglow, Warnecke, Heinrich, Mörl, Chem. Eng. Sci. 61 (2006) 3327,
doi 10.1016/j.ces.2005.12.014; Smoluchowski, Z. phys. Chem. 92 (1917) 129, doi 10.1515/zpch-1918-9209
(Brownian and shear kernels).
"""

from __future__ import annotations

from enum import IntEnum

from twin.jit import kernel
from twin.quantity import Array
from unit_ops.crystallization.cell_average import share_births
from unit_ops.crystallization.population import cubed_size


class Aggregation(IntEnum):
    """How the rate at which two crystals meet and stick depends on their sizes a and b, over L_ref."""

    CONSTANT = 0  #: 1
    SUM = 1  #: (a³ + b³)/2
    PRODUCT = 2  #: a³ b³: gels
    BROWNIAN = 3  #: (a + b)(1/a + 1/b)/4
    SHEAR = 4  #: (a + b)³/8


@kernel
def aggregation_factor(law: int, a: float, b: float) -> float:
    """β/β_ref for two crystals of sizes a and b, relative to L_ref; 1 for a = b = 1."""
    if law == Aggregation.SUM:
        return 0.5 * (a * a * a + b * b * b)
    if law == Aggregation.PRODUCT:
        return a * a * a * b * b * b
    if law == Aggregation.BROWNIAN:
        return 0.25 * (a + b) * (a + b) / (a * b)
    if law == Aggregation.SHEAR:
        return 0.125 * (a + b) * (a + b) * (a + b)
    return 1.0


@kernel
def aggregation_gain(
    m: Array,
    L: Array,
    rho_kv: float,
    law: int,
    beta_per_volume: float,
    L_ref: float,
    x: Array,
    size: Array,
    births: Array,
    masses: Array,
    out: Array,
) -> None:
    """Mass gain of every size class by aggregation; sums to zero to rounding.

    Parameters
    ----------
    m : (bins,) kg
        Crystal mass in each class.
    L : (bins + 1,) m
        Edges of the classes, of which there are at least two.
    rho_kv : float, kg/m^3
        Crystal density times volume shape factor.
    law : int
        An `Aggregation`.
    beta_per_volume : float, 1/s
        Rate coefficient of two crystals of size `L_ref` [m^3/s], over the slurry volume.
    L_ref : float, m
        Size to which the rate coefficient refers.
    x, size, births, masses : (bins,) kg, 1, 1/s, kg/s
        Scratch: mass per crystal, relative size, births, mass born.
    out : (bins,) kg/s
        Result.
    """
    bins = m.shape[0]
    for i in range(bins):
        v = cubed_size(L[i], L[i + 1])
        x[i] = rho_kv * v
        size[i] = v ** (1.0 / 3.0) / L_ref
        births[i] = 0.0
        masses[i] = 0.0
        out[i] = 0.0
    last = bins - 1
    first = 0  # class in which the lightest births of j begin
    for j in range(bins):
        n_j = m[j] / x[j]
        target = first
        for k in range(j, bins):
            rate = beta_per_volume * aggregation_factor(law, size[j], size[k]) * n_j * m[k] / x[k]
            if k == j:
                rate = 0.5 * rate
            out[j] -= rate * x[j]
            out[k] -= rate * x[k]
            width = rho_kv * (L[k + 1] * L[k + 1] * L[k + 1] - L[k] * L[k] * L[k])
            low = x[j] + x[k] - 0.5 * width
            end = low + width
            while target < last and low >= rho_kv * L[target + 1] * L[target + 1] * L[target + 1]:
                target += 1
            if k == j:
                first = target
            i = target
            while i < bins and low < end:  # as much in each class as lies between its edges
                high = end
                if i < last:
                    high = min(end, rho_kv * L[i + 1] * L[i + 1] * L[i + 1])
                part = rate * (high - low) / width
                births[i] += part
                masses[i] += part * 0.5 * (low + high)
                low = high
                i += 1
    share_births(x, births, masses, out)
