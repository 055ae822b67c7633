"""The dashboard: `serve(path)` opens it on the loopback address.

What a viewer looks at stands in the page's address (`?run=startup.h5&page=trends`) and in that window,
never here. Nothing is sent elsewhere: all scripts are served from here, and a content-security
policy says so to the browser.
"""

from __future__ import annotations

import logging
import secrets
import socket
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, quote

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update, set_props
from waitress.server import create_server

from dashboard import tasks
from dashboard.aside import is_large
from dashboard.dossiers import serve_pages
from dashboard.guard import LOOPBACK, guard
from dashboard.pages import (
    View,
    about,
    balances,
    compare,
    control,
    events,
    evidence,
    plant,
    quality,
    runs,
    sizes,
    trace,
    trends,
    whatif,
)
from dashboard.replay import waiting
from dashboard.runs import Catalog
from dashboard.shell import header, outcome, shell
from dashboard.speech import language, say
from dashboard.vetting import UNEXPECTED, unexpected
from dashboard.widgets import notice
from twin.errors import TwinError

#: Pages in the order of their tabs.
PAGES: dict[str, tuple[str, ModuleType]] = {
    "runs": ("Runs", runs),
    "plant": ("Plant", plant),
    "trends": ("Trends", trends),
    "sizes": ("Distributions", sizes),
    "balances": ("Balances", balances),
    "quality": ("Quality", quality),
    "trace": ("Traceability", trace),
    "control": ("Control", control),
    "events": ("Events", events),
    "evidence": ("Evidence", evidence),
    "about": ("Origin", about),
    "compare": ("Compare", compare),
    "whatif": ("What if?", whatif),
}
#: Those that are there without a run.
FREE = ("runs", "compare", "whatif")
#: Those that write.
WRITING = ("whatif",)
#: Bytes of one answer that wait in memory until the browser takes them; the largest script has 5 MB.
WAITING = 64 << 20


class ServeError(TwinError):
    """The page cannot be served as asked."""

    exit_code = 2


class App(Dash):
    """Dash, with the language of the viewer in the page's head."""

    def interpolate_index(self, **parts: Any) -> str:
        """Make the page around the app."""
        page: str = super().interpolate_index(**parts)
        return page.replace("<html>", f'<html lang="{language()}">', 1)


def create_app(catalog: Catalog, token: str = "") -> Dash:
    """Build the app for the runs of a catalog; it keeps nothing of its viewers."""
    app = App(
        "dashboard",
        title="Twin",
        update_title=None,
        serve_locally=True,
        suppress_callback_exceptions=True,
        assets_folder=str(Path(__file__).parent / "assets"),
        add_log_handler=False,
        on_error=_failed,
    )
    app.layout = lambda: shell(catalog.review)
    pages = {key: page for key, page in PAGES.items() if not (catalog.review and key in WRITING)}
    for _, page in pages.values():
        if hasattr(page, "register"):
            page.register(app, catalog)
    tasks.register(app, catalog)
    _routes(app, catalog, pages)
    _following(app, catalog)
    _switches(app)
    serve_pages(app, catalog)
    guard(app, token)
    return app


def _failed(error: Exception) -> Any:
    """Say what is wrong with a file or a request; errors of the program stay errors."""
    if not isinstance(error, TwinError):
        raise error
    set_props("message", {"children": notice(str(error), say("That cannot be done"))})
    return no_update


def _routes(app: Dash, catalog: Catalog, pages: dict[str, tuple[str, ModuleType]]) -> None:
    @app.callback(
        Output("run", "data"),
        Output("header", "children"),
        Output("page", "children"),
        Output("pulse", "disabled"),
        Output("chosen-tags", "data"),
        Input("address", "search"),
    )
    def open_page(search: str | None) -> tuple[Any, ...]:
        query = parse_qs((search or "").lstrip("?"))
        wanted = query.get("run", [None])[0]
        names = catalog.names()
        first = query.get("page", ["plant" if wanted or len(names) == 1 else "runs"])[0]
        view = View(catalog, wanted or (names[0] if names else None), search or "")
        if first in FREE and not wanted:
            return view.name, header(None, None, names), _tabs(view, first, pages), True, None
        try:
            head = header(view.data, view.name, names)
        except (TwinError, *UNEXPECTED) as error:
            problem = notice(unexpected(error), say("This run cannot be shown"))
            nothing = View(catalog, None, search or "")
            return None, header(None, None, names), html.Div([problem, _tabs(nothing, "runs", pages)]), True, None
        return view.name, head, _tabs(view, first, pages), not view.data.live, None

    others = [Output(f"panel-{key}", "children", allow_duplicate=True) for key in pages]

    @app.callback(
        *others,
        Output("filled", "data"),
        Input("tabs", "value"),
        State("filled", "data"),
        State("run", "data"),
        State("address", "search"),
        State("chosen-tags", "data"),
        prevent_initial_call=True,
    )
    def visit(
        page: str | None, filled: list[str] | None, name: str | None, search: str | None, chosen: list[str] | None
    ) -> tuple[Any, ...]:
        done = list(filled or [])
        if page not in pages or page in done:
            return (*(no_update for _ in pages), no_update)
        content = _laid_out(pages[page][1], View(catalog, name, search or "", tuple(map(str, chosen or ()))))
        return (*(content if key == page else no_update for key in pages), [*done, page])

    # The address names the page, for whoever loads it again or hands it on; replaced, which no callback hears of.
    app.clientside_callback(
        """
        function (page) {
            const address = new URL(window.location.href);
            if (page && address.searchParams.get("page") !== page) {
                address.searchParams.set("page", page);
                window.history.replaceState(window.history.state, "", address);
            }
        }
        """,
        Input("tabs", "value"),
        prevent_initial_call=True,
    )

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
        Input("outcome-place", "children"),
        Input("hash-late", "n_intervals"),
    )
    def check(name: str | None, _: Any, late: int | None) -> tuple[Any, Any, Any]:
        if name is None or (not late and is_large(catalog.file(name))):
            return no_update, no_update, no_update
        found = catalog.dataset(name).verification
        if found.ok:
            short = found.stored.partition(":")[2][:8]
            told = say("Computed now, equal to the file's: {stored}", stored=found.stored)
            return say("hash {short} verified", short=short), "teal", told
        return (
            (say("no hash"), "gray", found.reason) if not found.stored else (say("hash differs"), "red", found.reason)
        )


def _following(app: Dash, catalog: Catalog) -> None:
    """Follow a run that goes on: pages listen to the revision, which changes with the file."""

    @app.callback(
        Output("revision", "data"),
        Output("pulse", "disabled", allow_duplicate=True),
        Output("outcome-place", "children"),
        Input("pulse", "n_intervals"),
        State("run", "data"),
        State("revision", "data"),
        State("revision-drawn", "data"),
        prevent_initial_call=True,
        running=waiting("pulse"),
    )
    def follow(_: int | None, name: str | None, revision: Any, drawn: bool | None) -> tuple[Any, Any, Any]:
        if name is None:
            return no_update, True, no_update
        if drawn is False:
            return no_update, no_update, no_update
        now = "/".join(map(str, catalog.key(name)))
        data = catalog.dataset(name)
        if now == revision:
            return no_update, not data.live, no_update
        return now, not data.live, no_update if data.live else outcome(data)


def _switches(app: Dash) -> None:
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
    app.clientside_callback(
        """
        function (chosen) {
            const now = document.documentElement.lang;
            if (chosen && chosen !== now) {
                document.cookie = "twin-language=" + chosen + "; path=/; SameSite=Strict; max-age=31536000";
                window.location.reload();
            }
            return window.dash_clientside.no_update;
        }
        """,
        Output("language", "className"),
        Input("language", "value"),
        prevent_initial_call=True,
    )


def _tabs(view: View, first: str, pages: dict[str, tuple[str, ModuleType]]) -> Any:
    shown = {key: row for key, row in pages.items() if view.name is not None or key in FREE}
    chosen = first if first in shown else next(key for key in ("plant", "runs") if key in shown)
    panels = [
        dmc.TabsPanel(
            html.Div(_laid_out(page, view) if key == chosen else None, id=f"panel-{key}"),
            value=key,
            style={} if key in shown else {"display": "none"},
        )
        for key, (_, page) in pages.items()
    ]
    heads = [dmc.TabsTab(say(title), value=key) for key, (title, _) in shown.items()]
    return html.Div(
        [
            html.Div(id="message", role="status"),
            dcc.Store(id="filled", data=[chosen]),
            dmc.Tabs([dmc.TabsList(heads, mb="md"), *panels], id="tabs", value=chosen),
        ]
    )


def _laid_out(page: Any, view: View) -> Any:
    """Lay out a page; a file that holds something unexpected costs that page only."""
    try:
        return page.layout(view)
    except (TwinError, *UNEXPECTED) as error:
        return notice(unexpected(error), say("This page cannot be shown"))


def make_server(catalog: Catalog, port: int = 0, host: str = "127.0.0.1", token: str = "") -> Any:
    """Make the web server, listening but not yet answering. Raises OSError when the port is taken."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for many files at once
    # bound here: the server's own way leaves the socket open when the port is taken
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # answers wait in memory: the server loses temporary files of those that it sends on while a browser turns away
    server = create_app(catalog, token).server
    return create_server(server, sockets=[listening], threads=12, ident="twin", outbuf_overflow=WAITING)


def serve(
    path: str | Path | Sequence[Path],
    port: int = 8050,
    host: str = "127.0.0.1",
    browser: bool = False,
    review: bool = False,
    token: str = "",
) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    path : str, Path or sequence of Path
        A folder of runs, a run file, or several.
    port : int
        0 takes a free one.
    host : str
        An address of this computer. Any but a loopback address demands a token of every viewer.
    browser : bool
        Open the page in the browser.
    review : bool
        Nothing can be written: for reviewers.
    token : str
        The token to demand; one is made where the host demands one and none is given.

    Raises
    ------
    TwinError
        When there is nothing to show, or the address cannot be served on.
    """
    if host not in LOOPBACK and not token:
        token = secrets.token_urlsafe(24)
    catalog = Catalog(Path(path) if isinstance(path, str) else path, review)
    try:
        server = make_server(catalog, port, host, token)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServeError(f"port {port} of {host} cannot be used: {reason}. --port 0 takes a free one.") from error
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{server.effective_port}/" + (f"?token={token}" if token else "")
    sys.stdout.write(f"{address}  (Ctrl-C ends it)\n")
    sys.stdout.flush()
    if browser:
        webbrowser.open(address)
    try:
        server.run()
    finally:
        server.close()
