"""How an integration ended: a value whose text is the sentence shown, never a traceback."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from twin.integrate import tables as at


class Outcome(Enum):
    """Endings by their sentences."""

    FINISHED = "The run reached its end."
    EVENT = "An event asks for a decision."
    GUARD = "A guard that stops the run was crossed."
    INTERRUPTED = "The run was interrupted."
    STEP_TOO_SMALL = "The step size became too small for the clock: the equations change faster than time can resolve."
    NOT_FINITE = "The rates are not finite: the plant left the range of its models."
    SINGULAR = "The Newton matrix is singular."
    TOO_MANY_STEPS = "The run took more steps than allowed."
    CHATTERING = "A guard chatters: its latch fired more than a thousand times within one second."
    EVENT_BROKE = "An event took the plant out of the range of its models: the rates right after it are not finite."
    GUARD_NOT_A_NUMBER = "A guard that the scenario waits for is not a number: its crossing could pass unseen."
    MODEL_LIMIT = "A model came to its limit: what the plant asks of it has no answer."
    SOLVER_FAILED = "The solver gave up."
    DEADLOCK = "Processes of the schedule wait for each other: none of them can ever go on."
    SCHEDULE_TIMEOUT = "The schedule waited in vain: a time limit passed."
    SCHEDULE_CONFLICT = "The schedule contradicts itself: two of its processes hold the same value."
    SCHEDULE_STUCK = "The schedule runs in circles: it repeats steps that take no time."
    SCHEDULE_STOPPED = "A step of the schedule ended the run."

    @property
    def failed(self) -> bool:
        """Whether the run can not go on."""
        return self not in (Outcome.FINISHED, Outcome.EVENT, Outcome.GUARD, Outcome.INTERRUPTED)

    @property
    def scheduled(self) -> bool:
        """Whether the schedule brought it about, and not the plant."""
        return self in (
            Outcome.DEADLOCK,
            Outcome.SCHEDULE_TIMEOUT,
            Outcome.SCHEDULE_CONFLICT,
            Outcome.SCHEDULE_STUCK,
            Outcome.SCHEDULE_STOPPED,
        )


#: Outcome of each code that the compiled loop returns to stay.
OF_CODE = {
    at.DONE: Outcome.FINISHED,
    at.PYTHON: Outcome.EVENT,
    at.GUARD: Outcome.GUARD,
    at.INTERRUPTED: Outcome.INTERRUPTED,
    at.TOO_SMALL: Outcome.STEP_TOO_SMALL,
    at.NOT_FINITE: Outcome.NOT_FINITE,
    at.SINGULAR: Outcome.SINGULAR,
    at.TOO_MANY: Outcome.TOO_MANY_STEPS,
    at.CHATTERING: Outcome.CHATTERING,
    at.EVENT_BROKE: Outcome.EVENT_BROKE,
    at.GUARD_NAN: Outcome.GUARD_NOT_A_NUMBER,
}


@dataclass(frozen=True)
class Ending:
    """Where and why :meth:`Integrator.advance` stopped.

    Attributes
    ----------
    outcome : Outcome
    time : float
        Plant time reached, in s.
    row : int
        Row of the event table (EVENT, EVENT_BROKE) or of the latches (GUARD, CHATTERING); else -1.
    state : str
        Name of the state with the largest error or the first rate that is not finite; "" when none.
    cause : str
        Likely cause in words; "" when there is nothing to say.
    """

    outcome: Outcome
    time: float
    row: int = -1
    state: str = ""
    cause: str = ""

    def __str__(self) -> str:
        parts = [self.outcome.value]
        if self.outcome.failed and not self.outcome.scheduled:
            place = f"At {self.time:.10g} s"
            parts.append(f"{place}, worst state {self.state}." if self.state else f"{place}.")
        if self.cause:
            parts.append(self.cause)
        return " ".join(parts)
