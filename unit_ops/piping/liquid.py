"""Of a liquid in a vessel: boiling pressure, and how it runs dry.

Reference: Reid, Prausnitz, Poling, The Properties of Gases and Liquids, 4th ed., McGraw-Hill 1987
(ISBN 978-0-07-051799-8): Raoult's law.
"""

from __future__ import annotations

from typing import Annotated

from twin.jit import kernel
from unit_ops.properties.vapour import vapour_pressure
from unit_ops.smooth import step

#: Of what is not there: a zero with its unit.
PRESSURE: Annotated[float, "Pa", "unit of pressure"] = 1.0
GRAVITY: Annotated[float, "m/s^2", "acceleration of free fall"] = 9.81


@kernel
def running_dry(mass, heel):
    """1 above the heel, falling to 0 with what is left below it (C1)."""
    return step(mass / heel)


@kernel
def boiling_pressure(T, m, p):
    """Vapour pressure of an ideal mixture: Raoult's law over the components' masses."""
    moles = 0.0
    partial = 0.0
    for i in range(m.shape[0]):
        n = m[i] / p.molar_mass[i]
        moles += n
        partial += n * vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_C[i], p.psat_D[i])
    if moles <= 0.0:
        return 0.0 * PRESSURE
    return partial / moles
