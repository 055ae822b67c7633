"""What the schedule leaves in a run file: `/schedule`, `/faults`, `/lots`, `/batches`, `/containers`.

All are tables along a dimension of their own; those that would have no rows are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from twin.results.factors import write_factors
from twin.results.netcdf import add_dimension, add_numbers, add_texts

if TYPE_CHECKING:
    from twin.config.spec import EventSpec, LatchSpec, ScenarioSpec
    from twin.results.events import EventRow
    from twin.results.reader import Run
    from twin.schedule.records import Records


class FaultRow(NamedTuple):
    """Ground truth of a fault: what, where, and from when to when [s]."""

    label: str
    where: str
    start: float
    end: float
    cause: str


def faults_of(scenario: ScenarioSpec, rows: Sequence[EventRow], records: Records, end: float) -> list[FaultRow]:
    """Work out the faults of a run from what fired and from the bars of its processes.

    A hold's fault lasts until its end, that of another event until it is cleared; one that has begun
    already goes on. What nobody ends lasts until `end` [s], that of the run.
    """
    timed = [event for event in scenario.events if event.fault is not None]
    latched = [latch for latch in scenario.latches if latch.fault is not None]
    found: list[FaultRow] = []
    going: dict[tuple[str, str], tuple[float, str]] = {}

    def close(label: str, where: str | None, time: float) -> None:
        for key in [key for key in going if key[0] == label and where in (None, key[1])]:
            start, cause = going.pop(key)
            found.append(FaultRow(*key, start, time, cause))

    for row in rows:
        events = [event.fault for event in timed if _fired(event, row)]
        for fault in [*events, *(latch.fault for latch in latched if _triggered(latch, row))]:
            assert fault is not None
            if fault.clears:
                close(fault.label, None, row.time)
            elif row.kind == "restore":
                close(fault.label, fault.where, row.time)
            else:
                going.setdefault((fault.label, fault.where), (row.time, row.cause))
    for label, where in list(going):
        close(label, where, end)
    for bar in records.bars:
        if bar.fault is not None:
            found.append(FaultRow(bar.fault.label, bar.fault.where, bar.start, bar.end, bar.path))
    return sorted(found, key=lambda fault: (fault.start, fault.label, fault.where))


def _fired(event: EventSpec, row: EventRow) -> bool:
    """Whether a row of the journal is this event, or the end of its hold, by cause, value and time."""
    name = event.name or f"{event.kind} {event.path}"
    ends = event.kind == "hold" and row.kind == "restore"
    said = (event.kind, name, event.value) if not ends else ("restore", f"{name}: end of hold", row.new)
    if row.path != event.path or (row.kind, row.cause, row.new) != said:
        return False
    begin = Fraction(event.at) + (Fraction(event.over) if ends else 0)
    if not event.every:
        return float(begin) == row.time
    turns = round((row.time - float(begin)) / event.every)
    return turns >= 0 and float(begin + turns * Fraction(event.every)) == row.time


def _triggered(latch: LatchSpec, row: EventRow) -> bool:
    """Whether a row of the journal is this latch."""
    name = latch.name or f"{latch.guard} {latch.direction}"
    return (row.kind, row.path, row.cause, row.new) == (latch.kind, latch.path, name, latch.value)


def write_schedule(
    file: h5py.File, rows: Sequence[EventRow], *, scenario: ScenarioSpec, records: Records, end: float
) -> None:
    """Write all of it, when the run has ended.

    Parameters
    ----------
    file : h5py.File
    rows : sequence of EventRow
        All that fired.
    scenario : ScenarioSpec
    records : Records
        Of the processes.
    end : float
        Plant time reached, in s.
    """
    bars, uses = records.bars, records.uses
    if bars:
        group = file.create_group("/schedule")
        meanings = {
            "level": "recipe, procedure, operation, phase, or the kind of a step",
            "name": "its name",
            "path": "process and blocks around it",
            "process": "process that it belongs to",
            "unit": "unit that it holds for itself",
            "outcome": "done, left, restarted, timed out, unfinished or failed",
        }
        numbers = {"start": ("s", "begin"), "end": ("s", "end"), "parent": ("1", "row of the bar around it; -1 none")}
        write_table(file, group, "bar", bars, meanings, numbers)
    if uses:
        meanings = {
            "resource": "what was asked for",
            "holder": "step that asked",
            "outcome": "released, held to the end, gave up, never granted",
        }
        numbers = {
            "amount": ("1", "how many"),
            "requested": ("s", "asked for"),
            "granted": ("s", "granted; NaN: never"),
            "released": ("s", "given back; NaN: never granted"),
        }
        write_table(file, file.create_group("/schedule/resources"), "use", uses, meanings, numbers)
    faults = faults_of(scenario, rows, records, end)
    if faults:
        meanings = {"label": "what is wrong", "where": "unit, feed or product", "cause": "event or step"}
        numbers = {"start": ("s", "from"), "end": ("s", "to")}
        write_table(file, file.create_group("/faults"), "fault", faults, meanings, numbers)
    _material(file, scenario)
    write_factors(file, scenario.factors)


def _material(file: h5py.File, scenario: ScenarioSpec) -> None:
    texts = {"name": "identifier", "of": "feed, unit or product", "marks": "free fields, as JSON"}
    start = {"start": ("s", "from")}
    limits = {
        **start,
        "end": ("s", "to; NaN: the end of the run"),
        "every": ("s", "length of each; NaN: not cut by time"),
        "mass": ("kg", "mass of each; NaN: not cut by mass"),
    }
    for name, items, numbers in (
        ("lots", scenario.lots, start),
        ("batches", scenario.batches, limits),
        ("containers", scenario.containers, limits),
    ):
        if items:
            rows = [_Plain(vars(item)) for item in items]
            write_table(
                file,
                file.create_group(f"/{name}"),
                name.removesuffix("es") if name == "batches" else name[:-1],
                rows,
                texts,
                numbers,
            )


class _Plain:
    """An entry with its free fields as text, and NaN for what is not given."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            setattr(self, name, np.nan if value is None else value)
        self.marks = json.dumps(dict(fields["marks"]), ensure_ascii=False)


def write_table(
    file: h5py.File,
    group: h5py.Group,
    dimension: str,
    rows: Sequence[Any],
    texts: Mapping[str, str],
    numbers: Mapping[str, tuple[str, str]],
) -> None:
    """Write rows as a table along a dimension of its own: texts, and numbers with their units, by attribute."""
    scale = add_dimension(file, dimension, len(rows))
    group.attrs["count"] = len(rows)
    for name, meaning in texts.items():
        add_texts(group, name, [getattr(row, name) for row in rows], scale, meaning)
    for name, (unit, meaning) in numbers.items():
        add_numbers(group, name, [getattr(row, name) for row in rows], [scale], unit, meaning)


def rows(run: Run, path: str) -> list[dict[str, Any]]:
    """Read one of these tables of a run: `rows(open_run("run.h5"), "/schedule")`."""
    with run.opened() as file:
        return read_rows(file, path)


def read_rows(file: h5py.File, path: str) -> list[dict[str, Any]]:
    """Read one of these tables as a list of rows; empty where the file has none."""
    if path not in file:
        return []
    group, columns = file[path], {}
    for name, dataset in group.items():
        if isinstance(dataset, h5py.Dataset):
            text = h5py.check_string_dtype(dataset.dtype) is not None
            columns[name] = list(dataset.asstr()[()]) if text else dataset[()].tolist()
    count = int(group.attrs["count"])
    return [{name: column[i] for name, column in columns.items()} for i in range(count)]
