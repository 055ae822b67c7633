"""Compiles what is missing from the cache ahead of a run, on all cores, with progress.

Each job is a fresh process, so it is safe where processes are spawned (Windows, macOS); results
reach this process through the cache on disk only.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from twin import jit
from twin.config.spec import SCANS, WHOLE
from twin.plant.adapter import cache_folder, entry
from twin.plant.model import load_model
from twin.plant.scanned import scans_signals

#: Jobs that compile the engine itself: "module:function", each leaving its code in the cache. The second of the loops
#: is for plants with units by the clock, the third for blocks.
LOOP, LOOP_OVER_SCANS = "twin.integrate.loop:compile_engine", "twin.integrate.overloop:compile_engine"
LOOP_OF_BLOCKS = "twin.integrate.blockloop:compile_engine"
LOOP_OF_BLOCKS_OVER_SCANS = "twin.integrate.blockoverloop:compile_engine"
PROBE = "twin.plant.absent:compile_probe"

Report = Callable[[int, int, str], None]


def is_cached(model: str) -> bool:
    """Whether a model's compiled entry is on disk for the sources and versions at hand."""
    return jit.is_native(cache_folder(load_model(model)))


def _length(name: str) -> int:
    """Bytes of a model's source: what takes long to compile has many."""
    return Path(load_model(name).module.__file__ or "").stat().st_size


def compile_model(name: str) -> str:
    """Compile one model's entry into the cache."""
    entry(load_model(name))
    return name


def compile_engine_part(job: str) -> str:
    """Run one of the engine's own compilations."""
    module, _, function = job.partition(":")
    getattr(importlib.import_module(module), function)()
    return job


def engine_is_cached(job: str) -> bool:
    """Whether an engine module's code is on disk."""
    module = importlib.import_module(job.partition(":")[0])
    return jit.is_called(module)


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; only the parent answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def warm(models: Iterable[str], report: Report | None = None, *, scans: str = "exact", method: str = "rodas4p") -> int:
    """Compile all that is missing; gives how many jobs there were.

    Parameters
    ----------
    models : iterable of str
        Names of unit operations, as in YAML.
    report : callable, optional
        report(done, total, name) after each job and once before the first.
    scans : str
        What steps are to do at scans: `exact` or `relaxed`.
    method : str
        Of integration: `multirate` has a loop of its own.
    """
    if jit.disabled():
        return 0
    # the longest first, so that no core is left with one at the end
    models = list(dict.fromkeys(models))
    missing = sorted((name for name in models if not is_cached(name)), key=_length, reverse=True)
    plain, over = (LOOP_OF_BLOCKS, LOOP_OF_BLOCKS_OVER_SCANS) if method == "multirate" else (LOOP, LOOP_OVER_SCANS)
    clocked = method in WHOLE and any(scans_signals(load_model(name)) for name in models)
    loop = over if clocked or scans != SCANS[0] else plain
    engine = [job for job in (loop, PROBE) if not engine_is_cached(job)]
    total = len(missing) + len(engine)
    if total == 0:
        return 0
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    if report is not None:
        report(0, total, "")
    workers = min(total, os.cpu_count() or 1)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_interrupts_to_the_parent)
    with contextlib.suppress(BrokenProcessPool), pool:  # where none can be started, who needs the code compiles it
        # the engine is the longest job, so it goes first
        futures = [pool.submit(compile_engine_part, job) for job in engine]
        futures += [pool.submit(compile_model, name) for name in missing]
        for done, future in enumerate(as_completed(futures), start=1):
            name = future.result()
            if report is not None:
                report(done, total, name)
    return total
