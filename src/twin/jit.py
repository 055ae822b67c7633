"""The only place that names numba: marks kernels, compiles them on first use, and keeps the cache honest.

`@kernel` only marks a function, so reading a model imports no numba. `arm` replaces the marked
functions of a module (and of what it imports) by numba dispatchers. Numba's own cache looks at the
outermost function's file alone and goes stale when a callee in another module changes, so the cache
folder of each module is named by a hash of its whole import closure and of the versions.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import os
import platform
import re
import sys
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

from twin import native as objects
from twin.cache import claim, digest
from twin.packages import version

F = TypeVar("F", bound=Callable[..., Any])

#: numba options of every kernel: no fastmath (bits must repeat); numpy error model (no exceptions:
#: NaN and inf are found by the step control); no reference counts (kernels own nothing).
OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": False, "_nrt": False}


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


def disabled() -> bool:
    """Whether NUMBA_DISABLE_JIT asks for interpreted kernels (coverage, stepping through)."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


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
_NEUTRAL = ("twin.jit", "twin.quantity")


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
_standing_in: set[str] = set()


def _put_in_place(module: ModuleType) -> dict[str, str]:
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
            if owner in seen or owner in _NEUTRAL or owner in _standing_in:
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
        for other in _put_in_place(member).values():
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


def is_called(module: ModuleType) -> bool:
    """Whether code of some kernel of a module that `call` takes is in the cache."""
    return any(is_native(folder) for folder in cache_root().glob(code_folder(module, "*.*").name))


def kernel_folder(module: ModuleType) -> Path:
    """Cache folder of a module's kernels that Python calls.

    Its name holds also where the file lies and when it was written, since numba takes the code of no other
    file: another clone, or the same one made anew, finds nothing compiled, and is to know that beforehand.
    """
    file = getattr(module, "__file__", None) or ""
    stat = os.stat(file)
    place = hashlib.sha256(f"{os.path.abspath(file)} {stat.st_mtime_ns} {stat.st_size}".encode()).hexdigest()[:8]
    return cache_root() / f"{module.__name__}-{closure_hash(module)}-{place}"


_armed: dict[int, Any] = {}
#: how many modules there were when a module's closure was last gone through: nothing to do until there are more.
_looked: dict[int, int] = {}
#: every dispatcher of this process: their compilations (not cache loads) are counted for tests.
_dispatchers: list[Any] = []
#: compiling is global to the process: numba's cache folder and the armed modules are.
LOCK = threading.RLock()


def compile_kernel(function: Callable[..., Any], folder: Path) -> Any:
    """Give a numba dispatcher for one function that Python may call, with its cache in `folder`."""
    import numba

    with LOCK:
        claim(folder)
        previous = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder)
        try:
            dispatcher = numba.njit(**OPTIONS)(function)
        finally:
            numba.config.CACHE_DIR = previous
        _dispatchers.append(dispatcher)
    return dispatcher


@cache
def _inner_class() -> Any:
    """Class of the dispatchers that stand in modules, for other kernels to call.

    They have no wrapper for calls from Python: to unpack NamedTuples of a hundred arrays took as
    long to compile as all else, and few kernels are called so. Those get a dispatcher of their own
    with wrapper and cache, at the first call.
    """
    from numba.core.registry import CPUDispatcher

    class Inner(CPUDispatcher):  # type: ignore[misc]
        called: Any = None

        def __call__(self, *arguments: Any) -> Any:
            if self.called is None:
                module = sys.modules[self.py_func.__module__]
                self.called = compile_kernel(self.py_func, kernel_folder(module))
            return self.called(*arguments)

    return Inner


#: Passes of numba's compiler that find nothing in kernels: they look for closures, `with`, exceptions made of values,
#: `literal_unroll`, sums of whole arrays. Each goes through the whole function, and has its variables followed anew.
NOTHING_TO_DO = frozenset(
    {
        "WithLifting",
        "InlineClosureLikes",
        "RewriteDynamicRaises",
        "MakeFunctionToJitFunction",
        "InlineInlinables",
        "FindLiterallyCalls",
        "LiteralUnroll",
        "NopythonRewrites",
        "AnnotateTypes",
    }
)


@cache
def _inner_pipeline() -> Any:
    """Numba's compiler for functions that only compiled code calls.

    Its own turns each into machine code, with all that it calls, only to link its optimised intermediate code into
    the callers, where all is optimised and turned into machine code again: once a level of calls. These stay
    intermediate code until the outermost function is compiled. The numbers that come out are the same.
    """
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler
    from numba.core.compiler_machinery import register_pass
    from numba.core.typed_passes import NativeLowering

    class WithoutEnvironment:
        def set_env(self, name: str, env: Any) -> None:
            """Nothing that runs has one."""

    class Linked(JITCodeLibrary):  # type: ignore[misc]
        codegen = WithoutEnvironment()

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            return 0

    @register_pass(mutates_CFG=True, analysis_only=False)
    class Lowering(NativeLowering):  # type: ignore[misc]
        _name = "lowering_to_be_linked"

        def run_pass(self, state: Any) -> bool:
            if state.library is None:
                state.library = Linked(state.targetctx.codegen(), state.func_id.func_qualname)
            done: bool = super().run_pass(state)
            return done

    class Inside(Compiler):  # type: ignore[misc]
        def define_pipelines(self) -> Any:
            pipelines = super().define_pipelines()
            for pipeline in pipelines:
                wanted = [(one, why) for one, why in pipeline.passes if one.__name__ not in NOTHING_TO_DO]
                pipeline.passes = [(Lowering if one is NativeLowering else one, why) for one, why in wanted]
            return pipelines

    return Inside


def inner(function: Callable[..., Any], merged: bool = False) -> Any:
    """Give a dispatcher for a function that compiled code calls; `merged` puts it into each place that calls it."""
    options = {name: value for name, value in OPTIONS.items() if name != "cache"} | {"forceinline": merged}
    options |= {"nopython": True, "boundscheck": None, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = _inner_class()(py_func=function, targetoptions=options, pipeline_class=_inner_pipeline())
    _dispatchers.append(dispatcher)
    return dispatcher


class Native(NamedTuple):
    """Compiled code that is called by its address."""

    address: int
    from_cache: bool
    keep: Any  #: what keeps it alive


#: What a function is called in its object file.
ENTRY = "twin_entry"
#: Functions of the C library that code may call for an operation of LLVM's.
LIBRARY = frozenset(
    "memset memcpy memmove exp exp2 log log2 log10 pow sin cos tan sinh cosh tanh asin acos atan floor ceil".split()
)


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
            made = _object_file(function, signature)
            if made is not None:
                objects.keep(folder, ENTRY, *made)
                address = objects.load(folder, ENTRY)
            if address is not None:
                return Native(address, False, None)
        return _by_numba(folder, function, signature)


def is_native(folder: Path) -> bool:
    """Whether `native` would find code in a folder."""
    return objects.kept(folder, ENTRY) or any(folder.rglob("*.nbi"))


def _object_file(function: Callable[..., Any], signature: Any) -> tuple[bytes, list[str]] | None:
    """Compile a function to be called as C's are: its object file, and the functions that it calls outside.

    Like numba's own `cfunc`, but for what that does about exceptions, which needs all of numba; None where a kernel
    could raise one.
    """
    from llvmlite import ir
    from numba import types
    from numba.core.compiler_lock import global_compiler_lock

    with global_compiler_lock:
        dispatcher = function if isinstance(function, _inner_class()) else inner(function)
        dispatcher.compile(signature.args)
        compiled = dispatcher.overloads[signature.args]
        context, made, nothing = compiled.target_context, compiled.fndesc, signature.return_type == types.none
        module = context.create_module(ENTRY)
        arguments = [context.get_value_type(kind) for kind in made.argtypes]
        returned = ir.VoidType() if nothing else context.get_value_type(signature.return_type)
        wrapper = ir.Function(module, ir.FunctionType(returned, arguments), ENTRY)
        builder = ir.IRBuilder(wrapper.append_basic_block())
        callee = context.declare_function(module, made)
        _, result = context.call_conv.call_function(builder, callee, made.restype, made.argtypes, wrapper.args)
        if nothing:
            builder.ret_void()
        else:
            builder.ret(context.cast(builder, result, made.restype, signature.return_type))
        library = context.codegen().create_library(made.mangled_name)
        library.enable_object_caching()
        library.add_linking_library(compiled.library)
        library.add_ir_module(module)
        library.finalize()
        final = library._final_module
        if any(".const.picklebuf" in one.name for one in final.global_variables):
            return None
        outside = [one.name for one in final.functions if one.is_declaration]
        operations = {name.split(".")[1] for name in outside if name.startswith("llvm.")}
        needs = {name for name in outside if not name.startswith("llvm.")} | (operations & LIBRARY)
        return library._get_compiled_object(), sorted(needs)


def _by_numba(folder: Path, function: Callable[..., Any], signature: Any) -> Native:
    """Compile, or load, with numba's own cache: where object files are not to be had."""
    import numba

    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        options = {name: value for name, value in OPTIONS.items() if name != "nogil"}
        compiled = numba.cfunc(signature, **options)(python_function(function))
    finally:
        numba.config.CACHE_DIR = previous
    return Native(compiled.address, compiled.cache_hits > 0, compiled)


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
            from numba import types

            arm(module)
            return vars(module)[plain.__name__], types.int64(*(table._numba_type_ for table in tables))

        found = native(code_folder(module, f"{plain.__name__}.{digest(*key[1])[:8]}"), prepare)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *(ctypes.c_void_p for _ in tables))
        _of_handles[key] = prototype(found.address), found
    return int(_of_handles[key][0](*(table.address for table in tables)))


@cache
def without_blas() -> None:
    """Load numba's arrays without the search for BLAS, which imports scipy.linalg for 0.2 s: kernels call none."""
    blas = "scipy.linalg.cython_blas"
    if disabled() or blas in sys.modules:
        return
    sys.modules[blas] = None  # type: ignore[assignment]
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[blas]


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
            for name, place in _put_in_place(member).items():
                _standing_in.add(place)
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


def compilations() -> dict[str, int]:
    """Number of specialisations compiled (cache misses) in this process, by qualified function name."""
    counts: dict[str, int] = {}
    for dispatcher in _dispatchers:
        misses = sum(dispatcher.stats.cache_misses.values()) if hasattr(dispatcher, "stats") else 0
        if misses:
            name = f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__qualname__}"
            counts[name] = counts.get(name, 0) + misses
    return counts


def python_function(function: Any) -> Callable[..., Any]:
    """Give the interpreted function behind a dispatcher or a marked function."""
    interpreted: Callable[..., Any] = getattr(function, "py_func", function)
    return interpreted
