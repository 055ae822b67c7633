"""Reads `connections:`, `feeds:`, `products:`, `signals:` and the wires of `controllers:`, and checks that they fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.equipment import UNIT_NAME, Head, claim, generic_units
from twin.config.spec import Connection, FeedSpec, ProductSpec
from twin.config.values import Table, read_table
from twin.plant.model import Port
from twin.quantity import Field, fields
from twin.units import describe, parse_unit


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
    products = _products(ctx, root.get("products"), taken)
    used: dict[str, Node] = {}
    for item in _items(ctx, root.get("connections"), "connections"):
        _connection(ctx, sheet, item, heads, feeds, products, used)
    for name, key in feeds.items():
        if name not in used:
            ctx.problems.add(key, "unconnected feed", f"Nothing takes the feed '{name}': add a connection \"{name} -> unit.inlet\".")
    for name, key in products.items():
        if name not in used:
            ctx.problems.add(key, "unconnected product", f"Nothing makes the product '{name}': add \"unit.outlet -> {name}\".")
    _open_ports(ctx, heads, used)
    for head in heads.values():
        if head.is_controller:
            _controller(ctx, sheet, head, heads, used)
    for item in _items(ctx, root.get("signals"), "signals"):
        ends = _ends(ctx, item)
        if ends:
            _wire(ctx, sheet, ends[0], ends[1], heads, used)
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


def _items(ctx: Context, node: Node | None, what: str) -> list[Node]:
    return ctx.problems.sequence(node, f"{what} are a list", '["tank.product -> mixer.feed"]') if node else []


def _ends(ctx: Context, item: Node) -> tuple[Node, Node] | None:
    """Split "a.b -> c.d" into two nodes."""
    text = ctx.problems.string(item, "not a connection")
    parts = [part.strip() for part in text.split("->")]
    if text and (len(parts) != 2 or not all(parts)):
        ctx.problems.add(item, "not a connection", f"A connection reads \"unit.outlet -> unit.inlet\", but this is {item.what}.")
    if len(parts) != 2 or not all(parts):
        return None
    left, right = item.part(parts[0]), item.part(parts[1])
    if parts[1] in parts[0]:
        right = _after(item, parts[1])
    return _named(left, parts[0]), _named(right, parts[1])


def _after(item: Node, text: str) -> Node:
    """Give the part behind the arrow when the same words also stand before it."""
    line = item.source.lines[item.line - 1] if 0 < item.line <= len(item.source.lines) else ""
    at = line.find(text, line.find("->", item.col - 1) + 2)
    return Node(item.source, "scalar", item.line, at + 1, len(text), text, text) if at >= 0 else item


def _named(node: Node, text: str) -> Node:
    return node if node.text == text else Node(node.source, "scalar", node.line, node.col, node.length, text, text)


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
    ends = _ends(ctx, item)
    if ends is None:
        return
    left, right = ends
    is_feed, is_product = left.text in feeds, right.text in products
    start = None if is_feed else _port(ctx, left, heads, "outlet", list(feeds))
    stop = None if is_product else _port(ctx, right, heads, "inlet", list(products))
    for node in (left, right):
        if node.text in used:
            detail = f"'{node.text}' is already connected on line {used[node.text].line}; a stream has one start and one end."
            ctx.problems.add(node, "connected twice", detail + " Use a mixer or a splitter.")
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
    ctx.problems.add(node, "not a stream", f"'{node.text}' is a signal [{port.unit}] \"{port.meaning}\": connect it under signals:.")


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


def _open_ports(ctx: Context, heads: dict[str, Head], used: dict[str, Node]) -> None:
    """Note inlets that need a stream and outlets that lead nowhere."""
    for head in heads.values():
        name = head.name.text
        for port in head.model.inlets.values():
            if not port.is_signal and not port.optional and f"{name}.{port.name}" not in used:
                detail = f"{head.title}: inlet '{port.name}' \"{port.meaning}\" takes {port.stream.__name__}; add \"… -> {name}.{port.name}\"."
                ctx.problems.add(head.name, "missing connection", detail)
        for port in head.model.outlets.values():
            if not port.is_signal and f"{name}.{port.name}" not in used:
                detail = f"{head.title}: outlet '{port.name}' \"{port.meaning}\" leads nowhere; connect it or list a product: \"{name}.{port.name} -> …\"."
                ctx.problems.add(head.name, "missing connection", detail)


def find_signal(ctx: Context, node: Node, heads: dict[str, Head]) -> tuple[Head, str] | None:
    """Find "unit.measurement" or a signal outlet; give the unit it stands in, or note the problem."""
    unit, _, name = node.text.partition(".")
    head = heads.get(unit)
    if head is None:
        ctx.problems.add(node, "unknown unit", f"There is no unit '{unit}' in this plant.{closest(unit, heads)}")
        return None
    known = {f.name: (f.unit, f.meaning) for f in head.model.measurements}
    known |= {p.name: (p.unit, p.meaning) for p in head.model.outlets.values() if p.is_signal}
    if name in known:
        return head, head.unit_of(name, known[name][0])
    say = {k: f'[{unit_}] "{meaning}"' for k, (unit_, meaning) in known.items()}
    hint = closest(name, known, say) or " It measures nothing."
    ctx.problems.add(node, "unknown measurement", f"{head.title} has no measurement '{name}'.{hint}")
    return None


def _signal_inlet(ctx: Context, node: Node, heads: dict[str, Head]) -> tuple[Head, Port] | None:
    unit, _, name = node.text.partition(".")
    head = heads.get(unit)
    if head is None:
        ctx.problems.add(node, "unknown unit", f"There is no unit '{unit}' in this plant.{closest(unit, heads)}")
        return None
    ports = {p.name: p for p in head.model.inlets.values() if p.is_signal}
    if name in ports:
        return head, ports[name]
    say = {p.name: f'[{p.unit}] "{p.meaning}"' for p in ports.values()}
    hint = closest(name, ports, say) or " It takes no signals."
    ctx.problems.add(node, "unknown signal inlet", f"{head.title} has no signal inlet '{name}'.{hint}")
    return None


def _wire(ctx: Context, sheet: Flowsheet, left: Node, right: Node, heads: dict[str, Head], used: dict[str, Node]) -> None:
    start, stop = find_signal(ctx, left, heads), _signal_inlet(ctx, right, heads)
    if start is None or stop is None:
        return
    head, port = stop
    unit = head.unit_of(port.name, port.unit)
    if parse_unit(unit) != parse_unit(start[1]):
        detail = f"{left.text} is {describe(start[1])} [{start[1]}], but {right.text} takes {describe(unit)} [{unit}]."
        ctx.problems.add(right, "signals do not match", detail)
        return
    if right.text in used:
        detail = f"'{right.text}' is already driven on line {used[right.text].line}; a signal inlet has one source."
        ctx.problems.add(right, "connected twice", detail)
        return
    used[right.text] = right
    head.driven.add(port.name)
    sheet.signals.append(Connection(left.text, right.text))


def _controller(ctx: Context, sheet: Flowsheet, head: Head, heads: dict[str, Head], used: dict[str, Node]) -> None:
    """Wire a controller and give its generic fields the units of what it measures and moves."""
    name, node = head.name.text, head.node
    ends: dict[str, Node] = {}
    for key, example in (("measurement", "reactor.T_out"), ("output", "reactor.T_jacket")):
        given = node.get(key)
        if given is None or given.kind != "scalar" or given.is_null:
            ctx.problems.add(given or head.name, f"missing {key}", f"{head.title} needs {key}:, for example {key}: {example}.")
            head.driven.add(key)
        else:
            ends[key] = given
    if len(ends) < 2:
        return
    measured, moved = find_signal(ctx, ends["measurement"], heads), _signal_inlet(ctx, ends["output"], heads)
    head.driven.add("measurement")
    if measured is None or moved is None:
        return
    head.units.update(generic_units(measured[1], moved[0].unit_of(moved[1].name, moved[1].unit)))
    _wire(ctx, sheet, ends["measurement"], _named(node.key("measurement"), f"{name}.measurement"), heads, used)
    _wire(ctx, sheet, _named(node.key("output"), f"{name}.output"), ends["output"], heads, used)
    setpoint = node.get("setpoint")
    if setpoint is not None and isinstance(setpoint.value, str) and setpoint.text.partition(".")[0] in heads:
        _wire(ctx, sheet, setpoint, _named(node.key("setpoint"), f"{name}.setpoint"), heads, used)


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
