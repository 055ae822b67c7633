"""Traces a run or a scenario: replays it, takes its residence times, follows its lots, and writes the file.

trace("runs/day.h5")                                # beside it: runs/day.trace.h5
trace("direct_compression_day", "day.trace.h5", at=6 * 3600.0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.results.files import FileProblem
from twin.trace.file import SUFFIX, TraceFile, trace_path
from twin.trace.genealogy import Genealogy, genealogy
from twin.trace.identifiers import Identifier, identifiers
from twin.trace.network import TOTAL, TraceError, components_of, network_of
from twin.trace.rtd import Residence, residence
from twin.trace.trajectory import Trajectory

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.plant.compile import Plant
    from twin.trace.asked import Asked
    from twin.trace.assess import Controlled, Diversion

#: What is followed unless asked: every component, where all close.
COMPONENTS = "components"
#: A component that does not close to this (relative to all of it that there was) is made or used up on the way.
CLOSES = 1e-3
#: Lengths of upsets in the funnel, in s.
WIDTHS = np.array([1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0])


@dataclass
class Trace:
    """What was found, and the trajectories that it was found on."""

    spec: ScenarioSpec
    plant: Plant
    trajectories: dict[str, Trajectory]
    residences: list[Residence]
    genealogy: Genealogy
    identifiers: list[Identifier]
    skipped: list[str] = field(default_factory=list)
    path: Path | None = None
    diversion: Diversion | None = None
    control: list[Controlled] = field(default_factory=list)


def subject(source: str | Path | ScenarioSpec, set: Mapping[str, Any] | Sequence[str] = (), until: Any = None) -> Any:
    """Read what is to be traced: (specification, run or None)."""
    from twin.config import load_scenario
    from twin.config.spec import ScenarioSpec

    if isinstance(source, ScenarioSpec):
        return source, None
    path = Path(source)
    if path.suffix != ".h5":
        return load_scenario(source, set, until), None
    if set or until is not None:
        raise TraceError("a run is traced as it was; --set and --until are for scenarios")
    from twin.again import recorded_scenario
    from twin.results.reader import open_run

    run = open_run(path)
    if not run.complete:
        raise FileProblem(f"{path} has not been finished: only a finished run is traced")
    end = None if run.outcome == "finished" else float(run.time[-1])
    spec = recorded_scenario(run.resolved_yaml, run.scenario_yaml, run.plant_yaml, str(path), until=end)
    return spec, run


def trace(
    source: str | Path | ScenarioSpec,
    out: str | Path | None = None,
    *,
    set: Mapping[str, Any] | Sequence[str] = (),
    until: Any = None,
    at: float | None = None,
    paths: Sequence[tuple[str, str]] = (),
    of: str = COMPONENTS,
    holdup: float = 0.1,
    rule: str | Path | Asked | None = None,
    write: bool = True,
    progress: Callable[[float], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Trace:
    """Trace a run or a scenario.

    Parameters
    ----------
    source : str, Path or ScenarioSpec
        A run file (.h5), a scenario's name or file, or a specification.
    out : str or Path, optional
        The file to write; beside the run, or `<scenario>.trace.h5`, unless given.
    set, until : optional
        As for a run; for scenarios only.
    at : float, optional
        Plant time of the pulses, in s: the middle of the run unless given.
    paths : sequence of (source, target)
        Residence times wanted; all units, and all ways from what is fed to the products, unless given.
    of : str
        "components" follows lots component by component, and those that react as one by mass; "total" all material
        together; "a+b" only these, as one, mol for mol: what a reaction makes of a lot of its reactant.
    holdup : float
        Relative standard uncertainty of each unit's holdup, for that of fractions; 0 for none.
    rule : str, Path or Asked, optional
        A diversion rule, or its file (:mod:`twin.trace.asked`): for run files.
    write : bool
        Whether to write the file.
    progress : callable, optional
        Told the plant time reached.
    say : callable
        Told of every run with a disturbance that a rule is tried on.

    Raises
    ------
    TraceError
        When the models have changed since the run, or a place does not exist.
    """
    from twin.plant import compile_plant
    from twin.trace.replay import replay

    spec, run = subject(source, set, until)
    if rule is not None:
        from twin.trace.asked import read_rule

        if isinstance(rule, str | Path):
            rule = read_rule(Path(rule))  # what is wrong with it is told before anything takes time
        if run is None:
            raise TraceError("a diversion rule is judged on what a run recorded: run the scenario, and trace the run")
    plant = compile_plant(spec.plant)
    if run is not None and run.provenance["model_fingerprint"] != plant.fingerprint:
        raise TraceError(f"{run.path} was made by other models or versions: run its scenario again, and trace that")
    wanted = [TOTAL, *(_followable(plant) if of == COMPONENTS else [] if of == TOTAL else [of])]
    plant, found = replay(spec, tuple(wanted), progress, together if of == COMPONENTS else lambda _: ())
    open_ = _open(found)
    if open_ and of not in (COMPONENTS, TOTAL):
        raise TraceError(f"{of} does not close: something else is made of it, or it of something else; join that")
    if open_:
        whole = all(closes(found[name]) for name in together(found))
        found = {name: one for name, one in found.items() if name == TOTAL or (whole and name not in open_)}
    when = 0.5 * (found[TOTAL].start + found[TOTAL].end) if at is None else at
    curves, skipped = residences(plant, found, when, paths)
    result = Trace(
        spec,
        plant,
        found,
        curves,
        genealogy(spec, found, holdup=holdup),
        [m for item in (*spec.lots, *spec.containers, *spec.batches) for m in identifiers(item.name, dict(item.marks))],
        skipped,
    )
    if run is not None:
        from twin.trace.assess import control, divert

        result.diversion = divert(result, run, rule, say) if rule is not None else None
        result.control = control(result, run, result.diversion)
    if write:
        name = Path(out) if out is not None else Path(f"{spec.name}{SUFFIX}") if run is None else trace_path(run.path)
        result.path = save(result, name, run)
    return result


def save(found: Trace, path: Path, run: Any = None) -> Path:
    """Write a trace into a file that does not exist."""
    provenance = {
        "scenario": found.spec.name,
        "plant": found.spec.plant.name,
        "model_fingerprint": found.plant.fingerprint,
        "run_file": "" if run is None else run.path.name,
        "run_content_hash": "" if run is None else str(run.attrs["content_hash"]),
    }
    with TraceFile(path, f"Trace of {found.spec.title or found.spec.name}", provenance) as file:
        file.residences(found.residences, WIDTHS)
        file.genealogy(found.genealogy, found.identifiers)
        if found.diversion is not None:
            file.diversion(found.diversion)
        file.control(found.control)
        return file.finish()


def _followable(plant: Plant) -> tuple[str, ...]:
    """Components that every unit tells of; none where one does not."""
    names = components_of(plant)
    try:
        for name in names:
            network_of(plant, name)
    except TraceError:
        return ()
    return names


def together(found: Mapping[str, Trajectory]) -> list[str]:
    """Components that do not close one by one, to be followed as one by mass: a reaction makes some of the others."""
    return [" & ".join(_open(found))] if _open(found) else []


def _open(found: Mapping[str, Trajectory]) -> list[str]:
    """What does not close of what was followed alone."""
    return [name for name, one in found.items() if name != TOTAL and "&" not in name and not closes(one)]


def closes(trajectory: Trajectory) -> bool:
    """Whether what is followed is neither made nor used up on the way."""
    net = trajectory.network
    before = float(trajectory.held(trajectory.start, after=True).sum())
    fed = sum(trajectory.passed(point, trajectory.start, trajectory.end) for point in net.feeds.values())
    out = sum(trajectory.passed(net.point(sink), trajectory.start, trajectory.end) for sink in net.sinks)
    after = float(trajectory.held(trajectory.end).sum())
    return abs(before + fed - out - after) <= CLOSES * (before + fed) + 1e-12


def residences(
    plant: Plant, trajectories: Mapping[str, Trajectory], at: float, paths: Sequence[tuple[str, str]] = ()
) -> tuple[list[Residence], list[str]]:
    """Residence times of the paths wanted, or of every unit and of every way through the plant.

    Returns
    -------
    list of Residence
        With flows held as at `at`, and, for ways through the plant, as they ran from there.
    list of str
        Why something could not be told.
    """
    found: list[Residence] = []
    skipped: list[str] = []
    trajectory = trajectories[TOTAL]
    net = trajectory.network

    def main(*ends: str) -> Trajectory:
        """What follows the component of which most flows, at both ends: a filter parts it from what comes with it."""
        flows = {name: min(_flow(one, end, at) for end in ends) for name, one in trajectories.items() if name != TOTAL}
        most = max(flows, key=lambda name: flows[name], default=TOTAL)
        return trajectories[most] if flows.get(most, 0.0) > 0.0 else trajectory

    flowing = {pipe: _flow(trajectory, pipe, at) > 0.0 for pipe in net.pipes}
    units = [] if paths else _units(plant, flowing)
    for source, target, taps in units:
        found.append(residence(main(source), source, target, at, steady=True, taps=taps))
    for source, target in paths or _ways(plant, trajectory, flowing):
        if source in flowing and not flowing[source]:
            skipped.append(f"nothing flows through {source} at {at:g} s")
            continue
        for steady in (True, False):
            curve = residence(main(source, target), source, target, at, steady=steady)
            if paths or curve.arrived > 1e-6:
                found.append(curve)
    return found, skipped


def _flow(trajectory: Trajectory, pipe: str, at: float) -> float:
    net = trajectory.network
    return float(net.through(trajectory.raw(at, after=True), net.point(pipe)))


def _units(plant: Plant, flowing: Mapping[str, bool]) -> list[tuple[str, str, list[str]]]:
    """From every inlet to every outlet of every unit that holds something."""
    found = []
    for node in plant.nodes:
        if node.role != "unit" or not node.layout.shapes.get(("t", "m")):
            continue
        outlets = [f"{node.name}.{name}" for name, port in node.model.outlets.items() if not port.is_signal]
        for name, port in node.model.inlets.items():
            if port.is_signal or name not in node.sources:
                continue
            owner, outlet = node.sources[name]
            source = f"{owner}.{outlet}" if owner else outlet
            for target in outlets:
                if flowing[source] and flowing[target]:
                    found.append((source, target, [one for one in outlets if one != target]))
    return found


def _ways(plant: Plant, trajectory: Trajectory, flowing: Mapping[str, bool]) -> list[tuple[str, str]]:
    """From every feed to every product; a feed that rests then is stood for by what the unit behind it gives."""
    sources = []
    for feed in plant.spec.feeds:
        unit = feed.target.split(".")[0]
        node = next(node for node in plant.nodes if node.name == unit)
        outlets = [f"{unit}.{name}" for name, port in node.model.outlets.items() if not port.is_signal]
        sources += [feed.name] if flowing[feed.name] else [name for name in outlets if flowing[name]]
    products = [product.name for product in plant.spec.products]
    return [(source, product) for source in dict.fromkeys(sources) for product in products]
