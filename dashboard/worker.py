"""Runs scenarios for the dashboard in a process of its own: `python -m dashboard.worker`.

The task comes as one line of JSON on standard input; "cancel" on a later line, or the end of the
input, stops the run at its next accepted step. Progress goes to standard output, one JSON object a line.
"""

from __future__ import annotations

import _thread
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.errors import TwinError
from twin.progress import Silent
from twin.run import run

#: Seconds between two reports of progress.
EVERY = 0.2


def tell(**what: Any) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(what, ensure_ascii=True) + "\n")
    sys.stdout.flush()


class Told(Silent):
    """Tells progress as lines."""

    def __init__(self, step: str) -> None:
        self.step, self._start, self._last = step, time.monotonic(), 0.0

    def compiling(self, done: int, total: int) -> None:
        tell(step=self.step, phase="compiling", done=done, total=total)

    def ready(self) -> None:
        self._start = time.monotonic()
        tell(step=self.step, phase="running", t=0.0, end=1.0, speed=0.0)

    def advanced(self, t: float, end: float) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY:
            self._last = now
            speed = t / max(now - self._start, 1e-3)
            tell(step=self.step, phase="running", t=t, end=end, speed=speed)


def main() -> int:
    """Do the task."""
    # a server that was started in the background leaves interrupts ignored, and "cancel" is one
    signal.signal(signal.SIGINT, signal.default_int_handler)
    task = json.loads(sys.stdin.readline())
    over = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "cancel":
                break
        if not over.is_set():
            tell(phase="stopping")
            _thread.interrupt_main()

    threading.Thread(target=listen, daemon=True).start()
    try:
        for step in task["steps"]:
            file = Path(step["file"])
            spec = build_scenario(read_text(step["text"], file.name), file, step["stem"])
            result = run(spec, step["out"], progress=Told(step["step"]))
            tell(step=step["step"], phase="ended", outcome=result.outcome, message=result.message, run=result.path.name)
            if result.outcome == "interrupted":
                tell(phase="cancelled")
                return 0
        tell(phase="done")
    except TwinError as error:
        tell(phase="failed", message=str(error))
    except KeyboardInterrupt:
        tell(phase="cancelled")
    finally:
        over.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
