"""Every page in light and in dark, with all that may stand beside a run, against an accessibility checker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from dashboard.app import PAGES
from dashboard.pages import sizes
from dashboard.replay import PAUSE, PLAY
from dashboard.screenshot import serving, settle
from tests.browser.test_whole import opened, violations
from tests.dashboard.beside import DOSSIER, TUNING, write_bundle, write_data, write_linear, write_trace
from tests.dashboard.example import write_example

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("beside")
    write_trace(write_example(folder / "run.h5", hours=1.0))
    (folder / "run.tuning.json").write_text(json.dumps(TUNING), encoding="utf-8")
    write_linear(folder / "run.linear.npz")
    write_data(folder)
    write_bundle(folder / "dossier.zip", DOSSIER)
    with serving(folder) as found:
        yield found


@pytest.mark.parametrize(("dark", "lang"), [(False, "en"), (True, "zh")])
def test_no_page_has_a_contrast_or_label_violation(
    chromium: Any, address: str, tmp_path: Path, dark: bool, lang: str
) -> None:
    page, watch = opened(chromium, address, lang)
    page.goto(f"{address}?run=run.h5")
    settle(page)
    if dark:
        page.locator("label[for=dark]").click()
        settle(page)
    wrong = []
    for tab in PAGES:
        page.locator(f"#tabs-tab-{tab}").click()
        settle(page)
        page.screenshot(path=str(tmp_path / f"{tab}.png"), full_page=True)
        wrong += [f"{tab}: {line}" for line in violations(page)]
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, tab
    page.context.close()
    assert not watch.complaints
    assert not wrong, "\n".join(wrong)


def test_pages_of_what_stands_beside_a_run_answer_clicks(
    chromium: Any, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = sizes.size_curve  # here it takes longer than from one picture of a replay to the next: as on a slow machine
    monkeypatch.setattr(sizes, "size_curve", lambda *of: (time.sleep(0.3), draw(*of))[1])
    page, watch = opened(chromium, address)
    page.goto(f"{address}?run=run.h5&page=trace")
    settle(page)
    page.locator("#trace-vessel").click()
    page.get_by_role("option", name="drum-2").click()
    page.locator("#trace-vessel-table", has_text="API-2").wait_for()
    page.locator("#trace-vessel-table", has_text="not full").wait_for()
    page.locator("#tabs-tab-trends").click()
    settle(page)
    page.locator("#trend-data").click()
    page.get_by_role("option", name="plant.csv").click()
    page.locator("#trend-residuals", has_text="as the map says").wait_for()
    settle(page)
    names = "() => document.querySelector('#trend-graph .js-plotly-plot')._fullData.map(t => t.name)"
    assert "crystallizer.T · data" in page.evaluate(names)
    page.locator("#tabs-tab-sizes").click()
    settle(page)
    curve = "document.querySelector('#size-curve .js-plotly-plot')._fullData.at(-1).name"
    page.locator("#size-play").click()
    page.wait_for_function(f"() => {curve} !== '1 h 00 min'")  # it stood at its end: from the beginning
    page.locator("#size-play", has_text=PAUSE).click()
    slider = page.locator("#size-row [role=slider]")
    for key in ("End", *["ArrowLeft"] * 4):
        slider.press(key)
    page.wait_for_function(f"() => {curve} === '56 min'")
    page.locator("#size-play", has_text=PLAY).click()
    page.wait_for_function(f"() => {curve} === '1 h 00 min'")  # it plays to its end
    page.locator("#size-play", has_text=PLAY).wait_for()
    page.context.close()
    assert not watch.complaints
