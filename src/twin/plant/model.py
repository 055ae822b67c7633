"""A unit operation as the engine sees it: what one file of the library declares.

`load_model("piping.tank")` imports `unit_ops/piping/tank.py` (a full dotted path names a third
party's model or the engine's own controllers) and reads its NamedTuples. Nothing is compiled here.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from twin.errors import TwinError
from twin.jit import python_function
from twin.quantity import Field, Optional, fields

#: Names by which a kernel may ask for its arguments, beside the inlet ports' own names.
ARGUMENTS = ("t", "x", "u", "a", "p", "w", "out", "dx")
#: What an impulse's kernel (and its booking), and the kernel `scan`, may ask for.
IMPULSE_ARGUMENTS = ("t", "x", "u", "a", "p", "w", "value", "new")
BOOKING_ARGUMENTS = (*IMPULSE_ARGUMENTS, "out")
SCAN_ARGUMENTS = ("t", "x", "u", "a", "p", "w", "number", "seed", "new")
#: Added to an impulse's name, the kernel that says what crosses the unit's boundary with it.
BOOKING = "_booking"


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


class ModelError(TwinError):
    """A unit operation's file breaks the contract; the message names file, name and cure."""

    exit_code = 2


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
    _check(model)
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


def _check(model: Model) -> None:
    """Refuse what would fail later, with a message that names the cure."""
    where = model.module.__file__
    needed = [f.name for f in fields(model.Integrals)] + [f.name for f in fields(model.Guards)]
    needed += [f.name for f in fields(model.Measurements)] + list(model.outlets)
    needed += [f.name for f in model.impulses]
    for key, kernel in (("State", "derivatives"), ("Quadratures", "quadratures"), ("Transport", "transport")):
        if getattr(model, key)._fields:
            needed.append(kernel)
    twice = {name for name in needed if needed.count(name) > 1}
    if twice:
        raise ModelError(
            f"{where}: {', '.join(sorted(twice))} names two kernels; ports, measurements, integrals, guards "
            "and impulses share one namespace"
        )
    for name in needed:
        if not model.has(name):
            raise ModelError(f"{where}: declares {name} but has no kernel of that name")
    taken = {*ARGUMENTS, *BOOKING_ARGUMENTS, *SCAN_ARGUMENTS} & set(model.inlets)
    if taken:
        raise ModelError(
            f"{where}: an inlet cannot be called {' or '.join(sorted(taken))}, by which kernels ask for something else"
        )
    _check_discrete(model)
    impulses = {f.name for f in model.impulses}
    for name in needed:
        if name not in impulses:
            _check_arguments(model, name, ARGUMENTS)
    for name in ("holdup", "quadratures"):
        if model.has(name):
            _check_arguments(model, name, ARGUMENTS)
    if model.has("holdup") and not model.has("Holdup"):
        raise ModelError(f"{where}: has a kernel holdup but no Holdup, so no balance would count it: import Holdup")
    for field in fields(model.Measurements):
        extra = set(model.arguments(field.name)) - {"x", "a", "p"}
        if extra:
            raise ModelError(
                f"{where}: measurement {field.name} may depend on x, a, p only, not on {', '.join(sorted(extra))}"
            )


#: The table that a kernel's argument is made from.
_TABLE_OF = {"x": "State", "dx": "State", "new": "State", "u": "Inlets", "a": "Integrals", "p": "Params", "w": "Work"}


def _check_arguments(model: Model, name: str, contract: tuple[str, ...]) -> None:
    """Refuse arguments that there are not, and those of tables that the model does not declare."""
    where = model.module.__file__
    allowed = (*contract, *model.inlets)
    for argument in model.arguments(name):
        if argument not in allowed:
            raise ModelError(f"{where}: kernel {name} asks for '{argument}'; it may ask for {', '.join(allowed)}")
        table = _TABLE_OF.get(argument)
        if table is not None and argument not in model.inlets and not getattr(model, table)._fields:
            raise ModelError(f"{where}: kernel {name} asks for '{argument}', but the model declares no {table}")


def _check_discrete(model: Model) -> None:
    """Impulses and scans: they write states, a booking writes quadratures, a period is above zero."""
    where = model.module.__file__
    for f in model.impulses:
        if f.kind != "float":
            raise ModelError(f"{where}: impulse {f.name} is a float, the amount that it takes; its unit may be ''")
        _check_arguments(model, f.name, IMPULSE_ARGUMENTS)
        if not model.State._fields:  # type: ignore[attr-defined]
            raise ModelError(f"{where}: impulse {f.name} changes states, but the model declares no State")
        if model.has(f.name + BOOKING):
            _check_arguments(model, f.name + BOOKING, BOOKING_ARGUMENTS)
            if not model.Quadratures._fields:  # type: ignore[attr-defined]
                raise ModelError(f"{where}: {f.name}{BOOKING} books quadratures, but the model declares none")
    if not model.scan:
        return
    period = {f.name: f for f in fields(model.Params)}.get(model.scan)
    if period is None or period.kind != "float" or period.unit != "s" or not (period.range and period.range.low > 0.0):
        raise ModelError(f"{where}: SCAN names a parameter, a float in s with a Range above zero: the scan period")
    if not model.has("scan") or not model.State._fields:  # type: ignore[attr-defined]
        raise ModelError(f"{where}: a model with SCAN has a kernel scan and a State, some of which it holds")
    _check_arguments(model, "scan", SCAN_ARGUMENTS)
