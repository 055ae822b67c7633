"""How pipes run between the symbols of a flowsheet, and the colours of what flows in them."""

from __future__ import annotations

from dataclasses import dataclass

from twin.flowsheet.places import STEP_Y, Edge, Node, Point, Sheet, upright

#: Colour and name in the legend of each type of stream.
STREAMS = {
    "Solution": ("#1f77b4", "solution"),
    "Slurry": ("#0f9fa8", "slurry"),
    "Cake": ("#9c6b30", "wet cake"),
    "Gas": ("#8f9bb3", "gas"),
    "Powder": ("#d98200", "powder"),
    "Granules": ("#b0562c", "granules"),
    "Tablets": ("#9a4fc0", "tablets"),
    "Signal": ("#d1495b", "signal"),
    "": ("#6b7785", "stream"),
}
#: Pixels of a full square: a symbol takes its part of it.
SCALE = {"instrument": 46.0, "feed": 40.0, "product": 40.0, "junction": 60.0}
UNIT = 72.0


@dataclass(frozen=True)
class Pipe:
    """A pipe or wire between two nodes, with the corners on its way."""

    edge: Edge
    source: Node
    target: Node
    bends: list[Point]


def caption(node: Node) -> str:
    """Give what is written at a node: the plant's tag over the name."""
    if node.role == "controller":
        return (node.label or node.name).replace("-", "\n", 1)
    return node.name if node.label in ("", node.name) else f"{node.label}\n{node.name}"


def routed(sheet: Sheet) -> tuple[list[Pipe], set[str]]:
    """Route all pipes and wires of a sheet.

    Returns
    -------
    pipes : list of Pipe
    aside : set of str
        Nodes with a pipe below them: their captions make room for it.
    """
    pipes: list[Pipe] = []
    aside: set[str] = set()
    back = 0
    for edge in sheet.edges:
        source, target = sheet.node(edge.source), sheet.node(edge.target)
        if source is None or target is None:
            continue
        wire = edge.stream == "Signal"
        straight = wire or edge.source == edge.target or _backwards(sheet, source, target)
        bends = [] if straight else route(source, target, back)
        back += target.x < source.x
        corners = [*bends, (target.x, target.y)] if not wire else []
        for node, (x, y) in ((source, corners[0]), (target, ([(source.x, source.y), *bends])[-1])) if corners else ():
            if abs(x - node.x) < 1.0 and y > node.y:
                aside.add(node.name)
        pipes.append(Pipe(edge, source, target, bends))
    return pipes, aside


def _backwards(sheet: Sheet, source: Node, target: Node) -> bool:
    """Whether a pipe can run straight back to a neighbour: nothing between them, nothing the other way."""
    if abs(source.y - target.y) >= 1.0 or target.x >= source.x:
        return False
    between = any(target.x < node.x < source.x and abs(node.y - source.y) < 0.4 * STEP_Y for node in sheet.nodes)
    pipes = [(edge.source, edge.target) for edge in sheet.edges if edge.stream != "Signal"]
    into = [sheet.node(start) for start, end in pipes if end == source.name]
    taken = any(node is not None and node.x < source.x and abs(node.y - source.y) < 1.0 for node in into)
    return not between and not taken and (target.name, source.name) not in pipes


def route(source: Node, target: Node, back: int) -> list[tuple[float, float]]:
    """Corners of a pipe of horizontal and vertical pieces; none when it runs straight.

    Parameters
    ----------
    source, target : Node
    back : int
        How many pipes have run backwards so far: each recycle gets a height of its own.
    """
    if abs(source.y - target.y) < 1.0 and target.x > source.x:
        return []
    if source.role == "feed":
        return [(target.x, source.y)] if abs(source.x - target.x) > 1.0 else []
    if target.role == "product":
        return [(source.x, target.y)] if abs(source.x - target.x) > 1.0 else []
    if upright((source.x, source.y), (target.x, target.y)):
        rise = target.y - source.y
        middle = target.y - 0.5 * max(-0.9 * STEP_Y, min(rise, 0.9 * STEP_Y))
        return [(source.x, middle), (target.x, middle)] if abs(source.x - target.x) > 1.0 else []
    if target.x > source.x:
        middle = 0.5 * (source.x + target.x)
        return [(middle, source.y), (middle, target.y)]
    if target.y > source.y + 0.9 * STEP_Y:  # the next row of a folded plant
        middle = target.y - 0.62 * STEP_Y
        return [
            (source.x + 75.0, source.y),
            (source.x + 75.0, middle),
            (target.x - 75.0, middle),
            (target.x - 75.0, target.y),
        ]
    low = max(source.y, target.y) + 0.55 * STEP_Y + 14.0 * back
    return [(source.x, low), (target.x, low)]


def streams_of(edges: tuple[Edge, ...]) -> list[tuple[str, str]]:
    """Colours and names of the types of streams that a plant has, for the legend."""
    used = {edge.stream if edge.stream in STREAMS else "" for edge in edges}
    return [row for stream, row in STREAMS.items() if stream in used]
