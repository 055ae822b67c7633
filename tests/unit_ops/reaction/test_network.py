"""Reaction networks as text: stoichiometry, units, orders, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit_ops.reaction.network import configure_reactions, rate_unit

FLUIDS = ("S", "A", "B", "C", "4-D")
COMPONENTS = {
    "S": {"molar_mass": 0.046},
    "A": {"molar_mass": 0.109126},
    "B": {"molar_mass": 0.102089},
    "C": {"molar_mass": 0.151163},
    "4-D": {"molar_mass": 0.060052},
}
GOOD: dict[str, Any] = {"equation": "A + B -> C + 4-D", "k0": "1.95 L/(mol min)", "E": "50 kJ/mol", "dH": -9e4}


def configure(*entries: Any) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    return configure_reactions(entries, FLUIDS, COMPONENTS)


def test_a_reaction() -> None:
    dims, p = configure({**GOOD, "T_ref": "108 degC"})
    assert dims == {"reactions": 1}
    assert p["nu_mass"][0] == pytest.approx([0.0, -0.109126, -0.102089, 0.151163, 0.060052])
    assert p["orders"].tolist() == [[0.0, 1.0, 1.0, 0.0, 0.0]]
    assert p["k0"][0] == pytest.approx(1.95e-3 / 60.0, rel=1e-15)
    assert p["E"].tolist() == [5e4]
    assert p["dH"].tolist() == [-9e4]
    assert p["inv_T_ref"][0] == pytest.approx(1.0 / 381.15, rel=1e-15)


def test_coefficients_and_orders() -> None:
    dims, p = configure(
        {"equation": "2 A -> 2 A", "k0": 1e-3, "E": 0, "dH": 0, "orders": {"A": 2, "S": "0.5"}},
        {"equation": "0.5 B + 0.5 B -> B", "k0": "3 1/h", "E": 0, "dH": 0},
    )
    assert dims == {"reactions": 2}
    assert p["orders"][0].tolist() == [0.5, 2.0, 0.0, 0.0, 0.0]
    assert p["k0"][1] == pytest.approx(3.0 / 3600.0)
    assert p["inv_T_ref"].tolist() == [0.0, 0.0]


def test_no_reactions() -> None:
    dims, p = configure()
    assert dims == {"reactions": 0}
    assert p["nu_mass"].shape == (0, 5)


@given(st.floats(-0.9e-6, 0.9e-6))
def test_rounded_molar_masses_create_no_mass(relative: float) -> None:
    """A molar mass off by less than a millionth is accepted, and what forms is what reacts, to rounding."""
    components = {**COMPONENTS, "C": {"molar_mass": 0.151163 + relative * 0.211215}}
    _, p = configure_reactions([GOOD], FLUIDS, components)
    assert abs(p["nu_mass"].sum()) < 2e-16


@pytest.mark.parametrize(
    ("order", "unit"), [(0.0, "mol/(m^3 s)"), (1.0, "1/s"), (2.0, "m^3/(mol^1 s)"), (3.0, "m^6/(mol^2 s)"), (1.5, "1")]
)
def test_rate_units(order: float, unit: str) -> None:
    assert rate_unit(order) == unit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equation": "A + B -> C"}, r"'A \+ B -> C' does not conserve mass: 211.215 g/mol react and 151.163"),
        ({"equation": "A + B -> C"}, r"imbalance -60.052 g/mol"),
        ({"equation": "A + E -> C"}, "'E' is not among the fluids: S, A, B, C, 4-D"),
        ({"equation": "A + B"}, "write it as 'A \\+ B -> C'"),
        ({"equation": "A + + B -> C"}, "is not among|is no component"),
        ({"equation": 7}, "reaction 1: expected"),
        ({"k0": "1.95 1/min"}, r"k0: .*1.95 1/min"),
        ({"E": "50 kg"}, "E: .*50 kg"),
        ({"rate": 1.0}, "unknown key 'rate'"),
        ({"orders": {"X": 1}}, "orders names 'X'"),
        ({"orders": [1, 1]}, "orders is a mapping"),
        ({"T_ref": "-300 degC"}, "T_ref must lie above 0 K"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configure({**GOOD, **change})


def test_missing_keys_molar_masses_and_too_many_reactions() -> None:
    with pytest.raises(ValueError, match="dH is missing"):
        configure({key: value for key, value in GOOD.items() if key != "dH"})
    with pytest.raises(ValueError, match="component 'A' has no molar_mass"):
        configure_reactions([GOOD], FLUIDS, {**COMPONENTS, "A": {}})
    with pytest.raises(ValueError, match="5 given, at most 4"):
        configure(*[GOOD] * 5)
    with pytest.raises(ValueError, match="expected a list"):
        configure_reactions("A -> B", FLUIDS, COMPONENTS)
