"""What filters with size classes have in common: sums over classes and components, the stirred trough."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.jit import kernel
from unit_ops.properties.mixture import volume
from unit_ops.streams import Holdup, dot, total


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


@kernel
def cell_capacity(x, j, p):
    return column_sum(x.m, p.cp, j) + x.M[j] * p.cp_solid[p.crystal]


@kernel
def trough_capacity(x, a, p):
    return dot(x.m_trough, p.cp) + a.crystal_mass * p.cp_solid[p.crystal]


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m_trough[i] + total(x.m[i]) + total(x.m_pan[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    out.solids[p.crystal] = total(x.crystals) + total(x.M)
    return Holdup(x.H_trough + total(x.H) + total(x.H_pan), out.fluids, out.solids)


def nominals(p: Any) -> dict[str, float]:
    """Scales of the states: a trough of slurry with a tenth of crystals."""
    trough = p.V_weir * float(np.mean(p.rho))
    return {
        "H_trough": 1e4 * trough,
        "m_trough": 0.1 * trough,
        "crystals": 0.1 * trough / (len(p.L_edges) - 1),
    }
