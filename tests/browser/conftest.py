"""A real Chromium: skipped with its reason where there is none, failed in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from dashboard.screenshot import FLAGS, PATIENCE, NoBrowserError, find_browser, serving
from tests.dashboard.example import write_example

#: What a name in a file may try.
HOSTILE = "<img src=x onerror=alert(1)>"


class Watched:
    """A page, and what it did that it should not: console errors, requests to other hosts, failed requests."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a script of the file ran: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"request: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"status {response.status}: {response.url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    try:
        path = find_browser()
    except NoBrowserError as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI must have a browser: {error}")
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs: `line.h5`, the newest, and one with a hostile name in it."""
    folder = tmp_path_factory.mktemp("runs")
    hostile = write_example(folder / "hostile.h5", hours=1.0, extra=HOSTILE)
    os.utime(hostile, (1_700_000_000, 1_700_000_000))
    write_example(folder / "line.h5")
    return folder


@pytest.fixture(scope="session")
def address(runs: Path) -> Iterator[str]:
    with serving(runs) as found:
        yield found


@pytest.fixture
def watched(chromium: Any, address: str) -> Iterator[Watched]:
    """A fresh page that must have done nothing wrong by the end of the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    watch = Watched(page, address)
    yield watch
    context.close()
    assert not watch.complaints
