"""What the continuous blenders share: ports, what is measured, and the law by which cells discharge.

Assumptions
- the flow out of a cell follows a power of its holdup and of the blade speed, F ∝ M^p N^q, so that a
  blender fills from empty and empties again; at the nominal point M_ss/F_ss is the mean residence time;
- powder and its residual liquid leave a cell in the proportion held.

A blender with these cells has the states m_solids and m_liquid (component by cell) and the parameters
M_ss, F_ss, api, exponent, speed, speed_ss and speed_exponent.

References: Engisch & Muzzio, J. Pharm. Innov. 11 (2016) 64 (residence times of continuous lines); the
power law is a common empirical form.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from twin.jit import kernel
from twin.quantity import Optional
from unit_ops.smooth import fading_reciprocal
from unit_ops.streams import Powder, total

#: Holdup, as a fraction of the nominal, below which laws of the holdup are rounded off.
HEEL = 1e-6

#: Holdup of the last cell, as a fraction of the nominal of all cells, below which the assay, there a
#: ratio of solver errors, fades to 0. What flows is untouched by it.
ASSAY_HEEL = 1e-3


class Feeds(NamedTuple):
    first: Annotated[Powder, "first powder"]
    second: Annotated[Powder, "second powder", Optional()]
    third: Annotated[Powder, "third powder", Optional()]


class Watched(NamedTuple):
    api_content: Annotated[float, "1", "mass fraction of the API at the outlet"]
    M: Annotated[float, "kg", "holdup"]
    F: Annotated[float, "kg/s", "outflow"]


def chain(n: int) -> tuple[tuple[str | int, str | int], ...]:
    """Faces of n cells: three inlets into the first, then from cell to cell and out."""
    inside = tuple((j, j + 1) for j in range(n - 1))
    return (("first", 0), ("second", 0), ("third", 0), *inside, (n - 1, "product"))


@kernel
def cell_mass(x, j):
    M = 0.0
    for i in range(x.m_solids.shape[0]):
        M += x.m_solids[i, j]
    for i in range(x.m_liquid.shape[0]):
        M += x.m_liquid[i, j]
    return M


@kernel
def outflow_rate(M, n, p):
    """Fraction of a cell's holdup M leaving forward per second; n cells."""
    ratio = M * n / p.M_ss
    power = (ratio * ratio + HEEL * HEEL) ** (0.5 * (p.exponent - 1.0))
    return p.F_ss * n / p.M_ss * power * (p.speed / p.speed_ss) ** p.speed_exponent


@kernel
def M(x):
    s = 0.0
    for j in range(x.m_solids.shape[1]):
        s += cell_mass(x, j)
    return s


@kernel
def F(x, p):
    n = x.m_solids.shape[1]
    held = cell_mass(x, n - 1)
    return outflow_rate(held, n, p) * held


@kernel
def last_content(x, heel, p):
    """API content of the last cell, fading below a mass `heel` of it."""
    last = x.m_solids.shape[1] - 1
    return x.m_solids[p.api, last] * fading_reciprocal(cell_mass(x, last), heel)


@kernel
def discharged(x, k, out):
    """What leaves the last cell, of which the part k does per second."""
    last = x.m_solids.shape[1] - 1
    for i in range(x.m_solids.shape[0]):
        out.m_flow[i] = k * x.m_solids[i, last]
    for i in range(x.m_liquid.shape[0]):
        out.m_flow_liquid[i] = k * x.m_liquid[i, last]
    return Powder(out.m_flow, out.m_flow_liquid)


@kernel
def product(x, p, out):
    n = x.m_solids.shape[1]
    return discharged(x, outflow_rate(cell_mass(x, n - 1), n, p), out)


@kernel
def fed(stream):
    """Everything in a powder stream [kg/s]."""
    return total(stream.m_flow) + total(stream.m_flow_liquid)


@kernel
def held(x, out):
    """Component masses over all cells, into a holdup's arrays."""
    for i in range(x.m_liquid.shape[0]):
        out.fluids[i] = total(x.m_liquid[i])
    for i in range(x.m_solids.shape[0]):
        out.solids[i] = total(x.m_solids[i])
