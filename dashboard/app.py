"""The page that looks at run files: `serve(path)` opens it on the loopback address.

A run is named in the page's address (`?run=startup.h5`), so that every window has its own. Nothing
is sent elsewhere: all scripts are served from here, and a content-security policy says so to the
browser.
"""

from __future__ import annotations

import logging
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, no_update
from flask import Response, abort, request
from waitress.server import create_server

from dashboard.data import Dataset
from dashboard.pages import about, balances, events, plant, sizes, trends
from dashboard.runs import Catalog
from dashboard.shell import header, shell
from dashboard.widgets import notice
from twin.errors import TwinError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Pages in the order of their tabs.
PAGES = {
    "plant": ("Plant", plant),
    "trends": ("Trends", trends),
    "sizes": ("Distributions", sizes),
    "balances": ("Balances", balances),
    "events": ("Events", events),
    "about": ("Run", about),
}
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class ServeError(TwinError):
    """The page cannot be served as asked."""

    exit_code = 2


def create_app(catalog: Catalog) -> Dash:
    """Build the app for the runs of a catalog; it keeps nothing of its viewers."""
    app = Dash(
        "dashboard",
        title="Twin",
        update_title=None,
        serve_locally=True,
        suppress_callback_exceptions=True,
        assets_folder=str(Path(__file__).parent / "assets"),
        add_log_handler=False,
    )
    app.layout = shell()
    for _, page in PAGES.values():
        if hasattr(page, "register"):
            page.register(app, catalog)
    _routes(app, catalog)
    _guard(app)
    return app


def _routes(app: Dash, catalog: Catalog) -> None:
    @app.callback(
        Output("run", "data"),
        Output("header", "children"),
        Output("page", "children"),
        Input("address", "search"),
    )
    def open_page(search: str | None) -> tuple[Any, Any, Any]:
        query = parse_qs((search or "").lstrip("?"))
        wanted = query.get("run", [None])[0]
        first = query.get("page", ["plant"])[0]
        try:
            names = catalog.names()
            data = catalog.dataset(wanted)
            name = wanted or names[0]
            return name, header(data, name, names), _tabs(data, first)
        except TwinError as error:
            return None, header(None, None, catalog.names()), notice(str(error), "This run cannot be shown")

    @app.callback(
        Output("address", "search"), Input("run-choice", "value"), State("run", "data"), prevent_initial_call=True
    )
    def choose(name: str | None, current: str | None) -> Any:
        return f"?run={quote(name)}" if name and name != current else no_update

    @app.callback(
        Output("hash-check", "children"),
        Output("hash-check", "color"),
        Output("hash-tip", "label"),
        Input("run", "data"),
    )
    def check(name: str | None) -> tuple[Any, Any, Any]:
        if name is None:
            return no_update, no_update, no_update
        found = catalog.dataset(name).verification
        if found.ok:
            return (
                f"hash {found.stored.partition(':')[2][:8]} verified",
                "teal",
                f"Computed now, equal to the file's: {found.stored}",
            )
        return ("no hash", "gray", found.reason) if not found.stored else ("hash differs", "red", found.reason)

    app.clientside_callback(
        """
        function (dark) {
            const name = dark ? "dark" : "light";
            document.documentElement.setAttribute("data-ag-theme-mode", name);
            return [name, name];
        }
        """,
        Output("mantine", "forceColorScheme"),
        Output("theme", "data"),
        Input("dark", "checked"),
    )


def _tabs(data: Dataset, first: str) -> Any:
    return dmc.Tabs(
        [
            dmc.TabsList([dmc.TabsTab(title, value=value) for value, (title, _) in PAGES.items()], mb="md"),
            *(dmc.TabsPanel(_laid_out(page, data), value=value) for value, (_, page) in PAGES.items()),
        ],
        id="tabs",
        value=first if first in PAGES else "plant",
    )


def _laid_out(page: Any, data: Dataset) -> Any:
    """Lay out a page; a file that holds something unexpected costs that page only."""
    try:
        return page.layout(data)
    except TwinError as error:
        return notice(str(error), "This page cannot be shown")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return notice(
            f"The file holds something that this page does not expect: {error!r:.300}", "This page cannot be shown"
        )


def _guard(app: Dash) -> None:
    """Answer this computer's own browser only, and let the page reach nothing else."""

    @app.server.before_request
    def known_host() -> None:
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if name.strip("[]") not in LOOPBACK:  # another site's name that was made to point here
            abort(403)

    @app.server.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def make_server(catalog: Catalog, port: int = 0, host: str = "127.0.0.1") -> Any:
    """Make the web server, listening but not yet answering. Raises OSError when the port is taken."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for many files at once
    # bound here: the server's own way leaves the socket open when the port is taken
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    return create_server(create_app(catalog).server, sockets=[listening], threads=8, ident="twin")


def serve(path: str | Path, port: int = 8050, host: str = "127.0.0.1", browser: bool = False) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    path : str or Path
        A run file, or a folder of them.
    port : int
        0 takes a free one.
    host : str
        A loopback address.
    browser : bool
        Open the page in the browser.

    Raises
    ------
    TwinError
        When there is nothing to show, or the address cannot be served on.
    """
    if host not in LOOPBACK:
        raise ServeError(f"the dashboard is served on this computer only (127.0.0.1), not on {host}")
    catalog = Catalog(Path(path))
    try:
        server = make_server(catalog, port, host)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServeError(f"port {port} cannot be used: {reason}. --port 0 takes a free one.") from error
    address = f"http://{'[::1]' if host == '::1' else host}:{server.effective_port}/"
    sys.stdout.write(f"{address}  (Ctrl-C ends it)\n")
    sys.stdout.flush()
    if browser:
        webbrowser.open(address)
    try:
        server.run()
    finally:
        server.close()
