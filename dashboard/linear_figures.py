"""Step and frequency responses of a linearised plant (`twin linearise … --out x.npz`); pure functions."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.display import SERIES, THEMES, Theme, plain, shown_unit, unit_text
from dashboard.figures import styled
from dashboard.speech import say
from twin.results.files import FileProblem

#: Bytes of a file at most; states between an input and an output that are stepped at most; points of a response.
LARGEST, MOST_STATES, STEPS, FREQUENCIES = 64 << 20, 900, 241, 90
#: A response has come to its end within this part of its size; so often its time is shortened.
SETTLED, LOOKS = 0.01, 6


@dataclass(frozen=True)
class Responses:
    """What an output does after a step of 1 in an input, and its gain and phase."""

    source: str
    target: str
    source_unit: str
    target_unit: str
    states: int
    time: np.ndarray
    step: np.ndarray
    omega: np.ndarray
    value: np.ndarray


def open_linear(path: str | Path) -> Any:
    """Read a linear system, a `twin.control.linear.system.Linear`.

    Raises
    ------
    FileProblem
        When the file is something else; NeedsExtra of the extra `control` where it is not installed.
    """
    from twin.control.linear.export import read

    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"{path.name} is too large for a linear system")
        return read(path)
    except OSError as error:
        raise FileProblem(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise FileProblem(f"{path.name} is not what twin linearise --out writes: {error!r:.120}") from error


def responses(linear: Any, source: int, target: int) -> Responses:
    """Work the responses of one output to one input out.

    Raises
    ------
    FileProblem
        When too many states lie between them.
    """
    from twin.control.linear.plot import window
    from twin.control.linear.response import frequency_response

    part = linear.part([source], [target])
    if part.order > MOST_STATES:
        raise FileProblem(f"{part.order} states lie between them; twin linearise --reduce 30 makes it a small system")
    end, omega = window(part)
    omega = np.logspace(np.log10(omega[0]), np.log10(omega[-1]), FREQUENCIES)
    time, step = _stepped(part, end)
    return Responses(
        linear.inputs[source],
        linear.outputs[target],
        linear.input_units[source],
        linear.output_units[target],
        part.order,
        time,
        step,
        omega,
        frequency_response(part, omega)[:, 0, 0],
    )


def _stepped(part: Any, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Step response over the time in which most of it happens, not that of the slowest state."""
    from twin.control.linear.response import step_response

    for _ in range(LOOKS):
        time = np.linspace(0.0, end, STEPS)
        step = step_response(part, time)[:, 0, 0]
        away = np.flatnonzero(np.abs(step - step[-1]) > SETTLED * np.abs(step).max(initial=0.0))
        last = float(time[away[-1] + 1]) if away.size and away[-1] + 1 < STEPS else end
        if last > 0.2 * end or not away.size:
            break
        end = 2.5 * last
    return time, step


def linear_figure(found: Responses, theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw the step response, gain and phase."""
    unit = shown_unit("s", "", float(found.time[-1]))
    titles = (say("step response"), say("gain"), say("phase [°]"))
    figure = make_subplots(rows=1, cols=3, horizontal_spacing=0.09, subplot_titles=titles)
    line = {"width": 1.8, "color": SERIES[0]}
    phase = np.degrees(np.unwrap(np.angle(found.value)))
    for column, (x, y) in enumerate(
        ((unit.of(found.time), found.step), (found.omega, np.abs(found.value)), (found.omega, phase)), 1
    ):
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, showlegend=False), row=1, col=column)
    figure.update_xaxes(title_text=f"{say('time')} [{unit.text}]", row=1, col=1)
    for column in (2, 3):
        figure.update_xaxes(
            type="log", title_text=f"{say('frequency')} [rad/s]", exponentformat="power", row=1, col=column
        )
    figure.update_yaxes(type="log", exponentformat="power", dtick=1, row=1, col=2)
    per = f"{unit_text(found.target_unit) or '1'} / {unit_text(found.source_unit) or '1'}"
    figure.update_yaxes(title_text=f"{plain(found.target)}<br>[{per}]", row=1, col=1)
    styled(figure, theme, 340, 1)
    return figure
