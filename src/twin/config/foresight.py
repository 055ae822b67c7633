"""What can be seen to go wrong with processes before they run: on the steps alone, without a plant.

A step is followed with the earliest time at which it can begin, what its process holds by then, and
which recipes it stands in. What depends on the plant, or on which process comes first, shows in the
run, and ends it with a named outcome.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twin.config.document import Problems
from twin.config.process_spec import LEVELS, ProcessSpec, RecipeSpec, StepSpec
from twin.config.steps import StepReader

#: Steps followed at most; recipes that call each other many times can unfold without end.
MOST_STEPS = 200_000


@dataclass(frozen=True)
class _Here:
    """Where in a process a step stands."""

    earliest: float
    held: tuple[tuple[str, int], ...] = ()
    units: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  #: under a hold of a process around it, or beside it
    inside: tuple[str, ...] = ()  #: recipes
    known: bool = True  #: whether `earliest` is counted from a known start


class _Foresight:
    def __init__(self, problems: Problems, recipes: Sequence[RecipeSpec], reader: StepReader, duration: float) -> None:
        self.problems, self.reader, self.duration = problems, reader, duration
        self.recipes = {recipe.name: recipe for recipe in recipes}
        self.count = 0

    def tell(self, step: StepSpec, title: str, detail: str) -> None:
        self.problems.add(self.reader.where[id(step)], title, detail)

    def sequence(self, steps: Sequence[StepSpec], here: _Here) -> float:
        """Follow steps one after another; give the earliest end (infinite: it never ends)."""
        time = here.earliest
        for i, step in enumerate(steps):
            time = self.step(step, replace(here, earliest=time))
            if time == math.inf and i + 1 < len(steps):
                self.tell(steps[i + 1], "never happens", "What stands before this never ends.")
                return math.inf
        return time

    def step(self, step: StepSpec, here: _Here) -> float:
        self.count += 1
        if self.count > MOST_STEPS:
            return here.earliest
        if here.earliest > self.duration:
            detail = f"This begins at {here.earliest:g} s at the earliest; the scenario ends at {self.duration:g} s."
            self.tell(step, "never happens", detail)
            return -math.inf  # told once: what follows is not
        time = here.earliest
        if step.kind in ("wait", "ramp", "hold"):
            end = time + step.seconds
            if step.kind == "wait" and end > self.duration:
                detail = f"This wait ends at {end:g} s at the earliest; the scenario ends at {self.duration:g} s."
                self.tell(step, "never ends", detail)
                return -math.inf
            return end
        if step.kind == "at":
            if here.known and step.seconds < time:
                detail = f"This cannot be before {time:g} s, so that waiting for {step.seconds:g} s goes back in time."
                self.tell(step, "time goes backwards", detail)
            return max(time, step.seconds)
        if step.kind == "wait_until":
            self.sequence(step.instead, here)
            return time
        if step.kind == "run":
            return self.run(step, here)
        if step.kind == "parallel":
            return self.parallel(step, here)
        if step.kind == "repeat":
            return self.repeat(step, here)
        if step.kind in (*LEVELS, "with", "steps"):
            return self.block(step, here)
        return math.inf if step.kind == "stop" else time

    def run(self, step: StepSpec, here: _Here) -> float:
        if step.name in here.inside:
            self.tell(step, "runs itself", f"Recipe '{step.name}' would run itself without end.")
            return here.earliest
        inner = replace(here, inside=(*here.inside, step.name))
        return self.sequence(self.recipes[step.name].steps, inner)

    def parallel(self, step: StepSpec, here: _Here) -> float:
        """Branches begin together; what two of them change at the very start contradicts itself."""
        seen: dict[str, float] = {}
        for branch in step.steps:
            for path, value in _at_once(branch):
                if path in seen and seen[path] != value:
                    detail = f"Another branch changes {path} at the same instant, to another value."
                    self.tell(branch, "overlapping states", detail)
                seen[path] = value
        return max([self.step(branch, here) for branch in step.steps], default=here.earliest)

    def repeat(self, step: StepSpec, here: _Here) -> float:
        end = self.sequence(step.steps, here)
        length = end - here.earliest
        forever = step.times is None and step.condition is None
        if (forever or step.condition is not None) and length == 0.0 and not _waits(step.steps, self.recipes):
            detail = "Nothing in these steps takes time: they would be repeated for ever at one instant."
            self.tell(step, "time stands still", detail)
        if forever:
            if here.held or here.units:
                names = ", ".join([*(name for name, _ in here.held), *here.units])
                detail = f"This never ends, and holds {names}: others wait for it in vain. Ask for it inside."
                self.tell(step, "never released", detail)
            return math.inf
        if step.times is None or step.condition is not None or not math.isfinite(length):
            return end
        return end + (step.times - 1) * length

    def block(self, step: StepSpec, here: _Here) -> float:
        held = dict(here.held)
        for name, count in step.resources:
            held[name] = held.get(name, 0) + count
            there = self.reader.capacity[name]
            if held[name] > there:
                detail = (
                    f"This process holds {held[name] - count} of {there} '{name}' already: it would wait for itself."
                )
                self.tell(step, "waits for itself", detail)
        if step.unit and step.unit in here.units:
            detail = f"'{step.unit}' is in another procedure of this process already, which goes on around this one."
            self.tell(step, "overlapping states", detail)
        self.sequence(step.instead, here)
        units = (*here.units, step.unit) if step.unit else here.units
        inner = replace(here, held=tuple(held.items()), units=units)
        for handler in step.handlers:
            self.sequence(handler.steps, replace(inner, known=False))
        return self.sequence(step.steps, inner)


def _at_once(step: StepSpec) -> list[tuple[str, float]]:
    """Give what a branch changes before any time passes."""
    if step.kind in ("set", "hold"):
        return list(step.changes)
    if step.kind in (*LEVELS, "steps") and not step.resources and not step.unit:
        found = []
        for inner in step.steps:
            found += _at_once(inner)
            if inner.kind != "set":
                break
        return found
    return []


def _waits(steps: Sequence[StepSpec], recipes: dict[str, RecipeSpec], inside: tuple[str, ...] = ()) -> bool:
    """Whether some step may take time though it need not; a tag may be true at once, a guard never is."""
    for step in steps:
        if step.condition is not None and step.condition.kind == "guard":
            return True
        if step.kind == "run" and step.name not in inside:
            if _waits(recipes[step.name].steps, recipes, (*inside, step.name)):
                return True
        if step.kind != "repeat" and _waits(step.steps, recipes, inside):
            return True
    return False


def foresee(
    problems: Problems,
    recipes: Sequence[RecipeSpec],
    processes: Sequence[tuple[ProcessSpec, object]],
    reader: StepReader,
    duration: float,
) -> None:
    """Note what can be seen to go wrong.

    Parameters
    ----------
    problems : Problems
    recipes : sequence of RecipeSpec
    processes : sequence of (ProcessSpec, Node)
    reader : StepReader
        That read them: knows where each step stands, and how much there is of each resource.
    duration : float
        Of the scenario, in s.
    """
    look = _Foresight(problems, recipes, reader, duration)
    for process, _ in processes:
        look.sequence(process.steps, _Here(process.at, known=process.when is None and process.every is None))
    used = {step.name for process, _ in processes for step in _all(process.steps) if step.kind == "run"}
    for recipe in recipes:
        if recipe.name not in used:  # run by none, or by another recipe: looked at by itself
            look.sequence(recipe.steps, _Here(0.0, inside=(recipe.name,), known=False))


def _all(steps: Sequence[StepSpec]) -> list[StepSpec]:
    found = []
    for step in steps:
        found.append(step)
        found += _all(step.steps) + _all(step.instead)
        for handler in step.handlers:
            found += _all(handler.steps)
    return found
