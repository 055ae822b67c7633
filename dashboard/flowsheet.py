"""Draws a flowsheet with Cytoscape: elements, routes of the pipes, and the style sheet of a theme."""

from __future__ import annotations

from typing import Any

from dashboard.display import Theme
from dashboard.sheet import STEP_Y, Edge, Node, Sheet
from dashboard.symbols import drawing, kinds

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
SIZE = {"unit": 66, "controller": 40, "feed": 30, "product": 30}


def elements(sheet: Sheet) -> list[dict[str, Any]]:
    """Nodes and routed edges as Cytoscape reads them; all names are text."""
    drawn = [
        {
            "data": {"id": _node_id(node.name), "name": node.name, "caption": _caption(node), "kind": node.kind},
            "position": {"x": node.x, "y": node.y},
            "classes": f"{node.role} kind-{node.kind}",
        }
        for node in sheet.nodes
    ]
    back = 0
    for i, edge in enumerate(sheet.edges):
        source, target = sheet.node(edge.source), sheet.node(edge.target)
        if source is None or target is None:
            continue
        back += target.x < source.x
        data: dict[str, Any] = {"id": f"e{i}", "source": _node_id(edge.source), "target": _node_id(edge.target)}
        data |= {"caption": edge.text, "stream": edge.stream if edge.stream in STREAMS else ""}
        bends = [] if edge.stream == "Signal" or edge.source == edge.target else route(source, target, back)
        if bends:
            weights, distances = relative(source, target, bends)
            data |= {"weights": weights, "distances": distances}
        drawn.append({"data": data, "classes": ("signal" if edge.stream == "Signal" else "pipe") + " bent" * bool(bends)})
    return drawn


def _node_id(name: str) -> str:
    return f"n:{name}"


def _caption(node: Node) -> str:
    return node.name if node.label in ("", node.name) else f"{node.label}\n{node.name}"


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
    if abs(source.x - target.x) < 1.0 and abs(source.y - target.y) <= 1.2 * STEP_Y:
        return []
    if source.role == "feed":
        return [(target.x, source.y)]
    if target.role == "product":
        return [(source.x, target.y)]
    if target.x > source.x:
        middle = 0.5 * (source.x + target.x)
        return [(middle, source.y), (middle, target.y)]
    if target.y > source.y + 0.9 * STEP_Y:  # the next row of a folded plant
        middle = target.y - 0.62 * STEP_Y
        return [(source.x + 75.0, source.y), (source.x + 75.0, middle), (target.x - 75.0, middle), (target.x - 75.0, target.y)]
    low = max(source.y, target.y) + 0.55 * STEP_Y + 14.0 * back
    return [(source.x, low), (target.x, low)]


def relative(source: Node, target: Node, bends: list[tuple[float, float]]) -> tuple[str, str]:
    """Corners as Cytoscape's weights along, and distances from, the straight line between two nodes."""
    dx, dy = target.x - source.x, target.y - source.y
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    weights = [((x - source.x) * dx + (y - source.y) * dy) / length**2 for x, y in bends]
    distances = [((y - source.y) * dx - (x - source.x) * dy) / length for x, y in bends]
    return " ".join(f"{w:.5f}" for w in weights), " ".join(f"{d:.3f}" for d in distances)


def stylesheet(theme: Theme, selected: str = "") -> list[dict[str, Any]]:
    """Style sheet of a theme."""
    body = "#ffffff" if not theme.dark else "#2f343b"
    accent = "#bfe3ec" if not theme.dark else "#1b5e6b"
    text = {
        "label": "data(caption)", "color": theme.text, "font-size": 13, "font-family": "system-ui, sans-serif",
        "text-valign": "bottom", "text-margin-y": 6, "text-wrap": "wrap", "line-height": 1.25,
        "text-background-color": theme.panel, "text-background-opacity": 0.85, "text-background-padding": 2,
    }
    styles: list[dict[str, Any]] = [
        {"selector": "node", "style": {
            **text, "shape": "round-rectangle", "background-opacity": 0, "background-fit": "contain", "border-width": 0,
            "overlay-opacity": 0,
        }},
        {"selector": ".unit", "style": {"width": SIZE["unit"], "height": SIZE["unit"]}},
        {"selector": ".controller", "style": {
            "width": SIZE["controller"], "height": SIZE["controller"], "shape": "ellipse", "font-size": 11,
        }},
        {"selector": ".feed, .product", "style": {"width": 34, "height": 34, "font-size": 12, "color": theme.muted}},
        {"selector": "edge", "style": {
            "width": 2.5, "target-arrow-shape": "triangle", "arrow-scale": 1.0, "curve-style": "straight",
            "edge-distances": "node-position", "overlay-opacity": 0,
        }},
        {"selector": ".bent", "style": {
            "curve-style": "segments", "segment-weights": "data(weights)", "segment-distances": "data(distances)",
        }},
        {"selector": ".signal", "style": {
            "width": 1.3, "line-style": "dashed", "curve-style": "straight", "arrow-scale": 0.8,
        }},
        {"selector": "node:selected", "style": {
            "border-width": 2, "border-color": theme.accent, "background-color": theme.accent, "background-opacity": 0.12,
        }},
    ]
    for kind in kinds():
        styles.append({"selector": f".kind-{kind}", "style": {"background-image": drawing(kind, theme.line, body, accent)}})
    for stream, (colour, _) in STREAMS.items():
        styles.append({"selector": f'edge[stream = "{stream}"]', "style": {"line-color": colour, "target-arrow-color": colour}})
    return styles


def streams_of(edges: tuple[Edge, ...]) -> list[tuple[str, str]]:
    """Colours and names of the types of streams that a plant has, for the legend."""
    used = {edge.stream if edge.stream in STREAMS else "" for edge in edges}
    return [row for stream, row in STREAMS.items() if stream in used]
