"""README's commands: one line each, and the very ones that CI runs."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_command", ROOT / ".ci" / "readme_command.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("shell", ["posix", "powershell"])
@pytest.mark.parametrize("what", ["demo", "test"])
def test_each_command_is_one_line_that_makes_its_own_environment(what: str, shell: str) -> None:
    command = reader().readme_command(what, shell)
    assert " -m venv .venv" in command
    last = command.rstrip(" }").split("&&" if shell == "posix" else "{")[-1]
    assert last.endswith("twin demo" if what == "demo" else "-m pytest")
    lock = "requirements.lock" if what == "demo" else "requirements-dev.lock"
    assert f"-r {lock}" in command
    assert (ROOT / lock).is_file()


def test_the_shells_do_the_same() -> None:
    def words(what: str, shell: str) -> list[str]:
        text = reader().readme_command(what, shell)
        text = text.replace("\\", "/").replace("Scripts", "bin").replace("python3", "python")
        return [w for w in re.split(r"[\s;{}&]+|if \(\$\?\)", text) if w and w not in ("if", "($?)")]

    for what in ("demo", "test"):
        assert words(what, "posix") == words(what, "powershell")


def test_ci_runs_the_command_that_readme_gives() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_command.py test posix" in script
    said = subprocess.run(
        [sys.executable, ".ci/readme_command.py", "test", "posix"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == reader().readme_command("test", "posix")


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def test_what_is_imported_is_declared() -> None:
    """A package that only happens to be installed here would fail on a fresh machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"ruamel": "ruamel-yaml", "sksundae": "scikit-sundae"}
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {re.split(r"[<>=;\[ ]", text)[0].replace(".", "-").lower() for group in groups for text in group}
    ours = {"twin", "unit_ops", "dashboard", "plant_configs", "scenarios"}
    missing = set()
    for folder in ("src/twin", "unit_ops", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in imported(path) - sys.stdlib_module_names - ours:
                package = names.get(name, name).replace("_", "-").lower()
                # llvmlite is the other half of numba, werkzeug of flask: they always come with them
                if package not in declared | {"llvmlite", "werkzeug"}:
                    missing.add(f"{package} ({path.relative_to(ROOT)})")
    assert not missing, sorted(missing)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_what_is_declared_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    names = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    pinned = {name.replace(".", "-").replace("_", "-").lower() for name in names}
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        assert re.split(r"[<>=;\[ ]", requirement)[0].replace(".", "-").lower() in pinned
