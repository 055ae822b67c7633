"""The cell follows its load with a lag, averages, steps, and can be tared; a controller may be wired to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit_ops.sensing.rig import Told, told
from twin.errors import ConfigError

PLANT = """\
twin: 1
fluids: [water]
units:
  scale: {model: sensing.load_cell, params: {load: 4 kg, m_span: 10 kg, period: 1 s, %s}, initial: {m: 4 kg}}
"""
M = "scale.m_measured"
HEAVIER = "{at: 20 s, set: {scale.load: 6 kg}}"


def run(folder: Path, params: str, events: str = HEAVIER, **options: object) -> Told:
    return told(folder, PLANT % params, events, **options)  # type: ignore[arg-type]


def test_the_lag_is_of_first_order(tmp_path: Path) -> None:
    found = run(tmp_path, "tau: 3 s")
    since = np.maximum(np.floor(found.time) - 20.0, 0.0)
    # the solver's tolerance of 1e-6 at each step
    np.testing.assert_allclose(found[M], 6.0 - 2.0 * np.exp(-since / 3.0), rtol=1e-5)


def test_averaging_lessens_the_noise_and_delays(tmp_path: Path) -> None:
    one = run(tmp_path, "noise: 1e-3", "", duration=1000.0)
    many = run(tmp_path, "noise: 1e-3, n_average: 16", "", duration=1000.0)
    assert np.std(one[M]) == pytest.approx(0.01, rel=0.15)
    # correlated over 16 readings, so that 1000 of them count as 60
    assert np.std(many[M][16:]) == pytest.approx(0.0025, rel=0.4)
    ramp = run(tmp_path, "tau: 1e-3 s, n_average: 4, delay: 2 s")
    late = np.floor(ramp.time) - 2.0 - 20.0
    np.testing.assert_allclose(ramp[M], 4.0 + 2.0 * np.minimum(np.maximum(late, 0.0), 4.0) / 4.0, rtol=1e-6)


def test_tare_and_steps(tmp_path: Path) -> None:
    found = run(tmp_path, "resolution: 1e-3", "{at: 10.2 s, fire: scale.tare}, {at: 20 s, set: {scale.load: 4.444 kg}}")
    np.testing.assert_allclose(found[M][:10], 4.0, rtol=1e-12)
    np.testing.assert_allclose(found[M][10:20], 0.0, atol=1e-12)
    np.testing.assert_allclose(found[M][30:], 0.44, rtol=1e-12)


def test_more_than_the_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="reach back further"):
        run(tmp_path, "n_average: 20, delay: 5 s")


LOOP = """\
twin: 1
fluids: [water]
solids: [mcc]
units:
  hopper:
    model: powder.feeder
    params: {ff_max: 2 g, ff_min: 1 g, ff_decay: 0.5 1/kg, N_max: 10 1/s, m_max: 6 kg, m_low: 1 kg,
             m_high: 4 kg}
    initial: {m: 3 kg, w: {mcc: 1}, F: 5 g/s}
  scale: {model: sensing.load_cell, params: {m_span: 10 kg, period: 1 s, noise: 1e-4}, initial: {m: 3 kg}}
feeds:
  bag: {m_flow: {mcc: 0 g/s}}
connections:
  - bag -> hopper.refill
  - hopper.product -> out
products: [out]
signals:
  - hopper.m -> scale.load
controllers:
  LIC-1:
    model: pi
    measurement: scale.m_measured
    output: hopper.setpoint
    setpoint: 2 kg
    K: -0.02 1/s
    T_i: 10000 s
    low: 0 g/s
    high: 15 g/s
    bias: 0 g/s
    initial: {I: 0 g/s}
"""


def test_a_controller_is_wired_to_what_the_cell_tells(tmp_path: Path) -> None:
    found = told(tmp_path, LOOP, "", duration=300.0)
    assert found[M][-1] == pytest.approx(found["hopper.m"][-1], abs=0.01)
    assert found["hopper.m"][-1] == pytest.approx(2.0, abs=0.1), "the controller empties it down to its setpoint"
    assert np.ptp(found[M] - found["hopper.m"]) > 1e-3, "and sees the noise"
