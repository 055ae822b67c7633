"""Volume, density and viscosity of liquid mixtures from those of their components.

Volumes add (no excess): good to a per cent or two for organic solvents, to some
4 % for alcohols in water. The viscosity is Grunberg and Nissan's without interaction: fair for liquids
of one kind, poor for alcohols in water, whose maximum it misses.

Heat capacities add component by component in the balances of enthalpy (`streams.dot`, `streams.enthalpy_flow`).
Filters take the viscosity of their liquid as a function of temperature alone (filtration.py), settlers as a
number or by the law here.

References
[1] Poling, Prausnitz, O'Connell, The Properties of Gases and Liquids, 5th ed., McGraw-Hill 2001,
    ch. 4, 6 and 9 (ISBN 978-0-07-011682-5)
[2] Grunberg, Nissan, Nature 164 (1949) 799, doi 10.1038/164799b0
[3] Andrade, Nature 125 (1930) 309, doi 10.1038/125309b0 (viscosity and temperature)
"""

from __future__ import annotations

import math
from enum import IntEnum

from twin.jit import empirical, kernel
from unit_ops.streams import T_REF, total

R_GAS = 8.31446261815324


class Viscosity(IntEnum):
    """Where a unit has the viscosity of its liquid from."""

    GIVEN = 0  #: one number
    MIXTURE = 1  #: `viscosity` of what is there, at its temperature


@kernel
def volume(m, rho):
    """Volume of component masses (or its flow, of their flows)."""
    V = 0.0
    for i in range(m.shape[0]):
        V += m[i] / rho[i]
    return V


@kernel
def density(m, rho):
    """Density of a mixture of component masses m; nothing has the first component's."""
    V = volume(m, rho)
    if V <= 0.0:
        return 1.0 * rho[0]
    return total(m) / V


@empirical("Pa s", "J/mol", "K", returns="Pa s")
def andrade(mu_ref, E, T):
    """Viscosity at T from that at 298.15 K and an activation energy."""
    return mu_ref * math.exp(E / R_GAS * (1.0 / T - 1.0 / T_REF))


@empirical("any", "kg/mol", "Pa s", "J/mol", "K", returns="Pa s")
def viscosity(m, molar_mass, mu_ref, E, T):
    """Viscosity of a mixture of component masses (or flows) m: Σ x ln μ; nothing has the first component's."""
    n = 0.0
    s = 0.0
    for i in range(m.shape[0]):
        n += m[i] / molar_mass[i]
        s += m[i] / molar_mass[i] * math.log(andrade(mu_ref[i], E[i], T))
    if n <= 0.0:
        return andrade(mu_ref[0], E[0], T)
    return math.exp(s / n)
