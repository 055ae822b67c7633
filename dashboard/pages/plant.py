"""The plant: key figures, flowsheet with what it does at one instant, and what is behind each unit."""

from __future__ import annotations

from typing import Any

import dash_cytoscape as cyto
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard.aside import is_large
from dashboard.data import Dataset
from dashboard.display import clock, number, shown_unit, theme_of
from dashboard.flowsheet import elements, extent, stylesheet
from dashboard.pages import View
from dashboard.pages.cards import cards
from dashboard.pages.unit import details
from dashboard.replay import drawing, playing
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.state import STATES
from dashboard.widgets import card
from twin.flowsheet.routes import streams_of

#: Steps of the replay at most.
STEPS = 600
#: What reads all of a large file waits so long for the first picture [ms].
LATE = 2500
#: Marks of events along the slider at most.
MOST_MARKS = 40


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    legend = [
        *(_swatch("line", colour, say(name)) for colour, name in streams_of(data.sheet.edges)),
        html.Span("|", style={"color": "var(--mantine-color-dimmed)"}, **{"aria-hidden": "true"}),
        *(_swatch("dot", colours[0], say(name)) for name, colours in STATES.items()),
    ]
    first = first_unit(data)
    width, height = extent(data.sheet)
    pixels = round(min(560.0, max(280.0, height * min(1.2, 1180.0 / width) + 40.0)))
    drawing = cyto.Cytoscape(
        id="flowsheet",
        elements=elements(data.sheet, first),
        layout={"name": "preset", "fit": True, "padding": 24},
        style={"width": "100%", "height": f"{pixels}px"},
        stylesheet=stylesheet(theme_of(None)),
        autoungrabify=True,
        boxSelectionEnabled=False,
        minZoom=0.2,
        maxZoom=1.5,
        responsive=True,
    )
    choose = dmc.Select(
        id="unit-choice",
        data=[{"value": n.name, "label": f"{n.label or n.name} · {n.name}"} for n in data.sheet.nodes],
        value=first or None,
        searchable=True,
        allowDeselect=False,
        size="xs",
        w=250,
        limit=200,
        placeholder=say("Choose a unit"),
        **{"aria-label": say("Choose a unit")},
    )
    return dmc.Stack(
        [
            html.Div(id="plant-cards", style={"minHeight": 96}),
            dcc.Interval(id="plant-late", interval=LATE if is_large(data.run.path) else 1, max_intervals=1),
            card(
                drawing,
                replay(data),
                title=say("Flowsheet"),
                right=dmc.Group(legend, gap="md"),
            ),
            card(choose, html.Div(id="unit-details", style={"marginTop": 12, "minHeight": 300})),
            dcc.Interval(id="play-clock", interval=350, disabled=True),
            dcc.Store(id="plant-time-drawn", data=True),
        ],
        gap="sm",
    )


def first_unit(data: Dataset) -> str:
    """Give the unit that is shown before any is chosen."""
    return next((s.owner for name in data.default_tags() if (s := data.series[name]) and data.sheet.node(s.owner)), "")


def _swatch(shape: str, colour: str, name: str) -> Any:
    return dmc.Group(
        [html.Span(className=f"swatch {shape}", style={"background": colour}), dmc.Text(name, size="xs", c="dimmed")],
        gap=6,
    )


def replay(data: Dataset) -> Any:
    """Slider over the run's time with its events, and a button that plays it."""
    end = float(data.time[-1]) if data.time.size else 0.0
    steps = max(1, min(STEPS, data.time.size - 1))
    unit = shown_unit("s", "", end)
    marks = [
        {"value": round(steps * part / 4), "label": f"{number(end * unit.factor * part / 4, 3)} {say(unit.text)}"}
        for part in range(5)
    ]
    events = [mark for mark in data.marks if end > 0.0][: 100 * MOST_MARKS]
    chosen = events[:: max(1, -(-len(events) // MOST_MARKS))]
    ticks = html.Div(
        [
            html.Span(
                className="tick",
                style={"left": f"{100.0 * mark.time / end:.3f}%"},
                title="\n".join([clock(mark.time), *mark.lines[:4]]),
            )
            for mark in chosen
        ],
        className="ticks",
    )
    slider = html.Div(
        [
            ticks,
            dmc.Slider(
                id="plant-time",
                min=0,
                max=steps,
                value=steps,
                step=1,
                marks=marks,
                updatemode="drag",
                label=None,
                size="sm",
                thumbSize=18,
                thumbLabel=say("Time of the replay"),
            ),
        ],
        style={"flex": 1, "position": "relative", "minWidth": 0, "marginRight": 24},
    )
    return dmc.Group(
        [
            dmc.Button("▶", id="play", size="xs", variant="light", **{"aria-label": say("Play the run")}),
            dmc.Text(id="plant-clock", className="number", size="sm", fw=600, w=120),
            slider,
        ],
        mt="sm",
        mb="lg",
        wrap="nowrap",
        gap="md",
    )


def row_at(data: Dataset, step: int | None) -> int:
    """Recorded row of a step of the slider."""
    rows = data.time.size
    steps = max(1, min(STEPS, rows - 1))
    if not rows or step is None:
        return max(0, rows - 1)
    at = float(data.time[0]) + (float(data.time[-1]) - float(data.time[0])) * min(max(step, 0), steps) / steps
    return data.row_of(at * (1.0 + 1e-12))


def register(app: Dash, catalog: Catalog) -> None:
    """Answer clicks on the flowsheet, the slider and the button that plays."""

    @app.callback(Output("flowsheet", "stylesheet"), Input("theme", "data"))
    def restyle(theme: str | None) -> list[dict[str, Any]]:
        return stylesheet(theme_of(theme))

    @app.callback(
        Output("plant-cards", "children"),
        Input("plant-late", "n_intervals"),
        Input("outcome-place", "children"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def figures(_: int | None, __: Any, run: str | None) -> Any:
        found = cards(catalog.dataset(run))
        return dmc.SimpleGrid(found, cols={"base": 2, "sm": 3, "lg": len(found)}, spacing="sm")

    @app.callback(
        Output("flowsheet", "elements"),
        Output("plant-clock", "children"),
        Input("plant-time", "value"),
        Input("revision", "data"),
        State("run", "data"),
        State("unit-choice", "value"),
        running=[*drawing("plant-time"), *drawing("revision")],
    )
    def show(step: int | None, _: Any, run: str | None, selected: str | None) -> tuple[Any, str]:
        data = catalog.dataset(run)
        row = row_at(data, step)
        now = data.plantwide.at(row)
        at = float(data.time[row]) if data.time.size else 0.0
        return elements(data.sheet, selected or "", now), clock(at)

    playing(app, "play", "play-clock", "plant-time", 150)

    @app.callback(Output("unit-choice", "value"), Input("flowsheet", "tapNodeData"), prevent_initial_call=True)
    def tapped(node: dict[str, Any] | None) -> Any:
        return str(node.get("name", "")) if isinstance(node, dict) else no_update

    # tags and details come in one answer: who sees the button that opens trends has chosen the tags that they show
    @app.callback(
        Output("unit-details", "children"),
        Input("unit-choice", "value"),
        Input("theme", "data"),
        State("run", "data"),
        State("chosen-tags", "data"),
    )
    def select(name: str | None, theme: str | None, run: str | None, before: Any) -> Any:
        data = catalog.dataset(run)
        # at first nobody has chosen anything, and another appearance is no choice
        chosen = "unit-choice.value" in ctx.triggered_prop_ids and (before is not None or name != first_unit(data))
        tags = data.tags_of(name or "") if chosen else []
        return [details(data, name or "", theme), dcc.Store(id="unit-tags", data=tags)]

    app.clientside_callback(
        "tags => tags && tags.length ? tags : window.dash_clientside.no_update",
        Output("chosen-tags", "data", allow_duplicate=True),
        Input("unit-tags", "data"),
        prevent_initial_call=True,
    )

    @app.callback(Output("tabs", "value"), Input("open-trends", "n_clicks"), prevent_initial_call=True)
    def open_trends(clicks: int | None) -> Any:
        return "trends" if clicks else no_update
