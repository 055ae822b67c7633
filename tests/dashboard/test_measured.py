"""Plant data laid over a run, and dossiers of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard.app import create_app
from dashboard.dossiers import dossiers, open_bundle
from dashboard.figures import colours_of, lines_of
from dashboard.measured import beside, clock_note, data_files, points, residuals
from dashboard.pages import View, evidence, trends
from dashboard.runs import Catalog
from dashboard.whatif import scenarios
from tests.dashboard.beside import DOSSIER, MAP, write_bundle, write_data
from tests.dashboard.example import write_example
from twin.errors import TwinError
from twin.results.files import FileProblem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_example(tmp_path / "run.h5", hours=1.0)
    write_data(tmp_path)
    return tmp_path


def shown(component: Any) -> str:
    return json.dumps(component, default=lambda node: node.to_plotly_json(), ensure_ascii=False)


def test_data_stand_where_they_were_measured_in_the_units_of_the_panel(folder: Path) -> None:
    catalog = Catalog(folder)
    assert list(data_files(folder)) == ["plant.csv"]
    found = beside(catalog, "run.h5", "plant.csv")
    assert found is not None
    lines = lines_of({"": catalog.dataset("run.h5")}, ["crystallizer.T", "press.hardness"])
    (row, first), (_, second) = points(found, lines, colours_of(lines))
    assert row == 1
    assert first["x"][0] == pytest.approx(2.0 / 60.0)
    assert first["y"][0] == pytest.approx(298.0 + 15.0 * np.exp(-120.0 / 1800.0) - 273.15 + 0.5)
    assert first["error_y"]["array"] == pytest.approx(0.5)
    assert second["error_y"]["array"] == pytest.approx(0.02 * second["y"])
    text = shown(residuals(found))
    assert "−0.5" in text  # the run is half a degree lower
    assert "100 %" in text
    assert "moved by 2 min, as the map says" in clock_note(found)


def test_a_map_is_no_scenario_and_data_without_one_are_not_offered(folder: Path) -> None:
    (folder / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "plant.yaml" not in scenarios(folder)
    assert "other.csv" not in data_files(folder)
    assert "plant.csv" in shown(trends.layout(View(Catalog(folder), "run.h5")))


def test_what_is_wrong_with_data_is_said(folder: Path) -> None:
    catalog = Catalog(folder)
    with pytest.raises(FileProblem, match="no data of that name"):
        beside(catalog, "run.h5", "../plant.csv")
    (folder / "plant.yaml").write_text(MAP.replace("press.hardness", "press.hardnes"), encoding="utf-8")
    with pytest.raises(TwinError, match="Did you mean"):
        beside(catalog, "run.h5", "plant.csv")


def test_dossiers_of_a_run_are_found_told_and_checked_on_the_spot(folder: Path) -> None:
    write_bundle(folder / "a.zip", DOSSIER)
    write_bundle(folder / "other.zip", {**DOSSIER, "file": "other.h5"})
    write_bundle(folder / "broken.zip", "{")
    catalog = Catalog(folder)
    assert [one.path.name for one in dossiers(catalog, "run.h5")] == ["a.zip"]
    text = shown(evidence.layout(View(catalog, "run.h5")))
    assert "Code verification" in text
    assert "asked for" in text
    checked = shown(evidence.verdict(evidence.evidence(folder / "a.zip"), "v"))
    assert "verdict-bad" in checked  # it has no manifest
    with pytest.raises(FileProblem):
        open_bundle(folder / "broken.zip")


def test_a_dossiers_page_can_do_nothing(folder: Path) -> None:
    write_bundle(folder / "a.zip", DOSSIER)
    client = create_app(Catalog(folder)).server.test_client()
    answer = client.get("/dossier?run=run.h5&file=a.zip")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]
    text = answer.get_data(as_text=True)
    assert "<script" not in text
    assert "&lt;script" in text
    for query in ("run=run.h5&file=../a.zip", "run=../run.h5&file=a.zip", "run=run.h5", ""):
        assert client.get(f"/dossier?{query}").status_code == 404


def test_verified_cases_are_those_of_the_plants_models(folder: Path) -> None:
    text = shown(evidence.verified(Catalog(folder).dataset("run.h5")))
    assert "crystallization.msmpr" in text
    assert '"numbers"' in text
