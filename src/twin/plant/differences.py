"""Tables for differencing the plant's Jacobian unit by unit: pattern, colours, destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.plant.codes import INTEGRANDS, MEASURE, PORT, RATES
from twin.plant.evaluate import JacobianTables, PlantTables
from twin.plant.layout import UnitLayout, lay_out_alone
from twin.plant.structure import Dependence, colour, unit_dependence
from twin.quantity import Field, fields

if TYPE_CHECKING:
    from twin.plant.nodes import Node
    from twin.plant.placement import Placement


def auxiliaries(nodes: list[Node]) -> dict[int, int]:
    """Number the places of w that are unknowns of the Newton matrix: integrals, connected outlets, wires."""
    used: dict[int, int] = {}
    consumed = {source for node in nodes for source in node.sources.values() if source[0]}
    for node in nodes:
        layout = node.layout
        for f in fields(node.model.Integrals):
            used.setdefault(layout.place("a", f.name), len(used))
        for key in layout.slots.index:
            if key[0] == "o" and (node.name, key[1]) in consumed:
                first = layout.place(*key)
                for place in range(first, first + layout.size(*key)):
                    used.setdefault(place, len(used))
            elif key[0] == "m" and key[1] in node.wired:
                used.setdefault(layout.place(*key), len(used))
    return used


class _Block:
    """One unit's part of the Jacobian."""

    def __init__(self, node: Node, placed: Placement, aux: dict[int, int], consumed: set[tuple[str, str]]) -> None:
        model = node.model
        self.node = node
        self.local, self.n_y, self.n_w = lay_out_alone(model, node.sizes, lambda key, count: node.layout.place(*key))
        self.y_first = node.layout.place("x", model.State._fields[0]) if model.State._fields else 0  # type: ignore[attr-defined]
        first_p = node.layout.place("p", model.Params._fields[0]) if model.Params._fields else 0  # type: ignore[attr-defined]
        count_p = sum(node.layout.size("p", f.name) for f in fields(model.Params))
        params = placed.p0[first_p : first_p + count_p]
        integers = np.array(
            [
                params[node.layout.place("p", f.name) - first_p]
                for f in fields(model.Params)
                if f.kind in ("int", "enum")
            ]
        )
        self.dependence: Dependence = unit_dependence(model, node.sizes, params, integers, node.entry.folder)
        self.gather_w: list[tuple[int, int]] = []
        self.inputs: dict[tuple[int, int], tuple[int, float]] = {}  # local place -> (column of z, nominal)
        self.results: dict[tuple[int, int], tuple[str, int]] = {}  # local place -> ("z" or "q", row)
        n_states = len(placed.y0)
        for i in range(self.n_y):
            self.inputs[(0, i)] = (self.y_first + i, float(placed.nominal[self.y_first + i]))
            self.results[(0, i)] = ("z", self.y_first + i)
        for key in self.local.slots.index:
            if key[0] in ("u", "a"):
                self._input(key, aux, n_states)
            elif key[0] == "b":
                row = n_states + aux[node.layout.place("a", key[1])]
                self._result(key, lambda i, row=row: ("z", row))  # type: ignore[misc]
            elif key[0] == "q":
                first = node.layout.place(*key) - placed.q_start
                self._result(key, lambda i, first=first: ("q", first + i))  # type: ignore[misc]
            elif (key[0] == "o" and (node.name, key[1]) in consumed) or (key[0] == "m" and key[1] in node.wired):
                first = n_states + aux[node.layout.place(*key)]
                self._result(key, lambda i, first=first: ("z", first + i))  # type: ignore[misc]
        self.calls = self._calls(consumed)

    def _input(self, key: tuple[str, ...], aux: dict[int, int], n_states: int) -> None:
        first, source = self.local.place(*key), self.node.layout.place(*key)
        nominal = _nominal(self.node, key)
        for i in range(self.local.size(*key)):
            self.gather_w.append((first + i, source + i))
            if source + i in aux:  # a feed is a parameter: no column
                self.inputs[(1, first + i)] = (n_states + aux[source + i], nominal)

    def _result(self, key: tuple[str, ...], row) -> None:  # type: ignore[no-untyped-def]
        first = self.local.place(*key)
        for i in range(self.local.size(*key)):
            self.results[(1, first + i)] = row(i)

    def _calls(self, consumed: set[tuple[str, str]]) -> list[int]:
        model = self.node.model
        calls = [INTEGRANDS] if fields(model.Integrals) else []
        calls += [MEASURE] if self.node.wired else []
        calls += [PORT + i for i, port in enumerate(model.outlets) if (self.node.name, port) in consumed]
        calls += [RATES] if fields(model.State) or fields(model.Quadratures) else []
        return calls

    def pairs(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """(result, input) places that matter in this plant."""
        found = []
        for r, i in zip(self.dependence.results, self.dependence.inputs, strict=True):
            result, source = (int(r[0]), int(r[1])), (int(i[0]), int(i[1]))
            if result in self.results and source in self.inputs:
                found.append((result, source))
        return found


def _nominal(node: Node, key: tuple[str, ...]) -> float:
    table: tuple[Field, ...]
    if key[0] == "a":
        table = fields(node.model.Integrals)
    else:
        port = node.model.inlets[key[1]]
        if port.is_signal:
            return 1.0
        table = fields(port.stream)
    return next(f.nominal for f in table if f.name == key[-1])


def jacobian_tables(
    nodes: list[Node], by_name: dict[str, Node], placed: Placement, tables: PlantTables
) -> tuple[JacobianTables, int]:
    """Build the tables; also gives the number of auxiliary unknowns."""
    aux = auxiliaries(nodes)
    consumed = {source for node in nodes for source in node.sources.values() if source[0]}
    blocks = [_Block(node, placed, aux, consumed) for node in nodes]
    n_z, n_q = len(placed.y0) + len(aux), placed.q.at
    pairs = [block.pairs() for block in blocks]
    rows: list[set[int]] = [set() for _ in range(n_z)]
    q_rows: list[set[int]] = [set() for _ in range(n_q)]
    for block, members in zip(blocks, pairs, strict=True):
        for result, source in members:
            kind, row = block.results[result]
            (rows if kind == "z" else q_rows)[row].add(block.inputs[source][0])
    pattern, column, place = _csr(rows)
    q_pattern, q_column, q_place = _csr(q_rows)
    flat = _Flat()
    for block, members in zip(blocks, pairs, strict=True):
        flat.add(block, members, place, q_place, len(column))
    return flat.tables(pattern, column, q_pattern, q_column, blocks), len(aux)


def _csr(rows: list[set[int]]) -> tuple[np.ndarray, np.ndarray, dict[tuple[int, int], int]]:
    pointers, columns, place = [0], [], {}
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
        self.lists: dict[str, list] = {
            k: [] for k in ("gather_y", "gather_w", "calls", "perturb", "nominal", "entries")
        }
        self.starts: dict[str, list[int]] = {k: [0] for k in ("local", "gather_y", "gather_w", "calls", "colour")}
        self.colours, self.entry_start = [0], [0]
        self.largest = [0, 0, 0]

    def add(self, block: _Block, members: list, place: dict, q_place: dict, n_values: int) -> None:  # type: ignore[type-arg]
        layout: UnitLayout = block.local
        self.local_offsets.append(layout.offsets)
        self.starts["local"].append(self.starts["local"][-1] + len(layout.offsets))
        self.lists["gather_y"] += [(i, block.y_first + i) for i in range(block.n_y)]
        self.lists["gather_w"] += block.gather_w
        self.lists["calls"] += block.calls
        results = {result: n for n, result in enumerate(dict.fromkeys(r for r, _ in members))}
        by_source: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for result, source in members:
            by_source.setdefault(source, []).append(result)
        sources = sorted(by_source)
        masks = []
        for source in sources:
            mask = 0
            for result in by_source[source]:
                mask |= 1 << results[result]
            masks.append(mask)
        chosen = colour(masks)
        for c in range(max(chosen, default=-1) + 1):
            for source in (s for s, own in zip(sources, chosen, strict=True) if own == c):
                j = len(self.lists["perturb"])
                col, nominal = block.inputs[source]
                self.lists["perturb"].append(source)
                self.lists["nominal"].append(nominal)
                for result in by_source[source]:
                    kind, row = block.results[result]
                    destination = place[(row, col)] if kind == "z" else n_values + q_place[(row, col)]
                    self.lists["entries"].append((*result, j, destination))
            self.largest[2] = max(self.largest[2], len(self.lists["perturb"]) - self.colours[-1])
            self.colours.append(len(self.lists["perturb"]))
            self.entry_start.append(len(self.lists["entries"]))
        self.starts["colour"].append(len(self.colours) - 1)
        for key in ("gather_y", "gather_w", "calls"):
            self.starts[key].append(len(self.lists[key]))
        self.largest[0] = max(self.largest[0], block.n_y)
        self.largest[1] = max(self.largest[1], block.n_w)

    def tables(self, pattern, column, q_pattern, q_column, blocks) -> JacobianTables:  # type: ignore[no-untyped-def]
        def integers(values: list, width: int = 0) -> np.ndarray:  # type: ignore[type-arg]
            array = np.array(values, dtype=np.int64)
            return array.reshape(-1, width) if width else array

        return JacobianTables(
            pattern=pattern,
            column=column,
            q_pattern=q_pattern,
            q_column=q_column,
            local_offsets=np.concatenate(self.local_offsets).astype(np.int64),
            local_start=integers(self.starts["local"]),
            gather_y=integers(self.lists["gather_y"], 2),
            gather_y_start=integers(self.starts["gather_y"]),
            gather_w=integers(self.lists["gather_w"], 2),
            gather_w_start=integers(self.starts["gather_w"]),
            calls=integers(self.lists["calls"]),
            calls_start=integers(self.starts["calls"]),
            colour_start=integers(self.starts["colour"]),
            colours=integers(self.colours),
            perturb=integers(self.lists["perturb"], 2),
            nominal=np.array(self.lists["nominal"], dtype=float),
            entry_start=integers(self.entry_start),
            entries=integers(self.lists["entries"], 4),
            lengths=integers(self.largest),
        )
