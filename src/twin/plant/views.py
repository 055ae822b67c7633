"""Numba intrinsics for lent memory: views without checks or reference counts, and calls by address.

A unit's compiled entry has the C signature `ENTRY`; the engine calls it through its address, so
that the engine is compiled once for all plants and a plant is only tables.
"""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from twin.plant.codes import LANES
from twin.plant.dual import Dual

POINTER = types.CPointer(types.float64)
#: the same memory as numbers with slopes
DUALS = types.CPointer(Dual)
#: entry(what, t, y, p, w, dy, offsets)
ENTRY = types.void(types.int64, types.float64, POINTER, POINTER, POINTER, POINTER, types.CPointer(types.int64))


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


@intrinsic
def call_entry(typingctx, address, what, t, y, p, w, dy, offsets, start):  # type: ignore[no-untyped-def]
    """Call a unit's entry at `address`; arrays are passed by their data, offsets from `start` on."""
    vector = types.Array(types.float64, 1, "C")
    table = types.Array(types.int64, 1, "C")
    signature = types.void(types.int64, types.int64, types.float64, vector, vector, vector, vector, table, types.int64)

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        from llvmlite import ir

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
