"""Files that were made to harm: each is answered in words before anything of it is read."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")


from dashboard import vetting
from dashboard.app import create_app
from dashboard.data import open_dataset
from dashboard.pages import runs
from dashboard.runs import Catalog
from tests.dashboard.example import write_example
from tests.dashboard.test_app import open_page
from twin.errors import TwinError

SECRET = "the secret of another folder"


def other_files_bytes(file: h5py.File, secret: Path) -> None:
    external = [(str(secret).encode(), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("units/spy/measurements/x", (4,), "u1", external=external)


def other_files_bytes_as_time(file: h5py.File, secret: Path) -> None:
    del file["time"]
    file.create_dataset("time", (4,), "u1", external=[(str(secret).encode(), 0, h5py.h5f.UNLIMITED)])


def another_hdf5_file(file: h5py.File, secret: Path) -> None:
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["x"] = SECRET
    del file["configuration/plant"]
    file["configuration/plant"] = h5py.ExternalLink(str(secret.with_suffix(".h5")), "x")


def a_virtual_variable(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(str(secret.with_suffix(".h5")), "x", (4,))
    file.create_virtual_dataset("units/spy/measurements/x", layout)


def a_link(file: h5py.File, _: Path) -> None:
    file["units/spy"] = h5py.SoftLink("/units/spy")


def rows_without_end(file: h5py.File, _: Path) -> None:
    del file["time"]
    file.create_dataset("time", (10**13,), "f8", chunks=(1024,))


def numbers_without_end(file: h5py.File, _: Path) -> None:
    file.create_dataset("units/spy/measurements/x", (61, 10**9), "f8", chunks=(1, 1024))


def a_text_without_end(file: h5py.File, _: Path) -> None:
    del file["configuration/plant"]
    file.create_dataset("configuration/plant", (), f"S{2**30}")


HARM: dict[Callable[[h5py.File, Path], None], str] = {
    other_files_bytes: "in another file",
    other_files_bytes_as_time: "in another file",
    another_hdf5_file: "link to another place",
    a_virtual_variable: "in another file",
    a_link: "link to another place",
    rows_without_end: "10000000000000 rows",
    numbers_without_end: "1000000000 numbers",
    a_text_without_end: "too long",
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = write_example(tmp_path_factory.mktemp("example") / "run.h5", hours=1.0)
    assert open_dataset(run).time.size == 61
    return run


@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_harms_is_refused(harm: Callable[[h5py.File, Path], None], example: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    run = Path(shutil.copy(example, folder / "run.h5"))
    secret = tmp_path / "secret.bin"
    secret.write_text(SECRET, encoding="utf-8")
    with h5py.File(run, "a") as file:
        harm(file, secret)
    with pytest.raises(TwinError, match=HARM[harm]):
        open_dataset(run)


def foreign_plant(file: h5py.File) -> None:
    del file["configuration/plant"]
    file["configuration/plant"] = np.zeros(3)


def no_outcome(file: h5py.File) -> None:
    del file.attrs["outcome"]


@pytest.mark.parametrize("harm", [foreign_plant, no_outcome])
def test_what_no_run_holds_costs_that_run_only(
    harm: Callable[[h5py.File], None], example: Path, tmp_path: Path
) -> None:
    shutil.copy(example, tmp_path / "good.h5")
    with h5py.File(shutil.copy(example, tmp_path / "bad.h5"), "a") as file:
        harm(file)
    catalog = Catalog(tmp_path)
    shown = {row["name"]: row for row in runs.rows(catalog)}
    assert shown["good.h5"]["plant"] == "line"
    page = open_page(create_app(catalog).server.test_client(), "?run=bad.h5&page=plant")
    assert "does not expect" in json.dumps(page)


@pytest.mark.parametrize("most", [500, pytest.param(vetting.MOST_TAGS, marks=pytest.mark.slow)])
def test_more_quantities_than_a_plant_has_are_refused_at_once(
    most: int, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many names of one variable, which take the room of names only."""
    monkeypatch.setattr(vetting, "MOST_TAGS", most)
    run = Path(shutil.copy(example, tmp_path / "run.h5"))
    with h5py.File(run, "a", libver="latest") as file:
        group = file.create_group("units/many/measurements")
        one = group.create_dataset("x", data=np.zeros(61))
        for i in range(most):
            group[f"x{i}"] = one
    began = time.process_time()
    with pytest.raises(TwinError, match=f"more than {most} quantities"):
        open_dataset(run)
    assert time.process_time() - began < 10.0
