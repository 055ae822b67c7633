"""What a user sees on standard error while a run goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Silent:
    """Shows nothing: for `--quiet` and for callers of :func:`twin.run.run`."""

    def compiling(self, done: int, total: int) -> None:
        """Report that kernels are being compiled: how many files' of how many are done."""

    def ready(self) -> None:
        """Report that the plant is compiled."""

    def advanced(self, t: float, end: float) -> None:
        """Report the plant's clock, in s."""

    def finished(self) -> None:
        """Report that integration has ended, however it did."""


class Plain(Silent):
    """Lines for logs and pipes: one at the start of compilation, then one every 10 s."""

    def __init__(self) -> None:
        self._said_compiling = False
        self._last = self._start = time.monotonic()

    def compiling(self, done: int, total: int) -> None:
        if not self._said_compiling:
            _say("compiling kernels (first run only)…")
            self._said_compiling = True

    def ready(self) -> None:
        self._start = self._last = time.monotonic()

    def advanced(self, t: float, end: float) -> None:
        now = time.monotonic()
        if now - self._last >= 10.0:
            self._last = now
            _say(f"{clock(t)} of {clock(end)}, {speed(t, now - self._start)}")


class Bar(Silent):
    """A progress bar with plant time and speed, for terminals; loaded when there is something to wait for."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._start = time.monotonic()

    def _show(self, **what: Any) -> None:
        if self._shown is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

            bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown = bar, bar.add_task("", total=None, note="")
            bar.start()
        bar, task = self._shown
        bar.update(task, **what)

    def compiling(self, done: int, total: int) -> None:
        text = "compiling kernels (first run only)…"
        self._show(description=text, completed=done, total=total, note=f"{done} of {total}")

    def ready(self) -> None:
        self._start = time.monotonic()

    def advanced(self, t: float, end: float) -> None:
        note = f"{clock(t)} of {clock(end)}  {speed(t, time.monotonic() - self._start)}"
        self._show(description="running" if t < end else "closing the file", completed=t, total=end, note=note)

    def finished(self) -> None:
        if self._shown is not None:
            self._shown[0].stop()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def speed(plant: float, wall: float) -> str:
    """Write plant hours per second of waiting."""
    return f"{plant / 3600.0 / wall:.3g} h/s" if wall > 0.0 else ""


@contextmanager
def shown(quiet: bool) -> Iterator[Silent]:
    """Choose what standard error can show, and clear it up afterwards."""
    progress = Silent() if quiet else Bar() if sys.stderr.isatty() else Plain()
    try:
        yield progress
    finally:
        progress.finished()
