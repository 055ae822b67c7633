"""A dossier, an export and a trace are whole under their names, or not there: killed before each call, cut anywhere."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.folder import make_run
from tests.evidence.test_crash import killed_before
from twin.evidence.classes import Classes, export
from twin.evidence.dossier import bundle
from twin.evidence.dossier.bundle import write_bundle
from twin.evidence.dossier.plan import Plan
from twin.evidence.findings import Kind
from twin.evidence.verify import verify
from twin.results.reader import Run, open_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are Unix's")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    path = make_run(tmp_path_factory.mktemp("crash") / "a.h5", 20)
    return path, open_run(path)


@pytest.fixture
def write(parts: tuple[Path, Run], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bundle of little: what is tested is how it reaches the disk."""
    monkeypatch.setattr(bundle, "render", lambda *_: "<!doctype html>\n")
    monkeypatch.setattr(bundle, "materials", dict)
    plan = Plan("dossier: 1\n", "id", "title", "", {}, (), {"influence": "low", "consequence": "low"}, {})
    return lambda out: write_bundle(out, {"id": "id", "title": "title"}, plan, parts[1])


def test_t13_killed_while_a_bundle_is_written(write: Any, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.zip").read_bytes()
    call, kills, killed = 0, 0, True
    while killed:
        out = tmp_path / f"{call}" / "d.zip"
        out.parent.mkdir()
        killed = killed_before(call, lambda out=out: write(out))  # type: ignore[misc]
        if out.exists():
            assert names(out) == names(io.BytesIO(whole))
        for left in out.parent.glob("*.partial"):
            assert verify(left).kind is Kind.STRUCTURE, "nothing under a partial name is taken for a dossier"
        kills += killed
        call += 1
    assert kills >= 3


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_t13_a_bundle_that_is_cut_is_told(part: float, write: Any, tmp_path: Path) -> None:
    data = write(tmp_path / "whole.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: int(part * len(data))])
    assert verify(tmp_path / "cut.zip").kind is Kind.BUNDLE


@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_t13_killed_while_an_export_is_written(stride: int, parts: tuple[Path, Run], tmp_path: Path) -> None:
    classes = Classes(("public",), (("*", "public"),), "")
    wanted = verify(export(parts[0], classes, "public", tmp_path / "whole.h5")[0]).facts["content_hash"]
    call, killed = 0, True
    while killed:
        out = tmp_path / f"{call}" / "out.h5"
        out.parent.mkdir()
        killed = killed_before(call, lambda out=out: export(parts[0], classes, "public", out))  # type: ignore[misc]
        for left in out.parent.iterdir():
            findings = verify(left)
            assert not findings.ok or findings.facts["content_hash"] == wanted
        assert not out.exists() or verify(out).ok
        call += stride


def names(path: Any) -> list[tuple[str, int]]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return [(member.filename, member.CRC) for member in archive.infolist() if "crate" not in member.filename
                and member.filename != "manifest.json"]  # fmt: skip
