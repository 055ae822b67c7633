"""Optimisation of what runs give: one objective or several, with constraints, globally, locally, robustly.

Everything is found by well-kept libraries: differential evolution (Storn & Price 1997) and COBYQA (Ragonneau & Zhang
2024) by scipy, NSGA-II (Deb et al. 2002) by pymoo. Runs are asked for in batches, so that they go side by side; each
is counted, and none is made twice. The best is the best that was run, never one that a method believes in.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.config.search_keys import METHODS
from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need

#: Part of the evaluations that `both` spends globally.
GLOBAL_PART = 0.6


@dataclass(frozen=True)
class Problem:
    """What is sought.

    Attributes
    ----------
    factors : tuple of str
    low, high : array, [k]
    function : callable
        Runs of x[n, k] to (objectives [n, m], constraints [n, c]): objectives are minimised, constraints kept when
        ≤ 0; NaN where a run failed, which is taken as infeasible.
    objectives, constraints : tuple of str
        Their names.
    """

    factors: tuple[str, ...]
    low: Array
    high: Array
    function: Callable[[Array], tuple[Array, Array]]
    objectives: tuple[str, ...] = ("objective",)
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """How an optimisation went.

    Attributes
    ----------
    x : array, [n, k]
        The best run that keeps all constraints (one row), or the Pareto front; empty where none keeps them.
    objectives, constraints : array
        Of those.
    runs, run_objectives, run_constraints : array
        All runs, in the order in which they were asked for.
    """

    x: Array
    objectives: Array
    constraints: Array
    runs: Array
    run_objectives: Array
    run_constraints: Array
    method: str
    message: str

    @property
    def feasible(self) -> Array:
        """Which runs keep every constraint, [n] bool."""
        return feasible(self.run_objectives, self.run_constraints)

    def history(self) -> Array:
        """Give the best objective after each run, [n]; infinite while none keeps the constraints."""
        values = np.where(self.feasible, self.run_objectives[:, 0], np.inf)
        return np.asarray(np.minimum.accumulate(values))


def feasible(objectives: Array, constraints: Array) -> Array:
    """Say which rows keep every constraint and have every objective, [n] bool."""
    return np.asarray(np.isfinite(objectives).all(axis=1) & (constraints <= 0.0).all(axis=1))


class _SpentError(Exception):
    """All evaluations have been made."""


class _Counted:
    """Runs in unit coordinates: counted, kept, and never made twice."""

    def __init__(self, problem: Problem, budget: int) -> None:
        self.problem, self.budget = problem, budget
        self.x: list[Array] = []
        self.f: list[Array] = []
        self.g: list[Array] = []
        self._known: dict[bytes, int] = {}
        self.scale: Array | None = None

    def __call__(self, u: Array) -> tuple[Array, Array]:
        """Give objectives and constraints at u[n, k] in [0, 1]. Raises _SpentError."""
        u = np.atleast_2d(u)
        keys = [row.tobytes() for row in u]
        new = [i for i, key in enumerate(keys) if key not in self._known and keys.index(key) == i]
        left = self.budget - len(self.x)
        cut = len(new) > left
        new = new[:left]
        if new:
            x = self.problem.low + u[new] * (self.problem.high - self.problem.low)
            f, g = self.problem.function(x)
            f = np.asarray(f, dtype=float).reshape(len(x), -1)
            g = np.asarray(g, dtype=float).reshape(len(x), -1)
            for i, row, objectives, constraints in zip(new, x, f, g, strict=True):
                self._known[keys[i]] = len(self.x)
                self.x.append(row)
                self.f.append(objectives)
                self.g.append(constraints)
        if cut:
            raise _SpentError
        places = [self._known[key] for key in keys]
        return np.array([self.f[i] for i in places]), np.array([self.g[i] for i in places])

    def arrays(self) -> tuple[Array, Array, Array]:
        """All runs so far."""
        k, m, c = len(self.problem.factors), len(self.problem.objectives), len(self.problem.constraints)
        n = len(self.x)
        return (
            np.array(self.x).reshape(n, k),
            np.array(self.f).reshape(n, m),
            np.array(self.g).reshape(n, c),
        )


def optimise(
    problem: Problem, method: str = "both", evaluations: int = 400, seed: int = 0, start: Array | None = None
) -> Found:
    """Find the best factors within a number of runs.

    Parameters
    ----------
    problem : Problem
    method : str
        `global` (differential evolution), `local` (COBYQA, from `start`), `both` one after the other, or `multi`
        (NSGA-II).
    evaluations : int
        Runs at most.
    seed : int
    start : array, [k], optional
        Where the local method starts, and a member of the global one's first generation; the middle unless given.

    Raises
    ------
    AnalysisError
        For what cannot be sought so, and when every run failed.
    """
    _check(problem, method, evaluations)
    counted = _Counted(problem, evaluations)
    middle = np.full(len(problem.factors), 0.5)
    given = None if start is None else (np.asarray(start, dtype=float) - problem.low) / (problem.high - problem.low)
    message = "All evaluations were made."
    try:
        if method == "multi":
            _nsga(counted, seed)
        if method in ("global", "both"):
            budget = evaluations if method == "global" else int(GLOBAL_PART * evaluations)
            counted.budget = budget
            try:
                _evolve(counted, budget, seed, given)
                message = "The population has converged."
            except _SpentError:
                pass
            counted.budget = evaluations
        if method in ("local", "both"):
            begin = (given if given is not None else middle) if method == "local" else _best_so_far(counted, middle)
            message = _polish(counted, begin)
    except _SpentError:
        pass
    return _found(counted, method, message)


def _check(problem: Problem, method: str, evaluations: int) -> None:
    if method not in METHODS:
        raise AnalysisError(f"there is no method '{method}'. Known: {', '.join(METHODS)}.")
    for name, a, b in zip(problem.factors, problem.low, problem.high, strict=True):
        if not b > a:
            raise AnalysisError(f"{name} has no range: {a:.6g} to {b:.6g}")
    if method != "multi" and len(problem.objectives) != 1:
        raise AnalysisError(f"method {method} takes one objective, not {len(problem.objectives)}: use multi")
    if method == "multi" and len(problem.objectives) < 2:
        raise AnalysisError("method multi weighs two objectives or more against each other")
    least = 2 * len(problem.factors) + 3
    if evaluations < least:
        raise AnalysisError(f"{len(problem.factors)} factors need {least} evaluations at least, not {evaluations}")


def _merit(f: Array, g: Array) -> Array:
    """Give one number that puts every feasible run before every infeasible one (Deb's rules), [n].

    Infeasible ones are told apart by how much they miss, failed ones not at all.
    """
    good = feasible(f, g)
    missed = np.sum(np.maximum(g, 0.0), axis=1) if g.shape[1] else np.zeros(len(f))
    # arctan keeps order within (−1, 1); 2 + … in (2, 3) for what misses, 4 for what failed
    return np.where(
        good, np.arctan(f[:, 0]) / np.pi * 2.0, np.where(np.isfinite(missed), 2.0 + missed / (1.0 + missed), 4.0)
    )


def _evolve(counted: _Counted, budget: int, seed: int, given: Array | None) -> None:
    optimize, qmc = need("scipy.optimize"), need("scipy.stats.qmc")
    k = len(counted.problem.factors)
    members = int(min(max(6 * k, 16), max(5, budget // 6)))
    first = qmc.LatinHypercube(k, rng=seed).random(members)
    if given is not None:
        first[0] = given

    def merit(u: Array) -> Array:
        f, g = counted(u.T)
        scale = _scale(counted)
        return _merit((f - scale[0]) / scale[1], g)

    optimize.differential_evolution(
        merit,
        [(0.0, 1.0)] * k,
        init=first,
        maxiter=budget,
        tol=1e-8,
        atol=1e-10,
        rng=seed,
        polish=False,
        vectorized=True,
        updating="deferred",
        mutation=(0.4, 0.9),
        recombination=0.9,
    )


def _scale(counted: _Counted) -> tuple[float, float]:
    """Centre and spread of the first generation's objective, so that merits are told apart."""
    if counted.scale is None:
        values = np.array([f[0] for f in counted.f])
        values = values[np.isfinite(values)]
        spread = float(np.std(values)) if len(values) else 0.0
        counted.scale = np.array([float(np.median(values)) if len(values) else 0.0, spread or 1.0])
    return float(counted.scale[0]), float(counted.scale[1])


def _best_so_far(counted: _Counted, middle: Array) -> Array:
    x, f, g = counted.arrays()
    if not len(x):
        return middle
    merit = _merit((f - _scale(counted)[0]) / _scale(counted)[1], g)
    best: Array = x[int(np.argmin(merit))]
    return np.asarray((best - counted.problem.low) / (counted.problem.high - counted.problem.low))


def _polish(counted: _Counted, begin: Array) -> str:
    optimize = need("scipy.optimize")
    k, c = len(counted.problem.factors), len(counted.problem.constraints)
    f, _ = counted(begin[None, :])
    centre, spread = _scale(counted)
    worst = 10.0 if not np.isfinite(f).all() else abs(float(f[0, 0] - centre) / spread) + 10.0

    def objective(u: Array) -> float:
        value = float(counted(u[None, :])[0][0, 0])
        return (value - centre) / spread if np.isfinite(value) else worst

    def constraint(u: Array) -> Array:
        values = counted(u[None, :])[1][0]
        return np.where(np.isfinite(values), values, worst)

    kept = [optimize.NonlinearConstraint(constraint, -np.inf, 0.0)] if c else []
    left = counted.budget - len(counted.x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result: Any = optimize.minimize(
            objective,
            begin,
            method="COBYQA",
            bounds=optimize.Bounds(np.zeros(k), np.ones(k), keep_feasible=True),
            constraints=kept,
            options={"maxfev": max(left, 1), "initial_tr_radius": 0.1, "final_tr_radius": 1e-5, "scale": False},
        )
    return str(result.message)


def _nsga(counted: _Counted, seed: int) -> None:
    Pymoo, Moves = need("pymoo.core.problem").Problem, need("pymoo.algorithms.moo.nsga2").NSGA2
    minimize = need("pymoo.optimize").minimize
    problem = counted.problem
    k, m, c = len(problem.factors), len(problem.objectives), len(problem.constraints)

    class Runs(Pymoo):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__(n_var=k, n_obj=m, n_ieq_constr=c, xl=0.0, xu=1.0)

        def _evaluate(self, u: Array, out: dict[str, Array], *args: Any, **kwargs: Any) -> None:
            f, g = counted(u)
            out["F"] = np.where(np.isfinite(f), f, 1e30)  # a failed run is dominated by every other
            if c:
                out["G"] = np.where(np.isfinite(g), g, 1e30)

    members = int(min(max(4 * k, 16), max(8, counted.budget // 8)))
    minimize(Runs(), Moves(pop_size=members), ("n_gen", 10 * counted.budget), seed=seed, verbose=False)


def _found(counted: _Counted, method: str, message: str) -> Found:
    x, f, g = counted.arrays()
    if not np.isfinite(f).all(axis=1).any():
        raise AnalysisError(f"all {len(x)} runs failed: there is nothing to choose from")
    good = feasible(f, g)
    chosen = np.flatnonzero(good)
    if not len(chosen):
        message = f"No run of {len(x)} keeps all constraints: they may contradict each other. {message}"
    elif method == "multi":
        chosen = chosen[pareto(f[chosen])]
        chosen = chosen[np.argsort(f[chosen, 0], kind="stable")]
    else:
        chosen = chosen[[int(np.argmin(f[chosen, 0]))]]
    return Found(x[chosen], f[chosen], g[chosen], x, f, g, method, message)


def pareto(f: Array) -> Array:
    """Say which rows no other row is better than in all objectives, [n] bool; the first of equal rows counts."""
    kept = np.ones(len(f), dtype=bool)
    for i in range(len(f)):
        better = (f <= f[i]).all(axis=1) & (f < f[i]).any(axis=1)
        same = (f == f[i]).all(axis=1)
        kept[i] = not better.any() and not same[:i].any()
    return kept


def robust(
    function: Callable[[Array, Array], tuple[Array, Array]],
    draws: Array,
    how: str = "mean",
    spread: float = 1.0,
    chance: float = 0.95,
) -> Callable[[Array], tuple[Array, Array]]:
    """Make a function of x alone from one of x and uncertain parameters.

    Parameters
    ----------
    function : callable
        Rows of x[n, k] and parameters [n, q] to (objectives, constraints).
    draws : array, [draws, q]
        The same ones at every x, so that differences between points are not noise.
    how : str
        Objective: `mean` + `spread` standard deviations, `quantile` (`chance` of being no worse), or `worst`.
    spread, chance : float
        `chance` also is the part of the draws in which each constraint must be kept.
    """
    if how not in ("mean", "quantile", "worst"):
        raise AnalysisError(f"robust is mean, quantile or worst, not '{how}'")
    draws = np.atleast_2d(draws)

    def over(x: Array) -> tuple[Array, Array]:
        n, count = len(x), len(draws)
        f, g = function(np.repeat(x, count, axis=0), np.tile(draws, (n, 1)))
        f, g = f.reshape(n, count, -1), g.reshape(n, count, -1)
        if how == "mean":
            objective = f.mean(axis=1) + spread * f.std(axis=1, ddof=1 if count > 1 else 0)
        else:
            objective = f.max(axis=1) if how == "worst" else np.quantile(f, chance, axis=1)
        part = 1.0 if how == "worst" else chance
        kept = np.quantile(g, part, axis=1, method="higher") if g.shape[2] else g[:, 0]
        return objective, kept

    return over


def front_volume(f: Array, reference: Sequence[float]) -> float:
    """Give the hypervolume that two objectives' front dominates, up to a reference point."""
    points = f[pareto(f)]
    points = points[(points < np.asarray(reference)).all(axis=1)]
    points = points[np.argsort(points[:, 0])]
    right = np.append(points[1:, 0], reference[0]) if len(points) else np.empty(0)
    return float(np.sum((right - points[:, 0]) * (reference[1] - points[:, 1])))
