"""A film coater: tablets tumble in a pan, are sprayed as they pass the spray zone, and dried by warm air.

Assumptions
- the pan is one mixed bed of tablets at one temperature; removal 0 is a batch, above it a continuous pan;
- the spray is a suspension given as a powder with its liquid, at ambient temperature; the part
  `efficiency` of its solids becomes coat, the rest leaves as dust; all its liquid reaches the bed;
- the air passes once, quasi-steadily, and approaches the bed's temperature and the vapour pressures at
  its surface to within exp(−NTU) (heat and mass alike: Lewis number 1);
- ideal activity of the liquid; a surface dries out over `wetting`, moles of liquid per tablet that
  halve the activity, so that evaporation ends with the liquid;
- a tablet passes the spray at random (renewals at pass_rate), and takes coats that vary by cv; the
  second moment over tablets then obeys an exact balance, the spread of residence times included;
- tablets leave at the bed's temperature and cool to ambient (booked).

Balances (k removal, s_i spray, g_i air, c = η Σ s_i onto n tablets, f = 1 − exp(−NTU))
    dn/dt    = ṅ_in − k n
    dm_i/dt  = ṁ_i,in + η s_i − k m_i                    (solids)
    dm_i/dt  = ṁ_i,in + s_i − e_i − k m_i                (liquid)
    dH/dt    = f C_g (T_g − T) − Σ e_i (cp_i (T − T_ref) + Δh_i) + UA (T_room − T) − k H
    dK/dt    = c − k K,   dK₂/dt = 2 c K/n + c² (1 + cv²)/(n λ) − k K₂      (coat, its square, summed)
    e_i      = f (M_i ṅ_g a_i p_sat,i/P − g_i),   a_i = (m_i/M_i)/(Σ m_k/M_k + n wetting)
    RSD²     = n K₂/K² − 1    ((1 + cv²)/(λ t) for a batch sprayed for t)

References: am Ende & Berchielli, Pharm. Dev. Technol. 10 (2005) 47, doi:10.1081/PDT-35915 (pan balances);
Mann, Powder Technol. 36 (1983) 15 (renewal); Turton, Powder Technol. 181 (2008) 186 (coat uniformity).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.quantity import Array, Component, Fitted, Fractions, Nominal, Optional, Range
from unit_ops.drying.laws import vapour_pressure
from unit_ops.smooth import above_zero, reciprocal
from unit_ops.streams import T_REF, Gas, Holdup, Powder, Signal, Tablets, dot, enthalpy_flow, total

#: Air whose capacity flow is below this has no temperature of its own: it leaves at the reference.
C_FLOW_HEEL: Annotated[float, "W/K", "capacity flow below which air counts as none"] = 1e-6

#: With fewer tablets the activity of their liquid follows its amount instead of its share: of the traces that a
#: solver's error leaves in an empty pan a share would be anything, and boil without bound.
FEW: Annotated[float, "1", "tablets below which a pan counts as empty"] = 100.0


class State(NamedTuple):
    n_tablets: Annotated[float, "1", "tablets in the pan", Nominal(1e4)]
    H: Annotated[float, "J", "enthalpy of the bed above the reference temperature", Nominal(1e4)]
    coat: Annotated[float, "kg", "coat on all tablets", Nominal(0.1)]
    coat_square: Annotated[float, "kg^2", "squares of the coat of each tablet, summed", Nominal(1e-6)]
    m_solids: Annotated[Array, "kg", "solid component masses", ("solids",), Nominal(1.0)]
    m_liquid: Annotated[Array, "kg", "liquid component masses on the tablets", ("fluids",), Nominal(1e-2)]


class Params(NamedTuple):
    UA: Annotated[float, "W/K", "heat transfer coefficient times area of the pan's wall", Range(0.0, 1e5)]
    T_room: Annotated[float, "K", "room temperature", Range(200.0, 400.0)]
    efficiency: Annotated[float, "1", "share of the sprayed solids that becomes coat", Range(0.01, 1.0)]
    pass_rate: Annotated[float, "1/s", "passes of a tablet through the spray", Range(1e-5, 100.0)]
    volatile: Annotated[Array, "1", "1 for components that evaporate, else 0", ("fluids",), Range(0.0, 1.0)]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacities", ("fluids",), Component("cp_liquid")]
    cp_solid: Annotated[Array, "J/(kg K)", "specific heat capacities of solids", ("solids",), Component("cp_solid")]
    molar_mass: Annotated[Array, "kg/mol", "molar masses", ("fluids",), Component("molar_mass")]
    dH_vap: Annotated[Array, "J/kg", "heats of vaporization", ("fluids",), Component("dH_vap")]
    psat_A: Annotated[Array, "1", "vapour pressure: constant of ln(Pa)", ("fluids",), Component("psat_A")]
    psat_B: Annotated[Array, "K", "vapour pressure: coefficient of 1/T", ("fluids",), Component("psat_B")]
    psat_C: Annotated[Array, "1", "vapour pressure: coefficient of ln T", ("fluids",), Component("psat_C")]
    psat_D: Annotated[Array, "1/K", "vapour pressure: coefficient of T", ("fluids",), Component("psat_D")]
    psat_T_low: Annotated[
        Array, "K", "vapour pressure: lowest temperature of its fit", ("fluids",), Component("psat_T_low")
    ]
    psat_T_high: Annotated[
        Array, "K", "vapour pressure: highest temperature of its fit", ("fluids",), Component("psat_T_high")
    ]
    NTU: Annotated[float, "1", "transfer units between air and bed", Range(0.0, 100.0)] = 3.0
    cv: Annotated[float, "1", "variation of the coat taken in one pass", Range(0.0, 10.0)] = 0.5
    wetting: Annotated[float, "mol", "liquid on a tablet that halves its activity", Range(1e-9, 1.0)] = 1e-5
    P: Annotated[float, "Pa", "pressure", Range(1e3, 1e6)] = 101325.0
    heel: Annotated[float, "kg", "bed below which ratios to its mass fade", Range(1e-9, 10.0)] = 1e-3


class Inlets(NamedTuple):
    cores: Annotated[Tablets, "tablets to be coated", Optional()]
    spray: Annotated[Powder, "coating suspension: its solids and its liquid", Optional()]
    gas: Annotated[Gas, "drying air"]
    removal: Annotated[Signal, "1/s", "share of the bed that leaves per second"]


class Outlets(NamedTuple):
    tablets: Annotated[Tablets, "coated tablets"]
    exhaust: Annotated[Gas, "exhaust air with the vapour"]
    dust: Annotated[Powder, "spray dried on its way, to the exhaust filter"]


class Measurements(NamedTuple):
    T_bed: Annotated[
        float, "K", "temperature of the bed", Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile")
    ]
    coat_mass: Annotated[float, "kg", "coat of a tablet, mean"]
    weight_gain: Annotated[float, "1", "coat over the mass of the cores"]
    coat_RSD: Annotated[float, "1", "relative standard deviation of the coat from tablet to tablet"]
    LOD: Annotated[float, "1", "loss on drying: liquid over total mass"]
    tablet_mass: Annotated[float, "kg", "mass of a tablet"]


class Quadratures(NamedTuple):
    evaporation: Annotated[float, "W", "heat taken up by evaporation, negative"]
    loss: Annotated[float, "W", "heat from the room"]
    cooling: Annotated[float, "W", "cooling of the tablets leaving, negative when warm"]


class Initial(NamedTuple):
    n_tablets: Annotated[float, "1", "tablets in the pan", Range(0.0, 1e9)]
    m: Annotated[float, "kg", "mass of the tablets in the pan", Range(0.0, 1e5)]
    w: Annotated[Array, "1", "mass fractions of the solids", ("solids",), Fractions()]
    T: Annotated[float, "K", "temperature of the bed", Range(250.0, 400.0)] = T_REF


class Transport(NamedTuple):
    m: Annotated[Array, "kg", "mass per cell", ("1",)]
    m_flow: Annotated[Array, "kg/s", "mass flow across faces", ("6",)]


FACES = (("cores", 0), ("spray", 0), ("gas", 0), (0, "tablets"), (0, "exhaust"), (0, "dust"))


@kernel
def bed_mass(x):
    return total(x.m_solids) + total(x.m_liquid)


@kernel
def T_bed(x, p):
    capacity = dot(x.m_solids, p.cp_solid) + dot(x.m_liquid, p.cp)
    return T_REF + x.H * reciprocal(capacity, p.heel * p.cp_solid[0])


@kernel
def approach(p):
    """How near the air comes to the bed: 0 not at all, 1 to equilibrium."""
    return 1.0 - math.exp(-p.NTU)


@kernel
def gas_moles(gas, p):
    n = 0.0
    for i in range(gas.m_flow.shape[0]):
        n += gas.m_flow[i] / p.molar_mass[i]
    return n


@kernel
def evaporated(x, gas, p, i):
    """Vapour of component i leaving the bed [kg/s]; negative where it condenses."""
    if p.volatile[i] > 0.0:
        moles = x.n_tablets * p.wetting
        for k in range(x.m_liquid.shape[0]):
            moles += x.m_liquid[k] / p.molar_mass[k]
        p_sat = vapour_pressure(T_bed(x, p), p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
        surface = x.m_liquid[i] * reciprocal(moles, FEW * p.wetting) * p_sat / p.P
        return approach(p) * (surface * gas_moles(gas, p) - gas.m_flow[i])
    return 0.0


@kernel
def gas_cooling(x, gas, p):
    """Heat that the air gives to the bed [W]."""
    return approach(p) * dot(gas.m_flow, p.cp) * (gas.T - T_bed(x, p))


@kernel
def coat_mass(x):
    return x.coat * reciprocal(x.n_tablets, 1.0)


@kernel
def weight_gain(x, p):
    return x.coat * reciprocal(total(x.m_solids) - x.coat, p.heel)


@kernel
def coat_RSD(x):
    if x.coat > 0.0:
        return math.sqrt(above_zero(x.n_tablets * x.coat_square / (x.coat * x.coat) - 1.0, 1e-12))
    return 0.0


@kernel
def LOD(x, p):
    return total(x.m_liquid) * reciprocal(bed_mass(x), p.heel)


@kernel
def tablet_mass(x):
    return bed_mass(x) * reciprocal(x.n_tablets, 1.0)


@kernel
def tablets(x, removal, out):
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = removal.value * x.m_solids[i]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = removal.value * x.m_liquid[i]
    return Tablets(removal.value * x.n_tablets, out.m_flow, out.m_flow_liquid)


@kernel
def exhaust(x, gas, p, out):
    heat = enthalpy_flow(gas.T, gas.m_flow, p.cp) - gas_cooling(x, gas, p)
    for i in range(gas.m_flow.shape[0]):
        e = evaporated(x, gas, p, i)
        heat += e * p.cp[i] * (T_bed(x, p) - T_REF)
        out.m_flow[i] = gas.m_flow[i] + e
    return Gas(T_REF + heat * reciprocal(dot(out.m_flow, p.cp), C_FLOW_HEEL), out.m_flow)


@kernel
def dust(spray, p, out):
    for i in range(spray.m_flow.shape[0]):
        out.m_flow[i] = (1.0 - p.efficiency) * spray.m_flow[i]
    for i in range(spray.m_flow_liquid.shape[0]):
        out.m_flow_liquid[i] = 0.0
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def derivatives(x, u, p, dx):
    k = u.removal.value
    heat = gas_cooling(x, u.gas, p) + p.UA * (p.T_room - T_bed(x, p)) - k * x.H
    for i in range(x.m_liquid.shape[0]):
        e = evaporated(x, u.gas, p, i)
        heat -= e * (p.cp[i] * (T_bed(x, p) - T_REF) + p.dH_vap[i])
        dx.m_liquid[i] = u.cores.m_flow_liquid[i] + u.spray.m_flow_liquid[i] - e - k * x.m_liquid[i]
    for i in range(x.m_solids.shape[0]):
        dx.m_solids[i] = u.cores.m_flow[i] + p.efficiency * u.spray.m_flow[i] - k * x.m_solids[i]
    c = p.efficiency * total(u.spray.m_flow)
    per_tablet = c * reciprocal(x.n_tablets, 1.0)
    dsquare = 2.0 * per_tablet * x.coat + per_tablet * c * (1.0 + p.cv * p.cv) / p.pass_rate - k * x.coat_square
    return State(u.cores.n_flow - k * x.n_tablets, heat, c - k * x.coat, dsquare, dx.m_solids, dx.m_liquid)


@kernel
def quadratures(x, u, p):
    taken = 0.0
    for i in range(x.m_liquid.shape[0]):
        taken += evaporated(x, u.gas, p, i) * p.dH_vap[i]
    return Quadratures(-taken, p.UA * (p.T_room - T_bed(x, p)), -u.removal.value * x.H)


@kernel
def holdup(x, out):
    for i in range(x.m_liquid.shape[0]):
        out.fluids[i] = x.m_liquid[i]
    for i in range(x.m_solids.shape[0]):
        out.solids[i] = x.m_solids[i]
    return Holdup(x.H, out.fluids, out.solids)


@kernel
def transport(x, u, p, out):
    vapour = 0.0
    for i in range(x.m_liquid.shape[0]):
        vapour += evaporated(x, u.gas, p, i)
    out.m[0] = bed_mass(x)
    out.m_flow[0] = total(u.cores.m_flow) + total(u.cores.m_flow_liquid)
    out.m_flow[1] = total(u.spray.m_flow) + total(u.spray.m_flow_liquid)
    out.m_flow[2] = total(u.gas.m_flow)
    out.m_flow[3] = u.removal.value * out.m[0]
    out.m_flow[4] = out.m_flow[2] + vapour
    out.m_flow[5] = (1.0 - p.efficiency) * total(u.spray.m_flow)
    return Transport(out.m, out.m_flow)


def initial_state(initial: Initial, p: Params) -> State:
    """Dry, uncoated tablets at one temperature."""
    m_solids = initial.m * np.asarray(initial.w)
    H = float(m_solids @ p.cp_solid) * (initial.T - T_REF)
    return State(initial.n_tablets, H, 0.0, 0.0, m_solids, np.zeros(len(p.cp)))
