"""The likely cause of a failed step names what cannot be, not what is only cold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twin.integrate.diagnosis import _most_negative


def plant() -> Any:
    """An enthalpy and two masses."""
    columns = [
        SimpleNamespace(kind="state", vector="y", offset=0, shape=(), field=SimpleNamespace(unit="J")),
        SimpleNamespace(kind="state", vector="y", offset=1, shape=(2,), field=SimpleNamespace(unit="kg")),
    ]
    names = ["tank.H", "tank.m[ethanol]", "tank.m[water]"]
    tables = SimpleNamespace(sizes=[3])
    return SimpleNamespace(columns=columns, nominal=np.array([1e3, 1.0, 1.0]), label=names.__getitem__, tables=tables)


@pytest.mark.parametrize(
    ("y", "named"), [([-900.0, 1.0, 1.0], ""), ([-900.0, 1.0, -1e-3], "tank.m[water]"), ([9.0, 1.0, -1e-9], "")]
)
def test_cold_is_no_cause_but_a_negative_mass_is(y: list[float], named: str) -> None:
    said = _most_negative(plant(), np.array(y))
    assert said.startswith(named)
    assert bool(said) == bool(named)
