"""Events that fired and alarms, as tables to sort and filter."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc

from dashboard.data import Dataset
from dashboard.display import HOUR, clock, number
from dashboard.pages import View
from dashboard.widgets import card, grid, notice

#: Most rows sent to the browser.
MOST_ROWS = 20_000


def event_rows(data: Dataset) -> list[dict[str, Any]]:
    """Events as rows of texts and numbers."""
    return [
        {
            "hours": round(row.time / HOUR, 6),
            "time": clock(row.time),
            "kind": row.kind,
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
                "headerName": "time [h]",
                "type": "rightAligned",
                "maxWidth": 120,
                "filter": "agNumberColumnFilter",
            },
            {"field": "time", "headerName": "clock", "maxWidth": 170},
            {"field": "kind", "maxWidth": 110},
            {"field": "path", "flex": 2},
            {"field": "old", "headerName": "before", "type": "rightAligned", "maxWidth": 140},
            {"field": "new", "headerName": "after", "type": "rightAligned", "maxWidth": 140},
            {"field": "cause", "flex": 2},
        ]
        total = len(data.run.events)
        note = f"the first {MOST_ROWS} of {total}" if total > MOST_ROWS else f"{total}, values in SI"
        events = card(
            grid("event-table", columns, rows, min(620, 110 + 42 * len(rows))),
            title="Events",
            right=dmc.Text(note, size="xs", c="dimmed"),
        )
    else:
        events = notice("Nothing was changed during this run.", "No events", "gray")
    parts = [events]
    alarms = data.run.alarms
    if alarms:
        rows = [
            {
                "hours": round(a.time / HOUR, 6),
                "tag": a.tag,
                "kind": a.kind,
                "value": number(a.value),
                "limit": number(a.limit),
                "text": a.text,
            }
            for a in alarms[:MOST_ROWS]
        ]
        columns = [
            {"field": "hours", "headerName": "time [h]", "maxWidth": 120},
        ]
        columns += [{"field": key} for key in ("tag", "kind", "value", "limit", "text")]
        parts.append(card(grid("alarm-table", columns, rows, min(420, 110 + 42 * len(rows))), title="Alarms"))
    return dmc.Stack(parts, gap="sm")
