"""Runs that do not begin at the beginning: resumed after a kill, or forked from a run in the middle.

resume("runs/startup.h5.partial")                                # to the file that it would have been
fork("runs/startup.h5", at="6 h", set=["TIC-101.setpoint=85 degC"])   # to a new file, with all of the past
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.config import resolved_yaml
from twin.errors import ConfigError, Problem, TwinError
from twin.progress import Silent, clock
from twin.results.files import FileProblem
from twin.run import CHECKPOINT_EVERY, RunResult, execute, free_path
from twin.units import UnitError, parse_quantity

if TYPE_CHECKING:
    from twin.config.document import Node
    from twin.config.spec import ScenarioSpec

#: Relative tolerances by which a fork may differ from its parent before, where its steps are others: with a change
#: the last one is cut short, and CVODE begins anew at a checkpoint.
CUT = 100.0
#: What the cause of a change says that a fork makes.
CAUSE = "fork"


class ForkError(TwinError):
    """A fork that cannot be: a time that the parent never reached, or a run that cannot be begun again."""

    exit_code = 2


def resume(
    partial: str | Path,
    *,
    parallel: bool = False,
    progress: Silent | None = None,
    checkpoint_every: float = CHECKPOINT_EVERY,
) -> RunResult:
    """Go on with a run that was killed, from its last checkpoint, to the file that it would have been.

    Parameters
    ----------
    partial : str or Path
        The partial file that it left, or the name that it was to have.
    parallel, progress, checkpoint_every
        As for :func:`twin.run.run`.

    Raises
    ------
    FileProblem
        When there is nothing to go on from, the run goes on, or it was made by other versions.
    """
    from twin.results import log
    from twin.results.past import Continued, past_of_log
    from twin.results.sections import versions

    path = _log_of(Path(partial))
    if log.in_use(path):
        raise FileProblem(f"the run of {path.name.removesuffix(log.SUFFIX)} goes on in another process")
    head = log.read_head(path)
    final = path.parent / str(head["file"])
    if final.exists():
        raise FileProblem(f"{final} exists: the run of {path.name} has been finished, and its log can be deleted")
    changed = {name: there for name, there in head["versions"].items() if versions().get(name) != there}
    if changed:
        names = ", ".join(f"{name} {there}" for name, there in sorted(changed.items()))
        raise FileProblem(
            f"{path.name} was written with {names}: with other versions the run would be another one."
            " Run the scenario from its start."
        )
    spec = recorded_scenario(head["resolved"], head["scenario_text"], head["plant_text"], str(final))
    past = past_of_log(path, tuple(head["sizes"]))
    logs = [path, *_overtaken(path, head)]
    continued = Continued(
        past,
        path.name,
        head["fingerprint"],
        fork=head["fork"],
        session={"resumed_at": past.kept.time if past and past.kept else 0.0},
        replaces=tuple(p for one in logs for p in (one.with_name(one.name.removesuffix(log.SUFFIX)), one)),
    )
    return execute(
        spec,
        final,
        table=bool(head["table"]),
        parallel=parallel,
        progress=progress,
        checkpoint_every=checkpoint_every,
        continued=continued,
    )


def fork(
    parent: str | Path,
    at: str | float | None = None,
    out: str | Path | None = None,
    *,
    set: Mapping[str, Any] | Sequence[str] = (),
    until: str | float | None = None,
    parallel: bool = False,
    progress: Silent | None = None,
    checkpoint_every: float = CHECKPOINT_EVERY,
) -> RunResult:
    """Fork a run in the middle: the same past, and from `at` on what is set differently.

    The new file holds all of the run, the parent's rows and events up to its last checkpoint before `at` included;
    from there the steps are repeated. Without changes everything is the same, bit for bit.

    Parameters
    ----------
    parent : str or Path
        A run file, whatever its outcome.
    at : str or float, optional
        Plant time of the fork ("6 h", or seconds); the end of what the parent reached unless given.
    out : str or Path, optional
        The file to write.
    set : mapping or sequence of "path=value"
        Set at `at`, as an event of the scenario would.
    until : str or float, optional
        Stop the plant's clock earlier.
    parallel, progress, checkpoint_every
        As for :func:`twin.run.run`.

    Raises
    ------
    ForkError, ConfigError
        When the time or a change makes no sense.
    FileProblem
        When the parent cannot be read, is not finished, or was made by other models.
    """
    from twin.config.spec import WHOLE
    from twin.results.checkpoints import driven_by_table, read_checkpoints
    from twin.results.past import Continued, past_of_run
    from twin.results.reader import open_run

    run = open_run(parent)
    if not run.complete:
        raise FileProblem(
            f"{run.path} has not been finished. If its run was killed, first: twin run --resume {run.path}"
        )
    if "record" in run.provenance:
        raise ForkError(f"{run.path} holds estimates from {run.provenance['record']['file']}: there is no run to fork")
    with run.opened() as file:
        kept, table = read_checkpoints(file), driven_by_table(file)
    reached = max([float(run.time[-1]), *(one.time for one in kept)])
    time = reached if at is None else _seconds(at, "at")
    if not 0.0 <= time <= reached:
        raise ForkError(f"{run.path} reached {clock(reached)} ({reached:g} s): it cannot be forked at {time:g} s")
    spec = recorded_scenario(run.resolved_yaml, run.scenario_yaml, run.plant_yaml, str(run.path), set, time, until)
    before = [one for one in kept if one.time < time or (one.time == time and not set)]
    other_steps = bool(set) or until is not None or spec.method not in WHOLE
    provenance: dict[str, str | float] = {
        "parent": str(run.attrs["content_hash"]),
        "parent_file": run.path.name,
        "at": time,
        "from": before[-1].time if before else 0.0,
        "set": "\n".join(f"{k}={v}" for k, v in set.items()) if isinstance(set, Mapping) else "\n".join(set),
    }
    continued = Continued(
        past_of_run(run, before, time, CUT * spec.rtol if other_steps else 0.0),
        run.path.name,
        str(run.provenance["model_fingerprint"]),
        fork=provenance,
    )
    return execute(
        spec,
        free_path(out, spec.name),
        table=table,
        parallel=parallel,
        progress=progress,
        checkpoint_every=checkpoint_every,
        continued=continued,
    )


def _log_of(path: Path) -> Path:
    """Find the log of a run by any of its names."""
    from twin.results import log
    from twin.results.past import leftovers

    if path.name.endswith(log.SUFFIX):
        return path
    if log.log_path(path).exists():
        return log.log_path(path)
    found = leftovers(path.parent, f"{path.name}.")
    if found:  # a run that was killed while it took over another's past stands behind that one
        return max(found, key=log.reached)
    if path.exists() and not path.name.endswith(".partial"):
        raise FileProblem(f"{path} is finished. To go on from it in another way: twin run --from {path} --at TIME")
    raise FileProblem(f"there is no log {log.log_path(path)}, without which {path.name} cannot be resumed")


def _overtaken(path: Path, head: dict[str, Any]) -> list[Path]:
    """Other logs of the same run, of which none has got further."""
    from twin.results import log
    from twin.results.past import leftovers

    found = []
    for other in leftovers(path.parent, f"{head['file']}."):
        with contextlib.suppress(FileProblem):  # killed before it had begun: nobody knows what it was
            if other != path and log.read_head(other) == head and log.reached(other) <= log.reached(path):
                found.append(other)
    return found


def recorded_scenario(
    resolved: str,
    scenario_text: str,
    plant_text: str,
    source: str,
    set: Mapping[str, Any] | Sequence[str] = (),
    at: float = 0.0,
    until: str | float | None = None,
) -> ScenarioSpec:
    """Read a resolved configuration again, with changes at a time as further events."""
    from twin.config.reading import read_text
    from twin.config.scenario import build_scenario

    root = read_text(resolved, f"{source} (resolved)")
    spec = build_scenario(root, None, "run")
    if resolved_yaml(spec) != resolved:
        raise ForkError(f"{source} was written by another version: its configuration reads differently now")
    if set or until is not None:
        root.get("events").items.extend(_changes(set, at))  # type: ignore[union-attr]
        spec = build_scenario(root, None, "run", until=until)
    return replace(spec, source_text=scenario_text, plant=replace(spec.plant, source_text=plant_text))


def _changes(changes: Mapping[str, Any] | Sequence[str], at: float) -> list[Node]:
    """Write "path=value" as events, under their own names in messages."""
    from twin.config.document import Node, Problems
    from twin.config.plant import parse_overrides

    def word(near: Node, text: str) -> Node:
        return Node(near.source, "scalar", near.line, near.col, near.length, text, text)

    problems = Problems()
    found = []
    for override in parse_overrides(problems, changes):
        key, value = override.path, override.value
        setting = Node(key.source, "map", key.line, key.col, key.length, pairs=[(key, value)])
        time = Node(key.source, "scalar", key.line, key.col, key.length, at, repr(at))
        pairs = [(word(key, "at"), time), (word(key, "set"), setting), (word(key, "name"), word(key, CAUSE))]
        found.append(Node(key.source, "map", key.line, key.col, key.length, pairs=pairs))
    problems.stop()
    return found


def _seconds(text: str | float, name: str) -> float:
    try:
        return parse_quantity(text, "s")
    except UnitError as error:
        length = len(str(text))
        raise ConfigError([Problem(f"--{name}", 1, 1, length, "not a time", f"{error}.", ((1, str(text)),))]) from None
