"""Parameters from data: weighted least squares from several starts, and what the data say about each parameter.

    S(θ) = Σ ((model(θ) − data)/σ)²

Fisher: covariance s² (JᵀJ)⁻¹, s² = S/(n − p) unless the σ are said to be known. Profiles: one parameter fixed, the
others refitted; its interval is where S grows by s² F(1, n − p) (Bates & Watts, Nonlinear Regression Analysis, 1988,
ch. 6). Bootstrap: residuals drawn again with replacement. Collinearity: Brun et al., Water Resour. Res. 37 (2001)
1015. Searching is scipy's `least_squares`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need

#: Step of the differences for J, in parts of a parameter's range: far above the integrator's error.
STEP = 1e-4
#: Singular values below this part of the greatest are taken for none: a direction that the data do not see.
BLIND = 1e-6
#: A collinearity index beyond this says that one parameter makes up for others (Brun et al. take 10 to 15).
COLLINEAR = 15.0


@dataclass(frozen=True)
class Parameter:
    """What is estimated: searched between `low` and `high`, in its logarithm where `log` says so."""

    name: str
    low: float
    high: float
    start: float = np.nan
    log: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Fitting:
    """A model beside data.

    Attributes
    ----------
    parameters : tuple of Parameter
    model : callable
        θ[rows, p] to what was measured, [rows, n]; NaN where a run failed. Rows may go side by side.
    data, sigma : array, [n]
        Measured values, NaN where missing; their standard deviations (only ratios matter unless `known`).
    group : array of int, [n]
        The series that each value is of: residuals are drawn within it, and it is left out as a whole.
    known : bool
        Whether `sigma` is the true error: s² is 1 then, and normal quantiles are taken instead of Student's.
    """

    parameters: tuple[Parameter, ...]
    model: Callable[[Array], Array]
    data: Array
    sigma: Array
    group: Array = field(default_factory=lambda: np.empty(0, dtype=int))
    known: bool = False
    step: float = STEP

    @property
    def there(self) -> Array:
        """Which values are not missing, [n] bool."""
        return np.asarray(np.isfinite(self.data))

    def theta(self, u: Array) -> Array:
        """Give parameters of unit coordinates, [..., p]."""
        columns = []
        for i, p in enumerate(self.parameters):
            if p.log:
                columns.append(np.exp(np.log(p.low) + u[..., i] * np.log(p.high / p.low)))
            else:
                columns.append(p.low + u[..., i] * (p.high - p.low))
        return np.stack(columns, axis=-1)

    def unit(self, theta: Array) -> Array:
        """Give unit coordinates of parameters, [..., p]."""
        columns = []
        for i, p in enumerate(self.parameters):
            if p.log:
                columns.append(np.log(theta[..., i] / p.low) / np.log(p.high / p.low))
            else:
                columns.append((theta[..., i] - p.low) / (p.high - p.low))
        return np.stack(columns, axis=-1)

    def slope(self, theta: Array) -> Array:
        """Give dθ/du at θ, [p]."""
        return np.array(
            [t * np.log(p.high / p.low) if p.log else p.high - p.low for p, t in zip(self.parameters, theta)]
        )

    def residuals(self, u: Array, data: Array | None = None) -> Array:
        """Give weighted residuals of rows u[rows, p], [rows, values that are there]."""
        there = self.there
        data = self.data if data is None else data
        values = np.asarray(self.model(self.theta(np.atleast_2d(u))), dtype=float)
        return np.asarray((values[:, there] - data[there]) / self.sigma[there])


@dataclass(frozen=True)
class Fit:
    """Estimated parameters, with what Fisher's information says about them.

    Attributes
    ----------
    theta, standard_error : array, [p]
    interval : array, [p, 2]
        Of `confidence`.
    covariance, correlation : array, [p, p]
    squares : float
        S at θ.
    variance : float
        s², of residuals over their σ; 1 where σ is known.
    residuals : array, [n there]
        Weighted.
    jacobian : array, [n there, p]
        Of the weighted model, by unit coordinates.
    starts : list of (S, θ)
        Where each start ended, the best first; infinite where it failed.
    blind : list of dict
        Directions that the data do not determine: parts of each parameter, by name.
    collinearity : float
    at_bounds : tuple of str
        Parameters that ended at an end of their range.
    """

    fitting: Fitting
    theta: Array
    standard_error: Array
    interval: Array
    covariance: Array
    correlation: Array
    squares: float
    variance: float
    freedom: int
    residuals: Array
    jacobian: Array
    starts: list[tuple[float, Array]]
    singular: Array
    blind: list[dict[str, float]]
    collinearity: float
    at_bounds: tuple[str, ...]
    confidence: float
    evaluations: int

    @property
    def n(self) -> int:
        """Values that were fitted."""
        return len(self.residuals)

    def criteria(self) -> dict[str, float]:
        """Give AIC, AICc and BIC of normal residuals; up to a constant that only the data set."""
        n, p = self.n, len(self.theta)
        if self.fitting.known:
            deviance, k = self.squares, p
        else:
            deviance, k = n * float(np.log(self.squares / n)), p + 1
        corrected = deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf
        return {"AIC": deviance + 2 * k, "AICc": corrected, "BIC": deviance + k * float(np.log(n))}

    def in_region(self, theta: Array) -> bool:
        """Say whether θ is in the joint likelihood region: S(θ) ≤ S + s² p F(p, n − p); it runs the model once."""
        stats = need("scipy.stats")
        p = len(self.theta)
        residuals = self.fitting.residuals(self.fitting.unit(np.asarray(theta, dtype=float)))[0]
        gained = (float(residuals @ residuals) - self.squares) / self.variance
        if self.fitting.known:
            return bool(gained <= stats.chi2.ppf(self.confidence, p))
        return bool(gained <= p * stats.f.ppf(self.confidence, p, self.freedom))


def fit(fitting: Fitting, starts: int = 8, seed: int = 0, confidence: float = 0.95, data: Array | None = None) -> Fit:
    """Estimate parameters from several starts: the given one first, the others spread over the ranges.

    Of more than one, half as many again begin near the best of these, as far away as its errors say: a lag has a kink
    of S at each time of a value, and so minima beside each other.

    Raises
    ------
    AnalysisError
        With too few data, ranges that make no sense, or a model that fails wherever it is started.
    """
    stats = need("scipy.stats")
    _check(fitting)
    counted = _Counter(fitting, data)
    found = []
    for u in _starts(fitting, starts, seed):
        result = counted.search(u)
        found.append((np.inf if result is None else float(2.0 * result.cost), u if result is None else result.x))
    found.sort(key=lambda pair: pair[0])
    if not np.isfinite(found[0][0]):
        raise AnalysisError(f"the model fails at all {len(found)} starts: narrow the ranges of the parameters")
    for u in _beside(counted, found[0][1], starts // 2, seed):
        result = counted.search(u)
        if result is not None:
            found.append((float(2.0 * result.cost), result.x))
    found.sort(key=lambda pair: pair[0])
    u = found[0][1]
    residuals, jacobian = counted.both(u)
    n, p = jacobian.shape
    freedom = n - p
    squares = float(residuals @ residuals)
    variance = 1.0 if fitting.known else squares / freedom
    _, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    seen = singular > BLIND * singular[0] if singular[0] > 0.0 else np.zeros(p, dtype=bool)
    inverse = (right[seen].T / singular[seen] ** 2) @ right[seen]
    names = [parameter.name for parameter in fitting.parameters]
    blind = [{name: float(v) for name, v in zip(names, right[i]) if abs(v) > 0.1} for i in np.flatnonzero(~seen)]
    theta = fitting.theta(u)
    slope = fitting.slope(theta)
    covariance = variance * inverse * np.outer(slope, slope)
    error = np.sqrt(np.diag(covariance))
    if blind:  # what a blind direction reaches has no finite error
        reached = np.abs(right[~seen]).max(axis=0) > 0.1
        error[reached] = np.inf
    part = 0.5 * (1.0 + confidence)
    width = float(stats.norm.ppf(part) if fitting.known else stats.t.ppf(part, freedom))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(error, error)
    return Fit(
        fitting=fitting,
        theta=theta,
        standard_error=error,
        interval=_interval(fitting, theta, width * error / slope),
        covariance=covariance,
        correlation=correlation,
        squares=squares,
        variance=variance,
        freedom=freedom,
        residuals=residuals,
        jacobian=jacobian,
        starts=[(s, fitting.theta(v)) for s, v in found],
        singular=singular,
        blind=blind,
        collinearity=_collinearity(jacobian),
        at_bounds=tuple(name for name, v in zip(names, u) if v < 1e-6 or v > 1.0 - 1e-6),
        confidence=confidence,
        evaluations=counted.rows,
    )


def _interval(fitting: Fitting, theta: Array, width: Array) -> Array:
    """Give intervals: of the logarithm where that was searched, so that they stay positive."""
    u = fitting.unit(theta)
    ends = np.array([u - width, u + width])
    found = np.array([fitting.theta(end) if np.isfinite(end).all() else _open(fitting, end) for end in ends])
    return found.T


def _open(fitting: Fitting, end: Array) -> Array:
    finite = np.isfinite(end)
    values = fitting.theta(np.where(finite, end, 0.5))
    logs = np.array([p.log for p in fitting.parameters])
    none = np.where(end > 0.0, np.inf, np.where(logs, 0.0, -np.inf))
    return np.where(finite, values, none)


def _collinearity(jacobian: Array) -> float:
    norms = np.linalg.norm(jacobian, axis=0)
    if jacobian.shape[1] < 2:
        return 1.0
    if not (norms > 0.0).all():
        return float("inf")
    least = float(np.linalg.svd(jacobian / norms, compute_uv=False)[-1])
    return 1.0 / least if least > 1e-12 else float("inf")


def _check(fitting: Fitting) -> None:
    n, p = int(fitting.there.sum()), len(fitting.parameters)
    if n <= p:
        raise AnalysisError(f"{p} parameters need more than {p} data; there are {n}")
    for one in fitting.parameters:
        if not one.high > one.low:
            raise AnalysisError(f"{one.name} has no range: {one.low:.6g} to {one.high:.6g}")
        if one.log and one.low <= 0.0:
            raise AnalysisError(
                f"{one.name} is searched in its logarithm: its range must be above 0, not {one.low:.6g}"
            )
        if np.isfinite(one.start) and not one.low <= one.start <= one.high:
            raise AnalysisError(f"{one.name} starts at {one.start:.6g}, outside {one.low:.6g} to {one.high:.6g}")
    if not (fitting.sigma[fitting.there] > 0.0).all():
        raise AnalysisError("every standard deviation must be above 0")


def _starts(fitting: Fitting, count: int, seed: int) -> Array:
    qmc = need("scipy.stats.qmc")
    given = np.array([p.start for p in fitting.parameters])
    middle = fitting.theta(np.full(len(given), 0.5))
    first = fitting.unit(np.where(np.isfinite(given), given, middle))
    others = qmc.LatinHypercube(len(given), rng=seed).random(max(count - 1, 0))
    return np.vstack([first, 0.02 + 0.96 * others])


def _beside(counted: _Counter, u: Array, count: int, seed: int) -> Array:
    """Places about a minimum, [count, p]: drawn as its Fisher information says, within the ranges."""
    if not count:
        return np.empty((0, len(u)))
    residuals, jacobian = counted.both(u)
    _, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    variance = float(residuals @ residuals) / (len(residuals) - len(u))
    # in a direction that the data hardly see, a tenth of the ranges
    spread = np.minimum(np.sqrt(variance) / np.maximum(singular, 1e-300), 0.1)
    drawn = np.random.default_rng([seed, 1]).normal(size=(count, len(u)))
    return np.asarray(np.minimum(np.maximum(u + (drawn * spread) @ right, 0.0), 1.0))


class _Counter:
    """Residuals and their Jacobian by central differences, all columns in one batch."""

    def __init__(self, fitting: Fitting, data: Array | None = None, held: int = -1, value: float = 0.0) -> None:
        self.fitting, self.data, self.rows = fitting, data, 0
        self.free = [i for i in range(len(fitting.parameters)) if i != held]
        self.held, self.value = held, value
        self._last: tuple[bytes, Array] | None = None

    def whole(self, v: Array) -> Array:
        """Put the held parameter in its place, [..., p]."""
        v = np.asarray(v, dtype=float)
        return v if self.held < 0 else np.insert(v, self.held, self.value, axis=-1)

    def residuals(self, v: Array) -> Array:
        self.rows += 1
        found: Array = self.fitting.residuals(self.whole(v), self.data)[0]
        self._last = (np.asarray(v).tobytes(), found)
        return found

    def jacobian(self, v: Array) -> Array:
        v = np.asarray(v, dtype=float)
        h = self.fitting.step
        steps = np.eye(len(v)) * h
        # inwards at the ends of a range
        up, down = np.minimum(v + steps, 1.0), np.maximum(v - steps, 0.0)
        self.rows += 2 * len(v)
        values = self.fitting.residuals(self.whole(np.vstack([up, down])), self.data)
        width = np.diag(up) - np.diag(down)
        return np.asarray((values[: len(v)] - values[len(v) :]) / width[:, None]).T

    def both(self, v: Array) -> tuple[Array, Array]:
        return self.residuals(v), self.jacobian(v)

    def search(self, start: Array) -> Any:
        """Find a minimum from a start; None where the model fails at it."""
        least_squares = need("scipy.optimize").least_squares
        if not np.isfinite(self.residuals(start)).all():
            return None

        def safe(v: Array) -> Array:
            found = self.residuals(v)
            return np.where(np.isfinite(found), found, 1e6)  # a step into failure is taken back

        def slopes(v: Array) -> Array:
            found = self.jacobian(v)
            if not np.isfinite(found).all():
                raise _FailedError
            return found

        begin = np.minimum(np.maximum(start, 1e-9), 1.0 - 1e-9)  # strictly within, as the method wants
        try:
            return least_squares(
                safe, begin, slopes, bounds=(0.0, 1.0), x_scale="jac", xtol=1e-8, ftol=1e-10, gtol=1e-10
            )
        except _FailedError:
            return None


class _FailedError(Exception):
    """The model failed beside a point at which it does not."""
