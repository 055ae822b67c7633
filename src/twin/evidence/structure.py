"""What a run file is made of, read so that a file made to do harm does none: the first thing that is checked."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.evidence.findings import Findings, Kind
from twin.results.content import EXCLUDED, HASH, ContentError, content_hash, digests

#: A file unfolds to no more than this many times its size: ten times what runs of constants do.
RATIO = 4000
#: Whatever its size, a file may unfold to so much.
ALWAYS = 1 << 28
#: No chunk of a variable is larger.
CHUNK = 1 << 28
#: Deepest nesting of groups.
DEPTH = 64
#: Groups and variables in a file.
MOST = 1_000_000
#: HDF5's heaps of texts: how one begins, its head and the head of an object in it, the smallest [bytes].
HEAP, HEAD, LEAST = b"GCOL\x01", 16, 4096
#: What reading a damaged or hostile file may raise.
UNREADABLE = (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError, MemoryError)
_CHECKPOINTS, _SESSION = "/checkpoints", "/provenance/session"
_PARTS = {"time", "size", "head", "sha256", "checkpoint", "word", "words"}


def read_facts(path: Path, findings: Findings, tree: bool = False) -> dict[str, Any]:
    """Read what a run file says of itself, and compare its content with the hash that it carries.

    Parameters
    ----------
    path : Path
    findings : Findings
        Takes what is wrong.
    tree : bool
        Whether to give the digest of every group and variable, too.

    Returns
    -------
    dict
        `content_hash` (computed; empty where nothing could be read), `run_id`, `outcome`, hashes of the
        configuration, and with `tree` the digests.
    """
    facts: dict[str, Any] = {"kind": "", "content_hash": "", "run_id": "", "outcome": "", "config": {}, "tree": {}}
    if not path.is_file():
        findings.add(Kind.STRUCTURE, f"there is no file {path}")
        return facts
    try:
        with h5py.File(path, "r") as file:
            _heaps_end(file, path)
            _unfolds(file, path.stat().st_size)
            facts |= _said(file)
            facts["kind"] = _kind(file)
            if not facts["kind"]:
                findings.add(Kind.STRUCTURE, "it is no run of twin")
                return facts
            stored = file.attrs.get(HASH)
            if not isinstance(stored, str):
                findings.add(Kind.UNFINISHED, "it carries no content hash: the run goes on, was killed, or is no run")
                return facts
            computed = content_hash(file)
            if tree:
                facts["tree"] = {name: value.hex() for name, value in sorted(digests(file).items())}
            facts["content_hash"] = computed
            facts["stored_hash"] = stored
            _excluded(file, findings)
    except UNREADABLE as error:
        findings.add(Kind.UNFINISHED if "already open for write" in str(error) else Kind.STRUCTURE, _why(error))
        return facts
    except ContentError as error:
        findings.add(Kind.STRUCTURE, str(error))
        return facts
    if computed != stored:
        findings.add(Kind.CONTENT, "the content is not what the run wrote")
    return facts


def _kind(file: h5py.File) -> str:
    """What wrote it: a run, or one of the files that are made from runs; empty where nothing of twin did."""
    kind = file.attrs.get("kind")
    if isinstance(kind, str):
        return kind if kind in ("study", "export") else ""
    if "trace_schema_version" in file.attrs:
        return "trace"
    return "run" if "schema_version" in file.attrs and "time" in file else ""


def _why(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    if "signature not found" in text:
        return "it is no HDF5 file"
    if "truncated" in text:
        return "it is cut short"
    if "already open for write" in text:
        return "the run goes on, or was killed while it wrote"
    return f"it cannot be read: {text}"


def _heaps_end(file: h5py.File, path: Path) -> None:
    """Refuse heaps on which HDF5 would walk for ever: it goes on by an object's size, be that 0 or wrapped round."""
    if file.id.get_create_plist().get_sizes() != (8, 8):
        raise ContentError("its sizes are not of eight bytes, as those of a run are")
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start, most = data.find(HEAP), len(data) // HEAD
        while start >= 0:
            size = int.from_bytes(data[start + 8 : start + 16], "little")
            at, end = start + HEAD, start + size
            while LEAST <= size and end <= len(data) and at + HEAD <= end:
                number, length = (int.from_bytes(data[at + a : at + b], "little") for a, b in ((0, 2), (8, 16)))
                step = (HEAD + (length + 7) % 2**64 // 8 * 8 if number else length) % 2**64
                if not 0 < step < 2**63:
                    raise ContentError(f"its heap of texts at byte {start} has no end")
                at, most = at + step, most - 1
                if most < 0:
                    raise ContentError("its heaps of texts lie upon each other")
            start = data.find(HEAP, start + 1)


def _unfolds(file: h5py.File, size: int) -> None:
    """Refuse what would fill the memory, before any value is read."""
    allowed = max(ALWAYS, RATIO * size)
    total = count = 0
    for path, node in _nodes(file, 0):
        count += 1
        if count > MOST:
            raise ContentError("it holds more groups and variables than any run")
        if not isinstance(node, h5py.Dataset):
            continue
        width = 64 if h5py.check_string_dtype(node.dtype) is not None else node.dtype.itemsize
        total += width * int(np.prod([int(n) for n in node.shape or ()], dtype=object))
        if node.chunks is not None and width * int(np.prod(node.chunks, dtype=object)) > CHUNK:
            raise ContentError(f"{path} has chunks that no run has")
        if total > allowed:
            raise ContentError(f"it would unfold to more than {allowed >> 20} MB: no run does")


def _nodes(group: h5py.Group, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEPTH:
        raise ContentError("its groups are nested deeper than in any run")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ContentError(f"{group.name}/{name} is a link to another place; a run file holds none")
        node = group[name]
        yield f"{group.name}/{name}", node
        if isinstance(node, h5py.Group):
            yield from _nodes(node, depth + 1)


def _said(file: h5py.File) -> dict[str, Any]:
    session = file.get(_SESSION)
    texts = {}
    for name in ("plant", "scenario", "resolved"):
        node = file.get(f"/configuration/{name}")
        if isinstance(node, h5py.Dataset) and node.shape == ():
            texts[name] = f"sha256:{hashlib.sha256(bytes(node[()])).hexdigest()}"
    said = {name: file.attrs.get(name, "") for name in ("outcome", "outcome_message", "scenario", "plant")}
    found: dict[str, Any] = {name: value if isinstance(value, str) else "" for name, value in said.items()}
    run_id = session.attrs.get("run_id", "") if isinstance(session, h5py.Group) else ""
    found["run_id"] = run_id if isinstance(run_id, str) else ""
    found["config"] = texts
    of = file.get("/provenance")
    for name, place in (("of_run", "run_file"), ("of_content", "run_content_hash")):
        value = of.attrs.get(place, "") if isinstance(of, h5py.Group) else ""
        found[name] = value if isinstance(value, str) else ""
    return found


def _excluded(file: h5py.File, findings: Findings) -> None:
    """Check what the content hash leaves out: checkpoints by their own hashes, the session by its form."""
    assert set(EXCLUDED) == {_CHECKPOINTS, _SESSION}
    session, kept = file.get(_SESSION), file.get(_CHECKPOINTS)
    if session is not None and (not isinstance(session, h5py.Group) or len(session)):
        findings.add(Kind.STRUCTURE, f"{_SESSION} holds more than attributes; a run writes none there")
    if kept is None:
        return
    if not isinstance(kept, h5py.Group) or set(kept) != _PARTS:
        findings.add(Kind.STRUCTURE, f"{_CHECKPOINTS} holds other things than a run writes")
        return
    words, stop = kept["words"][()], 0
    rows = zip(kept["size"][()], kept["head"].asstr()[()], kept["sha256"].asstr()[()], strict=True)
    for number, (size, head, digest) in enumerate(rows):
        start, stop = stop, stop + int(size)
        part = words[start:stop].astype("<u8").tobytes()
        if hashlib.sha256(str(head).encode() + part).hexdigest() != digest:
            findings.add(Kind.CONTENT, f"checkpoint {number} is not what the run wrote")
    if stop != len(words):
        findings.add(Kind.CONTENT, "the checkpoints hold more than the run wrote")
