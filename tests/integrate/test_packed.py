"""The pattern of the step's matrix without its zeros."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

from twin import jit
from twin.integrate import lu, packed, symbolic
from twin.integrate.allocate import packed_factors
from twin.integrate.lent import Lent


@pytest.fixture(scope="module", autouse=True)
def armed():
    jit.arm(packed)
    jit.arm(lu)


def pattern(n: int, density: float, seed: int) -> tuple[sparse.csr_array, symbolic.Factors]:
    matrix = sparse.random_array((n, n), density=density, rng=np.random.default_rng(seed), format="csr")
    matrix.sort_indices()
    return matrix, symbolic.factors(matrix.indptr, matrix.indices, n)


def pack(index: symbolic.Factors, values: np.ndarray, into: symbolic.Factors | None = None):
    made = into or packed_factors(Lent(), index)
    there, row = (values != 0.0).astype(np.int64), np.zeros(len(index.permutation))
    packed.pack(index, there, made, row)
    assert not row.any(), "scratch is handed on zero"
    return made, there


@given(n=st.integers(1, 50), density=st.floats(0.0, 0.3), gone=st.floats(0.0, 1.0), seed=st.integers(0, 2**31))
def test_solves_as_with_the_whole_pattern(n, density, gone, seed):
    """Zeros among the entries change nothing but the order in which long rows are summed."""
    matrix, index = pattern(n, density, seed)
    rng = np.random.default_rng(seed + 1)
    values = np.where(rng.random(matrix.nnz) < gone, 0.0, matrix.data)
    made, _ = pack(index, values)
    b, answers = rng.standard_normal(n), []
    for factors in (index, made):
        arrays = np.zeros(len(index.lower_column)), np.zeros(len(index.upper_column)), np.zeros(n)
        x, row = np.zeros(n), np.zeros(n)
        assert lu.factorise(factors, values, 40.0, *arrays, row) == -1
        lu.solve(factors, *arrays, b, x, row)
        assert not row.any()
        answers.append(x)
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-12, atol=1e-15)


@given(n=st.integers(1, 50), seed=st.integers(0, 2**31))
def test_has_what_elimination_of_the_rest_needs(n, seed):
    """As many entries as the pattern of the entries that are left has in the same order of elimination."""
    matrix, index = pattern(n, 0.2, seed)
    values = np.where(np.random.default_rng(seed + 1).random(matrix.nnz) < 0.5, 0.0, matrix.data)
    made, _ = pack(index, values)
    place = np.argsort(index.permutation)
    there = np.eye(n, dtype=bool)
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    kept = values != 0.0
    there[place[rows[kept]], place[matrix.indices[kept]]] = True
    for k in range(n):
        there[k + 1 :, k + 1 :] |= there[k + 1 :, k : k + 1] & there[k : k + 1, k + 1 :]
    assert int(made.lower[-1]) == int(np.tril(there, -1).sum())
    assert int(made.upper[-1]) == int(np.triu(there, 1).sum())


def same_patterns(one: symbolic.Factors, other: symbolic.Factors) -> None:
    for starts, columns in (("row", "column"), ("row", "source"), ("lower", "lower_column"), ("upper", "upper_column")):
        length = int(getattr(other, starts)[-1])
        np.testing.assert_array_equal(getattr(one, starts), getattr(other, starts))
        np.testing.assert_array_equal(getattr(one, columns)[:length], getattr(other, columns)[:length])


def test_packed_again_the_past_is_forgotten():
    matrix, index = pattern(30, 0.2, 3)
    made, _ = pack(index, matrix.data)
    fewer = np.where(np.arange(matrix.nnz) % 3, matrix.data, 0.0)
    again, _ = pack(index, fewer, made)
    fresh, _ = pack(index, fewer)
    same_patterns(again, fresh)


def test_what_comes_counts_at_once_and_what_goes_when_it_is_much():
    values = np.ones(100)
    there = np.zeros(100, dtype=np.int64)
    assert packed.outgrown(values, there)
    assert there.all()
    assert not packed.outgrown(2.0 * values, there)
    values[:30] = 0.0  # no more than three tenths
    assert not packed.outgrown(values, there)
    assert there.all()
    values[30] = 0.0
    assert packed.outgrown(values, there)
    np.testing.assert_array_equal(there, values != 0.0)
    values[:2] = np.nan, 1e-300  # what is no number is there, too
    assert packed.outgrown(values, there)
    np.testing.assert_array_equal(there, values != 0.0)


def test_a_few_that_come_and_go_stay():
    """A limiter's slopes: to find the pattern anew at each step would cost as much as the elimination."""
    values, there, changes = np.ones(100), np.zeros(100, dtype=np.int64), 0
    for k in range(50):
        values[:5] = np.arange(5) % 2 == k % 2
        changes += packed.outgrown(values, there)
    assert changes == 2
