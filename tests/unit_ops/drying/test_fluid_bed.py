"""Fluid-bed dryer: constant and falling rate, wet bulb, steady balances, start from empty, cells in a row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import unit_ops.drying.fluid_bed as fluid_bed
from tests.unit_ops.piping.bench import Bench
from unit_ops.drying.bed import falling
from unit_ops.streams import T_REF

# fluids: water, air, binder dissolved; ln p = A + B/T for water
CP = np.array([4180.0, 1006.0, 1500.0])
MASS = np.array([0.018015, 0.02897, 0.3])
A, B, LATENT = 25.55, -5218.0, 2.44e6
T_GAS, FEED = 333.15, 5e-3


def build(cells: int = 1, gas: float = 0.05, feed: float = FEED, humid: float = 0.0, **more: Any) -> Bench:
    params = {
        "m_weir": 2.0, "X_crit": 0.08, "X_eq": 0.005, "X_limit": 0.3, "alpha_gas": 60.0, "surface": 5.0,
        "volatile": [1.0, 0.0, 0.0], "cp": CP, "cp_solid": 1250.0, "molar_mass": MASS, "dH_vap": [LATENT, 0.0, 0.0],
        "psat_A": [A, -100.0, -100.0], "psat_B": [B, 0.0, 0.0], "psat_C": 0.0, "psat_D": 0.0, "tau": 20.0, **more,
    }  # fmt: skip
    material = {"m_flow": [feed], "m_flow_liquid": [0.2 * feed, 0.0, 0.01 * feed]}
    return Bench(
        fluid_bed, {"fluids": 3, "solids": 1, "cells": cells}, params, material=material,
        gas={"T": T_GAS, "m_flow": [humid * gas, gas, 0.0]},
    )  # fmt: skip


def run(bench: Bench, y: np.ndarray, time: float) -> np.ndarray:
    return bench.solve(y, [0.0, time], method="BDF", rtol=1e-7, atol=1e-8)[-1]


def test_the_falling_rate_is_rounded_at_both_ends_only() -> None:
    assert falling(0.3, 0.1, 0.005, 0.02) == 1.0
    assert falling(0.0525, 0.1, 0.005, 0.02) == pytest.approx(0.5, rel=1e-14)
    assert falling(0.004, 0.1, 0.005, 0.02) == falling(0.0, 0.1, 0.005, 0.02) == 0.0
    f = np.array([falling(X, 0.1, 0.005, 0.02) for X in np.linspace(0.0, 0.12, 120_001)])
    assert np.all(np.diff(f) >= 0.0)
    # the slope of 1/0.095 per 1e-6 turns over 2 % of 0.095: 4/0.02 (1e-6/0.095)², a kink 1e-5
    assert np.max(np.abs(np.diff(f, 2))) < 3e-8


def surface_temperature(T_gas: float, p_gas: float = 0.0) -> float:
    """Adiabatic saturation of humid air: C (T_gas − T) = Δh M ṅ (p_sat − p)/P per kilogram of air."""
    n = 1.0 / MASS[1]

    def surplus(T: float) -> float:
        vapour = MASS[0] * n * (math.exp(A + B / T) - p_gas) / 101325.0
        return float(CP[1] * (T_gas - T) - LATENT * vapour)

    return float(brentq(surplus, 275.0, T_gas))


def test_a_wet_bed_comes_to_the_wet_bulb_and_dries_at_a_constant_rate() -> None:
    bench = build(feed=0.0, m_weir=100.0)
    y = bench.initial(T=T_GAS, w=[1.0], m=1.0, w_liquid=[0.3, 0.0, 0.0])
    rows = bench.solve(y, [0.0, 200.0, 220.0, 240.0], method="BDF", rtol=1e-9, atol=1e-9)
    assert bench.measure("T_bed", rows[2]) == pytest.approx(surface_temperature(T_GAS), abs=0.02)
    dried = np.diff([bench.unpack(row).m_liquid[0, 0] for row in rows[1:]])
    assert dried[0] == pytest.approx(dried[1], rel=1e-4)
    # gas leaves saturated but for exp(−6): 60·5·1/50.3 units
    n = 0.05 / MASS[1]
    rate = MASS[0] * n * math.exp(A + B / surface_temperature(T_GAS)) / 101325.0 * (1.0 - math.exp(-300.0 / 50.3))
    assert -dried[0] / 20.0 == pytest.approx(rate, rel=2e-3)


def test_it_dries_to_equilibrium_and_not_below() -> None:
    bench = build(feed=0.0, m_weir=100.0)
    y = run(bench, bench.initial(T=T_GAS, w=[1.0], m=1.0, w_liquid=[0.1, 0.0, 0.0]), 4000.0)
    assert bench.measure("X_out", y) == pytest.approx(0.005, abs=2e-5)
    assert bench.measure("T_bed", y) == pytest.approx(T_GAS, abs=0.05)


@pytest.fixture(scope="module")
def running() -> tuple[Bench, np.ndarray]:
    bench = build()
    return bench, run(bench, bench.initial(T=T_REF, w=[1.0]), 6000.0)


def test_from_empty_to_a_steady_bed_that_loses_nothing(running: tuple[Bench, np.ndarray]) -> None:
    bench, y = running
    x = bench.unpack(y)
    product, exhaust = bench.outlet("product", x), bench.outlet("exhaust", x)
    assert product.m_flow[0] == pytest.approx(FEED, rel=1e-5)
    assert product.m_flow_liquid[2] == pytest.approx(0.01 * FEED, rel=1e-5)  # binder stays
    assert product.m_flow_liquid[0] + exhaust.m_flow[0] == pytest.approx(0.2 * FEED, rel=1e-5)
    assert exhaust.m_flow[1] == pytest.approx(0.05, rel=1e-14)
    # the bed stands 2 % of the weir's mass per second of τ above it: F τ
    assert bench.measure("held", y) == pytest.approx(2.0 + 20.0 * (1.01 * FEED + product.m_flow_liquid[0]), rel=1e-3)
    booked = bench.quadratures(x)
    assert booked.evaporation == pytest.approx(-LATENT * exhaust.m_flow[0], rel=1e-12)
    gas_in = 0.05 * CP[1] * (T_GAS - T_REF)
    gas_out = float(exhaust.m_flow @ CP) * (exhaust.T - T_REF)
    assert gas_in - gas_out + booked.evaporation + booked.cooling == pytest.approx(0.0, abs=1e-4 * gas_in)


def test_moisture_lies_between_critical_and_equilibrium_and_rises_with_the_feed(
    running: tuple[Bench, np.ndarray],
) -> None:
    bench, y = running
    assert 0.005 < bench.measure("X_out", y) < 0.08
    assert fluid_bed.overwet(bench.unpack(y), bench.p) < 0.0
    bench.set_inlets(
        material={"m_flow": [3.0 * FEED], "m_flow_liquid": [0.6 * FEED, 0.0, 0.0]},
        gas={"T": T_GAS, "m_flow": [0.0, 0.05, 0.0]},
    )
    wetter = run(bench, y, 3000.0)
    assert bench.measure("X_out", wetter) > 2.0 * bench.measure("X_out", y)


def test_a_row_of_cells_dries_further_than_one_with_gas_to_spare() -> None:
    one, row = build(1, gas=0.12), build(4, gas=0.12)
    moistures = [b.measure("X_out", run(b, b.initial(T=T_REF, w=[1.0], m=1.0), 4000.0)) for b in (one, row)]
    assert 0.005 < moistures[1] < 0.8 * moistures[0]


def test_moist_gas_dries_less_and_wets_below_its_dew_point() -> None:
    """Bed at 310 K (6.2 kPa): against dry gas, gas of 3.1 kPa and gas of 14 kPa of vapour."""
    taken_up = []
    for humid in (0.0, 0.02, 0.1):
        bench = build(humid=humid)
        x = bench.unpack(bench.initial(T=310.0, w=[1.0], m=2.0, w_liquid=[0.2, 0.0, 0.0]))
        taken_up.append(float(bench.outlet("exhaust", x).m_flow[0]) - humid * 0.05)
    assert taken_up[0] > taken_up[1] > 0.0 > taken_up[2]


def test_without_gas_and_without_powder_rates_are_finite() -> None:
    bench = build(3, gas=0.0, feed=0.0)
    y = bench.initial(T=T_REF, w=[1.0])
    assert np.isfinite(bench.rhs(0.0, y)).all()
    assert bench.outlet("exhaust", bench.unpack(y)).T == T_REF
    assert bench.measure("LOD", y) == 0.0
    held = bench.initial(T=320.0, w=[1.0], m=1.0, w_liquid=[0.1, 0.0, 0.0])
    assert bench.dx(bench.unpack(held)).m_liquid[0].tolist() == [0.0, 0.0, 0.0]


def test_the_kinetics_alone_against_the_closed_form() -> None:
    """Constant rate, then X − X_eq falls exponentially: exact for a sharp kink, within 1e-4 with the rounding."""

    def moisture(t: float, rounded: float) -> float:
        rate = 1e-3 * 0.5
        found = solve_ivp(
            lambda _, X: [-rate * falling(X[0], 0.10, 0.005, rounded)], (0.0, t), [0.25], rtol=1e-10, atol=1e-13,
            max_step=2.0,
        )  # fmt: skip
        return float(found.y[0, -1])

    expected = 0.005 + 0.095 * math.exp(-0.5e-3 * 300.0 / 0.095)
    assert moisture(600.0, 1e-9) == pytest.approx(expected, rel=1e-6)
    assert moisture(600.0, 0.02) == pytest.approx(expected, abs=1e-4)
