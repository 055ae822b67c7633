"""A dissolution test: tablets fall into a stirred medium, disintegrate, and their particles dissolve.

Assumptions
- a tablet gives off its particles at a rate in proportion to what is left of it; the rate follows a power
  of the tablet's porosity (1 at epsilon_ref), so that what a press does shows in the release;
- particles of the active are spheres of a log-normal distribution of sizes; all other solids stay solid;
- a particle shrinks under a diffusion film, of the thickness and law of dissolution.py; at and above
  saturation nothing dissolves, and nothing crystallizes;
- the medium is mixed and kept at the temperature of its bath; volumes of its components add.

Balances (M tablets, m_i particles by class, A the active, N_i = m_i/x_i, x_i = ρ π/6 · mean of L³)
    dM_k/dt = ṁ_k,in − k M_k,   k = k_dis (ε/ε_ref)^n
    dm_i/dt = φ_i k M_A + x_i (F_i − F_i+1),   F_j = −|dL/dt|_j N/ΔL (right of face j, limited linear)
    |dL/dt| = 2 D (c_sat − c)⁺/(ρ h(L/2)),   c = m_A/V,   dm_A/dt = −Σ x_i (F_i − F_i+1)

So the mass dissolved is that which the classes lose, to rounding; what is left of the last class is gone
through its lower edge.

References: Hintz, Johnson, Int. J. Pharm. 51 (1989) 9, doi:10.1016/0378-5173(89)90069-0 (particles); Wilson,
Wren, Reynolds, Pharm. Res. 29 (2012) 198 (disintegration ahead of dissolution);
LeVeque, Finite Volume Methods for Hyperbolic Problems, Cambridge 2002, doi:10.1017/CBO9780511791253.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Fractions, Index, Nominal, Optional, Range
from unit_ops.granulation.sizes import lognormal_below
from unit_ops.quality.dissolution import Film, film_thickness
from unit_ops.smooth import above_zero, reciprocal, van_albada
from unit_ops.streams import T_REF, Holdup, Signal, Tablets, dot, total

DIMS = {"sizes": 40}

#: Part of the solubility below which the drive to dissolve is rounded to zero.
ROUNDED = 1e-4

#: Mass per size, over a dose spread evenly over all sizes, below which slopes are averaged without limit.
SLOPE_EPS = 1e-4

#: Share of the medium below which it counts as none.
DRY: Annotated[float, "m^3", "volume of medium below which concentrations lead to zero"] = 1e-9


class State(NamedTuple):
    m_tablets: Annotated[Array, "kg", "tablets not yet disintegrated", ("solids",), Nominal(1e-4)]
    m_inert: Annotated[Array, "kg", "dispersed solids that stay solid", ("solids",), Nominal(1e-4)]
    m: Annotated[Array, "kg", "medium with what is dissolved", ("fluids",), Nominal(1e-3)]
    particles: Annotated[Array, "kg", "particles of the active by size", ("sizes",), Nominal(1e-5)]


class Params(NamedTuple):
    disintegration: Annotated[float, "1/s", "share of a tablet disintegrating per second", Range(1e-7, 1e3)]
    L_median: Annotated[float, "m", "median size of the particles of the active", Range(1e-8, 1e-2)]
    L_sigma: Annotated[float, "1", "standard deviation of ln size of the particles", Range(0.01, 3.0)]
    L_top: Annotated[float, "m", "largest size of a particle", Range(1e-7, 1e-1)]
    diffusivity: Annotated[float, "m^2/s", "diffusivity of the active in the medium", Range(1e-13, 1e-7)]
    concentration_sat: Annotated[float, "kg/m^3", "solubility of the active in the medium", Range(1e-9, 2e3)]
    film_max: Annotated[float, "m", "thickness of the diffusion film, or the greatest of it", Range(1e-9, 1e-2)]
    dose: Annotated[float, "kg", "active that counts as fully released", Range(1e-12, 1.0)]
    T_bath: Annotated[float, "K", "temperature of the bath", Range(250.0, 400.0)]
    active: Annotated[int, "1", "the solid that dissolves", Index("solids")]
    solute: Annotated[int, "1", "the same, dissolved", Index("fluids")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    rho_liquid: Annotated[Array, "kg/m^3", "densities of the liquids", ("fluids",), Component("rho_liquid")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    epsilon_ref: Annotated[float, "1", "porosity to which the disintegration refers", Range(1e-3, 0.9)] = 0.15
    porosity_exponent: Annotated[float, "1", "exponent of the porosity in disintegration", Range(0.0, 10.0)] = 0.0
    film_law: Annotated[Film, "1", "thickness of the diffusion film"] = Film.HINTZ_JOHNSON


class Inlets(NamedTuple):
    tablets: Annotated[Tablets, "tablets dropped in", Optional()]
    porosity: Annotated[Signal, "1", "porosity of the tablets"]


class Outlets(NamedTuple):
    """Nothing leaves: samples are taken as small."""


class Integrals(NamedTuple):
    dissolving: Annotated[float, "kg/s", "mass that the particles lose to the medium", ("sizes",)]


class Measurements(NamedTuple):
    released: Annotated[float, "1", "active dissolved, over the dose"]
    concentration: Annotated[float, "kg/m^3", "concentration of the active"]
    intact: Annotated[float, "kg", "mass of the tablets that is not disintegrated"]


class Quadratures(NamedTuple):
    bath: Annotated[float, "W", "heat from the bath"]
    dissolved: Annotated[Array, "kg/s", "solids that become fluids", ("fluids",)]
    vanished: Annotated[Array, "kg/s", "solids that become fluids, as solids", ("solids",)]


class Initial(NamedTuple):
    V: Annotated[float, "m^3", "volume of medium", Range(1e-9, 1.0)]
    w: Annotated[Array, "1", "mass fractions of the medium", ("fluids",), Fractions()]
    w_solids: Annotated[Array, "1", "mass fractions of the tablets", ("solids",), Fractions()]
    m_dose: Annotated[float, "kg", "tablets that lie in the medium", Range(0.0, 1.0)] = 0.0
    m_free: Annotated[Array, "kg", "particles of the active, by size", ("sizes",), Range(0.0, 1.0)] = 0.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("1",)]


class Work(NamedTuple):
    gain: Annotated[Array, "kg/s", "mass gain of every size by shrinking", ("sizes",)]


FACES = (("tablets", 0),)


@empirical("1", "1", returns="1")
def porosity_factor(ratio, exponent):
    """Disintegration over that at the reference porosity."""
    return ratio**exponent


@kernel
def edge(i, n, p):
    """Edge i of n size classes of equal width."""
    return p.L_top * i / n


@kernel
def volume_factor(i, n, p):
    """Mean of π/6 L³ over class i [m³]."""
    low = edge(i, n, p)
    high = edge(i + 1, n, p)
    return math.pi / 24.0 * (low + high) * (low * low + high * high)


@kernel
def concentration(x, p):
    V = 0.0
    for i in range(x.m.shape[0]):
        V += x.m[i] / p.rho_liquid[i]
    return x.m[p.solute] * reciprocal(V, DRY)


@kernel
def released(x, p):
    return x.m[p.solute] / p.dose


@kernel
def intact(x):
    return total(x.m_tablets)


@kernel
def per_size(x, i, n, p):
    """Number of particles of class i per size [1/m]."""
    return x.particles[i] / (p.rho_solid[p.active] * volume_factor(i, n, p)) * n / p.L_top


@kernel
def shrinking(j, n, drive, p):
    """Rate at which particles at edge j shrink in diameter [m/s]; at size 0 that of half a class above it."""
    r = 0.5 * edge(j, n, p)
    if j == 0:
        r = 0.25 * edge(1, n, p)
    rho = p.rho_solid[p.active]
    return 2.0 * p.diffusivity * drive / (rho * film_thickness(p.film_law, r, p.film_max))


@kernel
def dissolving(x, p, w, out):
    """Losses of the classes, kept for the balances; their sum is what dissolves."""
    n = x.particles.shape[0]
    drive = above_zero(p.concentration_sat - concentration(x, p), ROUNDED * p.concentration_sat)
    rho = p.rho_solid[p.active]
    evenly = SLOPE_EPS * p.dose / (n * rho)
    flux = 0.0  # number per second through the lower edge of the class, downwards
    here = per_size(x, 0, n, p)
    before = here
    for i in range(n):
        after = 0.0
        if i < n - 1:
            after = per_size(x, i + 1, n, p)
        slope = 0.0
        if i > 0:
            scale = evenly * n / (p.L_top * volume_factor(i, n, p))
            slope = van_albada(here - before, after - here, scale * scale)
        flux = shrinking(i, n, drive, p) * (here - 0.5 * slope)
        w.gain[i] = -rho * volume_factor(i, n, p) * flux
        if i > 0:
            w.gain[i - 1] += rho * volume_factor(i - 1, n, p) * flux
        before = here
        here = after
    for i in range(n):
        out[i] = -w.gain[i]


@kernel
def disintegrating(porosity, p):
    """Share of the tablets that disintegrates per second."""
    return p.disintegration * porosity_factor(porosity.value / p.epsilon_ref, p.porosity_exponent)


@kernel
def size_share(i, n, p):
    """Share of the active in class i."""
    low = 0.0
    high = 1.0
    if i > 0:
        low = lognormal_below(edge(i, n, p), p.L_median, p.L_sigma)
    if i < n - 1:
        high = lognormal_below(edge(i + 1, n, p), p.L_median, p.L_sigma)
    return high - low


@kernel
def derivatives(x, u, a, p, w, dx):
    n = x.particles.shape[0]
    k = disintegrating(u.porosity, p)
    for i in range(x.m_tablets.shape[0]):
        given_off = k * x.m_tablets[i]
        dx.m_tablets[i] = u.tablets.m_flow[i] - given_off
        dx.m_inert[i] = given_off
    active = dx.m_inert[p.active]
    dx.m_inert[p.active] = 0.0
    for i in range(x.m.shape[0]):
        dx.m[i] = u.tablets.m_flow_liquid[i]
    dx.m[p.solute] += a.dissolving
    for i in range(n):
        dx.particles[i] = w.gain[i] + size_share(i, n, p) * active
    return State(dx.m_tablets, dx.m_inert, dx.m, dx.particles)


@kernel
def quadratures(u, a, p, out):
    for i in range(out.dissolved.shape[0]):
        out.dissolved[i] = 0.0
    for i in range(out.vanished.shape[0]):
        out.vanished[i] = 0.0
    out.dissolved[p.solute] = a.dissolving
    out.vanished[p.active] = -a.dissolving
    warmed = dot(u.tablets.m_flow_liquid, p.cp) + a.dissolving * p.cp[p.solute]
    return Quadratures(warmed * (p.T_bath - T_REF), out.dissolved, out.vanished)


@kernel
def holdup(x, p, out):
    for i in range(x.m.shape[0]):
        out.fluids[i] = x.m[i]
    for i in range(x.m_tablets.shape[0]):
        out.solids[i] = x.m_tablets[i] + x.m_inert[i]
    out.solids[p.active] += total(x.particles)
    return Holdup(dot(x.m, p.cp) * (p.T_bath - T_REF), out.fluids, out.solids)


@kernel
def transport(x, u, out):
    out.m[0] = total(x.m) + total(x.m_tablets) + total(x.m_inert) + total(x.particles)
    out.m_flow[0] = total(u.tablets.m_flow) + total(u.tablets.m_flow_liquid)
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a dose, and a litre of medium."""
    return {"m_tablets": p.dose, "m_inert": p.dose, "m": p.dose, "particles": 0.1 * p.dose}


def initial_state(initial: Initial, p: Params) -> State:
    """Medium of the given composition, intact tablets, free particles."""
    medium = initial.V / float(np.sum(initial.w / p.rho_liquid)) * np.asarray(initial.w)
    tablets = initial.m_dose * np.asarray(initial.w_solids)
    return State(tablets, 0.0 * tablets, medium, np.array(initial.m_free))
