"""The figure of a scenario for its page: main tags over time, with limits and numbered events.

Which tags: the scenario's `figure:` (panels of tags; `<product>.m_flow` is what leaves as a product), or
else what has limits, what leaves, and the temperatures that are controlled.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.display import SERIES
from twin.config.spec import ScenarioSpec
from twin.results.kpi import Flows
from twin.results.reader import Run
from twin.results.schedule import read_rows
from twin.shown import shown_unit

#: Most panels and lines in a panel of an automatic choice.
MOST_PANELS, MOST_LINES = 5, 5
#: Elements of an array drawn when a tag names all of it.
MOST_ELEMENTS = 8
#: Points drawn of a series: more than the pixels of the picture.
MOST_POINTS = 4000
#: Times that a cause may occur to be numbered at each of them; a refill is marked without.
NUMBERED = 4
#: Most lines for events that repeat; of more nothing could be seen.
MOST_MARKS = 150
#: Colours of a picture.
COLOURS = 64
#: Rows of the chart of a schedule.
MOST_BARS = 14


class Line:
    """One series of a panel, in SI."""

    def __init__(self, name: str, values: np.ndarray, unit: str, meaning: str) -> None:
        self.name, self.values, self.unit, self.meaning = name, values, unit, meaning

    @property
    def told(self) -> str:
        """Meaning by which the unit is chosen that is shown: what is called T is a temperature."""
        return "temperature" if self.name.rpartition(".")[2].startswith("T") else self.meaning


def draw(run: Run, scenario: ScenarioSpec, happened: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw a finished run.

    Parameters
    ----------
    run : Run
    scenario : ScenarioSpec
    happened : sequence of dict
        What fired, by cause, in the order of the page's table.
    path : Path
        Of the PNG.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from PIL import Image

    panels = _panels(run, scenario)
    with run.opened() as file:
        bars, faults = _rows_of_bars(read_rows(file, "/schedule")), read_rows(file, "/faults")
    factor, word = _axis(float(run.time[-1]))
    style = {"font.size": 8.0, "axes.linewidth": 0.6, "path.simplify_threshold": 0.5, "font.family": "DejaVu Sans"}
    with plt.rc_context(style):
        heights = [*([0.3 + 0.15 * len(bars)] if bars else []), *(1.45 for _ in panels)]
        figure, axes = plt.subplots(
            len(heights),
            1,
            sharex=True,
            squeeze=False,
            figsize=(7.6, 0.7 + sum(heights)),
            layout="constrained",
            gridspec_kw={"height_ratios": heights},
        )
        if bars:
            _chart(axes[0, 0], bars, factor)
        for axis, lines in zip(axes[len(heights) - len(panels) :, 0], panels, strict=True):
            _panel(axis, run, lines, factor)
        for fault in faults:
            for axis in axes[:, 0]:
                axis.axvspan(fault["start"] * factor, fault["end"] * factor, color="#d1495b", alpha=0.12, lw=0)
        _marks(list(axes[:, 0]), run, happened, factor)
        axes[-1, 0].set_xlabel(f"time [{word}]")
        axes[-1, 0].set_xlim(run.time[0] * factor, run.time[-1] * factor)
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = BytesIO()
        figure.savefig(drawn, dpi=110)
        plt.close(figure)
    # few colours: a third of the bytes
    Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _axis(span: float) -> tuple[float, str]:
    if span > 5 * 86400.0:
        return 1.0 / 86400.0, "d"
    if span >= 2 * 3600.0:
        return 1.0 / 3600.0, "h"
    return (1.0 / 60.0, "min") if span >= 120.0 else (1.0, "s")


def _rows_of_bars(bars: list[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Bars of a schedule by procedure, or by recipe where there are none, in the order of their first start."""
    procedures = {bar["process"] for bar in bars if bar["level"] == "procedure"}
    rows: dict[str, list[tuple[float, float]]] = {}
    for bar in sorted(bars, key=lambda bar: bar["start"]):
        top = "procedure" if bar["process"] in procedures else "recipe"
        if bar["level"] == top:
            name = bar["name"] if top == "recipe" else f"{bar['name']} ({bar['process']})"
            rows.setdefault(name, []).append((bar["start"], bar["end"]))
    return dict(list(rows.items())[:MOST_BARS])


def _chart(axis: Any, bars: dict[str, list[tuple[float, float]]], factor: float) -> None:
    """Draw who did what when."""
    for i, spans in enumerate(bars.values()):
        pieces = [(start * factor, (end - start) * factor) for start, end in spans]
        axis.broken_barh(
            pieces, (i - 0.36, 0.72), color=SERIES[i % len(SERIES)], lw=0.4, edgecolor=SERIES[i % len(SERIES)]
        )
    axis.set_yticks(range(len(bars)), list(bars), fontsize=6.5)
    axis.set_ylim(len(bars) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)


def _panel(axis: Any, run: Run, lines: list[Line], factor: float) -> None:
    largest = max((float(np.max(np.abs(line.values), initial=0.0)) for line in lines), default=0.0)
    shown = shown_unit(lines[0].unit, lines[0].told, largest)
    step = max(1, run.time.size // MOST_POINTS)
    for i, line in enumerate(lines):
        colour = SERIES[i % len(SERIES)]
        axis.plot(run.time[::step] * factor, shown.of(line.values)[::step], lw=1.0, color=colour, label=line.name)
        for limits in run.quality:
            if limits.tag == line.name:
                for limit in (limits.low, limits.high):
                    if limit == limit:
                        axis.axhline(float(shown.of(np.asarray(limit))), color=colour, lw=0.7, ls=(0, (4, 3)))
    meanings = {line.meaning for line in lines}
    meaning = meanings.pop() if len(meanings) == 1 else ""
    axis.set_ylabel(f"{meaning}\n[{shown.text}]" if 0 < len(meaning) <= 26 else f"[{shown.text}]")
    axis.ticklabel_format(axis="y", useOffset=False)
    axis.grid(lw=0.3, color="#d9dee4")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=6.5, handlelength=1.2)


def _marks(axes: list[Any], run: Run, happened: Sequence[dict[str, Any]], factor: float) -> None:
    """Mark events: numbered as in the page's table where they are few, thin lines where they repeat (no fog)."""
    number = {row["cause"]: i for i, row in enumerate(happened, start=1)}
    often = {row["cause"] for row in happened if row["count"] > NUMBERED}
    span = float(run.time[-1] - run.time[0]) or 1.0
    together: list[tuple[float, list[int]]] = []  # numbers too near each other to stand side by side
    instants = list(dict.fromkeys((event.time, event.cause) for event in run.events))
    fog = sum(cause in often for _, cause in instants) > MOST_MARKS
    for time, cause in instants:
        common = cause in often
        if common and fog:
            continue
        for axis in axes:
            axis.axvline(time * factor, lw=0.4, color="#c9ced6" if common else "#5b6673", zorder=0.5)
        if not common and cause in number:
            if together and time - together[-1][0] < 0.018 * span:
                together[-1][1].append(number[cause])
            else:
                together.append((time, [number[cause]]))
    ends = [-np.inf, -np.inf]
    for time, found in together:
        text = _ranges(sorted(set(found)))
        width = 0.011 * span * len(text)
        # a second row where texts would touch; where there is room in neither, the line says it alone
        row = next((i for i in (0, 1) if time - 0.5 * width > ends[i]), None)
        if row is None:
            continue
        ends[row] = time + 0.5 * width
        place = (time * factor, 1.03 + 0.11 * row)
        axes[0].annotate(text, place, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6.5)


def _ranges(found: list[int]) -> str:
    """Write numbers with runs of three and more as ranges: 1,4–7."""
    parts: list[list[int]] = []
    for i in found:
        if parts and parts[-1][-1] == i - 1:
            parts[-1].append(i)
        else:
            parts.append([i])
    return ",".join(f"{p[0]}–{p[-1]}" if len(p) > 2 else ",".join(map(str, p)) for p in parts)


def _panels(run: Run, scenario: ScenarioSpec) -> list[list[Line]]:
    flows = Flows(run)
    chosen = [list(panel) for panel in scenario.figure] or _automatic(run, scenario)
    panels = []
    for tags in chosen:
        lines = [line for tag in tags for line in _lines(run, tag, flows)]
        groups: dict[tuple[str, bool], list[Line]] = {}
        for line in lines:  # one unit of measure to an axis
            celsius = shown_unit(line.unit, line.told, 1.0).text == "°C"
            groups.setdefault((line.unit, celsius), []).append(line)
        panels += list(groups.values())
    return panels


def _automatic(run: Run, scenario: ScenarioSpec) -> list[list[str]]:
    limited: dict[str, list[str]] = {}
    for limits in run.quality:
        if limits.tag.partition("[")[0] in run.tags:
            limited.setdefault(run.unit(limits.tag), []).append(limits.tag)
    leaving = [f"{product.name}.m_flow" for product in scenario.plant.products if product.stream != "Gas"]
    wired = [wire.source for wire in scenario.plant.signals if wire.target.endswith(".measurement")]
    controlled = [tag for tag in wired if tag in run.tags and run.unit(tag) == "K"]
    measured = [t.name for t in run.tags.values() if t.unit == "K" and t.kind == "measurement" and not t.shape]
    warm = list(dict.fromkeys([*controlled, *measured]))
    if not limited and not warm:
        levels = [
            t.name for t in run.tags.values() if t.kind == "measurement" and not t.shape and t.owner not in limited
        ]
        limited = {"": levels[:MOST_LINES]}
    panels = [*limited.values(), leaving, warm]
    return [tags[:MOST_LINES] for tags in panels if tags][:MOST_PANELS]


def _lines(run: Run, tag: str, flows: Flows) -> list[Line]:
    owner, _, quantity = tag.partition(".")
    if quantity == "m_flow" and tag not in run.tags and flows.owners.get(owner) == "product":
        return [Line(tag, np.gradient(flows.mass[owner], run.time), "kg/s", "mass flow")]
    name = tag.partition("[")[0]
    values = run.get(tag)
    found = run.tags[name]
    if values.ndim == 1:
        return [Line(tag, values, found.unit, found.meaning)]
    if values.ndim > 2 or values.shape[1] > MOST_ELEMENTS:
        raise ValueError(f"{tag} has {values.shape[1:]} elements: name one, as {name}[0]")
    labels = run.labels(found.dims[0])
    return [
        Line(f"{tag}[{labels[i] if isinstance(labels, list) else i}]", values[:, i], found.unit, found.meaning)
        for i in range(values.shape[1])
    ]
