"""A run from its scenario to its file: config → plant → schedule → integrate → results.

This is the file to read first. Each step is a package of the same name.
"""

from __future__ import annotations

import math
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.config import load_scenario, resolved_yaml
from twin.config.spec import METHOD_ALIASES, METHODS, SCANNING, SCANS, PlantSpec, ScenarioSpec
from twin.errors import TwinError
from twin.progress import Silent
from twin.results.files import FileProblem, file_errors

if TYPE_CHECKING:
    from h5py import File

    from twin.integrate.outcome import Ending
    from twin.results.events import EventRow
    from twin.results.past import Continued
    from twin.schedule.simulation import Simulation
    from twin.schedule.world import PythonProcess

#: Wall seconds between two checkpoints: what is lost at most when a run is killed.
CHECKPOINT_EVERY = 1.0


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
        Numbers recorded that no plant can have, laws outside their range, balances that do not close.
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
    checkpoint_every: float = CHECKPOINT_EVERY,
    processes: Sequence[PythonProcess] = (),
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
    checkpoint_every : float
        Wall seconds between two checkpoints in the log beside the file, from which a run that was killed is
        resumed (`twin.again.resume`); infinite for no log.
    processes : sequence of callable
        SimPy processes in Python beside those of the scenario, each a function of a
        :class:`twin.schedule.actor.Actor`. YAML cannot name any. Such a run is not resumed or forked.

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
    left_out: tuple[str, ...] = ()
    if spec.method not in SCANNING[spec.scans]:
        left_out = (f"{spec.method} cannot do what the scenario asks at scans: `scans: {spec.scans}` was left out",)
        spec = replace(spec, scans=SCANS[0])

    path = free_path(out, spec.name)
    every = math.inf if processes else checkpoint_every  # Python of one's own is not replayed from a file
    result = execute(
        spec,
        path,
        table=table,
        parallel=parallel,
        progress=progress,
        checkpoint_every=every,
        processes=processes,
    )
    return replace(result, warnings=(*left_out, *result.warnings))


def execute(
    spec: ScenarioSpec,
    path: Path,
    *,
    table: bool = True,
    parallel: bool = False,
    progress: Silent | None = None,
    checkpoint_every: float = CHECKPOINT_EVERY,
    continued: Continued | None = None,
    processes: Sequence[PythonProcess] = (),
) -> RunResult:
    """Run what has been decided: :func:`run` for a scenario, `twin.again` for what is continued.

    Parameters
    ----------
    spec : ScenarioSpec
    path : Path
        The file to write.
    table, parallel, progress, checkpoint_every, processes
        As for :func:`run`.
    continued : Continued, optional
        What the run brings along.
    """
    progress = progress or Silent()

    # schedule, dry: contradictions are told before anything is compiled
    from twin.schedule.rehearsal import rehearse
    from twin.schedule.segments import run_end, segments

    segments(spec.events, spec.latches, run_end(spec))
    rehearse(spec, run_end(spec))

    # plant
    from twin.waiting import warm_up, watch

    if parallel:
        warm_up(spec, progress)
    from twin.plant import compile_plant
    from twin.results.ahead import Ahead
    from twin.results.layout import recording
    from twin.schedule.simulation import Simulation

    plant = compile_plant(spec.plant)
    if spec.start == "steady":
        from twin.steady.state import started

        plant = started(plant)
    progress.ready()

    # schedule and integrate
    simulation = Simulation(spec, plant, table=table, record=recording(plant).w_index, processes=processes)

    # results
    def into_the_file(ahead: Ahead) -> tuple[Ending, float, tuple[str, ...]]:
        if continued is None:
            ahead.begin()
        from twin.evidence.register import registered
        from twin.results.behind import Behind
        from twin.results.log import RunLog, head_of
        from twin.results.past import fitting
        from twin.results.reader import open_run
        from twin.results.recorder import Recorder
        from twin.results.writer import RunWriter

        past = fitting(continued, plant)
        fork = continued.fork if continued else None
        resolved = resolved_yaml(spec)
        head = head_of(path, spec, plant, resolved, table, fork)
        behind = Behind()
        later = behind.do if past is None else None  # what is brought along is written before all else
        with (
            registered(path, spec, resolved, plant.fingerprint, continued.source if continued else "") as entry,
            RunWriter(path, plant, spec, resolved=resolved, fork=fork, do=later) as writer,
            closing(RunLog(writer.partial, head, checkpoint_every)) as log,
            behind,
        ):
            recorder = Recorder(writer, log, simulation.end, behind.do, past)
            if past is not None:
                recorder.bring(past, plant)
            if past is not None and past.kept is not None:
                simulation.resume(past.kept.checkpoint)
            if continued is not None:
                continued.replaced()
            ending, wall = ahead.into(recorder)
            behind.finish()
            if ending.outcome.name == "INTERRUPTED":
                recorder.stopped(simulation.checkpoint())
            writer.finish(
                ending.outcome,
                str(ending),
                stats=simulation.statistics,
                session={
                    "run_id": entry.run_id,
                    "integration_wall_s": wall,
                    **(continued.session if continued else {}),
                },
                checkpoints=recorder.retained,
                table=table,
                also=partial(_also, simulation=simulation, scenario=spec, end=ending.time),
            )
            log.remove()
            entry.ended(ending.outcome.name.lower(), str(open_run(path).attrs["content_hash"]))
        return ending, wall, (*recorder.warnings, *writer.warnings)

    def done() -> tuple[Ending, float, tuple[str, ...]]:
        with Ahead(simulation) as ahead:
            return into_the_file(ahead)

    ending, wall, warnings = watch(done, simulation, progress)
    from twin.control.findings import PIDS, after, before
    from twin.results.reader import open_run

    warnings = (*warnings, *before(spec.plant), *after(spec.plant, open_run(path), PIDS))
    if simulation.estimators:
        from twin.control.estimation import seen

        warnings = (*warnings, *(w for one in simulation.estimators for w in seen.warnings(one.filter, one.failed)))
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


def _also(file: File, rows: Sequence[EventRow], *, simulation: Simulation, scenario: ScenarioSpec, end: float) -> None:
    """Write what the schedule and its controllers leave beside the series."""
    from twin.results.schedule import write_schedule

    write_schedule(file, rows, scenario=scenario, records=simulation.records(), end=end)
    if simulation.predictive:
        from twin.control.predictive.record import write_prediction

        write_prediction(file, simulation.predictive)
    if simulation.estimators:
        from twin.control.estimation.record import write_estimation

        write_estimation(file, [(one.filter, one.failed) for one in simulation.estimators])


def default_path(name: str) -> Path:
    """Give a new name in ./runs: scenario, time in UTC, and an id against collisions."""
    return Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}.h5"


def free_path(out: str | Path | None, name: str) -> Path:
    """Give the name of the file to write, or a new one in ./runs.

    Raises
    ------
    FileProblem
        When its folder is not there or takes no files, or the name is taken.
    """
    path = Path(out) if out is not None else default_path(name)
    if out is not None and not path.parent.is_dir():  # ./runs is made; a folder that was named may be misspelt
        raise FileProblem(f"there is no folder {path.parent}, so {path.name} cannot be written there. Make it first.")
    if path.exists():  # asked again when the file is made; here, so that nobody waits for it
        raise FileProblem(f"{path} exists; a run never overwrites a file. Give another name with --out.")
    folder = path.parent if path.parent.is_dir() else path.parent.parent
    with file_errors(path), tempfile.TemporaryFile(dir=folder):  # nor for a folder that takes no files
        pass
    return path
