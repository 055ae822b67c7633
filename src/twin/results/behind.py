"""Writing behind the simulation: jobs are done in order in a thread of their own while it goes on.

The compiled loop holds no GIL, so compressing and writing one block costs no time of the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

#: Jobs that may wait: each holds a block of rows.
WAITING = 24


class Behind:
    """Does jobs one after another; what one of them raises, the next call here raises."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="twin-write")
        self._room = threading.Semaphore(WAITING)
        self._failed: BaseException | None = None

    def do(self, job: Callable[[], None]) -> None:
        """Take a job; waits while too many are waiting."""
        self._look()
        self._room.acquire()
        self._thread.submit(self._run, job)

    def finish(self) -> None:
        """Wait until all is done."""
        self._thread.shutdown(wait=True)
        self._look()

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
        self._thread.shutdown(wait=True)
