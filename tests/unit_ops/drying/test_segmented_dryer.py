"""Segmented dryer: the feed is shared out whole, batches come out one after another, dry, with their sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.drying.segmented_dryer as segmented_dryer
from tests.unit_ops.piping.bench import Bench
from unit_ops.streams import T_REF

# fluids: water, air
CP = np.array([4180.0, 1006.0])
LATENT, FEED, FILLING = 2.44e6, 5e-3, 150.0
CLASSES = np.array([0.2, 0.5, 0.3])


def build(speed: float = 1.0 / (6.0 * FILLING), gas: float = 0.15, **more: Any) -> Bench:
    params = {
        "X_crit": 0.08, "X_eq": 0.005, "X_limit": 0.03, "alpha_gas": 50.0, "surface": 5.0, "volatile": [1.0, 0.0],
        "cp": CP, "cp_solid": 1250.0, "molar_mass": [0.018015, 0.02897], "dH_vap": [LATENT, 0.0], "rho_solid": 1500.0,
        "psat_A": [25.55, -100.0], "psat_B": [-5218.0, 0.0], "psat_C": 0.0, "psat_D": 0.0, "discharge_part": 0.5,
        "tau": 4.0, **more,
    }  # fmt: skip
    V_flow = FEED / 1500.0
    material = {
        "V_flow_solid": V_flow, "V_flow_pores": 0.3 * V_flow, "m_flow": [FEED], "m_flow_liquid": [0.2 * FEED, 0.0],
        "V_flow_classes": CLASSES * V_flow,
    }  # fmt: skip
    return Bench(
        segmented_dryer, {"fluids": 2, "solids": 1, "bins": 3, "segments": 6}, params, material=material,
        gas={"T": 333.15, "m_flow": [0.0, gas]}, speed=speed,
    )  # fmt: skip


def empty(bench: Bench, **more: Any) -> np.ndarray:
    return bench.initial(w=[1.0], **more)


def test_the_filling_valve_shares_out_the_whole_feed_and_changes_over_smoothly() -> None:
    turns = np.linspace(0.0, 1.0, 6001)
    weights = np.array([[segmented_dryer.feed_weight(t, 100.0, 6, j) for j in range(6)] for t in turns])
    shares = weights / weights.sum(axis=1, keepdims=True)
    assert shares[500, 0] == pytest.approx(1.0, abs=1e-21)  # the middle of its filling
    assert np.sort(shares[500])[-2] < 4e-22
    assert shares[1000, :2] == pytest.approx([0.5, 0.5], rel=1e-9)  # the change-over
    blending = np.sum((shares[500:1500, 1] > 0.1) & (shares[500:1500, 1] < 0.9))
    assert blending / 1000.0 == pytest.approx(0.042, abs=0.005)
    assert shares.mean(axis=0) == pytest.approx(np.full(6, 1.0 / 6.0), rel=1e-3)


def test_discharge_is_over_before_filling_begins() -> None:
    bench = build()
    turns = np.linspace(0.0, 1.0, 6001)
    rate = np.array([segmented_dryer.discharge_rate(t, bench.p, 6, 2) for t in turns]) * bench.p.tau
    open_at = turns[rate > 0.0] * 6.0
    assert open_at.min() == pytest.approx(2.0 - 0.1 - 0.5, abs=2e-3)
    assert open_at.max() == pytest.approx(2.0 - 0.1, abs=2e-3)
    assert np.mean(rate == 1.0) * 6.0 == pytest.approx(0.7 * 0.5, abs=0.01)


def test_a_batch_leaves_whole_dry_and_with_its_sizes() -> None:
    """Segment 1 is filled from 1 to 2 filling times after the start, and emptied from 6.4 to 6.9."""
    bench = build()
    times = np.linspace(0.95 * FILLING, 7.0 * FILLING, 6 * 60 + 4)
    y0 = empty(bench, position=0.95 / 6.0)
    rows = bench.solve(y0, times, method="LSODA", rtol=1e-5, atol=1e-8, max_step=20.0)
    streams = [bench.outlet("product", bench.unpack(row)) for row in rows]
    flow = np.array([s.m_flow[0] for s in streams])
    second = times > 6.2 * FILLING
    assert np.trapezoid(flow[second], times[second]) == pytest.approx(FEED * FILLING, rel=5e-3)
    assert np.all(flow[(times < 5.3 * FILLING) | (times > 6.92 * FILLING)] < 1e-6 * FEED)
    peak = streams[int(np.argmax(flow))]
    assert peak.V_flow_classes / peak.V_flow_solid == pytest.approx(CLASSES, rel=1e-9)
    assert peak.V_flow_pores / peak.V_flow_solid == pytest.approx(0.3, rel=1e-9)
    assert peak.m_flow[0] / peak.V_flow_solid == pytest.approx(1500.0, rel=1e-9)
    X = peak.m_flow_liquid[0] / peak.m_flow[0]
    assert 0.005 <= X < 0.02
    at_peak = rows[int(np.argmax(flow))]
    assert bench.measure("X_out", at_peak) == pytest.approx(X, rel=1e-9)
    assert 315.0 < bench.measure("T_out", at_peak) < 333.15
    assert segmented_dryer.overwet(bench.unpack(at_peak), bench.p) < 0.0
    assert bench.measure("position", rows[-1]) == pytest.approx(7.0 / 6.0, rel=1e-9)


def test_a_wet_batch_crosses_the_guard_when_it_is_discharged() -> None:
    bench = build()
    filled = {"m_solids": np.full(6, 0.5), "w_liquid": [0.1, 0.0], "size": CLASSES}
    between, discharging = (bench.unpack(empty(bench, position=at / 6.0, **filled)) for at in (5.2, 5.65))
    assert segmented_dryer.overwet(between, bench.p) == -0.03
    assert segmented_dryer.overwet(discharging, bench.p) == pytest.approx(1.0 / 9.0 - 0.03, rel=1e-9)


def test_a_stopped_valve_fills_one_segment_only() -> None:
    bench = build(speed=0.0)
    y = bench.solve(empty(bench, position=2.5 / 6.0), [0.0, 300.0], rtol=1e-6, atol=1e-9)[-1]
    solids = bench.unpack(y).m_solids[0]
    assert solids[2] == pytest.approx(FEED * 300.0, rel=1e-9)
    assert np.delete(solids, 2) == pytest.approx(np.zeros(5), abs=1e-12)


def test_steady_heat_of_a_filled_dryer_is_kept() -> None:
    """What the gas loses is taken up by liquid, solids and vapour, at any state."""
    bench = build()
    y = empty(bench, m_solids=[0.5, 0.4, 0.3, 0.0, 0.2, 0.1], w_liquid=[0.1, 0.0], size=CLASSES, T=310.0, position=0.3)
    x = bench.unpack(y)
    exhaust, rates, booked = bench.outlet("exhaust", x), bench.dx(x), bench.quadratures(x)
    gas_in = 0.15 * CP[1] * (333.15 - T_REF)
    gas_out = float(exhaust.m_flow @ CP) * (exhaust.T - T_REF)
    # T − T_REF of 10 K against T: 3e-14, of 1.5 kW
    assert rates.H.sum() == pytest.approx(gas_in - gas_out + booked.evaporation + booked.cooling, abs=1e-8)
    assert rates.m_liquid[0].sum() + bench.outlet("product", x).m_flow_liquid[0] == pytest.approx(
        0.2 * FEED - exhaust.m_flow[0], rel=1e-12
    )


def test_an_empty_dryer_without_gas_has_finite_rates() -> None:
    bench = build(gas=0.0)
    y = empty(bench)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    assert bench.measure("X_out", y) == 0.0
    assert bench.measure("T_out", y) == T_REF
