"""Runs that viewers have started: each in a process of its own, found again by an id that only its viewer has."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.errors import TwinError

#: Runs that go on at once, and jobs that are remembered.
MOST_RUNNING, MOST_KEPT = 2, 100
OVER = ("done", "failed", "cancelled")


class BusyError(TwinError):
    """Too many runs go on."""


@dataclass
class Job:
    """One task and what its process has told."""

    process: subprocess.Popen[str]
    state: dict[str, Any] = field(default_factory=lambda: {"phase": "starting"})
    runs: dict[str, str] = field(default_factory=dict)
    endings: dict[str, str] = field(default_factory=dict)

    def listen(self) -> None:
        """Take in what the process tells until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if told.get("phase") == "ended":
                    self.runs[told["step"]] = told["run"]
                    self.endings[told["step"]] = told["message"]
                self.state = {**self.state, **told}
        self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(OSError, ValueError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        if self.state.get("phase") not in OVER:
            self.state = {**self.state, "phase": "failed", "message": "the process of the run ended without a word"}


class Jobs:
    """All jobs of one server."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, steps: Sequence[dict[str, str]]) -> str:
        """Start a task: scenarios to run one after the other; give its id.

        Parameters
        ----------
        steps : sequence of dict
            `step` (a word), `text` (the scenario), `file` (where it stands or would stand), `stem`, `out`.
        """
        with self._lock:
            running = sum(job.state.get("phase") not in OVER for job in self._jobs.values())
            if running >= MOST_RUNNING:
                raise BusyError(f"{running} runs go on already; wait for one of them, or cancel it")
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            job = Job(process)
            key = secrets.token_urlsafe(16)
            self._jobs[key] = job
            while len(self._jobs) > MOST_KEPT:
                self._jobs.popitem(last=False)
        assert process.stdin is not None
        process.stdin.write(json.dumps({"steps": list(steps)}) + "\n")
        process.stdin.flush()
        threading.Thread(target=job.listen, daemon=True).start()
        return key

    def job(self, key: Any) -> Job | None:
        """Find a job by its id."""
        return self._jobs.get(key) if isinstance(key, str) else None

    def cancel(self, key: Any) -> None:
        """Ask a job's run to stop; its file keeps what there is."""
        job = self.job(key)
        if job is not None and job.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                job.process.stdin.write("cancel\n")
                job.process.stdin.flush()

    def close(self) -> None:
        """Stop everything."""
        for key in list(self._jobs):
            self.cancel(key)
