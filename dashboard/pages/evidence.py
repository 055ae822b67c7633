"""Evidence: what holds of the file as it stands on disk, checked now; nothing on this page writes."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html

from dashboard.data import Dataset
from dashboard.display import number
from dashboard.pages import View
from dashboard.pages.balances import balance_table
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import card, grid, table
from twin.evidence.chain import log_of, read
from twin.evidence.findings import MEANINGS
from twin.evidence.verify import verify

#: Entries of the log shown at most, the last ones.
MOST_ENTRIES = 500


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    again = dmc.Button(say("Check again"), id="evidence-again", size="xs", variant="default")
    parts = [
        card(html.Div(dmc.Loader(size="sm"), id="evidence-check"), title=say("Checked now"), right=again),
        card(balance_table(data.report), title=say("Balances")) if data.report["balances"] else None,
        card(audit(data), title=say("Log of this folder")),
    ]
    return dmc.Stack([part for part in parts if part is not None], gap="sm")


def checked(data: Dataset) -> Any:
    """Verify the file and everything beside it; green or red, with the reasons."""
    found = verify(data.run.path)
    facts = found.facts
    if found.ok:
        head = dmc.Alert(
            say("Numbers, texts and attributes are what the run wrote: computed from the file on disk just now."),
            title=say("Verified"),
            color="teal",
            id="evidence-verdict",
            className="verdict-ok",
        )
    else:
        kind = found.kind
        why = say(MEANINGS[kind]) if kind is not None else ""
        lines = html.Ul([html.Li(f"{say(MEANINGS[row.kind])}: {row.text}") for row in found.wrong[:20]])
        head = dmc.Alert(
            [why, lines], title=say("Not verified"), color="red", id="evidence-verdict", className="verdict-bad"
        )
    rows = [(say("content hash"), str(facts.get("content_hash") or say("none")))]
    rows.append((say("made final"), str(facts.get("final") or say("no"))))
    rows += [(say("signature"), line) for line in facts.get("signatures", [])] or [(say("signatures"), say("none"))]
    if "log" in facts:
        rows.append((say("log"), say("{n} entries, head {head}", n=facts["log"]["entries"], head=facts["log"]["head"])))
    rows += [(say("remark"), row.text) for row in found.remarks[:20]]
    return dmc.Stack([head, table(("", ""), rows, className="facts")], gap="sm")


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
        {"field": "utc", "headerName": "UTC", "flex": 2},
        {"field": "action", "headerName": say("action"), "flex": 2},
        {"field": "actor", "headerName": say("by")},
        {"field": "reason", "headerName": say("reason"), "flex": 2},
        {"field": "hash", "headerName": say("hash")},
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
