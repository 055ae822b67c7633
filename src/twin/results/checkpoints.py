"""Where a run stood, as bytes: in the log of a run that goes on, and sparsely in its finished file.

A checkpoint continues a run with the same plant, models and settings bit for bit (see
`twin.schedule.simulation.Simulation.resume`). It means nothing to other versions of the models.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from twin.results.files import FileProblem
from twin.results.netcdf import LEVEL, add_dimension, add_numbers, add_texts, set_texts

if TYPE_CHECKING:
    from twin.schedule.simulation import Checkpoint

#: Where a finished file keeps them; left out of its content hash, each carries its own.
GROUP = "/checkpoints"
#: A finished file keeps about so many, evenly spread over the run.
RETAINED = 24
#: Arrays of the instant that was not over at the checkpoint, and the prefix of their names.
SIDES = ("y_before", "w_before", "y_after", "w_after")
INSTANT = "instant."


@dataclass(frozen=True)
class Kept:
    """A checkpoint, and how much of the run had been recorded by then."""

    checkpoint: Checkpoint
    rows: int
    events: int
    instants: int

    @property
    def time(self) -> float:
        """Plant time, in s."""
        return self.checkpoint.time


def pack(kept: Kept) -> tuple[str, np.ndarray]:
    """Give a checkpoint as a text and as eight-byte words: the same for the same checkpoint."""
    point = kept.checkpoint
    arrays = dict(point.state)
    if point.instant is not None:
        arrays |= {f"{INSTANT}{name}": getattr(point.instant, name) for name in SIDES}
    head = {
        "time": point.time,
        "rows": kept.rows,
        "events": kept.events,
        "instants": kept.instants,
        "counts": point.counts,
        "history": [[getattr(lived, name) for name in lived.__dataclass_fields__] for lived in point.history],
        "arrays": [[name, array.dtype.str, array.shape] for name, array in arrays.items()],
    }
    words = [np.ascontiguousarray(array).reshape(-1).view("<u8") for array in arrays.values()]
    return json.dumps(head), np.concatenate(words)


def unpack(head: str, words: np.ndarray) -> Kept:
    """Undo :func:`pack`."""
    from twin.schedule.journal import Sides
    from twin.schedule.simulation import Checkpoint, Instant

    read = json.loads(head)
    arrays, place = {}, 0
    for name, dtype, shape in read["arrays"]:
        size = int(np.prod(shape, dtype=np.int64))
        arrays[name] = words[place : place + size].view(dtype).reshape(shape).copy()
        place += size
    sides = [arrays.pop(f"{INSTANT}{name}", None) for name in SIDES]
    instant = None if sides[0] is None else Sides(read["time"], *sides)
    history = tuple(Instant(*_tuples(lived)) for lived in read["history"])
    point = Checkpoint(read["time"], arrays, history, _tuples(read["counts"]), instant)
    return Kept(point, read["rows"], read["events"], read["instants"])


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def to_bytes(kept: Kept) -> bytes:
    """Pack for the log."""
    head, words = pack(kept)
    text = head.encode()
    return struct.pack("<I", len(text)) + text + zlib.compress(words.tobytes(), 1)


def from_bytes(data: bytes) -> Kept:
    """Undo :func:`to_bytes`."""
    (size,) = struct.unpack_from("<I", data)
    return unpack(data[4 : 4 + size].decode(), np.frombuffer(zlib.decompress(data[4 + size :]), dtype="<u8"))


def write_checkpoints(file: h5py.File, kept: Sequence[Kept], table: bool) -> None:
    """Write `/checkpoints` of a finished run.

    Parameters
    ----------
    file : h5py.File
    kept : sequence of Kept
        In order of time; nothing is written without any.
    table : bool
        Whether events were executed inside the compiled loop: a fork has to do as its parent did.
    """
    if not kept:
        return
    packed = [pack(one) for one in kept]
    group = file.create_group(GROUP)
    set_texts(group, {"long_name": "where the run stood: for `twin run --from`"})
    group.attrs["table"] = int(table)
    scale = add_dimension(group, "checkpoint", len(kept))
    add_numbers(group, "time", [one.time for one in kept], [scale], "s", "plant time of the checkpoint")
    add_numbers(group, "size", [len(words) for _, words in packed], [scale], "1", "words of the checkpoint")
    add_texts(group, "head", [head for head, _ in packed], scale, "what the words are")
    add_texts(group, "sha256", [_digest(*one) for one in packed], scale, "of head and words")
    every = np.concatenate([words for _, words in packed])
    places = add_dimension(group, "word", len(every))
    words = group.create_dataset("words", data=every, compression=LEVEL, shuffle=True, fletcher32=True)
    set_texts(words, {"units": "1", "long_name": "states of the integrator, as bits"})
    words.dims[0].attach_scale(places)


def read_checkpoints(file: h5py.File) -> list[Kept]:
    """Read all checkpoints of a finished run, in order of time; none where it keeps none.

    Raises
    ------
    FileProblem
        When one is not what the run wrote.
    """
    group = file.get(GROUP)
    if group is None:
        return []
    ends = np.cumsum(group["size"][()].astype(int))
    words = group["words"][()]
    found: list[Kept] = []
    for stop, head, digest in zip(ends, group["head"].asstr()[()], group["sha256"].asstr()[()], strict=True):
        start = int(stop) - int(group["size"][len(found)])
        part = words[start : int(stop)]
        if _digest(str(head), part) != str(digest):
            raise FileProblem(f"{file.filename} is damaged: a checkpoint is not what the run wrote")
        found.append(unpack(str(head), part))
    return found


def driven_by_table(file: h5py.File) -> bool:
    """Whether the run's events were executed inside the compiled loop."""
    group = file.get(GROUP)
    return group is None or bool(group.attrs["table"])


def _digest(head: str, words: np.ndarray) -> str:
    return hashlib.sha256(head.encode() + words.astype("<u8").tobytes()).hexdigest()
