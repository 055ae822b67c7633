"""The flowsheet as a graph: read from a configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twin.flowsheet.places import Edge, Node, Sheet, place
from twin.flowsheet.symbols import kind_of

#: Most units that are drawn; a file with more is shown as tables.
MOST_UNITS = 400


#: (model, port) -> type of stream, "" when not known.
StreamOf = Callable[[str, str], str]


def read_sheet(plant: Mapping[str, Any], stream_of: StreamOf) -> Sheet:
    """Read the graph of a plant's configuration (its YAML as plain dicts) and place it."""
    nodes: dict[str, Node] = {}
    given: dict[str, tuple[float, float]] = {}
    for role, key in (("unit", "units"), ("controller", "controllers")):
        for name, unit in list(_mapping(plant.get(key)).items())[:MOST_UNITS]:
            model = str(_mapping(unit).get("model", ""))
            full = f"twin.control.{model}" if role == "controller" and "." not in model else model
            kind = "instrument" if role == "controller" else kind_of(full)
            nodes[name] = Node(name, str(_mapping(unit).get("label", "")), role, kind, full)
            spot = _mapping(unit).get("position")
            if isinstance(spot, list) and len(spot) == 2 and all(isinstance(v, (int, float)) for v in spot):
                given[name] = (float(spot[0]), float(spot[1]))
    for name in _mapping(plant.get("feeds")):
        nodes.setdefault(name, Node(name, "", "feed", "feed"))
    for name in _items(plant.get("products")):
        nodes.setdefault(name, Node(name, "", "product", "product"))
    edges = [*_pipes(plant, nodes, stream_of), *_wires(plant, nodes)]
    places = place(nodes, edges, given)
    return Sheet(tuple(replace(n, x=places[n.name][0], y=places[n.name][1]) for n in nodes.values()), tuple(edges))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _pipes(plant: Mapping[str, Any], nodes: dict[str, Node], stream_of: StreamOf) -> list[Edge]:
    edges = []
    for text in _items(plant.get("connections")):
        left, _, right = (part.strip() for part in text.partition("->"))
        (source, _, outlet), (target, _, inlet) = left.partition("."), right.partition(".")
        if source in nodes and target in nodes:
            stream = stream_of(nodes[source].model, outlet) or stream_of(nodes[target].model, inlet)
            edges.append(Edge(source, target, text, stream))
    return edges


def _wires(plant: Mapping[str, Any], nodes: dict[str, Node]) -> list[Edge]:
    pairs = [tuple(part.strip() for part in text.split("->")) for text in _items(plant.get("signals"))]
    for name, controller in _mapping(plant.get("controllers")).items():
        measured, moved = _mapping(controller).get("measurement"), _mapping(controller).get("output")
        pairs += [(str(measured), f"{name}.measurement"), (f"{name}.output", str(moved))]
    edges = []
    for pair in pairs:
        ends = [end.partition(".")[0] for end in pair]
        if len(pair) == 2 and all(end in nodes for end in ends):
            edges.append(Edge(ends[0], ends[1], " -> ".join(pair), "Signal"))
    return edges
