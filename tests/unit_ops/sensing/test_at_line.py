"""Samples of grams: the answer is late, and the scatter is that of the particles in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit_ops.sensing.rig import POWDER, Told, told

STEP = "{at: 20 s, set: {powder.m_flow: {mcc: 5 g/s, paracetamol: 5 g/s}}}"
W = "sensor.w_measured"


def run(folder: Path, params: str, events: str = STEP, **options: object) -> Told:
    return told(folder, POWDER % ("at_line", f"key: paracetamol, {params}", ""), events, **options)  # type: ignore[arg-type]


def test_an_answer_is_of_the_sample_drawn_a_while_ago(tmp_path: Path) -> None:
    found = run(tmp_path, "period: 4 s, m_sample: 1 g, m_particle: 0 kg, delay: 12 s")
    drawn = 4.0 * np.floor(found.time / 4.0) - 12.0
    # a sample at the very instant of the change is drawn after it: events come before scans
    expected = np.where(drawn >= 20.0, 0.5, np.where(drawn >= 0.0, 0.2, 0.0))
    np.testing.assert_allclose(found[W], expected, rtol=1e-12)


def test_the_scatter_of_a_sample_is_that_of_its_particles(tmp_path: Path) -> None:
    found = run(tmp_path, "period: 1 s, m_sample: 1 g, m_particle: 10 mg", "", duration=2000.0)
    # a hundred particles, a fifth of them of the key component: 4 %, known to 1/sqrt(4000) from 2000 samples
    sigma = np.sqrt(0.2 * 0.8 / 100.0)
    assert abs(np.std(found[W]) - sigma) < 4.0 * sigma / np.sqrt(4000.0)
    assert abs(np.mean(found[W]) - 0.2) < 4.0 * sigma / np.sqrt(2000.0)


def test_without_powder_no_sample_is_drawn(tmp_path: Path) -> None:
    stop = "{at: 20 s, set: {powder.m_flow: {mcc: 0 g/s, paracetamol: 0 g/s}}}"
    found = run(tmp_path, "period: 1 s, m_sample: 1 g, m_particle: 10 mg", stop)
    late = found.time > 20.0
    assert np.ptp(found[W][late]) < 1e-15
    assert np.all(np.diff(found[W][~late]) != 0.0)
