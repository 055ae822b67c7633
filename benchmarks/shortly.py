"""Shipped plants at a short horizon: what work-precision diagrams, operation counts and rivals run.

Of each plant a scenario, as shipped with its events, controllers and refills, and how far it is run: long enough for
its start-up or first cycle, short enough for many runs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time
from typing import Any

import numpy as np

from twin.config import load_scenario
from twin.config.spec import ScenarioSpec
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation

HOUR = 3600.0
#: Plant -> scenario, seconds of plant time, seconds between samples.
PLANTS: dict[str, tuple[str, float, float]] = {
    "two_tanks": ("two_tanks", 1200.0, 60.0),
    "cadet_crystallizer": ("cadet_secondary", 5 * HOUR, 600.0),
    "cadet_tube": ("cadet_tube_startup", 600.0, 30.0),
    "dyssol_granulation": ("dyssol_granulation", 3500.0, 100.0),
    "paracetamol_tablets": ("paracetamol_smooth", 6 * HOUR, 600.0),
    "paracetamol_recycle": ("paracetamol_recycle_day", 4 * HOUR, 600.0),
    "paracetamol_batch": ("paracetamol_batch", 4 * HOUR, 600.0),
    "integrated_two_step": ("two_step_day", 6 * HOUR, 600.0),
    "pharmapy_demo": ("pharmapy_demo_batch", 4 * HOUR, 600.0),
    "direct_compression": ("direct_compression_refill", 0.5 * HOUR, 60.0),
    "wet_granulation": ("wet_granulation_day", 0.25 * HOUR, 60.0),
    "dry_granulation": ("dry_granulation_day", 0.25 * HOUR, 60.0),
    "tablet_press": ("tablet_press_force_control", 2.5 * HOUR, 300.0),
    "filter_dryer_carousel": ("carousel_normal", 0.25 * HOUR, 60.0),
}


@dataclasses.dataclass
class Short:
    """A plant, compiled, with the scenario that is run.

    Attributes
    ----------
    name : str
        Of the plant.
    scenario : ScenarioSpec
        Cut to its horizon.
    plant : Plant
        Compiled.
    """

    name: str
    scenario: ScenarioSpec
    plant: Any


def short(name: str, part: float = 1.0) -> Short:
    """Load and compile a plant; `part` of its horizon is run."""
    told, end, every = PLANTS[name]
    scenario = load_scenario(told)
    scenario = dataclasses.replace(scenario, until=part * end, record_every=part * every)
    return Short(name, scenario, compile_plant(scenario.plant))


@dataclasses.dataclass
class Ran:
    """One integration.

    Attributes
    ----------
    samples : array [instants, states]
        States at the instants of the scenario's `record_every`.
    counts : dict
        The integrator's counts.
    seconds : float
        Processor time of this process, set-up and compiling excluded.
    """

    samples: np.ndarray
    counts: dict[str, int]
    seconds: float


class Slow(RuntimeError):
    """A run that was stopped because it took too long."""


def simulate(made: Short, method: str, rtol: float | None = None, limit: float = math.inf) -> Ran:
    """Run once.

    Raises
    ------
    Slow
        After `limit` seconds of the clock.
    RuntimeError
        With the integrator's sentence, when it does not reach the end.
    """
    tolerance = made.scenario.rtol if rtol is None else rtol
    scenario = dataclasses.replace(made.scenario, method=method, rtol=tolerance)
    blocks: list[np.ndarray] = []
    simulation = Simulation(scenario, made.plant, samples=lambda block: blocks.append(block.y.copy()))
    patience = threading.Timer(min(limit, threading.TIMEOUT_MAX), simulation.interrupt)
    patience.daemon = True
    patience.start()
    began = time.process_time()
    try:
        ending = simulation.run()
    finally:
        patience.cancel()
    seconds = time.process_time() - began
    if ending.outcome.name == "INTERRUPTED":
        raise Slow(f"over {limit:g} s")
    if ending.outcome.name != "FINISHED":
        raise RuntimeError(f"{made.name} by {method} at rtol {tolerance:g}: {ending}")
    return Ran(np.concatenate(blocks), dict(simulation.statistics), seconds)


def warm(made: Short, method: str) -> None:
    """Load and compile what a method needs, up to the first sample, so that none of it is in its first time."""
    scenario = dataclasses.replace(made.scenario, until=made.scenario.record_every)
    # one that gives up so early says so when its time is asked for
    with contextlib.suppress(RuntimeError):
        simulate(dataclasses.replace(made, scenario=scenario), method, limit=60.0)


def errors(made: Short, ran: Ran, reference: Ran) -> dict[str, float]:
    """Median over instants, and greatest, of the worst state's |y - ref| / (|ref| + nominal)."""
    worst = np.max(np.abs(ran.samples - reference.samples) / (np.abs(reference.samples) + made.plant.nominal), axis=1)
    return {"error_median": float(np.median(worst)), "error_max": float(np.max(worst))}
