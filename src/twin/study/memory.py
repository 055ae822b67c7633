"""A run in memory, for as long as its responses are made: what `twin.results.kpi` reads of a file, without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from twin.config.document import closest
from twin.config.spec import PlantSpec, ScenarioSpec
from twin.plant.balance import balance_map
from twin.plant.nodes import build_nodes
from twin.plant.placement import Column, Placement
from twin.results.layout import RECORDED, place, unit_of
from twin.results.records import Limits, Tag
from twin.results.sections import PROPERTIES
from twin.results.streams import Term


class Names:
    """What can be recorded of a plant, by tag; compiles nothing.

    Parameters
    ----------
    plant : PlantSpec
    """

    def __init__(self, plant: PlantSpec) -> None:
        nodes = build_nodes(plant)
        placed = Placement(plant, nodes, {node.name: node for node in nodes})
        self.plant = plant
        self.labels = placed.dim_labels
        columns = [c for c in placed.columns if c.kind in RECORDED and prod(c.shape) > 0]
        self.columns: dict[str, Column] = {c.path: c for c in columns}
        self.n_w = placed.w.at
        self.balance = balance_map(plant, nodes, placed.q0)
        self.paths = {(c.owner, c.field.name): place(c) for c in columns if c.kind == "quadrature"}
        self.duties = {
            f"{term.owner}.{term.label}": unit_of(self.columns[f"{term.owner}.total.{term.label}"])
            for term in self.balance.terms
            if term.kind == "utility" or (term.kind == "energy" and term.role == "source")
        }

    def flows(self, role: str, owner: str) -> bool:
        """Whether masses are counted of a feed or product."""
        return any(
            t.owner == owner and t.role == role and t.kind in ("fluids", "solids") and t.size
            for t in self.balance.terms
        )

    def find(self, tag: str) -> tuple[Column, int]:
        """Give the column of a tag and its place there.

        Raises
        ------
        KeyError
            With a sentence: when there is no such tag, or it is not one number.
        """
        name, bracket, inside = tag.partition("[")
        column = self.columns.get(name)
        if column is None:
            raise KeyError(f"{self.plant.name} records no tag '{name}'.{closest(name, self.columns)}")
        if not bracket:
            if column.shape:
                first = ",".join(self._names(dim)[0] for dim in column.dims)
                raise KeyError(f"'{name}' has {prod(column.shape)} elements: name one, as in {name}[{first}].")
            return column, 0
        parts = [part.strip() for part in inside.removesuffix("]").split(",")]
        if len(parts) != len(column.shape):
            raise KeyError(f"'{name}' has {len(column.shape)} dimensions, but '{tag}' names {len(parts)}.")
        index = 0
        for part, dim, size in zip(parts, column.dims, column.shape, strict=True):
            names = self._names(dim)
            at = names.index(part) if part in names else int(part) if part.isdigit() else -1
            if not 0 <= at < size:
                raise KeyError(f"{name} has no element '{part}'.{closest(part, names[:size])}")
            index = index * size + at
        return column, index

    def scalar(self, tag: str) -> tuple[str, str]:
        """Unit and meaning of a tag that is one number. Raises KeyError."""
        column, _ = self.find(tag)
        return unit_of(column), column.field.meaning

    def _names(self, dim: str) -> list[str]:
        labels = self.labels.get(dim, ())
        return [str(name) for name in labels] if isinstance(labels, tuple) else ["0"]


class Keeper:
    """What of a plant's runs is kept while they go on.

    Parameters
    ----------
    names : Names
    tags : iterable of str
        Beside the quadratures, of which balances and duties are made.
    """

    def __init__(self, names: Names, tags: Iterable[str]) -> None:
        self.names = names
        self.found = {tag: names.find(tag) for tag in dict.fromkeys(tags)}
        whole = [column.offset + at for column, at in self.found.values() if column.vector == "w"]
        self.w_index = np.array(sorted(set(whole)), dtype=np.int64)
        self.y_index = np.array(
            sorted({column.offset + at for column, at in self.found.values() if column.vector == "y"}), dtype=np.int64
        )
        self.terms = [
            Term(t.owner, t.label, t.kind, t.role, names.paths.get((t.owner, t.label), ""), "", float(t.sign))
            for t in names.balance.terms
            if (t.owner, t.label) in names.paths  # none over solids in a plant without solids
        ]
        self.places = {
            names.paths[(t.owner, t.label)]: (t.offset, names.columns[f"{t.owner}.total.{t.label}"].shape)
            for t in names.balance.terms
            if (t.owner, t.label) in names.paths
        }
        self.tags = {
            c.path: Tag(c.path, place(c), unit_of(c), c.field.meaning, c.dims, c.shape)
            for c in names.columns.values()
            if c.kind == "quadrature"
        }


class MemoryRun:
    """One run's samples; has what `twin.results.kpi` and `twin.results.factors` ask of a :class:`Run`."""

    def __init__(self, keeper: Keeper, scenario: ScenarioSpec) -> None:
        self._keeper, self._scenario = keeper, scenario
        self._blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def take(self, block: Any) -> None:
        """Keep a block of samples, of what the keeper asks for."""
        self._blocks.append((block.time, block.y, block.w, block.q))

    @cached_property
    def _held(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        if not self._blocks:
            keeper = self._keeper
            shape = (0, len(keeper.y_index)), (0, len(keeper.w_index)), (0, 0)
            return np.zeros(0), np.zeros(shape[0]), np.zeros(shape[1]), np.zeros(shape[2])
        time, y, w, q = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        kept = np.flatnonzero(np.diff(time, prepend=-np.inf) > 0.0)  # as the writer of a file leaves out repeats
        return time[kept], y[kept], w[kept], q[kept]

    @property
    def time(self) -> np.ndarray:
        """Times of the samples [s]."""
        return self._held[0]

    @property
    def rows(self) -> int:
        """Number of samples."""
        return len(self._held[0])

    @property
    def terms(self) -> list[Term]:
        """What enters the balances."""
        return self._keeper.terms

    @property
    def tags(self) -> Mapping[str, Tag]:
        """Quadratures by tag."""
        return self._keeper.tags

    @property
    def kpi(self) -> dict[str, Any]:
        """The plant's `kpi:` section."""
        kpi = self._scenario.plant.kpi
        if kpi is None:
            return {}
        return {"api": kpi.api, "product": kpi.product, "limiting": kpi.limiting, "ratio": kpi.ratio}

    @property
    def quality(self) -> list[Limits]:
        """Limits of the scenario."""
        return [
            Limits(
                row.tag, np.nan if row.low is None else row.low, np.nan if row.high is None else row.high, row.average
            )
            for row in self._scenario.quality
        ]

    @property
    def components(self) -> dict[str, dict[str, float]]:
        """Properties of each component."""
        known = self._keeper.names.plant.components
        names = self._keeper.names.balance.components
        return {name: {key: known.get(name, {}).get(key, np.nan) for key in PROPERTIES} for name in names}

    def labels(self, dim: str) -> list[str]:
        """Names along fluids or solids."""
        return list(getattr(self._keeper.names.balance, dim))

    def get(self, tag: str) -> np.ndarray:
        """Values of a tag, [time]."""
        column, at = self._keeper.found[tag]
        _, y, w, q = self._held
        place = column.offset + at
        if column.vector == "w":
            return np.asarray(w[:, int(np.searchsorted(self._keeper.w_index, place))])
        if column.vector == "y":
            return np.asarray(y[:, int(np.searchsorted(self._keeper.y_index, place))])
        return np.asarray(q[:, place])

    def unit(self, tag: str) -> str:
        """Unit of a tag."""
        return unit_of(self._keeper.found[tag][0])

    @contextlib.contextmanager
    def opened(self) -> Iterator[_Quadratures]:
        """Lend the quadratures by their path in a run file."""
        yield _Quadratures(self._keeper, self._held[3])


class _Quadratures:
    """Accumulated quantities by path."""

    def __init__(self, keeper: Keeper, q: np.ndarray) -> None:
        self._keeper, self._q = keeper, q

    def __getitem__(self, path: str) -> np.ndarray:
        offset, shape = self._keeper.places[path]
        return np.asarray(self._q[:, offset : offset + prod(shape)].reshape(len(self._q), *shape))
