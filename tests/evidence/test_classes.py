"""Threat 25: an export holds nothing that its receiver may not see, not even as bytes; what has no class stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.folder import found, make_run
from twin.cli import main
from twin.evidence.classes import Classes, ClassProblem, export, read_classes
from twin.evidence.findings import Kind
from twin.results.content import HASH

CLASSES = """\
classes: [public, partner, secret]
items:
  /time: public
  /units/crystallizer/*: partner
  /units/crystallizer/measurements/hardness: secret
  /configuration/*: secret
"""
#: A text and a number that nobody else writes.
CANARY, NUMBER = "canary-7b1f5a", -3.141592653589793e-97


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with canaries in what is secret, and in what nobody has classified."""
    path = make_run(tmp_path_factory.mktemp("classes") / "a.h5", 20)
    with h5py.File(path, "r+") as file:
        file["/configuration/plant"][()] = f"# {CANARY}"
        file["/units/crystallizer/measurements/hardness"][3] = NUMBER
        file["/units/crystallizer/measurements/hardness"].attrs["long_name"] = f"hardness {CANARY}"
        file.attrs["title"] = CANARY
        file.create_dataset(f"/units/{CANARY}", data=np.full(4, NUMBER))
    return path


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    (tmp_path / "classes.yaml").write_text(CLASSES, encoding="utf-8")
    return tmp_path / "classes.yaml"


def leaks(path: Path) -> bool:
    data = path.read_bytes()
    return CANARY.encode() in data or np.float64(NUMBER).tobytes() in data


def test_t25_nothing_of_a_higher_class_leaves(run: Path, classes: Path, tmp_path: Path) -> None:
    out, given, bare = export(run, read_classes(classes), "partner", tmp_path / "out.h5")
    assert not leaks(out)
    assert {"/time", "/units/crystallizer/states/m"} <= set(given)
    assert "/" in bare, "the root's attributes have no class"
    assert f"/units/{CANARY}" in bare, "nobody has classified it"
    with h5py.File(out, "r") as file, h5py.File(run, "r") as whole:
        assert "configuration" not in file
        assert "hardness" not in file["/units/crystallizer/measurements"]
        assert np.array_equal(file["/time"][()], whole["/time"][()])
        assert file["/units/crystallizer/states/m"].attrs["units"] == "kg"
        assert file.attrs["exported_from"] == whole.attrs[HASH]
    findings = found(out)
    assert findings.ok
    assert findings.facts["kind"] == "export"


def test_t25_a_higher_class_sees_it(run: Path, classes: Path, tmp_path: Path) -> None:
    """Or the search for canaries would prove nothing."""
    out, _, _ = export(run, read_classes(classes), "secret", tmp_path / "out.h5")
    assert leaks(out)


@given(
    items=st.lists(
        st.tuples(
            st.sampled_from(["/", "/*", "/time", "/units/*", "/units/crystallizer/states/*", "/quality*", "/events*"]),
            st.sampled_from(["public", "partner", "secret"]),
        ),
        max_size=6,
    )
)
@settings(max_examples=15)
def test_t25_whatever_is_classified(
    items: list[tuple[str, str]], run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What goes out is of a class at most as strict as asked for, by every pattern that speaks of it."""
    always = (("/configuration*", "secret"), (f"/units/{CANARY}", "secret"), ("/", "secret"), ("*/hardness", "secret"))
    classes = Classes(("public", "partner", "secret"), (*items, *always), "")
    out = tmp_path_factory.mktemp("export") / "out.h5"
    try:
        _, given, _ = export(run, classes, "partner", out)
    except ClassProblem:
        assert not out.exists()
        return
    assert not leaks(out)
    assert all(classes.of(name) in ("public", "partner") for name in given)


def test_an_export_is_refused_in_words(run: Path, classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = ["evidence", "export", str(run), "--classes", str(classes), "--out", str(tmp_path / "o.h5"), "--up-to"]
    assert main([*command, "partners"]) == 2
    assert "Did you mean 'partner'" in capsys.readouterr().err
    classes.write_text("classes: [public]\nitems: {/nothing: public}\n", encoding="utf-8")
    assert main([*command, "public"]) == 2
    assert "what has no class stays" in capsys.readouterr().err
    assert not list(tmp_path.glob("o.h5*"))
    classes.write_text("classes: [public]\nitems: {/time: publik}\n", encoding="utf-8")
    assert main([*command, "public"]) == 2
    assert "There is no class 'publik'. Did you mean 'public'" in capsys.readouterr().err
    classes.write_text(CLASSES, encoding="utf-8")
    assert main([*command, "partner"]) == 0
    assert "stayed because they have no class" in capsys.readouterr().out
    assert main([*command, "partner"]) == 3, "nothing is overwritten"


def test_t25_an_export_that_is_edited_is_told(run: Path, classes: Path, tmp_path: Path) -> None:
    out, _, _ = export(run, read_classes(classes), "partner", tmp_path / "out.h5")
    with h5py.File(out, "r+") as file:
        file["/time"][1] += 1.0
    assert found(out).kind is Kind.CONTENT
    shutil.copy(out, tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5", "r+") as file:
        file.attrs["kind"] = "anything"
    assert found(tmp_path / "again.h5").kind is Kind.STRUCTURE
