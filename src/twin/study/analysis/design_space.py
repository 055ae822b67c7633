"""The design space: where all limits are met with a stated probability, and how it is found with few runs.

P(x) is the probability, over uncertain parameters and over the surrogates' own error, that every response keeps its
limits at factors x. Points near the edge are chosen by Echard, Gayton & Lemaire's U = |margin|/deviation (Struct.
Saf. 33 (2011) 145). Proven acceptable ranges are the largest box of P ≥ level that a search on a grid finds: all
factors may move in it together, which one-factor ranges do not promise (ICH Q8(R2)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.surrogate import fit_surrogate

#: Points of the grid that boxes are searched on, by number of factors.
GRID = {1: 401, 2: 81, 3: 31, 4: 15, 5: 9, 6: 7}
#: U beyond which a side of the limit is as good as certain: 2.3 % to be wrong.
CERTAIN = 2.0
#: What counts as halfway between a run that ended and one that broke off, in parts of the way: a standard deviation.
HALFWAY = 0.1
#: Tries of a space-filling design of which constraints leave too few rows.
TRIES = 1000
Probability = Callable[[Array], Array]
#: Says of rows [n, k + q] which may be run at all, [n] bool.
Allowed = Callable[[Array], Array]


@dataclass(frozen=True)
class Limits:
    """Limits of each response, [m]; infinite where there is none."""

    low: Array
    high: Array

    def margin(self, y: Array) -> Array:
        """Give the distance to the nearer limit, [n, m]: negative outside."""
        return np.asarray(np.minimum(y - self.low, self.high - y))

    def met(self, y: Array) -> Array:
        """Say where all are kept, [n] bool; not where a response is not a number."""
        return np.asarray((self.margin(y) >= 0.0).all(axis=1))


class Predictor(Protocol):
    """What says a response and how sure it is of it, as a surrogate does."""

    @property
    def scale(self) -> float:
        """Spread of the response."""
        ...

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Give mean and standard deviation at x[n, k], each [n]."""
        ...


class Ending:
    """Whether runs end, judged by those nearest to a point: 1 at one that ended, -1 at one that broke off.

    Nothing is smoothed: a run that broke off amid others that ended is a hole in the space.

    Parameters
    ----------
    x : array, [n, k]
    there : array, [n] bool
        Which runs gave all responses; some did and some did not.
    """

    scale = 1.0

    def __init__(self, x: Array, there: Array) -> None:
        tree = need("scipy.spatial").cKDTree
        self._low, span = x.min(axis=0), np.ptp(x, axis=0)
        self._span = np.where(span > 0.0, span, 1.0)
        self._ended, self._broke = (tree((x[some] - self._low) / self._span) for some in (there, ~there))

    @classmethod
    def of(cls, x: Array, there: Array) -> Ending | None:
        """Give None where all runs ended."""
        return None if there.all() else cls(x, there)

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Give how much nearer a run that ended is, from -1 to 1, and how sharply that is judged."""
        z = (np.atleast_2d(x) - self._low) / self._span
        ended, broke = self._ended.query(z)[0], self._broke.query(z)[0]
        both = ended + broke
        return (broke - ended) / np.where(both > 0.0, both, 1.0), np.full(len(z), HALFWAY)


class Space:
    """A design space over k factors, from surrogates of every response with a limit.

    Parameters
    ----------
    surrogates : sequence of Predictor
        One a response; of factors and, behind them, uncertain parameters.
    limits : Limits
    parameters : array, [draws, q], optional
        Draws of the uncertain parameters; the same ones at every x.
    ending : Ending, optional
        Where some runs broke off: there no limit is met.
    allowed : callable, optional
        Which rows may be run at all: the others are not in the space.
    """

    def __init__(
        self,
        surrogates: Sequence[Predictor],
        limits: Limits,
        parameters: Array | None = None,
        ending: Predictor | None = None,
        allowed: Allowed | None = None,
    ) -> None:
        low, high = limits.low, limits.high
        if ending is not None:
            surrogates, low, high = [*surrogates, ending], np.append(low, 0.0), np.append(high, np.inf)
        self.surrogates, self.limits, self.allowed = tuple(surrogates), Limits(low, high), allowed
        self.parameters = np.empty((1, 0)) if parameters is None else np.atleast_2d(parameters)

    def probability(self, x: Array) -> Array:
        """Give P(all limits are met) at x[n, k]: errors of different surrogates are taken for independent."""
        norm = need("scipy.stats").norm
        x = np.atleast_2d(x)
        total = np.zeros(len(x))
        for draw in self.parameters:
            rows = np.column_stack([x, np.broadcast_to(draw, (len(x), len(draw)))])
            chance = np.ones(len(x)) if self.allowed is None else np.where(self.allowed(rows), 1.0, 0.0)
            for i, surrogate in enumerate(self.surrogates):
                mean, deviation = surrogate.predict(rows)
                deviation = np.maximum(deviation, 1e-12 * surrogate.scale)
                above = norm.cdf((mean - self.limits.low[i]) / deviation)
                chance *= above - norm.sf((self.limits.high[i] - mean) / deviation)
            total += chance
        return total / len(self.parameters)

    def doubt(self, x: Array) -> Array:
        """Give U at x[n, k + q]: how many deviations the response nearest to a limit lies from it."""
        least = np.full(len(x), np.inf)
        for i, surrogate in enumerate(self.surrogates):
            mean, deviation = surrogate.predict(x)
            margin = np.minimum(mean - self.limits.low[i], self.limits.high[i] - mean)
            least = np.minimum(least, np.abs(margin) / np.maximum(deviation, 1e-12 * surrogate.scale))
        return least


@dataclass(frozen=True)
class Explored:
    """What an exploration found: the space, all runs, and how far it came."""

    space: Space
    x: Array
    y: Array
    rounds: int
    undecided: float  #: part of the candidates whose side of a limit is not yet certain


def explore(
    function: Callable[[Array], Array],
    low: Array,
    high: Array,
    limits: Limits,
    *,
    start: int = 0,
    batch: int = 8,
    budget: int = 200,
    parameters: Array | None = None,
    stop: float = 0.02,
    seed: int = 0,
    allowed: Allowed | None = None,
) -> Explored:
    """Sample where it is undecided whether the limits are met.

    Parameters
    ----------
    function : callable
        Runs of x[n, k + q] (factors, then parameters) to responses [n, m]; NaN where a run failed.
    low, high : array, [k]
        Ranges of the factors.
    limits : Limits
    start : int
        Runs of the first, space-filling design; 8 a column unless given.
    batch, budget : int
        Runs a round, and in all.
    parameters : array, [draws, q], optional
        Draws of uncertain parameters.
    stop : float
        End when no more than this part of the candidates is undecided.
    seed : int
    allowed : callable, optional
        Which rows may be run: no others are, nor are they in the space.

    Raises
    ------
    AnalysisError
        When every run failed, or hardly any may be made.
    """
    qmc = need("scipy.stats.qmc")
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    k = len(low)
    around = np.empty((1, 0)) if parameters is None else np.atleast_2d(parameters)
    columns = k + around.shape[1]
    bottom = np.concatenate([low, around.min(axis=0)])
    top = np.concatenate([high, around.max(axis=0)])
    generator = np.random.default_rng(seed)
    filling = qmc.LatinHypercube(columns, rng=seed)
    x = _allowed_rows(filling, bottom, top, min(budget, start or 8 * columns), allowed)
    y = np.asarray(function(x), dtype=float)
    candidates = qmc.Sobol(columns, rng=seed).random_base2(10)
    rounds, undecided = 0, 1.0
    while True:
        space = _fitted(x, y, limits, parameters, seed, allowed)
        pool = bottom + candidates * (top - bottom)
        if parameters is not None:  # where they are probable, not just possible
            pool[:, k:] = around[generator.integers(len(around), size=len(pool))]
        if allowed is not None:
            pool = pool[allowed(pool)]
        doubt = space.doubt(pool)
        undecided = float(np.mean(doubt < CERTAIN)) if len(doubt) else 0.0
        if undecided <= stop or len(x) >= budget:
            return Explored(space, x, y, rounds, undecided)
        chosen = _spread(pool, doubt, x, bottom, top, min(batch, budget - len(x)))
        if not chosen:  # all of them have been run
            return Explored(space, x, y, rounds, undecided)
        x = np.concatenate([x, pool[chosen]])
        y = np.concatenate([y, np.asarray(function(pool[chosen]), dtype=float)])
        rounds += 1


def _allowed_rows(filling: Any, bottom: Array, top: Array, count: int, allowed: Allowed | None) -> Array:
    """Give a space-filling design, [count, columns]; of what is not allowed, others are drawn."""
    x = np.asarray(bottom + filling.random(count) * (top - bottom))
    if allowed is None:
        return x
    x = x[allowed(x)]
    for _ in range(TRIES):
        if len(x) >= count:
            return x[:count]
        more = bottom + filling.random(count) * (top - bottom)
        x = np.vstack([x, more[allowed(more)]])
    raise AnalysisError(f"only {len(x)} of {TRIES * count} rows keep the constraints: there is nothing to explore")


def _fitted(x: Array, y: Array, limits: Limits, parameters: Array | None, seed: int, allowed: Allowed | None) -> Space:
    there = np.isfinite(y).all(axis=1)
    if not there.any():
        raise AnalysisError(f"all {len(y)} runs failed: there is nothing to make a design space of")
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    fits = [
        fit_surrogate(x[there], y[there, i], names, f"response {i}", seed=seed, restarts=0) for i in range(y.shape[1])
    ]
    return Space(fits, limits, parameters, Ending.of(x, there), allowed)


def _spread(pool: Array, doubt: Array, x: Array, low: Array, high: Array, count: int) -> list[int]:
    """Choose the most doubtful candidates that keep their distance from each other and from the runs."""
    span = np.where(high > low, high - low, 1.0)
    z, taken = (pool - low) / span, [(row - low) / span for row in x]
    chosen: list[int] = []
    distance = 0.3 / len(x) ** (1.0 / pool.shape[1])
    order = np.argsort(doubt, kind="stable")
    while len(chosen) < count and distance > 1e-9:  # none nearer than that is another point
        for i in order:
            if len(chosen) >= count:
                break
            if i not in chosen and np.min(np.sum((np.array(taken) - z[i]) ** 2, axis=1)) > distance**2:
                chosen.append(int(i))
                taken.append(z[i])
        distance *= 0.5
    return chosen


@dataclass(frozen=True)
class Box:
    """Ranges within which all factors may move together.

    `volume` is its part of the explored one; `least` the smallest probability found in it by random points.
    """

    low: Array
    high: Array
    volume: float
    least: float


def grid(low: Array, high: Array, points: int = 0) -> tuple[list[Array], Array]:
    """Give the axes and the points [n^k, k] of a grid."""
    k = len(low)
    axes = [np.linspace(a, b, points or GRID.get(k, 5)) for a, b in zip(low, high)]
    return axes, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, k)


def largest_box(
    probability: Probability, low: Array, high: Array, level: float = 0.95, points: int = 0, seed: int = 0
) -> Box | None:
    """Find the largest box in which P ≥ level at every point of a grid; None where there is no such point.

    Boxes are grown from many points, and regrown with a side drawn in, until none becomes larger.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    axes, nodes = grid(low, high, points)
    shape = tuple(len(axis) for axis in axes)
    good = (np.asarray(probability(nodes)) >= level).reshape(shape)
    if not good.any():
        return None
    search = _Boxes(good)
    generator = np.random.default_rng(seed)
    inside = np.argwhere(good)
    starts = [inside[i] for i in generator.choice(len(inside), min(20, len(inside)), replace=False)]
    starts.append(inside[int(np.argmin(np.sum((inside - inside.mean(axis=0)) ** 2, axis=1)))])
    best = max((search.climbed(start) for start in starts), key=search.size)
    bottom = np.array([axis[i] for axis, i in zip(axes, best[0])])
    top = np.array([axis[i] for axis, i in zip(axes, best[1])])
    within = bottom + generator.random((2000, len(low))) * (top - bottom)
    least = float(np.min(probability(within)))
    return Box(bottom, top, float(np.prod((top - bottom) / (high - low))), least)


class _Boxes:
    """Boxes of a boolean grid: a table of sums says at once whether one is all true."""

    def __init__(self, good: Array) -> None:
        self.shape = good.shape
        sums = np.pad((~good).astype(np.int64), [(1, 0)] * good.ndim)
        for axis in range(good.ndim):
            sums = np.cumsum(sums, axis=axis)
        self._sums = sums
        self._corners = list(product((0, 1), repeat=good.ndim))

    def fine(self, low: Array, high: Array) -> bool:
        total = 0
        for corner in self._corners:
            place = tuple(int(b + 1) if c else int(a) for a, b, c in zip(low, high, corner))
            total += (-1) ** (len(corner) - sum(corner)) * int(self._sums[place])
        return total == 0

    def size(self, box: tuple[Array, Array]) -> float:
        """Give the volume, with half an interval added to flat sides so that they can be compared."""
        return float(np.prod(box[1] - box[0] + 0.5))

    def grown(self, low: Array, high: Array, first: int = -1) -> tuple[Array, Array]:
        """Move faces outwards, the shortest side first, until none can; `first` waits for no turn."""
        low, high = low.copy(), high.copy()
        while True:
            sides = sorted(range(len(low)), key=lambda i: ((i != first), (high[i] - low[i]) / self.shape[i]))
            for i, up in ((i, up) for i in sides for up in (True, False)):
                a, b = low.copy(), high.copy()
                if up:
                    b[i] += 1
                else:
                    a[i] -= 1
                if a[i] >= 0 and b[i] < self.shape[i] and self.fine(a, b):
                    low, high = a, b
                    break
            else:
                return low, high

    def climbed(self, start: Array) -> tuple[Array, Array]:
        """Grow from a point; then draw each side in and regrow another first, as long as that gains."""
        best = self.grown(start, start)
        gained = True
        while gained:
            gained = False
            for i, j in product(range(len(start)), repeat=2):
                for up in (True, False):
                    low, high = best[0].copy(), best[1].copy()
                    step = max(1, int(high[i] - low[i]) // 8)
                    if i == j or high[i] - low[i] < step:
                        continue
                    if up:
                        high[i] -= step
                    else:
                        low[i] += step
                    other = self.grown(low, high, j)
                    if self.size(other) > self.size(best):
                        best, gained = other, True
        return best


@dataclass(frozen=True)
class OneFactor:
    """Ranges of one factor at a time, the others at `centre`, beside what becomes of them taken together.

    `failing` is the part of their common box in which P < level: the reason not to combine them.
    """

    centre: Array
    low: Array
    high: Array
    failing: float
    volume: float


def one_factor_ranges(
    probability: Probability, low: Array, high: Array, centre: Array, level: float = 0.95, seed: int = 0
) -> OneFactor:
    """Move one factor at a time from a centre, until P falls below the level.

    Raises
    ------
    AnalysisError
        When the centre itself is below.
    """
    low, high, centre = (np.asarray(v, dtype=float) for v in (low, high, centre))
    at = float(probability(centre[None, :])[0])
    if at < level:
        raise AnalysisError(f"one-factor ranges start from a point that is good enough; P there is {at:.3g}")
    bottom, top = centre.copy(), centre.copy()
    for i in range(len(centre)):
        values = np.linspace(low[i], high[i], GRID[1])
        rows = np.repeat(centre[None, :], len(values), axis=0)
        rows[:, i] = values
        good = np.asarray(probability(rows)) >= level
        above, below = values >= centre[i], values <= centre[i]
        stop = values[above][np.argmin(good[above])] if not good[above].all() else np.inf
        bottom_stop = values[below][::-1][np.argmin(good[below][::-1])] if not good[below].all() else -np.inf
        top[i] = max([centre[i], *values[above & good & (values < stop)]])
        bottom[i] = min([centre[i], *values[below & good & (values > bottom_stop)]])
    inside = bottom + np.random.default_rng(seed).random((4000, len(low))) * (top - bottom)
    failing = float(np.mean(np.asarray(probability(inside)) < level))
    return OneFactor(centre, bottom, top, failing, float(np.prod((top - bottom) / (high - low))))


def edge_map(
    probability: Probability, low: Array, high: Array, pair: tuple[int, int], centre: Array, points: int = 41
) -> tuple[Array, Array, Array]:
    """Give two axes and P [points, points] over a pair of factors, the others at `centre`: the edge of failure."""
    first, second = (np.linspace(low[i], high[i], points) for i in pair)
    rows = np.repeat(np.asarray(centre, dtype=float)[None, :], points * points, axis=0)
    rows[:, pair[0]], rows[:, pair[1]] = np.repeat(first, points), np.tile(second, points)
    return first, second, np.asarray(probability(rows)).reshape(points, points)
