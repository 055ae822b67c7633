"""Compare: several runs over one another, their key figures side by side, and what was configured otherwise."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from dashboard.data import Dataset
from dashboard.display import number, theme_of
from dashboard.figures import overlay
from dashboard.pages import View
from dashboard.pages.trends import MOST_TAGS, chosen_of, options
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import card, graph, notice, table
from twin.compare import compare
from twin.errors import TwinError

#: Runs side by side, rows of differences, bytes of files that are compared number by number.
MOST_RUNS, MOST_ROWS, MOST_BYTES = 6, 40, 200 << 20


def layout(view: View) -> Any:
    """Lay the page out."""
    names = view.catalog.names()
    asked = [name for name in parse_qs(view.query.lstrip("?")).get("with", []) if name in names][:MOST_RUNS]
    if not asked and view.name:
        asked = [view.name]
    first = _opened(view.catalog, asked)
    data = next(iter(first.values()), None)
    choose = dmc.MultiSelect(
        id="compare-runs",
        data=names[:2000],
        value=asked,
        label=say("Runs; the first is the base case"),
        placeholder=say("Choose runs"),
        searchable=True,
        limit=200,
        maxValues=MOST_RUNS,
        style={"flex": 1},
    )
    tags = dmc.MultiSelect(
        id="compare-tags",
        data=options(data) if data else [],
        value=data.default_tags() if data else [],
        label=say("Tags"),
        placeholder=say("Search tags, units, meanings"),
        searchable=True,
        limit=200,
        maxValues=MOST_TAGS,
        hidePickedOptions=True,
    )
    return dmc.Stack(
        [
            card(dmc.Stack([choose, tags], gap="sm"), title=say("Compare")),
            card(graph("compare-graph")),
            html.Div(id="compare-tables"),
        ],
        gap="sm",
    )


def _opened(catalog: Catalog, names: Any) -> dict[str, Dataset]:
    """Runs by name; those that cannot be read are left out."""
    found = {}
    for name in names or ():
        try:
            found[str(name)] = catalog.dataset(str(name))
        except TwinError:
            continue
    return found


def figures(runs: dict[str, Dataset]) -> Any:
    """Key figures of several runs side by side; changes are against the first."""
    rows: dict[str, list[str]] = {}
    for k, data in enumerate(runs.values()):
        report = data.report
        found: dict[str, str] = {say("outcome"): say(report["outcome"].replace("_", " "))}
        for name, row in report["products"].items():
            found[f"{name} [kg]"] = number(row["mass_kg"], 6)
        made = report.get("yield")
        found[say("yield [%]")] = number(100.0 * made["yield"], 5) if made and made["yield"] is not None else "–"
        found["PMI [kg/kg]"] = number(report["pmi"], 5)
        for row in report["quality"]:
            inside = row.get("inside")
            found[f"{row['tag']} · {say('in limits [%]')}"] = number(None if inside is None else 100.0 * inside, 5)
        found[say("events")] = str(report["events"])
        for key, value in found.items():
            rows.setdefault(key, ["–"] * len(runs))[k] = value
    body = [(key, *values) for key, values in rows.items() if set(values) != {"–"}]
    return table(("", *runs), body, tuple(range(1, 1 + len(runs))))


def differences(one: Dataset, other: Dataset) -> list[Any]:
    """What was configured otherwise, and which quantities differ most."""
    if max(data.run.path.stat().st_size for data in (one, other)) > MOST_BYTES:
        return [notice(say("These files are too large to be compared number by number here; twin compare does it."))]
    found = compare(one.run, other.run)
    texts = [(row["path"], _short(row["a"]), _short(row["b"])) for row in found["configuration"][:MOST_ROWS]]
    tags = [
        (
            row["tag"],
            row["unit"],
            number(row["largest"]),
            number(row["at_s"] / 3600.0),
            number(row["final_a"]),
            number(row["final_b"]),
        )
        for row in found["tags"][:MOST_ROWS]
    ]
    parts = []
    if found["same"]:
        parts.append(notice(say("Both files hold the same content."), color="teal"))
    if texts:
        head = (say("path"), say("base case"), say("other"))
        parts.append(card(table(head, texts), title=say("Configured otherwise (SI)")))
    if tags:
        head6 = (say("tag"), say("unit"), say("largest difference"), say("at [h]"), say("at the end"), say("other"))
        parts.append(card(table(head6, tags, (2, 3, 4, 5)), title=say("What differs most")))
    return parts


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:160]}…"


def register(app: Dash, catalog: Catalog) -> None:
    """Redraw when runs or tags change."""

    @app.callback(
        Output("compare-graph", "figure"),
        Output("compare-graph", "style"),
        Input("compare-runs", "value"),
        Input("compare-tags", "value"),
        Input("theme", "data"),
    )
    def draw(names: Any, tags: Any, theme: str | None) -> tuple[Any, Any]:
        runs = _opened(catalog, (names or [])[:MOST_RUNS])
        figure = overlay(runs, chosen_of(tags), theme_of(theme), events=False)
        return figure, {"height": figure.layout.height}

    @app.callback(Output("compare-tables", "children"), Input("compare-runs", "value"))
    def tables(names: Any) -> Any:
        runs = _opened(catalog, (names or [])[:MOST_RUNS])
        if not runs:
            return None
        parts = [card(figures(runs), title=say("Key figures"))]
        if len(runs) >= 2:
            one, other = list(runs.values())[:2]
            parts += differences(one, other)
        return dmc.Stack(parts, gap="sm")
