"""A picture of each analysis: functions of arrays that give a matplotlib figure, which draws no window.

figure = main_effects(table, "yield"); figure.savefig("effects.svg")
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.quantity import Array
from twin.study.analysis import surface
from twin.study.analysis.needs import need
from twin.study.analysis.table import Table

#: Okabe and Ito's colours, told apart by all eyes.
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#777777"
COLOURS = (BLUE, ORANGE, GREEN, RED, "#cc79a7", "#56b4e9")


def _figure(columns: int = 1, rows: int = 1, width: float = 3.2, height: float = 2.6) -> tuple[Any, list[Any]]:
    made = need("matplotlib.figure").Figure(figsize=(width * columns, height * rows), layout="constrained")
    return made, list(np.ravel(made.subplots(rows, columns, squeeze=False)))


def svg(figure: Any) -> str:
    """Give a figure as SVG to stand in a page; the same figure gives the same text."""
    matplotlib = need("matplotlib")
    with matplotlib.rc_context({"svg.hashsalt": "twin", "svg.fonttype": "none"}), io.StringIO() as text:
        figure.savefig(text, format="svg", metadata={"Date": None})
        whole = text.getvalue()
    return whole[whole.index("<svg") :]


def label(name: str, units: Mapping[str, str]) -> str:
    """Give a name with its unit."""
    unit = units.get(name, "")
    return f"{name} [{unit}]" if unit not in ("", "1") else name


def main_effects(table: Table, response: str, levels: int = 5) -> Any:
    """Draw mean and standard error of a response at the levels of each factor."""
    x, y = table.usable(response)
    varied = table.varied()
    figure, axes = _figure(len(varied))
    for axis, place, (level, mean, error) in zip(axes, varied, surface.main_effects(x[:, varied], y, levels)):
        axis.errorbar(level, mean, np.where(np.isnan(error), 0.0, error), marker="o", color=BLUE, capsize=3)
        axis.set_xlabel(label(table.factors[place], table.units))
        axis.sharey(axes[0])
    axes[0].set_ylabel(label(response, table.units))
    return figure


def interactions(table: Table, response: str, levels: int = 2) -> Any:
    """Draw each pair of factors: a response along the first, a line for each level (or class) of the second."""
    x, y = table.usable(response)
    varied = table.varied()
    k = len(varied)
    figure, axes = _figure(k, k, 2.4, 2.0)
    for row, i in enumerate(varied):
        classes = _classes(x[:, i], levels)
        for column, j in enumerate(varied):
            axis = axes[row * k + column]
            if i == j:
                axis.set_axis_off()
                axis.text(0.5, 0.5, label(table.factors[i], table.units), ha="center", va="center", wrap=True)
                continue
            for colour, (name, inside) in zip(COLOURS, classes):
                level, mean, _ = surface.main_effects(x[inside][:, [j]], y[inside], 4)[0]
                axis.plot(level, mean, marker="o", markersize=3, color=colour, label=name)
            if row == k - 1 or (row == k - 2 and column == k - 1):
                axis.set_xlabel(table.factors[j], fontsize=8)
            if column == (0 if row else 1):
                axis.legend(fontsize=6)
    return figure


def _classes(values: Array, levels: int) -> list[tuple[str, Array]]:
    distinct = np.unique(values)
    if len(distinct) <= levels:
        return [(f"{value:.4g}", values == value) for value in distinct]
    edges = np.quantile(values, np.linspace(0.0, 1.0, levels + 1))
    place = np.searchsorted(edges[1:-1], values, side="right")
    return [(f"{edges[i]:.3g} … {edges[i + 1]:.3g}", place == i) for i in range(levels)]


def contour(
    predict: Any, table: Table, pair: tuple[str, str], response: str, centre: Array | None = None, points: int = 41
) -> Any:
    """Draw a surface or surrogate over two factors, the others at `centre` (the middle of their ranges)."""
    i, j = (table.place(name) for name in pair)
    at = 0.5 * (table.low + table.high) if centre is None else np.asarray(centre, dtype=float)
    first, second = (np.linspace(table.low[place], table.high[place], points) for place in (i, j))
    rows = np.repeat(at[None, :], points * points, axis=0)
    rows[:, i], rows[:, j] = np.repeat(first, points), np.tile(second, points)
    values = np.asarray(predict(rows)).reshape(points, points)
    figure, (axis,) = _figure(width=4.6, height=3.6)
    filled = axis.contourf(first, second, values.T, 12, cmap="viridis")
    figure.colorbar(filled, ax=axis, label=label(response, table.units))
    axis.plot(table.x[:, i], table.x[:, j], ".", color="white", markersize=3)
    axis.set_xlabel(label(pair[0], table.units))
    axis.set_ylabel(label(pair[1], table.units))
    return figure


def parallel_coordinates(table: Table, colour_by: str, most: int = 500) -> Any:
    """Draw every run as a line over all factors and responses, each from its least to its greatest value."""
    keep = np.flatnonzero(np.isfinite(table.response(colour_by)))[:most]
    names = (*table.factors, *table.responses)
    values = np.column_stack([table.x, table.y])[keep]
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    scaled = (values - low) / np.where(high > low, high - low, 1.0)
    order = table.response(colour_by)[keep]
    shade = need("matplotlib").colormaps["viridis"]
    span = float(np.ptp(order)) or 1.0
    figure, (axis,) = _figure(width=max(5.0, 1.3 * len(names)), height=3.4)
    for row, value in zip(scaled, order):
        axis.plot(range(len(names)), row, color=shade((value - order.min()) / span), alpha=0.5, linewidth=0.8)
    axis.set_xticks(
        range(len(names)), [label(name, table.units) for name in names], rotation=25, ha="right", fontsize=7
    )
    axis.set_yticks([])
    for place, (a, b) in enumerate(zip(low, high)):
        axis.axvline(place, color=GREY, linewidth=0.5)
        axis.text(place, -0.04, f"{a:.4g}", ha="center", va="top", fontsize=6)
        axis.text(place, 1.02, f"{b:.4g}", ha="center", va="bottom", fontsize=6)
    axis.set_ylim(-0.1, 1.1)
    return figure


def indices(factors: Sequence[str], bars: Mapping[str, tuple[Array, Array]]) -> Any:
    """Draw indices of sensitivity with their intervals: {"first": (values, half widths), "total": …}."""
    figure, (axis,) = _figure(width=max(4.0, 0.9 * len(factors)), height=3.0)
    width = 0.8 / len(bars)
    for place, (colour, (name, (values, widths))) in enumerate(zip(COLOURS, bars.items())):
        at = np.arange(len(factors)) + (place - 0.5 * (len(bars) - 1)) * width
        axis.bar(at, values, width, yerr=widths, color=colour, capsize=2, label=name)
    axis.set_xticks(range(len(factors)), factors, rotation=25, ha="right", fontsize=8)
    axis.axhline(0.0, color=GREY, linewidth=0.5)
    axis.legend(fontsize=8)
    return figure


def histogram(values: Array, name: str, low: float = -np.inf, high: float = np.inf) -> Any:
    """Draw how a response is distributed, with its limits."""
    figure, (axis,) = _figure(width=4.0)
    values = values[np.isfinite(values)]
    axis.hist(values, bins="auto" if np.ptp(values) > 0.0 else 1, color=BLUE, alpha=0.7)
    for limit in (low, high):
        if np.isfinite(limit):
            axis.axvline(limit, color=RED, linestyle="--")
    axis.set_xlabel(name)
    axis.set_ylabel("runs")
    return figure


def edge(
    first: Array, second: Array, P: Array, names: tuple[str, str], level: float, boxes: Mapping[str, Any] | None = None
) -> Any:
    """Draw the probability of meeting all limits over two factors; `boxes` are (low, high) pairs for both."""
    figure, (axis,) = _figure(width=4.8, height=3.8)
    filled = axis.contourf(first, second, P.T, np.linspace(0.0, 1.0, 11), cmap="RdYlGn")
    figure.colorbar(filled, ax=axis, label="probability of meeting all limits")
    if P.min() < level < P.max():
        axis.contour(first, second, P.T, [level], colors="black", linewidths=1.2)
    rectangle = need("matplotlib.patches").Rectangle
    for colour, (name, (low, high)) in zip((BLUE, ORANGE), (boxes or {}).items()):
        axis.add_patch(
            rectangle(low, high[0] - low[0], high[1] - low[1], fill=False, edgecolor=colour, linewidth=2, label=name)
        )
    if boxes:
        axis.legend(fontsize=7, loc="upper right")
    axis.set_xlabel(names[0])
    axis.set_ylabel(names[1])
    return figure


def history(values: Array, name: str) -> Any:
    """Draw the best so far of an optimisation."""
    figure, (axis,) = _figure(width=4.6)
    there = np.isfinite(values)
    axis.step(np.flatnonzero(there) + 1, values[there], where="post", color=BLUE)
    axis.set_xlabel("evaluations")
    axis.set_ylabel(f"best {name}")
    return figure


def front(all_runs: Array, chosen: Array, names: Sequence[str]) -> Any:
    """Draw two objectives of all runs, and the front."""
    figure, (axis,) = _figure(width=4.6, height=3.4)
    axis.plot(all_runs[:, 0], all_runs[:, 1], ".", color=GREY, markersize=3, label="runs")
    axis.plot(chosen[:, 0], chosen[:, 1], "o-", color=RED, markersize=4, label="front")
    axis.set_xlabel(names[0])
    axis.set_ylabel(names[1])
    axis.legend(fontsize=8)
    return figure


def fitted(series: Sequence[tuple[str, Array, Array, Array]]) -> Any:
    """Draw data beside the model, a panel for each (name, times, data, model)."""
    columns = min(3, len(series))
    rows = -(-len(series) // columns)
    figure, axes = _figure(columns, rows)
    for axis, (name, time, data, model) in zip(axes, series):
        order = np.argsort(time)
        axis.plot(time, data, "o", color=RED, markersize=4)
        axis.plot(time[order], model[order], color=BLUE)
        axis.set_title(name, fontsize=8)
    for axis in axes[len(series) :]:
        axis.set_axis_off()
    return figure


def profiles(found: Sequence[Any]) -> Any:
    """Draw the profile of each parameter, its threshold and its interval."""
    figure, axes = _figure(len(found))
    for axis, one in zip(axes, found):
        axis.plot(one.values, one.squares, "o-", color=BLUE, markersize=3)
        axis.axhline(one.threshold, color=RED, linestyle="--")
        for end in one.interval:
            if np.isfinite(end):
                axis.axvline(end, color=GREY, linewidth=0.7)
        axis.set_xlabel(one.name)
        least = float(np.min(one.squares))
        axis.set_ylim(least - 0.1 * (one.threshold - least), least + 1.8 * (one.threshold - least))
    axes[0].set_ylabel("sum of squares")
    return figure
