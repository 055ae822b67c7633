"""Lubricant blender: flows as the blender's, and an extent of lubrication that its turns add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.powder.blender as blender
import unit_ops.powder.lubricant_blender as lubricant_blender
from tests.unit_ops.piping.bench import Bench

M_SS, F_SS, LENGTH, SPEED = 0.6, 0.01, 0.05, 3.0
TAU = M_SS / F_SS


def build(tanks: int = 3, **feeds: Any) -> Bench:
    dims = {"fluids": 1, "solids": 2, "tanks": tanks}
    params = {"M_ss": M_SS, "F_ss": F_SS, "api": 1, "shear_length": LENGTH, "speed": SPEED}
    return Bench(lubricant_blender, dims, params, **feeds)


def test_extent_is_turns_times_length_whatever_came_before() -> None:
    """λ N τ at steady state for what enters unsheared; what was sheared upstream keeps its share of mass."""
    feeds = {"first": {"m_flow": [0.0099, 0.0]}, "second": {"m_flow": [0.0, 0.0001]}, "lubrication_in": 4.0}
    bench = build(**feeds)
    y = bench.solve(bench.initial(w=[1.0, 0.0], M_tank=M_SS / 3), [0.0, 40.0 * TAU])
    assert bench.measure("lubrication", y[-1]) == pytest.approx(0.99 * 4.0 + LENGTH * SPEED * TAU, rel=1e-8)
    assert bench.measure("api_content", y[-1]) == pytest.approx(0.01, rel=1e-8)


def test_extent_rises_as_the_internal_age_of_the_powder() -> None:
    """Started fresh, one tank: k(t) = λ N τ (1 − e^(−t/τ)), the mean time spent in the tank by then."""
    bench = build(1, first={"m_flow": [F_SS, 0.0]})
    times = np.array([0.0, 0.5, 1.0, 3.0]) * TAU
    y = bench.solve(bench.initial(w=[1.0, 0.0], M_tank=M_SS), times)
    found = [bench.measure("lubrication", v) for v in y]
    assert found == pytest.approx(LENGTH * SPEED * TAU * (1.0 - np.exp(-times / TAU)), rel=1e-7)


def test_masses_move_as_in_the_plain_blender() -> None:
    feed = {"first": {"m_flow": [0.006, 0.003], "m_flow_liquid": [1e-4]}}
    ours = build(**feed)
    plain = Bench(
        blender, {"fluids": 1, "solids": 2, "tanks": 3}, {"M_ss": M_SS, "F_ss": F_SS, "api": 1, "speed": SPEED}, **feed
    )
    start = {"w": [0.3, 0.7], "M_tank": [0.1, 0.2, 0.3], "w_liquid": 0.01}
    x, y = ours.unpack(ours.initial(**start)), plain.unpack(plain.initial(**start))
    assert np.array_equal(ours.dx(x).m_solids, plain.dx(y).m_solids)
    assert np.array_equal(ours.dx(x).m_liquid, plain.dx(y).m_liquid)


def test_an_empty_blender_is_well_defined() -> None:
    bench = build()
    empty = bench.initial(w=[1.0, 0.0])
    assert np.array_equal(bench.rhs(0.0, empty), np.zeros_like(empty))
    assert bench.measure("lubrication", empty) == 0.0
