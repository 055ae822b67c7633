"""Reads a study: YAML, or what a notebook gives, to a `StudySpec`, with all problems together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.config import load_scenario
from twin.config.document import Node, Problems, closest
from twin.config.plant import check_version, find, name_of, shown
from twin.config.reading import read_file, read_text
from twin.config.scenario import LONGEST, read_ends, read_number, read_scans, read_seed, read_solver
from twin.config.spec import ScenarioSpec
from twin.config.study_keys import ANALYSIS, STUDY
from twin.errors import ConfigError, Problem
from twin.study.dataset_reading import read_dataset
from twin.study.design_reading import read_design, read_whole
from twin.study.designs import DRAWN, Infeasible, corners, rows, spread
from twin.study.factor_reading import read_factors
from twin.study.link_reading import check_links, check_taken, read_links
from twin.study.relation_reading import read_constraints, read_correlation
from twin.study.response_reading import read_responses
from twin.study.spec import FactorSpec, StudySpec, Wanted


def load_study(given: str | Path | Mapping[str, Any], beside: Path | None = None) -> StudySpec:
    """Read a study and check it as far as that is possible before a run.

    Parameters
    ----------
    given : str, Path or mapping
        A file; or what its YAML would say.
    beside : Path, optional
        Folder in which a mapping's scenario and data are looked for.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    problems = Problems()
    if isinstance(given, Mapping):
        root = read_text(json.dumps(given, indent=1, ensure_ascii=False, default=_plainly), "the study", problems)
        return build_study(problems, root, None, beside, "study")
    path = Path(given)
    if not path.is_file():
        raise ConfigError([Problem(str(given)[:200], 0, 0, 0, "no such file", "There is no file of this name.")])
    return build_study(problems, read_file(path, shown(path), problems), path, path.parent, path.stem)


def _plainly(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def build_study(
    problems: Problems, root: Node, path: Path | None, folder: Path | None, stem: str, search: bool = False
) -> StudySpec:
    """Build a study from what was read; what is wrong joins `problems`.

    `search` says that its ranges are searched: their corners are looked at as well as the rows of its design.
    """
    check_version(problems, root)
    problems.known_keys(root, STUDY.names, "unknown key", "a study")
    scenarios = _scenarios(problems, root, folder)
    factors = read_factors(problems, root.get("factors"), scenarios)
    if not root.get("factors") and not problems.found:
        problems.add(root.pairs[0][0], "missing factors", "A study needs factors:, what differs between its runs.")
    elif not factors and not problems.found:
        problems.add(root.key("factors"), "no factors", "A study needs at least one factor.")
    links = read_links(problems, root, factors, scenarios) if scenarios and not problems.found else []
    complete = not problems.found
    design = read_design(problems, root, factors, folder) if complete else {}
    drawn = design.get("kind") in DRAWN
    correlation = read_correlation(problems, root.get("correlations"), factors, drawn or not design)
    constraints = read_constraints(problems, root.get("constraints"), factors)
    replicates = read_whole(problems, root.get("replicates"), "replicates", 1)
    seed = read_seed(problems, root.get("seed"))
    responses = read_responses(problems, root.get("responses"), scenarios) if scenarios else []
    study = StudySpec(
        name=name_of(problems, root, stem),
        title=problems.text(root, "title", stem.replace("_", " ")),
        scenarios=tuple(scenarios),
        factors=tuple(factors),
        responses=tuple(responses),
        design=design,
        correlation=correlation,
        constraints=tuple(constraints),
        replicates=replicates,
        seed=seed,
        source_text="" if path is None else root.source.text,
        path=path,
        plain=dict(sorted(root.plain().items())),
        analysis=_analysis(problems, root.get("analysis"), factors, responses),
        notes=tuple(_notes(factors, scenarios)),
        dataset=read_dataset(problems, root.get("dataset"), scenarios) if scenarios else None,
        links=tuple(links),
    )
    if not problems.found:
        _look(problems, root, study, search)
    problems.stop()
    return study


def _analysis(
    problems: Problems, node: Node | None, factors: Sequence[FactorSpec], responses: Sequence[Wanted]
) -> dict[str, Any]:
    """Read what `twin analyse` takes unless its arguments say otherwise."""
    if node is None or node.is_null:
        return {}
    problems.mapping(node, "analysis is a mapping", "{level: 0.9}")
    problems.known_keys(node, ANALYSIS.names, "unknown key", "analysis")
    known = {"responses": [r.column.name for r in responses], "uncertain": [f.name for f in factors]}
    found: dict[str, Any] = {}
    for key, names in known.items():
        for item in problems.sequence(node.get(key), f"{key} are a list", "[a, b]") if node.get(key) else []:  # type: ignore[arg-type]
            if item.text not in names:
                noun = "factor" if key == "uncertain" else "response"
                problems.add(item, f"unknown {noun}", f"There is no {noun} {item.what}.{closest(item.text, names)}")
            found.setdefault(key, []).append(item.text)
    level = node.get("level")
    if level is not None:
        found["level"] = read_part(problems, level, "level")
    return found


def read_part(problems: Problems, node: Node, name: str) -> float:
    """Read a probability: above 0, below 1."""
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)) or not 0.0 < node.value < 1.0:
        problems.add(node, "not a probability", f"{name} is above 0 and below 1, not {node.what}.")
        return 0.5
    return float(node.value)


def _scenarios(problems: Problems, root: Node, folder: Path | None) -> list[ScenarioSpec]:
    """Load what is run: the scenario, or those of the factor that chooses among them."""
    first = root.pairs[0][0] if root.pairs else root
    node = root.get("scenario")
    nodes = [node] if node is not None and not node.is_null else []
    for _, factor in (root.get("factors") or root).pairs if root.get("factors") is not None else []:
        chosen = factor.get("scenarios")
        if chosen is not None and chosen.kind == "list":
            if nodes:
                problems.add(root.key("scenario"), "key without a use", "a factor chooses among scenarios already.")
            nodes = chosen.items
    if not nodes:
        problems.add(
            first, "missing scenario", "A study needs scenario:, a name in scenarios or a file beside this one."
        )
        return []
    settings = root.get("set")
    given: dict[str, Any] = {}
    for key, value in problems.mapping(settings, "set is a mapping", "{reactor.UA: 500 W/K}") if settings else []:
        for inner, item in value.pairs:
            given[f"{key.text}.{inner.text}"] = item.text
        if value.kind != "map":
            given[key.text] = value.text
    found = []
    for item in nodes:
        scenario = _scenario(problems, root, item, given, folder)
        if scenario is not None:
            found.append(scenario)
    return found if len(found) == len(nodes) else []


def _scenario(
    problems: Problems, root: Node, node: Node, given: Mapping[str, Any], folder: Path | None
) -> ScenarioSpec | None:
    name = problems.string(node, "not a scenario")
    if not name:
        return None
    try:
        path, _ = find(name, "scenarios", folder)
    except ConfigError as error:
        problems.add(node, "no such scenario", error.problems[0].detail)
        return None
    try:
        scenario = load_scenario(path, dict(given))
    except ConfigError as error:
        problems.found.extend(p for p in error.problems if p not in problems.found)
        return None
    stop, record = root.get("until"), root.get("record")
    if stop is not None and not stop.is_null:
        scenario = replace(scenario, until=read_number(problems, stop, "until", "s", 0.0, LONGEST))
    if record is not None and not record.is_null:
        every = read_number(problems, record, "record", "s", 0.0, LONGEST)
        scenario = replace(scenario, record_every=every or scenario.record_every)
    ends = read_ends(problems, root, scenario.plant)
    if ends is not None:
        scenario = replace(scenario, ends=ends)
    solver = root.get("solver")
    if solver is not None:
        method, rtol = read_solver(problems, solver)
        method = method if solver.get("method") is not None else scenario.method
        scenario = replace(
            scenario,
            method=method,
            rtol=rtol if solver.get("rtol") is not None else scenario.rtol,
            scans=read_scans(problems, solver, method) if solver.get("scans") is not None else scenario.scans,
        )
    return scenario


def _notes(factors: Sequence[FactorSpec], scenarios: Sequence[ScenarioSpec]) -> list[str]:
    """What a factor does not do: events of the scenario set the same value later."""
    notes = []
    for factor in factors:
        if factor.how != "path" or factor.relative:
            continue
        for scenario in scenarios:
            times = sorted(e.at for e in scenario.events if e.path in factor.column.targets and e.kind != "fire")
            if times:
                notes.append(
                    f"{factor.name} holds until an event of {scenario.name} sets it at {times[0]:g} s;"
                    " relative: true would change what events set, too"
                )
    return notes


def _look(problems: Problems, root: Node, study: StudySpec, search: bool) -> None:
    """Draw the design and name what no run could make good."""
    given = root.get("factors")
    assert given is not None
    try:
        X = rows(study)
    except Infeasible as error:
        X = corners(study) if search else np.empty((0, len(study.factors)))  # a small part of the ranges is left
        if not len(X):
            at = root.key("constraints" if study.constraints else "design")
            problems.add(at, "infeasible", f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
    for name in spread(X, study.factors):
        problems.add(given.key(name), "zero variance", f"{name} has one value only in all {len(X)} rows of the design.")
    for i, factor in enumerate(study.factors):
        if factor.how in ("path", "event") and factor.column.kind != "choice":
            check_taken(problems, given.key(factor.name), study, factor, X[:, i])
    linked = root.get("linked")
    if linked is not None and study.links:
        check_links(problems, linked, study, np.vstack([X, corners(study)]) if search else X)
