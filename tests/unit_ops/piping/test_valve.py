"""Valve below a vessel: characteristics, Torricelli's drain, a check valve, an empty vessel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.piping.valve as valve
from tests.unit_ops.piping.bench import Bench
from unit_ops.piping.liquid import GRAVITY
from unit_ops.piping.valve import Characteristic

DIMS = {"fluids": 2, "solids": 1}
A_V, AREA, RHO = 2.0 / 36000.0, 0.05, 1000.0


def build(opening: float, dP: float = 0.0, feed: float = 0.0, **more: Any) -> Bench:
    params = {"A_v": A_V, "area": AREA, "V_max": 0.1, "cp": [4000.0, 2000.0], "rho": [RHO, 800.0], **more}
    return Bench(valve, DIMS, params, feed={"T": 330.0, "m_flow": [feed, 0.0]}, valve=opening, dP=dP)


def discharge(bench: Bench, V: float = 0.05) -> float:
    """Volume flow of water [m³/s]."""
    x = bench.unpack(bench.initial(V=V, T=300.0, w=[1.0, 0.0]))
    return float(bench.outlet("product", x).m_flow.sum()) / RHO


def test_flow_is_the_coefficient_times_the_root_of_pressure_over_density() -> None:
    """K_v = 2 m³/h: 2 m³/h of water at 1 bar, by the definition of K_v."""
    depth = 1.0  # 0.05 m³ on 0.05 m²
    bench = build(1.0, dP=1e5 - RHO * GRAVITY * depth)
    assert discharge(bench) * 3600.0 == pytest.approx(2.0, rel=1e-8)  # (10 Pa/1 bar)²/4
    assert discharge(build(1.0, dP=4e5 - RHO * GRAVITY)) == pytest.approx(2.0 * discharge(bench), rel=1e-7)


@pytest.mark.parametrize(
    ("law", "at_half"),
    [
        (Characteristic.LINEAR, 0.5),
        (Characteristic.EQUAL_PERCENTAGE, 50.0**-0.5),
        (Characteristic.QUICK_OPENING, 0.5**0.5),
    ],
)
def test_characteristics(law: Characteristic, at_half: float) -> None:
    full = discharge(build(1.0, dP=1e5, characteristic=law))
    assert discharge(build(0.5, dP=1e5, characteristic=law)) == pytest.approx(at_half * full, rel=1e-12)
    assert discharge(build(0.0, dP=1e5, characteristic=law)) == 0.0
    assert discharge(build(1.7, dP=1e5, characteristic=law)) == full  # no more than open
    openings = np.linspace(-0.001, 1.001, 100_201)
    flow = np.array([valve.valve_share(int(law), s, 50.0) for s in openings])
    assert np.all(np.diff(flow) >= 0.0)
    # no kink: slopes change over the closing 2 % and the rounded 0.1 % (100 steps), never at a point
    assert np.max(np.abs(np.diff(flow, 2))) < 0.1 * np.max(np.diff(flow))


def test_a_draining_vessel_follows_torricelli() -> None:
    """√h falls linearly: A dh/dt = −A_v √(g h)."""
    bench = build(1.0)
    y0 = bench.initial(V=0.05, T=320.0, w=[1.0, 0.0])
    times = np.linspace(0.0, 300.0, 7)
    found = [bench.measure("depth", y) for y in bench.solve(y0, times, method="BDF", rtol=1e-10, atol=1e-10)]
    expected = (1.0 - A_V * math.sqrt(GRAVITY) / (2.0 * AREA) * times) ** 2
    # the rounded square root: (P_SMALL/Δp)²/4 of the flow, 1e-5 at the last 1.6 kPa
    assert np.array(found) == pytest.approx(expected, rel=1e-5)


def test_it_runs_empty_smoothly_and_crosses_its_guard() -> None:
    bench = build(1.0, dP=1e4, heel=0.05)
    y = bench.initial(V=0.001, T=320.0, w=[0.6, 0.4])
    assert valve.empty(bench.unpack(y), bench.p) > 0.0
    # fading quadratically: m = heel/(1 + 3 k t)-like, so it is never negative and never stops
    rows = bench.solve(y, np.linspace(0.0, 1000.0, 41), method="BDF", rtol=1e-8, atol=1e-12)
    masses = np.array([bench.unpack(row).m for row in rows])
    assert np.all(masses > 0.0)
    assert valve.empty(bench.unpack(rows[-1]), bench.p) < 0.0
    assert [bench.measure("T", row) for row in rows] == pytest.approx([320.0] * 41, abs=1e-4)


def test_nothing_flows_back() -> None:
    bench = build(1.0, dP=-RHO * GRAVITY * 1.0 - 5.0)  # 1 m of water holds 9810 Pa
    assert discharge(bench) == 0.0
    drops = np.linspace(-5.0, 20.0, 2501)
    flows = np.array([valve.turbulent(d) for d in drops])
    assert np.all(np.diff(flows) >= 0.0)
    assert np.max(np.abs(np.diff(flows, 2))) < 2e-4  # 1e-4 Pa² times a curvature of 2/(1 Pa √10 Pa)


def test_the_level_settles_where_the_head_passes_the_feed() -> None:
    feed = 0.5 * A_V * math.sqrt(GRAVITY * 1.0) * RHO
    bench = build(0.5, feed=feed)
    y = bench.solve(bench.initial(V=0.02, T=300.0, w=[1.0, 0.0]), [0.0, 2e4], method="BDF")[-1]
    assert bench.measure("depth", y) == pytest.approx(1.0, rel=2e-6)
    assert bench.measure("T", y) == pytest.approx(330.0, abs=1e-6)
    x = bench.unpack(y)
    assert valve.brimming(x, bench.p) == pytest.approx(0.05 - 0.1, rel=1e-5)
