"""Runs of what-if cases: in the background, with progress, beside a run of the base case."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, no_update

from dashboard import changes as texts
from dashboard import whatif
from dashboard.display import clock, number
from dashboard.jobs import OVER, Jobs
from dashboard.replay import waiting
from dashboard.runs import Catalog
from dashboard.speech import say
from twin.errors import TwinError


def register_runs(app: Dash, catalog: Catalog, text_of: Callable[..., tuple[whatif.Base, str]]) -> None:
    """Start, follow and cancel runs; `text_of` gives the scenario with the changes that the browser sent."""
    jobs = Jobs()

    @app.callback(
        Output("wi-job", "data"),
        Output("wi-clock", "disabled"),
        Input("wi-run", "n_clicks"),
        State("wi-name", "value"),
        State("wi-until", "value"),
        State("wi-scenario", "value"),
        State("wi-changes", "data"),
        State("wi-event-changes", "data"),
        State("wi-removed", "data"),
        State("wi-added", "data"),
        prevent_initial_call=True,
    )
    def run(
        clicks: int | None, to: Any, until: Any, name: Any, values: Any, events: Any, removed: Any, added: Any
    ) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        base, text = text_of(name, values, events, removed, added)
        short, before = texts.shortened(text, until), texts.shortened(base.text, until)
        whatif.spec_of(base, short)
        known = _base_run(catalog, before)
        steps = [] if known else [_step(catalog, "base", before, base, base.file.stem)]
        steps.append(_step(catalog, "what-if", short, base, texts.slug(str(to or ""))))
        return {"id": jobs.start(steps), "base": known}, False

    @app.callback(Output("wi-cancel", "className"), Input("wi-cancel", "n_clicks"), State("wi-job", "data"))
    def cancel(clicks: int | None, job: Any) -> Any:
        if clicks and isinstance(job, dict):
            jobs.cancel(job.get("id"))
        return no_update

    @app.callback(
        Output("wi-progress", "children"),
        Output("wi-clock", "disabled", allow_duplicate=True),
        Output("wi-cancel", "disabled"),
        Input("wi-clock", "n_intervals"),
        State("wi-job", "data"),
        prevent_initial_call=True,
        running=waiting("wi-clock"),
    )
    def look(_: int | None, told: Any) -> tuple[Any, bool, bool]:
        job = jobs.job(told.get("id")) if isinstance(told, dict) else None
        if job is None:
            return no_update, True, True
        state = dict(job.state)
        over = state["phase"] in OVER
        runs = {"base": told.get("base"), **job.runs}
        return progress(state, runs), over, over


def _step(catalog: Catalog, step: str, text: str, base: whatif.Base, stem: str) -> dict[str, str]:
    out = catalog.folder / f"{stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}.h5"
    return {"step": step, "text": text, "file": str(base.file), "stem": base.file.stem, "out": str(out)}


def _base_run(catalog: Catalog, text: str) -> str:
    """A finished run of the base case among the runs; empty without."""
    for name in catalog.names()[:200]:
        try:
            run = catalog.dataset(name).run
            if run.outcome == "finished" and run.scenario_yaml == text:
                return name
        except TwinError:
            continue
    return ""


def progress(state: dict[str, Any], runs: dict[str, Any]) -> Any:
    """How far a job has got, in words and as a bar."""
    phase = state["phase"]
    names = {"base": say("base case"), "what-if": say("what-if case")}
    which = names.get(state.get("step", ""), "")
    if phase == "done":
        query = urlencode({"page": "compare", "with": [runs["base"], runs["what-if"]]}, doseq=True)
        link = dmc.Anchor(dmc.Button(say("Compare with the base case"), id="wi-compare"), href=f"?{query}")
        return dmc.Group([dmc.Text(say("Done."), fw=600), link])
    if phase in ("failed", "cancelled"):
        text = say("Cancelled; the file keeps what there is.") if phase == "cancelled" else str(state.get("message"))
        return dmc.Alert(text, color="orange" if phase == "cancelled" else "red", id="wi-ended")
    if phase == "running" and state.get("end"):
        part = 100.0 * state["t"] / state["end"]
        note = f"{clock(state['t'])} / {clock(state['end'])} · {number(state['speed'] / 3600.0, 3)} h/s"
        return dmc.Stack(
            [
                dmc.Text(f"{which}: {note}", size="sm", className="number"),
                dmc.Progress(value=part, **{"aria-label": say("Progress")}),
            ],
            gap=4,
        )
    if phase == "compiling":
        note = f"{state['done']} / {state['total']}"
        return dmc.Text(f"{which}: {say('compiling (first run only)')} {note}", size="sm")
    return dmc.Group([dmc.Loader(size="xs"), dmc.Text(say("starting…") if phase != "stopping" else say("stopping…"))])
