"""How an alarm system treats its operator: rates, floods, standing, chattering and fleeting alarms.

Measures and their names as in ANSI/ISA-18.2-2016, clause 16, and EEMUA 191: a flood begins with a ten-minute interval
of more than ten alarms and ends with one of fewer than five; an alarm that stands for more than a day is stale; one
that is raised three times within a minute chatters.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from twin.control.monitoring.alarms import Alarm

INTERVAL, FLOOD_BEGINS, FLOOD_ENDS = 600.0, 10, 5
STALE, CHATTER, CHATTERS, FLEETING = 86400.0, 60.0, 3, 10.0


@dataclass(frozen=True)
class Load:
    """Alarms of one run, counted.

    Attributes
    ----------
    alarms : int
    hours : float
    per_10_min, peak_10_min : float
        Mean, and largest number in one interval.
    above_10_percent : float
        Part of the intervals with more than ten alarms, in percent.
    floods, flood_minutes : float
        Number, and time spent in them.
    standing_mean, standing_peak, standing_end : float
        Alarms that stand at once.
    unacknowledged_end : int
    stale : int
    chattering : tuple of str
        Monitors with a kind that chatters.
    fleeting : int
        Alarms that returned within ten seconds.
    by_priority : dict
    most : tuple of (str, float)
        The monitors that raise most, with their shares: ten at most.
    """

    alarms: int
    hours: float
    per_10_min: float
    peak_10_min: int
    above_10_percent: float
    floods: int
    flood_minutes: float
    standing_mean: float
    standing_peak: int
    standing_end: int
    unacknowledged_end: int
    stale: int
    chattering: tuple[str, ...]
    fleeting: int
    by_priority: dict[str, int]
    most: tuple[tuple[str, float], ...]

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {**asdict(self), "chattering": list(self.chattering), "most": [list(row) for row in self.most]}


def load(alarms: Sequence[Alarm], start: float, end: float) -> Load:
    """Count the alarms of a run that goes from `start` to `end` [s]."""
    count = max(1, math.ceil((end - start) / INTERVAL - 1e-9))
    bins = np.zeros(count, dtype=int)
    for alarm in alarms:
        bins[min(count - 1, max(0, int((alarm.raised - start) // INTERVAL)))] += 1
    floods, minutes = _floods(bins)
    changes = sorted([(a.raised, 1) for a in alarms] + [(a.returned, -1) for a in alarms if a.returned == a.returned])
    now, peak, area, last = 0, 0, 0.0, start
    for time, step in changes:
        area += now * (time - last)
        now, last = now + step, time
        peak = max(peak, now)
    area += now * (end - last)
    lasted = [(a.returned if a.returned == a.returned else end) - a.raised for a in alarms]
    names = Counter(alarm.monitor for alarm in alarms)
    return Load(
        alarms=len(alarms),
        hours=(end - start) / 3600.0,
        per_10_min=len(alarms) / max((end - start) / INTERVAL, 1e-9),
        peak_10_min=int(bins.max()),
        above_10_percent=100.0 * float(np.mean(bins > FLOOD_BEGINS)),
        floods=floods,
        flood_minutes=minutes,
        standing_mean=area / max(end - start, 1e-9),
        standing_peak=peak,
        standing_end=now,
        unacknowledged_end=sum("unacknowledged" in alarm.state for alarm in alarms),
        stale=sum(one > STALE for one in lasted),
        chattering=_chattering(alarms),
        fleeting=sum(a.returned - a.raised < FLEETING for a in alarms),
        by_priority=dict(Counter(alarm.priority for alarm in alarms)),
        most=tuple((name, n / len(alarms)) for name, n in names.most_common(10)),
    )


def _floods(bins: np.ndarray) -> tuple[int, float]:
    """Number of floods, and minutes in them."""
    count, minutes, within = 0, 0.0, False
    for alarms in bins:
        if not within and alarms > FLOOD_BEGINS:
            within, count = True, count + 1
        elif within and alarms < FLOOD_ENDS:
            within = False
        minutes += INTERVAL / 60.0 if within else 0.0
    return count, minutes


def _chattering(alarms: Sequence[Alarm]) -> tuple[str, ...]:
    times: dict[tuple[str, str], list[float]] = {}
    for alarm in alarms:
        times.setdefault((alarm.monitor, alarm.kind), []).append(alarm.raised)
    found = [
        f"{monitor} {kind}"
        for (monitor, kind), raised in times.items()
        if any(b - a <= CHATTER for a, b in zip(raised, raised[CHATTERS - 1 :], strict=False))
    ]
    return tuple(sorted(found))
