"""The cakes of a carousel node by node: what a node holds, and what runs through it by either scheme.

`x` is the State of carousel_profiles.py, `p` its Params: stations side by side in `cells`, each with as many nodes;
n counts them from the top. Liquid that stands on a cake runs through it; when none is left each node drains, as in
deliquoring.py or, with `scheme: published`, as the published program has it (carousel_laws.py).

References: Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809;
Wakeman & Tarleton, Filtration, Elsevier 1999; cake_laws.py, filtration.py.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from twin.jit import kernel
from unit_ops.separation.cake_laws import capillary_potential, permeability, relative_permeability
from unit_ops.separation.carousel_laws import van_leer
from unit_ops.separation.filtration import filtrate_flux, reduced_saturation, specific_resistance, viscosity
from unit_ops.smooth import reciprocal, step, van_albada
from unit_ops.streams import T_REF

#: Temperature at which the published program takes the viscosity of what drains.
T_DRAINING: Annotated[float, "K", "temperature of the published viscosity"] = 298.0


class Scheme(IntEnum):
    """How drainage and drying are followed."""

    PHYSICAL = 0  #: conservative and smooth
    PUBLISHED = 1  #: as the published program


@kernel
def film_volume(p):
    """Liquid that counts as a film: the measure of an empty station."""
    return p.film * p.area


@kernel
def least_cake(p):
    """Crystals below which a station counts as empty: a millionth of a charge."""
    return 1e-6 * p.V_charge * p.rho_solid[p.crystal]


@kernel
def excess_temperature(H, C, p):
    """T − T_REF of something of heat capacity C; falls to 0 below a millionth of a charge."""
    return H * reciprocal(C, 1e-6 * p.V_charge * p.rho[p.volatile] * p.cp[p.volatile])


@kernel
def nodes_of(x):
    """Nodes of a cake."""
    return x.H.shape[0] // x.M.shape[0]


@kernel
def cell(x, j, n):
    """Place of node n of station j."""
    return j * (x.H.shape[0] // x.M.shape[0]) + n


@kernel
def node_heat_capacity(x, j, n, p):
    C = x.M[j] / nodes_of(x) * p.cp_solid[p.crystal]
    for i in range(x.m.shape[0]):
        C += x.m[i, cell(x, j, n)] * p.cp[i]
    return C


@kernel
def node_excess(x, j, n, p):
    return excess_temperature(x.H[cell(x, j, n)], node_heat_capacity(x, j, n, p), p)


@kernel
def node_volume(x, j, n, p):
    volume = 0.0
    for i in range(x.m.shape[0]):
        volume += x.m[i, cell(x, j, n)] / p.rho[i]
    return volume


@kernel
def pond_volume(x, j, p):
    volume = 0.0
    for i in range(x.m.shape[0]):
        volume += x.m_pond[i, j] / p.rho[i]
    return volume


@kernel
def pond_excess(x, j, p):
    C = 0.0
    for i in range(x.m.shape[0]):
        C += x.m_pond[i, j] * p.cp[i]
    return excess_temperature(x.H_pond[j], C, p)


@kernel
def node_pores(x, j, p):
    """Pores of a node, kept off zero where there is no cake."""
    pores = p.epsilon / (1.0 - p.epsilon) * max(x.M[j], least_cake(p)) / p.rho_solid[p.crystal]
    return pores / nodes_of(x)


@kernel
def S_R(x, j, n, p):
    return reduced_saturation(node_volume(x, j, n, p) / node_pores(x, j, p), p.S_inf)


@kernel
def coarseness(x, j, p):
    """Surface of the cake's crystals over that of the reference size, 1 without a cake."""
    coarse = 1.0 + 0.0 * x.A[j] / p.area
    if x.M[j] > least_cake(p):
        coarse = x.A[j] / x.M[j] * p.rho_solid[p.crystal] * p.L_ref / p.ka_kv
    return coarse


@kernel
def resistance(x, j, p):
    """Specific resistance of the cake."""
    return specific_resistance(coarseness(x, j, p), p.alpha, 1.0)


@kernel
def height(x, j, p):
    return max(x.M[j], least_cake(p)) / (p.rho_solid[p.crystal] * (1.0 - p.epsilon) * p.area)


@kernel
def viscosity_at(T, p):
    return viscosity(T, p.mu_A, p.mu_B, p.mu_C, p.mu_D)


@kernel
def pond_rate(x, j, vacuum, p):
    """Part of the standing liquid that runs through cake and mesh per second; at its end the film runs out like e^−t.

    Bounded below zero, too: a step that goes too far comes back at the same pace.
    """
    mu = viscosity_at(T_REF + node_excess(x, j, 0, p), p)
    q = filtrate_flux(p.dP * vacuum, mu, resistance(x, j, p), x.D[j] / p.area, x.R_mesh[j])
    return p.area * q * reciprocal(max(pond_volume(x, j, p), 0.0), film_volume(p))


@kernel
def conductance(x, j, n, p):
    """Volume flow per gradient of pressure of a full cake, with the liquid of a node: area k/μ."""
    T = T_REF + node_excess(x, j, n, p)
    if p.scheme == Scheme.PUBLISHED:
        T = T_DRAINING
    k = permeability(resistance(x, j, p), p.rho_solid[p.crystal], p.epsilon)
    return p.area * k / viscosity_at(T, p)


@kernel
def threshold(x, j, p):
    return p.P_b * coarseness(x, j, p)


@kernel
def drop(x, j, vacuum, p):
    """Pressure difference along the cake."""
    if p.scheme == Scheme.PUBLISHED:
        return p.dP * vacuum
    R = resistance(x, j, p) * x.M[j] / p.area
    return p.dP * vacuum * R / (R + x.R_mesh[j])


@kernel
def node_potential(x, j, n, dP, p):
    """Pressure of the liquid of a node over the threshold, but for a constant (published)."""
    S = max(S_R(x, j, n, p), 1e-12)
    return -n * dP / ((nodes_of(x) - 1.0) * threshold(x, j, p)) - S ** (-1.0 / p.lam)


@kernel
def potential_below(x, j, n, dP, p):
    """Pressure on the lower face of a node (published)."""
    last = nodes_of(x) - 1
    here = node_potential(x, j, n, dP, p)
    if n == last:
        return here
    after = node_potential(x, j, n + 1, dP, p)
    if n == 0:
        return 0.5 * (here + after)
    return van_leer(node_potential(x, j, n - 1, dP, p), here, after)


@kernel
def node_flow(x, j, n, dP, p):
    """Flow in a node, over that of the threshold pressure along a full cake (published)."""
    nodes = nodes_of(x)
    above = node_potential(x, j, 0, dP, p)
    double = 1.0
    if n > 0:
        above = potential_below(x, j, n - 1, dP, p)
    if n == 0 or n == nodes - 1:
        double = 2.0
    gradient = (potential_below(x, j, n, dP, p) - above) * nodes * double
    return -relative_permeability(max(S_R(x, j, n, p), 1e-12), p.lam) * gradient


@kernel
def published_face(x, j, n, dP, p):
    """Flow from node n − 1 to node n, inside the cake (published, over the same)."""
    if n == 1:
        return 0.5 * (node_flow(x, j, 0, dP, p) + node_flow(x, j, 1, dP, p))
    return van_leer(node_flow(x, j, n - 2, dP, p), node_flow(x, j, n - 1, dP, p), node_flow(x, j, n, dP, p))


@kernel
def drained(x, j, n, vacuum, p):
    """Volume flow from node n − 1 to node n, 0 < n ≤ nodes, where nothing stands on the cake."""
    nodes = nodes_of(x)
    dP = drop(x, j, vacuum, p)
    L = height(x, j, p)
    here = S_R(x, j, n - 1, p)
    if p.scheme == Scheme.PUBLISHED:
        scale = conductance(x, j, n - 1, p) * threshold(x, j, p) / L
        flow = 0.0 * scale
        if j < x.M.shape[0] - 1:
            if n < nodes:
                flow = scale * published_face(x, j, n, dP, p)
            else:
                flow = scale * (2.0 * node_flow(x, j, n - 1, dP, p) - published_face(x, j, n - 1, dP, p))
        return flow
    left = 0.0 * here
    if n > 1:
        left = here - S_R(x, j, n - 2, p)
    if n == nodes:
        return conductance(x, j, n - 1, p) * dP / L * relative_permeability(here + 0.5 * left, p.lam)
    after = S_R(x, j, n, p)
    slope = 0.0 * here
    if n > 1:
        slope = van_albada(left, after - here, p.limiter_eps * p.limiter_eps)
    pull = threshold(x, j, p) * (capillary_potential(after, p.lam) - capillary_potential(here, p.lam))
    return conductance(x, j, n - 1, p) * (dP * relative_permeability(here + 0.5 * slope, p.lam) - pull * nodes) / L


@kernel
def face_flow(x, j, n, q, vacuum, p):
    """Volume flow through face n of a station's cake: what stands on it passes, else it drains."""
    dry = step(1.0 - pond_volume(x, j, p) / film_volume(p))
    flow = q
    if dry > 0.0:
        flow += dry * drained(x, j, n, vacuum, p)
    return flow


@kernel
def part_of(Q, V, heel):
    """Part of a volume that a flow takes per second."""
    return Q * reciprocal(V, heel)
