"""Trends: any tags over time, of one or several runs; a panel for each unit of measure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import Dash, Input, Output, Patch, State, dcc, html, no_update

from dashboard.data import MOST_SERIES, Dataset
from dashboard.display import HOUR, clock, number, shown_unit, theme_of, unit_text
from dashboard.figures import Span, lines_of, overlay, window
from dashboard.pages import View
from dashboard.runs import Catalog
from dashboard.speech import meaning, say
from dashboard.widgets import card, graph, table

#: Most tags drawn at once, and most other runs laid over.
MOST_TAGS, MOST_RUNS = 24, 5
#: Rows written to a CSV file at most.
MOST_ROWS = 500_000
EXPORTS = ("PNG", "SVG", "CSV")
HINT = "Drag to zoom, double-click for all; click sets a cursor."
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
        w=290,
    )
    switch = dmc.Switch(
        id="trend-events", label=say("Events ({n})", n=len(data.marks)), checked=len(data.marks) <= 400, mb=8
    )
    exports = dmc.Group(
        [
            *(
                dmc.Button(kind, id=f"trend-{kind.lower()}", size="xs", variant="default")
                for kind in ("PNG", "SVG", "CSV")
            ),
            dmc.Button(say("Clear cursors"), id="trend-uncursor", size="xs", variant="subtle"),
        ],
        gap=6,
        mb=4,
    )
    return card(
        dmc.Stack(
            [
                dmc.Group([html.Div(choose, style={"flex": 1, "minWidth": 300}), over], align="flex-end", gap="lg"),
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


def cursor_table(data: Dataset, names: list[str], cursors: list[float]) -> Any:
    """Exact values at the cursors, and their difference."""
    rows = []
    for name in names:
        series = data.series.get(name)
        if series is None:
            continue
        values = data.read(name)
        at = [float(values[data.row_of(time)]) for time in cursors]
        shown = shown_unit(series.unit, series.meaning, max(abs(v) for v in at))
        numbers = [float(shown.of(np.asarray(v))) for v in at]
        change = [number(numbers[1] - numbers[0], 6)] if len(numbers) == 2 else []
        rows.append((name, shown.text, *(number(v, 7) for v in numbers), *change))
    times = [clock(float(data.time[data.row_of(time)])) for time in cursors]
    head = (say("tag"), say("unit"), *times, *([say("difference")] if len(cursors) == 2 else []))
    return table(head, rows, tuple(range(2, len(head))))


def csv_text(data: Dataset, names: list[str], span: Span | None) -> str:
    """Write series as they were recorded, in SI, with a line of units."""
    known = [data.series[name] for name in names if name in data.series]
    first, last = 0, data.time.size
    if span is not None:
        first, last = int(np.searchsorted(data.time, span[0])), int(np.searchsorted(data.time, span[1], side="right"))
    last = min(last, first + MOST_ROWS)
    columns = [data.time[first:last], *(data.read(s.name)[first:last] for s in known)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *(_harmless(s.name) for s in known)])
    writer.writerow(["s", *(_harmless(s.unit) for s in known)])
    for row in zip(*columns, strict=True):
        writer.writerow([repr(float(v)) for v in row])
    return out.getvalue()


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when tags, events or appearance change; send more points when zoomed in."""

    @app.callback(Output("trend-tags", "value"), Input("chosen-tags", "data"), prevent_initial_call=True)
    def chosen(tags: Any) -> Any:
        return chosen_of(tags) or no_update

    @app.callback(
        Output("trend-graph", "figure"),
        Output("trend-graph", "style"),
        Input("trend-tags", "value"),
        Input("trend-runs", "value"),
        Input("trend-events", "checked"),
        Input("trend-cursors", "data"),
        Input("theme", "data"),
        Input("revision", "data"),
        State("trend-graph", "relayoutData"),
        State("run", "data"),
    )
    def draw(
        names: Any, others: Any, events: bool, cursors: Any, theme: str | None, _: Any, zoom: Any, run: str | None
    ) -> tuple[Any, Any]:
        runs = runs_of(catalog, run, others)
        lines = [float(at) for at in cursors or () if isinstance(at, (int, float))][:2]
        figure = overlay(runs, chosen_of(names), theme_of(theme), bool(events), span_of(zoom), lines)
        return figure, {"height": figure.layout.height}

    @app.callback(
        Output("trend-graph", "figure", allow_duplicate=True),
        Input("trend-graph", "relayoutData"),
        State("trend-tags", "value"),
        State("trend-runs", "value"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def zoom(relayout: Any, names: Any, others: Any, run: str | None) -> Any:
        if not isinstance(relayout, dict) or not any(key.startswith("xaxis") for key in relayout):
            return no_update
        span = span_of(relayout)
        runs = runs_of(catalog, run, others)
        datasets = list(runs.values())
        patch = Patch()
        for i, line in enumerate(lines_of(runs, chosen_of(names))):
            x, y = window(datasets[line.run], line.series.name, span)
            patch["data"][i]["x"] = x / HOUR
            patch["data"][i]["y"] = line.shown.of(y)
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
        at = [float(time) for time in cursors or () if isinstance(time, (int, float))][:2]
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
