"""Commands of `twin` on a run that a viewer starts: each in a process of its own, one of a kind for a run.

What a command finds goes into a file beside the run, by a name that says what it is: `day.trace.h5`,
`day.loops.npz`, `day.tuning.json`. A file that exists is never replaced. Whoever looks at that run sees it.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
from dash import MATCH, Dash, Input, Output, State, dcc, html, no_update

from dashboard.display import clock
from dashboard.loops import loops
from dashboard.replay import waiting
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.whatif import base_of, scenarios
from dashboard.widgets import notice
from twin.errors import TwinError

#: Commands that run at once, and lines of their last words.
MOST_RUNNING, MOST_LINES = 2, 12
#: Names that may stand in a command: none that it takes for an option.
_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*")


class TaskError(TwinError):
    """A task that cannot be done."""


@dataclass
class Task:
    """A command that runs or has run."""

    out: Path
    process: subprocess.Popen[str]
    keep: bool = False  #: whether its standard output is what it finds
    began: float = field(default_factory=time.monotonic)
    state: str = "running"  #: running, done, failed, cancelled
    message: str = ""

    def wait(self) -> None:
        """Take in what it says, and keep what it found."""
        said, complaint = self.process.communicate()
        if self.state == "cancelled":
            return
        if self.process.returncode != 0:
            lines = (complaint or said).strip().splitlines()[-MOST_LINES:]
            self.message, self.state = "\n".join(lines) or f"exit code {self.process.returncode}", "failed"
            return
        if self.keep:
            try:
                with self.out.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(said)
            except OSError as error:
                self.message, self.state = f"{self.out.name} cannot be written: {error.strerror}", "failed"
                return
        self.state = "done"

    def cancel(self) -> None:
        """Stop it; what it was writing it takes away itself, or leaves with its partial name."""
        self.state = "cancelled"
        with contextlib.suppress(OSError):
            self.process.terminate()


class Tasks:
    """The commands of one server, by what they find and the run that they are about."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], Task] = {}
        self._lock = threading.Lock()

    def start(self, key: tuple[str, str], command: Sequence[str], out: Path, keep: bool = False) -> Task:
        """Start a command of `twin`, unless the same one runs. Raises TaskError when there are too many."""
        with self._lock:
            known = self._tasks.get(key)
            if known is not None and known.state == "running":
                return known
            if sum(task.state == "running" for task in self._tasks.values()) >= MOST_RUNNING:
                raise TaskError(f"{MOST_RUNNING} commands run already; wait for one of them, or cancel it")
            process = subprocess.Popen(
                [sys.executable, "-m", "twin", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=out.parent,
                env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
            )
            task = Task(out, process, keep)
            self._tasks[key] = task
        threading.Thread(target=task.wait, daemon=True).start()
        return task

    def get(self, key: tuple[str, str]) -> Task | None:
        """Find a task."""
        return self._tasks.get(key)


def named(name: str) -> str:
    """A name from a file that may stand in a command. Raises TaskError for any other."""
    if not _NAME.fullmatch(name):
        raise TaskError(f"'{name}' is no name that a command takes")
    return name


def trace_command(catalog: Catalog, run: str) -> list[str]:
    """`twin trace` of a run."""
    return ["trace", str(catalog.file(run)), "--out", str(catalog.beside(run, ".trace.h5"))]


def loops_command(catalog: Catalog, run: str) -> list[str]:
    """`twin linearise` of a run at its end, its loops opened: what they move against what they measure."""
    names = [named(name) for name in loops(catalog.dataset(run))]
    if not names:
        raise TaskError("this plant has no loops that were recorded")
    out = str(catalog.beside(run, ".loops.npz"))
    return ["linearise", str(catalog.file(run)), "--loops", *names, "--out", out, "--json"]


def setpoints_command(catalog: Catalog, run: str) -> list[str]:
    """`twin linearise` of a run at its end, from the setpoints to what their loops measure."""
    return ["linearise", str(catalog.file(run)), "--out", str(catalog.beside(run, ".setpoints.npz")), "--json"]


def tuning_command(catalog: Catalog, run: str) -> list[str]:
    """`twin tune` of the loops of a run from its end, in its scenario, which has to be one that can be chosen here."""
    data = catalog.dataset(run)
    name = str(data.run.attrs.get("scenario", ""))
    known = next((one for one in (name, f"{name}.yaml") if one in scenarios(catalog.folder)), None)
    if known is None or base_of(known, catalog.folder).text != data.run.scenario_yaml:
        raise TaskError(f"the scenario of this run, {name}, is not here as it was then: twin tune takes its file")
    names = [named(loop) for loop in loops(data)]
    if not names:
        raise TaskError("this plant has no loops that were recorded")
    end = f"{float(data.time[-1]):g}s"
    return ["tune", str(base_of(known, catalog.folder).file), *names, "--at", end, "--json", "--quiet"]


#: What can be found: the command, the ending of the file beside the run, whether it is the command's output.
KINDS: dict[str, tuple[Callable[[Catalog, str], list[str]], str, bool]] = {
    "trace": (trace_command, ".trace.h5", False),
    "loops": (loops_command, ".loops.npz", False),
    "setpoints": (setpoints_command, ".setpoints.npz", False),
    "tuning": (tuning_command, ".tuning.json", True),
}


def starter(catalog: Catalog, kind: str, label: str, why: str) -> Any:
    """A button that starts a task, with its progress; a sentence only for reviewers."""
    done = dcc.Store(id={"type": "task-done", "kind": kind}, data=0)
    if catalog.review:
        return html.Div([dmc.Text(why, size="sm", c="dimmed"), done])
    return html.Div(
        [
            dmc.Group(
                [
                    dmc.Button(label, id={"type": "task-go", "kind": kind}, size="xs", variant="light"),
                    dmc.Button(
                        say("Cancel"),
                        id={"type": "task-stop", "kind": kind},
                        size="xs",
                        variant="outline",
                        color="red",
                        disabled=True,
                    ),
                    dmc.Text(why, size="sm", c="dimmed", style={"flex": 1, "minWidth": 200}),
                ],
                gap="sm",
            ),
            html.Div(id={"type": "task-note", "kind": kind}, role="status", style={"marginTop": 6}),
            dcc.Interval(id={"type": "task-clock", "kind": kind}, interval=700, disabled=False),
            done,
        ]
    )


def refill(app: Dash, kind: str, place: str, contents: Callable[[str | None], Any]) -> None:
    """Fill a place of a page anew, with what `contents` makes of the run, once a task has found something."""

    @app.callback(
        Output(place, "children", allow_duplicate=True),
        Input({"type": "task-done", "kind": kind}, "data"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def found(done: Any, run: str | None) -> Any:
        return contents(run) if done else no_update


def register(app: Dash, catalog: Catalog) -> None:
    """Start, look, cancel."""
    if catalog.review:
        return
    tasks = Tasks()

    @app.callback(
        Output({"type": "task-clock", "kind": MATCH}, "disabled"),
        Output({"type": "task-note", "kind": MATCH}, "children"),
        Input({"type": "task-go", "kind": MATCH}, "n_clicks"),
        State({"type": "task-go", "kind": MATCH}, "id"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def go(clicks: int | None, what: dict[str, str], run: str | None) -> tuple[Any, Any]:
        if not clicks or what["kind"] not in KINDS or run is None:
            return no_update, no_update
        command, ending, keep = KINDS[what["kind"]]
        out = catalog.beside(run, ending)
        if out.exists():
            return no_update, notice(say("{name} is there already.", name=out.name), color="gray")
        tasks.start((what["kind"], str(catalog.file(run))), command(catalog, run), out, keep)
        return False, dmc.Text(say("starting…"), size="sm")

    @app.callback(
        Output({"type": "task-note", "kind": MATCH}, "children", allow_duplicate=True),
        Output({"type": "task-clock", "kind": MATCH}, "disabled", allow_duplicate=True),
        Output({"type": "task-stop", "kind": MATCH}, "disabled"),
        Output({"type": "task-done", "kind": MATCH}, "data"),
        Input({"type": "task-clock", "kind": MATCH}, "n_intervals"),
        State({"type": "task-clock", "kind": MATCH}, "id"),
        State("run", "data"),
        prevent_initial_call=True,
        running=waiting({"type": "task-clock", "kind": MATCH}),
    )
    def look(_: int | None, what: dict[str, str], run: str | None) -> tuple[Any, bool, bool, Any]:
        task = None if run is None else tasks.get((what["kind"], str(catalog.file(run))))
        if task is None:
            return no_update, True, True, no_update
        if task.state == "running":
            passed = clock(time.monotonic() - task.began)
            text = say("working for {time}; the first time, models are compiled", time=passed)
            return dmc.Group([dmc.Loader(size="xs"), dmc.Text(text, size="sm")], gap="sm"), False, False, no_update
        if task.state == "done":
            return dmc.Text(say("Written: {name}", name=task.out.name), size="sm"), True, True, task.began
        if task.state == "cancelled":
            return dmc.Text(say("Cancelled."), size="sm"), True, True, no_update
        return dmc.Alert(html.Pre(task.message, className="prose"), color="red"), True, True, no_update

    @app.callback(
        Output({"type": "task-stop", "kind": MATCH}, "className"),
        Input({"type": "task-stop", "kind": MATCH}, "n_clicks"),
        State({"type": "task-stop", "kind": MATCH}, "id"),
        State("run", "data"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None, what: dict[str, str], run: str | None) -> Any:
        task = None if run is None else tasks.get((what["kind"], str(catalog.file(run))))
        if clicks and task is not None and task.state == "running":
            task.cancel()
        return no_update
