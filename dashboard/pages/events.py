"""Events that fired and alarms, as tables to sort and filter."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc

from dashboard.data import Dataset
from dashboard.display import HOUR, clock, number
from dashboard.pages import View
from dashboard.speech import say
from dashboard.widgets import card, grid, notice

#: Most rows sent to the browser.
MOST_ROWS = 20_000


def event_rows(data: Dataset) -> list[dict[str, Any]]:
    """Events as rows of texts and numbers."""
    return [
        {
            "hours": round(row.time / HOUR, 6),
            "time": clock(row.time),
            "kind": say(row.kind),
            "path": row.path,
            "old": number(row.old, 6),
            "new": number(row.new, 6),
            "cause": row.cause,
        }
        for row in data.run.events[:MOST_ROWS]
    ]


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    rows = event_rows(data)
    if rows:
        columns = [
            {
                "field": "hours",
                "headerName": say("time [h]"),
                "type": "rightAligned",
                "maxWidth": 120,
                "filter": "agNumberColumnFilter",
            },
            {"field": "time", "headerName": say("clock"), "maxWidth": 190},
            {"field": "kind", "headerName": say("kind"), "maxWidth": 110},
            {"field": "path", "headerName": say("path"), "flex": 2},
            {"field": "old", "headerName": say("before"), "type": "rightAligned", "maxWidth": 140},
            {"field": "new", "headerName": say("after"), "type": "rightAligned", "maxWidth": 140},
            {"field": "cause", "headerName": say("cause"), "flex": 2},
        ]
        total = len(data.run.events)
        note = (
            say("the first {n} of {all}", n=MOST_ROWS, all=total)
            if total > MOST_ROWS
            else say("{n}, values in SI", n=total)
        )
        events = card(
            grid("event-table", columns, rows, min(620, 110 + 42 * len(rows))),
            title=say("Events"),
            right=dmc.Text(note, size="xs", c="dimmed"),
        )
    else:
        events = notice(say("Nothing was changed during this run."), say("No events"), "gray")
    parts = [events]
    alarms = data.run.alarms
    if alarms:
        rows = [
            {
                "hours": round(a.time / HOUR, 6),
                "tag": a.tag,
                "kind": say(a.kind),
                "value": number(a.value),
                "limit": number(a.limit),
                "text": a.text,
            }
            for a in alarms[:MOST_ROWS]
        ]
        columns = [
            {"field": "hours", "headerName": say("time [h]"), "maxWidth": 120},
        ]
        columns += [{"field": key, "headerName": say(key)} for key in ("tag", "kind", "value", "limit", "text")]
        parts.append(card(grid("alarm-table", columns, rows, min(420, 110 + 42 * len(rows))), title=say("Alarms")))
    return dmc.Stack(parts, gap="sm")
