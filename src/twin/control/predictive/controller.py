"""A predictive controller as a process of a scenario: looks, predicts, decides, moves; and what it does when it cannot.

Its model is the plant's own, linearised. With `state: observer` its state is what that model says comes of the moves
made, and what sensors say otherwise is added to the prediction as it is (an output disturbance that stays, as in
dynamic matrix control; offset-free for plants that are stable with their loops: Muske & Badgwell, J. Process Control
12 (2002) 617). With `state: plant` it starts each prediction from the twin's own state, with the name of an estimator
from what that estimates, disturbances included. With `relinearise` the model is made anew about that state, at rest
or not.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.predictive_spec import PredictiveSpec
from twin.control.linear.linearise import linearise
from twin.control.linear.needs import library
from twin.control.linear.point import Point, steady_point
from twin.control.predictive.program import NoSolution, Program, instants
from twin.control.predictive.stepping import Horizon, Stepper
from twin.errors import TwinError
from twin.quantity import Array
from twin.schedule.memory import Memory, arrays_to_rows, packed, rows_to_arrays, unpacked

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.control.estimation.estimator import Estimator
    from twin.schedule.actor import Actor
    from twin.schedule.simulation import Simulation

#: Numbers of a look.
NUMBERS = ("time", "read", "expected", "excess", "values", "iterations", "acted")


@dataclass
class Look:
    """What a controller saw and did at one instant.

    Attributes
    ----------
    time : float
    read, expected : array [measured]
        By the sensors, and what the model expected of them.
    excess : array [measured]
        By how much limits are passed in the prediction, in the unit of the tag.
    values : array [moved]
        From now on.
    iterations : int
        Of the solver; 0 where it failed.
    failed : str
        Why there was no solution; empty where there was one.
    said : str
        What its events say, where that is more than that it moves.
    acted : array [moved] of bool
        Whether it set the value.
    """

    time: float
    read: Array
    expected: Array
    excess: Array
    values: Array
    iterations: int
    failed: str
    said: str
    acted: Array


@dataclass
class Model:
    """A linear model in use."""

    stepper: Stepper
    horizon: Horizon
    program: Program
    places: Array  #: of its states in the plant's
    made: float
    x: Array = field(default_factory=lambda: np.zeros(0))


class Predictive:
    """One controller of one simulation.

    Parameters
    ----------
    spec : PredictiveSpec
    scenario : ScenarioSpec
    """

    def __init__(self, spec: PredictiveSpec, scenario: ScenarioSpec) -> None:
        self.spec, self.scenario = spec, scenario
        self.looks: list[Look] = []
        self.simulation: Simulation | None = None
        self._model: Model | None = None
        self._bias = np.zeros(len(spec.measured))
        self._failed = 0
        self._lived = 0  #: looks lived through: fewer than `looks` while a run is replayed
        self._made_of: tuple[Array, Array] | None = None  #: state and parameters that the model was made about
        self._kept: Memory = {}  #: a model to be made again
        steps = max(1, math.floor(spec.horizon / spec.period + 1e-9))
        self._steps, self._at = steps, instants(spec.moves, steps)

    @property
    def process(self) -> Any:
        """The function that the schedule makes a process of, named as the controller."""

        def steps(me: Actor) -> Generator[Any, Any, Any]:
            yield from me.wait_till(self.spec.since)
            while True:
                read = []
                for one in self.spec.measured:
                    read.append((yield from me.read(one.sensor)))
                source = self._source()
                while source is not None and not source.looked(me.now):  # it asks its sensors at the same instant
                    yield from me.read(self.spec.measured[0].sensor)
                self._act(me, np.array(read))
                yield from me.wait(self.spec.period)

        steps.__name__ = self.spec.name
        return steps

    def _act(self, me: Actor, read: Array) -> None:
        """Decide and move; what is raised for want of a solution becomes an event and a safe action."""
        self._lived += 1
        if self._lived <= len(self.looks):
            self._repeat(me, self.looks[self._lived - 1])
            return
        spec, now = self.spec, self._values([one.path for one in self.spec.moved])
        setpoints = np.array([math.nan if one.setpoint is None else one.setpoint for one in spec.measured])
        expected, excess = np.full(len(read), math.nan), np.full(len(read), math.nan)
        iterations, why, values = 0, "", now
        try:
            if not np.all(np.isfinite(read)):
                lost = [one.sensor for one, value in zip(spec.measured, read, strict=True) if not math.isfinite(value)]
                raise NoSolution(f"{', '.join(lost)} tells no number")
            model = self._modelled(me.now)
            u = self._inputs(now) - model.stepper.linear.u_0
            if spec.state != "observer":
                model.x = self._state(model)
            seen = model.stepper.seen(model.x, u)
            expected = seen + self._bias
            self._bias = self._bias + spec.trust * (read - expected)
            free = model.horizon.free(model.x, u) + self._bias
            targets = model.program.rest(free, now, setpoints)
            plan = model.program.solve(free, now, setpoints, targets)
            values, iterations = now + plan.moves, plan.iterations
            excess = plan.excess * model.program.scales
            low, high = (np.array([getattr(one, name) for one in spec.moved]) for name in ("low", "high"))
            # the solver's last digits
            values = np.minimum(np.maximum(values, np.minimum(low, now)), np.maximum(high, now))
        except NoSolution as error:
            why = str(error)
        except TwinError as error:
            why = f"no model: {error}"
        name = ""
        if why:
            self._failed += 1
            safe = self._failed >= spec.failures
            values = self._safe(now) if safe else now
            name = f"failed: {why}; {'goes to safe values' if safe else 'held'}"
        elif self._failed:
            name, self._failed = f"works again after {self._failed} failures", 0
        acted = (values != now) | bool(name)
        if self._model is not None:
            linear = self._model.stepper.linear
            u = self._inputs(values) - linear.u_0
            b = self._model.stepper.B @ u + self._model.stepper.rates
            self._model.x = self._model.stepper.advance(self._model.x, b)
        look = Look(me.now, read, expected, excess, values.copy(), iterations, why, name, acted)
        self.looks.append(look)
        self._repeat(me, look)

    def _repeat(self, me: Actor, look: Look) -> None:
        """Set what was decided."""
        for one, value, acted in zip(self.spec.moved, look.values, look.acted, strict=True):
            if acted:
                me.set(one.path, float(value), look.said or f"moves {one.path}")

    def _safe(self, now: Array) -> Array:
        """One period towards the safe values, no faster than is allowed."""
        values = now.copy()
        for j, one in enumerate(self.spec.moved):
            if one.safe is not None:
                most = math.inf if one.rate is None else one.rate * self.spec.period
                values[j] = now[j] + max(-most, min(most, one.safe - now[j]))
        return values

    def _modelled(self, time: float) -> Model:
        """The model in use; made, or made anew, when it is due."""
        again = self.spec.relinearise
        if self._model is None and self._kept:
            kept, self._kept = self._kept, {}
            self._model = self._made(float(kept["made"]), kept.get("made_y"), kept.get("made_p"))
            self._model.x = kept["x"]
        if self._model is None or (again is not None and time >= self._model.made + again * (1.0 - 1e-9)):
            self._model = self._made(time)
            self._model.x = self._state(self._model)
            self._bias = np.zeros(len(self.spec.measured))
        return self._model

    def _made(self, time: float, y: Array | None = None, p: Array | None = None) -> Model:
        """Make a model: of the steady state, or of the state at a time."""
        spec, plant = self.spec, self._running().plant
        if spec.relinearise is None:
            point = steady_point(self.scenario.plant)
        else:
            if y is None or p is None:
                y, p = self._whole()
            self._made_of = y, p
            absent = plant.absent_from(y, p, np.ones(plant.n_y, dtype=bool))
            point = Point(plant, y, p, absent, time, absent)
        inputs = [*(one.path for one in spec.moved), *spec.disturbances]
        linear = linearise(point, inputs, [one.tag for one in spec.measured])
        reached, seen = linear.connected()
        linear = linear.keeping(np.flatnonzero(reached & seen))
        stepper = Stepper(linear, spec.period)
        horizon = stepper.horizon(self._steps)
        responses = horizon.responses[:, :, : len(spec.moved)]
        program = Program(spec.measured, spec.moved, responses, self._at, spec.period, spec.iterations)
        number = {plant.label(place): place for place in range(plant.n_y)}
        places = np.array([number[name] for name in linear.states], dtype=int)
        return Model(stepper, horizon, program, places, time)

    @property
    def name(self) -> str:
        """Its tag."""
        return self.spec.name

    def memory(self) -> Memory:
        """All that going on needs."""
        found = rows_to_arrays(self.looks, NUMBERS)
        found["texts"] = packed([[look.failed, look.said] for look in self.looks])
        found["bias"], found["failures"] = self._bias.copy(), np.array(float(self._failed))
        if self._model is not None:
            found |= {"made": np.array(self._model.made), "x": self._model.x.copy()}
            if self._made_of is not None:
                found["made_y"], found["made_p"] = (values.copy() for values in self._made_of)
        return found | self._kept

    def recall(self, memory: Memory) -> None:
        """Be what it was; its looks are then repeated, not thought through again."""
        texts = unpacked(memory["texts"])
        self.looks = arrays_to_rows(
            Look, memory, len(texts), failed=[failed for failed, _ in texts], said=[said for _, said in texts]
        )
        for look in self.looks:
            look.iterations, look.acted = int(look.iterations), look.acted != 0.0
        self._bias, self._failed, self._lived = memory["bias"], int(memory["failures"]), 0
        self._model = None
        self._kept = {key: memory[key] for key in ("made", "x", "made_y", "made_p") if key in memory}

    def _running(self) -> Simulation:
        assert self.simulation is not None, "a controller acts in the simulation that it is attached to"
        return self.simulation

    def _source(self) -> Estimator | None:
        """The estimator whose state it takes."""
        known = {one.spec.name: one for one in self._running().estimators}
        return known.get(self.spec.state)

    def _whole(self) -> tuple[Array, Array]:
        """State and parameters of the plant: the twin's own, or as an estimator has them.

        What an estimator's model lacks are controllers whose outputs it is told of: their memories are known.
        """
        simulation = self._running()
        state = simulation.integrator.state()
        y, p = state["y"], state["p"]
        source = self._source()
        if source is not None:
            model = source.filter.model
            there = Point(model.plant, model.y, model.p, np.zeros(len(model.y), dtype=bool))
            moved = there.moved_to(simulation.plant)
            mine = {c.path for c in model.plant.columns if c.kind == "state"}
            for column in simulation.plant.columns:
                if column.kind == "state" and column.path in mine:
                    places = slice(column.offset, column.offset + int(np.prod(column.shape)))
                    y[places] = moved.y[places]
            for path in (one.path for one in source.spec.disturbances):
                place = simulation.plant.parameter(path)[0]
                p[place] = moved.p[place]
        return y, p

    def _inputs(self, moved: Array) -> Array:
        """Moved values, and disturbances as they are told, or estimated."""
        p = self._whole()[1]
        plant = self._running().plant
        return np.concatenate([moved, [p[plant.parameter(path)[0]] for path in self.spec.disturbances]])

    def _state(self, model: Model) -> Array:
        """The plant's state, as the twin or an estimator has it, away from the point of the model, in sizes."""
        y = self._whole()[0]
        linear = model.stepper.linear
        return np.asarray((y[model.places] - linear.x_0) / linear.scale)

    def _values(self, paths: list[str]) -> Array:
        """Values that are set now."""
        simulation = self._running()
        p = simulation.integrator.state()["p"]
        return np.array([p[simulation.plant.parameter(path)[0]] for path in paths])


def controllers_of(scenario: ScenarioSpec) -> list[Predictive]:
    """Give the predictive controllers of a scenario.

    Raises
    ------
    Missing
        When a library is not installed: here, for in a run it would be one more reason to hold.
    """
    for name in ("clarabel", "scipy.sparse.linalg"):
        library(name)
    return [Predictive(one, scenario) for one in scenario.predictive]
