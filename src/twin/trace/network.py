"""The plant as what carries material: cells that hold it, pipes and junctions that pass it on, feeds and products.

Cells and faces are those of each unit's `transport`; a unit without one (a mixer, a diverter) passes on at once
what comes in. Masses and flows are linear in the plant's work vector, so that a trajectory of a few hundred of its
numbers is all that tracing needs.

`of` says what is followed: "total" (everything, as every cell is mixed), or a component by name. Then a unit of
one cell passes on each component as its streams do (a dryer lets go of water, not of drug); inside a unit of many
cells nothing separates, and all components move alike; but where such a unit parts what it holds (a belt filter),
it is one mixed holdup of each component. Components joined by + are followed as one, mol for mol, in kilograms of the
first: what a reaction makes of a lot of its reactant. Those joined by & are followed as one by mass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import TwinError
from twin.plant.adapter import holdup_class, stream_fields
from twin.plant.balance import balance_map
from twin.quantity import Field

if TYPE_CHECKING:
    from twin.plant.compile import Plant
    from twin.plant.nodes import Node

TOTAL = "total"
#: Numbers of w and how much each counts.
Terms = list[tuple[int, float]]


class TraceError(TwinError):
    """Something that cannot be traced, with the reason."""

    exit_code = 2


@dataclass
class Network:
    """Points that material passes, and the edges between them.

    Points are numbered: cells first, then sinks (one a product), then pipes and junctions, which hold nothing.

    Attributes
    ----------
    of : str
        "total", or the component followed, or several joined by +.
    cells, sinks, pipes : tuple of str
        Names: `blender[0]`; `tablets`; `blender.product`, a feed's name, or a junction's.
    source, target : array of int, [edges]
    index : array of int
        Places in the plant's w that a trajectory records.
    mass, flow, feed : array
        Maps from what is recorded to masses [cells], flows [edges] and what enters from outside [pipes].
    content : array
        Map to what each cell's unit holds of what is followed [cells].
    bypass : tuple of (edge in, edge out, edge across)
        Gas that passes a cell without being held: what crosses directly is the lesser of the two.
    units : dict
        Cells of each unit, as a range.
    """

    of: str
    cells: tuple[str, ...]
    sinks: tuple[str, ...]
    pipes: tuple[str, ...]
    source: np.ndarray
    target: np.ndarray
    index: np.ndarray
    mass: np.ndarray
    flow: np.ndarray
    feed: np.ndarray
    content: np.ndarray
    bypass: tuple[tuple[int, int, int], ...]
    units: dict[str, range]
    feeds: dict[str, int] = field(default_factory=dict)  #: point of each feed's pipe

    @property
    def n_held(self) -> int:
        """Cells and sinks: points that hold material."""
        return len(self.cells) + len(self.sinks)

    @property
    def n(self) -> int:
        return self.n_held + len(self.pipes)

    def point(self, name: str) -> int:
        """Number of a point: a pipe (`blender.product`), a feed or a product. Raises TraceError."""
        for first, names in ((self.n_held, self.pipes), (len(self.cells), self.sinks), (0, self.cells)):
            if name in names:
                return first + names.index(name)
        import difflib

        close = difflib.get_close_matches(name, [*self.pipes, *self.sinks], n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise TraceError(f"nothing flows through '{name}': give a feed, a product or an outlet (unit.port).{hint}")

    def through(self, raw: np.ndarray, point: int) -> np.ndarray:
        """Flow that enters a point, from what is recorded [..., recorded]."""
        flows = self.flows(raw)
        found: np.ndarray = flows[..., self.target == point].sum(axis=-1)
        pipe = point - self.n_held
        return found + raw @ self.feed[pipe] if pipe >= 0 else found

    def masses(self, raw: np.ndarray) -> np.ndarray:
        """Mass of each cell [..., cells], in kg: what the flows leave from."""
        return np.asarray(raw @ self.mass.T)

    def flows(self, raw: np.ndarray) -> np.ndarray:
        """Flow along each edge [..., edges], in kg/s."""
        flows = np.asarray(raw @ self.flow.T)
        for into, out, across in self.bypass:
            direct = np.minimum(flows[..., into], flows[..., out])
            flows[..., across] = direct
            flows[..., into] -= direct
            flows[..., out] -= direct
        return flows

    def held(self, raw: np.ndarray) -> np.ndarray:
        """What each cell holds of what is followed [cells], in kg; a unit's content is shared out by mass."""
        content = np.asarray(raw @ self.content.T)
        if self.of == TOTAL:
            return content
        mass = self.masses(raw)
        for where in self.units.values():
            cells = slice(where.start, where.stop)
            whole = float(mass[cells].sum())
            if len(where) > 1:
                content[cells] *= mass[cells] / whole if whole > 0.0 else 1.0 / len(where)
        return content


class _Builder:
    def __init__(self, plant: Plant, of: str) -> None:
        self.plant, self.of = plant, of
        self.counts = counts_of(plant, of)
        self.nodes = {node.name: node for node in plant.nodes}
        self.places: dict[int, int] = {}
        self.cells: list[str] = []
        self.sinks: list[str] = []
        self.pipes: list[str] = []
        self.units: dict[str, range] = {}
        self.edges: list[tuple[tuple[str, str], tuple[str, str], Terms]] = []
        self.masses: list[Terms] = []
        self.contents: list[Terms] = []
        self.bypass: list[tuple[int, int, int]] = []
        self.feeds: dict[str, Terms] = {}

    def take(self, terms: Terms) -> Terms:
        """The same terms, by their place among the recorded numbers."""
        return [(self.places.setdefault(place, len(self.places)), count) for place, count in terms]

    def stream(self, node: Node, side: str, port: Any) -> Terms:
        """Recorded numbers whose weighted sum is the flow of what is followed in a stream."""
        return self.take(stream_terms(self.plant, node, side, port, self.counts))

    def outlet(self, node: Node, name: str) -> Terms:
        return self.stream(node, "o", node.model.outlets[name])

    def pipe_of(self, node: Node, inlet: str) -> str:
        """Name of the pipe that feeds an inlet; "" where none does."""
        if inlet not in node.sources:
            return ""
        owner, port = node.sources[inlet]
        return f"{owner}.{port}" if owner else port

    def build(self) -> Network:
        for node in self.plant.nodes:
            if node.role == "feed":
                self.pipes.append(node.name)
                self.feeds[node.name] = self.stream(node, "u", node.model.inlets["stream"])
            elif node.role == "unit":
                self.pipes += [f"{node.name}.{name}" for name, port in node.model.outlets.items() if not port.is_signal]
        for node in self.plant.nodes:
            if node.role == "product":
                self.sinks.append(node.name)
                flow = self.stream(node, "u", node.model.inlets["stream"])
                self.edges.append((("pipe", self.pipe_of(node, "stream")), ("sink", node.name), flow))
            elif node.role == "unit" and node.layout.shapes.get(("t", "m")):
                self.holding(node)
            elif node.role == "unit" and any(not port.is_signal for port in node.model.outlets.values()):
                self.passing(node)
        taken = {source for (kind, source), _, _ in self.edges if kind == "pipe"}
        for name in self.pipes:  # an outlet that leads nowhere
            if name not in taken:
                owner, _, port = name.partition(".")
                flow = self.feeds[name] if name in self.feeds else self.outlet(self.nodes[owner], port)
                self.sinks.append(f"{name} (open)")
                self.edges.append((("pipe", name), ("sink", f"{name} (open)"), flow))
        return self.finish()

    def passing(self, node: Node) -> None:
        """A unit that holds nothing: what comes in leaves at once, shared out as its outlets flow."""
        self.pipes.append(node.name)
        for name, port in node.model.inlets.items():
            source = self.pipe_of(node, name)
            if source and not port.is_signal:
                self.edges.append((("pipe", source), ("pipe", node.name), self.stream(node, "u", port)))
        for name, port in node.model.outlets.items():
            if not port.is_signal:
                self.edges.append((("pipe", node.name), ("pipe", f"{node.name}.{name}"), self.outlet(node, name)))

    def holding(self, node: Node) -> None:
        """A unit with cells."""
        layout, first = node.layout, len(self.cells)
        n = layout.shapes[("t", "m")][0]
        at, flows = layout.place("t", "m"), layout.place("t", "m_flow")
        faces = node.model.module.FACES
        faces = faces(node.sizes) if callable(faces) else faces
        mixed = self.of != TOTAL and n > 1 and _parts(faces, n)
        if mixed:
            n, faces = 1, _outer(faces)
        self.cells += [f"{node.name}[{i}]" for i in range(n)]
        self.units[node.name] = range(first, first + n)
        alone = self.of != TOTAL and n == 1
        held = [(at, 1.0)] if self.of == TOTAL else self.holdup_terms(node)
        for i in range(n):
            self.masses.append(self.take(held if alone else [(at + i, 1.0)]))
            self.contents.append(self.take([(at + i, 1.0)] if self.of == TOTAL else held))
        gas_in: list[int] = []
        gas_out: list[int] = []
        for number, (source, target) in enumerate(faces):
            ends, flow = [], [(flows + number, 1.0)]
            for end, side in ((source, "u"), (target, "o")):
                if isinstance(end, str):
                    ports = node.model.inlets if side == "u" else node.model.outlets
                    if alone:
                        flow = stream_terms(self.plant, node, side, ports[end], self.counts)
                    ends.append(("pipe", self.pipe_of(node, end) if side == "u" else f"{node.name}.{end}"))
                    if ports[end].stream.__name__ == "Gas":
                        (gas_in if side == "u" else gas_out).append(len(self.edges))
                else:
                    ends.append(("cell", f"{node.name}[{end}]"))
            if ends[0] == ("pipe", ""):
                continue  # an inlet that nothing is connected to
            if ("t", "m_exchange") in layout.shapes and not mixed:
                back = layout.place("t", "m_exchange") + number
                flow = [*flow, (back, 1.0)]
                if all(kind == "cell" for kind, _ in ends):
                    self.edges.append((ends[1], ends[0], self.take([(back, 1.0)])))
            self.edges.append((ends[0], ends[1], self.take(flow)))
        if n == 1 and gas_in and gas_out and not mixed:
            into, out = gas_in[0], gas_out[0]
            self.bypass.append((into, out, len(self.edges)))
            self.edges.append((self.edges[into][0], self.edges[out][1], []))

    def holdup_terms(self, node: Node) -> Terms:
        if holdup_class(node.model) is None:
            raise TraceError(f"{node.name} does not tell what it holds of each component: trace 'total'")
        spec = self.plant.spec
        found: Terms = []
        for dim, names in (("fluids", spec.fluids), ("solids", spec.solids)):
            place = node.layout.place("h", dim)
            found += [(place + i, self.counts[name]) for i, name in enumerate(names) if name in self.counts]
        return found

    def finish(self) -> Network:
        n_cells, n_held = len(self.cells), len(self.cells) + len(self.sinks)
        number = {("cell", name): i for i, name in enumerate(self.cells)}
        number |= {("sink", name): n_cells + i for i, name in enumerate(self.sinks)}
        number |= {("pipe", name): n_held + i for i, name in enumerate(self.pipes)}
        index = np.zeros(len(self.places), dtype=np.int64)
        for place, i in self.places.items():
            index[i] = place

        def matrix(rows: list[Terms]) -> np.ndarray:
            found = np.zeros((len(rows), len(index)))
            for i, row in enumerate(rows):
                for j, count in row:
                    found[i, j] += count
            return found

        return Network(
            of=self.of,
            cells=tuple(self.cells),
            sinks=tuple(self.sinks),
            pipes=tuple(self.pipes),
            source=np.array([number[source] for source, _, _ in self.edges], dtype=np.int64),
            target=np.array([number[target] for _, target, _ in self.edges], dtype=np.int64),
            index=index,
            mass=matrix(self.masses),
            flow=matrix([flow for _, _, flow in self.edges]),
            feed=matrix([self.feeds.get(name, []) for name in self.pipes]),
            content=matrix(self.contents),
            bypass=tuple(self.bypass),
            units=self.units,
            feeds={name: number[("pipe", name)] for name in self.feeds},
        )


def _parts(faces: Sequence[tuple[Any, Any]], n: int) -> bool:
    """Whether cells that are all connected with each other have several outlets: what leaves by them may differ."""
    if len({end for _, end in faces if isinstance(end, str)}) < 2:
        return False
    reached, grown = {0}, True
    while grown:
        pairs = [
            (a, b) for a, b in faces if isinstance(a, int) and isinstance(b, int) and (a in reached) != (b in reached)
        ]
        reached |= {cell for pair in pairs for cell in pair}
        grown = bool(pairs)
    return len(reached) == n


def _outer(faces: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Faces to the outside, with one cell within; a port with several faces has one."""
    ends = [(a if isinstance(a, str) else 0, b if isinstance(b, str) else 0) for a, b in faces]
    return [pair for pair in dict.fromkeys(ends) if pair != (0, 0)]


def counts_of(plant: Plant, of: str) -> dict[str, float]:
    """How much a kilogram of each component counts; {} for all of them alike. Raises TraceError."""
    spec = plant.spec
    if of == TOTAL:
        return {}
    by_mass = "&" in of
    names = [name.strip() for name in of.split("&" if by_mass else "+")]
    for name in names:
        if name not in (*spec.fluids, *spec.solids):
            known = ", ".join(dict.fromkeys((*spec.fluids, *spec.solids)))
            raise TraceError(f"{spec.name} has no component '{name}'. It has: {known}.")
        if len(names) > 1 and not by_mass and "molar_mass" not in spec.components[name]:
            raise TraceError(f"{of} is followed mol for mol: give the molar mass of {name} in the plant's components")
    if len(names) == 1 or by_mass:
        return dict.fromkeys(names, 1.0)
    first = spec.components[names[0]]["molar_mass"]
    return {name: first / spec.components[name]["molar_mass"] for name in names}


def stream_terms(plant: Plant, node: Node, side: str, port: Any, counts: dict[str, float]) -> Terms:
    """Numbers of w, and how much each counts, whose sum is a stream's flow of what is followed."""
    found: Terms = []
    names = {"fluids": plant.spec.fluids, "solids": plant.spec.solids}
    for f in stream_fields(port):
        if f.unit != "kg/s":
            continue
        place = node.layout.place(side, port.name, f.name)
        if f.kind == "float":
            if not counts:
                found.append((place, 1.0))
            elif (crystal := _crystal(plant, node, f)) in counts:
                found.append((place, counts[crystal]))
        elif f.dims in (("fluids",), ("solids",)):
            for i, name in enumerate(names[f.dims[0]]):
                if not counts or name in counts:
                    found.append((place + i, counts.get(name, 1.0)))
    return found


def _crystal(plant: Plant, node: Node, f: Field) -> str:
    """Which solid a stream's crystals are, as the unit beside it says."""
    if "crystal" not in node.params:
        raise TraceError(f"{node.name} does not say of which solid its crystals are ({f.name}): trace 'total'")
    return str(plant.spec.solids[int(node.params["crystal"])])


def network_of(plant: Plant, of: str = TOTAL) -> Network:
    """Build the network of a compiled plant.

    Parameters
    ----------
    plant : Plant
    of : str
        "total", a component by name, or several joined by +.

    Raises
    ------
    TraceError
        For a component that the plant, or a unit of it, does not know.
    """
    return _Builder(plant, of).build()


def components_of(plant: Plant) -> tuple[str, ...]:
    """Names of all components."""
    return balance_map(plant.spec, [], {}).components


Maker = Callable[["Plant"], Network]
