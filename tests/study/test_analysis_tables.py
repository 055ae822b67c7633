"""Analyses of tables of runs against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from twin.study.analysis.capability import capability, failure_probability, outside
from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.sensitivity import morris_design, morris_indices, sobol_design, sobol_indices, sobol_of
from twin.study.analysis.surface import fit_surface, main_effects
from twin.study.analysis.surrogate import fit_surrogate
from twin.study.analysis.table import Table

PI3 = ("x1", "x2", "x3")


def ishigami(x: np.ndarray, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    """Ishigami & Homma (1990)."""
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices(a: float = 7.0, b: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """First and total, from the decomposition of its variance."""
    one = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    two = a**2 / 8.0
    both = 8.0 * b**2 * math.pi**8 / 225.0
    total = one + two + both
    return np.array([one, two, 0.0]) / total, np.array([one + both, two, both]) / total


def g_function(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Saltelli & Sobol' (1995)."""
    return np.prod((np.abs(4.0 * x - 2.0) + a) / (1.0 + a), axis=1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sobol_indices_of_ishigami(seed: int) -> None:
    """Every exact value is within twice its 95 % interval: of six one may well lie outside the interval itself."""
    low, high = np.full(3, -math.pi), np.full(3, math.pi)
    x = sobol_design(PI3, low, high, 1024, second_order=True, seed=seed)
    found = sobol_indices(PI3, low, high, ishigami(x), second_order=True, seed=seed)
    first, total = ishigami_indices()
    assert found.second is not None
    assert found.second_interval is not None
    pairs = [(found.first, found.first_interval, first), (found.total, found.total_interval, total)]
    for got, width, exact in pairs:
        assert np.all(np.abs(got - exact) <= 2.0 * width + 1e-12)
        assert np.all(width < 0.15)
    assert abs(found.second[0, 2] - (total[0] - first[0])) <= 2.0 * found.second_interval[0, 2]


def test_sobol_intervals_cover() -> None:
    """Of 40 designs 95 % intervals hold the exact values of Ishigami's function in 85 % at least of the cases."""
    low, high = np.full(3, -math.pi), np.full(3, math.pi)
    first, total = ishigami_indices()
    inside = []
    for seed in range(40):
        found = sobol_of(ishigami, PI3, low, high, 256, seed=seed)
        inside += list(np.abs(found.first - first) <= found.first_interval)
        inside += list(np.abs(found.total - total)[:2] <= found.total_interval[:2])
    assert np.mean(inside) > 0.85


def test_intervals_follow_from_the_seed() -> None:
    """0 is a seed as every other: SALib takes it for none."""
    low, high = np.full(3, -math.pi), np.full(3, math.pi)
    found = [sobol_of(ishigami, PI3, low, high, 64, True, seed=seed) for seed in (0, 0, 1)]
    for name in ("first_interval", "total_interval", "second_interval"):
        one, same, other = (np.nan_to_num(np.asarray(getattr(each, name), dtype=float)) for each in found)
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


def test_sobol_indices_of_the_g_function() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])
    names = tuple(f"x{i}" for i in range(6))
    found = sobol_of(lambda x: g_function(x, a), names, np.zeros(6), np.ones(6), 2048, seed=5)
    part = 1.0 / (3.0 * (1.0 + a) ** 2)
    total = np.prod(1.0 + part) - 1.0
    first = part / total
    whole = part * np.prod(1.0 + part) / (1.0 + part) / total
    assert np.all(np.abs(found.first - first) <= 2.0 * found.first_interval)
    assert np.all(np.abs(found.total - whole) <= 2.0 * found.total_interval)
    assert np.all(np.abs(found.first - first) < 0.03)


def test_morris_effects_of_a_polynomial() -> None:
    """Of a linear function every effect is its slope over the range; an interaction shows as spread."""
    names, low, high = ("a", "b", "c"), np.array([0.0, -1.0, 10.0]), np.array([2.0, 1.0, 20.0])
    x = morris_design(names, low, high, 30, seed=1)
    linear = morris_indices(names, low, high, x, 3.0 * x[:, 0] - 2.0 * x[:, 1])
    assert linear.mu == pytest.approx([6.0, -4.0, 0.0], abs=1e-12)
    assert linear.mu_star == pytest.approx([6.0, 4.0, 0.0], abs=1e-12)
    assert linear.sigma == pytest.approx(0.0, abs=1e-12)
    product = morris_indices(names, low, high, x, x[:, 0] * x[:, 1])
    assert product.mu_star[2] == pytest.approx(0.0, abs=1e-12)
    assert np.all(product.sigma[:2] > 0.5)
    y = 3.0 * x[:, 0]
    y[5] = np.nan
    assert morris_indices(names, low, high, x, y).mu_star[0] == pytest.approx(6.0)


def test_surface_is_least_squares() -> None:
    """Coefficients, their errors and the error left out, against n fits without each point."""
    rng = np.random.default_rng(3)
    x = rng.uniform([0.0, 100.0], [2.0, 300.0], (40, 2))
    z = (x - 0.5 * (x.max(0) + x.min(0))) / (0.5 * np.ptp(x, axis=0))
    y = 5.0 + 2.0 * z[:, 0] - z[:, 1] + 0.5 * z[:, 0] * z[:, 1] + 3.0 * z[:, 1] ** 2
    exact = fit_surface(x, y, ("a", "b"))
    assert exact.names() == ["1", "a", "b", "a·b", "a²", "b²"]
    assert exact.coefficient == pytest.approx([5.0, 2.0, -1.0, 0.5, 0.0, 3.0], abs=1e-12)
    noisy = y + rng.normal(0.0, 0.2, 40)
    found = fit_surface(x, noisy, ("a", "b"))
    errors = []
    for i in range(40):
        rest = np.arange(40) != i
        matrix = np.column_stack([np.ones(40), z, z[:, 0] * z[:, 1], z**2])
        b = np.linalg.lstsq(matrix[rest], noisy[rest], rcond=None)[0]
        errors.append(noisy[i] - matrix[i] @ b)
    assert found.rmse_cv == pytest.approx(math.sqrt(np.mean(np.square(errors))), rel=1e-9)
    assert found.q2 == pytest.approx(1.0 - np.sum(np.square(errors)) / np.sum((noisy - noisy.mean()) ** 2), rel=1e-9)
    assert np.all(np.abs(found.coefficient - exact.coefficient) < 4.0 * found.standard_error)
    assert found.p_value[4] > 1e-3  # the square of a is not there
    assert found.p_value[5] < 1e-10
    mean, error = found.predict(x)
    assert np.sqrt(np.mean((mean - y) ** 2)) < 2.0 * error.mean()


def test_surface_names_what_a_design_cannot_tell_apart() -> None:
    half = np.array([[-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]] * 3, dtype=float)  # c = a b
    with pytest.raises(AnalysisError, match="a·b, a·c, b·c"):
        fit_surface(half, half[:, 0] + np.arange(12), ("a", "b", "c"), order=1)
    with pytest.raises(AnalysisError, match="no variance"):
        fit_surface(half, np.ones(12), ("a", "b", "c"), order=1)


def test_main_effects_of_a_factorial() -> None:
    x = np.array([[a, b] for a in (0.0, 1.0) for b in (0.0, 1.0, 2.0)])
    (a, mean, _), (b, other, _) = main_effects(x, 10.0 * x[:, 0] + x[:, 1] ** 2)
    assert list(a) == [0.0, 1.0]
    assert mean[1] - mean[0] == pytest.approx(10.0)
    assert list(b) == [0.0, 1.0, 2.0]
    assert other - other[0] == pytest.approx([0.0, 1.0, 4.0])


def test_surrogate_says_how_wrong_it_is() -> None:
    """The error left out is that of new points, and 95 % intervals hold about so many of them."""
    rng = np.random.default_rng(7)

    def truth(x: np.ndarray) -> np.ndarray:
        return np.sin(3.0 * x[:, 0]) + 0.5 * x[:, 1] ** 2

    x, new = rng.uniform(0.0, 2.0, (80, 3)), rng.uniform(0.0, 2.0, (2000, 3))
    found = fit_surrogate(x, truth(x) + rng.normal(0.0, 0.05, 80), ("a", "b", "c"))
    mean, deviation = found.predict(new, noise=True)
    y = truth(new) + rng.normal(0.0, 0.05, 2000)
    assert found.q2 > 0.95
    assert found.rmse_cv == pytest.approx(float(np.sqrt(np.mean((mean - y) ** 2))), rel=0.4)
    assert 0.88 < np.mean(np.abs(mean - y) < 1.96 * deviation) <= 1.0
    assert found.lengths[2] > 5.0 * found.lengths[0]  # c does nothing
    indices = sobol_of(found, ("a", "b", "c"), np.zeros(3), np.full(3, 2.0), 512)
    assert indices.total[2] < 0.02


def test_errors_of_points_left_out_are_those_of_a_closed_form() -> None:
    """Each point left out in turn: what is missed is (K⁻¹u)ᵢ / (K⁻¹)ᵢᵢ, its variance 1/(K⁻¹)ᵢᵢ (Rasmussen, 5.10)."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0.0, 1.0, (14, 1))
    y = np.sin(9.0 * x[:, 0]) + 0.1 * rng.normal(size=14)
    found = fit_surrogate(x, y, ("a",), folds=14)
    u = (y - y.mean()) / y.std()
    inverse = np.linalg.inv(found.model.kernel_((x - x.min()) / np.ptp(x)))
    off = inverse @ u / np.diag(inverse)
    assert found.rmse_cv == pytest.approx(y.std() * np.sqrt(np.mean(off**2)), rel=1e-6)
    assert found.q2 == pytest.approx(1.0 - np.mean(off**2), rel=1e-6)
    held = np.abs(off) <= 1.959963984540054 / np.sqrt(np.diag(inverse))
    assert found.coverage_cv == pytest.approx(held.mean())


def test_capability_in_closed_form() -> None:
    """Of a sample made to have mean 10 and deviation 1; intervals cover a known process."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    y = 10.0 + (y - y.mean()) / y.std(ddof=1)
    found = capability(y, 7.0, 14.0)
    assert found.cp == pytest.approx(7.0 / 6.0)
    assert found.cpk == pytest.approx(1.0)
    assert found.ppm_normal == pytest.approx(1e6 * (stats.norm.sf(4.0) + stats.norm.sf(3.0)), rel=1e-9)
    hits = [0, 0]
    for _ in range(1000):
        sample = capability(rng.normal(10.0, 1.0, 30), 7.0, 14.0)
        hits[0] += sample.cp_interval[0] <= 7.0 / 6.0 <= sample.cp_interval[1]
        hits[1] += sample.cpk_interval[0] <= 1.0 <= sample.cpk_interval[1]
    assert 930 <= hits[0] <= 970  # binomial: 950 ± 3 · 7
    assert 920 <= hits[1] <= 975  # approximate interval
    one = capability(y, low=7.0)
    assert math.isnan(one.cp)
    assert one.cpk == pytest.approx(1.0)


def test_failure_probability_in_closed_form() -> None:
    """P(N(0, 1) > 2) and its standard error; none in n still leaves 1 − 0.025^(1/n)."""
    rng = np.random.default_rng(11)
    found = failure_probability(rng.normal(size=20_000) > 2.0)
    exact = stats.norm.sf(2.0)
    assert found.standard_error == pytest.approx(math.sqrt(exact * (1 - exact) / 20_000), rel=0.1)
    assert abs(found.probability - exact) < 4.0 * found.standard_error
    assert found.interval[0] < exact < found.interval[1]
    none = failure_probability(np.zeros(100, dtype=bool))
    assert none.interval == (0.0, pytest.approx(1.0 - 0.025**0.01))
    bad = outside(np.array([[1.0, 5.0], [np.nan, 5.0], [1.0, 9.0]]), np.array([0.0, np.nan]), np.array([np.nan, 8.0]))
    assert list(bad) == [False, True, True]


def test_a_table_says_what_is_wrong_with_it() -> None:
    table = Table(np.zeros((3, 2)), np.full((3, 1), np.nan), ("first.tau", "second.tau"), ("yield",))
    with pytest.raises(AnalysisError, match="no factor varies"):
        table.varied()
    with pytest.raises(AnalysisError, match="all 3 failed"):
        table.usable("yield")
    with pytest.raises(AnalysisError, match="Did you mean 'yield'"):
        table.response("yeild")
