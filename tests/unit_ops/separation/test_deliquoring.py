"""Deliquoring: the share of the medium, cakes below equilibrium."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.separation.deliquoring as deliquoring
from tests.unit_ops.separation.draining import ALPHA, AREA, MU, RHO, K, L, M, build
from twin import jit


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(deliquoring)


def test_a_cake_below_equilibrium_and_a_pressure_of_zero_are_quiet() -> None:
    bench = build(5, 0.0, P_b=1e3)
    dry = bench.initial(T=300.0, w=[1.0], S=0.05)
    assert bench.rhs(0.0, dry) == pytest.approx(np.zeros(10), abs=1e-12)
    bench = build(5, 1e5, P_b=1e3)
    assert bench.outlet("filtrate", bench.unpack(dry)).m_flow == pytest.approx([0.0], abs=1e-18)
    assert np.isfinite(bench.rhs(0.0, bench.initial(T=300.0, w=[1.0], S=0.0))).all()


def test_the_medium_takes_its_share() -> None:
    bench = build(5, 1e5, R_m=ALPHA * M / AREA)
    y = bench.initial(T=298.15, w=[1.0])
    full = AREA * K / MU * 0.5e5 / L
    assert bench.outlet("filtrate", bench.unpack(y)).m_flow.sum() == pytest.approx(full * RHO, rel=1e-12)
