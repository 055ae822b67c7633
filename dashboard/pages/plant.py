"""The plant: key figures, flowsheet, and what is behind each unit."""

from __future__ import annotations

from typing import Any

import dash_cytoscape as cyto
import dash_mantine_components as dmc
import numpy as np
from dash import Dash, Input, Output, State, html, no_update

from dashboard.data import Dataset, described
from dashboard.display import number, shown_unit, theme_of, unit_text
from dashboard.figures import trends
from dashboard.flowsheet import elements, extent, stylesheet
from dashboard.pages.cards import cards
from dashboard.runs import Catalog
from dashboard.widgets import card, graph, table
from twin.flowsheet.routes import streams_of
from twin.flowsheet.symbols import KIND_NAMES

#: Elements of an array written out in the table of parameters.
MOST_VALUES = 12


def layout(data: Dataset) -> Any:
    """Lay the page out."""
    legend = [
        dmc.Group(
            [html.Span(className="swatch", style={"background": colour}), dmc.Text(name, size="xs", c="dimmed")], gap=6
        )
        for colour, name in streams_of(data.sheet.edges)
    ]
    first = next((s.owner for name in data.default_tags() if (s := data.series[name]) and data.sheet.node(s.owner)), "")
    figures = cards(data)
    width, height = extent(data.sheet)
    pixels = round(min(560.0, max(260.0, height * min(1.2, 1180.0 / width) + 40.0)))
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
    return dmc.Stack(
        [
            dmc.SimpleGrid(figures, cols={"base": 2, "sm": 3, "lg": len(figures)}, spacing="sm"),
            card(drawing, title="Flowsheet", right=dmc.Group(legend, gap="md")),
            card(html.Div(details(data, first), id="unit-details")),
        ],
        gap="sm",
    )


def register(app: Dash, catalog: Catalog) -> None:
    """Answer clicks on the flowsheet."""

    @app.callback(Output("flowsheet", "stylesheet"), Input("theme", "data"))
    def restyle(theme: str | None) -> list[dict[str, Any]]:
        return stylesheet(theme_of(theme))

    @app.callback(
        Output("unit-details", "children"),
        Output("trend-tags", "value", allow_duplicate=True),
        Input("flowsheet", "tapNodeData"),
        Input("theme", "data"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def select(tapped: dict[str, Any] | None, theme: str | None, run: str | None) -> tuple[Any, Any]:
        if not isinstance(tapped, dict):
            return no_update, no_update
        data = catalog.dataset(run)
        name = str(tapped.get("name", ""))
        tags = data.tags_of(name)
        return details(data, name, theme), tags or no_update

    @app.callback(Output("tabs", "value"), Input("open-trends", "n_clicks"), prevent_initial_call=True)
    def open_trends(clicks: int | None) -> Any:
        return "trends" if clicks else no_update


def details(data: Dataset, name: str, theme: str | None = None) -> Any:
    """Show what is behind a unit, controller, feed or product."""
    node = data.sheet.node(name)
    if node is None:
        return dmc.Text("Click a unit for its trends and parameters.", c="dimmed", size="sm")
    model = described(node.model)
    tags = data.tags_of(name)
    kind = KIND_NAMES.get(node.kind, node.role)
    button = dmc.Button("Open trends", id="open-trends", size="xs", variant="light", disabled=not tags)
    names = [
        dmc.Title(node.label or node.name, order=2, size="h4"),
        dmc.Text(node.name if kind == node.name else f"{node.name} · {kind}", c="dimmed", size="sm"),
    ]
    left: list[Any] = [dmc.Group([dmc.Stack(names, gap=0), button], justify="space-between", align="flex-start")]
    if model:
        left.append(dmc.Text(model["summary"], size="sm"))
    if tags:
        figure = trends(data, tags[:3], theme_of(theme), events=False)
        height = 120 * sum(1 for key in figure.layout if key.startswith("yaxis")) + 130
        figure.update_layout(height=height, margin={"l": 66, "r": 8, "b": 44}, font={"size": 11})
        left.append(graph("unit-trend", figure, style={"height": height}))
    right: list[Any] = []
    rows = parameters(data, name, model)
    if rows:
        right.append(
            dmc.ScrollArea(
                table(("parameter", "value", "unit"), rows, (1,), className="parameters"), mah=430, type="auto"
            )
        )
    if model:
        text = dmc.AccordionPanel(dmc.Code(model["description"], block=True, className="prose"))
        item = dmc.AccordionItem([dmc.AccordionControl("Assumptions, balances, references"), text], value="model")
        right.append(dmc.Accordion(item, variant="contained", radius="md"))
    return dmc.Grid(
        [
            dmc.GridCol(dmc.Stack(left, gap="sm"), span={"base": 12, "lg": 7}),
            dmc.GridCol(dmc.Stack(right, gap="sm"), span={"base": 12, "lg": 5}),
        ],
        gutter="xl",
    )


def parameters(data: Dataset, name: str, model: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """Parameters of a unit with their units, as the resolved configuration gives them."""
    units = {row["name"]: row for row in model.get("tables", {}).get("parameters", ())}
    rows = []
    for key, value in settings(data, name).items():
        known = units.get(key, {})
        meaning = str(known.get("meaning", ""))
        label = dmc.Stack([dmc.Text(key, size="sm", fw=550), dmc.Text(meaning, size="xs", c="dimmed", lh=1.25)], gap=0)
        text, unit = written(_named(data, value, known), str(known.get("unit", "")), meaning)
        rows.append((label, text, unit))
    return rows


def _named(data: Dataset, value: Any, known: dict[str, Any]) -> Any:
    """Give a list along the plant's components as a mapping by their names."""
    dims = known.get("dimensions", ())
    names = data.plant.get(dims[0]) if len(dims) == 1 else None
    if isinstance(value, list) and isinstance(names, list) and len(names) == len(value):
        return {str(name): item for name, item in zip(names, value, strict=True)}
    return value


def settings(data: Dataset, name: str) -> dict[str, Any]:
    """What the configuration sets for a unit, controller or feed: from the resolved one, else the plant's."""
    for source in (data.resolved, data.plant):
        for section in ("units", "controllers", "feeds"):
            group = source.get(section)
            found = group.get(name) if isinstance(group, dict) else None
            if isinstance(found, dict):
                inner = found.get("params")
                if isinstance(inner, dict):
                    return inner
                if section != "units":
                    return {
                        k: v for k, v in found.items() if k not in ("model", "label", "position", "initial", "nominal")
                    }
    return {}


def written(value: Any, unit: str, meaning: str) -> tuple[str, str]:
    """Write a parameter's value, and its unit, for people."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value), ""
    if isinstance(value, (int, float)):
        shown = shown_unit(unit, meaning, abs(float(value)))
        return number(float(shown.of(np.asarray(float(value))))), "" if shown.text == "–" else shown.text
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if len(items) > MOST_VALUES:
        return f"{len(items)} values", unit_text(unit) if unit not in ("", "1") else ""
    words = [
        f"{key}: {written(item, '1', '')[0]}" if isinstance(value, dict) else written(item, "1", "")[0]
        for key, item in items
    ]
    return ", ".join(words), unit_text(unit) if unit not in ("", "1") else ""
