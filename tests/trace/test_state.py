"""State of control: rest is not called too early, charts and capability by hand, excursions with their disposition."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.trace.plants import TAU, blender
from twin.trace.replay import replay
from twin.trace.rtd import residence
from twin.trace.state import averaging_interval, capability, chart, deviations, means, steady

T = np.arange(0.0, 3601.0, 10.0)


def test_rest_is_not_called_while_something_drifts() -> None:
    """A drift of exactly the tolerance, with noise, a thousand windows: called steady in at most 2.5 %."""
    random = np.random.default_rng(11)
    t = np.arange(0.0, 610.0, 10.0)
    called = 0
    for _ in range(1000):
        x = 1.0 / 600.0 * t + 0.3 * random.standard_normal(len(t))
        called += bool(steady(t, x, 600.0, 1.0)[-1])
    # binomial of 1000 at 2.5 %: 25 ± 5, and a little for the t distribution of 59 degrees of freedom
    assert called <= 45


def test_rest_is_found_after_a_start_up() -> None:
    """First order of 300 s towards 1: over 600 s it drifts by less than 0.01 from t = 2020 s on, about."""
    found = steady(T, 1.0 - np.exp(-T / 300.0), 600.0, 0.01)
    first = float(T[np.argmax(found)])
    # the regression's slope lies between those at the window's ends, whose drifts pass 0.01 at 1590 and 2190 s
    assert 1590.0 < first < 2700.0
    assert found[-1]
    assert not found[: int(first / 10.0)].any()


def test_averaging_hides_no_more_than_mixing(tmp_path: Path) -> None:
    """Three tanks of 60 s: variance 1200 s², so 120 s."""
    _, found = replay(blender(tmp_path, 3, "duration: 20 min\nrecord: 60 s\n"))
    curve = residence(found["total"], "powder", "blend", 0.0, steady=True)
    assert averaging_interval(curve) == pytest.approx(math.sqrt(12.0 * TAU**2 / 3.0), rel=1e-6)


def test_means_are_weighted_with_what_flows() -> None:
    x = np.where(T < 1800.0, 1.0, 3.0)
    flow = np.where(T < 1800.0, 1.0, 0.0)
    time, mean = means(T, x, 1200.0, flow)
    assert time.tolist() == [1200.0, 2400.0, 3600.0]
    assert mean[0] == pytest.approx(1.0)
    assert mean[1] == pytest.approx(1.0, abs=0.02)  # one interval of 10 s lies across the jump
    assert np.isnan(mean[2])


def test_chart_and_rules() -> None:
    """Alternating ±1: moving range 2, sigma 2/1.128; then a point beyond three of them, and eight on one side."""
    mean = np.array([1.0, -1.0] * 20 + [6.0] + [0.5] * 8)
    found = chart(np.arange(len(mean)), mean, slice(0, 40))
    assert found.centre == 0.0
    assert found.sigma == pytest.approx(2.0 / 1.128379167)
    assert found.broken[40] == (1,)
    assert 4 in found.broken[48]
    assert all(hits == () for hits in found.broken[:40])


def test_capability_by_hand() -> None:
    """Mean 0.5, moving range 1 and sigma 0.886 from it; limits −2 and 4."""
    x = np.array([0.0, 1.0] * 25)
    found = capability(x, -2.0, 4.0)
    within = 1.0 / 1.128379167
    assert found.Cp == pytest.approx(6.0 / (6.0 * within))
    assert found.Cpk == pytest.approx(2.5 / (3.0 * within))
    assert found.Ppk == pytest.approx(2.5 / (3.0 * float(x.std(ddof=1))))
    low, high = found.Cpk_interval
    assert low < found.Cpk < high
    # Bissell: 1.96 √(1/9n + Cpk²/2(n−1))
    assert high - found.Cpk == pytest.approx(1.96 * math.sqrt(1.0 / 450.0 + found.Cpk**2 / 98.0), rel=1e-4)


def test_an_excursion_becomes_a_record() -> None:
    mean = np.array([0.2, 0.2, 0.23, 0.25, 0.2, 0.15])
    time = 600.0 * np.arange(1, 7)
    gate = (T >= 1200.0) & (T <= 2400.0)
    found = deviations("press.api_content", time, mean, 600.0, 0.18, 0.22, T, np.full(len(T), 0.01), gate)
    first, second = found
    assert (first.start, first.end, first.peak, first.alarm) == (1200.0, 2400.0, 0.25, 1800.0)
    assert first.mass == pytest.approx(12.0)
    assert first.disposition == "diverted"
    assert (second.disposition, second.peak, second.number) == ("accepted", 0.15, 2)
