"""The documentation as a site: built strictly, whole, and without asking the network for anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from twin import library

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "docs", str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    for name in library.names():
        text = (site / "models" / f"{name.replace('.', '/')}.html").read_text(encoding="utf-8")
        for heading in ("Verification", "Response"):
            assert f"<h2>{heading}" in text, (name, heading)
        assert re.search(r'<img alt="[^"]+" src="data:image/svg\+xml;base64,', text), name
    assert re.search(r'<img [^>]*src="data:image/png', (site / "notebooks" / "first_run.html").read_text("utf-8"))
    for path in pages:
        loaded = re.findall(
            r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(https?:[^\"]+)\"", path.read_text("utf-8")
        )
        assert not loaded, f"{path.name} loads {loaded}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:", sheet.read_text(encoding="utf-8")), sheet.name


@pytest.mark.slow
def test_every_notebook_prints_what_it_says() -> None:
    done = subprocess.run(
        [sys.executable, "docs/run_notebooks.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_model_has_a_response_and_every_notebook_was_run() -> None:
    found = json.loads((ROOT / "docs" / "models" / "responses.json").read_text(encoding="utf-8"))
    assert set(found) == set(library.names()), "run `python docs/responses.py` with the models that are new or gone"
    for model, told in found.items():
        assert told["series"], model
        assert all(len(row["values"]) == len(told["time"]) for row in told["series"]), model
    for path in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert any(cell.get("outputs") for cell in cells), f"run `python docs/run_notebooks.py {path.stem}`"
