"""What happened during a run, as marks of a figure: events and alarms, gathered where they lie close."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.display import HOUR, Theme, clock, plain
from dashboard.speech import say
from twin.results.reader import Run

#: Most marks drawn at once; closer ones are drawn as one.
MOST_MARKS = 300
#: Up to so many marks get a line through all panels; more would hide the curves.
MOST_LINES = 80
#: Lines of text in one mark's hover box.
MOST_WORDS = 8
#: Kinds of marks, their symbols and how far up they stand.
KINDS = {"events": ("triangle-down", 1.0), "alarms": ("diamond", 0.955)}


@dataclass(frozen=True)
class Mark:
    """What happened at one instant, in words."""

    time: float
    lines: tuple[str, ...]
    kind: str = "events"


def events_of(run: Run) -> tuple[Mark, ...]:
    """Events of a run, those of one instant together."""
    rows = []
    for row in run.events:
        change = f"{row.path}: {row.old:.5g} → {row.new:.5g}" if row.new == row.new else row.path
        if row.kind == "fire":  # an impulse finds nothing old; what it was given stands in the table of events
            change = row.path
        rows.append((row.time, f"{row.kind} {change}" + (f" ({row.cause})" if row.cause else "")))
    return _together(rows, "events")


def alarms_of(run: Run) -> tuple[Mark, ...]:
    """Alarms of a run, those of one instant together."""
    return _together([(row.time, row.text or f"{row.tag}: {row.kind}") for row in run.alarms], "alarms")


def _together(rows: Iterable[tuple[float, str]], kind: str) -> tuple[Mark, ...]:
    groups: dict[float, list[str]] = {}
    for time, line in rows:
        groups.setdefault(time, []).append(line)
    return tuple(Mark(time, tuple(lines), kind) for time, lines in sorted(groups.items()))


def clusters(marks: Sequence[Mark], span: tuple[float, float], most: int = MOST_MARKS) -> list[Mark]:
    """Marks within a span of time [s]; where there are too many, those closer than a pixel or so become one."""
    inside = [mark for mark in marks if span[0] <= mark.time <= span[1]]
    if len(inside) <= most:
        return inside
    width = (span[1] - span[0]) / most
    found: dict[int, list[Mark]] = {}
    for mark in inside:
        found.setdefault(int((mark.time - span[0]) / width), []).append(mark)
    return [
        Mark(group[0].time, tuple(x for one in group for x in one.lines), group[0].kind) for group in found.values()
    ]


def drawn(marks: Sequence[Mark], span: tuple[float, float], theme: Theme) -> list[dict[str, Any]]:
    """Marks as traces on an axis of their own, `y99`: they stay at the upper edge whatever is zoomed."""
    traces = []
    for kind, (symbol, height) in KINDS.items():
        chosen = clusters([mark for mark in marks if mark.kind == kind], span)
        if not any(mark.kind == kind for mark in marks):
            continue
        traces.append(
            {
                "type": "scatter",
                "x": [mark.time / HOUR for mark in chosen],
                "y": [height] * len(chosen),
                "text": [words(mark) for mark in chosen],
                "mode": "markers",
                "name": say(kind),
                "yaxis": "y99",
                "marker": {"symbol": symbol, "size": 9 if len(chosen) <= 40 else 6, "color": colour(kind, theme)},
                "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
    return traces


def lines(marks: Sequence[Mark], span: tuple[float, float], theme: Theme) -> list[dict[str, Any]]:
    """Lines through all panels; none where there are so many that they would hide the curves."""
    chosen = [mark for kind in KINDS for mark in clusters([m for m in marks if m.kind == kind], span)]
    if len(chosen) > MOST_LINES:
        return []
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": mark.time / HOUR,
            "x1": mark.time / HOUR,
            "y0": 0,
            "y1": 1,
            "layer": "above",
            "line": {"color": colour(mark.kind, theme), "width": 1, "dash": "dot"},
            "opacity": 0.6 if len(chosen) <= 40 else 0.3,
        }
        for mark in chosen
    ]


def colour(kind: str, theme: Theme) -> str:
    """Colour of a kind of marks."""
    return theme.warm if kind == "events" else theme.alarm


def words(mark: Mark) -> str:
    """What a mark's hover box says."""
    told = [plain(line) for line in mark.lines[:MOST_WORDS]]
    more = [say("… and {n} more", n=len(mark.lines) - MOST_WORDS)] if len(mark.lines) > MOST_WORDS else []
    return "<br>".join([f"<b>{clock(mark.time)}</b>", *told, *more])
