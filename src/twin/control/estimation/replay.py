"""A plant's record replayed through a filter: what the twin makes of it, look by look, in a file like that of a run.

The file holds the model's states and measurements as they were corrected, so that everything that reads runs reads
it; `/estimation` holds readings, expectations, standard deviations and alarms. Corrections belong to no balance.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twin.compare_data import Data, read_data
from twin.compare_map import Plan, read_plan
from twin.config import load_scenario, resolved_yaml
from twin.config.context import PathError
from twin.config.document import Node, Problems, closest
from twin.config.estimator_spec import EstimatorSpec
from twin.config.estimators import input_field
from twin.config.paths import resolve_measurement
from twin.config.spec import ScenarioSpec
from twin.control.estimation.estimator import model_of
from twin.control.estimation.filter import Filter
from twin.control.estimation.model import Lost
from twin.control.linear.point import Point
from twin.errors import TwinError
from twin.quantity import Array
from twin.results.files import FileProblem


class NoEstimator(TwinError):
    """A scenario without the filter that was asked for."""

    exit_code = 2


@dataclass(frozen=True)
class Record:
    """A plant's record, in SI, as a filter reads it.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file.
    time : array [rows]
        Plant time [s], increasing.
    read : array [rows, measured]
        NaN where nothing was read.
    inputs : array [rows, inputs]
        Gaps filled with what was before.
    gaps : dict
        Missing values by tag.
    beyond : dict
        Values beyond a sensor's limits, by tag.
    """

    path: Path
    sha256: str
    time: Array
    read: Array
    inputs: Array
    gaps: dict[str, int]
    beyond: dict[str, int]


def estimator_of(scenario: ScenarioSpec, name: str | None) -> EstimatorSpec:
    """Find the filter of a scenario by its tag; the only one without.

    Raises
    ------
    NoEstimator
    """
    known = {one.name: one for one in scenario.estimators}
    if not known:
        raise NoEstimator(f"{scenario.name} has no estimators: write what is measured and uncertain there")
    if name is None and len(known) == 1:
        return scenario.estimators[0]
    if name not in known:
        hint = closest(name or "", known) or f" It has {', '.join(known)}."
        raise NoEstimator(
            f"{scenario.name} has several estimators: choose one.{hint}"
            if name is None
            else f"{scenario.name} has no estimator '{name}'.{hint}"
        )
    return known[name]


def read_record(data: str | Path, plan: str | Path, scenario: ScenarioSpec, spec: EstimatorSpec) -> Record:
    """Read a record by its map, as `twin compare` does.

    Raises
    ------
    ConfigError, FileProblem
        With each tag, unit, column or value that is wrong.
    """
    tags = [*(one.sensor for one in spec.measured), *spec.inputs]

    def unit_of(problems: Problems, key: Node) -> str | None:
        try:
            if key.text in spec.inputs:
                return input_field(scenario.plant, key.text).unit
            unit = resolve_measurement(scenario.plant, key.text).unit
        except PathError as error:
            problems.add(key, "unknown tag", str(error))
            return None
        if key.text not in tags:
            detail = f"{spec.name} neither reads '{key.text}' nor is told of it.{closest(key.text, tags)}"
            problems.add(key, "nobody reads it", detail)
            return None
        return unit

    known = read_plan(plan, unit_of)
    named = {column.tag for column in known.columns}
    for tag in tags:
        if tag not in named:
            raise FileProblem(f"{plan} says no column for {tag}, of which {spec.name} has to be told")
    found = read_data(data, known)
    return _record(found, known, spec)


def _record(found: Data, plan: Plan, spec: EstimatorSpec) -> Record:
    if plan.shift is None:
        raise FileProblem("a replay estimates no shift: give one in the map, or none")
    time = found.time + plan.shift
    back = np.flatnonzero(np.diff(time) <= 0.0)
    if len(back):
        row = int(back[0]) + 1
        raise FileProblem(
            f"{found.path}: time does not increase at row {row + 1} of the data:"
            f" {time[row]:g} s after {time[row - 1]:g} s"
        )
    if time[0] < 0.0:
        raise FileProblem(f"{found.path} begins at {time[0]:g} s, before the scenario's start: give a shift in the map")
    columns = {one.tag: one for one in found.columns}
    values = {tag: one.to_si(found.values[one.name]) for tag, one in columns.items()}
    gaps = {tag: int(np.isnan(row).sum()) for tag, row in values.items() if np.isnan(row).any()}
    beyond = {}
    for one in spec.measured:
        row = values[one.sensor]
        low, high = (-math.inf if one.low is None else one.low), (math.inf if one.high is None else one.high)
        out = (row < low) | (row > high)
        if out.any():
            beyond[one.sensor] = int(out.sum())
        if out.sum() == np.isfinite(row).sum() and out.any():
            raise FileProblem(
                f"{found.path}: every value of {one.sensor} is beyond its limits, {low:g} to {high:g} in SI, the first"
                f" {row[np.isfinite(row)][0]:g}: is column {columns[one.sensor].name} in {columns[one.sensor].unit}?"
            )
    inputs = np.array([_filled(found.path, path, values[path]) for path in spec.inputs]).reshape(len(spec.inputs), -1).T
    read = np.array([values[one.sensor] for one in spec.measured]).T
    digest = hashlib.sha256(found.path.read_bytes()).hexdigest()
    return Record(found.path, digest, time, read, inputs.reshape(len(time), -1), gaps, beyond)


def _filled(path: Path, tag: str, row: Array) -> Array:
    """An input as it was last told."""
    if math.isnan(row[0]):
        raise FileProblem(f"{path}: {tag} has no value in its first row, and the model has to begin with one")
    last = np.maximum.accumulate(np.where(np.isnan(row), 0, np.arange(len(row))))
    return np.asarray(row[last])


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    path: Path
    filter: Filter
    record: Record
    outcome: str
    message: str
    content_hash: str


def replay(
    scenario: str | Path | ScenarioSpec,
    data: str | Path,
    plan: str | Path,
    out: str | Path | None = None,
    *,
    name: str | None = None,
    set: Sequence[str] = (),
) -> Replayed:
    """Replay a record through a filter of a scenario, into a file that must not exist.

    Parameters
    ----------
    scenario : str, Path or ScenarioSpec
        Whose plant is the model, from its initial or steady state on. Its events do not happen: the record tells.
    data, plan : str or Path
        CSV, and the map of its columns.
    out : str or Path, optional
    name : str, optional
        Of the filter, where the scenario has several.
    set : sequence of "path=value"

    Raises
    ------
    TwinError
    """
    from twin.evidence.register import registered
    from twin.plant import compile_plant
    from twin.results.reader import open_run
    from twin.results.writer import RunWriter
    from twin.run import free_path
    from twin.steady.state import started

    whole = scenario if isinstance(scenario, ScenarioSpec) else load_scenario(scenario, set)
    spec = estimator_of(whole, name)
    record = read_record(data, plan, whole, spec)
    path = free_path(out, f"{whole.name}-replay")
    plant = compile_plant(whole.plant)
    if whole.start == "steady":
        plant = started(plant)
    begin, absent = float(record.time[0]), plant.absent()
    point = Point(plant, plant.y0, plant.p0, absent, begin, absent)
    model = model_of(spec, point, whole.rtol, whole.scans, record.inputs[0])
    one = Filter(spec, model, float(np.median(np.diff(record.time))) if len(record.time) > 1 else None)
    # the file's configuration is what was asked for; what it says it ran is the model, in which no event happens
    ran = replace(
        whole,
        name=f"{whole.name}-replay",
        title=f"{whole.title}: estimated from {record.path.name}",
        plant=model.plant.spec,
        duration=float(record.time[-1]),
        record_every=float(np.median(np.diff(record.time))) if len(record.time) > 1 else whole.record_every,
        until=None,
        events=(),
        latches=(),
        processes=(),
        recipes=(),
        resources=(),
        monitors=(),
        predictive=(),
        quality=(),
        figure=(),
        batches=(),
        lots=(),
        containers=(),
        estimators=(spec,),
    )
    resolved, message, outcome = resolved_yaml(whole), "", "finished"
    with (
        registered(path, ran, resolved, model.plant.fingerprint, record.path.name) as entry,
        RunWriter(path, model.plant, ran, resolved=resolved) as writer,
    ):
        for time, read, inputs in zip(record.time.tolist(), record.read, record.inputs, strict=True):
            try:
                one.look(time, read, inputs)
            except Lost as error:
                outcome, message = "failed", str(error)
                break
            y, w, q = model.recorded()
            writer.append(np.array([time]), y[None], w[None, writer.w_index], q[None])
        writer.finish(
            outcome,
            message or f"{len(one.looks)} rows of {record.path.name} replayed",
            stats=model.statistics,
            session={"run_id": entry.run_id},
            also=partial(_also, one=one, record=record, failed=message),
        )
        content = str(open_run(path).attrs["content_hash"])
        entry.ended(outcome, content)
    return Replayed(path, one, record, outcome, message, content)


def _also(file: Any, rows: Any, *, one: Filter, record: Record, failed: str) -> None:
    """Write what the filter says, and of what."""
    from twin.control.estimation.record import write_estimation
    from twin.results.netcdf import set_texts

    write_estimation(file, [(one, failed)])
    set_texts(file.create_group("/provenance/record"), {"file": record.path.name, "sha256": record.sha256})
    del file.attrs["source"]
    set_texts(file, {"source": "twin, extended Kalman filter: estimates from a record; corrections are in no balance"})
