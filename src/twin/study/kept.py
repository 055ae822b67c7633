"""What a search or an estimation has run, on disk as it goes: stopped or killed, it goes on with `--resume`.

The methods are deterministic. A search that goes on is begun anew, and what its log holds is not run again: runs are
found by the bits of their values, in whatever order they were made, and the result has the bits of an uninterrupted
one. Only what makes the numbers of runs has to be the same; how is searched may change.
"""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from twin.results.files import FileProblem
from twin.study.execute import Stopped, makings, torn
from twin.study.file import FINISHED
from twin.study.log import SUFFIX, StudyLog, head, log_path
from twin.study.progress import Watch
from twin.study.runner import Row
from twin.study.spec import StudySpec

#: Outcome of a run that was stopped from outside: no outcome of its values.
INTERRUPTED = "interrupted"


class Kept:
    """Runs of a log, found by their values; may be asked from several threads at once. Without a log it keeps none.

    Attributes
    ----------
    log : StudyLog, optional
    found : int
        How many runs the log held when it was opened.
    """

    def __init__(self, log: StudyLog | None = None) -> None:
        self.log = log
        self.found = 0 if log is None else len(log.rows)
        self._turn = threading.Lock()

    @property
    def failed(self) -> int:
        """How many runs of the log failed."""
        return 0 if self.log is None else sum(row.outcome != FINISHED for row in self.log.rows.values())

    def __call__(self, x: Sequence[float] | np.ndarray, make: Callable[[], Row], part: str = "") -> tuple[Row, bool]:
        """Give the run of these values, and whether it was made now; `part` says of which model and experiment."""
        if self.log is None:
            return make(), True
        key = " ".join([part, *(repr(float(value)) for value in x)]).strip()
        with self._turn:
            row = self.log.rows.get(key)
        if row is not None:
            return row, False
        row = make()
        if row.outcome != INTERRUPTED:
            with self._turn:
                self.log.add(key, row)
        return row, True


def identity(name: str, studies: Mapping[str, tuple[StudySpec, Sequence[str], Any]]) -> dict[str, Any]:
    """Say what makes the numbers of runs: studies by the part they are, fingerprints of their models, and what more."""
    told: dict[str, Any] = {"twin search": 1, "name": name}
    for part, (study, fingerprints, more) in studies.items():
        made = {"seed": study.seed, **makings(study, fingerprints)}
        if more:
            made["data"] = more
        told |= {f"{part}: {key}" if part else key: value for key, value in made.items()}
    return told


def place_of(arguments: Namespace, kind: str, name: str) -> Path | None:
    """Say where the log is, or is to be; look before hours are spent whether what is to be written can be.

    It stands beside the file of all runs (`--runs`), else beside the page (`--out`), else in ./runs. None where
    nobody named a place and ./runs takes no files.

    Raises
    ------
    FileProblem
    """
    from twin.run import free_path
    from twin.study.analysis.page import free_page

    runs, page = getattr(arguments, "runs", None), arguments.out
    named = runs or page
    if arguments.resume and named and Path(named).is_file() and not log_path(Path(named)).is_file():
        raise FileProblem(f"{named} is there already: nothing of that search is missing")
    if page:
        free_page(page)
    if named:
        for file in (runs, page):
            if file:
                free_path(file, name)
        return log_path(Path(named))
    if not arguments.resume:
        try:
            path = free_path(None, name)
            path.parent.mkdir(exist_ok=True)
        except (FileProblem, OSError):
            return None
        return path.with_suffix(f".{kind}{SUFFIX}")
    logs = sorted(Path("runs").glob(f"{name}-*.{kind}{SUFFIX}"), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in logs:
        if (head(log) or {}).get("name") == name:
            return log
    files = "with --out or --runs" if hasattr(arguments, "runs") else "with --out"
    raise FileProblem(f"there is no search {name} in ./runs to go on with; name what it writes {files}")


@contextmanager
def keeping(path: Path | None, told: dict[str, Any], resume: bool, watch: Watch) -> Iterator[Kept]:
    """Lend what keeps runs in a log; it goes when all is done, and stays when that is stopped.

    Raises
    ------
    FileProblem, OtherStudy
        When there is no such log, or it holds runs of something else.
    Stopped
        After Ctrl-C: what is finished stays in the log.
    """
    if path is None:
        watch.say("./runs takes no files: runs are not kept, and this cannot be gone on with when it is stopped")
        yield Kept()
        return
    log = StudyLog(path, told, resume)
    if log.torn:
        watch.say(torn(log))
    try:
        yield Kept(log)
    except BaseException as error:
        if not log.rows:
            log.remove()
            raise
        log.close()
        kept = f"{len(log.rows)} runs are kept in {path}"
        if isinstance(error, KeyboardInterrupt):
            raise Stopped(f"stopped: {kept}. Go on with --resume.") from None
        watch.say(kept)
        raise
    log.remove()
