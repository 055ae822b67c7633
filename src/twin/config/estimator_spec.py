"""What `estimators:` of a scenario says: frozen, in SI."""

from __future__ import annotations

from dataclasses import dataclass

#: What the inputs do between two looks.
HOLDS = ("linear", "step")
#: What standard deviations of states are given in: their unit, or parts of their size.
SIZES = ("value", "size")


@dataclass(frozen=True)
class SensedSpec:
    """A sensor that a filter reads.

    Attributes
    ----------
    tag : str
        The measurement that its model has.
    sensor : str
        The signal that is read: the tag, or a transmitter of it.
    sd : float
        Standard deviation of one reading.
    low, high : float or None
        Readings beyond are bad, and are not used.
    bias_sd, bias_drift : float
        Standard deviations of its bias at the start, and of the bias' change within an hour.
    """

    tag: str
    sensor: str
    sd: float
    low: float | None
    high: float | None
    bias_sd: float
    bias_drift: float


@dataclass(frozen=True)
class UncertainSpec:
    """A parameter or feed, or a state, that is not known for sure.

    Attributes
    ----------
    path : str
    sd : float
        Standard deviation at the start.
    drift : float
        Standard deviation of its change within an hour: a random walk.
    low, high : float or None
        Beyond which a filter does not move it.
    relative : bool
        Of states: whether both are parts of the state's size.
    """

    path: str
    sd: float
    drift: float
    low: float | None = None
    high: float | None = None
    relative: bool = False


@dataclass(frozen=True)
class EstimatorSpec:
    """An extended Kalman filter.

    Attributes
    ----------
    name : str
        Its tag.
    period : float
        Between two looks [s].
    since : float
        Plant time of the first [s].
    measured : tuple of SensedSpec
    inputs : tuple of str
        What it is told of: signal inlets (also driven ones, whose loop is then open in its model), feeds, parameters.
    hold : str
        "linear" or "step": what inputs do between two looks.
    disturbances, states : tuple of UncertainSpec
    estimates : tuple of str
        What else it is to tell, with standard deviations.
    units : tuple of str
        Units whose states are uncertain; all of them where there are none.
    gate : float or None
        Readings whose innovation is beyond so many standard deviations are not used.
    window : float
        Over which normalised innovations are summed [s].
    false_alarms : float
        Mean time between two false alarms of each test [s].
    """

    name: str
    period: float
    since: float
    measured: tuple[SensedSpec, ...]
    inputs: tuple[str, ...]
    hold: str
    disturbances: tuple[UncertainSpec, ...]
    states: tuple[UncertainSpec, ...]
    estimates: tuple[str, ...]
    units: tuple[str, ...]
    gate: float | None
    window: float
    false_alarms: float
