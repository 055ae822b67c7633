"""Step tests beside the processes found in them, and errors of scenarios before and after, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.control.linear.needs import library
from twin.control.tuning.session import Tuned
from twin.control.tuning.trial import Case, errors
from twin.results.files import FileProblem

HOUR = 3600.0


def draw(tuned: Sequence[Tuned], cases: Sequence[Case], path: Path) -> None:
    """Draw a row for each loop: its step test, then its error in each scenario with the old and new settings.

    Raises
    ------
    FileProblem
        When the file exists.
    """
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten. Give another name with --plot.")
    library("matplotlib").use("Agg")
    figure = library("matplotlib.figure").Figure(
        figsize=(3.4 * (1 + len(cases)), 2.3 * len(tuned) + 0.4), layout="constrained"
    )
    axes = figure.subplots(len(tuned), 1 + len(cases), squeeze=False)
    loops = [one.loop for one in tuned]
    for row, one in enumerate(tuned):
        record = one.record
        offset = float(np.mean(record.y - one.fit.process.answer(record.t, record.moves)))
        axes[row, 0].plot(record.t / HOUR, record.y, label="twin")
        fitted = one.fit.process.answer(record.t, record.moves) + offset
        axes[row, 0].plot(record.t / HOUR, fitted, "--", label="identified")
        axes[row, 0].set_ylabel(f"{one.loop.name}\n{one.loop.measurement} [{one.loop.unit_in}]", fontsize=7)
        axes[row, 0].set_title(f"step of {record.moves[0][1]:.3g} {one.loop.unit_out}", fontsize=8)
        axes[row, 0].legend(fontsize=6)
    for column, case in enumerate(cases, 1):
        for label, settings in (
            ("before", {one.loop.name: one.before for one in tuned}),
            ("after", {one.loop.name: one.chosen for one in tuned}),
        ):
            run = errors(case, loops, settings)
            for row in range(len(tuned)) if run is not None else ():
                assert run is not None
                axes[row, column].plot(run.t / HOUR, run.error[:, row], label=label, linewidth=0.9)
        for row, one in enumerate(tuned):
            axes[row, column].set_title(f"error in {case.name} [{one.loop.unit_in}]", fontsize=8)
            axes[row, column].legend(fontsize=6)
    for axis in axes.ravel():
        axis.tick_params(labelsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("h", fontsize=7)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
