"""Figures are pure functions of a run: tested without a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

plotly = pytest.importorskip("plotly", reason="the dashboard extra is not installed")

from dashboard import figures, loops, quality, sizes  # noqa: E402
from dashboard import marks as marking  # noqa: E402
from dashboard.data import Dataset, open_dataset  # noqa: E402
from dashboard.display import THEMES  # noqa: E402
from tests.dashboard.example import EDGES, SIZES, write_example  # noqa: E402

HOSTILE = "<img src=x onerror=alert(1)>%{y}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_example(tmp_path_factory.mktemp("runs") / "run.h5"))


def test_trends_draw_one_panel_for_each_unit_of_measure_in_readable_units(data: Dataset) -> None:
    figure = figures.trends(data, ["crystallizer.T", "reagents.T", "crystallizer.L43", "press.hardness"])
    lines = {trace.name: trace for trace in figure.data if trace.name != "events"}
    assert lines["crystallizer.T"].yaxis == lines["reagents.T"].yaxis
    assert len({trace.yaxis for trace in lines.values()}) == 3
    titles = " ".join(axis.title.text or "" for axis in figure.select_yaxes())
    assert "[°C]" in titles
    assert "[µm]" in titles
    assert "[N]" in titles
    # 298 K + 15 K at the start; the file holds doubles, so that equality needs a rounding error's room only
    assert lines["crystallizer.T"].y[0] == pytest.approx(39.85, abs=1e-9)
    assert lines["crystallizer.L43"].y[0] == pytest.approx(20.0, abs=1e-9)
    assert lines["crystallizer.T"].x[-1] == pytest.approx(8.0)
    assert figure.layout.xaxis3.title.text == "time [h]"


def test_limits_are_drawn_as_a_band_where_their_tag_is_drawn(data: Dataset) -> None:
    figure = figures.trends(data, ["press.hardness"], events=False)
    bands = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [(band.y0, band.y1) for band in bands] == [(80.0, 105.0)]
    without = figures.trends(data, ["crystallizer.T"], events=False)
    assert not without.layout.shapes


def test_events_are_lines_with_their_story_in_the_hover_text(data: Dataset) -> None:
    figure = figures.trends(data, ["press.hardness"])
    at = [shape.x0 for shape in figure.layout.shapes if shape.type == "line" and shape.xref == "x"]
    assert at == pytest.approx([2.0, 4.0, 6.0])
    marks = next(trace for trace in figure.data if trace.name == "events")
    assert "TIC-101.setpoint" in marks.text[0]
    assert "step 1" in marks.text[0]
    assert not [t for t in figures.trends(data, ["press.hardness"], events=False).data if t.name == "events"]


def test_many_events_are_drawn_as_few_marks_that_count_the_rest() -> None:
    marks = [marking.Mark(float(t), (f"event {t}",)) for t in range(5000)]
    drawn = marking.clusters(marks, (0.0, 5000.0))
    assert len(drawn) <= marking.MOST_MARKS + 1
    assert sum(len(mark.lines) for mark in drawn) == 5000
    near = marking.clusters(marks, (1000.0, 1020.0))  # a closer look parts them again
    assert [mark.time for mark in near] == [float(t) for t in range(1000, 1021)]


def test_alarms_are_marks_of_their_own(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "alarms", (marking.Mark(1800.0, ("outside its range",), "alarms"),))
    drawn = figures.trends(data, ["crystallizer.T"])
    traces = {trace.name: trace for trace in drawn.data}
    assert list(traces["alarms"].x) == [0.5]
    assert "outside its range" in traces["alarms"].text[0]
    assert len(traces["events"].x) == 3
    assert {shape.line.color for shape in drawn.layout.shapes} == {THEMES["light"].warm, THEMES["light"].alarm}


def test_thinning_keeps_a_spike_of_one_sample() -> None:
    x = np.arange(200_000.0)
    y = np.sin(x / 1e4)
    y[123_457] = 50.0
    thin_x, thin_y = figures.thinned(x, y, 1000)
    assert thin_x.size <= 1000
    assert thin_y.max() == 50.0
    same_x, _ = figures.thinned(x[:1000], y[:1000], 1000)
    assert same_x.size == 1000


@pytest.mark.parametrize("gap", [False, True])
def test_thinning_keeps_both_of_two_spikes_side_by_side_and_every_gap(gap: bool) -> None:
    """Wherever they stand; a method that chooses one point of a piece loses three of four."""
    x, rng = np.arange(100_000.0), np.random.default_rng(1)
    for at in rng.integers(100, 99_000, 50):
        y = np.sin(x / 1e4)
        if gap:
            y[at - 20 : at + 20] = np.nan
        y[at], y[at + 7] = 50.0, -50.0
        thin_x, thin_y = figures.thinned(x, y, 1000)
        assert thin_x.size <= 1000
        assert (np.nanmin(thin_y), np.nanmax(thin_y)) == (-50.0, 50.0)
        assert (thin_x[0], thin_x[-1]) == (x[0], x[-1])
        assert np.isnan(thin_y).any() == gap


def test_shape_of_a_distribution_integrates_to_one_and_is_missing_where_nothing_is(data: Dataset) -> None:
    values = data.read_grid("crystallizer.crystals")
    shape = sizes.density(values, SIZES, by_size=True)
    assert np.isnan(shape[0]).all()  # no crystals yet
    # exact but for the rounding of 60 additions
    assert shape[-1] @ np.diff(np.log(EDGES)) == pytest.approx(1.0, abs=1e-12)


def test_widths_of_uniform_classes_lie_between_halfway_edges() -> None:
    points = np.array([1.0, 2.0, 3.0, 4.0])
    assert sizes.log_widths(points) == pytest.approx(np.log([3.0, 5.0 / 3.0, 1.4, 4.5 / 3.5]))


def test_heat_map_has_time_size_and_a_logarithmic_axis(data: Dataset) -> None:
    figure = sizes.size_map(data, "crystallizer.crystals", normalised=False)
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.title.text == "crystal size [µm]"
    assert figure.data[0].z.shape == (60, data.time.size)
    # both ends, or the picture's scale would begin below nothing
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0.0, pytest.approx(figure.data[0].z.max()))
    assert figure.data[0].y == pytest.approx(SIZES * 1e6)
    along = sizes.size_map(data, "reactor.T_cells", normalised=False)
    assert along.layout.yaxis.type == "linear"
    assert along.data[0].z[0, 0] == pytest.approx(313.0 - 273.15, abs=1e-4)  # single precision in the picture


def test_curve_shows_the_chosen_instant(data: Dataset) -> None:
    figure = sizes.size_curve(data, "crystallizer.crystals", 60, normalised=False)
    shown = figure.data[-1]
    assert shown.name == "1 h 00 min"
    mode = SIZES[int(np.argmax(data.read_grid("crystallizer.crystals")[60]))]
    assert shown.x[int(np.argmax(shown.y))] == pytest.approx(mode * 1e6)


def test_names_from_a_file_are_text_in_every_figure(tmp_path: Path) -> None:
    hostile = open_dataset(write_example(tmp_path / "run.h5", extra=HOSTILE))
    name = next(series for series in hostile.series if series.startswith("<img"))
    written = json.dumps(figures.trends(hostile, [name]).to_plotly_json(), default=str)
    assert "onerror" in written
    assert "<img" not in written
    assert '%{y}"' not in written.replace("%{y:.5g}", "")


def test_dark_figures_use_the_dark_template(data: Dataset) -> None:
    light, dark = (figures.trends(data, ["crystallizer.T"], THEMES[name]) for name in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color


def test_nothing_chosen_says_what_to_do(data: Dataset) -> None:
    figure = figures.trends(data, ["no.such.tag"])
    assert "Choose tags" in figure.layout.annotations[0].text


def test_a_histogram_is_of_all_the_time_and_a_start_up_does_not_stretch_it(data: Dataset) -> None:
    from dashboard.quality import reach

    values = np.concatenate([np.linspace(99.0, 101.0, 9999), [1e6]])
    low, high = reach(values, np.ones(values.size), 98.0, 102.0)
    assert 97.0 < low < 98.0
    assert 102.0 < high < 103.0
    drawn = quality.histogram(data, "press.hardness")
    assert sum(drawn.data[0].y) == pytest.approx(100.0)


def test_a_loop_is_drawn_in_the_units_of_what_it_measures_and_drives(data: Dataset) -> None:
    loop = loops.loops(data)["TIC-101"]
    figure = loops.loop_figure(data, loop)
    assert figure.layout.yaxis.title.text == "[°C]"
    assert figure.layout.yaxis2.title.text == "[°C]"  # of crystallizer.T_jacket, in K
    # 290 + 5 cos(t/4000) K
    assert figure.data[-1].y[0] == pytest.approx(295.0 - 273.15)
