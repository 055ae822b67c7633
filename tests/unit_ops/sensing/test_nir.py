"""The probe tells the average over its window, late, off, noisy or not at all, and all of that by its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit_ops.sensing.rig import POWDER, Told, told
from twin.errors import ConfigError

#: At 20 s the key component goes from a fifth of 10 g/s to a half.
STEP = "{at: 20 s, set: {powder.m_flow: {mcc: 5 g/s, paracetamol: 5 g/s}}}"
W = "sensor.w_measured"


def run(folder: Path, params: str, events: str = STEP, initial: str = "", **options: object) -> Told:
    text = POWDER % ("nir", f"key: paracetamol, period: 1 s, {params}", initial)
    return told(folder, text, events, **options)  # type: ignore[arg-type]


def test_a_window_of_time_is_averaged_exactly(tmp_path: Path) -> None:
    found = run(tmp_path, "t_window: 4 s")
    # scans at whole seconds; the sample at 22.5 s shows that at 22 s, whose window holds 2 s of each composition
    expected = np.interp(np.floor(found.time), [20.0, 24.0], [0.2, 0.5])
    np.testing.assert_allclose(found[W][1:], expected[1:], rtol=1e-9)
    assert found[W][0] == 0.0, "nothing had passed at the first scan"


def test_a_window_of_mass_holds_that_mass(tmp_path: Path) -> None:
    """25 g are 2.5 s of 10 g/s; at half the flow, 5 s."""
    found = run(tmp_path, "m_window: 25 g")
    expected = np.interp(np.floor(found.time), [20.0, 22.5], [0.2, 0.5])
    np.testing.assert_allclose(found[W][1:], expected[1:], rtol=1e-9)
    half = "{at: 20 s, set: {powder.m_flow: {mcc: 2.5 g/s, paracetamol: 2.5 g/s}}}"
    found = run(tmp_path, "m_window: 25 g", half)
    expected = np.interp(np.floor(found.time), [20.0, 25.0], [0.2, 0.5])
    np.testing.assert_allclose(found[W][1:], expected[1:], rtol=1e-9)


def test_answers_come_late(tmp_path: Path) -> None:
    found = run(tmp_path, "delay: 7 s", initial=", initial: {w_told: 0.33}")
    expected = np.where(np.floor(found.time) - 7.0 >= 21.0, 0.5, 0.2)
    np.testing.assert_allclose(found[W][8:], expected[8:], rtol=1e-9)
    np.testing.assert_allclose(found[W][:8], 0.33, err_msg="until the first answer, and that saw nothing")


def test_bias_scale_drift_and_calibration(tmp_path: Path) -> None:
    events = "{at: 50.2 s, fire: sensor.calibrate}"
    found = run(tmp_path, "scale: 1.1, bias: 0.01, w_span: 0.5, drift: 1e-3 1/s", events)
    scan = np.floor(found.time)[1:]
    since = np.where(scan > 50.2, scan - 50.2, scan)
    np.testing.assert_allclose(found[W][1:], 1.1 * 0.2 + 0.5 * (0.01 + 1e-3 * since), rtol=1e-9)


def test_when_nothing_passes_the_last_reading_stands(tmp_path: Path) -> None:
    stop = "{at: 20 s, set: {powder.m_flow: {mcc: 0 g/s, paracetamol: 0 g/s}}}"
    found = run(tmp_path, "bias: 0.01, t_window: 2 s", stop)
    np.testing.assert_allclose(found[W][1:], 0.21, rtol=1e-9)


def test_noise_is_seeded_and_of_its_size(tmp_path: Path) -> None:
    options = {"duration": 2000.0}
    found = run(tmp_path, "noise: 0.01", "", **options)
    again = run(tmp_path, "noise: 0.01", "", **options)
    other = run(tmp_path, "noise: 0.01", "", seed=2, **options)
    np.testing.assert_array_equal(found[W], again[W])
    noise = found[W][1:] - 0.2
    assert np.all(found[W][1:] != other[W][1:])
    # of 2000 draws, within four times their own scatter: 0.01/sqrt(2000), and 0.01/sqrt(4000) of the deviation
    assert abs(np.mean(noise)) < 4.0 * 0.01 / np.sqrt(2000.0)
    assert abs(np.std(noise) - 0.01) < 4.0 * 0.01 / np.sqrt(4000.0)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 4.0 / np.sqrt(2000.0)


def test_lost_answers_leave_the_last_one_standing(tmp_path: Path) -> None:
    found = run(tmp_path, "noise: 0.01, dropout: 0.3", "", duration=2000.0)
    kept = np.diff(found[W][1:]) == 0.0
    assert np.mean(kept) == pytest.approx(0.3, abs=4.0 * np.sqrt(0.3 * 0.7 / 2000.0))
    frozen = run(tmp_path, "noise: 0.01", "{at: 30 s, hold: {sensor.dropout: 1}, for: 20 s}")
    stuck = (frozen.time > 30.0) & (frozen.time < 50.0)
    assert np.ptp(frozen[W][stuck]) < 1e-15
    assert np.all(np.diff(frozen[W][~stuck][1:]) != 0.0)


def test_a_window_longer_than_the_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'t_window' is longer than 19 periods"):
        run(tmp_path, "t_window: 20 s")
    with pytest.raises(ConfigError, match="'delay' is longer than 19 periods"):
        run(tmp_path, "delay: 1 min")
