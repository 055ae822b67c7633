"""The steady state of a plant: search, held states, residuals, balances and stability in one answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.plant.jacobian import is_timed
from twin.quantity import Array
from twin.results.balances import CLOSURE
from twin.steady.balance import Closure, closures
from twin.steady.held import CYCLIC, Held, find_held, holdup_of, unit_places
from twin.steady.search import Found, Outcome, Search
from twin.steady.stability import Stability, stability
from twin.steady.view import View

#: A holdup this part of the largest of its unit below zero is negative, as a run's alarms have it.
NEGATIVE = 1e-6


@dataclass(frozen=True)
class Residual:
    """How far a unit is from rest."""

    unit: str
    rate: float  #: largest rate of a free state relative to its size [1/s]
    state: str


@dataclass(frozen=True)
class Steady:
    """A steady state, or why there is none.

    Attributes
    ----------
    outcome : Outcome
    message : str
        The outcome in words, with unit, state and likely cause where it failed.
    y : array [n_y]
        The states, those that are held at the values that they started from.
    held : Held
        States that keep their values, and why.
    steps : int
        Steps of the search.
    residuals : tuple of Residual
        One for each unit that has states.
    closures : tuple of Closure
        Component balances and that of energy, in, out and sources.
    stability : Stability or None
        Of a steady state that was found.
    notes : tuple of str
        What to know beside.
    """

    outcome: Outcome
    message: str
    y: Array
    held: Held
    steps: int
    residuals: tuple[Residual, ...]
    closures: tuple[Closure, ...]
    stability: Stability | None
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether a steady state was found."""
        return self.outcome is Outcome.FOUND


def steady(plant: Any, *, nearest: bool = False, modes: int = 6) -> Steady:
    """Solve for the steady state that a plant comes to from its initial state.

    Parameters
    ----------
    plant : Plant
        Compiled; its parameters and feeds stay as they are at the start.
    nearest : bool
        Begin with Newton's steps, which also find an unstable state near the initial one.
    modes : int
        Leading eigenvalues to find; 0 for none.
    """
    y0, p = plant.y0, plant.p0
    absent = plant.absent()
    held = find_held(plant, y0, p, absent)
    while True:
        view = View(plant, p, held.places | absent)
        found = Search(view, plant.nominal, held.places | absent).run(y0.copy(), nearest)
        came = absent & (found.rates != 0.0)
        if came.any():  # a state without row and column that gets a rate: what it reaches takes part, too
            absent = plant.absent_from(np.where(came, plant.nominal, y0), p, absent)
            held = _again(held, find_held(plant, y0, p, absent))
            continue
        unit = _cyclic(plant, found, held)
        if not unit:
            break
        held = held.adding(unit_places(plant, unit) & ~absent, CYCLIC)
    negative = _negative(view, found) if found.outcome is Outcome.FOUND else ""
    if negative:
        found = replace(found, outcome=Outcome.NEGATIVE)
    rates = np.where(held.places | absent, 0.0, found.rates)
    size = np.maximum(np.abs(found.y), plant.nominal)
    balance = closures(view, found.y, held.places) if np.all(np.isfinite(found.rates)) else ()
    settled = found.outcome is Outcome.FOUND
    return Steady(
        outcome=found.outcome,
        message=f"{found.outcome.value} {negative}" if negative else _message(plant, found, p),
        y=found.y,
        held=held,
        steps=found.steps,
        residuals=_residuals(plant, rates / size),
        closures=balance,
        stability=stability(view, found.y, size, modes) if settled and modes else None,
        notes=_notes(plant, balance) if settled else (),
    )


def _again(before: Held, now: Held) -> Held:
    """Keep units held as a whole when the rest is found anew."""
    whole = {place for place, why in before.why.items() if why == CYCLIC}
    places = np.zeros(len(before.places), dtype=bool)
    places[list(whole)] = True
    return now.adding(places, CYCLIC)


def _cyclic(plant: Any, found: Found, held: Held) -> str:
    """The unit with impulses that kept the search from its end, if it is one that is not held yet."""
    if found.outcome is Outcome.FOUND or found.place < 0:
        return ""
    name = plant.label(found.place).partition(".")[0]
    node = next(node for node in plant.nodes if node.name == name)
    return name if node.model.impulses and not held.places[unit_places(plant, name)].all() else ""


def _negative(view: View, found: Found) -> str:
    """Say which unit holds less than nothing of something; single cells and classes may, by a limiter's error."""
    view.observe(found.y)
    balance = view.plant.balance
    for place in balance.holdups:
        masses = holdup_of(view.plant, place, view.w)[1:]
        worst = int(np.argmin(masses))
        if masses[worst] < -NEGATIVE * np.abs(masses).max():
            name = [*balance.fluids, *balance.solids][worst]
            return f"Unit {place.unit} holds {masses[worst]:.3g} kg of {name}: it is drawn from what is empty."
    return ""


def _residuals(plant: Any, relative: Array) -> tuple[Residual, ...]:
    found = []
    for name in plant.units:
        places = np.flatnonzero(unit_places(plant, name))
        if len(places):
            worst = int(places[np.argmax(np.abs(relative[places]))])
            found.append(Residual(name, float(abs(relative[worst])), plant.label(worst)))
    return tuple(found)


def _message(plant: Any, found: Found, p: Array) -> str:
    if found.outcome is Outcome.FOUND:
        return str(found.outcome.value)
    from twin.integrate.diagnosis import first_not_finite

    parts = [str(found.outcome.value)]
    if found.place >= 0:
        state = plant.label(found.place)
        unit, value, rate = state.partition(".")[0], found.y[found.place], found.rates[found.place]
        field = next(c.field for c in plant.columns if c.kind == "state" and c.path == state.partition("[")[0])
        parts.append(f"Unit {unit}: {state} is {value:.4g} {field.unit} and changes by {rate:.3g} {field.unit}/s.")
        parts.append(_cause(found, float(value), float(rate), float(plant.nominal[found.place])))
    if found.outcome is Outcome.NOT_FINITE:
        parts.append(first_not_finite(plant, 0.0, found.y, p))
    return " ".join(part for part in parts if part)


def _cause(found: Found, value: float, rate: float, scale: float) -> str:
    if found.outcome is Outcome.DRIFTS and abs(value) > 1e3 * scale and value * rate > 0.0:
        return "It grows without end: more comes in than leaves, or a controller has no power over what it measures."
    if found.outcome is Outcome.DRIFTS:
        return "The plant may cycle around its steady state: --nearest looks for the state itself."
    if found.outcome is Outcome.STUCK:
        return "Start from another initial state, or switch on what is still at zero."
    return ""


def _notes(plant: Any, balance: tuple[Closure, ...]) -> tuple[str, ...]:
    notes = [
        f"the balance of {c.name} closes to {c.relative:.1e} only" for c in balance if not abs(c.relative) <= CLOSURE
    ]
    pulsing = ", ".join(node.name for node in plant.nodes if is_timed(node))
    if pulsing:
        notes.append(f"rates that follow the clock are those of time zero ({pulsing})")
    read = ", ".join(node.name for node in plant.nodes if node.model.scan and node.wired)
    if read:
        notes.append(f"what is driven by a reading, or by a draw, sees that of the start ({read})")
    return tuple(notes)


def started(plant: Any) -> Any:
    """Give the plant with its steady state for its initial state.

    Raises
    ------
    NoSteadyState
        When none was found; the message says where and why.
    """
    from twin.steady.errors import NoSteadyState

    found = steady(plant, modes=0)
    if not found.ok:
        raise NoSteadyState(f"start: steady, but no steady state was found. {found.message}")
    y0 = found.y.copy()
    y0.setflags(write=False)
    return replace(plant, y0=y0)
