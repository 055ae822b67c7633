"""The dashboard on a run that Twin has made, from the command to the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from dashboard.app import PAGES
from dashboard.screenshot import PATIENCE, click_unit, serving, settle
from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "two_tanks.h5"
    command = [sys.executable, "-m", "twin", "run", "two_tanks", "--out", str(path), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.slow
def test_every_page_shows_a_run_of_the_two_tanks(chromium: Any, run: Path, tmp_path: Path) -> None:
    with serving(run) as address:
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        watch = Watched(page, address)
        page.goto(address)
        settle(page)
        page.get_by_text("verified").wait_for()
        for tab in PAGES:
            page.locator(f"#tabs-tab-{tab}").click()
            settle(page)
            assert page.locator(f"#tabs-panel-{tab}").get_by_text("cannot be shown").count() == 0
            page.screenshot(path=str(tmp_path / f"{tab}.png"))
        page.locator("#tabs-tab-plant").click()
        settle(page)
        click_unit(page, "second")
        page.locator("#unit-details").get_by_text("T-102").wait_for()
        assert "V_weir" in page.locator("#unit-details").inner_text()
        settle(page)
        names = page.evaluate("() => document.querySelector('#unit-trend .js-plotly-plot').data.map(t => t.name)")
        assert sorted(names) == ["second.T", "second.V"]
        page.close()
        assert not watch.complaints
