"""Quality: critical attributes against their limits while the plant makes product, and what was diverted."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import Dash, Input, Output, State, no_update

from dashboard.data import Dataset
from dashboard.display import number, shown_unit, theme_of
from dashboard.figures import trends
from dashboard.pages import View
from dashboard.pages.cards import share_badge
from dashboard.quality import capability, histogram, judged
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import card, graph, notice, table


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    tags = [tag for tag in data.limits if tag in data.series]
    parts: list[Any] = []
    if tags:
        choose = dmc.Select(
            id="quality-tag", data=tags, value=tags[0], label=say("Attribute"), allowDeselect=False, w=360
        )
        parts.append(card(attributes(data, tags), title=say("Attributes against their limits")))
        parts.append(
            card(
                choose,
                dmc.Grid(
                    [
                        dmc.GridCol(graph("quality-trend", style={"height": 420}), span={"base": 12, "lg": 7}),
                        dmc.GridCol(graph("quality-histogram", style={"height": 330}), span={"base": 12, "lg": 5}),
                    ]
                ),
            )
        )
    else:
        text = say("The scenario sets no limits: quality: in its file names tags, limits and an averaging time.")
        parts.append(notice(text, say("No limits"), "gray"))
    products = destinations(data)
    if products:
        head = (say("leaves as"), "kg", say("share [%]"))
        parts.append(card(table(head, products, (1, 2)), title=say("Where the material went")))
    return dmc.Stack(parts, gap="sm")


def attributes(data: Dataset, tags: list[str]) -> Any:
    """Mean, spread, share inside and Ppk of each attribute; of all that its unit made, and of what became product."""
    rows = []
    left = {row["tag"]: row.get("inside") for row in data.report["quality"]}
    for tag in tags:
        low, high = data.limits[tag]
        values, weights = judged(data, tag)
        found = capability(values, weights, low, high)
        series = data.series[tag]
        shown = shown_unit(series.unit, series.meaning, float(np.abs(values).max(initial=0.0)))
        if not found:
            rows.append((tag, shown.text, *("–" for _ in range(6))))
            continue
        limits = " … ".join(number(float(shown.of(np.asarray(limit)))) for limit in (low, high))
        badges = share_badge(found["inside"]), share_badge(left.get(tag))
        mean = number(float(shown.of(np.asarray(found["mean"]))), 5)
        std = number(found["std"] * shown.factor, 3)
        rows.append((tag, shown.text, limits, mean, std, number(found["ppk"], 3), *badges))
    head = (say("attribute"), say("unit"), say("limits"), say("mean"), say("standard deviation"), "Ppk",
            say("inside, all made"), say("inside, product"))  # fmt: skip
    told = say(
        "All that the unit made counts, start-up and diverted material, too; but for the last column: there the "
        "moving averages of the scenario's quality: while product leaves the plant, as on the other pages."
    )
    return dmc.Stack([table(head, rows, (2, 3, 4, 5, 6, 7)), dmc.Text(told, size="xs", c="dimmed")], gap="xs")


def destinations(data: Dataset) -> list[tuple[str, str, str]]:
    """Masses that left the plant, by where."""
    products = data.report["products"]
    total = sum(row["mass_kg"] or 0.0 for row in products.values())
    return [
        (name, number(row["mass_kg"]), number(100.0 * row["mass_kg"] / total, 3))
        for name, row in products.items()
        if row["mass_kg"] is not None and total > 0.0
    ]


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when the attribute or the appearance changes."""

    @app.callback(
        Output("quality-trend", "figure"),
        Output("quality-histogram", "figure"),
        Input("quality-tag", "value"),
        Input("theme", "data"),
        State("run", "data"),
    )
    def draw(tag: str | None, theme: str | None, run: str | None) -> tuple[Any, Any]:
        data = catalog.dataset(run)
        if tag not in data.limits or tag not in data.series:
            return no_update, no_update
        return trends(data, [tag], theme_of(theme)), histogram(data, tag, theme_of(theme))
