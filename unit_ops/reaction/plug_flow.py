"""A liquid-full tubular reactor with axial dispersion, a jacket and any small reaction network.

Assumptions
- one space coordinate, cells of equal size; flat profiles across the tube;
- ideal mixing: volumes of components add, also when they react;
- dispersion the same for all components and for heat; closed ends (Danckwerts);
- the tube stays full: what enters pushes on what is there, so that inner faces carry the feed's volume flow at once,
  corrected so that cells keep their volume V/cells when reactions change that of the liquid; the last cell passes on
  what exceeds its own volume, with the time constant tau_flow/cells; without feed the flow stops exactly, and cells
  give by a hundredth of their volume before what reacts in them overflows;
- jacket at one temperature; no heat capacity of the wall.

Balances (cell j, faces j and j+1; feed enters face 0, face n is the outlet)
    dm_ij/dt = J_ij − J_i,j+1 + V_j Σ_k ν_ki r_kj                     (ν_ki in kg/mol)
    dH_j/dt  = Φ_j − Φ_j+1 + UA/n (T_jacket − T_j) − V_j Σ_k ΔH_k r_kj
    J = Q c_face − D A/Δz (c_j − c_j−1),     c_ij = m_ij/V_j,  V_j = Σ m_ij/ρ_i
    Φ = Σ_i J_i cp_i (T_face − T_REF) − D A/Δz ρcp (T_j − T_j−1)
    Q_j+1 = Q_0 φ(e_j) + (e_j − 0.01)⁺ V/tau_flow inside, Q_n = e_n⁺ V/tau_flow at the outlet,
            e_j = V_j n/V − 1, Q_0 = Σ_i m_feed,i/ρ_i, φ(e) = s + √(1 + s²), s = e/0.01: 1 at e = 0, above 0
    r_k = k0_k exp(−E_k/R (1/T − 1/T_ref,k)) Π (c_i/M_i)^order_ki, c_i/M_i in mol/m³

Second order in space: faces are reconstructed linearly with the smooth van Albada average; the
first cell is taken as constant, and so is the last, whose gradient vanishes at the closed end.
Other limiters (van Leer, superbee) and WENO are not offered here: on the smooth profiles of a tube with
dispersion they come to the same second order, and their kinks or wider stencils cost steps.
Steps below limiter_eps × 1000 kg/m³ are not limited, so that composition fronts undershoot by some
such concentration: with the default of 1e-4 no component's mass in the negative cells exceeds 1e-5
of the holdup (2.5e-6 in a start-up of the paracetamol line; in proportion to limiter_eps).

References: Danckwerts, Chem. Eng. Sci. 2 (1953) 1, doi 10.1016/0009-2509(53)80001-1; Levenspiel,
Chemical Reaction Engineering, 3rd ed., Wiley 1999, ch. 13; van Albada, van Leer, Roberts, Astron.
Astrophys. 108 (1982) 76.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Range
from unit_ops.reaction.network import configure_reactions
from unit_ops.reaction.rates import R_GAS, power
from unit_ops.smooth import above_zero, positive_part, van_albada
from unit_ops.streams import T_REF, Holdup, Signal, Solution, total

DIMS = {"cells": 60, "reactions": 0}
SETTINGS = ("reactions",)

#: What limiter_eps is a part of.
C_SCALE: Annotated[float, "kg/m^3", "scale of concentrations"] = 1000.0
T_SCALE: Annotated[float, "K", "scale of temperatures"] = 100.0
#: While it flows, a reaction that makes the liquid grow by a part d leaves cells this times d too full; without feed
#: cells may swell by so much: far below what is known of V.
GIVE: Annotated[float, "1", "part of a cell's volume by which it gives"] = 0.01


class Scheme(IntEnum):
    """How values on faces follow from cells."""

    UPWIND = 0  #: first order: the tube acts as that many tanks in series
    VAN_ALBADA = 1  #: second order, smooth


class State(NamedTuple):
    m: Annotated[Array, "kg", "component masses", ("fluids", "cells"), Nominal(1e-3)]
    H: Annotated[Array, "J", "enthalpy above the reference temperature", ("cells",), Nominal(1e2)]


class Params(NamedTuple):
    V: Annotated[float, "m^3", "volume of the tube", Range(1e-9, 1e3)]
    length: Annotated[float, "m", "length of the tube", Range(1e-3, 1e5)]
    D_ax: Annotated[float, "m^2/s", "axial dispersion coefficient", Range(0.0, 1e3)]
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)]
    key: Annotated[int, "1", "component whose mass fraction is reported", Index("fluids")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    nu_mass: Annotated[Array, "kg/mol", "mass formed per mole of reaction", ("reactions", "fluids")]
    orders: Annotated[Array, "1", "reaction orders", ("reactions", "fluids")]
    k0: Annotated[Array, "mol/(m^3 s)", "rates with every reactant at 1 mol/m^3", ("reactions",)]
    E: Annotated[Array, "J/mol", "activation energies", ("reactions",)]
    inv_T_ref: Annotated[Array, "1/K", "inverse of the temperature to which k0 refers", ("reactions",)]
    dH: Annotated[Array, "J/mol", "heats of reaction (negative: heat is released)", ("reactions",)]
    tau_flow: Annotated[float, "s", "time constant of the outlet, times the number of cells", Range(1e-3, 1e4)] = 1.0
    limiter_eps: Annotated[float, "1", "steps below this part of 1000 kg/m3, 100 K are free", Range(1e-9, 1.0)] = 1e-4
    scheme: Annotated[Scheme, "1", "reconstruction on faces"] = Scheme.VAN_ALBADA


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed"]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    product: Annotated[Solution, "reactor outlet"]


class Integrals(NamedTuple):
    warmth: Annotated[float, "K", "cell temperatures above the reference, summed", ("cells",), Nominal(1e3)]
    extent_1: Annotated[float, "mol/s", "reaction 1 in the whole tube", ("cells",), Nominal(1e-3)]
    extent_2: Annotated[float, "mol/s", "reaction 2 in the whole tube", ("cells",), Nominal(1e-3)]
    extent_3: Annotated[float, "mol/s", "reaction 3 in the whole tube", ("cells",), Nominal(1e-3)]
    extent_4: Annotated[float, "mol/s", "reaction 4 in the whole tube", ("cells",), Nominal(1e-3)]


class Measurements(NamedTuple):
    T_out: Annotated[float, "K", "outlet temperature"]
    T_max: Annotated[float, "K", "hottest cell"]
    w_key: Annotated[float, "1", "mass fraction of the key component at the outlet"]
    V_liquid: Annotated[float, "m^3", "liquid volume"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]
    heat_of_reaction: Annotated[float, "W", "heat released by reaction"]
    reacted: Annotated[Array, "kg/s", "components formed by reaction", ("fluids",)]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature of each cell", ("cells",), Range(200.0, 500.0)]
    w: Annotated[Array, "1", "mass fractions", ("fluids",), Fractions()]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "net mass flow across faces", ("cells+1",)]


class Work(NamedTuple):
    V: Annotated[Array, "m^3", "volume of a cell", ("cells",)]
    C: Annotated[Array, "J/K", "heat capacity of a cell", ("cells",)]
    per_V: Annotated[Array, "1/m^3", "inverse volume of a cell", ("cells",)]
    T: Annotated[Array, "K", "temperature of a cell", ("cells",)]
    T_face: Annotated[Array, "K", "temperature on its outer face", ("cells",)]
    Q: Annotated[Array, "m^3/s", "flow through its outer face", ("cells",)]
    flow: Annotated[Array, "kg/s", "flow of one component through its outer face", ("cells",)]
    extent: Annotated[Array, "mol/s", "every reaction in a cell", ("reactions", "cells")]


def faces(dims: Mapping[str, int]) -> tuple[tuple[object, object], ...]:
    """Feed, inner faces, product."""
    n = dims["cells"]
    return (("feed", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


FACES = faces


@kernel
def cell_volume(x, p, j):
    V = 0.0
    for i in range(x.m.shape[0]):
        V += x.m[i, j] * (1.0 / p.rho[i])
    return V


@kernel
def cell_capacity(x, p, j):
    C = 0.0
    for i in range(x.m.shape[0]):
        C += x.m[i, j] * p.cp[i]
    return C


@kernel
def overflow(V, n, V_tube, tau_flow):
    """Flow out of the last of n cells, of volume V [m³/s]."""
    return V_tube / tau_flow * above_zero(V * n / V_tube - 1.0, GIVE)


@kernel
def inner_flow(Q_feed, V, n, V_tube, tau_flow):
    """Flow out of a cell before the last [m³/s]: the feed's, or what no longer fits in without one."""
    excess = V * n / V_tube - 1.0
    part = positive_part(excess, GIVE) * (2.0 / GIVE)
    return Q_feed * part + V_tube / tau_flow * above_zero(excess - GIVE, GIVE)


@kernel
def slope(scheme, left, right, eps):
    """Difference across a cell from those to its neighbours; C∞, no limiting where both are small."""
    if scheme == Scheme.VAN_ALBADA:
        return van_albada(left, right, eps * eps)
    return 0.0


@kernel
def fill(x, p, w):
    """Volumes, heat capacities, temperatures of all cells; loops over cells innermost, for speed."""
    m, V, C, per_V, T = x.m, w.V, w.C, w.per_V, w.T
    n = V.shape[0]
    for j in range(n):
        V[j] = 0.0
        C[j] = 0.0
    for i in range(m.shape[0]):
        per_rho = 1.0 / p.rho[i]
        cp = p.cp[i]
        for j in range(n):
            V[j] += m[i, j] * per_rho
            C[j] += m[i, j] * cp
    for j in range(n):
        per_V[j] = 1.0 / V[j]
        T[j] = T_REF + x.H[j] / C[j]


@kernel
def react(x, p, w, k, out):
    """Moles per second that reaction k converts in each cell, after `fill`."""
    m, V, per_V, T = x.m, w.V, w.per_V, w.T
    n = V.shape[0]
    k0, per_R, inv_T_ref = p.k0[k], p.E[k] / R_GAS, p.inv_T_ref[k]
    for j in range(n):
        out[j] = k0 * math.exp(-per_R * (1.0 / T[j] - inv_T_ref)) * V[j]
    for i in range(m.shape[0]):
        order = p.orders[k, i]
        if order != 0.0:
            per_M = 1.0 / p.molar_mass[i]
            for j in range(n):
                out[j] *= power(m[i, j] * per_V[j] * per_M, order)


@kernel
def extents(x, p, w, k, out):
    """Reaction k in every cell, kept for the balances, after `warmth`; zero when there is none."""
    if k < p.k0.shape[0]:
        react(x, p, w, k, out)
        for j in range(out.shape[0]):
            w.extent[k, j] = out[j]
    else:
        for j in range(out.shape[0]):
            out[j] = 0.0


@kernel
def warmth(x, p, w, out):
    """The first integral: it fills in the cells for all that follow."""
    fill(x, p, w)
    for j in range(out.shape[0]):
        out[j] = w.T[j] - T_REF


@kernel
def extent_1(x, p, w, out):
    extents(x, p, w, 0, out)


@kernel
def extent_2(x, p, w, out):
    extents(x, p, w, 1, out)


@kernel
def extent_3(x, p, w, out):
    extents(x, p, w, 2, out)


@kernel
def extent_4(x, p, w, out):
    extents(x, p, w, 3, out)


@kernel
def extent(a, k):
    if k == 0:
        return a.extent_1
    if k == 1:
        return a.extent_2
    if k == 2:
        return a.extent_3
    return a.extent_4


@kernel
def T_out(x, p):
    last = x.H.shape[0] - 1
    return T_REF + x.H[last] / cell_capacity(x, p, last)


@kernel
def T_max(x, p):
    hottest = 0.0
    for j in range(x.H.shape[0]):
        hottest = max(hottest, T_REF + x.H[j] / cell_capacity(x, p, j))
    return hottest


@kernel
def w_key(x, p):
    last = x.H.shape[0] - 1
    m = 0.0
    for i in range(x.m.shape[0]):
        m += x.m[i, last]
    return x.m[p.key, last] / m


@kernel
def V_liquid(x, p):
    V = 0.0
    for j in range(x.H.shape[0]):
        V += cell_volume(x, p, j)
    return V


@kernel
def product(x, p, out):
    n = x.H.shape[0]
    V = cell_volume(x, p, n - 1)
    k = overflow(V, n, p.V, p.tau_flow) / V
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, n - 1]
    return Solution(T_out(x, p), out.m_flow)


@kernel
def volume_flow(m_flow, p):
    """Of the feed [m³/s]."""
    Q = 0.0
    for i in range(m_flow.shape[0]):
        Q += m_flow[i] / p.rho[i]
    return Q


@kernel
def prepare(u, p, w):
    """What all faces need beside the cells filled in: flows and temperatures on faces."""
    T, T_face, scheme = w.T, w.T_face, p.scheme
    n = T.shape[0]
    eps = T_SCALE * p.limiter_eps
    Q_feed = volume_flow(u.feed.m_flow, p)
    for j in range(n - 1):
        w.Q[j] = inner_flow(Q_feed, w.V[j], n, p.V, p.tau_flow)
        T_face[j] = T[j]
    w.Q[n - 1] = overflow(w.V[n - 1], n, p.V, p.tau_flow)
    T_face[n - 1] = T[n - 1]
    for j in range(1, n - 1):
        T_face[j] = T[j] + 0.5 * slope(scheme, T[j] - T[j - 1], T[j + 1] - T[j], eps)


@kernel
def exchange(n, p):
    """D A/Δz: volume exchanged across a face by dispersion [m³/s]."""
    return p.D_ax * p.V * n / (p.length * p.length)


@kernel
def face_flows(x, p, w, i, out):
    """Flow of component i through the outer face of every cell [kg/s], after `prepare`."""
    m, per_V, Q, scheme = x.m, w.per_V, w.Q, p.scheme
    n = Q.shape[0]
    mixed = exchange(n, p)
    eps = C_SCALE * p.limiter_eps
    c = m[i, 0] * per_V[0]
    c_after = m[i, 1] * per_V[1]
    out[0] = Q[0] * c - mixed * (c_after - c)
    for j in range(1, n - 1):
        c_before, c = c, c_after
        c_after = m[i, j + 1] * per_V[j + 1]
        c_face = c + 0.5 * slope(scheme, c - c_before, c_after - c, eps)
        out[j] = Q[j] * c_face - mixed * (c_after - c)
    out[n - 1] = Q[n - 1] * c_after


@kernel
def derivatives(x, u, p, w, dx):
    prepare(u, p, w)
    C, per_V, T, T_face, flow, r, dm, dH = w.C, w.per_V, w.T, w.T_face, w.flow, w.extent, dx.m, dx.H
    n = T.shape[0]
    # heat: jacket, dispersion
    mixed = exchange(n, p)
    jacket = p.UA / n
    warm_in = 0.0
    for j in range(n - 1):
        capacity = 0.5 * (C[j] * per_V[j] + C[j + 1] * per_V[j + 1])
        warm_out = -mixed * capacity * (T[j + 1] - T[j])
        dH[j] = jacket * (u.T_jacket.value - T[j]) + warm_in - warm_out
        warm_in = warm_out
    dH[n - 1] = jacket * (u.T_jacket.value - T[n - 1]) + warm_in
    # flow of components, and of the heat they carry
    for i in range(dm.shape[0]):
        face_flows(x, p, w, i, flow)
        cp = p.cp[i]
        m_in = u.feed.m_flow[i]
        H_in = m_in * cp * (u.feed.T - T_REF)
        for j in range(n):
            H_out = flow[j] * cp * (T_face[j] - T_REF)
            dm[i, j] = m_in - flow[j]
            dH[j] += H_in - H_out
            m_in = flow[j]
            H_in = H_out
    # reaction
    for k in range(p.k0.shape[0]):
        for j in range(n):
            dH[j] -= p.dH[k] * r[k, j]
        for i in range(dm.shape[0]):
            nu = p.nu_mass[k, i]
            if nu != 0.0:
                for j in range(n):
                    dm[i, j] += nu * r[k, j]
    return State(dm, dH)


@kernel
def quadratures(x, u, a, p, out):
    n = x.H.shape[0]
    heat = 0.0
    for i in range(out.reacted.shape[0]):
        out.reacted[i] = 0.0
    for k in range(p.k0.shape[0]):
        heat -= p.dH[k] * extent(a, k)
        for i in range(out.reacted.shape[0]):
            out.reacted[i] += p.nu_mass[k, i] * extent(a, k)
    duty = p.UA * (u.T_jacket.value - T_REF - a.warmth / n)
    return Quadratures(duty, heat, out.reacted)


@kernel
def holdup(x, out):
    H = 0.0
    for j in range(x.H.shape[0]):
        H += x.H[j]
    for i in range(x.m.shape[0]):
        m = 0.0
        for j in range(x.H.shape[0]):
            m += x.m[i, j]
        out.fluids[i] = m
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(H, out.fluids, out.solids)


@kernel
def transport(x, u, p, w, out):
    n = x.H.shape[0]
    fill(x, p, w)
    prepare(u, p, w)
    out.m_flow[0] = total(u.feed.m_flow)
    for j in range(n):
        out.m[j] = 0.0
        out.m_flow[j + 1] = 0.0
    for i in range(x.m.shape[0]):
        face_flows(x, p, w, i, w.flow)
        for j in range(n):
            out.m[j] += x.m[i, j]
            out.m_flow[j + 1] += w.flow[j]
    return Transport(out.m, out.m_flow)


def configure(
    settings: Mapping[str, Any],
    fluids: Sequence[str],
    solids: Sequence[str],
    components: Mapping[str, Mapping[str, float]],
) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """Read the reaction network; see `unit_ops.reaction.network`."""
    return configure_reactions(settings.get("reactions", []), fluids, components)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: the tube has 60 cells unless configured, so this is a typical cell."""
    mass = p.V / 60.0 * float(np.mean(p.rho))
    return {"m": 0.1 * mass, "H": 10.0 * mass * float(np.mean(p.cp))}  # 10 K


def initial_state(initial: Initial, p: Params) -> State:
    """Liquid-full tube of one composition (fractions sum to 1)."""
    n = len(initial.T)
    density = 1.0 / sum(w / rho for w, rho in zip(initial.w, p.rho, strict=True))
    m = np.outer(initial.w, np.full(n, density * p.V / n))
    return State(m=m, H=(p.cp @ m) * (np.asarray(initial.T) - T_REF))
