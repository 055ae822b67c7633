"""Balances with their closure, feeds and products, holdups, duties, quality."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc

from dashboard.data import Dataset, described
from dashboard.display import number, shown_unit
from dashboard.pages import View
from dashboard.pages.cards import closure_color, limit_words, share_badge
from dashboard.speech import meaning, say
from dashboard.widgets import card, notice, table
from twin.results.balances import CLOSURE_STREAMS


def layout(view: View) -> Any:
    """Lay the page out."""
    data = view.data
    report = data.report
    if not report["balances"]:
        return notice(say("The run has no recorded rows: there is nothing to balance."), color="gray")
    parts = [card(balance_table(report), title=say("Balances"), right=_legend(report))]
    pairs = [
        (say("Feeds and products"), _flows(report)),
        (say("Quality, while product leaves"), _quality(report)),
        (say("Holdup at the end"), _holdups(report)),
        (say("Duties and utilities"), _duties(data, report)),
    ]
    columns = [
        dmc.GridCol(card(content, title=title, h="100%"), span={"base": 12, "lg": 6})
        for title, content in pairs
        if content
    ]
    return dmc.Stack([*parts, dmc.Grid(columns, gutter="sm")], gap="sm")


def _legend(report: dict[str, Any]) -> Any:
    return dmc.Text(
        say(
            "solver's integrals: {limit}; recorded streams: {streams}",
            limit=limit_words(report),
            streams=number(CLOSURE_STREAMS),
        ),
        size="xs",
        c="dimmed",
    )


def _or_nan(value: float | None) -> Any:
    return float("nan") if value is None else value


def _badge(value: float | None, color: str, lost: str) -> Any:
    text = lost if value is None else number(value, 2)
    return dmc.Badge(text, color=color, variant="outline", tt="none", className="number")


def _streams_color(value: float | None) -> str:
    """Colour of a closure by the recorded streams: green within its limit, amber up to a hundred times it, or red."""
    if value is None:
        return "gray"
    return "teal" if value <= CLOSURE_STREAMS else "orange" if value <= 100.0 * CLOSURE_STREAMS else "red"


def balance_table(report: dict[str, Any]) -> Any:
    rows = []
    for row in report["balances"]:
        shown = shown_unit(row["unit"], "", max(abs(row[key] or 0.0) for key in ("in", "out", "source", "final")))
        change = _or_nan(row["final"]) - _or_nan(row["initial"])
        amounts = [_or_nan(row[key]) for key in ("in", "out", "source")]
        numbers = [number(float(shown.of(v)), 6) for v in (*amounts, change)]
        lost = (
            say("not finite") if row["relative"] is None else say("not recorded")
        )  # the solver's integrals are always there
        streams = row["relative_streams"]
        closures = (_badge(row["relative"], closure_color(row), lost), _badge(streams, _streams_color(streams), lost))
        rows.append((say(row["name"]) if row["name"] == "energy" else row["name"], shown.text, *numbers, *closures))
    heads = ("unit", "in", "out", "source", "holdup change", "closure", "from streams")
    head = ("", *(say(word) for word in heads))
    return table(head, rows, (2, 3, 4, 5, 6, 7))


def _flows(report: dict[str, Any]) -> Any:
    rows = [
        (name, say(role), number(row["mass_kg"]), number(row["mean_kg_per_h"]), number(row["last_kg_per_h"]))
        for key, role in (("feeds", "feed"), ("products", "product"))
        for name, row in report[key].items()
    ]
    return table(("", "", "kg", "kg/h", say("kg/h at the end")), rows, (2, 3, 4)) if rows else None


def _quality(report: dict[str, Any]) -> Any:
    rows = []
    for row in report["quality"]:
        shown = shown_unit(row["unit"], "", abs(row.get("max") or 0.0))
        low, mean, high, least, most = (
            "–" if row.get(key) is None else number(float(shown.of(row[key])))
            for key in ("low", "mean", "high", "min", "max")
        )
        badge = share_badge(row.get("inside"))
        rows.append((row["tag"], shown.text, f"{low} … {high}", mean, f"{least} … {most}", badge))
    return (
        table(("", say("unit"), say("limits"), say("mean"), say("least … most"), say("inside")), rows, (2, 3, 4, 5))
        if rows
        else None
    )


def _holdups(report: dict[str, Any]) -> Any:
    rows = [
        (
            unit,
            number(row.get("fluids_kg", 0.0)),
            number(row.get("solids_kg", 0.0)),
            number(row["most_kg"]) if "most_kg" in row else "–",
        )
        for unit, row in report["holdup"].items()
    ]
    return table(("", say("fluids kg"), say("solids kg"), say("most kg")), rows, (1, 2, 3)) if rows else None


def _booked(data: Dataset, unit: str) -> dict[str, str]:
    """Meanings of what a unit books, by name, as its model describes them."""
    units = data.plant.get("units")
    part = units.get(unit) if isinstance(units, dict) else None
    model = described(str(part.get("model", ""))) if isinstance(part, dict) else {}
    return {row["name"]: row["meaning"] for row in model.get("tables", {}).get("booked sources", ())}


def _duties(data: Dataset, report: dict[str, Any]) -> Any:
    rows = []
    for unit, terms in report["utilities"].items():
        meanings = _booked(data, unit)
        for label, row in terms.items():
            shown = shown_unit(row["unit"], "", max(abs(row[key] or 0.0) for key in ("added", "removed")))
            numbers = (number(float(shown.of(_or_nan(row[key])))) for key in ("added", "removed", "net"))
            rows.append(
                (
                    unit,
                    meaning(meanings[label]) if label in meanings else say(label.replace("_", " ")),
                    shown.text,
                    *numbers,
                )
            )
    return table(("", "", say("unit"), say("added"), say("removed"), say("net")), rows, (3, 4, 5)) if rows else None
