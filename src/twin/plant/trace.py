"""Which results of a unit depend on which of its variables, found by running its own kernels.

The interpreted kernels are run on numbers that carry the set of variables they came from. Both
sides of every branch are taken (a comparison at one place in the code is forced to each outcome),
so the structure does not depend on the values, nor on the law that a parameter chooses. So that one
branch does not hide another, every two of them are also taken in all four combinations, and so are
two passes through the same one. What remains hidden: a value picked by comparison
from among more than 16 elements (write max or min instead). An element picked by a number that is
computed from variables is refused.
"""

from __future__ import annotations

import math
import operator
import sys
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from twin.jit import python_function

Site = tuple[str, int, int]

#: Decides a comparison at a site, at its n-th visit, given the natural outcome.
Decide = Callable[[Site, int, bool], bool]


def _natural(site: Site, visit: int, natural: bool) -> bool:
    return natural


_decision: Decide = _natural
_visited: dict[Site, int] = {}
#: One search at a time: what is forced is global, since comparisons have no other way to know.
_LOCK = threading.Lock()

#: A forced loop condition is let go after so many visits, or the loop would never end.
_PATIENCE = 20_000


def _decide(natural: bool) -> bool:
    frame = sys._getframe(2)
    site = (frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_lasti)
    visits = _visited[site] = _visited.get(site, 0) + 1
    forced = _decision(site, visits, natural)
    return forced if visits < _PATIENCE else not forced


def call(function: Callable[..., None], *args: Any) -> None:
    """Call a kernel; where a branch was forced against the values it may stop at a division by zero."""
    try:
        function(*args)
    except (ArithmeticError, ValueError):
        if _decision is _natural:
            raise


def _number(function: Callable[..., float], *args: float) -> float:
    """A value for going on with: forced branches may ask for the root of a negative number."""
    try:
        value = float(function(*args))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):  # TypeError: a root that is complex
        return 1.0
    return value if -_HUGE < value < _HUGE else 1.0


_HUGE = 1e300


class StructureError(Exception):
    """A kernel whose dependences cannot be found; the message says why and gives the cure."""


_INDEXED = (
    "an array is indexed (or a loop is counted) by a number computed from states or inlets, so which elements depend "
    "on which cannot be known. Weigh the elements by smooth functions instead"
)
_refused: list[Any] = []


class Tracer:
    """A number and, as a bit set, the variables that it depends on."""

    __slots__ = ("mask", "value")

    def __init__(self, value: float, mask: int = 0) -> None:
        self.value = value
        self.mask = mask

    def __float__(self) -> float:
        return self.value

    def __index__(self) -> int:
        if self.mask:
            _refused.append(self)  # numpy makes an error of its own of this one
            raise StructureError(_INDEXED)
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


_binary("add", operator.add)
_binary("sub", operator.sub)
_binary("mul", operator.mul)
_binary("truediv", operator.truediv)
_binary("floordiv", operator.floordiv)
_binary("mod", operator.mod)
_binary("pow", operator.pow)
_comparison("lt", operator.lt)
_comparison("le", operator.le)
_comparison("gt", operator.gt)
_comparison("ge", operator.ge)
_comparison("eq", operator.eq)
_comparison("ne", operator.ne)


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
    with _LOCK:
        try:
            return _search(run, limit)
        finally:
            _decide_by(_natural)
            _refused.clear()


def _decide_by(decision: Decide) -> None:
    global _decision
    _decision = decision
    _visited.clear()


def _search(run: Callable[[], list[Any]], limit: int) -> list[int]:
    masks: list[int] = []
    sites: dict[Site, int] = {}
    count = 0

    def look(decision: Decide) -> list[Site]:
        """Evaluate once; give the sites that were not known."""
        nonlocal masks, count
        count += 1
        if count > limit:
            raise StructureError("too many branches to find the structure of this unit: write it in simpler kernels")
        _decide_by(decision)
        try:
            found = [r.mask if isinstance(r, Tracer) else 0 for r in run()]
        except IndexError:
            if _refused:
                raise StructureError(_INDEXED) from None
            raise
        masks = [a | b for a, b in zip(masks, found, strict=True)] if masks else found
        new = [site for site in _visited if site not in sites]
        sites.update((site, len(sites) + i) for i, site in enumerate(new))
        return new

    queue: list[dict[Site, bool]] = [{site: side} for site in look(_natural) for side in (True, False)]
    while queue:
        forced = queue.pop()
        for site in look(lambda site, visit, natural, f=forced: f.get(site, natural)):  # type: ignore[misc]
            queue += [{**forced, site: True}, {**forced, site: False}]
    explored = 0
    while explored < len(sites):
        explored = len(sites)
        # two different numbers differ in a bit, so that the patterns of the bits and their opposites
        # take every two comparisons in both mixed combinations; the last ones are all alike
        for bit in range((explored * VISITS).bit_length() + 1):
            for flip in (0, 1):
                look(lambda site, visit, natural, b=bit, f=flip: bool(_code(sites, site, visit) >> b & 1 ^ f))  # type: ignore[misc]
        for turn in range(VISITS):  # one pass against all others: a choice among the elements of a loop
            for side in (True, False):
                look(lambda site, visit, natural, k=turn, s=side: s if visit % VISITS == k else not s)  # type: ignore[misc]
    return masks


#: Passes through one comparison that are told apart.
VISITS = 16


def _code(sites: dict[Site, int], site: Site, visit: int) -> int:
    """Number of a comparison's pass; one first met now goes with the others."""
    return sites.get(site, 0) * VISITS + visit % VISITS


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
