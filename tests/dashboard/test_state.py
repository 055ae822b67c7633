"""States of units, loops and quality as the pages compute them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard.data import Dataset, open_dataset
from dashboard.loops import loop_figure, loops, performance
from dashboard.quality import capability, histogram, judged
from tests.dashboard.example import write_example
from twin import plot


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_example(tmp_path_factory.mktemp("state") / "run.h5"))


def test_streams_and_units_have_values_and_states(data: Dataset) -> None:
    now = data.plantwide.at(data.run.rows - 1)
    texts = [text for text, _ in now["streams"].values()]
    assert "4.68 kg/h\n25 °C" in texts  # 1e-3 + 3e-4 kg/s of reagents at 25 °C
    assert "1.01 kg/h" in texts  # 2.8e-4 kg/s of tablets
    state, lines = now["units"]["press"]
    assert state == "running"
    assert lines[0].startswith("hardness ")


def test_a_value_outside_its_limits_colours_its_unit(data: Dataset) -> None:
    hardness = data.read("press.hardness")
    low, high = data.limits["press.hardness"]
    for row in range(0, data.run.rows, 20):
        state = data.plantwide.at(row)["units"]["press"][0]
        assert (state == "out of limits") == bool(hardness[row] < low or hardness[row] > high)


def test_performance_is_that_of_the_recorded_values(data: Dataset) -> None:
    assert set(loops(data)) == {"TIC-101"}
    assert performance(data, loops(data)["TIC-101"]) == {}  # this file has no setpoint
    assert len(loop_figure(data, loops(data)["TIC-101"]).data) == 2


def test_capability_of_a_known_spread() -> None:
    values = np.array([9.0, 11.0])
    found = capability(values, np.ones(2), 4.0, 13.0)
    assert found["mean"] == pytest.approx(10.0)
    assert found["std"] == pytest.approx(1.0)
    assert found["ppk"] == pytest.approx(1.0)  # three units to the nearer limit over three deviations
    assert found["inside"] == pytest.approx(1.0)
    assert capability(values, np.array([3.0, 1.0]), 10.0, 13.0)["inside"] == pytest.approx(0.25)


def test_shares_of_all_and_of_the_product_stand_beside_each_other(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.pages.quality import attributes

    monkeypatch.setattr(Dataset, "report", {"quality": [{"tag": "press.hardness", "inside": 0.501}]})
    told = str(attributes(data, ["press.hardness"]))
    values, weights = judged(data, "press.hardness")
    inside = weights[(values >= 80.0) & (values <= 105.0)].sum() / weights.sum()
    assert "50.1 %" in told
    assert f"{100.0 * inside:.4g} %" in told


def test_histogram_shares_add_up_to_all_of_the_time(data: Dataset) -> None:
    values, weights = judged(data, "press.hardness")
    assert weights.sum() == pytest.approx(data.time[-1], rel=0.01)  # half a row at either end
    assert sum(histogram(data, "press.hardness").data[0].y) == pytest.approx(100.0)


def test_figures_are_there_for_notebooks(data: Dataset) -> None:
    again = plot.open(data.run.path)
    figure = plot.overlay({"a": data, "b": again}, ["crystallizer.T"])
    assert [trace.name for trace in figure.data[:2]] == ["crystallizer.T · a", "crystallizer.T · b"]
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_a_zoomed_figure_reads_on(data: Dataset) -> None:
    from dashboard.figures import window

    time, values = window(data, "crystallizer.T", (3600.0, 7200.0))
    assert time[0] == pytest.approx(3540.0)  # one row beyond either end
    assert time[-1] == pytest.approx(7260.0)
    assert values.size == time.size
