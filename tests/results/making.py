"""Writes runs of the fake plant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.results.fake import EVENT, fake_plant, fake_scenario, trajectory
from twin.results.events import AlarmRow, EventRow, Snapshot
from twin.results.writer import RunWriter

TIMES = np.arange(0.0, 7201.0, 60.0)


def feed(writer: RunWriter, plant: Any, times: np.ndarray, piece: int = 50) -> None:
    """Append samples in pieces."""
    for start in range(0, len(times), piece):
        y, w, q = trajectory(plant, times[start : start + piece])
        writer.append(times[start : start + piece], y, w[:, writer.w_index], q)


def snapshot(writer: RunWriter, plant: Any) -> Snapshot:
    """Both sides of the fake's event."""
    sides = []
    for after in (False, True):
        y, w, _ = trajectory(plant, np.array([EVENT]), after)
        sides += [y[0], w[0, writer.w_index]]
    return Snapshot(EVENT, *sides)


def write_run(path: Path, times: np.ndarray = TIMES, piece: int = 50, session: float = 1.5, **options: Any) -> Path:
    """Write a finished run."""
    plant = fake_plant()
    with RunWriter(path, plant, fake_scenario(), resolved="twin: 1\n", **options) as writer:
        feed(writer, plant, times[times < EVENT], piece)
        rows = [EventRow(EVENT, "set", "reagents.m_flow.ethanol", 0.01, 0.02, "the feed is doubled: ½ → 1")]
        writer.events(rows, [snapshot(writer, plant)])
        writer.alarms([AlarmRow(EVENT, "crystallizer.hardness", "low", 58.0, 60.0, "too soft")])
        feed(writer, plant, times[times >= EVENT], piece)
        return writer.finish(
            "finished",
            "The run finished.",
            stats={"steps": 120, "rejected": 3},
            session={"integration_seconds": session},
        )
