"""Figures of a trace: residence times, funnel, lots in containers, diversion, control chart; pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.data import Dataset
from dashboard.display import HOUR, SERIES, THEMES, Theme, number, plain, shown_unit
from dashboard.figures import legend_rows, styled, thinned, trends
from dashboard.quality import outflow
from dashboard.speech import say
from dashboard.traces import Curve, Traced

#: Containers and lots drawn at most; smaller lots become one.
MOST_BARS, MOST_LOTS = 80, 12


def named(curve: Curve) -> str:
    """What a curve is called in a legend."""
    return plain(f"{curve.label} · {say(curve.flow)}" + ("" if curve.of == "total" else f" · {curve.of}"))


def residence_figure(curves: Sequence[Curve], shares: bool = False, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw when what entered arrives: per time (E), or summed up (F), over the time since it entered.

    Parameters
    ----------
    curves : sequence of Curve
    shares : bool
        F, the share that has arrived, instead of E.
    theme : Theme
    """
    longest = max((_end(curve) for curve in curves), default=0.0)
    unit = shown_unit("s", "", longest)
    figure = go.Figure()
    names = [named(curve) for curve in curves]
    for i, (curve, name) in enumerate(zip(curves, names, strict=True)):
        values = curve.F if shares else curve.E / unit.factor
        x, y = thinned(np.asarray(unit.of(curve.age)), np.asarray(values))
        stroke = {"width": 1.8, "color": SERIES[i % len(SERIES)], "dash": "solid" if curve.flow == "held" else "dot"}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name=name, line=stroke))
    figure.update_xaxes(title_text=f"{say('time since it entered')} [{unit.text}]")
    if longest > 0.0:
        figure.update_xaxes(range=[0.0, float(unit.of(np.asarray(longest)))])
    figure.update_yaxes(title_text=say("share that has arrived") if shares else f"E [1/{unit.text}]")
    styled(figure, theme, 380, legend_rows(names))
    return figure


def _end(curve: Curve) -> float:
    """Time by which all but the tail has arrived."""
    last = curve.percentiles.get(99.9, float("nan"))
    return last if last == last else float(curve.age[-1]) if len(curve.age) else 0.0


def funnel_figure(found: Traced, chosen: Sequence[int], theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw the greatest part of an upset that shows at the outlet, by the upset's length."""
    figure = go.Figure()
    names = []
    for k, i in enumerate(chosen):
        names.append(named(found.curves[i]))
        stroke = {"width": 1.8, "color": SERIES[k % len(SERIES)]}
        figure.add_trace(
            go.Scatter(
                x=found.widths / 60.0, y=100.0 * found.funnel[i], mode="lines+markers", name=names[-1], line=stroke
            )
        )
    figure.update_xaxes(type="log", title_text=say("length of the upset [min]"))
    figure.update_yaxes(title_text=say("greatest part that shows [%]"), range=[0.0, 103.0])
    styled(figure, theme, 380, legend_rows(names))
    return figure


def lots_figure(found: Traced, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw the shares of lots in each container, with their standard uncertainties."""
    names = [plain(name) for name in found.vessels[:MOST_BARS]]
    figure = go.Figure()
    if names:
        shares = found.genealogy["fraction"][: len(names)]
        spread = found.genealogy["fraction_uncertainty"][: len(names)]
        order = [int(j) for j in np.argsort(-shares.max(axis=0)) if shares[:, j].max() > 0.0]
        for k, j in enumerate(order[:MOST_LOTS]):
            error = {"type": "data", "array": 100.0 * spread[:, j], "thickness": 1, "width": 3, "color": theme.muted}
            colour = {"color": SERIES[k % len(SERIES)], "line": {"width": 0}}
            figure.add_trace(
                go.Bar(x=names, y=100.0 * shares[:, j], name=plain(found.lots[j]), error_y=error, marker=colour)
            )
        if len(order) > MOST_LOTS:
            rest = 100.0 * shares[:, order[MOST_LOTS:]].sum(axis=1)
            figure.add_trace(go.Bar(x=names, y=rest, name=say("{n} other lots", n=len(order) - MOST_LOTS)))
    figure.update_xaxes(title_text=say("container or batch"), type="category")
    figure.update_yaxes(title_text=say("share of mass [%]"), range=[0.0, 105.0])
    styled(figure, theme, 380, legend_rows([plain(lot) for lot in found.lots[:MOST_LOTS]]))
    figure.update_layout(barmode="stack", bargap=0.25)
    return figure


def diversion_figure(data: Dataset, found: Traced, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw what the sensor told and the true quality, shaded while the rule would divert."""
    about = found.diversion
    figure = trends(data, [about["signal"], about["tag"]], theme)
    shades = [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": start / HOUR,
            "x1": end / HOUR,
            "y0": 0,
            "y1": 1,
            "fillcolor": theme.alarm,
            "opacity": 0.16,
            "line": {"width": 0},
            "layer": "below",
        }
        for start, end, _ in found.openings(float(data.time[-1]))[:500]
    ]
    figure.update_layout(shapes=[*(shape.to_plotly_json() for shape in figure.layout.shapes), *shades])
    return figure


def control_chart(data: Dataset, found: Traced, i: int, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw means of intervals of a tag with centre, three standard deviations and limits, from its time at rest on."""
    from twin.trace.state import chart, means  # with all of tracing behind it: not before it is needed

    about = found.control
    tag, interval, rest = about["tag"][i], float(about["interval"][i]), float(about["at_rest"][i])
    figure = go.Figure()
    series = data.series.get(tag)
    if series is None or rest != rest:
        text = say("It was never at rest, or was not recorded.")
        figure.add_annotation(text=text, showarrow=False, font={"size": 14, "color": theme.muted})
        styled(figure, theme, 380)
        return figure
    since = data.time >= rest
    flow = outflow(data, series.owner)[since]
    time, mean = means(data.time[since], data.read(tag)[since], interval, flow if flow.any() else None)
    hits = chart(time, mean)
    shown = shown_unit(series.unit, series.meaning, float(np.nanmax(np.abs(mean), initial=0.0)))
    broken = np.array([bool(hit) for hit in hits.broken], dtype=bool)
    x, y = hits.time / HOUR, np.asarray(shown.of(hits.mean))
    line = {"width": 1.4, "color": SERIES[0]}
    marker = {"size": 5}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines+markers", name=say("mean"), line=line, marker=marker))
    if broken.any():
        mark = {"symbol": "x", "size": 10, "color": theme.alarm}
        figure.add_trace(go.Scatter(x=x[broken], y=y[broken], mode="markers", name=say("breaks a rule"), marker=mark))
    levels = [(hits.centre, "solid", say("centre")), (float(about["low"][i]), "dash", say("low"))]
    levels += [(float(about["high"][i]), "dash", say("high"))]
    levels += [(hits.centre + sign * hits.sigma, "dot", "3σ") for sign in (-3.0, 3.0)]
    for level, dash, word in levels:
        if np.isfinite(level):
            at = float(shown.of(np.asarray(level)))
            note = {"font": {"size": 10, "color": theme.muted}}
            stroke = {"color": theme.accent if dash == "dash" else theme.muted, "width": 1, "dash": dash}
            figure.add_hline(at, line=stroke, annotation_text=f"{word} {number(at)}", annotation=note)
    figure.update_xaxes(title_text=say("time [h]"))
    figure.update_yaxes(title_text=f"{plain(tag)} [{shown.text}]")
    styled(figure, theme, 380)
    return figure
