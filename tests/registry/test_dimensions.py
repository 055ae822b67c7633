"""Every balance is dimensionally homogeneous, term by term.

The interpreted kernels run on numbers that carry their dimension: adding a mass to a flow, taking the
exponential of a temperature, or returning a rate where the annotation says otherwise is an error with the
two quantities named. Kernels marked @empirical are opaque: their arguments and result are held to the
units that they declare.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from tests.registry.carriers import DimensionError, Quantity, QuantityMath, dimension_of, plain_kernels, show
from tests.registry.library import module_names, unit_names
from tests.registry.sample import Evaluation, Instance, instance
from twin.plant.adapter import holdup_class, stream_fields
from twin.plant.trace import copied
from twin.quantity import Field, fields
from twin.units import Dimension

UNITS = unit_names()

#: Constants of nature and of convention. A model's own constant with a unit is annotated where it is
#: defined: `C_HEEL: Annotated[float, "J/K", "heat capacity below which …"] = 0.01`.
CONSTANTS = {"T_REF": "K", "R_GAS": "J/(mol K)"}

#: In @empirical, an argument that may have any unit, and a result that has the unit of an argument.
ANY, SAME_AS = "any", "as "


def _dimensions(value: Any) -> list[Dimension]:
    values = value.ravel() if isinstance(value, np.ndarray) else [value]
    return [v.dimension for v in values if isinstance(v, Quantity)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.array([v.value if isinstance(v, Quantity) else v for v in value.ravel()]).reshape(value.shape)
    return value.value if isinstance(value, Quantity) else value


def _opaque(clone: FunctionType, function: FunctionType, units: tuple[tuple[str, ...], str]) -> Callable[..., Any]:
    """An empirical kernel: checks its arguments' units, computes on plain numbers, gives its declared unit."""
    wanted, returns = units
    names = list(inspect.signature(function).parameters)
    if len(wanted) != len(names):
        raise DimensionError(f"{function.__name__} declares {len(wanted)} units for {len(names)} arguments")
    module = inspect.getmodule(function)
    assert module is not None

    def checked(*args: Any) -> Any:
        for name, unit, value in zip(names, wanted, args, strict=True):
            if unit != ANY:
                expect(value, unit, f"argument {name} of {function.__name__}")
        result = getattr(plain_kernels(module), function.__name__)(*map(_plain, args))
        if returns.startswith(SAME_AS):
            found = _dimensions(args[names.index(returns.removeprefix(SAME_AS))])
            return Quantity(result, found[0]) if found else result
        return Quantity(result, dimension_of(returns))

    return checked


def expect(value: Any, unit: str, where: str) -> None:
    """Fail unless a result has the unit that its annotation promises (0.0 has any)."""
    wanted = dimension_of(unit)
    values = value.ravel() if isinstance(value, np.ndarray) else [value]
    for v in values:
        assert v is not None, f"{where} is left unwritten"
        found = v.dimension if isinstance(v, Quantity) else dimension_of("1")
        zero = not isinstance(v, Quantity) and v == 0
        assert zero or found == wanted, f"{where} is in [{show(found)}], its annotation says [{unit}]"


@cache
def constants() -> dict[str, Dimension]:
    """Dimension of every named constant of the library."""
    found = {name: dimension_of(unit) for name, unit in CONSTANTS.items()}
    for file in module_names():
        for name, hint in get_type_hints(importlib.import_module(file), include_extras=True).items():
            kind, *texts = get_args(hint) if get_origin(hint) is Annotated else (None,)
            if kind is float:
                dimension = dimension_of(texts[0])
                assert found.setdefault(name, dimension) == dimension, f"{name} has two units in the library"
    return found


def quantity_kernels(module: ModuleType) -> SimpleNamespace:
    """A module's kernels, interpreted, for quantities."""
    memo: dict[str, SimpleNamespace] = {}
    space = copied(module, {"math": QuantityMath(), "@empirical": _opaque}, memo)
    for copy in memo.values():
        for kernel in vars(copy).values():
            if isinstance(kernel, FunctionType):
                names = kernel.__globals__
                if names is vars(sys.modules[kernel.__module__]):
                    continue  # a plain function of the module itself: no copy, to be left alone
                for name in constants().keys() & names.keys():
                    if isinstance(names[name], float):
                        names[name] = Quantity(names[name], constants()[name])
    return space


def _per_second(unit: str) -> Dimension:
    kg, m, s, *rest = dimension_of(unit)
    return (kg, m, s - 1, *rest)  # type: ignore[return-value]


def check(made: Instance) -> None:
    """Evaluate everything that the engine would, and hold each result to its annotation."""
    m = made.model
    here = Evaluation(made, quantity_kernels(m.module), lambda v, f: Quantity(v, dimension_of(f.unit)))
    for f in fields(m.Integrals):
        expect(here.integrands[f.name], f.unit, f"integrand {f.name}")
    for f in (*m.measurements, *m.guards):
        expect(here.call(f.name), f.unit, f"{f.name}")
    for port in m.outlets.values():
        stream = here.outlet(port.name)
        for f, value in zip(stream_fields(port), stream, strict=True):
            expect(value, f.unit, f"outlet {port.name}.{f.name}")
    if m.State._fields:  # type: ignore[attr-defined]
        for f, value in zip(fields(m.State), here.derivatives(), strict=True):
            for v in value.ravel() if isinstance(value, np.ndarray) else [value]:
                assert v is not None, f"d{f.name}/dt is left unwritten"
                wrong = isinstance(v, Quantity) and v.dimension != _per_second(f.unit)
                assert not wrong, f"d{f.name}/dt is in [{show(v.dimension)}], the state in [{f.unit}]"
    for name, cls in (("quadratures", m.Quadratures), ("holdup", holdup_class(m)), ("transport", m.Transport)):
        if cls is not None and cls._fields and m.has(name):
            for f, value in zip(fields(cls), here.table(name, cls), strict=True):
                expect(value, f.unit, f"{name}.{f.name}")


def laws(made: Instance) -> list[tuple[str, IntEnum]]:
    """Every choice of law that a parameter offers."""
    return [(f.name, member) for f in fields(made.model.Params) if f.enum for member in f.enum]


@pytest.mark.parametrize("name", UNITS)
def test_balances_are_homogeneous(name: str) -> None:
    made = instance(name, 0)
    check(made)
    for parameter, member in laws(made):
        law = Instance(made.model, made.sizes, made.p._replace(**{parameter: int(member)}), made.x, made.u)
        try:
            check(law)
        except DimensionError as error:
            raise AssertionError(f"with {parameter} = {member.name}: {error}") from error


def _number(unit: str) -> Quantity:
    return Quantity(2.0, dimension_of(unit))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: _number("kg") + _number("kg/s"),
        lambda: _number("kg") - 1.0,
        lambda: _number("m") < _number("s"),
        lambda: QuantityMath().exp(_number("K")),
        lambda: _number("kg") ** _number("1"),
        lambda: dimension_of("mL"),
    ],
)
def test_the_check_bites(wrong: Callable[[], Any]) -> None:
    with pytest.raises(DimensionError):
        wrong()


def test_arithmetic_keeps_account() -> None:
    pressure = _number("N") / _number("m^2")
    assert pressure.dimension == dimension_of("Pa")
    assert (0.0 + pressure).dimension == dimension_of("Pa")
    assert QuantityMath().sqrt(_number("m^2")).dimension == dimension_of("m")
    field = Field("T", "float", "K", "temperature")
    with pytest.raises(AssertionError, match="annotation says"):
        expect(_number("s"), field.unit, "T")
