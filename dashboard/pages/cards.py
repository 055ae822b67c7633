"""The key figures of a run as cards."""

from __future__ import annotations

import math
from typing import Any

import dash_mantine_components as dmc

from dashboard.data import Dataset
from dashboard.display import HOUR, clock, number
from dashboard.speech import say
from dashboard.widgets import metric


def closure_color(balance: dict[str, Any]) -> str:
    """Colour of a balance by the solver's integrals: red where the run itself says that it does not close."""
    return "teal" if balance["closes"] else "red"


def limit_words(report: dict[str, Any]) -> str:
    """What balances of the run are measured against."""
    limit = report["closure"]
    return say("limit {limit} ({basis})", limit=number(limit["value"]), basis=say(limit["basis"]))


def share_color(inside: float | None) -> str:
    """Colour of a share of time within limits."""
    return "gray" if inside is None else "teal" if inside >= 0.999 else "orange" if inside >= 0.9 else "red"


def share_badge(inside: float | None) -> Any:
    """A share of time within limits, 0 to 1, in its colour."""
    text = say("no product") if inside is None else f"{number(100.0 * inside, 4)} %"
    return dmc.Badge(text, color=share_color(inside), variant="outline", tt="none", className="number")


def cards(data: Dataset) -> list[Any]:
    """Make the cards; figures that the plant does not define are left out."""
    report = data.report
    found = []
    made = report.get("yield")
    product = data.product
    if product:
        row = report["products"][product]
        note = say("{rate} kg/h at the end", rate=number(row["last_kg_per_h"], 3))
        found.append(metric(product, number(row["mass_kg"]), "kg", note))
    if made and made["yield"] is not None:
        note = say(
            "{made} of {most} kg possible", made=number(made["api_out_kg"], 3), most=number(made["theoretical_kg"], 3)
        )
        found.append(metric(say("Yield"), number(100.0 * made["yield"], 3), "%", note))
    if report.get("pmi") is not None:
        found.append(metric("PMI", number(report["pmi"], 3), "kg/kg", say("mass fed per product")))
    judged = [row for row in report["quality"] if row.get("inside") is not None]
    if judged:
        worst = min(judged, key=lambda row: row["inside"])
        note = say("{tag}, worst of {n}", tag=worst["tag"], n=len(judged)) if len(judged) > 1 else worst["tag"]
        found.append(
            metric(
                say("Within limits"),
                number(100.0 * worst["inside"], 3),
                say("% of time"),
                note,
                share_color(worst["inside"]),
            )
        )
    if report["balances"]:
        worst = max(report["balances"], key=lambda row: math.inf if row["relative"] is None else row["relative"])
        error = say("not finite") if worst["relative"] is None else number(worst["relative"], 2)
        note = say("{limit}; {name}", limit=limit_words(report), name=say(worst["name"]))
        found.append(metric(say("Balance error"), error, "", note, closure_color(worst)))
    wall = report["session"].get("wall_seconds")
    note = say("{n} events", n=report["events"]) + (say(", in {time}", time=clock(float(wall))) if wall else "")
    span = report["simulated_s"]
    found.append(
        metric(say("Simulated"), *((number(span / HOUR), "h") if span >= HOUR else (number(span / 60.0), "min")), note)
    )
    return found
