"""Forms of what can be changed in a scenario, made from the annotations, and the change as a difference."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import changes as texts
from dashboard import whatif
from dashboard.speech import meaning, say

#: Parameters and events shown in the forms at most.
MOST_FIELDS, MOST_EVENTS = 120, 60


def form_tabs() -> Any:
    """Lay out where values and events are typed."""
    return dmc.Tabs(
        [
            dmc.TabsList(
                [
                    dmc.TabsTab(say("Parameters"), value="values"),
                    dmc.TabsTab(say("Events"), value="events"),
                ]
            ),
            dmc.TabsPanel(html.Div(id="wi-form", className="form"), value="values", pt="sm"),
            dmc.TabsPanel(
                [
                    html.Div(id="wi-events", className="form"),
                    dmc.Group(
                        [
                            dmc.TextInput(id="wi-new-at", label=say("New event at"), placeholder="5 min", w=110),
                            dmc.TextInput(
                                id="wi-new-path", label=say("sets"), placeholder="unit.parameter", style={"flex": 1}
                            ),
                            dmc.TextInput(id="wi-new-value", label=say("to"), placeholder="40 degC", w=130),
                            dmc.Button(say("Add"), id="wi-add", variant="light"),
                        ],
                        align="flex-end",
                        mt="sm",
                    ),
                ],
                value="events",
                pt="sm",
            ),
        ],
        value="values",
    )


def change_panel() -> Any:
    """Lay out the difference, and what can be done with it."""
    return dmc.Stack(
        [
            html.Pre(id="wi-diff", className="diff", tabIndex=0, **{"aria-label": say("The change")}),
            html.Div(id="wi-problem", role="status"),
            dmc.Group(
                [
                    dmc.TextInput(
                        id="wi-name", value="what_if", w=200, size="sm", **{"aria-label": say("Name of the scenario")}
                    ),
                    dmc.Button(say("Save"), id="wi-save", variant="default"),
                    dmc.Button(say("Run"), id="wi-run"),
                    dmc.Button(say("Cancel"), id="wi-cancel", color="red", variant="outline", disabled=True),
                    dmc.Button(say("Undo all"), id="wi-reset", variant="subtle"),
                ],
                gap="sm",
            ),
            html.Div(id="wi-saved", role="status"),
            html.Div(id="wi-progress", role="status"),
        ],
        gap="sm",
    )


def form(resolved: dict[str, Any], owner: str, changes: dict[str, str]) -> Any:
    """One field for each value, as its annotation describes it."""
    fields = []
    for one in whatif.parameters(resolved, owner)[:MOST_FIELDS]:
        what, _, which = one.meaning.partition(": ")  # of a list along components: the meaning, and which of them
        told = [": ".join(part for part in (meaning(what), which) if part)]
        reach = whatif.range_text(one.low, one.high, one.unit)
        if reach:
            told.append(say("range {reach}", reach=reach))
        label = one.path.partition(".")[2] + (f" [{one.unit}]" if one.unit not in ("", "1") else "")
        about = {"id": {"type": "wi-value", "path": one.path}, "label": label, "description": " · ".join(told)}
        if one.choices:
            field = dmc.Select(
                **about, data=list(one.choices), value=changes.get(one.path), placeholder=one.now, clearable=True
            )
        else:
            field = dmc.TextInput(**about, placeholder=one.now, value=changes.get(one.path, ""), debounce=300)
        fields.append(field)
    if not fields:
        return dmc.Text(say("Nothing of it can be changed here."), c="dimmed", size="sm")
    return dmc.SimpleGrid(fields, cols={"base": 1, "sm": 2}, spacing="sm", style={"alignItems": "end"})


def event_form(text: str, changes: dict[str, str], removed: list[int]) -> Any:
    """One row of fields for each timed event."""
    rows = []
    for one in texts.happenings(text)[:MOST_EVENTS]:
        key = f"{one.number}.at"
        fields = [
            dmc.TextInput(
                id={"type": "wi-event", "key": key},
                label=say("at"),
                placeholder=one.at,
                value=changes.get(key, ""),
                debounce=300,
                w=110,
            )
        ]
        for path, value in one.values:
            place = f"{one.number}.{path}"
            fields.append(
                dmc.TextInput(
                    id={"type": "wi-event", "key": place},
                    label=path.partition(".")[2],
                    placeholder=value,
                    value=changes.get(place, ""),
                    debounce=300,
                    style={"flex": 1, "minWidth": 150},
                )
            )
        leave = dmc.Checkbox(
            id={"type": "wi-leave", "number": one.number},
            label=say("leave out"),
            checked=one.number in removed,
            mb=8,
        )
        rows.append(html.Div([dmc.Text(one.what, fw=600, size="sm"), dmc.Group([*fields, leave], align="flex-end")]))
    return dmc.Stack(rows, gap="md") if rows else dmc.Text(say("No timed events."), c="dimmed", size="sm")


def diff_lines(lines: list[str]) -> list[Any]:
    """A difference with its lines coloured; signs say the same without colour."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [html.Span(f"{line}\n", className=kinds.get(line[:1], "")) for line in lines]
