"""What a `Handle` is to numba: a pointer to its table, whose fields are arrays."""

from __future__ import annotations

from typing import Any

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


def type_of(value: Any) -> types.Type:
    """Type of a handle of these arrays, or of one of them. Raises TypeError."""
    if value is None:
        return types.none
    if hasattr(value, "_fields"):
        members = tuple((name, type_of(field)) for name, field in zip(value._fields, value, strict=True))
        return HandleType(type(value).__name__, members)
    kind = typeof(value)
    if not isinstance(kind, types.Array) or kind.layout != "C" or not kind.mutable:
        raise TypeError(f"a handle is of contiguous arrays that may be written to, not of {kind}")
    return kind


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
