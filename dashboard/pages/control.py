"""Control: each loop's setpoint, measurement and output, how well it held, its tuning, its responses."""

from __future__ import annotations

from functools import partial
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update

from dashboard.data import Dataset
from dashboard.display import number, theme_of, unit_text
from dashboard.linear_figures import linear_figure, open_linear, responses
from dashboard.loops import loop_figure, loops, performance
from dashboard.pages import View
from dashboard.replay import drawing
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.tasks import refill, starter
from dashboard.tuned import (
    indices_table,
    loop_gain_figure,
    open_tuning,
    process_text,
    response_figure,
    settings_table,
)
from dashboard.widgets import card, graph, notice, table
from twin.errors import TwinError

#: Files of linear systems beside a run: their endings and what they are.
SYSTEMS = {".loops.npz": "loops opened: what they move → what they measure",
           ".setpoints.npz": "loops closed: setpoints → what they measure",
           ".linear.npz": "twin linearise"}  # fmt: skip
TUNING = ".tuning.json"


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    found = loops(data)
    responses_card = card(
        html.Div(linear(view.catalog, view.name), id="linear-body"), title=say("Step and frequency responses")
    )
    if not found:
        none = notice(say("This plant has no controllers, or nothing of them was recorded."), color="gray")
        return dmc.Stack([none, *([responses_card] if systems(view.catalog, view.name) else [])], gap="sm")
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
            card(html.Div(tuning(view.catalog, view.name), id="tuning-body"), title=say("Tuning, before and after")),
            responses_card,
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


def tuning(catalog: Catalog, run: str | None) -> Any:
    """What twin tune found, or how to tune."""
    path = catalog.beside(run, TUNING)
    if not catalog.holds(path):
        why = say(
            "twin tune steps each loop at the end of the run, identifies it, and gives settings by SIMC with margins."
        )
        return starter(catalog, "tuning", say("Tune the loops"), why)
    try:
        found = open_tuning(path)
    except TwinError as error:
        return notice(str(error))
    choose = dmc.Select(
        id="tuning-loop", data=list(found["loops"]), value=next(iter(found["loops"]), None), label=say("Loop"),
        allowDeselect=False, w=260,
    )  # fmt: skip
    indices = indices_table(found)
    parts = [settings_table(found), *([indices] if indices is not None else []), choose, html.Div(id="tuning-process")]
    parts += [graph("tuning-steps", style={"height": 360}), graph("tuning-gain", style={"height": 360})]
    text = say("Steps are of the identified process, gain and phase of the linearised plant; both with the delay that "
               "was allowed for, {file}.", file=path.name)  # fmt: skip
    return dmc.Stack([*parts, dmc.Text(text, size="xs", c="dimmed")], gap="sm")


def systems(catalog: Catalog, run: str | None) -> list[dict[str, str]]:
    """Linear systems beside a run, to choose from."""
    return [
        {"value": ending, "label": f"{say(text)} ({catalog.beside(run, ending).name})"}
        for ending, text in SYSTEMS.items()
        if catalog.holds(catalog.beside(run, ending))
    ]


def linear(catalog: Catalog, run: str | None) -> Any:
    """Responses of the linearised plant, and buttons for those that there are not yet."""
    found = systems(catalog, run)
    known = {one["value"] for one in found}
    starters = []
    if ".loops.npz" not in known:
        why = say("the plant at the end of the run, its loops opened")
        starters.append(starter(catalog, "loops", say("Linearise, loops open"), why))
    if ".setpoints.npz" not in known:
        why = say("the plant at the end of the run, its loops closed")
        starters.append(starter(catalog, "setpoints", say("Linearise, loops closed"), why))
    if not found:
        return dmc.Stack(starters, gap="sm")
    try:
        first = open_linear(catalog.beside(run, found[0]["value"]))
    except TwinError as error:
        return dmc.Stack([notice(str(error)), *starters], gap="sm")
    shared = {"allowDeselect": False, "searchable": True, "limit": 200}
    choose = dmc.Group(
        [
            dmc.Select(
                id="linear-file", data=found, value=found[0]["value"], label=say("System"), style={"flex": 2}, **shared
            ),
            dmc.Select(
                id="linear-input", data=numbered(first.inputs), value="0", label=say("Input"), style={"flex": 1},
                **shared,
            ),
            dmc.Select(
                id="linear-output", data=numbered(first.outputs), value="0", label=say("Output"), style={"flex": 1},
                **shared,
            ),
        ],
        gap="sm",
    )  # fmt: skip
    parts = [choose, graph("linear-graph", style={"height": 360}), html.Div(id="linear-note")]
    return dmc.Stack([*parts, *starters], gap="sm")


def numbered(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Names to choose from, by their places."""
    return [{"value": str(i), "label": name} for i, name in enumerate(names)]


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when the loop or the appearance changes."""

    @app.callback(
        Output("loop-graph", "figure"),
        Input("loop", "value"),
        Input("theme", "data"),
        Input("revision", "data"),
        State("run", "data"),
        running=drawing("revision"),
    )
    def draw(name: str | None, theme: str | None, _: Any, run: str | None) -> Any:
        data = catalog.dataset(run)
        loop = loops(data).get(str(name))
        return loop_figure(data, loop, theme_of(theme)) if loop else no_update

    refill(app, "tuning", "tuning-body", partial(tuning, catalog))
    for kind in ("loops", "setpoints"):
        refill(app, kind, "linear-body", partial(linear, catalog))

    @app.callback(
        Output("tuning-process", "children"),
        Output("tuning-steps", "figure"),
        Output("tuning-gain", "figure"),
        Output("tuning-gain", "style"),
        Input("tuning-loop", "value"),
        Input("theme", "data"),
        State("run", "data"),
    )
    def tuned_loop(name: str | None, theme: str | None, run: str | None) -> tuple[Any, Any, Any, Any]:
        loop = open_tuning(catalog.beside(run, TUNING))["loops"].get(str(name))
        if loop is None:
            return no_update, no_update, no_update, no_update
        gain = loop_gain_figure(loop, theme_of(theme))
        told = dmc.Text(say("identified: {process}", process=process_text(loop["process"])), size="sm")
        steps = response_figure(loop, theme_of(theme))
        if gain is None:
            return told, steps, no_update, {"display": "none"}
        return told, steps, gain, {"height": 360}

    @app.callback(
        Output("linear-input", "data"),
        Output("linear-output", "data"),
        Output("linear-input", "value"),
        Output("linear-output", "value"),
        Input("linear-file", "value"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def choose_system(ending: str | None, run: str | None) -> tuple[Any, Any, Any, Any]:
        if ending not in SYSTEMS:
            return no_update, no_update, no_update, no_update
        found = system(run, ending)
        return numbered(found.inputs), numbered(found.outputs), "0", "0"

    def system(run: str | None, ending: str) -> Any:
        path = catalog.beside(run, ending)
        return catalog.once((str(path), path.stat().st_mtime_ns), lambda: open_linear(path))

    @app.callback(
        Output("linear-graph", "figure"),
        Output("linear-note", "children"),
        Input("linear-input", "value"),
        Input("linear-output", "value"),
        Input("theme", "data"),
        State("linear-file", "value"),
        State("run", "data"),
    )
    def respond(source: Any, target: Any, theme: str | None, ending: str | None, run: str | None) -> tuple[Any, Any]:
        if ending not in SYSTEMS:
            return no_update, no_update
        linear = system(run, ending)
        i, o = (int(v) if str(v).isdigit() else 0 for v in (source, target))
        if i >= len(linear.inputs) or o >= len(linear.outputs):
            return no_update, no_update
        path = catalog.beside(run, ending)
        key = (str(path), path.stat().st_mtime_ns, i, o)
        try:
            found = catalog.once(key, lambda: responses(linear, i, o))
        except TwinError as error:
            return no_update, notice(str(error), color="gray")
        text = say("{title}; {n} states lie between them. A step of 1 {unit} in {source}.", title=linear.title,
                   n=found.states, unit=unit_text(found.source_unit), source=found.source)  # fmt: skip
        return linear_figure(found, theme_of(theme)), dmc.Text(text, size="xs", c="dimmed")
