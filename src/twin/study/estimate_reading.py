"""Reads an estimation: the study's keys (scenario, set, factors: what is estimated) and `estimate:`.

scenario: shale.yaml
factors: {k1: {path: vessel.k0.0, from: 1e-6 mol/(m^3 s), to: 1e-2 mol/(m^3 s)}}
estimate:
  experiments:
    - name: 673 K
      data: 673.csv                                     # beside this file
      set: {vessel.initial.T: 673 K}                    # what differs in this experiment; or a scenario: of its own
      time: {column: t, unit: min}
      lag: 5 min                                        # or {from: 0 min, to: 10 min}: estimated, too
      # a standard deviation, per cent of each value, or a column of the file: {column: sd}
      tags: {"vessel.m[B]": {column: CB, unit: g, uncertainty: 1}}
  log: [k1]
  start: {k1: 1e-4 mol/(m^3 s)}
  starts: 8
  errors: relative                                      # only ratios of uncertainties count; or known
  profiles: true
  bootstrap: 200
  models:                                               # instead of the one above: fitted alike, and compared
    - {name: all four}
    - {name: no residue, set: {vessel.k0.3: 0}, factors: [k1, k2, k3]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.compare_data import Data, read_data
from twin.compare_map import MISSING, Column, Plan, read_column
from twin.config.document import Node, Problems, closest
from twin.config.reading import read_text
from twin.config.search_keys import ERRORS, ESTIMATE, EXPERIMENT, MEASURED, RIVAL, TIME_COLUMN
from twin.errors import ConfigError
from twin.results.files import FileProblem
from twin.schedule.segments import run_end
from twin.study.analysis.estimate import Parameter
from twin.study.link_reading import mentions
from twin.study.memory import Names
from twin.study.optimising import opened, read_count, read_word
from twin.study.reading import build_study
from twin.study.spec import StudySpec
from twin.units import UnitError, parse_quantity


@dataclass(frozen=True)
class Series:
    """What one column of data says of one tag, in SI."""

    column: Column
    values: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class Experiment:
    """One run beside its data; `lag` is taken from the data's times, and is estimated where it is NaN."""

    name: str
    study: StudySpec
    time: np.ndarray
    series: tuple[Series, ...]
    lag: float
    lag_range: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class EstimationSpec:
    """An estimation, checked; `parameters` are the factors, then the lags that are estimated.

    `rivals` are the models that are compared, each an estimation of its own named by its title; none for one model.
    """

    title: str
    experiments: tuple[Experiment, ...]
    parameters: tuple[Parameter, ...]
    starts: int
    known: bool
    profiles: bool
    bootstrap: int
    seed: int
    units: Mapping[str, str] = field(default_factory=dict)
    rivals: tuple[EstimationSpec, ...] = ()


def load_estimation(given: str | Path | Mapping[str, Any], beside: Path | None = None) -> EstimationSpec:
    """Read an estimation with its data, and check it as far as that is possible before a run.

    Raises
    ------
    ConfigError
        With every problem that was found.
    FileProblem
        When a data file cannot be read.
    """
    problems = Problems()
    root, section, path, folder, stem = opened(given, "estimate", problems, beside)
    problems.known_keys(section, ESTIMATE.names, "unknown key", "estimate")
    place = path, folder, stem
    names = [key.text for key, _ in (root.get("factors") or root).pairs]
    listed = section.get("models")
    if listed is None or listed.is_null:
        return _estimation(problems, root, section, place, names)
    rivals: list[EstimationSpec] = []
    for item in problems.sequence(listed, "models are a list", "[{name: first order}, {name: second order, …}]"):
        rival = _rival(problems, root, item, [one.title for one in rivals])
        if rival is not None:
            title, changed = rival
            rivals.append(replace(_estimation(problems, changed, section, place, names), title=title))
    if len(rivals) < 2 and not problems.found:
        problems.add(listed, "nothing to compare", "models are at least two.")
    problems.stop()
    return replace(rivals[0], title=problems.text(root, "title", stem.replace("_", " ")), rivals=tuple(rivals))


def _rival(problems: Problems, root: Node, item: Node, taken: list[str]) -> tuple[str, Node] | None:
    """Name one of several models and give the study's tree as it has it: its scenario, values, part of the factors."""
    name = item.get("name") if item.kind == "map" else None
    if name is None:
        problems.add(item, "not a model", "A model reads {name: first order, set: {vessel.k0.1: 0}, factors: [k1]}.")
        return None
    problems.known_keys(item, RIVAL.names, "unknown key", "a model")
    if name.text in taken:
        problems.add(name, "named twice", f"Another model is called {name.what}.")
    chosen, factors = item.get("factors"), root.get("factors")
    changed = _with(root, item)
    root = changed
    if chosen is None or factors is None:
        return name.text, changed
    names = [key.text for key, _ in factors.pairs]
    wanted = problems.sequence(chosen, "factors are a list", "[k1, k2]")
    for one in wanted:
        if one.text not in names:
            problems.add(one, "unknown factor", f"There is no factor {one.what}.{closest(one.text, names)}")
    linked = root.get("linked")
    for link in [] if linked is None else linked.items:
        said = link.get("is")
        for gone in sorted(set(names) - {one.text for one in wanted}):
            if said is not None and mentions(said.text, gone):
                detail = f"{name.text} leaves out '{gone}', which linked uses: '{said.text}'."
                problems.add(chosen, "missing factor", detail)
    kept = replace(factors, pairs=[(k, v) for k, v in factors.pairs if k.text in {one.text for one in wanted}])
    return name.text, replace(changed, pairs=[(k, kept if k.text == "factors" else v) for k, v in changed.pairs])


def _estimation(
    problems: Problems, root: Node, section: Node, place: tuple[Path | None, Path | None, str], names: list[str]
) -> EstimationSpec:
    """Read the estimation of one model; `names` are the factors of all models."""
    listed = section.get("experiments")
    items = [] if listed is None else problems.sequence(listed, "experiments are a list", "[{data: a.csv, …}]")
    if not items:
        problems.add(section, "no experiments", "estimate needs experiments:, each with its data.")
    missing = section.get("missing")
    words = ("", *(w.text for w in problems.sequence(missing, "a list", "[NA]"))) if missing else MISSING
    experiments = []
    for number, item in enumerate(items):
        one = _experiment(problems, root, item, number, place, words)
        if one is not None:
            experiments.append(one)
    problems.stop()
    study = experiments[0].study
    log = []
    listed = section.get("log")
    for node in problems.sequence(listed, "a list", "[k1]") if listed else []:
        log.append(node.text)
        if node.text not in names:
            problems.add(node, "unknown factor", f"There is no factor {node.what}.{closest(node.text, names)}")
    parameters = [*_parameters(problems, section, study, log, names), *_lags(experiments)]
    spec = EstimationSpec(
        title=study.title,
        experiments=tuple(experiments),
        parameters=tuple(parameters),
        starts=read_count(problems, section, "starts", 8),
        known=read_word(problems, section, "errors", ERRORS, "relative") == "known",
        profiles=_truth(problems, section, "profiles", True),
        bootstrap=read_count(problems, section, "bootstrap", 0) if section.get("bootstrap") is not None else 0,
        seed=study.seed,
        units={p.name: p.unit for p in parameters},
    )
    data = sum(int(np.isfinite(s.values).sum()) for e in experiments for s in e.series)
    if data <= len(parameters):
        problems.add(section, "too few data", f"{len(parameters)} parameters need more than {data} data.")
    problems.stop()
    return spec


def _parameters(
    problems: Problems, section: Node, study: StudySpec, log: list[str], names: list[str]
) -> list[Parameter]:
    start: dict[str, float] = {}
    given = section.get("start")
    for key, value in problems.mapping(given, "start is a mapping", "{k1: 1e-4 1/s}") if given else []:
        factor = next((f for f in study.factors if f.name == key.text), None)
        if factor is None:
            if key.text not in names:
                problems.add(key, "unknown factor", f"There is no factor {key.what}.{closest(key.text, names)}")
            continue
        try:
            start[key.text] = parse_quantity(value.text, factor.column.unit)
        except UnitError as error:
            problems.add(value, "not such a quantity", f"{key.text}: {error}.")
    found = []
    for factor in study.factors:
        low, high = factor.column.low, factor.column.high
        if factor.column.kind != "number" or not np.isfinite([low, high]).all():
            problems.add(section, "no range", f"{factor.name} is searched between two numbers: give it from and to.")
        elif factor.name in log and low <= 0.0:
            problems.add(section, "out of range", f"{factor.name} is searched in its logarithm: from must be above 0.")
        elif not low <= start.get(factor.name, low) <= high:
            problems.add(section, "out of range", f"{factor.name} starts outside of its range.")
        else:
            begin = start.get(factor.name, float("nan"))
            found.append(Parameter(factor.name, low, high, begin, factor.name in log, factor.column.unit))
    return found


def _lags(experiments: list[Experiment]) -> list[Parameter]:
    return [Parameter(f"{e.name}: lag", *e.lag_range, unit="s") for e in experiments if np.isnan(e.lag)]


def _truth(problems: Problems, node: Node, key: str, default: bool) -> bool:
    given = node.get(key)
    if given is None or given.is_null:
        return default
    if not isinstance(given.value, bool):
        problems.add(given, "not true or false", f"{key} is true or false, not {given.what}.")
        return default
    return given.value


def _experiment(
    problems: Problems, root: Node, node: Node, number: int, place: tuple[Path | None, Path | None, str], missing: Any
) -> Experiment | None:
    """Read one experiment: its own study, and its data."""
    path, folder, stem = place
    if node.kind != "map":
        problems.add(node, "not an experiment", f"An experiment is a mapping, but this is {node.what}.")
        return None
    problems.known_keys(node, EXPERIMENT.names, "unknown key", "an experiment")
    named = node.get("name")
    name = named.text if named is not None else f"experiment {number + 1}"
    tags, file = node.get("tags"), node.get("data")
    if tags is None or tags.kind != "map" or not tags.pairs or file is None:
        problems.add(node, "not an experiment", f"{name} needs data:, a file, and tags:, what its columns measure.")
        return None
    wanted = "responses: [" + ", ".join(f'{{tag: "{key.text}"}}' for key, _ in tags.pairs) + "]"
    try:
        study = build_study(problems, _with(root, node, wanted), path, folder, stem, search=True)
    except ConfigError:
        return None  # its problems are among those found
    units = {key.text: Names(study.scenarios[0].plant).scalar(key.text)[0] for key, _ in tags.pairs}
    when = node.get("time")
    time = Column("time", "time", "s", place=file, said=False)
    if when is not None:
        problems.known_keys(when, TIME_COLUMN.names, "unknown key", "time")
        time = read_column(problems, when, "time", "s", "time", when)
    columns, weights = [], []
    for key, value in tags.pairs:
        problems.known_keys(value, MEASURED.names, "unknown key", "a tag")
        plainly, weight = _weighted(problems, value)
        columns.append(read_column(problems, plainly, key.text, units[key.text], key.text, key))
        weights.append(None if weight is None else replace(columns[-1], name=weight.text, place=weight))
    lag, span = _lag(problems, node.get("lag"))
    if problems.found:
        return None
    try:
        wanted_of_it = (*columns, *(weight for weight in weights if weight is not None))
        data = read_data((folder or Path()) / file.text, Plan(time, wanted_of_it, 0.0, 0.0, missing))
    except FileProblem as error:
        problems.add(file, "cannot be read", f"{error}.")
        return None
    spreads = iter(data.columns[len(columns) :])
    series = tuple(
        _series(problems, column, None if weight is None else next(spreads), data)
        for column, weight in zip(data.columns[: len(columns)], weights, strict=True)
    )
    end = run_end(study.scenarios[0])
    late = data.time - (span[0] if np.isnan(lag) else lag)
    if late.max() > end:
        problems.add(file, "beyond the run", f"{name}: data go on to {late.max():.6g} s, the run ends at {end:.6g} s.")
    if data.time.max() <= (span[1] if np.isnan(lag) else lag):
        problems.add(
            node.get("lag") or file,
            "beyond the data",
            f"{name}: no value is later than the lag: none tells of the run.",
        )
    return Experiment(name, study, data.time, series, lag, span)


def _weighted(problems: Problems, node: Node) -> tuple[Node, Node | None]:
    """Give what is said of a column without the name of the one that has its standard deviations, and that name."""
    given = node.get("uncertainty")
    if given is None or given.kind != "map":
        return node, None
    problems.known_keys(given, ("column",), "unknown key", "an uncertainty")
    named = given.get("column")
    if named is None:
        problems.add(given, "not an uncertainty", "A column of standard deviations is named as in {column: sd}.")
    return replace(node, pairs=[(k, v) for k, v in node.pairs if k.text != "uncertainty"]), named


def _with(root: Node, node: Node, responses: str = "") -> Node:
    """Give the study's tree with a model's or an experiment's own scenario and values."""
    pairs = [(k, v) for k, v in root.pairs if not responses or k.text != "responses"]
    own = node.get("scenario")
    if own is not None:
        pairs = [(k, v) for k, v in pairs if k.text != "scenario"] + [(node.key("scenario"), own)]
    links = node.get("linked")
    if links is not None:
        pairs = [(k, v) for k, v in pairs if k.text != "linked"] + [(node.key("linked"), links)]
    values = node.get("set")
    if values is not None and values.kind == "map":
        given = next((v for k, v in pairs if k.text == "set"), None)
        merged = [*(given.pairs if given is not None else []), *values.pairs]
        pairs = [(k, v) for k, v in pairs if k.text != "set"] + [(node.key("set"), replace(values, pairs=merged))]
    if responses:
        pairs += read_text(responses, "the experiment", Problems()).pairs
    return replace(root, pairs=pairs)


def _lag(problems: Problems, node: Node | None) -> tuple[float, tuple[float, float]]:
    if node is None or node.is_null:
        return 0.0, (0.0, 0.0)

    def seconds(item: Node | None, name: str) -> float:
        if item is None:
            problems.add(node, "not a lag", f"A lag reads 5 min, or {{from: 0 min, to: 10 min}}: {name} is missing.")
            return 0.0
        try:
            return parse_quantity(item.text, "s")
        except UnitError as error:
            problems.add(item, "not a time", f"lag: {error}.")
            return 0.0

    if node.kind == "map":
        problems.known_keys(node, ("from", "to"), "unknown key", "a lag")
        low, high = seconds(node.get("from"), "from"), seconds(node.get("to"), "to")
        if not problems.found and not high > low:
            problems.add(node, "empty range", "lag: to must be later than from.")
        return np.nan, (low, high)
    return seconds(node, "lag"), (0.0, 0.0)


def _series(problems: Problems, column: Column, spread: Column | None, data: Data) -> Series:
    """Turn a column into SI, with the standard deviation of each value: one for all, a part of it, or a column."""
    values, given = data.values[column.name], column.uncertainty
    if spread is not None:
        sigma = data.values[spread.name] * (spread.factor / column.factor if spread.said else 1.0)
        if not np.all(sigma[np.isfinite(values)] > 0.0):
            assert spread.place is not None
            problems.add(
                spread.place,
                "not an uncertainty",
                f"Column {spread.name} is not above 0 for every value of {column.name}.",
            )
    elif given is None:
        moved = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
        sigma = np.full(len(values), moved or 1.0)  # each series weighs by how far it moves
    elif column.relative:
        sigma = given * np.abs(values)
        least = np.nanmax(np.abs(values), initial=0.0) * given * 1e-3
        sigma = np.where(sigma > 0.0, sigma, least or 1.0)  # a measured zero has some error, too
    else:
        sigma = np.full(len(values), given)
    return Series(column, values * column.factor + column.offset, sigma * column.factor)
