"""One table of fields out of several, so that models share parameters and measurements by theme.

Params = joined(__name__, VesselParams, SolubilityParams, GrowthParams, …)
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints


def joined(module: str, *tables: Any, name: str = "Params") -> Any:
    """One NamedTuple class of a module out of several tables; a name stands in one of them only."""
    hints: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for table in tables:
        found = get_type_hints(table, include_extras=True)
        twice = hints.keys() & found.keys()
        if twice:
            raise TypeError(f"{module}: {', '.join(sorted(twice))} stands in two tables of parameters")
        hints.update(found)
        defaults.update(table._field_defaults)
    names = [field for field in hints if field not in defaults] + [field for field in hints if field in defaults]
    made: Any = NamedTuple(name, [(field, hints[field]) for field in names])  # type: ignore[misc]
    made.__new__.__defaults__ = tuple(defaults[field] for field in names if field in defaults)
    made._field_defaults = defaults
    made.__module__ = module
    return made
