"""The units of a plant and its boundaries, with what each inlet is fed from. Compiles nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.spec import PlantSpec, UnitSpec
from twin.errors import TwinError
from twin.plant.model import Model, Port, load_model
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.plant.adapter import Entry
    from twin.plant.layout import UnitLayout
    from twin.plant.structure import Dependence


@dataclass
class Node:
    """A unit of the plant, or one of its boundaries, being compiled."""

    name: str
    model: Model
    sizes: dict[str, int]
    params: dict[str, Any]
    spec: UnitSpec | None = None
    role: str = "unit"  # "unit", "feed" or "product"
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)  # inlet -> (node, outlet or measurement)
    layout: UnitLayout = None  # type: ignore[assignment]
    entry: Entry = None  # type: ignore[assignment]
    dependence: Dependence = None  # type: ignore[assignment]
    needed: tuple[str, ...] = ()  # integrals that the rates use
    wired: set[str] = field(default_factory=set)  # measurements used as signals


def build_nodes(spec: PlantSpec) -> list[Node]:
    """Units in YAML order, then one boundary for each feed and product."""
    plant_sizes = {**spec.dims, "fluids": len(spec.fluids), "solids": len(spec.solids)}
    nodes = []
    for unit in spec.units:
        model = load_model(unit.model)
        nodes.append(Node(unit.name, model, {**plant_sizes, **model.dims, **unit.dims}, dict(unit.params), unit))
    by_name = {node.name: node for node in nodes}
    for connection in (*spec.connections, *spec.signals):
        source, target = connection.source.split("."), connection.target.split(".")
        by_name[target[0]].sources[target[1]] = (source[0], source[1])
        if source[1] not in by_name[source[0]].model.outlets:
            by_name[source[0]].wired.add(source[1])
    for feed in spec.feeds:
        target = feed.target.split(".")
        node = _boundary(
            spec, feed.name, "feed", by_name[target[0]].model.inlets[target[1]], by_name[target[0]], plant_sizes
        )
        node.sources["stream"] = ("", feed.name)
        by_name[target[0]].sources[target[1]] = ("", feed.name)
        nodes.append(node)
    for product in spec.products:
        source = product.source.split(".")
        node = _boundary(
            spec, product.name, "product", by_name[source[0]].model.outlets[source[1]], by_name[source[0]], plant_sizes
        )
        node.sources["stream"] = (source[0], source[1])
        nodes.append(node)
    return nodes


def _boundary(spec: PlantSpec, name: str, role: str, port: Port, neighbour: Node, sizes: dict[str, int]) -> Node:
    stream = port.stream
    package = stream.__module__.split(".")[0]
    model = load_model(f"{package}.boundary.{stream.__name__.lower()}")
    params: dict[str, Any] = {}
    for f in fields(model.Params):
        if f.component is not None:
            names = spec.fluids if f.dims == ("fluids",) else spec.solids
            params[f.name] = np.array([spec.components[c][f.component] for c in names])
        elif f.name in neighbour.params:
            params[f.name] = neighbour.params[f.name]
        elif f.grid is not None:
            params[f.name] = spec.grids[f.grid]
        elif f.has_default:
            params[f.name] = f.default
        else:
            raise TwinError(
                f"{name}: the boundary of a {stream.__name__} needs '{f.name}', which {neighbour.name} does not have"
            )
    return Node(name, model, {**sizes, **model.dims}, params, role=role)
