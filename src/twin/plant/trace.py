"""Which results of a unit depend on which of its variables, found by running its own kernels.

The interpreted kernels are run on numbers that carry the set of variables they came from. Both
sides of every branch are taken (a comparison at one place in the code is forced to each outcome),
so the structure does not depend on the values, nor on the law that a parameter chooses.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from twin.jit import python_function

Site = tuple[str, int, int]

_forced: dict[Site, bool] = {}
_visited: dict[Site, int] = {}

#: A forced loop condition is let go after so many visits, or the loop would never end.
_PATIENCE = 20_000


def _decide(natural: bool) -> bool:
    frame = sys._getframe(2)
    site = (frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_lasti)
    visits = _visited[site] = _visited.get(site, 0) + 1
    forced = _forced.get(site, natural)
    return forced if visits < _PATIENCE else not forced


def _number(function: Callable[..., float], *args: float) -> float:
    """A value for going on with: forced branches may ask for the root of a negative number."""
    try:
        value = float(function(*args))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):  # TypeError: a root that is complex
        return 1.0
    return value if math.isfinite(value) else 1.0


class Tracer:
    """A number and, as a bit set, the variables that it depends on."""

    __slots__ = ("mask", "value")

    def __init__(self, value: float, mask: int = 0) -> None:
        self.value = value
        self.mask = mask

    def __float__(self) -> float:
        return self.value

    def __index__(self) -> int:
        return int(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __neg__(self) -> Tracer:
        return Tracer(-self.value, self.mask)

    def __pos__(self) -> Tracer:
        return self

    def __abs__(self) -> Tracer:
        return Tracer(abs(self.value), self.mask)

    def __bool__(self) -> bool:
        return _decide(bool(self.value))

    __hash__ = None  # type: ignore[assignment]


def _binary(name: str, function: Callable[[float, float], float]) -> None:
    def forward(self: Tracer, other: Any) -> Tracer:
        if isinstance(other, Tracer):
            return Tracer(_number(function, self.value, other.value), self.mask | other.mask)
        return Tracer(_number(function, self.value, other), self.mask)

    def backward(self: Tracer, other: Any) -> Tracer:
        return Tracer(_number(function, other, self.value), self.mask)

    setattr(Tracer, f"__{name}__", forward)
    setattr(Tracer, f"__r{name}__", backward)


def _comparison(name: str, function: Callable[[float, float], bool]) -> None:
    def compare(self: Tracer, other: Any) -> bool:
        return _decide(function(self.value, float(other)))

    setattr(Tracer, f"__{name}__", compare)


_binary("add", lambda a, b: a + b)
_binary("sub", lambda a, b: a - b)
_binary("mul", lambda a, b: a * b)
_binary("truediv", lambda a, b: a / b)
_binary("floordiv", lambda a, b: a // b)
_binary("mod", lambda a, b: a % b)
_binary("pow", lambda a, b: a**b)
_comparison("lt", lambda a, b: a < b)
_comparison("le", lambda a, b: a <= b)
_comparison("gt", lambda a, b: a > b)
_comparison("ge", lambda a, b: a >= b)
_comparison("eq", lambda a, b: a == b)
_comparison("ne", lambda a, b: a != b)


def _lift(function: Callable[..., float]) -> Callable[..., Any]:
    def traced(*args: Any) -> Any:
        mask = 0
        for a in args:
            if isinstance(a, Tracer):
                mask |= a.mask
        return Tracer(_number(function, *(float(a) for a in args)), mask)

    return traced


def _choose(function: Callable[..., float]) -> Callable[..., Any]:
    """min and max depend on all that they compare."""

    def traced(*args: Any) -> Any:
        mask = 0
        for a in args:
            if isinstance(a, Tracer):
                mask |= a.mask
        return Tracer(function(float(a) for a in args), mask)

    return traced


class _Math:
    """The math module on tracers."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(math, name)
        return _lift(found) if callable(found) else found


def copied(
    module: ModuleType, replace: dict[str, Any], memo: dict[str, SimpleNamespace] | None = None
) -> SimpleNamespace:
    """Copy a module's kernels, interpreted, into a namespace where some names mean something else.

    Parameters
    ----------
    module : module
        A unit operation; the kernels that it imports are copied with it.
    replace : dict
        New meanings, by name (`math`, `min`, ...).
    """
    memo = {} if memo is None else memo
    if module.__name__ in memo:
        return memo[module.__name__]
    names: dict[str, Any] = dict(vars(module))
    memo[module.__name__] = space = SimpleNamespace()
    for name, value in list(names.items()):
        function = python_function(value)
        if isinstance(function, FunctionType) and getattr(function, "__twin_kernel__", False):
            if function.__module__ == module.__name__:
                wrap = replace.get("@empirical")
                clone = FunctionType(
                    function.__code__, names, function.__name__, function.__defaults__, function.__closure__
                )
                units = getattr(function, "__twin_units__", None)
                names[name] = wrap(clone, function, units) if wrap and units else clone
            else:
                other = copied(sys.modules[function.__module__], replace, memo)
                names[name] = getattr(other, function.__name__)
    for name, value in replace.items():
        if name in ("min", "max", "abs", "float", "int") or (name in names and not name.startswith("@")):
            names[name] = value
    vars(space).update(names)
    return space


def traced(module: ModuleType) -> SimpleNamespace:
    """A copy of a module's kernels that runs on tracers."""
    return copied(
        module, {"math": _Math(), "min": _choose(min), "max": _choose(max), "float": lambda a: a, "int": lambda a: a}
    )


def dependence(run: Callable[[], list[Any]], limit: int = 4000) -> list[int]:
    """Masks of the results of `run`, over both sides of every branch that it meets.

    Parameters
    ----------
    run : callable
        Evaluates the kernels afresh and returns the traced results, always in the same order.
    limit : int
        Greatest number of evaluations; more branches than that mean a kernel far too complex.
    """
    masks: list[int] = []
    queue: list[dict[Site, bool]] = [{}]
    known: set[Site] = set()
    count = 0
    while queue:
        forced = queue.pop()
        _forced.clear()
        _forced.update(forced)
        _visited.clear()
        results = run()
        found = [r.mask if isinstance(r, Tracer) else 0 for r in results]
        masks = [a | b for a, b in zip(masks, found, strict=True)] if masks else found
        for site in _visited:
            if site not in known:
                known.add(site)
                queue.append({**forced, site: True})
                queue.append({**forced, site: False})
        count += 1
        if count > limit:
            raise RuntimeError("too many branches to find the structure of this unit")
    _forced.clear()
    return masks


def variables(values: np.ndarray, first: int) -> np.ndarray:
    """An object array of tracers, each its own variable, numbered from `first`."""
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        out[i] = Tracer(float(value), 1 << (first + i))
    return out


def constants(values: np.ndarray) -> np.ndarray:
    """An object array of tracers that depend on nothing (so that branches on them are explored)."""
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        out[i] = Tracer(float(value))
    return out
