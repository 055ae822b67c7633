"""The log beside a run that goes on: all that a killed run needs to be resumed.

HDF5 promises nothing about a file whose writer was killed, so what the run hands out is also
appended to `<name>.h5.partial.resume`: frames of one kind, a length, a checksum and the bytes. What
the system has taken survives the process; a frame cut short by a kill or a power cut ends the log.
From the last whole checkpoint on the run is repeated to the same bits. The log is deleted when the
run has its final name. A lock on it tells a run that goes on from one that was killed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.locking import lock
from twin.results.checkpoints import Kept, from_bytes, to_bytes
from twin.results.files import FileProblem
from twin.results.layout import recording
from twin.results.sections import versions

MAGIC = b"twin run log 1\n"
#: What a log's name ends with.
SUFFIX = ".resume"
_FRAME = struct.Struct("<4sQI")
HEAD, ROWS, EVENTS, INSTANT, CHECKPOINT = b"head", b"rows", b"evnt", b"inst", b"chkp"


def log_path(partial: Path) -> Path:
    """Name of the log of a partial file."""
    return partial.with_name(partial.name + SUFFIX)


class RunLog:
    """The log of one run. What it cannot write it gives up: the run goes on without it.

    Parameters
    ----------
    partial : Path
        The run's file; the log stands beside it.
    head : mapping
        What the run is, as JSON: see :func:`head_of`.
    every : float
        Wall seconds between two checkpoints; infinite for no log.
    """

    def __init__(self, partial: Path, head: Mapping[str, Any], every: float) -> None:
        self.path, self.every = log_path(partial), every
        self._file: int | None = None
        if math.isinf(every):
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        with contextlib.suppress(OSError):
            self._file = os.open(self.path, flags, 0o666)
        if self._file is not None and not lock(self._file):
            self._give_up()
        self._put(MAGIC)
        self._frame(HEAD, json.dumps(head).encode())

    @property
    def kept(self) -> bool:
        """Whether the run can be resumed from here."""
        return self._file is not None

    def rows(self, times: np.ndarray, y: np.ndarray, w: np.ndarray, q: np.ndarray) -> None:
        """Append samples."""
        parts = [np.ascontiguousarray(part, dtype="<f8").tobytes() for part in (times, y, w, q)]
        self._frame(ROWS, struct.pack("<Q", len(times)), *parts)

    def events(self, rows: list[list[Any]]) -> None:
        """Append events."""
        self._frame(EVENTS, json.dumps(rows).encode())

    def instant(self, time: float, before: np.ndarray, after: np.ndarray) -> None:
        """Append what was recorded just before and just after an instant."""
        self._frame(INSTANT, struct.pack("<d", time), before.tobytes(), after.tobytes())

    def checkpoint(self, kept: Kept, retained: bool) -> None:
        """Append a checkpoint; `retained` when the finished file is to keep it."""
        self._frame(CHECKPOINT, b"\1" if retained else b"\0", to_bytes(kept))

    def close(self) -> None:
        """Let go of the log, which stays."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def remove(self) -> None:
        """Delete the log: the run needs it no more."""
        if self._file is not None:
            self._give_up()

    def _frame(self, kind: bytes, *parts: bytes) -> None:
        crc = 0
        for part in parts:
            crc = zlib.crc32(part, crc)
        self._put(_FRAME.pack(kind, sum(map(len, parts)), crc), *parts)

    def _put(self, *parts: bytes) -> None:
        if self._file is None:
            return
        data = memoryview(b"".join(parts))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:  # no room, say: what is left of it is better used by the run's file
            self._give_up()

    def _give_up(self) -> None:
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Frame:
    """One frame of a log."""

    kind: bytes
    data: bytes
    end: int  #: where the next one begins


def frames(path: Path, stop: int | None = None) -> Iterator[Frame]:
    """Read a log up to what is damaged or cut short, or to `stop`."""
    with path.open("rb") as file:
        whole = os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            return
        place = len(MAGIC)
        while (stop is None or place < stop) and len(start := file.read(_FRAME.size)) == _FRAME.size:
            kind, size, crc = _FRAME.unpack(start)
            if size > whole - file.tell():
                return
            data = file.read(size)
            if zlib.crc32(data) != crc:
                return
            place += _FRAME.size + size
            yield Frame(kind, data, place)


def head_of(
    path: Path, spec: Any, plant: Any, resolved: str, table: bool, fork: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Say what a run is, so that it can be begun again without its files."""
    return {
        "file": path.name,
        "scenario": spec.name,
        "resolved": resolved,
        "scenario_text": spec.source_text,
        "plant_text": spec.plant.source_text,
        "table": table,
        "fork": dict(fork) if fork else None,
        "fingerprint": plant.fingerprint,
        "versions": versions(),
        "sizes": [plant.n_y, len(recording(plant).w_index), plant.n_q],
    }


def read_head(path: Path) -> dict[str, Any]:
    """Read what run a log belongs to.

    Raises
    ------
    FileProblem
        When there is none, or the run was killed before it had begun.
    """
    try:
        first = next(frames(path), None)
    except FileNotFoundError:
        raise FileProblem(f"there is no log {path}: nothing can be resumed from it") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}") from error
    if first is None or first.kind != HEAD:
        raise FileProblem(f"{path} holds nothing: the run was killed before it had begun. Start it anew.")
    head: dict[str, Any] = json.loads(first.data)
    return head


def reached(path: Path) -> float:
    """Plant time of a log's last checkpoint, in s; 0 before the first. Skips the rest of it."""
    time = 0.0
    with path.open("rb") as file:
        whole = file.seek(0, os.SEEK_END)
        file.seek(len(MAGIC))
        while len(start := file.read(_FRAME.size)) == _FRAME.size:
            kind, length, crc = _FRAME.unpack(start)
            if length > whole - file.tell():
                break
            if kind != CHECKPOINT:
                file.seek(length, os.SEEK_CUR)
                continue
            data = file.read(length)
            if zlib.crc32(data) != crc:
                break
            time = read_checkpoint(data)[0].time
    return time


def read_checkpoint(data: bytes) -> tuple[Kept, bool]:
    """Read a frame's checkpoint, and whether the finished file is to keep it."""
    return from_bytes(data[1:]), data[:1] == b"\1"


def in_use(path: Path) -> bool:
    """Whether the run of a log goes on."""
    try:
        file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError:
        return False
    try:
        return not lock(file)
    finally:
        os.close(file)
