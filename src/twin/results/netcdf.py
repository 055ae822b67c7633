"""Variables, dimensions and texts as netCDF-4 lays them out in HDF5.

h5py's own calls, bypassed only where hundreds of variables would cost tenths of a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from twin.results.content import address

#: Readable by HDF5 1.10 tools, and able to be read while it is written.
LIBVER = ("v110", "v110")
#: gzip level: 1 is twice as fast as 4 here and 3 % larger.
LEVEL = 1
#: What netCDF-4 writes as the name of a dimension that has no coordinate.
NO_COORDINATE = "This is a netCDF dimension but not a netCDF variable.%10d"

TEXT = h5py.string_dtype("utf-8")
_TEXT_ID = h5py.h5t.py_create(TEXT, logical=True)
_SCALAR = h5py.h5s.create(h5py.h5s.SCALAR)


def set_texts(node: Any, attributes: Mapping[str, str]) -> None:
    """Write text attributes."""
    for name, value in attributes.items():
        attribute = h5py.h5a.create(node.id, name.encode(), _TEXT_ID, _SCALAR)
        attribute.write(np.array(value, dtype=TEXT))


def add_dimension(file: h5py.Group, name: str, size: int) -> h5py.Dataset:
    """Add a dimension that has no coordinate."""
    scale = file.create_dataset(name, shape=(size,), dtype=">f4")
    scale.make_scale(NO_COORDINATE % size)
    return scale


def add_coordinate(file: h5py.File, name: str, values: Any, unit: str, meaning: str) -> h5py.Dataset:
    """Add a dimension with its coordinate: names, or numbers with a unit."""
    numbers = np.asarray(values)
    if numbers.dtype.kind in "fiu":
        scale = file.create_dataset(name, data=numbers.astype("<f8"), chunks=numbers.shape, fletcher32=True)
        set_texts(scale, {"units": unit, "long_name": meaning})
    else:
        scale = file.create_dataset(name, data=[str(v) for v in values], dtype=TEXT)
        set_texts(scale, {"long_name": meaning})
    scale.make_scale(name)
    return scale


class Dimensions:
    """Names of a file's dimensions, found by address: HDF5 takes a millisecond to name a reference."""

    def __init__(self, file: h5py.File) -> None:
        self.names = {address(node): name for name, node in file.items() if isinstance(node, h5py.Dataset)}

    def of(self, dataset: h5py.Dataset) -> tuple[str, ...]:
        """Dimensions of a variable, outermost first."""
        lists = dataset.attrs["DIMENSION_LIST"]
        return tuple(self.names[address(h5py.h5r.dereference(references[0], dataset.id))] for references in lists)


def add_texts(
    group: h5py.Group, name: str, values: Sequence[str], scale: h5py.Dataset | None = None, meaning: str = ""
) -> h5py.Dataset:
    """Add a variable of texts along a dimension."""
    dataset = group.create_dataset(name, data=np.array(list(values), dtype=object), dtype=TEXT)
    set_texts(dataset, {"long_name": meaning} if meaning else {})
    if scale is not None:
        dataset.dims[0].attach_scale(scale)
    return dataset


def add_numbers(
    group: h5py.Group, name: str, values: Any, scales: Sequence[h5py.Dataset], unit: str, meaning: str
) -> h5py.Dataset:
    """Add a finished variable of doubles along dimensions (none: a scalar)."""
    numbers = np.asarray(values, dtype="<f8")
    stored = numbers.size > 0 and numbers.ndim > 0
    options: dict[str, Any] = {"compression": LEVEL, "shuffle": True, "fletcher32": True} if stored else {}
    dataset = group.create_dataset(name, data=numbers, **options)
    set_texts(dataset, {"units": unit, "long_name": meaning})
    for axis, scale in enumerate(scales):
        dataset.dims[axis].attach_scale(scale)
    return dataset
