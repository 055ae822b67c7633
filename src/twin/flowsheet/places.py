"""Where the units of a flowsheet stand.

Units stand where `position:` puts them; a plant without positions is layered along its longest
path, recycles left out, and folded into rows. Feeds, products and controllers find free places
beside what they are connected to.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Distance between neighbours, in pixels of an unscaled drawing.
STEP_X, STEP_Y = 170.0, 150.0
#: Layers in a row before a long plant is folded.
ROW = 7

Point = tuple[float, float]


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


def place(nodes: dict[str, Node], edges: list[Edge], given: dict[str, Point]) -> dict[str, Point]:
    """Give every node a place.

    Parameters
    ----------
    nodes : dict
        By name; their own places are not read.
    edges : list of Edge
    given : dict
        Positions from the configuration; used when every unit has one.
    """
    units = [name for name, node in nodes.items() if node.role == "unit"]
    pipes = [edge for edge in edges if edge.stream != "Signal"]
    places = _scaled(given) if all(name in given for name in units) else _layered(units, pipes)
    for role in ("feed", "product", "controller"):
        for node in nodes.values():
            if node.role == role:
                places.setdefault(node.name, _beside(node, edges, places))
    return places


def _scaled(given: dict[str, Point]) -> dict[str, Point]:
    """Spread positions so that the closest neighbours stand one step apart."""
    points = list(given.values())
    gaps = [max(abs(a[0] - b[0]) / STEP_X, abs(a[1] - b[1]) / STEP_Y) for i, a in enumerate(points) for b in points[:i]]
    closest = min((gap for gap in gaps if gap > 0.0), default=1.0)
    return {name: (x / closest, y / closest) for name, (x, y) in given.items()}


def _layered(units: list[str], pipes: list[Edge]) -> dict[str, Point]:
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
_AROUND: dict[str, tuple[Point, ...]] = {
    "feed": ((-1, 0), (-0.5, -0.8), (0.5, -0.8), (-0.5, 0.8), (0.5, 0.8), (-1, -0.8), (-1, 0.8), (1, -0.8), (1, 0.8)),
    "product": ((1, 0), (0.5, 0.8), (-0.5, 0.8), (0.5, -0.8), (-0.5, -0.8), (1, 0.8), (1, -0.8), (-1, 0.8), (-1, -0.8)),
    "controller": (
        (0, -0.72),
        (0.4, -0.62),
        (-0.4, -0.62),
        (0.4, 0.62),
        (-0.4, 0.62),
        (0, -1.1),
        (0.8, -0.9),
        (-0.8, -0.9),
    ),
}


#: How far out places are tried, in those steps.
_RINGS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def upright(source: Point, target: Point) -> bool:
    """Whether a pipe leaves at the bottom or top rather than at the side."""
    return abs(source[0] - target[0]) < 0.7 * STEP_X and abs(source[1] - target[1]) > 0.5 * STEP_Y


def _beside(node: Node, edges: list[Edge], places: dict[str, Point]) -> Point:
    """Find a free place beside what a feed, product or controller is connected to."""
    wired = [e for e in edges if node.name in (e.source, e.target)]
    ends = [e.source if e.target == node.name else e.target for e in wired]
    anchors = [places[name] for name in ends if name in places] or [(0.0, 0.0)]
    x, y = sum(a for a, _ in anchors) / len(anchors), min(b for _, b in anchors)
    taken = set() if len(set(anchors)) > 1 else _sides(ends[0], edges, places)
    up = -1.0 if any(e.stream == "Gas" for e in wired) else 1.0  # gases enter below and leave above
    for rings, sides, level in (((1.0, 1.5, 2.0), taken, True), ((1.0, 1.5), set(), True), (_RINGS, taken, False)):
        for ring in rings:
            for dx, dy in _AROUND[node.role]:
                side = (up * dy > 0) - (up * dy < 0)
                if side in sides and (node.role != "controller" or dx == 0):
                    continue
                spot = (x + dx * ring * STEP_X, y + up * dy * ring * STEP_Y)
                hidden = level and dy == 0 and len(set(anchors)) == 1 and _between(spot, anchors[0], places)
                if not hidden and _free(spot, node, edges, places):
                    return spot
    return x, y + 12 * STEP_Y


def _free(spot: Point, node: Node, edges: list[Edge], places: dict[str, Point]) -> bool:
    """Whether nothing stands at a place, no level pipe runs through it, and a controller covers no caption."""
    for a, b in places.values():
        if abs(spot[0] - a) <= 0.4 * STEP_X and abs(spot[1] - b) <= 0.4 * STEP_Y:
            return False
        if node.role == "controller" and abs(spot[0] - a) < 0.35 * STEP_X and 0.0 < spot[1] - b < 0.6 * STEP_Y:
            return False
    return not _on_a_pipe(spot, edges, places)


def _between(spot: Point, anchor: Point, places: dict[str, Point]) -> bool:
    """Whether something stands on the straight way from a place to a unit on the same level."""
    low, high = sorted((spot[0], anchor[0]))
    return any(low + 1.0 < x < high - 1.0 and abs(y - anchor[1]) < 0.4 * STEP_Y for x, y in places.values())


def _on_a_pipe(spot: Point, edges: list[Edge], places: dict[str, Point]) -> bool:
    """Whether a straight level pipe runs through a place."""
    for edge in edges:
        if edge.stream != "Signal" and edge.source in places and edge.target in places:
            (x0, y0), (x1, y1) = places[edge.source], places[edge.target]
            if abs(y0 - y1) < 1.0 and abs(spot[1] - y0) < 0.2 * STEP_Y and min(x0, x1) < spot[0] < max(x0, x1):
                return True
    return False


def _sides(unit: str, edges: list[Edge], places: dict[str, Point]) -> set[int]:
    """Sides of a unit where pipes already stand: -1 above, 1 below."""
    found = set()
    for edge in edges:
        if edge.stream != "Signal" and unit in (edge.source, edge.target):
            other = edge.source if edge.target == unit else edge.target
            if unit in places and other in places and upright(places[unit], places[other]):
                found.add(1 if places[other][1] > places[unit][1] else -1)
    return found
