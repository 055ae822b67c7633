"""Specification → compiled plant: layout of the state vector, order of the calls, Jacobian tables.

Nothing is generated for a plant: units are compiled once each (`adapter.py`), and a plant is tables
of their addresses, offsets and order, so a new flowsheet of known units costs no compilation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from twin import jit
from twin.config.spec import PlantSpec
from twin.plant.absent import find_absent, rows_of
from twin.plant.adapter import entry
from twin.plant.balance import BalanceMap, balance_map
from twin.plant.calls import Calls, table
from twin.plant.codes import GUARDS, HOLDUP, INTEGRAL, MEASURE, RATES
from twin.plant.discrete import Discrete, discrete
from twin.plant.evaluate import JacobianTables, PlantTables
from twin.plant.jacobian import auxiliaries, find_structure, is_timed, jacobian_tables
from twin.plant.nodes import Node, build_nodes
from twin.plant.order import port_calls
from twin.plant.placement import Column, Placement
from twin.quantity import Field, fields

T = TypeVar("T")


@dataclass(frozen=True)
class Plant:
    """A compiled plant: tables for the integrator and names for people."""

    spec: PlantSpec
    tables: PlantTables
    y0: np.ndarray
    p0: np.ndarray
    nominal: np.ndarray
    columns: tuple[Column, ...]
    guard_names: tuple[str, ...]
    units: tuple[str, ...]
    dim_sizes: dict[str, int]
    dim_labels: dict[str, Any]
    balance: BalanceMap
    parameters: dict[str, tuple[int, Field, tuple[int, ...], tuple[str, ...]]]
    time_dependent: bool
    fingerprint: str
    nodes: tuple[Node, ...]
    discrete: Discrete
    impulses: tuple[str, ...]  #: paths, in the order of `discrete.impulse`
    scanned: tuple[str, ...]  #: units, in the order of `discrete.scan`
    #: jacobian_without(absent, read): the tables without rows and columns of those states, [n_y] bool; with those of
    #: auxiliaries that only scans read, by their places in w
    jacobian_without: Callable[..., JacobianTables]
    #: probe(y, p, nominal, among): which of those states are absent
    probe: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    memo: dict[Any, Any]  #: what has been worked out of it that numbers do not change, shared by all copies

    @property
    def n_y(self) -> int:
        return int(self.tables.sizes[0])

    @property
    def n_p(self) -> int:
        return int(self.tables.sizes[1])

    @property
    def n_w(self) -> int:
        return int(self.tables.sizes[2])

    @property
    def n_q(self) -> int:
        return int(self.tables.sizes[3])

    @property
    def n_g(self) -> int:
        return int(self.tables.sizes[4])

    @property
    def n_aux(self) -> int:
        return int(self.tables.sizes[5])

    @cached_property
    def jacobian(self) -> JacobianTables:
        """Tables without what is absent as long as no parameter changes."""
        return self.jacobian_without(self.absent())

    def absent(self, changes: Sequence[tuple[int, float]] = ()) -> np.ndarray:
        """Find the states that are absent from the start, [n_y] bool.

        Parameters
        ----------
        changes : sequence of (place in p, value)
            Changes to come: what any of them brings, all taken together, is present as well.
        """
        absent = self.absent_from(self.y0, self.p0, np.ones(self.n_y, dtype=bool))
        if changes:
            p = self.p0.copy()
            for place, value in changes:
                if value != 0.0:
                    p[place] = value
            absent = self.absent_from(self.y0, p, absent)
        return absent

    def absent_from(self, y: np.ndarray, p: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Find which of some states, [n_y] bool, are absent from a state of the plant on."""
        return self.probe(y, p, self.nominal, among)

    def kept(self, key: Any, make: Callable[[], T]) -> T:
        """Give what was made for a key before, of this plant or of a copy with other numbers; else make it."""
        if key not in self.memo:
            self.memo.setdefault(key, make())  # one and the same for threads that come together
        found: T = self.memo[key]
        return found

    def watching(self, guards: Iterable[int]) -> PlantTables:
        """Give the tables with only those calls for guards that these ones, by number, need."""
        names = frozenset(self.guard_names[guard] for guard in guards)

        def make() -> PlantTables:
            return self.tables._replace(guards=table(_guard_calls(self.nodes, lambda path: path in names)))

        return self.kept(("watching", names), make)

    def giving(self, places: Iterable[int]) -> np.ndarray:
        """Calls that give these places of w, and no more than they need, [n, 2]."""
        asked = tuple(places)

        def listed() -> Calls:
            calls = np.concatenate([self.tables.rates, self.tables.observe])
            return Calls(self.nodes, [(k, what) for k, what in calls.tolist()])

        return self.kept(("giving", asked), lambda: table(self.kept(Calls, listed).giving(asked)))

    def label(self, state: int) -> str:
        """Name of a state: `crystallizer.crystals[37]`, `tank.m[ethanol]`."""
        for column in self.columns:
            if column.vector == "y" and column.kind == "state":
                size = int(np.prod(column.shape))
                if column.offset <= state < column.offset + size:
                    if not column.shape:
                        return column.path
                    place = np.unravel_index(state - column.offset, column.shape)
                    parts = []
                    for dim, i in zip(column.dims, place, strict=True):
                        labels = self.dim_labels.get(dim)
                        parts.append(labels[i] if isinstance(labels, tuple) else str(int(i)))
                    return f"{column.path}[{', '.join(parts)}]"
        raise IndexError(f"the plant has {self.n_y} states; {state} is none of them")

    def impulse(self, path: str) -> int:
        """Number of an impulse (`filter.rotate`) among the plant's. Raises KeyError."""
        if path not in self.impulses:
            raise KeyError(path)
        return self.impulses.index(path)

    def parameter(self, path: str) -> tuple[int, Field]:
        """Place in p and description of a dotted path (`unit.param`, `feed.m_flow.ethanol`)."""
        if path in self.parameters:
            place, f, shape, _ = self.parameters[path]
            if shape:
                raise KeyError(f"{path} has {int(np.prod(shape))} elements: name one of them")
            return place, f
        base, _, element = path.rpartition(".")
        if base in self.parameters:
            place, f, shape, dims = self.parameters[base]
            if len(shape) == 1:
                labels = self.dim_labels.get(dims[0])
                i = labels.index(element) if isinstance(labels, tuple) and element in labels else int(element)
                if not 0 <= i < shape[0]:
                    raise KeyError(f"{path}: {base} has {shape[0]} elements")
                return place + i, f
        raise KeyError(path)


def compile_plant(spec: PlantSpec) -> Plant:
    """Compile a plant.

    Parameters
    ----------
    spec : PlantSpec
        A validated specification.

    Returns
    -------
    Plant
        Tables, initial state and names.

    Raises
    ------
    TwinError
        For an algebraic loop, named with its cure.
    """
    nodes = build_nodes(spec)
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        node.entry = entry(node.model)
    placed = Placement(spec, nodes, by_name)
    for node in nodes:
        find_structure(node, placed.p0)
    order = port_calls(nodes, by_name)
    rates = _rate_calls(nodes, order)
    tables = _tables(nodes, placed, rates)
    aux = auxiliaries(nodes, placed.w.at)
    tables.sizes[5] = len(aux)

    made: dict[tuple[bytes, tuple[int, ...]], JacobianTables] = {}  # many runs of a plant share its tables

    def jacobian_without(absent: np.ndarray, read: tuple[int, ...] = ()) -> JacobianTables:
        key = absent.tobytes(), read
        if key not in made:
            made[key] = jacobian_tables(nodes, placed, auxiliaries(nodes, placed.w.at, read) if read else aux, absent)
        return made[key]

    row = rows_of(nodes, len(placed.y0))

    def probe(y: np.ndarray, p: np.ndarray, nominal: np.ndarray, among: np.ndarray) -> np.ndarray:
        return find_absent(nodes, tables, y, p, nominal, among, row=row)

    instants, impulses, scanned = discrete(nodes, [*rates, *_observed_calls(nodes)])
    digest = hashlib.sha256(jit.versions().encode())
    for node in nodes:
        digest.update(f"{node.name} {node.model.module.__name__} {jit.closure_hash(node.model.module)}".encode())
    return Plant(
        spec=spec,
        tables=tables,
        y0=placed.y0,
        p0=placed.p0,
        nominal=placed.nominal,
        columns=tuple(placed.columns),
        guard_names=tuple(placed.guard_names),
        units=tuple(node.name for node in nodes if node.role == "unit"),
        dim_sizes=placed.dim_sizes,
        dim_labels=placed.dim_labels,
        balance=balance_map(spec, nodes, placed.q0),
        parameters=placed.parameters,
        time_dependent=any(is_timed(node) for node in nodes),
        fingerprint=digest.hexdigest(),
        nodes=tuple(nodes),
        discrete=instants,
        impulses=impulses,
        scanned=scanned,
        jacobian_without=jacobian_without,
        probe=probe,
        memo={},
    )


def _rate_calls(nodes: list[Node], order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Integrals, wired measurements, ports in their order, then the balances."""
    calls = []
    for k, node in enumerate(nodes):
        calls += [(k, INTEGRAL + i) for i, f in enumerate(fields(node.model.Integrals)) if f.name in node.needed]
        calls += [(k, MEASURE + i) for i, f in enumerate(node.model.measurements) if f.name in node.wired]
    calls += order
    for k, node in enumerate(nodes):
        if fields(node.model.State) or fields(node.model.Quadratures):
            calls.append((k, RATES))
    return calls


def _guard_calls(nodes: Sequence[Node], wanted: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Calls that give the guards of the units that own a wanted one, after the integrals that those ask for."""
    calls: list[tuple[int, int]] = []
    for k, node in enumerate(nodes):
        own = [f.name for f in node.model.guards]
        if any(wanted(f"{node.name}.{name}") for name in own):
            calls += [(k, INTEGRAL + i) for i in node.model.integrals_for(own)]
            calls.append((k, GUARDS))
    return calls


def _observed_calls(nodes: list[Node]) -> list[tuple[int, int]]:
    """What is only recorded: integrals that the rates do not need, measurements, holdups."""
    observed = []
    for k, node in enumerate(nodes):
        left = [i for i, f in enumerate(fields(node.model.Integrals)) if f.name not in node.needed]
        observed += [(k, INTEGRAL + i) for i in left]
        observed += [(k, MEASURE + i) for i in range(len(node.model.measurements))]
        if node.model.has("holdup"):
            observed.append((k, HOLDUP))
    return observed


def _tables(nodes: list[Node], placed: Placement, rates: list[tuple[int, int]]) -> PlantTables:
    starts = np.cumsum([0, *(len(node.layout.offsets) for node in nodes)]).astype(np.int64)
    return PlantTables(
        sizes=np.array([placed.y.at, placed.p.at, placed.w.at, placed.q.at, placed.g.at, 0], dtype=np.int64),
        places=np.array(
            [placed.q_start, placed.g_start, placed.source_p, placed.source_w, placed.source_count], dtype=np.int64
        ),
        address=np.array([node.entry.address for node in nodes], dtype=np.int64),
        offsets=np.concatenate([node.layout.offsets for node in nodes]).astype(np.int64),
        start=starts,
        rates=table(rates),
        observe=table(_observed_calls(nodes)),
        guards=table(_guard_calls(nodes, lambda path: True)),
    )
