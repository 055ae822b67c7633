"""Lives through the steps of a scenario's processes: each kind of step in terms of what an actor can do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import simpy

from twin.config.process_spec import HandlerSpec, ProcessSpec, StepSpec
from twin.integrate.outcome import Outcome
from twin.schedule.actor import Actor, Steps, Task

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.schedule.world import World

#: Kinds of step that take time and are drawn.
DRAWN = ("wait", "wait_until", "ramp", "hold", "at")


class Interpreter:
    """Turns steps into SimPy generators.

    Parameters
    ----------
    world : World
    scenario : ScenarioSpec
        Whose recipes `run` names.
    """

    def __init__(self, world: World, scenario: ScenarioSpec) -> None:
        self.world = world
        self.recipes = {recipe.name: recipe.steps for recipe in scenario.recipes}
        self._live: dict[str, Callable[[Actor, StepSpec], Steps]] = {
            "set": self._set,
            "fire": self._fire,
            "ramp": self._ramp,
            "hold": self._hold,
            "wait": lambda me, step: me.wait(step.seconds),
            "at": lambda me, step: me.wait_till(step.seconds),
            "wait_until": self._wait_until,
            "with": self._with,
            "parallel": self._parallel,
            "repeat": self._repeat,
            "run": lambda me, step: self.sequence(me, self.recipes[step.name]),
            "stop": self._stop,
            "steps": lambda me, step: self.sequence(me, step.steps),
        }

    def begin(self, process: ProcessSpec, place: int) -> None:
        """Start a process: at its time, again and again, or whenever its guard crosses."""
        task = Task()
        actor = Actor(self.world, task, process.name, place, process.priority, ())
        self.world.launch(task, self._when(actor, process) if process.when else self._timed(actor, process))

    def _timed(self, me: Actor, process: ProcessSpec) -> Steps:
        """Start at each time; a start that comes while it still goes on waits for its end."""
        last = self.world.end if process.until is None else min(process.until, self.world.end)
        count = 0
        while float(time := Fraction(process.at) + count * Fraction(process.every or 0.0)) <= last:
            yield from me.wait_till(time)  # type: ignore[arg-type]
            yield from self._once(me, process)
            if process.every is None:
                return
            count += 1

    def _when(self, me: Actor, process: ProcessSpec) -> Steps:
        """Start at each crossing; those that come while it goes on are not counted."""
        assert process.when is not None
        while True:
            yield from me.wait_until(process.when)
            yield from self._once(me, process)

    def _once(self, me: Actor, process: ProcessSpec) -> Steps:
        with me.block("recipe", process.name, fault=process.fault):
            yield from self.sequence(me, process.steps)

    def sequence(self, me: Actor, steps: Sequence[StepSpec]) -> Steps:
        """Live through steps one after another."""
        for step in steps:
            if self.world.ended is not None:
                return
            if step.kind in self._live:
                with self._drawn(me, step):
                    yield from self._live[step.kind](me, step)
            else:
                yield from self._block(me, step)

    def _drawn(self, me: Actor, step: StepSpec) -> contextlib.AbstractContextManager[Any]:
        if step.kind not in DRAWN:
            return contextlib.nullcontext()
        return me.block(step.kind, step.name or _said(step), fault=step.fault)

    def _set(self, me: Actor, step: StepSpec) -> Steps:
        for path, value in step.changes:
            me.set(path, value, step.name)
        yield from ()

    def _fire(self, me: Actor, step: StepSpec) -> Steps:
        for path, value in step.changes:
            me.fire(path, value, step.name)
        yield from ()

    def _ramp(self, me: Actor, step: StepSpec) -> Steps:
        for path, value in step.changes:
            me.ramp(path, value, step.seconds, step.name)
        yield from me.wait(step.seconds)

    def _hold(self, me: Actor, step: StepSpec) -> Steps:
        return me.hold(dict(step.changes), step.seconds, step.name)

    def _stop(self, me: Actor, step: StepSpec) -> Steps:
        me.stop(step.name)
        yield from ()

    def _wait_until(self, me: Actor, step: StepSpec) -> Steps:
        assert step.condition is not None
        if not (yield from me.wait_until(step.condition, step.timeout)):
            yield from self._late(me, step, step.condition.text)

    def _late(self, me: Actor, step: StepSpec, what: str) -> Steps:
        """Do what `otherwise:` says after a timeout."""
        bars = self.world.records.bars
        if step.kind == "wait_until":
            bars[me.parent].outcome = "timed out"
        if step.otherwise == "stop":
            text = f"no '{what}' within {step.timeout:g} s, up to {me.now:g} s"
            self.world.stop(text, me.where, Outcome.SCHEDULE_TIMEOUT)
        elif step.otherwise == "steps":
            yield from self.sequence(me, step.instead)

    def _with(self, me: Actor, step: StepSpec) -> Steps:
        grant = yield from me.request(dict(step.resources), step.priority, step.timeout)
        if grant is None:
            yield from self._late(me, step, ", ".join(name for name, _ in step.resources))
            return
        with grant:
            yield from self.sequence(me, step.steps)

    def _parallel(self, me: Actor, step: StepSpec) -> Steps:
        tasks = [me.start(self._branch(branch)) for branch in step.steps]
        yield from me.join(tasks)

    def _branch(self, step: StepSpec) -> Callable[[Actor], Generator[simpy.Event, Any, Any]]:
        return lambda me: self.sequence(me, [step])

    def _repeat(self, me: Actor, step: StepSpec) -> Steps:
        count = 0
        while (step.times is None or count < step.times) and self.world.ended is None:
            yield from self.sequence(me, step.steps)
            count += 1
            if step.condition is not None and step.condition.holds((yield from me.read(step.condition.path))):
                return

    def _block(self, me: Actor, step: StepSpec) -> Steps:
        """A procedure, operation or phase: its unit and resources first, for as long as it lasts."""
        amounts = dict(step.resources)
        if step.unit:
            amounts[f"unit {step.unit}"] = 1
        with contextlib.ExitStack() as held:
            if amounts:
                path, me.path = me.path, (*me.path, step.name)
                try:
                    held.enter_context((yield from me.request(amounts, step.priority)))
                finally:
                    me.path = path
            again: bool | None = True
            while again:
                with me.block(step.kind, step.name, step.unit, step.fault) as bar:
                    if step.handlers:
                        again = yield from self._watched(me, step)
                        bar.outcome = "restarted" if again else bar.outcome
                        if again is None:
                            bar.outcome = "left"
                    else:
                        again = False
                        yield from self.sequence(me, step.steps)

    def _watched(self, me: Actor, step: StepSpec) -> Generator[simpy.Event, Any, bool | None]:
        """Live through a block with handlers; gives True to begin it again, None when it was left."""
        body = me.start(lambda actor: self.sequence(actor, step.steps), watched=True)
        alarms = [(handler, me.start(self._watch(handler))) for handler in step.handlers]
        try:
            while True:
                ends = [task.process for task in (body, *(task for _, task in alarms)) if task.process is not None]
                yield self.world.clock.any_of(ends)
                fired = next((item for item in alarms if not item[1].alive), None)
                if fired is None:
                    return False
                handler, task = fired
                if handler.then == "continue":
                    again = me.start(self._watch(handler))
                    alarms[alarms.index(fired)] = (handler, again)
                    me.task.children.remove(task)
                    if not body.alive:
                        return False
                    continue
                body.cut("a handler took over")
                yield from me.join([body])
                me.task.children.append(body)
                yield from self.sequence(me, handler.steps)
                return True if handler.then == "restart" else None
        finally:
            for task in (body, *(task for _, task in alarms)):
                task.cut("its block has ended")
                if task in me.task.children:
                    me.task.children.remove(task)

    def _watch(self, handler: HandlerSpec) -> Callable[[Actor], Generator[simpy.Event, Any, Any]]:
        def steps(me: Actor) -> Steps:
            yield from me.wait_until(handler.when)
            if handler.then == "continue":
                yield from self.sequence(me, handler.steps)

        return steps


def _said(step: StepSpec) -> str:
    if step.condition is not None:
        return step.condition.text
    return step.kind if step.kind in ("wait", "at") else f"{step.kind} {', '.join(path for path, _ in step.changes)}"
