"""Figures of a run: pure functions from a dataset to a plotly figure, usable without a page.

from dashboard.data import open_dataset
trends(open_dataset("runs/startup.h5"), ["reactor.T_out"]).show()
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.data import Dataset, Mark
from dashboard.display import HOUR, SERIES, THEMES, Shown, Theme, clock, number, plain, shown_unit

#: Longest line that is sent to the browser; longer ones are thinned, keeping extremes.
MOST_POINTS = 4000
#: A meaning longer than this [characters] does not fit beside a panel.
LONGEST_TITLE = 26
#: Most event marks drawn; closer ones are drawn as one.
MOST_MARKS = 300
#: Lines of text in one mark's hover box.
MOST_LINES = 8


def thinned(x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Thin a series for drawing: at most `most` points, with every visible extreme among them."""
    if x.size <= most:
        return x, y
    from tsdownsample import MinMaxLTTBDownsampler, NaNMinMaxLTTBDownsampler

    method = NaNMinMaxLTTBDownsampler() if np.isnan(y).any() else MinMaxLTTBDownsampler()
    chosen = method.downsample(np.ascontiguousarray(x), np.ascontiguousarray(y), n_out=most)
    return x[chosen], y[chosen]


def trends(data: Dataset, names: Sequence[str], theme: Theme = THEMES["light"], events: bool = True) -> go.Figure:
    """Draw series over time: one panel for each unit of measure, events marked, limits as bands.

    Parameters
    ----------
    data : Dataset
    names : sequence of str
        Series; those that the run does not have are left out.
    theme : Theme
    events : bool
        Whether to mark events.
    """
    known = [data.series[name] for name in dict.fromkeys(names) if name in data.series]
    if not known:
        return empty("Choose tags above, or click a unit in the flowsheet.", theme)
    groups: dict[tuple[str, bool], list[int]] = {}
    for i, series in enumerate(known):
        warm = shown_unit(series.unit, series.meaning, 1.0).text == "°C"
        groups.setdefault((series.unit, warm), []).append(i)
    rows = len(groups)
    figure = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=min(0.06, 0.16 / rows))
    hours = data.time / HOUR
    for row, ((unit, _), members) in enumerate(groups.items(), start=1):
        values = {i: data.read(known[i].name) for i in members}
        finite = np.concatenate([np.abs(v[np.isfinite(v)]) for v in values.values()])
        shown = shown_unit(unit, known[members[0]].meaning, float(finite.max(initial=0.0)))
        for i in members:
            _line(figure, row, hours, shown.of(values[i]), known[i].name, shown, SERIES[i % len(SERIES)])
        _bands(figure, row, [(known[i].name, data.limits.get(known[i].name)) for i in members], shown, theme)
        meanings = {known[i].meaning for i in members}
        meaning = meanings.pop() if len(meanings) == 1 else ""
        title = f"{plain(meaning)}<br>" if meaning and rows < 4 and len(meaning) <= LONGEST_TITLE else ""
        figure.update_yaxes(title_text=f"{title}[{shown.text}]", row=row, col=1)
    if events:
        _marks(figure, data.marks, hours, rows, theme)
    if hours.size > 1:
        figure.update_xaxes(range=[float(hours[0]), float(hours[-1])])
    figure.update_xaxes(title_text="time [h]", row=rows, col=1)
    styled(figure, theme, max(420, 190 * rows + 110), legend_rows([series.name for series in known]))
    figure.update_layout(hovermode="x unified" if rows == 1 else "closest")
    return figure


def _line(figure: go.Figure, row: int, x: np.ndarray, y: np.ndarray, name: str, shown: Shown, colour: str) -> None:
    x, y = thinned(x, y)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            name=plain(name),
            mode="lines",
            line={"width": 1.8, "color": colour},
            hovertemplate=f"%{{y:.5g}} {shown.text} at %{{x:.3f}} h<extra>%{{fullData.name}}</extra>",
        ),
        row=row,
        col=1,
    )


def _bands(
    figure: go.Figure, row: int, rows: Sequence[tuple[str, tuple[float, float] | None]], shown: Shown, theme: Theme
) -> None:
    """Mark where values should lie."""
    for name, limits in rows:
        if limits is None:
            continue
        low, high = (float(shown.of(np.asarray(limit))) for limit in limits)
        if low == low and high == high:
            figure.add_hrect(low, high, fillcolor=theme.accent, opacity=0.09, line_width=0, row=row, col=1)
        for limit, word in ((low, "low"), (high, "high")):
            if limit == limit:
                figure.add_hline(
                    limit,
                    line={"color": theme.accent, "width": 1, "dash": "dash"},
                    row=row,
                    col=1,
                    annotation={
                        "text": f"{plain(name)} {word} {number(limit)}",
                        "font": {"size": 10, "color": theme.muted},
                        "bgcolor": theme.panel,
                        "opacity": 0.85,
                    },
                    annotation_position="top right" if word == "high" else "bottom right",
                )


def clusters(marks: Sequence[Mark], span: float) -> list[Mark]:
    """Draw marks closer than a pixel or so as one."""
    if len(marks) <= MOST_MARKS:
        return list(marks)
    width = span / MOST_MARKS
    found: dict[int, Mark] = {}
    for mark in marks:
        key = int(mark.time / width) if width > 0.0 else 0
        first = found.get(key)
        found[key] = Mark(first.time, first.lines + mark.lines) if first else mark
    return list(found.values())


def _marks(figure: go.Figure, marks: Sequence[Mark], hours: np.ndarray, rows: int, theme: Theme) -> None:
    if not marks or not hours.size:
        return
    drawn = clusters(marks, float(hours[-1]) * HOUR)
    strength = 0.6 if len(drawn) <= 40 else 0.25  # many events must not hide the curves
    for mark in drawn:
        figure.add_shape(
            type="line",
            xref="x",
            yref="paper",
            x0=mark.time / HOUR,
            x1=mark.time / HOUR,
            y0=0,
            y1=1,
            layer="above",
            line={"color": theme.warm, "width": 1, "dash": "dot"},
            opacity=strength,
        )
    texts = []
    for mark in drawn:
        lines = [plain(line) for line in mark.lines[:MOST_LINES]]
        more = [f"… and {len(mark.lines) - MOST_LINES} more"] if len(mark.lines) > MOST_LINES else []
        texts.append("<br>".join([f"<b>{clock(mark.time)}</b>", *lines, *more]))
    # An axis of its own over the first panel: marks stay at its upper edge whatever is zoomed.
    figure.add_trace(
        go.Scatter(
            x=[mark.time / HOUR for mark in drawn],
            y=[1.0] * len(drawn),
            text=texts,
            mode="markers",
            name="events",
            yaxis="y99",
            marker={"symbol": "triangle-down", "size": 9 if strength > 0.5 else 6, "color": theme.warm},
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_layout(
        yaxis99={"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False, "anchor": "x"}
    )


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
