"""The frame around the pages: header with the run's name, outcome and hash, language, light/dark switch."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.aside import is_large
from dashboard.data import Dataset
from dashboard.speech import LANGUAGES, language, say

#: Colours of outcomes; every other outcome is a failure.
OUTCOMES = {"finished": "teal", "running": "blue", "interrupted": "orange", "guard": "orange"}
#: The hash of a large file waits so long for the first picture [ms].
LATE = 3000
THEME = {
    "primaryColor": "cyan",
    "primaryShade": {"light": 9, "dark": 4},
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif",
    "defaultRadius": "md",
    "headings": {"fontWeight": "650"},
    "autoContrast": True,
}


def shell(review: bool = False) -> Any:
    """Lay out the frame; the page's content comes when its address is known."""
    switches = dmc.Group(
        [
            dmc.SegmentedControl(
                id="language",
                data=[{"value": key, "label": name} for key, name in LANGUAGES.items()],
                value=language(),
                size="xs",
                **{"aria-label": say("Language")},
            ),
            dmc.Switch(
                id="dark", label=say("Dark"), size="sm", checked=False, persistence=True, persistence_type="local"
            ),
        ],
        gap="sm",
        wrap="nowrap",
    )
    reviewing = [dmc.Badge(say("Review, read-only"), color="violet", id="review", tt="none")] if review else []
    frame = dmc.AppShell(
        [
            dmc.AppShellHeader(
                dmc.Group(
                    [
                        dmc.Anchor(
                            dmc.Group(
                                [html.Div(className="logo"), dmc.Text("Twin", fw=700, fz=19)], gap=8, wrap="nowrap"
                            ),
                            href="?page=runs",
                            underline="never",
                            c="inherit",
                            **{"aria-label": say("All runs")},
                        ),
                        *reviewing,
                        html.Div(id="header", className="header"),
                        switches,
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
        dcc.Store(id="chosen-tags", data=None),
        dcc.Store(id="revision", data=0),
        dcc.Store(id="revision-drawn", data=True),
        dcc.Interval(id="pulse", interval=700, disabled=True),
    ]
    return dmc.MantineProvider([*stores, frame], id="mantine", theme=THEME, forceColorScheme="light")


def header(data: Dataset | None, name: str | None, names: list[str]) -> Any:
    """Name the run: plant, scenario, outcome, hash; the other runs of the folder to choose from."""
    choice = dmc.Select(
        id="run-choice",
        data=names[:2000],
        value=name,
        searchable=True,
        allowDeselect=False,
        size="xs",
        w=270,
        miw=110,
        limit=100,
        placeholder=say("Choose a run"),
        style={"flexShrink": 1} if len(names) > 1 or data is None else {"display": "none"},
        **{"aria-label": say("Run")},
    )
    if data is None:
        return dmc.Group([dmc.Text("", c="dimmed"), choice], justify="space-between")
    attrs = data.run.attrs
    titles = dmc.Stack(
        [
            dmc.Text(str(data.plant.get("title") or attrs["plant"]), fw=600, size="sm", truncate="end", lh=1.25),
            dmc.Text(f"{attrs.get('title', '')} · {attrs['scenario']}", size="xs", c="dimmed", truncate="end", lh=1.25),
        ],
        gap=1,
        style={"minWidth": 0, "flex": 1},
    )
    checked = dmc.Tooltip(
        dmc.Badge(
            say("checking hash…"), id="hash-check", color="gray", variant="outline", tt="none", className="number"
        ),
        id="hash-tip",
        label=say("The content hash is being computed"),
        multiline=True,
        maw=520,
    )
    late = dcc.Interval(id="hash-late", interval=LATE, max_intervals=1, disabled=not is_large(data.run.path))
    state = html.Div(outcome(data), id="outcome-place")
    return dmc.Group([titles, choice, state, checked, late], gap="sm", wrap="nowrap")


def outcome(data: Dataset) -> Any:
    """How the run ended, or that it goes on."""
    word = data.run.outcome
    return dmc.Tooltip(
        dmc.Badge(
            say(word.replace("_", " ")), color=OUTCOMES.get(word, "red"), variant="filled", id="outcome", tt="none"
        ),
        label=data.run.outcome_message,
        multiline=True,
        maw=420,
    )
