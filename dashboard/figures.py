"""Figures of a run: pure functions from a dataset to a plotly figure, usable without a page.

from dashboard.data import open_dataset
trends(open_dataset("runs/startup.h5"), ["reactor.T_out"]).show()
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard import marks as marking
from dashboard.data import Dataset, Series
from dashboard.display import HOUR, SERIES, THEMES, Shown, Theme, number, plain, shown_unit
from dashboard.speech import meaning, say

#: Longest line that is sent to the browser; longer ones are thinned, keeping extremes.
MOST_POINTS = 2000
#: Strokes that tell several runs apart.
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
#: A meaning longer than this [characters] does not fit beside a panel.
LONGEST_TITLE = 26


def thinned(x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Thin a series for drawing: at most `most` points; the least and the greatest of every piece, both ends, gaps."""
    if x.size <= most:
        return x, y
    from tsdownsample import MinMaxDownsampler

    along, missing = np.ascontiguousarray(x), np.isnan(y)
    # what is missing is greatest in one look and least in the other: it hides no extreme, and stays itself
    looks = (y,) if not missing.any() else (np.where(missing, np.inf, y), np.where(missing, -np.inf, y))
    room = (most - 2) // len(looks) // 2 * 2
    found = [MinMaxDownsampler().downsample(along, np.ascontiguousarray(look), n_out=room) for look in looks]
    chosen = np.unique(np.concatenate([[0, x.size - 1], *found]).astype(np.intp))
    return x[chosen], y[chosen]


def packed(values: np.ndarray) -> dict[str, str]:
    """Numbers as plotly's script takes them in base64: a third of the size, and nothing to parse."""
    found = np.ascontiguousarray(values, dtype="<f8")
    return {"dtype": "f8", "bdata": base64.b64encode(found.tobytes()).decode("ascii")}


Span = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One series of one run, where it is drawn and in which unit."""

    run: int
    series: Series
    row: int
    shown: Shown
    label: str


def lines_of(runs: Mapping[str, Dataset], names: Sequence[str]) -> list[Line]:
    """Lay series of one or several runs out: a panel for each unit of measure, in the order in which they come.

    Parameters
    ----------
    runs : mapping of str to Dataset
        By the name that legends give them.
    names : sequence of str
        Series; those that a run does not have are left out there.
    """
    rows: dict[tuple[str, bool], int] = {}
    found: list[tuple[int, Series, int, str]] = []
    largest: dict[int, float] = {}
    for name in dict.fromkeys(names):
        for k, (label, data) in enumerate(runs.items()):
            series = data.series.get(name)
            if series is None:
                continue
            warm = shown_unit(series.unit, series.meaning, 1.0).text == "°C"
            row = rows.setdefault((series.unit, warm), len(rows) + 1)
            largest[row] = max(largest.get(row, 0.0), data.largest(name))
            found.append((k, series, row, name if len(runs) == 1 else f"{name} · {label}"))
    return [
        Line(k, series, row, shown_unit(series.unit, series.meaning, largest[row]), label)
        for k, series, row, label in found
    ]


def colours_of(lines: Sequence[Line]) -> dict[str, str]:
    """A colour for each series, the same in every run."""
    names = dict.fromkeys(line.series.name for line in lines)
    return {name: SERIES[i % len(SERIES)] for i, name in enumerate(names)}


def window(data: Dataset, name: str, span: Span | None, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Read a series in a span of time [s], one row beyond either end, thinned for drawing."""
    time, values = data.time, data.read(name)
    if span is not None:
        first = max(0, int(np.searchsorted(time, span[0])) - 1)
        last = int(np.searchsorted(time, span[1], side="right")) + 1
        time, values = time[first:last], values[first:last]
    return thinned(time, values, most)


def trends(
    data: Dataset,
    names: Sequence[str],
    theme: Theme = THEMES["light"],
    events: bool = True,
    span: Span | None = None,
    cursors: Sequence[float] = (),
) -> go.Figure:
    """Draw series over time: one panel for each unit of measure, events and alarms marked, limits as bands.

    Parameters
    ----------
    data : Dataset
    names : sequence of str
        Series; those that the run does not have are left out.
    theme : Theme
    events : bool
        Whether to mark events and alarms.
    span : (float, float), optional
        Times [s] from and to which to draw; the whole run unless given.
    cursors : sequence of float
        Times [s] at which to draw a line.
    """
    return overlay({"": data}, names, theme, events, span, cursors)


def overlay(
    runs: Mapping[str, Dataset],
    names: Sequence[str],
    theme: Theme = THEMES["light"],
    events: bool = True,
    span: Span | None = None,
    cursors: Sequence[float] = (),
) -> go.Figure:
    """Draw series of several runs over one another; as :func:`trends`, with events and limits of the first run.

    Parameters
    ----------
    runs : mapping of str to Dataset
        By the name that the legend gives them; colours tell series, strokes tell runs.
    """
    lines = lines_of(runs, names)
    if not lines:
        return empty(say("Choose tags above, or click a unit in the flowsheet."), theme)
    datasets = list(runs.values())
    first = datasets[0]
    rows = max(line.row for line in lines)
    figure = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=min(0.06, 0.16 / rows))
    colours = colours_of(lines)
    for line in lines:
        x, y = window(datasets[line.run], line.series.name, span)
        stroke = {"width": 1.8, "color": colours[line.series.name], "dash": DASHES[line.run % len(DASHES)]}
        figure.add_trace(
            go.Scatter(
                x=x / HOUR,
                y=line.shown.of(y),
                name=plain(line.label),
                mode="lines",
                line=stroke,
                hovertemplate=f"%{{y:.5g}} {line.shown.text}, %{{x:.3f}} h<extra>%{{fullData.name}}</extra>",
            ),
            row=line.row,
            col=1,
        )
    for row in range(1, rows + 1):
        members = [line for line in lines if line.row == row]
        meanings = {line.series.meaning for line in members}
        told = meaning(meanings.pop()) if len(meanings) == 1 else ""
        title = f"{plain(told)}<br>" if told and rows < 4 and len(told) <= LONGEST_TITLE else ""
        figure.update_yaxes(title_text=f"{title}[{members[0].shown.text}]", row=row, col=1)
    low, high = span or whole_of(datasets)
    traces, shapes = around(lines, first, (low, high), theme, events, cursors)
    if traces:
        figure.add_traces(traces)
        figure.update_layout(
            yaxis99={"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False, "anchor": "x"}
        )
    # all at once: adding one after the other copies what is there each time
    figure.update_layout(shapes=shapes, annotations=limits(lines, first, theme)[1])
    if high > low:
        figure.update_xaxes(range=[low / HOUR, high / HOUR])
    figure.update_xaxes(title_text=say("time [h]"), row=rows, col=1)
    styled(figure, theme, max(420, 190 * rows + 110), legend_rows([line.label for line in lines]))
    figure.update_layout(hovermode="x unified" if rows == 1 else "closest", dragmode="zoom")
    return figure


def around(
    lines: Sequence[Line], data: Dataset, span: Span, theme: Theme, events: bool, cursors: Sequence[float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What stands beside the curves within a span [s]: traces of marks; bands, cursors and lines as shapes."""
    happened = (*data.marks, *data.alarms) if events else ()
    upright = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    stroke = {"color": theme.text, "width": 1.2}
    shapes = [
        *limits(lines, data, theme)[0],
        *({**upright, "x0": at / HOUR, "x1": at / HOUR, "line": stroke} for at in cursors),
        *marking.lines(happened, span, theme),
    ]
    return marking.drawn(happened, span, theme), shapes


def whole_of(datasets: Sequence[Dataset]) -> Span:
    """Times [s] from the first to the last row of any of these runs."""
    ends = [(float(data.time[0]), float(data.time[-1])) for data in datasets if data.time.size]
    return (min(start for start, _ in ends), max(end for _, end in ends)) if ends else (0.0, 0.0)


def limits(lines: Sequence[Line], data: Dataset, theme: Theme) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Where values should lie: bands and dashed lines, and the words at them."""
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for line in {(line.row, line.series.name): line for line in lines}.values():
        found = data.limits.get(line.series.name)
        if found is None:
            continue
        axes = {"xref": "x domain", "yref": f"y{line.row}" if line.row > 1 else "y"}
        if line.row > 1:
            axes["xref"] = f"x{line.row} domain"
        low, high = (float(line.shown.of(np.asarray(limit))) for limit in found)
        if low == low and high == high:
            ends = {"x0": 0, "x1": 1, "y0": low, "y1": high}
            shapes.append(
                {"type": "rect", **axes, **ends, "fillcolor": theme.accent, "opacity": 0.09, "line": {"width": 0}}
            )
        for limit, word, edge in ((low, "low", "top"), (high, "high", "bottom")):
            if limit != limit:
                continue
            stroke = {"color": theme.accent, "width": 1, "dash": "dash"}
            shapes.append({"type": "line", **axes, "x0": 0, "x1": 1, "y0": limit, "y1": limit, "line": stroke})
            notes.append(
                {
                    **axes,
                    "x": 1,
                    "y": limit,
                    "xanchor": "right",
                    "yanchor": edge,
                    "showarrow": False,
                    "text": f"{plain(line.series.name)} {say(word)} {number(limit)}",
                    "font": {"size": 10, "color": theme.muted},
                    "bgcolor": theme.panel,
                    "opacity": 0.85,
                }
            )
    return shapes, notes


def empty(message: str, theme: Theme) -> go.Figure:
    """Draw nothing, and say why."""
    figure = go.Figure()
    figure.add_annotation(text=plain(message), showarrow=False, font={"size": 15, "color": theme.muted})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    styled(figure, theme, 420)
    return figure


def legend_rows(names: Sequence[str]) -> int:
    """Lines that a legend of these names takes above a figure about a thousand pixels wide."""
    return 1 + int(sum(8.0 * len(name) + 55.0 for name in [*names, "events"]) // 1000.0)


def styled(figure: go.Figure, theme: Theme, height: int, legend: int = 1) -> None:
    """Give a figure the appearance of the page, with room for a legend of so many lines."""
    top = 22 + 20 * legend
    height += top - 42
    figure.update_layout(
        template="plotly_dark" if theme.dark else "plotly_white",
        height=height,
        colorway=list(SERIES),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 84, "r": 24, "t": top, "b": 52},
        font={"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 12.5, "color": theme.text},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yref": "container",
            "yanchor": "top",
            "xanchor": "left",
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverlabel={"bgcolor": theme.panel, "font": {"color": theme.text}, "align": "left"},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": theme.muted, "activecolor": theme.accent},
        uirevision="kept",
    )
    figure.update_xaxes(
        gridcolor=theme.grid, zerolinecolor=theme.grid, linecolor=theme.muted, showline=True, ticks="outside", ticklen=4
    )
    figure.update_yaxes(
        gridcolor=theme.grid, zerolinecolor=theme.grid, linecolor=theme.muted, showline=True, automargin=True
    )
