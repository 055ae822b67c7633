"""Numba's compiler as kernels need it, imported when something has to be compiled.

Functions that only compiled code calls stay intermediate code until the outermost one is compiled; that one becomes an
object file to be called by its address, or, where it cannot be one, a callback of numba's.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from twin.cache import claim
from twin.filing import OPTIONS, kernel_folder


def disabled() -> bool:
    """Whether NUMBA_DISABLE_JIT asks for interpreted kernels (coverage, stepping through)."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


#: every dispatcher of this process: their compilations (not cache loads) are counted for tests.
_dispatchers: list[Any] = []
#: compiling is global to the process: numba's cache folder and the armed modules are.
LOCK = threading.RLock()


def compile_kernel(function: Callable[..., Any], folder: Path) -> Any:
    """Give a numba dispatcher for one function that Python may call, with its cache in `folder`."""
    with LOCK:
        import numba

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


#: What a function is called in its object file.
ENTRY = "twin_entry"
#: Functions of the C library that code may call for an operation of LLVM's.
LIBRARY = frozenset(
    "memset memcpy memmove exp exp2 log log2 log10 pow sin cos tan sinh cosh tanh asin acos atan floor ceil".split()
)


def object_file(function: Callable[..., Any], signature: Any) -> tuple[bytes, list[str]] | None:
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


def by_numba(folder: Path, function: Callable[..., Any], signature: Any) -> Any:
    """Compile, or load, with numba's own cache: where object files are not to be had."""
    import numba

    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        options = {name: value for name, value in OPTIONS.items() if name != "nogil"}
        compiled = numba.cfunc(signature, **options)(python_function(function))
    finally:
        numba.config.CACHE_DIR = previous
    return compiled


def code_of(arguments: list[Any]) -> Any:
    """Numba's signature of a function of these types that gives a code."""
    from numba import types

    return types.int64(*arguments)


@cache
def without_blas() -> None:
    """Load numba's arrays without the search for BLAS, which imports scipy.linalg for 0.2 s: kernels call none.

    One thread at a time: modules of numba import each other, and two threads that begin it at once find halves.
    """
    blas = "scipy.linalg.cython_blas"
    with LOCK:
        if disabled() or blas in sys.modules:
            return
        sys.modules[blas] = None  # type: ignore[assignment]
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            del sys.modules[blas]


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
