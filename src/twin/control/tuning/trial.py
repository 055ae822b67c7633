"""Scenarios run with settings tried: how far each loop is from its setpoint, integrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.config import load_scenario
from twin.config.spec import ScenarioSpec
from twin.control.linear.linearise import NotLinear, place_of_output
from twin.control.linear.loops import Loop
from twin.control.tuning.rules import Settings
from twin.plant.model import load_model
from twin.quantity import Array, fields

#: Samples of the error are taken so often [s], and not more often than this part of a scenario.
EVERY, FINEST = 10.0, 20_000
#: What an index is: "itae" weighs the error by the time since the last timed event; "cost" is of all loops together.
INDICES = ("itae", "iae", "ise", "cost")
COST = INDICES[-1]
PARAMETERS = ("K", "T_i", "T_d")


@dataclass(frozen=True)
class Case:
    """A scenario with values replaced: one plant of those for which the tuning must be good.

    Attributes
    ----------
    name : str
    spec : ScenarioSpec
    plant : Plant
    prices : tuple of (str, float)
        Of measurements, signals and streams: what one in SI costs that lasts a second; below zero it earns.
    """

    name: str
    spec: ScenarioSpec
    plant: Any
    prices: tuple[tuple[str, float], ...] = ()


def load_case(name: str, settings: Sequence[str] = (), prices: Sequence[tuple[str, float]] = ()) -> Case:
    """Load and compile a scenario for trials."""
    return case_of(load_scenario(name, settings), settings, prices)


def case_of(spec: ScenarioSpec, settings: Sequence[str] = (), prices: Sequence[tuple[str, float]] = ()) -> Case:
    """Compile a scenario for trials. Raises NotLinear for a price of what is no measurement, signal or stream."""
    from twin.plant import compile_plant
    from twin.steady.state import started

    plant = compile_plant(spec.plant)
    if spec.start == "steady":
        plant = started(plant)
    for path, _ in prices:
        if place_of_output(plant, path)[0] != "w":
            raise NotLinear(f"'{path}' is a state: a price is one of a measurement, a signal or a stream")
    spec = replace(spec, record_every=max(min(EVERY, spec.record_every), spec.duration / FINEST))
    return Case(", ".join([spec.name, *settings]), spec, plant, tuple(prices))


def settings_of(plant: Any, loop: Loop) -> Settings:
    """What a controller of a plant has at its start.

    Raises
    ------
    NotLinear
        When it is not of the standard form.
    """
    unit = plant.spec.unit(loop.name)
    if int(unit.params.get("form", 0)) != 0:
        raise NotLinear(f"{loop.name} has its gains in the parallel or series form; tune takes the standard one")
    names = [f.name for f in fields(load_model(unit.model).Params)]
    values = {name: float(plant.p0[plant.parameter(f"{loop.name}.{name}")[0]]) for name in PARAMETERS if name in names}
    return Settings(**values)


def with_settings(plant: Any, tried: Mapping[str, Settings]) -> Any:
    """Give a compiled plant with other settings of controllers."""
    p = plant.p0.copy()
    for loop, settings in tried.items():
        for name in PARAMETERS:
            value = getattr(settings, name)
            path = f"{loop}.{name}"
            if path in plant.parameters:
                p[plant.parameter(path)[0]] = value
            elif value != 0.0:
                raise NotLinear(f"{loop} has no derivative action: give it `model: pid` for that")
    p.setflags(write=False)
    return replace(plant, p0=p)


@dataclass(frozen=True)
class Trial:
    """What a run gave: times [n], errors [n, loops], outputs [n, loops], and what has a price [n, prices]."""

    t: Array
    error: Array
    output: Array
    priced: Array


def errors(case: Case, loops: Sequence[Loop], tried: Mapping[str, Settings]) -> Trial | None:
    """Run a case; None when the run fails."""
    from twin.schedule.simulation import Simulation, integrator_of

    plant = with_settings(case.plant, tried)
    places = [_place(plant, loop.measurement) for loop in loops]
    places += [_place(plant, loop.setpoint) for loop in loops]
    places += [_place(plant, f"{loop.name}.output") for loop in loops]
    places += [place_of_output(plant, path)[1] for path, _ in case.prices]
    blocks: list[Any] = []
    kind = integrator_of(case.spec.method, sides=False)
    simulation = Simulation(case.spec, plant, record=places, samples=blocks.append, integrator=kind)
    if simulation.run().outcome.failed:
        return None
    w = np.concatenate([block.w for block in blocks])
    n = len(loops)
    t = np.concatenate([block.time for block in blocks])
    return Trial(t, w[:, n : 2 * n] - w[:, :n], w[:, 2 * n : 3 * n], w[:, 3 * n :])


def index(case: Case, run: Trial, kind: str = "itae") -> Array:
    """Integrate errors over a scenario, [loops]; of "cost" what has a price, [1]."""
    t = run.t
    if kind == COST:
        return np.array([float(np.trapezoid(run.priced @ np.array([price for _, price in case.prices]), t))])
    size = run.error**2 if kind == "ise" else np.abs(run.error)
    if kind == "itae":
        starts = np.array(sorted({0.0, *(event.at for event in case.spec.events if event.at <= t[-1])}))
        size = size * (t - starts[np.searchsorted(starts, t, side="right") - 1])[:, None]
    return np.asarray(np.trapezoid(size, t, axis=0))


def _place(plant: Any, path: str) -> int:
    column = next(c for c in plant.columns if c.path == path and c.vector == "w" and c.kind != "quadrature")
    return int(column.offset)
