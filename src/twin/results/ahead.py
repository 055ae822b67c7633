"""A simulation that goes ahead of its file: until it has something to hand out, it needs neither file nor Python.

To load the library of run files and to open one takes a tenth of the time of a day of the flagship; the compiled loop
holds no GIL meanwhile.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.integrate.outcome import Ending
    from twin.results.recorder import Recorder
    from twin.schedule.simulation import Simulation


class Abandoned(Exception):
    """Nobody is going to take what the simulation hands out."""


class Ahead:
    """Runs a simulation in a thread; what it hands out waits for a recorder.

    Leaving the `with` block without :meth:`into` ends the simulation as soon as it hands something out.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._recorder: Recorder | None = None
        self._there = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending: tuple[Ending, float] | None = None
        self._failed: BaseException | None = None
        simulation.hand_to(self._samples, self._happened)
        simulation.keep(self._due, self._checkpoint)

    def begin(self) -> None:
        """Start it."""
        self._thread = threading.Thread(target=self._run, name="twin-simulate", daemon=True)
        self._thread.start()

    def into(self, recorder: Recorder) -> tuple[Ending, float]:
        """Hand all to a recorder, to the end; gives how it ended, and after how many seconds.

        Raises
        ------
        BaseException
            What the recorder, or the simulation, raised.
        """
        self._recorder = recorder
        if self._thread is None:
            self.begin()
        self._end()
        if self._failed is not None:
            raise self._failed
        assert self._ending is not None
        return self._ending

    def _run(self) -> None:
        began = time.perf_counter()
        try:
            ending = self._simulation.run()
            self._ending = ending, time.perf_counter() - began
        except BaseException as error:  # handed over to the thread that waits, raised there
            self._failed = error

    def _end(self) -> None:
        self._there.set()
        if self._thread is not None:
            self._thread.join()

    def _taker(self) -> Recorder:
        self._there.wait()
        if self._recorder is None:
            raise Abandoned
        return self._recorder

    def _samples(self, block: Any) -> None:
        self._taker().samples(block)

    def _happened(self, happened: Any, sides: Any) -> None:
        self._taker().happened(happened, sides)

    def _due(self, now: float) -> bool:
        return self._taker().due(now)

    def _checkpoint(self, point: Any) -> None:
        self._taker().checkpoint(point)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
