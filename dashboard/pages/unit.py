"""What is behind one unit of the flowsheet: trends, parameters, balances, equations."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import numpy as np

from dashboard.data import Dataset, described
from dashboard.display import number, shown_unit, theme_of, unit_text
from dashboard.figures import trends
from dashboard.speech import meaning as meant
from dashboard.speech import say
from dashboard.widgets import graph, scrolled, table
from twin.flowsheet.symbols import KIND_NAMES

#: Elements of an array written out in the table of parameters.
MOST_VALUES = 12
#: A longer run's streams are not added up at a click.
MOST_ROWS = 100_000


def details(data: Dataset, name: str, theme: str | None = None) -> Any:
    """Show what is behind a unit, controller, feed or product."""
    node = data.sheet.node(name)
    if node is None:
        return dmc.Text(say("Click a unit for its trends and parameters."), c="dimmed", size="sm")
    model = described(node.model)
    tags = data.tags_of(name)
    kind = say(KIND_NAMES.get(node.kind, node.role))
    button = dmc.Button(say("Open trends"), id="open-trends", size="xs", variant="light", disabled=not tags)
    names = [
        dmc.Title(node.label or node.name, order=2, size="h4"),
        dmc.Text(node.name if kind == node.name else f"{node.name} · {kind}", c="dimmed", size="sm"),
    ]
    left: list[Any] = [dmc.Group([dmc.Stack(names, gap=0), button], justify="space-between", align="flex-start")]
    if model:
        left.append(dmc.Text(meant(model["summary"]), size="sm"))
    if tags:
        figure = trends(data, tags[:3], theme_of(theme), events=False)
        height = 120 * sum(1 for key in figure.layout if key.startswith("yaxis")) + 130
        figure.update_layout(height=height, margin={"l": 66, "r": 8, "b": 44}, font={"size": 11})
        left.append(graph("unit-trend", figure, style={"height": height}))
    right: list[Any] = []
    rows = parameters(data, name, model)
    if rows:
        right.append(
            scrolled(
                table((say("parameter"), say("value"), say("unit")), rows, (1,), className="parameters"),
                430,
                say("Parameters"),
            )
        )
    flows = unit_balance(data, name)
    if flows:
        right.append(dmc.Title(say("Masses over the run"), order=3, size="h6"))
        right.append(table(("", say("in"), say("out"), say("held"), say("unit")), flows, (1, 2, 3)))
    if model:
        text = dmc.AccordionPanel(dmc.Code(model["description"], block=True, className="prose"))
        item = dmc.AccordionItem([dmc.AccordionControl(say("Assumptions, balances, references")), text], value="model")
        right.append(dmc.Accordion(item, variant="contained", radius="md"))
    return dmc.Grid(
        [
            dmc.GridCol(dmc.Stack(left, gap="sm"), span={"base": 12, "lg": 7}),
            dmc.GridCol(dmc.Stack(right, gap="sm"), span={"base": 12, "lg": 5}),
        ],
        gutter="xl",
    )


def parameters(data: Dataset, name: str, model: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """Parameters of a unit with their units, as the resolved configuration gives them."""
    units = {row["name"]: row for row in model.get("tables", {}).get("parameters", ())}
    rows = []
    for key, value in settings(data, name).items():
        known = units.get(key, {})
        meaning = str(known.get("meaning", ""))
        label = dmc.Stack(
            [dmc.Text(key, size="sm", fw=550), dmc.Text(meant(meaning), size="xs", c="dimmed", lh=1.25)], gap=0
        )
        text, unit = written(_named(data, value, known), str(known.get("unit", "")), meaning)
        rows.append((label, text, unit))
    return rows


def _named(data: Dataset, value: Any, known: dict[str, Any]) -> Any:
    """Give a list along the plant's components as a mapping by their names."""
    dims = known.get("dimensions", ())
    names = data.plant.get(dims[0]) if len(dims) == 1 else None
    if isinstance(value, list) and isinstance(names, list) and len(names) == len(value):
        return {str(name): item for name, item in zip(names, value, strict=True)}
    return value


def settings(data: Dataset, name: str) -> dict[str, Any]:
    """What the configuration sets for a unit, controller or feed: from the resolved one, else the plant's."""
    for source in (data.resolved, data.plant):
        for section in ("units", "controllers", "feeds"):
            group = source.get(section)
            found = group.get(name) if isinstance(group, dict) else None
            if isinstance(found, dict):
                inner = found.get("params")
                if isinstance(inner, dict):
                    return inner
                if section != "units":
                    return {
                        k: v for k, v in found.items() if k not in ("model", "label", "position", "initial", "nominal")
                    }
    return {}


def written(value: Any, unit: str, meaning: str) -> tuple[str, str]:
    """Write a parameter's value, and its unit, for people."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value), ""
    if isinstance(value, (int, float)):
        shown = shown_unit(unit, meaning, abs(float(value)))
        return number(float(shown.of(np.asarray(float(value))))), "" if shown.text == "–" else shown.text
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if len(items) > MOST_VALUES:
        return say("{n} values", n=len(items)), unit_text(unit) if unit not in ("", "1") else ""
    words = [
        f"{key}: {written(item, '1', '')[0]}" if isinstance(value, dict) else written(item, "1", "")[0]
        for key, item in items
    ]
    return ", ".join(words), unit_text(unit) if unit not in ("", "1") else ""


def unit_balance(data: Dataset, name: str) -> list[tuple[str, ...]]:
    """What entered and left a unit over the run, from its recorded streams, and what it holds at the end."""
    rows = []
    streams = [s for s in data.plantwide.streams if name in (s.source, s.target) and s.flows]
    if not streams or data.time.size < 2 or data.time.size > MOST_ROWS:
        return []
    into = out = 0.0
    for stream in streams:
        # values within one row are those after an event: the trapezium is near, the run's own integrals are exact
        flow = sum(data.total(tag) for tag in stream.flows)
        passed = float(np.trapezoid(flow, data.time))
        into, out = into + passed * (stream.target == name), out + passed * (stream.source == name)
    held = data.report["holdup"].get(name)
    most = max(into, out)
    shown = shown_unit("kg", "", most)
    texts = [number(float(shown.of(np.asarray(value)))) for value in (into, out)]
    inside = held["fluids_kg"] + held["solids_kg"] if held else None
    rows.append(
        (
            say("mass"),
            *texts,
            number(None if inside is None else float(shown.of(np.asarray(inside)))),
            shown.text,
        )
    )
    return rows
