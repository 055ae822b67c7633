"""Where a plant is linearised: at its steady state, or where a scenario or a run is at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.spec import PlantSpec, ScenarioSpec
from twin.errors import TwinError
from twin.quantity import Array


class NoPoint(TwinError):
    """A state that the plant does not come to."""


@dataclass(frozen=True)
class Point:
    """A state of a plant.

    Attributes
    ----------
    plant : Plant
        Compiled.
    y : array [n_y]
    p : array [n_p]
        Parameters and feeds as they are then.
    held : array [n_y] of bool
        States that a steady state does not concern, and those that are absent.
    time : float or None
        Plant time in s; None for a steady state.
    absent : array [n_y] of bool, optional
        Those of `held` that are zero because nothing brings them to life.
    """

    plant: Any
    y: Array
    p: Array
    held: Array
    time: float | None = None
    absent: Array | None = None

    def signal(self, source: str) -> float:
        """Value of a measurement, signal outlet or undriven signal inlet "unit.name"."""
        from twin.steady.view import View

        view = View(self.plant, self.p)
        view.observe(self.y)
        for column in self.plant.columns:
            if column.path == source and column.vector == "w" and not column.shape:
                return float(view.w[column.offset])
        raise KeyError(source)

    def moved_to(self, plant: Any, initial: Mapping[str, float] | None = None) -> Point:
        """Give the same state of another plant compiled of the same units, some of them missing or added.

        What the other one has more starts from its own initial state.
        """
        y, held = plant.y0.copy(), np.zeros(plant.n_y, dtype=bool)
        absent = held.copy()
        mine = {c.path: c for c in self.plant.columns if c.kind == "state"}
        for column in plant.columns:
            if column.kind == "state" and column.path in mine:
                old, count = mine[column.path], int(np.prod(column.shape))
                y[column.offset : column.offset + count] = self.y[old.offset : old.offset + count]
                held[column.offset : column.offset + count] = self.held[old.offset : old.offset + count]
                if self.absent is not None:
                    absent[column.offset : column.offset + count] = self.absent[old.offset : old.offset + count]
        p = plant.p0.copy()
        for path, (place, _, shape, _) in plant.parameters.items():
            if path in self.plant.parameters:
                old_place, count = self.plant.parameters[path][0], int(np.prod(shape))
                p[place : place + count] = self.p[old_place : old_place + count]
        for path, value in (initial or {}).items():
            p[plant.parameter(path)[0]] = value
        return Point(plant, y, p, held, self.time, absent)


def steady_point(spec: PlantSpec) -> Point:
    """Solve for the steady state of a plant.

    Raises
    ------
    NoPoint
        When it has none.
    """
    from twin.plant import compile_plant
    from twin.steady.state import steady

    plant = compile_plant(spec)
    found = steady(plant, modes=0)
    if not found.ok:
        raise NoPoint(f"{spec.name} is to be linearised at its steady state, but none was found. {found.message}")
    absent = plant.absent_from(found.y, plant.p0, np.ones(plant.n_y, dtype=bool))
    only = absent & ~found.held.places
    return Point(plant, found.y, plant.p0.copy(), found.held.places | absent, absent=only)


def point_of_scenario(spec: ScenarioSpec, at: float, run: Any = None) -> Point:
    """Follow a scenario to a time [s].

    Parameters
    ----------
    spec : ScenarioSpec
    at : float
    run : Run, optional
        A file of this scenario, whose checkpoints spare the way when it was made by the same models.

    Raises
    ------
    NoPoint
        When it ends before.
    """
    from twin.plant import compile_plant
    from twin.schedule.segments import run_end
    from twin.schedule.simulation import Simulation
    from twin.steady.state import started

    if not 0.0 <= at <= run_end(spec):
        raise NoPoint(f"{spec.name} goes from 0 s to {run_end(spec):g} s: there is no {at:g} s in it")
    plant = compile_plant(spec.plant)
    if spec.start == "steady":
        plant = started(plant)
    simulation = Simulation(spec, plant)
    kept = _kept(run, plant, at) if run is not None else None
    if kept is not None:
        simulation.resume(kept)
    if at > 0.0:
        ending = simulation.run(at)
        if ending.outcome.failed:
            raise NoPoint(f"{spec.name} does not come to {at:g} s. {ending}")
    state = simulation.checkpoint().state
    y, p = state["y"], state["p"]
    absent = plant.absent_from(y, p, np.ones(plant.n_y, dtype=bool))
    return Point(plant, y, p, absent, at, absent)


def _kept(run: Any, plant: Any, at: float) -> Any:
    """The last checkpoint of a run before a time, if it fits."""
    from twin.results.checkpoints import driven_by_table, read_checkpoints

    if run.provenance.get("model_fingerprint") != plant.fingerprint:
        return None
    with run.opened() as file:
        kept = read_checkpoints(file) if driven_by_table(file) else []
    before = [one.checkpoint for one in kept if one.time <= at]
    return before[-1] if before else None


def find_point(name: str, at: str | None, settings: list[str]) -> Point:
    """Find the state that `PLANT|SCENARIO|RUN --at TIME|steady` names.

    Without a time it is the steady state of a plant or scenario, and the end of a run.

    Raises
    ------
    ConfigError, FileProblem, NoPoint
    """
    from twin.config import load_scenario
    from twin.steady.report import load
    from twin.units import UnitError, parse_quantity

    if Path(name).suffix in (".h5", ".nc"):
        return _point_of_run(Path(name), at)
    if at in (None, "steady"):
        return steady_point(load(name, settings))
    try:
        time = parse_quantity(str(at), "s")
    except UnitError as error:
        raise NoPoint(f"--at is a time such as 6h, or steady. {error}.") from None
    return point_of_scenario(load_scenario(name, settings), time)


def _point_of_run(path: Path, at: str | None) -> Point:
    from twin.config.reading import read_text
    from twin.config.scenario import build_scenario
    from twin.results.reader import open_run
    from twin.units import parse_quantity

    run = open_run(path)
    spec = build_scenario(read_text(run.resolved_yaml, f"{path} (resolved)"), None, "run")
    if at == "steady":
        return steady_point(spec.plant)
    time = float(run.time[-1]) if at is None else parse_quantity(at, "s")
    return point_of_scenario(replace(spec, until=None), time, run)
