"""A run with processes is forked and resumed to the same bits: SimPy's processes are replayed from the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.schedule.processes import EVERYTHING, load
from twin.again import fork
from twin.results.reader import open_run
from twin.results.schedule import rows
from twin.run import run


def test_fork_without_a_change_is_the_same_run(tmp_path: Path) -> None:
    parent = run(load(tmp_path, EVERYTHING), tmp_path / "parent.h5")
    child = fork(parent.path, "70 min", tmp_path / "child.h5")
    assert child.ok
    one, other = open_run(parent.path), open_run(child.path)
    for tag in ("feeder.m_solids", "feeder.F", "feeder.product.m_flow"):
        np.testing.assert_array_equal(one.get(tag), other.get(tag), err_msg=tag)
    assert one.events == other.events
    for table in ("/schedule", "/schedule/resources", "/faults"):
        assert repr(rows(one, table)) == repr(rows(other, table)), table


def test_a_fork_changes_what_processes_wait_for(tmp_path: Path) -> None:
    parent = run(load(tmp_path, EVERYTHING), tmp_path / "parent.h5")
    child = fork(parent.path, "90 min", tmp_path / "child.h5", set=["feeder.m_high=2 kg"])
    assert child.ok
    one, other = (
        [row["start"] for row in rows(open_run(path), "/schedule") if row["name"] == "after filling"]
        for path in (parent.path, child.path)
    )
    assert [time for time in one if time <= 5400.0] == [time for time in other if time <= 5400.0]
    assert one != other
