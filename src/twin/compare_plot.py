"""Residuals as a picture: SVG that needs nothing else, alone or in a page with the numbers."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from twin.compare_data import Comparison, Residuals
from twin.errors import TwinError

WIDTH, TOP, BOTTOM, LEFT, RIGHT = 760, 150, 90, 74, 16
#: Height of one tag's two panels, title and axis included.
HEIGHT = TOP + BOTTOM + 74
#: Points of the run's curve at most: a screen shows no more.
MOST = 2000
STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.axis{stroke:#888;stroke-width:1}"
    ".run{fill:none;stroke:#0b5fa5;stroke-width:1.5}.data{fill:#c0392b}.band{fill:#c0392b;opacity:.18}"
)


class PlotError(TwinError):
    """A kind of picture that is not made here."""

    exit_code = 2


def write_plot(path: Path, found: Comparison) -> None:
    """Write the picture (.svg), or a page with it and the numbers (.html).

    Raises
    ------
    PlotError
        For another ending, or a name that is taken.
    """
    if path.suffix.lower() not in (".svg", ".html"):
        raise PlotError(f"residuals are written as .svg or .html, not as {path.name}")
    if path.exists():
        raise PlotError(f"{path} exists; give another name with --out")
    picture = svg(found)
    path.write_text(picture if path.suffix.lower() == ".svg" else _page(found, picture), encoding="utf-8", newline="\n")


def svg(found: Comparison) -> str:
    """Draw each tag: run and data above, residuals with their uncertainty below."""
    shown = [tag for tag in found.tags if len(tag.data)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(shown)}" width="{WIDTH}"'
        f' role="img" aria-label="Residuals of {escape(found.run.name)}"><style>{STYLE}</style>'
    ]
    for i, tag in enumerate(shown):
        parts.append(f'<g transform="translate(0,{i * HEIGHT})">{_tag(found, tag)}</g>')
    return "".join([*parts, "</svg>\n"])


def _tag(found: Comparison, tag: Residuals) -> str:
    time, curve = found.curves[tag.column.tag]
    low, high = float(tag.time.min()), float(tag.time.max())
    margin = 0.03 * (high - low) or 1.0
    low, high = low - margin, high + margin
    near = (time >= low) & (time <= high)
    time, curve = time[near], curve[near]
    step = max(1, len(time) // MOST)
    row = tag.summary()
    text = f"{tag.column.tag} [{tag.column.unit}]: bias {row['bias']:.4g}, RMSE {row['rmse']:.4g}"
    if row["coverage"] is not None:
        text += f", {100.0 * row['coverage']:.4g} % within the uncertainty"
    above = _Panel(low, high, np.concatenate([curve, tag.data]), 26, TOP)
    residual, width = tag.residual, tag.uncertainty
    spread = residual if width is None else np.concatenate([residual, width, -width])
    below = _Panel(low, high, np.append(spread, 0.0), 26 + TOP + 14, BOTTOM)
    parts = [f'<text class="title" x="{LEFT}" y="16">{escape(text)}</text>', above.frame(), below.frame(hours=True)]
    if width is not None:
        order = np.argsort(tag.time, kind="stable")
        edge = [*zip(tag.time[order], width[order], strict=True)]
        edge += [(t, -w) for t, w in reversed(edge)]
        parts.append(f'<polygon class="band" points="{below.points(edge)}"/>')
    parts.append(f'<polyline class="run" points="{above.points(zip(time[::step], curve[::step], strict=True))}"/>')
    parts.append(f'<polyline class="axis" points="{below.points([(low, 0.0), (high, 0.0)])}"/>')
    for panel, values in ((above, tag.data), (below, residual)):
        for t, value in zip(tag.time, values, strict=True):
            x, y = panel.at(float(t), float(value))
            parts.append(f'<circle class="data" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>')
    return "".join(parts)


class _Panel:
    """Axes of one panel."""

    def __init__(self, low: float, high: float, values: np.ndarray, top: float, height: float) -> None:
        self.low, self.high, self.top, self.height = low, high, top, height
        bottom, upper = float(np.nanmin(values)), float(np.nanmax(values))
        margin = 0.06 * (upper - bottom) or 0.05 * abs(upper) or 1.0
        self.bottom, self.upper = bottom - margin, upper + margin

    def at(self, time: float, value: float) -> tuple[float, float]:
        """Place of a point."""
        x = LEFT + (time - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)
        return x, self.top + (self.upper - value) / (self.upper - self.bottom) * self.height

    def points(self, pairs: object) -> str:
        """Write points as SVG does."""
        return " ".join("{:.1f},{:.1f}".format(*self.at(float(t), float(v))) for t, v in pairs)  # type: ignore[attr-defined]

    def frame(self, hours: bool = False) -> str:
        """Draw the axes with the numbers at their ends; time in hours below."""
        left, bottom = LEFT, self.top + self.height
        parts = [f'<path class="axis" fill="none" d="M{left},{self.top}V{bottom}H{WIDTH - RIGHT}"/>']
        for value in (self.bottom, 0.5 * (self.bottom + self.upper), self.upper):
            _, y = self.at(self.low, value)
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        if hours:
            for time in (self.low, 0.5 * (self.low + self.high), self.high):
                x, _ = self.at(time, self.bottom)
                anchor = "middle" if time not in (self.low, self.high) else "start" if time == self.low else "end"
                parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{time / 3600.0:.4g} h</text>')
        return "".join(parts)


def _page(found: Comparison, picture: str) -> str:
    names = ("tag", "unit", "n", "missing", "outside", "bias", "rmse", "largest", "coverage")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = []
    for tag in found.tags:
        row = tag.summary()
        cells = (
            f"{row[name]:.5g}" if isinstance(row[name], float) else "–" if row[name] is None else str(row[name])
            for name in names
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    title = escape(f"{found.run.name} beside {found.data.name}")
    how = "estimated" if found.estimated else "given"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:15px sans-serif;margin:2em;max-width:60em}td,th{padding:.2em .7em;text-align:right}"
        "td:first-child,th:first-child{text-align:left}</style>"
        f"<h1>{title}</h1><p>Residuals are run minus data. The data's times are shifted by {found.shift:.6g} s"
        f" ({how}). The run is computed; bands show the uncertainty that was given.</p>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table>{picture}</html>\n"
    )
