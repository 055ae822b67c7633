"""Waiting for a run that goes on in a thread, and for the kernels that it needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from twin.progress import Silent

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.schedule.simulation import Simulation

Result = TypeVar("Result")

#: Seconds between two looks at a run's progress.
POLL = 0.05


def watch(job: Callable[[], Result], simulation: Simulation, progress: Silent) -> Result:
    """Do a job in a thread, which holds no GIL while it integrates.

    Ctrl-C reaches this thread, which asks the simulation to stop at its next accepted point, and
    goes on waiting until the job has completed the file.
    """
    done: list[Result] = []
    failed: list[BaseException] = []
    over = threading.Event()  # joining instead would declare the thread dead when Ctrl-C falls into it

    def work() -> None:
        try:
            done.append(job())
        except BaseException as error:  # handed over to the waiting thread, raised there
            failed.append(error)
        finally:
            over.set()

    threading.Thread(target=work, name="twin-run", daemon=True).start()
    stopping = False
    while not over.is_set():
        try:
            over.wait(POLL)
            progress.advanced(simulation.time, simulation.end)
            if stopping:  # said again: the first may have fallen between two calls of the loop
                simulation.interrupt()
        except KeyboardInterrupt:
            stopping = True
    if failed:
        raise failed[0]
    return done[0]


def warm_up(scenario: ScenarioSpec, progress: Silent) -> None:
    """Compile what the cache lacks, on all cores."""
    from twin.plant.warm import warm

    def report(done: int, total: int, name: str) -> None:
        progress.compiling(done, total)

    plant = scenario.plant
    streams = {feed.stream for feed in plant.feeds} | {product.stream for product in plant.products}
    models = [*(unit.model for unit in plant.units), *(f"boundary.{stream.lower()}" for stream in sorted(streams))]
    warm(models, report, scans=scenario.scans, method=scenario.method)
