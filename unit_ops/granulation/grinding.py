"""Laws of grinding: how fast particles break, into what, and what work it takes.

Size classes shrink by a fixed ratio; class 0 is the coarsest, the last gathers all fines and breaks no
further. What class j loses appears in class i > j with the share B(ratio^(i−j−1)) − B(ratio^(i−j)), B the
cumulative breakage function of the size relative to the lower edge of the class that breaks.

References: Reid, Chem. Eng. Sci. 20 (1965) 953, doi:10.1016/0009-2509(65)80093-8 (batch solution); Austin,
Powder Technol. 5 (1971) 1, doi:10.1016/0032-5910(71)80064-5 (selection and breakage functions); Bond,
Trans. AIME 193 (1952) 484 (third law).
"""

from __future__ import annotations

import math

from twin.jit import empirical, kernel


@kernel
def selection(rate, x, x_ref, exponent):
    """Share of a class of size x broken per second: rate (x/x_ref)^exponent."""
    return rate * (x / x_ref) ** exponent


@kernel
def breakage(r, phi, gamma, beta):
    """Mass fraction of the daughters below relative size r: φ r^γ + (1 − φ) r^β."""
    return phi * r**gamma + (1.0 - phi) * r**beta


@kernel
def daughters(steps, last, ratio, phi, gamma, beta):
    """Share of what a class loses that lands `steps` classes below it; all that is finer, if that is the last."""
    upper = breakage(ratio ** (steps - 1.0), phi, gamma, beta)
    if last:
        return upper
    return upper - breakage(ratio**steps, phi, gamma, beta)


@empirical("W", "kg/s", "J/kg", "m", returns="m")
def bond_size(power, m_flow, work_index, x80_in):
    """Size that 80 % of the product passes: E = 10 √µm W_i (1/√x_out − 1/√x_in), E = power/m_flow."""
    return (power / (m_flow * work_index * 1e-2) + 1.0 / math.sqrt(x80_in)) ** (-2.0)
