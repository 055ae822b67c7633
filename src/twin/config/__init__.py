"""YAML into frozen, validated specifications in SI; every problem of a file together, with its place.

    plant = load_plant("two_tanks")                       # or a path; overrides: {"first.tau": "30 s"}
    scenario = load_scenario("two_tanks", set=["first.tau=30 s"])
    for problem in check(path): print(problem)

Importing this reads no model and no YAML; loading imports the models' files but compiles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import ConfigError, Problem

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec, ScenarioSpec

__all__ = ["ConfigError", "Problem", "check", "load_plant", "load_scenario", "resolved_yaml"]


def load_plant(path: str | Path, overrides: Mapping[str, Any] | Sequence[str] = ()) -> PlantSpec:
    """Load a plant by path or by its name in plant_configs. See `twin.config.plant.load_plant`."""
    from twin.config import plant

    return plant.load_plant(path, overrides)


def load_scenario(
    path: str | Path, set: Mapping[str, Any] | Sequence[str] = (), until: str | float | None = None
) -> ScenarioSpec:
    """Load a scenario by path or by its name in scenarios. See `twin.config.scenario.load_scenario`."""
    from twin.config import scenario

    return scenario.load_scenario(path, set, until)


def check(path: str | Path) -> list[Problem]:
    """Give every problem of a plant's or scenario's file; an empty list means that it can be run."""
    from twin.config import scenario

    return scenario.check(path)


def resolved_yaml(scenario: ScenarioSpec) -> str:
    """Write a scenario with its plant and every default explicit, in SI: loading it gives the same bits."""
    from twin.config import resolved

    return resolved.resolved_yaml(scenario)
