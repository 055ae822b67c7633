"""Principal components of clean runs: Hotelling's T² inside the model, the squared error beside it, contributions.

References: Jackson & Mudholkar, Technometrics 21 (1979) 341 (limit of the squared prediction error); Tracy, Young &
Mason, J. Qual. Technol. 24 (1992) 88 (limit of T²); Alcala & Qin, J. Process Control 21 (2011) 322 (contributions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.control.linear.needs import library
from twin.control.monitoring.charts import Chart
from twin.errors import TwinError
from twin.quantity import Array

#: A tag that moves by less than this part of its size in clean runs stands still: rounding must not be its scale.
STILL = 1e-6


class NoModel(TwinError):
    """What cannot be trained."""

    exit_code = 2


@dataclass(frozen=True)
class Components:
    """A model of what clean runs do.

    Attributes
    ----------
    tags : tuple of str
    lags : int
        Earlier looks beside each one.
    mean, scale : array [m]
        Of the columns: tags now, tags one look before, …
    loadings : array [m, a]
    variances : array [a]
        Of the scores.
    n : int
        Looks that it was trained on.
    T2_limit, SPE_limit : float
    still : tuple of str
        Tags that did not move in the clean runs.
    """

    tags: tuple[str, ...]
    lags: int
    mean: Array
    scale: Array
    loadings: Array
    variances: Array
    n: int
    T2_limit: float
    SPE_limit: float
    still: tuple[str, ...] = ()

    def statistics(self, x: Array) -> tuple[Array, Array]:
        """T² and squared error of looks x [n, m]."""
        z = (x - self.mean) / self.scale
        scores = z @ self.loadings
        error = z - scores @ self.loadings.T
        return np.sum(scores**2 / self.variances, axis=1), np.sum(error**2, axis=1)

    def shares(self, x: Array, kind: str) -> tuple[tuple[str, float], ...]:
        """Shares of the tags in one look's statistic, x [m]: they add up to 1.

        Of the squared error these are its terms; of T² those of its reconstruction from each column, which are never
        negative.
        """
        z = (x - self.mean) / self.scale
        if kind == "SPE":
            parts = (z - self.loadings @ (self.loadings.T @ z)) ** 2
        else:
            parts = (self.loadings @ ((self.loadings.T @ z) / np.sqrt(self.variances))) ** 2
        of_tag = parts.reshape(self.lags + 1, len(self.tags)).sum(axis=0)
        total = float(of_tag.sum()) or 1.0
        order = np.argsort(-of_tag, kind="stable")
        return tuple((self.tags[k], float(of_tag[k]) / total) for k in order)

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "scale", "loadings", "variances")}
        rest = {"n": self.n, "T2_limit": self.T2_limit, "SPE_limit": self.SPE_limit, "still": list(self.still)}
        return {"tags": list(self.tags), "lags": self.lags, **arrays, **rest}


def read(told: Mapping[str, Any]) -> Components:
    """Read what :meth:`Components.plain` gave."""
    arrays = {name: np.array(told[name], dtype=float) for name in ("mean", "scale", "loadings", "variances")}
    return Components(
        tags=tuple(told["tags"]),
        lags=int(told["lags"]),
        n=int(told["n"]),
        T2_limit=float(told["T2_limit"]),
        SPE_limit=float(told["SPE_limit"]),
        still=tuple(told["still"]),
        **arrays,
    )


def fit(tags: Sequence[str], runs: Sequence[Array], explained: float, confidence: float, lags: int = 0) -> Components:
    """Train on looks of clean runs, each [n, tags].

    Raises
    ------
    NoModel
        When there are too few looks, or nothing moves.
    """
    x = np.concatenate([lagged(run, lags) for run in runs])
    x = x[np.all(np.isfinite(x), axis=1)]
    n, m = x.shape
    if n < 2 * m:
        raise NoModel(f"{n} looks at clean runs are too few for {m} columns: give more or longer ones")
    mean, scale = x.mean(axis=0), x.std(axis=0, ddof=1)
    least = STILL * np.maximum(np.abs(mean), np.max(np.abs(x), axis=0))
    quiet = scale <= least
    still = tuple(tag for k, tag in enumerate(tags) if quiet[k])
    if quiet.all():
        raise NoModel("nothing moves in the clean runs: there is nothing to learn from them")
    scale = np.where(quiet, np.where(least > 0.0, least, 1.0), scale)
    z = (x - mean) / scale
    z[:, quiet] = 0.0
    _, singular, directions = np.linalg.svd(z, full_matrices=False)
    variances = singular**2 / (n - 1)
    part = np.cumsum(variances) / variances.sum()
    kept = min(int(np.searchsorted(part, explained - 1e-12)) + 1, int(np.sum(variances > 1e-12 * variances[0])))
    T2, SPE = _limits(variances, kept, n, confidence)
    return Components(
        tuple(tags), lags, mean, scale, directions[:kept].T.copy(), variances[:kept].copy(), n, T2, SPE, still
    )


def _limits(variances: Array, kept: int, n: int, confidence: float) -> tuple[float, float]:
    """Limits of T² (of a look that was not trained on) and of the squared error, for normal, independent looks."""
    stats = library("scipy.stats")
    T2 = kept * (n * n - 1.0) / (n * (n - kept)) * float(stats.f.ppf(confidence, kept, n - kept))
    rest = variances[kept:]
    first, second, third = (float(np.sum(rest**power)) for power in (1, 2, 3))
    if first <= 0.0:
        return T2, 0.0
    h = 1.0 - 2.0 * first * third / (3.0 * second**2)
    c = float(stats.norm.ppf(confidence))
    base = c * np.sqrt(2.0 * second * h * h) / first + 1.0 + second * h * (h - 1.0) / first**2
    return T2, first * float(base ** (1.0 / h))


def lagged(x: Array, lags: int) -> Array:
    """Put earlier looks beside each one: [n, tags] to [n − lags, tags·(lags + 1)]."""
    n = len(x)
    if n <= lags:
        return np.zeros((0, x.shape[1] * (lags + 1)))
    return np.concatenate([x[lags - k : n - k] for k in range(lags + 1)], axis=1)


def charts(model: Components, time: Array, x: Array) -> list[Chart]:
    """Both statistics of looks x [n, tags]; a look with a value that is no number is outside."""
    wide, t = lagged(x, model.lags), time[model.lags :]
    lost = ~np.all(np.isfinite(wide), axis=1)
    T2, SPE = model.statistics(wide)
    found = []
    for kind, value, limit in (("T2", T2, model.T2_limit), ("SPE", SPE, model.SPE_limit)):
        outside = ~(value <= limit) | lost

        def shares(place: int, kind: str = kind) -> tuple[tuple[str, float], ...]:
            if lost[place]:
                here = wide[place].reshape(model.lags + 1, len(model.tags))
                bad = [tag for k, tag in enumerate(model.tags) if not np.all(np.isfinite(here[:, k]))]
                return tuple((tag, 1.0 / len(bad)) for tag in bad)
            return model.shares(wide[place], kind)

        found.append(Chart(kind, t, value, np.full(len(t), limit), outside, ~outside, shares))
    return found


def dumps(told: Mapping[str, Any]) -> str:
    """Write a trained model as JSON that does not change when it is read and written again."""
    return json.dumps(told, indent=1, sort_keys=True, allow_nan=False) + "\n"
