"""The dashboard in a real Chromium, page by page."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from dashboard.app import PAGES
from dashboard.labels import Labels
from dashboard.runs import Catalog
from dashboard.screenshot import click_unit, serving, settle
from tests.dashboard.example import write_example

pytestmark = pytest.mark.browser


def go(page: Any, tab: str) -> None:
    page.locator(f"#tabs-tab-{tab}").click()
    settle(page)


#: Names of what the trends show.
TRENDS = "document.querySelector('#trend-graph .js-plotly-plot').data.map(trace => trace.name)"


def trend_names(page: Any) -> list[str]:
    found: list[str] = page.evaluate(f"() => {TRENDS}")
    return found


def test_every_page_shows_without_error_or_outside_request_and_leaves_the_file_alone(
    watched: Any, address: str, runs: Path, tmp_path: Path
) -> None:
    run = runs / "line.h5"
    before = hashlib.sha256(run.read_bytes()).hexdigest()
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    page.get_by_text("verified").wait_for()
    for tab in PAGES:
        go(page, tab)
        # nothing lies beyond the right edge at 1280 pixels
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        picture = tmp_path / f"{tab}.png"
        page.screenshot(path=str(picture))
        assert picture.stat().st_size > 20_000  # an empty page of this size is a few kB
    assert hashlib.sha256(run.read_bytes()).hexdigest() == before


def test_figures_are_really_drawn(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    nodes = page.evaluate("() => document.getElementById('flowsheet')._cyreg.cy.nodes().map(n => n.data('name'))")
    assert set(nodes) == {"reactor", "crystallizer", "press", "TIC-101", "reagents", "tablets"}
    go(page, "trends")
    assert trend_names(page) == ["press.hardness", "crystallizer.T", "events"]
    assert page.locator("#trend-graph .scatterlayer path.js-line").count() >= 2
    go(page, "sizes")
    assert page.locator("#size-map .heatmaplayer image").count() == 1
    go(page, "events")
    rows = "() => document.querySelectorAll('#event-table .ag-center-cols-container .ag-row').length === 3"
    page.wait_for_function(rows)
    go(page, "balances")
    assert page.get_by_text("paracetamol", exact=True).count() >= 1


@pytest.mark.slow
def test_the_flowsheet_is_still_there_after_other_pages(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5&page=events")
    settle(page)
    for tab in ("plant", "trends", "plant"):
        go(page, tab)
    page.wait_for_function(
        """() => {
            const cy = document.getElementById("flowsheet")._cyreg.cy, box = cy.elements().renderedBoundingBox();
            return 0.2 < cy.zoom() && cy.zoom() < 2.0 && box.x1 >= 0.0 && box.x2 <= cy.width();
        }"""
    )


def test_a_click_on_a_unit_shows_its_parameters_and_selects_its_trends(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    click_unit(page, "crystallizer")
    page.locator("#unit-details").get_by_text("CR-201").wait_for()
    details = page.locator("#unit-details")
    assert "time constant of the outflow over the weir" in details.inner_text()
    assert "10" in details.inner_text()
    details.get_by_role("button", name="Assumptions").click()
    details.get_by_text("Randolph").wait_for()
    page.get_by_role("button", name="Open trends").click()
    settle(page)
    assert sorted(trend_names(page)) == ["crystallizer.L43", "crystallizer.T", "events"]
    page.wait_for_function(
        "() => document.querySelectorAll('#trend-graph .js-plotly-plot .legend .traces').length === 3"
    )


@pytest.mark.slow
def test_tags_are_found_by_typing_and_events_can_be_hidden(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5&page=trends")
    settle(page)
    search = page.locator("#trend-tags")
    search.click()
    search.press_sequentially("L43")
    page.get_by_role("option", name="crystallizer.L43").click()
    search.press("Escape")
    page.wait_for_function("() => TRENDS.includes('crystallizer.L43')".replace("TRENDS", TRENDS))
    for kind, begin in (("png", b"\x89PNG"), ("svg", b"<svg"), ("csv", b"time,press.hardness")):
        with page.expect_download() as told:
            page.locator(f"#trend-{kind}").click()
        assert Path(told.value.path()).read_bytes().startswith(begin)
        assert told.value.suggested_filename == f"trends.{kind}"
    for hours in ("1", "2"):  # by the keyboard; a click sets them, too
        page.locator("#trend-at").fill(hours)
        page.locator("#trend-at").press("Enter")
        page.locator("#trend-table", has_text=f"{hours} h 00 min").wait_for()
    page.locator("#trend-table", has_text="difference").wait_for()
    page.locator("#trend-events").click()
    page.wait_for_function("() => !TRENDS.includes('events')".replace("TRENDS", TRENDS))


@pytest.mark.slow
def test_runs_are_searched_labelled_compared_and_thrown_away(watched: Any, chromium: Any, tmp_path: Path) -> None:
    for name in ("first.h5", "second.h5", "third.h5"):
        write_example(tmp_path / name, hours=1.0)
    with serving(tmp_path) as address:
        watched.address = address
        page = watched.page
        page.goto(f"{address}?page=runs")
        page.locator("#run-table .ag-row", has_text="kg").nth(2).wait_for()  # all figures are there
        cells = page.locator("#run-table .ag-center-cols-container")
        many = "n => document.querySelectorAll('#run-table .ag-center-cols-container .ag-row').length === n"
        # no column lies beyond the edge, once the table has been laid out
        box = "document.querySelector('#run-table .ag-center-cols-viewport')"
        page.wait_for_function(f"() => {box}.clientWidth > 1000 && {box}.scrollWidth <= {box}.clientWidth")
        page.locator("#run-search").fill("second")
        page.wait_for_function(many, arg=1)
        cells.locator("[col-id=labels]").dblclick()
        page.keyboard.type("good day")
        page.keyboard.press("Enter")
        settle(page)
        assert "good day" in (tmp_path / "labels.json").read_text(encoding="utf-8")
        page.locator("#run-search").fill("")
        page.wait_for_function(many, arg=3)
        box_of = "#run-table .ag-row[row-id='{}'] input[type=checkbox]"
        page.locator(box_of.format("second.h5")).uncheck()  # the double click has chosen it
        page.locator("#run-trash[disabled]").wait_for()
        page.locator(box_of.format("first.h5")).check()
        page.locator("#run-trash:not([disabled])").click()
        page.locator("#trash-yes").click()
        page.wait_for_function(many, arg=2)
        assert [file.name for file in (tmp_path / ".trash").iterdir()] == ["first.h5"]
        page.locator("#trash-yes").wait_for(state="hidden")
        for name in ("second.h5", "third.h5"):
            page.locator(box_of.format(name)).check()
        page.locator("#run-compare:not([disabled])").click()
        page.wait_for_url("**page=compare**")
        settle(page)
        names = page.evaluate("() => document.querySelector('#compare-graph .js-plotly-plot').data.map(t => t.name)")
        assert len({name.split(" · ")[1] for name in names}) == 2
        page.close()


def test_a_run_stays_chosen_while_figures_arrive(watched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of runs come later than their rows, while somebody is already choosing."""
    for name in ("first.h5", "second.h5"):
        write_example(tmp_path / name, hours=1.0)
    reported, ready = Catalog.reported, threading.Event()
    monkeypatch.setattr(Catalog, "reported", lambda self, name: reported(self, name) if ready.is_set() else None)
    with serving(tmp_path) as address:
        watched.address = address
        page = watched.page
        page.goto(f"{address}?page=runs")
        settle(page)
        page.locator("#run-table .ag-row[row-id='first.h5'] [col-id=labels]").dblclick()  # which chooses it, too
        page.locator("#run-trash:not([disabled])").wait_for()
        page.keyboard.type("good ")
        assert not page.locator("#run-table .ag-row", has_text="kg").count()
        ready.set()
        page.locator("#run-table .ag-row", has_text="kg").nth(1).wait_for()
        page.keyboard.type("day")
        page.keyboard.press("Enter")
        page.locator("#run-table .ag-row[row-id='first.h5']", has_text="good day").wait_for()
        settle(page)
        checked = page.locator("#run-table .ag-row", has=page.locator("input:checked"))
        assert [row.get_attribute("row-id") for row in checked.all()] == ["first.h5"]
        assert Labels(tmp_path).all() == {"first.h5": ["good day"]}
        page.close()


@pytest.mark.slow
def test_all_of_it_can_be_done_by_the_keyboard(watched: Any, address: str) -> None:
    """From the top of the page by Tab alone; pages, times and units are changed by what has the focus."""
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    focused = """() => {
        const at = document.activeElement;
        return at.closest("[id]:not([id^=mantine-])")?.id || at.textContent;
    }"""
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
    wanted = {"run-choice", "language", "dark", "tabs-tab-plant", "play", "plant-time", "unit-choice", "open-trends"}
    assert wanted <= {name for one in reached for name in wanted if one.startswith(name)}
    page.locator("#tabs-tab-plant").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#panel-trends .js-plotly-plot").wait_for()
    settle(page)
    page.keyboard.press("ArrowLeft")
    settle(page)
    page.locator("#plant-time [role=slider]").press("Home")
    page.locator("#plant-clock", has_text="0 s").wait_for()
    page.locator("#unit-choice").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("reactor")
    page.get_by_role("option", name="R-101").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#unit-details", has_text="R-101").wait_for()


@pytest.mark.slow
def test_the_slider_moves_the_size_curve(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5&page=sizes")
    settle(page)
    name = "() => document.querySelector('#size-curve .js-plotly-plot').data.at(-1).name"
    assert page.evaluate(name) == "8 h 00 min"
    page.locator("#size-row [role=slider]").press("Home")
    page.wait_for_function(f"({name})() === '0 s'")
    page.get_by_text("Amount", exact=True).click()
    title = "document.querySelector('#size-curve .js-plotly-plot').layout.yaxis.title.text"
    page.wait_for_function(f"() => {title}.includes('crystal mass')")


def test_dark_is_dark_on_every_page_and_is_remembered(watched: Any, address: str, tmp_path: Path) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    page.locator("label[for=dark]").click()
    shade = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    page.wait_for_function(f"() => {shade} < 150")
    go(page, "trends")
    colour = page.evaluate("() => document.querySelector('#trend-graph .js-plotly-plot').layout.font.color")
    page.screenshot(path=str(tmp_path / "dark.png"))
    page.wait_for_url("**page=trends**")  # where a reload, or who is sent the address, comes back to
    page.reload()
    settle(page)
    page.wait_for_function(f"() => {shade} < 150")
    assert page.evaluate("() => document.querySelector('#trend-graph .js-plotly-plot').layout.font.color") == colour


def test_another_run_of_the_folder_and_hostile_names_as_text(watched: Any, address: str) -> None:
    page = watched.page
    page.goto(f"{address}?run=line.h5")
    settle(page)
    title = page.title()
    page.locator("#run-choice").click()
    page.get_by_role("option", name="hostile.h5").click()
    page.wait_for_url("**run=hostile.h5*")
    settle(page)
    for tab in PAGES:
        go(page, tab)
    go(page, "plant")
    click_unit(page, "<img src=x onerror=alert(1)>")
    page.locator("#unit-details h2", has_text="onerror").wait_for()
    go(page, "trends")
    assert page.title() == title
    assert page.locator("img[src=x]").count() == 0
    assert any("onerror" in name for name in trend_names(page))


@pytest.mark.slow
def test_two_viewers_do_not_see_each_others_selection(watched: Any, chromium: Any, address: str) -> None:
    first = watched.page
    first.goto(f"{address}?run=line.h5")
    settle(first)
    other_context = chromium.new_context()
    other = other_context.new_page()
    other.goto(f"{address}?run=line.h5")
    settle(other)
    click_unit(first, "reactor")
    first.locator("#unit-details").get_by_text("R-101").wait_for()
    settle(other)
    assert "TP-601" in other.locator("#unit-details").inner_text()
    other_context.close()


@pytest.mark.slow
def test_a_tablet_can_show_it(chromium: Any, address: str, tmp_path: Path) -> None:
    context = chromium.new_context(viewport={"width": 820, "height": 1180})
    page = context.new_page()
    page.goto(f"{address}?run=line.h5")
    settle(page)
    page.screenshot(path=str(tmp_path / "tablet.png"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    context.close()


def test_pictures_are_taken_from_the_command_line(chromium: Any, runs: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    picture = tmp_path / "plant.png"
    command = [
        sys.executable,
        "-m",
        "dashboard.screenshot",
        str(runs / "line.h5"),
        str(picture),
        "--select",
        "crystallizer",
        "--dark",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
