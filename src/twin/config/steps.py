"""Reads the steps of a process: what it does to the plant, waits for, holds, repeats, and does side by side."""

from __future__ import annotations

from collections.abc import Callable

from twin.config.conditions import read_condition
from twin.config.document import Node, Problems, closest
from twin.config.entries import time_of
from twin.config.events import changes
from twin.config.faults import read_fault
from twin.config.process_keys import HANDLER, STEPS, THEN
from twin.config.process_spec import LEVELS, ConditionSpec, HandlerSpec, StepSpec
from twin.config.spec import PlantSpec

#: Keys of each kind of step beside its own and `name`.
KEYS: dict[str, tuple[str, ...]] = {kind: tuple(others) for kind, (_, others) in STEPS.items()}
EXAMPLES = {
    "set": "set: {reactor.UA: 500 W/K}",
    "ramp": "{ramp: {reactor.T_jacket: 60 degC}, over: 10 min}",
    "with": "{with: [operator], steps: [{wait: 20 min}]}",
    "parallel": "parallel: [[{wait: 10 min}], [{wait: 20 min}]]",
    "repeat": "{repeat: 3, steps: [{wait: 10 min}]}",
    "repeat_until": "{repeat_until: reactor.T_out > 60 degC, steps: [{wait: 1 min}]}",
    "on": "{when: feeder.low_level falls, steps: [{wait: 1 min}], then: leave}",
}
MOST_TURNS = 1_000_000


class StepReader:
    """Reads steps against a plant and the names that the scenario defines.

    Attributes
    ----------
    where : dict
        Node of each step by its id, for problems found later.
    """

    def __init__(
        self, problems: Problems, plant: PlantSpec | None, capacity: dict[str, int], recipes: list[str]
    ) -> None:
        self.problems, self.plant, self.capacity, self.recipes = problems, plant, capacity, recipes
        self.where: dict[int, Node] = {}
        self._read: dict[str, Callable[[Node, Node, str], StepSpec | None]] = {
            **dict.fromkeys(("set", "ramp", "hold", "fire"), self._change),
            **dict.fromkeys(LEVELS, self._block),
            **dict.fromkeys(("repeat", "repeat_until"), self._repeat),
            **dict.fromkeys(("run", "stop"), self._word),
            **dict.fromkeys(("wait", "at"), self._time),
            "wait_until": self._wait_until,
            "with": self._with,
            "parallel": self._parallel,
        }

    def steps(self, node: Node | None, owner: Node, what: str = "steps are a list") -> tuple[StepSpec, ...]:
        """Read a list of steps, which must not be empty."""
        if node is None or node.is_null:
            self.problems.add(owner, "missing steps", "This needs steps:, for example steps: [{wait: 10 min}].")
            return ()
        items = self.problems.sequence(node, what, "[{wait: 10 min}]")
        if node.kind == "list" and not items:
            self.problems.add(owner, "missing steps", "There is no step in this list.")
        return tuple(step for item in items if (step := self.step(item)) is not None)

    def step(self, item: Node) -> StepSpec | None:
        """Read one step."""
        if item.kind != "map" or not item.pairs:
            self.problems.add(item, "not a step", f"A step reads {EXAMPLES['set']}, but this is {item.what}.")
            return None
        # a block may say `with:` and `fault:` of its own: the first of the kinds decides
        kind = next((kind for kind in KEYS if item.get(kind) is not None), None)
        if kind is None:
            key, known = item.pairs[0][0], list(KEYS)
            self.problems.add(key, "not a step", f"No step begins with '{key.text}'.{closest(key.text, known)}")
            return None
        self.problems.known_keys(item, (kind, "name", *KEYS[kind]), "unknown key", f"a step '{kind}'")
        node = item.get(kind)
        assert node is not None
        step = self._read[kind](item, node, kind)
        if step is not None:
            self.where[id(step)] = item.key(kind)
        return step

    def name(self, item: Node) -> str:
        """Read an optional name."""
        return self.problems.text(item, "name", "")

    def whole(self, node: Node, what: str, low: int, high: int) -> int | None:
        """Read a whole number."""
        if isinstance(node.value, int) and not isinstance(node.value, bool) and low <= node.value <= high:
            return node.value
        detail = f"{what} is a whole number from {low} to {high}, not {node.what}."
        self.problems.add(node, "not a whole number", detail)
        return None

    def priority(self, item: Node) -> int | None:
        """Read an optional rank."""
        node = item.get("priority")
        return None if node is None or node.is_null else self.whole(node, "priority", 1, 1000)

    def amounts(self, node: Node) -> tuple[tuple[str, int], ...]:
        """Read resources: a list of names, or {name: how many}."""
        if node.kind == "list":
            rows = [(item, self.problems.string(item, "not a resource"), 1) for item in node.items]
        else:
            pairs = self.problems.mapping(node, "with names resources", "{operator: 2}")
            rows = [(key, key.text, self.whole(value, key.text, 1, 10**6) or 1) for key, value in pairs]
        found: dict[str, int] = {}
        for place, name, count in rows:
            if name and name not in self.capacity:
                detail = f"There is no resource '{name}' in resources:.{closest(name, self.capacity)}"
                self.problems.add(place, "unknown resource", detail)
                continue
            found[name] = found.get(name, 0) + count
            if name and found[name] > self.capacity[name]:
                detail = (
                    f"{found[name]} of '{name}' are asked for, but there are never more than {self.capacity[name]}."
                )
                self.problems.add(place, "more than there is", detail)
        if not rows and node.kind in ("list", "map"):
            self.problems.add(node, "no resource", f"Name at least one: {EXAMPLES['with']}.")
        return tuple(found.items())

    def condition(self, item: Node, key: str, only_guards: bool = False) -> ConditionSpec | None:
        """Read a condition under a key that is there."""
        node = item.get(key)
        assert node is not None
        return read_condition(self.problems, node, self.plant, item, only_guards)

    def _change(self, item: Node, node: Node, kind: str) -> StepSpec:
        span = {"ramp": "over", "hold": "for"}.get(kind)
        seconds = (time_of(self.problems, item, span, required=True) if span else 0.0) or 0.0
        if span and seconds == 0.0 and item.get(span) is not None:
            self.problems.add(item.key(span), "out of range", f"{span} must be above zero; set: changes at once.")
        rows = changes(self.problems, item, kind, self.plant)
        pairs = tuple((path, value) for path, value in rows if value is not None)
        return StepSpec(kind, self.name(item), pairs, seconds, fault=self._fault(item))

    def _fault(self, item: Node):  # type: ignore[no-untyped-def]
        return read_fault(self.problems, item.get("fault"), self.plant, clears=False)

    def _time(self, item: Node, node: Node, kind: str) -> StepSpec:
        seconds = time_of(self.problems, item, kind) or 0.0
        return StepSpec(kind, self.name(item), seconds=seconds, fault=self._fault(item))

    def _word(self, item: Node, node: Node, kind: str) -> StepSpec | None:
        text = self.problems.string(node, "not a name")
        if kind == "run" and text and text not in self.recipes:
            detail = f"There is no recipe '{text}' in recipes:.{closest(text, self.recipes)}"
            self.problems.add(node, "unknown recipe", detail)
            return None
        return StepSpec(kind, text)

    def _limit(self, item: Node) -> tuple[float | None, str, tuple[StepSpec, ...]]:
        """Read `timeout:` and what then."""
        timeout, node = time_of(self.problems, item, "timeout"), item.get("otherwise")
        if node is None or node.is_null:
            return timeout, "stop", ()
        if timeout is None:
            self.problems.add(
                item.key("otherwise"), "never happens", "otherwise: follows a timeout:, which is missing."
            )
        if node.kind == "list":
            return timeout, "steps", self.steps(node, node)
        if node.text not in ("stop", "go on"):
            detail = f"otherwise is stop, go on, or a list of steps, not {node.what}."
            self.problems.add(node, "unknown choice", detail)
        return timeout, node.text, ()

    def _wait_until(self, item: Node, node: Node, kind: str) -> StepSpec | None:
        condition = self.condition(item, kind)
        timeout, otherwise, instead = self._limit(item)
        if condition is None:
            return None
        return StepSpec(
            kind, self.name(item), condition=condition, timeout=timeout, otherwise=otherwise, instead=instead
        )

    def _with(self, item: Node, node: Node, kind: str) -> StepSpec:
        timeout, otherwise, instead = self._limit(item)
        return StepSpec(
            kind,
            self.name(item),
            timeout=timeout,
            otherwise=otherwise,
            instead=instead,
            resources=self.amounts(node),
            priority=self.priority(item),
            steps=self.steps(item.get("steps"), item.key(kind)),
        )

    def _parallel(self, item: Node, node: Node, kind: str) -> StepSpec:
        branches = []
        for branch in self.problems.sequence(node, "parallel is a list", EXAMPLES["parallel"]):
            if branch.kind == "list":
                inner = StepSpec("steps", steps=self.steps(branch, branch))
                self.where[id(inner)] = branch
                branches.append(inner)
            elif (step := self.step(branch)) is not None:
                branches.append(step)
        if len(node.items) < 2:
            self.problems.add(item.key(kind), "nothing beside it", f"Two branches at least: {EXAMPLES['parallel']}.")
        return StepSpec(kind, self.name(item), steps=tuple(branches))

    def _repeat(self, item: Node, node: Node, kind: str) -> StepSpec | None:
        steps = self.steps(item.get("steps"), item.key(kind))
        if kind == "repeat":
            times = None if node.text == "forever" else self.whole(node, "repeat", 1, MOST_TURNS)
            return StepSpec("repeat", self.name(item), times=times, steps=steps)
        most = item.get("at_most")
        times = None if most is None else self.whole(most, "at_most", 1, MOST_TURNS)
        condition = self.condition(item, kind)
        if condition is None:
            return None
        if condition.kind == "guard":
            detail = "repeat_until looks at a tag after each turn: a guard crosses zero in between. Use on:."
            self.problems.add(node, "not a tag", detail)
        return StepSpec("repeat", self.name(item), times=times, steps=steps, condition=condition)

    def _block(self, item: Node, node: Node, kind: str) -> StepSpec:
        unit = self.problems.text(item, "unit", "")
        if unit and self.plant is not None and unit not in (known := [u.name for u in self.plant.units]):
            place = item.get("unit")
            assert place is not None
            detail = f"There is no unit '{unit}' in {self.plant.name}.{closest(unit, known)}"
            self.problems.add(place, "unknown unit", detail)
        shared = item.get("with")
        handlers = item.get("on")
        return StepSpec(
            kind,
            self.problems.string(node, "not a name"),
            resources=() if shared is None else self.amounts(shared),
            priority=self.priority(item),
            unit=unit,
            steps=self.steps(item.get("steps"), item.key(kind)),
            handlers=() if handlers is None else self._handlers(handlers),
            fault=self._fault(item),
        )

    def _handlers(self, node: Node) -> tuple[HandlerSpec, ...]:
        found = []
        for item in self.problems.sequence(node, "on is a list", f"[{EXAMPLES['on']}]"):
            if item.kind != "map" or item.get("when") is None:
                self.problems.add(item, "not a handler", f"A handler reads {EXAMPLES['on']}.")
                continue
            self.problems.known_keys(item, HANDLER.names, "unknown key", "a handler")
            then = self.problems.text(item, "then", THEN[0])
            if then not in THEN:
                self.problems.add(item.key("then"), "unknown choice", f"then is one of {', '.join(THEN)}.")
            steps = () if item.get("steps") is None else self.steps(item.get("steps"), item)
            condition = self.condition(item, "when")
            if condition is not None:
                found.append(HandlerSpec(condition, steps, then))
        return tuple(found)
