"""What a scenario says of its processes: resources, recipes, steps, and faults as ground truth."""

from __future__ import annotations

from dataclasses import dataclass

#: Levels of a recipe, from the whole to its smallest part (ISA-88).
LEVELS = ("procedure", "operation", "phase")
#: Rank of a process that is given none; 1 comes first.
PRIORITY = 5
#: Seconds between two looks at a tag that a process in Python waits for.
LOOK_EVERY = 10.0


@dataclass(frozen=True)
class FaultSpec:
    """Ground truth of a fault: what is wrong, and where. `clears` ends another event's fault of that label."""

    label: str
    where: str = ""
    clears: bool = False


@dataclass(frozen=True)
class ConditionSpec:
    """What is waited for: a guard that crosses zero, or a tag that passes a limit.

    Attributes
    ----------
    kind : str
        "guard" or "tag".
    path : str
        Of the guard or measurement.
    how : str
        "falls" or "rises"; "<", "<=", ">" or ">=".
    limit : float
        Of a tag, in SI.
    every : float or None
        Seconds between two looks at a tag; None: the solver locates the crossing (for those of a scenario's file).
    """

    kind: str
    path: str
    how: str
    limit: float = 0.0
    every: float | None = LOOK_EVERY
    text: str = ""  #: as written

    @property
    def located(self) -> bool:
        """Whether the solver finds the instant at which it comes true."""
        return self.kind == "guard" or self.every is None

    @property
    def key(self) -> tuple[str, str]:
        """What the solver is to look out for: (guard, "falls"), or (tag, "> 5.0")."""
        return self.path, self.how if self.kind == "guard" else f"{self.how} {self.limit!r}"

    def holds(self, value: float) -> bool:
        """Whether a tag's value fulfils it."""
        return {
            "<": value < self.limit,
            "<=": value <= self.limit,
            ">": value > self.limit,
            ">=": value >= self.limit,
        }[self.how]


@dataclass(frozen=True)
class HandlerSpec:
    """What a block does when a condition comes true: its steps, and then to `leave`, `restart` or `continue` it."""

    when: ConditionSpec
    steps: tuple[StepSpec, ...]
    then: str


@dataclass(frozen=True)
class StepSpec:
    """One step of a process; `kind` says which of the fields count.

    Kinds are set, ramp, hold, fire, wait, at, wait_until, with, parallel, repeat, run, stop, the levels of a
    recipe, and steps (a plain sequence: a branch of `parallel`).
    """

    kind: str
    name: str = ""
    changes: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0  #: of wait, ramp, hold; plant time of at
    condition: ConditionSpec | None = None
    timeout: float | None = None
    otherwise: str = "stop"  #: after the timeout: stop, go on, or steps
    instead: tuple[StepSpec, ...] = ()  #: the steps of `otherwise`
    resources: tuple[tuple[str, int], ...] = ()
    priority: int | None = None
    steps: tuple[StepSpec, ...] = ()
    times: int | None = None  #: of repeat; None for ever, or until the condition
    unit: str = ""  #: held for itself by a procedure
    handlers: tuple[HandlerSpec, ...] = ()
    fault: FaultSpec | None = None


@dataclass(frozen=True)
class ShiftSpec:
    """From `at` on (and `every` so often again) this much of a resource is there."""

    at: float
    capacity: int
    every: float | None = None


@dataclass(frozen=True)
class ResourceSpec:
    """What processes share."""

    name: str
    capacity: int  #: at the start, and never more
    shifts: tuple[ShiftSpec, ...] = ()


@dataclass(frozen=True)
class RecipeSpec:
    """Steps with a name, for `run:`."""

    name: str
    steps: tuple[StepSpec, ...]


@dataclass(frozen=True)
class ProcessSpec:
    """A sequence of steps that starts at a time, or each time that a guard crosses zero."""

    name: str
    steps: tuple[StepSpec, ...]
    at: float = 0.0
    every: float | None = None
    until: float | None = None
    when: ConditionSpec | None = None
    priority: int = PRIORITY
    fault: FaultSpec | None = None
