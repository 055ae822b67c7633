"""Names with units: reads `Annotated[float, "K", "temperature"]` of a model's NamedTuples.

    T: Annotated[float, "K", "temperature", Nominal(300.0)]
    m: Annotated[Array, "kg", "component masses", ("fluids", "cells")]
    cp: Annotated[Array, "J/(kg K)", "specific heat capacity", ("fluids",), Component("cp_liquid")]
    law: Annotated[GrowthLaw, "1", "growth law"]        # an IntEnum: written by name in YAML

The first string is the unit (SI, as stored), the second the meaning; a tuple names the dimensions,
outermost first ("cells+1" counts faces). See :func:`fields`. :func:`parse_quantity` reads
`"2 mL/min"` (see `twin.units`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from twin.units import UnitError as UnitError
from twin.units import parse_quantity as parse_quantity

#: A float64 array whose length comes from the configuration.
Array = np.ndarray


@dataclass(frozen=True)
class Nominal:
    """Typical size of a quantity: scales tolerances."""

    value: float


@dataclass(frozen=True)
class Range:
    """Values that the model accepts; outside is an error of the configuration."""

    low: float
    high: float


@dataclass(frozen=True)
class Component:
    """Filled per component from the component database unless given."""

    property: str


@dataclass(frozen=True)
class Grid:
    """Filled with the edges of the plant's grid of that name unless given."""

    name: str


@dataclass(frozen=True)
class Index:
    """An integer parameter written in YAML as a component's name: its place in the list of that dimension."""

    dim: str


@dataclass(frozen=True)
class Fractions:
    """An array of fractions of one whole: the configuration checks that they sum to 1."""


@dataclass(frozen=True)
class Per:
    """On a coefficient k of a rate k σ^power: it may be given over the driving force's unit to that power.

    `law` and `power` are parameters of the unit; `units` gives the unit of σ for choices of the law.
    """

    law: str
    units: tuple[tuple[str, str], ...]
    power: str


@dataclass(frozen=True)
class Fitted:
    """On a measurement: what a law rests on that was fitted between two parameters of the unit, `low` and `high`.

    Outside, a run has a warning by the law's name. `used` names a parameter that is zero where the law
    is not used (for a component, say). `flow` names a measurement of the unit, the flow that the law shapes:
    while less than a tenth of the greatest so far passes (an empty unit, its first and its last material),
    nothing is said.
    """

    law: str
    low: str
    high: str
    used: str = ""
    flow: str = ""


@dataclass(frozen=True)
class Limit:
    """On a guard: where it rises above zero the model has no answer any more, and the run ends there by its name."""


@dataclass(frozen=True)
class Optional:
    """An inlet that may stay unconnected: nothing flows there then."""


@dataclass(frozen=True)
class Utility:
    """A quadrature that is reported (cooling water, electricity) but enters no balance."""


@dataclass(frozen=True)
class Field:
    """One quantity of a model: what an annotation says."""

    name: str
    kind: str  # "float", "int", "enum" or "array"
    unit: str
    meaning: str
    dims: tuple[str, ...] = ()
    nominal: float = 1.0
    has_nominal: bool = False
    range: Range | None = None
    component: str | None = None
    index: str | None = None
    grid: str | None = None
    utility: bool = False
    fractions: bool = False
    fitted: tuple[Fitted, ...] = ()
    limit: bool = False
    per: Per | None = None
    enum: type[IntEnum] | None = None
    default: Any = None
    has_default: bool = False


@cache
def fields(cls: type) -> tuple[Field, ...]:
    """Read the annotated fields of a NamedTuple class.

    Raises
    ------
    TypeError
        When a field lacks its unit or meaning, or its type is none of float, int, IntEnum, Array.
    """
    hints = get_type_hints(cls, include_extras=True)
    defaults = getattr(cls, "_field_defaults", {})
    result = []
    for name in cls._fields:  # type: ignore[attr-defined]
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{cls.__module__}.{cls.__qualname__}.{name} needs Annotated[type, unit, meaning]")
        base, *extras = get_args(hint)
        texts = [e for e in extras if isinstance(e, str)]
        if len(texts) != 2:
            raise TypeError(f"{cls.__module__}.{cls.__qualname__}.{name} needs exactly a unit and a meaning")
        result.append(_field(cls, name, base, texts, extras, defaults))
    return tuple(result)


def _field(cls: type, name: str, base: Any, texts: list[str], extras: list[Any], defaults: dict[str, Any]) -> Field:
    kinds: dict[Any, str] = {float: "float", int: "int", Array: "array"}
    enum = base if isinstance(base, type) and issubclass(base, IntEnum) else None
    kind = "enum" if enum else kinds.get(base)
    if kind is None:
        raise TypeError(f"{cls.__module__}.{cls.__qualname__}.{name}: type must be float, int, IntEnum or Array")
    dims = next((e for e in extras if isinstance(e, tuple)), ())
    if cls.__name__ == "Integrals" and kind != "float":
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__}.{name}: an integral is a float; the dimensions are its integrand's"
        )
    summed = cls.__name__ == "Integrals"  # a float whose integrand has dimensions
    if (kind == "array" or summed) != bool(dims):
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__}.{name}: arrays and integrals, and only these, name their dimensions"
        )

    def pick(kind_of: type) -> Any:
        return next((e for e in extras if isinstance(e, kind_of)), None)

    nominal, component, index, grid = pick(Nominal), pick(Component), pick(Index), pick(Grid)
    return Field(
        name=name,
        kind=kind,
        unit=texts[0],
        meaning=texts[1],
        dims=dims,
        nominal=nominal.value if nominal else 1.0,
        has_nominal=nominal is not None,
        range=pick(Range),
        component=component.property if component else None,
        index=index.dim if index else None,
        grid=grid.name if grid else None,
        utility=pick(Utility) is not None,
        fractions=pick(Fractions) is not None,
        fitted=tuple(e for e in extras if isinstance(e, Fitted)),
        limit=pick(Limit) is not None,
        per=pick(Per),
        enum=enum,
        default=defaults.get(name),
        has_default=name in defaults,
    )
