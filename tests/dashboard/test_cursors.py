"""Exact values at cursors, and CSV files of what is seen."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard import cursors
from dashboard.data import Dataset, open_dataset
from tests.dashboard.example import write_example
from twin.errors import TwinError

HOSTILE = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_example(tmp_path_factory.mktemp("cursors") / "run.h5", hours=1.0, extra=HOSTILE))


def test_a_csv_file_holds_every_digit_that_was_recorded(data: Dataset) -> None:
    lines = cursors.csv_text(data, ["crystallizer.T", "press.hardness", "no.such"], None).splitlines()
    assert lines[0] == "time,crystallizer.T,press.hardness"
    assert lines[1] == "s,K,N"
    numbers = np.array([[float(cell) for cell in line.split(",")] for line in lines[2:]])
    recorded = (data.time, data.read("crystallizer.T"), data.read("press.hardness"))
    assert all(np.array_equal(numbers[:, i], values) for i, values in enumerate(recorded))


def test_a_csv_file_holds_what_is_seen(data: Dataset) -> None:
    lines = cursors.csv_text(data, ["crystallizer.T"], (600.0, 1200.0)).splitlines()
    assert [line.split(",")[0] for line in (lines[2], lines[-1])] == ["600.0", "1200.0"]


def test_a_csv_file_is_never_cut_in_silence(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "MOST_ROWS", 60)
    with pytest.raises(TwinError, match="61 rows are more than a CSV file"):
        cursors.csv_text(data, ["crystallizer.T"], None)
    assert len(cursors.csv_text(data, ["crystallizer.T"], (0.0, 3540.0)).splitlines()) == 62


def test_no_spreadsheet_takes_a_name_for_a_formula(data: Dataset) -> None:
    assert cursors.csv_text(data, [f"{HOSTILE}.x"], None).startswith(f"time,'{HOSTILE}.x\n")


def test_cursors_tell_exact_values_and_their_difference(data: Dataset) -> None:
    table = cursors.cursor_table(data, ["crystallizer.T"], [600.0, 1200.0])
    cells = str(table)
    at = [298.0 + 15.0 * np.exp(-t / 1800.0) - 273.15 for t in (600.0, 1200.0)]
    for value in (f"{at[0]:.5f}", f"{at[1]:.5f}"):  # seven digits are shown
        assert value in cells
    assert "−" in cells  # the difference falls
    assert cursors.cursors_of([1.0, 2.0, 3.0, "x"]) == [1.0, 2.0]
