"""PI controller: closed form, limits, anti-windup, and a loop without offset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.unit_ops.piping.bench import Bench
from twin.control import pi

PARAMS = {"K": 2.0, "T_i": 50.0, "bias": 10.0, "low": 0.0, "high": 40.0, "T_t": 50.0}


def build(measurement: float = 0.0, setpoint: float = 0.0, **params: Any) -> Bench:
    return Bench(pi, {}, {**PARAMS, **params}, measurement=measurement, setpoint=setpoint)


def output(bench: Bench, y: np.ndarray) -> float:
    return float(pi.output(bench.unpack(y), bench.u.measurement, bench.u.setpoint, bench.p).value)


def test_a_constant_error_gives_a_step_and_a_ramp() -> None:
    """output = bias + K e (1 + t/T_i), exact inside the limits."""
    bench = build(measurement=4.0, setpoint=6.0)
    y = bench.solve(bench.initial(), [0.0, 25.0, 100.0])
    assert [output(bench, row) for row in y] == pytest.approx([14.0, 16.0, 22.0], rel=1e-12)


def test_a_negative_gain_acts_the_other_way() -> None:
    bench = build(measurement=4.0, setpoint=6.0, K=-2.0)
    assert output(bench, bench.initial()) == pytest.approx(6.0, rel=1e-14)


@pytest.mark.parametrize(("setpoint", "limit"), [(1e3, 40.0), (-1e3, 0.0)])
def test_the_output_stays_within_its_limits(setpoint: float, limit: float) -> None:
    bench = build(setpoint=setpoint)
    y = bench.solve(bench.initial(), np.linspace(0.0, 500.0, 11))
    values = [output(bench, row) for row in y]
    assert values == pytest.approx([limit] * 11, abs=1e-12)


def test_the_rounding_is_continuous_with_its_slope() -> None:
    """Within a thousandth of the range of a limit: no jump, slopes between 0 and 4/3 (the cubic's greatest)."""
    x = np.linspace(-0.1, 40.1, 402001)
    y = np.array([pi.limited(v, 0.0, 40.0) for v in x])
    slope = np.diff(y) / np.diff(x)
    assert slope.min() >= -1e-9
    assert slope.max() <= 4.0 / 3.0 + 1e-9
    assert np.abs(np.diff(slope)).max() < 0.02  # 1e-4 steps over a rounding of 0.04: 4 * 1e-4 / 0.04
    inside = (x > 0.04) & (x < 39.96)
    assert y[inside] == pytest.approx(x[inside], abs=1e-12)


def test_a_wound_up_integral_unwinds_at_once() -> None:
    """Back-calculation holds K e + I at K e T_t/T_i above the limit, so the output leaves it when e changes sign."""
    bench = build(setpoint=50.0)
    y = bench.solve(bench.initial(), [0.0, 2000.0])
    excess = 10.0 + 2.0 * 50.0 + y[-1][0] - 40.0
    assert excess == pytest.approx(2.0 * 50.0, rel=1e-6)
    bench = build(setpoint=-1.0)
    assert output(bench, y[-1]) < 40.0 - 1.0
    free = build(setpoint=50.0, T_t=1e7)
    wound = free.solve(free.initial(), [0.0, 2000.0])
    assert wound[-1][0] > 1000.0  # without it the integral runs away


def test_a_loop_settles_on_its_setpoint() -> None:
    """First-order process of gain 3 and 100 s: PI leaves no offset."""

    def rhs(t: float, z: np.ndarray) -> np.ndarray:
        bench = build(measurement=z[0], setpoint=25.0, bias=0.0)
        u = output(bench, z[1:])
        return np.array([(3.0 * u - z[0]) / 100.0, bench.rhs(t, z[1:])[0]])

    z = solve_ivp(rhs, (0.0, 3000.0), [0.0, 0.0], method="LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
    assert z[0] == pytest.approx(25.0, rel=1e-6)
    assert output(build(measurement=z[0], setpoint=25.0, bias=0.0), z[1:]) == pytest.approx(25.0 / 3.0, rel=1e-6)
