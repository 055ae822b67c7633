"""Nutsche: constant pressure and constant rate, compressible cakes, washing, drainage, discharge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

import unit_ops.separation.nutsche as nutsche
from tests.unit_ops.separation.cakes import ALPHA, AREA, DP, PORES, R_M, RHO_S, C, build, charge, volumes
from unit_ops.separation import cake_laws, filtration
from unit_ops.separation.nutsche import Drive


@pytest.mark.parametrize("s", [0.3, 0.8])
def test_a_compressible_cake_at_constant_pressure(s: float) -> None:
    """t = ∫ dV/(A q) with q from q mu (alpha (dP_c) W + R_m) = dP, quadrature over the cake's pressure drop."""
    bench = build(s=s)
    V = volumes(bench, charge(bench, 3e-3), [600.0])[0]
    # W = R_m dP_c^(1-s) P_ref^s/(alpha (dP - dP_c)) and q = (dP - dP_c)/(mu R_m), both of dP_c
    scale = R_M * 1e5**s / ALPHA

    def slope(y: float) -> float:
        dW = scale * ((1.0 - s) * y**-s / (DP - y) + y ** (1.0 - s) / (DP - y) ** 2)
        return dW * 1e-3 * R_M / (DP - y) / C

    W = C * V / AREA
    low, high = 0.0, DP
    for _ in range(200):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if scale * mid ** (1.0 - s) / (DP - mid) < W else (low, mid)
    # y = z^5 takes the singularity y^-s out
    time = quad(lambda z: slope(z**5) * 5.0 * z**4, 0.0, low**0.2, epsabs=0.0, epsrel=1e-12)[0]
    assert time == pytest.approx(600.0, rel=1e-7)
    hard = volumes(build(), charge(build(), 3e-3), [600.0])[0]
    assert V != pytest.approx(hard, rel=1e-3)


def test_constant_rate_until_the_pressure_limit() -> None:
    """verification 3.9: at 1e-5 m3/s the pressure reaches 255 kPa after 100 s; the guard says when it is too much."""
    bench = build(drive=Drive.RATE, V_flow_pump=1e-5, dP_limit=2e5)
    y = bench.solve(charge(bench, 3e-3), [0.0, 50.0, 100.0], rtol=1e-11, atol=1e-15)
    assert bench.measure("dP_total", y[2]) == pytest.approx(255e3, rel=1e-8)
    assert bench.measure("pressure_limit", y[1]) < 0.0 < bench.measure("pressure_limit", y[2])
    assert bench.unpack(y[2]).V_filtrate == pytest.approx(1e-3, rel=1e-9)


def test_a_compressible_cake_at_constant_rate() -> None:
    """dP_c^(1-s) = mu q alpha W/P_ref^s: four times the volume, dP_c up by 4^(1/(1-s)) = 16."""
    bench = build(drive=Drive.RATE, V_flow_pump=1e-5, s=0.5, R_m=1e6)
    y = bench.solve(charge(bench, 3e-3), [0.0, 25.0, 100.0], rtol=1e-11, atol=1e-15)
    first, second = (bench.measure("dP_total", row) - 0.5 for row in y[1:])  # 0.5 Pa over the medium
    assert second / first == pytest.approx(16.0, rel=1e-7)
    assert second == pytest.approx((1e-3 * 5e-4 * ALPHA * 5.0) ** 2 / 1e5, rel=1e-7)


def test_a_filter_at_the_end_has_all_crystals_in_the_cake_and_drains() -> None:
    bench = build(4)
    y = bench.solve(charge(bench, 5e-4), [0.0, 20.0, 300.0], method="BDF", rtol=1e-6, atol=1e-11)
    assert bench.measure("dewatered", y[1]) > 0.0
    x = bench.unpack(y[-1])
    assert x.D == pytest.approx(0.05, rel=1e-5)
    assert bench.measure("saturation", y[1]) == pytest.approx(1.0, abs=1e-9)
    # S_R obeys the drainage law: its dimensionless time is that of the flow through the full cake
    full = AREA * DP / (1e-3 * (ALPHA * 0.05 / AREA + R_M))
    S_R = filtration.reduced_saturation(bench.measure("saturation", y[-1]), 0.1)
    pores = PORES * 0.05 + 1e-6 * AREA
    end = 35.0  # filtration takes mu alpha c V²/(2 A² dP) + ... = 33.75 s
    theta = full * (300.0 - end) / (pores * 0.9)
    assert cake_laws.chart_saturation(theta) == pytest.approx(S_R, rel=0.03)  # the fitted law follows the chart to 3 %


def test_thick_slurry_feed_and_an_empty_filter_are_finite() -> None:
    """More crystals than liquid to fill their pores: all is cake at once, below saturation; nothing is lost."""
    bench = build(2)
    crystals = np.eye(6)[2] * 0.2
    y0 = bench.initial(V=0.5 * PORES * 0.2, T=300.0, w=[0.9, 0.1], crystals=crystals)
    assert bench.measure("dewatered", y0) < 0.0
    y = bench.solve(y0, [0.0, 1.0], method="BDF", rtol=1e-6, atol=1e-11)[-1]
    assert 0.1 < bench.measure("saturation", y) < 0.5 + 1e-6
    assert bench.unpack(y).D == pytest.approx(0.2, rel=1e-6)
    empty = bench.initial(V=0.0, T=300.0, w=[0.9, 0.1])
    bench.set_inlets(discharge_rate=1.0)
    assert np.isfinite(bench.rhs(0.0, empty)).all()
    for name in (*nutsche.Measurements._fields, *nutsche.Guards._fields):
        assert np.isfinite(bench.measure(name, empty)), name


def test_the_cake_is_dug_out() -> None:
    bench = build(2)
    y = bench.solve(charge(bench, 5e-4), [0.0, 200.0], method="BDF", rtol=1e-6, atol=1e-11)[-1]
    bench.set_inlets(discharge_rate=0.1)
    out = bench.outlet("cake", bench.unpack(y))
    assert out.m_flow_crystals == pytest.approx(0.1 * 0.05, rel=1e-5)
    assert 6.0 * out.m_flow_crystals / (RHO_S * out.A_flow) == pytest.approx(bench.p.L_ref, rel=1e-9)
    end = bench.unpack(bench.solve(y, [0.0, 300.0], method="BDF", rtol=1e-6, atol=1e-11)[-1])
    assert end.D < 1e-10


def test_slurry_fed_slower_than_it_filters_goes_straight_into_the_cake() -> None:
    """Semi-batch on a bare medium: no liquid stands, filtrate keeps pace, crystals are all in the cake."""
    bench = build(1, film=1e-5)
    crystals = np.eye(6)[2] * 1e-4
    liquid = 1e-4 * PORES + 1e-6  # 100 kg of crystals per m3 of filtrate
    slurry = {"T": 300.0, "m_flow": [0.9e3 * liquid, 0.1e3 * liquid], "m_flow_crystals": crystals, "m_flow_solid": 1e-4}
    bench.set_inlets(slurry=slurry)
    y = bench.initial(V=0.0, T=300.0, w=[0.9, 0.1])
    y = bench.solve(y, [0.0, 200.0], method="BDF", rtol=1e-6, atol=1e-11)[-1]
    x = bench.unpack(y)
    assert x.D + x.crystals.sum() == pytest.approx(2e-2, rel=1e-6)
    assert x.D == pytest.approx(2e-2, rel=2e-2)
    assert bench.measure("dewatered", y) < 1e-6  # a fraction of the 200 mL that have passed
    assert 1.99e-4 < x.V_filtrate < 2e-4 + PORES * 2e-2  # the cake drains while it grows
    assert bench.measure("T", y) == pytest.approx(300.0, abs=1e-3)
    assert bench.measure("saturation", y) <= 1.0 + 1e-9
