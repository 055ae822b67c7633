"""What a study has finished, on disk as it goes: a line a run, so that a study that is stopped or killed goes on.

The log stands beside the file to come, `<name>.h5.runs`. Its first line says which study it is of; each other
line has its checksum, and reading stops at the first one that is cut short. A lock tells a study that goes on from
one that was killed. When all runs are there the file is written from it, in the order of the design. Searches keep
their runs so, too, by their values (:mod:`twin.study.kept`).
"""

from __future__ import annotations

import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import TwinError
from twin.locking import lock
from twin.results.files import FileProblem
from twin.study.runner import Row

#: What a log's name ends with.
SUFFIX = ".runs"
#: Seconds after which what has been written is on the disk for good, whatever happens to the machine.
SYNC_EVERY = 1.0


class OtherStudy(TwinError):
    """A log that belongs to another study."""

    exit_code = 2


def log_path(file: Path) -> Path:
    """Name of the log of a study's file to come."""
    return file.with_name(file.name + SUFFIX)


class StudyLog:
    """The log of one study, open for appending; what it holds already is in `rows`, by number (or by values).

    `torn` is how many bytes at its end were cut short or damaged, and are left out.

    Parameters
    ----------
    path : Path
    identity : mapping
        What the study is: a log of another one is refused.
    resume : bool
        Whether the log is there.

    Raises
    ------
    FileProblem
        When it cannot be written, or another process does.
    OtherStudy
    """

    def __init__(self, path: Path, identity: dict[str, Any], resume: bool) -> None:
        self.path = path
        self.rows: dict[int | str, Row] = {}
        self.torn = 0
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | (0 if resume else os.O_CREAT | os.O_EXCL)
        try:
            self._file: int = os.open(path, flags, 0o666)
        except FileExistsError:
            raise FileProblem(
                f"{path} holds runs of a study that was stopped: go on with --resume, or delete it"
            ) from None
        except FileNotFoundError as error:
            said = f"there is no {path} to go on with" if resume else f"{path} cannot be written: {error.strerror}"
            raise FileProblem(said) from error
        except OSError as error:
            raise FileProblem(f"{path} cannot be written: {error.strerror}") from error
        if not lock(self._file):
            os.close(self._file)
            raise FileProblem(f"{path} belongs to a study that goes on")
        self._synced = time.monotonic()
        try:
            if resume:
                self._read(identity)
            else:
                self._put(identity)
        except BaseException:
            self.close()
            raise

    def add(self, number: int | str, row: Row) -> None:
        """Append a run."""
        self._put(
            {"run": number, "outcome": row.outcome, "message": row.message, "t": row.reached, "y": row.y.tolist()}
        )
        self.rows[number] = row

    def close(self) -> None:
        """Let go of the log, which stays."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def remove(self) -> None:
        """Delete the log: its runs are in the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _put(self, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        data = memoryview(b"%08x %s\n" % (zlib.crc32(text), text))
        try:
            while data:
                data = data[os.write(self._file, data) :]
            if time.monotonic() - self._synced > SYNC_EVERY:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            raise FileProblem(f"{self.path} cannot be written: {error.strerror}") from error

    def _read(self, identity: dict[str, Any]) -> None:
        with self.path.open("rb") as file:
            data = file.read()
        place, first = 0, True
        for line in data.splitlines(keepends=True):
            content = _content(line)
            if content is None:
                break
            if first and content != identity:
                differs = next(key for key in (*identity, *content) if content.get(key) != identity.get(key))
                raise OtherStudy(f"{self.path} holds runs of another study: it differs in its {differs}")
            if not first:
                y = np.array(content["y"], dtype=float)
                self.rows[content["run"]] = Row(content["outcome"], content["message"], content["t"], y)
            first, place = False, place + len(line)
        self.torn = len(data) - place
        if first:
            self._restart(identity)
            return
        os.truncate(self._file, place)  # what was cut short is run again
        os.lseek(self._file, 0, os.SEEK_END)

    def _restart(self, identity: dict[str, Any]) -> None:
        """Killed before its first line was whole."""
        os.truncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._put(identity)


def _content(line: bytes) -> dict[str, Any] | None:
    mark, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or len(mark) != 8:
        return None
    text = text[:-1]
    if b"%08x" % zlib.crc32(text) != mark:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def head(path: Path) -> dict[str, Any] | None:
    """First line of a log: which study it is of; None for what is no log."""
    try:
        with path.open("rb") as file:
            return _content(file.readline())
    except OSError:
        return None
