"""A twin-screw wet granulator by a map of measured granule sizes, with its residence times.

Assumptions
- what leaves has the size that the map gives for its liquid-to-solid ratio and the feed load at which
  it leaves, at once; sizes are log-normal; beyond the measured range the value at its edge is held: guards
  say so, and for the liquid a warning of the run (feed loads leave the range whenever the line starts);
- residence times are those of plug flow (the cells before the last `tanks`, time tau_delay) and mixed
  tanks; the mean residence time is given;
- all granules have the given porosity; nothing dries; the barrel holds the material at ambient
  temperature, which is booked as cooling of the liquid.

Balances, cell j
    dm_ij/dt = k_j−1 m_i,j−1 − k_j m_ij,   k = (cells − tanks)/τ_delay, then tanks/(τ − τ_delay)

Map, with r = L/S (liquid over solids) and s = ṁ/(ρ_bulk N D³) (specific feed load)
    ln(d_32/d_ref) = a_r (r − r_ref) + a_s (s − s_ref) + a_rs (r − r_ref)(s − s_ref)
    ln(σ/σ_ref)    = b_r (r − r_ref) + b_s (s − s_ref) + b_rs (r − r_ref)(s − s_ref),   d_50 = d_32 exp(σ²/2)

The feed load is taken without unit; some authors give ṁ/N. What counts is that the map and `rho_bulk` go together.

References: Plath et al., Pharmaceutics 13 (2021) 645, doi:10.3390/pharmaceutics13050645 (sizes and residence
times against both); Levenspiel, Chemical Reaction Engineering, 3rd ed., Wiley 1999, ch. 14
(ISBN 978-0-471-25424-9).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Grid, Nominal, Range
from unit_ops.granulation.sizes import lognormal_share
from unit_ops.powder.blending import held
from unit_ops.smooth import reciprocal, saturated
from unit_ops.streams import Granules, Holdup, Powder, Solution, enthalpy_flow, total

DIMS = {"cells": 10}

#: Part of the nominal holdup, per cell, below which the liquid-to-solid ratio leads to 0.
HEEL = 1e-6

#: Part of the measured range over which the map is rounded at its edges.
ROUNDED = 0.02


class State(NamedTuple):
    m_solids: Annotated[Array, "kg", "solid component masses", ("solids", "cells"), Nominal(1e-3)]
    m_liquid: Annotated[Array, "kg", "liquid component masses", ("fluids", "cells"), Nominal(1e-4)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "mean residence time", Range(0.1, 1e4)]
    tau_delay: Annotated[float, "s", "part of it in plug flow", Range(1e-3, 1e4)]
    F_ss: Annotated[float, "kg/s", "nominal flow", Range(1e-9, 100.0)]
    diameter: Annotated[float, "m", "diameter of a screw", Range(1e-3, 1.0)]
    rho_bulk: Annotated[float, "kg/m^3", "density to which the feed load refers", Range(10.0, 2e4)]
    d_ref: Annotated[float, "m", "Sauter mean size at the reference", Range(1e-6, 0.1)]
    a_r: Annotated[float, "1", "slope of ln size over the liquid-to-solid ratio", Range(-1e3, 1e3)]
    a_s: Annotated[float, "1", "slope of ln size over the feed load", Range(-1e3, 1e3)]
    a_rs: Annotated[float, "1", "slope of ln size over both", Range(-1e4, 1e4)]
    sigma_ref: Annotated[float, "1", "standard deviation of ln size at the reference", Range(0.01, 3.0)]
    b_r: Annotated[float, "1", "slope of ln deviation over the liquid-to-solid ratio", Range(-1e3, 1e3)]
    b_s: Annotated[float, "1", "slope of ln deviation over the feed load", Range(-1e3, 1e3)]
    b_rs: Annotated[float, "1", "slope of ln deviation over both", Range(-1e4, 1e4)]
    r_ref: Annotated[float, "1", "liquid-to-solid ratio of the reference", Range(0.0, 10.0)]
    s_ref: Annotated[float, "1", "feed load of the reference", Range(0.0, 10.0)]
    r_min: Annotated[float, "1", "least liquid-to-solid ratio measured", Range(0.0, 10.0)]
    r_max: Annotated[float, "1", "greatest liquid-to-solid ratio measured", Range(0.0, 10.0)]
    s_min: Annotated[float, "1", "least feed load measured", Range(0.0, 10.0)]
    s_max: Annotated[float, "1", "greatest feed load measured", Range(0.0, 10.0)]
    epsilon: Annotated[float, "1", "porosity of the granules", Range(0.0, 0.9)]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    screw_speed: Annotated[float, "1/s", "speed of the screws", Range(0.01, 100.0)] = 5.0
    tanks: Annotated[int, "1", "how many of the last cells are mixed tanks", Range(1, 100)] = 3


class Inlets(NamedTuple):
    powder: Annotated[Powder, "powder"]
    liquid: Annotated[Solution, "granulation liquid"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "granules"]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]
    X: Annotated[float, "1", "liquid over solids in the product", Fitted("size map", "r_min", "r_max", flow="F")]
    feed_load: Annotated[float, "1", "specific feed load at which the product leaves"]
    d_32: Annotated[float, "m", "Sauter mean size of the product"]
    d_50: Annotated[float, "m", "median size of the product"]


class Quadratures(NamedTuple):
    cooling: Annotated[float, "W", "heat from the barrel that brings the liquid to ambient temperature"]


class Guards(NamedTuple):
    wetter: Annotated[float, "1", "liquid-to-solid ratio above the range of the map"]
    drier: Annotated[float, "1", "liquid-to-solid ratio below the range of the map"]
    fuller: Annotated[float, "1", "feed load above the range of the map"]
    emptier: Annotated[float, "1", "feed load below the range of the map"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    m: Annotated[Array, "kg", "dry powder per cell", ("cells",), Range(0.0, 1e4)] = 0.0  # type: ignore[assignment]


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("cells",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("cells+2",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Two inlets into the first cell, then from one to the next and out."""
    n = dims["cells"]
    return (("powder", 0), ("liquid", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


@kernel
def outflow_rate(j, n, p):
    """Part of cell j of n that leaves per second."""
    if j < n - p.tanks:
        return (n - p.tanks) / p.tau_delay
    return p.tanks / (p.tau - p.tau_delay)


@kernel
def mass_of(m, j):
    s = 0.0
    for i in range(m.shape[0]):
        s += m[i, j]
    return s


@kernel
def M(x):
    s = 0.0
    for j in range(x.m_solids.shape[1]):
        s += mass_of(x.m_solids, j) + mass_of(x.m_liquid, j)
    return s


@kernel
def F(x, p):
    n = x.m_solids.shape[1]
    return outflow_rate(n - 1, n, p) * (mass_of(x.m_solids, n - 1) + mass_of(x.m_liquid, n - 1))


@kernel
def X(x, p):
    n = x.m_solids.shape[1]
    return mass_of(x.m_liquid, n - 1) * reciprocal(mass_of(x.m_solids, n - 1), HEEL * p.F_ss * p.tau / n)


@kernel
def feed_load(x, p):
    n = x.m_solids.shape[1]
    m_flow = outflow_rate(n - 1, n, p) * mass_of(x.m_solids, n - 1)
    return m_flow / (p.rho_bulk * p.screw_speed * p.diameter * p.diameter * p.diameter)


@kernel
def on_map(x, p, a_r, a_s, a_rs):
    """Exponential of the map's plane at what leaves."""
    r = saturated(X(x, p), p.r_min, p.r_max, ROUNDED * (p.r_max - p.r_min)) - p.r_ref
    s = saturated(feed_load(x, p), p.s_min, p.s_max, ROUNDED * (p.s_max - p.s_min)) - p.s_ref
    return math.exp(a_r * r + a_s * s + a_rs * r * s)


@kernel
def d_32(x, p):
    return p.d_ref * on_map(x, p, p.a_r, p.a_s, p.a_rs)


@kernel
def deviation(x, p):
    return p.sigma_ref * on_map(x, p, p.b_r, p.b_s, p.b_rs)


@kernel
def d_50(x, p):
    sigma = deviation(x, p)
    return d_32(x, p) * math.exp(0.5 * sigma * sigma)


@kernel
def wetter(x, p):
    return X(x, p) - p.r_max


@kernel
def drier(x, p):
    return p.r_min - X(x, p)


@kernel
def fuller(x, p):
    return feed_load(x, p) - p.s_max


@kernel
def emptier(x, p):
    return p.s_min - feed_load(x, p)


@kernel
def product(x, p, out):
    n = x.m_solids.shape[1]
    k = outflow_rate(n - 1, n, p)
    V = 0.0
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i, n - 1]
        V += out.m_flow[i] / p.rho_solid[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i, n - 1]
    median = d_50(x, p) * (1.0 - p.epsilon) ** (1.0 / 3.0)
    sigma = deviation(x, p)
    for i in range(out.V_flow_classes.shape[0]):
        out.V_flow_classes[i] = V * lognormal_share(i, p.L_edges, median, sigma)
    return Granules(V, V * p.epsilon / (1.0 - p.epsilon), out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def convey(m, p, dm):
    """Rates of all cells without what is fed."""
    n = m.shape[1]
    for i in range(m.shape[0]):
        for j in range(n):
            dm[i, j] = -outflow_rate(j, n, p) * m[i, j]
        for j in range(1, n):
            dm[i, j] += outflow_rate(j - 1, n, p) * m[i, j - 1]


@kernel
def derivatives(x, u, p, dx):
    convey(x.m_solids, p, dx.m_solids)
    convey(x.m_liquid, p, dx.m_liquid)
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i, 0] += u.powder.m_flow[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i, 0] += u.powder.m_flow_liquid[i] + u.liquid.m_flow[i]
    return State(dx.m_solids, dx.m_liquid)


@kernel
def quadratures(u, p):
    return Quadratures(-enthalpy_flow(u.liquid.T, u.liquid.m_flow, p.cp))


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    n = x.m_solids.shape[1]
    out.m_flow[0] = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    out.m_flow[1] = total(u.liquid.m_flow)
    for j in range(n):
        out.m[j] = mass_of(x.m_solids, j) + mass_of(x.m_liquid, j)
        out.m_flow[2 + j] = outflow_rate(j, n, p) * out.m[j]
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse residence times and ranges that contradict each other."""
    said = {}
    if p.tau_delay >= p.tau:
        said["tau_delay"] = "'tau_delay' must be shorter than 'tau', of which it is a part"
    if p.r_max <= p.r_min:
        said["r_max"] = "'r_max' must be above 'r_min'"
    if p.s_max <= p.s_min:
        said["s_max"] = "'s_max' must be above 's_min'"
    return said


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: the nominal flow, spread over ten cells."""
    return {"m_solids": 0.1 * p.F_ss * p.tau, "m_liquid": 0.02 * p.F_ss * p.tau}


def initial_state(initial: Initial, p: Params) -> State:
    """Dry powder, or nothing."""
    return State(np.outer(initial.w, initial.m), np.zeros((len(p.cp), len(initial.m))))
