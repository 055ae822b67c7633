"""A transmitter between a measurement and its reader: clock, delay, steps, deviations, failures, calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit_ops.sensing.rig import Told, told
from twin.errors import ConfigError

#: 1 kg, and 10 g more a second.
PLANT = """\
twin: 1
fluids: [water]
solids: [mcc]
units:
  hopper:
    model: powder.feeder
    params: {ff_max: 2 g, ff_min: 1 g, ff_decay: 0.5 1/kg, N_max: 10 1/s, m_max: 6 kg, m_low: 1 g, m_high: 5 kg,
             mode: volumetric, setpoint: 0 g/s}
    initial: {m: 1 kg, w: {mcc: 1}}
feeds:
  bag: {m_flow: {mcc: 10 g/s}}
connections:
  - bag -> hopper.refill
  - hopper.product -> out
products: [out]
controllers:
  WT-1: {model: sensing.transmitter, measurement: hopper.m, period: 2 s, span: 2 kg%s}
"""
SHOWN = "WT-1.shown"


def run(folder: Path, params: str = "", events: str = "", **options: object) -> Told:
    return told(folder, PLANT % params, events, **options)  # type: ignore[arg-type]


def scanned(found: Told, late: float = 0.0) -> np.ndarray:
    """Truth at the scan before each sample, `late` seconds earlier, not before the start."""
    return 1.0 + 0.01 * np.maximum(2.0 * np.floor(found.time / 2.0) - late, 0.0)


def test_it_holds_what_it_read_until_the_next_scan(tmp_path: Path) -> None:
    found = run(tmp_path)
    # the screw stands: the truth rises linearly, which the solver follows to rounding
    np.testing.assert_allclose(found[SHOWN], scanned(found), rtol=1e-9)


def test_delay_scale_and_bias(tmp_path: Path) -> None:
    found = run(tmp_path, ", delay: 6 s, scale: 1.1, bias: 0.05")
    np.testing.assert_allclose(found[SHOWN], 1.1 * scanned(found, 6.0) + 0.05 * 2.0, rtol=1e-9)


def test_steps_of_the_display(tmp_path: Path) -> None:
    found = run(tmp_path, ", resolution: 0.05")
    assert set(np.round(found[SHOWN] / 0.1, 9)) == set(range(10, 21))
    assert np.max(np.abs(found[SHOWN] - scanned(found))) <= 0.05 + 1e-9


def test_drift_ends_with_a_calibration(tmp_path: Path) -> None:
    found = run(tmp_path, ", drift: 1e-3 1/s", "{at: 50.5 s, fire: WT-1.calibrate}")
    at = 2.0 * np.floor(found.time / 2.0)
    since = np.where(at < 50.5, at, at - 50.5)
    np.testing.assert_allclose(found[SHOWN], scanned(found) + 2e-3 * since, rtol=1e-9)


def test_a_lost_answer_leaves_the_last_one_standing(tmp_path: Path) -> None:
    found = run(tmp_path, "", "{at: 31 s, set: {WT-1.dropout: 1}}, {at: 61 s, set: {WT-1.dropout: 0}}")
    frozen = (found.time > 31.0) & (found.time < 62.0)
    np.testing.assert_allclose(found[SHOWN][frozen], 1.3, rtol=1e-9)
    np.testing.assert_allclose(found[SHOWN][~frozen], scanned(found)[~frozen], rtol=1e-9)


def test_noise_is_seeded(tmp_path: Path) -> None:
    one, again, other = (run(tmp_path, ", noise: 0.01", duration=2000.0, every=2.0, seed=s) for s in (1, 1, 2))
    off = one[SHOWN] - scanned(one)
    assert np.array_equal(one[SHOWN], again[SHOWN])
    assert not np.array_equal(one[SHOWN], other[SHOWN])
    assert np.std(off) == pytest.approx(0.02, rel=0.08)  # a thousand readings: 1/√2000 is 2.2 %
    assert abs(np.mean(off)) < 3.0 * 0.02 / np.sqrt(1000.0)


def test_a_delay_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="longer than 19 periods"):
        run(tmp_path, ", delay: 60 s")
