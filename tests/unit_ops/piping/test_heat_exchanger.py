"""Heat exchanger by transfer units: textbook effectiveness, bounds, lag of the wall, a loop without a vessel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unit_ops.piping.heat_exchanger as heat_exchanger
from tests.unit_ops.piping.bench import Bench
from twin.config import load_plant
from twin.integrate.integrator import Integrator
from twin.plant import compile_plant
from unit_ops.piping.heat_exchanger import Arrangement, conductance
from unit_ops.streams import T_REF

DIMS = {"fluids": 1, "solids": 1}
CP = 4000.0


def build(hot: float, cold: float, arrangement: Arrangement = Arrangement.COUNTER_CURRENT, **more: Any) -> Bench:
    params = {"arrangement": arrangement, "UA": 800.0, "C_wall": 2e4, "cp": CP, **more}
    return Bench(
        heat_exchanger, DIMS, params, hot={"T": 360.0, "m_flow": [hot]}, cold={"T": 290.0, "m_flow": [cold]}
    )  # fmt: skip


def outlets(bench: Bench, y: np.ndarray) -> tuple[float, float]:
    return bench.measure("T_cooled", y), bench.measure("T_heated", y)


def steady(bench: Bench) -> tuple[float, float]:
    return outlets(bench, bench.solve(bench.initial(T=300.0), [0.0, 1e4], method="BDF")[-1])


@pytest.mark.parametrize(("hot", "cold"), [(0.1, 0.25), (0.25, 0.1), (0.2, 0.2)])
def test_counter_current_effectiveness(hot: float, cold: float) -> None:
    """ε = (1 − e^−N(1−C))/(1 − C e^−N(1−C)); N/(1 + N) for equal flows (Kays and London)."""
    low, high = sorted((hot * CP, cold * CP))
    N, C = 800.0 / low, low / high
    decay = math.exp(-N * (1.0 - C))
    eps = N / (1.0 + N) if hot == cold else (1.0 - decay) / (1.0 - C * decay)
    Q = eps * low * 70.0
    assert steady(build(hot, cold)) == pytest.approx((360.0 - Q / (hot * CP), 290.0 + Q / (cold * CP)), abs=1e-6)


def test_co_current_effectiveness_and_fouling() -> None:
    low, high = 400.0, 1000.0
    UA = 1.0 / (1.0 / 800.0 + 5e-4)
    eps = (1.0 - math.exp(-UA / low * (1.0 + low / high))) / (1.0 + low / high)
    bench = build(0.1, 0.25, Arrangement.CO_CURRENT, R_fouling=5e-4)
    assert steady(bench) == pytest.approx((360.0 - 70.0 * eps, 290.0 + 70.0 * eps * 0.4), abs=1e-6)


@given(st.floats(1e-3, 1e4), st.floats(1e-3, 1e4), st.floats(1e-3, 1e6))
def test_the_second_law_and_the_two_sides_alike(C_a: float, C_b: float, UA: float) -> None:
    counter, co = (conductance(int(law), UA, C_a, C_b) for law in Arrangement)
    tiny = 1.0 + 1e-9
    assert 0.0 <= co <= counter * tiny
    assert counter <= min(C_a, C_b, UA) * tiny  # never past the other side's inlet
    assert co <= C_a * C_b / (C_a + C_b) * tiny  # nor past the mixed temperature
    assert conductance(0, UA, C_b, C_a) == counter


def test_equal_flows_are_no_exception() -> None:
    """Smooth through C_hot = C_cold: neighbours differ by the slope times their distance."""
    C = np.linspace(999.0, 1001.0, 2001)
    G = np.array([conductance(0, 800.0, 1000.0, c) for c in C])
    assert np.max(np.abs(np.diff(G, 2))) < 1e-9  # curvature 1e-4/K times 1e-6, and rounding


def test_outlets_lag_behind_a_step_of_the_feed() -> None:
    """No heat passes with equal inlets: each side is a first-order lag C_wall/(2 C)."""
    bench = build(0.1, 0.25)
    bench.set_inlets(hot={"T": 350.0, "m_flow": [0.1]}, cold={"T": 350.0, "m_flow": [0.25]})
    y = bench.solve(bench.initial(T=300.0), [0.0, 25.0])[-1]
    tau_hot, tau_cold = 2e4 / (2.0 * 400.0), 2e4 / (2.0 * 1000.0)
    expected = tuple(350.0 - 50.0 * math.exp(-25.0 / tau) for tau in (tau_hot, tau_cold))
    assert outlets(bench, y) == pytest.approx(expected, abs=1e-6)


def test_a_side_at_rest_stays_as_it_is() -> None:
    for hot, cold in ((0.0, 0.2), (0.2, 0.0), (0.0, 0.0)):
        bench = build(hot, cold)
        cooled, heated = steady(bench)
        # the standing side: 1e-6 W/K at the most, over 1e4 J/K and 1e4 s
        assert cooled == pytest.approx(360.0 if hot else 300.0, abs=1e-4)
        assert heated == pytest.approx(290.0 if cold else 300.0, abs=1e-4)


LOOP = """
twin: 1
title: a feed heated by what it becomes
fluids: [water]
solids: []
units:
  recovery:
    model: piping.heat_exchanger
    params: {arrangement: counter_current, UA: 800 W/K, C_wall: 2e4 J/K}
    initial: {T: 20 degC}
  heating: {model: piping.mixer}
feeds:
  cold: {T: 290 K, m_flow: {water: 0.1 kg/s}}
  hot: {T: 370 K, m_flow: {water: 0.02 kg/s}}
connections:
  - cold -> recovery.cold
  - recovery.heated -> heating.feed_1
  - hot -> heating.feed_2
  - heating.product -> recovery.hot
  - recovery.cooled -> product
products: [product]
"""


def test_heat_recovery_needs_no_vessel(tmp_path: Path) -> None:
    """What is heated comes back as the hot side: the unit's ports allow it, and heat in is heat out."""
    file = tmp_path / "loop.yaml"
    file.write_text(LOOP, encoding="utf-8")
    plant = compile_plant(load_plant(file))
    run = Integrator(plant, rtol=1e-8)
    run.advance(3000.0)
    cooled = T_REF + 2.0 * run.y[0] / 2e4
    assert cooled == pytest.approx((0.1 * 290.0 + 0.02 * 370.0) / 0.12, abs=1e-4)
