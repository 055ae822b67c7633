"""Alarms beside the truth: what was told and how late, what was missed, and what was told of nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twin.control.monitoring.alarms import Alarm


@dataclass(frozen=True)
class Detection:
    """One fault of a run.

    Attributes
    ----------
    label, where : str
        As the scenario has them.
    start, end : float
        [s]
    delay : float
        Until the first alarm that is raised while it lasts, or in the time allowed after it [s]; NaN: missed.
    by, tag : str
        The monitor, and the tag that it names first.
    located : bool
        Whether that tag belongs to the place of the fault.
    """

    label: str
    where: str
    start: float
    end: float
    delay: float
    by: str = ""
    tag: str = ""
    located: bool = False

    @property
    def missed(self) -> bool:
        return math.isnan(self.delay)


@dataclass(frozen=True)
class Verdict:
    """Alarms of one run, or of several together.

    Attributes
    ----------
    detections : tuple of Detection
    false_alarms : int
        Raised while nothing was wrong, nor had been within the time allowed.
    clean_hours : float
        Monitored time in which nothing was wrong.
    false_hours : float
        Of it, hours in which a false alarm stood.
    """

    detections: tuple[Detection, ...]
    false_alarms: int
    clean_hours: float
    false_hours: float

    @property
    def missed(self) -> int:
        """Faults of which no alarm told."""
        return sum(one.missed for one in self.detections)

    @property
    def median_delay(self) -> float:
        """Of the faults that were told [s]; NaN without any."""
        delays = sorted(one.delay for one in self.detections if not one.missed)
        middle = len(delays) // 2
        if not delays:
            return math.nan
        return delays[middle] if len(delays) % 2 else 0.5 * (delays[middle - 1] + delays[middle])

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it: null for what there is not."""
        told = sum(not one.missed for one in self.detections)
        located = sum(one.located for one in self.detections)
        per_day = 24.0 * self.false_alarms / self.clean_hours if self.clean_hours > 0.0 else math.nan
        values: dict[str, Any] = {
            "faults": len(self.detections),
            "missed": self.missed,
            "missed_rate": self.missed / len(self.detections) if self.detections else math.nan,
            "median_delay_s": self.median_delay,
            "longest_delay_s": max((d.delay for d in self.detections if not d.missed), default=math.nan),
            "located_of_told": located / told if told else math.nan,
            "false_alarms": self.false_alarms,
            "clean_hours": self.clean_hours,
            "false_alarms_per_day": per_day,
            "false_time_percent": 100.0 * self.false_hours / self.clean_hours if self.clean_hours else math.nan,
        }
        return {key: _null(value) for key, value in values.items()}

    def rows(self) -> list[dict[str, Any]]:
        """Give the faults as JSON has them."""
        return [{key: _null(value) for key, value in asdict(one).items()} for one in self.detections]


def judge(
    faults: Sequence[dict[str, Any]],
    alarms: Sequence[Alarm],
    start: float,
    end: float,
    grace: float = 0.0,
    about: Mapping[str, str] | None = None,
) -> Verdict:
    """Hold alarms of a run against its fault labels.

    Parameters
    ----------
    faults : sequence of dict
        Rows of `/faults`: label, where, start, end [s].
    alarms : sequence of Alarm
    start, end : float
        Between which was monitored [s].
    grace : float
        Time allowed after a fault [s], in which its consequences are still there.
    about : mapping of str to str, optional
        The unit that a unit's signals are about, for sensors and controllers.
    """
    detections = []
    for fault in faults:
        if fault["start"] >= end or fault["end"] <= start:
            continue  # nobody looked
        until = fault["end"] + grace
        first = min(
            (one for one in alarms if fault["start"] <= one.raised <= until), key=lambda one: one.raised, default=None
        )
        place = str(fault["where"]).partition(".")[0]
        seen: dict[str, Any] = {}
        if first is not None:
            unit = first.tag.partition(".")[0]
            located = place in (unit, (about or {}).get(unit, unit))
            seen = {"by": f"{first.monitor} {first.kind}", "tag": first.tag, "located": located}
        delay = math.nan if first is None else first.raised - float(fault["start"])
        detections.append(
            Detection(str(fault["label"]), str(fault["where"]), fault["start"], fault["end"], delay, **seen)
        )
    wrong = _merged([(fault["start"], fault["end"] + grace) for fault in faults], start, end)
    false = [one for one in alarms if not any(a <= one.raised <= b for a, b in wrong)]
    stood = _merged([(one.raised, one.returned if one.returned == one.returned else end) for one in false], start, end)
    clean = end - start - sum(b - a for a, b in wrong)
    overlap = sum(max(0.0, min(b, d) - max(a, c)) for a, b in stood for c, d in wrong)
    away = sum(b - a for a, b in stood) - overlap
    return Verdict(tuple(detections), len(false), clean / 3600.0, away / 3600.0)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Give several runs as one."""
    return Verdict(
        tuple(one for verdict in verdicts for one in verdict.detections),
        sum(verdict.false_alarms for verdict in verdicts),
        math.fsum(verdict.clean_hours for verdict in verdicts),
        math.fsum(verdict.false_hours for verdict in verdicts),
    )


def _merged(spans: Sequence[tuple[float, float]], start: float, end: float) -> list[tuple[float, float]]:
    """Cut spans to an interval and join those that overlap."""
    found: list[tuple[float, float]] = []
    for a, b in sorted((max(a, start), min(b, end)) for a, b in spans):
        if b <= a:
            continue
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], b))
        else:
            found.append((a, b))
    return found


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
