"""The page of residence times, lots and diversion, on a trace whose numbers are known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard import trace_figures
from dashboard.data import Dataset
from dashboard.pages import View, trace
from dashboard.runs import Catalog
from dashboard.traces import Traced, open_trace
from tests.dashboard.beside import TAU, write_trace
from tests.dashboard.example import write_example
from twin.results.files import FileProblem


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_trace(write_example(folder / "run.h5", hours=1.0))
    return folder


@pytest.fixture
def catalog(folder: Path) -> Catalog:
    return Catalog(folder)


@pytest.fixture
def found(folder: Path) -> Traced:
    return open_trace(folder / "run.trace.h5")


@pytest.fixture
def data(catalog: Catalog) -> Dataset:
    return catalog.dataset("run.h5")


def shown(component: Any) -> str:
    return json.dumps(component, default=lambda node: node.to_plotly_json(), ensure_ascii=False)


def test_a_trace_is_no_run(catalog: Catalog) -> None:
    assert catalog.names() == ["run.h5"]
    with pytest.raises(FileProblem):
        catalog.file("run.trace.h5")


def test_the_page_tells_all_that_was_traced(catalog: Catalog) -> None:
    text = shown(trace.layout(View(catalog, "run.h5")))
    for words in ("Residence times", "Lots and containers", "Diverted material", "State of control", "0.25", "1.4"):
        assert words in text
    assert "other content" not in text


def test_residence_times_are_those_of_the_file(found: Traced) -> None:
    figure = trace_figures.residence_figure(found.curves)
    assert figure.layout.xaxis.title.text == "time since it entered [h]"
    first = figure.data[0]
    assert first.y[0] == pytest.approx(3600.0 / TAU)  # per hour
    # thinning keeps the ends; twelve time constants hold all but e^-12 of the area, the trapezium errs by (Δt/τ)²/12
    assert np.trapezoid(found.curves[0].E, found.curves[0].age) == pytest.approx(1.0, abs=5e-5)
    text = shown(trace.times_table(found, [0]))
    assert '"10"' in text  # minutes
    assert found.curves[0].percentiles[50.0] == pytest.approx(TAU * np.log(2.0), rel=1e-4)
    upset = trace_figures.funnel_figure(found, [0])
    assert upset.data[0].y == pytest.approx(100.0 * (1.0 - np.exp(-np.array([0.1, 1.0, 10.0]))), rel=1e-3)


def test_any_container_and_any_lot_can_be_asked_for(found: Traced) -> None:
    assert found.backward("drum-1") == [("API-1", 3.0, 0.75, 0.01), ("API-2", 1.0, 0.25, 0.01)]
    assert found.forward("API-2") == [
        ("drum-1", 1.0, 1 / 3),
        ("drum-2", 1.5, 0.5),
        ("out", 0.0, 0.0),
        ("held", 0.5, 1 / 6),
    ]
    text = shown(trace.vessel_table(found, "drum-1"))
    assert "18 digits" in text
    assert "75 ± 1" in text
    assert "still in the plant" in shown(trace.lot_table(found, "API-1"))
    bars = trace_figures.lots_figure(found)
    assert [list(bar.y) for bar in bars.data] == [[75.0, 25.0], [25.0, 75.0]]


def test_openings_of_the_gate_are_shaded(data: Dataset, found: Traced) -> None:
    shades = [s for s in trace_figures.diversion_figure(data, found).layout.shapes if s.layer == "below"]
    assert [(s.x0, s.x1) for s in shades] == [
        (0.0, pytest.approx(1 / 6)),
        (pytest.approx(1 / 3), pytest.approx(5 / 12)),
    ]


def test_openings_that_overlap_for_one_reason_are_one_and_end_with_the_run(found: Traced) -> None:
    rows = {"start": [0.0, 100.0, 150.0, 4000.0], "end": [200.0, 1e9, 160.0, 5000.0], "reason": ["a", "b", "a", "a"]}
    merged = dataclasses.replace(found, diversion=rows).openings(3600.0)
    assert merged == [(0.0, 200.0, "a"), (100.0, 3600.0, "b")]


def test_the_chart_has_means_limits_and_broken_rules(data: Dataset, found: Traced) -> None:
    figure = trace_figures.control_chart(data, found, 0)
    assert len(figure.data[0].x) == 5  # intervals of ten minutes in the 55 from the time at rest on
    assert len(figure.layout.shapes) == 5


def test_of_another_run_it_says_so(folder: Path, tmp_path: Path) -> None:
    write_example(tmp_path / "run.h5", hours=2.0)
    (tmp_path / "run.trace.h5").write_bytes((folder / "run.trace.h5").read_bytes())
    assert "other content" in shown(trace.layout(View(Catalog(tmp_path), "run.h5")))


def test_without_a_trace_it_can_be_made_but_not_by_reviewers(tmp_path: Path) -> None:
    write_example(tmp_path / "run.h5", hours=1.0)
    assert "Trace this run" in shown(trace.layout(View(Catalog(tmp_path), "run.h5")))
    assert "Trace this run" not in shown(trace.layout(View(Catalog(tmp_path, review=True), "run.h5")))


@pytest.mark.parametrize("kind", ["cut", "foreign", "text"])
def test_damaged_and_foreign_files_are_named(folder: Path, tmp_path: Path, kind: str) -> None:
    import h5py

    path = tmp_path / "run.trace.h5"
    whole = (folder / "run.trace.h5").read_bytes()
    if kind == "foreign":
        with h5py.File(path, "w") as file:
            file["x"] = [1.0]
    else:
        path.write_bytes(whole[: len(whole) // 2] if kind == "cut" else b"hello")
    with pytest.raises(FileProblem, match=r"run\.trace\.h5"):
        open_trace(path)
