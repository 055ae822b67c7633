"""Every page on real runs of three plants, in both languages, with an accessibility checker; what-if by clicks."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from dashboard.app import PAGES
from dashboard.data import open_dataset
from dashboard.jobs import Job, Jobs
from dashboard.pages import trends
from dashboard.screenshot import PATIENCE, serving, settle
from dashboard.speech import catalogue
from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser

RUNS = {"two_tanks": "20 min", "direct_compression_day": "3 h", "paracetamol_startup": "8 h"}
#: For a process that starts, and may compile [ms].
PATIENT = 240_000
#: What axe-core counts against us: names of controls, contrast, structure; all of WCAG 2 A and AA.
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def made(folder: Path, names: list[str]) -> Path:
    """Run scenarios into a folder."""
    folder.mkdir()
    for name in names:
        out = str(folder / f"{name}.h5")
        command = [sys.executable, "-m", "twin", "run", name, "--until", RUNS[name], "--out", out, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole") / "runs", list(RUNS))


@pytest.fixture(scope="module")
def tanks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("tanks") / "runs", ["two_tanks"])


def opened(chromium: Any, address: str, lang: str = "en", width: int = 1280) -> tuple[Any, Watched]:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "twin-language", "value": lang, "url": address}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page, Watched(page, address)


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page, options=AXE).response["violations"]
    return [f"{row['id']}: {node['target']} {node['html'][:160]}" for row in found for node in row["nodes"][:3]]


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", list(RUNS))
def test_every_page_in_both_languages(chromium: Any, folder: Path, tmp_path: Path, name: str, lang: str) -> None:
    run = folder / f"{name}.h5"
    known = catalogue("zh", "meanings")
    assert not {series.meaning for series in open_dataset(run).series.values()} - set(known)
    before = hashlib.sha256(run.read_bytes()).hexdigest()
    wrong = []
    with serving(folder) as address:
        page, watch = opened(chromium, address, lang)
        page.goto(f"{address}?run={run.name}")
        settle(page)
        page.locator("#hash-check", has_text="verified" if lang == "en" else "已验证").wait_for()
        for tab in PAGES:
            page.locator(f"#tabs-tab-{tab}").click()
            settle(page)
            panel = page.locator(f"#panel-{tab}")
            assert panel.get_by_text("cannot be shown" if lang == "en" else "无法显示此页面").count() == 0, tab
            if tab == "evidence":
                page.locator("#evidence-verdict.verdict-ok").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280, tab
            page.screenshot(path=str(tmp_path / f"{name}-{tab}-{lang}.png"))
            wrong += [f"{tab}: {line}" for line in violations(page)]
        page.context.close()
    assert not watch.complaints
    assert not wrong, "\n".join(wrong)
    assert hashlib.sha256(run.read_bytes()).hexdigest() == before


@pytest.mark.slow
def test_what_if_from_click_to_comparison(chromium: Any, tanks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Jobs.job

    def late(self: Jobs, key: Any) -> Job | None:
        time.sleep(0.6)  # longer than from one look at the progress to the next: as on a slow machine
        return found(self, key)

    monkeypatch.setattr(Jobs, "job", late)
    with serving(tanks) as address:
        page, watch = opened(chromium, address)
        page.goto(f"{address}?run=two_tanks.h5&page=whatif")
        settle(page)
        page.locator("#wi-owner").click()
        page.get_by_role("option", name="first").click()
        field = page.get_by_label("V_weir [m^3]")
        field.fill("15 L")
        field.press("Tab")
        page.locator("#wi-diff .added", has_text="first.V_weir: 15 L").wait_for()
        page.locator("#wi-run").click()
        page.locator("#wi-compare").wait_for(timeout=PATIENT)
        page.locator("#wi-compare").click()
        page.wait_for_url("**page=compare**")
        settle(page)
        page.locator("#compare-tables").get_by_text("units.first.params.V_weir").wait_for()
        names = page.evaluate("() => document.querySelector('#compare-graph .js-plotly-plot').data.map(t => t.name)")
        assert len({name.split(" · ")[1] for name in names}) == 2
        page.context.close()
        assert not watch.complaints


@pytest.mark.slow
def test_a_what_if_run_can_be_cancelled(chromium: Any, tanks: Path) -> None:
    text = (tanks / "two_tanks.h5").with_name("long.yaml")
    text.write_text("twin: 1\nplant: two_tanks\nduration: 40000 h\nrecord: 10 s\n", encoding="utf-8")
    with serving(tanks) as address:
        page, watch = opened(chromium, address)
        page.goto(f"{address}?page=whatif&scenario=long.yaml")
        settle(page)
        page.locator("#wi-owner").click()
        page.get_by_role("option", name="first").click()
        page.get_by_label("V_weir [m^3]").fill("15 L")
        page.get_by_label("V_weir [m^3]").press("Tab")
        page.locator("#wi-run:not([disabled])").click()
        page.locator("#wi-progress [role=progressbar]").wait_for(timeout=PATIENT)
        page.locator("#wi-cancel:not([disabled])").click()
        page.locator("#wi-ended", has_text="Cancelled").wait_for(timeout=PATIENT)
        page.context.close()
        assert not watch.complaints
    text.unlink()


@pytest.mark.slow
def test_ten_viewers_see_their_own(chromium: Any, tanks: Path) -> None:
    units = ["first", "second"] * 5
    with serving(tanks) as address:
        viewers = [opened(chromium, address, ("en", "zh")[i % 2]) for i in range(10)]
        for page, _ in viewers:
            page.goto(f"{address}?run=two_tanks.h5&page=plant")
            settle(page)
        for (page, _), unit in zip(viewers, units, strict=True):
            page.locator("#unit-choice").click()
            page.get_by_role("option", name=f"· {unit}").click()
        for i, ((page, watch), unit) in enumerate(zip(viewers, units, strict=True)):
            assert page.locator("html").get_attribute("lang") == ("en", "zh")[i % 2]
            page.locator("#unit-details", has_text="T-101" if unit == "first" else "T-102").wait_for()
            page.context.close()
            assert not watch.complaints


#: The time that trends reach; of a run in progress, which a page follows without end, so that it is never quiet.
LAST = "document.querySelector('#trend-graph .js-plotly-plot')?._fullData?.[0]?.x.at(-1)"


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Path]:
    """A folder with a run in progress, longer than any test: a row of it each tenth of a second."""
    writer = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.dashboard.example import live\n"
        "live(Path(sys.argv[1]), rows=100_000, pause=0.1)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", writer, str(tmp_path / "live.h5")], env=env)
    try:
        partial = tmp_path / "live.h5.partial"
        while not (partial.exists() and partial.stat().st_size > 50_000):
            assert process.poll() is None
            time.sleep(0.1)
        yield tmp_path
    finally:
        process.kill()
        process.wait()


def test_a_run_in_progress_is_followed(chromium: Any, living: Path) -> None:
    with serving(living) as address:
        page, watch = opened(chromium, address)
        page.goto(f"{address}?run=live.h5.partial&page=trends")
        page.wait_for_function(f"() => {LAST} > 0.0")
        # each row of the file tells the wall time at which it was written: the age of what is seen
        wall = "document.querySelector('#trend-graph .js-plotly-plot')._fullData.find(t => t.name === 'clock.wall')"
        age = f"() => Date.now() / 1000 - 3600 * {wall}.y.at(-1)"
        page.locator("#trend-tags").click()
        page.locator("#trend-tags").press_sequentially("clock.wall")
        page.get_by_role("option", name="clock.wall").click()
        page.locator("#trend-tags").press("Escape")
        page.wait_for_function(f"() => {wall}")
        first = page.evaluate(f"() => {LAST}")
        page.wait_for_function(f"first => {LAST} > first", arg=first)
        # in one of a few looks of some seconds, each longer than the promise: what other work of the machine adds
        # comes and goes, what the writer, the clock of the page and the drawing take is there each time
        medians: list[float] = []
        while len(medians) < 8 and min(medians, default=2.0) >= 2.0:
            ages = []
            for _ in range(12):
                ages.append(page.evaluate(age))
                page.wait_for_timeout(300)
            medians.append(sorted(ages)[len(ages) // 2])
        page.context.close()
        assert min(medians) < 2.0, medians
        assert not watch.complaints


@pytest.mark.slow
def test_a_run_is_followed_where_drawing_takes_longer_than_the_clock(
    chromium: Any, living: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a slow machine: were it asked again before it has answered, no answer would ever be shown."""
    draw = trends.overlay
    monkeypatch.setattr(trends, "overlay", lambda *of, **more: (time.sleep(1.5), draw(*of, **more))[1])
    with serving(living) as address:
        page, watch = opened(chromium, address)
        page.goto(f"{address}?run=live.h5.partial&page=trends")
        page.wait_for_function(f"() => {LAST} > 0.0")
        for _ in range(2):
            seen = page.evaluate(f"() => {LAST}")
            page.wait_for_function(f"seen => {LAST} > seen", arg=seen, timeout=20_000)
        page.context.close()
        assert not watch.complaints
