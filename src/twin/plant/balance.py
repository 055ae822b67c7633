"""Which holdups, boundary flows and sources enter the balances of a plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.plant.adapter import holdup_class
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec
    from twin.plant.nodes import Node


@dataclass(frozen=True)
class Term:
    """A quadrature in a balance; `sign` +1 adds to the plant's holdup."""

    owner: str
    label: str
    offset: int
    size: int
    kind: str  # "fluids", "solids", "energy" or "utility"
    sign: int
    role: str  # "feed", "product" or "source"


@dataclass(frozen=True)
class HoldupPlace:
    """Where a unit's holdup stands in w."""

    unit: str
    H: int
    fluids: int
    solids: int


@dataclass(frozen=True)
class BalanceMap:
    """All that balances need: components are the union of fluids and solids, by name."""

    components: tuple[str, ...]
    fluids: tuple[str, ...]
    solids: tuple[str, ...]
    holdups: tuple[HoldupPlace, ...]
    terms: tuple[Term, ...]


def balance_map(spec: PlantSpec, nodes: list[Node], q0: dict[str, dict[str, int]]) -> BalanceMap:
    """Read the roles from the annotations: W is energy, kg/s over a component list is mass."""
    holdups, terms = [], []
    for node in nodes:
        if holdup_class(node.model) is not None:
            layout = node.layout
            holdups.append(
                HoldupPlace(node.name, layout.place("h", "H"), layout.place("h", "fluids"), layout.place("h", "solids"))
            )
        role = {"unit": "source"}.get(node.role, node.role)
        for f in fields(node.model.Quadratures):
            if f.utility:
                kind = "utility"
            elif f.kind == "array" and f.unit == "kg/s" and f.dims in (("fluids",), ("solids",)):
                kind = f.dims[0]
            elif f.kind == "float" and f.unit == "W":
                kind = "energy"
            else:
                raise TypeError(
                    f"{node.model.module.__file__}: quadrature {f.name} is neither W, nor kg/s over fluids or solids; "
                    "mark it Utility()"
                )
            size = int(np.prod(node.layout.shapes[("q", f.name)]))
            terms.append(
                Term(node.name, f.name, q0[node.name][f.name], size, kind, -1 if node.role == "product" else 1, role)
            )
    components = tuple(dict.fromkeys((*spec.fluids, *spec.solids)))
    return BalanceMap(components, tuple(spec.fluids), tuple(spec.solids), tuple(holdups), tuple(terms))
