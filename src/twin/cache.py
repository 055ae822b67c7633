"""Folders of compiled code and of what was worked out once: marked when used, removed when long out of use.

A module's folder is named by what shapes its code, so every edit makes another. When one is made, those of the same
module that nobody has used for a month go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

#: Seconds after which a folder that has not been used may go.
UNUSED = 30 * 86400.0
#: A use is marked again after so many seconds: not at every start.
MARK_EVERY = 86400.0
#: What a folder is called while it is being removed.
GOING = ".removing-"


def claim(folder: Path) -> None:
    """Mark a module's folder as used, or make it and remove the module's old ones.

    Parameters
    ----------
    folder : Path
        `<module>-<hash>` in the cache's root; module names hold no hyphen.
    """
    try:
        if time.time() - folder.stat().st_mtime > MARK_EVERY:
            with contextlib.suppress(OSError):  # a cache that may be read but not written to
                os.utime(folder)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unused(folder)


def remove_unused(folder: Path) -> None:
    """Remove the other folders of the same module that have not been used for a month, and what was left of such."""
    module = folder.name.partition("-")[0]
    for other in sorted(folder.parent.iterdir()):
        same = other.name.partition("-")[0] == module and other != folder
        # another process may remove, or a virus scanner hold, the very same
        with contextlib.suppress(OSError):
            if not (same or other.name.startswith(GOING)) or time.time() - other.stat().st_mtime < UNUSED:
                continue
            if other.is_symlink() or not other.is_dir():
                continue
            # renamed first: nobody ever loads from a folder of which half is gone
            going = other.with_name(f"{GOING}{secrets.token_hex(4)}")
            other.rename(going)
            shutil.rmtree(going)


def digest(*parts: object) -> str:
    """Name for what follows from these parts alone: arrays by their bytes, anything else by its repr."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(repr(part).encode())
        found.update(b"|")
    return found.hexdigest()[:24]


def stored(path: Path, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Read arrays from a file of the cache, or make and keep them.

    Parameters
    ----------
    path : Path
        An .npz file, named by all that its content follows from.
    make : callable
        Works the arrays out.
    """

    def read() -> dict[str, np.ndarray]:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return dict(file)

    def write(partial: Path, found: dict[str, np.ndarray]) -> None:
        with partial.open("wb") as file:
            np.savez(file, **found)  # type: ignore[arg-type]

    return _kept(path, read, lambda: dict(make()), write)


def stored_text(path: Path, make: Callable[[], Any]) -> Any:
    """Read from a JSON file of the cache what is made of dicts, lists, texts and numbers, or make and keep it.

    Its first line is the checksum of the rest: a file that is damaged is made afresh, never believed.
    """

    def read() -> Any:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        if checksum != digest(text):
            raise ValueError(path)
        return json.loads(text)

    def write(partial: Path, found: Any) -> None:
        text = json.dumps(found)
        partial.write_text(f"{digest(text)}\n{text}", encoding="utf-8", newline="\n")

    return _kept(path, read, make, write)


T = TypeVar("T")


def _kept(path: Path, read: Callable[[], T], make: Callable[[], T], write: Callable[[Path, T], None]) -> T:
    try:
        found = read()
    except FileNotFoundError:
        pass
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):  # damaged: made afresh
        with contextlib.suppress(OSError):
            path.unlink()
    else:
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > MARK_EVERY:
                os.utime(path)
        return found
    found = make()
    partial = path.with_name(f"{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial, found)
        partial.replace(path)
        for pattern in (f"*{path.suffix}", "*.partial"):  # the latter of processes that were killed
            for other in path.parent.glob(pattern):
                if time.time() - other.stat().st_mtime > UNUSED:
                    other.unlink()
    except OSError:  # a cache that may not be written to, or has no room: the room that was taken is given back
        with contextlib.suppress(OSError):
            partial.unlink()
    return found
