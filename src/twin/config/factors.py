"""Reads `factors:` of a scenario: which utility serves which duty, with cost and CO2 of each from the library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from twin.config.context import PathError
from twin.config.document import Node, Problems, closest
from twin.config.material_spec import FactorsSpec, UtilitySpec
from twin.config.reading import read_file
from twin.config.scenario_keys import FACTORS
from twin.config.spec import PlantSpec
from twin.packages import folders
from twin.plant.model import load_model
from twin.quantity import fields

_EXAMPLE = "{utilities: {reactor.duty: cooling_water}}"


@dataclass(frozen=True)
class Library:
    """Factors of the library: (heating, price, co2, source) by utility, and the components left out."""

    utilities: dict[str, tuple[bool, float, float, str]]
    uncounted: tuple[str, ...]


@cache
def library() -> Library:
    """Read the factors beside the component database."""
    path = next(folder for folder in folders("unit_ops")) / "properties" / "factors.yaml"
    tree = read_file(path, "factors.yaml").plain()
    found = {}
    for name, row in tree["utilities"].items():
        source = f"price: {row['price']['source']}; co2: {row['co2']['source']}"
        found[name] = (row["serves"] == "heating", float(row["price"]["value"]), float(row["co2"]["value"]), source)
    return Library(found, tuple(tree["uncounted"]))


def read_factors(problems: Problems, node: Node | None, plant: PlantSpec | None) -> FactorsSpec | None:
    """Read the section; None where the scenario has none."""
    if node is None or node.is_null:
        return None
    problems.mapping(node, "factors is a mapping", _EXAMPLE)
    problems.known_keys(node, FACTORS.names, "unknown key", "factors")
    known = library()
    served = []
    utilities = node.get("utilities")
    for key, value in problems.mapping(utilities, "utilities is a mapping", _EXAMPLE) if utilities else []:
        names = [problems.string(item, "not a utility") for item in (value.items if value.kind == "list" else [value])]
        if plant is not None:
            try:
                _check_duty(plant, key.text)
            except PathError as error:
                problems.add(key, "unknown duty", str(error))
        for name in names:
            if name and name not in known.utilities:
                detail = f"There is no utility '{name}' in factors.yaml.{closest(name, known.utilities)}"
                problems.add(value, "unknown utility", detail)
            elif name:
                served.append(UtilitySpec(key.text, name, *known.utilities[name]))
    return FactorsSpec(tuple(served), _uncounted(problems, node.get("uncounted"), plant))


def _uncounted(problems: Problems, node: Node | None, plant: PlantSpec | None) -> tuple[str, ...]:
    components = () if plant is None else tuple(plant.components)
    if node is None or node.is_null:
        return tuple(name for name in library().uncounted if name in components)
    names = []
    for item in problems.sequence(node, "uncounted is a list", "[water]"):
        name = problems.string(item, "not a component")
        if plant is not None and name and name not in components:
            detail = f"There is no component '{name}' in {plant.name}.{closest(name, components)}"
            problems.add(item, "unknown component", detail)
        names.append(name)
    return tuple(names)


def _check_duty(plant: PlantSpec, path: str) -> None:
    """Find a quadrature in W. Raises PathError."""
    owner, _, name = path.partition(".")
    unit = next((unit for unit in plant.units if unit.name == owner), None)
    if unit is None:
        names = [unit.name for unit in plant.units]
        raise PathError(f"There is no unit '{owner}' in {plant.name}.{closest(owner, names)}")
    known = [field.name for field in fields(load_model(unit.model).Quadratures) if field.unit == "W"]
    if name not in known:
        hint = closest(name, known) or " It has none."
        raise PathError(f"{owner} ({unit.model}) has no duty '{name}'.{hint}")
