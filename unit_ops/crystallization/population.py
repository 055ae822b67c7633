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
    m: Array, L: Array, rho_kv: float, up: float, down: float, nuclei: float, limiter: int, m_eps: float, out: Array
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
    out : (bins,) kg/s
        Result.
    """
    sized_growth_gain(m, L, rho_kv, up, SizeLaw.MCCABE, 0.0, 0.0, down, nuclei, limiter, m_eps, out)


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
    out: Array,
) -> None:
    """The same with growth that depends on the size: `growth_on_face` of `size_law`, `gamma` [1/m], `power`."""
    bins = m.shape[0]
    width = L[1] - L[0]
    per_crystal = rho_kv * cubed_size(L[0], L[1])
    per_mass = 1.0 / (per_crystal * width)  # number density per mass
    here = m[0] * per_mass
    slope_left = 0.0
    per_distance_left = 0.0
    per_crystal_before = 0.0
    flux_before = 0.0  # through the left face of this class
    growing_in = nuclei  # what grows into this class
    for i in range(bins - 1):
        width_after = L[i + 2] - L[i + 1]
        per_crystal_after = rho_kv * cubed_size(L[i + 1], L[i + 2])
        per_mass_after = 1.0 / (per_crystal_after * width_after)
        after = m[i + 1] * per_mass_after
        per_distance = 2.0 / (L[i + 2] - L[i])
        slope_right = (after - here) * per_distance
        growing = 0.0
        dissolving = 0.0
        if i > 0:  # the first and the last class are first order
            root_eps = m_eps * per_mass * per_distance_left
            growing = 0.5 * width * limited_slope(limiter, slope_left, slope_right, root_eps * root_eps)
            dissolving = growing
            if limiter == Limiter.KOREN:  # the one that is not symmetric
                dissolving = 0.5 * width * limited_slope(limiter, slope_right, slope_left, root_eps * root_eps)
        flux = growing_in - down * (here - dissolving)
        if i > 0:
            out[i - 1] = per_crystal_before * (flux_before - flux)
        growing_in = growth_on_face(size_law, up, gamma, power, L[i + 1]) * (here + growing)
        flux_before = flux
        per_crystal_before = per_crystal
        per_crystal, per_mass, width = per_crystal_after, per_mass_after, width_after
        slope_left, per_distance_left, here = slope_right, per_distance, after
    flux = growing_in - down * here
    out[bins - 2] = per_crystal_before * (flux_before - flux)
    out[bins - 1] = per_crystal * flux
