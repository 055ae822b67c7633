"""Reads a scenario: its plant, how long it runs, and what happens to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.config.conditions import read_condition
from twin.config.context import Override
from twin.config.document import Node, Problems, Source
from twin.config.estimators import read_estimators
from twin.config.events import read_events, read_quality
from twin.config.factors import read_factors
from twin.config.figure import read_figure
from twin.config.materials import read_batches, read_containers, read_lots
from twin.config.monitors import read_monitors
from twin.config.plant import build_plant, check_version, find, name_of, parse_overrides
from twin.config.predictive import read_predictive
from twin.config.process_spec import ConditionSpec
from twin.config.processes import read_processes
from twin.config.reading import read_file
from twin.config.scenario_keys import SCENARIO, SOLVER
from twin.config.spec import METHOD_ALIASES, METHODS, SCANS, WHOLE, PlantSpec, ScenarioSpec
from twin.config.start import read_start
from twin.errors import ConfigError, Problem
from twin.units import UnitError, parse_quantity

#: Far beyond any use; keeps counts of records and repeats within integers.
LONGEST = 1e10
#: What became of a choice that there was.
KEPT = "scans: exact chooses at each scan by itself whether its matrix is kept: leave scans: out."


def load_scenario(
    path: str | Path, set: Mapping[str, Any] | Sequence[str] = (), until: str | float | None = None
) -> ScenarioSpec:
    """Load a scenario with its plant.

    Parameters
    ----------
    path : str or Path
        A file, or a name in scenarios.
    set : mapping or sequence of "path=value"
        Values that replace those of plant and scenario, by dotted path.
    until : str or float, optional
        Stop at this time, in seconds or as a quantity, if before the scenario's end.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    file, name = find(path, "scenarios")
    problems = Problems()
    return build_scenario(read_file(file, name, problems), file, file.stem, set, until, problems)


def check(path: str | Path) -> list[Problem]:
    """Give every problem of a plant's, scenario's or study's file."""
    try:
        try:
            file, name = find(path, "scenarios")
        except ConfigError as missing:
            try:
                file, name = find(path, "plant_configs")
            except ConfigError:
                raise missing from None
        problems = Problems()
        root = read_file(file, name, problems)
        searched = [key for key in ("optimise", "explore", "estimate") if root.get(key) is not None]
        if root.get("units") is None and (searched or root.get("design") is not None):
            _check_study(file, root, searched)
        elif root.get("plant") is not None or (root.get("duration") is not None and root.get("units") is None):
            build_scenario(root, file, file.stem, problems=problems)
        else:
            build_plant(problems, root, [], file, file.stem)
    except ConfigError as error:
        return list(error.problems)
    return []


def _check_study(file: Path, root: Node, searched: Sequence[str]) -> None:
    """Read a study as each of the commands would that it has a section for."""
    from twin.study.estimate_reading import load_estimation
    from twin.study.exploring import load_exploration
    from twin.study.optimising import load_optimisation
    from twin.study.reading import load_study

    if root.get("design") is not None:
        load_study(file)
    if "optimise" in searched:
        load_optimisation(file)
    if "explore" in searched:
        load_exploration(file)
    if "estimate" in searched:
        load_estimation(file)


def build_scenario(
    root: Node,
    path: Path | None,
    stem: str,
    set: Mapping[str, Any] | Sequence[str] = (),
    until: str | float | None = None,
    problems: Problems | None = None,
) -> ScenarioSpec:
    """Read a scenario's tree. Raises ConfigError with every problem found."""
    problems = problems or Problems()
    check_version(problems, root)
    problems.known_keys(root, SCENARIO.names, "unknown key", "a scenario")
    given = [*_set(problems, root), *_initial(problems, root), *parse_overrides(problems, set)]
    plant = _plant(problems, root, given, path)
    duration = _quantity(problems, root, "duration", None, 0.0, LONGEST)
    method, rtol = read_solver(problems, root.get("solver"))
    scans = read_scans(problems, root.get("solver"), method)
    record = _quantity(problems, root, "record", 60.0, 1e-6, LONGEST)
    seed = read_seed(problems, root.get("seed"))
    start = read_start(problems, root.get("start"))
    events, latches = read_events(problems, root.get("events"), plant, duration or LONGEST)
    quality = read_quality(problems, root.get("quality"), plant)
    figure = read_figure(problems, root.get("figure"), plant)
    monitors = read_monitors(problems, root.get("monitors"), plant)
    estimators = read_estimators(problems, root.get("estimators"), plant)
    predictive = read_predictive(problems, root.get("predictive"), plant, estimators)
    given_stop = root.get("until")
    stop = None if given_stop is None else read_number(problems, given_stop, "until", "s", 0.0, LONGEST)
    stop = stop if until is None else _until(problems, until)
    ends = read_ends(problems, root, plant)
    span = duration or LONGEST
    processes = read_processes(problems, root, plant, span)
    lots = read_lots(problems, root.get("lots"), plant, span)
    batches = read_batches(problems, root.get("batches"), plant, span)
    containers = read_containers(problems, root.get("containers"), plant, span)
    factors = read_factors(problems, root.get("factors"), plant)
    title = problems.text(root, "title", stem.replace("_", " "))
    name = name_of(problems, root, stem)
    problems.stop()
    assert plant is not None
    assert duration is not None
    return ScenarioSpec(
        name=name,
        title=title,
        plant=plant,
        duration=duration,
        record_every=record or 60.0,
        method=method,
        rtol=rtol,
        scans=scans,
        seed=seed,
        until=stop,
        ends=ends,
        events=tuple(events),
        latches=tuple(latches),
        quality=tuple(quality),
        batches=tuple(batches),
        lots=tuple(lots),
        containers=tuple(containers),
        resources=processes.resources,
        recipes=processes.recipes,
        processes=processes.processes,
        factors=factors,
        source_text=root.source.text,
        path=path,
        figure=figure,
        start=start,
        monitors=monitors,
        predictive=predictive,
        estimators=estimators,
    )


def _plant(problems: Problems, root: Node, given: list[Override], path: Path | None) -> PlantSpec | None:
    """Read the plant that the scenario names or contains; its problems join those of the scenario."""
    node = root.get("plant")
    if node is None or node.is_null:
        first = root.pairs[0][0] if root.pairs else root
        problems.add(
            first, "missing plant", "A scenario needs plant:, a name in plant_configs or a path relative to this file."
        )
        return None
    inner = Problems()
    try:
        if node.kind == "map":
            return build_plant(inner, node, given, path, "plant")
        name = problems.string(node, "not a plant")
        if not name:
            return None
        try:
            file, seen = find(name, "plant_configs", path.parent if path else None)
        except ConfigError as error:
            problems.add(node, "no such plant", error.problems[0].detail)
            return None
        return build_plant(inner, read_file(file, seen, inner), given, file, file.stem)
    except ConfigError as error:
        problems.found.extend(p for p in error.problems if p not in problems.found)
        return None


def _set(problems: Problems, root: Node) -> list[Override]:
    """Read `set:` as overrides; a mapping below a path gives elements: {feed.m_flow: {water: 1 g/s}}."""
    node = root.get("set")
    found = []
    for key, value in problems.mapping(node, "set is a mapping", "{reactor.UA: 500 W/K}") if node else []:
        for inner, item in value.pairs:
            path = f"{key.text}.{inner.text}"
            found.append(Override(Node(inner.source, "scalar", inner.line, inner.col, inner.length, path, path), item))
        if value.kind != "map":
            found.append(Override(key, value))
    return found


def _initial(problems: Problems, root: Node) -> list[Override]:
    """Read `initial:` {unit: {field: value}} as overrides of the plant's initial values."""
    node = root.get("initial")
    found = []
    for unit, table in problems.mapping(node, "initial is a mapping", "{tank: {T: 20 degC}}") if node else []:
        for key, value in problems.mapping(table, "not initial values", "{T: 20 degC}"):
            path = f"{unit.text}.initial.{key.text}"
            found.append(Override(Node(key.source, "scalar", key.line, key.col, key.length, path, path), value))
    return found


def read_number(problems: Problems, node: Node, name: str, unit: str, low: float, high: float) -> float | None:
    """Read a quantity above `low` (and up to `high`)."""
    if node.kind != "scalar" or node.value is None:
        problems.add(node, "not a value", f"{name} is one value, but this is {node.what}.")
        return None
    try:
        value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, unit)
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{name}: {error}.")
        return None
    if not low < value <= high:
        problems.add(
            node, "out of range", f"{name} must be above {low:g} and at most {high:g} {unit}, not {node.text}."
        )
        return None
    return value


def _quantity(problems: Problems, root: Node, key: str, default: float | None, low: float, high: float) -> float | None:
    node = root.get(key)
    if node is not None and not node.is_null:
        return read_number(problems, node, key, "s", low, high)
    if default is None:
        first = root.pairs[0][0] if root.pairs else root
        problems.add(first, f"missing {key}", f"A scenario needs {key}:, for example {key}: 24 h.")
    return default


def read_solver(problems: Problems, node: Node | None) -> tuple[str, float]:
    """Read method and relative tolerance."""
    method, rtol = METHODS[0], 1e-6
    if node is None:
        return method, rtol
    problems.mapping(node, "solver is a mapping", "{method: rodas4p, rtol: 1e-6}")
    problems.known_keys(node, SOLVER.names, "unknown key", "solver")
    named = node.get("method")
    if named is not None:
        method = problems.string(named, "not a method")
        method = METHOD_ALIASES.get(method, method)
        if method not in METHODS:
            known = ", ".join([*METHOD_ALIASES, *METHODS])
            problems.add(named, "unknown method", f"There is no method {named.what}. Known: {known}.")
    tolerance = node.get("rtol")
    if tolerance is not None:
        rtol = read_number(problems, tolerance, "rtol", "1", 1e-14, 0.1) or rtol
    return method, rtol


def read_scans(problems: Problems, node: Node | None, method: str) -> str:
    """Read what steps do at scans."""
    named = None if node is None else node.get("scans")
    if named is None:
        return SCANS[0]
    chosen = problems.string(named, "not a way to scan")
    if chosen == "kept":
        problems.add(named, "part of another choice", KEPT)
    elif chosen not in SCANS:
        problems.add(named, "unknown choice", f"scans: is one of {', '.join(SCANS)}, not {named.what}.")
    elif chosen in SCANS[1:] and method not in (*WHOLE, "multirate"):
        problems.add(named, "not with this method", f"{method} ends its steps at every scan: leave scans: out.")
    return chosen or SCANS[0]


def read_seed(problems: Problems, node: Node | None) -> int:
    """Read the seed of random streams; 0 when none is given."""
    if node is None or node.is_null:
        return 0
    if isinstance(node.value, int) and not isinstance(node.value, bool) and 0 <= node.value < 2**63:
        return node.value
    problems.add(node, "not a whole number", f"seed is a whole number from 0 on, not {node.what}.")
    return 0


def read_ends(problems: Problems, root: Node, plant: PlantSpec | None) -> ConditionSpec | None:
    """Read the condition that ends a run: `filter.dewatered falls`, `tank.V > 5 L`."""
    node = root.get("ends")
    return None if node is None or node.is_null else read_condition(problems, node, plant, node)


def _until(problems: Problems, until: str | float) -> float | None:
    text = repr(float(until)) if isinstance(until, (int, float)) else until
    node = Node(Source("--until", (text,)), "scalar", 1, 1, max(1, len(text)), text, text)
    return read_number(problems, node, "until", "s", 0.0, LONGEST)
