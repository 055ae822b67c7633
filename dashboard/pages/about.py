"""Where the numbers come from: solver, versions, hash, and the configuration as it was run."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc

from dashboard.display import number
from dashboard.pages import View
from dashboard.speech import say
from dashboard.widgets import card, scrolled, table

#: Longest text shown; the rest is in the file.
MOST_TEXT = 200_000


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    provenance = data.run.provenance
    session, versions = provenance["session"], provenance["versions"]
    run = {
        "method": data.run.attrs.get("method"),
        "relative tolerance": data.run.attrs.get("rtol"),
        "recorded every [s]": data.run.attrs.get("record_every"),
        "rows": data.run.rows,
        "content hash": data.run.attrs.get("content_hash", say("none: the run has not been finished")),
        **{key.replace("_", " "): value for key, value in session.items()},
    }
    made = {**{k.replace("_", " "): v for k, v in provenance.items() if k not in ("session", "versions")}, **versions}
    tables = [
        (say("Run"), run),
        (say("Solver"), {k.replace("_", " "): v for k, v in data.run.statistics.items()}),
        (say("Made with"), made),
    ]
    columns = [
        dmc.GridCol(
            card(
                table(("", ""), [(say(k), _text(v)) for k, v in rows.items()], (1,), className="facts"),
                title=title,
                h="100%",
            ),
            span={"base": 12, "lg": 4},
        )
        for title, rows in tables
        if rows
    ]
    texts = [
        ("plant", say("Plant"), data.run.plant_yaml),
        ("scenario", say("Scenario"), data.run.scenario_yaml),
        ("resolved", say("Resolved, in SI"), data.run.resolved_yaml),
    ]
    configuration = dmc.Tabs(
        [
            dmc.TabsList([dmc.TabsTab(title, value=value) for value, title, _ in texts]),
            *(
                dmc.TabsPanel(
                    scrolled(dmc.Code(_cut(text), block=True, className="yaml"), 460, title),
                    value=value,
                    pt="sm",
                )
                for value, title, text in texts
            ),
        ],
        value="plant",
        keepMounted=False,
    )
    return dmc.Stack([dmc.Grid(columns, gutter="sm"), card(configuration, title=say("Configuration"))], gap="sm")


def _cut(text: str) -> str:
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT]}\n… " + say("{n} characters more in the file", n=len(text) - MOST_TEXT)


def _text(value: Any) -> Any:
    if isinstance(value, float):
        return number(value, 6)
    text = str(value)
    return (
        dmc.Tooltip(dmc.Text(f"{text[:30]}…", span=True, size="sm"), label=text, multiline=True, w=380)
        if len(text) > 40
        else text
    )
