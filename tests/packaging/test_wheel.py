"""The wheel holds everything that a run needs, and nothing else; and its files are found once installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"twin": "src/twin", **{n: n for n in ("unit_ops", "dashboard", "plant_configs", "scenarios")}}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
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


@pytest.mark.slow  # compiles everything afresh: numba's cache knows sources by their path
def test_a_scenario_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Imported from the wheel's own files, far from the checkout."""
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import twin, unit_ops\n"
        "assert twin.__file__.startswith(sys.argv[1]) and unit_ops.__file__.startswith(sys.argv[1])\n"
        "from twin.cli import main\n"
        "sys.exit(main(['run', 'two_tanks', '--until', '60 s', '--out', 'run.h5', '--quiet']))\n"
    )
    # -I keeps this checkout out: neither the current folder nor PYTHONPATH is looked at
    command = [sys.executable, "-I", "-c", program, str(installed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "run.h5").is_file()
