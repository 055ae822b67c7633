"""One run of a study, in memory: a row's values put into the scenario, the plant placed anew, responses made.

A plant is compiled once for all runs and shared by all threads: what a run changes are numbers in its own
vectors. `values_into` gives the same specification as reading the files with those values set.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.spec import EventSpec, FeedSpec, Frozen, LatchSpec, PlantSpec, ScenarioSpec, UnitSpec, frozen_array
from twin.errors import TwinError
from twin.study.memory import Keeper, MemoryRun, Names
from twin.study.numbers import renumbered
from twin.study.responses import tags_of, values
from twin.study.spec import FactorSpec, StudySpec

if TYPE_CHECKING:
    from twin.plant.compile import Plant
    from twin.results.schedule import FaultRow
    from twin.schedule.simulation import Simulation

#: Outcome of a run whose values contradict each other before it begins.
REFUSED = "refused"
#: Outcome of a run in which the program itself met an error: a row as every other, so that the others go on.
BROKEN = "broken"


@dataclass(frozen=True)
class Row:
    """What a run gave.

    Attributes
    ----------
    outcome, message : str
        `finished`, the failure's name, `refused` or `broken`; and the sentence.
    reached : float
        Plant time [s].
    y : array [responses]
        NaN unless it finished.
    """

    outcome: str
    message: str
    reached: float
    y: np.ndarray


@dataclass(frozen=True)
class Whole:
    """A run with what its row leaves out.

    Attributes
    ----------
    row : Row
    memory : MemoryRun
        Its samples, as far as they were kept.
    faults : list of FaultRow
        Ground truth of the scenario's faults.
    """

    row: Row
    memory: MemoryRun
    faults: list[FaultRow]


class Runner:
    """Runs rows of a study; may be used from several threads at once.

    Parameters
    ----------
    study : StudySpec
    tags : sequence of str
        What is kept of a run beside what its responses are made of.
    """

    def __init__(self, study: StudySpec, tags: Sequence[str] = ()) -> None:
        self.study, self.tags = study, tuple(tags)
        self._lock = threading.Lock()
        self._ready: dict[int, tuple[Plant, Keeper]] = {}
        self._going: set[Simulation] = set()
        self._turn = threading.Lock()  # of `_going`
        self._own = threading.local()
        self._stopping = False

    def compiled(self, which: int = 0) -> tuple[Plant, Keeper]:
        """Give the compiled plant of a scenario, and what is kept of its runs."""
        with self._lock:
            if which not in self._ready:
                from twin.plant import compile_plant

                scenario = self.study.scenarios[which]
                keeper = Keeper(Names(scenario.plant), [*tags_of(self.study.responses), *self.tags])
                self._ready[which] = compile_plant(scenario.plant), keeper
            return self._ready[which]

    def specification(self, x: np.ndarray, seed: int) -> ScenarioSpec:
        """Give the scenario of a row: that of the study with the row's values."""
        return values_into(self.study, x, seed)[1]

    def run(self, x: np.ndarray, seed: int = 0) -> Row:
        """Run a row.

        Parameters
        ----------
        x : array [factors]
            Values in SI, numbers of levels for choices.
        seed : int

        Returns
        -------
        Row
            Also of a run that failed: an outcome is no exception.
        """
        return self.whole(x, seed).row

    def whole(
        self, x: np.ndarray, seed: int = 0, change: Callable[[ScenarioSpec], ScenarioSpec] | None = None
    ) -> Whole:
        """Run a row, as :meth:`run` does, and give its samples and faults as well; `change` has the last word."""
        from twin.results.events import EventRow
        from twin.results.schedule import faults_of

        nothing = np.full(len(self.study.responses), np.nan)
        which, scenario = values_into(self.study, x, seed)
        scenario = scenario if change is None else change(scenario)
        memory = MemoryRun(self.compiled(which)[1], scenario)
        events: list[EventRow] = []
        try:
            check_linked(self.study, x)
            simulation = self.simulation(scenario, memory, which)
        except (TwinError, ValueError, ArithmeticError) as error:  # values that fit their ranges but not each other
            return Whole(Row(REFUSED, _told(error), 0.0, nothing), memory, [])
        simulation.hand_to(memory.take, lambda happened, _: events.extend(EventRow(*event) for event in happened))
        with self._turn:
            self._going.add(simulation)
            if self._stopping:
                simulation.interrupt()
        try:
            ending = simulation.run()
            faults = faults_of(scenario, events, simulation.records(), ending.time)
            ended = ending.outcome.name == "FINISHED"
            made = values(memory, scenario, self.study.responses) if ended else nothing
        except Exception as error:  # whatever it is: thousands of other runs are not lost for one
            vars(self._own).pop("integrator", None)  # nobody knows what it holds
            return Whole(Row(BROKEN, f"{type(error).__name__}: {_told(error)}", simulation.time, nothing), memory, [])
        finally:
            with self._turn:
                self._going.discard(simulation)
                # simulation and integrator hold each other: let go of megabytes now, not when Python looks for circles
                vars(simulation).clear()
        return Whole(Row(ending.outcome.name.lower(), str(ending), ending.time, made), memory, faults)

    def simulation(self, scenario: ScenarioSpec, memory: MemoryRun, which: int = 0) -> Simulation:
        """Give a run to be made in this thread, its samples kept; the one before in this thread is over."""
        from twin.schedule.simulation import Simulation

        plant, keeper = self.compiled(which)
        return Simulation(
            scenario,
            placed(plant, scenario),
            record=keeper.w_index,
            states=keeper.y_index,
            samples=memory.take,
            integrator=self._integrator,
        )

    def _integrator(self, plant: Plant, *, method: str, **settings: Any) -> Any:
        """Integrate with what this thread has integrated with before: no number tells, but it is quicker."""
        from twin.schedule.simulation import integrator_of

        kind = integrator_of(method, sides=False)
        held: Any = getattr(self._own, "integrator", None)
        if type(held) is kind:
            held.begin(plant, method=method, **settings)
        else:
            held = self._own.integrator = kind(plant, method=method, **settings)
        return held

    def begin(self) -> None:
        """Run again after an interruption."""
        self._stopping = False

    def interrupt(self) -> None:
        """Stop the runs that go on, and those that begin."""
        with self._turn:
            self._stopping = True
            for simulation in self._going:
                simulation.interrupt()


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def check_linked(study: StudySpec, x: np.ndarray) -> None:
    """Make sure that what follows from a row's values can be taken. Raises ValueError with a sentence.

    Rows of a design are looked at before any run; those that a search asks for are not known then.
    """
    for link in study.links:
        value = float(link.of(study.names, x[None, :])[0])
        if not link.low <= value <= link.high:
            unit = link.target.column.unit
            raise ValueError(
                f"{link.target.name} would be {value:g} {unit}, which is not between {link.low:g} and {link.high:g}"
            )


def placed(plant: Plant, scenario: ScenarioSpec) -> Plant:
    """Give a compiled plant with the numbers of a row, from the state that the scenario starts from."""
    here = renumbered(plant, scenario.plant)
    if scenario.start == "steady":
        from twin.steady.state import started

        here = started(here)
    return here


def values_into(study: StudySpec, x: np.ndarray, seed: int) -> tuple[int, ScenarioSpec]:
    """Put a row's values into its scenario.

    Returns
    -------
    int
        Number of the scenario among the study's.
    ScenarioSpec
    """
    which = next((int(x[i]) for i, factor in enumerate(study.factors) if factor.how == "scenario"), 0)
    scenario = replace(study.scenarios[which], seed=seed)
    numbers: dict[str, Callable[[float], float]] = {}
    linked = [(link.target, link.of(study.names, x[None, :])[0]) for link in study.links]
    for factor, given in [*zip(study.factors, x, strict=True), *linked]:
        if factor.how == "fault" and given == 0.0:
            scenario = _without(scenario, factor.event)
        if factor.how == "event":
            scenario = _moved(scenario, factor, float(given))
        if factor.how == "path":
            value = factor.values[int(given)] if factor.values else float(given)
            made = partial(operator.mul, value) if factor.relative else partial(_first, value)
            numbers |= dict.fromkeys(factor.column.targets, made)
            if factor.relative:
                scenario = _scaled(scenario, factor.column.targets, value)
    return which, replace(scenario, plant=_with(scenario.plant, numbers))


def _first(new: float, old: float) -> float:
    return new


def _without(scenario: ScenarioSpec, label: str) -> ScenarioSpec:
    """Leave out a fault: its events, and those that clear it."""

    def stays(item: EventSpec | LatchSpec) -> bool:
        return item.fault is None or item.fault.label != label

    return replace(
        scenario,
        events=tuple(event for event in scenario.events if stays(event)),
        latches=tuple(latch for latch in scenario.latches if stays(latch)),
    )


def _moved(scenario: ScenarioSpec, factor: FactorSpec, value: float) -> ScenarioSpec:
    path = factor.column.targets[0]

    def changed(event: EventSpec) -> EventSpec:
        if event.name != factor.event:
            return event
        if factor.key == "at":
            return replace(event, at=event.at * value if factor.relative else value)
        if factor.key == "over":
            return replace(event, over=event.over * value if factor.relative else value)
        if event.path != path:
            return event
        return replace(event, value=event.value * value if factor.relative else value)

    moved = [changed(event) for event in scenario.events]
    return replace(scenario, events=tuple(sorted(moved, key=lambda event: event.at)))


def _scaled(scenario: ScenarioSpec, paths: tuple[str, ...], by: float) -> ScenarioSpec:
    """Multiply what events and conditions set."""
    return replace(
        scenario,
        events=tuple(replace(e, value=e.value * by) if e.path in paths else e for e in scenario.events),
        latches=tuple(replace(e, value=e.value * by) if e.path in paths else e for e in scenario.latches),
    )


def _with(plant: PlantSpec, numbers: Mapping[str, Callable[[float], float]]) -> PlantSpec:
    """Put numbers into a plant, by dotted path."""
    from twin.config.paths import resolve

    units = {unit.name: unit for unit in plant.units}
    feeds = {feed.name: feed for feed in plant.feeds}
    for path, made in numbers.items():
        owner, _, rest = path.partition(".")
        if rest.startswith("initial."):
            name = rest.removeprefix("initial.")
            unit = units[owner]
            units[owner] = replace(unit, initial=_put(unit.initial, name, None, made))
            continue
        place = resolve(plant, path)
        if place.kind == "feed":
            feed: FeedSpec = feeds[owner]
            feeds[owner] = replace(feed, values=_put(feed.values, place.field.name, place.index, made))
        else:
            here: UnitSpec = units[owner]
            if place.field.name in here.signals:
                units[owner] = replace(here, signals=_put(here.signals, place.field.name, place.index, made))
            else:
                units[owner] = replace(here, params=_put(here.params, place.field.name, place.index, made))
    return replace(plant, units=tuple(units.values()), feeds=tuple(feeds.values()))


def _put(table: Mapping[str, Any], name: str, index: int | None, made: Callable[[float], float]) -> Frozen:
    old = table[name]
    if index is None:
        new: Any = type(old)(made(float(old)))
    else:
        array = np.array(old, dtype=np.float64)
        array.flat[index] = made(float(array.flat[index]))
        new = frozen_array(array)
    return Frozen({**table, name: new})
