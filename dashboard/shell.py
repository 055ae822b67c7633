"""The frame around the pages: header with the run's name, outcome and hash, light/dark switch."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.data import Dataset

#: Colours of outcomes; every other outcome is a failure.
OUTCOMES = {"finished": "teal", "running": "blue", "interrupted": "orange", "guard": "orange"}
THEME = {
    "primaryColor": "cyan",
    "primaryShade": {"light": 8, "dark": 4},
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif",
    "defaultRadius": "md",
    "headings": {"fontWeight": "650"},
}


def shell() -> Any:
    """Lay out the frame; the page's content comes when its address is known."""
    frame = dmc.AppShell(
        [
            dmc.AppShellHeader(
                dmc.Group(
                    [
                        dmc.Group([html.Div(className="logo"), dmc.Text("Twin", fw=700, fz=19)], gap=8, wrap="nowrap"),
                        html.Div(id="header", className="header"),
                        dmc.Switch(
                            id="dark",
                            label="Dark",
                            size="sm",
                            checked=False,
                            persistence=True,
                            persistence_type="local",
                        ),
                    ],
                    h="100%",
                    px="md",
                    gap="lg",
                    wrap="nowrap",
                )
            ),
            dmc.AppShellMain(html.Div(id="page", className="page")),
        ],
        header={"height": 62},
        padding="md",
    )
    stores = [
        dcc.Location(id="address", refresh="callback-nav"),
        dcc.Store(id="run"),
        dcc.Store(id="theme", data="light"),
    ]
    return dmc.MantineProvider([*stores, frame], id="mantine", theme=THEME, forceColorScheme="light")


def header(data: Dataset | None, name: str | None, names: list[str]) -> Any:
    """Name the run: plant, scenario, outcome, hash; the other runs of the folder to choose from."""
    choice = dmc.Select(
        id="run-choice",
        data=names,
        value=name,
        searchable=True,
        allowDeselect=False,
        size="xs",
        w=290,
        style={} if len(names) > 1 or data is None else {"display": "none"},
        **{"aria-label": "Run"},
    )
    if data is None:
        return dmc.Group([dmc.Text("No run", c="dimmed"), choice], justify="space-between")
    attrs = data.run.attrs
    titles = dmc.Stack(
        [
            dmc.Text(str(data.plant.get("title") or attrs["plant"]), fw=600, size="sm", truncate="end", lh=1.25),
            dmc.Text(f"{attrs.get('title', '')} · {attrs['scenario']}", size="xs", c="dimmed", truncate="end", lh=1.25),
        ],
        gap=1,
        style={"minWidth": 0, "flex": 1},
    )
    outcome = dmc.Tooltip(
        dmc.Badge(
            data.run.outcome.replace("_", " "),
            color=OUTCOMES.get(data.run.outcome, "red"),
            variant="filled",
            id="outcome",
        ),
        label=data.run.outcome_message,
        multiline=True,
        maw=420,
    )
    checked = dmc.Tooltip(
        dmc.Badge("checking hash…", id="hash-check", color="gray", variant="light", tt="none", className="number"),
        id="hash-tip",
        label="The content hash is being computed",
        multiline=True,
        maw=520,
    )
    return dmc.Group([titles, choice, outcome, checked], gap="sm", wrap="nowrap")
