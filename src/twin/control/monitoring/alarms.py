"""Alarms: from when to when, of what cause, acknowledged or not (states as in ISA-18.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.config.monitor_spec import MonitorSpec
from twin.control.monitoring.charts import Chart

#: A share this small is not named in a cause.
LEAST_SHARE = 0.1
#: Tags named in a cause at most.
MOST_TAGS = 3


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes
    ----------
    monitor, kind, priority : str
    raised : float
        When it was told [s]: after the delay.
    acknowledged : float
        NaN: not until the end of the run.
    returned : float
        NaN: it stands at the end of the run.
    value, limit : float
        Of the statistic when it was raised.
    peak : float
        Furthest from the limit while it stood.
    tag : str
        The one that has most to do with it.
    cause : str
        Tags with their shares.
    """

    monitor: str
    kind: str
    priority: str
    raised: float
    acknowledged: float
    returned: float
    value: float
    limit: float
    peak: float
    tag: str
    cause: str

    @property
    def state(self) -> str:
        """State at the end of the run."""
        standing, seen = math.isnan(self.returned), not math.isnan(self.acknowledged)
        if standing:
            return "standing, acknowledged" if seen else "standing, unacknowledged"
        return "normal" if seen else "returned, unacknowledged"

    def stands(self, time: float) -> bool:
        """Whether it stands at a time [s]."""
        return self.raised <= time and not self.returned <= time


def raise_alarms(spec: MonitorSpec, charts: list[Chart], response: float | None, end: float) -> list[Alarm]:
    """Turn statistics into alarms.

    Parameters
    ----------
    spec : MonitorSpec
    charts : list of Chart
    response : float or None
        Seconds after which somebody acknowledges, where the monitor says nothing; None: nobody does.
    end : float
        Of the run [s].
    """
    wait = spec.response if spec.response is not None else response
    found = []
    for chart in charts:
        for start, stop in _standing(chart, spec.delay):
            raised = float(chart.time[start])
            returned = math.nan if stop is None else float(chart.time[stop])
            seen = math.nan if wait is None or raised + wait > end else raised + wait
            distance = np.abs(chart.value[start:stop] - chart.limit[start:stop])
            known = np.where(np.isfinite(distance), distance, -1.0)
            furthest = start + int(np.argmax(known))
            shares = chart.shares(start)
            found.append(
                Alarm(
                    spec.name,
                    chart.kind,
                    spec.priority,
                    raised,
                    seen,
                    returned,
                    float(chart.value[start]),
                    float(chart.limit[start]),
                    float(chart.value[furthest]),
                    shares[0][0],
                    _said(shares, bool(np.isfinite(chart.value[start]))),
                )
            )
    return sorted(found, key=lambda alarm: (alarm.raised, alarm.monitor, alarm.kind))


def _standing(chart: Chart, delay: float) -> list[tuple[int, int | None]]:
    """Places at which alarms are raised and return: outside for as long as the delay, until inside again."""
    found: list[tuple[int, int | None]] = []
    first: int | None = None
    raised: int | None = None
    for k in range(len(chart.time)):
        if raised is not None:
            if chart.inside[k]:
                found.append((raised, k))
                raised = first = None
        elif chart.outside[k]:
            first = k if first is None else first
            # what is frozen has been so for as long as its statistic says; the rest since it went outside
            lasted = chart.value[k] if chart.kind == "frozen" else chart.time[k] - chart.time[first]
            if lasted >= delay * (1.0 - 1e-9):
                raised = k
        else:
            first = None
    if raised is not None:
        found.append((raised, None))
    return found


def _said(shares: tuple[tuple[str, float], ...], known: bool) -> str:
    if not known:
        return f"{', '.join(tag for tag, _ in shares)}: no number"
    if len(shares) == 1:
        return shares[0][0]
    named = [(tag, share) for tag, share in shares[:MOST_TAGS] if share >= LEAST_SHARE] or list(shares[:1])
    return ", ".join(f"{tag} {100.0 * share:.0f} %" for tag, share in named)
