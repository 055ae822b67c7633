"""Places of everything in y, p, w and q: offset tables, first values, scales and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.config.spec import PlantSpec
from twin.errors import TwinError
from twin.plant.adapter import Key, base_dim, groups, stream_fields
from twin.plant.layout import Cursor, lay_out
from twin.plant.model import Port
from twin.plant.nodes import Node
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


class Placement:
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
                owner, prefix = (
                    (node.name, node.name) if node.role == "feed" else (node.name, f"{node.name}.{port.name}")
                )
                self.sources[(node.name, port.name)] = self.w.at
                for f in stream_fields(port):
                    lengths = node.layout.shapes[("u", port.name, f.name)]
                    count = int(np.prod(lengths))
                    place, at = self.p.take(count), self.w.take(count)
                    path = prefix if port.is_signal else f"{prefix}.{f.name}"
                    self.parameters[path] = (place, f, lengths, self._dims(node, f))
                    if node.role == "feed" or port.is_signal:
                        self.columns.append(
                            Column(path, "feed", owner, port.name, f, "w", at, lengths, self._dims(node, f))
                        )
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
                        first = (
                            self.sources[(source[1], "stream")]
                            if source is not None
                            else self.sources[(node.name, port.name)]
                        )
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
                self.columns.append(
                    self._column(node, "quadrature", "", f, "q", place, node.layout.shapes[("q", f.name)])
                )
                node.layout.set(("q", f.name), place + self.q_start)
            for f in node.model.guards:
                self.guard_names.append(f"{node.name}.{f.name}")
                node.layout.set(("g", f.name), node.layout.place("g", f.name) + self.g_start)
            if node.role != "unit":
                continue
            for kind, entries in groups(node.model).items():
                name, vector = {
                    "x": ("state", "y"),
                    "o": ("outlet", "w"),
                    "m": ("measurement", "w"),
                    "h": ("holdup", "w"),
                    "a": ("integral", "w"),
                }.get(kind, ("", ""))
                for key, f in entries if name else ():
                    port = key[1] if kind == "o" else ""
                    signal = kind == "o" and node.model.outlets[port].is_signal
                    self.columns.append(
                        self._column(
                            node, name, port, f, vector, node.layout.place(*key), node.layout.shapes[key], signal
                        )
                    )

    def _column(
        self,
        node: Node,
        kind: str,
        port: str,
        f: Field,
        vector: str,
        offset: int,
        lengths: tuple[int, ...],
        signal: bool = False,
    ) -> Column:
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
        try:
            state = node.model.module.initial_state(initial, p)
        except ValueError as error:
            raise TwinError(f"{node.name}: initial: {error}") from error
        hook = getattr(node.model.module, "nominals", None)
        scales = {**(hook(p) if hook else {}), **node.spec.nominal}
        for f, value in zip(fields(node.model.State), state, strict=True):
            place, count = node.layout.place("x", f.name), node.layout.size("x", f.name)
            lengths = node.layout.shapes[("x", f.name)]
            array = np.asarray(value, dtype=float)
            if array.shape != lengths:
                raise TwinError(f"{node.name}: initial_state gives {f.name} of shape {array.shape}, expected {lengths}")
            if not np.all(np.isfinite(array)):
                raise TwinError(
                    f"{node.name}: the initial state's {f.name} is not finite: check `initial:` of this unit"
                )
            self.y0[place : place + count] = array.ravel()
            self.nominal[place : place + count] = (
                np.broadcast_to(np.asarray(scales.get(f.name, f.nominal), dtype=float), lengths).ravel()
                if lengths
                else float(scales.get(f.name, f.nominal))
            )

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
                        value = f.nominal if f.unit == "K" else 0.0  # nothing flows, at a sane temperature
                    count = int(np.prod(lengths))
                    self.p0[first : first + count] = np.broadcast_to(np.asarray(value, dtype=float), lengths).ravel()
                    first += count
