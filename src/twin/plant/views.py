"""Numba intrinsics for lent memory: views without checks or reference counts, and calls by address.

A unit's compiled entry has the C signature `ENTRY`; the engine calls it through its address, so
that the engine is compiled once for all plants and a plant is only tables.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np.arrayobj import populate_array

from twin.plant import handle_types as handle_types  # numba is told of them
from twin.plant.codes import LANES
from twin.plant.dual import Dual

POINTER = types.CPointer(types.float64)
#: the same memory as numbers with slopes
DUALS = types.CPointer(Dual)
#: entry(what, t, y, p, w, dy, offsets)
OFFSETS = types.CPointer(types.int64)
ENTRY = types.void(types.int64, types.float64, POINTER, POINTER, POINTER, POINTER, OFFSETS)


def _view(context, builder, array_type, pointer, shape):  # type: ignore[no-untyped-def]
    """Build an array struct over borrowed memory (no owner, hence no reference counting)."""
    bytes_each = 8 * LANES if array_type.dtype is Dual else 8
    size = context.get_constant(types.intp, bytes_each)
    strides = [size]
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    array = context.make_array(array_type)(context, builder)
    populate_array(
        array,
        data=pointer,
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@intrinsic
def view1(typingctx, base, start, n):  # type: ignore[no-untyped-def]
    """[::1] of n numbers at base + start."""
    result = types.Array(base.dtype, 1, "C")

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _view(context, builder, result, builder.gep(args[0], [args[1]]), [args[2]])

    return result(base, types.int64, types.int64), codegen


@intrinsic
def view2(typingctx, base, start, n, m):  # type: ignore[no-untyped-def]
    """[:, ::1] of n by m numbers at base + start."""
    result = types.Array(base.dtype, 2, "C")

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _view(context, builder, result, builder.gep(args[0], [args[1]]), [args[2], args[3]])

    return result(base, types.int64, types.int64, types.int64), codegen


class LentType(types.Type):
    """Numba's type of what stands for a NamedTuple in lent memory: it is read field by field, where one is asked for.

    A model's parameters are a hundred numbers and more. Handed on as a NamedTuple, all of them are read at each call,
    and arguments of each kernel; that made up most of the time of compiling a model.
    """

    def __init__(self, name: str, base: types.Type, members: Members) -> None:
        self.base, self.members = base, members
        super().__init__(name=f"{name}({base}, {members})")


class Member(NamedTuple):
    """Where a field lies: its slot in the offset table, and its lengths as (slot or -1, what is added)."""

    kind: str
    slot: int
    lengths: tuple[tuple[int, int], ...]


Members = tuple[tuple[str, Member], ...]


@register_model(LentType)
class _LentModel(models.StructModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, [("base", fe_type.base), ("offsets", OFFSETS)])


@infer_getattr
class _LentFields(AttributeTemplate):
    key = LentType

    def generic_resolve(self, typ: LentType, attr: str) -> types.Type | None:
        """Type of a field."""
        member = dict(typ.members).get(attr)
        if member is None:
            return None
        if member.kind == "array":
            return types.Array(typ.base.dtype, len(member.lengths), "C")
        return typ.base.dtype if member.kind == "float" else types.int64


@lower_getattr_generic(LentType)
def _lent_field(context: Any, builder: Any, typ: LentType, value: Any, attr: str) -> Any:
    lent = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    member = dict(typ.members)[attr]

    def kept(pointer: Any) -> Any:
        word = builder.load(pointer)
        # what is lent stays as it is while an entry runs: what was read once need not be read again
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
        return word

    def slot(number: int) -> Any:
        return kept(builder.gep(lent.offsets, [ir.Constant(ir.IntType(64), number)]))

    place = builder.gep(lent.base, [slot(member.slot)])
    if member.kind == "array":
        shape = []
        for number, more in member.lengths:
            length = ir.Constant(ir.IntType(64), more)
            shape.append(builder.add(slot(number), length) if number >= 0 else length)
        array_type = types.Array(typ.base.dtype, len(shape), "C")
        return _view(context, builder, array_type, place, shape)
    found = kept(place)
    return found if member.kind == "float" else context.cast(builder, found, types.float64, types.int64)


def lent(name: str, members: Members) -> Any:
    """An intrinsic that makes such a value of its memory and the unit's offset table."""

    @intrinsic
    def made(typingctx, base, offsets):  # type: ignore[no-untyped-def]
        result = LentType(name, base, members)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            value = cgutils.create_struct_proxy(result)(context, builder)
            value.base, value.offsets = args
            return value._getvalue()

        return result(base, offsets), codegen

    return made


@intrinsic
def call_entry(typingctx, address, what, t, y, p, w, dy, offsets, start):  # type: ignore[no-untyped-def]
    """Call a unit's entry at `address`; arrays are passed by their data, offsets from `start` on."""
    vector = types.Array(types.float64, 1, "C")
    table = types.Array(types.int64, 1, "C")
    signature = types.void(types.int64, types.int64, types.float64, vector, vector, vector, vector, table, types.int64)

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        double, integer = ir.DoubleType(), ir.IntType(64)
        pointers = [ir.PointerType(double)] * 4
        entry_type = ir.FunctionType(ir.VoidType(), [integer, double, *pointers, ir.PointerType(integer)])
        entry = builder.inttoptr(args[0], ir.PointerType(entry_type))
        data = [context.make_array(vector)(context, builder, a).data for a in args[3:7]]
        offsets_data = context.make_array(table)(context, builder, args[7]).data
        builder.call(entry, [args[1], args[2], *data, builder.gep(offsets_data, [args[8]])])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def duals(typingctx, base):  # type: ignore[no-untyped-def]
    """The same memory, aligned to a whole vector, as numbers with slopes."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], context.get_value_type(DUALS))

    return DUALS(POINTER), codegen


@intrinsic
def as_int(typingctx, value):  # type: ignore[no-untyped-def]
    """A float that holds a whole number, as int64."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return context.cast(builder, args[0], types.float64, types.int64)

    return types.int64(types.float64), codegen
