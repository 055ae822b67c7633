"""Where a plant's numbers stand in the run file.

/time  /fluids  /solids  /bins  /bins_edges  /reactor_cells …      dimensions and their coordinates
/units/<unit>/{states,outlets/<port>,inlets/<port>,measurements,holdup}/<field>   one variable a field, time first
/feeds/<feed>/<field>   /quadratures/<owner>/<field>
/events  /alarms  /balances  /quality  /solver  /configuration  /components  /provenance
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

#: Version of this layout; the first number changes when an old reader would misread a new file.
SCHEMA_VERSION = "1.0"
#: Kinds of columns recorded unless the caller chooses.
RECORDED = ("state", "outlet", "feed", "measurement", "holdup", "quadrature")
#: Masses of a holdup, named apart from their dimensions: netCDF takes a variable of that name for a coordinate.
HOLDUP_NAMES = {"fluids": "m_fluids", "solids": "m_solids"}
#: Rows of time written together: one chunk.
BLOCK_ROWS = 512
#: A chunk larger than this is cut along time, so that it fits the reader's chunk cache.
CHUNK_BYTES = 1 << 20


def safe(name: str) -> str:
    """Make a name that is one path element in HDF5 and legal in netCDF."""
    cleaned = re.sub(r"[/.\x00-\x1f\x7f]", "_", name).strip()
    return cleaned if cleaned and (cleaned[0].isalnum() or cleaned[0] == "_") else f"_{cleaned}"


def place(column: Any) -> str:
    """Path in the file of a plant's column."""
    owner, field = safe(column.owner), safe(column.field.name)
    match column.kind:
        case "feed" if column.path == f"{column.owner}.{column.port}":  # a signal inlet that nothing drives
            return f"/units/{owner}/inlets/{safe(column.port)}/{field}"
        case "feed":
            return f"/feeds/{owner}/{field}"
        case "quadrature":
            return f"/quadratures/{owner}/{field}"
        case "outlet":
            return f"/units/{owner}/outlets/{safe(column.port)}/{field}"
        case "state" | "measurement" | "integral":
            return f"/units/{owner}/{column.kind}s/{field}"
        case "holdup":
            return f"/units/{owner}/holdup/{HOLDUP_NAMES.get(field, field)}"
    raise ValueError(f"column {column.path} is of unknown kind {column.kind!r}")


def unit_of(column: Any) -> str:
    """Unit of a column's numbers; a quadrature's are those of its rate times seconds."""
    unit = str(column.field.unit)
    if column.kind != "quadrature":
        return unit
    if unit == "W":
        return "J"
    if unit.endswith("/s"):
        return unit[:-2]
    return f"{unit} s"


def dimension_name(dim: str) -> str:
    """Name in the file of a dimension: `bins+1` counts the edges of `bins`, a number stands for itself."""
    if dim.isdigit():
        return f"n{dim}"
    base, plus, _ = dim.partition("+")
    return safe(base.strip()) + ("_edges" if plus else "")


@dataclass(frozen=True)
class Variable:
    """One recorded field: where it comes from and where it goes.

    Parameters
    ----------
    column : Column
        The plant's column.
    path : str
        Place in the file.
    start : int
        First element in its block: y, q, or the recorded subset of w.
    size : int
        Numbers per instant.
    """

    column: Any
    path: str
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def chunk_rows(self) -> int:
        """A power of two, so that blocks hold whole chunks."""
        fitting = max(16, min(BLOCK_ROWS, CHUNK_BYTES // (8 * self.size)))
        return 1 << (fitting.bit_length() - 1)


@dataclass(frozen=True)
class Recording:
    """What is recorded of a plant; `w_index` says which elements of w the integrator hands over."""

    variables: tuple[Variable, ...]
    w_index: np.ndarray

    def of(self, vector: str) -> tuple[Variable, ...]:
        """Variables that come from one vector: y, w or q."""
        return tuple(v for v in self.variables if v.column.vector == vector)


def recording(plant: Any, kinds: Sequence[str] = RECORDED) -> Recording:
    """Choose what is recorded of a plant.

    Parameters
    ----------
    plant : Plant
    kinds : sequence of str
        Kinds of columns to record.

    Returns
    -------
    Recording
        In the order of the plant's columns. Fields without elements (no solids, say) are left out.

    Raises
    ------
    ValueError
        When two columns would stand at one place in the file.
    """
    variables: list[Variable] = []
    chosen: list[np.ndarray] = []
    taken: dict[str, str] = {}
    n_w = 0
    for column in plant.columns:
        size = prod(column.shape)
        if column.kind not in kinds or size == 0:
            continue
        path = place(column)
        if path in taken:
            raise ValueError(f"{column.path} and {taken[path]} would both be recorded as {path}")
        taken[path] = column.path
        start = column.offset
        if column.vector == "w":
            start = n_w
            chosen.append(np.arange(column.offset, column.offset + size, dtype=np.int64))
            n_w += size
        variables.append(Variable(column, path, start, size))
    index = np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)
    return Recording(tuple(variables), index)


def element_tags(column: Any, labels: dict[str, Any]) -> Iterable[str]:
    """Tags of a column's elements: `reactor.product.m_flow[ethanol]`, `crystallizer.crystals[37]`."""
    if not column.shape:
        yield column.path
        return
    for index in np.ndindex(*column.shape):
        parts = []
        for dim, i in zip(column.dims, index, strict=True):
            names = labels.get(dim, ())
            parts.append(names[i] if i < len(names) and isinstance(names[i], str) else str(i))
        yield f"{column.path}[{','.join(parts)}]"
