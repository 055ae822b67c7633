"""Quantities of interest from a run file, with h5py alone: the dossier writes them, the verifier reads them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np


@dataclass(frozen=True)
class Origin:
    """Where a number comes from: a variable, an element of it, a window of time, a statistic."""

    dataset: str
    element: tuple[int, ...]
    statistic: str
    start: float | None
    end: float | None

    def formula(self) -> str:
        """In words that anybody can repeat with h5py."""
        element = f"[:, {', '.join(map(str, self.element))}]" if self.element else ""
        window = "" if self.start is None and self.end is None else f", {_or(self.start)} ≤ time ≤ {_or(self.end)}"
        return f"{self.statistic}({self.dataset}{element}{window})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dataset": self.dataset,
            "element": list(self.element),
            "statistic": self.statistic,
            "start": self.start,
            "end": self.end,
        }

    @staticmethod
    def of(value: dict[str, Any]) -> Origin:
        """Undo :meth:`as_dict`."""
        return Origin(value["dataset"], tuple(value["element"]), value["statistic"], value["start"], value["end"])


def evaluate(file: h5py.File, origin: Origin) -> float:
    """Read a quantity.

    Raises
    ------
    KeyError, ValueError
        When the run has no such variable, or no time in the window.
    """
    time = file["time"][()]
    values = np.asarray(file[origin.dataset][(slice(None), *origin.element)], dtype=float)
    if values.ndim != 1:
        raise ValueError(f"{origin.dataset} has several elements: name one")
    chosen = np.ones(time.size, dtype=bool)
    chosen &= time >= (-np.inf if origin.start is None else origin.start)
    chosen &= time <= (np.inf if origin.end is None else origin.end)
    time, values = time[chosen], values[chosen]
    if not time.size:
        raise ValueError(f"no time lies in the window of {origin.formula()}")
    match origin.statistic:
        case "final":
            return float(values[-1])
        case "min":
            return float(values.min())
        case "max":
            return float(values.max())
        case "mean":
            if time.size == 1:
                return float(values[0])
            return float(np.trapezoid(values, time) / (time[-1] - time[0]))
    raise ValueError(f"no statistic {origin.statistic}")


def inside(
    file: h5py.File, dataset: str, element: Sequence[int], low: float, high: float
) -> tuple[float, float, float]:
    """Part of the recorded rows within a range, and the smallest and largest value."""
    values = np.asarray(file[dataset][(slice(None), *element)], dtype=float)
    part = float(np.mean((values >= low) & (values <= high)))
    return part, float(values.min()), float(values.max())


def _or(value: float | None) -> str:
    return "…" if value is None else f"{value:g} s"
