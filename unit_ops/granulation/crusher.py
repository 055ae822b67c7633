"""A crusher whose product has a normal distribution of sizes, whatever it is fed.

Assumptions
- what is in the jaws is one stirred layer, which leaves them in `tau` on average; composition, moisture and
  porosity are those of what is held;
- the product is normal in size (by volume, at the class means): with `law: bond` the size x80 below which
  80 % of it lie follows from the power by Bond's law, with `law: constant` its mean is given; granules that
  would have to grow are an error of the parameters, which nothing here prevents;
- x80 of what is held is read from volumes cumulated up to the class means, linearly between them (as in the
  published program), and is sought continuously, within about `tau`.

Balances, class i (C_i(x) part of class i below x, 0…1)
    dV_i/dt = V̇_i,in − V_i/τ,   V̇_i,out = (ΣV/τ) N_i,   N_i = exp(−(d_i − mean)²/(2 sd²))/Σ_j …
    dm_k/dt = ṁ_k,in − m_k/τ   (each solid, each liquid, and the pores)
    dx80/dt = x80 (0.8 − ΣC_i(x80) V_i/ΣV)/τ
    1/√x80,out = 1/√x80 + P/(10 W ṁ),   mean = x80,out − 0.83 sd      (x80 in mm, P/ṁ and W in one unit)

References: Bond, Trans. AIME 193 (1952) 484 (the law; 10 W is the work from infinite size to 100 µm); normal
product and x80 = mean + 0.83 sd: Skorych, Dosta, Heinrich, SoftwareX 12 (2020) 100572,
doi:10.1016/j.softx.2020.100572, whose sizes are in mm where Bond's are in µm: its W is 31.6 times smaller.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

from twin.jit import empirical, kernel
from twin.quantity import Array, Component, Fractions, Grid, Nominal, Range
from unit_ops.granulation.layer import HEEL, filling, leaving, masses_change
from unit_ops.granulation.layer import V_held as V_held
from unit_ops.granulation.layer import holdup as holdup
from unit_ops.granulation.layer import nominals as nominals
from unit_ops.powder.stirred import mass as M
from unit_ops.smooth import reciprocal
from unit_ops.streams import Granules, total
from unit_ops.streams import Holdup as Holdup


class Law(IntEnum):
    """What sets the product's size."""

    BOND = 0  #: power, by Bond's law
    CONSTANT = 1  #: given mean


class State(NamedTuple):
    x80: Annotated[float, "m", "size below which 80 % of what is held lie", Nominal(1e-3)]
    pores: Annotated[float, "m^3", "pores of the granules held, filled or not", Nominal(1e-5)]
    m_solids: Annotated[Array, "kg", "solid component masses", ("solids",), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "liquid component masses", ("fluids",), Nominal(1e-3)]
    V: Annotated[Array, "m^3", "solids by size class, as they were fed", ("bins",), Nominal(1e-6)]


class Params(NamedTuple):
    law: Annotated[Law, "1", "what sets the product's size"]
    sd: Annotated[float, "m", "standard deviation of the product's size", Range(1e-7, 0.1)]
    V_max: Annotated[float, "m^3", "capacity, solids and pores", Range(1e-9, 1e3)]
    W_i: Annotated[float, "J/kg", "work index for sizes in mm, used with `law: bond`", Range(1.0, 1e7)]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    tau: Annotated[float, "s", "mean time in the jaws", Range(1e-2, 1e4)] = 1.0
    power: Annotated[float, "W", "power, with `law: bond`", Range(0.0, 1e8)] = 0.0
    mean: Annotated[float, "m", "mean size of the product, with `law: constant`", Range(1e-6, 0.1)] = 1e-3


class Inlets(NamedTuple):
    granules: Annotated[Granules, "what is to be crushed"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "what was crushed"]


class Integrals(NamedTuple):
    V_held: Annotated[float, "m^3", "solids held", ("bins",)]
    V_below: Annotated[float, "m^3", "solids held that lie below x80", ("bins",)]
    shares: Annotated[float, "1", "sum of the normal distribution at the class means", ("bins",)]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup"]
    mean_out: Annotated[float, "m", "mean size of the product"]


class Guards(NamedTuple):
    over_capacity: Annotated[float, "m^3", "volume held above the capacity"]


class Initial(NamedTuple):
    x80: Annotated[float, "m", "size below which 80 % of what is crushed lie", Range(1e-6, 0.1)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    V_class: Annotated[Array, "m^3", "solids held by size class", ("bins",), Range(0.0, 1e3)] = 0.0  # type: ignore
    w_liquid: Annotated[Array, "1", "liquids over the solids", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    void_ratio: Annotated[float, "1", "pores over solids", Range(0.0, 10.0)] = 0.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("2",)]


FACES = (("granules", 0), (0, "product"))


@kernel
def centre(i, p):
    return 0.5 * (p.L_edges[i] + p.L_edges[i + 1])


@kernel
def part_below(i, size, p):
    """Part of class i that counts as below a size: 0 up to the mean of the class before, 1 from its own."""
    low = p.L_edges[0]
    if i > 0:
        low = centre(i - 1, p)
    return min(max((size - low) / (centre(i, p) - low), 0.0), 1.0)


@empirical("m", "W", "kg/s", "J/kg", returns="m")
def bond_size(x80, power, m_flow, W_i):
    """x80 of the product."""
    root = 1.0 / math.sqrt(1e3 * x80) + power * reciprocal(m_flow, 1e-9) / (10.0 * W_i)
    return 1e-3 / (root * root)


@kernel
def mean_out(x, p):
    if p.law == Law.BOND:
        return bond_size(x.x80, p.power, total(x.m_solids) / p.tau, p.W_i) - 0.83 * p.sd
    return p.mean


@kernel
def density(i, x, p):
    """Normal distribution at the mean of class i, 1 at its top."""
    away = (centre(i, p) - mean_out(x, p)) / p.sd
    return math.exp(-0.5 * away * away)


@kernel
def V_below(x, p, out):
    for i in range(x.V.shape[0]):
        out[i] = part_below(i, x.x80, p) * x.V[i]


@kernel
def shares(x, p, out):
    for i in range(x.V.shape[0]):
        out[i] = density(i, x, p)


@kernel
def over_capacity(x, a, p):
    return a.V_held + x.pores - p.V_max


@kernel
def product(x, a, p, out):
    scale = a.V_held / p.tau * reciprocal(a.shares, 1e-6)
    for i in range(x.V.shape[0]):
        out.V_flow_classes[i] = scale * density(i, x, p)
    return leaving(x, 1.0 / p.tau, a.V_held / p.tau, out)


@kernel
def derivatives(x, granules, a, p, dx):
    dpores = masses_change(x, granules, 1.0 / p.tau, dx)
    for i in range(x.V.shape[0]):
        dx.V[i] = granules.V_flow_classes[i] - x.V[i] / p.tau
    wanted = (0.8 * a.V_held - a.V_below) * reciprocal(a.V_held, HEEL * p.V_max)
    return State(x.x80 * wanted / p.tau, dpores, dx.m_solids, dx.m_liquid, dx.V)


@kernel
def transport(x, u, p, out):
    out.m[0] = M(x)
    out.m_flow[0] = total(u.granules.m_flow) + total(u.granules.m_flow_liquid)
    out.m_flow[1] = out.m[0] / p.tau
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse a product outside the classes."""
    if p.law == Law.CONSTANT and not p.L_edges[0] < p.mean < p.L_edges[-1]:
        return {"mean": "'mean' must lie within the plant's size classes"}
    return {}


def initial_state(initial: Initial, p: Params) -> State:
    """The given classes, all of one composition; empty unless said otherwise."""
    return State(initial.x80, *filling(initial, p))
