"""Writing behind the simulation: jobs are done in order in a thread of their own while it goes on.

The compiled loop holds no GIL, so compressing and writing one block costs no time of the next.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

#: Jobs that may wait: each holds a block of rows.
WAITING = 24


class Behind:
    """Does jobs one after another; what one of them raises, the next call here raises."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(WAITING)
        self._failed: BaseException | None = None

    def do(self, job: Callable[[], None]) -> None:
        """Take a job; waits while too many are waiting."""
        self._look()
        self._room.acquire()
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="twin-write", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Wait until all is done."""
        self._end()
        self._look()

    def _end(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._run(job)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            if self._failed is None:  # after a failure nothing more is written
                job()
        except BaseException as error:  # handed over to the thread that gives the jobs
            self._failed = error
        finally:
            self._room.release()

    def _look(self) -> None:
        if self._failed is not None:
            raise self._failed

    def __enter__(self) -> Behind:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
