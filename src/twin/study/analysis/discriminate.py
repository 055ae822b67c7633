"""Which of several models the data favour: information criteria, Akaike weights, and prediction of what was left out.

Burnham & Anderson, Model Selection and Multimodel Inference, 2nd ed. (2002).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from twin.study.analysis.estimate import Fit, Fitting, fit
from twin.study.analysis.needs import AnalysisError


@dataclass(frozen=True)
class Rank:
    """One model among others.

    `weight` is Akaike's, from AICc; `cv` the root mean square of weighted residuals of what was left out.
    """

    name: str
    parameters: int
    squares: float
    aic: float
    aicc: float
    bic: float
    weight: float
    cv: float


def discriminate(fits: Mapping[str, Fit], cross_validate: bool = True, folds: int = 5, seed: int = 0) -> list[Rank]:
    """Rank models that were fitted to the same data, the best by AICc first.

    Raises
    ------
    AnalysisError
        When their data differ.
    """
    names = list(fits)
    first = fits[names[0]].fitting
    for name in names[1:]:
        other = fits[name].fitting
        same = len(first.data) == len(other.data) and np.array_equal(first.data, other.data, equal_nan=True)
        if not same or not np.array_equal(first.sigma, other.sigma):
            raise AnalysisError(f"{names[0]} and {name} were fitted to different data: their criteria do not compare")
    criteria = {name: fits[name].criteria() for name in names}
    best = min(values["AICc"] for values in criteria.values())
    if not np.isfinite(best):
        raise AnalysisError("too few data for AICc of any of the models")
    weights = {name: float(np.exp(-0.5 * (values["AICc"] - best))) for name, values in criteria.items()}
    total = sum(weights.values())
    ranks = [
        Rank(
            name=name,
            parameters=len(fits[name].theta),
            squares=fits[name].squares,
            aic=criteria[name]["AIC"],
            aicc=criteria[name]["AICc"],
            bic=criteria[name]["BIC"],
            weight=weights[name] / total,
            cv=left_out(fits[name], folds, seed) if cross_validate else float("nan"),
        )
        for name in names
    ]
    return sorted(ranks, key=lambda rank: rank.aicc)


def left_out(found: Fit, folds: int = 5, seed: int = 0) -> float:
    """Fit without a part of the data and predict it, for each part; series are left out whole where there are enough.

    Returns
    -------
    float
        Root mean square of the weighted residuals of what was left out; infinite where a fit fails.
    """
    fitting = found.fitting
    groups = np.unique(fitting.group) if len(fitting.group) else np.empty(0)
    if len(groups) >= 3:
        parts = [np.flatnonzero(fitting.group == one) for one in groups]
    else:
        order = np.random.default_rng(seed).permutation(np.flatnonzero(fitting.there))
        parts = np.array_split(order, folds)
    total, count = 0.0, 0
    for part in parts:
        data = fitting.data.copy()
        data[part] = np.nan
        tested = part[np.isfinite(fitting.data[part])]
        if not len(tested):
            continue
        parameters = tuple(replace(p, start=float(v)) for p, v in zip(fitting.parameters, found.theta))
        try:
            other = fit(replace(fitting, data=data, parameters=parameters), starts=1)
        except AnalysisError:
            return float("inf")
        values = np.asarray(fitting.model(other.theta[None, :]))[0]
        total += float(np.sum(((values[tested] - fitting.data[tested]) / fitting.sigma[tested]) ** 2))
        count += len(tested)
    return float(np.sqrt(total / count))


__all__ = ["Fitting", "Rank", "discriminate", "left_out"]
