"""What scanned units read, and which of them the integrator may step over: tables for the loop.

A unit is *by the clock* when nothing but its scans changes its states, and when its scan reads signals only:
controllers, transmitters, valves. Between two scans such a unit stands still, so that many of its scans can be
replayed over one step of the integrator (`integrate/scans.py`). Other scanned units (an instrument that reads a whole
size distribution, a continuous controller that begins anew) end the step at each of their scans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from twin.plant.calls import Call, Calls
from twin.plant.jacobian import alone
from twin.plant.order import needs
from twin.quantity import Array, fields

if TYPE_CHECKING:
    from twin.plant.model import Model
    from twin.plant.nodes import Node

#: What the scan of a unit by the clock may ask for, beside its inlets by name.
OF_CLOCKED = {"t", "x", "u", "p", "number", "seed", "new"}


class Readings(Calls):
    """Which calls give what scanned units read, and what follows from whom."""

    def __init__(self, nodes: Sequence[Node], calls: Sequence[Call]) -> None:
        super().__init__(nodes, calls)
        self.units = [k for k, node in enumerate(nodes) if node.model.scan]
        self.calls = self.needed_for(call for k in self.units for call in self.read_by_scan(k))

    def read_by_scan(self, k: int) -> list[Call]:
        """Calls that the scan of a unit needs at once."""
        asked = set(self.nodes[k].model.arguments("scan"))
        found = self.sources(k, self.nodes[k].model.inlets)
        if asked & {"a", "w"}:
            found += [call for call in self.all if call[0] == k]
        return found

    def wires(self, k: int, fast: Sequence[Call]) -> list[int]:
        """Places in w of what a unit reads of the plant, itself or by those that pass signals on to it."""
        found: dict[int, None] = {}
        todo, seen = [k], {k}
        while todo:
            unit = todo.pop()
            for inlet in self.nodes[unit].model.inlets:
                source = self.source(unit, inlet)
                if source is None:
                    continue
                if source not in fast:
                    found[self.nodes[unit].layout.place("u", inlet, "value")] = None
                elif source[0] not in seen:
                    seen.add(source[0])
                    todo.append(source[0])
        return list(found)

    def after(self, units: set[int]) -> list[Call]:
        """Of the calls that scanned units need, those that change when these units change, in order."""
        changed: set[Call] = set()
        for call in self.calls:
            if call[0] in units or any(other in changed for other in self.needed_by(call)):
                changed.add(call)
        return [call for call in self.calls if call in changed]


def scans_signals(model: Model) -> bool:
    """Whether a model's scans read signals only, and nothing in it but these could change its states."""
    if not model.scan or model.guards or fields(model.Quadratures) or fields(model.Integrals):
        return False
    if not set(model.arguments("derivatives")) <= {"x", "dx"}:
        return False
    asked = set(model.arguments("scan"))
    return asked <= OF_CLOCKED | set(model.inlets) and all(port.is_signal for port in model.inlets.values())


def by_the_clock(node: Node) -> bool:
    """Whether only scans change the unit's states, and its scans read signals only."""
    return scans_signals(node.model) and not (node.dependence.results[:, 0] == 0).any()


def _moved(nodes: Sequence[Node], clocked: set[int]) -> list[tuple[int, int]]:
    """States of units by the clock that act on the plant between scans: (place in y, unit)."""
    readers: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for k, node in enumerate(nodes):
        for inlet, source in node.sources.items():
            readers.setdefault(source, []).append((k, inlet))

    def acts(name: str, what: str, seen: set[tuple[str, str]]) -> bool:
        if (name, what) in seen:
            return False
        seen.add((name, what))
        for k, inlet in readers.get((name, what), []):
            node = nodes[k]
            if k in clocked:
                continue
            if fields(node.model.State):
                return True
            if any(inlet in needs(node, port) and acts(node.name, port, seen) for port in node.model.outlets):
                return True
        return False

    found = []
    for k in sorted(clocked):
        node = nodes[k]
        local, n_y, _ = alone(node)
        first = node.layout.place("x", node.model.State._fields[0])  # type: ignore[attr-defined]
        places = set()
        for port in node.model.outlets:
            if acts(node.name, port, set()):
                places.add(local.place("o", port, "value"))
        for f in node.model.measurements:
            if f.name in node.wired and acts(node.name, f.name, set()):
                places.add(local.place("m", f.name))
        pairs = zip(node.dependence.results.tolist(), node.dependence.inputs.tolist(), strict=True)
        states = {source[1] for result, source in pairs if result[0] == 1 and result[1] in places and source[0] == 0}
        found += [(first + i, k) for i in sorted(states) if i < n_y]
    return found


def scan_tables(nodes: Sequence[Node], calls: Sequence[Call]) -> dict[str, Array]:
    """Give the fields of :class:`twin.plant.discrete.Discrete` that tell what scans read and what they move."""
    read = Readings(nodes, calls)
    clocked = {k for k in read.units if by_the_clock(nodes[k])}
    fast = read.after(clocked)
    # what a scan reads of the plant must not follow a held output at once: it would be read half a period late
    if any(k not in clocked and fields(nodes[k].model.State) for k, _ in fast):
        clocked, fast = set(), []
    order = {k: i for i, k in enumerate(read.units)}
    later = [read.after({k}) for k in read.units]
    slow: dict[int, None] = {}  # places in w that scans over a step read from the plant, in order
    inlets = [(k, inlet) for k in sorted(clocked) for inlet in nodes[k].model.inlets]
    inlets += [(k, inlet) for k, _ in fast if k not in clocked for inlet in nodes[k].model.inlets]
    for k, inlet in inlets:
        source = read.source(k, inlet)
        if source is not None and source not in fast:
            slow[nodes[k].layout.place("u", inlet, "value")] = None
    own = []
    for k in read.units:
        sizes = [nodes[k].layout.size("x", name) for name in nodes[k].model.State._fields]  # type: ignore[attr-defined]
        first = nodes[k].layout.place("x", nodes[k].model.State._fields[0])  # type: ignore[attr-defined]
        own.append((first, first + sum(sizes)))

    def whole(rows: Sequence[object], *width: int) -> Array:
        return np.array(rows, dtype=np.int64).reshape(-1, *width)

    acting, wires = _moved(nodes, clocked), list(slow)
    follows = [(j, wires.index(w)) for j, (_, k) in enumerate(acting) for w in read.wires(k, fast)]
    return {
        "read": whole(read.calls, 2),
        "after": whole([call for part in later for call in part], 2),
        "after_start": np.cumsum([0, *(len(part) for part in later)]).astype(np.int64),
        "fast": whole(fast, 2),
        "own": whole(own, 2),
        "by_clock": whole([int(k in clocked) for k in read.units]),
        "wires": whole(wires),
        "acting": whole([(place, order[k]) for place, k in acting], 2),
        "follows": whole(follows, 2),
    }
