"""Files that are never overwritten, and never half there under their final name."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError

if TYPE_CHECKING:
    import h5py

#: Room kept free on the disk, so that what has been written can still be closed properly.
RESERVE = 8 << 20
#: What closing a file adds to it at most: tables, balances, hash.
CLOSING = 1 << 20


class FileProblem(TwinError):
    """A file that cannot be written or read."""

    exit_code = 3


def partial_path(final: Path) -> Path:
    """Name to write under until the run is complete; nothing stands there yet.

    Raises
    ------
    FileProblem
        When the final name is taken, or its folder cannot be made.
    """
    if final.exists():
        raise FileProblem(f"{final} exists; a run never overwrites a file. Give another name with --out.")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"the folder {final.parent} cannot be made: {error.strerror}") from error
    number = 1
    while True:
        path = final.with_name(f"{final.name}.partial" if number == 1 else f"{final.name}.{number}.partial")
        if not path.exists():
            return path
        number += 1


def need_room(path: Path, size: int) -> None:
    """Stop while there still is room to close a file properly.

    Raises
    ------
    FileProblem
        When less than `size` and a reserve is free on the disk, or under the process's limit of a file.
    """
    free = shutil.disk_usage(path.parent).free
    if free < size + RESERVE:
        left = f"{free >> 20} MB left, {(size + RESERVE) >> 20} MB needed"
        raise FileProblem(f"{path} cannot be written: the disk is full ({left})")
    limit = _file_size_limit()
    if limit is not None and (path.stat().st_size if path.exists() else 0) + size + CLOSING > limit:
        raise FileProblem(f"{path} cannot be written: files of this process are limited to {limit >> 10} kB")


def _file_size_limit() -> int | None:
    """Limit set by `ulimit -f`; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if soft == resource.RLIM_INFINITY else soft


@contextlib.contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn failures of the disk into one clear sentence."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # HDF5 reports a failed flush as RuntimeError
        raise FileProblem(f"{path} cannot be written: {_reason(error)}") from error


def _reason(error: OSError | RuntimeError) -> str:
    text = str(error)
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text:
        return "the disk is full"
    said = re.search(r"error message = '([^']*)'", text)
    return said.group(1) if said else getattr(error, "strerror", None) or text


@contextlib.contextmanager
def hdf5_writing(file: h5py.File, path: Path) -> Iterator[h5py.File]:
    """Lend an open file for writing; when the disk refuses, let go of it and say so in one sentence.

    HDF5 would try again and again to write what it still holds, and end the process in a crash: its
    descriptor is turned to the null device, where that succeeds. What had been flushed stays on disk.
    """
    try:
        with file_errors(path):
            yield file
    except FileProblem as error:
        if error.__cause__ is not None:
            _let_go(file)
        with contextlib.suppress(OSError, RuntimeError):
            file.close()
        raise


def _let_go(file: h5py.File) -> None:
    """Turn the descriptor of a file that cannot be written to the null device."""
    descriptor = file.id.get_vfd_handle()
    with contextlib.suppress(OSError, RuntimeError):
        os.ftruncate(descriptor, file.id.get_filesize())  # a hole at the end costs no room, and makes it readable
    sink = os.open(os.devnull, os.O_RDWR)
    os.dup2(sink, descriptor)
    os.close(sink)


def publish(partial: Path, final: Path) -> None:
    """Give a complete file its final name, on disk for good, without replacing anything.

    Raises
    ------
    FileProblem
        When the final name has been taken meanwhile; the file keeps its partial name.
    """
    with file_errors(partial):
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            _rename_no_replace(partial, final)
        except FileExistsError as error:
            raise FileProblem(f"{final} has been made by another run meanwhile; this run is {partial}") from error
        _sync_folder(final.parent)


def _rename_no_replace(partial: Path, final: Path) -> None:
    if os.name == "nt":
        partial.rename(final)  # refuses an existing name on Windows
        return
    try:
        os.link(partial, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if final.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(final)) from None
        partial.rename(final)
        return
    partial.unlink()


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
