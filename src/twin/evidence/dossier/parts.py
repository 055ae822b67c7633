"""What a section is made of: a state with its reasons, facts, tables; every number with its origin."""

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
        """Lower the state to this one at most, for a reason."""
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
        """A value with its origin: a number always has one."""
        if isinstance(value, bool):
            return {"k": "yes" if value else "no"}
        if isinstance(value, int | float):
            number = float(value)
            origin = {"run": self._run, "dataset": dataset or "—", "formula": formula or "count"}
            if origin not in self._origins:
                self._origins.append(origin)
            shown = value if math.isfinite(number) else str(number)
            return {"v": shown, "o": self._origins.index(origin)}
        return "" if value is None else str(value)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"state": self.state, "why": self.why, "facts": self.facts, "tables": self.tables}


def number_text(value: Any) -> str:
    """A number that somebody gave, as it is shown: no origin but the plan."""
    return "" if value is None else f"{float(value):g}"


def clock(seconds: float) -> str:
    """A plant time."""
    return f"{seconds:g} s"
