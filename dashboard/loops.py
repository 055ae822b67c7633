"""Control loops of a run: their tags, figures of performance, and a picture; pure functions of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.data import Dataset, described
from dashboard.display import HOUR, SERIES, THEMES, Theme, plain, shown_unit
from dashboard.figures import legend_rows, styled, window
from dashboard.speech import say

#: Within this share of its range an output counts as standing at a limit.
AT_LIMIT = 1e-6


@dataclass(frozen=True)
class Loop:
    """A controller with the tags that tell of it; empty where nothing was recorded."""

    name: str
    label: str
    model: str
    measurement: str
    setpoint: str
    output: str
    drives: str
    settings: Mapping[str, Any]
    unit: str = ""  #: of the output, as what it drives has it
    meaning: str = ""


def loops(data: Dataset) -> dict[str, Loop]:
    """Every controller of the plant whose measurement and output were recorded."""
    configured = data.resolved.get("controllers") or data.plant.get("controllers") or {}
    found = {}
    for name, part in configured.items() if isinstance(configured, dict) else ():
        if not isinstance(part, dict):
            continue
        measured, output = str(part.get("measurement", "")), f"{name}.output"
        output = next((tag for tag in (output, f"{output}.value") if tag in data.series), "")
        setpoint = f"{name}.setpoint" if f"{name}.setpoint" in data.series else ""
        if measured in data.series and output:
            label, model = str(part.get("label") or name), str(part.get("model", ""))
            drives = str(part.get("output", ""))
            found[name] = Loop(name, label, model, measured, setpoint, output, drives, part, *_inlet(data, drives))
    return found


def _inlet(data: Dataset, inlet: str) -> tuple[str, str]:
    """Unit and meaning of a signal inlet, by the model that has it; empty where they are not known."""
    owner, _, port = inlet.partition(".")
    units = data.plant.get("units")
    part = units.get(owner) if isinstance(units, dict) else None
    model = described(str(part.get("model", ""))) if isinstance(part, dict) else {}
    rows = [row for row in model.get("ports", ()) if row["name"] == port]
    return (str(rows[0].get("unit", "")), str(rows[0].get("meaning", ""))) if rows else ("", "")


def performance(data: Dataset, loop: Loop, span: tuple[float, float] | None = None) -> dict[str, float]:
    """How well a loop held its setpoint.

    Returns
    -------
    dict
        `IAE` and `ISE` (integrals of the error and its square over time, in the measurement's unit times s),
        `mean` and `largest` absolute error, `travel` of the output (sum of its moves), `at_limit` (share of the
        time that the output stood at a limit). Empty without a setpoint or with fewer than two rows.
    """
    time = data.time
    keep = np.ones(time.size, dtype=bool) if span is None else (time >= span[0]) & (time <= span[1])
    t = time[keep]
    if not loop.setpoint or t.size < 2:
        return {}
    error = np.abs(data.read(loop.measurement)[keep] - data.read(loop.setpoint)[keep])
    output = data.read(loop.output)[keep]
    low, high = (loop.settings.get(key) for key in ("low", "high"))
    reach = abs(float(high) - float(low)) if isinstance(low, (int, float)) and isinstance(high, (int, float)) else 0.0
    stuck = np.zeros(t.size)
    if reach > 0.0 and low is not None and high is not None:
        stuck = ((output <= float(low) + AT_LIMIT * reach) | (output >= float(high) - AT_LIMIT * reach)).astype(float)
    length = float(t[-1] - t[0])
    return {
        "IAE": float(np.trapezoid(error, t)),
        "ISE": float(np.trapezoid(error**2, t)),
        "mean": float(np.trapezoid(error, t)) / length,
        "largest": float(error.max()),
        "travel": float(np.abs(np.diff(output)).sum()),
        "at_limit": float(np.trapezoid(stuck, t)) / length,
    }


def loop_figure(data: Dataset, loop: Loop, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw a loop: measurement with its setpoint above, output below."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.62, 0.38])
    rows = [(loop.setpoint, 1, "setpoint", "dash", SERIES[1]), (loop.measurement, 1, "measurement", "solid", SERIES[0])]
    rows.append((loop.output, 2, "output", "solid", SERIES[2]))
    names = []
    for tag, row, word, dash, colour in rows:
        if not tag:
            continue
        series = data.series[tag]
        # a controller's own numbers are recorded without a unit: they are those of what it measures and drives
        like = data.series[loop.measurement] if row == 1 else series
        unit, warm = (like.unit, like.meaning) if row == 1 or not loop.unit else (loop.unit, loop.meaning)
        x, y = window(data, tag, None)
        shown = shown_unit(unit, warm, float(np.nanmax(np.abs(y), initial=0.0)))
        name = f"{plain(tag)} · {say(word)}"
        names.append(name)
        stroke = {"width": 1.8, "dash": dash, "color": colour}
        figure.add_trace(go.Scatter(x=x / HOUR, y=shown.of(y), name=name, mode="lines", line=stroke), row=row, col=1)
        figure.update_yaxes(title_text=f"[{shown.text}]", row=row, col=1)
    figure.update_xaxes(title_text=say("time [h]"), row=2, col=1)
    styled(figure, theme, 460, legend_rows(names))
    return figure
