"""What the pages show of a run: names to choose from, series, distributions, the plant and its units.

A :class:`Dataset` belongs to a file as it stands on disk; nothing in it changes, so that several
people may look at one at once. Numbers are read when they are drawn and not kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from dashboard.aside import ask, is_large
from dashboard.cache import Kept
from dashboard.marks import Mark, alarms_of, events_of
from dashboard.vetting import vet
from twin.config.reading import read_text
from twin.errors import TwinError
from twin.flowsheet.places import Sheet
from twin.flowsheet.sheet import read_sheet
from twin.results.content import Verification, verify
from twin.results.kpi import read_kpi
from twin.results.reader import Run, Tag, open_run
from twin.results.report import report

#: More elements than this of one quantity are a distribution, not trends.
MOST_ELEMENTS = 32
#: Fewer points than this along a grid are no distribution.
LEAST_POINTS = 8
#: Most names offered; a file with more is cut, and the page says so.
MOST_SERIES = 5000
#: A configuration longer than this [characters] is not parsed.
LONGEST_TEXT = 4_000_000
#: Rows looked at for the range of a flow.
SAMPLED = 13
#: A model of the library or of the engine: nothing else that a file names is imported.
_LIBRARY = re.compile(r"(?:[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|twin\.control\.[a-z][a-z0-9_]*)")
#: A dimension of a fixed length, as of readings not yet told: places in a store, no grid.
_STORE = re.compile(r"_[0-9]+$")
#: Order in which kinds of quantities are offered.
_KINDS = ("measurement", "outlet", "feed", "inlet", "state", "holdup", "integral", "quadrature")


@dataclass(frozen=True)
class Series:
    """One number over time."""

    name: str
    unit: str
    meaning: str
    owner: str
    kind: str
    tag: str = ""  #: what was recorded; `element` of it
    element: tuple[int, ...] = ()


@dataclass(frozen=True)
class Distribution:
    """Numbers along a grid over time; `element` says which, where there are several."""

    name: str
    tag: str
    element: tuple[int, ...]
    dim: str
    unit: str
    meaning: str
    owner: str
    by_size: bool  #: whether the grid is one of crystal sizes [m], or only counts cells


class Dataset:
    """A run as the pages see it.

    Parameters
    ----------
    run : Run
        From :func:`twin.results.reader.open_run`.
    kept : Kept, optional
        Where numbers that were read stay for a while.
    key : hashable, optional
        What tells this state of the file from others in `kept`.
    """

    def __init__(self, run: Run, kept: Kept | None = None, key: Hashable = None) -> None:
        self.run = run
        self._kept = kept or Kept()
        self._report: dict[str, Any] | None = None
        self._verified: Verification | None = None
        self._once, self._hashing = threading.Lock(), threading.Lock()
        self._key = key
        self._labels: dict[str, np.ndarray | list[str]] = {}
        self._largest: dict[str, float] = {}

    @property
    def time(self) -> np.ndarray:
        """Recorded times [s]."""
        return self.run.time

    def labels(self, dim: str) -> np.ndarray | list[str]:
        """Names or numbers along a dimension."""
        if dim not in self._labels:
            self._labels[dim] = self.run.labels(dim)
        return self._labels[dim]

    @cached_property
    def series(self) -> dict[str, Series]:
        """Every number that can be drawn over time, the most telling kinds first."""
        found: dict[str, Series] = {}
        for tag in sorted(self.run.tags.values(), key=lambda t: _KINDS.index(t.kind) if t.kind in _KINDS else 99):
            if tag.shape and prod(tag.shape) > MOST_ELEMENTS:
                continue
            for name, index in self._elements(tag):
                if len(found) >= MOST_SERIES:
                    return found
                owner = tag.name.partition(".")[0]
                found[name] = Series(name, tag.unit, tag.meaning, owner, tag.kind, tag.name, index)
        return found

    def _elements(self, tag: Tag) -> Iterator[tuple[str, tuple[int, ...]]]:
        if not tag.shape:
            yield tag.name, ()
            return
        for index in product(*(range(size) for size in tag.shape)):
            inside = ",".join(self._element(dim, i) for dim, i in zip(tag.dims, index, strict=True))
            yield f"{tag.name}[{inside}]", index

    def _element(self, dim: str, i: int) -> str:
        labels = self.labels(dim)
        return labels[i] if isinstance(labels, list) else str(i)

    @cached_property
    def distributions(self) -> dict[str, Distribution]:
        """Every quantity along a grid; those by crystal size first."""
        found: list[Distribution] = []
        for tag in self.run.tags.values():
            if not tag.shape or tag.shape[-1] < LEAST_POINTS or tag.kind == "quadrature" or _STORE.search(tag.dims[-1]):
                continue
            grid = self.labels(tag.dims[-1])
            if isinstance(grid, list) or prod(tag.shape[:-1]) > MOST_ELEMENTS:
                continue
            for index in product(*(range(size) for size in tag.shape[:-1])):
                inner = ",".join(self._element(dim, i) for dim, i in zip(tag.dims, index, strict=False))
                name = f"{tag.name}[{inner}]" if inner else tag.name
                by_size = grid.dtype.kind == "f"
                found.append(
                    Distribution(
                        name, tag.name, index, tag.dims[-1], tag.unit, tag.meaning, tag.name.partition(".")[0], by_size
                    )
                )
        found.sort(key=lambda d: (not d.by_size, "flow" in d.name))
        return {d.name: d for d in found[:MOST_SERIES]}

    def read(self, name: str) -> np.ndarray:
        """Read a series [time]."""
        series = self.series.get(name)
        if series is None:
            return self.run.get(name)

        def fetch() -> np.ndarray:
            with self.run.opened() as file:
                path = self.run.tags[series.tag].path
                return np.asarray(file[path][(slice(0, self.run.rows), *series.element)], dtype=np.float64)

        return self._kept.get((self._key or str(self.run.path), self.run.rows, name), fetch)

    def total(self, tag: str) -> np.ndarray:
        """Sum over all elements of what was recorded under a tag [time]."""
        key = (self._key or str(self.run.path), self.run.rows, tag, "total")
        rows = self.run.rows
        return self._kept.get(key, lambda: self.run.get(tag).reshape(rows, -1).sum(axis=1))

    def rows_at(self, tags: Sequence[str], row: int) -> dict[str, np.ndarray]:
        """Read one instant of several quantities at once."""
        with self.run.opened() as file:
            return {tag: np.asarray(file[self.run.tags[tag].path][row]) for tag in tags if tag in self.run.tags}

    def row_of(self, time: float) -> int:
        """Row recorded last at or before a time [s]."""
        return max(0, int(np.searchsorted(self.time, time, side="right")) - 1)

    def largest(self, name: str) -> float:
        """Greatest magnitude of a series."""
        if name not in self._largest:
            values = self.read(name)
            self._largest[name] = float(np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values)))
        return self._largest[name]

    def read_grid(self, name: str, rows: slice | int = slice(None)) -> np.ndarray:
        """Read rows of a distribution [time, points], all unless told otherwise; one row is [points]."""
        chosen = self.distributions[name]
        with self.run.opened() as file:
            kept = range(self.run.rows)[rows]
            part = kept if isinstance(kept, int) else slice(kept.start, kept.stop, kept.step)
            return np.asarray(file[self.run.tags[chosen.tag].path][(part, *chosen.element)], dtype=np.float64)

    def sampled_grid(self, name: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Read a distribution at rows equally far apart, at most so many: their numbers, and [time, points]."""
        rows = self.run.rows
        step = max(1, -(-rows // most))
        key = (self._key or str(self.run.path), rows, name, step)
        return np.arange(0, rows, step), self._kept.get(key, lambda: self.read_grid(name, slice(None, None, step)))

    def grid(self, name: str) -> np.ndarray:
        """Points along a distribution's grid: sizes [m], or numbers of cells."""
        return np.asarray(self.labels(self.distributions[name].dim), dtype=np.float64)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Events, those of one instant together."""
        return events_of(self.run)

    @cached_property
    def alarms(self) -> tuple[Mark, ...]:
        """Alarms, those of one instant together."""
        return alarms_of(self.run)

    @cached_property
    def limits(self) -> dict[str, tuple[float, float]]:
        """Limits of the scenario's `quality:` by tag; NaN where there is none."""
        return {row.tag: (row.low, row.high) for row in self.run.quality}

    @property
    def live(self) -> bool:
        """Whether the run may still be going on."""
        return not self.run.complete

    @property
    def report(self) -> dict[str, Any]:
        """Key figures."""
        with self._once:
            if self._report is None:
                large = self.run.complete and is_large(self.run.path)
                self._report = ask("report", self.run.path) if large else report(self.run)
            return dict(self._report)

    @property
    def product(self) -> str:
        """The plant's product: as its `kpi:` names it, else the first; empty without any."""
        return read_kpi(self.run).product or next(iter(self.report["products"]), "")

    @property
    def verification(self) -> Verification:
        """The content hash, computed once for this state of the file."""
        with self._hashing:
            if self._verified is None:
                path = self.run.path
                large = self.run.complete and is_large(path)
                self._verified = Verification(**ask("hash", path)) if large else verify(path)
            return self._verified

    @cached_property
    def plant(self) -> dict[str, Any]:
        """The plant's configuration as plain data; empty when the file's text cannot be read."""
        return _parsed(self.run.plant_yaml)

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """The plant's part of the resolved configuration, in SI."""
        whole = _parsed(self.run.resolved_yaml)
        inner = whole.get("plant")
        return inner if isinstance(inner, dict) else whole

    @cached_property
    def sheet(self) -> Sheet:
        """The flowsheet."""
        return read_sheet(self.plant, self._stream_of)

    @cached_property
    def plantwide(self) -> Any:
        """States of all units and streams by row, a :class:`dashboard.state.Plantwide`."""
        from dashboard.state import Plantwide

        return Plantwide(self)

    def _stream_of(self, model: str, port: str) -> str:
        return next((p["carries"] for p in described(model).get("ports", ()) if p["name"] == port), "")

    def default_tags(self) -> list[str]:
        """Tags drawn first: what has limits, then what is controlled; else the first measurements."""
        limited = [tag for tag in self.limits if tag in self.series]
        controllers = self.plant.get("controllers")
        heads = controllers.values() if isinstance(controllers, dict) else ()
        measured = [str(head.get("measurement")) for head in heads if isinstance(head, dict)]
        chosen = list(dict.fromkeys([*limited, *(tag for tag in measured if tag in self.series)]))
        return (chosen or [s.name for s in self.series.values() if s.kind in ("measurement", "outlet")])[:4]

    def tags_of(self, owner: str) -> list[str]:
        """Tags that tell most about a unit, feed or product."""
        own = [s for s in self.series.values() if s.owner == owner and s.kind in ("measurement", "feed", "outlet")]
        measured = [s.name for s in own if s.kind == "measurement"]
        limited = [s.name for s in own if s.name in self.limits]
        chosen = limited if len(limited) > 2 else list(dict.fromkeys([*limited, *measured]))
        return (chosen or [s.name for s in own])[:5]


def described(model: str) -> dict[str, Any]:
    """Tables and description of a model of the library; empty for one that is not installed here."""
    if not _LIBRARY.fullmatch(model):
        return {}
    from twin import library

    try:
        return library.describe(model)
    except TwinError:
        return {}


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_TEXT:
        return {}
    try:
        plain = read_text(text, "configuration").plain() if text.strip() else {}
    except TwinError:
        return {}
    return plain if isinstance(plain, dict) else {}


def open_dataset(path: Any, kept: Kept | None = None, key: Hashable = None) -> Dataset:
    """Open a run file for the pages.

    Raises
    ------
    FileProblem
        As :func:`twin.results.reader.open_run`; also for a file that keeps values elsewhere, or declares more than
        any run has (:func:`dashboard.vetting.vet`).
    """
    return Dataset(open_run(path, vet), kept, key)
