"""Distributions: crystal size over time, and profiles along equipment."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard.display import number, shown_unit, theme_of
from dashboard.pages import View
from dashboard.replay import drawing, playing
from dashboard.runs import Catalog
from dashboard.sizes import size_curve, size_map
from dashboard.speech import say
from dashboard.widgets import card, graph, notice


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    if not data.distributions or not data.time.size:
        return notice(
            say("This run has no crystal sizes and no profiles along equipment."), say("Nothing distributed"), "gray"
        )
    by_size = [d.name for d in data.distributions.values() if d.by_size]
    along = [d.name for d in data.distributions.values() if not d.by_size]
    groups = [{"group": say("Crystal size"), "items": by_size}, {"group": say("Along equipment"), "items": along}]
    first = next(iter(data.distributions))
    rows = data.time.size
    unit = shown_unit("s", "", float(data.time[-1]))
    marks = [
        {"value": i, "label": f"{number(float(data.time[i]) * unit.factor, 3)} {say(unit.text)}"}
        for i in sorted({0, rows // 4, rows // 2, 3 * rows // 4, rows - 1})
    ]
    choose = dmc.Select(
        id="size-tag",
        data=[g for g in groups if g["items"]],
        value=first,
        searchable=True,
        allowDeselect=False,
        label=say("Distribution"),
        style={"flex": 1},
        limit=200,
    )
    kind = dmc.SegmentedControl(
        id="size-kind",
        **{"aria-label": say("What is shown")},
        value="shape",
        data=[{"value": "shape", "label": say("Shape")}, {"value": "amount", "label": say("Amount")}],
    )
    slider = dmc.Slider(
        id="size-row",
        min=0,
        max=rows - 1,
        step=1,
        value=rows - 1,
        marks=marks,
        updatemode="drag",
        label=None,
        size="sm",
        thumbSize=18,
        thumbLabel=say("Time of the curve"),
    )
    player = dmc.Group(
        [
            dmc.Button("▶", id="size-play", size="xs", variant="light", **{"aria-label": say("Play the curve")}),
            html.Div(slider, style={"flex": 1, "minWidth": 0}),
        ],
        wrap="nowrap",
        gap="lg",
        mb="xl",
        mx="md",
    )
    return dmc.Stack(
        [
            dcc.Interval(id="size-clock", interval=200, disabled=True),
            dcc.Store(id="size-row-drawn", data=True),
            card(dmc.Group([choose, kind], align="flex-end", gap="lg")),
            dmc.Grid(
                [
                    dmc.GridCol(
                        card(graph("size-map", style={"height": 430}), title=say("Over time"), h="100%"),
                        span={"base": 12, "lg": 7},
                    ),
                    dmc.GridCol(
                        card(graph("size-curve", style={"height": 370}), player, title=say("At one time"), h="100%"),
                        span={"base": 12, "lg": 5},
                    ),
                ],
                gutter="sm",
            ),
        ],
        gap="sm",
    )


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when the distribution, the instant or the appearance changes."""

    @app.callback(
        Output("size-map", "figure"),
        Input("size-tag", "value"),
        Input("size-kind", "value"),
        Input("theme", "data"),
        State("run", "data"),
    )
    def draw_map(name: str | None, kind: str | None, theme: str | None, run: str | None) -> Any:
        data = catalog.dataset(run)
        return size_map(data, name, kind == "shape", theme_of(theme)) if name in data.distributions else no_update

    @app.callback(
        Output("size-curve", "figure"),
        Input("size-tag", "value"),
        Input("size-row", "value"),
        Input("size-kind", "value"),
        Input("theme", "data"),
        State("run", "data"),
        running=drawing("size-row"),
    )
    def draw_curve(name: str | None, row: int | None, kind: str | None, theme: str | None, run: str | None) -> Any:
        data = catalog.dataset(run)
        if name not in data.distributions:
            return no_update
        figure = size_curve(data, name, int(row or 0), kind == "shape", theme_of(theme))
        figure.update_layout(height=370)
        return figure

    playing(app, "size-play", "size-clock", "size-row", 100)
