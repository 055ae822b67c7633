"""NamedTuples of arrays for compiled code by one pointer: a table of where each array lies and how long it is.

The loop's tables hold some hundred and fifty arrays. Handed on as NamedTuples, numba passes seven numbers of each to
every kernel and unpacks them all at every call from Python, which made up most of the time of compiling the loop.
A `Handle` stands for such a NamedTuple (a field may be None: what asks for that is not even compiled then): compiled
code names its fields as before (`M.y[i]`), and reads from the table
where the array lies. The table is written in Python only, so compiled code may keep what it has read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, models, register_model, unbox
from numba.np.arrayobj import populate_array

WORD = ir.IntType(64)


class HandleType(types.Type):
    """Numba's type of a handle: the fields of its NamedTuple with their types, nested ones included."""

    def __init__(self, name: str, members: tuple[tuple[str, types.Type], ...]) -> None:
        self.members = members
        super().__init__(name=f"{name}({', '.join(f'{field}: {kind}' for field, kind in members)})")

    @property
    def size(self) -> int:
        """Words in the table."""
        return sum(_size(kind) for _, kind in self.members)

    def place(self, name: str) -> tuple[int, types.Type]:
        """Word at which a field begins, and its type. Raises KeyError."""
        at = 0
        for field, kind in self.members:
            if field == name:
                return at, kind
            at += _size(kind)
        raise KeyError(name)


def _size(kind: types.Type) -> int:
    if kind is types.none:
        return 0
    return kind.size if isinstance(kind, HandleType) else 1 + kind.ndim


#: Types by what decides on them: numba makes a new one in a hundred microseconds, and a run has a dozen handles.
_types: dict[Any, types.Type] = {}


def _key(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        return type(value), *map(_key, value)
    return value.dtype.num, value.ndim, value.flags.c_contiguous, value.flags.writeable


def _type_of(value: Any) -> types.Type:
    key = _key(value)
    if key not in _types:
        _types[key] = _new_type(value)
    return _types[key]


def _new_type(value: Any) -> types.Type:
    if value is None:
        return types.none
    if hasattr(value, "_fields"):
        members = tuple((name, _type_of(field)) for name, field in zip(value._fields, value, strict=True))
        return HandleType(type(value).__name__, members)
    kind = typeof(value)
    if not isinstance(kind, types.Array) or kind.layout != "C" or not kind.mutable:
        raise TypeError(f"a handle is of contiguous arrays that may be written to, not of {kind}")
    return kind


def _words(value: Any) -> Iterator[int]:
    for field in value:
        if isinstance(field, tuple):
            yield from _words(field)
        elif field is not None:
            yield field.__array_interface__["data"][0]
            yield from field.shape


class Handle:
    """Stands for a NamedTuple of arrays, some of its fields NamedTuples of arrays themselves; keeps it alive."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._numba_type_ = _type_of(value)
        self.table = np.array([*_words(value)], dtype=np.int64)
        self.address = int(self.table.ctypes.data)

    def take(self, value: Any) -> None:
        """Stand for another NamedTuple of the same type from now on; not while compiled code runs."""
        if _type_of(value) is not self._numba_type_:
            raise TypeError(f"this handle stands for {self._numba_type_}, not for {_type_of(value)}")
        self.value = value
        self.table[:] = [*_words(value)]


@register_model(HandleType)
class _Model(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, ir.PointerType(WORD))


@unbox(HandleType)
def _unbox(typ: Any, obj: Any, c: Any) -> NativeValue:
    number = c.pyapi.object_getattr_string(obj, "address")
    pointer = c.builder.bitcast(c.pyapi.long_as_voidptr(number), ir.PointerType(WORD))
    c.pyapi.decref(number)
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _Fields(AttributeTemplate):
    key = HandleType

    def generic_resolve(self, typ: HandleType, attr: str) -> types.Type | None:
        """Type of a field."""
        return dict(typ.members).get(attr)


@lower_getattr_generic(HandleType)
def _field(context: Any, builder: Any, typ: HandleType, value: Any, attr: str) -> Any:
    place, kind = typ.place(attr)
    if kind is types.none:
        return context.get_dummy_value()
    first = builder.gep(value, [ir.Constant(WORD, place)])
    if isinstance(kind, HandleType):
        return first
    words = []
    for i in range(1 + kind.ndim):
        word = builder.load(builder.gep(first, [ir.Constant(WORD, i)]))
        # no compiled code writes to a table: what was read once need not be read again
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
        words.append(word)
    array = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for extent in reversed(words[2:]):
        strides.insert(0, builder.mul(strides[0], extent))
    populate_array(
        array,
        data=builder.inttoptr(words[0], array.data.type),
        shape=cgutils.pack_array(builder, words[1:]),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()
