"""A run beside measured data: the map of columns to tags, the data, and what is left between them.

    # tags.yaml
    time: {column: t, unit: min, shift: 2 min}        # or shift: estimate, within: 10 min
    tags:
      crystallizer.T: {column: TI-201, unit: degC, uncertainty: 0.5}
      dryer.X: {column: LOD, unit: "%", uncertainty: 5 %}

Residuals are run minus data, in the data's unit. `shift` is added to the data's times.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from twin.compare_map import Column, Plan, read_map
from twin.errors import ConfigError, Problem
from twin.results.files import FileProblem
from twin.results.reader import Run

__all__ = ["Comparison", "Data", "Residuals", "compare_with_data", "read_data", "read_map"]

#: Shifts tried at first, and then again between the best one's neighbours, so many times.
SHIFTS, REFINEMENTS = 201, 6
#: A shift that leaves less than this part of the data beside the run is no candidate.
LEAST = 0.5


@dataclass(frozen=True)
class Data:
    """Measured data: times [s] and the columns that the map names; a missing value is NaN.

    `columns` are those of the map, in the units that the file's headings say where the map says none.
    """

    path: Path
    time: np.ndarray
    values: dict[str, np.ndarray]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Residuals:
    """One tag beside its data, in the data's unit: at times of the run, in s."""

    column: Column
    time: np.ndarray
    data: np.ndarray
    model: np.ndarray
    missing: int
    outside: int  #: measured before the run began, or after it had ended

    @property
    def residual(self) -> np.ndarray:
        """Run minus data."""
        return np.asarray(self.model - self.data)

    @property
    def uncertainty(self) -> np.ndarray | None:
        """Half the width of the interval in which the true value is said to lie."""
        given = self.column.uncertainty
        if given is None:
            return None
        return np.abs(self.data) * given if self.column.relative else np.full_like(self.data, given)

    def summary(self) -> dict[str, Any]:
        """Bias, root mean square, largest residual, and the part within the uncertainty."""
        row = {"tag": self.column.tag, "column": self.column.name, "unit": self.column.unit, "n": len(self.data)}
        row |= {"missing": self.missing, "outside": self.outside}
        if not len(self.data):
            return {**row, "bias": None, "rmse": None, "largest": None, "at_s": None, "coverage": None}
        residual, width = self.residual, self.uncertainty
        worst = int(np.argmax(np.abs(residual)))
        return {
            **row,
            "bias": float(np.mean(residual)),
            "rmse": float(np.sqrt(np.mean(residual**2))),
            "largest": float(residual[worst]),
            "at_s": float(self.time[worst]),
            "coverage": None if width is None else float(np.mean(np.abs(residual) <= width)),
        }


@dataclass(frozen=True)
class Comparison:
    """A run beside data."""

    run: Path
    data: Path
    shift: float
    estimated: bool
    at_the_edge: bool
    tags: list[Residuals]
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = field(repr=False, default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Give all but the numbers point by point, ready for JSON."""
        return {
            "run": str(self.run),
            "data": str(self.data),
            "shift_s": self.shift,
            "estimated": self.estimated,
            "at_the_edge": self.at_the_edge,
            "tags": [tag.summary() for tag in self.tags],
        }


def read_data(path: str | Path, plan: Plan) -> Data:
    """Read a CSV file: a line of names, then numbers; comma, semicolon (with decimal commas) or tab.

    A name may have a unit behind it, as in `TI-201 [degC]`.

    Raises
    ------
    FileProblem
        When it cannot be read.
    ConfigError
        When a column of the map is missing (at its place in the map), or a value is no number.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        ) from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) < 2:
        raise FileProblem(f"{path} holds no data: expected a line of names, and lines of numbers")
    mark = max(";\t,", key=lines[0].count)
    table = list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    places, (when, *columns) = plan.found_in([name.strip() for name in table[0]], path)
    numbers = {line: i for i, line in enumerate(text.splitlines(), start=1)}

    def numbers_of(name: str, place: int, clock: bool = False) -> np.ndarray:
        found = []
        for line, row in zip(lines[1:], table[1:], strict=True):
            word = row[place].strip() if place < len(row) else ""
            try:
                found.append(_time(word) if clock else _value(word, plan.missing, mark == ";"))
            except ValueError:
                detail = f"Column {name} holds '{word}', which is no {'time' if clock else 'number'}."
                if not clock:
                    words = ", ".join(filter(None, plan.missing))
                    detail += f" `missing:` says what stands for a missing value ({words} or nothing)."
                at = line.find(word) + 1
                problem = Problem(
                    str(path), numbers[line], at, max(1, len(word)), "not a value", detail, ((numbers[line], line),)
                )
                raise ConfigError([problem]) from None
        return np.array(found)

    stamps = numbers_of(when.name, places[0], clock=True)
    first = stamps[0] if _is_date(table[1][places[0]]) else 0.0
    time = (stamps - first) * (1.0 if first else when.factor)
    values = {one.name: numbers_of(one.name, place) for one, place in zip(columns, places[1:], strict=True)}
    return Data(path, time, values, tuple(columns))


def _is_date(word: str) -> bool:
    return "-" in word.strip()[1:] and ":" in word


def _time(word: str) -> float:
    if _is_date(word):
        stamp = datetime.fromisoformat(word)
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()  # no clock is put back in between
    value = float(word.replace(",", "."))
    if not np.isfinite(value):
        raise ValueError
    return value


def _value(word: str, missing: tuple[str, ...], comma: bool) -> float:
    if word in missing:
        return np.nan
    return float(word.replace(",", ".") if comma else word)


def compare_with_data(run: Run, data: Data, plan: Plan) -> Comparison:
    """Set a run against data.

    Raises
    ------
    FileProblem
        When none of the data lies within the run, whatever the shift.
    """
    curves = {one.name: (run.time, one.from_si(run.get(one.tag))) for one in data.columns}
    shift = plan.shift if plan.shift is not None else _estimate(run, data, curves, plan.within)
    tags = []
    for one in data.columns:
        time, values = data.time + shift, data.values[one.name]
        there = ~np.isnan(values)
        inside = there & (time >= run.time[0]) & (time <= run.time[-1])
        model = np.interp(time[inside], *curves[one.name])
        counts = int(np.sum(~there)), int(np.sum(there & ~inside))
        tags.append(Residuals(one, time[inside], values[inside], model, *counts))
    if not any(len(tag.data) for tag in tags):
        span = f"from {data.time.min() + shift:.6g} to {data.time.max() + shift:.6g} s"
        raise FileProblem(f"no value of {data.path} lies within the run: its data are {span}, shifted by {shift:.6g} s")
    edge = plan.shift is None and abs(abs(shift) - plan.within) < 1e-3 * plan.within
    return Comparison(
        run.path, data.path, shift, plan.shift is None, edge, tags, {c.tag: curves[c.name] for c in data.columns}
    )


def _estimate(run: Run, data: Data, curves: dict[str, tuple[np.ndarray, np.ndarray]], within: float) -> float:
    """Find the shift with the least scatter of residuals, each tag's relative to the scatter of its data.

    Without their means: a sensor that reads high is no clock that is late.
    """

    def misfit(shift: float) -> float:
        time, total, count, all_of_them = data.time + shift, 0.0, 0, 0
        for name, values in data.values.items():
            there = ~np.isnan(values)
            inside = there & (time >= run.time[0]) & (time <= run.time[-1])
            all_of_them += int(there.sum())
            scatter = float(np.nanstd(values)) if there.any() else 0.0
            if scatter > 0.0 and inside.any():
                residual = np.interp(time[inside], *curves[name]) - values[inside]
                total += float(np.sum(((residual - residual.mean()) / scatter) ** 2))
                count += int(inside.sum())
        return total / count if count and count >= LEAST * all_of_them else np.inf

    low, high = -within, within
    best = 0.0
    for _ in range(REFINEMENTS):
        shifts = np.linspace(low, high, SHIFTS)
        misfits = [misfit(shift) for shift in shifts]
        place = int(np.argmin(misfits))
        if not np.isfinite(misfits[place]):
            raise FileProblem(f"no shift within {within:g} s brings half of the data of {data.path} beside the run")
        best = float(shifts[place])
        low, high = float(shifts[max(0, place - 1)]), float(shifts[min(SHIFTS - 1, place + 1)])
    return best
