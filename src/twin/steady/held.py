"""Which states a steady state does not concern: found from the plant's structure, not by their names.

- *unchanged*: no balance changes the state, only impulses and scans do (a reading, the resistance of a mesh);
- *counted*: nothing depends on it (a totaliser, powder seen since the last scan, a trough that fills);
- *stock*: nothing flows into the unit, which can run empty: the hopper of a feeder between two refills.

They keep the values that they start from. What else changes by rotation and the like is found when the
search does not come to rest (see `search.py`): such a unit is held as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.plant.balance import HoldupPlace
from twin.quantity import Array, fields
from twin.steady.view import View

#: Contents at which a hopper that can run empty still gives powder, as a part of what it holds at the start.
NEARLY_EMPTY = 0.01
#: Sizes of the other states in the probes, in nominal values (as `twin.plant.absent` has them).
SIZES = (0.0, 0.1, 1.0, 5.0)

UNCHANGED = "only impulses and scans change it"
COUNTED = "nothing depends on it"
STOCK = "nothing flows in: held as if refilled"
CYCLIC = "its unit works in cycles"


@dataclass(frozen=True)
class Held:
    """States that keep their values, and why."""

    places: Array  #: [n_y] bool
    why: dict[int, str]

    def adding(self, places: Array, why: str) -> Held:
        """Give these and more."""
        more = {int(i): why for i in np.flatnonzero(places & ~self.places)}
        return Held(self.places | places, {**self.why, **more})


def nothing_held(plant: Any) -> Held:
    """Hold no state."""
    return Held(np.zeros(plant.n_y, dtype=bool), {})


def find_held(plant: Any, y0: Array, p: Array, absent: Array) -> Held:
    """Find the states that no steady state concerns.

    Parameters
    ----------
    plant : Plant
    y0, p : arrays
        Where the search starts, and the plant's parameters.
    absent : array [n_y] of bool
        States that stay zero for good: they are none of these.
    """
    stocks = np.zeros(plant.n_y, dtype=bool)
    for name in _stocks(plant, y0, p, absent):
        stocks |= contents(plant, name, y0, p) & ~absent
    held = nothing_held(plant).adding(stocks, STOCK)
    unchanged, counted = _by_structure(plant, p, held.places | absent)
    return held.adding(unchanged, UNCHANGED).adding(counted, COUNTED)


def _by_structure(plant: Any, p: Array, gone: Array) -> tuple[Array, Array]:
    """States whose rates depend on nothing and are zero, and those on which nothing depends, of those not gone."""
    n, n_z = plant.n_y, plant.n_y + plant.n_aux
    tables = plant.jacobian_without(gone)
    lengths = np.diff(np.asarray(tables.pattern))
    rows, columns = np.repeat(np.arange(n_z), lengths), np.asarray(tables.column, dtype=np.int64)
    rates = View(plant, p).rates(np.where(gone, 0.0, plant.nominal))
    unchanged = (lengths[:n] == 0) & (rates == 0.0) & ~gone
    kept = np.ones(n_z, dtype=bool)  # rows that count
    while True:  # on what only a counted state depends, nothing depends either; nor on a stream that nobody reads
        used = np.zeros(n_z, dtype=bool)
        used[columns[kept[rows]]] = True
        fewer = kept & used
        fewer[:n] |= gone | unchanged
        if (fewer == kept).all():
            return unchanged, ~kept[:n]
        kept = fewer


def unit_places(plant: Any, name: str, kinds: tuple[str, ...] = ("state",)) -> Array:
    """Places of a unit's states, [n_y] bool."""
    places = np.zeros(plant.n_y, dtype=bool)
    for column in plant.columns:
        if column.owner == name and column.kind in kinds and column.vector == "y":
            places[column.offset : column.offset + int(np.prod(column.shape))] = True
    return places


def contents(plant: Any, name: str, y: Array, p: Array) -> Array:
    """States of a unit on which its holdup depends, [n_y] bool."""
    place = next(h for h in plant.balance.holdups if h.unit == name)
    view = View(plant, p)
    view.observe(y)
    before = holdup_of(plant, place, view.w)
    found = np.zeros(plant.n_y, dtype=bool)
    for i in np.flatnonzero(unit_places(plant, name)):
        moved = y.copy()
        moved[i] += 0.1 * max(abs(y[i]), plant.nominal[i])
        view.observe(moved)
        found[i] = bool(np.any(holdup_of(plant, place, view.w) != before))
    return found


def holdup_of(plant: Any, place: HoldupPlace, w: Array) -> Array:
    """Enthalpy, and the masses of fluids and solids, in w after `observe`."""
    fluids, solids = len(plant.balance.fluids), len(plant.balance.solids)
    parts = (w[place.H : place.H + 1], w[place.fluids : place.fluids + fluids], w[place.solids : place.solids + solids])
    return np.concatenate(parts)


def flows(plant: Any, name: str, w: Array) -> tuple[float, float]:
    """Mass flows into and out of a unit [kg/s]: all that its streams carry in kg/s."""
    node = next(node for node in plant.nodes if node.name == name)
    totals = []
    for kind, ports in (("u", node.model.inlets), ("o", node.model.outlets)):
        total = 0.0
        for port in ports.values():
            for f in () if port.is_signal else fields(port.stream):
                if f.unit == "kg/s":
                    first = node.layout.place(kind, port.name, f.name)
                    total += float(np.abs(w[first : first + node.layout.size(kind, port.name, f.name)]).sum())
        totals.append(total)
    return totals[0], totals[1]


def _stocks(plant: Any, y0: Array, p: Array, absent: Array) -> list[str]:
    """Units that hold something at the start, get nothing at any probe, and give it away when nearly empty."""
    weight = 0.5 + np.random.default_rng(0).random(plant.n_y)
    view = View(plant, p)
    view.observe(y0)
    w0 = view.w.copy()
    found = []
    for place in plant.balance.holdups:
        if not holdup_of(plant, place, w0)[1:].sum() > 0.0:
            continue
        mine = None
        gives, takes = False, False
        for size in SIZES:
            y = np.where(absent, 0.0, y0 + size * plant.nominal * weight)
            view.rates(y)
            takes = takes or not flows(plant, place.unit, view.w)[0] == 0.0
            if takes:
                break
            mine = contents(plant, place.unit, y0, p) if mine is None else mine
            view.rates(np.where(mine, NEARLY_EMPTY * y0, y))
            gives = gives or flows(plant, place.unit, view.w)[1] > 0.0
        if gives and not takes:
            found.append(place.unit)
    return found
