"""Gaussian-process surrogates: a Matérn 5/2 kernel with a length for each factor, and cross-validated error.

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006). The covariance and its fit are
scikit-learn's; scaling, cross-validation and what is said about the error are here.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.table import varies

#: Beyond this many runs a subset is fitted: the cost grows with the cube.
MOST = 300
#: Points that are predicted at once: bounds memory.
ROWS = 2048


@dataclass(frozen=True)
class Surrogate:
    """A fitted Gaussian process of one response.

    Attributes
    ----------
    q2, rmse_cv : float
        Part of the variance of points left out that is explained, and their root mean square error.
    coverage_cv : float
        Part of the points left out that lie within the 95 % interval predicted for them.
    lengths : array, [k]
        Correlation length of each factor over its range: a long one means little curvature.
    """

    response: str
    factors: tuple[str, ...]
    low: Array
    span: Array
    mean: float
    scale: float
    model: Any
    q2: float
    rmse_cv: float
    coverage_cv: float
    lengths: Array
    noise: float
    runs: int

    def predict(self, x: Array, noise: bool = False) -> tuple[Array, Array]:
        """Give mean and standard deviation at x[n, k], each [n]; with the runs' noise if asked for."""
        z = (np.atleast_2d(x) - self.low) / self.span
        parts = [self.model.predict(z[i : i + ROWS], return_std=True) for i in range(0, len(z), ROWS)]
        mean, deviation = (np.concatenate(part) for part in zip(*parts, strict=True))
        if not noise:
            deviation = np.sqrt(np.maximum(deviation**2 - self.noise**2, 0.0))  # a variance, less rounding
        return self.mean + self.scale * mean, self.scale * deviation

    def __call__(self, x: Array) -> Array:
        """Give the mean, [n]."""
        z = (np.atleast_2d(x) - self.low) / self.span
        return np.asarray(self.mean + self.scale * self.model.predict(z))


def fit_surrogate(
    x: Array,
    y: Array,
    factors: Sequence[str],
    response: str = "y",
    folds: int = 5,
    seed: int = 0,
    restarts: int = 0,
) -> Surrogate:
    """Fit a Gaussian process, with lengths by maximum likelihood.

    Parameters
    ----------
    x : array, [n, k]
    y : array, [n]
    factors : sequence of str
    response : str
    folds : int
        Of the cross-validation, in which the lengths found are kept.
    seed : int
        Of the folds and of the starts of the likelihood's maximum.
    restarts : int
        Further starts.
    """
    process, kernels = need("sklearn.gaussian_process"), need("sklearn.gaussian_process.kernels")
    x, y = np.atleast_2d(np.asarray(x, dtype=float)), np.asarray(y, dtype=float)
    varies(y, response)
    k = x.shape[1]
    if len(y) < 2 * k + 2:
        raise AnalysisError(f"a surrogate of {k} factors needs {2 * k + 2} runs at least; {response} has {len(y)}")
    generator = np.random.default_rng(seed)
    if len(y) > MOST:
        chosen = np.sort(generator.choice(len(y), MOST, replace=False))
        x, y = x[chosen], y[chosen]
    low, span = x.min(axis=0), np.ptp(x, axis=0)
    if not (span > 0.0).all():
        raise AnalysisError(f"{factors[int(np.argmin(span))]} does not vary: leave it out of the surrogate")
    z, mean, scale = (x - low) / span, float(y.mean()), float(y.std())
    u = (y - mean) / scale
    kernel = kernels.ConstantKernel(1.0, (1e-3, 1e4)) * kernels.Matern(
        np.ones(k), (1e-2, 1e3), nu=2.5
    ) + kernels.WhiteKernel(1e-4, (1e-10, 1.0))
    fitted = process.GaussianProcessRegressor(kernel, n_restarts_optimizer=restarts, random_state=seed)
    with warnings.catch_warnings():  # a length at its bound is a factor without effect: no fault
        warnings.simplefilter("ignore")
        fitted.fit(z, u)
    guess, deviation = np.empty(len(u)), np.empty(len(u))
    parts = np.array_split(generator.permutation(len(u)), min(folds, len(u)))
    for part in parts:
        rest = np.setdiff1d(np.arange(len(u)), part)
        other = process.GaussianProcessRegressor(fitted.kernel_, optimizer=None).fit(z[rest], u[rest])
        guess[part], deviation[part] = other.predict(z[part], return_std=True)
    off = guess - u
    return Surrogate(
        response=response,
        factors=tuple(factors),
        low=low,
        span=span,
        mean=mean,
        scale=scale,
        model=fitted,
        q2=1.0 - float(np.sum(off**2) / np.sum((u - u.mean()) ** 2)),
        rmse_cv=scale * float(np.sqrt(np.mean(off**2))),
        coverage_cv=float(np.mean(np.abs(off) <= 1.959963984540054 * deviation)),
        lengths=np.broadcast_to(fitted.kernel_.k1.k2.length_scale, k).copy(),
        noise=float(np.sqrt(fitted.kernel_.k2.noise_level)),
        runs=len(u),
    )
