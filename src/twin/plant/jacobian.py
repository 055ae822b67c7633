"""Tables for the plant's Jacobian, unit by unit: pattern, colours, passes, destinations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from twin import jit
from twin.cache import digest, stored
from twin.plant import tables_folder
from twin.plant.codes import INTEGRAND, LANES, MEASURE, PORT, RATES
from twin.plant.evaluate import JacobianTables
from twin.plant.layout import UnitLayout, lay_out_alone
from twin.plant.structure import colour, unit_dependence
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.plant.nodes import Node
    from twin.plant.placement import Placement


#: A place in a unit's own buffers: 0 for y or dy, 1 for w; and the index.
Spot = tuple[int, int]
#: A result and a variable that it depends on.
Pair = tuple[Spot, Spot]
#: (row, column) -> place among the stored numbers.
Places = dict[tuple[int, int], int]


def alone(node: Node) -> tuple[UnitLayout, int, int]:
    """Lay a unit out in its own buffers, with its parameters where the plant has them."""
    return lay_out_alone(node.model, node.sizes, lambda key, count: node.layout.place(*key))


def find_structure(node: Node, p0: np.ndarray) -> None:
    """Trace what depends on what in a unit, and which of its integrals its rates need.

    The others (moments that only measurements use, say) are left to observation.
    """
    model = node.model
    names = [f.name for f in fields(model.Params)]
    first = node.layout.place("p", names[0]) if names else 0
    params = p0[first : first + sum(node.layout.size("p", name) for name in names)]
    whole = [node.layout.place("p", f.name) - first for f in fields(model.Params) if f.kind in ("int", "enum")]
    node.dependence = unit_dependence(model, node.sizes, params, params[whole], node.entry.folder)
    local, _, _ = alone(node)
    integrals = {local.place("a", f.name): f.name for f in fields(model.Integrals)}
    made: dict[int, str] = {}  # places in w of integrands, and of measurements that nothing is wired to
    for key in local.slots.index:
        if key[0] == "b" or (key[0] == "m" and key[1] not in node.wired):
            made.update({local.place(*key) + i: key[1] for i in range(local.size(*key))})
    uses: dict[str, set[str]] = {}  # by an integral's or measurement's name; "" for all that rates need
    sources, results = node.dependence.inputs, node.dependence.results
    summed = (sources[:, 0] == 1) & np.isin(sources[:, 1], list(integrals))
    for result, source in zip(results[summed].tolist(), sources[summed].tolist(), strict=True):
        user = made.get(result[1], "") if result[0] == 1 else ""
        uses.setdefault(user, set()).add(integrals[source[1]])
    integrands = {INTEGRAND + i: name for i, name in enumerate(model.Integrals._fields)}  # type: ignore[attr-defined]
    for vector, place, writer in node.dependence.readers.tolist():  # what reads an integral's scratch uses it
        if writer in integrands:
            uses.setdefault(made.get(place, "") if vector == 1 else "", set()).add(integrands[writer])
    needed = uses.get("", set())
    while more := set().union(*(uses.get(name, set()) for name in needed)) - needed:
        needed |= more
    node.needed = tuple(name for name in integrals.values() if name in needed)


def is_timed(node: Node) -> bool:
    """Whether a kernel that the rates call asks for the time."""
    model = node.model
    names = ["derivatives", "quadratures", *model.outlets]
    names += [f.name for f in fields(model.Integrals)] + [f.name for f in model.measurements]
    return any("t" in model.arguments(name) for name in names if model.has(name))


def auxiliaries(nodes: list[Node], n_w: int, asked: Iterable[int] = ()) -> dict[int, int]:
    """Number the places of w that are unknowns of the Newton matrix: integrals, connected outlets, wires.

    What no state and no quadrature depends on, be it through others, is none: the classes of crystals that leave the
    plant, say, of which a product books the sum. `asked` are places of w that count anyway.
    """
    consumed = _consumed(nodes)
    rows, columns = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for node in nodes:
        made, read = _ends(node, consumed)
        results, inputs = node.dependence.results, node.dependence.inputs
        row = np.where(results[:, 0] == 0, COUNTED, made[results[:, 1] * results[:, 0]])
        column = np.where(inputs[:, 0] == 0, NOWHERE, read[inputs[:, 1] * inputs[:, 0]])
        both = (row != NOWHERE) & (column != NOWHERE)
        rows.append(row[both])
        columns.append(column[both])
    row, column = np.concatenate(rows), np.concatenate(columns)
    counts = np.zeros(n_w + 2, dtype=bool)
    counts[[COUNTED, *asked]] = True
    before = -1
    while (now := int(counts.sum())) != before:
        before = now
        counts[column[counts[row]]] = True
    return {place: number for number, place in enumerate(p for p in _candidates(nodes, consumed) if counts[p])}


#: Where a result goes that always counts, that of a state or a quadrature, and one that goes nowhere: behind all of w.
COUNTED, NOWHERE = -1, -2


def _consumed(nodes: list[Node]) -> set[tuple[str, str]]:
    """Outlets and measurements that something is connected to."""
    return {source for node in nodes for source in node.sources.values() if source[0]}


def _connected(node: Node, key: tuple[str, ...], consumed: set[tuple[str, str]]) -> bool:
    """Whether a field of a unit's w is of an outlet or a measurement that something is connected to."""
    return (key[0] == "o" and (node.name, key[1]) in consumed) or (key[0] == "m" and key[1] in node.wired)


def _candidates(nodes: list[Node], consumed: set[tuple[str, str]]) -> list[int]:
    """Places of w that rates pass through, once each."""
    places: dict[int, None] = {}
    for node in nodes:
        layout = node.layout
        places |= dict.fromkeys(layout.place("a", name) for name in node.needed)
        for key in layout.slots.index:
            if _connected(node, key, consumed):
                first = layout.place(*key)
                places |= dict.fromkeys(range(first, first + layout.size(*key)))
    return list(places)


def _ends(node: Node, consumed: set[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """Where each number of a unit's own w is made for, and where it is read from: places of the plant's w."""
    local, _, n_w = alone(node)
    made, read = np.full(max(n_w, 1), NOWHERE), np.full(max(n_w, 1), NOWHERE)
    for key in local.slots.index:
        if key[0] not in "uabqom":
            continue
        first, size = local.place(*key), local.size(*key)
        here = slice(first, first + size)
        if key[0] in "ua":
            read[here] = node.layout.place(*key) + np.arange(size)
        elif key[0] == "b" and key[1] in node.needed:
            made[here] = node.layout.place("a", key[1])
        elif key[0] == "q":
            made[here] = COUNTED
        elif _connected(node, key, consumed):
            made[here] = node.layout.place(*key) + np.arange(size)
    return made, read


class _Block:
    """One unit's part of the Jacobian."""

    def __init__(self, node: Node, placed: Placement, aux: dict[int, int], consumed: set[tuple[str, str]]) -> None:
        model = node.model
        self.node = node
        self.local, self.n_y, self.n_w = alone(node)
        self.y_first = node.layout.place("x", model.State._fields[0]) if model.State._fields else 0  # type: ignore[attr-defined]
        self.gather_w: list[tuple[int, int]] = []
        self.inputs: dict[Spot, int] = {}  # local place -> column of z
        self.results: dict[Spot, tuple[str, int]] = {}  # local place -> ("z" or "q", row)
        n_states = len(placed.y0)
        for i in range(self.n_y):
            self.inputs[(0, i)] = self.y_first + i
            self.results[(0, i)] = ("z", self.y_first + i)
        for key in self.local.slots.index:
            if key[0] in ("u", "a"):
                self._input(key, aux, n_states)
            elif key[0] == "b" and key[1] in node.needed:
                self._result(key, "z", [aux.get(node.layout.place("a", key[1]))] * self.local.size(*key), n_states)
            elif key[0] == "q":
                first = node.layout.place(*key) - placed.q_start
                self._result(key, "q", range(first, first + self.local.size(*key)))
            elif _connected(node, key, consumed):
                first = node.layout.place(*key)
                places = range(first, first + self.local.size(*key))
                self._result(key, "z", [aux.get(place) for place in places], n_states)
        self.calls = self._calls(consumed)
        self.producer = self._producers()
        self.read_from = self._scratch()

    def _input(self, key: tuple[str, ...], aux: dict[int, int], n_states: int) -> None:
        first, source = self.local.place(*key), self.node.layout.place(*key)
        for i in range(self.local.size(*key)):
            self.gather_w.append((first + i, source + i))
            if source + i in aux:  # a feed is a parameter: no column
                self.inputs[(1, first + i)] = n_states + aux[source + i]

    def _result(self, key: tuple[str, ...], kind: str, rows: Iterable[int | None], shift: int = 0) -> None:
        first = self.local.place(*key)
        self.results |= {(1, first + i): (kind, shift + row) for i, row in enumerate(rows) if row is not None}

    def _calls(self, consumed: set[tuple[str, str]]) -> list[int]:
        model = self.node.model
        calls = [INTEGRAND + i for i, name in enumerate(model.Integrals._fields) if name in self.node.needed]  # type: ignore[attr-defined]
        calls += [MEASURE + i for i, f in enumerate(model.measurements) if f.name in self.node.wired]
        calls += [PORT + i for i, port in enumerate(model.outlets) if (self.node.name, port) in consumed]
        calls += [RATES] if fields(model.State) or fields(model.Quadratures) else []
        return calls

    def _producers(self) -> dict[Spot, int]:
        """Which of the local calls gives each result."""
        code = {what: n for n, what in enumerate(self.calls)}
        integrals = {f.name: INTEGRAND + i for i, f in enumerate(fields(self.node.model.Integrals))}
        outlets = {port: PORT + i for i, port in enumerate(self.node.model.outlets)}
        measured = {f.name: MEASURE + i for i, f in enumerate(self.node.model.measurements)}
        found = {(0, i): code[RATES] for i in range(self.n_y)}
        for key in self.local.slots.index:
            what = RATES if key[0] == "q" else None
            if key[0] == "b":
                what = integrals[key[1]]
            if key[0] == "o":
                what = outlets[key[1]]
            elif key[0] == "m":
                what = measured[key[1]]
            if what in code:
                first = self.local.place(*key)
                found.update({(1, first + i): code[what] for i in range(self.local.size(*key))})
        return found

    def _scratch(self) -> dict[int, int]:
        """Calls whose scratch each call reads, as bits."""
        code = {what: n for n, what in enumerate(self.calls)}
        reads: dict[int, int] = {}
        for vector, place, writer in self.node.dependence.readers.tolist():
            reader = self.producer.get((vector, place))
            if reader is not None and writer in code and code[writer] != reader:
                reads[reader] = reads.get(reader, 0) | 1 << code[writer]
        return reads

    def needed(self, results: set[Spot]) -> int:
        """Calls that give these results, as bits, and those whose scratch they read."""
        calls = 0
        queue = [self.producer[result] for result in results]
        while queue:
            call = queue.pop()
            if not calls >> call & 1:
                calls |= 1 << call
                queue += [n for n in range(len(self.calls)) if self.read_from.get(call, 0) >> n & 1]
        return calls

    def pairs(self, gone: set[int]) -> list[Pair]:
        """(result, input) places that matter in this plant; rows and columns of z in `gone` do not."""
        found = []
        dependence = self.node.dependence
        for r, i in zip(dependence.results.tolist(), dependence.inputs.tolist(), strict=True):
            result, source = (r[0], r[1]), (i[0], i[1])
            if result in self.results and source in self.inputs and self.inputs[source] not in gone:
                kind, row = self.results[result]
                if kind == "q" or row not in gone:
                    found.append((result, source))
        return found


def jacobian_tables(nodes: list[Node], placed: Placement, aux: dict[int, int], absent: np.ndarray) -> JacobianTables:
    """Give the tables; `aux` numbers the auxiliaries; rows and columns of states that are absent stay empty.

    They are worked out once for plants of one shape, whatever their numbers.
    """
    shape: list[object] = [list(aux.items()), placed.q_start, placed.q.at, placed.nominal, absent]
    for node in nodes:
        shape += [node.model.module.__name__, jit.closure_hash(node.model.module), node.name]
        shape += [
            sorted(node.sizes.items()),
            sorted(node.sources.items()),
            sorted(node.wired),
            node.needed,
            node.layout.offsets,
        ]
        shape += list(vars(node.dependence).values())
    path = tables_folder() / f"jacobian_{digest(*shape)}.npz"
    return JacobianTables(**stored(path, lambda: _tables(nodes, placed, aux, absent)._asdict()))


def _tables(nodes: list[Node], placed: Placement, aux: dict[int, int], absent: np.ndarray) -> JacobianTables:
    gone = set(np.flatnonzero(absent).tolist())
    consumed = _consumed(nodes)
    blocks = [_Block(node, placed, aux, consumed) for node in nodes]
    n_z, n_q = len(placed.y0) + len(aux), placed.q.at
    pairs = [block.pairs(gone) for block in blocks]
    rows: list[set[int]] = [set() for _ in range(n_z)]
    q_rows: list[set[int]] = [set() for _ in range(n_q)]
    for block, members in zip(blocks, pairs, strict=True):
        for result, source in members:
            kind, row = block.results[result]
            (rows if kind == "z" else q_rows)[row].add(block.inputs[source])
    pattern, column, place = _csr(rows)
    q_pattern, q_column, q_place = _csr(q_rows)
    flat = _Flat()
    for block, members in zip(blocks, pairs, strict=True):
        flat.add(block, members, place, q_place)
    return flat.tables(pattern, column, q_pattern, q_column, np.flatnonzero(absent))


def _csr(rows: list[set[int]]) -> tuple[np.ndarray, np.ndarray, Places]:
    pointers, columns = [0], list[int]()
    place: Places = {}
    for r, members in enumerate(rows):
        for c in sorted(members):
            place[(r, c)] = len(columns)
            columns.append(c)
        pointers.append(len(columns))
    return np.array(pointers, dtype=np.int64), np.array(columns, dtype=np.int64), place


class _Flat:
    """All units' tables one after another."""

    def __init__(self) -> None:
        self.local_offsets: list[np.ndarray] = []
        names = "gather_y gather_w calls seed needed entries entry"
        self.lists: dict[str, list[Any]] = {name: [] for name in names.split()}
        self.starts: dict[str, list[int]] = {k: [0] for k in ("local", "gather_y", "gather_w", "calls", "pass", "seed")}
        self.largest = [0, 0]

    def add(self, block: _Block, members: list[Pair], place: Places, q_place: Places) -> None:
        """Append a unit: its gathers, its calls, and its passes with their entries."""
        self.local_offsets.append(block.local.offsets)
        self.starts["local"].append(self.starts["local"][-1] + len(block.local.offsets))
        self.lists["gather_y"] += [(i, block.y_first + i) for i in range(block.n_y)]
        self.lists["gather_w"] += block.gather_w
        self.lists["calls"] += block.calls
        number = {result: n for n, result in enumerate(dict.fromkeys(r for r, _ in members))}
        by_source: dict[Spot, list[Spot]] = {}
        for result, source in members:
            by_source.setdefault(source, []).append(result)
        sources = sorted(by_source)
        rows = [[number[result] for result in by_source[source]] for source in sources]
        by_colour: dict[int, list[Spot]] = {}
        for source, own in zip(sources, colour(rows), strict=True):
            by_colour.setdefault(own, []).append(source)
        plans = [(block.needed({r for s in group for r in by_source[s]}), group) for group in by_colour.values()]
        plans.sort(key=lambda plan: plan[0])  # a pass asks for what any of its colours does: like to like
        for first in range(0, len(plans), LANES - 1):
            self._pass(block, plans[first : first + LANES - 1], by_source, place, q_place)
        self.starts["pass"].append(len(self.lists["needed"]))
        for key in ("gather_y", "gather_w", "calls"):
            self.starts[key].append(len(self.lists[key]))
        self.largest[0] = max(self.largest[0], block.n_y)
        self.largest[1] = max(self.largest[1], block.n_w)

    def _pass(
        self,
        block: _Block,
        plans: list[tuple[int, list[Spot]]],
        by_source: dict[Spot, list[Spot]],
        place: Places,
        q_place: Places,
    ) -> None:
        """One evaluation: which slopes are 1, the calls it needs, where what comes of it goes."""
        parts: tuple[list[tuple[int, int]], ...] = ([], [], [])  # dy to values, w to values, w to q
        calls = 0
        for lane, (needed, sources) in enumerate(plans, start=1):
            calls |= needed
            for source in sources:
                col = block.inputs[source]
                self.lists["seed"].append((source[0], source[1] * LANES + lane))
                for result in by_source[source]:
                    kind, row = block.results[result]
                    at = result[1] * LANES + lane
                    if kind == "q":
                        parts[2].append((at, q_place[(row, col)]))
                    else:
                        parts[result[0]].append((at, place[(row, col)]))
        ends = [len(self.lists["entry"])]
        for part in parts:
            self.lists["entry"] += sorted(part)  # as they lie in memory
            ends.append(len(self.lists["entry"]))
        self.lists["needed"].append(calls)
        self.lists["entries"].append(ends)
        self.starts["seed"].append(len(self.lists["seed"]))

    def tables(
        self,
        pattern: np.ndarray,
        column: np.ndarray,
        q_pattern: np.ndarray,
        q_column: np.ndarray,
        absent: np.ndarray,
    ) -> JacobianTables:
        """Make arrays; indices of the inner loops are uint32, which spares a test for negative ones."""

        def integers(values: list[Any], width: int = 0) -> np.ndarray:
            array = np.array(values, dtype=np.int64)
            return array.reshape(-1, width) if width else array

        entry = integers(self.lists["entry"], 2).astype(np.uint32)
        return JacobianTables(
            pattern=pattern,
            column=column,
            q_pattern=q_pattern,
            q_column=q_column,
            local_offsets=np.concatenate(self.local_offsets).astype(np.int64),
            local_start=integers(self.starts["local"]),
            gather_y=integers(self.lists["gather_y"], 2).astype(np.uint32),
            gather_y_start=integers(self.starts["gather_y"]),
            gather_w=integers(self.lists["gather_w"], 2).astype(np.uint32),
            gather_w_start=integers(self.starts["gather_w"]),
            calls=integers(self.lists["calls"]),
            calls_start=integers(self.starts["calls"]),
            pass_start=integers(self.starts["pass"]),
            seed_start=integers(self.starts["seed"]),
            seeds=integers(self.lists["seed"], 2).astype(np.uint32),
            needed=integers(self.lists["needed"]),
            entries=integers(self.lists["entries"], 4),
            result=np.ascontiguousarray(entry[:, 0]),
            destination=np.ascontiguousarray(entry[:, 1]),
            lengths=integers(self.largest),
            absent=absent.astype(np.int64),
        )
