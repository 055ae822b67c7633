"""The search: implicit Euler steps in pseudo-time that grow into Newton's method.

A step of length δ solves (1/δ − J) d = f(y) and is corrected with the same matrix until it is Euler's. How
fast the corrections fall says how far the plant is from linear over the step; where little, the next one is
longer, until 1/δ vanishes beside J. From its start the search so follows the plant's own way roughly, through
what fills and heats up, to where it comes to rest. `nearest=True` is Newton's method from the start, damped,
which also finds the steady states from which a plant runs away.

References: Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998) 508, doi:10.1137/S0036142996304796; Deuflhard,
Newton Methods for Nonlinear Problems, Springer 2011, section 3.3 (ISBN 978-3-642-23898-7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from twin.quantity import Array
from twin.steady.view import View

#: Steps after which the search is given up.
MOST_STEPS = 5000
#: The same for Newton's method, and the least part of a step that is tried.
MOST_NEWTON, LEAST_PART = 200, 1e-5
#: Longest step in s: beside it the slowest rate of a plant is Newton's.
LONGEST = 1e11
#: Steps this long [s] with corrections below `CLOSE` are Newton's at its end.
LONG = 1e8
#: Size of a Newton step, relative to the states, that ends the search; rounding takes over below.
CLOSE = 1e-9
#: Newton steps at the end that take rounding as far as it goes, for components of which there is little.
POLISH = 6
#: A step ends when a correction is this small beside the states; it fails when they do not fall fast enough.
NONLINEAR, CONTRACTION, CORRECTIONS = 1e-5, 0.6, 8
#: A state this many times its scale goes on growing.
GROWN = 1e7


class Outcome(Enum):
    """How a search ended, by the sentences that say so."""

    FOUND = "The plant has come to rest."
    DRIFTS = "Something goes on changing: the plant as it stands has no steady state, or none near this start."
    NOT_FINITE = "The rates at the start are not finite: the plant is outside the range of its models."
    STUCK = "The search does not get on: the rates change too abruptly for it."
    NEGATIVE = "What was found is no state of a plant: something in it is negative."


@dataclass
class Found:
    """Where a search ended."""

    outcome: Outcome
    y: Array
    rates: Array  #: dy/dt there, those of held states too
    steps: int
    place: int = -1  #: the state that kept it from its end


class Search:
    """A search from y with some states held.

    Parameters
    ----------
    view : View
        Of the plant; its fixed states are the held and the absent ones.
    scale : array [n_y]
        Sizes of the states, the plant's nominal values.
    held : array [n_y] of bool
    """

    def __init__(self, view: View, scale: Array, held: Array) -> None:
        self.view, self.scale, self.held = view, scale, held

    def run(self, y: Array, nearest: bool = False) -> Found:
        """Search from `y`."""
        f = self._linearised(y)
        if not np.all(np.isfinite(f)):
            return self._ended(Outcome.NOT_FINITE, y, f, 0)
        return self._newton(y, f) if nearest else self._follow(y, f)

    def _newton(self, y: Array, f: Array) -> Found:
        """Newton's method, damped until its simplified next step is shorter (natural monotonicity)."""
        view = self.view
        for step in range(1, MOST_NEWTON + 1):
            if not view.factorise(1.0 / LONGEST):
                return self._ended(Outcome.STUCK, y, f, step)
            d = view.solve(f)
            size, part = self._size(y, d), 1.0
            if size < CLOSE:
                return self._polished(y + d, step)
            while True:
                f_there = self._rates(y + part * d)
                good = bool(np.all(np.isfinite(f_there)))
                if good and self._size(y, view.solve(f_there)) <= (1.0 - 0.25 * part) * size:
                    break
                part *= 0.5
                if part < LEAST_PART:
                    return self._ended(Outcome.STUCK, y, f, step)
            y = y + part * d
            f = self._linearised(y)
        return self._ended(Outcome.STUCK, y, f, MOST_NEWTON)

    def _follow(self, y: Array, f: Array) -> Found:
        """Steps in pseudo-time that grow."""
        delta = 0.1 / max(self._size(y, f), 1e-6)
        for step in range(1, MOST_STEPS + 1):
            tried = self._step(y, f, delta)
            if tried is None:
                delta *= 0.25
                if delta * self._size(y, f) < 1e-13:
                    return self._ended(Outcome.STUCK, y, f, step)
                continue
            y, size, contraction = tried
            if delta >= LONG and size < CLOSE:
                return self._polished(y, step)
            grown = np.where(self.held, 0.0, np.abs(y) / self.scale)
            if grown.max(initial=0.0) > GROWN:
                return Found(Outcome.DRIFTS, y, self.view.rates(y), step, int(np.argmax(grown)))
            f = self._linearised(y)
            delta = min(delta * min(10.0, 0.3 / max(contraction, 1e-2) + 0.5), LONGEST)
        return self._ended(Outcome.DRIFTS, y, f, MOST_STEPS)

    def _step(self, y: Array, f: Array, delta: float) -> tuple[Array, float, float] | None:
        """One step; None where the plant is not near linear over it, else where it leads and how large it was."""
        view = self.view
        if not view.factorise(1.0 / delta):
            return None
        d = view.solve(f)
        size = changed = self._size(y, d)
        there = y + d
        f_there = self._rates(there)
        contraction = 0.0
        for _ in range(CORRECTIONS):
            if not np.all(np.isfinite(f_there)):
                return None
            correction = view.solve(f_there - (there - y) / delta)
            before, changed = changed, self._size(y, correction)
            contraction = max(contraction, changed / before if before > CLOSE else 0.0)
            there = there + correction
            f_there = self._rates(there)
            if changed <= NONLINEAR or contraction > CONTRACTION:
                break
        good = np.all(np.isfinite(f_there)) and changed <= NONLINEAR and contraction <= CONTRACTION
        return (there, size, contraction) if good else None

    def _polished(self, y: Array, steps: int) -> Found:
        """Repeat Newton's step while the rates fall."""
        best, f = y, self._linearised(y)
        rest = self._size(y, f)
        for _ in range(POLISH):
            if not self.view.factorise(1.0 / LONGEST):
                break
            y = best + self.view.solve(f)
            tried = self._linearised(y)
            size = self._size(y, tried)
            if not size < 0.5 * rest:
                break
            best, f, rest = y, tried, size
        return Found(Outcome.FOUND, best, self.view.rates(best), steps)

    def _rates(self, y: Array) -> Array:
        return np.where(self.held, 0.0, self.view.rates(y))

    def _linearised(self, y: Array) -> Array:
        return np.where(self.held, 0.0, self.view.linearise(y))

    def _size(self, y: Array, change: Array) -> float:
        """Largest change of a state relative to its size."""
        return float(np.max(np.abs(change) / np.maximum(np.abs(y), self.scale), initial=0.0))

    def _ended(self, outcome: Outcome, y: Array, f: Array, steps: int) -> Found:
        relative = np.abs(f) / np.maximum(np.abs(y), self.scale)
        relative[~np.isfinite(relative)] = np.inf
        place = int(np.argmax(relative)) if len(y) else -1
        return Found(outcome, y, self.view.rates(y), steps, place)
