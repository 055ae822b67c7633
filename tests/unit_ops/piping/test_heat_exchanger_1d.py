"""Heat exchanger along its length: effectiveness with observed order, heat kept, fluids delayed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.piping.heat_exchanger_1d as heat_exchanger_1d
from tests.unit_ops.piping.bench import Bench
from unit_ops.piping.advection import Scheme
from unit_ops.piping.heat_exchanger import Arrangement, conductance

CP = 4000.0


def build(cells: int, arrangement: Arrangement, C_wall: float = 500.0, **more: Any) -> Bench:
    params = {
        "arrangement": arrangement, "V_hot": 1e-3, "V_cold": 1e-3, "UA_hot": 1200.0, "UA_cold": 2400.0,
        "C_wall": C_wall, "cp": CP, "rho": 1000.0, **more,
    }  # fmt: skip
    dims = {"fluids": 2, "solids": 1, "cells": cells}
    hot, cold = {"T": 360.0, "m_flow": [0.2, 0.0]}, {"T": 290.0, "m_flow": [0.0, 0.25]}
    return Bench(heat_exchanger_1d, dims, params, hot=hot, cold=cold)


def start(bench: Bench) -> np.ndarray:
    return bench.initial(T=300.0, w_hot=[1.0, 0.0], w_cold=[0.0, 1.0])


def heat(bench: Bench) -> float:
    """Heat passing in the steady state [W]."""
    y = bench.solve(start(bench), [0.0, 60.0], method="RK45", rtol=1e-6, atol=1e-4)[-1]
    out = 0.25 * CP * (bench.measure("T_heated", y) - 290.0)
    assert 0.2 * CP * (360.0 - bench.measure("T_cooled", y)) == pytest.approx(out, rel=1e-5)
    return out


@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_steady_heat_converges_to_effectiveness_and_transfer_units(arrangement: Arrangement) -> None:
    expected = conductance(int(arrangement), 800.0, 800.0, 1000.0) * 70.0
    errors = [heat(build(n, arrangement)) / expected - 1.0 for n in (6, 12)]
    assert math.log2(errors[0] / errors[1]) > 1.8
    upwind = heat(build(6, arrangement, scheme=Scheme.UPWIND)) / expected - 1.0
    assert upwind < 2.0 * errors[0] < 0.0


def test_no_flow_comes_to_one_temperature_of_the_same_heat() -> None:
    bench = build(4, Arrangement.COUNTER_CURRENT)
    bench.set_inlets(hot={"T": 360.0}, cold={"T": 290.0})
    x = bench.unpack(start(bench))
    x.H_hot[:] += 6.25e3
    y = bench.solve(bench.pack(x), [0.0, 60.0], rtol=1e-7, atol=1e-6)[-1]
    capacity = 1.0 * CP + 1.0 * CP + 500.0
    assert bench.measure("T_cooled", y) == pytest.approx(300.0 + 2.5e4 / capacity, abs=1e-4)
    assert bench.measure("T_heated", y) == pytest.approx(300.0 + 2.5e4 / capacity, abs=1e-4)


def test_composition_arrives_one_volume_later() -> None:
    bench = build(20, Arrangement.CO_CURRENT)
    bench.set_inlets(hot={"T": 300.0, "m_flow": [0.0, 0.2]}, cold={"T": 300.0, "m_flow": [0.0, 0.25]})
    rows = bench.solve(start(bench), [0.0, 3.0, 5.0, 8.0], method="RK45", rtol=1e-5, atol=1e-7)
    arrived = [bench.outlet("cooled", bench.unpack(row)).m_flow[1] / 0.2 for row in rows]
    assert arrived == pytest.approx([0.0, 0.0, 0.5, 1.0], abs=0.06)  # τ = 5 s
    assert bench.outlet("heated", bench.unpack(rows[-1])).m_flow == pytest.approx([0.0, 0.25], abs=1e-12)
