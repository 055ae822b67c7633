"""The wheel holds everything that a run needs, and nothing else; version and extras are what is said of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"twin": "src/twin", **{n: n for n in ("unit_ops", "dashboard", "plant_configs", "scenarios")}}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def tracked(folder: Path) -> set[Path]:
    """Files of a package as they should be shipped: no byte code, nothing hidden."""
    return {
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = set()
    for package, folder in PACKAGES.items():
        wanted |= {f"{package}/{p.relative_to(ROOT / folder).as_posix()}" for p in tracked(ROOT / folder)}
    assert wanted <= names, sorted(wanted - names)
    assert {name.split("/")[0] for name in names} == set(PACKAGES), "nothing else is installed"


@pytest.mark.parametrize(
    "needed", ["plant_configs/two_tanks.yaml", "scenarios/two_tanks.yaml", "unit_ops/properties/components.yaml"]
)
def test_data_travel_with_the_code(wheel: Path, needed: str) -> None:
    assert needed in zipfile.ZipFile(wheel).namelist()


def test_the_version_is_the_same_wherever_it_is_said(wheel: Path) -> None:
    """It is written in pyproject.toml; the citation and the changelog, which no program makes, say the same."""
    version = PROJECT["version"]
    assert wheel.name == f"continuous_twin-{version}-py3-none-any.whl"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [version]
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert version in newest[1]


def test_extras_that_messages_and_pages_name_exist(wheel: Path) -> None:
    (metadata,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    there = set(re.findall(r"^Provides-Extra: (\S+)$", zipfile.ZipFile(wheel).read(metadata).decode(), re.MULTILINE))
    assert there == set(PROJECT["optional-dependencies"])
    named: dict[str, Path] = {}
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    for path in [*pages, *(p for folder in PACKAGES.values() for p in (ROOT / folder).rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r"(?:continuous-twin|-e \"?\.)\[([\w,]+)\]", text):
            named |= dict.fromkeys(found.split(","), path)
    assert {"dashboard", "sundials"} <= set(named)
    assert not {extra: path.name for extra, path in named.items() if extra not in there}
