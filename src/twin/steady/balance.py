"""Balances at a steady state: what comes in, leaves, is made, and is taken from what is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.quantity import Array
from twin.steady.held import holdup_of
from twin.steady.view import View

#: Specific heat capacity in J/(kg K) by which energy flows are judged that are zero; liquids have 2…4 thousand.
CP = 1e3
#: A balance is judged against what would exchange the content in this time [s], a day, where less flows than that.
DAY = 86400.0


@dataclass(frozen=True)
class Closure:
    """One balance, in kg/s or W: in − out + source = accumulated in what is held."""

    name: str
    unit: str
    inflow: float
    outflow: float
    source: float
    held: float  #: rate of change of held contents; negative where a held stock is drawn from
    least: float = 0.0  #: throughput against which it is judged where there is less

    @property
    def closure(self) -> float:
        """What is left over."""
        return self.inflow - self.outflow + self.source - self.held

    @property
    def relative(self) -> float:
        """The same, relative to the largest of the terms."""
        largest = max(abs(self.inflow), abs(self.outflow), abs(self.source), abs(self.held), self.least)
        return self.closure / largest if largest > 0.0 else 0.0


def closures(view: View, y: Array, held: Array) -> tuple[Closure, ...]:
    """Balances of every component and of energy at y."""
    plant, balance = view.plant, view.plant.balance
    rates = view.observe(y)
    w = view.w.copy()
    n = len(balance.components) + 1
    place = {name: i for i, name in enumerate(balance.components)}
    sums = {role: np.zeros(n) for role in ("feed", "product", "source")}
    first = int(plant.tables.places[0])
    for term in balance.terms:
        value = term.sign * w[first + term.offset : first + term.offset + term.size]
        if term.kind == "energy":
            sums[term.role][-1] += value[0]
        elif term.kind in ("fluids", "solids"):
            for name, part in zip(getattr(balance, term.kind), value.tolist(), strict=True):
                sums[term.role][place[name]] += part
    drawn = _drawn(view, y, np.where(held, rates, 0.0), place)
    rows = []
    content = _content(view, y, place)
    mass = float(np.maximum(sums["feed"], -sums["product"])[:-1].sum()) + float(content.sum()) / DAY
    for i, name in enumerate([*balance.components, "energy"]):
        inflow, outflow, source = sums["feed"][i], -sums["product"][i], sums["source"][i]
        four = (float(inflow), float(outflow), float(source), float(drawn[i]))
        if name == "energy":  # zero at the reference temperature: what warms the flows by a kelvin counts
            rows.append(Closure(name, "W", *four, least=CP * mass))
        else:
            rows.append(Closure(name, "kg/s", *four, least=float(content[i]) / DAY))
    return tuple(rows)


def _content(view: View, y: Array, place: dict[str, int]) -> Array:
    """What the plant holds of each component [kg]."""
    balance = view.plant.balance
    view.observe(y)
    total = np.zeros(len(place))
    for h in balance.holdups:
        masses = holdup_of(view.plant, h, view.w)[1:]
        for name, mass in zip([*balance.fluids, *balance.solids], masses.tolist(), strict=True):
            total[place[name]] += abs(mass)
    return total


def _drawn(view: View, y: Array, rates: Array, place: dict[str, int]) -> Array:
    """Rates at which held contents would change: contents are linear in what is held."""
    balance = view.plant.balance
    total = np.zeros(len(place) + 1)
    moving = rates != 0.0
    if not moving.any():
        return total
    # a tenth of what is there at most, so that the difference has its digits
    dt = 0.1 * float(np.min(np.maximum(np.abs(y[moving]), view.plant.nominal[moving]) / np.abs(rates[moving])))
    view.observe(y)
    before = [holdup_of(view.plant, h, view.w) for h in balance.holdups]
    view.observe(y + dt * rates)
    for h, old in zip(balance.holdups, before, strict=True):
        change = (holdup_of(view.plant, h, view.w) - old) / dt
        total[-1] += change[0]
        for name, part in zip([*balance.fluids, *balance.solids], change[1:].tolist(), strict=True):
            total[place[name]] += part
    return total
