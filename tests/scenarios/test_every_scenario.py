"""Every shipped scenario, shortened: it runs, its balances close, what was planned fired, nothing is unexplained.

One of each everyday plant runs every day, the others, whose models compile for minutes, among the slow tests. In
full they run in `benchmarks/scenarios.py`, whose results are committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.registry.library import EVERYDAY
from twin.config import load_plant, load_scenario
from twin.config.spec import ScenarioSpec
from twin.plant import compile_plant
from twin.results.reader import open_run
from twin.results.report import report
from twin.run import run
from twin.scenario_pages import scenarios_of

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
PLANTS = sorted(path.stem for path in (ROOT / "plant_configs").glob("*.yaml"))
#: Plant time that shows a scenario at work when no event falls into it, and the most that is run [s].
LEAST, MOST = 600.0, 6 * 3600.0
#: Plant time run where the automatic choice takes longer than two seconds [s].
UNTIL = {"cadet_tube_startup": 10.0, "carousel_day": 300.0}
#: Where a warning is known, and why it does no harm: (part of its text, reason).
EXPLAINED: tuple[tuple[str, str], ...] = (
    ("granulator: size map is used outside its range", "powder runs a minute ahead of the binder, and is dry"),
)


def end(scenario: ScenarioSpec) -> float:
    """Until when a scenario is run: past its first event, a record behind it."""
    times = [event.at + event.over for event in scenario.events if event.at > 0.0]
    first = min(times, default=0.0) + 2.0 * scenario.record_every
    chosen = UNTIL.get(scenario.name, min(MOST, max(LEAST, first)))
    return min(chosen, scenario.duration)


def planned(scenario: ScenarioSpec, stop: float) -> set[tuple[float, str]]:
    """Changes by the clock before a time: (time, path)."""
    found = set()
    for event in scenario.events:
        every = event.every or scenario.duration
        last = min(stop, scenario.duration if event.until is None else event.until)
        count = 0
        while (time := event.at + count * every) < min(stop, last if event.every else stop):
            found.add((round(time, 3), event.path))
            count += 1
            if event.every is None:
                break
    return found


def marked() -> list[Any]:
    """All scenarios; those are marked slow that are not the typical one of an everyday plant."""
    typical = set()
    for plant, names in scenarios_of(ROOT).items():
        if plant in EVERYDAY:
            typical.add(min(names, key=lambda name: (not name.endswith(("_day", "_startup")), name)))
    return [pytest.param(name, marks=[] if name in typical else [pytest.mark.slow]) for name in SCENARIOS]


@pytest.mark.parametrize("name", marked())
def test_it_runs_and_closes_its_balances(name: str, tmp_path: Path) -> None:
    stop = end(load_scenario(name))
    scenario = load_scenario(name, until=stop)
    result = run(scenario, tmp_path / "run.h5")
    assert result.outcome == "finished", result.message
    assert result.t == stop
    found = open_run(result.path)
    summary = report(found)
    open_balances = [(row["name"], row["relative"]) for row in summary["balances"] if not row["relative"] <= 1e-9]
    assert not open_balances, "balances close to rounding, since the solver integrates what passes the boundary"
    told = {*result.warnings, *summary["alarms"]}
    unexplained = [text for text in told if not any(part in text for part, _ in EXPLAINED)]
    assert not unexplained, unexplained
    fired = {(round(event.time, 3), event.path) for event in found.events}
    assert planned(scenario, stop) <= fired


@pytest.mark.slow
def test_plants_without_a_scenario_compile() -> None:
    for name in sorted(set(PLANTS) - set(scenarios_of(ROOT))):
        assert compile_plant(load_plant(name)).n_y > 0, name


def test_the_folders_hold_scenarios() -> None:
    assert "paracetamol_startup" in SCENARIOS
    assert "paracetamol_startup" in scenarios_of(ROOT)["paracetamol_tablets"]
