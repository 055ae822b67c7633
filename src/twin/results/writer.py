"""Writes a run as it goes: `<name>.h5.partial` becomes `<name>.h5` when everything is in it.

While the run goes on the file can be read by others (single writer, many readers), and after a
crash or a power cut it holds what had been flushed. Texts and tables that are known only at the end
are added when the run finishes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results import layout, sections
from twin.results.balances import Balances, compute
from twin.results.checkpoints import Kept, write_checkpoints
from twin.results.content import HASH, attributes, content_hash
from twin.results.events import AlarmRow, EventRow, Journal, Snapshot, Snapshots, write_alarms, write_events
from twin.results.files import FileProblem, file_errors, hdf5_writing, need_room, partial_path, publish
from twin.results.netcdf import LIBVER
from twin.results.series import Series
from twin.results.watch import Watch, unclosed

#: Outcome of a run that has not ended yet, or was killed.
RUNNING = "running"


class RunWriter:
    """The file of one run.

    Parameters
    ----------
    path : Path
        Final name; nothing may stand there.
    plant : Plant
        The compiled plant.
    scenario : ScenarioSpec
        What is run.
    resolved : str
        The resolved configuration (YAML).
    kinds : sequence of str
        Kinds of columns to record.
    flush_every : float
        Wall seconds after which readers see what has been appended, full block or not.
    fork : mapping, optional
        Provenance of a run forked from another one.
    do : callable, optional
        Does a job before all those that append: the file's variables are made by it, while the run goes on.

    Raises
    ------
    FileProblem
        When the name is taken, or the disk refuses.

    Notes
    -----
    Leaving a `with` block without :meth:`finish` closes the file under its partial name.
    """

    def __init__(
        self,
        path: Path,
        plant: Any,
        scenario: Any,
        *,
        resolved: str = "",
        kinds: Sequence[str] = layout.RECORDED,
        flush_every: float = 1.0,
        fork: Mapping[str, str | float] | None = None,
        do: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.partial = partial_path(self.path)
        self.recording = layout.recording(plant, kinds)
        self.flush_every = flush_every
        self.rows = 0
        self._last_time = -np.inf
        self._started = time.time()
        self._flushed = time.monotonic()
        self._event_rows: list[EventRow] = []
        self._alarm_rows: list[AlarmRow] = []
        self._unclosed: list[AlarmRow] = []
        self._watch = Watch(self.recording, plant, float(scenario.rtol))
        self.snapshots = Snapshots(self.recording, plant.dim_labels)
        sizes = (plant.n_y, len(self.recording.w_index), plant.n_q)
        self._blocks = [np.empty((layout.BLOCK_ROWS, n)) for n in (1, *sizes)]
        self._filled = 0
        self._file: h5py.File | None = None
        with file_errors(self.partial):
            need_room(self.partial, 0)
            self._file = h5py.File(self.partial, "x", libver=LIBVER)
        self._told: dict[str, bytes] = {}
        if do is None:
            self._lay_out(plant, scenario, resolved, fork)
        else:
            do(lambda: self._lay_out(plant, scenario, resolved, fork))

    def _lay_out(self, plant: Any, scenario: Any, resolved: str, fork: Mapping[str, str | float] | None) -> None:
        """Make everything that is known from the start."""
        with self._writing() as file:
            sections.write_root(file, plant, scenario, RUNNING)
            sections.write_configuration(file, plant, scenario, resolved)
            sections.write_provenance(file, plant, scenario)
            if fork is not None:
                sections.write_fork(file, fork)
            self._series = Series(file, plant, self.recording)
            self._journal = Journal(file)
            sections.write_components(file, plant)
            sections.write_terms(file, plant)
            sections.write_quality(file, scenario)
            self._told = attributes(file)
            file.swmr_mode = True  # from here on others can read; no variable can be added

    @property
    def w_index(self) -> np.ndarray:
        """Elements of w that are recorded: what :meth:`append` expects, in this order."""
        return self.recording.w_index

    def append(self, times: np.ndarray, y: np.ndarray, w: np.ndarray, q: np.ndarray) -> None:
        """Add rows.

        Parameters
        ----------
        times : array [rows]
            Plant time [s], increasing; a row at the time of the row before is left out.
        y, w, q : array [rows, n]
            States, the recorded subset of w, quadratures.

        Raises
        ------
        ValueError
            When time runs backwards.
        FileProblem
            When the disk refuses; what had been flushed stays readable under the partial name.
        """
        stamps = np.asarray(times, dtype=np.float64)
        steps = np.diff(stamps, prepend=self._last_time)
        if np.any(steps < 0.0) or np.any(np.isnan(stamps)):
            raise ValueError("recorded times must not run backwards")
        keep = np.flatnonzero(steps > 0.0)
        self._watch.see(stamps[keep], w[keep])
        at = 0
        while at < keep.size:
            chosen = keep[at : at + layout.BLOCK_ROWS - self._filled]
            here = slice(self._filled, self._filled + chosen.size)
            for block, rows in zip(self._blocks, (stamps[:, None], y, w, q), strict=True):
                block[here] = rows[chosen]
            self._filled += chosen.size
            at += chosen.size
            if self._filled == layout.BLOCK_ROWS:
                self._write_block(complete=True)
        if keep.size:
            self._last_time = float(stamps[keep[-1]])
        if time.monotonic() - self._flushed > self.flush_every:
            self.flush()

    def events(self, rows: Sequence[EventRow], snapshots: Sequence[Snapshot] = ()) -> None:
        """Add events that fired, and the streams just before and after each instant."""
        self.instants(rows, [self.snapshots.both_sides(snapshot) for snapshot in snapshots])

    def instants(self, rows: Sequence[EventRow], sides: Sequence[tuple[float, np.ndarray, np.ndarray]]) -> None:
        """Add events, and what `snapshots` picked of the instants that are over."""
        self._event_rows += rows
        for time_, before, after in sides:
            self.snapshots.add(time_, before, after)
        with self._writing():
            if rows:
                self._journal.append(rows)

    def alarms(self, rows: Sequence[AlarmRow]) -> None:
        """Add alarms."""
        self._alarm_rows += rows

    @property
    def taken(self) -> int:
        """Rows taken so far, written or not."""
        return self.rows + self._filled

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the recorded rows, and balances at the end, give reason to doubt, in sentences, by time."""
        return tuple(row.text for row in sorted([*self._watch.alarms, *self._unclosed], key=lambda row: row.time))

    def flush(self) -> None:
        """Let readers see everything appended so far."""
        self._write_block(complete=False)

    def finish(
        self,
        outcome: str | Enum,
        message: str = "",
        *,
        stats: Mapping[str, float] | None = None,
        session: Mapping[str, float | str] | None = None,
        checkpoints: Sequence[Kept] = (),
        table: bool = True,
        also: Callable[[h5py.File, Sequence[EventRow]], None] | None = None,
    ) -> Path:
        """Complete the file and give it its final name.

        Parameters
        ----------
        outcome : str or Enum
            How the run ended, in a word; an enum's member gives its name, and its value as message.
        message : str
            The sentence shown.
        stats : mapping
            Solver statistics; the same for equal runs (counts, not seconds).
        session : mapping
            What differs between equal runs: wall times. Not hashed.
        checkpoints : sequence of Kept
            From which the run can be forked. Not hashed.
        table : bool
            Whether events were executed inside the compiled loop.
        also : callable
            Writes more groups, given the file and the events that fired.

        Returns
        -------
        Path
            The final name.
        """
        word, sentence = _outcome(outcome, message)
        self._write_block(complete=True)
        digests = self._series.digests()
        self._close()
        with file_errors(self.partial):
            self._file = h5py.File(self.partial, "r+", libver=LIBVER)
        with self._writing() as file:
            need_room(self.partial, self.snapshots.nbytes)
            del file["/journal"]
            sections.write_session(file, self._started, session or {})
            write_events(file, self._event_rows, self.snapshots)
            self.balances: Balances = compute(file)
            self._unclosed = unclosed(self.balances, max(self._last_time, 0.0))
            alarms = [*self._alarm_rows, *self._watch.alarms, *self._unclosed]
            write_alarms(file, sorted(alarms, key=lambda row: row.time))
            sections.write_statistics(file, stats or {})
            if also is not None:
                also(file, self._event_rows)
            write_checkpoints(file, checkpoints, table)
            sections.write_balances(file, self.balances)
            file.attrs["outcome"] = word
            file.attrs["outcome_message"] = sentence
            file.attrs[HASH] = content_hash(file, digests, self._told)
            file.flush()
        self._close()
        publish(self.partial, self.path)
        return self.path

    def close(self) -> None:
        """Close under the partial name, with what has been appended; nothing happens twice."""
        if self._file is not None:
            if self._filled:
                self._write_block(complete=False)
            self._close()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_block(self, complete: bool) -> None:
        """Write the rows gathered; rows of a block that is not complete are written again when it is."""
        times, y, w, q = (block[: self._filled] for block in self._blocks)
        with self._writing() as file:
            need_room(self.partial, sum(block.nbytes for block in self._blocks))
            self._series.write(self.rows, times[:, 0], {"y": y, "w": w, "q": q}, complete)
            if complete:
                self.rows += self._filled
                self._filled = 0
            file.flush()
        self._flushed = time.monotonic()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[h5py.File]:
        """Lend the open file; when the disk refuses, it is closed with what had been flushed."""
        if self._file is None:
            raise FileProblem(f"{self.partial} is closed")
        try:
            with hdf5_writing(self._file, self.partial) as file:
                yield file
        except FileProblem:
            self._file, self._filled = None, 0
            raise

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            if hasattr(self, "_series"):  # not where the disk refused at once
                self._series.let_go()
            file.close()


def _outcome(outcome: str | Enum, message: str) -> tuple[str, str]:
    if isinstance(outcome, Enum):
        return outcome.name.lower(), message or str(outcome.value)
    return outcome, message or outcome
