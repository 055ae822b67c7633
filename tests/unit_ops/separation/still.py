"""Vessels with vapour on the bench: parameters that the tests of evaporator and flash drum share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.unit_ops.piping.bench import Bench
from twin.config.components import database
from unit_ops.properties.activity import Activity
from unit_ops.separation import evaporator, flash_drum

#: Ethanol (first) and water: the set of the Aspen databank VLE-IG, as widely reprinted.
NRTL = {
    "activity_law": Activity.NRTL,
    "nrtl_a": [[0.0, -0.8009], [3.4578, 0.0]],
    "nrtl_b": [[0.0, 246.18], [-586.0809, 0.0]],
}
FROM_DATABASE = {
    "cp": "cp_liquid",
    "cp_gas": "cp_gas",
    "rho": "rho_liquid",
    "molar_mass": "molar_mass",
    "dH_vap": "dH_vap",
    **{f"psat_{k}": f"psat_{k}" for k in ("A", "B", "C", "D", "T_low", "T_high")},
}


def components(*names: str) -> dict[str, np.ndarray]:
    """Parameters of the database's components."""
    values = database().values
    return {key: np.array([values[name][of] for name in names]) for key, of in FROM_DATABASE.items()}


def model_pair(alpha: float) -> dict[str, Any]:
    """Two invented liquids alike in all but the vapour pressure: relative volatility `alpha` at any temperature."""
    return {
        "cp": 2000.0,
        "cp_gas": 1500.0,
        "rho": 1000.0,
        "molar_mass": 0.05,
        "dH_vap": 6e5,
        "psat_A": [23.6 + math.log(alpha), 23.6],
        "psat_B": -4500.0,
        "psat_C": 0.0,
        "psat_D": 0.0,
        "psat_T_low": 274.0,
        "psat_T_high": 400.0,
    }


def still(mixture: dict[str, Any], fluids: int = 2, inlets: dict[str, Any] | None = None, **params: Any) -> Bench:
    """An evaporator of 10 L."""
    values = {
        "P": 101325.0,
        "conductance": 1e-4,
        "V_weir": 1e-2,
        "V_dry": 1e-5,
        "UA": 100.0,
        "C_wall": 500.0,
        "T_limit": 500.0,
        "key": 0,
        **mixture,
        **params,
    }
    return Bench(evaporator, {"fluids": fluids, "solids": 1}, values, **(inlets or {"T_jacket": 400.0}))


def drum(mixture: dict[str, Any], fluids: int = 2, inlets: dict[str, Any] | None = None, **params: Any) -> Bench:
    """A flash drum of 10 L, half of it below the weir."""
    values = {
        "conductance": 1e-3,
        "vapour_valve": 1e-4,
        "V_weir": 5e-3,
        "V_head": 5e-3,
        "V_dry": 1e-5,
        "P_limit": 3e5,
        "UA": 100.0,
        "C_wall": 500.0,
        "T_limit": 500.0,
        "key": 0,
        **mixture,
        **params,
    }
    given = {"T_jacket": 365.0, "P_back": 101325.0, "vent": 1.0, **(inlets or {})}
    return Bench(flash_drum, {"fluids": fluids, "solids": 1}, values, **given)
