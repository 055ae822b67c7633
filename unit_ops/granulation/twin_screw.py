"""A twin-screw wet granulator: compartments in series, each with a population of wet granules.

Powder that has met liquid becomes nuclei; these meet and stick, break, and lose their pores. The less
pore space is left for the liquid, the wetter the surface: granules stick better and break less. That
is the whole of what the liquid does here. `twin_screw_map.py` is the same machine without kinetics.

Assumptions
- ideally mixed compartments, no back-mixing; the mean residence time is given;
- dry particles neither grow nor break; wet granules of all sizes, and the dry particles between them,
  have one composition, and the granules of a compartment one porosity and one wetness;
- rates are per granule in a packed bed: they depend on what is there, not on how full the barrel is;
- screw elements differ by one number, the intensity of kneading; nothing dries; the barrel holds the
  material at ambient temperature, which is booked as cooling of the liquid.

Balances, compartment c (V solids of the wet granules, D of the dry powder, P pores, V_l liquid volume;
ω = V_l/(V_l + P) the wetness, κ the kneading; k = compartments/τ)
    dm/dt   = k m_c−1 − k m_c                                    (each solid and each liquid)
    dD/dt   = k D_c−1 − k D − R,   R = k_wet D V_l/(D + ΣV)
    dV_i/dt = k V_i,c−1 − k V_i + R φ_i + aggregation + breakage
    dP/dt   = k P_c−1 − k P + R e_0 − κ k_c (P − e_min ΣV)       (void ratio e: de/dt = −κ k_c (e − e_min))
    aggregation: β = κ β_ref exp(α (ω − ½))/(D + ΣV + P), breakage: S = κ S_ref exp(−γ (ω − ½)) (L/L_ref)^q

α and γ say how steeply wetness acts: an exponential as found for the size of granules against saturation
by Kristensen et al.; that it multiplies the two rates is a choice made here.

References: Ismail, Shirazian, Singh, Whitaker, Albadarin, Walker, Int. J. Pharm. (2019) 118737,
doi:10.1016/j.ijpharm.2019.118737 (compartments of a twin screw); Kristensen, Holm, Jaegerskou, Schaefer,
Pharm. Ind. 46 (1984) 763 (saturation); Iveson, Litster, Hapgood, Ennis, Powder Technol. 117 (2001) 3,
doi:10.1016/S0032-5910(01)00313-8 (rate processes); those of aggregation and breakage among the
crystallizers, whose kernels these are.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fractions, Grid, Nominal, Range
from unit_ops.crystallization.aggregation import Aggregation, aggregation_gain
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.granulation.sizes import lognormal_share, percentile, sauter, swelling
from unit_ops.powder.blending import held
from unit_ops.smooth import fading_reciprocal, reciprocal
from unit_ops.streams import Granules, Holdup, Powder, Solution, enthalpy_flow, total

DIMS = {"compartments": 5}
DENSE = ("bins",)

#: Volume shape factor: granules are spheres.
KV = math.pi / 6.0

#: Part of the barrel's volume, per compartment, below which ratios of volumes lead to their limits.
HEEL = 1e-6


class State(NamedTuple):
    dry: Annotated[Array, "m^3", "solids not wetted yet", ("compartments",), Nominal(1e-6)]
    pores: Annotated[Array, "m^3", "pores of the wet granules, filled or not", ("compartments",), Nominal(1e-6)]
    m_solids: Annotated[Array, "kg", "solid component masses", ("solids", "compartments"), Nominal(1e-3)]
    m_liquid: Annotated[Array, "kg", "liquid component masses", ("fluids", "compartments"), Nominal(1e-3)]
    V_wet: Annotated[Array, "m^3", "solids of the wet granules by size", ("compartments", "bins"), Nominal(1e-7)]


class Params(NamedTuple):
    tau: Annotated[float, "s", "mean residence time", Range(0.1, 1e4)]
    volume: Annotated[float, "m^3", "free volume of the barrel", Range(1e-8, 10.0)]
    wetting_rate: Annotated[float, "1/s", "powder wetted per second where liquid is as much as solid", Range(0.0, 1e3)]
    L_nuclei: Annotated[float, "m", "median size of the nuclei's solids", Range(1e-6, 0.1)]
    sigma_nuclei: Annotated[float, "1", "standard deviation of ln size of the nuclei", Range(0.01, 3.0)]
    L_feed: Annotated[float, "m", "median size of the powder fed", Range(1e-7, 0.1)]
    sigma_feed: Annotated[float, "1", "standard deviation of ln size of the powder fed", Range(0.01, 3.0)]
    void_ratio: Annotated[float, "1", "pores over solids of a nucleus", Range(0.0, 10.0)]
    void_ratio_min: Annotated[float, "1", "pores over solids of a granule kneaded for long", Range(0.0, 10.0)]
    consolidation_rate: Annotated[float, "1/s", "rate at which pores are squeezed out", Range(0.0, 1e3)]
    beta_ref: Annotated[float, "m^3/s", "rate coefficient of aggregation at L_ref, wetness 1/2", Range(0.0, 1e3)]
    S_ref: Annotated[float, "1/s", "breakage rate at L_ref, wetness 1/2", Range(0.0, 1e6)]
    sticking: Annotated[float, "1", "exponent of the wetness in aggregation", Range(0.0, 100.0)]
    strengthening: Annotated[float, "1", "exponent of the wetness against breakage", Range(0.0, 100.0)]
    L_edges: Annotated[Array, "m", "edges of the size classes", ("bins+1",), Grid("bins")]
    rho_solid: Annotated[Array, "kg/m^3", "true densities", ("solids",), Component("rho_solid")]
    rho_liquid: Annotated[Array, "kg/m^3", "densities of the liquids", ("fluids",), Component("rho_liquid")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    L_ref: Annotated[float, "m", "size to which the rates refer", Range(1e-6, 0.1)] = 1e-3
    q: Annotated[float, "1", "power of the size in the breakage rate", Range(0.0, 10.0)] = 1.0
    aggregation: Annotated[Aggregation, "1", "how aggregation follows the sizes"] = Aggregation.SHEAR
    daughters: Annotated[Daughters, "1", "what a granule breaks into"] = Daughters.UNIFORM
    phi: Annotated[float, "1", "share of the fine fragments in Austin's law", Range(0.0, 1.0)] = 0.5
    gamma_fine: Annotated[float, "1", "exponent of the fine fragments in Austin's law", Range(0.1, 10.0)] = 1.0
    gamma_coarse: Annotated[float, "1", "exponent of the coarse fragments in Austin's law", Range(0.1, 20.0)] = 4.0
    kneading: Annotated[Array, "1", "intensity of kneading", ("compartments",), Range(0.0, 100.0)] = 1.0


class Inlets(NamedTuple):
    powder: Annotated[Powder, "powder"]
    liquid: Annotated[Solution, "granulation liquid"]


class Outlets(NamedTuple):
    product: Annotated[Granules, "granules, and what is still dry"]


class Measurements(NamedTuple):
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]
    X: Annotated[float, "1", "liquid over solids in the product"]
    d_32: Annotated[float, "m", "Sauter mean size of the granules at the outlet, the dry powder aside"]
    d_50: Annotated[float, "m", "median size of the granules at the outlet, the dry powder aside"]
    ungranulated: Annotated[float, "1", "part of the solids leaving dry"]
    wetness: Annotated[float, "1", "liquid over liquid and pores at the outlet"]


class Quadratures(NamedTuple):
    cooling: Annotated[float, "W", "heat from the barrel that brings the liquid to ambient temperature"]


class Guards(NamedTuple):
    overflowing: Annotated[float, "m^3", "volume of the material above that of the barrel"]


class Initial(NamedTuple):
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    m_dry: Annotated[Array, "kg", "dry powder per compartment", ("compartments",), Range(0.0, 1e4)] = 0.0  # type: ignore


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("compartments",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("compartments+2",)]


class Work(NamedTuple):
    nuclei: Annotated[Array, "1", "share of each class in the nuclei", ("bins",)]
    gain_rate: Annotated[Array, "m^3/s", "gain by one of the processes", ("bins",)]
    v: Annotated[Array, "m^3", "volume per granule", ("bins",)]
    size: Annotated[Array, "1", "size relative to L_ref", ("bins",)]
    births: Annotated[Array, "1/s", "aggregates formed", ("bins",)]
    born: Annotated[Array, "m^3/s", "volume of the aggregates formed", ("bins",)]
    breaking: Annotated[Array, "m^3/s", "scratch of breakage", ("bins",)]


def FACES(dims: dict[str, int]) -> tuple[tuple[str | int, str | int], ...]:
    """Two inlets into the first compartment, then from one to the next and out."""
    n = dims["compartments"]
    return (("powder", 0), ("liquid", 0), *((j, j + 1) for j in range(n - 1)), (n - 1, "product"))


@kernel
def volume_of(m, c, rho):
    """Volume of the components of `m` in compartment c."""
    s = 0.0
    for i in range(m.shape[0]):
        s += m[i, c] / rho[i]
    return s


@kernel
def mass_of(x, c):
    s = 0.0
    for i in range(x.m_solids.shape[0]):
        s += x.m_solids[i, c]
    for i in range(x.m_liquid.shape[0]):
        s += x.m_liquid[i, c]
    return s


@kernel
def heel(x, p):
    """Volume of a compartment with next to nothing in it."""
    return HEEL * p.volume / x.dry.shape[0]


@kernel
def wetness_of(x, c, p):
    """Liquid over liquid and pores in compartment c: 1/2 when the pores are just full."""
    liquid = volume_of(x.m_liquid, c, p.rho_liquid)
    return liquid * reciprocal(liquid + x.pores[c], heel(x, p))


@kernel
def M(x):
    s = 0.0
    for c in range(x.dry.shape[0]):
        s += mass_of(x, c)
    return s


@kernel
def F(x, p):
    n = x.dry.shape[0]
    return n / p.tau * mass_of(x, n - 1)


@kernel
def X(x, p):
    last = x.dry.shape[0] - 1
    solids = 0.0
    for i in range(x.m_solids.shape[0]):
        solids += x.m_solids[i, last]
    liquid = mass_of(x, last) - solids
    return liquid * fading_reciprocal(solids, heel(x, p) * p.rho_solid[0])


@kernel
def width(x, c, p):
    """Width of the granules of a compartment over that of their solids."""
    wet = volume_of(x.m_solids, c, p.rho_solid) - x.dry[c]
    return swelling(x.pores[c] * reciprocal(wet, heel(x, p)))


@kernel
def d_32(x, p):
    last = x.dry.shape[0] - 1
    return sauter(x.V_wet[last], p.L_edges) * width(x, last, p)


@kernel
def d_50(x, p):
    last = x.dry.shape[0] - 1
    return percentile(x.V_wet[last], p.L_edges, 0.5) * width(x, last, p)


@kernel
def ungranulated(x, p):
    last = x.dry.shape[0] - 1
    return x.dry[last] * fading_reciprocal(volume_of(x.m_solids, last, p.rho_solid), heel(x, p))


@kernel
def wetness(x, p):
    return wetness_of(x, x.dry.shape[0] - 1, p)


@kernel
def overflowing(x, p):
    filled = 0.0
    for c in range(x.dry.shape[0]):
        filled += volume_of(x.m_solids, c, p.rho_solid) + x.pores[c]
    return filled - p.volume


@kernel
def product(x, p, out):
    n = x.dry.shape[0]
    k = n / p.tau
    last = n - 1
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i, last]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i, last]
    for i in range(out.V_flow_classes.shape[0]):
        dry = x.dry[last] * lognormal_share(i, p.L_edges, p.L_feed, p.sigma_feed)
        out.V_flow_classes[i] = k * (x.V_wet[last, i] + dry)
    solids = k * volume_of(x.m_solids, last, p.rho_solid)
    return Granules(solids, k * x.pores[last], out.m_flow, out.m_flow_liquid, out.V_flow_classes)


@kernel
def granulate(x, c, p, w, dV):
    """Add aggregation and breakage of compartment c to the rates of its classes."""
    wet = wetness_of(x, c, p) - 0.5
    bed = volume_of(x.m_solids, c, p.rho_solid) + x.pores[c]
    beta = p.kneading[c] * p.beta_ref * math.exp(p.sticking * wet) * reciprocal(bed, heel(x, p))
    V = x.V_wet[c]
    aggregation_gain(V, p.L_edges, KV, p.aggregation, beta, p.L_ref, w.v, w.size, w.births, w.born, w.gain_rate)
    for i in range(V.shape[0]):
        dV[c, i] += w.gain_rate[i]
    S = p.kneading[c] * p.S_ref * math.exp(-p.strengthening * wet)
    breakage_gain(
        V, p.L_edges, KV, S, p.L_ref, p.q, p.daughters, p.phi, p.gamma_fine, p.gamma_coarse, w.breaking, w.gain_rate
    )
    for i in range(V.shape[0]):
        dV[c, i] += w.gain_rate[i]


@kernel
def derivatives(x, u, p, w, dx):
    n = x.dry.shape[0]
    bins = x.V_wet.shape[1]
    k = n / p.tau
    for i in range(bins):
        w.nuclei[i] = lognormal_share(i, p.L_edges, p.L_nuclei, p.sigma_nuclei)
    for c in range(n):
        solids = volume_of(x.m_solids, c, p.rho_solid)
        liquid = volume_of(x.m_liquid, c, p.rho_liquid)
        wetted = p.wetting_rate * x.dry[c] * liquid * reciprocal(solids, heel(x, p))
        squeezed = p.kneading[c] * p.consolidation_rate * (x.pores[c] - p.void_ratio_min * (solids - x.dry[c]))
        # leaving, and what happens here
        for i in range(x.m_solids.shape[0]):
            dx.m_solids[i, c] = -k * x.m_solids[i, c]
        for i in range(x.m_liquid.shape[0]):
            dx.m_liquid[i, c] = -k * x.m_liquid[i, c]
        dx.dry[c] = -k * x.dry[c] - wetted
        dx.pores[c] = -k * x.pores[c] + wetted * p.void_ratio - squeezed
        for i in range(bins):
            dx.V_wet[c, i] = -k * x.V_wet[c, i] + wetted * w.nuclei[i]
        granulate(x, c, p, w, dx.V_wet)
        # arriving
        if c == 0:
            for i in range(x.m_solids.shape[0]):
                dx.m_solids[i, 0] += u.powder.m_flow[i]
                dx.dry[0] += u.powder.m_flow[i] / p.rho_solid[i]
            for i in range(x.m_liquid.shape[0]):
                dx.m_liquid[i, 0] += u.powder.m_flow_liquid[i] + u.liquid.m_flow[i]
        else:
            for i in range(x.m_solids.shape[0]):
                dx.m_solids[i, c] += k * x.m_solids[i, c - 1]
            for i in range(x.m_liquid.shape[0]):
                dx.m_liquid[i, c] += k * x.m_liquid[i, c - 1]
            dx.dry[c] += k * x.dry[c - 1]
            dx.pores[c] += k * x.pores[c - 1]
            for i in range(bins):
                dx.V_wet[c, i] += k * x.V_wet[c - 1, i]
    return State(dx.dry, dx.pores, dx.m_solids, dx.m_liquid, dx.V_wet)


@kernel
def quadratures(u, p):
    return Quadratures(-enthalpy_flow(u.liquid.T, u.liquid.m_flow, p.cp))


@kernel
def holdup(x, out):
    held(x, out)
    return Holdup(0.0, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    n = x.dry.shape[0]
    out.m_flow[0] = total(u.powder.m_flow) + total(u.powder.m_flow_liquid)
    out.m_flow[1] = total(u.liquid.m_flow)
    for c in range(n):
        out.m[c] = mass_of(x, c)
        out.m_flow[2 + c] = n / p.tau * out.m[c]
    return Transport(out.m, out.m_flow)


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: a barrel filled to a fifth."""
    V = 0.2 * p.volume / len(p.kneading)
    mass = V * float(np.mean(p.rho_solid))
    return {"dry": 0.1 * V, "pores": 0.3 * V, "m_solids": mass, "m_liquid": 0.2 * mass, "V_wet": 0.1 * V}


def initial_state(initial: Initial, p: Params) -> State:
    """Dry powder, or nothing."""
    m = np.outer(initial.w, initial.m_dry)
    dry = (m / np.asarray(p.rho_solid)[:, None]).sum(axis=0)
    classes = len(p.L_edges) - 1
    return State(dry, 0.0 * dry, m, np.zeros((len(p.rho_liquid), len(dry))), np.zeros((len(dry), classes)))
