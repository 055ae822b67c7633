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
#: Texts in memory, by how their letters are encoded.
_TEXTS = {
    letters: (dtype := h5py.string_dtype(name), h5py.h5t.py_create(dtype))
    for letters, name in ((h5py.h5t.CSET_ASCII, "ascii"), (h5py.h5t.CSET_UTF8, "utf-8"))
}


class ContentError(Exception):
    """The file holds something that a run file never holds."""


@dataclass(frozen=True)
class Verification:
    """Answer of :func:`verify`: `reason` says in words what is wrong, or is empty."""

    ok: bool
    stored: str
    computed: str
    reason: str


def content_hash(
    file: h5py.File, known: Mapping[str, bytes] | None = None, told: Mapping[str, bytes] | None = None
) -> str:
    """Hash an open run file.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    known : mapping of str to bytes, optional
        SHA-256 of values already hashed while they were written, by path of the variable.
    told : mapping of str to bytes, optional
        Attributes of variables that have had all of them since (:func:`attributes`), by path.

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
    for path, digest in sorted(digests(file, known, told).items()):
        _put(whole, path.encode(), digest)
    return f"sha256:{whole.hexdigest()}"


def digests(
    file: h5py.File, known: Mapping[str, bytes] | None = None, told: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """Digest of every group and variable by its path: two files differ where these differ."""
    seen: dict[Any, str] = {}
    nodes = list(_walk(file.id, "/", seen))
    known, told = known or {}, told or {}
    return {path: _node(path, node, known.get(path), told.get(path), seen) for path, node in nodes}


def attributes(file: h5py.File) -> dict[str, bytes]:
    """What the hash takes of the attributes of every variable in an open file, by path."""
    seen: dict[Any, str] = {}
    nodes = list(_walk(file.id, "/", seen))
    return {path: _attributes(path, node, seen) for path, node in nodes if isinstance(node, h5py.h5d.DatasetID)}


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


def _walk(group: Any, path: str, seen: dict[Any, str]) -> Iterator[tuple[str, Any]]:
    """Everything in a group, by HDF5's own handles: h5py's objects around them cost more than all the rest."""
    if path in EXCLUDED:
        return
    _once(group, path, seen)
    yield path, group
    composed: set[str] = set()
    for name, raw in sorted((raw.decode("utf-8", "surrogateescape"), raw) for raw in group):
        same = unicodedata.normalize("NFC", name)
        if same in composed:
            raise ContentError(f"{path} holds two things called {same}, told apart by how letters are composed only")
        composed.add(same)
        inner = f"{path.rstrip('/')}/{same}"
        if group.links.get_info(raw).type != h5py.h5l.TYPE_HARD:
            raise ContentError(f"{inner} is a link to another place; a run file holds none")
        node = h5py.h5o.open(group, raw)
        if isinstance(node, h5py.h5g.GroupID):
            yield from _walk(node, inner, seen)
        elif isinstance(node, h5py.h5d.DatasetID):
            _once(node, inner, seen)
            yield inner, node
        else:
            raise ContentError(f"{inner} is neither a group nor a variable")


def _once(node: Any, path: str, seen: dict[Any, str]) -> None:
    """Refuse a second name of one thing: a circle of groups would never end."""
    place = address(node)
    if place in seen:
        raise ContentError(f"{path} is a second name of {seen[place]}; a run file holds none")
    seen[place] = path


def _node(path: str, node: Any, known: bytes | None, told: bytes | None, names: Mapping[Any, str]) -> bytes:
    digest = hashlib.sha256()
    if isinstance(node, h5py.h5d.DatasetID):
        made = node.get_create_plist()
        if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
            raise ContentError(f"{path} keeps its values in another file; a run file never does")
        _put(digest, b"variable", path.encode(), _type(node.dtype, path), repr(tuple(map(int, node.shape))).encode())
        _put(digest, known if known is not None else _values(h5py.Dataset(node), path))
    else:
        _put(digest, b"group", path.encode())
    digest.update(_attributes(path, node, names) if told is None else told)
    return digest.digest()


def _attributes(path: str, node: Any, names: Mapping[Any, str]) -> bytes:
    handles = (h5py.h5a.open(node, index=number) for number in range(h5py.h5a.get_num_attrs(node)))
    named = {handle.name.decode("utf-8", "surrogateescape"): handle for handle in handles}
    left_out = (INVERSE, HASH) if path == "/" else (INVERSE,)
    parts = [
        (name.encode(), *_attribute(node, name, named[name], path, names))
        for name in sorted(named)
        if name not in left_out
    ]
    return b"".join(_framed(part) for attribute in parts for part in attribute)


def _framed(part: bytes) -> bytes:
    """A part with its length before it, so that no two lists of parts give the same bytes."""
    return len(part).to_bytes(8, "little") + part


def _put(digest: Any, *parts: bytes) -> None:
    for part in parts:
        digest.update(_framed(part))


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


def _attribute(node: Any, name: str, attribute: Any, path: str, names: Mapping[Any, str]) -> tuple[bytes, ...]:
    """Type, shape and value; references to dimensions are read as the paths that they point to."""
    kind = attribute.get_type()
    one = attribute.get_space().get_simple_extent_type() == h5py.h5s.SCALAR
    if one and isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str():  # most are: a text
        dtype, memory = _TEXTS[kind.get_cset()]
        read = np.zeros((), dtype=dtype)
        attribute.read(read, memory)
        text: bytes = read.item()
        return b"text", b"()", text.decode().encode()
    value = (h5py.Dataset(node) if isinstance(node, h5py.h5d.DatasetID) else h5py.Group(node)).attrs[name]
    if name == "DIMENSION_LIST":
        targets = [[_target(node, reference, path, names) for reference in references] for references in value]
        return b"dimensions", repr(targets).encode()
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in array.ravel()]
        return b"text", repr(array.shape).encode(), repr(texts).encode()
    return _type(array.dtype, f"{path}@{name}"), repr(array.shape).encode(), data_bytes(array)


def _target(node: Any, reference: Any, path: str, names: Mapping[Any, str]) -> str:
    found = h5py.h5r.dereference(reference, node)
    place = None if found is None else address(found)
    if place not in names:
        raise ContentError(f"{path} refers to a dimension that is not in the file")
    return names[place]
