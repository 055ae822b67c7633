"""Distributions of factors by their quantiles, in numpy and the standard library alone."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

_STANDARD = NormalDist()
#: Quantiles are taken of probabilities no nearer than this to 0 and 1.
_EDGE = 2.0**-53


def normal_score(u: np.ndarray) -> np.ndarray:
    """Quantiles of the standard normal distribution; probabilities of 0 and 1 are taken for the next double."""
    inside = np.minimum(np.maximum(np.asarray(u, dtype=float), _EDGE), 1.0 - _EDGE)
    scores: np.ndarray = np.array([_STANDARD.inv_cdf(p) for p in inside.ravel()]).reshape(inside.shape)
    return scores


def probability(z: np.ndarray) -> np.ndarray:
    """Probabilities of standard normal scores."""
    values: np.ndarray = np.array([_STANDARD.cdf(score) for score in np.ravel(z)]).reshape(np.shape(z))
    return values


def quantile(distribution: Mapping[str, Any], u: np.ndarray) -> np.ndarray:
    """Values of a factor at probabilities.

    Parameters
    ----------
    distribution : mapping
        As the study's file has it: `kind` and its numbers.
    u : array
        From 0 to 1.

    Returns
    -------
    array
        In the unit of the distribution's numbers; of choices the number of the level.
    """
    u = np.asarray(u, dtype=float)
    kind = distribution["kind"]
    if kind == "uniform":
        low, high = distribution["low"], distribution["high"]
        return np.asarray(low + u * (high - low))
    if kind == "triangular":
        low, mode, high = (distribution[key] for key in ("low", "mode", "high"))
        split = (mode - low) / (high - low)
        rising = low + np.sqrt(u * (high - low) * (mode - low))
        return np.asarray(np.where(u < split, rising, high - np.sqrt((1.0 - u) * (high - low) * (high - mode))))
    if kind == "levels":
        return _levels(distribution, u)
    centre, spread = _scores(distribution)
    below, above = (_score(distribution.get(key), centre, spread, kind) for key in ("low", "high"))
    first, last = _STANDARD.cdf(below) if below is not None else 0.0, 1.0 if above is None else _STANDARD.cdf(above)
    values: np.ndarray = centre + spread * normal_score(first + u * (last - first))
    return np.asarray(np.exp(values) if kind == "lognormal" else values)


def _scores(distribution: Mapping[str, Any]) -> tuple[float, float]:
    """Mean and standard deviation of the normal distribution behind."""
    if distribution["kind"] == "normal":
        return float(distribution["mean"]), float(distribution["sd"])
    return float(np.log(distribution["median"])), float(np.log(distribution["gsd"]))


def _score(cut: float | None, centre: float, spread: float, kind: str) -> float | None:
    if cut is None:
        return None
    return ((float(np.log(cut)) if kind == "lognormal" else cut) - centre) / spread


def _levels(distribution: Mapping[str, Any], u: np.ndarray) -> np.ndarray:
    values = np.asarray(distribution["values"], dtype=float)
    weights = np.asarray(distribution.get("weights") or np.ones(len(values)), dtype=float)
    edges = np.cumsum(weights) / weights.sum()
    return np.asarray(values[np.minimum(np.searchsorted(edges, u, side="right"), len(values) - 1)])


def ends(distribution: Mapping[str, Any]) -> tuple[float, float]:
    """Least and greatest value; infinite where there is none."""
    if distribution["kind"] == "levels":
        return float(min(distribution["values"])), float(max(distribution["values"]))
    low = distribution.get("low")
    high = distribution.get("high")
    least = 0.0 if distribution["kind"] == "lognormal" else -np.inf
    return (least if low is None else float(low)), (np.inf if high is None else float(high))
