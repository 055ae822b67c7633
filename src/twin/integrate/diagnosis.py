"""Likely cause of a failed step: which unit's numbers are not finite, which states are out of bounds."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from twin.integrate.outcome import Outcome
from twin.quantity import Array

#: A state this many nominal values below zero is called negative.
NEGATIVE = 1e-6


def state_name(plant: Any, place: int) -> str:
    """Name of a state, or "" for a place that is none (an auxiliary)."""
    return str(plant.label(place)) if 0 <= place < int(plant.tables.sizes[0]) else ""


def likely_cause(plant: Any, outcome: Outcome, t: float, y: Array, p: Array, place: int) -> str:
    """Say what probably went wrong, from the last accepted point.

    Parameters
    ----------
    plant : Plant
    outcome : Outcome
    t, y, p : float, arrays
        The last accepted point.
    place : int
        State that the loop found worst.
    """
    if outcome is Outcome.CHATTERING:
        return "Give the pair of latches a dead band: the level that ends a refill above the one that starts it."
    if outcome is Outcome.TOO_MANY_STEPS:
        return "Loosen the tolerance, or look at the state named for a fast oscillation."
    bad = first_not_finite(plant, t, y, p)
    if bad:
        return bad
    negative = _most_negative(plant, y)
    if negative:
        return negative
    if outcome in (Outcome.STEP_TOO_SMALL, Outcome.NOT_FINITE, Outcome.SINGULAR) and state_name(plant, place):
        return f"{state_name(plant, place)} changes without bound, or jumps where no event is declared."
    return ""


def first_not_finite(plant: Any, t: float, y: Array, p: Array) -> str:
    """Run the units one by one, in the order of the plant, and name the first whose numbers are not finite."""
    from twin.jit import arm
    from twin.plant import evaluate

    arm(evaluate)
    tables = plant.tables
    w, dy = np.zeros(int(tables.sizes[2])), np.zeros(len(y))
    first_p, first_w, count = (int(n) for n in tables.places[2:5])
    w[first_w : first_w + count] = p[first_p : first_p + count]
    if not np.all(np.isfinite(y)):
        return f"{state_name(plant, int(np.argmin(np.isfinite(y))))} itself is not finite."
    names = [node.name for node in plant.nodes]
    for unit, what in tables.rates:
        single = tables._replace(rates=np.array([[unit, what]], dtype=np.int64))
        before = np.isfinite(w).all() and np.isfinite(dy).all()
        evaluate._calls(single, single.rates, t, y, p, w, dy)
        if before and not (np.isfinite(w).all() and np.isfinite(dy).all()):
            return f"The unit {names[int(unit)]} is the first whose numbers are not finite."
    return ""


def _most_negative(plant: Any, y: Array) -> str:
    scaled = np.where(_may_be_negative(plant, len(y)), 0.0, y / plant.nominal)
    if len(y) == 0 or not scaled.min() < -NEGATIVE:
        return ""
    place = int(np.argmin(scaled))
    return f"{state_name(plant, place)} is negative ({y[place]:.3g}): something is drawn from what is empty."


def _may_be_negative(plant: Any, n: int) -> Array:
    """States that are counted from a reference: enthalpies of what is colder than it are negative."""
    found = np.zeros(n, dtype=bool)
    for c in getattr(plant, "columns", ()):
        if c.kind == "state" and c.vector == "y" and c.field.unit == "J":
            found[c.offset : c.offset + prod(c.shape)] = True
    return found
