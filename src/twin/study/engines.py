"""Where runs of a study are made: the list of them, and the threads of this machine."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from twin.study import designs
from twin.study.runner import Row, Runner
from twin.study.spec import StudySpec


@dataclass(frozen=True)
class Plan:
    """All runs of a study.

    Attributes
    ----------
    X : array [runs, factors]
    seeds, points, replicates : array [runs] of int
    """

    X: np.ndarray
    seeds: np.ndarray
    points: np.ndarray
    replicates: np.ndarray


class Engine(Protocol):
    """Runs rows somewhere, and hands them out as they finish, in any order."""

    description: str

    def fingerprints(self) -> list[str]:
        """Fingerprints of the models, scenario by scenario."""
        ...

    def rows(self, numbers: Sequence[int], plan: Plan) -> Iterator[tuple[int, Row]]:
        """Give runs as they finish; closing the iterator stops what goes on."""
        ...


def plan_of(study: StudySpec) -> Plan:
    """List all runs: each row of the design, its replicates one after another."""
    X = designs.rows(study)
    points = np.repeat(np.arange(len(X)), study.replicates)
    copies = np.tile(np.arange(study.replicates), len(X))
    return Plan(X[points], designs.seeds(study.seed, len(X), study.replicates), points, copies)


def workers_here() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Threads:
    """Threads over one compiled plant: its loop holds no GIL.

    Parameters
    ----------
    study : StudySpec
    workers : int, optional
        As many as cores unless given.
    """

    def __init__(self, study: StudySpec, workers: int | None = None) -> None:
        self.runner = Runner(study)
        self.workers = workers or workers_here()
        self.description = f"{self.workers} thread{'s' if self.workers > 1 else ''}"

    def fingerprints(self) -> list[str]:
        """Fingerprints of the models, compiled here."""
        return [self.runner.compiled(which)[0].fingerprint for which in range(len(self.runner.study.scenarios))]

    def rows(self, numbers: Sequence[int], plan: Plan) -> Iterator[tuple[int, Row]]:
        """Give runs as they finish. What one thread raises is raised here, when the others have stopped."""
        self.runner.begin()
        if len(numbers):
            self.runner.compiled(0)
        left = iter(numbers)
        turn, stop = threading.Lock(), threading.Event()
        done: queue.Queue[tuple[int, Row] | BaseException | None] = queue.Queue()

        def work() -> None:
            try:
                while not stop.is_set():
                    with turn:
                        number = next(left, None)
                    if number is None:
                        break
                    row = self.runner.run(plan.X[number], int(plan.seeds[number]))
                    if row.outcome != "interrupted":
                        done.put((number, row))
            except BaseException as error:  # handed over to the thread that asked
                done.put(error)
            finally:
                done.put(None)

        threads = [threading.Thread(target=work, name=f"twin-study-{i}", daemon=True) for i in range(self.workers)]
        for thread in threads:
            thread.start()
        working = len(threads)
        try:
            while working:
                item = _next(done)
                if item is None:
                    working -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    yield item
        finally:
            stop.set()
            while any(thread.is_alive() for thread in threads):
                if working:  # asked to stop in the middle
                    self.runner.interrupt()
                for thread in threads:
                    thread.join(0.05)


def _next(done: queue.Queue[Any]) -> Any:
    """Wait in short pieces, so that Ctrl-C is heard on Windows, too."""
    while True:
        try:
            return done.get(timeout=0.2)
        except queue.Empty:
            continue
