"""The units that Twin reads, as data: factors to SI, names that mislead, and what each dimension is called."""

from __future__ import annotations

from fractions import Fraction

#: Exponents of kilogram, metre, second, kelvin, mole.
Dimension = tuple[Fraction, Fraction, Fraction, Fraction, Fraction]


def dimension_of(kg: int = 0, m: int = 0, s: int = 0, K: int = 0, mol: int = 0) -> Dimension:
    """Give the exponents of a dimension."""
    return Fraction(kg), Fraction(m), Fraction(s), Fraction(K), Fraction(mol)


NUMBER = dimension_of()
_ENERGY, _PRESSURE = dimension_of(1, 2, -2), dimension_of(1, -1, -2)

PREFIXES = {"G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12}

#: Units that take prefixes.
PREFIXED: dict[str, tuple[str, Dimension]] = {
    "g": ("1/1000", dimension_of(1)),
    "m": ("1", dimension_of(m=1)),
    "s": ("1", dimension_of(s=1)),
    "K": ("1", dimension_of(K=1)),
    "mol": ("1", dimension_of(mol=1)),
    "N": ("1", dimension_of(1, 1, -2)),
    "Pa": ("1", _PRESSURE),
    "bar": ("100000", _PRESSURE),
    "J": ("1", _ENERGY),
    "W": ("1", dimension_of(1, 2, -3)),
    "Wh": ("3600", _ENERGY),
    "cal": ("4184/1000", _ENERGY),
    "L": ("1/1000", dimension_of(m=3)),
    "l": ("1/1000", dimension_of(m=3)),
    "Hz": ("1", dimension_of(s=-1)),
    "P": ("1/10", dimension_of(1, -1, -1)),
}
#: Units that stand alone. A revolution is 1, so that rotation speeds are in 1/s.
PLAIN: dict[str, tuple[str, Dimension]] = {
    "1": ("1", NUMBER),
    "%": ("1/100", NUMBER),
    "ppm": ("1/1000000", NUMBER),
    "rev": ("1", NUMBER),
    "rpm": ("1/60", dimension_of(s=-1)),
    "min": ("60", dimension_of(s=1)),
    "h": ("3600", dimension_of(s=1)),
    "d": ("86400", dimension_of(s=1)),
    "t": ("1000", dimension_of(1)),
    "atm": ("101325", _PRESSURE),
    "psi": ("8896443230521/1290320000", _PRESSURE),
    "delta_degC": ("1", dimension_of(K=1)),
}
OFFSET = {"degC": Fraction("273.15"), "°C": Fraction("273.15")}

#: Spellings that mislead, each with what to write.
REFUSED = {
    "C": "'C' is the coulomb; write degC",
    "F": "'F' is the farad; write degC or K",
    "degF": "Fahrenheit is not read; write degC or K",
    "°F": "Fahrenheit is not read; write degC or K",
    "M": "'M' is ambiguous; write mol/L",
    "barg": "gauge pressures are not read; add the atmospheric pressure and write bar",
    "wt%": "write mass fractions with % or as a plain number",
    "vol%": "write volume fractions with % or as a plain number",
    "#": "counts have no unit; write 1 (so `1e3 1/m^3`, not `1e3 #/m^3`)",
    "sec": "write s",
    "hr": "write h",
    "day": "write d",
    "days": "write d",
    "hours": "write h",
    "hour": "write h",
    "minutes": "write min",
    "seconds": "write s",
    "minute": "write min",
    "kgs": "write kg",
    "micron": "write um",
    "rad": "angles have no unit here; write revolutions (rev, rpm)",
    "deg": "write degC for temperatures; angles are in rev",
}

#: What a dimension is called, and an example that a user can copy, by the unit of the field.
KINDS = {
    "s": ("a time", "10 min"),
    "m": ("a length", "100 um"),
    "m^2": ("an area", "0.5 m^2"),
    "m^3": ("a volume", "2 L"),
    "kg": ("a mass", "2 kg"),
    "kg/s": ("a mass flow", "10 g/s"),
    "m^3/s": ("a volume flow", "2 mL/min"),
    "kg/m^3": ("a density or mass concentration", "1000 kg/m^3"),
    "K": ("a temperature", "25 degC"),
    "1": ("a plain number", "0.5"),
    "1/s": ("a rate or rotation speed", "30 rpm"),
    "Pa": ("a pressure", "2 bar"),
    "J": ("an energy", "5 kJ"),
    "W": ("a power", "5 kW"),
    "N": ("a force", "10 kN"),
    "m/s": ("a speed", "0.1 m/s"),
    "mol": ("an amount", "2 mol"),
    "mol/s": ("a molar flow", "0.1 mol/s"),
    "mol/m^3": ("a molar concentration", "0.5 kmol/m^3"),
    "J/mol": ("a molar energy", "80 kJ/mol"),
    "J/kg": ("a specific energy", "200 kJ/kg"),
    "kg/mol": ("a molar mass", "46.07 g/mol"),
    "J/(kg K)": ("a specific heat capacity", "4.2 kJ/(kg K)"),
    "W/K": ("a heat conductance", "50 W/K"),
    "W/(m^2 K)": ("a heat-transfer coefficient", "300 W/(m^2 K)"),
    "Pa s": ("a viscosity", "1.2 mPa s"),
}
