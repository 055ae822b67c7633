"""Reads `connections:`, `feeds:`, `products:`, `signals:` and the wires of `controllers:`, and checks that they fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.config.arrays import component_missing
from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.equipment import Head
from twin.config.models import find_model
from twin.config.names import UNIT_NAME, claim
from twin.config.scalars import Table
from twin.config.signals import ends, items, read_signals
from twin.config.spec import Connection, FeedSpec, ProductSpec
from twin.config.values import read_table
from twin.plant.model import Port
from twin.quantity import Field, fields


@dataclass(eq=False)
class Flowsheet:
    """What is connected with what."""

    feeds: list[tuple[Node, str, Port]] = field(default_factory=list)  #: (name, "unit.inlet", port)
    products: list[ProductSpec] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    signals: list[Connection] = field(default_factory=list)


def read_flowsheet(ctx: Context, root: Node, heads: dict[str, Head], taken: dict[str, Node]) -> Flowsheet:
    """Read all connections and wires; notes which signal inlets are driven in the heads."""
    sheet = Flowsheet()
    feeds = {key.text: key for key, _ in _claimed(ctx, root.get("feeds"), taken)}
    ctx.feeds = tuple(feeds)
    products = _products(ctx, root.get("products"), taken)
    used: dict[str, Node] = {}
    for item in items(ctx, root.get("connections"), "connections"):
        _connection(ctx, sheet, item, heads, feeds, products, used)
    for name, key in feeds.items():
        if name not in used:
            ctx.problems.add(
                key, "unconnected feed", f"Nothing takes the feed '{name}': add a connection \"{name} -> unit.inlet\"."
            )
    for name, key in products.items():
        if name not in used:
            ctx.problems.add(
                key, "unconnected product", f"Nothing makes the product '{name}': add \"unit.outlet -> {name}\"."
            )
    _open_ports(ctx, heads, used)
    for key, _, port in sheet.feeds:
        _boundary(ctx, key, port)
    for product in sheet.products:
        unit, _, outlet = product.source.partition(".")
        _boundary(ctx, products[product.name], heads[unit].model.outlets[outlet])
    sheet.signals = read_signals(ctx, root.get("signals"), heads)
    return sheet


def _claimed(ctx: Context, node: Node | None, taken: dict[str, Node]) -> Iterator[tuple[Node, Node]]:
    for key, value in ctx.problems.mapping(node, "feeds are a mapping", "{solvent: {T: 25 degC}}") if node else []:
        if claim(ctx, key, UNIT_NAME, taken, "feed", "lower_snake names such as wash_solvent"):
            yield key, value


def _products(ctx: Context, node: Node | None, taken: dict[str, Node]) -> dict[str, Node]:
    found = {}
    for item in ctx.problems.sequence(node, "products are a list", "[tablets, filtrate]") if node else []:
        if ctx.problems.string(item, "not a product's name"):
            if claim(ctx, item, UNIT_NAME, taken, "product", "lower_snake names such as tablets"):
                found[item.text] = item
    return found


def _port(ctx: Context, node: Node, heads: dict[str, Head], side: str, others: list[str]) -> tuple[Head, Port] | None:
    """Find the port of "unit.port", or note what is wrong with it."""
    unit, _, port = node.text.partition(".")
    head = heads.get(unit)
    if head is None:
        hint = closest(node.text if "." not in node.text else unit, [*heads, *others])
        ctx.problems.add(node, "unknown unit", f"There is no unit '{unit}' in this plant.{hint}")
        return None
    ports = head.model.outlets if side == "outlet" else head.model.inlets
    if port in ports:
        return head, ports[port]
    flowing = {p.name: f'({p.stream.__name__}) "{p.meaning}"' for p in ports.values() if not p.is_signal}
    hint = closest(port, flowing, flowing) or f" It has no {side}s at all."
    ctx.problems.add(node, f"unknown {side}", f"{head.title} has no {side} '{port}'.{hint}")
    return None


def _connection(
    ctx: Context,
    sheet: Flowsheet,
    item: Node,
    heads: dict[str, Head],
    feeds: dict[str, Node],
    products: dict[str, Node],
    used: dict[str, Node],
) -> None:
    both = ends(ctx, item)
    if both is None:
        return
    left, right = both
    is_feed, is_product = left.text in feeds, right.text in products
    start = None if is_feed else _port(ctx, left, heads, "outlet", list(feeds))
    stop = None if is_product else _port(ctx, right, heads, "inlet", list(products))
    for node in (left, right):
        if node.text in used:
            detail = f"'{node.text}' is already connected on line {used[node.text].line}; use a mixer or a splitter."
            ctx.problems.add(node, "connected twice", detail)
            return
        used[node.text] = node
    if is_feed and is_product:
        ctx.problems.add(item, "not a connection", "A feed cannot be a product: connect it to a unit.")
    elif is_feed and stop:
        if stop[1].is_signal:
            _signal_port(ctx, right, stop[1])
        else:
            sheet.feeds.append((feeds[left.text], right.text, stop[1]))
    elif is_product and start:
        if start[1].is_signal:
            _signal_port(ctx, left, start[1])
        else:
            sheet.products.append(ProductSpec(right.text, left.text, start[1].stream.__name__))
    elif start and stop:
        _stream(ctx, sheet, left, right, start, stop)


def _signal_port(ctx: Context, node: Node, port: Port) -> None:
    ctx.problems.add(
        node, "not a stream", f"'{node.text}' is a signal [{port.unit}] \"{port.meaning}\": connect it under signals:."
    )


def _stream(
    ctx: Context, sheet: Flowsheet, left: Node, right: Node, start: tuple[Head, Port], stop: tuple[Head, Port]
) -> None:
    for node, (_, port) in ((left, start), (right, stop)):
        if port.is_signal:
            _signal_port(ctx, node, port)
            return
    if start[1].stream is not stop[1].stream:
        made, taken = start[1].stream.__name__, stop[1].stream.__name__
        ctx.problems.add(right, "streams do not match", f"{left.text} gives {made}, but {right.text} takes {taken}.")
        return
    sheet.connections.append(Connection(left.text, right.text))


def _boundary(ctx: Context, node: Node, port: Port) -> None:
    """Note properties that booking a stream across the plant's boundary needs and its components lack."""
    package = port.stream.__module__.partition(".")[0]
    model = find_model(ctx, node, f"{package}.boundary.{port.stream.__name__.lower()}", node.text)
    for f in fields(model.Params) if model is not None else ():
        if f.component is not None:
            component_missing(ctx, f"{node.text} ({port.stream.__name__})", f, node)


def _open_ports(ctx: Context, heads: dict[str, Head], used: dict[str, Node]) -> None:
    """Note inlets that need a stream and outlets that lead nowhere."""
    for head in heads.values():
        name = head.name.text
        for port in head.model.inlets.values():
            if not port.is_signal and not port.optional and f"{name}.{port.name}" not in used:
                cure = f'takes {port.stream.__name__}; add "… -> {name}.{port.name}"'
                detail = f"{head.title}: inlet '{port.name}' \"{port.meaning}\" {cure}."
                ctx.problems.add(head.name, "missing connection", detail)
        for port in head.model.outlets.values():
            if not port.is_signal and f"{name}.{port.name}" not in used:
                cure = f'leads nowhere; connect it to an inlet or to a product: "{name}.{port.name} -> …"'
                detail = f"{head.title}: outlet '{port.name}' \"{port.meaning}\" {cure}."
                ctx.problems.add(head.name, "missing connection", detail)


def read_feeds(ctx: Context, root: Node, sheet: Flowsheet) -> list[FeedSpec]:
    """Read what the connected feeds bring in, in the order of the file."""
    specs = []
    given = root.get("feeds")
    for name, target, port in sorted(sheet.feeds, key=lambda item: (item[0].line, item[0].col)):
        node = given.get(name.text) if given else None
        table = Table(
            owner=f"feed {name.text} ({port.stream.__name__})",
            noun="value",
            path=name.text,
            fields=tuple(f for f in fields(port.stream) if isinstance(f, Field)),
            sizes=dict(ctx.dims),
            filled={},
            zeros=True,
            positive=True,
        )
        specs.append(FeedSpec(name.text, port.stream.__name__, target, read_table(ctx, table, node, name)))
    return specs
