"""Trends: any tags over time, of one or several runs; a panel for each unit of measure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, Patch, State, dcc, html, no_update

from dashboard.cursors import csv_text, cursor_table, cursors_of
from dashboard.data import MOST_SERIES, Dataset
from dashboard.display import HOUR, theme_of, unit_text
from dashboard.figures import Span, around, colours_of, lines_of, overlay, packed, whole_of, window
from dashboard.measured import beside, clock_note, data_files, points, residuals
from dashboard.pages import View
from dashboard.replay import drawing
from dashboard.runs import Catalog
from dashboard.speech import meaning, say
from dashboard.widgets import card, graph

#: Most tags drawn at once, and most other runs laid over.
MOST_TAGS, MOST_RUNS = 24, 5
EXPORTS = ("PNG", "SVG", "CSV")
_HEADS = {
    "measurement": "Measurements",
    "outlet": "Streams",
    "feed": "Feeds",
    "inlet": "Inlets",
    "state": "States",
    "holdup": "Holdups",
    "integral": "Integrals",
    "quadrature": "Totals",
}


def options(data: Dataset) -> list[dict[str, Any]]:
    """Tags to choose from, by kind, each with unit and meaning."""
    groups: dict[str, list[dict[str, str]]] = {}
    for series in data.series.values():
        unit = "" if series.unit in ("", "1") else f" [{unit_text(series.unit)}]"
        entry = {"value": series.name, "label": f"{series.name}{unit} · {meaning(series.meaning)}"}
        groups.setdefault(say(_HEADS.get(series.kind, series.kind)), []).append(entry)
    return [{"group": head, "items": items} for head, items in groups.items()]


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    note = say("The first {n} tags are offered.", n=MOST_SERIES) if len(data.series) >= MOST_SERIES else None
    choose = dmc.MultiSelect(
        id="trend-tags",
        data=options(data),
        value=chosen_of(view.chosen) or data.default_tags(),
        searchable=True,
        clearable=True,
        limit=200,
        maxValues=MOST_TAGS,
        placeholder=say("Search tags, units, meanings"),
        label=say("Tags"),
        description=note,
        hidePickedOptions=True,
        maxDropdownHeight=360,
        nothingFoundMessage=say("No such tag"),
    )
    others = [name for name in view.catalog.names() if name != view.name]
    over = dmc.MultiSelect(
        id="trend-runs",
        data=others[:500],
        value=[],
        searchable=True,
        clearable=True,
        limit=100,
        maxValues=MOST_RUNS,
        label=say("Lay other runs over"),
        placeholder=say("Choose runs") if others else say("no other run here"),
        disabled=not others,
        w=230,
    )
    files = sorted(data_files(view.catalog.folder))
    data_of = dmc.Select(
        id="trend-data",
        data=files[:500],
        clearable=True,
        searchable=True,
        limit=100,
        label=say("Lay plant data over"),
        placeholder=say("Choose data") if files else say("no data here"),
        disabled=not files,
        w=200,
    )
    switch = dmc.Switch(
        id="trend-events", label=say("Events ({n})", n=len(data.marks)), checked=len(data.marks) <= 400, mb=8
    )
    exports = dmc.Group(
        [
            *(dmc.Button(kind, id=f"trend-{kind.lower()}", size="xs", variant="default") for kind in EXPORTS),
            dmc.NumberInput(
                id="trend-at", placeholder=say("Cursor at [h]"), size="xs", w=120, hideControls=True, debounce=600,
                **{"aria-label": say("Cursor at [h]")},
            ),
            dmc.Button(say("Clear cursors"), id="trend-uncursor", size="xs", variant="subtle"),
        ],
        gap=6,
        mb=4,
    )  # fmt: skip
    return card(
        dmc.Stack(
            [
                dmc.Group(
                    [html.Div(choose, style={"flex": 1, "minWidth": 300}), over, data_of], align="flex-end", gap="lg"
                ),
                dmc.Group(
                    [
                        switch,
                        dmc.Text(
                            say("Drag to zoom, double-click for all; click sets a cursor."), size="xs", c="dimmed"
                        ),
                        exports,
                    ],
                    justify="space-between",
                ),
                graph("trend-graph"),
                html.Div(id="trend-table"),
                html.Div(id="trend-residuals"),
                dcc.Store(id="trend-cursors", data=[]),
                dcc.Download(id="trend-download"),
            ],
            gap="sm",
        )
    )


def runs_of(catalog: Catalog, run: str | None, others: Iterable[Any] | None) -> dict[str, Dataset]:
    """The run looked at and those laid over it, by name."""
    known = set(catalog.names())
    chosen = [name for name in (others or ()) if isinstance(name, str) and name in known and name != run][:MOST_RUNS]
    return {name: catalog.dataset(name) for name in [catalog.key(run)[0], *chosen]}


def chosen_of(names: Any) -> list[str]:
    """Tags among what the browser sent."""
    return [name for name in (names or []) if isinstance(name, str)][:MOST_TAGS]


def span_of(relayout: Any) -> Span | None:
    """Times [s] that a figure is zoomed to; None for all."""
    if not isinstance(relayout, dict):
        return None
    ends: list[float] = []
    for key, value in relayout.items():
        if key.startswith("xaxis") and key.endswith(("range[0]", "range[1]")) and isinstance(value, (int, float)):
            ends.append(float(value))
        if key.startswith("xaxis") and key.endswith(".range") and isinstance(value, list):
            ends += [float(v) for v in value if isinstance(v, (int, float))]
    return (min(ends) * HOUR, max(ends) * HOUR) if len(ends) >= 2 and max(ends) > min(ends) else None


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when tags, events or appearance change; send more points when zoomed in."""

    @app.callback(Output("trend-tags", "value"), Input("chosen-tags", "data"), prevent_initial_call=True)
    def chosen(tags: Any) -> Any:
        return chosen_of(tags) or no_update

    @app.callback(
        Output("trend-tags", "value", allow_duplicate=True),
        Output("trend-residuals", "children"),
        Input("trend-data", "value"),
        State("trend-tags", "value"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def measured(name: Any, tags: Any, run: str | None) -> tuple[Any, Any]:
        found = beside(catalog, run, name)
        if found is None:
            return no_update, None
        data = catalog.dataset(run)
        theirs = [one.column.tag for one in found.tags if one.column.tag in data.series]
        note = dmc.Text(clock_note(found), size="xs", c="dimmed")
        return chosen_of(list(dict.fromkeys([*theirs, *chosen_of(tags)]))), dmc.Stack([residuals(found), note], gap=4)

    @app.callback(
        Output("trend-graph", "figure"),
        Output("trend-graph", "style"),
        Input("trend-tags", "value"),
        Input("trend-runs", "value"),
        Input("trend-events", "checked"),
        Input("trend-cursors", "data"),
        Input("theme", "data"),
        Input("revision", "data"),
        Input("trend-data", "value"),
        State("trend-graph", "relayoutData"),
        State("run", "data"),
        running=drawing("revision"),
    )
    def draw(
        names: Any, others: Any, events: bool, cursors: Any, theme: str | None, _: Any, measured: Any, zoom: Any,
        run: str | None,
    ) -> tuple[Any, Any]:  # fmt: skip
        runs = runs_of(catalog, run, others)
        figure = overlay(runs, chosen_of(names), theme_of(theme), bool(events), span_of(zoom), cursors_of(cursors))
        found = beside(catalog, run, measured)
        if found is not None:  # after the marks: a zoom tells lines and marks by their places
            lines = lines_of(runs, chosen_of(names))
            for row, trace in points(found, lines, colours_of(lines)):
                figure.add_trace(trace, row=row, col=1)
        return figure, {"height": figure.layout.height}

    @app.callback(
        Output("trend-graph", "figure", allow_duplicate=True),
        Input("trend-graph", "relayoutData"),
        State("trend-tags", "value"),
        State("trend-runs", "value"),
        State("trend-events", "checked"),
        State("trend-cursors", "data"),
        State("theme", "data"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def zoom(
        relayout: Any, names: Any, others: Any, events: bool, cursors: Any, theme: str | None, run: str | None
    ) -> Any:
        if not isinstance(relayout, dict) or not any(key.startswith("xaxis") for key in relayout):
            return no_update
        span = span_of(relayout)
        runs = runs_of(catalog, run, others)
        datasets = list(runs.values())
        lines = lines_of(runs, chosen_of(names))
        patch = Patch()
        for i, line in enumerate(lines):
            x, y = window(datasets[line.run], line.series.name, span)
            patch["data"][i]["x"] = packed(x / HOUR)
            patch["data"][i]["y"] = packed(line.shown.of(y))
        seen = span or whole_of(datasets)
        traces, shapes = around(lines, datasets[0], seen, theme_of(theme), bool(events), cursors_of(cursors))
        for i, trace in enumerate(traces, len(lines)):
            patch["data"][i].update({key: trace[key] for key in ("x", "y", "text", "marker")})
        patch["layout"]["shapes"] = shapes
        return patch

    @app.callback(
        Output("trend-cursors", "data"),
        Input("trend-graph", "clickData"),
        State("trend-cursors", "data"),
        prevent_initial_call=True,
    )
    def click(data: Any, cursors: Any) -> Any:
        points = data.get("points") if isinstance(data, dict) else None
        if not points or not isinstance(points[0].get("x"), (int, float)):
            return no_update
        return [*list(cursors or [])[-1:], float(points[0]["x"]) * HOUR]

    @app.callback(
        Output("trend-cursors", "data", allow_duplicate=True),
        Output("trend-at", "value"),
        Input("trend-at", "value"),
        State("trend-cursors", "data"),
        prevent_initial_call=True,
    )
    def typed(hours: Any, cursors: Any) -> tuple[Any, Any]:
        if not isinstance(hours, (int, float)):
            return no_update, no_update
        return [*list(cursors or [])[-1:], float(hours) * HOUR], ""

    @app.callback(
        Output("trend-cursors", "data", allow_duplicate=True),
        Input("trend-uncursor", "n_clicks"),
        prevent_initial_call=True,
    )
    def uncursor(clicks: int | None) -> Any:
        return [] if clicks else no_update

    @app.callback(
        Output("trend-table", "children"),
        Input("trend-cursors", "data"),
        Input("trend-tags", "value"),
        State("run", "data"),
    )
    def values(cursors: Any, names: Any, run: str | None) -> Any:
        at = cursors_of(cursors)
        return cursor_table(catalog.dataset(run), chosen_of(names), at) if at else None

    @app.callback(
        Output("trend-download", "data"),
        Input("trend-csv", "n_clicks"),
        State("trend-tags", "value"),
        State("trend-graph", "relayoutData"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def export(clicks: int | None, names: Any, relayout: Any, run: str | None) -> Any:
        if not clicks:
            return no_update
        text = csv_text(catalog.dataset(run), chosen_of(names), span_of(relayout))
        return {"content": text, "filename": "trends.csv", "type": "text/csv"}

    for kind in ("png", "svg"):
        app.clientside_callback(
            """
            function (clicks) {
                const figure = document.querySelector("#trend-graph .js-plotly-plot");
                if (clicks && figure) {
                    window.Plotly.downloadImage(figure, {format: "KIND", filename: "trends", scale: 2,
                        width: figure.offsetWidth, height: figure.offsetHeight});
                }
                return window.dash_clientside.no_update;
            }
            """.replace("KIND", kind),
            Output(f"trend-{kind}", "className"),
            Input(f"trend-{kind}", "n_clicks"),
            prevent_initial_call=True,
        )
