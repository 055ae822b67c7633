"""The content hash: equal for equal runs, different after any change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.results.making import write_run
from twin.results.content import HASH, content_hash, digests, verify


def test_a_run_verifies_and_carries_its_hash(finished: Path) -> None:
    result = verify(finished)
    assert result.ok
    assert result.reason == ""
    assert result.stored.startswith("sha256:")
    assert len(result.stored) == 71


def test_the_same_run_has_the_same_hash_however_it_was_appended(tmp_path: Path, finished: Path) -> None:
    again = write_run(tmp_path / "again.h5", piece=7, session=99.0, flush_every=0.0)
    assert verify(again).stored == verify(finished).stored


def test_the_hash_does_not_depend_on_hash_seeds_or_the_process(tmp_path: Path, finished: Path) -> None:
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.h5"
        script = "import sys, pathlib; from tests.results.making import write_run; write_run(pathlib.Path(sys.argv[1]))"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", script, str(path)], env=environment, check=True)
        assert verify(path).stored == verify(finished).stored


def _edit_value(file: h5py.File) -> None:
    values = file["/units/crystallizer/states/m"]
    values[3, 1] = np.nextafter(values[3, 1], 1.0)


def _negate_zero(file: h5py.File) -> None:
    file["/units/crystallizer/measurements/mode"][0] = -0.0


def _edit_unit(file: h5py.File) -> None:
    file["/units/crystallizer/states/m"].attrs["units"] = "g"


def _edit_text(file: h5py.File) -> None:
    file["/configuration/plant"][()] = "twin: 1\n"


def _add(file: h5py.File) -> None:
    file["/units/crystallizer/states/extra"] = np.zeros(3)


def _rename(file: h5py.File) -> None:
    file.move("/units/crystallizer/states/m", "/units/crystallizer/states/n")


def _remove(file: h5py.File) -> None:
    del file["/units/crystallizer/measurements/hardness"]


def _cut(file: h5py.File) -> None:
    file["/units/crystallizer/states/H"].resize(100, axis=0)


def _swap_scale(file: h5py.File) -> None:
    dataset = file["/units/crystallizer/holdup/m_fluids"]
    dataset.dims[1].detach_scale(file["fluids"])
    dataset.dims[1].attach_scale(file["solids"])


def _soft_link(file: h5py.File) -> None:
    file["/units/crystallizer/states/alias"] = h5py.SoftLink("/time")


def _external_link(file: h5py.File) -> None:
    file["/units/crystallizer/states/alias"] = h5py.ExternalLink("other.h5", "/time")


def _second_name(file: h5py.File) -> None:
    file["/units/crystallizer/states/alias"] = file["/time"]


def _circle(file: h5py.File) -> None:
    file["/units/crystallizer/circle"] = file["/units"]


def _same_name_composed_otherwise(file: h5py.File) -> None:
    """Two spellings of one word in Unicode, which would share one place in the hash."""
    file["/configuration/Na\u0308sse"] = 1.0
    file["/configuration/N\u00e4sse"] = 1.0


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(3,))
    file.create_virtual_dataset("/units/crystallizer/states/virtual", layout)


@pytest.mark.parametrize(
    "change",
    [
        _edit_value,
        _negate_zero,
        _edit_unit,
        _edit_text,
        _add,
        _rename,
        _remove,
        _cut,
        _swap_scale,
        _soft_link,
        _external_link,
        _second_name,
        _circle,
        _virtual,
        _same_name_composed_otherwise,
    ],
)
def test_every_change_is_found(change: Callable[[h5py.File], None], tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "changed.h5"
    shutil.copy(finished, path)
    with h5py.File(path, "r+") as file:
        change(file)
    result = verify(path)
    assert not result.ok
    assert result.reason


def test_what_differs_between_equal_runs_is_not_hashed(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "session.h5"
    shutil.copy(finished, path)
    with h5py.File(path, "r+") as file:
        file["/provenance/session"].attrs["wall_seconds"] = 1e9
    assert verify(path).ok


def test_recompressing_keeps_the_hash(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "plain.h5"
    shutil.copy(finished, path)
    with h5py.File(path, "r+") as file:
        node = file["/balances/terms/sign"]
        node.dims[0].detach_scale(file["term"])
        values, attributes, name = node[()], dict(node.attrs), node.name
        del file[name]
        new = file.create_dataset(name, data=values.astype(">f8"))  # other filters, other byte order
        for key in ("units", "long_name"):
            new.attrs[key] = attributes[key]
        new.dims[0].attach_scale(file["term"])
    assert verify(path).ok


def test_the_first_difference_between_two_runs_is_named(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "changed.h5"
    shutil.copy(finished, path)
    with h5py.File(path, "r+") as file:
        _edit_value(file)
    with h5py.File(path, "r") as changed, h5py.File(finished, "r") as file:
        new, old = digests(changed), digests(file)
    assert [name for name in old if old[name] != new[name]] == ["/units/crystallizer/states/m"]


@given(data=st.data())
def test_a_flipped_bit_is_found_or_changes_nothing(
    data: st.DataObject, finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    original = finished.read_bytes()
    place = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("flip") / "flipped.h5"
    path.write_bytes(changed)
    result = verify(path)
    assert not result.ok or result.computed == verify(finished).computed


def test_an_unfinished_or_foreign_file_is_answered_in_words(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1.0
    assert "no content hash" in verify(path).reason
    path.write_bytes(b"nothing")
    assert "cannot be read" in verify(path).reason
    assert HASH == "content_hash"


def test_the_verifier_imports_neither_numba_nor_the_simulator() -> None:
    script = (
        "import sys, twin.results.content\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('numba', 'scipy', 'simpy', 'unit_ops')"
        " or m.startswith(('twin.plant', 'twin.integrate', 'twin.schedule', 'twin.jit'))]\nassert not bad, bad\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_a_second_spelling_of_a_name_cannot_hide_a_variable(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "hidden.h5"
    shutil.copy(finished, path)
    with h5py.File(path, "r+") as file:
        file["/configuration/N\u00e4sse"] = 1.0
        file.attrs[HASH] = content_hash(file)
    assert verify(path).ok
    with h5py.File(path, "r+") as file:
        file["/configuration/Na\u0308sse"] = 2.0
    assert "told apart by how letters are composed" in verify(path).reason
