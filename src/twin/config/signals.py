"""Reads `signals:` and the wires of `controllers:`: measurements to the signal inlets that they drive."""

from __future__ import annotations

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.equipment import Head
from twin.config.names import TAG
from twin.config.spec import Connection
from twin.plant.model import Model, Port
from twin.quantity import fields
from twin.units import describe, parse_unit, same_dimension

#: Units of a controller's generic fields, from what it measures ("in") and moves ("out").
GENERIC = {
    "setpoint": "in",
    "measurement": "in",
    "output": "out",
    "low": "out",
    "high": "out",
    "bias": "out",
    "K": "gain",
}
GENERIC |= {"I": "out", "integral": "out"}


#: What a model of `controllers:` is wired with, unless it says otherwise in its own ENDS.
BOTH_ENDS = ("measurement", "output")


def read_signals(ctx: Context, node: Node | None, heads: dict[str, Head]) -> list[Connection]:
    """Read all wires; notes in the heads which signal inlets are driven."""
    wires: list[Connection] = []
    used: dict[str, Node] = {}
    for head in _in_order([head for head in heads.values() if head.is_controller]):
        _controller(ctx, wires, head, heads, used)
    for item in items(ctx, node, "signals"):
        both = ends(ctx, item)
        if both:
            _wire(ctx, wires, both[0], both[1], heads, used)
    return sorted(wires, key=lambda wire: wire.target)


def _in_order(controllers: list[Head]) -> list[Head]:
    """Put controllers behind those that they drive or measure, whose signals then have their units."""
    waiting = {head.name.text: head for head in controllers}
    done: list[Head] = []
    while waiting:
        ready = [head for head in waiting.values() if not _others(head) & waiting.keys() - {head.name.text}]
        for head in ready or list(waiting.values()):
            done.append(waiting.pop(head.name.text))
    return done


def _others(head: Head) -> set[str]:
    texts = [node.text for node in (*(head.node.get(key) for key in BOTH_ENDS), *_wired(head).values()) if node]
    return {text.partition(".")[0] for text in texts}


def _wired(head: Head) -> dict[str, Node]:
    """Signal inlets, the measurement aside, for which a text stands that is no number: a measurement or output."""
    found = {}
    for name, port in head.model.inlets.items():
        node = head.node.get(name)
        if port.is_signal and name != "measurement" and node is not None and isinstance(node.value, str):
            if TAG.fullmatch(node.text.partition(".")[0]):
                found[name] = node
    return found


def items(ctx: Context, node: Node | None, what: str) -> list[Node]:
    """Give the items of a list of connections."""
    return ctx.problems.sequence(node, f"{what} are a list", '["tank.product -> mixer.feed"]') if node else []


def ends(ctx: Context, item: Node) -> tuple[Node, Node] | None:
    """Split "a.b -> c.d" into two nodes."""
    text = ctx.problems.string(item, "not a connection")
    parts = [part.strip() for part in text.split("->")]
    if text and (len(parts) != 2 or not all(parts)):
        ctx.problems.add(
            item, "not a connection", f'A connection reads "unit.outlet -> unit.inlet", but this is {item.what}.'
        )
    if len(parts) != 2 or not all(parts):
        return None
    left, right = item.part(parts[0]), item.part(parts[1])
    if parts[1] in parts[0]:
        right = _after(item, parts[1])
    return named(left, parts[0]), named(right, parts[1])


def _after(item: Node, text: str) -> Node:
    """Give the part behind the arrow when the same words also stand before it."""
    line = item.source.lines[item.line - 1] if 0 < item.line <= len(item.source.lines) else ""
    at = line.find(text, line.find("->", item.col - 1) + 2)
    return Node(item.source, "scalar", item.line, at + 1, len(text), text, text) if at >= 0 else item


def named(node: Node, text: str) -> Node:
    """Give a node of another text at the same place."""
    return node if node.text == text else Node(node.source, "scalar", node.line, node.col, node.length, text, text)


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
    if unit in ctx.feeds:
        detail = (
            f"'{unit}' is a feed: events set it, signals do not move it. Put a unit behind it whose flow is a signal,"
            " such as piping.pump or powder.feeder."
        )
        ctx.problems.add(node, "not a signal inlet", detail)
        return None
    if head is None:
        ctx.problems.add(node, "unknown unit", f"There is no unit '{unit}' in this plant.{closest(unit, heads)}")
        return None
    ports = {p.name: p for p in head.model.inlets.values() if p.is_signal}
    if name in ports:
        return head, ports[name]
    say = {p.name: f'[{p.unit}] "{p.meaning}"' for p in ports.values()}
    hint = closest(name, ports, say) or " It takes no signals."
    if name in {f.name for f in fields(head.model.Params)}:
        hint = f" '{name}' is a parameter: events set it, signals do not move it." + (
            f" Signals move {', '.join(ports)}." if ports else ""
        )
    ctx.problems.add(node, "unknown signal inlet", f"{head.title} has no signal inlet '{name}'.{hint}")
    return None


def _wire(
    ctx: Context, wires: list[Connection], left: Node, right: Node, heads: dict[str, Head], used: dict[str, Node]
) -> None:
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
    wires.append(Connection(left.text, right.text))


def _controller(
    ctx: Context, wires: list[Connection], head: Head, heads: dict[str, Head], used: dict[str, Node]
) -> None:
    """Wire a controller and give its generic fields the units of what it measures and moves."""
    name, node = head.name.text, head.node
    head.broken = True
    ends: dict[str, Node] = {}
    needed = getattr(head.model.module, "ENDS", BOTH_ENDS)
    examples = {"measurement": "reactor.T_out", "output": "reactor.T_jacket"}
    for key in BOTH_ENDS:
        given = node.get(key)
        if given is not None and given.kind == "scalar" and not given.is_null:
            ends[key] = given
        elif key in needed or given is not None:
            detail = f"{head.title} needs {key}:, for example {key}: {examples[key]}."
            ctx.problems.add(given or head.name, f"missing {key}", detail)
    if "measurement" in ends and "measurement" not in head.model.inlets:
        ctx.problems.add(ends.pop("measurement"), "unknown key", f"{head.title} has no measurement.")
    if any(key not in ends for key in needed):
        return
    measured = find_signal(ctx, ends["measurement"], heads) if "measurement" in ends else None
    moved = _signal_inlet(ctx, ends["output"], heads) if "output" in ends else None
    if moved is not None:
        moved[0].driven.add(moved[1].name)
    if ("measurement" in ends and measured is None) or ("output" in ends and moved is None):
        return
    head.broken = False
    taken = moved[0].unit_of(moved[1].name, moved[1].unit) if moved else measured[1] if measured else "1"
    head.units.update(generic_units(head.model, measured[1] if measured else taken, taken))
    if "measurement" in ends:
        _wire(ctx, wires, ends["measurement"], named(node.key("measurement"), f"{name}.measurement"), heads, used)
    if "output" in ends:
        _wire(ctx, wires, named(node.key("output"), f"{name}.output"), ends["output"], heads, used)
    for port, source in _wired(head).items():
        if source.text.partition(".")[0] in heads:
            _wire(ctx, wires, source, named(node.key(port), f"{name}.{port}"), heads, used)
    _tell_back(ctx, wires, head, moved, heads, used)


def _tell_back(
    ctx: Context,
    wires: list[Connection],
    head: Head,
    moved: tuple[Head, Port] | None,
    heads: dict[str, Head],
    used: dict[str, Node],
) -> None:
    """Let what a controller drives tell it what it makes of that: a slave that is not in cascade, a selector."""
    told = getattr(moved[0].model.module, "BACK", {}).get(moved[1].name) if moved else None
    if told is None or moved is None or "back" not in head.model.inlets:
        return
    name = head.name.text
    for port, outlet in zip(("back", "back_state"), told, strict=True):
        if port not in head.driven:
            place = head.node.key("output")
            source = named(place, f"{moved[0].name.text}.{outlet}")
            _wire(ctx, wires, source, named(place, f"{name}.{port}"), heads, used)


def generic_units(model: Model, measured: str, moved: str) -> dict[str, str]:
    """Give the units of a controller's generic fields from what it measures and moves."""
    tables = (model.Params, model.Initial, model.State, model.Measurements)
    own: dict[str, str] = getattr(model.module, "UNITS", GENERIC)
    generic = {f.name for table in tables for f in fields(table) if f.unit in ("1", "1/s", "s") and f.name in own}
    names = generic | {*model.inlets, *model.outlets}
    gain = "1" if same_dimension(measured, moved) else f"({moved})/({measured})"
    meant = {"in": measured, "out": moved, "gain": gain}
    meant |= {"in/s": f"({measured})/s", "out/s": f"({moved})/s", "gain/s": f"({gain})/s", "gain s": f"({gain}) s"}
    return {name: meant[kind] for name, kind in own.items() if name in names}
