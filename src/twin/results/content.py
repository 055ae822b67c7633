"""Content hash of a run file: the same whenever the same is written, whatever the compression.

SHA-256 over every group, variable and attribute: paths, types, shapes, values as row-major
little-endian bytes, attributes. Left out are `/provenance/session` (wall times, host's clock), the
checkpoints (which depend on how the run was driven, and carry hashes of their own), the hash itself, and the
lists of users that dimensions keep. Links to other places or files are
refused. Tamper-evident, not tamper-proof.

This module needs h5py and numpy only.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

#: Attribute of the root that holds the hash.
HASH = "content_hash"
#: What may differ between two equal runs: wall times, and where checkpoints were made.
EXCLUDED = ("/provenance/session", "/checkpoints")
#: Bookkeeping of dimensions: who uses them, which every user's own attributes say as well.
INVERSE = "REFERENCE_LIST"
#: Bytes of a variable read at once.
BLOCK = 1 << 24


class ContentError(Exception):
    """The file holds something that a run file never holds."""


@dataclass(frozen=True)
class Verification:
    """Answer of :func:`verify`: `reason` says in words what is wrong, or is empty."""

    ok: bool
    stored: str
    computed: str
    reason: str


def content_hash(file: h5py.File, known: Mapping[str, bytes] | None = None) -> str:
    """Hash an open run file.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    known : mapping of str to bytes, optional
        SHA-256 of values already hashed while they were written, by path of the variable.

    Returns
    -------
    str
        `sha256:` and 64 hexadecimal digits.

    Raises
    ------
    ContentError
        When the file holds links, virtual or external variables, or unknown types.
    """
    whole = hashlib.sha256(b"twin run file content 1\n")
    for path, digest in sorted(digests(file, known).items()):
        _put(whole, path.encode(), digest)
    return f"sha256:{whole.hexdigest()}"


def digests(file: h5py.File, known: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Digest of every group and variable by its path: two files differ where these differ."""
    seen: dict[Any, str] = {}
    nodes = list(_walk(file, seen))
    return {path: _node(path, node, (known or {}).get(path), seen) for path, node in nodes}


def address(node: Any) -> Any:
    """Where a group or variable stands in its file: asking HDF5 for a name takes a millisecond, this does not."""
    return h5py.h5g.get_objinfo(node.id if isinstance(node, h5py.HLObject) else node).objno


def data_bytes(values: np.ndarray) -> bytes:
    """Row-major little-endian bytes of numbers."""
    numbers = np.asarray(values)
    return np.ascontiguousarray(numbers, dtype=numbers.dtype.newbyteorder("<")).tobytes()


def verify(path: str | Path) -> Verification:
    """Compare a file's content with the hash that it carries.

    Never raises for a damaged file: the damage is the answer.
    """
    try:
        with h5py.File(path, "r") as file:
            stored = file.attrs.get(HASH)
            if not isinstance(stored, str):
                return Verification(False, "", "", "the file carries no content hash: the run has not been finished")
            computed = content_hash(file)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        return Verification(False, "", "", f"the file cannot be read: {error}")
    except ContentError as error:
        return Verification(False, "", "", str(error))
    reason = "" if stored == computed else "the content differs from what the run wrote"
    return Verification(stored == computed, stored, computed, reason)


def _walk(group: h5py.Group, seen: dict[Any, str]) -> Iterator[tuple[str, Any]]:
    path = unicodedata.normalize("NFC", group.name)
    if path in EXCLUDED:
        return
    _once(group, path, seen)
    yield path, group
    composed: set[str] = set()
    for name in sorted(group):
        same = unicodedata.normalize("NFC", name)
        if same in composed:
            raise ContentError(f"{path} holds two things called {same}, told apart by how letters are composed only")
        composed.add(same)
        kind = group.get(name, getlink=True)
        if not isinstance(kind, h5py.HardLink):
            raise ContentError(f"{group.name}/{name} is a link to another place; a run file holds none")
        node = group[name]
        if isinstance(node, h5py.Group):
            yield from _walk(node, seen)
        elif isinstance(node, h5py.Dataset):
            path = unicodedata.normalize("NFC", node.name)
            _once(node, path, seen)
            yield path, node
        else:
            raise ContentError(f"{group.name}/{name} is neither a group nor a variable")


def _once(node: Any, path: str, seen: dict[Any, str]) -> None:
    """Refuse a second name of one thing: a circle of groups would never end."""
    place = address(node)
    if place in seen:
        raise ContentError(f"{path} is a second name of {seen[place]}; a run file holds none")
    seen[place] = path


def _node(path: str, node: Any, known: bytes | None, names: Mapping[Any, str]) -> bytes:
    digest = hashlib.sha256()
    if isinstance(node, h5py.Dataset):
        if node.is_virtual or node.external:
            raise ContentError(f"{path} keeps its values in another file; a run file never does")
        _put(digest, b"variable", path.encode(), _type(node.dtype, path), repr(tuple(map(int, node.shape))).encode())
        _put(digest, known if known is not None else _values(node, path))
    else:
        _put(digest, b"group", path.encode())
    for name in sorted(node.attrs):
        if name == INVERSE or (path == "/" and name == HASH):
            continue
        _put(digest, name.encode(), *_attribute(node, name, path, names))
    return digest.digest()


def _put(digest: Any, *parts: bytes) -> None:
    """Feed parts with their lengths, so that no two lists of parts give the same bytes."""
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)


def _type(dtype: np.dtype, path: str) -> bytes:
    if h5py.check_string_dtype(dtype) is not None:
        return b"text"
    if dtype.kind in "fiub":
        return dtype.newbyteorder("<").str.encode()
    raise ContentError(f"{path} is of type {dtype}; a run file holds numbers and texts only")


def _values(node: h5py.Dataset, path: str) -> bytes:
    digest = hashlib.sha256()
    if h5py.check_string_dtype(node.dtype) is not None:
        for text in np.asarray(node[()], dtype=object).ravel():
            _put(digest, text if isinstance(text, bytes) else str(text).encode())
    elif not node.shape or node.chunks is None:
        digest.update(data_bytes(node[()]))
    else:
        rows = max(1, BLOCK // max(1, node.dtype.itemsize * int(np.prod(node.shape[1:]))))
        for start in range(0, node.shape[0], rows):
            digest.update(data_bytes(node[start : start + rows]))
    return digest.digest()


def _attribute(node: Any, name: str, path: str, names: Mapping[Any, str]) -> tuple[bytes, ...]:
    """Type, shape and value; references to dimensions are read as the paths that they point to."""
    value = node.attrs[name]
    if name == "DIMENSION_LIST":
        targets = [[_target(node, reference, names) for reference in references] for references in value]
        return b"dimensions", repr(targets).encode()
    if isinstance(value, str):
        return b"text", b"()", value.encode()
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in array.ravel()]
        return b"text", repr(array.shape).encode(), repr(texts).encode()
    return _type(array.dtype, f"{path}@{name}"), repr(array.shape).encode(), data_bytes(array)


def _target(node: Any, reference: Any, names: Mapping[Any, str]) -> str:
    found = h5py.h5r.dereference(reference, node.id)
    if found is None or address(found) not in names:
        raise ContentError(f"{node.name} refers to a dimension that is not in the file")
    return names[address(found)]
