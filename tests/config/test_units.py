"""Quantities: exact factors, dimension checks, and refusals that say what to write."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.quantity import parse_quantity
from twin.unit_tables import PLAIN, PREFIXED
from twin.units import UnitError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("2 mL/min", "m^3/s", 2e-6 / 60),
        ("60 min", "s", 3600.0),
        ("1 d", "s", 86400.0),
        ("25 degC", "K", 298.15),
        ("25 °C", "K", 298.15),
        ("-10 degC", "K", 263.15),
        ("300 K", "K", 300.0),
        ("30 rpm", "1/s", 0.5),
        ("2 rev/min", "1/s", 2 / 60),
        ("5 %", "1", 0.05),
        ("250 ppm", "1", 2.5e-4),
        ("1 bar", "Pa", 1e5),
        ("5 mbar", "Pa", 500.0),
        ("1 psi", "Pa", 6894.757293168361),  # 0.45359237 kg × 9.80665 m/s² / (0.0254 m)²
        ("1 atm", "Pa", 101325.0),
        ("2 kcal", "J", 8368.0),
        ("1 kWh", "J", 3.6e6),
        ("3 kN", "N", 3000.0),
        ("200 um", "m", 2e-4),
        ("200 µm", "m", 2e-4),
        ("36 kg/h", "kg/s", 0.01),
        ("3 m^3/s", "m^3/s", 3.0),
        ("3 m³/s", "m^3/s", 3.0),
        ("3 m3 s-1", "m^3/s", 3.0),
        ("300 W/(m^2 K)", "W/(m^2 K)", 300.0),
        ("300 W/m^2/K", "W/(m^2 K)", 300.0),
        ("8.314 J/(mol K)", "J/(mol K)", 8.314),
        ("0.5 kmol/m^3", "mol/m^3", 500.0),
        ("1.5 cP", "Pa s", 1.5e-3),
        ("1.3 g/mL", "kg/m^3", 1300.0),
        ("1e3 1/m^3", "1/m^3", 1000.0),
        ("5/min", "1/s", 5 / 60),
        ("2 W/(m^2 degC)", "W/(m^2 K)", 2.0),  # within a product a degree is a difference
        ("8 (m^3/kmol)^0.5/s", "(m^3/mol)^0.5/s", 8 / math.sqrt(1000.0)),
        ("7", "kg", 7.0),
        (7, "kg", 7.0),
        (0.25, "K", 0.25),
    ],
)
def test_reads(text: str, unit: str, value: float) -> None:
    # 1 ulp: the expected value is rounded more often than the parser's single division
    assert parse_quantity(text, unit) == pytest.approx(value, rel=2.3e-16, abs=0.0)


def test_the_same_length_is_the_same_float_however_it_is_written() -> None:
    assert {parse_quantity(t, "m").hex() for t in ("200 um", "0.2 mm", "2e-4 m", "0.02 cm", "2e-4", "2e5 nm")} == {
        (2e-4).hex()
    }


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_repr_of_a_float_reads_back_to_the_same_bits(value: float) -> None:
    assert parse_quantity(repr(value), "kg").hex() == value.hex()
    assert parse_quantity(value, "K").hex() == value.hex()


@pytest.mark.parametrize(
    ("text", "unit", "says"),
    [
        ("60 kg", "s", "expected a time [s], but '60 kg' is a mass; an example is 10 min"),
        ("60 nonsense", "s", "'nonsense' is no unit known here"),
        ("1e3 #/m^3", "1/m^3", "counts have no unit"),
        ("2 barg", "Pa", "gauge pressures are not read; add the atmospheric pressure"),
        ("25 C", "K", "'C' is the coulomb; write degC"),
        ("70 F", "K", "'F' is the farad"),
        ("1 M", "mol/m^3", "write mol/L"),
        ("5 wt%", "1", "write mass fractions with % or as a plain number"),
        ("300 W/m^2 K", "W/(m^2 K)", "ambiguous"),
        ("5 kgg", "kg", "did you mean 'kg'?"),
        ("ten", "s", "is no quantity; write for example 10 min"),
        ("1 000 kg", "kg", "is no quantity"),
        ("1,5 kg", "kg", "cannot be read as a unit"),
        ("", "kg", "is no quantity"),
        ("nan", "1", "is no quantity"),
        ("inf", "1", "is no quantity"),
        ("1e999", "1", "too large"),
        ("1e308 kmol", "mol", "too large"),
        ("9" * 500, "kg", "is no quantity"),
        (True, "1", "is no quantity"),
        (None, "1", "is no quantity"),
        ("5 (kg", "kg", "parenthesis"),
        ("5 kg)", "kg", "parenthesis"),
        ("5 kg/", "kg", "without a unit after it"),
        ("5 kg^", "kg", "exponent"),
        ("5 ()", "kg", "empty parentheses"),
    ],
)
def test_refuses_with_a_cure(text: str, unit: str, says: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, unit)
    assert says in str(caught.value)


@given(st.text(max_size=60), st.sampled_from(["s", "kg/s", "K", "W/(m^2 K)", "1"]))
def test_any_text_gives_a_finite_number_or_a_refusal(text: str, unit: str) -> None:
    try:
        value = parse_quantity(text, unit)
    except UnitError:
        return
    assert math.isfinite(value)


def test_the_table_agrees_with_pint() -> None:
    """Every unit has pint's factor and dimension: an independent source of the numbers."""
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry()
    # pint's revolution is 2 pi, ours is 1; symbols that pint reads as something else are spelled out
    spelled = {"%": "percent", "rev": "1", "rpm": "1/minute", "d": "day", "h": "hour", "P": "poise", "1": "1"}
    axes = ("[mass]", "[length]", "[time]", "[temperature]", "[substance]")
    for name, (factor, dimension) in {**PREFIXED, **PLAIN}.items():
        quantity = (
            registry.Quantity(1.0, registry.parse_units(spelled.get(name, name))) if spelled.get(name) != "1" else None
        )
        if quantity is None:
            assert (float(Fraction(factor)), any(dimension)) == (1.0, False)
            continue
        # 1e-12: pint multiplies rounded floats
        assert float(Fraction(factor)) == pytest.approx(quantity.to_base_units().magnitude, rel=1e-12), name
        assert [float(d) for d in dimension] == [float(quantity.dimensionality.get(axis, 0)) for axis in axes], name
