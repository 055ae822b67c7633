"""What a reader hands out: tags, limits, values around events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from twin.results.netcdf import Dimensions


@dataclass(frozen=True)
class Tag:
    """One recorded quantity: where it stands, and what it is."""

    name: str
    path: str
    unit: str
    meaning: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    codes: dict[int, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it is: state, outlet, inlet, measurement, holdup, integral, feed or quadrature."""
        parts = self.path.split("/")
        return (parts[3] if parts[1] == "units" else parts[1]).removesuffix("s")

    @property
    def owner(self) -> str:
        """Unit, feed or product that it belongs to."""
        return self.path.split("/")[2]


@dataclass(frozen=True)
class Limits:
    """One line of `quality:`; a limit that is not set is NaN."""

    tag: str
    low: float
    high: float
    average: float


@dataclass(frozen=True)
class Snapshots:
    """Values just before and just after the events of each instant, [instant, tag]."""

    time: np.ndarray
    tags: tuple[str, ...]
    units: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray


def read_tag(node: h5py.Dataset, dimensions: Dimensions) -> Tag:
    """Describe a recorded variable."""
    attrs = node.attrs
    codes: dict[int, str] = {}
    if "flag_values" in attrs:
        names = str(attrs["flag_meanings"]).split()
        codes = {int(value): name for value, name in zip(attrs["flag_values"], names, strict=True)}
    words = (str(attrs["units"]), str(attrs["long_name"]))
    return Tag(str(attrs["tag"]), node.name, *words, dimensions.of(node)[1:], node.shape[1:], codes)


def read_table(file: h5py.File, path: str, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Rows of a group's variables along one dimension."""
    group = file.get(path)
    if group is None or any(name not in group for name in names):
        return []
    columns = []
    for name in names:
        text = h5py.check_string_dtype(group[name].dtype) is not None
        columns.append([str(v) for v in group[name].asstr()[()]] if text else [float(v) for v in group[name][()]])
    return list(zip(*columns, strict=True))


def plain(value: Any) -> Any:
    """Give Python numbers for numpy's, so that they can be written as JSON."""
    return value.item() if isinstance(value, np.generic) else value
