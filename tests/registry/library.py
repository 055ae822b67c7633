"""What is in the library: found by walking the package, so that a new file is tested before anyone lists it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import unit_ops
from twin.plant.model import Model, load_model

ROOT = Path(__file__).resolve().parents[2]
#: Plants whose models are compiled every day; compiling all others takes minutes.
EVERYDAY = ("two_tanks", "paracetamol_tablets", "direct_compression", "cadet_crystallizer", "paracetamol_recycle")
#: The engine's own models obey the same contract.
EXTRA_PACKAGES = ("twin.control",)


@cache
def module_names() -> tuple[str, ...]:
    """Dotted names of every file of the library, helper modules included."""
    found = [m.name for m in pkgutil.walk_packages(unit_ops.__path__, "unit_ops.") if not m.ispkg]
    for extra in EXTRA_PACKAGES:
        # beside the controllers that YAML can name, the engine's package has tools, which are no models
        folder = importlib.import_module(extra).__path__
        names = [m.name for m in pkgutil.iter_modules(folder, extra + ".") if not m.ispkg]
        found += [name for name in names if any(kernels(source(name)[1]))]
    return tuple(sorted(found))


def source(name: str) -> tuple[Path, ast.Module]:
    """File and syntax tree of a module, which need not be importable (a broken file fails its own tests only)."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin)
    return path, ast.parse(path.read_text(encoding="utf-8"))


@cache
def declared(name: str) -> frozenset[str]:
    """Names of a file's own classes and functions."""
    return frozenset(n.name for n in source(name)[1].body if isinstance(n, ast.ClassDef | ast.FunctionDef))


@cache
def unit_names() -> tuple[str, ...]:
    """Dotted names of the unit operations: the files that declare states or ports of their own."""
    return tuple(name for name in module_names() if declared(name) & {"State", "Inlets", "Outlets"})


def model(name: str) -> Model:
    """A unit operation by its dotted module name, as a plant would load it."""
    return load_model(name.removeprefix("unit_ops.") if name.count(".") == 2 and name.startswith("unit_ops.") else name)


def kernels(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions decorated with @kernel or @empirical(...)."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                target = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(target, ast.Name) and target.id in ("kernel", "empirical"):
                    yield node
                    break


def daily_or_slow(names: Iterable[str]) -> list[Any]:
    """Models as parameters of a test that compiles them: those that no everyday plant has are marked slow."""
    texts = [(ROOT / "plant_configs" / f"{name}.yaml").read_text(encoding="utf-8") for name in EVERYDAY]
    models = {found for text in texts for found in re.findall(r"model: *([\w.]+)", text)}
    used = {f"unit_ops.{name}" for name in models} | {f"twin.control.{name}" for name in models}
    return [n if n in used or n.startswith("tests.") else pytest.param(n, marks=pytest.mark.slow) for n in names]
