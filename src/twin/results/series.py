"""The variables that grow along time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np

from twin.results.chunks import filtered, pieces
from twin.results.layout import BLOCK_ROWS, Recording, Variable, dimension_name, unit_of
from twin.results.netcdf import LEVEL, add_coordinate, add_dimension, set_texts

TIME = {"units": "s", "long_name": "time since the start", "standard_name": "time", "axis": "T"}

#: That make chunks: a simulation holds one core at most, and at its end none.
THREADS = 2


class Series:
    """Every recorded variable of a run, and `/time`.

    Values are hashed as they are written, so that finishing a run does not read them again.
    """

    def __init__(self, file: h5py.File, plant: Any, recording: Recording) -> None:
        self.datasets: list[tuple[Variable, h5py.Dataset]] = []
        self.time = _add(file["/"], "time", (), BLOCK_ROWS, TIME)
        self.time.make_scale("time")
        scales: dict[str, h5py.Dataset] = {}
        for v in recording.variables:
            for dim, size in zip(v.column.dims, v.column.shape, strict=True):
                if dim not in scales:
                    scales[dim] = _scale(file, plant, dim, size)
        groups: dict[str, h5py.Group] = {}
        for v in recording.variables:
            parent, _, name = v.path.rpartition("/")
            if parent not in groups:
                groups[parent] = file.require_group(parent)
            along = [self.time, *(scales[dim] for dim in v.column.dims)]
            dataset = _add(groups[parent], name, v.column.shape, v.chunk_rows, _texts(v))
            for axis, scale in enumerate(along):
                h5py.h5ds.attach_scale(dataset.id, scale.id, axis)
            if v.column.field.enum is not None:
                dataset.attrs["flag_values"] = np.array([float(code.value) for code in v.column.field.enum])
                dataset.attrs["flag_meanings"] = " ".join(code.name for code in v.column.field.enum)
            self.datasets.append((v, dataset))
        self._hashes = {path: hashlib.sha256() for path in ("/time", *(v.path for v in recording.variables))}
        self._threads = ThreadPoolExecutor(THREADS, "twin-chunks")

    def write(self, at: int, times: np.ndarray, blocks: Mapping[str, np.ndarray], complete: bool) -> None:
        """Write rows `at` and following.

        Parameters
        ----------
        at : int
            First row.
        times : array [rows]
        blocks : mapping of "y", "w", "q" to array [rows, n]
        complete : bool
            Whether these rows are final; else they will be written again, with more.
        """
        grown = [(v.path, dataset, v.chunk_rows, _rows(v, blocks, len(times))) for v, dataset in self.datasets]
        grown.append(("/time", self.time, BLOCK_ROWS, times))  # last: a reader trusts rows that have a time

        def made(one: tuple[str, h5py.Dataset, int, np.ndarray]) -> list[bytes]:
            path, _, length, rows = one
            if complete:
                self._hashes[path].update(rows.data)
            return [filtered(piece) for piece in pieces(rows, length)]

        for one, chunks in zip(grown, self._threads.map(made, grown), strict=True):
            _, dataset, length, rows = one
            dataset.id.set_extent((at + len(rows), *rows.shape[1:]))
            for number, data in enumerate(chunks):
                dataset.id.write_direct_chunk((at + number * length, *(0 for _ in rows.shape[1:])), data)
            if complete:
                dataset.flush()

    def digests(self) -> dict[str, bytes]:
        """SHA-256 of all values written for good, by path."""
        return {path: digest.digest() for path, digest in self._hashes.items()}

    def let_go(self) -> None:
        """Forget the file's variables, so that it can be closed."""
        self.datasets, self.time = [], None
        self._threads.shutdown()


def _rows(v: Variable, blocks: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    rows = blocks[v.column.vector][:, v.start : v.stop].reshape(count, *v.column.shape)
    return np.ascontiguousarray(rows, dtype="<f8")


def _texts(v: Variable) -> dict[str, str]:
    return {"units": unit_of(v.column), "long_name": v.column.field.meaning, "tag": v.column.path}


def _add(group: h5py.Group, name: str, shape: Sequence[int], rows: int, texts: Mapping[str, str]) -> h5py.Dataset:
    """Add one variable [time, *shape] of doubles: compressed, with a checksum a chunk."""
    space = h5py.h5s.create_simple((0, *shape), (h5py.h5s.UNLIMITED, *shape))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((rows, *shape))
    creation.set_shuffle()
    creation.set_deflate(LEVEL)
    creation.set_fletcher32()
    dataset = h5py.Dataset(h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F64LE, space, dcpl=creation))
    set_texts(dataset, texts)
    return dataset


def _scale(file: h5py.File, plant: Any, dim: str, size: int) -> h5py.Dataset:
    """Dimension of the file with its names, class sizes or edges where the plant knows them."""
    name = dimension_name(dim)
    labels = plant.dim_labels.get(dim)
    if dim.endswith("_edges") and dim[:-6] in plant.spec.grids:
        return add_coordinate(file, name, plant.spec.grids[dim[:-6]], "m", f"edges of {dim[:-6]}")
    if labels is None or len(labels) != size:
        return add_dimension(file, name, size)
    return add_coordinate(file, name, labels, "m", dim if isinstance(labels[0], str) else f"centres of {dim}")
