"""Solubility: how the saturation concentration follows temperature and antisolvent.

c* is kg of solute per kg of solvent (or a mole fraction, where a law was fitted so). Every law is a
fit: it says nothing outside the temperatures and compositions that it was fitted to. A unit that uses
one gives that range as parameters and a guard that crosses zero at its ends (`range_excess`).

References
[1] Grant, Mehdizadeh, Chow, Fairbrother, Int. J. Pharm. 18 (1984) 25,
    doi 10.1016/0378-5173(84)90104-2 (van 't Hoff and its extension by ln T)
[2] Apelblat, Manzurola, J. Chem. Thermodyn. 31 (1999) 85, doi 10.1006/jcht.1998.0424
[3] Yalkowsky, Roseman, in Yalkowsky (ed.), Techniques of Solubilization of Drugs, Dekker 1981
    (log-linear in the cosolvent), ISBN 978-0-8247-1566-7
[4] Jouyban, J. Pharm. Pharm. Sci. 11 (2008) 32, doi 10.18433/J3PP4K (Jouyban-Acree)
"""

from __future__ import annotations

import math
from enum import IntEnum

from twin.jit import empirical, kernel
from unit_ops.streams import T_REF

#: Molar gas constant [J/(mol K)], exact in the SI of 2019.
R_GAS = 8.31446261815324


class Solubility(IntEnum):
    """How the saturation concentration c* [kg solute / kg solvent] follows the temperature."""

    POLYNOMIAL = 0  #: c* = a + b T + c T²
    EXPONENTIAL = 1  #: c* = a exp(b T + c T²)
    VANT_HOFF = 2  #: c* = a exp(−E/(R T))
    APELBLAT = 3  #: c* = a exp(−E/(R T)) (T/T_REF)^(b T_REF): as published with a = exp(A + C ln(T_REF/K)), E = −B R,
    #: b = C/T_REF


class Antisolvent(IntEnum):
    """How c* follows the mass fraction w of antisolvent in the solute-free liquid."""

    NONE = 0  #: not at all
    LOG_LINEAR = 1  #: ln(c*/c*_solvent) = −s₁ w
    LOG_POLYNOMIAL = 2  #: ln(c*/c*_solvent) = −s₁ w + s₂ w² + s₃ w³
    JOUYBAN_ACREE = 3  #: between both pure liquids: w ln(ratio) + w (1 − w)(s₁ + s₂ (1 − 2 w)) K/T


@kernel
def saturation(law: int, a: float, b: float, c: float, E: float, T: float) -> float:
    """Saturation concentration c* [kg/kg solvent] at temperature T [K]."""
    if law == Solubility.EXPONENTIAL:
        return a * math.exp((b + c * T) * T)
    if law == Solubility.VANT_HOFF:
        return a * math.exp(-E / (R_GAS * T))
    if law == Solubility.APELBLAT:
        return a * math.exp(-E / (R_GAS * T)) * (T / T_REF) ** (b * T_REF)
    return a + (b + c * T) * T


@empirical("1", "K", "1", "K", returns="1")
def apelblat(A: float, B: float, C: float, T: float) -> float:
    """exp(A + B/T + C ln(T/K)): a mole fraction, or the mass ratio that it was fitted to."""
    return math.exp(A + B / T + C * math.log(T))


@empirical("1", "any", "any", "any", "1", "1", "K", returns="1")
def antisolvent_factor(law: int, s1: float, s2: float, s3: float, ratio: float, w: float, T: float) -> float:
    """c* over that in the pure solvent.

    `w` [kg antisolvent / kg solute-free liquid], `ratio` > 0 the saturation in pure antisolvent over
    that in pure solvent (Jouyban-Acree only, where s₁ and s₂ are its J in K).
    """
    if law == Antisolvent.LOG_LINEAR:
        return math.exp(-s1 * w)
    if law == Antisolvent.LOG_POLYNOMIAL:
        return math.exp(w * (-s1 + w * (s2 + w * s3)))
    if law == Antisolvent.JOUYBAN_ACREE:
        return math.exp(w * math.log(ratio) + w * (1.0 - w) * (s1 + s2 * (1.0 - 2.0 * w)) / T)
    return 1.0


@kernel
def mass_ratio(x: float, M_solute: float, M_solvent: float) -> float:
    """kg solute per kg solvent from the mole fraction of the solute, 0 <= x < 1."""
    return x * M_solute / ((1.0 - x) * M_solvent)


@kernel
def range_excess(value: float, low: float, high: float) -> float:
    """Crosses zero at both ends of a range, positive outside: the guard of a correlation."""
    return (value - low) * (value - high)
