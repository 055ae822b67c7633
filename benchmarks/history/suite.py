"""The benchmarks as airspeed velocity runs them over the history of the repository: `asv run`, `asv publish`.

Thin classes over the modules of this folder. `track_` gives numbers that do not depend on the machine (operation
counts, errors, sizes); `time_` gives seconds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks import counts, recording, shortly, startup


class Counts:
    """Operation counts of the shipped plants: the gate's numbers, over time."""

    params = (tuple(shortly.PLANTS), (*counts.COUNTS, *counts.PARTS))
    param_names = ("plant", "count")
    unit = "operations"
    timeout = 600.0

    def setup_cache(self) -> dict[str, dict[str, int]]:
        return {name: counts.counted(name) for name in shortly.PLANTS}

    def track_count(self, found: dict[str, dict[str, int]], plant: str, count: str) -> int:
        return found[plant][count]


class Integration:
    """Integration of each shipped plant at its short horizon, compiled before."""

    params = (tuple(shortly.PLANTS), ("rodas4p", "multirate", "cvode-gmres"))
    param_names = ("plant", "method")
    timeout = 600.0

    def setup(self, plant: str, method: str) -> None:
        try:
            self.made = shortly.short(plant)
            shortly.simulate(self.made, method)  # loads and compiles
        except (ImportError, RuntimeError) as reason:
            raise NotImplementedError(str(reason)) from reason  # which asv takes for: skip

    def time_integration(self, plant: str, method: str) -> None:
        shortly.simulate(self.made, method)


class Error:
    """The error that each shipped plant has at its scenario's tolerance."""

    params = (tuple(shortly.PLANTS),)
    param_names = ("plant",)
    unit = "relative"
    timeout = 600.0

    def track_median_error(self, plant: str) -> float:
        made = shortly.short(plant)
        reference = shortly.simulate(made, "rodas4p", 1e-10)
        return shortly.errors(made, shortly.simulate(made, "rodas4p"), reference)["error_median"]


class Startup:
    """Commands as a user types them, warm."""

    params = (startup.SHORT,)
    param_names = ("command",)
    timeout = 600.0

    def setup(self, command: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        startup.typed(startup.WARM[command], Path(self.folder.name))

    def teardown(self, command: str) -> None:
        self.folder.cleanup()

    def time_command(self, command: str) -> None:
        startup.typed(startup.WARM[command], Path(self.folder.name))

    def track_peak_memory(self, command: str) -> float:
        return startup.typed(startup.WARM[command], Path(self.folder.name))["peak_MB"]


class RunFile:
    """Size of a run file of two hours of the flagship."""

    unit = "bytes"

    def track_file_size(self) -> int:
        from dataclasses import replace

        from twin.config import load_scenario

        scenario: Any = replace(load_scenario(recording.SCENARIOS[0]), until=7200.0)
        with tempfile.TemporaryDirectory() as folder:
            return recording.once(scenario, Path(folder))[0].stat().st_size
