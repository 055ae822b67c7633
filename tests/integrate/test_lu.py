"""Sparse LU on a fixed pattern against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

from twin import jit
from twin.integrate import lu, symbolic


@pytest.fixture(scope="module", autouse=True)
def armed():
    jit.arm(lu)


def random_matrix(n: int, density: float, seed: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    matrix = sparse.random_array((n, n), density=density, rng=rng, format="csr", data_sampler=rng.standard_normal)
    matrix.sort_indices()
    return matrix


def factorised(matrix: sparse.csr_array, n_states: int, scale: float):
    index = symbolic.factors(matrix.indptr, matrix.indices, n_states)
    n = matrix.shape[0]
    arrays = np.zeros(len(index.lower_column)), np.zeros(len(index.upper_column)), np.zeros(n), np.zeros(n)
    singular = lu.factorise(index, np.ascontiguousarray(matrix.data, dtype=float), scale, *arrays)
    return index, arrays, singular


@given(n=st.integers(1, 60), density=st.floats(0.0, 0.3), aux=st.floats(0.0, 1.0), seed=st.integers(0, 2**31))
def test_solves_what_scipy_solves(n, density, aux, seed):
    """D - J with D = 40 for states and 1 for auxiliaries, whose rows are made dominant as a plant's are."""
    n_states = n - int(aux * (n - 1))
    matrix = random_matrix(n, density, seed)
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    matrix.data[rows >= n_states] *= 0.5 / max(n * density, 1.0)
    index, (lower, upper, pivot, row), singular = factorised(matrix, n_states, 40.0)
    assert singular == -1
    b = np.random.default_rng(seed + 1).standard_normal(n)
    x = np.zeros(n)
    lu.solve(index, lower, upper, pivot, b, x, row)
    m = np.diag(np.where(np.arange(n) < n_states, 40.0, 1.0)) - matrix.toarray()
    # no pivoting: a loss of a few digits against scipy's partial pivoting is allowed
    np.testing.assert_allclose(x, np.linalg.solve(m, b), rtol=1e-9, atol=1e-11)
    assert not row.any(), "scratch is handed on zero"


def test_ordering_saves_fill():
    """An arrow pointing the wrong way fills completely in its natural order and not at all in a good one."""
    n = 50
    arrow = sparse.lil_array((n, n))
    arrow[0, :] = arrow[:, 0] = -1.0
    arrow.setdiag(-4.0)
    matrix = sparse.csr_array(arrow)
    index = symbolic.factors(matrix.indptr, matrix.indices, n)
    assert len(index.lower_column) + len(index.upper_column) == 2 * (n - 1)
    assert index.lower_column.dtype == np.uint32


def test_a_dense_row_alone_does_not_fill():
    """An integral over all states that only its own rate depends on: no other row is touched."""
    n = 50
    matrix = sparse.lil_array((n, n))
    matrix[0, :] = -1.0
    matrix.setdiag(-4.0)
    matrix.setdiag(1.0, k=-1)
    matrix = sparse.csr_array(matrix)
    index = symbolic.factors(matrix.indptr, matrix.indices, n)
    assert len(index.lower_column) + len(index.upper_column) == matrix.nnz - n


def test_a_lost_pivot_is_reported_by_its_place_in_z():
    """Rows 0 and 2 of D - J are equal: one of them has no pivot left."""
    j = sparse.csr_array(np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]]))
    _, (_, _, _, row), singular = factorised(j, 3, 1.0)
    assert singular in (0, 2)
    assert not row.any()


def test_not_finite_is_reported():
    j = sparse.csr_array(np.array([[-1.0, 0.0], [0.0, np.nan]]))
    assert factorised(j, 2, 1.0)[2] == 1
