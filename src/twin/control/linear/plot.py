"""Step and frequency responses as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.control.linear.needs import library
from twin.control.linear.response import frequency_response, step_response
from twin.control.linear.structure import poles
from twin.control.linear.system import Linear
from twin.quantity import Array
from twin.results.files import FileProblem

HOUR = 3600.0


def window(linear: Linear) -> tuple[float, Array]:
    """Give a time over which steps are shown [s], and frequencies that span the system [1/s]."""
    values = np.abs(poles(linear.part()).real)
    values = values[values > 1e-9]
    slowest, fastest = (float(values.min()), float(values.max())) if len(values) else (1e-3, 1e-3)
    return 5.0 / slowest, np.logspace(np.log10(slowest / 30.0), np.log10(min(fastest * 3.0, slowest * 1e5)), 200)


def draw(linear: Linear, path: Path) -> None:
    """Draw what each output does after a step of each input, and the gain and phase of the same.

    Raises
    ------
    FileProblem
        When the file exists.
    """
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten. Give another name with --plot.")
    matplotlib = library("matplotlib")
    matplotlib.use("Agg")
    figures = library("matplotlib.figure")
    end, omega = window(linear)
    times = np.linspace(0.0, end, 301)
    steps, response = step_response(linear, times), frequency_response(linear, omega)
    figure = figures.Figure(figsize=(10.0, 2.6 * len(linear.outputs) + 0.6), layout="constrained")
    axes = figure.subplots(len(linear.outputs), 3, squeeze=False)
    for o, (name, unit) in enumerate(zip(linear.outputs, linear.output_units, strict=True)):
        for i, source in enumerate(linear.inputs):
            value = response[:, o, i]
            axes[o, 0].plot(times / HOUR, steps[:, o, i], label=f"1 {linear.input_units[i]} in {source}")
            if np.any(value != 0.0):
                axes[o, 1].loglog(omega, np.abs(value))
                axes[o, 2].semilogx(omega, np.degrees(np.unwrap(np.angle(value))))
        axes[o, 0].set_ylabel(f"{name} [{unit}]", fontsize=8)
        axes[o, 0].legend(fontsize=6)
        for k, title in enumerate(("step, against h", "gain, against rad/s", "phase in degrees, against rad/s")):
            axes[o, k].set_title(title, fontsize=8)
            axes[o, k].tick_params(labelsize=7)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
