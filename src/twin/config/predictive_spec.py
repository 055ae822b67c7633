"""What `predictive:` of a scenario says: frozen, in SI."""

from __future__ import annotations

from dataclasses import dataclass

#: Where the controller takes the state from which it predicts; or from an estimator, by its name.
STATES = ("observer", "plant")


@dataclass(frozen=True)
class MeasuredSpec:
    """What a predictive controller looks at.

    Attributes
    ----------
    tag : str
        The measurement that is predicted.
    sensor : str
        The signal that is read: the tag, or a transmitter of it.
    setpoint, low, high : float or None
        In the unit of the tag.
    weight : float
        Of the squared deviation from the setpoint, in spans.
    span : float
        By which deviations are measured.
    hard : bool
        Whether limits may never be passed in the prediction; else passing them is punished.
    """

    tag: str
    sensor: str
    setpoint: float | None
    low: float | None
    high: float | None
    weight: float
    span: float
    hard: bool


@dataclass(frozen=True)
class MovedSpec:
    """What a predictive controller moves.

    Attributes
    ----------
    path : str
        As events name it: a setpoint, a feed, a parameter.
    low, high : float
    rate : float or None
        Greatest change per second.
    weight : float
        Of the squared move, in spans.
    target : float or None
        Where it rests if measurements allow; drawn there with `pull`.
    pull : float
        Weight of the squared distance from the target, in spans.
    span : float
    cost : float
        Of a span, where it rests; negative: it pays.
    safe : float or None
        Where it goes when the controller has failed; None: it stays.
    """

    path: str
    low: float
    high: float
    rate: float | None
    weight: float
    target: float | None
    pull: float
    span: float
    safe: float | None
    cost: float = 0.0


@dataclass(frozen=True)
class PredictiveSpec:
    """A predictive controller.

    Attributes
    ----------
    name : str
        Its tag.
    period, horizon : float
        Between two moves, and how far it looks [s].
    moves : int
        That it plans.
    since : float
        Plant time of its first move [s].
    relinearise : float or None
        Time after which its model is made anew [s]; None: the model is that of the beginning.
    state : str
        "observer": its own model and what sensors tell; "plant": the twin's own; else the name of an estimator.
    trust : float
        Part of a deviation between sensor and model that is believed to stay, per period.
    failures : int
        Solutions that may fail one after another before moved values go to where they are safe.
    iterations : int
        Of the solver, at most.
    measured : tuple of MeasuredSpec
    moved : tuple of MovedSpec
    disturbances : tuple of str
        Feeds and parameters whose changes it learns of.
    """

    name: str
    period: float
    horizon: float
    moves: int
    since: float
    relinearise: float | None
    state: str
    trust: float
    failures: int
    iterations: int
    measured: tuple[MeasuredSpec, ...]
    moved: tuple[MovedSpec, ...]
    disturbances: tuple[str, ...]
