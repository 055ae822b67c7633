"""Pictures of the dashboard, as documentation and the browser tests take them.

    python -m dashboard.screenshot RUN PNG [--page plant] [--dark] [--width 1280] [--height 900]

Needs playwright and a Chromium or Chrome on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dashboard.app import PAGES, make_server
from dashboard.runs import Catalog
from twin.errors import TwinError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Nothing on a page waits for longer [ms].
PATIENCE = 60_000
#: Whether nothing has happened for ten frames: a callback's results are drawn, and set off others, a frame later.
#: Graphs and tables of the layout whose script is still on its way are not on the page at all.
QUIET = """() => {
    const {isLoading, layout, paths} = window.store?.getState() ?? {isLoading: true, paths: {strs: {}}};
    const late = Object.entries(paths.strs).filter(([id, path]) =>
        ["Graph", "AgGrid"].includes(path.reduce((at, key) => at?.[key], layout)?.type)
        && !document.getElementById(id)?.querySelector(".js-plotly-plot, .ag-root-wrapper"));
    const shown = [...document.querySelectorAll(".dash-graph")].filter(graph => graph.offsetParent !== null);
    const chosen = [...document.querySelectorAll("#tabs [role=tab][aria-selected=true]")];
    const quiet =
        !isLoading && late.length === 0
        && !document.querySelector("[data-dash-is-loading=true]")
        && shown.every(graph => graph.querySelector(".main-svg") && !graph.matches(".dash-graph--pending"))
        && chosen.every(tab => document.getElementById(tab.id.replace("tabs-tab", "panel"))?.children.length > 0);
    window.twinQuiet = quiet ? (window.twinQuiet || 0) + 1 : 0;
    return window.twinQuiet >= 10;
}"""


class NoBrowserError(TwinError):
    """There is no Chromium to take pictures with."""

    exit_code = 2


def find_browser() -> str:
    """Path of a Chromium. Raises NoBrowserError when there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowserError(f"no browser on the path; tried {', '.join(BROWSERS)}")
    return found


@contextlib.contextmanager
def serving(path: Path, review: bool = False) -> Iterator[str]:
    """Serve runs from a thread on a free port; gives the address."""
    server = make_server(Catalog(path, review))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}/"
    finally:
        server.task_dispatcher.shutdown()  # answers under way end first
        # closed by its own thread: a socket that another one closes fails in the middle of its wait
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join()


def _close(server: Any) -> None:
    """Close a server, and its connections with the answers that nobody fetched."""
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.asyncore.close_all(server._map)


@contextlib.contextmanager
def browsing(width: int = 1280, height: int = 900) -> Iterator[Any]:
    """Lend a browser's page of that size; it forgets everything afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(PATIENCE)
            yield page
        finally:
            browser.close()


def settle(page: Any) -> None:
    """Wait until no callback is under way or due, and all graphs are drawn."""
    page.wait_for_selector("#tabs, #page .mantine-Alert-root")
    page.evaluate("() => { window.twinQuiet = 0; }")
    page.wait_for_function(QUIET)


def take(
    run: Path,
    picture: Path,
    tab: str = "plant",
    dark: bool = False,
    size: tuple[int, int] = (1280, 900),
    select: str = "",
) -> None:
    """Take a picture of one page of a run.

    Parameters
    ----------
    run, picture : Path
        Run file, PNG to write.
    tab : str
        Which page: a key of `dashboard.app.PAGES`.
    dark : bool
    size : (width, height)
        In pixels.
    select : str
        Unit to click in the flowsheet.
    """
    with serving(run) as address, browsing(*size) as page:
        page.goto(f"{address}?run={quote(run.name)}&page={tab}")
        settle(page)
        if dark:
            page.locator("label[for=dark]").click()
        if select:
            click_unit(page, select)
        settle(page)
        page.screenshot(path=str(picture))


def click_unit(page: Any, name: str) -> None:
    """Click a unit of the flowsheet."""
    place = page.evaluate(
        """name => {
            const cy = document.getElementById("flowsheet")._cyreg.cy;
            const at = cy.getElementById("n:" + name).renderedPosition();
            const box = cy.container().getBoundingClientRect();
            return [box.left + at.x, box.top + at.y];
        }""",
        name,
    )
    page.mouse.click(*place)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.screenshot", description="Take a picture of a run's page."
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--page", choices=tuple(PAGES), default="plant")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--select", default="", help="unit to click")
    given = parser.parse_args(argv)
    try:
        take(given.run, given.picture, given.page, given.dark, (given.width, given.height), given.select)
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
