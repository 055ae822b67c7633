"""A stirred layer of granules by size class: what screens, sieves, screen mills and crushers hold.

All classes of a layer have one composition, moisture and porosity; classes are those of `streams.Granules`.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Fractions, Nominal, Range
from unit_ops.powder.stirred import holdup as holdup
from unit_ops.streams import Granules

#: Part of the capacity below which ratios of volumes lead to their limits.
HEEL = 1e-6


class Layer(NamedTuple):
    pores: Annotated[float, "m^3", "pores of the granules held, filled or not", Nominal(1e-5)]
    m_solids: Annotated[Array, "kg", "solid component masses", ("solids",), Nominal(1e-2)]
    m_liquid: Annotated[Array, "kg", "liquid component masses", ("fluids",), Nominal(1e-3)]
    V: Annotated[Array, "m^3", "solids held by size class", ("bins",), Nominal(1e-6)]


class Guards(NamedTuple):
    overflowing: Annotated[float, "m^3", "volume held above the capacity"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    V_class: Annotated[Array, "m^3", "solids held by size class", ("bins",), Range(0.0, 1e3)] = 0.0  # type: ignore
    w_liquid: Annotated[Array, "1", "liquids over the solids", ("fluids",), Range(0.0, 1.0)] = 0.0  # type: ignore
    void_ratio: Annotated[float, "1", "pores over solids", Range(0.0, 10.0)] = 0.0


@kernel
def V_held(x, out):
    for i in range(x.V.shape[0]):
        out[i] = x.V[i]


@kernel
def overflowing(x, a, p):
    return a.V_held + x.pores - p.V_max


@kernel
def leaving(x, k, V_flow, out):
    """Granules of whose masses and pores the part k leaves per second; classes are in `out` already."""
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i]
    return Granules(V_flow, k * x.pores, out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def masses_change(x, granules, k, dx):
    """Rates of the component masses, fed with granules, of which the part k leaves per second; gives that of pores."""
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = granules.m_flow[i] - k * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        dx.m_liquid[i] = granules.m_flow_liquid[i] - k * x.m_liquid[i]
    return granules.V_flow_pores - k * x.pores


def nominals(p: Any) -> dict[str, float]:
    """Scales of the states: half full."""
    V = 0.25 * p.V_max
    mass = V * float(np.mean(p.rho_solid))
    return {"pores": V, "m_solids": mass, "m_liquid": 0.1 * mass, "V": 0.1 * V}


def filling(initial: Any, p: Any) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Pores, masses of solids and liquids, and classes, of one composition; empty unless said otherwise."""
    V = np.array(initial.V_class)
    m = float(V.sum()) * initial.w / float(np.sum(initial.w / p.rho_solid))
    return initial.void_ratio * float(V.sum()), m, float(m.sum()) * np.asarray(initial.w_liquid), V


def initial_state(initial: Initial, p: Any) -> Layer:
    """The given classes, all of one composition."""
    return Layer(*filling(initial, p))
