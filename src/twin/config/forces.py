"""Rate coefficients in their published units: `9.979 m/(s (kmol/m^3)^1.602)` where growth follows kmol/m³.

A coefficient k of k σ^g has its own unit divided by the driving force's to the power g. Written so, it says to
which force it belongs: another than the unit's `force` is an error that names both. Without, it is taken as is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from twin.config.document import Node
from twin.quantity import Field
from twin.units import UnitError, parse_unit

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")


def with_forces(params: Sequence[Field], given: Node | None) -> tuple[Field, ...]:
    """Fields of which a coefficient knows the law and the power that are given beside it."""
    by_name = {f.name: f for f in params}

    def text(name: str) -> str:
        node = given.get(name) if given is not None and given.kind == "map" else None
        if node is not None and node.kind == "scalar":
            return node.text.strip()
        default = by_name[name].default
        return str(getattr(default, "name", default)) if by_name[name].has_default else ""

    return tuple(
        replace(f, per=replace(f.per, law=text(f.per.law), power=text(f.per.power))) if f.per else f for f in params
    )


def in_published_unit(text: str, f: Field) -> float | None:
    """Value of a coefficient written over a driving force to its power; None where none is written.

    Raises
    ------
    UnitError
        Where it is that of another law, or of another power.
    """
    match = _NUMBER.match(text)
    if not f.per or not match or not text[match.end() :].strip():
        return None
    try:
        read = parse_unit(text[match.end() :].strip())
        power = Fraction(f.per.power)
    except (UnitError, ValueError):
        return None
    own = parse_unit(f.unit)
    if read.dimension == own.dimension:
        return None
    chosen = f.per.law.upper()
    for law, unit in f.per.units:
        force = parse_unit(unit)
        over = tuple(a - power * b for a, b in zip(own.dimension, force.dimension, strict=True))
        if read.dimension == over:
            if law == chosen:
                return float(Fraction(match.group()) * read.factor) / (float(own.factor) / float(force.factor) ** power)
            raise UnitError(
                f"'{text}' is a coefficient for a driving force in {unit} (force: {law.lower()}), "
                f"but the force is {chosen.lower()}"
            )
    units = " or ".join(unit for _, unit in f.per.units)
    raise UnitError(
        f"'{text}' is neither in {f.unit} nor in that over {units} to the power {f.per.power}, the exponent given here"
    )
