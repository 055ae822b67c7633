"""Specification → compiled plant: layout of the state vector, order of the calls, Jacobian tables.

Nothing is generated for a plant: units are compiled once each (`adapter.py`), and a plant is tables
of their addresses, offsets and order, so a new flowsheet of known units costs no compilation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin import jit
from twin.config.spec import PlantSpec, UnitSpec
from twin.errors import TwinError
from twin.plant.adapter import Entry, Key, base_dim, entry, groups, stream_fields
from twin.plant.balance import BalanceMap, balance_map
from twin.plant.evaluate import GUARDS, INTEGRALS, MEASURE, OBSERVE, RATES, JacobianTables, PlantTables
from twin.plant.layout import Cursor, UnitLayout, lay_out
from twin.plant.model import Model, Port, load_model
from twin.plant.order import port_calls
from twin.quantity import Field, fields


@dataclass(frozen=True)
class Column:
    """One named quantity of the plant and where it stands."""

    path: str
    kind: str
    owner: str
    port: str
    field: Field
    vector: str
    offset: int
    shape: tuple[int, ...]
    dims: tuple[str, ...]


@dataclass
class Node:
    """A unit of the plant, or one of its boundaries, being compiled."""

    name: str
    model: Model
    sizes: dict[str, int]
    params: dict[str, Any]
    spec: UnitSpec | None = None
    role: str = "unit"  # "unit", "feed" or "product"
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)  # inlet -> (node, outlet or measurement)
    layout: UnitLayout = None  # type: ignore[assignment]
    entry: Entry = None  # type: ignore[assignment]
    wired: set[str] = field(default_factory=set)  # measurements used as signals


@dataclass(frozen=True)
class Plant:
    """A compiled plant: tables for the integrator and names for people."""

    spec: PlantSpec
    tables: PlantTables
    jacobian: JacobianTables
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
    nodes = _nodes(spec)
    by_name = {node.name: node for node in nodes}
    _entries(nodes)
    placed = _Placed(spec, nodes, by_name)
    order = port_calls(nodes, by_name)
    rates = _rate_calls(nodes, order)
    tables = _tables(nodes, placed, rates)
    from twin.plant.differences import jacobian_tables

    jacobian, n_aux = jacobian_tables(nodes, by_name, placed, tables)
    tables.sizes[5] = n_aux
    digest = hashlib.sha256(jit.versions().encode())
    for node in nodes:
        digest.update(f"{node.name} {node.model.module.__name__} {jit.closure_hash(node.model.module)}".encode())
    return Plant(
        spec=spec,
        tables=tables,
        jacobian=jacobian,
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
        time_dependent=any("t" in node.model.arguments(k) for node in nodes for k in _kernel_names(node.model)),
        fingerprint=digest.hexdigest(),
        nodes=tuple(nodes),
    )


def _kernel_names(model: Model) -> list[str]:
    names = ["derivatives", "quadratures", *model.outlets]
    names += [f.name for f in fields(model.Integrals)] + [f.name for f in model.measurements]
    return [name for name in names if model.has(name)]


def _nodes(spec: PlantSpec) -> list[Node]:
    """Units in YAML order, then one boundary for each feed and product."""
    plant_sizes = {**spec.dims, "fluids": len(spec.fluids), "solids": len(spec.solids)}
    nodes = []
    for unit in spec.units:
        model = load_model(unit.model)
        nodes.append(Node(unit.name, model, {**plant_sizes, **model.dims, **unit.dims}, dict(unit.params), unit))
    by_name = {node.name: node for node in nodes}
    for connection in (*spec.connections, *spec.signals):
        source, target = connection.source.split("."), connection.target.split(".")
        by_name[target[0]].sources[target[1]] = (source[0], source[1])
        if source[1] not in by_name[source[0]].model.outlets:
            by_name[source[0]].wired.add(source[1])
    for feed in spec.feeds:
        target = feed.target.split(".")
        node = _boundary(spec, feed.name, "feed", by_name[target[0]].model.inlets[target[1]], by_name[target[0]], plant_sizes)
        node.sources["stream"] = ("", feed.name)
        by_name[target[0]].sources[target[1]] = ("", feed.name)
        nodes.append(node)
    for product in spec.products:
        source = product.source.split(".")
        node = _boundary(spec, product.name, "product", by_name[source[0]].model.outlets[source[1]], by_name[source[0]], plant_sizes)
        node.sources["stream"] = (source[0], source[1])
        nodes.append(node)
    return nodes


def _boundary(spec: PlantSpec, name: str, role: str, port: Port, neighbour: Node, sizes: dict[str, int]) -> Node:
    stream = port.stream
    package = stream.__module__.split(".")[0]
    model = load_model(f"{package}.boundary.{stream.__name__.lower()}")
    params: dict[str, Any] = {}
    for f in fields(model.Params):
        if f.component is not None:
            names = spec.fluids if f.dims == ("fluids",) else spec.solids
            params[f.name] = np.array([spec.components[c][f.component] for c in names])
        elif f.name in neighbour.params:
            params[f.name] = neighbour.params[f.name]
        elif f.grid is not None:
            params[f.name] = spec.grids[f.grid]
        elif f.has_default:
            params[f.name] = f.default
        else:
            raise TwinError(f"{name}: the boundary of a {stream.__name__} needs '{f.name}', which {neighbour.name} does not have")
    return Node(name, model, {**sizes, **model.dims}, params, role=role)


def _entries(nodes: list[Node]) -> None:
    for node in nodes:
        node.entry = entry(node.model)


class _Placed:
    """Places of everything: fills y0, p0, nominal, columns and the units' offset tables."""

    def __init__(self, spec: PlantSpec, nodes: list[Node], by_name: dict[str, Node]) -> None:
        self.spec = spec
        self.y, self.p, self.w, self.q, self.g = Cursor(), Cursor(), Cursor(), Cursor(), Cursor()
        self.columns: list[Column] = []
        self.guard_names: list[str] = []
        self.parameters: dict[str, tuple[int, Field, tuple[int, ...], tuple[str, ...]]] = {}
        self.dim_sizes = {**spec.dims, "fluids": len(spec.fluids), "solids": len(spec.solids)}
        self.dim_labels: dict[str, Any] = {"fluids": tuple(spec.fluids), "solids": tuple(spec.solids)}
        for name, edges in spec.grids.items():
            self.dim_labels[name] = 0.5 * (edges[1:] + edges[:-1])
        self.q0: dict[str, dict[str, int]] = {}
        self.sources: dict[tuple[str, str], int] = {}  # feeds and unconnected inlets: place in w
        self._lay_out(nodes)
        self.q_start = self.w.take(self.q.at)
        self.g_start = self.w.take(self.g.at)
        self._place_sources(nodes, by_name)
        self._connect(nodes, by_name)
        self._shift(nodes)
        self.p0 = np.zeros(self.p.at)
        self.y0 = np.zeros(self.y.at)
        self.nominal = np.ones(self.y.at)
        for node in nodes:
            self._values(node)
        self._source_values(nodes)

    def _lay_out(self, nodes: list[Node]) -> None:
        cursors = {"x": self.y, "p": self.p, "q": self.q, "g": self.g}
        for node in nodes:

            def take(kind: str, key: Key, count: int) -> int:
                return 0 if kind == "u" else cursors.get(kind, self.w).take(count)

            node.layout = lay_out(node.model, node.sizes, take)

    def _place_sources(self, nodes: list[Node], by_name: dict[str, Node]) -> None:
        """Feeds and unconnected inlets: one block of p, copied to one block of w."""
        self.source_p, self.source_w = self.p.at, self.w.at
        for node in nodes:
            if node.role == "product":
                continue
            for port in node.model.inlets.values():
                source = node.sources.get(port.name)
                if source is not None and not (node.role == "feed" and port.name == "stream"):
                    continue
                owner, prefix = (node.name, node.name) if node.role == "feed" else (node.name, f"{node.name}.{port.name}")
                self.sources[(node.name, port.name)] = self.w.at
                for f in stream_fields(port):
                    lengths = node.layout.shapes[("u", port.name, f.name)]
                    count = int(np.prod(lengths))
                    place, at = self.p.take(count), self.w.take(count)
                    path = prefix if port.is_signal else f"{prefix}.{f.name}"
                    self.parameters[path] = (place, f, lengths, self._dims(node, f))
                    if node.role == "feed" or port.is_signal:
                        self.columns.append(Column(path, "feed", owner, port.name, f, "w", at, lengths, self._dims(node, f)))
        self.source_count = self.p.at - self.source_p

    def _connect(self, nodes: list[Node], by_name: dict[str, Node]) -> None:
        for node in nodes:
            for port in node.model.inlets.values():
                source = node.sources.get(port.name)
                for f in stream_fields(port):
                    key = ("u", port.name, f.name)
                    if source is not None and source[0]:
                        upstream = by_name[source[0]]
                        if source[1] in upstream.model.outlets:
                            place = upstream.layout.place("o", source[1], f.name)
                        else:
                            place = upstream.layout.place("m", source[1])
                    else:
                        first = self.sources[(source[1], "stream")] if source is not None else self.sources[(node.name, port.name)]
                        place = first + self._before(node, port, f)
                    node.layout.set(key, place)

    def _before(self, node: Node, port: Port, f: Field) -> int:
        """Numbers of a stream that stand before field f."""
        count = 0
        for other in stream_fields(port):
            if other.name == f.name:
                return count
            count += int(np.prod(node.layout.shapes[("u", port.name, other.name)]))
        raise AssertionError(f.name)

    def _shift(self, nodes: list[Node]) -> None:
        """Quadratures and guards are numbered on their own; in w they follow one another."""
        for node in nodes:
            self.q0[node.name] = {}
            for f in fields(node.model.Quadratures):
                place = node.layout.place("q", f.name)
                self.q0[node.name][f.name] = place
                self.columns.append(self._column(node, "quadrature", "", f, "q", place, node.layout.shapes[("q", f.name)]))
                node.layout.set(("q", f.name), place + self.q_start)
            for f in node.model.guards:
                self.guard_names.append(f"{node.name}.{f.name}")
                node.layout.set(("g", f.name), node.layout.place("g", f.name) + self.g_start)
            if node.role != "unit":
                continue
            for kind, entries in groups(node.model).items():
                name, vector = {"x": ("state", "y"), "o": ("outlet", "w"), "m": ("measurement", "w"), "h": ("holdup", "w"), "a": ("integral", "w")}.get(kind, ("", ""))
                for key, f in entries if name else ():
                    port = key[1] if kind == "o" else ""
                    signal = kind == "o" and node.model.outlets[port].is_signal
                    self.columns.append(self._column(node, name, port, f, vector, node.layout.place(*key), node.layout.shapes[key], signal))

    def _column(self, node: Node, kind: str, port: str, f: Field, vector: str, offset: int, lengths: tuple[int, ...], signal: bool = False) -> Column:
        middle = {"quadrature": "total", "holdup": "holdup", "integral": "integral"}.get(kind, port)
        parts = [node.name, middle, "" if signal else f.name]
        dims = self._dims(node, f) if lengths else ()
        return Column(".".join(p for p in parts if p), kind, node.name, port, f, vector, offset, lengths, dims)

    def _dims(self, node: Node, f: Field) -> tuple[str, ...]:
        names = []
        for dim in f.dims:
            base, _ = base_dim(dim)
            shared = base in ("fluids", "solids", *self.spec.grids)
            name = dim.replace("+1", "_edges") if shared else f"{node.name}_{dim.replace('+1', '_faces')}"
            count = (node.sizes[base] if base else 0) + base_dim(dim)[1]
            self.dim_sizes.setdefault(name, count)
            names.append(name)
        return tuple(names)

    def _values(self, node: Node) -> None:
        """Parameters, initial state and scales of one unit."""
        params: dict[str, Any] = {}
        for f in fields(node.model.Params):
            lengths = node.layout.shapes[("p", f.name)]
            value = node.params[f.name]
            place = node.layout.place("p", f.name)
            array = np.broadcast_to(np.asarray(value, dtype=float), lengths) if lengths else np.asarray(float(value))
            self.p0[place : place + array.size] = array.ravel()
            params[f.name] = np.array(array) if lengths else (value if f.kind == "float" else int(value))
            if node.role == "unit":
                self.parameters[f"{node.name}.{f.name}"] = (place, f, lengths, self._dims(node, f))
        if not fields(node.model.State):
            return
        assert node.spec is not None
        p = node.model.Params(**params)
        initial = node.model.Initial(**{f.name: node.spec.initial[f.name] for f in fields(node.model.Initial)})
        state = node.model.module.initial_state(initial, p)
        hook = getattr(node.model.module, "nominals", None)
        scales = {**(hook(p) if hook else {}), **node.spec.nominal}
        for f, value in zip(fields(node.model.State), state, strict=True):
            place, count = node.layout.place("x", f.name), node.layout.size("x", f.name)
            lengths = node.layout.shapes[("x", f.name)]
            array = np.asarray(value, dtype=float)
            if array.shape != lengths:
                raise TwinError(f"{node.name}: initial_state gives {f.name} of shape {array.shape}, expected {lengths}")
            if not np.all(np.isfinite(array)):
                raise TwinError(f"{node.name}: the initial state's {f.name} is not finite: check `initial:` of this unit")
            self.y0[place : place + count] = array.ravel()
            self.nominal[place : place + count] = np.broadcast_to(np.asarray(scales.get(f.name, f.nominal), dtype=float), lengths).ravel() if lengths else float(scales.get(f.name, f.nominal))

    def _source_values(self, nodes: list[Node]) -> None:
        feeds = {feed.name: feed for feed in self.spec.feeds}
        for node in nodes:
            for port in node.model.inlets.values():
                if (node.name, port.name) not in self.sources:
                    continue
                first = self.source_p + self.sources[(node.name, port.name)] - self.source_w
                for f in stream_fields(port):
                    lengths = node.layout.shapes[("u", port.name, f.name)]
                    if node.role == "feed":
                        value = feeds[node.name].values[f.name]
                    elif port.is_signal:
                        assert node.spec is not None
                        value = node.spec.signals[port.name]
                    else:
                        value = f.nominal if f.has_nominal and not lengths else 0.0
                    count = int(np.prod(lengths))
                    self.p0[first : first + count] = np.broadcast_to(np.asarray(value, dtype=float), lengths).ravel()
                    first += count


def _rate_calls(nodes: list[Node], order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Integrals, wired measurements, ports in their order, then the balances."""
    calls = []
    for k, node in enumerate(nodes):
        if fields(node.model.Integrals):
            calls.append((k, INTEGRALS))
        if node.wired:
            calls.append((k, MEASURE))
    calls += order
    for k, node in enumerate(nodes):
        if fields(node.model.State) or fields(node.model.Quadratures):
            calls.append((k, RATES))
    return calls


def _tables(nodes: list[Node], placed: _Placed, rates: list[tuple[int, int]]) -> PlantTables:
    def calls(pairs: list[tuple[int, int]]) -> np.ndarray:
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    observed = [(k, OBSERVE) for k, n in enumerate(nodes) if n.model.has("holdup") or fields(n.model.Measurements)]
    guarded = []
    for k, node in enumerate(nodes):
        if node.model.guards:
            guarded += [(k, INTEGRALS)] if fields(node.model.Integrals) else []
            guarded.append((k, GUARDS))
    starts = np.cumsum([0, *(len(node.layout.offsets) for node in nodes)]).astype(np.int64)
    return PlantTables(
        sizes=np.array([placed.y.at, placed.p.at, placed.w.at, placed.q.at, placed.g.at, 0], dtype=np.int64),
        places=np.array([placed.q_start, placed.g_start, placed.source_p, placed.source_w, placed.source_count], dtype=np.int64),
        address=np.array([node.entry.address for node in nodes], dtype=np.int64),
        offsets=np.concatenate([node.layout.offsets for node in nodes]).astype(np.int64),
        start=starts,
        rates=calls(rates),
        observe=calls(observed),
        guards=calls(guarded),
    )
