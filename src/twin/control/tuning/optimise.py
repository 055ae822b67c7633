"""Settings of several loops together that make errors small in several scenarios, and stay robust.

Each index is taken relative to that of the settings started from, a cost by its difference beside its size there.
Over the loops and scenarios the mean counts, over the cases of a scenario (uncertain parameters) the worst. Settings
whose loops have a larger Ms than allowed, each with the others closed, are pushed back. Searched is the logarithm of
the settings, by Nelder and Mead's simplex, which needs no derivatives and goes on where a run fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.control.linear.linearise import NotLinear
from twin.control.linear.loops import Loop
from twin.control.linear.needs import library
from twin.control.tuning.robustness import Opened
from twin.control.tuning.rules import Settings
from twin.control.tuning.trial import Case, errors, index
from twin.quantity import Array

#: What a failed run, or an unstable loop, counts.
FAILED = 1e3
#: What Ms beyond its limit counts, for each part of the limit.
STEEP = 20.0
#: First steps of the search in the logarithms of gain, integral and derivative time.
FIRST = (0.25, -0.35, 0.25)
#: A loop that is at rest in a scenario does not count there: its index beside its largest of all scenarios.
RESTING = 1e-4


@dataclass(frozen=True)
class Optimum:
    """What the search found.

    Attributes
    ----------
    settings : dict
        By the loops' names.
    value : float
        Mean of the relative indices, 1 for the settings started from.
    runs : int
        Scenarios run.
    history : tuple of float
        Best value after each trial.
    """

    settings: dict[str, Settings]
    value: float
    runs: int
    history: tuple[float, ...]


def optimise(
    scenarios: Sequence[Sequence[Case]],
    loops: Sequence[Loop],
    start: Mapping[str, Settings],
    opened: Mapping[str, Opened],
    *,
    kind: str = "itae",
    Ms: float = 2.0,
    trials: int = 120,
    told: Callable[[int, float], None] | None = None,
) -> Optimum:
    """Search for better settings.

    Parameters
    ----------
    scenarios : sequence of sequence of Case
        Each with its cases.
    loops : sequence of Loop
    start : mapping of str to Settings
        Where to begin, and what indices are relative to.
    opened : mapping of str to Opened
        For the margins.
    kind : str
        itae, iae or ise of each loop, or the cost of all together by the prices of the cases.
    Ms : float
        Largest allowed for each loop; at least that of the start where it has more.
    trials : int
        Evaluations of the objective.
    told : callable, optional
        Told the number of each trial and the best value so far.
    """
    reference = [[_indices(case, loops, start, kind) for case in cases] for cases in scenarios]
    known = [one for cases in reference for one in cases if one is not None]
    if len(known) < sum(map(len, reference)):
        raise NotLinear("a scenario does not come to its end with the settings started from")
    largest = np.max(np.abs(known), axis=0)
    if not np.any(largest > 0.0):
        raise NotLinear("nothing moves these loops in the scenarios: there is nothing to optimise")
    allowed = {loop.name: max(Ms, opened[loop.name].margins(start[loop.name]).Ms) for loop in loops}
    names = [(loop.name, k) for loop in loops for k in _free(start[loop.name])]
    runs, history = [0], list[float]()
    best: list[tuple[float, dict[str, Settings]]] = [(1.0, dict(start))]

    def decoded(x: Array) -> dict[str, Settings]:
        values = {name: [s.K, s.T_i, s.T_d] for name, s in start.items()}
        for (name, k), change in zip(names, x, strict=True):
            values[name][k] *= float(np.exp(change))
        return {name: Settings(*v) for name, v in values.items()}

    def objective(x: Array) -> float:
        tried = decoded(x)
        penalty = 0.0
        for loop in loops:
            found = opened[loop.name].margins(tried[loop.name])
            excess = found.Ms / allowed[loop.name] - 1.0
            penalty += STEEP * max(excess, 0.0) if found.stable else FAILED
        value = penalty + (_value(scenarios, reference, largest, loops, tried, kind, runs) if penalty < 1.0 else 1.0)
        if value < best[0][0] and penalty < 1e-3:
            best[0] = (value, tried)
        history.append(best[0][0])
        if told is not None:
            told(len(history), best[0][0])
        return value

    simplex = np.zeros((len(names) + 1, len(names)))
    for k, (_, which) in enumerate(names):
        simplex[k + 1, k] = FIRST[which]
    library("scipy.optimize").minimize(
        objective,
        simplex[0],
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": trials, "adaptive": True, "xatol": 1e-2, "fatol": 1e-4},
    )
    return Optimum(best[0][1], best[0][0], runs[0], tuple(history))


def _free(settings: Settings) -> list[int]:
    """Which of gain, integral and derivative time are in use."""
    return [k for k, value in enumerate((settings.K, settings.T_i, settings.T_d)) if value != 0.0]


def _indices(case: Case, loops: Sequence[Loop], tried: Mapping[str, Settings], kind: str) -> Array | None:
    run = errors(case, loops, tried)
    return None if run is None else index(case, run, kind)


def _value(
    scenarios: Sequence[Sequence[Case]],
    reference: list[list[Array | None]],
    largest: Array,
    loops: Sequence[Loop],
    tried: Mapping[str, Settings],
    kind: str,
    runs: list[int],
) -> float:
    worst = []
    for cases, before in zip(scenarios, reference, strict=True):
        values = []
        for case, base in zip(cases, before, strict=True):
            assert base is not None
            runs[0] += 1
            found = _indices(case, loops, tried, kind)
            if found is None:
                return FAILED
            moving = np.abs(base) > RESTING * largest
            more = (found - base)[moving] / np.abs(base[moving])
            values.append(1.0 + float(np.mean(more)) if moving.any() else 1.0)
        worst.append(max(values))
    return float(np.mean(worst))
