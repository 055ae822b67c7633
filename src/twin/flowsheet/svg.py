"""A flowsheet as a picture of its own: SVG for documentation, the same bytes for the same plant."""

from __future__ import annotations

from html import escape

from twin.flowsheet.places import Node, Point, Sheet
from twin.flowsheet.routes import SCALE, STREAMS, UNIT, Pipe, caption, routed, streams_of
from twin.flowsheet.symbols import box, shape

#: Colours: paper, lines, bodies of symbols, what is inside them, text.
PAPER, LINE, BODY, ACCENT, TEXT = "#ffffff", "#39424e", "#ffffff", "#bfe3ec", "#1f2933"
#: Room around the drawing and height of a line of text [pixels].
MARGIN, LINE_HEIGHT = 70.0, 15.0
#: Pixels between a pipe's end and the symbol, for the arrow's tip.
GAP = 2.0
#: Width of a letter of captions, as a part of their size: for the room that they take, not their place.
LETTER = 0.58


def draw(sheet: Sheet, title: str) -> str:
    """Draw a placed flowsheet.

    Parameters
    ----------
    sheet : Sheet
    title : str
        Read out to those who do not see the picture.

    Returns
    -------
    str
        An SVG document.
    """
    pipes, aside = routed(sheet)
    legend = streams_of(sheet.edges)
    left, top, right, bottom = _extent(sheet, pipes)
    width, height = right - left, bottom - top + 30.0
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" role="img" '
        'font-family="Helvetica, Arial, sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>',
        "<defs>",
        *(_arrow(i, colour) for i, (colour, _) in enumerate(STREAMS.values())),
        "</defs>",
        *(_line(pipe) for pipe in sorted(pipes, key=lambda pipe: pipe.edge.stream != "Signal")),
        *(_symbol(node) for node in sheet.nodes),
        *(_text(node, node.name in aside) for node in sheet.nodes),
        *_legend(legend, left + 20.0, bottom + 10.0),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _half(node: Node) -> Point:
    """Half the width and height of a node's symbol."""
    _, _, width, height = box(node.kind)
    scale = SCALE.get(node.kind, UNIT) / 200.0
    return width * scale, height * scale


def _extent(sheet: Sheet, pipes: list[Pipe]) -> tuple[float, float, float, float]:
    points = [*((node.x, node.y) for node in sheet.nodes), *(bend for pipe in pipes for bend in pipe.bends)]
    xs, ys = zip(*(points or [(0.0, 0.0)]))
    return min(xs) - MARGIN, min(ys) - MARGIN, max(xs) + MARGIN, max(ys) + MARGIN


def _arrow(i: int, colour: str) -> str:
    return (
        f'<marker id="a{i}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1L10 5L0 9z" fill="{colour}"/></marker>'
    )


def _edge(node: Node, towards: Point) -> Point:
    """Where the straight line from a node's middle leaves its symbol."""
    half_x, half_y = _half(node)
    dx, dy = towards[0] - node.x, towards[1] - node.y
    reach = [abs(half / d) for half, d in ((half_x + GAP, dx), (half_y + GAP, dy)) if abs(d) > 1e-9]
    part = min([1.0, *reach])
    return node.x + part * dx, node.y + part * dy


def _line(pipe: Pipe) -> str:
    stream = pipe.edge.stream if pipe.edge.stream in STREAMS else ""
    place, colour = list(STREAMS).index(stream), STREAMS[stream][0]
    wire = stream == "Signal"
    middle = [_bow(pipe)] if wire else pipe.bends
    first = middle[0] if middle else (pipe.target.x, pipe.target.y)
    last = middle[-1] if middle else (pipe.source.x, pipe.source.y)
    points = [_edge(pipe.source, first), *middle, _edge(pipe.target, last)]
    if wire:
        (x0, y0), (x1, y1), (x2, y2) = points
        path = f"M{x0:.1f} {y0:.1f}Q{x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f}"
    else:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    style = 'stroke-width="1.2" stroke-dasharray="5 3"' if wire else 'stroke-width="2.2"'
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" {style} marker-end="url(#a{place})">'
        f"<title>{escape(pipe.edge.text)}</title></path>"
    )


def _bow(pipe: Pipe) -> Point:
    """Corner of the curve of a wire: a little beside the straight line, so that two ways stay apart."""
    (x0, y0), (x1, y1) = (pipe.source.x, pipe.source.y), (pipe.target.x, pipe.target.y)
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    aside = min(26.0, 0.2 * length)
    return 0.5 * (x0 + x1) - aside * dy / length, 0.5 * (y0 + y1) + aside * dx / length


def _symbol(node: Node) -> str:
    left, top, width, height = box(node.kind)
    scale = SCALE.get(node.kind, UNIT) / 100.0
    x, y = node.x - scale * (left + 0.5 * width), node.y - scale * (top + 0.5 * height)
    meaning = f"{node.name} ({node.model})" if node.model else f"{node.name} ({node.role})"
    return (
        f'<g transform="translate({x:.1f} {y:.1f}) scale({scale:.2f})" stroke="{LINE}" stroke-width="3" '
        f'fill="none" stroke-linecap="round" stroke-linejoin="round">'
        f"<title>{escape(meaning)}</title>{shape(node.kind, LINE, BODY, ACCENT)}</g>"
    )


def _text(node: Node, aside: bool) -> str:
    lines = caption(node).split("\n")
    half_x, half_y = _half(node)
    small = node.role == "controller"
    size, step = (10.0, 11.0) if small else (13.0, LINE_HEIGHT)
    x, y, anchor = node.x, node.y + half_y + step, "middle"
    if small:
        y = node.y + 0.35 * size - 0.5 * step * (len(lines) - 1)
    elif aside:
        x, anchor = node.x - 7.0, "end"
    rows = "".join(
        f'<tspan x="{x:.1f}" dy="{step if i else 0:.0f}">{escape(line)}</tspan>' for i, line in enumerate(lines)
    )
    colour = TEXT if node.role in ("unit", "controller") else "#5b6673"
    halo = f' stroke="{PAPER}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if not small else ""
    style = f'font-size="{size:.0f}" text-anchor="{anchor}" fill="{colour}"{halo}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{rows}</text>'


def _legend(streams: list[tuple[str, str]], x: float, y: float) -> list[str]:
    drawn = []
    for colour, name in streams:
        drawn.append(f'<path d="M{x:.0f} {y:.0f}h22" stroke="{colour}" stroke-width="3"/>')
        drawn.append(f'<text x="{x + 28:.0f}" y="{y + 4:.0f}" font-size="12" fill="{TEXT}">{escape(name)}</text>')
        x += 28.0 + 12.0 * LETTER * len(name) + 24.0
    return drawn
