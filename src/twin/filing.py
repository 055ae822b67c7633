"""What compiled code is filed under: all that is compiled into it, and nothing that comes and goes.

Numba's own cache looks at the outermost function's file alone and goes stale when a callee in another module changes,
so the cache folder of each module is named by a hash of its whole import closure and of the versions.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import sys
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.packages import version

#: numba options of every kernel: no fastmath (bits must repeat); numpy error model (no exceptions:
#: NaN and inf are found by the step control); no reference counts (kernels own nothing).
OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": False, "_nrt": False}


@lru_cache(maxsize=1)
def cache_root() -> Path:
    """Folder of compiled code: TWIN_CACHE_DIR, else the user's cache folder."""
    override = os.environ.get("TWIN_CACHE_DIR")
    if override:
        return Path(override).absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("continuous-twin", appauthor=False)) / "kernels"


@lru_cache(maxsize=1)
def versions() -> str:
    """What compiled code depends on beside its sources: numba decides by CPU on its own."""
    parts = [f"{name} {version(name)}" for name in ("numba", "numpy", "llvmlite")]
    return "; ".join([*parts, f"python {platform.python_version()}", sys.platform, platform.machine()])


def _is_ours(name: str, root: str) -> bool:
    return name == root or name.startswith(root + ".")


#: Imports at the left margin: those further in may or may not have run, and type checkers' do not.
_IMPORT = re.compile(r"^(?:from[ \t]+([\w.]+)[ \t]+import|import[ \t]+([\w.]+))", re.MULTILINE)
#: Part of every model, with no number or formula that is compiled into it.
_NEUTRAL = ("twin.jit", "twin.filing", "twin.compilers", "twin.quantity")


@cache
def _imports(path: str, mtime_ns: int, size: int, package: str) -> tuple[str, ...]:
    """Modules that a file imports from: a constant, unlike a function, does not say where it comes from."""
    text = Path(path).read_text(encoding="utf-8")
    names = [source or plain for source, plain in _IMPORT.findall(text)]
    return tuple(importlib.util.resolve_name(name, package) for name in names)


#: what a module's names came from, as long as neither its file nor the number of its names changes
_owned: dict[int, tuple[tuple[int, ...], list[str]]] = {}


def _owners(module: ModuleType) -> list[str]:
    file = getattr(module, "__file__", None) or ""
    state: tuple[int, ...] = (len(vars(module)),)
    if file.endswith(".py"):
        stat = os.stat(file)
        state = (*state, stat.st_mtime_ns, stat.st_size)
    known = _owned.get(id(module))
    if known is not None and known[0] == state:
        return known[1]
    names = []
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            if not hasattr(module, "__path__"):  # a package has for attributes whatever was imported from it so far
                names.append(value.__name__)
        elif isinstance(owner := getattr(value, "__module__", None), str):
            names.append(owner)
    if file.endswith(".py"):
        names += _imports(file, *state[1:], module.__package__ or "")
    _owned[id(module)] = state, names
    return names


#: Modules that hold such functions, of those that are armed.
STANDING_IN: set[str] = set()


def put_in_place(module: ModuleType) -> dict[str, str]:
    """Functions of a module in whose place compiled code has others, and the modules that hold those.

    Those modules import numba, so they are not imported before something is compiled.
    """
    found: dict[str, str] = vars(module).get("COMPILED", {})
    return found


def import_closure(module: ModuleType) -> list[ModuleType]:
    """The module and every module of its own top-level package (or of unit_ops, or the engine) that it imports from."""
    roots = {module.__name__.split(".")[0], "unit_ops", "twin"}
    seen: dict[str, ModuleType] = {}
    queue = [module]
    while queue:
        current = queue.pop()
        if current.__name__ in seen:
            continue
        seen[current.__name__] = current
        for owner in _owners(current):
            if owner in seen or owner in _NEUTRAL or owner in STANDING_IN:
                continue
            if any(_is_ours(owner, root) for root in roots) and owner in sys.modules:
                queue.append(sys.modules[owner])
    return [seen[name] for name in sorted(seen)]


@cache
def _source_hash(path: str, mtime_ns: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _unimported_closure(name: str, found: dict[str, str]) -> None:
    """Files of a module and of those of its package that it imports from, by name; nothing is imported for it."""
    spec = importlib.util.find_spec(name)
    if name in found or name in _NEUTRAL or spec is None or spec.origin is None:
        return
    found[name] = spec.origin
    stat = os.stat(spec.origin)
    for other in _imports(spec.origin, stat.st_mtime_ns, stat.st_size, spec.parent or ""):
        if _is_ours(other, name.split(".")[0]):
            _unimported_closure(other, found)


def closure_hash(module: ModuleType) -> str:
    """Hash of the module's import closure and the versions: the name of its cache folder."""
    found = hashlib.sha256(versions().encode())
    found.update(repr(sorted(OPTIONS.items())).encode())
    files: dict[str, str] = {}
    for member in import_closure(module):
        for other in put_in_place(member).values():
            _unimported_closure(other, files)
        file = getattr(member, "__file__", None)
        if file:
            files[member.__name__] = file
    for name, file in sorted(files.items()):
        stat = os.stat(file)
        found.update(name.encode())
        found.update(_source_hash(file, stat.st_mtime_ns, stat.st_size).encode())
    return found.hexdigest()[:16]


def code_folder(module: ModuleType, name: str) -> Path:
    """Cache folder of the machine code of a kernel that is called by address."""
    return cache_root() / f"{module.__name__}-{closure_hash(module)}-{name}"


def kernel_folder(module: ModuleType) -> Path:
    """Cache folder of a module's kernels that Python calls.

    Its name holds also where the file lies and when it was written, since numba takes the code of no other
    file: another clone, or the same one made anew, finds nothing compiled, and is to know that beforehand.
    """
    file = getattr(module, "__file__", None) or ""
    stat = os.stat(file)
    place = hashlib.sha256(f"{os.path.abspath(file)} {stat.st_mtime_ns} {stat.st_size}".encode()).hexdigest()[:8]
    return cache_root() / f"{module.__name__}-{closure_hash(module)}-{place}"
