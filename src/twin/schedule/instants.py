"""What a simulation has lived through, as a checkpoint keeps it: numbers, texts and tuples only."""

from __future__ import annotations

from dataclasses import dataclass

from twin.quantity import Array
from twin.schedule.journal import Sides


@dataclass(frozen=True)
class Instant:
    """What SimPy lived through: a timed instant, or guards crossed, with the answers that holds and readings got."""

    time: float
    guards: tuple[tuple[str, str], ...]
    answers: tuple[float, ...]


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stood: enough to continue it in another process, bit for bit."""

    time: float
    state: dict[str, Array]
    history: tuple[Instant, ...]
    counts: tuple[int, int]  #: events by the clock, returns to Python
    instant: Sides | None = None  #: the instant of this very time, in which more may happen
