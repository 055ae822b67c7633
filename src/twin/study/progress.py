"""What a user sees while a study goes on: runs done, failed, and the time that is left."""

from __future__ import annotations

import sys
import time

from twin.progress import clock


class Watch:
    """Shows nothing."""

    def say(self, text: str) -> None:
        """Say a sentence."""

    def begin(self, total: int, resumed: int, failed: int) -> None:
        """Report how many runs there are (0: nobody knows), how many are found done, and how many of those failed."""

    def one(self, ok: bool) -> None:
        """Report a run."""

    def end(self) -> None:
        """Report that nothing more comes."""


class Lines(Watch):
    """On one line of a terminal; a line every 10 s in a log."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def begin(self, total: int, resumed: int, failed: int) -> None:
        self._total, self._resumed, self._done, self._failed = total, resumed, resumed, failed
        self._start = self._last = time.monotonic()
        if resumed:
            self.say(f"{resumed} of {total} runs are there already" if total else f"{resumed} runs are there already")

    def one(self, ok: bool) -> None:
        self._done += 1
        self._failed += not ok
        now = time.monotonic()
        if now - self._last < (0.2 if self._live else 10.0):
            return
        self._last = now
        sys.stderr.write(f"\r{self._text(now)}\x1b[K" if self._live else f"{self._text(now)}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def _text(self, now: float) -> str:
        rate = (self._done - self._resumed) / max(now - self._start, 1e-9)
        failed = f", {self._failed} failed" if self._failed else ""
        if not self._total:
            return f"{self._done} runs{failed}, {rate:.3g} runs/s"
        left = clock((self._total - self._done) / rate) if rate > 0.0 else "?"
        return f"{self._done} of {self._total} runs{failed}, {rate:.3g} runs/s, {left} left"
