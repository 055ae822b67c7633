"""Draws a flowsheet with Cytoscape: elements, bends of the pipes, and the style sheet of a theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.display import Theme
from dashboard.state import STATES
from twin.flowsheet.places import Node, Sheet
from twin.flowsheet.routes import SCALE, STREAMS, UNIT, Pipe, caption, routed
from twin.flowsheet.symbols import drawing, kinds, size

#: Half the width of what is written under a unit and a controller together, and from where to where it goes down.
ROOM, LABEL = 96.0, (25.0, 110.0)


def elements(sheet: Sheet, selected: str = "", now: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Nodes and routed edges as Cytoscape reads them; all names are text.

    Parameters
    ----------
    sheet : Sheet
    selected : str
        Name of the chosen node.
    now : dict, optional
        Values and states at one instant, as :meth:`dashboard.state.Plantwide.at` gives them.
    """
    units, streams = (now or {}).get("units", {}), (now or {}).get("streams", {})
    numbers = {id(edge): i for i, edge in enumerate(sheet.edges)}
    pipes: list[dict[str, Any]] = []
    drawn, aside = routed(sheet)
    for i, pipe in enumerate(drawn):
        edge, bends = pipe.edge, pipe.bends
        data: dict[str, Any] = {"id": f"e{i}", "source": _node_id(edge.source), "target": _node_id(edge.target)}
        data |= {"caption": edge.text, "stream": edge.stream if edge.stream in STREAMS else ""}
        value, flowing = streams.get(numbers[id(edge)], ("", True))
        data["value"] = value
        if bends:
            weights, distances = relative(pipe.source, pipe.target, bends)
            data |= {"weights": weights, "distances": distances}
        pipes.append(
            {
                "data": data,
                "classes": ("signal" if edge.stream == "Signal" else "pipe")
                + " bent" * bool(bends)
                + _corner(pipe)
                + " upright" * (not bends and abs(pipe.source.x - pipe.target.x) < 1.0)
                + " still" * (not flowing),
            }
        )
    moved, left = beside_labels(sheet.nodes), turning_left(drawn)
    nodes = []
    for node in sheet.nodes:
        state, lines = units.get(node.name, ("", []))
        place = moved.get(node.name, node.x)
        side = "" if node.name not in aside else "aside onright" if node.name in left else "aside"
        nodes.append(_drawn(node, side, node.name == selected, state, lines, place))
    return [*nodes, *pipes]


def beside_labels(nodes: Sequence[Node]) -> dict[str, float]:
    """Where controllers that would stand on what is written under a unit are moved to: name → x."""
    found = {}
    for one in nodes:
        if one.role != "controller":
            continue
        for unit in nodes:
            away = one.x - unit.x
            if unit.role == "unit" and abs(away) < ROOM and LABEL[0] < one.y - unit.y < LABEL[1]:
                found[one.name] = unit.x + (ROOM if away >= 0.0 else -ROOM)
    return found


def _corner(pipe: Pipe) -> str:
    """Class of a pipe with one corner, of a feed or to a product: its value stands on the level piece."""
    if len(pipe.bends) != 1:
        return ""
    return " fromlevel" if abs(pipe.bends[0][1] - pipe.source.y) < 1.0 else " tolevel"


def turning_left(pipes: Sequence[Pipe]) -> set[str]:
    """Nodes whose pipe goes down and then to the left: what is written under them stands on the other side."""
    down = [pipe for pipe in pipes if len(pipe.bends) > 1 and abs(pipe.bends[0][0] - pipe.source.x) < 1.0]
    return {p.source.name for p in down if p.bends[0][1] > p.source.y and p.bends[1][0] < p.source.x - 1.0}


def _drawn(node: Node, side: str, selected: bool, state: str, lines: list[str], x: float) -> dict[str, Any]:
    text = "\n".join([caption(node), *(lines if node.role == "unit" else ())])
    data = {"id": _node_id(node.name), "name": node.name, "caption": text, "kind": node.kind, "state": state}
    classes = f"{node.role} kind-{node.kind}" + f" {side}" * bool(side) + f" is-{state.replace(' ', '-')}" * bool(state)
    return {"data": data, "position": {"x": x, "y": node.y}, "classes": classes, "selected": selected}


def extent(sheet: Sheet) -> tuple[float, float]:
    """Width and height of the drawing, in pixels of an unscaled one."""
    xs, ys = [n.x for n in sheet.nodes] or [0.0], [n.y for n in sheet.nodes] or [0.0]
    return max(xs) - min(xs) + 130.0, max(ys) - min(ys) + 150.0


def _node_id(name: str) -> str:
    return f"n:{name}"


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
        {"selector": ".onright", "style": {"text-halign": "right", "text-justification": "left"}},
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
            "selector": ".pipe",
            "style": {
                "label": "data(value)",
                "color": theme.text,
                "font-size": 10.5,
                "font-family": "system-ui, sans-serif",
                "text-wrap": "wrap",
                "text-background-color": theme.panel,
                "text-background-opacity": 0.9,
                "text-background-padding": 1,
                "text-margin-y": -9,
            },
        },
        # beside the pipe, and on the other side than what is written under the unit above it
        {"selector": ".pipe.upright", "style": {"text-margin-x": 30, "text-margin-y": -24}},
        *(
            {
                "selector": f".pipe.{name}level",
                "style": {
                    "label": "",
                    f"{end}-label": "data(value)",
                    f"{end}-text-offset": 36,
                    f"{end}-text-margin-y": -14,
                },
            }
            for name, end in (("from", "source"), ("to", "target"))
        ),
        {"selector": ".still", "style": {"line-opacity": 0.35, "text-opacity": 0.55}},
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
        *(
            {
                "selector": f".is-{name.replace(' ', '-')}",
                "style": {
                    "background-color": colours[theme.dark],
                    "background-opacity": 0.16 if name in ("running", "idle") else 0.34,
                    "border-width": 1.5,
                    "border-color": colours[theme.dark],
                },
            }
            for name, colours in STATES.items()
        ),
        {
            "selector": "node:selected",
            "style": {
                "border-width": 3.5,
                "border-color": theme.accent,
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
        styles.append({"selector": f".onright.kind-{kind}", "style": {"text-margin-x": 9.0 - 0.5 * width}})
    for stream, (colour, _) in STREAMS.items():
        styles.append(
            {"selector": f'edge[stream = "{stream}"]', "style": {"line-color": colour, "target-arrow-color": colour}}
        )
    return styles
