"""Traceability: residence times, which lot is in which container, what was diverted, state of control."""

from __future__ import annotations

from functools import partial
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update

from dashboard.data import Dataset
from dashboard.display import theme_of
from dashboard.pages import View
from dashboard.pages.trace_cards import (
    MOST_CURVES,
    MOST_NAMES,
    control_card,
    diversion_card,
    lot_table,
    lots_card,
    residences_card,
    times_table,
    vessel_table,
)
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.tasks import refill, starter
from dashboard.trace_figures import (
    control_chart,
    diversion_figure,
    funnel_figure,
    lots_figure,
    residence_figure,
)
from dashboard.traces import Traced, open_trace
from dashboard.widgets import card, notice
from twin.results.files import FileProblem

ENDING = ".trace.h5"


def layout(view: View) -> Any:
    """Lay the page out."""
    return html.Div(contents(view.catalog, view.name), id="trace-body")


def traced(catalog: Catalog, run: str | None) -> Traced | None:
    """The trace beside a run; None without one."""
    path = catalog.beside(run, ENDING)
    if not catalog.holds(path):
        return None
    status = path.stat()
    found: Traced = catalog.once((str(path), status.st_mtime_ns, status.st_size), lambda: open_trace(path))
    return found


def contents(catalog: Catalog, run: str | None) -> Any:
    """What was traced, or how to trace."""
    data, found = catalog.dataset(run), traced(catalog, run)
    if found is None:
        why = say("twin trace follows virtual tracer, lots and age through this run, and writes them beside it.")
        start = starter(catalog, "trace", say("Trace this run"), why)
        text = say("There is no trace beside this run.")
        return card(dmc.Stack([dmc.Text(text), start], gap="sm"), title=say("Residence times, lots, diversion"))
    parts: list[Any] = []
    if found.run_hash != str(data.run.attrs.get("content_hash", "")):
        parts.append(notice(say("This trace is of a run with other content."), say("Not of this run"), "orange"))
    if found.curves:
        parts.append(residences_card(found, data.product))
    if found.vessels or found.lots:
        parts.append(lots_card(found))
    if found.diversion.get("signal") in data.series:
        parts.append(diversion_card(found, float(data.time[-1])))
    if found.control.get("tag"):
        parts.append(control_card(found))
    return dmc.Stack(parts, gap="sm")


def register(app: Dash, catalog: Catalog) -> None:
    """Answer choices."""

    def of(run: str | None) -> tuple[Dataset, Traced]:
        found = traced(catalog, run)
        if found is None:
            raise FileProblem("there is no trace beside this run")
        return catalog.dataset(run), found

    refill(app, "trace", "trace-body", partial(contents, catalog))

    @app.callback(
        Output("trace-residence", "figure"),
        Output("trace-funnel", "figure"),
        Output("trace-times", "children"),
        Input("trace-curves", "value"),
        Input("trace-kind", "value"),
        Input("theme", "data"),
        State("run", "data"),
    )
    def residences(chosen: Any, kind: str | None, theme: str | None, run: str | None) -> tuple[Any, Any, Any]:
        found = of(run)[1]
        count = len(found.curves)
        places = [int(i) for i in chosen or () if str(i).isdigit() and int(i) < count][:MOST_CURVES]
        figure = residence_figure([found.curves[i] for i in places], kind == "F", theme_of(theme))
        return figure, funnel_figure(found, places, theme_of(theme)), times_table(found, places)

    @app.callback(Output("trace-lots", "figure"), Input("theme", "data"), State("run", "data"))
    def lots(theme: str | None, run: str | None) -> Any:
        return lots_figure(of(run)[1], theme_of(theme))

    for key, names_of, tell in (
        ("vessel", lambda found: found.vessels, vessel_table),
        ("lot", lambda found: found.lots, lot_table),
    ):

        @app.callback(Output(f"trace-{key}-table", "children"), Input(f"trace-{key}", "value"), State("run", "data"))
        def show(name: str | None, run: str | None, names_of: Any = names_of, tell: Any = tell) -> Any:
            found = of(run)[1]
            return tell(found, name) if name in names_of(found) else None

        @app.callback(
            Output(f"trace-{key}", "data"),
            Input(f"trace-{key}", "searchValue"),
            State(f"trace-{key}", "value"),
            State("run", "data"),
            prevent_initial_call=True,
        )
        def search(text: str | None, value: str | None, run: str | None, names_of: Any = names_of) -> Any:
            names = names_of(of(run)[1])
            if len(names) <= MOST_NAMES:
                return no_update
            wanted = (text or "").casefold()
            hits = [name for name in names if wanted in name.casefold()][:MOST_NAMES]
            return hits if value is None or value in hits else [*hits, value]

    @app.callback(Output("trace-diversion", "figure"), Input("theme", "data"), State("run", "data"))
    def diverted(theme: str | None, run: str | None) -> Any:
        data, found = of(run)
        return diversion_figure(data, found, theme_of(theme))

    @app.callback(
        Output("trace-chart", "figure"), Input("trace-tag", "value"), Input("theme", "data"), State("run", "data")
    )
    def charted(tag: str | None, theme: str | None, run: str | None) -> Any:
        data, found = of(run)
        tags = list(found.control.get("tag", ()))
        return control_chart(data, found, tags.index(tag), theme_of(theme)) if tag in tags else no_update
