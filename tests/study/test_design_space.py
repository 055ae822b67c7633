"""Design spaces whose probability and largest box are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from twin.study.analysis.design_space import Limits, edge_map, explore, largest_box, one_factor_ranges
from twin.study.analysis.needs import AnalysisError


def ball(x: np.ndarray) -> np.ndarray:
    """1 within the unit ball."""
    return (np.sum(x**2, axis=1) <= 1.0).astype(float)


@pytest.mark.parametrize(("k", "exact"), [(2, 0.5), (3, 3.0**-1.5), (4, 1.0 / 16.0)])
def test_largest_box_in_a_ball(k: int, exact: float) -> None:
    """A cube of side 2/√k; the grid costs each side up to one interval."""
    low, high = -np.ones(k), np.ones(k)
    box = largest_box(ball, low, high, points={2: 101, 3: 41, 4: 21}[k])
    assert box is not None
    interval = 2.0 / ({2: 101, 3: 41, 4: 21}[k] - 1)
    side = 2.0 / math.sqrt(k)
    assert box.volume <= exact + 1e-12
    assert box.volume >= ((side - 2.0 * interval) / 2.0) ** k
    assert box.least == 1.0


def test_largest_box_under_a_line() -> None:
    """Of x/4 + y ≤ 1 in the unit square of x/4: half by half, a quarter; nothing where nothing is good."""
    box = largest_box(
        lambda x: (x[:, 0] / 4.0 + x[:, 1] <= 1.0 + 1e-9).astype(float), np.zeros(2), np.array([4.0, 1.0])
    )
    assert box is not None
    assert box.volume == pytest.approx(0.25, abs=1e-9)
    assert largest_box(lambda x: np.zeros(len(x)), np.zeros(2), np.ones(2)) is None


def test_one_factor_ranges_promise_too_much() -> None:
    """From the centre of a disc each factor may move by 1: of that square 1 − π/4 fails."""
    found = one_factor_ranges(ball, -1.5 * np.ones(2), 1.5 * np.ones(2), np.zeros(2))
    assert found.low == pytest.approx([-1.0, -1.0], abs=0.01)
    assert found.high == pytest.approx([1.0, 1.0], abs=0.01)
    assert found.failing == pytest.approx(1.0 - math.pi / 4.0, abs=0.03)
    with pytest.raises(AnalysisError, match="good enough"):
        one_factor_ranges(ball, -1.5 * np.ones(2), 1.5 * np.ones(2), np.ones(2))


def test_sampling_finds_the_edge() -> None:
    """A disc of two factors: with 60 runs less than 3 % of the square is on the wrong side, and runs gather there."""
    low, high = -1.5 * np.ones(2), 1.5 * np.ones(2)
    runs = []

    def function(x: np.ndarray) -> np.ndarray:
        runs.append(len(x))
        return np.column_stack([x[:, 0] ** 2 + x[:, 1] ** 2, x[:, 0] + 10.0])

    limits = Limits(np.array([-np.inf, 0.0]), np.array([1.0, np.inf]))
    found = explore(function, low, high, limits, budget=60, batch=15, stop=0.001)
    assert sum(runs) == len(found.x) <= 60
    points = low + stats.qmc.Sobol(2, rng=1).random_base2(12) * (high - low)
    wrong = np.mean((found.space.probability(points) >= 0.5) != (ball(points) > 0.5))
    assert wrong < 0.03
    if found.rounds:
        late = np.abs(np.sqrt(found.y[16:, 0]) - 1.0)
        assert np.median(late) < np.median(np.abs(np.sqrt(found.y[:16, 0]) - 1.0))
    first, second, P = edge_map(found.space.probability, low, high, (0, 1), np.zeros(2), 21)
    assert P.shape == (21, 21)
    assert P[10, 10] > 0.99
    assert P[0, 0] < 0.01
    assert first[10] == second[10] == 0.0


def test_probability_with_an_uncertain_parameter() -> None:
    """y = x − θ ≤ 0, θ of N(0, 0.2): P = Φ(−x/0.2)."""
    theta = stats.norm.ppf((np.arange(200) + 0.5) / 200.0)[:, None] * 0.2
    limits = Limits(np.array([-np.inf]), np.array([0.0]))
    found = explore(
        lambda x: x[:, :1] - x[:, 1:2], -np.ones(1), np.ones(1), limits, parameters=theta, budget=24, start=20
    )
    x = np.linspace(-0.4, 0.4, 9)[:, None]
    assert found.space.probability(x) == pytest.approx(stats.norm.cdf(-x[:, 0] / 0.2), abs=0.01)


def test_runs_that_all_fail_are_named() -> None:
    limits = Limits(np.array([0.0]), np.array([1.0]))
    with pytest.raises(AnalysisError, match="runs failed"):
        explore(lambda x: np.full((len(x), 1), np.nan), np.zeros(2), np.ones(2), limits)


def test_where_runs_break_off_is_not_in_the_space() -> None:
    """Every run that ends keeps its limit, but beyond x = 0.3 none ends: the box ends there."""
    limits = Limits(np.array([-np.inf]), np.array([10.0]))

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(x[:, :1] > 0.3, np.nan, x[:, :1] + x[:, 1:2])

    low, high = -np.ones(2), np.ones(2)
    found = explore(function, low, high, limits, budget=60)
    box = largest_box(found.space.probability, low, high)
    assert box is not None
    assert box.low == pytest.approx([-1.0, -1.0])
    assert 0.0 < box.high[0] <= 0.31
    assert box.high[1] == pytest.approx(1.0)


def test_what_constraints_forbid_is_not_run_and_not_in_the_space() -> None:
    limits = Limits(np.array([-np.inf]), np.array([10.0]))
    asked = []

    def function(x: np.ndarray) -> np.ndarray:
        asked.append(x)
        return x.sum(axis=1, keepdims=True) ** 3

    low, high = np.zeros(2), np.ones(2)
    found = explore(
        function, low, high, limits, budget=40, allowed=lambda x: x[:, 0] + x[:, 1] <= 1.0, stop=0.0, batch=12
    )
    assert np.all(np.vstack(asked).sum(axis=1) <= 1.0)
    box = largest_box(found.space.probability, low, high)
    assert box is not None
    assert box.volume == pytest.approx(0.25, abs=0.03)  # of the grid's spacing of 1/80
    with pytest.raises(AnalysisError, match="keep the constraints"):
        explore(function, low, high, limits, allowed=lambda x: np.zeros(len(x), dtype=bool))


class Known:
    """A surrogate that says x, and how sure it is of it."""

    scale = 1.0

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x[:, 0], np.full(len(x), 0.5)


def test_the_surrogates_error_counts() -> None:
    """P of a mean at its limit is a half, of one 1.2816 deviations within it 0.9; between two limits both count."""
    from twin.study.analysis.design_space import Space

    x = np.array([[1.0], [1.0 + 1.2815516 * 0.5]])
    space = Space([Known()], Limits(np.array([1.0]), np.array([np.inf])))  # type: ignore[list-item]
    assert space.probability(x) == pytest.approx([0.5, 0.9], abs=1e-6)
    between = Space([Known()], Limits(np.array([0.0]), np.array([2.0])))  # type: ignore[list-item]
    assert between.probability(x[:1]) == pytest.approx([0.9544997], abs=1e-6)
