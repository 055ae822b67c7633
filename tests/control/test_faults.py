"""Faults of sensors and valves are events with labels, and do to a loop what they do to real ones."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.control.loops import at, plant, ran

LOOP = plant(
    "PROC: {model: lag, T_lag: 20 s, K: 2}",
    "TT-1: {model: sensing.transmitter, measurement: PROC.output, period: 1 s, span: 10}",
    "TIC-1: {model: pid_scan, measurement: TT-1.output, output: TV-1.input, setpoint: 1, K: 1, T_i: 10 s, low: 0, "
    "high: 4}",
    "TV-1: {model: valve, output: PROC.measurement, low: 0, high: 4}",
)


def test_a_bias_shifts_the_truth_and_a_frozen_reading_loses_it(tmp_path: Path) -> None:
    events = (
        "{at: 100 s, set: {TT-1.bias: 0.02}, name: bias, fault: {label: bias, where: TT-1}}, "
        "{at: 300 s, hold: {TT-1.dropout: 1}, for: 100 s, name: frozen, fault: {label: frozen, where: TT-1}}, "
        "{at: 310 s, set: {TIC-1.setpoint: 2}, name: step}"
    )
    run = ran(tmp_path, LOOP, "800 s", events, rtol=1e-6)
    y, shown = at(run, "PROC.output"), at(run, "TT-1.shown")
    assert y[95] == pytest.approx(1.0, abs=1e-2)
    assert y[295] == pytest.approx(1.0 - 0.02 * 10.0, abs=1e-3), "held at 1 as told, 0.2 below in truth"
    assert np.ptp(shown[302:399]) == 0.0
    assert y[399] > 4.0, "blind, it integrates"
    assert y[-1] == pytest.approx(1.8, abs=1e-2)
    with h5py.File(run.path) as file:
        labels = [label.decode() for label in file["faults/label"][()]]
    assert labels == ["bias", "frozen"]


def test_a_sticking_valve_makes_a_limit_cycle_and_a_stuck_one_stays(tmp_path: Path) -> None:
    events = (
        "{at: 200 s, set: {TV-1.stick: 0.3, TV-1.slip: 0.1, TIC-1.setpoint: 1.3}}, "
        "{at: 1200 s, set: {TV-1.condition: stuck}}"
    )
    run = ran(tmp_path, LOOP, "1400 s", events, rtol=1e-6)
    y, position, asked = at(run, "PROC.output"), at(run, "TV-1.position"), at(run, "TIC-1.output")
    assert np.ptp(y[150:200]) < 1e-3, "at rest before"
    moves = np.abs(np.diff(position[600:1200]))
    # it moves by jumps of at least stick − slip, and hunts about the setpoint for ever
    assert moves[moves > 0.0].min() >= 0.3 - 0.1 - 1e-9
    assert np.ptp(y[600:1200]) > 0.1
    assert y[600:1200].min() < 1.3 < y[600:1200].max()
    assert np.ptp(position[1202:]) == 0.0
    assert np.ptp(asked[1202:]) > 0.1


def test_a_valve_moves_no_faster_than_it_can(tmp_path: Path) -> None:
    text = LOOP.replace("TV-1: {model: valve, ", "TV-1: {model: valve, rate: 0.05 1/s, ")
    run = ran(tmp_path, text, "100 s", "{at: 20 s, set: {TIC-1.setpoint: 3}}", rtol=1e-6)
    assert np.abs(np.diff(at(run, "TV-1.position"))).max() == pytest.approx(0.05, rel=1e-9)
