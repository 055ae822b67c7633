"""Vapour pressure, heat of evaporation, and the pressure of a mixture's components above it.

The database holds ln p = A + B/T + C ln T + D T for each component, fitted between temperatures that
stand beside the coefficients (components.yaml). Antoine's equation log10 p = a − b/(T + c) is the same
law with A = a ln 10, B = −b ln 10, C = D = 0 and T + c in place of T in B/T: units take c as `psat_shift`.

References
[1] Poling, Prausnitz, O'Connell, The Properties of Gases and Liquids, 5th ed., McGraw-Hill 2001,
    ch. 7 and 8 (ISBN 978-0-07-011682-5)
[2] Destro, Nagy, Barolo, Comput. Chem. Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809
    (the form of the database)
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel
from unit_ops.properties.activity import activity
from unit_ops.properties.solubility import range_excess
from unit_ops.smooth import reciprocal
from unit_ops.streams import T_REF


@empirical("K", "1", "K", "1", "1/K", returns="Pa")
def vapour_pressure(T, A, B, C, D):
    """Saturation pressure from ln p = A + B/T + C ln T + D T."""
    return math.exp(A + B / T + C * math.log(T) + D * T)


@empirical("K", "1", "K", "K", "1", "1/K", returns="Pa")
def shifted_vapour_pressure(T, A, B, shift, C, D):
    """Saturation pressure from ln p = A + B/(T + shift) + C ln T + D T."""
    return math.exp(A + B / (T + shift) + C * math.log(T) + D * T)


@empirical("K", "1", "K", "K", returns="Pa")
def antoine(T, A, B, C):
    """Saturation pressure from log10(p/Pa) = A − B/(T + C), T in K."""
    return 10.0 ** (A - B / (T + C))


@kernel
def heat_of_evaporation(dH_ref, cp, cp_gas, T):
    """Heat of evaporation at T from that at T_REF (Kirchhoff), per kg."""
    return dH_ref + (cp_gas - cp) * (T - T_REF)


@kernel
def amount(m, molar_mass):
    """Amount of substance of component masses [mol]."""
    n = 0.0
    for i in range(m.shape[0]):
        n += m[i] / molar_mass[i]
    return n


@kernel
def equilibrium_pressure(i, m, T, p):
    """Partial pressure of component i over a liquid of masses m: x γ p_sat.

    `p` has molar_mass, psat_A, psat_B, psat_C, psat_D, psat_shift, activity_law, nrtl_a, nrtl_b,
    nrtl_alpha and n_heel: below that amount of liquid, pressures fall to 0 with what is left.
    """
    x = m[i] / p.molar_mass[i] * reciprocal(amount(m, p.molar_mass), p.n_heel)
    gamma = activity(p.activity_law, i, m, p.molar_mass, p.n_heel, T, p.nrtl_a, p.nrtl_b, p.nrtl_alpha)
    p_sat = shifted_vapour_pressure(T, p.psat_A[i], p.psat_B[i], p.psat_shift[i], p.psat_C[i], p.psat_D[i])
    return x * gamma * p_sat


@kernel
def bubble_pressure(m, T, p):
    """Pressure below which a liquid of masses m boils at T."""
    s = 0.0
    for i in range(m.shape[0]):
        s += equilibrium_pressure(i, m, T, p)
    return s


@kernel
def psat_range_excess(T, p):
    """Positive where T is outside the range of any component's vapour pressure (`psat_T_low`, `psat_T_high` of p)."""
    worst = range_excess(T, p.psat_T_low[0], p.psat_T_high[0])
    for i in range(1, p.psat_T_low.shape[0]):
        worst = max(worst, range_excess(T, p.psat_T_low[i], p.psat_T_high[i]))
    return worst
