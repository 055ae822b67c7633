"""Trends: any tags over time, a panel for each unit of measure."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html

from dashboard.data import MOST_SERIES, Dataset
from dashboard.display import theme_of, unit_text
from dashboard.figures import trends
from dashboard.runs import Catalog
from dashboard.widgets import card, graph

#: Most tags drawn at once.
MOST_TAGS = 24
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
        entry = {"value": series.name, "label": f"{series.name}{unit} · {series.meaning}"}
        groups.setdefault(_HEADS.get(series.kind, series.kind), []).append(entry)
    return [{"group": head, "items": items} for head, items in groups.items()]


def layout(data: Dataset) -> Any:
    """Lay the page out."""
    note = f"The first {MOST_SERIES} tags are offered." if len(data.series) >= MOST_SERIES else None
    choose = dmc.MultiSelect(
        id="trend-tags",
        data=options(data),
        value=data.default_tags(),
        searchable=True,
        clearable=True,
        limit=200,
        maxValues=MOST_TAGS,
        placeholder="Search tags, units, meanings",
        label="Tags",
        description=note,
        hidePickedOptions=True,
        maxDropdownHeight=360,
        nothingFoundMessage="No such tag",
    )
    switch = dmc.Switch(id="trend-events", label=f"Events ({len(data.marks)})", checked=True, mb=8)
    return card(
        dmc.Stack(
            [
                dmc.Group([html.Div(choose, style={"flex": 1}), switch], align="flex-end", gap="lg"),
                graph("trend-graph"),
            ],
            gap="sm",
        )
    )


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when tags, events or appearance change."""

    @app.callback(
        Output("trend-graph", "figure"),
        Output("trend-graph", "style"),
        Input("trend-tags", "value"),
        Input("trend-events", "checked"),
        Input("theme", "data"),
        State("run", "data"),
    )
    def draw(names: list[str] | None, events: bool, theme: str | None, run: str | None) -> tuple[Any, Any]:
        chosen = [name for name in (names or []) if isinstance(name, str)][:MOST_TAGS]
        figure = trends(catalog.dataset(run), chosen, theme_of(theme), bool(events))
        return figure, {"height": figure.layout.height}
