"""Numbers that carry more than a value through interpreted kernels.

`Quantity` carries its dimension and refuses to add metres to seconds; `Dual` carries a derivative, so
that the rate of a holdup along dx/dt is exact and no difference quotient blurs a balance.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from twin.plant.trace import copied
from twin.units import NUMBER, Dimension, parse_unit

_NAMES = ("kg", "m", "s", "K", "mol")


class DimensionError(Exception):
    """Quantities of different kinds were added, compared, or given to a function of plain numbers."""


def show(dimension: Dimension) -> str:
    """A dimension as text: kg m^-1 s^-2."""
    parts = [n if e == 1 else f"{n}^{e}" for n, e in zip(_NAMES, dimension, strict=True) if e]
    return " ".join(parts) or "1"


def dimension_of(unit: str) -> Dimension:
    """Dimension of an annotation's unit.

    Raises
    ------
    DimensionError
        When the unit is not the coherent SI one, in which every number inside Twin is kept.
    """
    parsed = parse_unit(unit)
    if parsed.factor != 1 or parsed.offset != 0:
        raise DimensionError(f"'{unit}' is no coherent SI unit")
    return parsed.dimension


class Quantity:
    """A value with its dimension. A literal 0.0 agrees with every dimension; other literals are pure numbers."""

    __slots__ = ("dimension", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: float, dimension: Dimension = NUMBER) -> None:
        self.value = float(value)
        self.dimension = dimension

    def __repr__(self) -> str:
        return f"{self.value:g} [{show(self.dimension)}]"

    def pure(self, what: str) -> float:
        if self.dimension != NUMBER:
            raise DimensionError(f"{what} of {self!r}: it needs a plain number")
        return self.value

    def __float__(self) -> float:
        return self.pure("float()")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.dimension)

    def __abs__(self) -> Quantity:
        return Quantity(abs(self.value), self.dimension)

    def __mul__(self, other: Any) -> Quantity:
        o = _quantity(other)
        return Quantity(self.value * o.value, _combine(self.dimension, o.dimension, 1))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Quantity:
        o = _quantity(other)
        return Quantity(self.value / o.value, _combine(self.dimension, o.dimension, -1))

    def __rtruediv__(self, other: Any) -> Quantity:
        return _quantity(other) / self

    def __pow__(self, other: Any) -> Quantity:
        if isinstance(other, Quantity):
            exponent = other.pure("power")
            if self.dimension != NUMBER:
                raise DimensionError(f"{self!r} to a power that is no literal: the unit would depend on its value")
            return Quantity(self.value**exponent)
        power = Fraction(other).limit_denominator(1000)
        return Quantity(self.value**other, tuple(e * power for e in self.dimension))  # type: ignore[arg-type]

    def __rpow__(self, other: Any) -> Quantity:
        return Quantity(float(other) ** self.pure("power"))


def _combine(a: Dimension, b: Dimension, sign: int) -> Dimension:
    return tuple(x + sign * y for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def _quantity(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(value)


def _is_zero(value: Any) -> bool:
    return not isinstance(value, Quantity) and value == 0.0


def _agreed(name: str, a: Any, b: Any) -> Dimension:
    if _is_zero(a):
        return _quantity(b).dimension
    qa, qb = _quantity(a), _quantity(b)
    if not _is_zero(b) and qa.dimension != qb.dimension:
        raise DimensionError(f"{qa!r} {name} {qb!r}")
    return qa.dimension


def _additive(name: str, function: Callable[[float, float], float]) -> None:
    def forward(self: Quantity, other: Any) -> Quantity:
        return Quantity(function(self.value, _quantity(other).value), _agreed(name, self, other))

    def backward(self: Quantity, other: Any) -> Quantity:
        return Quantity(function(_quantity(other).value, self.value), _agreed(name, other, self))

    setattr(Quantity, f"__{name}__", forward)
    setattr(Quantity, f"__r{name}__", backward)


def _comparing(name: str, function: Callable[[float, float], bool]) -> None:
    def compare(self: Quantity, other: Any) -> bool:
        _agreed(name, self, other)
        return function(self.value, _quantity(other).value)

    setattr(Quantity, f"__{name}__", compare)


for _name in ("add", "sub", "mod"):
    _additive(_name, getattr(operator, _name))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparing(_name, getattr(operator, _name))


class QuantityMath:
    """The math module on quantities: arguments must be plain numbers, roots and hypot excepted."""

    pi = math.pi
    e = math.e
    inf = math.inf

    def sqrt(self, x: Any) -> Any:
        return x**0.5 if isinstance(x, Quantity) else math.sqrt(x)

    def fabs(self, x: Any) -> Any:
        return abs(x)

    def hypot(self, x: Any, y: Any) -> Any:
        return (x * x + y * y) ** 0.5

    def pow(self, x: Any, y: Any) -> Any:
        return x**y

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(math, name)

        def lifted(*args: Any) -> Any:
            return function(*(a.pure(f"math.{name}") if isinstance(a, Quantity) else a for a in args))

        return lifted


class Dual:
    """A value and its derivative along one direction."""

    __slots__ = ("d", "v")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, v: float, d: float = 0.0) -> None:
        self.v = float(v)
        self.d = float(d)

    def __repr__(self) -> str:
        return f"{self.v:g} + {self.d:g} ε"

    def __neg__(self) -> Dual:
        return Dual(-self.v, -self.d)

    def __abs__(self) -> Dual:
        return -self if self.v < 0.0 else self

    def __float__(self) -> float:
        raise TypeError("float() would drop the derivative")


def _dual(value: Any) -> Dual:
    return value if isinstance(value, Dual) else Dual(value)


def _dual_operator(name: str, rule: Callable[[Dual, Dual], Dual]) -> None:
    setattr(Dual, f"__{name}__", lambda self, other: rule(self, _dual(other)))
    setattr(Dual, f"__r{name}__", lambda self, other: rule(_dual(other), self))


def _dual_power(a: Dual, b: Dual) -> Dual:
    value = a.v**b.v
    slope = b.v * a.v ** (b.v - 1.0) * a.d if a.d else 0.0
    return Dual(value, slope + (value * math.log(a.v) * b.d if b.d else 0.0))


_dual_operator("add", lambda a, b: Dual(a.v + b.v, a.d + b.d))
_dual_operator("sub", lambda a, b: Dual(a.v - b.v, a.d - b.d))
_dual_operator("mul", lambda a, b: Dual(a.v * b.v, a.d * b.v + a.v * b.d))
_dual_operator("truediv", lambda a, b: Dual(a.v / b.v, (a.d - a.v / b.v * b.d) / b.v))
_dual_operator("pow", _dual_power)


def _dual_comparison(name: str, function: Callable[[float, float], bool]) -> None:
    setattr(Dual, f"__{name}__", lambda self, other: function(self.v, _dual(other).v))


for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _dual_comparison(_name, getattr(operator, _name))

_SLOPES: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "expm1": math.exp,
    "log": lambda x: 1.0 / x,
    "log1p": lambda x: 1.0 / (1.0 + x),
    "sqrt": lambda x: 0.5 / math.sqrt(x),
    "sin": math.cos,
    "cos": lambda x: -math.sin(x),
    "tanh": lambda x: 1.0 - math.tanh(x) ** 2,
    "cosh": math.sinh,
    "sinh": math.cosh,
    "atan": lambda x: 1.0 / (1.0 + x * x),
    "erf": lambda x: 2.0 / math.sqrt(math.pi) * math.exp(-x * x),
}


class DualMath:
    """The math module on duals."""

    pi = math.pi
    e = math.e
    inf = math.inf

    def fabs(self, x: Any) -> Any:
        return abs(x)

    def pow(self, x: Any, y: Any) -> Any:
        return x**y

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(math, name)

        def lifted(x: Any) -> Any:
            return Dual(function(x.v), _SLOPES[name](x.v) * x.d) if isinstance(x, Dual) else function(x)

        return lifted


def dual_kernels(module: ModuleType) -> SimpleNamespace:
    """A module's kernels, interpreted, for duals."""
    return copied(module, {"math": DualMath()})


def plain_kernels(module: ModuleType) -> SimpleNamespace:
    """A module's kernels, interpreted, for floats, whether or not the module has been compiled."""
    return copied(module, {})


def wrap(value: Any, make: Callable[[float], Any]) -> Any:
    """Turn a float or each element of an array into a number of another kind; integers stay."""
    if isinstance(value, np.ndarray):
        out = np.empty(value.shape, dtype=object)
        for index in np.ndindex(value.shape):
            out[index] = make(float(value[index]))
        return out
    return value if isinstance(value, int) else make(value)
