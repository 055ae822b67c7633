"""Quality of a run's product: values against limits, and capability; pure functions of a dataset."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.data import Dataset
from dashboard.display import SERIES, THEMES, Theme, plain, shown_unit
from dashboard.figures import styled
from dashboard.speech import say

#: Classes of a histogram.
CLASSES = 60
#: Part of the time at either end that does not stretch a histogram.
TAIL = 0.01
#: The product counts while at least this share of its largest flow leaves.
FLOWING = 0.01


def judged(data: Dataset, tag: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of a tag while its unit makes something, and their weights: the times [s] that they stand for."""
    values = data.read(tag)
    if data.time.size < 2:
        return values[:0], values[:0]
    weights = np.gradient(data.time)
    flow = outflow(data, data.series[tag].owner)
    if flow.max(initial=0.0) > 0.0:
        weights = weights * (flow > FLOWING * flow.max())
    keep = (weights > 0.0) & np.isfinite(values)
    return values[keep], weights[keep]


def outflow(data: Dataset, unit: str) -> np.ndarray:
    """What leaves a unit by its recorded streams, all components together [time], in kg/s."""
    flow = np.zeros(data.time.size)
    for stream in data.plantwide.streams:
        if stream.source == unit:
            for name in stream.flows:
                flow += data.total(name)
    return flow


def capability(values: np.ndarray, weights: np.ndarray, low: float, high: float) -> dict[str, float]:
    """Mean, standard deviation, share inside, and Ppk: the distance to the nearer limit over three deviations.

    Ppk is of the whole spread over the run; drifts and start-ups count. NaN where there is no spread or no limit.
    """
    if not values.size:
        return {}
    mean = float(np.average(values, weights=weights))
    std = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    sides = [side for side in (mean - low, high - mean) if side == side]
    inside = ~(values < low) & ~(values > high)
    ppk = min(sides) / (3.0 * std) if sides and std > 0.0 else float("nan")
    return {"mean": mean, "std": std, "ppk": ppk, "inside": float(weights[inside].sum() / weights.sum())}


def reach(values: np.ndarray, weights: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Ends of a histogram: the limits, and all but the outermost hundredths of the time."""
    order = np.argsort(values)
    passed = np.cumsum(weights[order]) / weights.sum()
    inner = values[order][np.searchsorted(passed, [TAIL, 1.0 - TAIL]).clip(0, values.size - 1)]
    ends = [v for v in (*inner.tolist(), low, high) if v == v]
    room = 0.04 * (max(ends) - min(ends)) or abs(ends[0]) * 1e-3 or 1.0
    return min(ends) - room, max(ends) + room


def histogram(data: Dataset, tag: str, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw how long a value stood where, with its limits."""
    series = data.series[tag]
    values, weights = judged(data, tag)
    shown = shown_unit(series.unit, series.meaning, float(np.abs(values).max(initial=0.0)))
    low, high = data.limits.get(tag, (float("nan"), float("nan")))
    figure = go.Figure()
    if values.size:
        ends = shown.of(np.asarray(reach(values, weights, low, high)))
        # what lies beyond stands in the outermost classes: a start-up would else leave one bar of all the rest
        inside = np.minimum(np.maximum(shown.of(values), ends[0]), ends[1])
        counts, edges = np.histogram(inside, bins=CLASSES, range=(float(ends[0]), float(ends[1])), weights=weights)
        middle = 0.5 * (edges[1:] + edges[:-1])
        share = 100.0 * counts / counts.sum()
        figure.add_trace(go.Bar(x=middle, y=share, marker={"color": SERIES[0]}, name=plain(tag), showlegend=False))
    for limit, word in ((low, "low"), (high, "high")):
        if limit == limit:
            figure.add_vline(
                float(shown.of(np.asarray(limit))),
                line={"color": theme.warm, "dash": "dash", "width": 1.4},
                annotation_text=say(word),
            )
    note = f"<span style='font-size:11px'>{say('what lies beyond is counted in the outermost bars')}</span>"
    figure.update_xaxes(title_text=f"{plain(tag)} [{shown.text}]<br>{note}")
    figure.update_yaxes(title_text=say("share of time [%]"))
    styled(figure, theme, 330)
    figure.update_layout(bargap=0.02)
    return figure
