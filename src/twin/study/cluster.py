"""Runs of a study on a Dask cluster: the same rows, in the same file.

Every worker has Twin installed, in the same version; the study travels as a validated specification, so that no
file of it has to be there. A worker compiles the plant once and keeps it for all runs that it is given.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from twin.errors import TwinError
from twin.study.engines import Plan
from twin.study.runner import Row, Runner
from twin.study.spec import StudySpec

#: Tasks that wait beside those that go on, for each thread of the cluster: bounds memory of scheduler and client.
WAITING = 3
#: Seconds within which the scheduler has to answer.
PATIENCE = 30

#: Outcome of a run whose workers died, one after another.
LOST = "lost"

_runners: dict[str, Runner] = {}
_lock = threading.Lock()


class ClusterProblem(TwinError):
    """A scheduler that does not answer, or workers that cannot run a study."""

    exit_code = 3


def run_there(key: str, study: bytes, x: list[float], seed: int) -> tuple[str, str, float, list[float]]:
    """Run a row; what a worker does. `key` is that of the study, under which the worker keeps it."""
    with _lock:
        if key not in _runners:
            _runners.clear()  # one study at a time: a worker's memory stays bounded
            _runners[key] = Runner(pickle.loads(study))
        runner = _runners[key]
    row = runner.run(np.array(x), seed)
    return row.outcome, row.message, row.reached, row.y.tolist()


def fingerprint_there(study: bytes) -> list[str]:
    """Fingerprints of the models as a worker has them."""
    spec: StudySpec = pickle.loads(study)
    runner = Runner(spec)
    return [runner.compiled(which)[0].fingerprint for which in range(len(spec.scenarios))]


def row_of(future: Any, responses: int) -> Row:
    """Give what a run gave; that of one whose workers died is a row, too. Raises ClusterProblem."""
    from distributed import KilledWorker

    try:
        outcome, message, reached, y = future.result()
    except KilledWorker:  # it would kill the next worker, too
        return Row(LOST, "Workers died while they made this run, one after another.", 0.0, np.full(responses, np.nan))
    except (CancelledError, OSError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise ClusterProblem(
            f"the scheduler is lost ({told:.200}): what is finished is kept, --resume goes on with it"
        ) from None
    return Row(outcome, message, reached, np.array(y))


class Cluster:
    """The workers of a Dask scheduler.

    Parameters
    ----------
    study : StudySpec
    address : str
        As `tcp://head:8786`.

    Raises
    ------
    ClusterProblem
        When the extra is not installed, or nothing answers.
    """

    def __init__(self, study: StudySpec, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ClusterProblem(
                "--cluster needs Dask, which comes with: pip install continuous-twin[cluster]"
            ) from None
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what is lost is said here in a sentence
        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise ClusterProblem(f"no Dask scheduler answers at {address}: {' '.join(str(error).split())}") from None
        self._study, self._responses = pickle.dumps(study), len(study.responses)
        self._key = hashlib.sha256(self._study).hexdigest()
        threads = self._client.nthreads()
        self._threads = sum(threads.values())
        if not self._threads:
            self._client.close()
            raise ClusterProblem(f"the scheduler at {address} has no workers")
        self.description = f"{len(threads)} Dask workers, {self._threads} threads"

    def fingerprints(self) -> list[str]:
        """Fingerprints of the models on the workers, which have to agree. Raises ClusterProblem."""
        found = self._client.run(fingerprint_there, self._study)
        if len({tuple(prints) for prints in found.values()}) > 1:
            raise ClusterProblem("the workers have different versions of the models; their runs could not be compared")
        prints: list[str] = next(iter(found.values()))
        return prints

    def rows(self, numbers: Sequence[int], plan: Plan) -> Iterator[tuple[int, Row]]:
        """Give runs as they finish; a run whose worker dies is made by another one."""
        from distributed import as_completed

        study: Any = self._client.scatter(self._study, broadcast=True, hash=False)
        left = iter(numbers)
        places: dict[Any, int] = {}

        def submit() -> Any:
            number = next(left, None)
            if number is None:
                return None
            future = self._client.submit(
                run_there, self._key, study, plan.X[number].tolist(), int(plan.seeds[number]), pure=False
            )
            places[future.key] = number
            return future

        going = [future for _ in range(self._threads * (1 + WAITING)) if (future := submit()) is not None]
        try:
            finished = as_completed(going, loop=self._client.loop)
            for future in finished:
                number, row = places.pop(future.key), row_of(future, self._responses)
                future.release()
                if (more := submit()) is not None:
                    finished.add(more)
                yield number, row
        finally:
            self._client.cancel(list(places), asynchronous=False) if places else None
            self._client.close()
