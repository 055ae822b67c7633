"""Which program: a hash over the source files of the installed packages, and their commit where there is one."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from twin.packages import folders

#: Packages whose code makes numbers; configurations stand in the run files themselves.
PACKAGES = ("twin", "unit_ops")


@functools.cache
def files() -> dict[str, str]:
    """SHA-256 of every source file and data file of the packages, by package and path."""
    found = {}
    for package in PACKAGES:
        for folder in folders(package):
            for path, name in _within(str(folder), package):
                with open(path, "rb") as file:
                    data = file.read().replace(b"\r\n", b"\n")  # line ends differ between checkouts, numbers do not
                found[name] = hashlib.sha256(data).hexdigest()
    return dict(sorted(found.items()))


def _within(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """Files below a folder, with their names; without pathlib, which at every start of a run takes 20 ms longer."""
    with os.scandir(folder) as entries:
        for entry in entries:
            inner = f"{name}/{entry.name}"
            if entry.is_dir():
                if entry.name != "__pycache__" and not entry.is_symlink():
                    yield from _within(entry.path, inner)
            elif entry.is_file() and not entry.name.startswith("."):
                yield entry.path, inner


@functools.cache
def fingerprint() -> str:
    """One hash for all of :func:`files`."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in files().items())
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


@functools.cache
def commit() -> tuple[str, bool]:
    """Commit that the packages were checked out from, and whether files differ from it; "" outside a checkout."""
    (folder,) = folders("twin")[:1] or (Path(),)
    root = folder.parent.parent
    if not (root / ".git").exists():
        return "", False
    paths = ["src/twin", "unit_ops"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        head = _git(root, "rev-parse", "HEAD")
        return head, bool(_git(root, "status", "--porcelain", "--", *paths))
    return "", False


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
