"""Numbers with slopes: what kernels are compiled for to be differentiated exactly.

A `Dual` is one vector of `LANES` floats: the value, then slopes in as many directions as are left.
Kernels know nothing of it: compiled for arrays of Duals they take the value's branches and carry the
slopes along by the rules of calculus, so that one evaluation gives several columns of a Jacobian
without any rounding of differences. The value is bit for bit that of the plain kernel, but for
integer powers.

Where a slope is infinite (a square root at 0) or a function overflows it counts as 0, lest the other
directions' zeros become NaN.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, overload, register_model

from twin.plant.codes import LANES

DOUBLE = ir.DoubleType()
VECTOR = ir.VectorType(DOUBLE, LANES)
FIRST = ir.Constant(ir.IntType(32), 0)


class DualType(types.Type):
    """Numba's type of a value with slopes."""

    def __init__(self) -> None:
        super().__init__(name="Dual")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Plain numbers have no slopes."""
        return Conversion.safe if isinstance(other, (types.Float, types.Integer, types.Boolean)) else None

    def unify(self, typingctx: Any, other: Any) -> Any:
        """A variable that is now a plain number and now a Dual is a Dual."""
        return self if isinstance(other, (types.Float, types.Integer)) else None


Dual = DualType()
SCALARS = (types.Float, types.Integer)


@register_model(DualType)
class _Model(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, VECTOR)


def _unify_named(self: Any, typingctx: Any, other: Any) -> Any:
    """Numba unifies plain tuples field by field, but not named ones."""
    if isinstance(other, types.BaseNamedTuple) and other.instance_class is self.instance_class:
        found = [typingctx.unify_pairs(a, b) for a, b in zip(self.types, other.types, strict=True)]
        if all(t is not None for t in found):
            return types.BaseTuple.from_types(found, self.instance_class)
    return None


types.NamedTuple.unify = _unify_named
types.NamedUniTuple.unify = _unify_named


def _spread(builder: Any, x: Any) -> Any:
    """A vector with x in every lane."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    one = builder.insert_element(undefined, x, FIRST)
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _value(builder: Any, v: Any) -> Any:
    return builder.extract_element(v, FIRST)


def _with_value(builder: Any, v: Any, x: Any) -> Any:
    return builder.insert_element(v, x, FIRST)


@lower_cast(types.Float, Dual)
@lower_cast(types.Integer, Dual)
@lower_cast(types.Boolean, Dual)
def _no_slopes(context: Any, builder: Any, fromty: Any, toty: Any, val: Any) -> Any:
    number = context.cast(builder, val, fromty, types.float64)
    return _with_value(builder, ir.Constant(VECTOR, [0.0] * LANES), number)


def _typed(op: Any, result: Any = None, to_dual: bool = False) -> None:
    """Type an operator on two numbers of which at least one is a Dual."""

    class Template(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 2 or not all(a is Dual or isinstance(a, SCALARS) for a in args) or Dual not in args:
                return None
            given = (Dual, Dual) if to_dual else tuple(Dual if a is Dual else types.float64 for a in args)
            return signature(result or Dual, *given)

    infer_global(op)(Template)


PAIRS = ((Dual, Dual), (Dual, types.float64), (types.float64, Dual))
#: make(builder, x, y, whether x is a Dual, whether y is one)
Maker = Callable[[Any, Any, Any, bool, bool], Any]


def _operator(*ops: Any) -> Callable[[Maker], Maker]:
    def register(make: Maker) -> Maker:
        for op in ops:
            _typed(op)
            for a, b in PAIRS:
                lower_builtin(op, a, b)(
                    lambda context, builder, sig, args, m=make: m(
                        builder, args[0], args[1], sig.args[0] is Dual, sig.args[1] is Dual
                    )
                )
        return make

    return register


@_operator(operator.add, operator.iadd)
def _add(b: Any, x: Any, y: Any, dx: bool, dy: bool) -> Any:
    if dx and dy:
        return b.fadd(x, y)
    return _with_value(b, x, b.fadd(_value(b, x), y)) if dx else _with_value(b, y, b.fadd(x, _value(b, y)))


@_operator(operator.sub, operator.isub)
def _sub(b: Any, x: Any, y: Any, dx: bool, dy: bool) -> Any:
    if dx and dy:
        return b.fsub(x, y)
    return _with_value(b, x, b.fsub(_value(b, x), y)) if dx else _with_value(b, b.fneg(y), b.fsub(x, _value(b, y)))


@_operator(operator.mul, operator.imul)
def _mul(b: Any, x: Any, y: Any, dx: bool, dy: bool) -> Any:
    if dx and dy:
        vx, vy = _value(b, x), _value(b, y)
        slopes = b.fadd(b.fmul(x, _spread(b, vy)), b.fmul(y, _spread(b, vx)))
        return _with_value(b, slopes, b.fmul(vx, vy))
    return b.fmul(x, _spread(b, y)) if dx else b.fmul(_spread(b, x), y)


@_operator(operator.truediv, operator.itruediv)
def _div(b: Any, x: Any, y: Any, dx: bool, dy: bool) -> Any:
    one = ir.Constant(DOUBLE, 1.0)
    vx, vy = _value(b, x) if dx else x, _value(b, y) if dy else y
    quotient = b.fdiv(vx, vy)
    per_y = _spread(b, b.fdiv(one, vy))
    if not dy:
        return _with_value(b, b.fmul(x, per_y), quotient)
    taken = b.fmul(y, _spread(b, quotient))
    return _with_value(b, b.fmul(b.fsub(x, taken) if dx else b.fneg(taken), per_y), quotient)


def _comparison(op: Any, code: str) -> None:
    _typed(op, types.boolean)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (_value(builder, v) if t is Dual else v for v, t in zip(args, sig.args, strict=True))
        compare = builder.fcmp_unordered if code == "!=" else builder.fcmp_ordered
        return compare(code, x, y)

    for a, b in PAIRS:
        lower_builtin(op, a, b)(lower)


for _op, _code in zip(
    (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
    ("<", "<=", ">", ">=", "==", "!="),
    strict=True,
):
    _comparison(_op, _code)


def _choice(op: Any, code: str) -> None:
    _typed(op, to_dual=True)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        second = builder.fcmp_ordered(code, _value(builder, args[1]), _value(builder, args[0]))
        return builder.select(second, args[1], args[0])

    lower_builtin(op, Dual, Dual)(lower)


_choice(min, "<")
_choice(max, ">")


def _unary(op: Any, lower: Callable[[Any, Any], Any]) -> None:
    class Template(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            return signature(Dual, Dual) if args == (Dual,) else None

    infer_global(op)(Template)
    lower_builtin(op, Dual)(lambda context, builder, sig, args: lower(builder, args[0]))


def _magnitude(builder: Any, x: Any) -> Any:
    negative = builder.fcmp_ordered("<", _value(builder, x), ir.Constant(DOUBLE, 0.0))
    return builder.select(negative, builder.fneg(x), x)


_unary(operator.neg, lambda builder, x: builder.fneg(x))
_unary(operator.pos, lambda builder, x: x)
_unary(float, lambda builder, x: x)
_unary(abs, _magnitude)
_unary(math.fabs, _magnitude)


@intrinsic
def value(typingctx, x):  # type: ignore[no-untyped-def]
    """The value of a Dual."""
    if x is not Dual:
        return None
    return types.float64(Dual), lambda context, builder, sig, args: _value(builder, args[0])


@intrinsic
def _chained(typingctx, v, x, slope):  # type: ignore[no-untyped-def]
    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        return _with_value(builder, builder.fmul(args[1], _spread(builder, args[2])), args[0])

    return Dual(types.float64, Dual, types.float64), codegen


def chain(v, x, slope):  # type: ignore[no-untyped-def]
    """Give v with the slopes of x times `slope`: the chain rule."""


@overload(chain, inline="always")
def _chain(v, x, slope):  # type: ignore[no-untyped-def]
    # inf - inf and NaN - NaN are no zero
    return lambda v, x, slope: _chained(v, x, slope if slope - slope == 0.0 else 0.0)


def _law(function: Callable[..., float], body: Callable[..., Any]) -> None:
    overload(function)(lambda x: body if x is Dual else None)


def _exp(x):  # type: ignore[no-untyped-def]
    e = math.exp(value(x))
    return chain(e, x, e)


def _expm1(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.expm1(v), x, math.exp(v))


def _log(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.log(v), x, 1.0 / v)


def _log1p(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.log1p(v), x, 1.0 / (1.0 + v))


def _log10(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.log10(v), x, 0.4342944819032518 / v)


def _sqrt(x):  # type: ignore[no-untyped-def]
    root = math.sqrt(value(x))
    return chain(root, x, 0.5 / root)


def _tanh(x):  # type: ignore[no-untyped-def]
    r = math.tanh(value(x))
    return chain(r, x, 1.0 - r * r)


def _sinh(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.sinh(v), x, math.cosh(v))


def _cosh(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.cosh(v), x, math.sinh(v))


def _sin(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.sin(v), x, math.cos(v))


def _cos(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.cos(v), x, -math.sin(v))


def _tan(x):  # type: ignore[no-untyped-def]
    r = math.tan(value(x))
    return chain(r, x, 1.0 + r * r)


def _asin(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.asin(v), x, 1.0 / math.sqrt(1.0 - v * v))


def _acos(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.acos(v), x, -1.0 / math.sqrt(1.0 - v * v))


def _atan(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.atan(v), x, 1.0 / (1.0 + v * v))


def _erf(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.erf(v), x, 1.1283791670955126 * math.exp(-v * v))


def _erfc(x):  # type: ignore[no-untyped-def]
    v = value(x)
    return chain(math.erfc(v), x, -1.1283791670955126 * math.exp(-v * v))


def _floor(x):  # type: ignore[no-untyped-def]
    return math.floor(value(x))


for _function, _body in (
    (math.exp, _exp),
    (math.expm1, _expm1),
    (math.log, _log),
    (math.log1p, _log1p),
    (math.log10, _log10),
    (math.sqrt, _sqrt),
    (math.tanh, _tanh),
    (math.sinh, _sinh),
    (math.cosh, _cosh),
    (math.sin, _sin),
    (math.cos, _cos),
    (math.tan, _tan),
    (math.asin, _asin),
    (math.acos, _acos),
    (math.atan, _atan),
    (math.erf, _erf),
    (math.erfc, _erfc),
    (math.floor, _floor),
):
    _law(_function, _body)


@overload(math.hypot)
def _hypot(x, y):  # type: ignore[no-untyped-def]
    if x is Dual or y is Dual:
        return lambda x, y: math.sqrt(x * x + y * y)
    return None


class _Power(AbstractTemplate):
    key = operator.pow

    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) != 2 or not all(a is Dual or isinstance(a, SCALARS) for a in args) or Dual not in args:
            return None
        whole = isinstance(args[1], types.Integer)
        exponent = Dual if args[1] is Dual else types.int64 if whole else types.float64
        return signature(Dual, Dual if args[0] is Dual else types.float64, exponent)


infer_global(operator.pow)(_Power)


def _to_number(x, n):  # type: ignore[no-untyped-def]
    v = value(x)
    # a product at 0, where the slope of v itself would be 0 times infinity
    return chain(v**n, x, n * v ** (n - 1))


def _to_whole(x, n):  # type: ignore[no-untyped-def]
    v = value(x)
    if n >= 1:
        r = v**n
        slope = n * v ** (n - 1)
    else:
        m = float(n)  # a whole power below zero divides, which at 0 raises what no callback can hand on
        r = v**m
        slope = m * v ** (m - 1.0)
    return chain(r, x, slope)


def _to_dual(x, y):  # type: ignore[no-untyped-def]
    v, n = value(x), value(y)
    r = v**n
    return chain(r, x, n * v ** (n - 1.0)) + chain(0.0, y, r * math.log(v))


def _of_number(x, y):  # type: ignore[no-untyped-def]
    r = x ** value(y)
    return chain(r, y, r * math.log(x))


def _power(body: Callable[..., Any], *given: Any) -> None:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.compile_internal(builder, body, sig, args)

    lower_builtin(operator.pow, *given)(lower)


_power(_to_whole, Dual, types.int64)
_power(_to_number, Dual, types.float64)
_power(_to_dual, Dual, Dual)
_power(_of_number, types.float64, Dual)
