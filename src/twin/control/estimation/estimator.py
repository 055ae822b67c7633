"""A filter as a process of a scenario: reads the run's sensors, tells what it is told of, and keeps what it says."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.estimator_spec import EstimatorSpec
from twin.control.estimation.filter import Filter
from twin.control.estimation.model import Lost, TwinModel
from twin.control.linear.needs import library
from twin.control.linear.opened import driver
from twin.control.linear.point import Point
from twin.quantity import Array
from twin.schedule.memory import Memory, packed, unpacked

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.schedule.actor import Actor
    from twin.schedule.simulation import Simulation


def model_of(spec: EstimatorSpec, point: Point, rtol: float, scans: str, inputs: Array | None = None) -> TwinModel:
    """Make a filter's model, beginning at a point of the whole plant.

    Parameters
    ----------
    spec : EstimatorSpec
    point : Point
    rtol, scans
        Of the integration.
    inputs : array [inputs], optional
        What it is told of at the start; those of the point unless given.
    """
    values = {path: _value(point, path) for path in spec.inputs}
    if inputs is not None:
        values = dict(zip(spec.inputs, inputs.tolist(), strict=True))
    outputs = [*(one.tag for one in spec.measured), *spec.estimates]
    return TwinModel(point, values, [u.path for u in spec.disturbances], outputs, rtol, scans)


def _value(point: Point, path: str) -> float:
    source = driver(point.plant.spec, path)
    return point.signal(source) if source else float(point.p[point.plant.parameter(path)[0]])


class Estimator:
    """One filter of one simulation.

    Parameters
    ----------
    spec : EstimatorSpec
    scenario : ScenarioSpec
    """

    def __init__(self, spec: EstimatorSpec, scenario: ScenarioSpec) -> None:
        self.spec, self.scenario = spec, scenario
        self.failed = ""  #: why it stopped
        self._lived, self._last = 0, -math.inf  #: looks lived through, and the time of the last one
        self._simulation: Simulation | None = None
        self.filter: Filter

    def attach(self, simulation: Simulation) -> None:
        """Make the model, of the plant of a simulation at its start."""
        self._simulation = simulation
        plant = simulation.plant
        absent = plant.absent()
        point = Point(plant, plant.y0, plant.p0, absent, 0.0, absent)
        model = model_of(self.spec, point, self.scenario.rtol, self.scenario.scans)
        self.filter = Filter(self.spec, model)
        self._sources = [driver(plant.spec, path) for path in self.spec.inputs]

    @property
    def process(self) -> Any:
        """The function that the schedule makes a process of, named as the filter."""

        def steps(me: Actor) -> Generator[Any, Any, Any]:
            spec = self.spec
            while True:
                read, inputs = [math.nan] * len(spec.measured), []
                for k, one in enumerate(spec.measured):
                    if me.now >= spec.since:
                        read[k] = yield from me.read(one.sensor)
                for path, source in zip(spec.inputs, self._sources, strict=True):
                    inputs.append((yield from me.read(source)) if source else self._set(path))
                self._look(me.now, np.array(read), np.array(inputs))
                yield from me.wait(spec.period)

        steps.__name__ = self.spec.name
        return steps

    def looked(self, time: float) -> bool:
        """Whether it has looked at this instant."""
        return self._last >= time

    @property
    def name(self) -> str:
        """Its tag."""
        return self.spec.name

    def memory(self) -> Memory:
        """All that going on needs."""
        return {**self.filter.memory(), "failed": packed(self.failed)}

    def recall(self, memory: Memory) -> None:
        """Be what it was."""
        self.filter.recall(memory)
        self.failed = unpacked(memory["failed"])
        self._lived, self._last = 0, -math.inf

    def _set(self, path: str) -> float:
        assert self._simulation is not None, "an estimator looks at the simulation that it is attached to"
        return float(self._simulation.integrator.p[self._simulation.plant.parameter(path)[0]])

    def _look(self, time: float, read: Array, inputs: Array) -> None:
        self._last = time
        self._lived += 1
        if self.failed or self._lived <= len(self.filter.looks):
            return
        try:
            self.filter.look(time, read, inputs)
        except Lost as error:
            self.failed = str(error)


def estimators_of(scenario: ScenarioSpec) -> list[Estimator]:
    """Give the filters of a scenario.

    Raises
    ------
    Missing
        When a library is not installed.
    """
    for name in ("scipy.linalg", "scipy.sparse"):
        library(name)
    return [Estimator(one, scenario) for one in scenario.estimators]
