"""Polynomial response surfaces: least squares in coded factors, with leave-one-out error.

    y = b0 + Σ bi zi + Σ bij zi zj + Σ bii zi²,   z = (x − centre)/half range

Montgomery, Design and Analysis of Experiments, 8th ed., ch. 11. The prediction error of a point left out is
e/(1 − h), with h its leverage: exact for least squares, without fitting n times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.table import varies


@dataclass(frozen=True)
class Surface:
    """A fitted polynomial of one response.

    Attributes
    ----------
    terms : tuple of tuple of int
        Factors in each term: () the constant, (0, 1) an interaction, (2, 2) a square.
    coefficient, standard_error, p_value : array, [terms]
        In coded factors: the change of y over half of a factor's range.
    r2, r2_adjusted, q2 : float
        Part of the variance explained; the last of points left out.
    rmse_cv : float
        Root mean square error of points left out.
    """

    response: str
    factors: tuple[str, ...]
    centre: Array
    half: Array
    terms: tuple[tuple[int, ...], ...]
    coefficient: Array
    standard_error: Array
    p_value: Array
    covariance: Array
    r2: float
    r2_adjusted: float
    q2: float
    rmse: float
    rmse_cv: float
    freedom: int

    def names(self) -> list[str]:
        """Give the terms as people write them: `1`, `T`, `T·tau`, `T²`."""
        return [_name(term, self.factors) for term in self.terms]

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Give mean and standard error of the mean at x[n, k], each [n]."""
        rows = _matrix((np.atleast_2d(x) - self.centre) / self.half, self.terms)
        return rows @ self.coefficient, np.sqrt(np.einsum("ij,jk,ik->i", rows, self.covariance, rows))


def _name(term: tuple[int, ...], factors: Sequence[str]) -> str:
    if not term:
        return "1"
    if len(term) == 2 and term[0] == term[1]:
        return f"{factors[term[0]]}²"
    return "·".join(factors[i] for i in term)


def terms_of(k: int, order: int, interactions: bool = True) -> tuple[tuple[int, ...], ...]:
    """Give the terms of a polynomial in k factors of order 1 or 2."""
    found: list[tuple[int, ...]] = [(), *((i,) for i in range(k))]
    if interactions:
        found += list(combinations(range(k), 2))
    if order > 1:
        found += [(i, i) for i in range(k)]
    return tuple(found)


def _matrix(z: Array, terms: Sequence[tuple[int, ...]]) -> Array:
    return np.column_stack([np.prod(z[:, list(term)], axis=1) if term else np.ones(len(z)) for term in terms])


def fit_surface(
    x: Array, y: Array, factors: Sequence[str], response: str = "y", order: int = 2, interactions: bool = True
) -> Surface:
    """Fit a response surface.

    Parameters
    ----------
    x : array, [n, k]
    y : array, [n]
    factors : sequence of str
    response : str
    order : int
        1 or 2; squares of factors with two levels are left out, as nothing tells them from the constant.
    interactions : bool
        Whether products of two factors are in it.

    Raises
    ------
    AnalysisError
        When there are too few runs, or the design cannot tell two terms apart (they are named).
    """
    stats = need("scipy.stats")
    x, y = np.atleast_2d(np.asarray(x, dtype=float)), np.asarray(y, dtype=float)
    varies(y, response)
    centre, half = 0.5 * (x.max(axis=0) + x.min(axis=0)), 0.5 * np.ptp(x, axis=0)
    for name, width in zip(factors, half):
        if not width > 0.0:
            raise AnalysisError(f"{name} does not vary: leave it out of the surface")
    terms = tuple(
        term
        for term in terms_of(x.shape[1], order, interactions)
        if not (len(term) == 2 and term[0] == term[1] and len(np.unique(x[:, term[0]])) < 3)
    )
    n, p = len(y), len(terms)
    if n <= p:
        raise AnalysisError(f"a surface of {p} terms needs more than {p} runs; {response} has {n}")
    matrix = _matrix((x - centre) / half, terms)
    rank = int(np.linalg.matrix_rank(matrix))
    if rank < p:
        blurred = ", ".join(_name(term, factors) for term in _confounded(matrix, terms))
        raise AnalysisError(f"the design cannot tell these terms from the others: {blurred}")
    q, r = np.linalg.qr(matrix)
    coefficient = np.linalg.solve(r, q.T @ y)
    residual = y - matrix @ coefficient
    leverage = np.sum(q * q, axis=1)
    freedom = n - p
    variance = float(residual @ residual) / freedom
    inverse = np.linalg.solve(r, np.eye(p))
    covariance = variance * inverse @ inverse.T
    error = np.sqrt(np.diag(covariance))
    total = float(np.sum((y - y.mean()) ** 2))
    exact = 1.0 - leverage < 1e-9  # a point that alone carries a term has no error when left out
    left_out = residual / np.where(exact, np.nan, 1.0 - leverage)
    press = float(np.sum(left_out**2))
    # rounding alone is left of an exact polynomial: no t statistic
    t = np.divide(coefficient, error, out=np.full(p, np.inf), where=error > 1e-14 * np.abs(coefficient).max())
    return Surface(
        response=response,
        factors=tuple(factors),
        centre=centre,
        half=half,
        terms=terms,
        coefficient=coefficient,
        standard_error=error,
        p_value=2.0 * stats.t.sf(np.abs(t), freedom),
        covariance=covariance,
        r2=1.0 - float(residual @ residual) / total,
        r2_adjusted=1.0 - variance * (n - 1) / total,
        q2=1.0 - press / total,
        rmse=float(np.sqrt(variance)),
        rmse_cv=float(np.sqrt(press / n)),
        freedom=freedom,
    )


def _confounded(matrix: Array, terms: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Give the terms that are combinations of the ones before them."""
    kept: list[int] = []
    lost = []
    for i in range(matrix.shape[1]):
        if np.linalg.matrix_rank(matrix[:, [*kept, i]]) > len(kept):
            kept.append(i)
        else:
            lost.append(terms[i])
    return lost


def main_effects(
    x: Array, y: Array, levels: int = 5, low: Array | None = None, high: Array | None = None
) -> list[tuple[Array, Array, Array]]:
    """Give (level, mean of y, standard error) of each factor, all others as they happened to be.

    A factor with more distinct values than `levels` is cut into as many classes of equal count.
    """
    found = []
    for column in np.asarray(x, dtype=float).T:
        values, inverse = np.unique(column, return_inverse=True)
        if len(values) > levels:
            edges = np.quantile(column, np.linspace(0.0, 1.0, levels + 1))
            inverse = np.searchsorted(edges[1:-1], column, side="right")
        groups = [np.flatnonzero(inverse == i) for i in np.unique(inverse)]
        centre = np.array([column[g].mean() for g in groups])
        mean = np.array([y[g].mean() for g in groups])
        error = np.array([y[g].std(ddof=1) / np.sqrt(len(g)) if len(g) > 1 else np.nan for g in groups])
        found.append((centre, mean, error))
    return found
