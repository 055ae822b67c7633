"""Blocks of a plant: what can be integrated one after another, found from how its units are wired.

Units that act on each other in a loop (a recycle, a controller and what it controls) are one block; a block only
needs what the blocks before it give. A unit without states has no error of its own to be controlled by, so it
belongs to those that it feeds. What crosses from block to block is a feed of the one and a product of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.spec import Connection, FeedSpec, Frozen, PlantSpec, ProductSpec
from twin.plant.adapter import stream_fields
from twin.plant.scanned import by_the_clock
from twin.quantity import Array, Field, fields

if TYPE_CHECKING:
    from twin.plant.compile import Plant


@dataclass(frozen=True)
class Flow:
    """What a block reads of one before it."""

    source: int  #: number of that block
    outlet: Array  #: [k] columns of what the source keeps
    place: Array  #: [k] places in this block's p
    group: Array  #: [k] numbers of one field of one stream share a scale: which field it is
    starts: Array  #: [fields] where each begins
    crossing: tuple[tuple[str, str], ...]  #: streams: the product there and the feed here
    booked: Array  #: [m, 2] number among the k, and place in the source's q, of flows that are booked there


@dataclass(frozen=True)
class Block:
    """A part of a plant as a plant of its own."""

    plant: Plant
    units: tuple[str, ...]
    index: Array  #: places in w of what other blocks read
    flows: tuple[Flow, ...]
    y: Array  #: [n_y] places in the whole plant's y
    p: Array  #: [n, 2] places in p: here, in the whole
    w: dict[int, int]  #: places in w by those in the whole
    read: frozenset[int]  #: places in p, here, of signal inlets that units by the clock read
    q: Array  #: [n, 2] places in q: here, in the whole
    #: places here by those in the whole
    y_here: dict[int, int]
    p_here: dict[int, int]
    q_here: dict[int, int]


@dataclass(frozen=True)
class Owners:
    """Unit that each place of a plant belongs to: a feed's to the unit that it feeds."""

    p: dict[int, str]
    w: dict[int, str]
    y: dict[int, str]


def owners(plant: Plant) -> Owners:
    """Find the owners; they are kept with the plant."""

    def make() -> Owners:
        unit = {one.name: one.name for one in plant.spec.units}
        unit |= {feed.name: feed.target.partition(".")[0] for feed in plant.spec.feeds}
        unit |= {product.name: product.source.partition(".")[0] for product in plant.spec.products}
        found = Owners({}, {}, {})
        for path, (place, _, lengths, _) in plant.parameters.items():
            places = range(place, place + int(np.prod(lengths)))
            found.p.update(dict.fromkeys(places, unit[path.partition(".")[0]]))
        for column in plant.columns:
            if column.vector in ("w", "y") and column.owner in unit:
                places = range(column.offset, column.offset + int(np.prod(column.shape)))
                (found.w if column.vector == "w" else found.y).update(dict.fromkeys(places, unit[column.owner]))
        return found

    return plant.kept(Owners, make)


def groups(plant: Plant, ties: Iterable[tuple[str, str]] = ()) -> list[tuple[str, ...]]:
    """Units of each block, in an order in which no block needs a later one.

    Parameters
    ----------
    plant : Plant
    ties : pairs of units
        What has to be in one block beside: a latch acts at once on what its guard watches.
    """
    names = [unit.name for unit in plant.spec.units]
    after: dict[str, set[str]] = {name: set() for name in names}
    for connection in (*plant.spec.connections, *plant.spec.signals):
        after[connection.source.partition(".")[0]].add(connection.target.partition(".")[0])
    before = {name: {other for other in names if name in after[other]} for name in names}
    for one, other in ties:
        after[one].add(other)
        after[other].add(one)
    for node in plant.nodes:
        if node.role == "unit" and not fields(node.model.State):
            for other in after[node.name] or before[node.name]:
                after[other] = after[other] | {node.name}
                after[node.name] = after[node.name] | {other}
    reached = {name: _reached(after, name) for name in names}
    found: list[tuple[str, ...]] = []
    for name in names:
        if not any(name in group for group in found):
            found.append(tuple(n for n in names if n == name or (n in reached[name] and name in reached[n])))
    number = {name: i for i, group in enumerate(found) for name in group}
    sorter: TopologicalSorter[int] = TopologicalSorter({i: [] for i in range(len(found))})
    for name in names:
        for other in sorted(after[name]):
            if number[other] != number[name]:
                sorter.add(number[other], number[name])
    sorter.prepare()
    order: list[int] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return [found[i] for i in order]


def driven(plant: Plant) -> list[tuple[str, str]]:
    """Units by the clock, each with one that it sends a signal to."""
    clocked = {node.name for node in plant.nodes if node.role == "unit" and by_the_clock(node)}
    ends = [(line.source.partition(".")[0], line.target.partition(".")[0]) for line in plant.spec.signals]
    return [(source, target) for source, target in ends if source in clocked]


def _read_by_clock(plant: Plant) -> frozenset[int]:
    """Places in p of the signal inlets of units by the clock, and of those that pass signals on to them."""
    scanned, nodes = plant.discrete, plant.nodes
    units = {unit for (unit, *_), clock in zip(scanned.scan.tolist(), scanned.by_clock.tolist(), strict=True) if clock}
    units |= {unit for unit, _ in scanned.fast.tolist()}
    paths = [f"{nodes[k].name}.{inlet}" for k in sorted(units) for inlet in nodes[k].model.inlets]
    return frozenset(plant.parameters[path][0] for path in paths if path in plant.parameters)


def _reached(after: dict[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in after[todo.pop()]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def cut(plant: Plant, ties: Iterable[tuple[str, str]] = ()) -> tuple[Block, ...]:
    """Cut a plant into blocks; they are kept with it. Compiles no kernel."""
    tied = tuple(ties)
    parts = plant.kept(("groups", tied), lambda: tuple(groups(plant, tied)))
    return plant.kept(("blocks", parts), lambda: tuple(_blocks(plant, parts)))


def _crossings(spec: PlantSpec, parts: tuple[tuple[str, ...], ...]) -> list[tuple[Connection, int, int, bool]]:
    """Pipes and wires between blocks: with the numbers of both, and whether it is a pipe."""
    number = {name: i for i, group in enumerate(parts) for name in group}
    found = []
    for pipe, lines in ((True, spec.connections), (False, spec.signals)):
        for line in lines:
            ends = number[line.source.partition(".")[0]], number[line.target.partition(".")[0]]
            if ends[0] != ends[1]:
                found.append((line, *ends, pipe))
    return found


def _boundary(end: str, side: str) -> str:
    return f"{side}:{end.replace('.', ':')}"


def _part(plant: Plant, parts: tuple[tuple[str, ...], ...], k: int) -> PlantSpec:
    """Specification of one block: what crosses its bounds is a feed, a signal that nothing drives, or a product."""
    spec, group = plant.spec, parts[k]
    by_name = {node.name: node for node in plant.nodes}
    feeds = [feed for feed in spec.feeds if feed.target.partition(".")[0] in group]
    products = [product for product in spec.products if product.source.partition(".")[0] in group]
    signals: dict[str, dict[str, float]] = {}
    for line, source, target, pipe in _crossings(spec, parts):
        if target == k:
            unit, _, port = line.target.partition(".")
            inlet = by_name[unit].model.inlets[port]
            if pipe:
                values: dict[str, Any] = {f.name: f.nominal if f.unit == "K" else 0.0 for f in stream_fields(inlet)}
                feeds.append(FeedSpec(_boundary(line.target, "from"), inlet.stream.__name__, line.target, values))
            else:
                signals.setdefault(unit, {})[port] = 0.0
        if source == k and pipe:
            unit, _, port = line.source.partition(".")
            stream = by_name[unit].model.outlets[port].stream.__name__
            products.append(ProductSpec(_boundary(line.source, "to"), line.source, stream))
    units = tuple(
        replace(unit, signals=Frozen({**unit.signals, **signals[unit.name]})) if unit.name in signals else unit
        for unit in spec.units
        if unit.name in group
    )

    def inside(lines: tuple[Connection, ...]) -> tuple[Connection, ...]:
        return tuple(x for x in lines if x.source.partition(".")[0] in group and x.target.partition(".")[0] in group)

    return replace(
        spec,
        units=units,
        feeds=tuple(feeds),
        products=tuple(products),
        connections=inside(spec.connections),
        signals=inside(spec.signals),
    )


def _flow(source: int, rows: list[tuple[int, int, int, int]], crossing: Iterable[tuple[str, str]]) -> Flow:
    outlet, place, field, booked = np.array(rows, dtype=np.int64).T
    _, starts, group = np.unique(field, return_index=True, return_inverse=True)
    pairs = np.array([(i, q) for i, q in enumerate(booked) if q >= 0], dtype=np.int64).reshape(-1, 2)
    return Flow(source, outlet.copy(), place.copy(), group, starts, tuple(crossing), pairs)


def _booked_at(plant: Plant, product: str, f: Field) -> int:
    """Place in q of what a product books of a field of its stream, element by element; -1 where it books sums only."""
    for column in plant.columns:
        if column.kind == "quadrature" and column.owner == product:
            other = column.field
            if f.dims and (other.unit, other.dims) == (f.unit, f.dims) == ("kg/s", f.dims):
                return column.offset
    return -1


def _blocks(plant: Plant, parts: tuple[tuple[str, ...], ...]) -> list[Block]:
    from twin.plant.compile import compile_plant

    plants = [compile_plant(_part(plant, parts, k)) for k in range(len(parts))]
    crossings = _crossings(plant.spec, parts)
    kept: list[dict[int, int]] = [{} for _ in parts]  # column of each place in w that others read
    # by source: column, place in p, group, place in its q
    flows: list[dict[int, list[tuple[int, int, int, int]]]] = [{} for _ in parts]
    pairs: list[dict[int, list[tuple[str, str]]]] = [{} for _ in parts]
    group = 0
    for line, source, target, pipe in crossings:
        unit, _, port = line.source.partition(".")
        there = next(node for node in plants[source].nodes if node.name == unit)
        here, _, inlet = line.target.partition(".")
        rows = flows[target].setdefault(source, [])
        model = next(node for node in plants[target].nodes if node.name == here).model
        prefix = _boundary(line.target, "from") if pipe else line.target
        for f in stream_fields(model.inlets[inlet]):
            if port in there.model.outlets:
                first = there.layout.place("o", port, f.name)
            else:
                first = there.layout.place("m", port)
            place, _, lengths, _ = plants[target].parameters[prefix if not pipe else f"{prefix}.{f.name}"]
            booked = _booked_at(plants[source], _boundary(line.source, "to"), f) if pipe else -1
            for i in range(int(np.prod(lengths))):
                column = kept[source].setdefault(first + i, len(kept[source]))
                rows.append((column, place + i, group, booked + i if booked >= 0 else -1))
            group += 1
        if pipe:
            pairs[target].setdefault(source, []).append((_boundary(line.source, "to"), prefix))
    whole = {(c.path, c.vector): c for c in plant.columns}
    blocks = []
    for k, part in enumerate(plants):
        found: dict[str, list[tuple[int, int]]] = {"y": [], "w": [], "q": []}
        for one in part.columns:
            other = whole.get((one.path, one.vector))
            if other is not None:
                size = int(np.prod(one.shape))
                found[one.vector] += [(one.offset + i, other.offset + i) for i in range(size)]
        places = [
            (place + i, plant.parameters[path][0] + i)
            for path, (place, _, lengths, _) in part.parameters.items()
            if path in plant.parameters
            for i in range(int(np.prod(lengths)))
        ]
        y = np.full(part.n_y, -1, dtype=np.int64)
        for mine, its in found["y"]:
            y[mine] = its
        blocks.append(
            Block(
                part,
                parts[k],
                np.array(list(kept[k]), dtype=np.int64),
                tuple(_flow(source, rows, pairs[k].get(source, ())) for source, rows in sorted(flows[k].items())),
                y,
                np.array(places, dtype=np.int64).reshape(-1, 2),
                {its: mine for mine, its in found["w"]},
                _read_by_clock(part),
                np.array(found["q"], dtype=np.int64).reshape(-1, 2),
                {its: mine for mine, its in found["y"]},
                {its: mine for mine, its in places},
                {its: mine for mine, its in found["q"]},
            )
        )
    return blocks
