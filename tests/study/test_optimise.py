"""Optima that are known in closed form, found within a number of runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.optimise import Problem, front_volume, optimise, pareto, robust


def circle(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise x + y within the unit circle: −√2."""
    return x.sum(axis=1)[:, None], (np.sum(x**2, axis=1) - 1.0)[:, None]


def problem(function=circle, **more) -> Problem:  # type: ignore[no-untyped-def]
    return Problem(("a", "b"), np.full(2, -2.0), np.full(2, 2.0), function, **{"constraints": ("inside",), **more})


@pytest.mark.parametrize(("method", "tolerance"), [("global", 0.05), ("local", 1e-3), ("both", 1e-3)])
def test_a_constrained_optimum(method: str, tolerance: float) -> None:
    asked = []

    def counted(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        asked.append(len(x))
        return circle(x)

    found = optimise(problem(counted), method, 300, seed=3)
    assert sum(asked) == len(found.runs) <= 300
    assert len(np.unique(found.runs, axis=0)) == len(found.runs)
    assert found.constraints.max() <= 0.0
    assert found.objectives[0, 0] == pytest.approx(-math.sqrt(2.0), abs=tolerance)
    again = optimise(problem(), method, 300, seed=3)
    assert np.array_equal(again.runs, found.runs)
    assert found.history()[-1] == found.objectives[0, 0]


def test_a_global_optimum_among_many() -> None:
    """Rastrigin's function: 25 minima in the square."""

    def rastrigin(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (20.0 + np.sum(x**2 - 10.0 * np.cos(2.0 * math.pi * x), axis=1))[:, None], np.empty((len(x), 0))

    found = optimise(problem(rastrigin, constraints=()), "both", 400, seed=1)
    assert found.objectives[0, 0] < 0.05


def test_failed_runs_are_avoided() -> None:
    def broken(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        f, g = circle(x)
        f[x[:, 0] < -0.5] = np.nan
        return f, g

    found = optimise(problem(broken), "both", 400, seed=2)
    assert found.x[0, 0] >= -0.5
    assert found.objectives[0, 0] == pytest.approx(-0.5 - math.sqrt(0.75), abs=0.05)


def test_two_objectives() -> None:
    """x² and (x − 2)² with y² added: the front is y = 0, 0 ≤ x ≤ 2, √f1 + √f2 = 2."""

    def both(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y = x[:, 1] ** 2
        return np.column_stack([x[:, 0] ** 2 + y, (x[:, 0] - 2.0) ** 2 + y]), np.empty((len(x), 0))

    found = optimise(problem(both, constraints=(), objectives=("near 0", "near 2")), "multi", 600, seed=1)
    assert len(found.x) > 15
    assert pareto(found.objectives).all()
    assert np.median(np.sqrt(found.objectives).sum(axis=1)) == pytest.approx(2.0, abs=0.02)
    exact = 16.0 - 8.0 / 3.0  # of the square of 4: ∫ (4 − (2 − √f)²) df over 0…4
    assert front_volume(found.objectives, (4.0, 4.0)) == pytest.approx(exact, rel=0.05)


def test_a_robust_optimum_keeps_its_distance() -> None:
    """Maximise x while x + θ ≤ 1 with a chance of 0.9, θ uniform on ±0.5: x = 0.6, not 1."""
    theta = (np.arange(101) / 100.0 - 0.5)[:, None]

    def uncertain(x: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -x[:, :1] + 0.01 * x[:, 1:] ** 2, x[:, :1] + draws - 1.0

    found = optimise(problem(robust(uncertain, theta, chance=0.9)), "both", 300)
    assert found.x[0, 0] == pytest.approx(0.6, abs=0.01)
    worst = optimise(problem(robust(uncertain, theta, "worst")), "both", 300)
    assert worst.x[0, 0] == pytest.approx(0.5, abs=0.01)


def test_what_is_made_of_the_draws() -> None:
    """x + d with d of -1, 0 and 4; a constraint x + d - 5, of which the part that is asked for has to be kept."""
    draws = np.array([[-1.0], [0.0], [4.0]])

    def function(x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x + d, x + d - 5.0

    x = np.array([[2.0], [3.0]])
    for how, expected in (("worst", 4.0), ("quantile", 0.0), ("mean", 1.0 + 2.0 * np.std([-1.0, 0.0, 4.0], ddof=1))):
        objective, kept = robust(function, draws, how, spread=2.0, chance=0.5)(x)
        assert objective == pytest.approx(x + expected), how
        assert kept == pytest.approx(x - (1.0 if how == "worst" else 5.0)), how


def test_bad_problems_are_named() -> None:
    with pytest.raises(AnalysisError, match="no method"):
        optimise(problem(), "best")
    with pytest.raises(AnalysisError, match="use multi"):
        optimise(problem(objectives=("a", "b")), "global")
    with pytest.raises(AnalysisError, match="runs failed"):
        optimise(problem(lambda x: (np.full((len(x), 1), np.nan), np.zeros((len(x), 1)))), "global", 40)
    none = optimise(problem(lambda x: (x[:, :1], np.ones((len(x), 1)))), "both", 60)
    assert not len(none.x)
    assert "contradict" in none.message
