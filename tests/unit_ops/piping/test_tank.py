"""Overflow tank: washes out exponentially, holds its level, and is finite when empty."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.piping.tank as tank
from tests.unit_ops.piping.bench import Bench
from unit_ops.streams import T_REF

PARAMS = {"tau": 1.0, "V_weir": 1e-3, "cp": [4180.0, 2440.0], "rho": [1000.0, 800.0]}


def build(**feed: object) -> Bench:
    return Bench(tank, {"fluids": 2, "solids": 1}, PARAMS, feed=feed)


def test_it_fills_to_its_weir_and_then_passes_on_what_enters() -> None:
    bench = build(T=320.0, m_flow=[0.01, 0.008])  # 20 mL/s
    y = bench.solve(bench.initial(V=5e-4, T=T_REF, w=[1.0, 0.0]), [0.0, 20.0, 3000.0], rtol=1e-10)
    assert bench.measure("V", y[1]) == pytest.approx(9e-4, rel=2e-3)  # the weir is rounded over a thousandth of it
    # outflow (V − V_weir)/τ = 20 mL/s, to the rounding of the positive part, w²/4x
    assert bench.measure("V", y[2]) == pytest.approx(1.02e-3, rel=2e-5)
    assert bench.measure("T", y[2]) == pytest.approx(320.0, abs=1e-6)
    assert bench.outlet("product", bench.unpack(y[2])).m_flow == pytest.approx([0.01, 0.008], rel=1e-6)


def test_composition_washes_out_exponentially() -> None:
    """Equal densities, level at rest: w = exp(−t/τ_R), τ_R = V/V̇."""
    bench = Bench(tank, {"fluids": 2, "solids": 1}, {**PARAMS, "rho": 1000.0}, feed={"T": T_REF, "m_flow": [0.0, 0.02]})
    start = bench.solve(bench.initial(V=1.02e-3, T=T_REF, w=[0.0, 1.0]), [0.0, 500.0], rtol=1e-11)[-1]
    mass = start[1:].sum()
    start[1], start[2] = 0.5 * mass, 0.5 * mass
    y = bench.solve(start, [0.0, 60.0], rtol=1e-11)[-1]
    assert y[1] / mass == pytest.approx(0.5 * np.exp(-60.0 * 0.02 / mass), rel=1e-7)


def test_an_empty_tank_is_finite_and_fills() -> None:
    bench = build(T=330.0, m_flow=[0.01, 0.0])
    empty = bench.initial(V=0.0, T=330.0, w=[1.0, 0.0])
    assert np.all(empty == 0.0)
    assert np.all(np.isfinite(bench.rhs(0.0, empty)))
    assert bench.measure("T", empty) == T_REF
    assert bench.measure("V", empty) == 0.0
    y = bench.solve(empty, [0.0, 10.0], rtol=1e-9)[-1]
    assert bench.measure("V", y) == pytest.approx(1e-4, rel=1e-2)
    assert bench.measure("T", y) == pytest.approx(330.0, abs=1e-3)
