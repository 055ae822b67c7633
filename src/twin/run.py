"""A run from its scenario to its file: config → plant → schedule → integrate → results.

This is the file to read first. Each step is a package of the same name.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from twin.config import load_scenario, resolved_yaml
from twin.config.spec import METHOD_ALIASES, METHODS, PlantSpec, ScenarioSpec
from twin.errors import TwinError
from twin.progress import Silent
from twin.results.files import FileProblem

if TYPE_CHECKING:
    from twin.integrate.outcome import Ending
    from twin.schedule.journal import Happened, Sides
    from twin.schedule.simulation import Simulation

Result = TypeVar("Result")

#: Seconds between two looks at a run's progress.
POLL = 0.05
#: Samples between two checkpoints kept in memory.
CHECKPOINT_EVERY = 5000


class SettingError(TwinError):
    """A method or tolerance that there is not."""

    exit_code = 2


@dataclass(frozen=True)
class RunResult:
    """How a run went.

    Attributes
    ----------
    path : Path
        The finished file, whatever the outcome.
    outcome : str
        In a word: `finished`, `interrupted`, or the failure's name.
    message : str
        In a sentence.
    t : float
        Plant time reached, in s.
    wall : float
        Seconds spent in the integration, recording included.
    statistics : dict
        The integrator's counts.
    content_hash : str
        Of the file.
    plant : PlantSpec
        What was run.
    warnings : tuple of str
        Numbers recorded that no plant can have: negative holdups, measurements that are no numbers.
    """

    path: Path
    outcome: str
    message: str
    t: float
    wall: float
    statistics: dict[str, int]
    content_hash: str
    plant: PlantSpec
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the run reached its end."""
        return self.outcome == "finished"

    @property
    def exit_code(self) -> int:
        """What `twin run` exits with."""
        return {"finished": 0, "interrupted": 130}.get(self.outcome, 1)


def run(
    scenario: str | Path | ScenarioSpec,
    out: str | Path | None = None,
    *,
    set: Mapping[str, Any] | Sequence[str] = (),
    until: str | float | None = None,
    method: str | None = None,
    rtol: float | None = None,
    table: bool = True,
    parallel: bool = False,
    progress: Silent | None = None,
) -> RunResult:
    """Run a scenario into an HDF5 file.

    Parameters
    ----------
    scenario : str, Path or ScenarioSpec
        A name in scenarios/, a file, or a specification already loaded.
    out : str or Path, optional
        The file to write, which must not exist, in a folder that does; `runs/<scenario>-<utc>-<id>.h5` unless given.
    set : mapping or sequence of "path=value"
        Values that replace those of the files.
    until : str or float, optional
        Stop the plant's clock earlier ("8 h", or seconds).
    method, rtol : optional
        Integrator and relative tolerance in place of the scenario's.
    table : bool
        Whether events are executed inside the compiled loop; the bits are the same without.
    parallel : bool
        Compile what the cache lacks on all cores. This starts processes, so a script that asks for
        it must run under `if __name__ == "__main__":`.
    progress : Silent, optional
        Told how things go.

    Returns
    -------
    RunResult
        Failures of the plant's physics included: they are outcomes, and the file says so.

    Raises
    ------
    ConfigError
        When the scenario or plant is wrong; nothing has been written.
    TwinError
        When the file cannot be written.
    """
    progress = progress or Silent()

    # config
    if not isinstance(scenario, ScenarioSpec):
        spec = load_scenario(scenario, set, until)
    elif set or until is not None:
        raise ValueError("a scenario that is loaded already was given its `set` and `until` by load_scenario")
    else:
        spec = scenario

    # what is run is what the file will say was run
    chosen = METHOD_ALIASES.get(method, method) if method else spec.method
    spec = replace(spec, method=chosen, rtol=spec.rtol if rtol is None else rtol)
    if spec.method not in METHODS:
        raise SettingError(f"there is no method '{spec.method}'. Known: {', '.join([*METHOD_ALIASES, *METHODS])}.")
    if not 1e-14 <= spec.rtol <= 0.1:
        raise SettingError(f"rtol must be between 1e-14 and 0.1, not {spec.rtol:g}")

    path = Path(out) if out is not None else default_path(spec.name)
    if out is not None and not path.parent.is_dir():  # ./runs is made; a folder that was named may be misspelt
        raise FileProblem(f"there is no folder {path.parent}, so {path.name} cannot be written there. Make it first.")
    if path.exists():  # asked again when the file is made; here, so that nobody waits for it
        raise FileProblem(f"{path} exists; a run never overwrites a file. Give another name with --out.")

    # schedule, dry: contradictions are told before anything is compiled
    from twin.schedule.segments import run_end, segments

    segments(spec.events, spec.latches, run_end(spec))

    # plant
    if parallel:
        _warm(spec.plant, progress)
    from twin.plant import compile_plant
    from twin.results.behind import Behind
    from twin.results.events import EventRow, Snapshot
    from twin.results.layout import recording
    from twin.results.reader import open_run
    from twin.results.writer import RunWriter
    from twin.schedule.simulation import Simulation

    plant = compile_plant(spec.plant)
    if spec.start == "steady":
        from twin.steady.state import started

        plant = started(plant)
    progress.ready()

    # schedule and integrate
    record = recording(plant).w_index
    simulation = Simulation(spec, plant, table=table, record=record, checkpoint_every=CHECKPOINT_EVERY)

    # results
    def into_the_file() -> tuple[Ending, float, tuple[str, ...]]:
        with RunWriter(path, plant, spec, resolved=resolved_yaml(spec)) as writer, Behind() as behind:

            def keep_events(happened: list[Happened], sides: list[Sides]) -> None:
                rows, snapshots = [EventRow(*event) for event in happened], [Snapshot(*side) for side in sides]
                behind.do(lambda: writer.events(rows, snapshots))

            simulation.hand_to(lambda block: behind.do(lambda: writer.append(*block)), keep_events)
            started = time.perf_counter()
            ending = simulation.run()
            wall = time.perf_counter() - started
            behind.finish()
            session = {"integration_wall_s": wall}
            writer.finish(ending.outcome, str(ending), stats=simulation.statistics, session=session)
        return ending, wall, writer.warnings

    ending, wall, warnings = _watch(into_the_file, simulation, progress)
    return RunResult(
        path=path,
        outcome=ending.outcome.name.lower(),
        message=str(ending),
        t=ending.time,
        wall=wall,
        statistics=simulation.statistics,
        content_hash=str(open_run(path).attrs["content_hash"]),
        plant=spec.plant,
        warnings=warnings,
    )


def default_path(name: str) -> Path:
    """Give a new name in ./runs: scenario, time in UTC, and an id against collisions."""
    return Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}.h5"


def _watch(job: Callable[[], Result], simulation: Simulation, progress: Silent) -> Result:
    """Do a job in a thread, which holds no GIL while it integrates.

    Ctrl-C reaches this thread, which asks the simulation to stop at its next accepted point, and
    goes on waiting until the job has completed the file.
    """
    done: list[Result] = []
    failed: list[BaseException] = []
    over = threading.Event()  # joining instead would declare the thread dead when Ctrl-C falls into it

    def work() -> None:
        try:
            done.append(job())
        except BaseException as error:  # handed over to the waiting thread, raised there
            failed.append(error)
        finally:
            over.set()

    threading.Thread(target=work, name="twin-run", daemon=True).start()
    stopping = False
    while not over.is_set():
        try:
            over.wait(POLL)
            progress.advanced(simulation.time, simulation.end)
            if stopping:  # said again: the first may have fallen between two calls of the loop
                simulation.interrupt()
        except KeyboardInterrupt:
            stopping = True
    if failed:
        raise failed[0]
    return done[0]


def _warm(plant: PlantSpec, progress: Silent) -> None:
    """Compile what the cache lacks, on all cores."""
    from twin.plant.warm import warm

    def report(done: int, total: int, name: str) -> None:
        progress.compiling(done, total)

    streams = {feed.stream for feed in plant.feeds} | {product.stream for product in plant.products}
    models = [*(unit.model for unit in plant.units), *(f"boundary.{stream.lower()}" for stream in sorted(streams))]
    # Where processes cannot be started, this one compiles by itself.
    with contextlib.suppress(BrokenProcessPool):
        warm(models, report)
