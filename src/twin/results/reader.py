"""Reads run files, finished or still being written: opens, reads, closes.

    run = open_run("runs/startup.h5")
    run.time, run.get("reactor.T"), run.get("reactor.product.m_flow[ethanol]"), run.unit("reactor.T")

Nothing is kept open between calls (Windows cannot rename an open file), and nothing is kept in
memory but names.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results import balances as closing
from twin.results.events import JOURNAL, AlarmRow, EventRow, read_journal
from twin.results.files import FileProblem
from twin.results.layout import SCHEMA_VERSION
from twin.results.netcdf import Dimensions
from twin.results.records import Limits, Snapshots, Tag, plain, read_table, read_tag
from twin.results.streams import Term, read_terms

#: Roots of the recorded time series.
SERIES = ("units", "feeds", "quadratures")

__all__ = ["Limits", "Run", "Snapshots", "Tag", "open_run"]


class Run:
    """A run file; see :func:`open_run`."""

    def __init__(self, path: Path, check: Callable[[h5py.File], None] | None = None) -> None:
        self.path = path
        with self.opened() as file:
            if check is not None:
                check(file)
            if "schema_version" not in file.attrs or "time" not in file:
                raise FileProblem(f"{path} is an HDF5 file, but not a run of twin")
            version = str(file.attrs["schema_version"])
            if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
                raise FileProblem(f"{path} has schema {version}; this version of twin reads {SCHEMA_VERSION}")
            self.attrs: dict[str, Any] = {key: plain(value) for key, value in file.attrs.items()}
            self.rows = int(file["time"].shape[0])
            self.time: np.ndarray = file["time"][: self.rows]

    @contextlib.contextmanager
    def opened(self) -> Iterator[h5py.File]:
        """Lend the open file for one reading; failures of the file come as one sentence."""
        if not self.path.is_file():
            raise FileProblem(f"there is no file {self.path}")
        try:
            with _open(self.path) as file:
                yield file
        except (OSError, RuntimeError, KeyError) as error:
            if isinstance(error, OSError) and "signature not found" in str(error):
                raise FileProblem(f"{self.path} is not an HDF5 file") from error
            why = "cut short" if "truncated" in str(error) else f"damaged: {error}"
            raise FileProblem(f"{self.path} is {why}") from error

    @property
    def complete(self) -> bool:
        """Whether the run has been finished: its balances and hash are there."""
        return "content_hash" in self.attrs

    @property
    def outcome(self) -> str:
        """How the run ended, in a word; `running` while it runs and after a crash."""
        return str(self.attrs["outcome"])

    @property
    def outcome_message(self) -> str:
        """How the run ended, in a sentence."""
        return str(self.attrs["outcome_message"])

    @cached_property
    def tags(self) -> dict[str, Tag]:
        """Every recorded quantity by its tag."""
        found: dict[str, Tag] = {}
        with self.opened() as file:
            dimensions = Dimensions(file)

            def visit(_: str, node: Any) -> None:
                if isinstance(node, h5py.Dataset):
                    tag = read_tag(node, dimensions)
                    found[tag.name] = tag

            for root in SERIES:
                if root in file:
                    file[root].visititems(visit)
        return found

    def get(self, tag: str) -> np.ndarray:
        """Read a quantity, or one element of it.

        Parameters
        ----------
        tag : str
            `crystallizer.T`, `reactor.product.m_flow`, `reactor.product.m_flow[ethanol]`.

        Returns
        -------
        array [time] or [time, …]
            In the unit of :meth:`unit`.

        Raises
        ------
        FileProblem
            When nothing of that name has been recorded; the message names the closest.
        """
        found, element = self.find(tag)
        with self.opened() as file:
            values = file[found.path][: self.rows]
            return np.asarray(values[(slice(None), *element)] if element else values)

    def find(self, tag: str) -> tuple[Tag, tuple[int, ...]]:
        """Find a recorded tag, and which element of it `tag[...]` means. Raises FileProblem, naming the closest."""
        if tag in self.tags:
            return self.tags[tag], ()
        name, bracket, inside = tag.partition("[")
        if bracket and inside.endswith("]") and name in self.tags:
            found = self.tags[name]
            parts = [part.strip() for part in inside[:-1].split(",")]
            if len(parts) == len(found.dims):
                return found, tuple(self._place(found, i, part) for i, part in enumerate(parts))
        close = difflib.get_close_matches(tag, self.tags, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise FileProblem(f"{self.path} has no tag '{tag}'.{hint}")

    def unit(self, tag: str) -> str:
        """Unit of a quantity."""
        return self.find(tag)[0].unit

    def at(self, tag: str, row: int) -> np.ndarray:
        """Read one instant of a quantity."""
        found, element = self.find(tag)
        with self.opened() as file:
            values = file[found.path][range(self.rows)[row]]
            return np.asarray(values[element] if element else values)

    def labels(self, dim: str) -> np.ndarray | list[str]:
        """Names or numbers along a dimension; plain numbers where it has no coordinate."""
        with self.opened() as file:
            if dim not in file:
                raise FileProblem(f"{self.path} has no dimension {dim}")
            scale = file[dim]
            if h5py.check_string_dtype(scale.dtype) is not None:
                return [str(name) for name in scale.asstr()[()]]
            if scale.dtype.str == ">f4":
                return np.arange(scale.shape[0])
            return np.asarray(scale[()])

    @cached_property
    def events(self) -> list[EventRow]:
        """Events that fired, in order; also of a run that has not been finished."""
        with self.opened() as file:
            if JOURNAL in file:
                return read_journal([bytes(line) for line in file[JOURNAL][()]])
            return [EventRow(*row) for row in read_table(file, "/events", EventRow._fields)]

    @cached_property
    def alarms(self) -> list[AlarmRow]:
        """Alarms, in order."""
        with self.opened() as file:
            return [AlarmRow(*row) for row in read_table(file, "/alarms", AlarmRow._fields)]

    @cached_property
    def snapshots(self) -> Snapshots | None:
        """Streams just before and after events; None where no event was recorded."""
        with self.opened() as file:
            group = file.get("/events/snapshots")
            if group is None:
                return None
            units = tuple(str(unit) for unit in group["tag_unit"].asstr()[()])
            tags = tuple(str(tag) for tag in file["tag"].asstr()[()])
            return Snapshots(group["time"][()], tags, units, group["before"][()], group["after"][()])

    @cached_property
    def balances(self) -> closing.Balances:
        """Balances as the run wrote them; computed now when it has not been finished."""
        with self.opened() as file:
            if not self.complete:
                return closing.compute(file)
            return closing.stored(file["/balances"], [str(name) for name in file["component"].asstr()[()]])

    def recompute_balances(self) -> closing.Balances:
        """Close the balances again from what the file holds."""
        with self.opened() as file:
            return closing.compute(file)

    @cached_property
    def terms(self) -> list[Term]:
        """What enters the balances: feeds, products, sources, and utilities beside them."""
        with self.opened() as file:
            return read_terms(file)

    @cached_property
    def quality(self) -> list[Limits]:
        """Limits of the scenario's `quality:`."""
        with self.opened() as file:
            return [Limits(*row) for row in read_table(file, "/quality", ("tag", "low", "high", "average"))]

    @cached_property
    def components(self) -> dict[str, dict[str, float]]:
        """Properties of each component."""
        with self.opened() as file:
            names = [str(name) for name in file["component"].asstr()[()]]
            columns = {key: dataset[()] for key, dataset in file["components"].items()}
            return {name: {key: float(column[i]) for key, column in columns.items()} for i, name in enumerate(names)}

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """Counts of the solver."""
        return self._attributes("/solver")

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, platform, fingerprint, seed; `fork` names a parent, `record` what estimates were made from;
        `session` differs between equal runs."""
        fork, record = self._attributes("/provenance/fork"), self._attributes("/provenance/record")
        return {
            **self._attributes("/provenance"),
            **({"fork": fork} if fork else {}),
            **({"record": record} if record else {}),
            "versions": self._attributes("/provenance/versions"),
            "session": self._attributes("/provenance/session"),
        }

    @property
    def plant_yaml(self) -> str:
        """The plant's configuration, verbatim."""
        return self._text("plant")

    @property
    def scenario_yaml(self) -> str:
        """The scenario, verbatim."""
        return self._text("scenario")

    @property
    def resolved_yaml(self) -> str:
        """The configuration with every default explicit, in SI."""
        return self._text("resolved")

    @cached_property
    def kpi(self) -> dict[str, Any]:
        """The plant's `kpi:` section: api, product, limiting, ratio; empty without one."""
        return self._attributes("/configuration/kpi")

    def _text(self, name: str) -> str:
        with self.opened() as file:
            return str(file[f"/configuration/{name}"].asstr()[()])

    def _attributes(self, path: str) -> dict[str, Any]:
        with self.opened() as file:
            return {key: plain(value) for key, value in file[path].attrs.items()} if path in file else {}

    def _place(self, tag: Tag, axis: int, part: str) -> int:
        labels = self.labels(tag.dims[axis])
        if isinstance(labels, list) and part in labels:
            return labels.index(part)
        if part.isdigit() and int(part) < tag.shape[axis]:
            return int(part)
        names = ", ".join(labels) if isinstance(labels, list) else f"0 to {tag.shape[axis] - 1}"
        raise FileProblem(f"{tag.name} has no element '{part}': {tag.dims[axis]} are {names}")


def open_run(path: str | Path, check: Callable[[h5py.File], None] | None = None) -> Run:
    """Open a run file for reading: finished, still being written, or left by a crash.

    Parameters
    ----------
    path : str or Path
    check : callable, optional
        Looks at the open file before anything of it is read, and raises for one that is not to be read.

    Raises
    ------
    FileProblem
        When there is no such file, or it is not a run, or it is damaged.
    """
    return Run(Path(path), check)


def _open(path: Path) -> h5py.File:
    """Open for reading; a file that a writer holds is read as one of many readers."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if "already open for write" in str(error) or isinstance(error, BlockingIOError):
            return h5py.File(path, "r", libver="latest", swmr=True)
        raise
