"""Estimates whose answers are known: linear models in closed form, and published pyrolysis of oil shale."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.validation.test_oil_shale import closed_form, data
from twin.study.analysis.discriminate import discriminate
from twin.study.analysis.estimate import Fitting, Parameter, fit
from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.regions import bootstrap, profile

T = np.linspace(0.0, 10.0, 30)


def line(theta: np.ndarray) -> np.ndarray:
    return theta[:, :1] + theta[:, 1:2] * T


def lined(seed: int = 0, known: bool = False) -> Fitting:
    y = 2.0 + 0.5 * T + np.random.default_rng(seed).normal(0.0, 0.3, len(T))
    parameters = (Parameter("a", -10.0, 10.0), Parameter("b", -5.0, 5.0))
    return Fitting(parameters, line, y, np.full(len(T), 0.3), known=known)


def decay(theta: np.ndarray) -> np.ndarray:
    return theta[:, :1] * np.exp(-theta[:, 1:2] * T)


def decaying(seed: int, sigma: float = 0.05) -> Fitting:
    y = 2.0 * np.exp(-0.4 * T) + np.random.default_rng(seed).normal(0.0, sigma, len(T))
    parameters = (Parameter("c", 0.1, 10.0, log=True), Parameter("k", 0.01, 5.0, log=True))
    return Fitting(parameters, decay, y, np.ones(len(T)))


def test_a_straight_line_in_closed_form() -> None:
    """Estimates, Fisher's errors, profiles and criteria of linear regression; of a line a profile is Student's."""
    fitting = lined()
    found = fit(fitting, starts=3)
    matrix = np.column_stack([np.ones(len(T)), T])
    b, squares, *_ = np.linalg.lstsq(matrix, fitting.data, rcond=None)
    s2 = squares[0] / (len(T) - 2)
    error = np.sqrt(np.diag(s2 * np.linalg.inv(matrix.T @ matrix)))
    assert found.theta == pytest.approx(b, rel=1e-7)
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    half = stats.t.ppf(0.975, len(T) - 2) * error
    assert found.interval == pytest.approx(np.column_stack([b - half, b + half]), rel=1e-6)
    assert found.variance == pytest.approx(s2 / 0.09)
    for i, name in enumerate(("a", "b")):
        along = profile(found, name)
        assert along.identifiable
        assert along.interval == pytest.approx((b[i] - half[i], b[i] + half[i]), rel=1e-4)
    n, k = len(T), 3
    assert found.criteria()["AIC"] == pytest.approx(n * math.log(found.squares / n) + 2 * k)
    assert found.criteria()["BIC"] == pytest.approx(n * math.log(found.squares / n) + k * math.log(n))


def test_known_errors_give_normal_intervals() -> None:
    found = fit(lined(known=True), starts=1)
    matrix = np.column_stack([np.ones(len(T)), T])
    error = np.sqrt(np.diag(0.09 * np.linalg.inv(matrix.T @ matrix)))
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    assert found.variance == 1.0


def test_weights_and_missing_values() -> None:
    """A value that is missing is as if it were not there; one with a tenth of the error counts a hundred times."""
    fitting = lined()
    data_, sigma = fitting.data.copy(), np.full(len(T), 1.0)
    data_[::2] = np.nan
    sigma[1] = 0.1
    found = fit(Fitting(fitting.parameters, line, data_, sigma), starts=1)
    weight = 1.0 / sigma[1::2]
    matrix = np.column_stack([np.ones(15), T[1::2]]) * weight[:, None]
    assert found.theta == pytest.approx(np.linalg.lstsq(matrix, data_[1::2] * weight, rcond=None)[0], rel=1e-6)
    assert found.n == 15


def test_regions_cover_what_they_say() -> None:
    """Of 200 repetitions 95 % intervals and the joint region of a decay hold the truth in 92 to 98 %."""
    inside, joint = [], []
    for seed in range(200):
        found = fit(decaying(seed), starts=1)
        inside.append((found.interval[:, 0] <= [2.0, 0.4]) & ([2.0, 0.4] <= found.interval[:, 1]))
        joint.append(found.in_region(np.array([2.0, 0.4])))
    assert np.all(np.abs(np.mean(inside, axis=0) - 0.95) <= 0.03)
    assert abs(np.mean(joint) - 0.95) <= 0.03


def test_profile_and_bootstrap_agree_with_fisher_where_noise_is_small() -> None:
    found = fit(decaying(5, 0.01), starts=1)
    again = bootstrap(found, 150, seed=1)
    for i, name in enumerate(("c", "k")):
        width = found.interval[i, 1] - found.interval[i, 0]
        along = profile(found, name).interval
        assert along == pytest.approx(tuple(found.interval[i]), abs=0.03 * width)
        assert again.interval[i] == pytest.approx(found.interval[i], abs=0.25 * width)


def test_the_bootstrap_draws_within_a_series_and_widens_what_a_fit_has_taken() -> None:
    """Two means of three values: each spreads by its own residuals, widened by √(6/4), over √3; 3 % by chance."""
    data = np.array([9.0, 10.0, 11.0, 99.0, 100.0, 101.6])
    group = np.repeat([0, 1], 3)
    parameters = (Parameter("a", 0.0, 20.0, 5.0), Parameter("b", 50.0, 150.0, 90.0))
    found = fit(Fitting(parameters, lambda theta: theta[:, group], data, np.ones(6), group), starts=1)
    drawn = bootstrap(found, 600)
    for i in (0, 1):
        exact = data[group == i].std() * math.sqrt(6.0 / 4.0) / math.sqrt(3.0)
        assert drawn.theta[:, i].std() == pytest.approx(exact, rel=0.09)
    one = replace(found, fitting=replace(found.fitting, data=np.where(group == 0, 10.0 + 1e-3 * (data - 10.0), data)))
    small = replace(one, residuals=np.where(group == 0, 1e-3 * found.residuals, found.residuals))
    assert bootstrap(small, 50).theta[:, 0].std() < 2e-3  # nothing of the other series' residuals


def test_what_the_data_do_not_say_is_named() -> None:
    """Only the product of two factors shows: the direction is named, no error is stated, no profile closes."""
    y = 3.0 * np.exp(-0.4 * T) + np.random.default_rng(0).normal(0.0, 0.01, len(T))
    parameters = (Parameter("f", 0.1, 10.0, log=True), Parameter("g", 0.1, 10.0, log=True), Parameter("k", 0.1, 2.0))
    found = fit(
        Fitting(parameters, lambda v: v[:, :1] * v[:, 1:2] * np.exp(-v[:, 2:] * T), y, np.ones(len(T))), starts=1
    )
    assert found.collinearity > 1e4
    assert len(found.blind) == 1
    assert set(found.blind[0]) == {"f", "g"}
    assert not np.isfinite(found.standard_error[:2]).any()
    assert found.standard_error[2] < 0.01
    assert not profile(found, "f").identifiable
    assert profile(found, "k").identifiable


def test_several_starts_find_the_better_minimum() -> None:
    y = np.sin(2.0 * T)
    parameters = (Parameter("omega", 0.2, 4.0, start=0.5),)
    one = Fitting(parameters, lambda v: np.sin(v * T), y, np.ones(len(T)))
    assert fit(one, starts=1).squares > 1.0
    found = fit(one, starts=20)
    assert found.theta[0] == pytest.approx(2.0, rel=1e-6)
    assert found.starts[0][0] <= found.starts[-1][0]


def test_models_are_told_apart() -> None:
    """Data of a line: a parabola fits better and is worth less; a constant is out. Series of different data refuse."""
    fitting = lined(3)
    made = {
        "constant": Fitting((Parameter("a", -10, 10),), lambda v: v[:, :1] + 0.0 * T, fitting.data, fitting.sigma),
        "line": fitting,
        "parabola": Fitting(
            (*fitting.parameters, Parameter("c", -1, 1)),
            lambda v: line(v) + v[:, 2:3] * T**2,
            fitting.data,
            fitting.sigma,
        ),
    }
    ranks = discriminate({name: fit(one, starts=1) for name, one in made.items()})
    assert [rank.name for rank in ranks] == ["line", "parabola", "constant"]
    assert sum(rank.weight for rank in ranks) == pytest.approx(1.0)
    assert ranks[2].cv > 3.0 * ranks[0].cv
    assert ranks[0].cv == pytest.approx(1.0, abs=0.3)
    with pytest.raises(AnalysisError, match="different data"):
        discriminate({"a": fit(fitting, 1), "b": fit(lined(4), 1)})


def test_oil_shale_at_673_K_from_afar() -> None:
    """The independent fit's ln k -4.165410, -4.724128, -4.597336, -4.001564 and its sum of squares, from any start."""
    t, measured = data(673)
    late = np.maximum(t - 5.0, 0.0)
    names = ("A -> B", "A -> C", "B -> C", "B -> D")

    def model(k: np.ndarray) -> np.ndarray:
        return np.array([np.ravel(closed_form(np.log(row), late)) for row in k])

    # the closed form has no value where both ways out of A are as fast as those out of B: starts differ
    first = (0.02, 0.01, 0.005, 0.03)
    parameters = tuple(Parameter(n, 1e-4, 1.0, v, log=True, unit="1/min") for n, v in zip(names, first))
    found = fit(Fitting(parameters, model, np.ravel(measured), np.ones(2 * len(t))), starts=6, seed=2)
    assert np.log(found.theta) == pytest.approx([-4.165410, -4.724128, -4.597336, -4.001564], abs=1e-4)
    assert found.squares == pytest.approx(0.00990033, abs=6e-9)
    assert np.all(np.isfinite(found.standard_error))


def test_bad_estimations_are_named() -> None:
    with pytest.raises(AnalysisError, match="more than 2 data"):
        fit(Fitting(lined().parameters, line, np.full(len(T), np.nan), np.ones(len(T))))
    with pytest.raises(AnalysisError, match="above 0"):
        fit(Fitting((Parameter("a", -1.0, 1.0, log=True), Parameter("b", 0.0, 1.0)), line, lined().data, np.ones(30)))
    with pytest.raises(AnalysisError, match="at all 3 starts"):
        fit(Fitting(lined().parameters, lambda v: line(v) * np.nan, lined().data, np.ones(30)), starts=3)
