"""How numbers and units are shown to people: prefixes, °C, powers of ten."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shown:
    """A unit as shown: shown value = SI value × factor + offset."""

    text: str
    factor: float = 1.0
    offset: float = 0.0

    def of(self, values: np.ndarray) -> np.ndarray:
        """Convert SI values."""
        return np.asarray(values, dtype=np.float64) * self.factor + self.offset


#: Units that have readable multiples, smallest first.
_LADDERS: dict[str, tuple[Shown, ...]] = {
    "m": (Shown("µm", 1e6), Shown("mm", 1e3), Shown("m")),
    "m^2": (Shown("mm²", 1e6), Shown("cm²", 1e4), Shown("m²")),
    "m^3": (Shown("mL", 1e6), Shown("L", 1e3), Shown("m³")),
    "m^3/s": (Shown("mL/min", 6e7), Shown("L/min", 6e4), Shown("m³/h", 3600.0)),
    "kg": (Shown("mg", 1e6), Shown("g", 1e3), Shown("kg")),
    "kg/s": (Shown("g/h", 3.6e6), Shown("kg/h", 3600.0)),
    "Pa": (Shown("Pa"), Shown("kPa", 1e-3), Shown("MPa", 1e-6)),
    "N": (Shown("N"), Shown("kN", 1e-3)),
    "W": (Shown("W"), Shown("kW", 1e-3), Shown("MW", 1e-6)),
    "J": (Shown("J"), Shown("kJ", 1e-3), Shown("MJ", 1e-6)),
    "s": (Shown("s"), Shown("min", 1 / 60), Shown("h", 1 / 3600)),
}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CELSIUS = Shown("°C", 1.0, -273.15)


def unit_text(unit: str) -> str:
    """Write a unit as people do: `kg/m^3` is kg/m³, `J/(kg K)` is J/(kg·K), `1` is a dash."""
    if unit in ("", "1"):
        return "–"
    parts = unit.replace(" ", "·").split("^")
    text = parts[0]
    for part in parts[1:]:
        digits = len(part) - len(part.lstrip("-0123456789"))
        text += part[:digits].translate(_SUPERSCRIPTS) + part[digits:]
    return text


def shown_unit(unit: str, meaning: str, largest: float) -> Shown:
    """Choose the multiple in which values up to `largest` read best.

    Temperatures are shown in °C; differences of temperature stay in K.
    """
    if unit == "K" and "temperature" in meaning and "difference" not in meaning:
        return _CELSIUS
    ladder = _LADDERS.get(unit)
    if ladder is None:
        return Shown(unit_text(unit))
    if not math.isfinite(largest) or largest <= 0.0:
        return next((step for step in ladder if step.factor == 1.0), ladder[-1])
    fitting = [step for step in ladder if largest * step.factor >= 1.0]
    return fitting[-1] if fitting else ladder[0]


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with `digits` significant digits, thousands apart, powers of ten as such."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if -4 <= exponent < 7:
        text = f"{value:,.{max(0, digits - 1 - exponent)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(",", "\u202f").replace("-", "−")
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{short.replace('-', '−')}·10{str(exponent).translate(_SUPERSCRIPTS)}"


def clock(seconds: float) -> str:
    """Write a time of the plant's clock: 3 h 07 min, 12 min 30 s."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min" + (f" {left:02d} s" if left else "")
    return f"{minutes} min" + (f" {left:02d} s" if left else "") if minutes else f"{seconds:.3g} s"
