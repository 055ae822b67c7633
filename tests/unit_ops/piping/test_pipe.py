"""Pipe: a delay that follows the flow, what its cells disperse, heat lost on the way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.piping.pipe as pipe
from tests.unit_ops.piping.bench import Bench
from unit_ops.piping.advection import Scheme

V, FLOW, RHO = 1e-3, 0.01, 1000.0
TAU = V * RHO / FLOW


def build(cells: int, scheme: Scheme = Scheme.VAN_ALBADA, **more: Any) -> Bench:
    params = {"V": V, "cp": 4000.0, "rho": RHO, "scheme": scheme, **more}
    dims = {"fluids": 2, "solids": 1, "cells": cells}
    return Bench(pipe, dims, params, feed={"T": 350.0, "m_flow": [0.0, FLOW]})


def outlet(bench: Bench, rows: np.ndarray) -> np.ndarray:
    """Mass fraction of the second component in the last cell."""
    last = [bench.unpack(row).m[:, -1] for row in rows]
    return np.array([m[1] / m.sum() for m in last])


def front(cells: int, scheme: Scheme) -> tuple[float, float, float]:
    """Mean and variance of the residence time over τ and τ², and the overshoot, from a step of the feed."""
    bench = build(cells, scheme)
    theta = np.linspace(0.0, 2.5, 1501)
    rows = bench.solve(bench.initial(T=350.0, w=[1.0, 0.0]), TAU * theta, method="LSODA", rtol=1e-6, atol=1e-9)
    left = 1.0 - outlet(bench, rows)
    mean = np.trapezoid(left, theta)
    return float(mean), float(2.0 * np.trapezoid(theta * left, theta) - mean**2), float(-left.min())


@pytest.mark.parametrize(("cells", "variance"), [(20, 0.0127), pytest.param(50, 0.00312, marks=pytest.mark.slow)])
def test_dispersion_of_the_smooth_scheme_is_as_stated(cells: int, variance: float) -> None:
    mean, found, overshoot = front(cells, Scheme.VAN_ALBADA)
    assert mean == pytest.approx(1.0, rel=1e-5)
    assert found == pytest.approx(variance, rel=5e-3)  # stated to three digits
    assert overshoot < 2e-4


def test_upwind_cells_are_tanks_in_series() -> None:
    mean, found, _ = front(20, Scheme.UPWIND)
    assert mean == pytest.approx(1.0, rel=1e-5)
    assert found == pytest.approx(1.0 / 20.0, rel=1e-3)  # what is left after 2.5 τ: 2e-6


def test_the_delay_follows_the_flow() -> None:
    """The front comes out when one volume has passed, whether the flow was fast, slow or none."""
    bench = build(30)
    y = bench.initial(T=350.0, w=[1.0, 0.0])
    seen = []
    for flow, time in ((0.03, 20.0), (0.0, 500.0), (0.004, 60.0), (0.02, 8.0), (0.02, 8.0)):
        bench.set_inlets(feed={"T": 350.0, "m_flow": [0.0, flow]})
        y = bench.solve(y, [0.0, time], method="LSODA", rtol=1e-7, atol=1e-10)[-1]
        seen.append(float(outlet(bench, y[None, :])[0]))
    # volumes passed: 0.6, 0.6, 0.84, 1.0, 1.16; a front is 0.085 wide (30 cells)
    assert seen[:2] == pytest.approx([0.0, 0.0], abs=1e-3)
    assert seen[2] == pytest.approx(0.0, abs=0.06)
    assert seen[3] == pytest.approx(0.5, abs=0.05)
    assert seen[4] == pytest.approx(1.0, abs=0.05)


def test_volumes_stay_as_densities_change() -> None:
    bench = build(10, rho=[800.0, 1300.0])
    y = bench.initial(T=350.0, w=[1.0, 0.0])
    for row in bench.solve(y, np.linspace(0.0, 2.0 * TAU, 5), rtol=1e-7, atol=1e-10):
        x = bench.unpack(row)
        assert x.m[0] / 800.0 + x.m[1] / 1300.0 == pytest.approx(np.full(10, V / 10.0), rel=1e-12)
        product = bench.outlet("product", x)
        assert product.m_flow @ [1 / 800.0, 1 / 1300.0] == pytest.approx(FLOW / 1300.0, rel=1e-12)


def test_heat_lost_on_the_way() -> None:
    """n tanks in series: T − T_room falls by (1 + N/n)^n, N = UA/(ṁ cp); e^N in the limit."""
    UA = 30.0
    for scheme, expected in ((Scheme.UPWIND, (1.0 + 0.75 / 12.0) ** -12), (Scheme.VAN_ALBADA, math.exp(-0.75))):
        bench = build(12, scheme, UA=UA, T_room=290.0)
        y = bench.solve(bench.initial(T=300.0, w=[0.0, 1.0]), [0.0, 4.0 * TAU], method="RK45", rtol=1e-8)[-1]
        got = (bench.measure("T_out", y) - 290.0) / 60.0
        # second order beside the constant ends: about N (N/n)²
        assert got == pytest.approx(expected, rel=1e-6 if scheme == Scheme.UPWIND else 6e-3)
        loss = bench.quadratures(bench.unpack(y)).loss
        assert loss == pytest.approx(FLOW * 4000.0 * 60.0 * (got - 1.0), rel=1e-6)
