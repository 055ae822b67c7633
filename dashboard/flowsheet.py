"""Draws a flowsheet with Cytoscape: elements, routes of the pipes, and the style sheet of a theme."""

from __future__ import annotations

from typing import Any

from dashboard.display import Theme
from dashboard.places import STEP_Y, Edge, Node, Sheet, upright
from dashboard.symbols import drawing, kinds, size

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


def elements(sheet: Sheet, selected: str = "") -> list[dict[str, Any]]:
    """Nodes and routed edges as Cytoscape reads them; all names are text."""
    pipes: list[dict[str, Any]] = []
    aside: set[str] = set()  # units with a pipe below them: the label makes room
    back = 0
    for i, edge in enumerate(sheet.edges):
        source, target = sheet.node(edge.source), sheet.node(edge.target)
        if source is None or target is None:
            continue
        data: dict[str, Any] = {"id": f"e{i}", "source": _node_id(edge.source), "target": _node_id(edge.target)}
        data |= {"caption": edge.text, "stream": edge.stream if edge.stream in STREAMS else ""}
        bends = [] if edge.stream == "Signal" or edge.source == edge.target else route(source, target, back)
        back += target.x < source.x
        if bends:
            weights, distances = relative(source, target, bends)
            data |= {"weights": weights, "distances": distances}
        corners = [*bends, (target.x, target.y)] if edge.stream != "Signal" else []
        for node, (x, y) in ((source, corners[0]), (target, ([(source.x, source.y), *bends])[-1])) if corners else ():
            if abs(x - node.x) < 1.0 and y > node.y:
                aside.add(node.name)
        pipes.append(
            {"data": data, "classes": ("signal" if edge.stream == "Signal" else "pipe") + " bent" * bool(bends)}
        )
    return [*(_drawn(node, node.name in aside, node.name == selected) for node in sheet.nodes), *pipes]


def _drawn(node: Node, aside: bool, selected: bool) -> dict[str, Any]:
    data = {"id": _node_id(node.name), "name": node.name, "caption": _caption(node), "kind": node.kind}
    classes = f"{node.role} kind-{node.kind}" + " aside" * aside
    return {"data": data, "position": {"x": node.x, "y": node.y}, "classes": classes, "selected": selected}


def extent(sheet: Sheet) -> tuple[float, float]:
    """Width and height of the drawing, in pixels of an unscaled one."""
    xs, ys = [n.x for n in sheet.nodes] or [0.0], [n.y for n in sheet.nodes] or [0.0]
    return max(xs) - min(xs) + 130.0, max(ys) - min(ys) + 150.0


def _node_id(name: str) -> str:
    return f"n:{name}"


def _caption(node: Node) -> str:
    if node.role == "controller":
        return (node.label or node.name).replace("-", "\n", 1)
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
    if source.role == "feed":
        return [(target.x, source.y)] if abs(source.x - target.x) > 1.0 else []
    if target.role == "product":
        return [(source.x, target.y)] if abs(source.x - target.x) > 1.0 else []
    if upright((source.x, source.y), (target.x, target.y)) and target.y > source.y:
        middle = target.y - 0.5 * min(target.y - source.y, 0.9 * STEP_Y)
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


def relative(source: Node, target: Node, bends: list[tuple[float, float]]) -> tuple[str, str]:
    """Corners as Cytoscape's weights along, and distances from, the straight line between two nodes."""
    dx, dy = target.x - source.x, target.y - source.y
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    weights = [((x - source.x) * dx + (y - source.y) * dy) / length**2 for x, y in bends]
    distances = [((y - source.y) * dx - (x - source.x) * dy) / length for x, y in bends]
    return " ".join(f"{w:.5f}" for w in weights), " ".join(f"{d:.3f}" for d in distances)


def stylesheet(theme: Theme) -> list[dict[str, Any]]:
    """Style sheet of a theme."""
    body = "#ffffff" if not theme.dark else "#2f343b"
    accent = "#bfe3ec" if not theme.dark else "#1b5e6b"
    text = {
        "label": "data(caption)",
        "color": theme.text,
        "font-size": 13,
        "font-family": "system-ui, sans-serif",
        "text-valign": "bottom",
        "text-margin-y": 6,
        "text-wrap": "wrap",
        "line-height": 1.25,
        "text-background-color": theme.panel,
        "text-background-opacity": 0.85,
        "text-background-padding": 2,
    }
    styles: list[dict[str, Any]] = [
        {
            "selector": "node",
            "style": {
                **text,
                "shape": "round-rectangle",
                "background-opacity": 0,
                "background-fit": "contain",
                "border-width": 0,
                "overlay-opacity": 0,
            },
        },
        {"selector": ".aside", "style": {"text-halign": "left", "text-justification": "right"}},
        {
            "selector": ".controller",
            "style": {
                "shape": "ellipse",
                "font-size": 11,
                "font-weight": 600,
                "text-valign": "center",
                "text-margin-y": 0,
                "line-height": 1.05,
                "text-background-opacity": 0,
            },
        },
        {"selector": ".feed, .product", "style": {"color": theme.muted}},
        {
            "selector": "edge",
            "style": {
                "width": 2.5,
                "target-arrow-shape": "triangle",
                "arrow-scale": 1.0,
                "curve-style": "straight",
                "edge-distances": "node-position",
                "overlay-opacity": 0,
            },
        },
        {
            "selector": ".bent",
            "style": {
                "curve-style": "segments",
                "segment-weights": "data(weights)",
                "segment-distances": "data(distances)",
            },
        },
        {
            "selector": ".signal",
            "style": {
                "width": 1.3,
                "line-style": "dashed",
                "curve-style": "bezier",
                "control-point-step-size": 26,
                "arrow-scale": 0.8,
            },
        },
        {
            "selector": "node:selected",
            "style": {
                "border-width": 2,
                "border-color": theme.accent,
                "background-color": theme.accent,
                "background-opacity": 0.12,
            },
        },
    ]
    for kind in kinds():
        width, height = (part * SCALE.get(kind, UNIT) for part in size(kind))
        image = drawing(kind, theme.line, body, accent)
        styles.append(
            {"selector": f".kind-{kind}", "style": {"background-image": image, "width": width, "height": height}}
        )
        styles.append({"selector": f".aside.kind-{kind}", "style": {"text-margin-x": 0.5 * width - 9.0}})
    for stream, (colour, _) in STREAMS.items():
        styles.append(
            {"selector": f'edge[stream = "{stream}"]', "style": {"line-color": colour, "target-arrow-color": colour}}
        )
    return styles


def streams_of(edges: tuple[Edge, ...]) -> list[tuple[str, str]]:
    """Colours and names of the types of streams that a plant has, for the legend."""
    used = {edge.stream if edge.stream in STREAMS else "" for edge in edges}
    return [row for stream, row in STREAMS.items() if stream in used]
