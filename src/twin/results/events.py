"""What happened, and every stream just before and just after: `/events` and `/alarms`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from twin.results.layout import Recording, element_tags, unit_of
from twin.results.netcdf import add_coordinate, add_dimension, add_numbers, add_texts

#: Bytes of one row of the journal that is kept while the run goes on.
JOURNAL_BYTES = 400
#: Where the journal stands; it is replaced by `/events` when the run finishes.
JOURNAL = "/journal"


class EventRow(NamedTuple):
    """One event that fired; old and new are NaN where nothing was set."""

    time: float
    kind: str
    path: str
    old: float
    new: float
    cause: str


class AlarmRow(NamedTuple):
    """A limit that was crossed, or returned from."""

    time: float
    tag: str
    kind: str
    value: float
    limit: float
    text: str


class Snapshot(NamedTuple):
    """States y and recorded streams w just before and just after the events of one instant."""

    time: float
    y_before: np.ndarray
    w_before: np.ndarray
    y_after: np.ndarray
    w_after: np.ndarray


class Journal:
    """Events as lines of fixed length, readable while the run goes on and after a crash."""

    def __init__(self, file: h5py.File) -> None:
        kind = h5py.string_dtype("utf-8", JOURNAL_BYTES)
        self.rows = 0
        self.lines = file.create_dataset(
            JOURNAL, shape=(0,), maxshape=(None,), chunks=(64,), dtype=kind, compression=1, fletcher32=True
        )

    def append(self, rows: Sequence[EventRow]) -> None:
        """Add rows; a cause that does not fit is cut."""
        lines = []
        for row in rows:
            cause = row.cause
            while len(line := json.dumps([*row[:5], cause], ensure_ascii=False).encode()) > JOURNAL_BYTES:
                cause = cause[: len(cause) // 2]
                if not cause:
                    line = json.dumps([row.time, row.kind, row.path[:40], row.old, row.new, ""]).encode()
                    break
            lines.append(line)
        self.lines.resize(self.rows + len(lines), axis=0)
        self.lines[self.rows :] = np.array(lines, dtype=self.lines.dtype)
        self.rows += len(lines)


def read_journal(lines: Sequence[bytes]) -> list[EventRow]:
    """Events of a run that has not been finished."""
    return [EventRow(*json.loads(line)) for line in lines]


class Snapshots:
    """Picks from y and w what a snapshot keeps: streams, measurements, and every scalar."""

    def __init__(self, what: Recording, labels: dict[str, Any]) -> None:
        self.tags: list[str] = []
        self.units: list[str] = []
        self.index: dict[str, np.ndarray] = {}
        places: dict[str, list[np.ndarray]] = {"y": [], "w": []}
        for vector in ("y", "w"):
            for v in what.of(vector):
                if v.column.kind in ("feed", "outlet", "measurement") or not v.column.shape:
                    places[vector].append(np.arange(v.start, v.stop))
                    self.tags += element_tags(v.column, labels)
                    self.units += [unit_of(v.column)] * v.size
            self.index[vector] = np.concatenate(places[vector]) if places[vector] else np.zeros(0, dtype=np.int64)
        self.times: list[float] = []
        self.before: list[np.ndarray] = []
        self.after: list[np.ndarray] = []

    def both_sides(self, snapshot: Snapshot) -> tuple[float, np.ndarray, np.ndarray]:
        """Pick what is kept of an instant: its time, before, after."""
        before = self._pick(snapshot.y_before, snapshot.w_before)
        return snapshot.time, before, self._pick(snapshot.y_after, snapshot.w_after)

    def add(self, time: float, before: np.ndarray, after: np.ndarray) -> None:
        """Keep one instant."""
        self.times.append(time)
        self.before.append(before)
        self.after.append(after)

    @property
    def nbytes(self) -> int:
        """Room that they will need."""
        return sum(row.nbytes for row in (*self.before, *self.after))

    def _pick(self, y: np.ndarray, w: np.ndarray) -> np.ndarray:
        return np.concatenate([y[self.index["y"]], w[self.index["w"]]])


def write_events(file: h5py.File, rows: Sequence[EventRow], snapshots: Snapshots) -> None:
    """Write `/events`; a run without events has the same table, with no rows."""
    group = file.create_group("/events")
    group.attrs["count"] = len(rows)
    scale = add_dimension(file, "event", len(rows))
    columns: Mapping[str, tuple[str, str]] = {
        "time": ("s", "time of the event"),
        "old": ("1", "value before, in the unit of the path"),
        "new": ("1", "value after, in the unit of the path"),
    }
    for name, (unit, meaning) in columns.items():
        add_numbers(group, name, [getattr(row, name) for row in rows], [scale], unit, meaning)
    for name, meaning in (("kind", "what was done"), ("path", "what it was done to"), ("cause", "why")):
        add_texts(group, name, [getattr(row, name) for row in rows], scale, meaning)
    if snapshots.times and snapshots.tags:
        _write_snapshots(file, group.create_group("snapshots"), snapshots)


def _write_snapshots(file: h5py.File, group: h5py.Group, snapshots: Snapshots) -> None:
    instants = add_dimension(file, "instant", len(snapshots.times))
    tags = add_coordinate(file, "tag", snapshots.tags, "", "what is recorded")
    add_numbers(group, "time", snapshots.times, [instants], "s", "time of the events")
    add_texts(group, "tag_unit", snapshots.units, tags, "its unit")
    for name, rows in (("before", snapshots.before), ("after", snapshots.after)):
        add_numbers(group, name, np.stack(rows), [instants, tags], "1", f"values just {name} the events, in tag_unit")


def write_alarms(file: h5py.File, rows: Sequence[AlarmRow]) -> None:
    """Write `/alarms`."""
    group = file.create_group("/alarms")
    group.attrs["count"] = len(rows)
    if not rows:
        return
    scale = add_dimension(file, "alarm", len(rows))
    for name, unit in (("time", "s"), ("value", "1"), ("limit", "1")):
        add_numbers(group, name, [getattr(row, name) for row in rows], [scale], unit, f"{name} of the alarm")
    for name in ("tag", "kind", "text"):
        add_texts(group, name, [getattr(row, name) for row in rows], scale, f"{name} of the alarm")
