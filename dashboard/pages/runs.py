"""Runs: what there is, to search, label, open, compare and throw away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard.display import HOUR, number, shown_unit
from dashboard.pages import View
from dashboard.replay import waiting
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.vetting import UNEXPECTED, unexpected
from dashboard.widgets import card, grid
from twin.errors import TwinError

#: Rows sent to the browser at most.
MOST_ROWS = 5000
#: Runs that are laid side by side at most.
MOST_COMPARED = 6


def row_of(catalog: Catalog, name: str, labels: dict[str, list[str]]) -> dict[str, Any]:
    """Describe one run in a row of texts and numbers; a file that cannot be read says why."""
    row: dict[str, Any] = {"name": name, "labels": ", ".join(labels.get(name, ())), "pending": False}
    try:
        facts = catalog.facts(name)
        changed = datetime.fromtimestamp(catalog.file(name).stat().st_mtime, UTC)
        row |= {
            "plant": facts["plant"],
            "scenario": facts["scenario"],
            "outcome": say(facts["outcome"].replace("_", " ")),
            "made": changed.strftime("%Y-%m-%d %H:%M"),
            "hours": round(facts["end"] / HOUR, 3),
            "hash": facts["hash"].partition(":")[2][:8],
            "state": say("running or broken off") if facts["live"] else say("complete"),
        }
        figures = catalog.reported(name)
        row |= _figures(figures) if figures is not None else {"pending": True}
    except (TwinError, OSError, *UNEXPECTED) as error:
        row |= {"state": say("not readable"), "plant": unexpected(error), "broken": True}
    return row


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    """The figures of a report that fit into a row."""
    product = report["products"].get(report["product"] or next(iter(report["products"]), ""))
    judged = [row["inside"] for row in report["quality"] if row.get("inside") is not None]
    closures = [row["relative"] for row in report["balances"]]
    worst = None if not closures or None in closures else max(closures)
    made = report.get("yield")
    shown = shown_unit("kg", "", product["mass_kg"]) if product else None
    return {
        "product": f"{number(float(shown.of(product['mass_kg'])))} {shown.text}" if product and shown else "",
        "yield": round(100.0 * made["yield"], 2) if made and made["yield"] is not None else None,
        "inside": round(100.0 * min(judged), 2) if judged else None,
        "closure": number(worst, 2) if worst is not None else "",
    }


def rows(catalog: Catalog) -> list[dict[str, Any]]:
    """All runs as rows, the newest first."""
    labels = catalog.labels.all()
    return [row_of(catalog, name, labels) for name in catalog.names()[:MOST_ROWS]]


def columns(review: bool) -> list[dict[str, Any]]:
    """Columns of the table; together no wider than a page of 1280 pixels."""
    right = {"type": "rightAligned", "filter": "agNumberColumnFilter", "flex": 0, "minWidth": 58}
    name = {"cellRenderer": "Name"}
    over = {"colSpan": {"function": "params.data && params.data.broken ? 3 : 1"}}  # what is wrong with a file
    return [
        {"field": "name", "headerName": say("run"), **name, "flex": 3, "minWidth": 140},
        {"field": "plant", "headerName": say("plant"), **name, **over, "flex": 2, "minWidth": 108},
        {"field": "scenario", "headerName": say("scenario"), **name, "flex": 2, "minWidth": 120},
        {"field": "outcome", "headerName": say("outcome"), "flex": 0, "width": 90},
        {"field": "product", "headerName": say("product"), "flex": 0, "width": 78},
        {"field": "yield", "headerName": say("yield [%]"), **right, "width": 60},
        {"field": "inside", "headerName": say("in limits [%]"), **right, "width": 64},
        {"field": "closure", "headerName": say("balance error"), "flex": 0, "width": 78},
        {"field": "hours", "headerName": say("simulated [h]"), **right, "width": 86},
        {"field": "made", "headerName": say("written (UTC)"), "flex": 0, "width": 94},
        {"field": "hash", "headerName": say("hash"), "flex": 0, "width": 84},
        {"field": "state", "headerName": say("state"), "flex": 0, "width": 82},
        {"field": "labels", "headerName": say("labels"), "editable": not review, "flex": 2, "minWidth": 72},
    ]


def layout(view: View) -> Any:
    """Lay the page out."""
    review = view.catalog.review
    found = rows(view.catalog)
    table = grid("run-table", columns(review), found, max(220, min(680, 120 + 58 * len(found))), key="name")
    search = dmc.TextInput(
        id="run-search",
        placeholder=say("Search in all columns"),
        style={"flex": 1},
        size="sm",
        debounce=150,
        **{"aria-label": say("Search in all columns")},
    )
    buttons = [
        dmc.Button(say("Open"), id="run-open", size="sm", disabled=True),
        dmc.Button(say("Compare"), id="run-compare", size="sm", variant="light", disabled=True),
    ]
    if not review:
        buttons.append(
            dmc.Button(say("Move to trash"), id="run-trash", size="sm", variant="outline", color="red", disabled=True)
        )
    modal = dmc.Modal(
        id="trash-ask",
        title=say("Move these runs to the trash?"),
        closeButtonProps={"aria-label": say("Close")},
        children=[
            dmc.Text(id="trash-names", size="sm"),
            dmc.Group(
                [
                    dmc.Button(say("Cancel"), id="trash-no", variant="default"),
                    dmc.Button(say("Move to trash"), id="trash-yes", color="red"),
                ],
                justify="flex-end",
                mt="md",
            ),
        ],
    )
    hint = say("Choose one run to open it, two to six to compare.") + (
        "" if review else " " + say("Double-click a cell of the last column to label a run.")
    )
    return dmc.Stack(
        [
            card(
                dmc.Stack(
                    [
                        dmc.Group([search, *buttons], gap="sm"),
                        table,
                        dmc.Text(hint, size="xs", c="dimmed"),
                    ],
                    gap="sm",
                ),
                title=say("Runs"),
                right=dmc.Text(say("{n} runs", n=len(found)), size="xs", c="dimmed", id="run-count"),
            ),
            *([] if review else [modal]),
            dcc.Interval(id="run-poll", interval=1500, disabled=False),
            html.Div(id="run-note"),
        ],
        gap="sm",
    )


def chosen_names(selected: Any) -> list[str]:
    """Names in what the browser says is selected."""
    return [str(row.get("name", "")) for row in selected or () if isinstance(row, dict)]


def register(app: Dash, catalog: Catalog) -> None:
    """Answer searching, opening, comparing, labelling, throwing away."""

    @app.callback(
        Output("run-table", "dashGridOptions"),
        Input("run-search", "value"),
        State("run-table", "dashGridOptions"),
        prevent_initial_call=True,
    )
    def search(text: str | None, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "quickFilterText": text or ""}

    @app.callback(Output("run-open", "disabled"), Output("run-compare", "disabled"), Input("run-table", "selectedRows"))
    def enable(selected: Any) -> tuple[bool, bool]:
        n = len(chosen_names(selected))
        return n != 1, not 2 <= n <= MOST_COMPARED

    @app.callback(
        Output("address", "search", allow_duplicate=True),
        Input("run-open", "n_clicks"),
        State("run-table", "selectedRows"),
        prevent_initial_call=True,
    )
    def open_run(clicks: int | None, selected: Any) -> Any:
        names = chosen_names(selected)
        return f"?{urlencode({'run': names[0]})}" if clicks and names else no_update

    @app.callback(
        Output("address", "search", allow_duplicate=True),
        Input("run-compare", "n_clicks"),
        State("run-table", "selectedRows"),
        prevent_initial_call=True,
    )
    def compare(clicks: int | None, selected: Any) -> Any:
        names = chosen_names(selected)[:MOST_COMPARED]
        return f"?{urlencode({'page': 'compare', 'with': names}, doseq=True)}" if clicks and names else no_update

    @app.callback(
        Output("run-table", "rowData"),
        Output("run-poll", "disabled"),
        Output("run-count", "children"),
        Input("run-poll", "n_intervals"),
        State("run-table", "rowData"),
        prevent_initial_call=True,
        running=waiting("run-poll"),
    )
    def refresh(_: int | None, shown: list[dict[str, Any]] | None) -> tuple[Any, Any, Any]:
        found = rows(catalog)
        settled = not any(row["pending"] or row.get("state") == say("running or broken off") for row in found)
        count = say("{n} runs", n=len(found))
        if found == shown:
            return no_update, settled, count
        # once more: who labels a run or throws one away meanwhile gets an answer that is older than the deed
        return found, False, count

    if catalog.review:
        return

    @app.callback(Output("run-trash", "disabled"), Input("run-table", "selectedRows"))
    def may_trash(selected: Any) -> bool:
        return not chosen_names(selected)

    @app.callback(Output("run-note", "children"), Input("run-table", "cellValueChanged"), prevent_initial_call=True)
    def label(changes: Any) -> Any:
        known = set(catalog.names())
        for change in changes or ():
            row = change.get("data", {}) if isinstance(change, dict) else {}
            if change.get("colId") == "labels" and row.get("name") in known:
                catalog.labels.put(str(row["name"]), str(row.get("labels") or ""))
        return ""

    @app.callback(
        Output("trash-ask", "opened"),
        Output("trash-names", "children"),
        Input("run-trash", "n_clicks"),
        Input("trash-no", "n_clicks"),
        State("run-table", "selectedRows"),
        State("trash-ask", "opened"),
        prevent_initial_call=True,
    )
    def ask(_: int | None, __: int | None, selected: Any, opened: bool | None) -> tuple[bool, Any]:
        return not opened, ", ".join(chosen_names(selected))

    @app.callback(
        Output("run-table", "rowData", allow_duplicate=True),
        Output("trash-ask", "opened", allow_duplicate=True),
        Output("run-table", "selectedRows"),
        Input("trash-yes", "n_clicks"),
        State("run-table", "selectedRows"),
        prevent_initial_call=True,
    )
    def trash(clicks: int | None, selected: Any) -> tuple[Any, Any, Any]:
        if not clicks:
            return no_update, no_update, no_update
        for name in chosen_names(selected):
            catalog.discard(name)
        return rows(catalog), False, []
