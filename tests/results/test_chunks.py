"""Chunks that are made here are what HDF5's own filters would have written."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from twin.results.chunks import filtered, fletcher32, pieces
from twin.results.layout import BLOCK_ROWS, Variable
from twin.results.netcdf import LEVEL


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return np.round(drawn) if seed % 3 == 0 else drawn * (seed % 4)


def test_hdf5_writes_the_same_checksums_and_reads_the_same_numbers(tmp_path: Path) -> None:
    options = {"compression": LEVEL, "shuffle": True, "fletcher32": True}
    with h5py.File(tmp_path / "chunks.h5", "w") as file:
        for seed, shape in enumerate([(1,), (2,), (7,), (64,), (513, 3), (100, 2, 5), (0x4000,), (0x1FFFF,)]):
            values = noise(shape, seed)
            theirs = file.create_dataset(f"theirs{seed}", data=values, chunks=shape, **options)
            mask, stored = theirs.id.read_direct_chunk(tuple(0 for _ in shape))
            if mask == 0:  # HDF5 leaves out a filter that makes a chunk longer
                assert fletcher32(stored[:-4]) == stored[-4:]
            ours = file.create_dataset(f"ours{seed}", shape=shape, dtype="<f8", chunks=shape, **options)
            ours.id.write_direct_chunk(tuple(0 for _ in shape), filtered(values))
            assert ours[()].tobytes() == values.tobytes()


def test_a_checksum_that_is_a_multiple_of_its_modulus_is_not_nought() -> None:
    assert fletcher32(b"\0\0\0\0") == b"\0\0\0\0"
    assert fletcher32(b"\xff\xff") == b"\xff\xff\xff\xff"
    assert fletcher32(b"\x01") == fletcher32(b"\x01\x00")


def test_a_last_chunk_is_filled_up() -> None:
    rows = np.arange(10.0).reshape(5, 2)
    cut = list(pieces(rows, 4))
    assert [piece.shape for piece in cut] == [(4, 2), (4, 2)]
    assert np.array_equal(np.concatenate(cut)[:5], rows)
    assert not cut[1][1:].any()


@pytest.mark.parametrize("size", [1, 255, 257, 1559, 8192, 100_000])
def test_blocks_hold_whole_chunks(size: int) -> None:
    assert BLOCK_ROWS % Variable(None, "", 0, size).chunk_rows == 0
