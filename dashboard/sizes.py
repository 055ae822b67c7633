"""Figures of distributions over time, crystal sizes above all: pure functions from a dataset to a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.data import Dataset, Distribution
from dashboard.display import HOUR, THEMES, Shown, Theme, clock, plain, shown_unit
from dashboard.figures import styled
from dashboard.speech import meaning, say

#: Most columns of a heat map.
MOST_COLUMNS = 720
#: A total below this part of its maximum has no meaningful shape.
EMPTY = 1e-6


def size_map(data: Dataset, name: str, normalised: bool, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw a distribution as a heat map over time.

    Parameters
    ----------
    data : Dataset
    name : str
        A distribution of the run.
    normalised : bool
        Show the shape (mass fraction per logarithm of size), not the amounts.
    """
    chosen = data.distributions[name]
    points = data.grid(name)
    rows, values = data.sampled_grid(name, MOST_COLUMNS)
    if normalised:
        values, title = (
            density(values, points, chosen.by_size),
            say("mass fraction per ln(size)") if chosen.by_size else say("share"),
        )
        shown = Shown("–")
    else:
        shown = shown_unit(chosen.unit, chosen.meaning, _largest(values))
        values, title = shown.of(values), f"{plain(meaning(chosen.meaning))}<br>[{shown.text}]"
    axis = _axis(chosen, points)
    figure = go.Figure(
        go.Heatmap(
            x=data.time[rows] / HOUR,
            y=axis.of(points),
            z=values.T.astype(np.float32),
            colorscale="Viridis",
            **_colours(values, chosen.by_size or normalised),
            colorbar={"title": {"text": title, "side": "right"}, "thickness": 14, "outlinewidth": 0},
            hovertemplate=f"%{{x:.3f}} h, %{{y:.4g}} {axis.text}<br>%{{z:.4g}} {shown.text}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text=say("time [h]"))
    figure.update_yaxes(title_text=_axis_title(chosen, axis), **_scale(points))
    styled(figure, theme, 430)
    return figure


def size_curve(data: Dataset, name: str, row: int, normalised: bool, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw a distribution at one recorded instant, with earlier and later ones faintly behind it."""
    chosen = data.distributions[name]
    points = data.grid(name)
    rows = data.time.size
    row = min(max(row, 0), rows - 1)
    at, sampled = data.sampled_grid(name, MOST_COLUMNS)
    faint = np.unique(np.linspace(0, at.size - 1, 7).astype(int)) if rows else np.zeros(0, dtype=int)
    values = np.vstack([sampled, data.read_grid(name, row)]) if rows else sampled
    shown = Shown(say("mass fraction per ln(size)") if chosen.by_size else say("share"))
    if not normalised:
        shown = shown_unit(chosen.unit, chosen.meaning, _largest(values))
    shaped = density(values, points, chosen.by_size) if normalised else shown.of(values)
    axis = _axis(chosen, points)
    figure = go.Figure()
    for i in faint:
        figure.add_trace(
            go.Scatter(
                x=axis.of(points),
                y=shaped[i],
                mode="lines",
                line={"width": 1, "color": theme.muted},
                opacity=0.35,
                name=clock(float(data.time[at[i]])),
                hoverinfo="skip",
                showlegend=False,
            )
        )
    if rows:
        figure.add_trace(
            go.Scatter(
                x=axis.of(points),
                y=shaped[-1],
                mode="lines",
                name=clock(float(data.time[row])),
                line={"width": 2.6, "color": theme.accent},
                fill="tozeroy",
                fillcolor=_faded(theme.accent),
                hovertemplate=f"%{{x:.4g}} {axis.text}: %{{y:.4g}}<extra>%{{fullData.name}}</extra>",
                showlegend=True,
            )
        )
    figure.update_xaxes(title_text=_axis_title(chosen, axis), **_scale(points))
    title = f"{plain(meaning(chosen.meaning))} [{shown.text}]" if not normalised else shown.text
    # the same scale at every instant, so that the curve alone moves when the run is played
    figure.update_yaxes(title_text=title, range=_reach(shaped, chosen.by_size or normalised))
    styled(figure, theme, 430)
    return figure


def density(values: np.ndarray, points: np.ndarray, by_size: bool) -> np.ndarray:
    """Shape of a distribution: its share in each class, per logarithm of size where the grid is one of sizes.

    Rows that hold next to nothing are NaN: they have no shape.
    """
    total = values.sum(axis=1, keepdims=True)
    full = total > EMPTY * float(np.nanmax(total, initial=0.0))
    share = np.full_like(values, np.nan)
    np.divide(values, total, out=share, where=full & (total > 0.0))
    return share / log_widths(points) if by_size else share


def log_widths(points: np.ndarray) -> np.ndarray:
    """Widths in ln(size) of the classes around points: edges halfway, geometrically or not as the points are."""
    if geometric(points):
        return np.full(points.size, float(np.log(points[-1] / points[0])) / (points.size - 1))
    inner = 0.5 * (points[1:] + points[:-1])
    first, last = max(2.0 * points[0] - inner[0], 0.1 * points[0]), 2.0 * points[-1] - inner[-1]
    return np.asarray(np.diff(np.log(np.concatenate([[first], inner, [last]]))))


def geometric(points: np.ndarray) -> bool:
    """Whether a grid grows by a constant factor."""
    if points.size < 3 or points[0] <= 0.0:
        return False
    steps = np.diff(np.log(points))
    return bool(np.ptp(steps) < 0.05 * float(np.mean(steps)))


def _largest(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max(initial=0.0))


def _reach(values: np.ndarray, from_zero: bool) -> list[float]:
    """Ends of an axis that holds all values; what cannot be below zero begins there."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    low = 0.0 if from_zero else low
    room = 0.05 * ((high - low) or abs(high) or 1.0)
    return [low if from_zero else low - room, high + room]


def _colours(values: np.ndarray, from_zero: bool) -> dict[str, float]:
    """Ends of the colours; both, as plotly finds both by itself where one is missing."""
    if not from_zero:
        return {}
    finite = values[np.isfinite(values)]
    return {"zmin": 0.0, "zmax": float(finite.max(initial=0.0)) or 1.0}


def _axis(chosen: Distribution, points: np.ndarray) -> Shown:
    return shown_unit("m", "size", float(np.median(points))) if chosen.by_size else Shown("")


def _axis_title(chosen: Distribution, axis: Shown) -> str:
    if chosen.by_size:
        return say("crystal size [{unit}]", unit=axis.text)
    return say("{grid} [number]", grid=plain(chosen.dim.replace("_", " ")))


def _scale(points: np.ndarray) -> dict[str, Any]:
    return (
        {"type": "log", "dtick": 1, "minor": {"ticks": "outside", "ticklen": 3}}
        if geometric(points)
        else {"type": "linear"}
    )


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
