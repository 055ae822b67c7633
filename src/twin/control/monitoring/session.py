"""Monitors carried out on a run: charts, alarms, their load on the operator, and the judgement by fault labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.config.monitor_spec import MonitorSpec
from twin.control.monitoring.alarms import Alarm, raise_alarms
from twin.control.monitoring.charts import Chart
from twin.control.monitoring.flood import Load, load
from twin.control.monitoring.judge import Verdict, judge
from twin.control.monitoring.training import EMPTY, Trained, charts
from twin.errors import TwinError
from twin.results.schedule import rows

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec, ScenarioSpec
    from twin.results.reader import Run


class NoMonitors(TwinError):
    """There is nothing to carry out."""

    exit_code = 2


@dataclass(frozen=True)
class Watched:
    """What monitors say of a run.

    Attributes
    ----------
    run : Run
    monitors : tuple of MonitorSpec
    charts : dict
        Of each monitor, by name.
    alarms : tuple of Alarm
    load : Load
    verdict : Verdict
        Of all monitors together.
    each : dict
        Of each monitor alone, by name.
    grace : float
        Seconds after a fault in which an alarm still is of it.
    about : dict
        The unit that the signals of a sensor or controller are about, by its name.
    """

    run: Run
    monitors: tuple[MonitorSpec, ...]
    charts: dict[str, list[Chart]]
    alarms: tuple[Alarm, ...]
    load: Load
    verdict: Verdict
    each: dict[str, Verdict]
    grace: float
    about: dict[str, str]


def monitors_of(run: Run, file: str | Path | None = None) -> tuple[MonitorSpec, ...]:
    """Give the monitors of a run's own scenario, or of a file with `monitors:` (a scenario may be one).

    Raises
    ------
    ConfigError
        When the file is wrong.
    NoMonitors
        When there are none.
    """
    from twin.config.document import Problems
    from twin.config.monitors import read_monitors
    from twin.config.plant import find
    from twin.config.reading import read_file

    spec = scenario_of(run)
    if file is None:
        if not spec.monitors:
            raise NoMonitors(f"the scenario of {run.path} has no monitors: give a file that has with --with")
        return spec.monitors
    problems = Problems()
    path, name = find(file, "scenarios")
    node = read_file(path, name, problems).get("monitors")
    found = read_monitors(problems, node, spec.plant)
    problems.stop()
    if not found:
        raise NoMonitors(f"{file} has no monitors:")
    return found


def scenario_of(run: Run) -> ScenarioSpec:
    """Give what was run."""
    from twin.config.reading import read_text
    from twin.config.scenario import build_scenario

    return build_scenario(read_text(run.resolved_yaml, f"{run.path} (resolved)"), None, "run")


def measured(plant: PlantSpec) -> dict[str, str]:
    """Give the unit that the signals of each sensor and controller are about: what it measures, in the end."""
    reads = {
        wire.target.partition(".")[0]: wire.source.partition(".")[0]
        for wire in plant.signals
        if wire.target.endswith(".measurement")
    }
    found = {}
    for name in reads:
        seen, unit = {name}, reads[name]
        while unit in reads and unit not in seen:
            seen.add(unit)
            unit = reads[unit]
        found[name] = unit
    return found


def watch(
    run: Run,
    monitors: Sequence[MonitorSpec],
    trained: Trained = EMPTY,
    *,
    response: float | None = None,
    grace: float = 0.0,
) -> Watched:
    """Carry out monitors on a run.

    Parameters
    ----------
    run : Run
    monitors : sequence of MonitorSpec
    trained : Trained
        What they learned of clean runs.
    response : float, optional
        Seconds after which alarms are acknowledged, where a monitor says nothing.
    grace : float
        Seconds after a fault in which an alarm still is of it.

    Raises
    ------
    NoModel
        When a monitor learns, but did not.
    NoMonitors
        When the run has no samples, or is one of those that the monitors learned from.
    """
    if len(run.time) < 2:
        raise NoMonitors(f"{run.path} has {len(run.time)} samples: there is nothing to look at")
    if any(one["content_hash"] == run.attrs.get("content_hash") for one in trained.runs):
        raise NoMonitors(f"the monitors were trained on {run.path}: what they say of it says nothing")
    end = float(run.time[-1])
    found = {one.name: charts(one, trained, run) for one in monitors}
    of_each = {one.name: raise_alarms(one, found[one.name], response, end) for one in monitors}
    alarms = sorted((a for group in of_each.values() for a in group), key=lambda a: (a.raised, a.monitor, a.kind))
    start = float(run.time[0])
    faults = rows(run, "/faults")
    spans = {one.name: (max(start, one.since), end if one.until is None else min(end, one.until)) for one in monitors}
    about = measured(scenario_of(run).plant)
    begin, stop = min(a for a, _ in spans.values()), max(b for _, b in spans.values())
    return Watched(
        run=run,
        monitors=tuple(monitors),
        charts=found,
        alarms=tuple(alarms),
        load=load(alarms, start, end),
        verdict=judge(faults, alarms, begin, stop, grace, about),
        each={name: judge(faults, of_each[name], *spans[name], grace, about) for name in of_each},
        grace=grace,
        about=about,
    )
