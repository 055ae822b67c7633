"""Blocks between controllers: lead-lag against its step response, and a gain schedule that a loop follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.control.loops import at, plant, ran


def test_lead_lag_is_its_step_response(tmp_path: Path) -> None:
    """K (T_lead s + 1)/(T_lag s + 1) of a step of 2: K 2 (1 + (T_lead/T_lag − 1) e^(−t/T_lag)), settled before."""
    text = plant(
        "HIC-1: {model: pid_scan, measurement: SPARE.output, output: SPARE.measurement, setpoint: 0, K: 1, "
        "mode: manual, manual: 1, low: -10, high: 10}",
        "SPARE: {model: lag, T_lag: 5 s}",
        "FY-1: {model: lead_lag, measurement: HIC-1.output, K: 3, T_lag: 20 s, T_lead: 50 s, output: OUT.measurement}",
        "OUT: {model: lag, T_lag: 5 s}",
    )
    run = ran(tmp_path, text, "100 s", "{at: 10 s, set: {HIC-1.manual: 3}}")
    time, y = at(run, "time"), at(run, "FY-1.output")
    since = time - 10.0
    expected = np.where(since > 0.0, 3.0 * (3.0 + 2.0 * 1.5 * np.exp(-since / 20.0)), 3.0)
    # at 10 s the sample shows what was before the event
    np.testing.assert_allclose(y, expected, rtol=1e-7)


def test_a_gain_schedule_follows_its_table_without_a_bump(tmp_path: Path) -> None:
    text = plant(
        "PROC: {model: lag, T_lag: 20 s, K: 2}",
        "FY-1: {model: table, measurement: PROC.output, output: TIC-1.gain, points: 3, at_x: [0, 1, 3], "
        "at_y: [1, 1.5, 0.5]}",
        "TIC-1: {model: pid_scan, measurement: PROC.output, output: PROC.measurement, setpoint: 2, K: 0.8, T_i: 20 s, "
        "low: -10, high: 10}",
    )
    run = ran(tmp_path, text, "200 s", rtol=1e-6)
    y, gain = at(run, "PROC.output"), at(run, "FY-1.output")
    np.testing.assert_allclose(gain, np.interp(y, [0.0, 1.0, 3.0], [1.0, 1.5, 0.5]), rtol=1e-9)
    assert y[-1] == pytest.approx(2.0, abs=1e-3)
    assert at(run, "TIC-1.gain_used")[-1] == pytest.approx(0.8 * 1.0, abs=1e-3)
