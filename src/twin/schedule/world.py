"""SimPy's world of processes, driven instant by instant by the simulation.

At each instant the processes act, ask, and wait. What they ask (the value that a hold finds, the
reading of a tag) is answered within the instant, after what they did has been done to the plant.
Their answers are all that they ever learn, so that replaying them brings the processes to where
they were: that is how a run is resumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import simpy

from twin.config.process_spec import ConditionSpec, StepSpec
from twin.integrate.outcome import Outcome
from twin.schedule.actor import Actor, Task
from twin.schedule.pool import Pool
from twin.schedule.records import Records
from twin.schedule.timetable import Action

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec

#: A process in Python: given an actor, gives a SimPy generator.
PythonProcess = Callable[[Actor], Generator[simpy.Event, Any, Any]]
#: More wakings than this at one instant are a schedule that runs in circles.
MOST_WAKINGS = 20_000


class World:
    """All processes of a scenario.

    Parameters
    ----------
    scenario : ScenarioSpec
    end : float
        Of the run, in s.
    processes : sequence of callable
        More processes, in Python; each is named as its function.
    """

    def __init__(self, scenario: ScenarioSpec, end: float, processes: Sequence[PythonProcess] = ()) -> None:
        from twin.schedule.interpreter import Interpreter

        self.end = end
        self.records = Records()
        self.clock = simpy.Environment(initial_time=Fraction(0))  # type: ignore[arg-type]
        self.ended: tuple[Outcome, str] | None = None
        self.questions: list[tuple[str | Action, simpy.Event]] = []
        self._emitted: list[Action] = []
        self._crossings: dict[tuple[str, str], list[simpy.Event]] = {}
        self._held: dict[str, list[Action]] = {}
        self._timed = timed_holds(scenario, end)
        self._tasks: list[Task] = []
        units = sorted({step.unit for step in every_step(scenario) if step.unit})
        self.pool = Pool(self.clock, scenario.resources, units, self.records)
        located = {c.key: c for c in every_condition(scenario) if c.located}
        self.guards = sorted(key for key, c in located.items() if c.kind == "guard")
        self.tags = sorted(key for key, c in located.items() if c.kind == "tag")  #: whose crossings are located
        self.free = bool(processes)  #: Python may wait for any guard
        self.empty = not (scenario.processes or processes)
        for resource in scenario.resources if not self.empty else ():
            for shift in resource.shifts:
                self.clock.process(self._shift(resource.name, shift.at, shift.every, shift.capacity))
        run = Interpreter(self, scenario)
        order = sorted(range(len(scenario.processes)), key=lambda i: (scenario.processes[i].priority, i))
        for place, i in enumerate(order):
            run.begin(scenario.processes[i], place)
        for place, make in enumerate(processes, start=len(order)):
            self._python(make, place)

    # --- for the simulation

    def next_time(self) -> float:
        """Give the next instant at which a process wakes up, in s; infinite when none is left."""
        time = self.clock.peek()
        return math.inf if time == math.inf else float(time)

    def watched(self) -> set[tuple[str, str]]:
        """Give the (guard, direction) and (tag, limit) that processes wait for now."""
        return {key for key, events in self._crossings.items() if events}

    def live(self, time: float, guards: Iterable[tuple[str, str]] = ()) -> list[Action]:
        """Live through an instant up to where an answer is needed; give what is done to the plant, in order."""
        guards = list(guards)
        if guards and Fraction(time) > Fraction(self.clock.now):
            reached = self.after(Fraction(time) - Fraction(self.clock.now), -2)  # before what wakes up by itself
            while not reached.processed:
                self.clock.step()
        for key in guards:
            for event in self._crossings.pop(key, []):
                event.succeed()
        return self._settle(time)

    def answer(self, values: Sequence[float]) -> list[Action]:
        """Answer all questions, in order, and live on."""
        asked, self.questions = self.questions, []
        for (_, event), value in zip(asked, values, strict=True):
            event.succeed(value)
        return self._settle(float(self.clock.now))

    def _settle(self, time: float) -> list[Action]:
        wakings = 0
        while self.ended is None:
            while self.next_time() <= time and self.ended is None:
                self.clock.step()
                wakings += 1
                if wakings > MOST_WAKINGS:
                    self.ended = Outcome.SCHEDULE_STUCK, f"At {time:g} s processes repeat steps that take no time."
            if not self.pool.grant():
                break
        self._tasks = [task for task in self._tasks if task.alive]
        if self.ended is None and self.pool.waiting and not self.questions:
            stuck = self.pool.deadlocked(self._tasks)
            if stuck:
                rows = "; ".join(f"{r.uses[0].holder} waits for {_said(r.amounts)}" for r in stuck)
                self.ended = Outcome.DEADLOCK, f"At {time:g} s: {rows}."
        emitted, self._emitted = self._emitted, []
        return emitted

    # --- for actors

    def after(self, seconds: Fraction, place: int) -> simpy.Event:
        """Give an event after some time; of those at one instant, the process that comes first wakes first."""
        if seconds < 0:
            raise ValueError(f"a process waits for {float(seconds):g} s: time does not go backwards")
        event = self.clock.event()
        event._ok, event._value = True, None  # as simpy.Timeout does, with a priority of our own
        self.clock.schedule(event, 2 + place, seconds)  # type: ignore[arg-type]
        return event

    def crossing(self, condition: ConditionSpec) -> simpy.Event:
        """Give the event of a guard's, or of a tag's, next crossing."""
        event = self.clock.event()
        self._crossings.setdefault(condition.key, []).append(event)
        return event

    def forget(self, condition: ConditionSpec, event: simpy.Event) -> None:
        """Wait no more for a crossing."""
        waiting = self._crossings.get(condition.key, [])
        if event in waiting:
            waiting.remove(event)

    def question(self, what: str | Action) -> simpy.Event:
        """Ask for a reading of a tag, or for what a hold has found."""
        event = self.clock.event()
        self.questions.append((what, event))
        return event

    def act(self, action: Action) -> None:
        """Do something to the plant."""
        self._emitted.append(action)

    def begin_hold(self, action: Action) -> None:
        """Note a hold; holds of one parameter nest or follow each other."""
        self._held.setdefault(action.path, []).append(action)

    def end_hold(self, action: Action) -> None:
        """Note the end of a hold, which must be the last begun of its parameter."""
        inner, now = self._held[action.path].pop(), float(self.clock.now)
        if inner is not action:
            self._conflict(now, inner.cause, action.cause, action.path)
        for begin, end, cause in self._timed.get(action.path, ()):
            # of two that begin or end together, the clock's comes first both times
            if begin <= action.time < end < now:
                self._conflict(now, action.cause, cause, action.path)
            elif action.time < begin < now <= end:
                self._conflict(now, cause, action.cause, action.path)

    def _conflict(self, now: float, inner: str, outer: str, path: str) -> None:
        detail = f"At {now:g} s: '{inner}' outlives '{outer}', during which it began, on {path}."
        self.ended = self.ended or (Outcome.SCHEDULE_CONFLICT, detail)

    def stop(self, why: str, where: str, outcome: Outcome = Outcome.SCHEDULE_STOPPED) -> None:
        """End the run at this instant."""
        self.ended = self.ended or (outcome, f"{where}: {why}" if where else why)

    def launch(self, task: Task, steps: Generator[simpy.Event, Any, Any]) -> None:
        """Begin a task."""
        task.process = self.clock.process(_guarded(steps))
        self._tasks.append(task)

    def _python(self, make: PythonProcess, place: int) -> None:
        name = getattr(make, "__name__", "process")
        actor = Actor(self, Task(), name, place, 5, ())

        def steps() -> Generator[simpy.Event, Any, Any]:
            with actor.block("recipe", name):
                yield from make(actor)

        self.launch(actor.task, steps())

    def _shift(self, name: str, at: float, every: float | None, capacity: int) -> Generator[simpy.Event, Any, None]:
        count = 0
        while float(time := Fraction(at) + count * Fraction(every or 0.0)) <= self.end:
            yield self.after(time - Fraction(self.clock.now), -1)
            self.pool.capacity[name] = capacity
            if every is None:
                return
            count += 1


def _guarded(steps: Generator[simpy.Event, Any, Any]) -> Generator[simpy.Event, Any, Any]:
    """Cut short, a task ends: that is no error."""
    try:
        return (yield from steps)
    except simpy.Interrupt:
        return None


def _said(amounts: dict[str, int]) -> str:
    return " and ".join(name if count == 1 else f"{count} {name}" for name, count in amounts.items())


def timed_holds(scenario: ScenarioSpec, end: float) -> dict[str, list[tuple[float, float, str]]]:
    """Give (begin, end, cause) of the holds among the timed events, by parameter."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for event in scenario.events:
        if event.kind != "hold":
            continue
        last = end if event.until is None else min(event.until, end)
        count, begin = 0, event.at
        while begin <= last:
            cause = event.name or f"hold {event.path}"
            found.setdefault(event.path, []).append((begin, begin + event.over, cause))
            if not event.every:
                break
            count += 1
            begin = event.at + count * event.every
    return found


def every_step(scenario: ScenarioSpec) -> Iterator[StepSpec]:
    """Walk over all steps of recipes and processes, inner ones included."""

    def walk(steps: Sequence[StepSpec]) -> Iterator[StepSpec]:
        for step in steps:
            yield step
            yield from walk(step.steps)
            yield from walk(step.instead)
            for handler in step.handlers:
                yield from walk(handler.steps)

    for recipe in scenario.recipes:
        yield from walk(recipe.steps)
    for process in scenario.processes:
        yield from walk(process.steps)


def every_condition(scenario: ScenarioSpec) -> Iterator[ConditionSpec]:
    """Walk over all that processes may wait for."""
    for process in scenario.processes:
        if process.when is not None:
            yield process.when
    for step in every_step(scenario):
        if step.condition is not None:
            yield step.condition
        for handler in step.handlers:
            yield handler.when
