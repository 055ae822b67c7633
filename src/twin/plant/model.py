"""A unit operation as the engine sees it: what one file of the library declares.

`load_model("piping.tank")` imports `unit_ops/piping/tank.py` (a full dotted path names a third
party's model or the engine's own controllers) and reads its NamedTuples. Nothing is compiled here.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from twin.jit import python_function
from twin.plant.contract import ARGUMENTS as ARGUMENTS
from twin.plant.contract import BOOKING as BOOKING
from twin.plant.contract import ModelError as ModelError
from twin.plant.contract import check
from twin.quantity import Field, Optional, fields


class Empty(NamedTuple):
    """Stands for a table that a model does not declare."""


@dataclass(frozen=True)
class Port:
    """An inlet or outlet: its name, what flows, and for a signal the unit."""

    name: str
    stream: type
    unit: str
    meaning: str
    optional: bool = False

    @property
    def is_signal(self) -> bool:
        return self.stream.__name__ == "Signal"


@dataclass(frozen=True)
class Model:
    """Everything that a unit operation's file declares."""

    name: str
    module: ModuleType
    State: type
    Params: type
    Inlets: type
    Outlets: type
    Measurements: type
    Integrals: type
    Quadratures: type
    Guards: type
    Transport: type
    Work: type
    Initial: type
    Impulses: type
    inlets: dict[str, Port]
    outlets: dict[str, Port]
    dims: dict[str, int]
    settings: tuple[str, ...]

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.module) or ""

    @property
    def measurements(self) -> tuple[Field, ...]:
        return fields(self.Measurements)

    @property
    def guards(self) -> tuple[Field, ...]:
        return fields(self.Guards)

    @property
    def impulses(self) -> tuple[Field, ...]:
        return fields(self.Impulses)

    @property
    def scan(self) -> str:
        """Name of the parameter that is the scan period, or ""."""
        return str(getattr(self.module, "SCAN", ""))

    @property
    def configure(self) -> Callable[..., Any] | None:
        return getattr(self.module, "configure", None)

    def kernel(self, name: str) -> Callable[..., Any] | None:
        """Give the interpreted function of a kernel, or None when the model has none of that name."""
        found = getattr(self.module, name, None)
        return None if found is None else python_function(found)

    def arguments(self, name: str) -> tuple[str, ...]:
        """Names of a kernel's arguments."""
        function = self.kernel(name)
        return () if function is None else tuple(inspect.signature(function).parameters)

    def has(self, name: str) -> bool:
        return hasattr(self.module, name)

    def integrals_for(self, kernels: Iterable[str]) -> list[int]:
        """Numbers of the integrals without which these kernels cannot be called, in their order.

        Those that a kernel, or what it calls, has by name, and those that these in turn ask for; where one reads
        scratch, all before it, since any of them may have left it there.
        """
        names: tuple[str, ...] = self.Integrals._fields  # type: ignore[attr-defined]
        found: set[str] = set()
        queue = list(kernels)
        while queue:
            said = _names_in(self.kernel(queue.pop()))
            asked = {name for name in names if name in said} - found
            for name in list(asked):
                if "w" in self.arguments(name):
                    asked |= set(names[: names.index(name)]) - found
            found |= asked
            queue += asked
        return [i for i, name in enumerate(names) if name in found]


@cache
def _names_in(function: Any) -> set[str]:
    """Names in a kernel and in all kernels that it calls: attributes among them."""
    found: set[str] = set()
    queue, seen = [python_function(function)], set()
    while queue:
        one = queue.pop()
        if one in seen:
            continue
        seen.add(one)
        found |= set(one.__code__.co_names)
        called = (one.__globals__.get(name) for name in one.__code__.co_names)
        queue += [python_function(c) for c in called if hasattr(python_function(c), "__twin_kernel__")]
    return found


def module_name(model: str) -> str:
    """Dotted import path of a model's name in YAML: `piping.tank` is `unit_ops.piping.tank`.

    The library is looked up first; a name that is not there is taken as a full dotted path.
    """
    folder = model.split(".")[0]
    if model.count(".") == 1 and importlib.util.find_spec(f"unit_ops.{folder}") is not None:
        return f"unit_ops.{model}"
    return model


@cache
def load_model(name: str) -> Model:
    """Import and read a unit operation.

    Raises
    ------
    ModuleNotFoundError
        When there is no such file.
    ModelError
        When the file breaks the kernel contract.
    """
    module = importlib.import_module(module_name(name))

    def table(key: str) -> type:
        return getattr(module, key, Empty)

    if not hasattr(module, "State") and not hasattr(module, "Inlets"):
        raise ModelError(f"{module.__file__}: a unit operation declares State or Inlets; this file declares neither")
    model = Model(
        name=name,
        module=module,
        State=table("State"),
        Params=table("Params"),
        Inlets=table("Inlets"),
        Outlets=table("Outlets"),
        Measurements=table("Measurements"),
        Integrals=table("Integrals"),
        Quadratures=table("Quadratures"),
        Guards=table("Guards"),
        Transport=table("Transport"),
        Work=table("Work"),
        Initial=table("Initial"),
        Impulses=table("Impulses"),
        inlets=_ports(table("Inlets")),
        outlets=_ports(table("Outlets")),
        dims=dict(getattr(module, "DIMS", {})),
        settings=tuple(getattr(module, "SETTINGS", ())),
    )
    check(model)
    return model


def _ports(cls: type) -> dict[str, Port]:
    hints = get_type_hints(cls, include_extras=True)
    ports = {}
    for name in cls._fields:  # type: ignore[attr-defined]
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            raise ModelError(f"{cls.__module__}: port {name} needs Annotated[stream, meaning]")
        stream, *extras = get_args(hint)
        texts = [e for e in extras if isinstance(e, str)]
        signal = stream.__name__ == "Signal"
        if len(texts) != (2 if signal else 1):
            raise ModelError(f"{cls.__module__}: port {name} needs {'a unit and ' if signal else ''}a meaning")
        optional = any(isinstance(e, Optional) or e is Optional for e in extras)
        ports[name] = Port(name, stream, texts[0] if signal else "", texts[-1], optional)
    return ports
