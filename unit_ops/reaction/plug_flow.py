"""A liquid-full tubular reactor with axial dispersion, a jacket and any small reaction network.

Assumptions
- one space coordinate, cells of equal size; flat profiles across the tube;
- ideal mixing: volumes of components add, also when they react;
- dispersion the same for all components and for heat; closed ends (Danckwerts);
- the tube stays full: a cell passes on what exceeds its own volume V/cells, with the time constant
  tau_flow/cells, so that a flow step travels through the tube in about tau_flow and holdup exceeds
  V by flow × tau_flow; without feed the flow stops exactly;
- jacket at one temperature; no heat capacity of the wall.

Balances (cell j, faces j and j+1; feed enters face 0, face n is the outlet)
    dm_ij/dt = J_ij − J_i,j+1 + V_j Σ_k ν_ki r_kj                     (ν_ki in kg/mol)
    dH_j/dt  = Φ_j − Φ_j+1 + UA/n (T_jacket − T_j) − V_j Σ_k ΔH_k r_kj
    J = Q c_face − D A/Δz (c_j − c_j−1),     c_ij = m_ij/V_j,  V_j = Σ m_ij/ρ_i
    Φ = Σ_i J_i cp_i (T_face − T_REF) − D A/Δz ρcp (T_j − T_j−1)
    Q_j+1 = (V_j n/V − 1)⁺ V/tau_flow
    r_k = k0_k exp(−E_k/R (1/T − 1/T_ref,k)) Π (c_i/M_i)^order_ki, c_i/M_i in mol/m³

Second order in space: faces are reconstructed linearly with the smooth van Albada average; the
first cell is taken as constant, and so is the last, whose gradient vanishes at the closed end.

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

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Index, Nominal, Range
from unit_ops.limits import above_zero
from unit_ops.reaction.network import configure_reactions
from unit_ops.streams import T_REF, Holdup, Signal, Solution, total

R_GAS = 8.31446261815324
DIMS = {"cells": 60, "reactions": 0}
SETTINGS = ("reactions",)

#: What limiter_eps is a part of.
C_SCALE: Annotated[float, "kg/m^3", "scale of concentrations"] = 1000.0
T_SCALE: Annotated[float, "K", "scale of temperatures"] = 100.0


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
    tau_flow: Annotated[float, "s", "time for a flow step to pass the tube", Range(1e-3, 1e4)] = 1.0
    limiter_eps: Annotated[float, "1", "steps below this part of 1000 kg/m3, 100 K are free", Range(1e-9, 1.0)] = 1e-3
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
    w: Annotated[Array, "1", "mass fractions", ("fluids",)]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "net mass flow across faces", ("cells+1",)]


class Work(NamedTuple):
    per_V: Annotated[Array, "1/m^3", "inverse volume of a cell", ("cells",)]
    T: Annotated[Array, "K", "temperature of a cell", ("cells",)]
    T_face: Annotated[Array, "K", "temperature on its outer face", ("cells",)]
    Q: Annotated[Array, "m^3/s", "flow through its outer face", ("cells",)]
    C: Annotated[Array, "J/K", "heat capacity of a cell", ("cells",)]


def faces(dims: Mapping[str, int]) -> tuple[tuple[object, object], ...]:
    """Feed, inner faces, product."""
    n = dims["cells"]
    return (("feed", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


FACES = faces


@kernel
def cell_volume(x, p, j):
    V = 0.0
    for i in range(x.m.shape[0]):
        V += x.m[i, j] / p.rho[i]
    return V


@kernel
def cell_capacity(x, p, j):
    C = 0.0
    for i in range(x.m.shape[0]):
        C += x.m[i, j] * p.cp[i]
    return C


@kernel
def cell_flow(V, n, p):
    """Flow out of a cell of volume V [m³/s]."""
    return p.V / p.tau_flow * above_zero(V * n / p.V - 1.0, 1e-3)


@empirical("mol/m^3", "1", returns="1")
def power(c, order):
    """(c/(1 mol/m³))^order; c may be slightly negative where a component vanishes."""
    if order == 1.0:
        return c
    if order == 2.0:
        return c * c
    return above_zero(c, 1e-3) ** order


@kernel
def rate(x, p, k, j, T, per_V):
    """Rate of reaction k in cell j [mol/(m³ s)]."""
    r = p.k0[k] * math.exp(-p.E[k] / R_GAS * (1.0 / T - p.inv_T_ref[k]))
    for i in range(x.m.shape[0]):
        if p.orders[k, i] != 0.0:
            r *= power(x.m[i, j] * per_V / p.molar_mass[i], p.orders[k, i])
    return r


@kernel
def slope(scheme, left, right, eps):
    """Difference across a cell from those to its neighbours; C∞, no limiting where both are small."""
    if scheme == Scheme.VAN_ALBADA:
        l2 = left * left + eps * eps
        r2 = right * right + eps * eps
        return (l2 * right + r2 * left) / (l2 + r2)
    return 0.0


@kernel
def warmth(x, p, out):
    for j in range(out.shape[0]):
        out[j] = x.H[j] / cell_capacity(x, p, j)


@kernel
def extents(x, p, k, out):
    """Moles per second that reaction k converts in each cell; zero when there is no reaction k."""
    for j in range(out.shape[0]):
        out[j] = 0.0
        if k < p.k0.shape[0]:
            V = cell_volume(x, p, j)
            T = T_REF + x.H[j] / cell_capacity(x, p, j)
            out[j] = V * rate(x, p, k, j, T, 1.0 / V)


@kernel
def extent_1(x, p, out):
    extents(x, p, 0, out)


@kernel
def extent_2(x, p, out):
    extents(x, p, 1, out)


@kernel
def extent_3(x, p, out):
    extents(x, p, 2, out)


@kernel
def extent_4(x, p, out):
    extents(x, p, 3, out)


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
    k = cell_flow(V, n, p) / V
    for i in range(x.m.shape[0]):
        out.m_flow[i] = k * x.m[i, n - 1]
    return Solution(T_out(x, p), out.m_flow)


@kernel
def prepare(x, p, w):
    """Volumes, temperatures and flows of all cells."""
    n = x.H.shape[0]
    for j in range(n):
        V = cell_volume(x, p, j)
        w.per_V[j] = 1.0 / V
        w.Q[j] = cell_flow(V, n, p)
        w.C[j] = cell_capacity(x, p, j)
        w.T[j] = T_REF + x.H[j] / w.C[j]
    for j in range(n):
        w.T_face[j] = w.T[j]
        if j > 0 and j + 1 < n:
            w.T_face[j] += 0.5 * slope(p.scheme, w.T[j] - w.T[j - 1], w.T[j + 1] - w.T[j], T_SCALE * p.limiter_eps)


@kernel
def exchange(n, p):
    """D A/Δz: volume exchanged across a face by dispersion [m³/s]."""
    return p.D_ax * p.V * n / (p.length * p.length)


@kernel
def face_flow(x, p, w, i, j):
    """Flow of component i through the outer face of cell j [kg/s]."""
    n = x.H.shape[0]
    here = x.m[i, j] * w.per_V[j]
    if j + 1 == n:
        return w.Q[j] * here
    after = x.m[i, j + 1] * w.per_V[j + 1]
    c_face = here
    if j > 0:
        before = x.m[i, j - 1] * w.per_V[j - 1]
        c_face += 0.5 * slope(p.scheme, here - before, after - here, C_SCALE * p.limiter_eps)
    return w.Q[j] * c_face - exchange(n, p) * (after - here)


@kernel
def derivatives(x, u, p, w, dx):
    n = x.H.shape[0]
    prepare(x, p, w)
    # heat: jacket, dispersion
    warm_in = 0.0
    for j in range(n):
        warm_out = 0.0
        if j + 1 < n:
            capacity = 0.5 * (w.C[j] * w.per_V[j] + w.C[j + 1] * w.per_V[j + 1])
            warm_out = -exchange(n, p) * capacity * (w.T[j + 1] - w.T[j])
        dx.H[j] = p.UA / n * (u.T_jacket.value - w.T[j]) + warm_in - warm_out
        warm_in = warm_out
    # flow of components, and of the heat they carry
    for i in range(x.m.shape[0]):
        m_in = u.feed.m_flow[i]
        H_in = m_in * p.cp[i] * (u.feed.T - T_REF)
        for j in range(n):
            m_out = face_flow(x, p, w, i, j)
            H_out = m_out * p.cp[i] * (w.T_face[j] - T_REF)
            dx.m[i, j] = m_in - m_out
            dx.H[j] += H_in - H_out
            m_in = m_out
            H_in = H_out
    # reaction
    for k in range(p.k0.shape[0]):
        for j in range(n):
            r = rate(x, p, k, j, w.T[j], w.per_V[j]) / w.per_V[j]
            dx.H[j] -= p.dH[k] * r
            for i in range(x.m.shape[0]):
                dx.m[i, j] += p.nu_mass[k, i] * r
    return State(dx.m, dx.H)


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
    prepare(x, p, w)
    out.m_flow[0] = total(u.feed.m_flow)
    for j in range(n):
        out.m[j] = 0.0
        out.m_flow[j + 1] = 0.0
        for i in range(x.m.shape[0]):
            out.m[j] += x.m[i, j]
            out.m_flow[j + 1] += face_flow(x, p, w, i, j)
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
