"""The wheel in a bare environment: nothing but it and what it asks for, on each supported Python that is found.

Far from the checkout a plant is checked, a scenario run and reported on, and a file verified, by the installed
command. A Python that is not there is skipped, and said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
#: What the core must do without: the packages of the extras.
LEFT_OUT = ("dash", "scipy", "sksundae", "matplotlib", "xarray", "pytest")
#: Commands that need an extra, and say so instead.
LACKING_EXTRA = {
    "view run.h5": "dashboard",
    "run two_tanks --solver cvode --out other.h5": "sundials",
    "linearise two_tanks --inputs spirit.T --outputs second.T --out tanks.npz": "control",
    "tune paracetamol_startup TIC-202": "control",
}
#: What pip says of an index that it cannot reach, or that lacks something: nothing that the wheel could mend.
LACKING = "Could not find a version"
INDEX_TROUBLE = (
    LACKING,
    "Failed to establish a new connection",
    "Max retries exceeded",
    "Read timed out",
    "Connection aborted",
    "IncompleteRead",
    "ProxyError",
    "Server Error",
)

# each installs from the index and compiles everything afresh: a minute on two idle cores, several on busy ones
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def interpreter(minor: int) -> Path | None:
    """A Python 3.`minor`: this one, on the path, or pyenv's. Shims of versions that are not chosen do not answer."""
    found = [shutil.which(f"python3.{minor}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [str(path) for path in sorted(pyenv.glob(f"3.{minor}.*/bin/python"))]
    for candidate in (sys.executable, *found):
        if candidate is None:
            continue
        said = subprocess.run(
            [candidate, "-c", "import sys, venv; print(sys.version_info.minor)"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if said.stdout.strip() == str(minor):
            return Path(candidate)
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


def typed(command: Path, *words: str, folder: Path, code: int = 0) -> str:
    """Type a command in a folder, with nothing of this checkout in sight and a kernel cache of its own.

    What it prints, with what it says of errors where it is to end by another code than 0.
    """
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    # less optimisation: what is tested is that everything is found
    environment |= {"TWIN_CACHE_DIR": str(folder / "kernels"), "NUMBA_OPT": "0", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [str(command), *words],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == code, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + (done.stderr if code else "")


def bare(python: Path, folder: Path) -> Path:
    """The Python of a new environment without anything, pip included."""
    subprocess.run([str(python), "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / SCRIPTS / ("python.exe" if os.name == "nt" else "python")


def pip_install(own: Path, *words: str, lacking: bool = True) -> None:
    """Install into an environment, from the index that this machine's pip asks; `lacking`: which may lack something."""
    pip = [sys.executable, "-m", "pip", "--python", str(own), "--disable-pip-version-check", "install", "--quiet"]
    answered(subprocess.run([*pip, *words], capture_output=True, text=True, check=False), lacking)


def answered(done: subprocess.CompletedProcess[str], lacking: bool = True) -> None:
    """An installation that the index did not serve is skipped, one that failed otherwise fails."""
    if any(text in done.stderr for text in INDEX_TROUBLE if lacking or text != LACKING):
        pytest.skip(f"the index does not give what Twin needs: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def of_minor(minor: int) -> Path:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"there is no Python 3.{minor} on this machine")
    return python


def works(twin: Path, folder: Path) -> None:
    """Everything that a first hour needs, by the installed command."""
    assert typed(twin, "--version", folder=folder).strip() == f"twin {VERSION}"
    assert "crystallization.msmpr" in typed(twin, "models", folder=folder)
    for name in ("paracetamol_startup", "campaign_30_days"):
        assert "nothing wrong" in typed(twin, "check", name, folder=folder)
    typed(twin, "run", "two_tanks", "--until", "60 s", "--out", "run.h5", "--quiet", folder=folder)
    told = json.loads(typed(twin, "report", "run.h5", "--json", folder=folder))
    assert told["ok"]
    assert max(abs(row["relative"]) for row in told["balances"]) < 1e-9
    typed(twin, "verify", "run.h5", folder=folder)
    typed(twin, "new", "plant", "mine", folder=folder)
    assert "nothing wrong" in typed(twin, "check", "mine.yaml", folder=folder)


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_the_wheel_alone_is_enough(minor: int, wheel: Path, tmp_path: Path) -> None:
    own = bare(of_minor(minor), tmp_path / "environment")
    pip_install(own, str(wheel))
    absent = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    assert typed(own, "-c", absent, *LEFT_OUT, folder=tmp_path).strip() == "[]", "the environment is not bare"
    twin = own.with_name("twin.exe" if os.name == "nt" else "twin")
    works(twin, tmp_path)
    for words, extra in LACKING_EXTRA.items():
        told = typed(twin, *words.split(), folder=tmp_path, code=2)
        assert f"continuous-twin[{extra}]" in told, (words, told)


@pytest.fixture(scope="module")
def everything(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What asks pip for all extras as wheels and installs nothing; the index serves this Python."""
    extras = ",".join(name for name in PROJECT["optional-dependencies"] if name != "dev")
    words = ["--dry-run", "--only-binary", ":all:", f"{wheel}[{extras}]"]
    pip_install(bare(Path(sys.executable), tmp_path_factory.mktemp("this")), *words)
    return words


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_every_extra_is_to_be_had_without_a_compiler(minor: int, everything: list[str], tmp_path: Path) -> None:
    """All extras together agree on versions, and each package has a wheel for this Python."""
    python = of_minor(minor)
    if python != Path(sys.executable):
        pip_install(bare(python, tmp_path / "environment"), *everything, lacking=False)


def test_pipx_installs_the_command(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pipx is not on the path it is fetched."""
    pipx = shutil.which("pipx")
    if pipx is None:
        own = bare(Path(sys.executable), tmp_path / "pipx")
        pip_install(own, "pipx")
        pipx = str(own.with_name("pipx.exe" if os.name == "nt" else "pipx"))
    for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    command = [pipx, "install", "--python", sys.executable, f"{wheel}[sundials]"]
    answered(subprocess.run(command, capture_output=True, text=True, check=False))
    twin = tmp_path / "PIPX_BIN_DIR" / ("twin.exe" if os.name == "nt" else "twin")
    works(twin, tmp_path)
    typed(twin, "run", "two_tanks", "--until", "60 s", "--solver", "cvode", "--out", "cvode.h5", folder=tmp_path)
