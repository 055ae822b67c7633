"""Outflows on a grid: what a change of the holdup adds to the outflow is, to the bit, what the holdup loses."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import unit_ops.powder.feeder as feeder
import unit_ops.powder.hopper as hopper
from tests.unit_ops.piping.bench import Bench
from unit_ops.powder.rounding import rounded

REFILL = {"m_flow": [0.2883, 0.0], "m_flow_liquid": 0.0117}
SIZES = {"fluids": 1, "solids": 2}
FEEDER = {"ff_max": 8e-3, "ff_min": 5e-3, "ff_decay": 0.15, "N_max": 4.0, "m_max": 44.0, "m_low": 9.0, "m_high": 36.0}
BIN = {"opening": 0.05, "particle": 1e-4, "rho_bulk": 400.0, "m_max": 50.0, "m_low": 5.0, "api": 0}


def test_the_rounding_is_tiny() -> None:
    for flow in (1e-7, 1.234567e-3, 0.98765):
        assert rounded(flow) == pytest.approx(flow, abs=1.2e-16, rel=0.0)
    assert rounded(0.0) == 0.0


@pytest.mark.parametrize(
    ("unit", "sizes", "params", "start"),
    [(feeder, {}, FEEDER, {"F": 8e-3}), (hopper, {"cells": 4}, BIN, {})],
    ids=["feeder", "hopper"],
)
def test_a_difference_of_the_balance_is_exact_during_a_refill(
    unit: ModuleType, sizes: dict[str, int], params: dict[str, Any], start: dict[str, float]
) -> None:
    """Without the grid these differ in the eighth digit: 1e-16 of the refill over a difference of 2⁻²⁶ of the mass."""
    bench = Bench(unit, {**SIZES, **sizes}, params, refill=REFILL, setpoint=8.1234e-3)
    y = bench.initial(m=20.0, w=[0.7, 0.3], w_liquid=0.03, **start)

    def rates(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = bench.unpack(y)
        held = np.atleast_2d(bench.dx(x).m_solids.T).T
        return held, bench.outlet("product", x).m_flow

    held, out = rates(y)
    for place in range(len(y)):
        moved = y.copy()
        moved[place] += 2.0**-20
        held_moved, out_moved = rates(moved)
        change = (held_moved - held).sum(axis=1)  # over cells: differences on the grid add up exactly
        assert np.array_equal(change, -(out_moved - out)), place
