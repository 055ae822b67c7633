"""Chunks of a growing variable, made here rather than by HDF5: the same bytes, in several threads, holding no GIL.

HDF5 filters a chunk while it holds its own lock and Python's, so that a run and the file it writes waited for each
other, and what was left at the end of a run was compressed by one core. What stands in the file is what HDF5's own
filters make: shuffled bytes, deflated, with Fletcher's checksum behind them; any reader of HDF5 takes it for that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from twin.results.netcdf import LEVEL


def pieces(rows: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Cut rows into chunks of so many; the last one is filled up with zeros."""
    for first in range(0, len(rows), length):
        piece = rows[first : first + length]
        if len(piece) < length:
            piece = np.concatenate([piece, np.zeros((length - len(piece), *rows.shape[1:]))])
        yield piece


def filtered(values: np.ndarray) -> bytes:
    """Give a whole chunk of doubles as it stands in a file that shuffles, deflates and sums up."""
    numbers = np.ascontiguousarray(values, dtype="<f8")
    planes = np.ascontiguousarray(numbers.reshape(-1).view(np.uint8).reshape(-1, 8).T)
    deflated = zlib.compress(planes.data, LEVEL)
    return deflated + fletcher32(deflated)


def fletcher32(data: bytes) -> bytes:
    """Sum bytes up as HDF5 does: words of 16 bits, high byte first, and their running sums, modulo 65535.

    It keeps 65535 where others have 0, unless all is zero.
    """
    words = np.frombuffer(data + b"\0" * (len(data) % 2), dtype=">u2").astype(np.uint64)
    plain = int(words.sum())
    running = int(words @ np.arange(len(words), 0, -1, dtype=np.uint64))  # of a chunk of 1 MB at most 2^55
    low, high = ((total - 1) % 65535 + 1 if total else 0 for total in (plain, running))
    return (high << 16 | low).to_bytes(4, "little")
