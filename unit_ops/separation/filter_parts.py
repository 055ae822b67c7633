"""What filters with size classes have in common: sums over classes and components, the stirred trough."""

from __future__ import annotations

from twin.jit import kernel
from unit_ops.properties.mixture import volume


@kernel
def crystal_mass(x, out):
    for b in range(x.crystals.shape[0]):
        out[b] = x.crystals[b]


@kernel
def crystal_surface(x, p, out):
    """Surface from the means of L² and L³ over each class, as the population balance counts mass."""
    scale = p.ka_kv / p.rho_solid[p.crystal]
    for b in range(x.crystals.shape[0]):
        low = p.L_edges[b]
        high = p.L_edges[b + 1]
        squared = (low * low + low * high + high * high) / 3.0
        cubed = 0.25 * (low + high) * (low * low + high * high)
        out[b] = scale * x.crystals[b] * squared / cubed


@kernel
def column_sum(m, weights, j):
    """Sum over the components of cell j, weighted."""
    s = 0.0
    for i in range(m.shape[0]):
        s += m[i, j] * weights[i]
    return s


@kernel
def liquid_volume(m, j, p):
    V = 0.0
    for i in range(m.shape[0]):
        V += m[i, j] / p.rho[i]
    return V


@kernel
def trough_liquid(x, p):
    return volume(x.m_trough, p.rho)


@kernel
def V(x, a, p):
    return trough_liquid(x, p) + a.crystal_mass / p.rho_solid[p.crystal]
