"""What a run that is continued brings along: recorded rows, events, checkpoints; from a log or from a run file."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results import log
from twin.results.checkpoints import Kept
from twin.results.events import EventRow
from twin.results.files import FileProblem
from twin.results.layout import BLOCK_ROWS, Recording
from twin.results.reader import Run

#: Times, states, recorded streams, quadratures: rows of each.
Block = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
#: Time of an instant, and what was recorded just before and just after.
Instant = tuple[float, np.ndarray, np.ndarray]


@dataclass
class Past:
    """A run up to a checkpoint.

    Attributes
    ----------
    kept : Kept or None
        Where it stood then; None at the start.
    retained : list of Kept
        Checkpoints up to this one that the finished file is to keep.
    events : list of EventRow
    instants : list of Instant
    parent : Path or None
        The run that is forked; None when one is resumed.
    at : float
        Up to here the parent is repeated, in s.
    allowed : float
        Relative difference from the parent that is no reason to warn: a change at the fork cuts the step before it.
    """

    kept: Kept | None
    retained: list[Kept]
    events: list[EventRow]
    instants: list[Instant]
    parent: Path | None = None
    at: float = 0.0
    allowed: float = 0.0
    _log: tuple[Path, int, tuple[int, int, int]] | None = None
    _expected: tuple[np.ndarray, dict[str, np.ndarray]] | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """Rows recorded before the checkpoint."""
        return self.kept.rows if self.kept else 0

    def blocks(self, recording: Recording, n_y: int, n_q: int) -> Iterator[Block]:
        """Rows recorded before the checkpoint, in order."""
        if self._log is not None:
            yield from _blocks_of_log(*self._log)
        elif self.parent is not None:
            with Run(self.parent).opened() as file:
                for start in range(0, self.rows, BLOCK_ROWS):
                    yield _block(file, recording, n_y, n_q, start, min(start + BLOCK_ROWS, self.rows))

    def differs(self, recording: Recording, block: Block) -> float:
        """Largest relative difference of rows that repeat the parent from what it had recorded; 0: the same bits.

        Relative to the largest number of each variable in these rows.
        """
        if self.parent is None:
            return 0.0
        if self._expected is None:
            self._expected = self._read_expected(recording)
        times, values = self._expected
        here = np.flatnonzero(block[0] <= self.at)
        there = np.searchsorted(times, block[0][here])
        if len(here) and (there[-1] >= len(times) or not np.array_equal(times[there], block[0][here])):
            return np.inf
        worst = 0.0
        for v in recording.variables:
            new = block[1 + "ywq".index(v.column.vector)][here, v.start : v.stop]
            old = values[v.path][there].reshape(new.shape)
            if new.tobytes() != old.tobytes():
                with np.errstate(invalid="ignore"):
                    change = np.nanmax(np.abs(new - old), initial=0.0) / (np.nanmax(np.abs(old), initial=0.0) or 1.0)
                worst = max(worst, float(change), np.finfo(float).tiny)
        return worst

    def _read_expected(self, recording: Recording) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        assert self.parent is not None
        with Run(self.parent).opened() as file:
            times = file["time"][()]
            rows = slice(self.rows, int(np.searchsorted(times, self.at, side="right")))
            return times[rows], {v.path: file[v.path][rows] for v in recording.variables}


@dataclass(frozen=True)
class Continued:
    """A run that is continued in a new file.

    Attributes
    ----------
    past : Past or None
        None when it begins anew, having been killed before its first checkpoint.
    source : str
        Name of the file that is continued.
    fingerprint : str
        Of the models that made it.
    fork : mapping or None
        Provenance of a fork.
    session : mapping
        What to note among that which differs between equal runs.
    replaces : tuple of Path
        Files that are deleted as soon as the new ones hold all that is in them.
    """

    past: Past | None
    source: str
    fingerprint: str
    fork: Mapping[str, str | float] | None = None
    session: Mapping[str, str | float] = field(default_factory=dict)
    replaces: tuple[Path, ...] = ()

    def replaced(self) -> None:
        """Delete what the new files hold by now."""
        for path in self.replaces:
            path.unlink(missing_ok=True)


def fitting(continued: Continued | None, plant: Any) -> Past | None:
    """Give what is brought along, for a plant compiled from the same configuration.

    Raises
    ------
    FileProblem
        When the models have changed: states of the old ones mean nothing to the new.
    """
    if continued is None:
        return None
    if continued.fingerprint != plant.fingerprint:
        raise FileProblem(
            f"{continued.source} was made by other versions of its models, so its states mean nothing to these."
            " Run the scenario from its start."
        )
    return continued.past


def past_of_log(path: Path, sizes: tuple[int, int, int]) -> Past | None:
    """Read a log up to its last whole checkpoint; None when there is none yet.

    Parameters
    ----------
    path : Path
    sizes : (int, int, int)
        Numbers of states, recorded streams and quadratures in a row.
    """
    last: Kept | None = None
    retained: list[Kept] = []
    events: list[EventRow] = []
    instants: list[Instant] = []
    end = 0
    for frame in log.frames(path):
        if frame.kind == log.EVENTS:
            events += [EventRow(*row) for row in json.loads(frame.data)]
        elif frame.kind == log.INSTANT:
            (time,) = struct.unpack_from("<d", frame.data)
            before, after = np.frombuffer(frame.data, dtype="<f8", offset=8).reshape(2, -1)
            instants.append((time, before, after))
        elif frame.kind == log.CHECKPOINT:
            last, keep = log.read_checkpoint(frame.data)
            end = frame.end
            if keep:
                retained.append(last)
    if last is None:
        return None
    return Past(last, retained, events[: last.events], instants[: last.instants], _log=(path, end, sizes))


def _blocks_of_log(path: Path, end: int, sizes: tuple[int, int, int]) -> Iterator[Block]:
    for frame in log.frames(path, end):
        if frame.kind == log.ROWS:
            (n,) = struct.unpack_from("<Q", frame.data)
            numbers = np.frombuffer(frame.data, dtype="<f8", offset=8)
            ends = np.cumsum([n, *(n * size for size in sizes)])
            times, *parts = np.split(numbers, ends[:-1])
            y, w, q = (part.reshape(n, size) for part, size in zip(parts, sizes, strict=True))
            yield times, y, w, q


def past_of_run(run: Run, kept: list[Kept], at: float, allowed: float) -> Past:
    """Take a run file up to the last of these checkpoints (up to its start without any), to be forked at `at` [s]."""
    last = kept[-1] if kept else None
    instants: list[Instant] = []
    if last is not None and last.instants and run.snapshots is not None:
        snapshots = run.snapshots
        columns = (snapshots.time, snapshots.before, snapshots.after)
        instants = [(float(t), b, a) for t, b, a in zip(*(c[: last.instants] for c in columns), strict=True)]
    return Past(last, kept, run.events[: last.events if last else 0], instants, run.path, at, allowed)


def _block(file: h5py.File, recording: Recording, n_y: int, n_q: int, start: int, stop: int) -> Block:
    n = stop - start
    sizes = {"y": n_y, "w": len(recording.w_index), "q": n_q}
    parts = {vector: np.zeros((n, size)) for vector, size in sizes.items()}
    for v in recording.variables:
        if v.path not in file:
            raise FileProblem(f"{file.filename} did not record {v.column.path}: it cannot be forked by this version")
        parts[v.column.vector][:, v.start : v.stop] = file[v.path][start:stop].reshape(n, v.size)
    return file["time"][start:stop], parts["y"], parts["w"], parts["q"]


def leftovers(folder: Path, name: str) -> list[Path]:
    """Logs of runs that were killed and can be resumed, newest first: of files whose names begin so."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.glob(f"*.partial{log.SUFFIX}") if path.name.startswith(name)]
    with contextlib.suppress(OSError):  # one may be finished and deleted meanwhile
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [path for path in found if not log.in_use(path)]
