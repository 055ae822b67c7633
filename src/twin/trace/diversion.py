"""Diversion: when what a sensor saw has to be kept out of the product, what that costs, and what it misses.

A rule reads a signal at one place and opens a gate at another. Between them material spreads over its residence
times, so the rule is designed from these: with an alarm tighter than the specification by `gap`, and excursions
beyond the alarm of at most `worst`, the product can leave the specification only while more than the share gap/worst
of it was seen out of alarm. It is safe to open the gate when that share may first have arrived, and to close it when
no more than that share can still be on its way. Material that the sensor did not see (lost, frozen) counts as seen
out of alarm.

References: Engisch & Muzzio, J. Pharm. Innov. 11 (2016) 64, doi:10.1007/s12247-015-9238-1; García-Muñoz et al., AIChE
J. 64 (2018) 511, doi:10.1002/aic.15977 (funnel plots).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.trace.network import TraceError
from twin.trace.rtd import Residence


@dataclass(frozen=True)
class Rule:
    """When to divert.

    Attributes
    ----------
    low, high : float
        Alarm limits of the signal.
    period, delay : float
        Time between readings, and from a reading's material to its being told, in s.
    lag_first, lag_last : float
        Time from the sensor until enough may have arrived to matter, and until no more than that is on its way, in s.
    margin : float
        Safety added to both, in s.
    start_up, shut_down : float
        Nothing is accepted before and after, in s.
    frozen : float
        A reading that has not changed for so long is no reading, in s.
    ride_through : float
        Time for which a lost signal is borne before the gate opens, in s.
    """

    low: float
    high: float
    period: float
    delay: float
    lag_first: float
    lag_last: float
    margin: float = 0.0
    start_up: float = 0.0
    shut_down: float = math.inf
    frozen: float = math.inf
    ride_through: float = 0.0

    @property
    def in_time(self) -> bool:
        """Whether a reading is told before what it has seen can matter at the gate."""
        return self.lag_first >= self.period + self.delay


def design(
    curves: Sequence[Residence],
    /,
    *,
    low: float,
    high: float,
    alarm_low: float,
    alarm_high: float,
    worst: float,
    period: float,
    delay: float = 0.0,
    margin: float = 0.0,
    **more: float,
) -> Rule:
    """Take start and stop of a diversion from residence times between sensor and gate.

    Parameters
    ----------
    curves : sequence of Residence
        At the flows that occur: the fastest and the slowest count.
    low, high : float
        Specification at the gate.
    alarm_low, alarm_high : float
        Limits of the signal, inside the specification.
    worst : float
        Greatest excursion beyond the alarm that the process can make.
    period, delay, margin : float
        In s.

    Raises
    ------
    TraceError
        When the alarm is not inside the specification: no diversion could then be in time.
    """
    gap = min(alarm_low - low, high - alarm_high)
    if not gap > 0.0:
        raise TraceError("the alarm must lie inside the specification: what is between them is what the rule rests on")
    share = min(gap / worst, 0.5)
    first = min(_first(curve, share) for curve in curves)
    last = max(curve.percentile(100.0 * (1.0 - share)) for curve in curves)
    return Rule(alarm_low, alarm_high, period, delay, first, last, margin, **more)


def _first(curve: Residence, share: float) -> float:
    return curve.percentile(100.0 * share)


def unseen(rule: Rule, t: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Samples at which there is no reading: not a number, or unchanged for too long."""
    lost = ~np.isfinite(signal)
    if math.isfinite(rule.frozen):
        since = 0
        for i in range(1, len(t)):
            if signal[i] != signal[since]:
                since = i
            lost[i] |= t[i] - t[since] > rule.frozen
    return np.asarray(lost)


def spans(t: np.ndarray, where: np.ndarray) -> list[tuple[float, float]]:
    """First and last time of every run of samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(int), [0]])))
    return [(float(t[a]), float(t[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def intervals(rule: Rule, t: np.ndarray, signal: np.ndarray) -> list[tuple[float, float, str]]:
    """Work out when the gate is open, and why: nothing is opened before a reading tells to.

    Parameters
    ----------
    t : array
        Times of the samples, in s; not further apart than the sensor's period.
    signal : array
        What the sensor tells then.

    Returns
    -------
    list of (start, end, reason)
        In order of their start; they may overlap.
    """
    known = rule.period + rule.delay
    found: list[tuple[float, float, str]] = []
    if rule.start_up > float(t[0]):
        found.append((float(t[0]), rule.start_up, "start-up"))
    lost = unseen(rule, t, signal)
    with np.errstate(invalid="ignore"):
        out = ~lost & ((signal < rule.low) | (signal > rule.high))
    wait = max(0.0, rule.lag_first - rule.margin - known)
    for first, last in spans(t, out):
        found.append((first + wait, last + rule.period + rule.lag_last + rule.margin, "quality"))
    for first, last in spans(t, lost):
        if last - first >= rule.ride_through:
            start = first + max(wait, rule.ride_through)
            found.append((start, last + rule.period + rule.lag_last + rule.margin, "signal lost"))
    if rule.shut_down < float(t[-1]):
        found.append((rule.shut_down, float(t[-1]), "shutdown"))
    return sorted(found)


def inside(t: np.ndarray, opened: Iterable[tuple[float, float, str]]) -> np.ndarray:
    """Whether the gate is open, at each sample."""
    found = np.zeros(len(t), dtype=bool)
    for start, end, _ in opened:
        found |= (t >= start) & (t <= end)
    return found


@dataclass(frozen=True)
class Verdict:
    """Masses by what was done and what was right, in kg.

    `accepted` = conforming accepted + `missed`; `diverted` = non-conforming diverted + `false`.
    """

    made: float
    accepted: float
    diverted: float
    missed: float  #: not conforming, accepted
    false: float  #: conforming, diverted
    opened: tuple[tuple[float, float, str], ...]
    cost: float = 0.0

    @property
    def yield_loss(self) -> float:
        """Share of what was made that was diverted."""
        return self.diverted / self.made if self.made > 0.0 else 0.0


def judge(
    rule: Rule,
    t: np.ndarray,
    signal: np.ndarray,
    flow: np.ndarray,
    truth: np.ndarray,
    low: float,
    high: float,
    price: float = 0.0,
) -> Verdict:
    """Say what a rule would have done with a run, and whether that was right.

    A time between two samples counts as not conforming when either is, and as diverted only when both are.

    Parameters
    ----------
    t, signal, flow, truth : array
        In s; what the sensor tells; what passes the gate, in kg/s; and its true quality.
    low, high : float
        Specification.
    price : float
        Of a kilogram of conforming product diverted.
    """
    opened = intervals(rule, t, signal)
    gate = inside(t, opened)
    bad = (truth < low) | (truth > high)
    mass = 0.5 * (flow[1:] + flow[:-1]) * np.diff(t)
    diverted, wrong = gate[1:] & gate[:-1], bad[1:] | bad[:-1]
    made = float(mass.sum())
    false = float(mass[diverted & ~wrong].sum())
    return Verdict(
        made=made,
        accepted=float(mass[~diverted].sum()),
        diverted=float(mass[diverted].sum()),
        missed=float(mass[~diverted & wrong].sum()),
        false=false,
        opened=tuple(opened),
        cost=price * false,
    )


@dataclass(frozen=True)
class Case:
    """A run, as far as diversion asks."""

    t: np.ndarray
    signal: np.ndarray
    flow: np.ndarray
    truth: np.ndarray


def optimise(
    cases: Sequence[Case],
    make: Callable[[float, float], Rule],
    guards: Sequence[float],
    margins: Sequence[float],
    low: float,
    high: float,
    price: float = 1.0,
) -> tuple[Rule, float, list[tuple[float, float, float, float]]]:
    """Search alarm and margin for the least conforming mass diverted among rules that miss nothing.

    Parameters
    ----------
    cases : sequence of Case
        Disturbances to be withstood; those that it is judged on later should be others.
    make : callable
        make(guard, margin) gives the rule of an alarm that far inside the specification.
    guards, margins : sequence of float
        What is tried.

    Returns
    -------
    Rule, cost, table
        Rows of the table are guard, margin, missed and falsely diverted kilograms.

    Raises
    ------
    TraceError
        When every rule misses something.
    """
    best: tuple[float, Rule] | None = None
    table = []
    for guard, margin in itertools.product(guards, margins):
        rule = make(guard, margin)
        verdicts = [judge(rule, c.t, c.signal, c.flow, c.truth, low, high, price) for c in cases]
        missed, cost = sum(v.missed for v in verdicts), sum(v.cost for v in verdicts)
        table.append((guard, margin, missed, sum(v.false for v in verdicts)))
        if missed == 0.0 and (best is None or cost < best[0]):
            best = (cost, rule)
    if best is None:
        raise TraceError("every rule tried lets something out of specification pass: detect earlier, or alarm tighter")
    return best[1], best[0], table


def broken(rule: Rule, **changes: float) -> Rule:
    """Give the rule with something wrong: to see that a check finds it."""
    return Rule(**{**vars(rule), **changes})
