"""Other numbers for a compiled plant: what differs between two specifications of the same units and connections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.spec import PlantSpec
from twin.plant.nodes import Node, build_nodes
from twin.plant.placement import Placement

if TYPE_CHECKING:
    from twin.plant.compile import Plant


class _Again(Placement):
    """Places as they are; only the values of some units are put there anew."""

    def __init__(self, plant: Plant, spec: PlantSpec) -> None:
        self.spec = spec
        self.p0, self.y0, self.nominal = plant.p0.copy(), plant.y0.copy(), plant.nominal.copy()
        self.parameters, self.dim_sizes = {}, dict(plant.dim_sizes)

    def unit(self, node: Node) -> None:
        """Put a unit's parameters, initial state and scales into their places."""
        self._values(node)

    def put(self, plant: Plant, path: str, value: Any) -> None:
        """Put a feed's value, or that of a signal, into its place."""
        first, _, shape, _ = plant.parameters[path]
        count = int(np.prod(shape))
        self.p0[first : first + count] = np.broadcast_to(np.asarray(value, dtype=float), shape).ravel()


def renumbered(plant: Plant, spec: PlantSpec) -> Plant:
    """Give a compiled plant with the numbers of another specification.

    Parameters
    ----------
    plant : Plant
    spec : PlantSpec
        Made from `plant.spec` by `dataclasses.replace`: units, models, dimensions and connections are the same.

    Returns
    -------
    Plant
        As :func:`twin.plant.compile_plant` would give it, compiled parts shared.

    Raises
    ------
    TwinError
        When an initial state cannot be made of the numbers.
    """
    again = _Again(plant, spec)
    compiled = {node.name: node for node in plant.nodes}
    before = {unit.name: unit for unit in plant.spec.units}
    for node in build_nodes(spec):
        old = compiled[node.name]
        if node.role == "unit" and node.spec is before[node.name]:
            continue
        node.layout = old.layout
        again.unit(node)
    for unit in spec.units:
        if unit.signals is not before[unit.name].signals:
            for name, signal in unit.signals.items():
                again.put(plant, f"{unit.name}.{name}", signal)
    feeds = {feed.name: feed for feed in plant.spec.feeds}
    for feed in spec.feeds:
        if feed is not feeds[feed.name]:
            for name, value in feed.values.items():
                again.put(plant, f"{feed.name}.{name}", value)
    return replace(plant, spec=spec, y0=again.y0, p0=again.p0, nominal=again.nominal)
