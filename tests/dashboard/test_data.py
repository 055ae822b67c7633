"""What the pages offer of a run, how numbers are written, and where the flowsheet puts things."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard import display, flowsheet
from dashboard.data import Dataset, described, open_dataset
from dashboard.pages import unit as plant_page
from dashboard.runs import Catalog
from tests.dashboard.example import write_example
from twin.flowsheet import routes, symbols
from twin.flowsheet.places import Node
from twin.flowsheet.sheet import read_sheet
from twin.results.files import FileProblem
from twin.results.records import Tag


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_example(tmp_path_factory.mktemp("runs") / "run.h5"))


def test_series_are_single_numbers_and_distributions_stand_apart(data: Dataset) -> None:
    assert "reagents.m_flow[paracetamol]" in data.series
    assert data.series["press.hardness"].unit == "N"
    assert not [name for name in data.series if name.startswith("crystallizer.crystals")]
    assert list(data.distributions) == ["crystallizer.crystals", "reactor.T_cells"]
    assert data.read("reagents.m_flow[paracetamol]")[3] == pytest.approx(3e-4)


def test_places_in_a_store_are_no_grid() -> None:
    """As the readings that an instrument has not yet told: of a fixed number, along nothing."""
    grids = {"dryer_cells": np.arange(20), "nir_20": np.arange(20)}
    tags = {
        name: Tag(name, f"/units/{name}/states/x", "kg", "", (dim,), (20,))
        for name, dim in (("dryer.m", "dryer_cells"), ("nir.ring_m", "nir_20"))
    }
    run: Any = SimpleNamespace(tags=tags, labels=grids.__getitem__, path="run.h5")
    assert list(Dataset(run).distributions) == ["dryer.m"]


def test_first_tags_are_those_with_limits_and_under_control(data: Dataset) -> None:
    assert data.default_tags() == ["press.hardness", "crystallizer.T"]
    assert sorted(data.tags_of("crystallizer")) == ["crystallizer.L43", "crystallizer.T"]
    assert data.tags_of("nothing") == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1234567.0, "1\u202f234\u202f567"), (0.00012345, "0.0001234"), (2.5e-9, "2.5·10⁻⁹"), (-3.0, "−3"),
        (float("nan"), "–"), (99.996, "100"), (1e300, "1·10³⁰⁰"), (5e-324, "4.941·10⁻³²⁴"), (9999999.0, "1·10⁷"),
        (-2.5e-9, "−2.5·10⁻⁹"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert display.number(value) == text


@pytest.mark.parametrize(
    ("unit", "meaning", "largest", "text"),
    [
        ("m", "size", 2e-4, "µm"), ("m", "length", 120.0, "m"), ("K", "temperature", 300.0, "°C"),
        ("K", "temperature difference", 5.0, "K"), ("kg/m^3", "density", 1.0, "kg/m³"),
        ("J/(kg K)", "heat", 1.0, "J/(kg·K)"),
        ("Pa", "pressure", 1.5e8, "MPa"), ("1", "fraction", 1.0, "–"), ("kg", "mass", 0.0, "kg"),
    ],
)  # fmt: skip
def test_units_are_chosen_so_that_values_read_well(unit: str, meaning: str, largest: float, text: str) -> None:
    assert display.shown_unit(unit, meaning, largest).text == text


def test_parameters_are_shown_with_unit_meaning_and_components(data: Dataset) -> None:
    rows = {
        row[0].children[0].children: row[1:]
        for row in plant_page.parameters(data, "crystallizer", described("crystallization.msmpr"))
    }
    assert rows["tau"] == ("10", "min")
    assert rows["cp"] == ("ethanol: 2\u202f440, paracetamol: 1\u202f400", "J/(kg·K)")


def test_a_file_cannot_have_modules_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    from twin import library

    monkeypatch.setattr(library, "describe", lambda name: pytest.fail(f"{name} was imported"))
    for name in ("os", "antigravity.x.y", "..evil", "a.b.c", "twin.run.main", "", "os.path; x", "Os.path"):
        assert described(name) == {}


def test_recycles_are_left_out_of_the_layers_and_routed_below() -> None:
    config = {
        "units": {name: {"model": "piping.tank"} for name in ("a", "b", "c")},
        "connections": ["a.product -> b.feed", "b.product -> c.feed", "c.product -> a.feed"],
    }
    sheet = read_sheet(config, lambda model, port: "Solution")
    xs = [node.x for node in sheet.nodes]
    assert xs == sorted(xs)
    assert len(set(xs)) == 3
    back = routes.route(sheet.nodes[2], sheet.nodes[0], 0)
    assert all(y > max(node.y for node in sheet.nodes) for _, y in back)


def test_corners_survive_the_way_to_cytoscape_and_back() -> None:
    source, target = Node("s", "", "unit", "tank", x=10.0, y=40.0), Node("t", "", "unit", "tank", x=210.0, y=-60.0)
    bends = [(110.0, 40.0), (110.0, -60.0)]
    weights, distances = (list(map(float, text.split())) for text in flowsheet.relative(source, target, bends))
    dx, dy = target.x - source.x, target.y - source.y
    length = (dx**2 + dy**2) ** 0.5
    back = [
        (source.x + w * dx - d * dy / length, source.y + w * dy + d * dx / length)
        for w, d in zip(weights, distances, strict=True)
    ]
    for found, meant in zip(back, bends, strict=True):
        assert found == pytest.approx(meant, abs=0.01)  # they are written with three to five decimals


def test_no_two_things_of_the_flagship_stand_on_each_other(root: Path) -> None:
    from twin.config.reading import read_text

    path = root / "plant_configs" / "paracetamol_tablets.yaml"
    plant = read_text(path.read_text(encoding="utf-8"), "plant").plain()
    sheet = read_sheet(
        plant,
        lambda model, port: next((p["carries"] for p in described(model).get("ports", ()) if p["name"] == port), ""),
    )
    assert {edge.stream for edge in sheet.edges} >= {"Solution", "Slurry", "Cake", "Gas", "Powder", "Tablets", "Signal"}
    spots = [(node.x, node.y) for node in sheet.nodes]
    gaps = [max(abs(a[0] - b[0]), abs(a[1] - b[1])) for i, a in enumerate(spots) for b in spots[:i]]
    assert min(gaps) > 50.0  # pixels: wider than any feed's or controller's symbol


@pytest.mark.parametrize("kind", symbols.kinds())
def test_every_symbol_is_well_formed_and_loads_nothing(kind: str) -> None:
    from urllib.parse import unquote
    from xml.etree import ElementTree

    picture = unquote(symbols.drawing(kind, "#000", "#fff", "#0af").partition(",")[2])
    assert "href" not in picture
    assert len(ElementTree.fromstring(picture)) > 0


def test_every_kind_of_the_library_has_a_symbol() -> None:
    from twin import library

    for name in library.names():
        assert symbols.kind_of(name) in symbols.kinds()
    assert symbols.kind_of("my.own_model") == "unit"


def test_catalog_gives_the_newest_and_refuses_to_leave_its_folder(tmp_path: Path) -> None:
    import os

    runs = tmp_path / "runs"
    runs.mkdir()
    old, new = write_example(runs / "old.h5", hours=0.5), write_example(runs / "new.h5", hours=0.5)
    write_example(tmp_path / "secret.h5", hours=0.5)
    os.utime(old, (1, 1))
    catalog = Catalog(runs)
    assert catalog.names() == ["new.h5", "old.h5"]
    assert catalog.dataset(None).run.path == new.resolve()
    for name in ("../secret.h5", "..\\secret.h5", str(tmp_path / "secret.h5"), "", "new.h5/../../secret.h5"):
        with pytest.raises(FileProblem, match="no run of that name"):
            catalog.dataset(name)
    assert Catalog(old).names() == ["old.h5"]


def test_catalog_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no file"):
        Catalog(tmp_path / "nothing.h5")
    with pytest.raises(FileProblem, match="no run"):
        Catalog(tmp_path, review=True)


def test_controllers_do_not_stand_on_what_is_written_under_a_unit() -> None:
    """Values take two lines more than the sheet's own captions, for which its controllers were placed."""
    nodes = [Node("press", "", "unit", "press", "", 100.0, 100.0), Node("LIC", "", "controller", "", "", 60.0, 160.0)]
    nodes.append(Node("TIC", "", "controller", "", "", 100.0, 20.0))
    assert flowsheet.beside_labels(nodes) == {"LIC": 100.0 - flowsheet.ROOM}
