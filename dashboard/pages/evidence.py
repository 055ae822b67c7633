"""Evidence: what holds of the file as it stands on disk, checked now; nothing on this page writes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard.aside import evidence, is_large
from dashboard.data import Dataset
from dashboard.display import number
from dashboard.dossiers import PLACE, Bundle, bundle_of, dossiers
from dashboard.pages import View
from dashboard.pages.balances import balance_table
from dashboard.runs import Catalog
from dashboard.speech import language, say
from dashboard.widgets import card, grid, table
from twin.evidence.chain import log_of, read
from twin.evidence.dossier.cases import stored
from twin.evidence.dossier.words import say as word
from twin.evidence.findings import MEANINGS, Kind

#: Entries of the log shown at most, the last ones; dossiers shown.
MOST_ENTRIES, MOST_DOSSIERS = 500, 6
#: States of a dossier's sections and their colours.
COLOURS = {"DEMONSTRATED": "teal", "PARTLY": "orange", "NOT DEMONSTRATED": "red"}


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    again = dmc.Button(say("Check again"), id="evidence-again", size="xs", variant="default")
    parts = [
        card(html.Div(dmc.Loader(size="sm"), id="evidence-check"), title=say("Checked now"), right=again),
        card(dossier_list(view.catalog, view.name), title=say("Dossiers")),
        card(balance_table(data.report), title=say("Balances")) if data.report["balances"] else None,
        card(verified(data), title=say("Verified cases behind the models of this plant")),
        card(audit(data), title=say("Log of this folder")),
    ]
    return dmc.Stack([part for part in parts if part is not None], gap="sm")


def checked(data: Dataset) -> Any:
    """Verify the file and everything beside it; green or red, with the reasons."""
    return verdict(evidence(data.run.path), "evidence-verdict")


def verdict(found: dict[str, Any], identifier: Any) -> Any:
    """What a check found: green or red, with the reasons and what was seen."""
    facts = found["facts"]
    if found["ok"]:
        head = dmc.Alert(
            say("Numbers, texts and attributes are what the run wrote: computed from the file on disk just now."),
            title=say("Verified"),
            color="teal",
            id=identifier,
            className="verdict-ok",
        )
    else:
        kind = found["kind"]
        why = say(MEANINGS[Kind(kind)]) if kind is not None else ""
        lines = html.Ul([html.Li(f"{say(MEANINGS[Kind(one)])}: {text}") for one, text in found["wrong"][:20]])
        head = dmc.Alert([why, lines], title=say("Not verified"), color="red", id=identifier, className="verdict-bad")
    rows = [(say("content hash"), str(facts.get("content_hash") or say("none")))]
    rows.append((say("made final"), str(facts.get("final") or say("no"))))
    signed = [*facts.get("signatures", []), *facts.get("dossier_signatures", [])]
    rows += [(say("signature"), line) for line in signed] or [(say("signatures"), say("none"))]
    if "log" in facts:
        rows.append((say("log"), say("{n} entries, head {head}", n=facts["log"]["entries"], head=facts["log"]["head"])))
    rows += [(say("remark"), text) for text in found["remarks"][:20]]
    return dmc.Stack([head, table(("", ""), rows, className="facts")], gap="sm")


def dossier_list(catalog: Catalog, run: str | None) -> Any:
    """Dossiers of this run, section by section."""
    found = dossiers(catalog, run)[:MOST_DOSSIERS]
    if not found:
        text = say("There is no dossier of this run in its folder: twin dossier build writes one.")
        return dmc.Text(text, c="dimmed", size="sm")
    return dmc.Stack([dossier(one, str(catalog.file(run).name)) for one in found], gap="lg")


def dossier(one: Bundle, run: str) -> Any:
    """One dossier: its conclusion, its sections with their states, a link to its page, and its check."""
    conclusion = one.data["conclusion"]
    adequate = bool(conclusion["adequate"])
    why = [word(row["key"], language(), **{k: v for k, v in row.items() if k != "key"})
           for row in one.data["sections"]["D23"]["why"]]  # fmt: skip
    rows = [
        (
            name,
            title,
            dmc.Badge(word(state, language()), color=COLOURS.get(state, "gray"), variant="outline", tt="none"),
            say("asked for") if asked else "",
            "; ".join(reasons),
        )
        for name, title, state, asked, reasons in one.sections
        if name not in ("D23", "D24")
    ]
    link = dmc.Anchor(
        say("Open the whole dossier"),
        href=f"{PLACE}?{urlencode({'run': run, 'file': one.path.name})}",
        target="_blank",
        size="sm",
    )
    check = {"type": "dossier-check", "file": one.path.name}
    small = not is_large(one.path)
    return dmc.Stack(
        [
            dmc.Group(
                [
                    dmc.Text(str(one.data["title"]), fw=600),
                    dmc.Badge(word(str(one.data["status"]), language()), color="gray", variant="outline", tt="none"),
                    link,
                    dmc.Text(one.path.name, size="xs", c="dimmed"),
                ],
                gap="sm",
            ),
            dmc.Alert(html.Ul([html.Li(line) for line in why]), color="teal" if adequate else "red"),
            table(("", say("section"), say("state"), say("at this risk"), say("why")), rows),
            dmc.Group(
                [dmc.Button(say("Check this dossier"), id=check, size="xs", variant="default")],
            ),
            html.Div(id={"type": "dossier-verdict", "file": one.path.name}),
            dcc.Store(id={"type": "dossier-small", "file": one.path.name}, data=small),
        ],
        gap="sm",
    )


def verified(data: Dataset) -> Any:
    """Cases with closed forms or published digits, by the models of this plant: what each compared and how near."""
    units = data.plant.get("units")
    models: dict[str, list[str]] = {}
    for name, part in units.items() if isinstance(units, dict) else ():
        if isinstance(part, dict):
            models.setdefault(str(part.get("model", "")), []).append(str(name))
    known = stored()
    rows = []
    for model, names in models.items():
        speaking = known["models"].get(model, {})
        cases = [(kind, case) for file, kind in speaking.items() for case in known["files"][file]["cases"]]
        for kind, case in cases:
            rows.append(
                {
                    "model": model,
                    "units": ", ".join(names),
                    "case": case["case"],
                    "source": case["source"],
                    "of": say("the model") if kind == "whole" else say("a part of it"),
                    "numbers": case["numbers"],
                    "error": float(f"{case['error']:.3g}"),
                    "order": case.get("order"),
                }
            )
        if not cases:
            rows.append({"model": model, "units": ", ".join(names), "case": say("none"), "source": "", "of": ""})
    right = {"type": "rightAligned", "filter": "agNumberColumnFilter", "flex": 0}
    columns: list[dict[str, Any]] = [
        {"field": "model", "headerName": say("model"), "flex": 2, "minWidth": 130},
        {"field": "units", "headerName": say("units"), "flex": 2, "minWidth": 130},
        {"field": "case", "headerName": say("case"), "flex": 4, "minWidth": 220},
        {"field": "source", "headerName": say("against"), "flex": 2, "minWidth": 150},
        {"field": "of", "headerName": say("speaks for"), "minWidth": 100},
        {"field": "numbers", "headerName": say("numbers"), **right, "width": 85},
        {"field": "error", "headerName": say("largest relative error"), **right, "width": 120},
        {"field": "order", "headerName": say("order"), **right, "width": 74},
    ]
    none = sum(not known["models"].get(model) for model in models)
    note = say("Models without a case: {none} of {n}. The tests of this version write these numbers.",
               n=len(models), none=none)  # fmt: skip
    return dmc.Stack(
        [
            dmc.Text(note, size="sm"),
            grid("case-table", columns, rows, min(420, 110 + 42 * max(1, len(rows)))),
        ],
        gap="sm",
    )


def audit(data: Dataset) -> Any:
    """Entries of the folder's log that name this run, and how many others there are."""
    path = log_of(data.run.path.parent)
    if not path.exists():
        return dmc.Text(say("There is no log beside this run."), c="dimmed", size="sm")
    chain = read(path)
    name = data.run.path.name
    own = [entry for entry in chain.entries if entry.object.get("file") in (name, name.removesuffix(".partial"))]
    rows = [
        {
            "seq": entry.seq,
            "utc": entry.utc,
            "action": entry.action,
            "actor": entry.actor,
            "reason": entry.reason,
            "hash": entry.hash[:16],
        }
        for entry in own[-MOST_ENTRIES:]
    ]
    columns: list[dict[str, Any]] = [
        {"field": "seq", "headerName": say("number"), "maxWidth": 100},
        {"field": "utc", "headerName": "UTC", "flex": 2, "minWidth": 190},
        {"field": "action", "headerName": say("action"), "flex": 2},
        {"field": "actor", "headerName": say("by")},
        {"field": "reason", "headerName": say("reason"), "flex": 2},
        {"field": "hash", "headerName": say("hash"), "minWidth": 140},
    ]
    state = say("The chain holds.") if not chain.broken else say("The chain is broken: {why}", why=chain.broken)
    text = say("{own} of {all} entries are of this run.", own=number(len(own)), all=number(len(chain.entries)))
    note = dmc.Text(f"{state} {text}", size="sm", **({"c": "red"} if chain.broken else {}))
    return dmc.Stack([note, grid("audit-table", columns, rows, min(420, 110 + 42 * max(1, len(rows))))], gap="sm")


def register(app: Dash, catalog: Catalog) -> None:
    """Check when the page is opened, and when asked."""

    @app.callback(Output("evidence-check", "children"), Input("evidence-again", "n_clicks"), State("run", "data"))
    def check(_: int | None, run: str | None) -> Any:
        return checked(catalog.dataset(run))

    @app.callback(
        Output({"type": "dossier-verdict", "file": ALL}, "children"),
        Input({"type": "dossier-check", "file": ALL}, "n_clicks"),
        State({"type": "dossier-check", "file": ALL}, "id"),
        State({"type": "dossier-small", "file": ALL}, "data"),
        State("run", "data"),
    )
    def check_dossiers(_: list[int | None], ids: list[dict[str, str]], small: list[bool], run: str | None) -> list[Any]:
        asked = ctx.triggered_id
        found = []
        for one, quick in zip(ids, small, strict=True):
            wanted = one == asked if isinstance(asked, dict) else quick  # small ones at once, large ones when asked
            path = bundle_of(catalog, run, one["file"]).path if wanted else None
            found.append(no_update if path is None else verdict(evidence(path), {"type": "verdict", "of": path.name}))
        return found
