"""Looks at what is recorded for numbers that no plant can have: negative holdups, measurements that are no numbers.

A run may reach its end in spite of them; each is an alarm of the file, with the time at which it was first recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.results.events import AlarmRow
from twin.results.layout import Recording, Variable, element_tags, unit_of

#: A holdup this part of the largest of its unit below zero is called negative; the solver's error is smaller.
NEGATIVE = 1e-6
#: And this many relative tolerances.
TOLERANCES = 10.0
#: Kinds of columns of which every number should be finite.
FINITE = ("measurement", "outlet")
#: Masses of a holdup.
MASSES = ("fluids", "solids")


class Watch:
    """Sees every recorded row; `alarms` are what it noticed, the first time of each.

    Parameters
    ----------
    recording : Recording
    labels : dict
        Names of the elements of dimensions.
    rtol : float
        Relative tolerance of the run.
    """

    def __init__(self, recording: Recording, labels: dict[str, Any], rtol: float) -> None:
        self.alarms: list[AlarmRow] = []
        self._labels = labels
        self._share = max(NEGATIVE, TOLERANCES * rtol)
        self._masses = [v for v in recording.of("w") if v.column.kind == "holdup" and v.column.field.name in MASSES]
        self._finite = [v for v in recording.of("w") if v.column.kind in FINITE]
        self._largest: dict[str, float] = {}
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
