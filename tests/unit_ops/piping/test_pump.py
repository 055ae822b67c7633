"""Pump: lag, heat of the shaft work, suction head, running dry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.piping.pump as pump
from tests.unit_ops.piping.bench import Bench
from unit_ops.piping.liquid import GRAVITY
from unit_ops.streams import enthalpy_flow

DIMS = {"fluids": 2, "solids": 1}
CP = [4180.0, 2400.0]
#: Water and ethanol, ln p = A + B/T, from their vapour pressures at 298.15 K and the heats of evaporation.
PSAT = {"psat_A": [25.55, 25.83], "psat_B": [-5218.0, -5214.0], "psat_C": 0.0, "psat_D": 0.0}


def build(setpoint: float = 0.1, feed: float = 0.0, **more: Any) -> Bench:
    params = {
        "F_max": 0.5, "tau_drive": 4.0, "head": 6e5, "efficiency": 0.4, "NPSH_required": 3.0, "area": 0.1, "V_max": 0.2,
        "cp": CP, "rho": [1000.0, 790.0], "molar_mass": [0.018015, 0.046068], **PSAT, **more,
    }  # fmt: skip
    return Bench(pump, DIMS, params, feed={"T": 310.0, "m_flow": [feed, 0.0]}, setpoint=setpoint)


def start(bench: Bench, **more: Any) -> np.ndarray:
    return bench.initial(**{"V": 0.1, "T": 310.0, "w": [1.0, 0.0], **more})


def test_flow_follows_the_setpoint_as_a_first_order_lag_within_its_range() -> None:
    bench = build()
    y = bench.solve(start(bench), [0.0, 4.0, 12.0])
    for row, theta in zip(y, (0.0, 1.0, 3.0), strict=True):
        assert bench.measure("F_delivered", row) == pytest.approx(0.1 * (1.0 - math.exp(-theta)), abs=1e-9)
    for setpoint, expected in ((9.0, 0.5), (-1.0, 0.0)):
        bench = build(setpoint)
        assert bench.measure("F_delivered", bench.solve(start(bench), [0.0, 100.0])[-1]) == pytest.approx(
            expected, abs=1e-9
        )


def test_the_shaft_work_warms_what_is_pumped() -> None:
    bench = build()
    x = bench.unpack(start(bench, F=0.1))
    product = bench.outlet("product", x)
    hydraulic = 6e5 * 0.1 / 1000.0
    assert bench.quadratures(x).shaft == pytest.approx(hydraulic / 0.4, rel=1e-14)
    gained = enthalpy_flow(product.T, product.m_flow, np.array(CP)) - enthalpy_flow(310.0, product.m_flow, np.array(CP))
    assert gained == pytest.approx(hydraulic / 0.4, rel=1e-9)  # 0.36 K against 310 K
    still = bench.outlet("product", bench.unpack(start(bench)))
    assert still.T == product.T  # the last drop is as warm as the others


def test_suction_head_by_hand_and_cavitation_when_hot() -> None:
    bench = build(elevation=2.0, suction_loss=50.0)
    p_sat = math.exp(25.55 - 5218.0 / 310.0)
    assert p_sat == pytest.approx(6.2e3, rel=0.02)  # water at 36.85 °C
    expected = (101325.0 - p_sat) / (1000.0 * GRAVITY) + 1.0 + 2.0 - 50.0 * 0.1**2
    assert bench.measure("NPSH", start(bench, F=0.1)) == pytest.approx(expected, rel=1e-12)
    cold, hot = (bench.unpack(start(bench, F=0.1, T=T)) for T in (310.0, 372.0))
    assert pump.cavitation(cold, bench.p) > 0.0
    assert pump.cavitation(hot, bench.p) < 0.0


def test_vapour_pressure_of_the_mixture_is_raoults() -> None:
    bench = build()
    m = np.array([0.018015, 3.0 * 0.046068])  # one mole of water, three of ethanol
    p_w, p_e = (math.exp(A + B / 330.0) for A, B in zip(PSAT["psat_A"], PSAT["psat_B"], strict=True))
    assert pump.boiling_pressure(330.0, m, bench.p) == pytest.approx(0.25 * p_w + 0.75 * p_e, rel=1e-13)


def test_it_runs_dry_without_a_jump() -> None:
    bench = build(0.2, heel=0.5)
    rows = bench.solve(start(bench, V=0.01), np.linspace(0.0, 400.0, 81), method="BDF", rtol=1e-8, atol=1e-10)
    held = np.array([bench.unpack(row).m.sum() for row in rows])
    flow = np.array([bench.measure("F_delivered", row) for row in rows])
    assert np.all(held > 0.0)
    assert flow.max() == pytest.approx(0.2, rel=1e-5)  # twelve lags until it runs dry
    assert flow[-1] < 1e-3
    assert pump.empty(bench.unpack(rows[-1]), bench.p) < 0.0
    assert pump.brimming(bench.unpack(rows[-1]), bench.p) < 0.0
