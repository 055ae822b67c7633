"""Roller compactor: Johanson's theory against independently computed values, throughput, and the feed chamber."""

from __future__ import annotations

import math

import numpy as np
import pytest

import unit_ops.granulation.roller_compactor as compactor
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation import johanson

DEGREE = math.pi / 180.0
#: verification 3.11: friction and wall friction [degree], K, S/D; nip angle [degree], force factor F.
JOHANSON = [
    (40.0, 18.0, 8.0, 0.01, 7.193016816, 0.0466108852),
    (40.0, 18.0, 8.0, 0.02, 7.245506459, 0.0646062419),
    (45.0, 20.0, 6.0, 0.015, 10.943042803, 0.0672606965),
]
PARAMS = {
    "diameter": 0.2,
    "width": 0.05,
    "friction": 40.0 * DEGREE,
    "wall_friction": 18.0 * DEGREE,
    "K": 8.0,
    "rho_0": 500.0,
    "m_max": 5.0,
    "m_low": 1.0,
    "api": 1,
    "rho_true": [1500.0, 1200.0],
}
SETPOINTS = {"roll_speed": 0.1, "roll_gap": 2e-3, "roll_force": 3e4}
SET = {"N": 0.1, "gap": 2e-3, "F_roll": 3e4}


def build(feed: tuple[float, float] = (0.0, 0.0), **params: float) -> Bench:
    inlets = {"powder": {"m_flow": list(feed)}, **SETPOINTS}
    return Bench(compactor, {"fluids": 1, "solids": 2}, {**PARAMS, **params}, **inlets)


@pytest.mark.parametrize("case", JOHANSON)
def test_nip_angle_and_force_factor(case: tuple[float, ...]) -> None:
    delta, phi, K, ratio, angle, factor = case
    alpha = johanson.angle_of_nip(delta * DEGREE, phi * DEGREE, K, ratio)
    assert alpha / DEGREE == pytest.approx(angle, abs=1e-9)
    assert johanson.force_factor(alpha, K, ratio) == pytest.approx(factor, abs=1e-10)


@pytest.mark.parametrize("delta", [30.0, 50.0])
@pytest.mark.parametrize("phi", [10.0, 29.0])
@pytest.mark.parametrize("K", [4.0, 20.0])
@pytest.mark.parametrize("ratio", [0.002, 0.1])
def test_gradients_meet_at_the_nip_angle(delta: float, phi: float, K: float, ratio: float) -> None:
    """The published gradients, uncancelled; over the whole range that the theory is used in."""
    delta, phi = delta * DEGREE, phi * DEGREE
    theta = johanson.angle_of_nip(delta, phi, K, ratio)
    nu = 0.5 * (math.pi - math.asin(math.sin(phi) / math.sin(delta)) - phi)
    mu, A = 0.25 * math.pi - 0.5 * delta, 0.5 * (theta + nu + 0.5 * math.pi)
    cot = 1.0 / math.tan(A - mu) - 1.0 / math.tan(A + mu)
    slip = 4.0 * (0.5 * math.pi - theta - nu) * math.tan(delta) / cot
    no_slip = K * (2.0 * math.cos(theta) - 1.0 - ratio) * math.tan(theta) / math.cos(theta)
    assert 0.0 < theta < 0.5 * math.pi - nu
    assert slip == pytest.approx(no_slip, rel=1e-11)


def test_ribbon_density_and_throughput_follow_from_the_peak_pressure() -> None:
    """By hand at S/D 0.01: P = 2 R_f/(W D F), density from the power law, gap area times roll speed."""
    bench = build()
    y = bench.initial(m=3.0, w=[0.9, 0.1], **SET)
    P = 2.0 * 3e4 / (0.05 * 0.2 * 0.0466108852)
    rho = 500.0 * (P / 1e5) ** (1.0 / 8.0)
    assert bench.measure("peak_pressure", y) == pytest.approx(P, rel=1e-8)
    assert bench.measure("rho_ribbon", y) == pytest.approx(rho, rel=1e-9)
    assert bench.measure("solid_fraction", y) == pytest.approx(rho * (0.9 / 1500.0 + 0.1 / 1200.0), rel=1e-9)
    assert bench.measure("throughput", y) == pytest.approx(math.pi * 0.2 * 0.1 * 0.05 * 2e-3 * rho, rel=1e-9)
    out = bench.outlet("ribbon", bench.unpack(y)).m_flow
    assert out[1] / out.sum() == pytest.approx(0.1, rel=1e-12)


def test_density_counts_from_its_reference_and_liquid_has_no_part_in_the_solid_fraction() -> None:
    bench = build(P_0=4e5)
    dry = bench.initial(m=3.0, w=[0.9, 0.1], **SET)
    wet = bench.initial(m=3.0, w=[0.9, 0.1], w_liquid=[0.1], **SET)
    P = 2.0 * 3e4 / (0.05 * 0.2 * 0.0466108852)
    rho = 500.0 * (P / 4e5) ** 0.125
    assert bench.measure("rho_ribbon", dry) == pytest.approx(rho, rel=1e-9)
    for y in (dry, wet):
        assert bench.measure("solid_fraction", y) == pytest.approx(rho * (0.9 / 1500.0 + 0.1 / 1200.0), rel=1e-9)
    out = bench.outlet("ribbon", bench.unpack(wet))
    assert out.m_flow_liquid[0] / (out.m_flow.sum() + out.m_flow_liquid[0]) == pytest.approx(0.1, rel=1e-12)


def test_rolls_follow_their_setpoints_and_the_chamber_its_feed() -> None:
    bench = build((0.02, 0.005), tau=3.0)
    y = bench.solve(bench.initial(m=2.0, w=[1.0, 0.0], N=0.05, gap=1e-3, F_roll=1e4), [0.0, 3.0, 60.0])
    one = 1.0 - math.exp(-1.0)
    x = bench.unpack(y[1])
    assert (x.N, x.gap, x.F_roll) == pytest.approx((0.05 + 0.05 * one, 1e-3 + 1e-3 * one, 1e4 + 2e4 * one), rel=1e-7)
    fed = 0.025 * 60.0
    drawn = 2.0 + fed - bench.unpack(y[2]).m_solids.sum()
    assert 0.0 < drawn < bench.measure("throughput", y[2]) * 60.0
    assert compactor.demand(bench.unpack(y[2]), bench.p).value == pytest.approx(bench.measure("throughput", y[2]))


def test_a_wider_gap_and_less_force_give_lighter_ribbon() -> None:
    bench = build()
    base, wide, weak = (
        bench.measure("rho_ribbon", bench.initial(m=3.0, w=[0.9, 0.1], **{**SET, **change}))
        for change in ({}, {"gap": 4e-3}, {"F_roll": 1.5e4})
    )
    assert wide < base
    assert weak == pytest.approx(base * 0.5 ** (1.0 / 8.0), rel=1e-12)


def test_rolls_run_empty_and_without_force() -> None:
    bench = build()
    y = bench.solve(bench.initial(m=0.5, w=[0.9, 0.1], **SET), [0.0, 600.0], method="BDF", rtol=1e-9, atol=1e-13)
    assert abs(bench.unpack(y[-1]).m_solids.sum()) < 1e-12  # the tolerance, 1e-13, of two solids
    for force in (0.0, -1e3):
        x = bench.unpack(bench.initial(m=0.5, w=[0.9, 0.1], N=0.1))._replace(F_roll=force)
        assert bench.outlet("ribbon", x).m_flow.sum() == 0.0
        assert np.isfinite(bench.pack(bench.dx(x))).all()
