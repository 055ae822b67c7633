"""A table of runs as arrays: factors beside responses, each column with its name and unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.config.document import closest
from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError


@dataclass(frozen=True)
class Table:
    """Runs, one a row.

    Attributes
    ----------
    x : array, [n, k]
        Factors.
    y : array, [n, m]
        Responses; NaN where a run failed or a response does not exist.
    factors, responses : tuple of str
        Their names.
    units : dict
        Unit by name, where there is one.
    low, high : array, [k]
        Range of each factor; that of the rows unless given.
    """

    x: Array
    y: Array
    factors: tuple[str, ...]
    responses: tuple[str, ...]
    units: dict[str, str] = field(default_factory=dict)
    low: Array = field(default_factory=lambda: np.empty(0))
    high: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        x = np.atleast_2d(np.asarray(self.x, dtype=float))
        y = np.asarray(self.y, dtype=float).reshape(len(x), -1)
        if x.shape[1] != len(self.factors) or y.shape[1] != len(self.responses):
            raise AnalysisError(
                f"a table of {x.shape[1]} factors and {y.shape[1]} responses was given "
                f"{len(self.factors)} and {len(self.responses)} names"
            )
        if not np.isfinite(x).all():
            raise AnalysisError("a factor is not a number in some run")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        if not len(self.low):
            object.__setattr__(self, "low", x.min(axis=0))
            object.__setattr__(self, "high", x.max(axis=0))

    def place(self, name: str, among: Sequence[str] | None = None) -> int:
        """Find a column by its name. Raises AnalysisError with the closest names."""
        known = self.factors if among is None else among
        if name not in known:
            noun = "factor" if among is None else "response"
            raise AnalysisError(f"the study has no {noun} '{name}'.{closest(name, known)}")
        return list(known).index(name)

    def response(self, name: str) -> Array:
        """Give a response, [n]."""
        return np.asarray(self.y[:, self.place(name, self.responses)])

    def usable(self, name: str) -> tuple[Array, Array]:
        """Give the runs that have a response: x and that response.

        Raises
        ------
        AnalysisError
            When no run has it, or it never varies.
        """
        values = self.response(name)
        there = np.isfinite(values)
        if not there.any():
            raise AnalysisError(f"no run has a value of {name}: all {len(values)} failed, or it does not exist")
        return self.x[there], values[there]

    def varied(self) -> list[int]:
        """Give the factors that vary.

        Raises
        ------
        AnalysisError
            When none does.
        """
        found = [i for i in range(len(self.factors)) if np.ptp(self.x[:, i]) > 0.0]
        if not found:
            raise AnalysisError("no factor varies in this study: there is nothing to relate its responses to")
        return found


def varies(values: Array, name: str) -> None:
    """Make sure that a response varies. Raises AnalysisError."""
    spread = float(np.ptp(values))
    if len(values) < 2 or not spread > 1e-13 * float(np.max(np.abs(values))):
        raise AnalysisError(f"{name} is {values[0]:.6g} in all {len(values)} runs: it has no variance to explain")
