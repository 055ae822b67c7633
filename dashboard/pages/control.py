"""Control: each loop's setpoint, measurement and output, and how well it held."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, no_update

from dashboard.data import Dataset
from dashboard.display import number, theme_of, unit_text
from dashboard.loops import loop_figure, loops, performance
from dashboard.pages import View
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import card, graph, notice, table


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    found = loops(data)
    if not found:
        return notice(say("This plant has no controllers, or nothing of them was recorded."), color="gray")
    choose = dmc.Select(
        id="loop",
        data=[
            {"value": loop.name, "label": f"{loop.label} · {loop.model} · {loop.measurement}"}
            for loop in found.values()
        ],
        value=next(iter(found)),
        label=say("Loop"),
        allowDeselect=False,
        searchable=True,
    )
    return dmc.Stack(
        [
            card(dmc.Stack([choose, graph("loop-graph", style={"height": 460})], gap="sm"), title=say("Control loops")),
            card(performances(data), title=say("How well they held over the run")),
        ],
        gap="sm",
    )


def performances(data: Dataset) -> Any:
    """Figures of all loops in a table."""
    rows = []
    for loop in loops(data).values():
        found = performance(data, loop)
        unit = data.series[loop.measurement].unit
        if not found:
            rows.append((loop.label, loop.measurement, "–", *("–" for _ in range(5))))
            continue
        rows.append(
            (
                loop.label,
                loop.measurement,
                unit_text(unit),
                number(found["IAE"]),
                number(found["mean"]),
                number(found["largest"]),
                number(found["travel"]),
                number(100.0 * found["at_limit"], 3),
            )
        )
    head = (
        say("loop"), say("measurement"), say("unit"), say("IAE [unit·s]"), say("mean error"), say("largest error"),
        say("travel of the output"), say("at a limit [% of time]"),
    )  # fmt: skip
    return table(head, rows, (3, 4, 5, 6, 7))


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when the loop or the appearance changes."""

    @app.callback(
        Output("loop-graph", "figure"),
        Input("loop", "value"),
        Input("theme", "data"),
        Input("revision", "data"),
        State("run", "data"),
    )
    def draw(name: str | None, theme: str | None, _: Any, run: str | None) -> Any:
        data = catalog.dataset(run)
        loop = loops(data).get(str(name))
        return loop_figure(data, loop, theme_of(theme)) if loop else no_update
