"""Exact values of series at cursors, and series as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.data import Dataset
from dashboard.display import clock, number, shown_unit
from dashboard.figures import Span
from dashboard.speech import say
from dashboard.widgets import table
from twin.results.files import FileProblem

#: Rows written to a CSV file at most.
MOST_ROWS = 500_000


def cursors_of(times: Any) -> list[float]:
    """Times [s] of the cursors among what the browser sent."""
    return [float(time) for time in times or () if isinstance(time, (int, float))][:2]


def cursor_table(data: Dataset, names: Sequence[str], cursors: Sequence[float]) -> Any:
    """Exact values at the cursors, and their difference."""
    rows = []
    for name in names:
        series = data.series.get(name)
        if series is None:
            continue
        values = data.read(name)
        at = [float(values[data.row_of(time)]) for time in cursors]
        shown = shown_unit(series.unit, series.meaning, max(abs(v) for v in at))
        numbers = [float(shown.of(np.asarray(v))) for v in at]
        change = [number(numbers[1] - numbers[0], 6)] if len(numbers) == 2 else []
        rows.append((name, shown.text, *(number(v, 7) for v in numbers), *change))
    times = [clock(float(data.time[data.row_of(time)])) for time in cursors]
    head = (say("tag"), say("unit"), *times, *([say("difference")] if len(cursors) == 2 else []))
    return table(head, rows, tuple(range(2, len(head))))


def csv_text(data: Dataset, names: Sequence[str], span: Span | None) -> str:
    """Write series as they were recorded, in SI, with a line of units. Raises FileProblem when they are too many."""
    known = [data.series[name] for name in names if name in data.series]
    first, last = 0, data.time.size
    if span is not None:
        first, last = int(np.searchsorted(data.time, span[0])), int(np.searchsorted(data.time, span[1], side="right"))
    if last - first > MOST_ROWS:
        raise FileProblem(say("{n} rows are more than a CSV file takes here ({most}): zoom in first",
                              n=last - first, most=MOST_ROWS))  # fmt: skip
    columns = [data.time[first:last], *(data.read(s.name)[first:last] for s in known)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *(_harmless(s.name) for s in known)])
    writer.writerow(["s", *(_harmless(s.unit) for s in known)])
    for row in zip(*columns, strict=True):
        writer.writerow([repr(float(v)) for v in row])
    return out.getvalue()


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
