"""PID against solutions computed here: method of steps, a closed form of second order, and each form by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.control.loops import Sampled, at, plant, ran

#: First order plus delay: gain, time constant, delay; and a PI for it (SIMC with tau_c = delay).
K, T, DELAY = 2.0, 10.0, 4.0
KC, TI = T / (K * 2.0 * DELAY), T


def by_steps(end: float) -> Callable[[np.ndarray], np.ndarray]:
    """PI on first order plus delay, r = 1: on each interval of one delay the delayed part is known.

    T y' = K u(t) − y,  u = KC (1 − y(t − DELAY)) + I,  I' = KC/TI (1 − y(t − DELAY)),  y = 0 before.
    """
    pieces: list[Callable[[float], np.ndarray]] = []
    start = np.zeros(2)
    for number in range(math.ceil(end / DELAY)):
        before = pieces[-1] if pieces else (lambda t: np.zeros(2))
        t0 = number * DELAY

        def rhs(t: float, z: np.ndarray, before: Callable[[float], np.ndarray] = before) -> list[float]:
            e = 1.0 - before(t - DELAY)[0]
            return [(K * (KC * e + z[1]) - z[0]) / T, KC / TI * e]

        span = (t0, t0 + DELAY)
        solved = solve_ivp(rhs, span, start, method="DOP853", rtol=1e-11, atol=1e-13, dense_output=True)
        pieces.append(solved.sol)
        start = solved.y[:, -1]

    def value(times: np.ndarray) -> np.ndarray:
        places = np.minimum((times / DELAY).astype(int), len(pieces) - 1)
        return np.array([pieces[i](t)[0] for i, t in zip(places, times, strict=True)])

    return value


def delayed(period: float) -> str:
    return plant(
        f"PROC: {{model: lag, T_lag: {T} s, K: {K}}}",
        f"TT-1: {{model: sensing.transmitter, measurement: PROC.output, period: {period} s, span: 1, "
        f"delay: {DELAY} s}}",
        f"TIC-1: {{model: pid_scan, measurement: TT-1.output, output: PROC.measurement, setpoint: 1, K: {KC}, "
        f"T_i: {TI} s, low: -10, high: 10, period: {period} s}}",
    )


def held_by_hand(period: float, end: float) -> np.ndarray:
    """The same loop with zero-order hold: every scan by recursion, between scans the exponential."""
    late = round(DELAY / period)
    y, integral, seen, decay = 0.0, 0.0, [0.0] * late, math.exp(-period / T)
    found = [0.0]
    for _ in range(round(end / period)):
        seen.append(y)
        e = 1.0 - seen[-1 - late]
        u = KC * e + integral
        integral += KC / TI * e * period
        y = K * u + (y - K * u) * decay
        found.append(y)
    return np.array(found)


def test_scans_are_an_exact_hold_and_converge_to_the_continuous_loop(tmp_path: Path) -> None:
    end = 60.0
    exact = by_steps(end)
    errors = []
    for period in (1.0, 0.5, 0.25):
        run = ran(tmp_path, delayed(period), f"{end} s")
        time, y = at(run, "time"), at(run, "PROC.lagged") * K
        by_hand = held_by_hand(period, end)[:: round(1.0 / period)]
        # the integrator's tolerance is 1e-9 a step, of which there are a few hundred
        np.testing.assert_allclose(y, by_hand, atol=1e-7)
        errors.append(np.abs(y - exact(time)).max())
    assert errors[0] < 0.12
    # first order in the period: each half of it halves the error, nearly
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.10)


def test_continuous_pi_on_a_lag_is_the_closed_form(tmp_path: Path) -> None:
    """T T_i/(K Kc) s² + T_i (1 + K Kc)/(K Kc) s + 1: a step of the setpoint, underdamped."""
    kc, ti = 1.5, 2.0
    text = plant(
        f"PROC: {{model: lag, T_lag: {T} s, K: {K}}}",
        f"TIC-1: {{model: pid, measurement: PROC.output, output: PROC.measurement, setpoint: 1, K: {kc}, T_i: {ti} s, "
        "low: -1000, high: 1000}",
    )
    run = ran(tmp_path, text, "40 s")
    time, y = at(run, "time"), at(run, "PROC.lagged") * K
    w = math.sqrt(K * kc / (T * ti))
    zeta = (1.0 + K * kc) / (2.0 * T * w)
    assert zeta < 1.0, "underdamped, or the formula is another"
    root = math.sqrt(1.0 - zeta**2)
    swing = w * root * time
    # y/r = (T_i s + 1) w²/(s² + 2 zeta w s + w²)
    expected = 1.0 + np.exp(-zeta * w * time) * ((ti * w - zeta) / root * np.sin(swing) - np.cos(swing))
    np.testing.assert_allclose(y, expected, atol=1e-7)  # rtol 1e-9 a step


def test_derivative_on_measurement_with_its_filter(tmp_path: Path) -> None:
    """Continuous PID of second-order type against an integration of the formula written here."""
    kc, ti, td, n, tf = 1.2, 8.0, 2.0, 5.0, 0.5
    text = plant(
        f"PROC: {{model: lag, T_lag: {T} s, K: {K}, initial: {{z: 0.5}}}}",
        f"TIC-1: {{model: pid, measurement: PROC.output, output: PROC.measurement, setpoint: 3, K: {kc}, T_i: {ti} s, "
        f"T_d: {td} s, N: {n}, T_f: {tf} s, b: 0.7, low: -1000, high: 1000}}",
    )
    run = ran(tmp_path, text, "40 s")

    def rhs(t: float, z: np.ndarray) -> list[float]:
        y, f, d, integral = z
        slope = (f - d) / (td / n)
        u = kc * (0.7 * 3.0 - f) + integral - kc * td * slope
        return [(K * u - y) / T, (y - f) / tf, slope, kc / ti * (3.0 - f)]

    start = [1.0, 1.0, 1.0, kc * 0.3 * 3.0]
    solved = solve_ivp(rhs, (0.0, 40.0), start, t_eval=at(run, "time"), method="Radau", rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(at(run, "PROC.lagged") * K, solved.y[0], atol=1e-7)


FORMS = {
    "standard": {"form": 0, "K": 2.0, "T_i": 20.0, "T_d": 4.0},
    "parallel": {"form": 1, "K_p": 2.0, "K_i": 0.1, "K_d": 8.0},
    # a real zero pair of the same controller: K' (1 + T_d'/T_i') = 2, K'/T_i' = 0.1, K' T_d' = 8
    "series": {
        "form": 2,
        "K": 0.1 * 10.0 * (1.0 + math.sqrt(0.2)),
        "T_i": 10.0 * (1.0 + math.sqrt(0.2)),
        "T_d": 10.0 * (1.0 - math.sqrt(0.2)),
    },
}


def test_the_three_forms_are_one_controller() -> None:
    """K' and its times solve T_i' + T_d' = 20 s, T_i' T_d' = 80 s²: equal outputs without the filter of D."""
    measured = np.cumsum(np.sin(np.arange(50.0)))
    outputs = []
    for params in FORMS.values():
        loop = Sampled(**params, N=1e4)  # type: ignore[arg-type]
        outputs.append([loop.scan(y, setpoint=3.0) for y in measured])
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-12)
    # the filters are T_d/N of each form's own T_d: 4e-4 s and 5.5e-4 s beside a period of 1 s
    np.testing.assert_allclose(outputs[0], outputs[2], rtol=5e-3)


def test_each_part_by_hand() -> None:
    loop = Sampled(K=2.0, T_i=10.0, T_d=3.0, N=10.0, b=0.5, period=0.5)
    assert loop.scan(1.0, setpoint=2.0) == pytest.approx(2.0)  # bias + K e, whatever b
    filtered = 0.3
    derivative = -6.0 * (1.5 - 1.0) / (filtered + 0.5)
    integral = 2.0 * 0.5 * 2.0 + 2.0 / 10.0 * 1.0 * 0.5
    assert loop.scan(1.5, setpoint=2.0) == pytest.approx(2.0 * (0.5 * 2.0 - 1.5) + integral + derivative)


def test_deadband_rates_and_filters() -> None:
    loop = Sampled(K=2.0, deadband=0.5)
    assert [loop.scan(0.0, setpoint=r) for r in (0.4, 0.5, 0.7, -0.7)] == pytest.approx([0.0, 0.0, 0.4, -0.4])
    loop = Sampled(K=1.0, rate=0.25, period=2.0)
    assert [loop.scan(0.0, setpoint=r) for r in (0.0, 10.0, 10.0, -10.0)] == pytest.approx([0.0, 0.5, 1.0, 0.5])
    loop = Sampled(K=1.0, setpoint_rate=0.25, period=2.0)
    assert [loop.scan(0.0, setpoint=r) for r in (0.0, 1.0, 1.0, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 1.0])
    loop = Sampled(K=-1.0, T_f=2.0)
    decay = math.exp(-0.5)
    assert [loop.scan(y) for y in (0.0, 1.0, 1.0)] == pytest.approx([0.0, 1.0 - decay, 1.0 - decay**2])
    loop = Sampled(K=1.0, T_sp=2.0)
    assert [loop.scan(0.0, setpoint=r) for r in (0.0, 1.0, 1.0)] == pytest.approx([0.0, 1.0 - decay, 1.0 - decay**2])
