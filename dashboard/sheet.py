"""The flowsheet as a graph: read from the configuration inside a run file, and given places.

Units stand where `position:` puts them; a plant without positions is layered along its longest
path, recycles left out, and folded into rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard.symbols import kind_of

#: Distance between neighbours, in pixels of an unscaled drawing.
STEP_X, STEP_Y = 170.0, 150.0
#: Layers in a row before a long plant is folded.
ROW = 7
#: Most units that are drawn; a file with more is shown as tables.
MOST_UNITS = 400


@dataclass(frozen=True)
class Node:
    """A unit, controller, feed or product, and where it stands."""

    name: str
    label: str
    role: str  #: "unit", "controller", "feed" or "product"
    kind: str  #: what its symbol shows
    model: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Edge:
    """A pipe or a signal's wire between two nodes."""

    source: str
    target: str
    text: str  #: as written in the plant's file
    stream: str  #: type of stream: "Slurry", "Signal"; "" when not known


@dataclass(frozen=True)
class Sheet:
    """A drawn plant."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, name: str) -> Node | None:
        """Give a node by its name, or None."""
        return next((node for node in self.nodes if node.name == name), None)


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
            place = _mapping(unit).get("position")
            if isinstance(place, list) and len(place) == 2 and all(isinstance(v, (int, float)) for v in place):
                given[name] = (float(place[0]), float(place[1]))
    for name in _mapping(plant.get("feeds")):
        nodes.setdefault(name, Node(name, "", "feed", "feed"))
    for name in _items(plant.get("products")):
        nodes.setdefault(name, Node(name, "", "product", "product"))
    edges = [*_pipes(plant, nodes, stream_of), *_wires(plant, nodes)]
    pipes = [edge for edge in edges if edge.stream != "Signal"]
    places = _scaled(given) if len(given) == sum(n.role == "unit" for n in nodes.values()) else _layered(nodes, pipes)
    for node in nodes.values():
        if node.role == "unit" and node.name not in places:
            places[node.name] = (0.0, STEP_Y * len(places))
    for node in nodes.values():
        if node.name not in places:
            places[node.name] = _beside(node, edges, places)
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


def _scaled(given: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Spread positions so that the closest neighbours stand one step apart."""
    points = list(given.values())
    gaps = [max(abs(a[0] - b[0]) / STEP_X, abs(a[1] - b[1]) / STEP_Y) for i, a in enumerate(points) for b in points[:i]]
    closest = min((gap for gap in gaps if gap > 0.0), default=1.0)
    return {name: (x / closest, y / closest) for name, (x, y) in given.items()}


def _layered(nodes: dict[str, Node], pipes: list[Edge]) -> dict[str, tuple[float, float]]:
    units = [name for name, node in nodes.items() if node.role == "unit"]
    after: dict[str, list[str]] = {name: [] for name in units}
    for edge in pipes:
        if edge.source in after and edge.target in after and edge.source != edge.target:
            after[edge.source].append(edge.target)
    layer = _longest_paths(units, after)
    taken: dict[int, int] = {}
    places = {}
    for name in units:  # the first unit of a layer stands on the main line, others below it
        lane = taken.get(layer[name], 0)
        taken[layer[name]] = lane + 1
        places[name] = (layer[name], lane)
    lanes = max(taken.values(), default=1)
    return {
        name: (STEP_X * (column % ROW), STEP_Y * (lane + (column // ROW) * (lanes + 0.6)))
        for name, (column, lane) in places.items()
    }


def _longest_paths(units: list[str], after: dict[str, list[str]]) -> dict[str, int]:
    """Layer of every unit: longest path from a start, without the pipes that close a circle."""
    order: list[str] = []
    state: dict[str, int] = {}  # 1 while on the path, 2 when done
    forward: dict[str, list[str]] = {name: [] for name in units}
    for start in units:
        stack = [(start, iter(after[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            name, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                state[name] = 2
                order.append(name)
                stack.pop()
            elif state.get(target) != 1:
                forward[name].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after[target])))
    layer = dict.fromkeys(units, 0)
    for name in reversed(order):
        for target in forward[name]:
            layer[target] = max(layer[target], layer[name] + 1)
    return layer


#: Places tried around a unit, in steps, in this order.
_AROUND = {
    "feed": ((-1, 0), (-0.55, -0.75), (0.55, -0.75), (-0.55, 0.75), (0, -1), (0.55, 0.75), (-1, -1), (-1, 1), (1, -1)),
    "product": ((1, 0), (0.55, 0.75), (0.55, -0.75), (-0.55, 0.75), (0, 1), (1, 1), (1, -1), (-1, 1), (-1, -1)),
    "controller": ((0.5, -0.6), (-0.5, -0.6), (0.5, 0.6), (-0.5, 0.6), (0, -0.8), (0, 0.8), (1, -0.8), (-1, -0.8)),
}


def _beside(node: Node, edges: list[Edge], places: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Find a free place beside what a feed, product or controller is connected to."""
    wired = [e.source if e.target == node.name else e.target for e in edges if node.name in (e.source, e.target)]
    anchors = [places[name] for name in reversed(wired) if name in places] or [(0.0, 0.0)]
    x, y = anchors[0]  # of a controller: what it moves
    for ring in range(1, 12):
        for dx, dy in _AROUND[node.role]:
            place = (x + dx * ring * STEP_X, y + dy * ring * STEP_Y)
            if all(abs(place[0] - a) > 0.44 * STEP_X or abs(place[1] - b) > 0.44 * STEP_Y for a, b in places.values()):
                return place
    return x, y + 12 * STEP_Y
