"""What-if: a scenario with other values and events, run in the background and set against the base case."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import changes as texts
from dashboard import whatif
from dashboard.pages import View
from dashboard.pages.whatif_forms import change_panel, diff_lines, event_form, form, form_tabs
from dashboard.pages.whatif_runs import register_runs
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import card
from twin.errors import TwinError


def layout(view: View) -> Any:
    """Lay the page out."""
    names = whatif.scenarios(view.catalog.folder)
    own = str(view.data.run.attrs.get("scenario", "")) if view.name else ""
    asked = view.asked("scenario")
    first = next((name for name in (asked, own, "two_tanks") if name in names), names[0])
    choose = dmc.Group(
        [
            dmc.Select(
                id="wi-scenario",
                data=names,
                value=first,
                label=say("Scenario"),
                searchable=True,
                allowDeselect=False,
                style={"flex": 1},
            ),
            dmc.Select(id="wi-owner", label=say("Unit, controller or feed"), searchable=True, style={"flex": 1}),
            dmc.TextInput(id="wi-until", label=say("Stop at"), placeholder="8 h", w=110, debounce=300),
        ],
        gap="sm",
        align="flex-end",
    )
    return dmc.Stack(
        [
            card(choose, title=say("What if?")),
            dmc.Grid(
                [
                    dmc.GridCol(card(form_tabs(), h="100%"), span={"base": 12, "lg": 7}),
                    dmc.GridCol(card(change_panel(), title=say("The change"), h="100%"), span={"base": 12, "lg": 5}),
                ],
                gutter="sm",
            ),
            dcc.Store(id="wi-changes", data={}),
            dcc.Store(id="wi-event-changes", data={}),
            dcc.Store(id="wi-removed", data=[]),
            dcc.Store(id="wi-added", data=[]),
            dcc.Store(id="wi-job"),
            dcc.Interval(id="wi-clock", interval=400, disabled=True),
        ],
        gap="sm",
    )


def register(app: Dash, catalog: Catalog) -> None:
    """Answer choices, changes, runs."""
    if catalog.review:
        return

    def text_of(name: Any, values: Any, events: Any, removed: Any, added: Any) -> tuple[whatif.Base, str]:
        base = whatif.base_of(str(name), catalog.folder)
        return base, texts.changed(base.text, values or {}, events or {}, removed or [], added or [])

    @app.callback(
        Output("wi-owner", "data"),
        Output("wi-owner", "value"),
        Output("wi-changes", "data"),
        Output("wi-event-changes", "data"),
        Output("wi-removed", "data"),
        Output("wi-added", "data"),
        Input("wi-scenario", "value"),
        Input("wi-reset", "n_clicks"),
    )
    def pick(name: str | None, _: int | None) -> tuple[Any, ...]:
        resolved = whatif.plain_of(whatif.base_of(str(name), catalog.folder))
        found = whatif.owners(resolved)
        heads = {"units": say("Units"), "controllers": say("Controllers"), "feeds": say("Feeds")}
        data = [{"group": heads[key], "items": items} for key, items in found.items() if items]
        first = next((items[0] for items in found.values() if items), None)
        return data, first, {}, {}, [], []

    @app.callback(
        Output("wi-form", "children"),
        Output("wi-events", "children"),
        Input("wi-owner", "value"),
        Input("wi-reset", "n_clicks"),
        State("wi-scenario", "value"),
        State("wi-changes", "data"),
        State("wi-event-changes", "data"),
        State("wi-removed", "data"),
    )
    def forms(
        owner: str | None, _: int | None, name: str | None, changes: Any, events: Any, removed: Any
    ) -> tuple[Any, Any]:
        if ctx.triggered_id == "wi-reset":
            changes, events, removed = {}, {}, []
        base = whatif.base_of(str(name), catalog.folder)
        rows = event_form(base.text, events or {}, removed or [])
        return (form(whatif.plain_of(base), owner, changes or {}) if owner else None), rows

    @app.callback(
        Output("wi-changes", "data", allow_duplicate=True),
        Input({"type": "wi-value", "path": ALL}, "value"),
        State({"type": "wi-value", "path": ALL}, "id"),
        State("wi-changes", "data"),
        prevent_initial_call=True,
    )
    def typed(values: list[Any], ids: list[dict[str, str]], changes: Any) -> Any:
        return _merged(changes, [(one["path"], value) for one, value in zip(ids, values, strict=True)])

    @app.callback(
        Output("wi-event-changes", "data", allow_duplicate=True),
        Input({"type": "wi-event", "key": ALL}, "value"),
        State({"type": "wi-event", "key": ALL}, "id"),
        State("wi-event-changes", "data"),
        prevent_initial_call=True,
    )
    def moved(values: list[Any], ids: list[dict[str, str]], changes: Any) -> Any:
        return _merged(changes, [(one["key"], value) for one, value in zip(ids, values, strict=True)])

    @app.callback(
        Output("wi-removed", "data", allow_duplicate=True),
        Input({"type": "wi-leave", "number": ALL}, "checked"),
        State({"type": "wi-leave", "number": ALL}, "id"),
        prevent_initial_call=True,
    )
    def left_out(checked: list[bool], ids: list[dict[str, int]]) -> Any:
        return [one["number"] for one, is_ in zip(ids, checked, strict=True) if is_]

    @app.callback(
        Output("wi-added", "data", allow_duplicate=True),
        Input("wi-add", "n_clicks"),
        State("wi-new-at", "value"),
        State("wi-new-path", "value"),
        State("wi-new-value", "value"),
        State("wi-added", "data"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None, at: str | None, path: str | None, value: str | None, added: Any) -> Any:
        if not clicks or not (at and path and value):
            return no_update
        return [*(added or []), {"at": at, "path": path, "value": value}]

    @app.callback(
        Output("wi-diff", "children"),
        Output("wi-problem", "children"),
        Output("wi-run", "disabled"),
        Input("wi-changes", "data"),
        Input("wi-event-changes", "data"),
        Input("wi-removed", "data"),
        Input("wi-added", "data"),
        State("wi-scenario", "value"),
    )
    def judge(values: Any, events: Any, removed: Any, added: Any, name: str | None) -> tuple[Any, Any, bool]:
        base, text = text_of(name, values, events, removed, added)
        lines = texts.diff(texts.normal(base.text), text)
        try:
            whatif.spec_of(base, text)
        except TwinError as error:
            return diff_lines(lines), dmc.Alert(html.Pre(str(error), className="prose"), color="red"), True
        return (diff_lines(lines) or say("Nothing changed yet.")), None, not lines

    @app.callback(
        Output("wi-saved", "children"),
        Input("wi-save", "n_clicks"),
        State("wi-name", "value"),
        State("wi-scenario", "value"),
        State("wi-changes", "data"),
        State("wi-event-changes", "data"),
        State("wi-removed", "data"),
        State("wi-added", "data"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, to: Any, name: Any, values: Any, events: Any, removed: Any, added: Any) -> Any:
        if not clicks:
            return no_update
        base, text = text_of(name, values, events, removed, added)
        path = whatif.save(base, text, str(to or ""), catalog.folder)
        return dmc.Text(say("Saved as {name}", name=path.name), size="sm")

    register_runs(app, catalog, text_of)


def _merged(changes: Any, given: list[tuple[str, Any]]) -> Any:
    """Changes with what has been typed; what is blank is as in the base."""
    found = dict(changes or {})
    for key, value in given:
        if value in (None, ""):
            found.pop(key, None)
        else:
            found[key] = str(value)
    return found if found != (changes or {}) else no_update
