"""Looks at what is recorded for numbers that no plant can have, and for laws used outside the range of their fit.

No plant has negative holdups, or measurements that are no numbers. A run may reach its end in spite of them; each is
an alarm of the file, with the time at which it was first recorded. The range of a law is that of the unit's
parameters at the start; each law of a unit warns once, for each component that it is fitted to. Balances that do not
close at the end of a run are alarms, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from twin.quantity import Fitted
from twin.results.balances import Balances
from twin.results.events import AlarmRow
from twin.results.layout import Recording, Variable, element_tags, unit_of

#: A holdup this part of the largest of its unit below zero is called negative; the solver's error is smaller. Before
#: anything has come in, the scale of the unit's masses stands for the largest: errors are controlled against that.
NEGATIVE = 1e-6
#: And this many relative tolerances.
TOLERANCES = 10.0
#: Part of the greatest flow so far below which a law that shapes a flow is not yet, or no longer, used.
PASSING = 0.1
#: Kinds of columns of which every number should be finite.
FINITE = ("measurement", "outlet")
#: Masses of a holdup.
MASSES = ("fluids", "solids")


@dataclass(frozen=True)
class FitRange:
    """Between which values of a measurement a law holds; `flow` is what passes when it is used."""

    variable: Variable
    law: str
    low: float
    high: float
    flow: Variable | None = None

    @property
    def tag(self) -> str:
        return str(self.variable.column.path)


def _ranges(variable: Variable, fit: Fitted, plant: Any, recorded: dict[str, Variable]) -> Iterator[FitRange]:
    """The range of a law, or one for each component."""
    flow = recorded[f"{variable.column.owner}.{fit.flow}"] if fit.flow else None

    def values(name: str) -> np.ndarray:
        place, _, shape, _ = plant.parameters[f"{variable.column.owner}.{name}"]
        return np.asarray(plant.p0[place : place + prod(shape)])

    low, high = values(fit.low), values(fit.high)
    used = values(fit.used) if fit.used else np.ones(1)
    _, _, _, dims = plant.parameters[f"{variable.column.owner}.{fit.low}"]
    for k, is_used in enumerate(np.broadcast_to(used, low.shape)):
        law = f"{fit.law} of {plant.dim_labels[dims[0]][k]}" if dims else fit.law
        if is_used != 0.0:
            yield FitRange(variable, law, float(low[k]), float(high[k]), flow)


def unclosed(balances: Balances, time: float) -> list[AlarmRow]:
    """Give an alarm for each balance that does not close, by the solver's integrals, at the end of a run.

    Such a run is no evidence of anything: a unit, or the solver, makes or loses matter or energy.
    """
    rows = []
    most, basis = balances.limit
    for balance in balances.all:
        if balances.closes(balance):
            continue
        relative, residual = balance.measures["relative"], balance.measures["residual"]
        name = "energy" if balance.unit == "J" else f"component {balance.name}"
        said = f"{relative:.2g} of what moved ({residual:.3g} {balance.unit}) is missing"
        if not np.isfinite(relative):
            said = "it is not a finite number"
        text = f"the balance of {name} does not close: {said}, more than {most:g} ({basis})"
        rows.append(AlarmRow(time, f"balances/{balance.name}", "does not close", relative, most, text))
    return rows


class Watch:
    """Sees every recorded row; `alarms` are what it noticed, the first time of each.

    Parameters
    ----------
    recording : Recording
    plant : Plant
        Its names of the elements of dimensions, and its parameters at the start.
    rtol : float
        Relative tolerance of the run.
    """

    def __init__(self, recording: Recording, plant: Any, rtol: float) -> None:
        self.alarms: list[AlarmRow] = []
        self._labels = plant.dim_labels
        self._share = max(NEGATIVE, TOLERANCES * rtol)
        self._masses = [v for v in recording.of("w") if v.column.kind == "holdup" and v.column.field.name in MASSES]
        self._finite = [v for v in recording.of("w") if v.column.kind in FINITE]
        by_path = {v.column.path: v for v in recording.of("w")}
        self._ranges = [
            r for v in by_path.values() for f in v.column.field.fitted for r in _ranges(v, f, plant, by_path)
        ]
        self._largest: dict[str, float] = {}
        for c in plant.columns:
            if c.kind == "state" and c.vector == "y" and c.field.unit == "kg":
                scale = float(np.max(plant.nominal[c.offset : c.offset + prod(c.shape)], initial=0.0))
                self._largest[c.owner] = max(scale, self._largest.get(c.owner, 0.0))
        self._noted: set[tuple[str, str]] = set()

    def see(self, times: np.ndarray, w: np.ndarray) -> None:
        """Look at rows [rows, recorded numbers of w]."""
        if not len(times):
            return
        for v in self._masses:
            held = float(np.max(np.abs(w[:, v.start : v.stop]), initial=0.0))
            self._largest[v.column.owner] = max(held, self._largest.get(v.column.owner, 0.0))
        for v in self._masses:
            limit = -self._share * self._largest[v.column.owner]
            self._note(v, times, w, w[:, v.start : v.stop] < limit, "negative", limit)
        for v in self._finite:
            self._note(v, times, w, ~np.isfinite(w[:, v.start : v.stop]), "not a number", np.nan)
        for r in self._ranges:
            self._note_range(r, times, w)
        self._ranges = [r for r in self._ranges if (r.tag, r.law) not in self._noted]

    def _note_range(self, r: FitRange, times: np.ndarray, w: np.ndarray) -> None:
        values = w[:, r.variable.start]
        outside = (values < r.low) | (values > r.high)
        if r.flow is not None:
            flow, tag = w[:, r.flow.start], str(r.flow.column.path)
            self._largest[tag] = max(self._largest.get(tag, 0.0), float(np.max(flow)))
            outside &= flow > PASSING * self._largest[tag]
        if not outside.any():
            return
        self._noted.add((r.tag, r.law))
        row = int(np.argmax(outside))
        value = float(values[row])
        limit = r.low if value < r.low else r.high
        unit = unit_of(r.variable.column)
        text = (
            f"{r.variable.column.owner}: {r.law} is used outside its range from {times[row]:.6g} s on: "
            f"{r.tag} is {value:.6g} {unit}, the fit holds from {r.low:.6g} to {r.high:.6g} {unit}"
        )
        self.alarms.append(AlarmRow(float(times[row]), r.tag, "outside its range", value, limit, text))

    def _note(self, v: Variable, times: np.ndarray, w: np.ndarray, wrong: np.ndarray, kind: str, limit: float) -> None:
        if not wrong.any():
            return
        tags = list(element_tags(v.column, self._labels))
        for element in np.flatnonzero(wrong.any(axis=0)):
            tag = tags[element]
            if (tag, kind) in self._noted:
                continue
            self._noted.add((tag, kind))
            row = int(np.argmax(wrong[:, element]))
            value = float(w[row, v.start + element])
            said = f"{value:.3g} {unit_of(v.column)}" if kind == "negative" else f"{value}"
            text = f"{tag} is {kind} from {times[row]:.6g} s on: {said}"
            self.alarms.append(AlarmRow(float(times[row]), tag, kind, value, limit, text))
