"""Every start and end of a run, into the log of its folder: failed, interrupted and killed ones too."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twin.evidence import software
from twin.evidence.chain import append, log_of

STARTED, ENDED, ABORTED = "run.started", "run.ended", "run.aborted"
STUDY_STARTED, STUDY_ENDED, STUDY_ABORTED = "study.started", "study.ended", "study.aborted"
#: Longest message of an error that is kept.
LONGEST = 2000


def text_hash(text: str) -> str:
    """Hash of a configuration, as `sha256sum` gives it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class Registered:
    """A run that has been entered as started; :func:`registered` makes it.

    Attributes
    ----------
    run_id : str
        A UUID: of this run, and of no other one.
    """

    def __init__(self, path: Path) -> None:
        self.run_id = str(uuid.uuid4())
        self.path = path
        self.done = False

    def started(self, about: Mapping[str, Any]) -> None:
        """Enter the start."""
        self._append(STARTED, about)

    def ended(self, outcome: str, content_hash: str) -> None:
        """Enter the end, whatever the outcome."""
        self._append(ENDED, {"outcome": outcome, "content_hash": content_hash})
        self.done = True

    def aborted(self, why: str) -> None:
        """Enter that there will be no file."""
        self._append(ABORTED, {"why": why[:LONGEST]})

    def _append(self, action: str, about: Mapping[str, Any]) -> None:
        append(log_of(self.path.parent), action, {"run_id": self.run_id, "file": self.path.name, **about})


@contextmanager
def registered(path: Path, scenario: Any, resolved: str, fingerprint: str, continues: str) -> Iterator[Registered]:
    """Enter a run as started, and as aborted when it leaves with an error.

    Parameters
    ----------
    path : Path
        The file that it will write.
    scenario : ScenarioSpec
    resolved : str
        The resolved configuration.
    fingerprint : str
        Of the plant's models.
    continues : str
        Name of the file that the run goes on from, or empty.

    Raises
    ------
    LogProblem
        When the log cannot be written: the run does not start then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    run = Registered(path)
    run.started(
        {
            "scenario": scenario.name,
            "plant": scenario.plant.name,
            "scenario_hash": text_hash(scenario.source_text),
            "plant_hash": text_hash(scenario.plant.source_text),
            "config_hash": text_hash(resolved),
            "models": fingerprint,
            "software": software.fingerprint(),
            **({"continues": continues} if continues else {}),
        }
    )
    try:
        yield run
    except BaseException as error:
        if not run.done:
            run.aborted(f"{type(error).__name__}: {error}")
        raise


@contextmanager
def study_registered(path: Path, about: Mapping[str, Any]) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Enter a study as started, and its end, whatever that is.

    Parameters
    ----------
    path : Path
        The file that it will write.
    about : mapping
        What it is.

    Yields
    ------
    callable
        To be told how it ended, once its file is there.

    Raises
    ------
    LogProblem
        When the log cannot be written: the study does not start then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    log, told = log_of(path.parent), {"study_id": str(uuid.uuid4()), "file": path.name}
    append(log, STUDY_STARTED, {**told, **about, "software": software.fingerprint()})
    done = False

    def ended(how: Mapping[str, Any]) -> None:
        nonlocal done
        append(log, STUDY_ENDED, {**told, **how})
        done = True

    try:
        yield ended
    except BaseException as error:
        if not done:
            append(log, STUDY_ABORTED, {**told, "why": f"{type(error).__name__}: {error}"[:LONGEST]})
        raise
