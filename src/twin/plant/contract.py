"""What a unit operation's file must keep to, checked when it is read: refused with a message that names the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import TwinError
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.plant.model import Model

#: Names by which a kernel may ask for its arguments, beside the inlet ports' own names.
ARGUMENTS = ("t", "x", "u", "a", "p", "w", "out", "dx")
#: What an impulse's kernel (and its booking), and the kernel `scan`, may ask for.
IMPULSE_ARGUMENTS = ("t", "x", "u", "a", "p", "w", "value", "new")
BOOKING_ARGUMENTS = (*IMPULSE_ARGUMENTS, "out")
SCAN_ARGUMENTS = ("t", "x", "u", "a", "p", "w", "number", "seed", "new")
#: What kernels' views of the state are made for.
MOST_DIMENSIONS = 2
#: Added to an impulse's name, the kernel that says what crosses the unit's boundary with it.
BOOKING = "_booking"
#: The table that a kernel's argument is made from.
_TABLE_OF = {"x": "State", "dx": "State", "new": "State", "u": "Inlets", "a": "Integrals", "p": "Params", "w": "Work"}


class ModelError(TwinError):
    """A unit operation's file breaks the contract; the message names file, name and cure."""

    exit_code = 2


def check(model: Model) -> None:
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
    _check_arrays(model)
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


def _check_arrays(model: Model) -> None:
    """Refuse arrays that kernels cannot be lent: those of more dimensions than a table has."""
    for table in ("State", "Params", "Integrals", "Quadratures", "Transport", "Work", "Initial"):
        for f in fields(getattr(model, table)):
            if len(f.dims) > MOST_DIMENSIONS:
                raise ModelError(
                    f"{model.module.__file__}: {table} field {f.name} has {len(f.dims)} dimensions "
                    f"({', '.join(f.dims)}); arrays have one or two: put two of them into one, as in cells = "
                    "stations x nodes, or declare a field for each of the first"
                )


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
