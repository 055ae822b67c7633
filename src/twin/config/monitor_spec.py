"""What `monitors:` of a scenario says: frozen, in SI."""

from __future__ import annotations

from dataclasses import dataclass

from twin.config.process_spec import ConditionSpec

#: What a monitor looks at.
KINDS = ("limits", "frozen", "ewma", "cusum", "pca")
PRIORITIES = ("low", "medium", "high", "critical")


@dataclass(frozen=True)
class MonitorSpec:
    """One monitor of what a run recorded.

    Attributes
    ----------
    name : str
        As its alarms are called.
    kind : str
        "limits", "frozen", "ewma", "cusum" or "pca".
    tags : tuple of str
        Measurements, one but for "pca".
    low, high : float or None
        Limits, in the unit of the tag.
    deadband : float
        By which the tag must come back inside, in its unit.
    delay : float
        For which it must stay outside before the alarm is raised [s].
    period : float
        Between two looks [s]; 0: every sample of the run.
    since, until : float
        Plant times between which it looks [s].
    condition : ConditionSpec or None
        It looks only while a measurement fulfils this.
    priority : str
    response : float or None
        After which somebody acknowledges an alarm [s]; None: nobody does.
    weight, width : float
        EWMA: weight of the newest value; limit in standard deviations of the average.
    slack, threshold : float
        CUSUM: in standard deviations of the tag.
    target, sigma : float or None
        Of the tag when all is well; None: of the clean runs.
    explained, confidence : float
        PCA: part of the variance that the model keeps; of clean samples inside the limits.
    lags : int
        PCA: earlier looks that stand beside each one.
    margin : float or None
        The limit is so many times the greatest value in the clean runs, in place of the one from theory.
    """

    name: str
    kind: str
    tags: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    deadband: float = 0.0
    delay: float = 0.0
    period: float = 0.0
    since: float = 0.0
    until: float | None = None
    condition: ConditionSpec | None = None
    priority: str = "medium"
    response: float | None = None
    weight: float = 0.2
    width: float = 3.0
    slack: float = 0.5
    threshold: float = 5.0
    target: float | None = None
    sigma: float | None = None
    explained: float = 0.9
    confidence: float = 0.999
    lags: int = 0
    margin: float | None = None

    @property
    def trained(self) -> bool:
        """Whether it needs clean runs."""
        return self.kind == "pca" or (
            self.kind in ("ewma", "cusum") and (self.target is None or self.sigma is None or self.margin is not None)
        )
