"""Threat 23: a reviewer clicks on everything that the dashboard shows, and the evidence is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("cryptography", reason="the evidence extra is not installed")

from dashboard.app import PAGES
from dashboard.replay import PAUSE
from dashboard.screenshot import PATIENCE, serving, settle
from tests.browser.conftest import Watched
from tests.evidence.folder import make_signers
from twin.evidence.finalise import finalise, sign
from twin.evidence.seal import file_hash
from twin.evidence.verify import Options, verify
from twin.run import run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What can be clicked on, and does not leave the page.
BUTTONS = "button, [role=tab], [role=switch], input[type=checkbox]"
#: What plays until it is clicked on again.
PLAYING = ("play", "size-play")


def test_t23_a_full_click_through_changes_nothing(chromium: Any, tmp_path: Path) -> None:
    """Every tab; on each every button and switch that is there, once. Nothing in the folder differs by a bit."""
    signers = make_signers(tmp_path)
    folder = tmp_path / "runs"
    folder.mkdir()
    for name in ("a.h5", "b.h5"):
        run("two_tanks", folder / name, until="5 min")
    finalise(folder / "a.h5")
    sign(folder / "a.h5", signers.author, "author")
    before = {path.name: (file_hash(path), path.stat().st_mtime_ns) for path in folder.iterdir()}
    clicks = 0
    with serving(folder, review=True) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch = Watched(page, address)
        page.goto(f"{address}?run=a.h5")
        settle(page)
        shown = [tab for tab in PAGES if page.locator(f"#tabs-tab-{tab}").count()]
        assert len(shown) >= 9
        for tab in shown:
            page.locator(f"#tabs-tab-{tab}").click()
            settle(page)
            # as it stands now: what a click opens, closes or puts in the place of others is not clicked on
            for button in page.locator(f"#panel-{tab}").locator(BUTTONS).element_handles():
                if not (button.is_visible() and button.is_enabled()):
                    continue
                button.click(force=True)
                if (name := button.get_attribute("id")) in PLAYING:
                    page.locator(f"#{name}", has_text=PAUSE).click()
                page.keyboard.press("Escape")
                clicks += 1
                settle(page)
                page.locator(f"#tabs-tab-{tab}").click()
            settle(page)
        context.close()
        assert not [text for text in watch.complaints if "a script of the file ran" in text]
    assert clicks >= 10, "nothing would be shown"
    assert {path.name: (file_hash(path), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert verify(folder, Options(trusted=signers.trusted)).wrong == []
