"""A predictive controller as a process of a scenario: looks, predicts, decides, moves; and what it does when it cannot.

Its model is the plant's own, linearised. With `state: observer` its state is what that model says comes of the moves
made, and what sensors say otherwise is added to the prediction as it is (an output disturbance that stays, as in
dynamic matrix control; offset-free for plants that are stable with their loops: Muske & Badgwell, J. Process Control
12 (2002) 617). With `state: plant` it starts each prediction from the twin's own state. With `relinearise` the model
is made anew about the twin's state, at rest or not.
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

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.schedule.actor import Actor
    from twin.schedule.simulation import Simulation


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
    """

    time: float
    read: Array
    expected: Array
    excess: Array
    values: Array
    iterations: int
    failed: str


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
                self._act(me, np.array(read))
                yield from me.wait(self.spec.period)

        steps.__name__ = self.spec.name
        return steps

    def _act(self, me: Actor, read: Array) -> None:
        """Decide and move; what is raised for want of a solution becomes an event and a safe action."""
        spec, now = self.spec, self._values([one.path for one in self.spec.moved])
        setpoints = np.array([math.nan if one.setpoint is None else one.setpoint for one in spec.measured])
        expected, excess = np.full(len(read), math.nan), np.full(len(read), math.nan)
        iterations, why, values = 0, "", now
        try:
            if not np.all(np.isfinite(read)):
                lost = [one.sensor for one, value in zip(spec.measured, read, strict=True) if not math.isfinite(value)]
                raise NoSolution(f"{', '.join(lost)} tells no number")
            model = self._modelled(me.now)
            u = self._values([*(one.path for one in spec.moved), *spec.disturbances]) - model.stepper.linear.u_0
            if spec.state == "plant":
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
        for one, value, old in zip(spec.moved, values, now, strict=True):
            if value != old or name:
                me.set(one.path, float(value), name or f"moves {one.path}")
        if self._model is not None:
            linear = self._model.stepper.linear
            u = np.concatenate([values, self._values(list(spec.disturbances))]) - linear.u_0
            b = self._model.stepper.B @ u + self._model.stepper.rates
            self._model.x = self._model.stepper.advance(self._model.x, b)
        self.looks.append(Look(me.now, read, expected, excess, values.copy(), iterations, why))

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
        if self._model is None or (again is not None and time >= self._model.made + again * (1.0 - 1e-9)):
            spec = self.spec
            point = steady_point(self.scenario.plant) if again is None else self._point(time)
            inputs = [*(one.path for one in spec.moved), *spec.disturbances]
            linear = linearise(point, inputs, [one.tag for one in spec.measured])
            reached, seen = linear.connected()
            linear = linear.keeping(np.flatnonzero(reached & seen))
            stepper = Stepper(linear, spec.period)
            horizon = stepper.horizon(self._steps)
            responses = horizon.responses[:, :, : len(spec.moved)]
            program = Program(spec.measured, spec.moved, responses, self._at, spec.period, spec.iterations)
            plant = self._running().plant
            number = {plant.label(place): place for place in range(plant.n_y)}
            places = np.array([number[name] for name in linear.states], dtype=int)
            self._model = Model(stepper, horizon, program, places, time)
            self._model.x = self._state(self._model)
            self._bias = np.zeros(len(spec.measured))
        return self._model

    def _running(self) -> Simulation:
        assert self.simulation is not None, "a controller acts in the simulation that it is attached to"
        return self.simulation

    def _point(self, time: float) -> Point:
        simulation = self._running()
        state = simulation.integrator.state()
        plant, y, p = simulation.plant, state["y"], state["p"]
        absent = plant.absent_from(y, p, np.ones(plant.n_y, dtype=bool))
        return Point(plant, y, p, absent, time)

    def _state(self, model: Model) -> Array:
        """The twin's state, away from the point of the model, in sizes."""
        y = self._running().integrator.state()["y"]
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
