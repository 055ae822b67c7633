"""Reaction networks as text: stoichiometry, units, orders, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit_ops.reaction.network import configure_reactions, rate_unit
from unit_ops.reaction.rates import R_GAS

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
        ({"K": 2.0}, "K belongs to a reversible reaction"),
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


BACK: dict[str, Any] = {**GOOD, "equation": "A + B <-> C + 4-D", "T_ref": "350 K"}


def test_a_reversible_reaction_becomes_two() -> None:
    """k_forward/k_back = K exp(−ΔH/R (1/T − 1/T_K)) at every temperature; what one makes the other takes."""
    dims, p = configure({**BACK, "K": 12.0, "T_K": "298.15 K"})
    assert dims == {"reactions": 2}
    assert np.array_equal(p["nu_mass"][1], -p["nu_mass"][0])
    assert p["orders"][1].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert p["dH"].tolist() == [-9e4, 9e4]
    for T in (280.0, 298.15, 400.0):
        k = p["k0"] * np.exp(-p["E"] / R_GAS * (1.0 / T - p["inv_T_ref"]))
        assert k[0] / k[1] == pytest.approx(12.0 * math.exp(9e4 / R_GAS * (1.0 / T - 1.0 / 298.15)), rel=1e-12)


def test_equilibrium_constants_have_the_unit_of_their_equation() -> None:
    network = ("A", "B", "C", "D"), {n: {"molar_mass": M} for n, M in zip("ABCD", (0.1, 0.1, 0.2, 0.05), strict=True)}
    base = {"k0": "1 L/(mol s)", "E": 0.0, "dH": 0.0}
    _, p = configure_reactions([{**base, "equation": "A + B <-> C", "K": "5 L/mol"}], *network)
    assert p["k0"].tolist() == pytest.approx([1e-3, 0.2])
    _, p = configure_reactions([{**base, "k0": "1 1/s", "equation": "A <-> 2 D", "K": "5 mol/L"}], *network)
    assert p["k0"].tolist() == pytest.approx([1.0, 1.0 / 5000.0])
    _, p = configure_reactions([{**base, "equation": "A + B <-> C", "k0_rev": "0.2 1/s"}], *network)
    assert p["k0"].tolist() == pytest.approx([1e-3, 0.2])
    with pytest.raises(ValueError, match="K: .*5 mol/L"):
        configure_reactions([{**base, "equation": "A + B <-> C", "K": "5 mol/L"}], *network)


def test_the_way_back_keeps_a_catalyst_and_both_ways_balance_at_equilibrium() -> None:
    _, p = configure({**BACK, "orders": {"A": 1.5, "B": 1, "S": 0.5}, "K": 3.0, "k0": 1e-4})
    assert p["orders"][1].tolist() == [0.5, 0.5, 0.0, 1.0, 1.0]
    c = np.array([9000.0, 100.0, 300.0, 450.0, 200.0])  # c_C c_D/(c_A c_B) = 3
    r = p["k0"] * np.prod(c ** p["orders"], axis=1)
    assert r[0] == pytest.approx(r[1], rel=1e-12)


def test_a_rate_back_of_its_own() -> None:
    _, p = configure({**BACK, "k0_rev": "3e-4 L/(mol s)"}, {**BACK, "k0_rev": 3e-7, "E_rev": "1 kJ/mol"})
    assert p["k0"][1] == pytest.approx(3e-7)
    assert p["E"].tolist() == [5e4, 14e4, 5e4, 1e3]
    assert p["inv_T_ref"].tolist() == [1.0 / 350.0] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "give either K, the equilibrium constant, or k0_rev"),
        ({"K": 1.0, "k0_rev": 1.0}, "give either K, the equilibrium constant, or k0_rev"),
        ({"K": 0.0}, "K must be positive"),
        ({"K": "3 L/mol"}, "K: .*3 L/mol"),
        ({"K": 1.0, "E_rev": 1.0}, "E_rev belongs to k0_rev"),
        ({"K": 1.0, "T_K": "0 K"}, "T_K must lie above 0 K"),
        ({"k0_rev": 1e-7, "T_K": "300 K"}, "T_K belongs to K"),
        (
            {"K": 1.0, "orders": {"A": 0.5, "B": 1}, "k0": 1.0},
            "that of 'A' would be -0.5: give it at least the order 1",
        ),
    ],
)
def test_what_is_refused_of_reversible_reactions(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configure({**BACK, **change})


def test_an_equilibrium_constant_needs_its_temperature() -> None:
    entry = {key: value for key, value in BACK.items() if key != "T_ref"}
    with pytest.raises(ValueError, match="T_K is missing"):
        configure({**entry, "K": 1.0})


def test_reversible_reactions_count_twice_where_there_is_a_limit() -> None:
    with pytest.raises(ValueError, match="6 given, at most 4"):
        configure(*[{**BACK, "K": 1.0}] * 3)
    dims, _ = configure_reactions([{**BACK, "K": 1.0}] * 3, FLUIDS, COMPONENTS, most=None)
    assert dims == {"reactions": 6}
