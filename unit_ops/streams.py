"""What flows between units.

Streams carry component mass flows, so that nothing divides by a vanishing total, and every stream
carries the full component list of its type. Floats first, then arrays (one compiled type each).

Enthalpy convention of the whole library: sensible heat above `T_REF` of the components as liquids
(or dissolved) and as solids; heats of reaction, crystallization and evaporation are booked as
named sources by the unit where they occur. Powders, granules and tablets are handled at ambient
temperature, `T_REF`, and so carry no enthalpy; the unit that makes a powder books its cooling.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Array, Nominal

T_REF = 298.15


class Solution(NamedTuple):
    """A liquid mixture."""

    T: Annotated[float, "K", "temperature", Nominal(300.0)]
    m_flow: Annotated[Array, "kg/s", "component mass flows", ("fluids",), Nominal(1e-3)]


class Slurry(NamedTuple):
    """A liquid with crystals of one component, by size class.

    The total of the crystals is a field of its own, so that no receiver sums over the classes (the
    maker holds that sum as an integral, and a sum would fill a row of the Jacobian).
    """

    T: Annotated[float, "K", "temperature", Nominal(300.0)]
    m_flow_solid: Annotated[float, "kg/s", "crystal mass flow, all classes", Nominal(1e-3)]
    m_flow: Annotated[Array, "kg/s", "liquid component mass flows", ("fluids",), Nominal(1e-3)]
    m_flow_crystals: Annotated[Array, "kg/s", "crystal mass flow per size class", ("bins",), Nominal(1e-5)]


class Cake(NamedTuple):
    """A wet cake: crystals described by mass and surface, and the liquid they hold."""

    T: Annotated[float, "K", "temperature", Nominal(300.0)]
    m_flow_crystals: Annotated[float, "kg/s", "crystal mass flow", Nominal(1e-3)]
    A_flow: Annotated[float, "m^2/s", "crystal surface area flow"]
    m_flow: Annotated[Array, "kg/s", "liquid component mass flows", ("fluids",), Nominal(1e-3)]


class Gas(NamedTuple):
    """A gas or vapour mixture."""

    T: Annotated[float, "K", "temperature", Nominal(300.0)]
    m_flow: Annotated[Array, "kg/s", "component mass flows", ("fluids",), Nominal(1e-3)]


class Powder(NamedTuple):
    """A free-flowing powder at ambient temperature with its residual liquids."""

    m_flow: Annotated[Array, "kg/s", "solid component mass flows", ("solids",), Nominal(1e-3)]
    m_flow_liquid: Annotated[Array, "kg/s", "residual liquid component mass flows", ("fluids",), Nominal(1e-4)]


class Granules(NamedTuple):
    """Moist granules by size class, at ambient temperature.

    Composition, moisture and porosity are the same in all classes. A class is that of the granule's
    solids, melted into a sphere: its edges are the plant's bins, and the granule itself is wider by
    (1 − ε)^(−1/3). So consolidation, which squeezes pores out, leaves a granule in its class. The
    classes hold volumes, which add up to `V_flow_solid` and to the mass flows over the true
    densities; the total is a field of its own, so that no receiver sums over the classes.
    """

    V_flow_solid: Annotated[float, "m^3/s", "volume flow of the solids, all classes", Nominal(1e-6)]
    V_flow_pores: Annotated[float, "m^3/s", "volume flow of the pores, filled or not", Nominal(1e-6)]
    m_flow: Annotated[Array, "kg/s", "solid component mass flows", ("solids",), Nominal(1e-3)]
    m_flow_liquid: Annotated[Array, "kg/s", "residual liquid component mass flows", ("fluids",), Nominal(1e-4)]
    V_flow_classes: Annotated[Array, "m^3/s", "volume flow of the solids per size class", ("bins",), Nominal(1e-7)]


class Tablets(NamedTuple):
    """Tablets as a flow: how many, and of what."""

    n_flow: Annotated[float, "1/s", "tablets per second"]
    m_flow: Annotated[Array, "kg/s", "solid component mass flows", ("solids",), Nominal(1e-3)]
    m_flow_liquid: Annotated[Array, "kg/s", "residual liquid component mass flows", ("fluids",), Nominal(1e-4)]


class Signal(NamedTuple):
    """One number: a measurement, a demand, a controller's output. Its unit stands at the port."""

    value: float


class Holdup(NamedTuple):
    """Material inside a unit, as every balance counts it."""

    H: Annotated[float, "J", "enthalpy above the reference temperature"]
    fluids: Annotated[Array, "kg", "liquid, dissolved and gaseous component masses", ("fluids",)]
    solids: Annotated[Array, "kg", "solid component masses", ("solids",)]


@kernel
def total(m: Array) -> float:
    """Sum of an array, in order."""
    s = 0.0
    for i in range(m.shape[0]):
        s += m[i]
    return s


@kernel
def dot(a: Array, b: Array) -> float:
    """Sum of products, in order: a heat capacity flow from flows and specific heats."""
    s = 0.0
    for i in range(a.shape[0]):
        s += a[i] * b[i]
    return s


@kernel
def enthalpy_flow(T: float, m_flow: Array, cp: Array) -> float:
    """Sensible enthalpy flow [W] of component flows at temperature T [K]."""
    return dot(m_flow, cp) * (T - T_REF)
