"""Which run files may be looked at: one file, or those of a folder. Names from a browser are only looked up."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from dashboard.data import Dataset, open_dataset
from twin.results.files import FileProblem

#: Runs whose names and tables are kept in memory.
KEPT = 8


class Catalog:
    """The runs under a path, and the datasets opened from them.

    Parameters
    ----------
    path : Path
        A run file, or a folder of them.

    Raises
    ------
    FileProblem
        When there is no such file, or no run in the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._kept: OrderedDict[tuple[str, int, int], Dataset] = OrderedDict()
        self._lock = threading.Lock()
        if not self.path.exists():
            raise FileProblem(f"there is no file {path}")
        if not self.names():
            raise FileProblem(f"there is no run (*.h5) in {path}")

    def names(self) -> list[str]:
        """Names of the runs, the newest first."""
        if self.path.is_file():
            return [self.path.name]
        files = [file for file in self.path.glob("*.h5") if file.is_file()]
        return [file.name for file in sorted(files, key=lambda f: (-f.stat().st_mtime, f.name))]

    def dataset(self, name: str | None) -> Dataset:
        """Open a run by its name; the newest when None.

        Raises
        ------
        FileProblem
            When there is no run of that name here, or it cannot be read.
        """
        names = self.names()
        if not names:
            raise FileProblem("the runs of this folder have gone")
        wanted = names[0] if name is None else name
        if wanted not in names:  # also whatever tries to leave the folder
            raise FileProblem("there is no run of that name here")
        file = self.path if self.path.is_file() else self.path / wanted
        status = file.stat()
        key = (wanted, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        opened = open_dataset(file)
        with self._lock:
            self._kept[key] = opened
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return opened
