"""Sizes below which lie a tenth, half and nine tenths of the volume of known distributions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.registry.carriers import plain_kernels
from tests.unit_ops.sensing.rig import Told, told
from unit_ops.sensing import laser_diffraction

PLANT = """\
twin: 1
fluids: [water]
solids: [paracetamol]
grids:
  bins: {edges: [0 um, 100 um, 200 um, 400 um]}
units:
  sensor: {model: sensing.laser_diffraction, params: {crystal: paracetamol, period: 1 s, %s}}
feeds:
  slurry: {T: 20 degC, m_flow_solid: 10 g/s, m_flow: {water: 100 g/s}, m_flow_crystals: [2 g/s, 4 g/s, 4 g/s]}
connections:
  - slurry -> sensor.feed
  - sensor.product -> out
products: [out]
"""
#: A fifth below 100 um, two fifths up to 200 um, two fifths up to 400 um: by hand.
SIZES = {"sensor.d10_measured": 50e-6, "sensor.d50_measured": 175e-6, "sensor.d90_measured": 350e-6}


def test_a_log_normal_distribution_on_a_fine_grid() -> None:
    """Median and spread of a distribution by volume: d10 and d90 lie exp(1.2816 s) either side of the median."""
    from scipy.stats import norm

    edges = np.geomspace(1e-6, 1e-2, 400)
    flow = np.diff(norm.cdf(np.log(edges / 2e-4) / 0.5))
    kernels = plain_kernels(laser_diffraction)
    for part, sign in ((0.1, -1.0), (0.5, 0.0), (0.9, 1.0)):
        d = kernels.size_below(part, flow, float(np.sum(flow)), edges)
        # linear within classes 2.3 % wide: off by an eighth of the square of that, times the curvature of 3.6
        assert d == pytest.approx(2e-4 * np.exp(sign * 0.5 * 1.2815515655), rel=2.5e-4)


def run(folder: Path, params: str, events: str = "", **options: object) -> Told:
    return told(folder, PLANT % params, events, **options)  # type: ignore[arg-type]


def test_sizes_of_a_coarse_distribution(tmp_path: Path) -> None:
    found = run(tmp_path, "noise: 0")
    for name, size in SIZES.items():
        np.testing.assert_allclose(found[name], size, rtol=1e-12)


def test_delay_bias_and_standing_still(tmp_path: Path) -> None:
    stop = "{at: 20 s, set: {slurry.m_flow_crystals: {0: 0 g/s, 1: 0 g/s, 2: 0 g/s}, slurry.m_flow_solid: 0 g/s}}"
    found = run(tmp_path, "delay: 3 s, bias: 0.1, drift: 1e-3 1/s", stop)
    drawn = np.minimum(np.floor(found.time) - 3.0, 19.0)
    told_by_now = drawn >= 0.0
    for name, size in SIZES.items():
        np.testing.assert_allclose(found[name][told_by_now], (size * (1.1 + 1e-3 * drawn))[told_by_now], rtol=1e-9)
        np.testing.assert_array_equal(found[name][~told_by_now], 0.0)


def test_noise_is_common_to_the_three_sizes_and_seeded(tmp_path: Path) -> None:
    found, again = (run(tmp_path, "noise: 0.05", duration=1000.0) for _ in range(2))
    d10, d50 = found["sensor.d10_measured"], found["sensor.d50_measured"]
    np.testing.assert_array_equal(d50, again["sensor.d50_measured"])
    np.testing.assert_allclose(d10 / 50e-6, d50 / 175e-6, rtol=1e-12)
    assert np.std(d50 / 175e-6) == pytest.approx(0.05, rel=0.12)
