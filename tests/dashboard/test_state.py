"""States of units, loops and quality as the pages compute them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard.data import Dataset, open_dataset
from dashboard.loops import loop_figure, loops, performance
from dashboard.quality import capability, histogram, judged
from dashboard.state import Plantwide, Stream
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


@pytest.mark.parametrize(
    ("fed", "good", "aside", "state"),
    [(1.0, 1.0, 0.0, "running"), (1.0, 0.0, 1.0, "diverting"), (1.0, 0.0, 0.0, "filling"), (0.0, 0.0, 0.0, "starved")],
)
def test_a_gate_is_told_by_where_its_material_goes(fed: float, good: float, aside: float, state: str) -> None:
    plant = object.__new__(Plantwide)
    plant.limited = {}
    plant.streams = [
        Stream(0, "press", "gate", ("a",), "", False, 1.0),
        Stream(1, "gate", "coater", ("b",), "", False, 1.0),
        Stream(2, "gate", "rejects", ("c",), "", False, 1.0),
        Stream(3, "feed", "elsewhere", ("d",), "", False, 1.0),
    ]
    assert plant._state("gate", "gate", {0: fed, 1: good, 2: aside, 3: 1.0}, {}) == state


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


def test_performance_against_closed_forms(data: Dataset) -> None:
    """T - T_set of the first four hours is 15 exp(-t/1800 s) - 0.15 K; the output is 290 + 5 cos(t/4000 s) K."""
    loop = replace(loops(data)["TIC-101"], setpoint="reagents.T", settings={"low": 290.0, "high": 400.0})
    found = performance(data, loop, (0.0, 7200.0))
    assert found["largest"] == pytest.approx(14.85)
    zero = 1800.0 * np.log(100.0)  # where the error changes its sign: after these two hours
    assert zero > 7200.0
    IAE = 15.0 * 1800.0 * (1.0 - np.exp(-4.0)) - 0.15 * 7200.0
    assert found["IAE"] == pytest.approx(IAE, rel=1e-3)  # trapezia of a minute
    assert found["mean"] == pytest.approx(IAE / 7200.0, rel=1e-3)
    ISE = 225.0 * 900.0 * (1.0 - np.exp(-8.0)) - 2.0 * 0.15 * 27000.0 * (1.0 - np.exp(-4.0)) + 0.0225 * 7200.0
    assert found["ISE"] == pytest.approx(ISE, rel=1e-3)
    whole = performance(data, loop)
    # up and down: 1 to -1 to 1 to cos(7.2); at or below its lower limit while the cosine is not positive
    assert whole["travel"] == pytest.approx(5.0 * (5.0 - np.cos(7.2)), rel=1e-3)
    assert whole["at_limit"] == pytest.approx(np.pi / 7.2, abs=2.0 * 60.0 / 28800.0)


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
