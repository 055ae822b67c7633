"""The meter tells the mass fraction of liquid over its window, in the steps of its display."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit_ops.sensing.rig import POWDER, Told, told

WETTER = "{at: 20 s, set: {powder.m_flow_liquid.water: 2.5 g/s}}"
W = "sensor.w_measured"


def run(folder: Path, params: str) -> Told:
    return told(folder, POWDER % ("moisture", f"period: 1 s, {params}", ""), WETTER)


def test_the_fraction_of_liquid_over_the_window(tmp_path: Path) -> None:
    found = run(tmp_path, "t_window: 5 s")
    wet = np.minimum(np.maximum(np.floor(found.time) - 20.0, 0.0), 5.0)
    # 2.5 g/s of water with 10 g/s of powder, for so many of 5 s
    np.testing.assert_allclose(found[W], 2.5 * wet / (50.0 + 2.5 * wet), rtol=1e-9, atol=1e-12)


def test_the_display_has_steps(tmp_path: Path) -> None:
    found = run(tmp_path, "t_window: 5 s, resolution: 0.01, w_span: 0.5, noise: 0.01")
    assert np.ptp(found[W]) > 0.1
    np.testing.assert_allclose(found[W] / 0.005, np.round(found[W] / 0.005), atol=1e-9)
