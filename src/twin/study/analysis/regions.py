"""Confidence beyond Fisher's ellipsoid: profile likelihood and bootstrap. See `estimate` for the sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.quantity import Array
from twin.study.analysis.estimate import Fit, _Counter
from twin.study.analysis.needs import AnalysisError, need

#: Points of a profile at most, to each side.
POINTS = 24


@dataclass(frozen=True)
class Profile:
    """S along one parameter, the others refitted.

    Attributes
    ----------
    values, squares : array
        In order; the estimate among them.
    interval : (float, float)
        Where S crosses `threshold`; infinite to a side on which it does not within the range: the parameter is
        not identifiable there from these data.
    """

    name: str
    values: Array
    squares: Array
    threshold: float
    interval: tuple[float, float]

    @property
    def identifiable(self) -> bool:
        """Whether the data bound the parameter on both sides."""
        return bool(np.isfinite(self.interval).all())


def profile(fit: Fit, name: str, points: int = POINTS) -> Profile:
    """Follow S along a parameter to both sides until it has crossed the threshold, or the range ends."""
    stats = need("scipy.stats")
    fitting = fit.fitting
    names = [p.name for p in fitting.parameters]
    if name not in names:
        raise AnalysisError(f"there is no parameter '{name}'; estimated are {', '.join(names)}")
    place = names.index(name)
    quantile = stats.chi2.ppf(fit.confidence, 1) if fitting.known else stats.f.ppf(fit.confidence, 1, fit.freedom)
    threshold = fit.squares + fit.variance * float(quantile)
    best = fitting.unit(fit.theta)
    width = float(fit.standard_error[place] / fitting.slope(fit.theta)[place])
    step = 0.4 * width if np.isfinite(width) and width > 0.0 else 0.05
    rows = [(best[place], fit.squares)]
    ends = []
    for sign in (-1.0, 1.0):
        v, at, last, found, h = np.delete(best, place), best[place], fit.squares, np.nan, min(step, 0.1)
        for _ in range(points):
            new = float(min(max(at + sign * h, 0.0), 1.0))
            if new == at:
                break
            squares, v = _squares(fit, place, new, v)
            rows.append((new, squares))
            if squares >= threshold:
                # S is nearly a parabola: its root is
                a, b = (np.sqrt(max(s - fit.squares, 0.0)) for s in (last, squares))
                found = at + (new - at) * float((np.sqrt(threshold - fit.squares) - a) / (b - a))
                break
            at, last, h = new, squares, 1.25 * h
        ends.append(found)
    rows.sort()
    unit = np.array([row[0] for row in rows])
    theta = np.repeat(best[None, :], len(rows), axis=0)
    theta[:, place] = unit
    values = fitting.theta(theta)[:, place]
    interval = [sign * np.inf if np.isnan(end) else _value(fit, place, end) for sign, end in zip((-1.0, 1.0), ends)]
    return Profile(name, values, np.array([row[1] for row in rows]), threshold, (interval[0], interval[1]))


def _value(fit: Fit, place: int, u: float) -> float:
    whole = fit.fitting.unit(fit.theta)
    whole[place] = u
    return float(fit.fitting.theta(whole)[place])


def _squares(fit: Fit, place: int, value: float, start: Array) -> tuple[float, Array]:
    """Fit the others with one held; infinite where the model fails."""
    counter = _Counter(fit.fitting, held=place, value=value)
    if not len(start):
        residuals = counter.residuals(start)
        return float(residuals @ residuals), start
    found = counter.search(start)
    return (np.inf, start) if found is None else (float(2.0 * found.cost), found.x)


@dataclass(frozen=True)
class Bootstrap:
    """Estimates from data drawn again: [draws, p], with the percentile interval of each."""

    theta: Array
    interval: Array
    failed: int


def bootstrap(fit: Fit, draws: int = 200, seed: int = 0) -> Bootstrap:
    """Add residuals, drawn within each series with replacement, to the fitted values, and estimate anew.

    Residuals are centred, and widened by √(n/(n − p)) for what the fit has taken of them.
    """
    fitting = fit.fitting
    there = fitting.there
    n = int(there.sum())
    generator = np.random.default_rng(seed)
    groups = fitting.group[there] if len(fitting.group) else np.zeros(n, dtype=int)
    widened = np.empty(n)
    for one in np.unique(groups):
        part = fit.residuals[groups == one]
        widened[groups == one] = (part - part.mean()) * np.sqrt(n / fit.freedom)
    best = fitting.unit(fit.theta)
    fitted = fitting.data[there] + fit.residuals * fitting.sigma[there]
    found = []
    for _ in range(draws):
        drawn = np.empty(n)
        for one in np.unique(groups):
            place = np.flatnonzero(groups == one)
            drawn[place] = widened[generator.choice(place, len(place))]
        data = fitting.data.copy()
        data[there] = fitted + drawn * fitting.sigma[there]
        result = _Counter(fitting, data).search(best)
        if result is not None:
            found.append(fitting.theta(result.x))
    if len(found) < 2:
        raise AnalysisError(f"{draws - len(found)} of {draws} bootstrap fits failed")
    theta = np.array(found)
    tail = 0.5 * (1.0 - fit.confidence)
    return Bootstrap(theta, np.quantile(theta, [tail, 1.0 - tail], axis=0).T, draws - len(found))
