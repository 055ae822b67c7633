"""Kernels: marked here, compiled on first use, called by their address; what else is behind that nobody has to know.

`@kernel` only marks a function, so reading a model imports no numba. `arm` replaces the marked
functions of a module (and of what it imports) by numba dispatchers: see `compilers`. What is compiled
lies in folders of the cache that are named by all that shapes it: see `filing`.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

from twin import native as objects
from twin.cache import claim, digest
from twin.compilers import (
    ENTRY,
    LOCK,
    by_numba,
    code_of,
    compilations,
    disabled,
    inner,
    object_file,
    python_function,
    without_blas,
)
from twin.filing import (
    STANDING_IN,
    cache_root,
    closure_hash,
    code_folder,
    import_closure,
    kernel_folder,
    put_in_place,
    versions,
)

__all__ = [
    "ENTRY",
    "LOCK",
    "Native",
    "arm",
    "cache_root",
    "call",
    "closure_hash",
    "code_folder",
    "compilations",
    "disabled",
    "empirical",
    "import_closure",
    "inner",
    "is_called",
    "is_native",
    "kernel",
    "kernel_folder",
    "native",
    "python_function",
    "versions",
]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Mark a pure function for compilation; it stays an ordinary Python function until armed."""
    function.__twin_kernel__ = True  # type: ignore[attr-defined]
    return function


def empirical(*units: str, returns: str) -> Callable[[F], F]:
    """Mark a kernel whose formula is empirical: the dimension check treats it as opaque.

    Parameters
    ----------
    *units : str
        Unit of each argument, in order.
    returns : str
        Unit of the result.
    """

    def mark(function: F) -> F:
        function.__twin_units__ = (units, returns)  # type: ignore[attr-defined]
        return kernel(function)

    return mark


class Native(NamedTuple):
    """Compiled code that is called by its address."""

    address: int
    from_cache: bool
    keep: Any  #: what keeps it alive


def native(folder: Path, prepare: Callable[[], tuple[Callable[..., Any], Any]]) -> Native:
    """Give compiled code: from the cache without numba, else from numba's own cache, else compiled now.

    Parameters
    ----------
    folder : Path
        Its place in the cache, named by all that shapes it.
    prepare : callable
        Gives the function, all that it calls armed, and numba's signature of it; not called unless it has to be.
    """
    with LOCK:
        claim(folder)
        address = objects.load(folder, ENTRY)
        if address is not None:
            return Native(address, True, None)
        function, signature = prepare()
        without_blas()
        if not any(folder.rglob("*.nbi")):
            made = object_file(function, signature)
            if made is not None:
                objects.keep(folder, ENTRY, *made)
                address = objects.load(folder, ENTRY)
            if address is not None:
                return Native(address, False, None)
        compiled = by_numba(folder, function, signature)
        return Native(compiled.address, compiled.cache_hits > 0, compiled)


def is_native(folder: Path) -> bool:
    """Whether `native` would find code in a folder."""
    return objects.kept(folder, ENTRY) or any(folder.rglob("*.nbi"))


def is_called(module: ModuleType) -> bool:
    """Whether code of some kernel of a module that `call` takes is in the cache."""
    return any(is_native(folder) for folder in cache_root().glob(code_folder(module, "*.*").name))


#: Functions of handles by the plain function and the handles' signatures, as ctypes calls them.
_of_handles: dict[tuple[Any, tuple[str, ...]], tuple[Callable[..., Any], Native]] = {}


def call(function: Callable[..., Any], *tables: Any) -> int:
    """Call a kernel whose arguments are handles (see `twin.plant.handles`) and that returns a code.

    Nobody holds the GIL meanwhile. Interpreted kernels are called as they are.
    """
    plain = python_function(function)
    if disabled():
        return int(plain(*tables))
    key = plain, tuple(table.signature for table in tables)
    if key not in _of_handles:
        module = sys.modules[plain.__module__]

        def prepare() -> tuple[Callable[..., Any], Any]:
            arm(module)
            return vars(module)[plain.__name__], code_of([table._numba_type_ for table in tables])

        found = native(code_folder(module, f"{plain.__name__}.{digest(*key[1])[:8]}"), prepare)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *(ctypes.c_void_p for _ in tables))
        _of_handles[key] = prototype(found.address), found
    return int(_of_handles[key][0](*(table.address for table in tables)))


_armed: dict[int, Any] = {}
#: how many modules there were when a module's closure was last gone through: nothing to do until there are more.
_looked: dict[int, int] = {}


def arm(module: ModuleType | str) -> None:
    """Compile lazily: put dispatchers in place of marked functions throughout the closure.

    Does nothing when numba is disabled.
    """
    if isinstance(module, str):
        module = importlib.import_module(module)
    if disabled() or _looked.get(id(module)) == len(sys.modules):
        return
    without_blas()
    with LOCK:
        members = import_closure(module)
        for member in members:
            for name, place in put_in_place(member).items():
                STANDING_IN.add(place)
                value = vars(member)[name]
                _armed.setdefault(id(value), (value, getattr(importlib.import_module(place), name)))
            for value in list(vars(member).values()):
                own_kernel = isinstance(value, FunctionType) and getattr(value, "__twin_kernel__", False)
                if own_kernel and id(value) not in _armed and value.__module__ == member.__name__:
                    _armed[id(value)] = (value, inner(value))
        for member in members:
            for name, value in list(vars(member).items()):
                pair = _armed.get(id(value))
                if pair is not None and pair[0] is value:
                    setattr(member, name, pair[1])
        _looked[id(module)] = len(sys.modules)
