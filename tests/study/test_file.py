"""The study file: what is written is read, by our reader and by xarray, and equal studies have equal hashes."""

import h5py
import numpy as np
import pytest

from twin.results.content import verify
from twin.results.files import FileProblem
from twin.study.file import Factor, Response, Table, open_study, write_study

FACTORS = (
    Factor("tau", "s", "residence time", ("first.tau",), low=10.0, high=90.0, distribution={"kind": "uniform"}),
    Factor("case", "1", "scenario", ("scenario",), "choice", 0.0, 1.0, {"kind": "levels"}, ("day", "night")),
)
RESPONSES = (Response("T", "K", "temperature", high=350.0), Response("yield", "1", "yield"))


def _table(y=0.5):
    return Table(
        FACTORS,
        RESPONSES,
        np.array([[20.0, 0.0], [80.0, 1.0], [50.0, 1.0]]),
        np.array([[300.0, y], [310.0, 0.7], [np.nan, np.nan]]),
        ("finished", "finished", "not_finite"),
        ("", "", "The rates are not finite."),
        np.array([10.0, 10.0, 3.0]),
        np.array([1, 2, 2**62]),
        np.array([0, 1, 2]),
        np.array([0, 0, 0]),
    )


def _write(path, table, wall=1.0):
    return write_study(
        path,
        table,
        attributes={"title": "A study"},
        design={"kind": "table"},
        texts={"study": ("twin: 1", "verbatim"), "resolved": ("{}", "resolved")},
        provenance={"seed": 7},
        session={"wall_seconds": wall},
    )


def test_what_is_written_is_read(tmp_path):
    _write(tmp_path / "a.h5", _table())
    found = open_study(tmp_path / "a.h5")
    assert (found.factors, found.responses) == (FACTORS, RESPONSES)
    np.testing.assert_array_equal(found.X, _table().X)
    np.testing.assert_array_equal(found.Y, _table().Y)
    assert found.finished.tolist() == [True, True, False]
    assert found.seeds[2] == 2**62  # a double would round it
    assert found.column("yield")[1] == 0.7
    assert found.unit("tau") == "s"
    assert found.provenance["seed"] == 7
    with pytest.raises(FileProblem, match="Did you mean 'yield'"):
        found.column("yeild")


def test_the_hash_is_of_the_content(tmp_path):
    first = _write(tmp_path / "a.h5", _table())
    assert _write(tmp_path / "b.h5", _table(), wall=99.0) == first
    assert _write(tmp_path / "c.h5", _table(y=0.5000001)) != first
    assert verify(tmp_path / "a.h5").ok
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["Y"][0, 0] = 301.0
    assert not verify(tmp_path / "a.h5").ok


def test_xarray_opens_it_and_names_every_column(tmp_path):
    xr = pytest.importorskip("xarray")
    _write(tmp_path / "a.h5", _table())
    with xr.open_dataset(tmp_path / "a.h5", engine="h5netcdf") as raw:
        assert raw.X.dims == ("run", "factor")
        assert raw.factor.values.tolist() == ["tau", "case"]
    named = open_study(tmp_path / "a.h5").to_xarray()
    assert named["case"].values.tolist() == ["day", "night", "night"]
    assert named["T"].attrs["units"] == "K"


def test_other_files_are_refused(tmp_path):
    with h5py.File(tmp_path / "run.h5", "w") as file:
        file.attrs["schema_version"] = "1.0"
    with pytest.raises(FileProblem, match="not a study"):
        open_study(tmp_path / "run.h5")
    with pytest.raises(FileProblem, match="there is no file"):
        open_study(tmp_path / "none.h5")
