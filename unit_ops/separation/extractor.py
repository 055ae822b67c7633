"""A counter-current cascade of stirred stages that extracts from a raffinate into an extract; one stage: a mixer.

The first stage takes the feed and gives the extract; the last takes the solvent and gives the raffinate.

Assumptions
- in each stage both phases are mixed; they separate on leaving it, but for a volume `entrainment` of the
  other phase that is carried along with each volume;
- components pass from raffinate to extract in proportion to the distance from equilibrium; one with ka = 0
  does not pass (a carrier). A stage with ka τ far above 1 is an equilibrium stage; otherwise its Murphree
  efficiency is that of its residence time. Transfer fades where a phase is all but absent;
- at equilibrium X_E = K X_R, X being concentrations, or ratios to a carrier in each phase (Bancroft: the
  carriers' flows are then constant along the cascade, and Kremser's equation is exact), or mole fractions
  with K = γ_R/γ_E by NRTL, where liquids that dissolve in each other may all pass;
- volumes add; each phase overflows a weir of its own; a stage has one temperature;
- no heat of transfer; a jacket around all stages, no other heat loss.

Balances (stage j; R raffinate, E extract)
    dm_R,ij/dt = k_R,j−1 m_R,ij−1 − k_R,j m_R,ij + b_E,j+1 m_R,ij+1 − b_E,j m_R,ij − n_ij
    dm_E,ij/dt = k_E,j+1 m_E,ij+1 − k_E,j m_E,ij + b_R,j−1 m_E,ij−1 − b_R,j m_E,ij + n_ij
    dH_j/dt    = Σ Ḣ_in − Σ Ḣ_out + UA/stages (T_jacket − T_j)
    n_ij = ka_i (m_R,ij − (S_R/S_E)_j m_E,ij/K_i),   S = V, S = m_carrier, or S = amount of substance
    k_R = (V_R − V_R,weir)⁺/(τ V_R),   b_R = entrainment k_R V_R/V_E,   and alike for E
    K_i(T) = K_i exp(−E_K,i/R (1/T − 1/T_REF)), or γ_R,i/γ_E,i

References: Kremser, Natl. Petrol. News 22 (1930) 43; Treybal, Mass-Transfer Operations, 3rd ed., McGraw-Hill
1980, ch. 10 (ISBN 978-0-07-065176-0); Murphree, Ind. Eng. Chem. 17 (1925) 747, doi 10.1021/ie50187a044; NRTL as in
the laws of properties.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Index, Nominal, Range
from unit_ops.properties.activity import Activity, activity
from unit_ops.properties.solubility import R_GAS, range_excess
from unit_ops.properties.vapour import amount
from unit_ops.separation.settling import overflow
from unit_ops.smooth import fading_reciprocal, reciprocal, step
from unit_ops.streams import T_REF, Holdup, Signal, Solution, enthalpy_flow, total

DIMS = {"stages": 4}

#: Part of the weir's volume below which a phase counts as absent.
HEEL = 1e-3


class Distribution(IntEnum):
    """What the partition coefficients relate."""

    CONCENTRATION = 0  #: kg per m³ of phase
    RATIO = 1  #: kg per kg of the phase's carrier
    NRTL = 2  #: mole fractions, by activity coefficients: K is not used


class State(NamedTuple):
    raffinate_m: Annotated[Array, "kg", "component masses in the raffinate phase", ("fluids", "stages")]
    extract_m: Annotated[Array, "kg", "component masses in the extract phase", ("fluids", "stages")]
    H: Annotated[Array, "J", "enthalpy per stage above the reference temperature", ("stages",), Nominal(1e4)]


class Params(NamedTuple):
    V_raffinate: Annotated[float, "m^3", "raffinate below its weir, per stage", Range(1e-9, 1e3)]
    V_extract: Annotated[float, "m^3", "extract below its weir, per stage", Range(1e-9, 1e3)]
    distribution: Annotated[Distribution, "1", "what the partition coefficients relate"]
    carrier_raffinate: Annotated[int, "1", "carrier of the raffinate phase", Index("fluids")]
    carrier_extract: Annotated[int, "1", "carrier of the extract phase", Index("fluids")]
    key: Annotated[int, "1", "component whose content is reported", Index("fluids")]
    K: Annotated[
        Array, "1", "partition coefficients, extract over raffinate, at 298.15 K", ("fluids",), Range(1e-9, 1e9)
    ]
    ka: Annotated[Array, "1/s", "mass transfer: 0 for components that do not pass", ("fluids",), Range(0.0, 1e6)]
    T_K_low: Annotated[float, "K", "lowest temperature for which the partition coefficients hold", Range(100.0, 1e3)]
    T_K_high: Annotated[float, "K", "highest temperature for which the partition coefficients hold", Range(100.0, 1e3)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    rho: Annotated[Array, "kg/m^3", "densities", ("fluids",), Component("rho_liquid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    nrtl_a: Annotated[Array, "1", "NRTL: constants of tau", ("fluids", "fluids")] = 0.0  # type: ignore[assignment]
    nrtl_b: Annotated[Array, "K", "NRTL: coefficients of 1/T in tau", ("fluids", "fluids")] = 0.0  # type: ignore[assignment]
    nrtl_alpha: Annotated[Array, "1", "NRTL: non-randomness", ("fluids", "fluids")] = 0.3  # type: ignore[assignment]
    n_heel: Annotated[float, "mol", "phase below which its activity coefficients go to 1", Range(1e-12, 1e3)] = 1e-6
    E_K: Annotated[Array, "J/mol", "enthalpies of transfer to the extract", ("fluids",)] = 0.0  # type: ignore[assignment]
    entrainment: Annotated[float, "1", "volume carried along per volume of the other phase", Range(0.0, 0.5)] = 0.0
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the jacket", Range(0.0, 1e7)] = 0.0
    tau: Annotated[float, "s", "time constant of the outflow over the weirs", Range(1e-3, 1e7)] = 1.0


class Work(NamedTuple):
    of_raffinate: Annotated[Array, "kg", "component masses in the raffinate phase of one stage", ("fluids",)]
    of_extract: Annotated[Array, "kg", "component masses in the extract phase of one stage", ("fluids",)]


class Inlets(NamedTuple):
    feed: Annotated[Solution, "feed, of the raffinate phase"]
    solvent: Annotated[Solution, "solvent, of the extract phase"]
    T_jacket: Annotated[Signal, "K", "jacket temperature"]


class Outlets(NamedTuple):
    raffinate: Annotated[Solution, "raffinate"]
    extract: Annotated[Solution, "extract"]


class Measurements(NamedTuple):
    T_raffinate: Annotated[float, "K", "temperature of the last stage"]
    T_extract: Annotated[
        float, "K", "temperature of the first stage", Fitted("partition coefficient", "T_K_low", "T_K_high")
    ]
    w_raffinate: Annotated[float, "1", "mass fraction of the key component in the raffinate phase of the last stage"]
    w_extract: Annotated[float, "1", "mass fraction of the key component in the extract phase of the first stage"]


class Quadratures(NamedTuple):
    duty: Annotated[float, "W", "heat from the jacket"]


class Guards(NamedTuple):
    raffinate_missing: Annotated[float, "m^3", "volume of raffinate that the last stage lacks to half its weir's"]
    extract_missing: Annotated[float, "m^3", "volume of extract that the first stage lacks to half its weir's"]
    K_range: Annotated[float, "K^2", "positive where the first stage is outside the temperatures of K"]


class Initial(NamedTuple):
    T: Annotated[Array, "K", "temperature per stage", ("stages",), Range(200.0, 500.0)]
    w_raffinate: Annotated[Array, "1", "mass fractions of the raffinate phase", ("fluids",), Fractions()]
    w_extract: Annotated[Array, "1", "mass fractions of the extract phase", ("fluids",), Fractions()]
    filled: Annotated[float, "1", "part of the weirs' volumes that is filled", Range(0.0, 1.0)] = 1.0


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass of raffinate and of extract, all stages", ("2",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("7",)]


#: Each phase as one stirred holdup.
FACES = (("feed", 0), ("solvent", 1), (0, 1), (0, "raffinate"), (1, "raffinate"), (1, "extract"), (0, "extract"))


@kernel
def phase_volume(m, j, p):
    V = 0.0
    for i in range(m.shape[0]):
        V += m[i, j] / p.rho[i]
    return V


@kernel
def phase_capacity(m, j, p):
    C = 0.0
    for i in range(m.shape[0]):
        C += m[i, j] * p.cp[i]
    return C


@kernel
def excess_temperature(x, j, p):
    """T − T_REF of a stage; falls to 0 for an empty one."""
    C = phase_capacity(x.raffinate_m, j, p) + phase_capacity(x.extract_m, j, p)
    return x.H[j] * reciprocal(C, HEEL * (p.V_raffinate + p.V_extract) * p.rho[0] * p.cp[0])


@kernel
def T_raffinate(x, p):
    return T_REF + excess_temperature(x, x.H.shape[0] - 1, p)


@kernel
def T_extract(x, p):
    return T_REF + excess_temperature(x, 0, p)


@kernel
def key_fraction(m, j, V_weir, p):
    mass = 0.0
    for i in range(m.shape[0]):
        mass += m[i, j]
    return m[p.key, j] * fading_reciprocal(mass, HEEL * V_weir * p.rho[0])


@kernel
def w_raffinate(x, p):
    return key_fraction(x.raffinate_m, x.H.shape[0] - 1, p.V_raffinate, p)


@kernel
def w_extract(x, p):
    first = 0
    return key_fraction(x.extract_m, first, p.V_extract, p)


@kernel
def raffinate_missing(x, p):
    return 0.5 * p.V_raffinate - phase_volume(x.raffinate_m, x.H.shape[0] - 1, p)


@kernel
def extract_missing(x, p):
    return 0.5 * p.V_extract - phase_volume(x.extract_m, 0, p)


@kernel
def K_range(x, p):
    return range_excess(T_extract(x, p), p.T_K_low, p.T_K_high)


@kernel
def raffinate_rate(x, j, p):
    """Fraction of the raffinate phase of stage j that goes on per second."""
    V = phase_volume(x.raffinate_m, j, p)
    return overflow(V, p.V_raffinate, p.tau) * reciprocal(V, HEEL * p.V_raffinate)


@kernel
def extract_rate(x, j, p):
    """Fraction of the extract phase of stage j that goes back per second."""
    V = phase_volume(x.extract_m, j, p)
    return overflow(V, p.V_extract, p.tau) * reciprocal(V, HEEL * p.V_extract)


@kernel
def raffinate_carried(x, j, p):
    """Fraction of the raffinate phase of stage j that is carried back with the extract per second."""
    V = phase_volume(x.raffinate_m, j, p)
    with_it = p.entrainment * overflow(phase_volume(x.extract_m, j, p), p.V_extract, p.tau)
    return with_it * reciprocal(V, HEEL * p.V_raffinate)


@kernel
def extract_carried(x, j, p):
    """Fraction of the extract phase of stage j that is carried on with the raffinate per second."""
    V = phase_volume(x.extract_m, j, p)
    with_it = p.entrainment * overflow(phase_volume(x.raffinate_m, j, p), p.V_raffinate, p.tau)
    return with_it * reciprocal(V, HEEL * p.V_extract)


@kernel
def look_at(x, j, w):
    """Copy the phases of stage j into the scratch."""
    for i in range(x.raffinate_m.shape[0]):
        w.of_raffinate[i] = x.raffinate_m[i, j]
        w.of_extract[i] = x.extract_m[i, j]


@kernel
def phase_ratio(x, j, p, w):
    """Raffinate over extract: what a concentration of the extract is worth as a mass of the raffinate."""
    if p.distribution == Distribution.NRTL:
        n_E = amount(w.of_extract, p.molar_mass)
        return amount(w.of_raffinate, p.molar_mass) * reciprocal(n_E, p.n_heel)
    if p.distribution == Distribution.RATIO:
        carrier = x.extract_m[p.carrier_extract, j]
        least = HEEL * p.V_extract * p.rho[p.carrier_extract]
        return x.raffinate_m[p.carrier_raffinate, j] * reciprocal(carrier, least)
    V_E = phase_volume(x.extract_m, j, p)
    return phase_volume(x.raffinate_m, j, p) * reciprocal(V_E, HEEL * p.V_extract)


@kernel
def contact(x, j, p):
    """1 where both phases are there, 0 where either is absent."""
    there = step(phase_volume(x.raffinate_m, j, p) / p.V_raffinate / HEEL - 1.0)
    return there * step(phase_volume(x.extract_m, j, p) / p.V_extract / HEEL - 1.0)


@kernel
def partition(i, T, p, w):
    """Extract over raffinate at equilibrium."""
    if p.distribution == Distribution.NRTL:
        law = Activity.NRTL
        g_R = activity(law, i, w.of_raffinate, p.molar_mass, p.n_heel, T, p.nrtl_a, p.nrtl_b, p.nrtl_alpha)
        g_E = activity(law, i, w.of_extract, p.molar_mass, p.n_heel, T, p.nrtl_a, p.nrtl_b, p.nrtl_alpha)
        return g_R / g_E
    return p.K[i] * math.exp(-p.E_K[i] / R_GAS * (1.0 / T - 1.0 / T_REF))


@kernel
def transferred(i, x, j, p, w, ratio, touching):
    """Mass flow of component i from raffinate to extract in stage j, at which `look_at` looked."""
    if p.ka[i] == 0.0:
        return 0.0 * x.raffinate_m[i, j] * p.ka[i]
    K = partition(i, T_REF + excess_temperature(x, j, p), p, w)
    return p.ka[i] * touching * (x.raffinate_m[i, j] - ratio * x.extract_m[i, j] / K)


@kernel
def raffinate(x, p, out):
    last = x.H.shape[0] - 1
    k = raffinate_rate(x, last, p)
    b = extract_carried(x, last, p)
    for i in range(x.raffinate_m.shape[0]):
        out.m_flow[i] = k * x.raffinate_m[i, last] + b * x.extract_m[i, last]
    return Solution(T_raffinate(x, p), out.m_flow)


@kernel
def extract(x, p, out):
    k = extract_rate(x, 0, p)
    b = raffinate_carried(x, 0, p)
    for i in range(x.extract_m.shape[0]):
        out.m_flow[i] = k * x.extract_m[i, 0] + b * x.raffinate_m[i, 0]
    return Solution(T_extract(x, p), out.m_flow)


@kernel
def stage_heat(x, j, p, T_jacket):
    return p.UA / x.H.shape[0] * (T_jacket - T_REF - excess_temperature(x, j, p))


@kernel
def derivatives(x, u, p, w, dx):
    stages = x.H.shape[0]
    for j in range(stages):
        dx.H[j] = stage_heat(x, j, p, u.T_jacket.value)
        look_at(x, j, w)
        ratio = phase_ratio(x, j, p, w)
        touching = contact(x, j, p)
        for i in range(x.raffinate_m.shape[0]):
            n = transferred(i, x, j, p, w, ratio, touching)
            dx.raffinate_m[i, j] = -n
            dx.extract_m[i, j] = n
    dx.H[0] += enthalpy_flow(u.feed.T, u.feed.m_flow, p.cp)
    dx.H[stages - 1] += enthalpy_flow(u.solvent.T, u.solvent.m_flow, p.cp)
    for i in range(x.raffinate_m.shape[0]):
        dx.raffinate_m[i, 0] += u.feed.m_flow[i]
        dx.extract_m[i, stages - 1] += u.solvent.m_flow[i]
    for j in range(stages):
        dT = excess_temperature(x, j, p)
        k_R = raffinate_rate(x, j, p)
        b_E = extract_carried(x, j, p)
        k_E = extract_rate(x, j, p)
        b_R = raffinate_carried(x, j, p)
        for i in range(x.raffinate_m.shape[0]):
            R_on = k_R * x.raffinate_m[i, j]
            E_on = b_E * x.extract_m[i, j]
            E_back = k_E * x.extract_m[i, j]
            R_back = b_R * x.raffinate_m[i, j]
            on = (R_on + E_on) * p.cp[i] * dT
            back = (R_back + E_back) * p.cp[i] * dT
            dx.raffinate_m[i, j] -= R_on + R_back
            dx.extract_m[i, j] -= E_on + E_back
            dx.H[j] -= on + back
            if j + 1 < stages:
                dx.raffinate_m[i, j + 1] += R_on
                dx.extract_m[i, j + 1] += E_on
                dx.H[j + 1] += on
            if j > 0:
                dx.raffinate_m[i, j - 1] += R_back
                dx.extract_m[i, j - 1] += E_back
                dx.H[j - 1] += back
    return State(dx.raffinate_m, dx.extract_m, dx.H)


@kernel
def quadratures(x, u, p):
    duty = 0.0
    for j in range(x.H.shape[0]):
        duty += stage_heat(x, j, p, u.T_jacket.value)
    return Quadratures(duty)


@kernel
def holdup(x, out):
    for i in range(x.raffinate_m.shape[0]):
        out.fluids[i] = total(x.raffinate_m[i]) + total(x.extract_m[i])
    for i in range(out.solids.shape[0]):
        out.solids[i] = 0.0
    return Holdup(total(x.H), out.fluids, out.solids)


@kernel
def transport(x, u, p, w, out):
    stages = x.H.shape[0]
    for i in range(7):
        out.m_flow[i] = 0.0
    out.m[0] = 0.0
    out.m[1] = 0.0
    for i in range(x.raffinate_m.shape[0]):
        out.m[0] += total(x.raffinate_m[i])
        out.m[1] += total(x.extract_m[i])
        out.m_flow[3] += raffinate_rate(x, stages - 1, p) * x.raffinate_m[i, stages - 1]
        out.m_flow[4] += extract_carried(x, stages - 1, p) * x.extract_m[i, stages - 1]
        out.m_flow[5] += extract_rate(x, 0, p) * x.extract_m[i, 0]
        out.m_flow[6] += raffinate_carried(x, 0, p) * x.raffinate_m[i, 0]
    for j in range(stages):
        look_at(x, j, w)
        ratio = phase_ratio(x, j, p, w)
        touching = contact(x, j, p)
        for i in range(x.raffinate_m.shape[0]):
            out.m_flow[2] += transferred(i, x, j, p, w, ratio, touching)
    out.m_flow[0] = total(u.feed.m_flow)
    out.m_flow[1] = total(u.solvent.m_flow)
    return Transport(out.m, out.m_flow)


def check_params(p: Params) -> dict[str, str]:
    """Refuse carriers that pass, or are one, where ratios refer to them; a range that is none; NRTL without numbers."""
    said = {}
    if p.T_K_low >= p.T_K_high:
        said["T_K_high"] = "'T_K_high' must lie above 'T_K_low'"
    if p.distribution == Distribution.RATIO:
        if p.carrier_raffinate == p.carrier_extract:
            said["carrier_extract"] = "'carrier_extract' must differ from 'carrier_raffinate'"
        if p.ka[p.carrier_raffinate] > 0.0 or p.ka[p.carrier_extract] > 0.0:
            said["ka"] = "'ka' of a carrier must be 0 with 'distribution: ratio'"
    if p.distribution == Distribution.NRTL and not (np.any(p.nrtl_a) or np.any(p.nrtl_b)):
        said["nrtl_b"] = "'distribution: nrtl' needs 'nrtl_a' or 'nrtl_b'"
    return said


def nominals(p: Params) -> dict[str, float]:
    """Scales of the states: full stages, 10 K from the reference temperature."""
    rho, cp = float(np.mean(p.rho)), float(np.mean(p.cp))
    return {
        "raffinate_m": 0.1 * rho * p.V_raffinate,
        "extract_m": 0.1 * rho * p.V_extract,
        "H": 10.0 * rho * cp * (p.V_raffinate + p.V_extract),
    }


def initial_state(initial: Initial, p: Params) -> State:
    """Every stage filled alike with both phases at the given temperatures (fractions sum to 1)."""
    T = np.asarray(initial.T, dtype=float)

    def filling(w: np.ndarray, V: float) -> np.ndarray:
        density = 1.0 / float(np.sum(np.asarray(w) / p.rho))
        return np.outer(w, np.full(len(T), initial.filled * V * density))

    m_R, m_E = filling(initial.w_raffinate, p.V_raffinate), filling(initial.w_extract, p.V_extract)
    return State(raffinate_m=m_R, extract_m=m_E, H=(p.cp @ (m_R + m_E)) * (T - T_REF))
