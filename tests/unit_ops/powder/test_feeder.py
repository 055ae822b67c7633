"""Loss-in-weight feeder: closed forms of the emptying and refilled hopper, and its three modes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson

import unit_ops.powder.feeder as feeder
from tests.unit_ops.piping.bench import Bench
from unit_ops.powder.feeder import Mode

DIMS = {"fluids": 1, "solids": 2}
W = [0.25, 0.75]


def build(mode: Mode, setpoint: float = 0.02, refill: float = 0.0, deviation: float = 0.0, **params: Any) -> Bench:
    values = {
        "ff_max": 0.010,
        "ff_min": 0.006,
        "ff_decay": 0.8,
        "N_max": 10.0,
        "m_max": 8.0,
        "m_low": 1.0,
        "m_high": 6.0,
    }
    inflow = {"m_flow": refill * np.array(W), "m_flow_liquid": 0.0}
    return Bench(
        feeder, DIMS, {**values, "mode": mode, **params}, refill=inflow, setpoint=setpoint, deviation=deviation
    )


def start(bench: Bench, m: float, N: float, F: float = 0.0) -> np.ndarray:
    y = bench.initial(m=m, w=W, F=F)
    y[0] = N
    return y


def test_the_hopper_empties_as_the_closed_form() -> None:
    """verification 3.11: ff 10 and 6 g/rev, beta 0.8/kg, 2 rev/s, from 6 kg; digits given to 1e-12."""
    bench = build(Mode.VOLUMETRIC)
    y = bench.solve(start(bench, 6.0, 2.0), [0.0, 60.0, 120.0, 240.0], rtol=1e-11)
    m = [bench.measure("m", row) for row in y[1:]]
    assert m == pytest.approx([4.806614396145, 3.623725908989, 1.374555958051], rel=1e-9)  # rtol 1e-11 over ~100 steps


def test_a_refill_fills_as_the_closed_form() -> None:
    """verification 3.11: refill of 0.2 kg/s into 1 kg for 20 s at 2 rev/s."""
    bench = build(Mode.VOLUMETRIC, refill=0.2)
    y = bench.solve(start(bench, 1.0, 2.0), [0.0, 20.0], rtol=1e-11)
    assert bench.measure("m", y[-1]) == pytest.approx(4.62334213872, rel=1e-9)


def test_composition_leaves_as_it_is_held() -> None:
    bench = build(Mode.VOLUMETRIC)
    x = bench.unpack(start(bench, 3.0, 2.0))
    flow = bench.outlet("product", x).m_flow
    assert flow / flow.sum() == pytest.approx(W, rel=1e-14)
    assert flow.sum() == pytest.approx(bench.measure("F", bench.pack(x)), rel=1e-14)


def test_gravimetric_holds_the_setpoint_where_volumetric_drifts() -> None:
    end = {}
    for mode in Mode:
        bench = build(mode, calibration=1.05)
        y = bench.solve(start(bench, 5.0, 2.0, F=0.02), [0.0, 150.0], rtol=1e-8)
        end[mode] = bench.measure("F", y[-1]) / 0.02
    assert end[Mode.VOLUMETRIC] < 0.89  # the feed factor has fallen by 7 %, and the calibration is 5 % off
    assert end[Mode.INDEXED] == pytest.approx(1.0 / 1.05, rel=3e-3)  # 1 s of lag behind a head falling by 0.1 %/s
    assert end[Mode.GRAVIMETRIC] == pytest.approx(1.0, abs=0.04)  # a loop of 25 s behind the same


def test_a_refill_is_bridged_and_overfeeds() -> None:
    """The trim freezes while powder flows in; the denser head then overfeeds by the ratio of feed factors."""
    bench = build(Mode.GRAVIMETRIC, refill=0.2)
    y0 = bench.initial(m=1.0, w=W, F=0.02)
    y = bench.solve(y0, [0.0, 20.0], rtol=1e-9)
    before, after = bench.unpack(y0), bench.unpack(y[-1])
    assert after.trim == pytest.approx(before.trim, abs=1e-5)  # the share of weighing is (0.2/1e-5)^-4
    assert after.F_inferred == pytest.approx(0.02, rel=1e-6)
    head = feeder.feed_factor(bench.measure("m", y[-1]), 0.010, 0.006, 0.8)
    assert bench.measure("F", y[-1]) / 0.02 == pytest.approx(
        head / feeder.feed_factor(1.0, 0.010, 0.006, 0.8), rel=1e-4
    )
    assert bench.measure("F", y[-1]) > 1.15 * 0.02


def test_the_scale_tells_loss_and_not_discharge() -> None:
    """A trickle far below the bridge is taken for so much less discharge: F̂ settles at F less the inflow."""
    bench = build(Mode.VOLUMETRIC, refill=1e-4, m_flow_bridge=1.0, ff_decay=100.0)
    y = bench.solve(bench.initial(m=6.0, w=W, F=0.02), [0.0, 200.0], rtol=1e-9)[-1]
    assert bench.measure("F_measured", y) == pytest.approx(bench.measure("F", y) - 1e-4, rel=1e-6)


def test_inflow_into_a_standing_feeder_shows_as_a_negative_loss_within_the_bridge() -> None:
    """A weight that rises is a loss below zero: at worst 3^(3/4)/4 = 0.57 of the bridge, where inflow and weighing
    trade best; nothing of it reaches the speed of an indexed feeder."""
    bridge, bound = 1e-5, 0.25 * 3.0**0.75
    for share in (0.3, 3.0**-0.25, 1.0, 3.0):
        bench = build(Mode.INDEXED, setpoint=0.0, refill=share * bridge, m_flow_bridge=bridge)
        x = bench.unpack(start(bench, 0.1, 0.0))
        rate = bench.dx(x).F_inferred * bench.p.tau_filter
        assert rate == pytest.approx(-bridge * share / (1.0 + share**4), rel=1e-12)
        assert -rate <= bound * bridge * (1.0 + 1e-12)
        assert bench.dx(x).N == bench.dx(x).trim == 0.0


def test_what_is_refilled_is_held_or_discharged() -> None:
    """Refill mass identity: change of weight = refilled − the integral of the measured discharge."""
    bench = build(Mode.GRAVIMETRIC, refill=0.1)
    times = np.linspace(0.0, 30.0, 601)
    y = bench.solve(bench.initial(m=1.0, w=W, F=0.015), times, rtol=1e-11)
    discharged = simpson([bench.measure("F", row) for row in y], x=times)
    gained = bench.measure("m", y[-1]) - bench.measure("m", y[0])
    assert gained == pytest.approx(0.1 * 30.0 - discharged, abs=1e-8)  # Simpson at 50 ms of a 1 s lag


def test_the_flow_dies_out_with_the_holdup() -> None:
    bench = build(Mode.VOLUMETRIC, heel=0.05)
    y = bench.solve(start(bench, 0.5, 2.0), np.linspace(0.0, 300.0, 61))
    m = np.array([bench.measure("m", row) for row in y])
    F = np.array([bench.measure("F", row) for row in y])
    assert np.all(np.diff(m) < 1e-9)  # the solver's own tolerance around zero
    assert np.all(m > -1e-9)
    assert F[-1] < 1e-8
    assert bench.measure("F", start(bench, 0.0, 2.0)) == 0.0


def test_setpoint_zero_stops_the_screw_and_the_speed_is_limited() -> None:
    stopped = build(Mode.GRAVIMETRIC, setpoint=0.0)
    assert stopped.dx(stopped.unpack(start(stopped, 2.0, 0.0))).N == 0.0
    fast = build(Mode.VOLUMETRIC, setpoint=1.0)
    y = fast.solve(start(fast, 6.0, 0.0), [0.0, 30.0])
    assert y[-1][0] == pytest.approx(10.0, rel=1e-9)


def test_the_trim_does_not_wind_up_while_the_screw_is_at_its_greatest_speed() -> None:
    """Asked for twice what the screw can deliver, for ten minutes: the trim stands where the held speed leaves it,
    and a setpoint within reach is met as fast as ever."""
    greedy = build(Mode.GRAVIMETRIC, setpoint=0.04, N_max=2.0, ff_decay=100.0)
    y = greedy.solve(greedy.initial(m=25.0, w=W, F=0.02), [0.0, 300.0, 600.0], rtol=1e-8)
    trims = [greedy.unpack(row).trim for row in y[1:]]
    # at rest proportional + held − wanted = 0 with wanted = 0.04/0.01 + proportional + trim: trim = 2 − 4
    assert trims[1] == pytest.approx(trims[0], abs=1e-6)
    assert trims[1] == pytest.approx(-2.0, abs=5e-3)  # the held speed is smooth within 1e-3 of the greatest
    modest = build(Mode.GRAVIMETRIC, setpoint=0.015, N_max=2.0, ff_decay=100.0)
    after = modest.solve(y[-1], [0.0, 120.0], rtol=1e-8)[-1]
    assert modest.measure("F", after) == pytest.approx(0.015, rel=0.02)


def test_pulsation_averages_out() -> None:
    bench = build(Mode.VOLUMETRIC, pulsation=0.1, frequency=2.0)
    x = bench.unpack(start(bench, 3.0, 2.0))
    flows = []
    for t in np.arange(8) / 16.0:
        out = bench.lent(type(bench.outlet("product", x)))
        flows.append(feeder.product(t, x, bench.u.deviation, bench.p, out).m_flow.sum())
    mean = bench.measure("F", bench.pack(x))
    assert np.mean(flows) == pytest.approx(mean, rel=1e-12)
    assert max(flows) == pytest.approx(1.1 * mean, rel=1e-12)


def test_a_deviation_takes_from_the_delivery_and_shows_in_the_loss_in_weight() -> None:
    """F is what the screw would deliver; what leaves, and what the scale infers, is F (1 + z)."""
    bench = build(Mode.VOLUMETRIC, ff_decay=100.0)
    bridged = build(Mode.VOLUMETRIC, ff_decay=100.0, deviation=-1.0)
    y = bridged.solve(bridged.initial(m=6.0, w=W, F=0.02), [0.0, 100.0], rtol=1e-9)[-1]
    assert bridged.measure("F", y) == pytest.approx(0.02, rel=1e-6)
    assert bridged.outlet("product", bridged.unpack(y)).m_flow.sum() == 0.0
    assert bridged.measure("F_measured", y) == pytest.approx(0.02 * math.exp(-10.0), rel=1e-5)  # filter of 10 s
    assert bridged.measure("m", y) == pytest.approx(6.0, rel=1e-12)
    x = bench.unpack(y)
    assert bench.outlet("product", x).m_flow.sum() == pytest.approx(0.02, rel=1e-6)


@pytest.mark.parametrize(("guard", "level"), [("low_level", 1.0), ("high_level", 6.0), ("empty", 0.01)])
def test_guards_cross_zero_at_their_levels(guard: str, level: float) -> None:
    bench = build(Mode.VOLUMETRIC)
    assert (
        bench.measure(guard, start(bench, level * 0.99, 0.0))
        < 0.0
        < bench.measure(guard, start(bench, level * 1.01, 0.0))
    )
