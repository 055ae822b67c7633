"""What processes leave behind: a Gantt chart of a run, who held which resource, and how the schedule ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.config.process_spec import FaultSpec


@dataclass
class Bar:
    """One line of the Gantt chart.

    Attributes
    ----------
    level : str
        recipe, procedure, operation, phase, or the kind of a step (wait, hold, ...).
    name : str
    path : str
        Process and the blocks around, " / " between them; the bar's own name comes last.
    process : str
    parent : int
        Number of the bar around it; -1 for a recipe.
    unit : str
        Held for itself.
    start, end : float
        In s; the end of a bar that still goes on at the end of the run is that end.
    outcome : str
        done, left (a handler cut it short), timed out, unfinished, stopped, or failed.
    fault : FaultSpec or None
        Ground truth that lasts as long as the bar.
    """

    level: str
    name: str
    path: str
    process: str
    parent: int
    unit: str
    start: float
    end: float = -1.0
    outcome: str = ""
    fault: FaultSpec | None = None


@dataclass
class Use:
    """One request of one resource.

    Attributes
    ----------
    resource : str
    amount : int
    holder : str
        Path of the step that asked.
    requested : float
    granted : float
        NaN where it never was.
    released : float
        NaN where it was never granted.
    outcome : str
        released, never granted, gave up (timeout or cut short), or held to the end.
    """

    resource: str
    amount: int
    holder: str
    requested: float
    granted: float = float("nan")
    released: float = float("nan")
    outcome: str = "never granted"


@dataclass
class Records:
    """All of it."""

    bars: list[Bar] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    closed: bool = False

    def close(self, end: float) -> None:
        """End at the end of the run what goes on."""
        self.closed = True
        for bar in self.bars:
            if not bar.outcome:
                bar.end, bar.outcome = end, "unfinished"
        for use in self.uses:
            if use.granted == use.granted and use.released != use.released:
                use.released, use.outcome = end, "held to the end"
