"""Cake washer: retardation, heat, sharp fronts, no wash."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.separation.cake_washer as cake_washer
from tests.unit_ops.separation.washing import AREA, EPSILON, FLOW, HEIGHT, PORES, RHO, M, build, washed
from twin import jit
from unit_ops.separation import cake_laws
from unit_ops.separation.cake_washer import Dispersion


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(cake_washer)


def test_adsorption_retards() -> None:
    """R times the wash liquid brings the same concentrations: with K = 2, R = 4."""
    plain = washed(build(40, dispersivity=HEIGHT / 20.0), [PORES / FLOW])[0]
    bench = build(40, dispersivity=HEIGHT / 20.0, K_ads=[0.0, 2.0])
    late = washed(bench, [4.0 * PORES / FLOW])[0]
    assert late.m[1] / 4.0 == pytest.approx(plain.m[1], rel=1e-4)
    assert cake_laws.retardation(2.0, EPSILON) == pytest.approx(4.0)


def test_heat_is_retarded_by_the_crystals() -> None:
    """Temperature wave: liquid and crystals share one temperature; heat in = heat held + heat out."""
    bench = build(60, T_wash=318.15, dispersivity=HEIGHT / 50.0)
    C_liquid, C_solid = PORES * RHO * 4000.0, M * 1300.0
    ratio = (C_liquid + C_solid) / C_liquid
    x = washed(bench, [0.5 * ratio * PORES / FLOW])[0]
    T = 298.15 + np.array([cake_washer.excess_temperature(x, j, bench.p) for j in range(60)])
    assert T[0] == pytest.approx(318.15, abs=0.05)
    assert T[-1] == pytest.approx(298.15, abs=0.1)
    assert x.H.sum() == pytest.approx(0.5 * ratio * C_liquid * 20.0, rel=1e-3)  # nothing hot has left yet


def test_sharp_fronts_do_not_ring() -> None:
    """Without dispersion the limiter keeps concentrations within bounds, up to its free range."""
    x = washed(build(50), [0.5 * PORES / FLOW])[0]
    c = x.m[1] * 50 / PORES / (0.1 * RHO)
    assert -2e-3 < c.min()
    assert c.max() < 1.0 + 2e-3
    assert np.sum((c > 0.05) & (c < 0.95)) < 12


def test_without_wash_nothing_moves() -> None:
    bench = build(10, D_mol=1e-9, dispersion=Dispersion.CORRELATION, L_crystal=1e-4)
    bench.set_inlets(wash={"m_flow": [0.0, 0.0]})
    assert bench.rhs(0.0, bench.initial(T=310.0, w=[0.9, 0.1])) == pytest.approx(np.zeros(31), abs=1e-15)
    bench.set_inlets(wash={"m_flow": [FLOW * RHO, 0.0]})
    v = FLOW / (AREA * EPSILON)
    D = cake_washer.dispersion_coefficient(v, bench.p)
    assert D == pytest.approx(1e-9 * (0.7071 + 55.5 * (v * 1e-4 / 1e-9) ** 0.96), rel=1e-12)
