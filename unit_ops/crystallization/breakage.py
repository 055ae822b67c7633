"""Breakage of crystals on size classes: linear in the crystals, and mass is kept to rounding.

A crystal of class k breaks at the rate S_k = S_ref (l_k/L_ref)^q, l_k³ being the class's mean of L³.
What it falls into is said by a law:

UNIFORM: two fragments, all masses alike (b = 2/x_k). B_ik of them fall into class i and are taken
    for crystals of its mass x_i, which misses the mass of the fragments; the weights

        ω_k = x_k/(2 x_k − Σ_i x_i B_ik)   on births,   ω_k Σ_i x_i B_ik/x_k   on deaths

    make number and mass both exact: one crystal more per breakage, and none of its mass less [1].
AUSTIN: the mass fraction of fragments below the size l is φ (l/l_k)^γ + (1 − φ)(l/l_k)^β [2]; mass
    is kept, the number follows (for exponents up to 3 it is infinite before it is put on classes).

Fragments below the first edge stay in the first class, which does not break. The daughters' laws are
sums of powers, so that the cost is linear in the classes; yet every class depends on all above it.

References
[1] Kumar, Saha, Tsotsas, SIAM J. Numer. Anal. 53 (2015) 1672, doi 10.1137/140980247
[2] Austin, Powder Technol. 5 (1971) 1, doi 10.1016/0032-5910(71)80064-5
"""

from __future__ import annotations

from enum import IntEnum

from twin.jit import empirical, kernel
from twin.quantity import Array
from unit_ops.crystallization.population import cubed_size


class Daughters(IntEnum):
    """What a crystal breaks into."""

    UNIFORM = 0  #: two fragments, all masses alike
    AUSTIN = 1  #: mass fraction below l: φ (l/l_k)^γ + (1 − φ)(l/l_k)^β


@empirical("1", "1", returns="1")
def size_power(ratio: float, exponent: float) -> float:
    """ratio^exponent of a relative size >= 0."""
    return ratio**exponent


@kernel
def breakage_gain(
    m: Array,
    L: Array,
    rho_kv: float,
    S_ref: float,
    L_ref: float,
    q: float,
    daughters: int,
    phi: float,
    gamma: float,
    beta: float,
    broken: Array,
    out: Array,
) -> None:
    """Mass gain of every size class by breakage; sums to zero to rounding.

    Parameters
    ----------
    m : (bins,) kg
        Crystal mass in each class.
    L : (bins + 1,) m
        Edges of the classes, of which there are at least two.
    rho_kv : float, kg/m^3
        Crystal density times volume shape factor.
    S_ref : float, 1/s
        Breakage rate of crystals of size `L_ref`.
    L_ref : float, m
        Size to which the rate refers.
    q : float
        Power of the size in the rate.
    daughters : int
        A `Daughters`.
    phi, gamma, beta : float
        Share and exponents of Austin's law.
    broken : (bins,)
        Scratch.
    out : (bins,) kg/s
        Result.
    """
    if daughters == Daughters.AUSTIN:
        austin_gain(m, L, S_ref, L_ref, q, phi, gamma, beta, broken, out)
    else:
        uniform_gain(m, L, rho_kv, S_ref, L_ref, q, broken, out)


@kernel
def uniform_gain(
    m: Array, L: Array, rho_kv: float, S_ref: float, L_ref: float, q: float, broken: Array, out: Array
) -> None:
    """Two fragments of any mass; `broken` keeps ω S N/x of every class [1/(kg s)]. See `breakage_gain`."""
    bins = m.shape[0]
    below = 0.0  # Σ 2 x_i (e_i+1 − e_i) over the classes below, with the masses e of the edges [kg²]
    edge = 0.0  # the first class also takes what is smaller
    for k in range(bins):
        v = cubed_size(L[k], L[k + 1])
        x = rho_kv * v
        placed = (below + 2.0 * x * (x - edge)) / x  # Σ_i x_i B_ik
        weight = 0.0
        if k > 0:
            weight = x / (2.0 * x - placed)
        broken[k] = weight * S_ref * size_power(v ** (1.0 / 3.0) / L_ref, q) * m[k] / (x * x)
        out[k] = -broken[k] * x * placed
        edge_after = rho_kv * L[k + 1] * L[k + 1] * L[k + 1]
        below += 2.0 * x * (edge_after - edge)
        edge = edge_after
    above = 0.0  # Σ broken over this class and those above
    for n in range(bins):
        i = bins - 1 - n
        x = rho_kv * cubed_size(L[i], L[i + 1])
        high = rho_kv * L[i + 1] * L[i + 1] * L[i + 1]
        low = 0.0
        if i > 0:
            low = rho_kv * L[i] * L[i] * L[i]
        above += broken[i]
        out[i] += 2.0 * x * ((high - low) * above - (high - x) * broken[i])


@kernel
def austin_gain(
    m: Array,
    L: Array,
    S_ref: float,
    L_ref: float,
    q: float,
    phi: float,
    gamma: float,
    beta: float,
    broken: Array,
    out: Array,
) -> None:
    """Fragments by Austin's law; `broken` keeps S m of every class [kg/s]. See `breakage_gain`."""
    bins = m.shape[0]
    largest = L[bins]  # sizes are taken relative to it, so that no power overflows
    for k in range(bins):
        l_k = cubed_size(L[k], L[k + 1]) ** (1.0 / 3.0)
        broken[k] = S_ref * size_power(l_k / L_ref, q) * m[k]
        out[k] = 0.0
    by_gamma = 0.0  # Σ S_k m_k φ (l_k/largest)^−γ over this class and those above
    by_beta = 0.0
    for n in range(bins):
        i = bins - 1 - n
        high = L[i + 1] / largest
        if i > 0:
            l_k = cubed_size(L[i], L[i + 1]) ** (1.0 / 3.0) / largest
            of_gamma = broken[i] * phi / size_power(l_k, gamma)
            of_beta = broken[i] * (1.0 - phi) / size_power(l_k, beta)
            by_gamma += of_gamma
            by_beta += of_beta
            low = L[i] / largest
            below = by_gamma * size_power(low, gamma) + by_beta * size_power(low, beta)
            own = of_gamma * size_power(high, gamma) + of_beta * size_power(high, beta)
            out[i] -= below + own
        out[i] += by_gamma * size_power(high, gamma) + by_beta * size_power(high, beta)
