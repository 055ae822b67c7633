"""What `twin tune … --json` found of a run's loops: settings before and after, and what they do; pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.display import SERIES, THEMES, Theme, number, shown_unit
from dashboard.figures import styled
from dashboard.speech import say
from dashboard.widgets import table
from twin.results.files import FileProblem

#: Bytes of a file at most; points of a response.
LARGEST, POINTS = 16 << 20, 1500
#: The derivative's filter, as the PID controllers have it.
N = 10.0
#: When: its colour and stroke.
WHEN = {"before": (SERIES[0], "dash"), "after": (SERIES[1], "solid")}


def open_tuning(path: str | Path) -> dict[str, Any]:
    """Read a tuning. Raises FileProblem when the file is something else."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"{path.name} is too large for a tuning")
        found = json.loads(path.read_text(encoding="utf-8"))
        loops = found["loops"]
        for loop in loops.values():
            for when in WHEN:
                float(loop[when]["K"]), float(loop[when]["T_i_s"]), float(loop[when]["T_d_s"]), loop[when]["margins"]
            float(loop["process"]["K"]), int(loop["process"]["order"])
    except OSError as error:
        raise FileProblem(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileProblem(f"{path.name} is not what twin tune --json writes: {error!r:.120}") from error
    return dict(found)


def closed_loop(
    process: Mapping[str, float], settings: Mapping[str, float], delay: float, end: float, load: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Answer of the identified process under its controller to a step of 1: of the setpoint, or of the load.

    Lags are stepped exactly, the delay by whole steps, the derivative acts on the measurement.

    Parameters
    ----------
    process : mapping
        `order`, `K`, `theta_s`, `T_s`, `T_2_s`.
    settings : mapping
        `K`, `T_i_s`, `T_d_s` of the standard form.
    delay : float
        What is allowed for beside the process [s].
    end : float
        Time that is followed [s].
    load : bool
        A step of what enters the process, instead of one of the setpoint.

    Returns
    -------
    time [s], measurement : arrays [POINTS]
    """
    dt = end / (POINTS - 1)
    steps = max(1, round((float(process["theta_s"]) + delay) / dt))
    waiting = [0.0] * steps
    order, gain = int(process["order"]), float(process["K"])
    lags = [float(process[key]) for key in ("T_s", "T_2_s")[:order]]
    shares = [1.0 - exp(-dt / lag) if lag > 0.0 else 1.0 for lag in lags]
    state = [0.0] * max(1, order)
    K, T_i, T_d = (float(settings[key]) for key in ("K", "T_i_s", "T_d_s"))
    summed = slope = before = 0.0
    fade = exp(-dt * N / T_d) if T_d > 0.0 else 0.0
    setpoint, push = (0.0, 1.0) if load else (1.0, 0.0)
    found = np.empty(POINTS)
    for k in range(POINTS):
        y = state[-1]
        found[k] = y
        error = setpoint - y
        if T_d > 0.0:
            slope = fade * slope + (1.0 - fade) * (y - before) / dt
        before = y
        u = K * (error + summed - T_d * slope) + push
        if T_i > 0.0:
            summed += error * dt / T_i
        waiting.append(u)
        came = gain * waiting.pop(0)
        if order == 0:
            state[0] += came * dt
        for i, share in enumerate(shares):
            state[i] += share * (came - state[i])
            came = state[i]
    return np.linspace(0.0, end, POINTS), found


def horizon(loop: Mapping[str, Any], delay: float) -> float:
    """Time in which the loop comes to rest with either settings [s]."""
    process = loop["process"]
    slowest = max(float(loop[when]["T_i_s"]) for when in WHEN)
    longest = 12.0 * (float(process["theta_s"]) + delay + float(process["T_s"]) + float(process["T_2_s"]))
    wanted = max(6.0 * slowest, 20.0 * (float(process["theta_s"]) + delay))
    return min(wanted, max(longest, 20.0 * delay)) or 60.0


def response_figure(loop: Mapping[str, Any], theme: Theme = THEMES["light"]) -> go.Figure:
    """Draw answers to steps of setpoint and load, with the settings before and after."""
    delay = float(loop.get("delay_s", 0.0))
    end = horizon(loop, delay)
    unit = shown_unit("s", "", end)
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.1, subplot_titles=(say("step of the setpoint"), say("step of the load"))
    )
    for when, (colour, dash) in WHEN.items():
        for column, load in ((1, False), (2, True)):
            x, y = closed_loop(loop["process"], loop[when], delay, end, load)
            line = {"width": 1.8, "color": colour, "dash": dash}
            bounded = np.where(np.abs(y) < 1e3 * (1.0 + abs(float(loop["process"]["K"]))), y, np.nan)
            figure.add_trace(
                go.Scatter(
                    x=unit.of(x), y=bounded, mode="lines", name=say(when), line=line, legendgroup=when,
                    showlegend=column == 1,
                ),
                row=1,
                col=column,
            )  # fmt: skip
    figure.update_xaxes(title_text=f"{say('time')} [{unit.text}]")
    figure.update_yaxes(title_text=say("measurement, per step"), row=1, col=1)
    styled(figure, theme, 340, 2)
    return figure


def loop_gain_figure(loop: Mapping[str, Any], theme: Theme = THEMES["light"]) -> go.Figure | None:
    """Draw gain and phase of the open loop before and after; None where the file has no response of the plant."""
    plant = loop.get("plant")
    if not isinstance(plant, dict):
        return None
    omega = np.asarray(plant["omega"], dtype=float)
    value = np.asarray(plant["gain"], dtype=float) * np.exp(
        1j * np.radians(np.asarray(plant["phase_deg"], dtype=float))
    )
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.1, subplot_titles=(say("gain of the open loop"), say("phase [°]"))
    )
    for when, (colour, dash) in WHEN.items():
        found = value * controller(loop[when], omega)
        line = {"width": 1.8, "color": colour, "dash": dash}
        phase = np.degrees(np.unwrap(np.angle(found)))
        phase -= 360.0 * np.round((phase[0] + 90.0) / 360.0)
        for column, y in ((1, np.abs(found)), (2, phase)):
            figure.add_trace(
                go.Scatter(
                    x=omega, y=y, mode="lines", name=say(when), line=line, legendgroup=when, showlegend=column == 1
                ),
                row=1,
                col=column,
            )
    figure.add_hline(1.0, line={"color": theme.muted, "width": 1, "dash": "dot"}, row=1, col=1)
    figure.add_hline(-180.0, line={"color": theme.muted, "width": 1, "dash": "dot"}, row=1, col=2)
    figure.update_xaxes(type="log", title_text=f"{say('frequency')} [rad/s]", exponentformat="power")
    figure.update_yaxes(type="log", row=1, col=1, exponentformat="power")
    figure.update_yaxes(range=[-360.0, 20.0], dtick=90, row=1, col=2)  # a delay turns on without end
    styled(figure, theme, 340, 2)
    return figure


def controller(settings: Mapping[str, float], omega: np.ndarray) -> np.ndarray:
    """K (1 + 1/(T_i s) + T_d s/(1 + T_d s/N)) at s = jω."""
    s = 1j * omega
    T_i, T_d = float(settings["T_i_s"]), float(settings["T_d_s"])
    terms = 1.0 + (1.0 / (T_i * s) if T_i > 0.0 else 0.0)
    if T_d > 0.0:
        terms = terms + T_d * s / (1.0 + T_d / N * s)
    return np.asarray(float(settings["K"]) * terms)


def settings_table(found: Mapping[str, Any]) -> Any:
    """Settings and margins of all loops, before and after."""
    rows = []
    for name, loop in found["loops"].items():
        for when in WHEN:
            one = loop[when]
            margins = one["margins"]
            told = [number(margins.get(key), 3) for key in ("Ms", "gain", "phase_deg")]
            if not margins.get("stable", True):
                told = [say("unstable"), "", ""]
            numbers = [number(float(one[key]), 4) for key in ("K", "T_i_s", "T_d_s")]
            rows.append((name if when == "before" else "", say(when), *numbers, *told))
    head = (
        say("loop"), "", "K", "T_i [s]", "T_d [s]", "Ms", say("gain margin"), say("phase margin [°]"),
    )  # fmt: skip
    return table(head, rows, (2, 3, 4, 5, 6, 7))


def indices_table(found: Mapping[str, Any]) -> Any:
    """The index of every scenario, before, by the rule and after; None without any."""
    rows = []
    for scenario, loops in (found.get("indices") or {}).items():
        for name, values in loops.items():
            told = [number(values.get(key), 4) for key in ("before", "rule", "after")]
            rows.append((scenario, name, *told))
    kind = str(found.get("objective", "")).upper()
    if not rows:
        return None
    columns = [f"{kind} {word}" for word in (say("before"), say("by the rule"), say("after"))]
    return table((say("scenario"), say("loop"), *columns), rows, (2, 3, 4))


def process_text(process: Mapping[str, Any]) -> str:
    """An identified process in the usual notation, times in s."""
    delay = f" e^(−{number(process['theta_s'], 3)} s)" if float(process["theta_s"]) > 1e-9 else ""
    gain, order = number(process["K"], 4), int(process["order"])
    if order == 0:
        return f"{gain}{delay} / s"
    first = f"({number(process['T_s'], 4)} s + 1)"
    return (
        f"{gain}{delay} / {first}" if order == 1 else f"{gain}{delay} / ({first}({number(process['T_2_s'], 4)} s + 1))"
    )
