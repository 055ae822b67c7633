"""What a section is made of: a state with its reasons, facts, tables; every number with its origin.

A number stands in a cell, `{"v": value, "o": row of the table of origins}`, wherever it is shown: in a fact, a table,
or a sentence that says why. Numbers that people gave have the plan, or the configuration, as their origin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from twin.evidence.dossier.gates import NO, PARTLY, YES, weakest


class Section:
    """One section under construction."""

    def __init__(self, name: str, origins: list[dict[str, str]], run: str) -> None:
        self.name, self._origins, self._run = name, origins, run
        self.state = YES
        self.why: list[dict[str, Any]] = []
        self.facts: list[list[Any]] = []
        self.tables: list[dict[str, Any]] = []

    def is_(self, state: str, key: str, **arguments: Any) -> None:
        """Lower the state to this one at most, for a reason; numbers among the arguments are cells."""
        bare = [name for name, value in arguments.items() if isinstance(value, int | float)]
        if bare:
            raise TypeError(f"{self.name}, {key}: {', '.join(bare)} without an origin")
        self.state = weakest([self.state, state]) if state in (YES, PARTLY, NO) else state
        self.why.append({"key": key, **arguments})

    def fact(self, label: str, value: Any, formula: str = "", dataset: str = "") -> None:
        """Add a line: a label and a value."""
        self.facts.append([label, self.cell(value, formula, dataset)])

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
        """Add a table; cells are made by :meth:`cell`, or are plain texts."""
        if rows:
            self.tables.append({"title": title, "columns": list(columns), "rows": [list(row) for row in rows]})

    def cell(self, value: Any, formula: str = "", dataset: str = "") -> Any:
        """A value with its origin: a number always has one. Raises TypeError where it has none."""
        if isinstance(value, bool):
            return {"k": "yes" if value else "no"}
        if isinstance(value, int | float):
            shown = value if math.isfinite(float(value)) else str(float(value))
            return self._origin(shown, self._run, dataset, formula)
        return "" if value is None else str(value)

    def given(self, value: Any, place: str) -> Any:
        """A number that somebody gave, by its place in the plan; nothing where it was not given."""
        return "" if value is None else self._origin(f"{float(value):g}", "—", "plan.yaml", place)

    def configured(self, text: str, place: str, dataset: str = "/configuration/resolved") -> Any:
        """A number as it stands in a configuration of the run, by its place there."""
        return self._origin(text, self._run, dataset, place)

    def clock(self, seconds: float, formula: str, dataset: str = "") -> Any:
        """A plant time that was computed."""
        return self._origin(f"{seconds:g} s", self._run, dataset, formula)

    def _origin(self, shown: Any, run: str, dataset: str, formula: str) -> dict[str, Any]:
        if not formula:
            raise TypeError(f"{self.name}: {shown} without an origin")
        origin = {"run": run, "dataset": dataset or "—", "formula": formula}
        if origin not in self._origins:
            self._origins.append(origin)
        return {"v": shown, "o": self._origins.index(origin)}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"state": self.state, "why": self.why, "facts": self.facts, "tables": self.tables}
