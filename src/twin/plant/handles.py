"""NamedTuples of arrays for compiled code by one pointer: a table of where each array lies and how long it is.

The loop's tables hold some hundred and fifty arrays. Handed on as NamedTuples, numba passes seven numbers of each to
every kernel and unpacks them all at every call from Python, which made up most of the time of compiling the loop.
A `Handle` stands for such a NamedTuple (a field may be None: what asks for that is not even compiled then): compiled
code names its fields as before (`M.y[i]`), and reads from the table where the array lies (`handle_types.py`). The table
is written in Python only, so compiled code may keep what it has read.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import addressof, c_char
from functools import cached_property
from typing import Any

import numpy as np

from twin.jit import disabled
from twin.quantity import Array


class Handle:
    """Stands for a NamedTuple of arrays, some of its fields NamedTuples of arrays themselves; keeps it alive."""

    def __init__(self, value: Any) -> None:
        self.value = value
        words: list[int] = []
        kinds: list[Any] = []
        _read(value, words, kinds)
        of_kind = tuple(kinds)
        if of_kind not in _known:
            _known[of_kind] = _signature(value), _places(value, 0)
        #: fields with their types: what compiled code that is called by address relies on
        self.signature, self._places = _known[of_kind]
        self.table = np.array(words, dtype=np.int64)
        self.address = int(self.table.ctypes.data)

    @cached_property
    def _numba_type_(self) -> Any:
        from twin.plant.handle_types import type_of

        return type_of(self.value)

    def take(self, value: Any) -> None:
        """Stand for another NamedTuple of the same type from now on; not while compiled code runs.

        Of the fields only those are looked at that are other objects than before.
        """
        try:
            changes = _changes(self.value, value, self._places)
        except ValueError:
            raise TypeError(f"this handle stands for {self.signature}, not for {_signature(value)}") from None
        table = self.table
        for at, array in changes:
            table[at] = array.ctypes.data
            for axis, length in enumerate(array.shape, start=at + 1):
                table[axis] = length
        self.value = value


#: Of all ways to ask an array where it lies, the quickest; not for empty ones.
from_buffer: Any = c_char.from_buffer
#: Signature and places by what `_read` tells.
_known: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}


def _signature(value: Any) -> str:
    if value is None:
        return "none"
    if hasattr(value, "_fields"):
        members = (f"{name}: {_signature(field)}" for name, field in zip(value._fields, value, strict=True))
        return f"{type(value).__name__}({', '.join(members)})"
    _check(value)
    return f"{value.dtype.str}[{value.ndim}]"


def _check(array: Array) -> None:
    if not array.flags.carray:
        raise TypeError(f"a handle is of contiguous arrays that may be written to, not of one with\n{array.flags}")


def _read(value: Any, words: list[int], kinds: list[Any]) -> None:
    """Append a NamedTuple's words, and what tells its signature: a run makes a dozen handles of a hundred arrays."""
    kinds.append(type(value))
    for field in value:
        if field is None:
            kinds.append(None)
        elif isinstance(field, tuple):
            _read(field, words, kinds)
        else:
            if not field.flags.carray:
                _check(field)
            words.append(addressof(from_buffer(field)) if field.size else field.ctypes.data)
            words += field.shape
            kinds += (field.dtype, field.ndim)


def _count(value: Any) -> int:
    """Number of words of a field."""
    if value is None:
        return 0
    return sum(map(_count, value)) if isinstance(value, tuple) else 1 + int(value.ndim)


def _places(value: Any, at: int) -> list[Any]:
    """Words at which the fields begin; of a NamedTuple those of its fields."""
    places: list[Any] = []
    for field in value:
        places.append(_places(field, at) if isinstance(field, tuple) else at)
        at += _count(field)
    return places


def _changes(before: Any, value: Any, places: list[Any]) -> list[tuple[int, Array]]:
    """Give the arrays that have changed, and where the words of each stand. Raises ValueError for another type."""
    if type(before) is not type(value):
        raise ValueError
    found: list[tuple[int, Array]] = []
    for old, field, at in zip(before, value, places, strict=True):
        if field is old:
            continue
        if isinstance(old, tuple):
            found += _changes(old, field, at)
        elif not isinstance(field, np.ndarray) or field.dtype != old.dtype or field.ndim != old.ndim:
            raise ValueError
        else:
            _check(field)
            found.append((at, field))
    return found


def handed(tables: Sequence[Any], before: Sequence[Any] = ()) -> tuple[Any, ...]:
    """What a kernel is given for its tables: handles; those of the call before stand for these tables now."""
    if disabled():
        return tuple(tables)
    if not before:
        return tuple(Handle(table) for table in tables)
    for handle, table in zip(before, tables, strict=True):
        if handle.value is not table:
            handle.take(table)
    return tuple(before)
