"""Designs against what is known of them."""

import itertools

import numpy as np
import pytest

from tests.study.studies import doses
from twin.errors import ConfigError
from twin.study.designs import resolution_of, rows, seeds, two_level
from twin.study.distributions import quantile
from twin.study.reading import load_study

SIX = {
    f"spirit.m_flow.{name}": {"from": f"{i + 1} g/s", "to": f"{2 * i + 4} g/s"}
    for i, name in enumerate(("ethanol", "water"))
}
SIX |= {
    "spirit.T": {"from": "10 degC", "to": "30 degC"},
    "first.tau": {"from": "30 s", "to": "90 s"},
    "second.tau": {"from": "30 s", "to": "90 s"},
    "split.fraction": {"from": 0.1, "to": 0.3},
}


def _rows(design, factors=SIX, **more):
    study = load_study(doses(factors=factors, design=design, **more))
    return study, rows(study)


def _coded(study, X):
    low, high = (np.array([getattr(f.column, end) for f in study.factors]) for end in ("low", "high"))
    return (2.0 * X - low - high) / (high - low)


def test_full_factorial_has_every_combination_once():
    few = {"first.tau": SIX["first.tau"], "second.tau": {"levels": ["30 s", "45 s", "90 s"]}}
    study, X = _rows({"kind": "full_factorial", "levels": 4, "center": 2}, few)
    assert X.shape == (14, 2)
    assert len({tuple(row) for row in X[:12].tolist()}) == 12
    np.testing.assert_array_equal(X[12:], [[60.0, 60.0]] * 2)


@pytest.mark.parametrize(
    ("factors", "resolution", "runs"),
    [(3, 3, 4), (4, 4, 8), (5, 5, 16), (6, 3, 8), (7, 3, 8), (7, 4, 16), (8, 4, 16), (6, 4, 16), (8, 5, 64)],
)
def test_fractions_have_the_published_number_of_runs(factors, resolution, runs):
    # Box, Hunter and Hunter, Statistics for Experimenters (2005), table 6.22
    words = two_level(factors, resolution)
    assert 2 ** (factors - len(words)) == runs
    assert resolution_of(factors - len(words), words) >= resolution


def test_a_fractional_factorial_is_balanced_and_orthogonal():
    study, X = _rows({"kind": "fractional_factorial", "resolution": 4})
    coded = _coded(study, X)
    assert coded.shape == (16, 6)
    np.testing.assert_allclose(coded.T @ coded, 16.0 * np.eye(6), atol=1e-12)
    # resolution 4: no main effect is confounded with an interaction of two factors
    for i, (j, k) in itertools.product(range(6), itertools.combinations(range(6), 2)):
        assert abs(np.mean(coded[:, i] * coded[:, j] * coded[:, k])) < 1.0 or i in (j, k)


def test_given_generators_are_kept():
    study, X = _rows({"kind": "fractional_factorial", "generators": {"split.fraction": ["first.tau", "second.tau"]}})
    coded = _coded(study, X)
    np.testing.assert_array_equal(np.sign(coded[:, 5]), np.sign(coded[:, 3] * coded[:, 4]))
    assert len(X) == 32


def test_central_composite_is_rotatable_and_stays_inside():
    few = {name: SIX[name] for name in ("spirit.T", "first.tau", "split.fraction")}
    study, X = _rows({"kind": "central_composite", "center": 3}, few)
    coded = _coded(study, X)
    assert X.shape == (8 + 6 + 3, 3)
    assert np.abs(coded).max() == pytest.approx(1.0, abs=1e-12)
    # rotatable: the fourth moments have the ratio 3 (Box and Hunter 1957)
    assert (coded[:, 0] ** 4).sum() == pytest.approx(3.0 * (coded[:, 0] ** 2 * coded[:, 1] ** 2).sum(), rel=1e-12)
    _, beyond = _rows({"kind": "central_composite", "beyond": True}, few)
    assert np.abs(_coded(study, beyond)).max() == pytest.approx(8**0.25, rel=1e-12)


def test_a_latin_hypercube_has_one_point_in_each_stratum():
    study, X = _rows({"kind": "latin_hypercube", "runs": 50})
    strata = np.floor((_coded(study, X) + 1.0) / 2.0 * 50.0)
    for column in strata.T:
        assert sorted(column) == list(range(50))


def test_sobol_fills_better_than_chance():
    qmc = pytest.importorskip("scipy.stats.qmc")
    study, X = _rows({"kind": "sobol", "runs": 128})
    _, other = _rows({"kind": "random", "runs": 128})
    unit, chance = ((_coded(study, values) + 1.0) / 2.0 for values in (X, other))
    assert qmc.discrepancy(unit) < 0.3 * qmc.discrepancy(chance)


def test_more_random_runs_begin_with_the_same_ones():
    _, few = _rows({"kind": "random", "runs": 10})
    _, more = _rows({"kind": "random", "runs": 20})
    np.testing.assert_array_equal(few, more[:10])


def test_distributions_and_correlations_are_as_asked_for():
    factors = {
        "first.tau": {"mean": "60 s", "sd": "6 s"},
        "second.tau": {"median": "60 s", "gsd": 1.3},
        "spirit.T": {"from": "10 degC", "to": "30 degC", "mode": "15 degC"},
        "split.fraction": {"levels": [0.1, 0.2], "weights": [3, 1]},
    }
    correlations = [{"between": ["first.tau", "second.tau"], "r": 0.7}]
    study, X = _rows({"kind": "latin_hypercube", "runs": 20_000}, factors, correlations=correlations)
    # standard errors at 20,000 rows: below 0.005 for the correlation, smaller for stratified means
    assert X[:, 0].mean() == pytest.approx(60.0, abs=0.05)
    assert X[:, 0].std() == pytest.approx(6.0, rel=0.01)
    assert np.median(X[:, 1]) == pytest.approx(60.0, rel=0.01)
    assert np.log(X[:, 1]).std() == pytest.approx(np.log(1.3), rel=0.01)
    assert np.corrcoef(X[:, 0], np.log(X[:, 1]))[0, 1] == pytest.approx(0.7, abs=0.015)
    assert X[:, 2].mean() - 273.15 == pytest.approx((10.0 + 15.0 + 30.0) / 3.0, abs=0.05)
    assert np.mean(X[:, 3] == 0.1) == pytest.approx(0.75, abs=1e-3)


def test_cut_distributions_end_where_they_are_cut():
    told = {"kind": "normal", "mean": 0.0, "sd": 1.0, "low": -1.0, "high": 2.0}
    np.testing.assert_allclose(quantile(told, np.array([0.0, 1.0])), [-1.0, 2.0], atol=1e-12)
    told = {"kind": "lognormal", "median": 2.0, "gsd": 2.0, "high": 4.0}
    assert quantile(told, np.array([1.0]))[0] == pytest.approx(4.0, rel=1e-12)


def test_drawn_rows_fulfil_the_constraints():
    study, X = _rows({"kind": "latin_hypercube", "runs": 40}, constraints=["first.tau - 0.5*second.tau >= 20 s"])
    assert len(X) == 40
    assert np.all(X[:, 3] - 0.5 * X[:, 4] >= 20.0)


def test_infeasible_constraints_are_named_before_any_run():
    with pytest.raises(ConfigError, match=r"(?s)infeasible.*first.tau >= 2 min"):
        _rows({"kind": "random", "runs": 40}, constraints=["first.tau >= 2 min"])
    with pytest.raises(ConfigError, match="no row of the design fulfils|No row"):
        _rows({"kind": "full_factorial"}, constraints=["first.tau >= 2 min"])


def test_contradicting_correlations_are_named():
    three = {name: {"mean": "60 s", "sd": "1 s"} for name in ("first.tau", "second.tau")} | {
        "spirit.T": {"mean": "300 K", "sd": "1 K"}
    }
    pairs = [("first.tau", "second.tau", 0.9), ("second.tau", "spirit.T", 0.9), ("first.tau", "spirit.T", -0.9)]
    listed = [{"between": [a, b], "r": r} for a, b, r in pairs]
    with pytest.raises(ConfigError, match="contradict each other"):
        _rows({"kind": "random", "runs": 4}, three, correlations=listed)


def test_a_table_reads_csv_with_units(tmp_path):
    (tmp_path / "runs.csv").write_text("first.tau [min],second.tau\n1,30 s\n0.5,45\n")
    few = {name: SIX[name] for name in ("first.tau", "second.tau")}
    study = load_study(doses(factors=few, design={"kind": "table", "file": "runs.csv"}), tmp_path)
    np.testing.assert_array_equal(rows(study), [[60.0, 30.0], [30.0, 45.0]])
    (tmp_path / "bad.csv").write_text("first.tau [kg],second.tau\n1,30\n2,40\n")
    with pytest.raises(ConfigError, match=r"(?s)bad.csv:1:1: wrong unit.*expected a time"):
        load_study(doses(factors=few, design={"kind": "table", "file": "bad.csv"}), tmp_path)


def test_every_run_has_a_seed_of_its_own():
    found = seeds(7, 100, 3)
    assert len(set(found.tolist())) == 300
    np.testing.assert_array_equal(found[:30], seeds(7, 10, 3))
    assert not set(found.tolist()) & set(seeds(8, 100, 3).tolist())


def test_morris_rows_move_one_factor_at_a_time_over_the_levels():
    study, X = _rows({"kind": "morris", "trajectories": 6, "levels": 4})
    assert X.shape == (6 * 7, 6)
    coded = _coded(study, X)
    assert set(np.round(0.5 * (coded.ravel() + 1.0) * 3.0, 9)) <= {0.0, 1.0, 2.0, 3.0}
    for trajectory in coded.reshape(6, 7, 6):
        moved = np.diff(trajectory, axis=0) != 0.0
        assert np.all(moved.sum(axis=1) == 1)
        assert np.all(moved.sum(axis=0) == 1)


def test_saltelli_rows_follow_the_distributions():
    factors = {"first.tau": {"mean": "60 s", "sd": "5 s"}, "second.tau": {"levels": ["30 s", "60 s"]}}
    study, X = _rows({"kind": "saltelli", "points": 64}, factors)
    assert X.shape == (64 * 4, 2)
    assert X[:, 0].mean() == pytest.approx(60.0, abs=0.3)
    assert X[:, 0].std() == pytest.approx(5.0, abs=0.3)
    assert set(X[:, 1]) == {30.0, 60.0}
    again, pairs = _rows({"kind": "saltelli", "points": 64, "second_order": True}, factors)
    assert pairs.shape == (64 * 6, 2)


@pytest.mark.parametrize(
    ("design", "more", "said"),
    [
        ({"kind": "saltelli"}, {}, "needs points"),
        ({"kind": "saltelli", "points": 100}, {}, "powers of two"),
        ({"kind": "saltelli", "points": 64, "second_order": "yes"}, {}, "true or false"),
        ({"kind": "morris", "levels": 5}, {}, "even number"),
        ({"kind": "morris"}, {"constraints": ["first.tau <= 80 s"]}, "cannot leave rows out"),
        ({"kind": "morris"}, {"factors": {"first.tau": {"mean": "60 s", "sd": "5 s"}}}, "needs from and to"),
    ],
)
def test_schemes_are_checked(design, more, said):
    with pytest.raises(ConfigError, match=said):
        load_study(doses(**{"factors": SIX, "design": design, **more}))
