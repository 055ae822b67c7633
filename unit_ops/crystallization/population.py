"""One-dimensional population balance on size classes: growth, dissolution and nuclei as mass gains.

The state of a class is its crystal mass m_i [kg]. With the mass per crystal ρ kv v_i of the class
(v_i = mean of L³ over it) the number of crystals is N_i = m_i/(ρ kv v_i), and

    dN_i/dt = F_i − F_{i+1},     F_0 = nuclei,     F_last = 0
    F_j = G⁺ n(left of face j) − G⁻ n(right of face j),   n_i = N_i/ΔL_i, limited linear in a class

so that numbers are conserved, and what crystals gain in mass, ρ kv v_i (F_i − F_{i+1}), is at the
same time what the liquor loses: mass closes to rounding with any integrator. Crystals that dissolve
leave through L_0; what grows beyond the grid stays in the last class. A nucleus is booked with the
mass per crystal of the first class.

The smoothed van Albada flux is not strictly positive: behind a front a class can fall to about
−(eps × typical class mass), eps being the caller's.

References: LeVeque, Finite Volume Methods for Hyperbolic Problems, Cambridge 2002, ch. 6,
doi 10.1017/CBO9780511791253; Gunawan, Fusman, Braatz, AIChE J. 50 (2004) 2738, doi 10.1002/aic.10228.
"""

from __future__ import annotations

from twin.jit import kernel
from twin.quantity import Array
from unit_ops.crystallization.laws import Limiter, SizeLaw, growth_on_face, limited_slope


@kernel
def cubed_size(low: float, high: float) -> float:
    """Mean of L³ over a class between two edges [m³]."""
    return 0.25 * (low + high) * (low * low + high * high)


@kernel
def growth_gain(
    m: Array,
    L: Array,
    rho_kv: float,
    up: float,
    down: float,
    nuclei: float,
    limiter: int,
    m_eps: float,
    density: Array,
    out: Array,
) -> None:
    """Mass gain of every size class by growth, dissolution and nucleation.

    Parameters
    ----------
    m : (bins,) kg
        Crystal mass in each class.
    L : (bins + 1,) m
        Edges of the classes, of which there are at least two.
    rho_kv : float, kg/m^3
        Crystal density times volume shape factor.
    up, down : float, m/s
        Growth and dissolution rates, both >= 0.
    nuclei : float, 1/s
        Nuclei formed in the whole vessel.
    limiter : int
        A `Limiter`.
    m_eps : float, kg
        Class mass below which the van Albada limiter lets go.
    density : (bins,) 1/m
        Scratch: number densities.
    out : (bins,) kg/s
        Result.
    """
    sized_growth_gain(m, L, rho_kv, up, SizeLaw.MCCABE, 0.0, 0.0, down, nuclei, limiter, m_eps, density, out)


@kernel
def sized_growth_gain(
    m: Array,
    L: Array,
    rho_kv: float,
    up: float,
    size_law: int,
    gamma: float,
    power: float,
    down: float,
    nuclei: float,
    limiter: int,
    m_eps: float,
    density: Array,
    out: Array,
) -> None:
    """The same with growth that depends on the size: `growth_on_face` of `size_law`, `gamma` [1/m], `power`."""
    # the usual laws have loops of their own, without calls or choices: the processor takes several classes at once
    bins: int = m.shape[0]
    for i in range(bins):
        density[i] = m[i] * (1.0 / (rho_kv * cubed_size(L[i], L[i + 1]) * (L[i + 1] - L[i])))
    rises = out
    rises[0] = 0.0  # the first and the last class are first order
    rises[bins - 1] = 0.0
    if limiter == Limiter.VAN_ALBADA:
        for i in range(1, bins - 1):
            rises[i] = half_rise(Limiter.VAN_ALBADA, density, L, rho_kv, m_eps, i, False)
    else:
        for i in range(1, bins - 1):
            rises[i] = half_rise(limiter, density, L, rho_kv, m_eps, i, False)
    rise = rises[0]
    flux_before = nuclei - down * (density[0] - rise)  # through the left face of class i
    if size_law == SizeLaw.MCCABE and limiter != Limiter.KOREN:
        for i in range(bins - 1):
            rise_after = rises[i + 1]
            flux = up * (density[i] + rise) - down * (density[i + 1] - rise_after)
            out[i] = rho_kv * cubed_size(L[i], L[i + 1]) * (flux_before - flux)
            flux_before, rise = flux, rise_after
    else:
        for i in range(bins - 1):
            rise_after = rises[i + 1]
            dissolving = rise_after
            if limiter == Limiter.KOREN and i + 1 < bins - 1:  # the one that is not symmetric
                dissolving = half_rise(limiter, density, L, rho_kv, m_eps, i + 1, True)
            growing = growth_on_face(size_law, up, gamma, power, L[i + 1]) * (density[i] + rise)
            flux = growing - down * (density[i + 1] - dissolving)
            out[i] = rho_kv * cubed_size(L[i], L[i + 1]) * (flux_before - flux)
            flux_before, rise = flux, rise_after
    last = bins - 1
    out[last] = rho_kv * cubed_size(L[last], L[last + 1]) * flux_before


@kernel
def half_rise(limiter: int, density: Array, L: Array, rho_kv: float, m_eps: float, i: int, mirrored: bool) -> float:
    """Rise of the density from the middle of class i to its right face; mirrored, as crystals see it that shrink."""
    width = L[i + 1] - L[i]
    before = L[i + 1] - L[i - 1]
    after = L[i + 2] - L[i]
    volume = rho_kv * cubed_size(L[i], L[i + 1]) * width
    per_all = 1.0 / (before * after * volume)  # one division, which takes as long as all the rest
    per_distance = 2.0 * (after * volume) * per_all
    left = (density[i] - density[i - 1]) * per_distance
    right = (density[i + 1] - density[i]) * (2.0 * (before * volume) * per_all)
    root_eps = m_eps * (before * after * per_all) * per_distance
    if mirrored:
        return 0.5 * width * limited_slope(limiter, right, left, root_eps * root_eps)
    return 0.5 * width * limited_slope(limiter, left, right, root_eps * root_eps)
