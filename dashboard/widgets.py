"""Pieces that several pages are built of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.display import GRAPH_CONFIG
from dashboard.speech import catalogue, language


def graph(identifier: str, figure: Any = None, **more: Any) -> dcc.Graph:
    """Make a graph; every one of the dashboard comes from here, with sharing switched off."""
    options = {"figure": figure} if figure is not None else {}
    return dcc.Graph(id=identifier, config=dict(GRAPH_CONFIG), responsive=True, **options, **more)


def card(*children: Any, title: str = "", right: Any = None, **more: Any) -> dmc.Paper:
    """Make a framed panel with an optional title."""
    head = []
    if title or right is not None:
        head = [
            dmc.Group([dmc.Title(title, order=2, size="h5"), right or html.Span()], justify="space-between", mb="sm")
        ]
    return dmc.Paper([*head, *children], withBorder=True, radius="md", p="md", **more)


def scrolled(content: Any, most: int, label: str) -> dmc.ScrollArea:
    """A window of at most so many pixels over something long; the keyboard reaches and scrolls it."""
    reachable = {"tabIndex": 0, "role": "region", "aria-label": label}
    return dmc.ScrollArea(content, mah=most, type="auto", attributes={"viewport": reachable})


def metric(label: str, value: str, unit: str = "", note: str = "", color: str = "") -> dmc.Paper:
    """Make a card of one figure."""
    number = dmc.Group(
        [
            dmc.Text(value, fz=26, fw=650, lh=1.15, className="number", **({"c": color} if color else {})),
            dmc.Text(unit, size="sm", c="dimmed"),
        ],
        gap=6,
        align="baseline",
    )
    lines = [dmc.Text(label, size="xs", c="dimmed", fw=600, tt="uppercase", className="label"), number]
    lines.append(dmc.Text(note or "\u00a0", size="xs", c="dimmed", truncate="end"))
    return dmc.Paper(dmc.Stack(lines, gap=4), withBorder=True, radius="md", px="md", py="sm", className="metric")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], numeric: Sequence[int] = (), **more: Any) -> Any:
    """Make a plain table; columns in `numeric` are set right."""

    def cells(row: Sequence[Any], kind: Any) -> list[Any]:
        return [kind(cell, className="right" if i in numeric else "") for i, cell in enumerate(row)]

    top = [dmc.TableThead(dmc.TableTr(cells(head, dmc.TableTh)))] if any(head) else []
    body = dmc.Table(
        [*top, dmc.TableTbody([dmc.TableTr(cells(row, dmc.TableTd)) for row in rows])],
        verticalSpacing=6,
        horizontalSpacing="sm",
        highlightOnHover=True,
        **more,
    )
    return dmc.TableScrollContainer(body, minWidth=260)


#: Heads of columns in as many lines as they need; cells, too, where there are no more rows than this.
WRAPPED, MOST_WRAPPED = {"wrapHeaderText": True, "autoHeaderHeight": True}, 1000
CELLS = {"wrapText": True, "autoHeight": True}


def grid(
    identifier: str,
    columns: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    height: int,
    key: str = "",
) -> dag.AgGrid:
    """Make a table that can be sorted, filtered and paged; cells are text.

    With a `key`, the field that names a row, rows can be chosen, and stay so when new figures arrive.
    """
    choosing = {"rowSelection": {"mode": "multiRow", "enableClickSelection": True}} if key else {}
    return dag.AgGrid(
        id=identifier,
        columnDefs=[{"headerName": column["field"], "flex": 1, **column} for column in columns],
        rowData=list(rows),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "filter": True,
            "minWidth": 74,
            **WRAPPED,
            **(CELLS if len(rows) <= MOST_WRAPPED else {}),
        },
        dashGridOptions={
            "theme": {"function": "themeQuartz.withPart(colorSchemeVariable)"},
            "animateRows": False,
            "enableCellTextSelection": True,
            "suppressFieldDotNotation": True,
            **({"localeText": dict(catalogue("zh", "grid"))} if language() == "zh" else {}),
            **choosing,
        },
        style={"height": height, "width": "100%"},
        **({"getRowId": f"params.data.{key}"} if key else {}),
    )


def notice(message: str, title: str = "", color: str = "red") -> dmc.Alert:
    """Make a message in place of what cannot be shown."""
    return dmc.Alert(message, title=title or None, color=color, radius="md", variant="light")
