"""Which run files may be looked at: some files, or those of a folder. Names from a browser are only looked up."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dashboard.cache import Kept
from dashboard.data import Dataset, open_dataset
from dashboard.labels import Labels
from twin.evidence.chain import append, log_of
from twin.results.files import FileProblem

#: Runs whose names and tables are kept in memory.
KEPT = 12
#: Runs of which a few words are kept.
MOST_KNOWN = 20_000
#: Endings of run files: complete ones, and those being written; what was traced of a run stands beside it.
ENDINGS, BESIDE = (".h5", ".h5.partial"), (".trace.h5", ".trace.h5.partial")
#: Folder inside the folder of runs into which deleted runs are moved.
TRASH = ".trash"

Key = tuple[str, int, int]


class Catalog:
    """The runs under a path, and the datasets opened from them.

    Parameters
    ----------
    path : Path or sequence of Path
        A folder of runs, a run file, or several.
    review : bool
        Whether nothing may be written: no labels, no trash, no runs.

    Raises
    ------
    FileProblem
        When there is no such file, or no run in the folder.
    """

    def __init__(self, path: Path | Sequence[Path], review: bool = False) -> None:
        paths = [path] if isinstance(path, Path) else list(path)
        for one in paths:
            if not one.exists():
                raise FileProblem(f"there is no file {one}")
        self.review = review
        self._folders = [one.resolve() for one in paths if one.is_dir()]
        self._given = [one.resolve() for one in paths if not one.is_dir()]
        #: Where labels, new runs and saved scenarios go.
        self.folder = self._folders[0] if self._folders else self._given[0].parent
        self.labels = Labels(self.folder)
        self._kept: OrderedDict[Key, Dataset] = OrderedDict()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._facts: dict[Key, dict[str, Any]] = {}
        self._arrays = Kept()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="twin-view-figures")
        self._reports: dict[Key, Future[dict[str, Any]]] = {}
        if not self.names() and (review or not self._folders):
            raise FileProblem(f"there is no run (*.h5) in {paths[0]}")

    def _files(self) -> dict[str, Path]:
        found = {file.name: file for file in self._given}
        for folder in self._folders:
            for file in folder.iterdir():
                if is_run(file, folder):
                    found.setdefault(file.name, file)
        return found

    def _find(self, name: str) -> Path | None:
        """A run's file by its name, without a look at all the others."""
        for file in self._given:
            if file.name == name:
                return file
        if name != Path(name).name or "\0" in name or "\\" in name:  # whatever tries to leave the folder
            return None
        return next((folder / name for folder in self._folders if is_run(folder / name, folder)), None)

    def beside(self, name: str | None, ending: str) -> Path:
        """Where something that belongs to a run stands, or would stand: `day.trace.h5` beside `day.h5`."""
        file = self.file(name)
        return file.with_name(file.name.removesuffix(".partial").removesuffix(".h5") + ending)

    def names(self) -> list[str]:
        """Names of the runs, the newest first."""
        stamped = []
        for name, file in self._files().items():
            try:
                stamped.append((-file.stat().st_mtime, name))
            except OSError:  # gone between two looks
                continue
        return [name for _, name in sorted(stamped)]

    def file(self, name: str | None) -> Path:
        """Find a run's file by its name; the newest when None. A run that has ended meanwhile is found, too.

        Raises
        ------
        FileProblem
            When there is no run of that name here.
        """
        if name is None:
            name = next(iter(self.names()), None)
            if name is None:
                raise FileProblem("there is no run here yet")
        found = self._find(name) or (self._find(name.removesuffix(".partial")) if name.endswith(".partial") else None)
        if found is None:
            raise FileProblem("there is no run of that name here")
        return found

    @staticmethod
    def holds(path: Path) -> bool:
        """Whether a file beside a run is there, and no link that leads elsewhere."""
        return path.is_file() and path.resolve().parent == path.parent.resolve()

    def key(self, name: str | None) -> Key:
        """What tells a state of a file from another one: name, time of change, size."""
        file = self.file(name)
        try:
            status = file.stat()
        except OSError as error:
            raise FileProblem(f"{file.name} has gone") from error
        return file.name, status.st_mtime_ns, status.st_size

    def dataset(self, name: str | None) -> Dataset:
        """Open a run by its name; the newest when None.

        Raises
        ------
        FileProblem
            When there is no run of that name here, or it cannot be read.
        """
        file, key = self.file(name), self.key(name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        opened = open_dataset(file, self._arrays, key)
        with self._lock:
            self._kept[key] = opened
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return opened

    def facts(self, name: str) -> dict[str, Any]:
        """What a row of the table tells of a run; read once for each state of its file, however often it is asked."""
        key = self.key(name)
        with self._lock:
            found = self._facts.get(key)
        if found is None:
            data = self.dataset(name)
            attrs = data.run.attrs
            found = {
                "plant": str(attrs.get("plant", "")),
                "scenario": str(attrs.get("scenario", "")),
                "outcome": data.run.outcome,
                "end": float(data.time[-1]) if data.time.size else 0.0,
                "hash": str(attrs.get("content_hash", "")),
                "live": data.live,
            }
            with self._lock:
                self._facts[key] = found
                while len(self._facts) > MOST_KNOWN:
                    self._facts.pop(next(iter(self._facts)))
        return found

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Something made of files in a certain state, kept while it is one of the last few asked for."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        found = make()
        with self._lock:
            self._made[key] = found
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        return found

    def reported(self, name: str) -> dict[str, Any] | None:
        """Key figures of a run; None while they are being computed."""
        key = self.key(name)
        with self._lock:
            if key not in self._reports:
                self._reports[key] = self._worker.submit(lambda: self.dataset(name).report)
            job = self._reports[key]
        return job.result() if job.done() else None

    def discard(self, name: str) -> Path:
        """Move a run into the trash of its folder, where it keeps its name; give the new place."""
        if self.review:
            raise FileProblem("nothing is written while reviewing")
        file = self.file(name)
        bin_ = file.parent / TRASH
        bin_.mkdir(exist_ok=True)
        number, target = 1, bin_ / file.name
        while target.exists():
            number += 1
            target = bin_ / f"{file.name}.{number}"
        if log_of(file.parent).exists():  # the log of the folder is told before: a run that is missing is a finding
            append(log_of(file.parent), "run.trashed", {"file": file.name})
        try:
            file.rename(target)
        except OSError as error:
            raise FileProblem(f"{file.name} cannot be moved: {error.strerror}") from error
        return target


def is_run(file: Path, folder: Path) -> bool:
    """Whether a file is a run of a folder; a link that leads elsewhere is not of it."""
    if not file.name.endswith(ENDINGS) or file.name.endswith(BESIDE):
        return False
    return file.is_file() and file.resolve().parent == folder
